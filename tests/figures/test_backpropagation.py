"""What the figures on backpropagation show in every state, without a browser."""

import numpy as np
import pytest

from anatomy import backpropagation as bp
from anatomy.figures import backpropagation as figures
from anatomy.studies import backpropagation as study

VALUES = {"a": 2.0, "b": -1.0, "c": 3.0}
EXAMPLES = ["(a × b + c) × a", "a × b + c", "relu(a + b) × c"]


@pytest.fixture(scope="module")
def graph():
    return figures.expression(
        EXAMPLES,
        VALUES,
        study.walked_back(EXAMPLES[0], **VALUES),
        study.slopes_by_nudging(EXAMPLES[0], **VALUES),
    )


@pytest.fixture(scope="module")
def cycle():
    return figures.cycle(study.NET, study.X, study.TOKENS, study.net_losses(lr=0.2), 0.2)


@pytest.fixture(scope="module")
def step():
    return figures.step(study.step_errors(), study.PRECISIONS, study.SCHEMES)


def test_the_graph_opens_walked_back_and_agrees(shown, graph):
    found = shown(graph)
    assert found["ledger"]["c1"] == ["−1.00000000", "4.00000000", "2.00000000"]
    assert found["ledger"]["c3"] == ["agree"] * 3
    assert found["nodes"]["text"] == ["a", "b", "×", "c", "+", "×"]
    assert found["nodes"]["value"] == ["2.00", "−1.00", "−2.00", "3.00", "1.00", "2.00"]
    assert found["nodes"]["slope"] == ["−1.00", "4.00", "2.00", "2.00", "2.00", "1.00"]
    assert set(found["edges"]["dash"]) == {"solid"}


def test_with_equals_only_the_name_that_stands_twice_is_wrong(shown, graph):
    found = shown(graph, overwrite=True)
    assert found["ledger"]["c1"] == ["−2.00000000", "4.00000000", "2.00000000"]
    assert found["ledger"]["c3"] == ["1.00 apart", "agree", "agree"]
    assert found["edges"]["dash"].count("dotted") == 1
    assert found["said"]["text"].startswith("Backward with =, 3 of 3")
    assert shown(graph, overwrite=True, typed=EXAMPLES[1])["ledger"]["c3"] == ["agree"] * 3


def test_it_walks_one_node_a_step(shown, graph):
    assert shown(graph, walk=4)["overwrite"]["disabled"]
    assert not shown(graph, walk=5)["overwrite"]["disabled"]
    assert shown(graph, walk=0)["nodes"]["value"] == ["2.00", "−1.00", "", "3.00", "", ""]
    assert "2.00 × −1.00 = −2.00" in shown(graph, walk=1)["said"]["text"]
    assert shown(graph, walk=3)["nodes"]["slope"] == [""] * 6
    assert shown(graph, walk=4)["nodes"]["slope"] == ["", "", "", "", "", "1.00"]
    first = shown(graph, walk=5)
    assert "1.00 × 2.00 = 2.00 to +, 1.00 × 1.00 = 1.00 to a" in first["said"]["text"]
    assert first["ledger"]["c1"] == ["1.00000000", "", ""]
    assert first["ledger"]["c3"] == ["not done"] * 3
    assert shown(graph, walk=99)["walk"]["value"] == 7


def test_its_finite_difference_goes_wrong_where_h_is_too_small(shown, graph):
    tanh = "tanh(a × b) + c"
    assert shown(graph, typed=tanh)["ledger"]["c3"] == ["agree"] * 3
    assert "apart" in shown(graph, typed=tanh, exponent=-14)["ledger"]["c3"][0]
    assert "apart" in shown(graph, typed=tanh, exponent=-1)["ledger"]["c3"][0]


def test_a_chosen_expression_is_written_into_the_field_and_a_typed_one_is_the_readers_own(shown, graph):
    before = {"example": 0, "typed": EXAMPLES[0], "understood": EXAMPLES[0], "walk": 3}
    found = shown(graph, before, example=2, typed=EXAMPLES[0], walk=3)
    assert found["typed"]["value"] == EXAMPLES[2]
    assert found["walk"] == {"end": 7, "value": 7}
    own = shown(graph, before, typed="a + a", walk=1)
    assert own["example"]["value"] == str(len(EXAMPLES))
    assert own["walk"] == {"end": 3, "value": 3}
    assert own["b"]["disabled"]
    assert own["c"]["disabled"]
    assert not own["a"]["disabled"]
    again = {"example": len(EXAMPLES), "typed": "a + a", "understood": "a + a", "walk": 3}
    assert (
        shown(graph, again, example=len(EXAMPLES), typed="a + a", understood="a + a", walk=2)["walk"]["value"]
        == 2
    )


