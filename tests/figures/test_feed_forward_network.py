"""What the figures on the feed-forward network show before any control has moved."""

import gzip
import json

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, HoverTool, TapTool

from anatomy import feed_forward_network as ffn
from anatomy.figures import feed_forward_network as figures
from anatomy.figures.figure import MIME
from anatomy.figures.old_parts import fixed

SIZES = (2, 4, 3)


def sources(figure, *names):
    """The data of all sources of a figure with exactly these columns."""
    found = {
        model
        for part in [figure.plot, *figure.controls]
        for model in part.references()
        if isinstance(model, ColumnDataSource) and set(names) == set(model.data)
    }
    return [model.data for model in found]


def light(figure):
    """A figure's data stay within what the book allows: 100 kB, 30 kB compressed."""
    item = json.loads(figure._repr_mimebundle_()[MIME])["payload"]["item"]
    text = json.dumps(item, separators=(",", ":")).encode()
    return len(text) < 100_000 and len(gzip.compress(text)) < 30_000


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(2)
    d_in, d_ff, d_out = SIZES
    shapes = {"x": d_in, "w_in": (d_in, d_ff), "b_in": d_ff, "w_out": (d_ff, d_out), "b_out": d_out}
    arrays = {key: rng.normal(size=shape).round(1) for key, shape in shapes.items()}
    trace = {}
    ffn.mlp(**arrays, trace=trace)
    return arrays, trace, figures.matrices(**arrays, **trace)


def test_every_number_stands_in_the_matrices_and_in_the_data(network):
    arrays, trace, figure = network
    inside = [
        *(arrays[k].ravel() for k in ("w_in", "w_out", "b_in", "b_out")),
        trace["before"],
        trace["hidden"],
    ]
    outside = [arrays["x"], trace["output"]]
    cells = sources(figure, "x", "y", "value", "text", "pick")
    assert len(cells) == 2
    for wanted in (np.concatenate(inside), np.concatenate(outside)):
        assert any(
            np.array_equal(data["value"], wanted) for data in cells if len(data["value"]) == len(wanted)
        )
    assert all(data["text"] == [fixed(v) for v in data["value"]] for data in cells)
    rows = dict(figure.data.rows)
    assert rows["w_out[3, 2]"] == fixed(arrays["w_out"][3, 2])
    assert rows["b_in[1]"] == fixed(arrays["b_in"][1])
    assert rows["output[2]"] == fixed(trace["output"][2])
    assert light(figure)


def test_no_two_cells_stand_in_one_place(network):
    _, _, figure = network
    places = [
        place for data in sources(figure, "x", "y", "value", "text", "pick")
        for place in zip(data["x"], data["y"], strict=True)
    ]  # fmt: skip
    for n, (x, y) in enumerate(places):
        for other_x, other_y in places[:n]:
            assert max(abs(x - other_x), abs(y - other_y)) > 0.999


def test_each_line_leads_to_its_cell(network):
    arrays, _, figure = network
    items = figures.items_of(*SIZES)
    d_in, d_ff, d_out = SIZES
    assert len(items) == d_in * d_ff + d_ff * d_out + d_ff + d_out + d_in + d_ff + d_out
    (targets,) = sources(figure, "xs", "ys", "pick")
    weights = np.concatenate([arrays["w_in"].ravel(), arrays["w_out"].ravel()])
    for edge, pick in enumerate(targets["pick"]):
        item = items[int(pick)]
        assert item["edges"] == [edge]
        assert item["at"] == edge
        i, j = item["index"]
        assert weights[edge] == arrays[item["kind"]][i, j]
    (edges,) = sources(figure, "xs", "ys", "sign", "dash", "width")
    np.testing.assert_array_equal(np.array(edges["sign"]) == "minus", weights < 0)


