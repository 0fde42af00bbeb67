"""What the figures on the feed-forward network show, state by state, against anatomy.feed_forward_network."""

import json

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy.figures import feed_forward_network as figures
from anatomy.figures.parts import fixed
from anatomy.studies import feed_forward_network as study
from anatomy.studies.feed_forward_network import Energies, KnockOuts, Neuron


def plain_figure(sizes=(2, 4, 2)):
    rng = np.random.default_rng(2)
    d_in, d_ff, d_out = sizes
    shapes = {"x": d_in, "w_in": (d_in, d_ff), "b_in": d_ff, "w_out": (d_ff, d_out), "b_out": d_out}
    arrays = {key: rng.normal(size=shape).clip(-1.9, 1.9).round(1) for key, shape in shapes.items()}
    trace = {}
    ffn.mlp(**arrays, trace=trace)
    return arrays, figures.matrices(**arrays, trace=trace)


def gated_figure(sizes=(2, 3, 2)):
    rng = np.random.default_rng(3)
    d_in, d_ff, d_out = sizes
    shapes = {"x": d_in, "w_gate": (d_in, d_ff), "w_up": (d_in, d_ff), "w_down": (d_ff, d_out)}
    arrays = {key: rng.normal(size=shape).clip(-1.9, 1.9).round(1) for key, shape in shapes.items()}
    trace = {}
    ffn.gated(**arrays, trace=trace)
    return arrays, figures.gated(**arrays, trace=trace)


MADE = {
    "plain": (plain_figure, ffn.mlp, figures.BENDS),
    "gated": (gated_figure, ffn.gated, figures.GATES),
}


def labels(figure):
    return [item["label"] for item in figure.view.data["items"]]


def holds(figure, found, arrays, run, activation):
    """Assert that cells, circles and lines hold what numpy makes of the arrays."""
    trace = {}
    run(**arrays, activation=activation, trace=trace)
    everything = {**arrays, **trace}
    cells = figure.view.data["cells"]
    for name in ("ffn", "stream"):
        for place, value in zip(figure.view.parts[name].data["cell"], found[name]["value"], strict=True):
            kind, i, j = cells[place]
            array = everything[kind]
            assert value == pytest.approx(array[i, j] if array.ndim == 2 else array[i], abs=1e-9)
        assert found[name]["text"] == [fixed(value) for value in found[name]["value"]]
    weights = np.array([arrays[kind][i, j] for kind, i, j in figure.view.data["edges"]])
    np.testing.assert_allclose(found["edges"]["width"], 1 + 2 * np.abs(weights))
    assert (np.array(found["edges"]["sign"]) == "minus").tolist() == (weights < 0).tolist()


@pytest.mark.parametrize("kind", MADE)
def test_every_state_holds_what_numpy_makes_of_it(shown, kind):
    make, run, bends = MADE[kind]
    arrays, figure = make()
    for bend, activation in enumerate(bends):
        for look in range(len(labels(figure))):
            holds(figure, shown(figure, look=look, bend=bend), arrays, run, activation)


@pytest.mark.parametrize("kind", MADE)
def test_a_number_is_changed_and_stays_changed(shown, kind):
    make, run, bends = MADE[kind]
    arrays, figure = make()
    first = next(iter(arrays.keys() - {"x", "b_in", "w_out", "w_down", "b_out", "w_up"}))
    look, other = labels(figure).index(f"{first}[0, 1]"), labels(figure).index("neuron 0")
    activation = next(iter(bends))

    still = shown(figure, look=look)
    assert still["value"]["value"] == pytest.approx(arrays[first][0, 1])
    before = {"look": look, "bend": 0, "value": 0.3, "edited": ""}
    found = shown(figure, before=before, look=look, value=1.7)
    arrays[first][0, 1] = 1.7
    holds(figure, found, arrays, run, activation)

    before = {"look": look, "bend": 0, "value": 1.7, "edited": found["edited"]["value"]}
    after = shown(figure, before=before, look=other, value=1.7, edited=found["edited"]["value"])
    holds(figure, after, arrays, run, activation)  # looking at another part changes nothing
    assert after["value"]["disabled"]
    assert "edited" not in after