def test_what_cannot_be_read_is_said_in_the_figure(shown, graph):
    found = shown(graph, typed="a - b")
    assert "write a + −1 × b" in found["said"]["text"]
    assert found["nodes"]["text"] == ["a", "b", "×", "c", "+", "×"]  # the last that was understood
    assert found["understood"]["value"] == EXAMPLES[0]
    assert found["example"]["value"] == str(len(EXAMPLES))
    assert "write a + −1 × b" in found["say"]


def test_an_emptied_number_counts_as_nought(shown, graph):
    assert shown(graph, a=None)["ledger"]["c1"] == ["3.00000000", "0.00000000", "0.00000000"]


@pytest.mark.parametrize("stage", range(4))
@pytest.mark.parametrize("updates", [0, 7, 20])
def test_the_cycle_shows_what_python_computes(shown, cycle, stage, updates):
    layers = study.net_layers()
    for _ in range(updates):
        study.net_loss(layers).backward()
        bp.gradient_step(layers, 0.2)
    logits = bp.run_network(layers, [study.X])
    loss = bp.cross_entropy(logits, [0])
    loss.backward()
    slopes = [f"{g:.2f}".replace("-", "−") for g in logits.gradient[0]]
    if stage == 3:
        bp.gradient_step(layers, 0.2)
        logits = bp.run_network(layers, [study.X])
        loss = bp.cross_entropy(logits, [0])
    found = shown(cycle, stage=stage, updates=updates)
    assert found["nodes"]["text"][-3:] == [f"{z:.2f}".replace("-", "−") for z in logits.data[0]]
    assert found["nodes"]["slope"][-3:] == (slopes if stage == 2 else [""] * 3)
    assert f"{float(loss.data):.3f}" in found["curve"]["text"]
    assert found["here"]["x"] == [updates + (stage == 3)]


def test_every_number_can_be_looked_at_and_shows_the_product_that_made_its_gradient(shown, cycle):
    layers = study.net_layers()
    x = bp.Tensor([list(study.X)])
    bp.cross_entropy(bp.run_network(layers, x), [0]).backward()
    (w1, b1), (w2, b2) = layers
    named = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    for look, item in enumerate(cycle.view.data["items"]):
        name, *index = item
        found = shown(cycle, look=look)
        if name in named:
            gradient = named[name].gradient[tuple(index)]
        elif name == "x":
            gradient = x.gradient[0, index[0]]
        else:
            continue
        told = f"gradient = {gradient:.2f}".replace("-", "−").replace("−0.00", "0.00")
        assert told == found["said"]["text"].split("\n")[1]
        assert len(found["lit_edge"]["xs"]) + len(found["lit_node"]["x"]) == 1
        after = shown(cycle, look=look, stage=3)["said"]["text"]
        if name in named:
            moved = named[name].data[tuple(index)] - 0.2 * gradient
            assert after.endswith(f"= {moved:.2f}".replace("-", "−").replace("−0.00", "0.00"))


def test_updates_lower_the_loss_at_every_rate_and_target_on_the_axis(shown, cycle):
    for target in range(3):
        for rate in (0.05, 0.2, 1, 3):
            losses = shown(cycle, target=target, rate=rate)["losses"]["y"]
            assert losses[-1] < losses[0]
            assert max(losses) < 4.2


def test_the_v_shows_the_medians_at_the_step(shown, step):
    errors = study.step_errors()
    for scheme in range(2):
        found = shown(step, scheme=scheme, exponent=-5)
        at = int(np.argmin(abs(errors.exponents + 5)))
        assert found["dots"]["y"] == pytest.approx(np.median(errors.errors[scheme, :, at], axis=-1), rel=1e-3)
        assert found["rule_0"]["x"][0] == pytest.approx(errors.rule[scheme, 0], rel=1e-3)
    assert "h = 10⁻⁵" in shown(step)["said"]["text"]
    assert "h = 1.8 × 10⁻⁵" in shown(step, exponent=-4.75)["said"]["text"]
    assert "h = 10⁰" in shown(step, exponent=0)["said"]["text"]
