"""The chapter on the feed-forward network: every control by keyboard, mouse and touch, against numpy."""

import re

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy import recordings
from anatomy.figures.feed_forward_network import TITLES, energetic, items_of, knocked
from anatomy.figures.old_parts import fixed
from anatomy.model import Trace
from anatomy.tokenization import novel

STEM = "feed-forward-network"
ITEMS = [item["label"] for item in items_of(2, 4, 2)]
ARRAYS = {
    "x": np.array([1.2, -0.5]),
    "w_in": np.array([[0.8, -0.6, 1.1, -1.4], [-1.0, 0.9, 0.5, 0.3]]),
    "b_in": np.array([0.1, 0.4, -0.3, 0.0]),
    "w_out": np.array([[1.2, -0.4], [0.6, 1.3], [-0.7, 0.9], [0.5, -1.1]]),
    "b_out": np.array([0.1, -0.2]),
}


def looked_at(figure):
    [value] = figure.models('m.type === "Select" && m.title === "Look at"', "m.value")
    return value


def said(text):
    """The number that a text prints, with two digits: ties may round either way."""
    return float(text.replace("−", "-"))


def shows(figure, arrays, activation="gelu"):
    """Assert that cells and circles hold what numpy makes of the arrays."""
    trace = {}
    ffn.mlp(**arrays, activation=activation, trace=trace)
    weights = [arrays[k].ravel() for k in ("w_in", "w_out", "b_in", "b_out")]
    inside = np.concatenate([*weights, trace["before"], trace["hidden"]])
    outside = np.concatenate([arrays["x"], trace["output"]])
    cells = sorted(
        figure.sources("x", "y", "value", "text", "pick", exactly=True), key=lambda d: len(d["value"])
    )
    for data, wanted in zip(cells, (outside, inside), strict=True):
        np.testing.assert_allclose(data["value"], wanted, atol=1e-3)
        np.testing.assert_allclose([*map(said, data["text"])], wanted, atol=0.0051)
    (nodes,) = figure.sources("x", "y", "text", "kind", "pick", exactly=True)
    circles = np.concatenate([arrays["x"], trace["hidden"], trace["output"]])
    np.testing.assert_allclose([*map(said, nodes["text"])], circles, atol=0.0051)
    (edges,) = figure.sources("xs", "ys", "sign", "dash", "width", exactly=True)
    along = np.concatenate([arrays["w_in"].ravel(), arrays["w_out"].ravel()])
    np.testing.assert_allclose(edges["width"], 1 + 2 * np.abs(along), atol=1e-6)
    return trace