@pytest.mark.parametrize("kind", MADE)
def test_what_belongs_together_is_marked_in_both(shown, kind):
    arrays, figure = MADE[kind][0]()
    into = [name for name in arrays if name in ("w_in", "w_gate", "w_up")]
    out = "w_out" if kind == "plain" else "w_down"
    data = figure.view.data
    neuron = data["items"][labels(figure).index("neuron 1")]
    edges = {tuple(data["edges"][at]) for at in neuron["edges"]}
    assert edges == {(name, i, 1) for name in into for i in (0, 1)} | {(out, 1, k) for k in (0, 1)}
    assert edges < {tuple(data["cells"][at]) for at in neuron["cells"]}
    for look, item in enumerate(data["items"]):
        found = shown(figure, look=look)
        assert len(found["lit_edges"]["xs"]) == len(item["edges"])
        assert len(found["lit_nodes"]["x"]) == len(item["nodes"]) >= 1
        if item["weight"] and item["weight"][0].startswith("w"):
            assert [data["edges"][at] for at in item["edges"]] == [item["weight"]]
            assert found["said"]["text"].startswith(("x[", "hidden["))


@pytest.mark.parametrize("kind", MADE)
def test_each_mark_chooses_its_own_part(kind):
    _, figure = MADE[kind][0]()
    data, parts = figure.view.data, figure.view.parts
    for edge, pick in zip(data["edges"], parts["targets"].data["pick"], strict=True):
        assert data["items"][pick]["weight"] == edge
    for (name, i), pick in zip(data["nodes"], parts["circles"].data["pick"], strict=True):
        assert labels(figure)[pick] == (f"{name}[{i}]" if name in ("x", "output") else f"neuron {i}")
    for source in (parts["ffn"].data, parts["stream"].data):
        for place, pick in zip(source["cell"], source["pick"], strict=True):
            kind_, i, j = data["cells"][place]
            words = f"{kind_}[{i}, {j}]" if f"{kind_}[{i}, {j}]" in labels(figure) else f"{kind_}[{i}]"
            assert labels(figure)[pick] == (words if words in labels(figure) else f"neuron {i}")


@pytest.mark.parametrize("kind", MADE)
def test_no_two_cells_stand_in_one_place(kind):
    _, figure = MADE[kind][0]()
    places = figure.view.data["places"]
    for n, (x, y) in enumerate(places):
        for other_x, other_y in places[:n]:
            assert max(abs(x - other_x), abs(y - other_y)) > 0.999


def test_the_table_holds_every_number():
    arrays, figure = plain_figure()
    rows = dict(figure.data.rows)
    assert rows["w_out[3, 1]"] == fixed(arrays["w_out"][3, 1])
    assert rows["b_in[1]"] == fixed(arrays["b_in"][1])
    assert len(rows) == 2 + 8 + 4 + 8 + 2 + 4 + 4 + 2


def test_the_words_of_a_gated_neuron(shown):
    arrays, figure = gated_figure()
    trace = {}
    ffn.gated(**arrays, activation="relu", trace=trace)
    found = shown(figure, look=labels(figure).index("neuron 2"), bend=list(figures.GATES).index("relu"))
    gate, up, hidden = (fixed(trace[name][2]) for name in ("gate", "up", "hidden"))
    assert found["said"]["text"] == (
        f"neuron 2: gate ReLU({fixed(trace['before'][2])}) = {gate}\nhidden = {gate} × {up} = {hidden}"
    )


