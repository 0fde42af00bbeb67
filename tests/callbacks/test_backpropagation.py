"""What the page computes for the chapter on backpropagation, against anatomy.backpropagation."""

import numpy as np
import pytest

from anatomy import backpropagation as bp
from anatomy.studies import backpropagation as study

VALUES = {"a": 2.0, "b": -1.0, "c": 0.5}
EXPRESSIONS = [
    "a × b + c",
    "(a × b + c) × a",
    "a × a × a",
    "a + a",
    "tanh(a × b) + b",
    "relu(a + b) × relu(a + 3)",
    "tanh(tanh(tanh(b)))",
    "2.5*a+-1*b*c",
    "((a))·(b + 3)",
    "tanh(a) × tanh(a)",
]


def on_page(javascript, text, **options):
    return javascript(
        ["expression"],
        """(() => {
          const { nodes, error } = parse_expression(text);
          if (error) return { error };
          const values = expression_values(nodes, given);
          const slopes = Object.fromEntries(nodes.map((node, i) => [node.name, i]).filter(([name]) => name)
            .map(([name, i]) => [name, nudged_slope(nodes, given, i, 1e-5)]));
          return { nodes, values, slopes, ...walk_back(nodes, values, Infinity, keep_last) };
        })()""",
        text=text,
        given=VALUES,
        keep_last=options.get("keep_last", False),
    )


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_page_reads_and_differentiates_as_python_does(javascript, text):
    output, names = study.expression(text, **VALUES)
    output.backward()
    order = bp.computation_order(output)
    found = on_page(javascript, text)
    assert [node["operation"] for node in found["nodes"]] == [
        "" if node.operation == "constant" else node.operation for node in order
    ]
    assert found["values"] == pytest.approx([float(node.data) for node in order])
    assert found["gradients"] == pytest.approx([float(node.gradient) for node in order])
    nudged = study.slopes_by_nudging(text, **VALUES)
    assert set(found["slopes"]) == set(names)
    for name, slope in found["slopes"].items():
        assert slope == pytest.approx(nudged[name], abs=1e-8)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_keeping_the_last_is_wrong_only_where_a_name_stands_twice(javascript, monkeypatch, text):
    right = on_page(javascript, text)
    wrong = on_page(javascript, text, keep_last=True)
    monkeypatch.setattr(bp, "Tensor", study.KeepsLast)
    output, _ = study.expression(text, **VALUES)
    output.backward()
    kept = [float(node.gradient) for node in bp.computation_order(output)]
    assert wrong["gradients"] == pytest.approx(kept)
    for i, (one, other) in enumerate(zip(right["gradients"], wrong["gradients"], strict=True)):
        uses = sum(node["parents"].count(i) for node in right["nodes"])
        assert (uses > 1) == (one != pytest.approx(other))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "type an expression"),
        ("a +", "a name or number is missing before the end"),
        ("a + ) b", 'missing before ")"'),
        ("a b", r'+ or × is missing before "b"'),
        ("(a + b", "a closing bracket is missing before the end"),
        ("a + b)", "closes that was not opened"),
        ("a - b", "write a + −1 × b"),
        ("a × -b", "write a + −1 × b"),
        ("x + 1", '"x" is unknown'),
        ("tanh a", "tanh needs brackets"),
        ("a + a + a + a + a + a + a + a", "7 operations, and there is room for 6"),
        ("2 + 3", "at least one of a, b and c"),
        ("a", "at least one of +"),
        ("a / b", '+ or × is missing before "/"'),
        ("alert(1)", '"alert" is unknown'),
        ("constructor", "is unknown"),
        ("a" * 300, "is unknown"),
        ("((((" * 40, "is missing before the end"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(javascript, text, words):
    assert words in on_page(javascript, text)["error"]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_no_two_nodes_stand_on_each_other_and_no_edge_runs_through_a_third(javascript, text):
    found = javascript(
        ["expression", "expression_layout"], "expression_layout(parse_expression(text).nodes)", text=text
    )
    columns = max(1, round(1 / min({x for x in found["x"] if x} or {1})))
    places = np.column_stack([np.array(found["x"]) * columns, found["y"]])
    for i, here in enumerate(places):
        for other in places[:i]:
            assert np.linalg.norm(here - other) > 0.65
    assert (abs(places[:, 1]) <= 1.5).all()
    for edge in found["edges"]:
        curve = np.column_stack([np.array(edge["xs"]) * columns, edge["ys"]])
        for i, here in enumerate(places):
            if i not in (edge["parent"], edge["child"]):
                assert np.linalg.norm(curve - here, axis=1).min() > 0.3


@pytest.mark.parametrize("target", range(3))
def test_the_small_network_learns_on_the_page_as_in_python(javascript, target):
    layers = study.net_layers()
    nets = javascript(["small_net"], "net_trained(net, x, t, 0.5, 4)", net=study.NET, x=study.X, t=target)
    for net in nets:
        loss = study.net_loss(layers, target)
        loss.backward()
        values, gradients = javascript(
            ["small_net"], "[net_values(net, x), net_gradients(net, net_values(net, x), t)]",
            net=net, x=study.X, t=target,
        )  # fmt: skip
        assert -np.log(values["p"][target]) == pytest.approx(float(loss.data))
        for tensor in (tensor for layer in layers for tensor in layer):
            np.testing.assert_allclose(net[tensor.label], tensor.data, rtol=1e-12)
            np.testing.assert_allclose(gradients[tensor.label], tensor.gradient, rtol=1e-9, atol=1e-15)
        bp.gradient_step(layers, 0.5)