def test_a_neuron_is_a_column_and_a_row(network):
    items = {item["label"]: item for item in figures.items_of(*SIZES)}
    neuron = items["neuron 2"]
    column = [items[f"w_in[{i}, 2]"]["at"] for i in range(SIZES[0])]
    row = [items[f"w_out[2, {k}]"]["at"] for k in range(SIZES[2])]
    assert neuron["edges"] == column + row
    assert set(column + row) < set(neuron["ffn"])


def test_mouse_and_touch_reach_every_part(network):
    _, _, figure = network
    tools = [tool for tool in figure.plot.references() if isinstance(tool, (HoverTool, TapTool))]
    assert sum(isinstance(tool, HoverTool) for tool in tools) == 4  # two kinds of cells, lines, circles
    taps = [tool for tool in tools if isinstance(tool, TapTool)]
    assert sorted(len(tap.renderers) for tap in taps) == [2, 2]


def test_knock_outs_are_told():
    neurons, changes = [(0, 7), (1, 3), (0, 1)], [0.0123, 0.0004, -0.0002]
    words = [[(" good", 1.0824), ("ad", -0.01)], [(" a", 0.02), ("b", 0.0)], [("c", 0.0), ("d", -0.3)]]
    figure = figures.knock_outs(neurons, changes, words, 0.4775, "Recorded.")
    (areas,) = sources(figure, "x", "harmed", "helped")
    assert areas["harmed"] == [0.012, 0.0004, 0]
    assert areas["helped"] == [0, 0, -0.0002]
    (tokens,) = sources(figure, "y", "value", "sign", "text", "end")
    assert tokens["text"] == ["1.082", "−0.010"]
    assert figure.data.rows[2] == ["layer 0, neuron 1", "−0.0002", "c 0.000, d −0.300"]
    assert figures.knocked("layer 0, neuron 1", 0.4775, -0.0002) == (
        "without layer 0, neuron 1:\n0.4775 → 0.4773 (−0.0002)"
    )


def test_keys_and_values_come_in_groups():
    found = [[("Do", " you", 30.68), (" not", " want", 7.01)], [("\n", "A", 1.0), ("x", ".", 0.5)]]
    raised = [[(" not", 4.6), ("not", 3.98)], [("\n\n", 0.1), ("a b", -0.05)]]
    figure = figures.keys_and_values([(23, 669), (0, 1)], found, raised, {"Chosen": 1, "Drawn": 1})
    assert figure.controls[0].options == {
        "Chosen": [("0", "layer 23, neuron 669")],
        "Drawn": [("1", "layer 0, neuron 1")],
    }
    labels = {
        tuple(label.split("\u241f")[1] for label in d["y"])
        for d in sources(figure, "y", "value", "sign", "text", "end")
    }
    assert labels == {("Do → you", "not → want"), ("·not", "not")}
    assert figure.data.rows[1] == ["layer 0, neuron 1", "↵ → A, x → .", "↵↵, a·b"]


def test_sparsity_marks_where_the_curve_reaches_90_percent():
    hidden = np.random.default_rng(1).normal(size=(3, 20, 60)) ** 3
    w_out = np.eye(60)
    shares = np.array([np.median(ffn.energy_shares(h, w_out), axis=0) for h in hidden])
    needed = (shares < 0.9).sum(axis=1) + 1
    figure = figures.sparsity(shares, needed, [0.4, 0.5, 0.6], layer=1)
    assert any(d["x"] == [needed[1]] * 2 and d["y"] == [0, 0.9] for d in sources(figure, "x", "y"))
    assert figure.data.rows[2] == ["2", str(needed[2]), "60%"]


def test_training_shows_every_seed():
    marks = np.array([0, 200, 400, 600, 800, 1000])
    runs = np.linspace(0.6, 0.47, 6) + np.arange(3)[:, None] / 100
    figure = figures.side_of_training(marks, runs, runs + 0.001, 0.46, "Recorded.")
    assert [row[0] for row in figure.data.rows][::3] == ["SwiGLU, seed 0", "GELU, seed 0"]
    assert figure.data.rows[5][-1] == f"{runs[2, -1] + 0.001:.4f}"
    assert len(sources(figure, "x", "y")) >= 7
