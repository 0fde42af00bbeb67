"""The chapter on the feed-forward network: every control by keyboard, mouse and touch, against numpy."""

import re
from importlib.resources import files

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy import recordings
from anatomy.figures.feed_forward_network import TITLES, energetic, fixed, items_of, knocked
from anatomy.model import Trace

PAGE = "feed-forward-network.html"
ITEMS = [item["label"] for item in items_of(2, 4, 2)]
ARRAYS = {
    "x": np.array([1.2, -0.5]),
    "w_in": np.array([[0.8, -0.6, 1.1, -1.4], [-1.0, 0.9, 0.5, 0.3]]),
    "b_in": np.array([0.1, 0.4, -0.3, 0.0]),
    "w_out": np.array([[1.2, -0.4], [0.6, 1.3], [-0.7, 0.9], [0.5, -1.1]]),
    "b_out": np.array([0.1, -0.2]),
}


def sources(figure, *names):
    """The data of all sources of a live figure with exactly these columns."""
    return figure.evaluate(
        """(figure, names) => {
          const list = v => Array.from(v, part => (part?.length && part.map ? Array.from(part) : part));
          const data = [...figure.bokehDocument.roots()[0].references()]
            .filter(m => m.type === "ColumnDataSource")
            .map(m => Object.fromEntries(Object.entries(m.data).map(([key, v]) => [key, list(v)])));
          return data.filter(d => Object.keys(d).sort().join() === names.sort().join());
        }""",
        list(names),
    )


def words(figure):
    return figure.evaluate(
        """figure => [...figure.bokehDocument.roots()[0].references()]
          .filter(m => m.type === "Label").map(m => m.text)"""
    )


def press(figure, slider, *keys):
    handle = figure.get_by_role("slider", name=slider, exact=True)
    for key in keys:
        handle.press(key)


def choose(figure, title, *keys):
    select = figure.get_by_label(title, exact=True)
    select.focus()
    for key in keys:
        select.press(key)


@pytest.fixture
def opened(tab, live):
    def go(name, width=1280, **options):
        page = tab(width, **options)
        page.goto(PAGE)
        figure = live(page, f"feed-forward-network-{name}")
        figure.problems = page.problems
        figure.tab = page
        return figure

    return go


def looked_at(figure):
    return figure.evaluate(
        """figure => [...figure.bokehDocument.roots()[0].references()]
          .find(m => m.type === "Select" && m.title === "Look at").value"""
    )


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
    cells = sorted(sources(figure, "x", "y", "value", "text", "pick"), key=lambda d: len(d["value"]))
    for data, wanted in zip(cells, (outside, inside), strict=True):
        np.testing.assert_allclose(data["value"], wanted, atol=1e-3)
        np.testing.assert_allclose([*map(said, data["text"])], wanted, atol=0.0051)
    (nodes,) = sources(figure, "x", "y", "text", "kind", "pick")
    circles = np.concatenate([arrays["x"], trace["hidden"], trace["output"]])
    np.testing.assert_allclose([*map(said, nodes["text"])], circles, atol=0.0051)
    (edges,) = sources(figure, "xs", "ys", "sign", "dash", "width")
    along = np.concatenate([arrays["w_in"].ravel(), arrays["w_out"].ravel()])
    np.testing.assert_allclose(edges["width"], 1 + 2 * np.abs(along), atol=1e-6)
    return trace