def test_widths_and_training_show_the_recordings():
    facts, trained = study.facts(), study.training()
    rows = figures.width(facts).data.rows
    assert rows[2][3] == f"{facts.plain[2, 2].mean():.0%}"
    figure = figures.training(trained)
    assert figure.data.rows[5][-1] == f"{trained.losses['GELU, 252 neurons'][2, -1]:.3f}"
    assert all(figure.plot.x_range.start < loss < figure.plot.x_range.end
               for runs in trained.losses.values() for loss in runs[:, -1])  # fmt: skip


def knocked():
    words = [(" good", 1.0824), ("ad", -0.01)], [(" a", 0.02), ("b", 0.0)], [("c", 0.0), ("d", -0.3)]
    return KnockOuts(
        [(0, 7), (1, 3), (0, 1)],
        np.array([0.0123, 0.0004, -0.0002]),
        np.array([0.001, 0.0001, 0.0003]),
        words,
        0.4775,
        0.5,
        [0],
        {},
        "Recorded.",
    )


def test_knock_outs_are_told_on_axes_that_stay(shown):
    figure = figures.knock_outs(knocked())
    last = shown(figure, rank=2)
    assert last["said"]["text"] == "without layer 0, neuron 1"
    assert last["sum"]["text"] == "loss 0.477, −0.0002" or last["sum"]["text"] == "loss 0.478, −0.0002"
    assert last["words"]["text"] == ["0.000", "−0.300"]
    assert last["words"]["sign"] == ["plus", "minus"]
    assert last["words_axis"]["labels"] == ["c", "d"]
    assert not {"x_range", "y_range"} & set(figure.view.parts)


def test_the_axis_of_knock_outs_holds_every_bar():
    found = study.knock_outs()
    figure = figures.knock_outs(found)
    values = [value for row in found.words for _, value in row]
    assert -0.4 < min(values) < max(values) < 1.2
    assert len(json.dumps(figure.payload())) < 100_000


def neurons():
    first = Neuron(
        23, 669, [("Do", " you", 30.68), (" not", " want", -7.01)], [(" not", 6.4), ("not", 5.5)], False
    )
    other = Neuron(0, 1, [("\n", "A", -1.0), ("x", ".", 0.5)], [("\n\n", 4.1), ("a b", 4.0)], True)
    return [first], [other]


def test_a_neuron_shows_its_sign(shown):
    figure = figures.keys_and_values(*neurons(), 4.7)
    found = shown(figure)
    assert found["excited"]["text"] == ["30.68", "−7.01"]
    assert found["excited"]["value"] == pytest.approx([1, 7.01 / 30.68])
    assert found["writes"]["text"] == "its value promotes"
    other = shown(figure, neuron=1)
    assert other["excited_axis"]["labels"] == ["↵ → A", "x → ."]
    assert other["promoted_axis"]["labels"] == ["↵↵", "a·b"]
    assert other["writes"]["text"] == "its value, turned round, promotes"
    assert "drawn at random" in other["say"]


def test_sparsity_marks_where_the_curve_reaches_90_percent(shown):
    hidden = np.random.default_rng(1).normal(size=(3, 20, 60)) ** 3
    shares = np.array([np.median(ffn.energy_shares(h, np.eye(60)), axis=0) for h in hidden])
    needed = [int(n) for n in (shares < 0.9).sum(axis=1) + 1]
    quartiles = np.array([[n - 2, n + 2] for n in needed])
    figure = figures.sparsity(
        Energies(shares, needed, quartiles, np.array([0.4, 0.5, 0.6]), [30, 31, 32], "Recorded.")
    )
    found = shown(figure, layer=2)
    assert found["drop"] == {"x": [needed[2]] * 2, "y": [0, 0.9]}
    assert found["marker"] == {"x": [2], "y": [needed[2]]}
    assert found["title"]["text"] == f"layer 2: {needed[2]} of 60 carry 90%"
    assert found["typical"]["text"] == "60% of its gates are below zero"
    assert "where random vectors need 32;" in found["say"]
    assert figure.data.rows[2] == ["2", str(needed[2]), "32", f"{needed[2] - 2} to {needed[2] + 2}", "60%"]
