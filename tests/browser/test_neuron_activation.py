"""The chapter on neurons: every control by keyboard, and what it shows against numpy."""

import re

import numpy as np
import pytest

from anatomy import neuron_activation as na
from anatomy.figures.neuron_activation import TITLES, fixed

PAGE = "neuron-activation.html"


def columns(figure, *names):
    """The columns of the first data source that has these names."""
    return figure.evaluate(
        """(figure, names) => {
          const models = [...figure.bokehDocument.roots()[0].references()];
          const source = models.find(m => m.type === "ColumnDataSource" && names.every(n => n in m.data));
          return Object.fromEntries(names.map(n => [n, Array.from(source.data[n])]));
        }""",
        list(names),
    )


def words(figure):
    """All the words that stand at points of its plots."""
    return figure.evaluate(
        """figure => [...figure.bokehDocument.roots()[0].references()]
          .filter(m => m.type === "Label").map(m => m.text)"""
    )


def press(figure, slider, *keys):
    handle = figure.get_by_role("slider", name=slider, exact=True)
    for key in keys:
        handle.press(key)


def choose(figure, *keys):
    select = figure.locator("select")
    select.focus()
    for key in keys:
        select.press(key)


@pytest.fixture
def opened(tab, live):
    def go(name, width=1280):
        page = tab(width)
        page.goto(PAGE)
        figure = live(page, f"neuron-activation-{name}")
        figure.problems = page.problems
        return figure

    return go


@pytest.mark.parametrize("width", [1280, 390])
def test_a_neuron(opened, width):
    figure = opened("neuron", width)
    x, w, b = np.array([1.5, -1.0, 2.0]), np.array([0.8, 0.6, 0.5]), -0.4

    def expect(name):
        totals = na.running_totals(x, w, b)
        shown = columns(figure, "left", "right", "kind", "text")
        np.testing.assert_allclose(shown["left"], [*totals[:-1], 0], atol=1e-9)
        np.testing.assert_allclose(shown["right"], [*totals[1:], totals[-1]], atol=1e-9)
        assert shown["text"] == [fixed(v) for v in (*np.diff(totals).round(9), totals[-1].round(9))]
        output = float(na.neuron(x, w, b, name))
        assert f"sum {fixed(totals[-1].round(9))}, output {fixed(output)}" in words(figure)

    expect("silu")
    for i, slider in enumerate(("x1", "x2", "x3")):
        press(figure, slider, "ArrowLeft", "ArrowLeft", "ArrowLeft")
        x[i] = round(x[i] - 0.3, 9)
    expect("silu")
    for i, slider in enumerate(("w1", "w2", "w3")):
        press(figure, slider, "Home", "ArrowRight")
        w[i] = -0.9
    press(figure, "bias", "ArrowRight")
    b = -0.3
    expect("silu")
    choose(figure, "Home")
    for name in na.ACTIVATIONS:
        expect(name)
        choose(figure, "ArrowDown")
    assert figure.problems == []


def test_curves(opened):
    figure = opened("curves")
    names = [name for name in na.ACTIVATIONS if name != "identity"]
    at = 1.0
    for name in names:
        press(figure, "Input", "ArrowLeft", "ArrowLeft")
        at = round(at - 0.2, 9)
        value, slope = (float(f(at)) for f in na.ACTIVATIONS[name])
        said = words(figure)
        assert f"input {fixed(at, 1)}, output {fixed(value)}, slope {fixed(slope)}" in said
        assert TITLES[name] in said
        points = columns(figure, "x", "y", "kind")
        np.testing.assert_allclose(points["y"], [value, slope], atol=1e-9)
        curve = columns(figure, "x", "y", "slope")
        np.testing.assert_allclose(curve["y"], na.ACTIVATIONS[name][0](curve["x"]), atol=2e-4)
        np.testing.assert_allclose(curve["slope"], na.ACTIVATIONS[name][1](curve["x"]), atol=2e-4)
        flat = columns(figure, "left", "right", "top")
        left, right = na.saturation(name)
        assert flat["right"][0] == (-5 if left is None else left)
        assert flat["left"][1] == (5 if right is None else right)
        choose(figure, "ArrowDown")
    assert figure.problems == []