@pytest.mark.parametrize("width", [1280, 390])
def test_a_weight_by_keyboard(opened, width):
    figure = opened("matrices", width)
    arrays = {key: array.copy() for key, array in ARRAYS.items()}
    shows(figure, arrays)

    figure.choose("Look at", "ArrowDown")  # w_in[0, 2]
    assert ITEMS[int(looked_at(figure))] == "w_in[0, 2]"
    figure.slide("Its value", "ArrowLeft", "ArrowLeft")
    arrays["w_in"][0, 2] = 0.9
    shows(figure, arrays)
    assert "x[0] · w_in[0, 2] = 1.20 × 0.90 = 1.08\nis added into before[2]" in figure.words()
    lit = [d for d in figure.sources("xs", "ys", "width", exactly=True) if len(d["xs"]) == 1]
    assert len(lit) == 1

    for name in ("relu", "silu", "identity"):
        figure.choose("Activation", "ArrowDown")
        trace = shows(figure, arrays, name)
    figure.choose("Look at", "End")  # output[1]
    assert any(text.startswith(f"output[1] = {fixed(trace['output'][1])}") for text in figure.words())
    figure.choose("Look at", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")  # neuron 1
    assert (
        f"neuron 1: {TITLES['identity']}({fixed(trace['before'][1])}) = {fixed(trace['hidden'][1])}\n"
        "key: column 1 of w_in; value: row 1 of w_out"
    ) in figure.words()


def test_every_part_can_be_walked_to(opened):
    figure = opened("matrices")
    figure.choose("Look at", "Home")
    seen = []
    for _ in ITEMS:
        seen.append(ITEMS[int(looked_at(figure))])
        figure.choose("Look at", "ArrowDown")
    assert seen == ITEMS
    figure.choose("Look at", *["ArrowUp"] * 8)  # from output[1] to input x[0] and back a step
    arrays = {key: array.copy() for key, array in ARRAYS.items()}
    at = ITEMS[int(looked_at(figure))]
    figure.slide("Its value", "ArrowRight")
    kind = re.fullmatch(r"(b_out|input x)\[(\d)\]", at)
    arrays["b_out" if kind[1] == "b_out" else "x"][int(kind[2])] += 0.1
    shows(figure, arrays)


def point(figure, x, y, plot):
    """Where a place of the graph (plot 0) or of the matrices (plot 1) is on the screen."""
    return figure.evaluate(
        """(figure, [x, y, plot]) => {
          const views = [];
          const visit = view => {
            if (view.model.type === "Figure") views.push(view);
            for (const child of view.child_views ?? []) visit(child);
          };
          const {views_manager} = figure.bokehDocument;
          visit(views_manager.find_one(figure.bokehDocument.roots()[0]));
          const {frame, canvas_view} = views[plot], box = canvas_view.el.getBoundingClientRect();
          return [box.x + frame.x_scale.compute(x), box.y + frame.y_scale.compute(y)];
        }""",
        [x, y, plot],
    )


def test_mouse_links_both_ways(opened):
    figure = opened("matrices")
    figure.scroll_into_view_if_needed()
    cells = max(
        figure.sources("x", "y", "value", "text", "pick", exactly=True), key=lambda d: len(d["value"])
    )
    (targets,) = figure.sources("xs", "ys", "pick", exactly=True)
    for label in ("w_out[2, 1]", "w_in[1, 0]", "b_in[3]"):
        at = cells["pick"].index(str(ITEMS.index(label)))
        figure.tab.mouse.move(*point(figure, cells["x"][at], cells["y"][at], 1), steps=3)
        figure.tab.wait_for_timeout(100)
        assert ITEMS[int(looked_at(figure))] == label
    for label in ("w_in[0, 0]", "w_out[3, 1]"):
        at = targets["pick"].index(str(ITEMS.index(label)))
        place = [(2 * v[0] + v[1]) / 3 for v in (targets["xs"][at], targets["ys"][at])]
        figure.tab.mouse.move(*point(figure, *place, 0), steps=3)
        figure.tab.wait_for_timeout(100)
        assert ITEMS[int(looked_at(figure))] == label


def test_touch_links_both_ways(opened):
    figure = opened("matrices", 390, has_touch=True)
    (nodes,) = figure.sources("x", "y", "text", "kind", "pick", exactly=True)
    figure.evaluate("figure => figure.scrollIntoView({block: 'start'})")
    for label in ("neuron 2", "input x[1]"):
        at = nodes["pick"].index(str(ITEMS.index(label)))
        figure.tab.touchscreen.tap(*point(figure, nodes["x"][at], nodes["y"][at], 0))
        figure.tab.wait_for_timeout(400)
        assert ITEMS[int(looked_at(figure))] == label


@pytest.mark.parametrize("width", [1280, 390])
def test_knock_outs(opened, width):
    figure = opened("knock-out", width)
    recording = recordings.load("feed_forward_network")
    changes = recording["changes"].astype(float)
    order = np.argsort(-changes, kind="stable")
    base = float(recording["harmful_first"][0])

    def expect(rank):
        layer, neuron = recording["neurons"][order[rank]]
        shown = float(f"{changes[order[rank]]:.2g}")
        assert knocked(f"layer {layer}, neuron {neuron}", round(base, 4), shown) in figure.words()
        (bars,) = figure.sources("y", "value", "sign", "text", "end", exactly=True)
        often = recording["places"] >= 20
        per_token = np.sort(recording["token_changes"][order[rank]][often])[::-1] / 1000
        np.testing.assert_allclose(bars["value"], [*per_token[:5], *per_token[-2:]], atol=1e-3)

    expect(0)
    figure.slide("Neuron, the most needed first", "ArrowRight", "ArrowRight")
    expect(2)
    figure.slide("Neuron, the most needed first", "End")
    expect(len(order) - 1)
    if width > 640:
        figure.tab.mouse.move(*point(figure, 12, 0.003, 0), steps=3)
        figure.tab.wait_for_timeout(100)
        expect(11)


@pytest.fixture(scope="module")
def read_by_model(real_model):
    ids = real_model.encode(novel(14))
    trace = Trace("hidden", "gate_in")
    real_model.forward(ids, trace=trace, last_only=True)
    return ids, trace


@pytest.mark.checkpoint
def test_keys_and_values(opened, real_model, read_by_model):
    _, trace = read_by_model
    figure = opened("memory")

    def expect(layer, neuron):
        _, activations = ffn.exciting_tokens(trace["hidden"][layer, 1:-1], neuron, 6)
        value = real_model.weights.layers[layer].w_down[neuron] * real_model.weights.norm_final
        _, pulls = ffn.promoted_tokens(value, real_model.weights.embedding.T, 6)
        shown = [d["value"] for d in figure.sources("y", "value", "sign", "text", "end", exactly=True)]
        assert any(np.allclose(v, activations, atol=0.02) for v in shown)
        assert any(np.allclose(v, pulls, atol=0.02) for v in shown)

    options = figure.get_by_label("Neuron of SmolLM2").locator("option").all_inner_texts()
    named = [tuple(map(int, re.findall(r"\d+", option))) for option in options]
    assert len(named) == 20
    for pair in named:
        expect(*pair)
        figure.choose("Neuron of SmolLM2", "ArrowDown")


@pytest.mark.checkpoint
def test_sparsity(opened, real_model, read_by_model):
    _, trace = read_by_model
    figure = opened("sparsity")

    def expect(layer):
        shares = ffn.energy_shares(trace["hidden"][layer, 1::2], real_model.weights.layers[layer].w_down)
        needed = int(np.median((shares < 0.9).sum(axis=1) + 1))
        below = (trace["gate_in"][layer, 1:] < 0).mean()
        assert energetic(layer, needed, below) in figure.words()
        curves = [
            d
            for d in figure.sources("x", "y", exactly=True)
            if len(d["x"]) > 30 and d["y"][0] > 0.001 and d["x"][-1] == 1536
        ]
        median = np.median(shares, axis=0)
        assert any(np.allclose(d["y"], median[np.array(d["x"], int) - 1], atol=1e-3) for d in curves)

    expect(0)
    figure.slide("Layer", *["ArrowRight"] * 5)
    expect(5)
    figure.slide("Layer", "End")
    expect(29)