@pytest.mark.parametrize("width", [1280, 390])
def test_a_weight_by_keyboard(opened, width):
    figure = opened("matrices", width)
    arrays = {key: array.copy() for key, array in ARRAYS.items()}
    shows(figure, arrays)

    choose(figure, "Look at", "ArrowDown")  # w_in[0, 2]
    assert ITEMS[int(looked_at(figure))] == "w_in[0, 2]"
    press(figure, "Its value", "ArrowLeft", "ArrowLeft")
    arrays["w_in"][0, 2] = 0.9
    shows(figure, arrays)
    assert "x[0] · w_in[0, 2] = 1.20 × 0.90 = 1.08\nis added into before[2]" in words(figure)
    lit = [d for d in sources(figure, "xs", "ys", "width") if len(d["xs"]) == 1]
    assert len(lit) == 1

    for name in ("relu", "silu", "identity"):
        choose(figure, "Activation", "ArrowDown")
        trace = shows(figure, arrays, name)
    choose(figure, "Look at", "End")  # output[1]
    assert any(text.startswith(f"output[1] = {fixed(trace['output'][1])}") for text in words(figure))
    choose(figure, "Look at", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")  # neuron 1
    assert (
        f"neuron 1: {TITLES['identity']}({fixed(trace['before'][1])}) = {fixed(trace['hidden'][1])}\n"
        "key: column 1 of w_in; value: row 1 of w_out"
    ) in words(figure)
    assert figure.problems == []


def test_every_part_can_be_walked_to(opened):
    figure = opened("matrices")
    choose(figure, "Look at", "Home")
    seen = []
    for _ in ITEMS:
        seen.append(ITEMS[int(looked_at(figure))])
        choose(figure, "Look at", "ArrowDown")
    assert seen == ITEMS
    choose(figure, "Look at", *["ArrowUp"] * 8)  # from output[1] to input x[0] and back a step
    arrays = {key: array.copy() for key, array in ARRAYS.items()}
    at = ITEMS[int(looked_at(figure))]
    press(figure, "Its value", "ArrowRight")
    kind = re.fullmatch(r"(b_out|input x)\[(\d)\]", at)
    arrays["b_out" if kind[1] == "b_out" else "x"][int(kind[2])] += 0.1
    shows(figure, arrays)
    assert figure.problems == []


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
    cells = max(sources(figure, "x", "y", "value", "text", "pick"), key=lambda d: len(d["value"]))
    (targets,) = sources(figure, "xs", "ys", "pick")
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
    assert figure.problems == []


def test_touch_links_both_ways(opened):
    figure = opened("matrices", 390, has_touch=True)
    (nodes,) = sources(figure, "x", "y", "text", "kind", "pick")
    figure.evaluate("figure => figure.scrollIntoView({block: 'start'})")
    for label in ("neuron 2", "input x[1]"):
        at = nodes["pick"].index(str(ITEMS.index(label)))
        figure.tab.touchscreen.tap(*point(figure, nodes["x"][at], nodes["y"][at], 0))
        figure.tab.wait_for_timeout(400)
        assert ITEMS[int(looked_at(figure))] == label
    assert figure.problems == []


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
        assert knocked(f"layer {layer}, neuron {neuron}", round(base, 4), shown) in words(figure)
        (bars,) = sources(figure, "y", "value", "sign", "text", "end")
        often = recording["places"] >= 20
        per_token = np.sort(recording["token_changes"][order[rank]][often])[::-1] / 1000
        np.testing.assert_allclose(bars["value"], [*per_token[:5], *per_token[-2:]], atol=1e-3)

    expect(0)
    press(figure, "Neuron, the most needed first", "ArrowRight", "ArrowRight")
    expect(2)
    press(figure, "Neuron, the most needed first", "End")
    expect(len(order) - 1)
    if width > 640:
        figure.tab.mouse.move(*point(figure, 12, 0.003, 0), steps=3)
        figure.tab.wait_for_timeout(100)
        expect(11)
    assert figure.problems == []


@pytest.fixture(scope="module")
def read_by_model(real_model):
    novel = (files("anatomy") / "data" / "pride-and-prejudice-chapter-1.txt").read_text("utf-8")
    ids = real_model.encode("\n\n".join(novel.split("\n\n")[:14]))
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
        shown = [d["value"] for d in sources(figure, "y", "value", "sign", "text", "end")]
        assert any(np.allclose(v, activations, atol=0.02) for v in shown)
        assert any(np.allclose(v, pulls, atol=0.02) for v in shown)

    options = figure.get_by_label("Neuron of SmolLM2").locator("option").all_inner_texts()
    named = [tuple(map(int, re.findall(r"\d+", option))) for option in options]
    assert len(named) == 20
    for pair in named:
        expect(*pair)
        choose(figure, "Neuron of SmolLM2", "ArrowDown")
    assert figure.problems == []


@pytest.mark.checkpoint
def test_sparsity(opened, real_model, read_by_model):
    _, trace = read_by_model
    figure = opened("sparsity")

    def expect(layer):
        shares = ffn.energy_shares(trace["hidden"][layer, 1::2], real_model.weights.layers[layer].w_down)
        needed = int(np.median((shares < 0.9).sum(axis=1) + 1))
        below = (trace["gate_in"][layer, 1:] < 0).mean()
        assert energetic(layer, needed, below) in words(figure)
        curves = [
            d
            for d in sources(figure, "x", "y")
            if len(d["x"]) > 30 and d["y"][0] > 0.001 and d["x"][-1] == 1536
        ]
        median = np.median(shares, axis=0)
        assert any(np.allclose(d["y"], median[np.array(d["x"], int) - 1], atol=1e-3) for d in curves)

    expect(0)
    press(figure, "Layer", *["ArrowRight"] * 5)
    expect(5)
    press(figure, "Layer", "End")
    expect(29)
    assert figure.problems == []