def test_the_line(opened):
    figure = opened("line")
    wanted = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": na.XOR_TARGETS}
    w, b = np.array([1.0, 1.0]), -1.5

    def expect(name):
        sums = (na.XOR_INPUTS @ w + b).round(9)
        shown = columns(figure, "sum", "text")
        np.testing.assert_allclose(shown["sum"], sums, atol=1e-9)
        right = (sums > 0) == (np.array(wanted[name]) == 1)
        assert [text[-1] == "✓" for text in shown["text"]] == right.tolist()
        said = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].filter(m =>
              m.type === "ColumnDataSource" && /right/.test(m.data.text?.[0])).map(m => m.data.text[0])"""
        )
        assert said == [f"{right.sum()} of 4 right" + ("" if w.any() else ", no line")]
        ends = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].find(m => m.type === "ColumnDataSource"
              && Object.keys(m.data).length === 2 && m.data.x?.length === 2
              && Math.hypot(m.data.x[0] - m.data.x[1], m.data.y[0] - m.data.y[1]) > 100)?.data ?? null"""
        )
        if not w.any():
            assert ends is None
            return
        point, direction = na.decision_line(w, b)
        for x, y in zip(ends["x"], ends["y"], strict=True):
            step = np.array([x, y]) - point
            assert abs(step @ direction) == pytest.approx(np.linalg.norm(step), rel=1e-3)

    expect("AND")
    press(figure, "bias", *["ArrowRight"] * 10)
    b = -0.5
    expect("AND")
    choose(figure, "ArrowDown")
    expect("OR")
    choose(figure, "ArrowDown")
    expect("XOR")
    press(figure, "w1", *["ArrowLeft"] * 20)
    w[0] = -1.0
    expect("XOR")
    press(figure, "w1", *["ArrowRight"] * 10)
    press(figure, "w2", *["ArrowLeft"] * 10)
    w[:] = 0
    expect("XOR")
    assert figure.problems == []


def test_bends(opened):
    figure = opened("bends")
    x = np.linspace(-3, 3, 81)
    wave = np.sin(2 * x)
    knots = [-3.0, 0.0, -1.5, 1.5, -2.25, -0.75, 0.75, 2.25, -2.625, -1.875]

    def expect(name, count):
        fit = na.fit_with_knots(x, wave, knots[:count], name)
        assert f"mean squared error {((fit - wave) ** 2).mean():.4f}" in words(figure)
        shown = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].filter(m =>
              m.type === "ColumnDataSource").map(m => Array.from(m.data.y ?? []))"""
        )
        assert any(len(y) == 81 and np.allclose(y, fit, atol=2e-3) for y in shown)
        assert any(len(y) == count for y in shown)

    expect("relu", 8)
    press(figure, "Hidden neurons", "ArrowRight", "ArrowRight")
    expect("relu", 10)
    press(figure, "Hidden neurons", *["ArrowLeft"] * 6)
    expect("relu", 4)
    choose(figure, "ArrowDown")
    expect("silu", 4)
    choose(figure, "ArrowDown")
    expect("identity", 4)
    assert figure.problems == []


@pytest.mark.parametrize("width", [1280, 390])
def test_xor(opened, width):
    figure = opened("xor", width)
    three = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    def expect(leak, verdict):
        outputs = na.xor(three, leak)
        hidden = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].find(m =>
              m.type === "ColumnDataSource" && m.data.text?.[0] === "0,0").data"""
        )
        np.testing.assert_allclose(
            np.transpose([hidden["x"], hidden["y"]]), na.xor_hidden(three, leak), atol=1e-9
        )
        answers = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].find(m =>
              m.type === "ColumnDataSource" && /[✓✕]/.test(m.data.text?.[0])).data"""
        )
        np.testing.assert_allclose(answers["y"], outputs, atol=1e-9)
        assert [text[:-2] for text in answers["text"]] == [fixed(v) for v in outputs.round(9)]
        assert verdict in words(figure)

    expect(0.0, "a line parts 0 from 1")
    press(figure, "Slope below zero", *["ArrowRight"] * 4)
    expect(0.2, "a line parts 0 from 1")
    press(figure, "Slope below zero", "ArrowRight", "ArrowRight")
    expect(0.3, "not yet")
    press(figure, "Slope below zero", "End")
    expect(1.0, "all on one line")
    assert figure.problems == []


@pytest.mark.checkpoint
def test_gates(opened, real_model):
    from importlib.resources import files

    from anatomy.model import Trace

    novel = (files("anatomy") / "data" / "pride-and-prejudice-chapter-1.txt").read_text("utf-8")
    trace = Trace("gate_in")
    ids = real_model.encode("\n\n".join(novel.split("\n\n")[:8]))
    real_model.forward(ids, trace=trace, last_only=True)
    figure = opened("gates")
    bins = np.linspace(-4, 4, 81)

    def expect(layer):
        sums = trace["gate_in"][layer, 1:].ravel()
        assert f"layer {layer}: {(sums < 0).mean():.0%} below zero" in words(figure)
        shown = columns(figure, "left", "right", "top")
        np.testing.assert_allclose(shown["top"], 100 * np.histogram(sums, bins)[0] / sums.size, atol=0.06)
        marked = figure.evaluate(
            """figure => [...figure.bokehDocument.roots()[0].references()].find(m =>
              m.type === "ColumnDataSource" && m.data.x?.length === 3 && m.data.x[0] === m.data.x[2]).data"""
        )
        assert marked["x"] == [layer] * 3
        np.testing.assert_allclose(marked["y"], np.percentile(sums, [5, 50, 95]), atol=0.02)

    expect(0)
    press(figure, "Layer", *["ArrowRight"] * 3)
    expect(3)
    press(figure, "Layer", "End")
    expect(29)
    assert figure.problems == []


def test_the_collapse_is_checked_in_the_page(tab):
    page = tab()
    page.goto(PAGE)
    text = page.locator("article").inner_text()
    assert "same answers: True" in text
    missed = re.search(r"best single layer misses: \[(.+?)\]", text)[1]
    assert min(map(float, missed.split())) > 0.05
