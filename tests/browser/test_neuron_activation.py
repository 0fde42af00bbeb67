"""The chapter on neurons: every control by keyboard, and what it shows against numpy."""

import re

import numpy as np
import pytest

from anatomy import neuron_activation as na
from anatomy.figures.neuron_activation import TITLES
from anatomy.figures.old_parts import fixed
from anatomy.model import Trace
from anatomy.tokenization import novel

STEM = "neuron-activation"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_neuron(opened, width):
    figure = opened("neuron", width)
    x, w, b = np.array([1.5, -1.0, 2.0]), np.array([0.8, 0.6, 0.5]), -0.4

    def expect(name):
        totals = na.running_totals(x, w, b)
        shown = figure.columns("left", "right", "kind", "text")
        np.testing.assert_allclose(shown["left"], [*totals[:-1], 0], atol=1e-9)
        np.testing.assert_allclose(shown["right"], [*totals[1:], totals[-1]], atol=1e-9)
        assert shown["text"] == [fixed(v) for v in (*np.diff(totals).round(9), totals[-1].round(9))]
        output = float(na.neuron(x, w, b, name))
        assert f"sum {fixed(totals[-1].round(9))}, output {fixed(output)}" in figure.words()

    expect("silu")
    for i, slider in enumerate(("x1", "x2", "x3")):
        figure.slide(slider, "ArrowLeft", "ArrowLeft", "ArrowLeft")
        x[i] = round(x[i] - 0.3, 9)
    expect("silu")
    for i, slider in enumerate(("w1", "w2", "w3")):
        figure.slide(slider, "Home", "ArrowRight")
        w[i] = -0.9
    figure.slide("bias", "ArrowRight")
    b = -0.3
    expect("silu")
    figure.choose("Activation", "Home")
    for name in na.ACTIVATIONS:
        expect(name)
        figure.choose("Activation", "ArrowDown")


def test_curves(opened):
    figure = opened("curves")
    names = [name for name in na.ACTIVATIONS if name != "identity"]
    at = 1.0
    for name in names:
        figure.slide("Input", "ArrowLeft", "ArrowLeft")
        at = round(at - 0.2, 9)
        value, slope = (float(f(at)) for f in na.ACTIVATIONS[name])
        said = figure.words()
        assert f"input {fixed(at, 1)}, output {fixed(value)}, slope {fixed(slope)}" in said
        assert TITLES[name] in said
        points = figure.columns("x", "y", "kind")
        np.testing.assert_allclose(points["y"], [value, slope], atol=1e-9)
        curve = figure.columns("x", "y", "slope")
        np.testing.assert_allclose(curve["y"], na.ACTIVATIONS[name][0](curve["x"]), atol=2e-4)
        np.testing.assert_allclose(curve["slope"], na.ACTIVATIONS[name][1](curve["x"]), atol=2e-4)
        flat = figure.columns("left", "right", "top")
        left, right = na.saturation(name)
        assert flat["right"][0] == (-5 if left is None else left)
        assert flat["left"][1] == (5 if right is None else right)
        figure.choose("Activation", "ArrowDown")


def test_the_line(opened):
    figure = opened("line")
    wanted = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": na.XOR_TARGETS}
    w, b = np.array([1.0, 1.0]), -1.5

    def expect(name):
        sums = (na.XOR_INPUTS @ w + b).round(9)
        shown = figure.columns("sum", "text")
        np.testing.assert_allclose(shown["sum"], sums, atol=1e-9)
        right = (sums > 0) == (np.array(wanted[name]) == 1)
        assert [text[-1] == "✓" for text in shown["text"]] == right.tolist()
        said = [source["text"][0] for source in figure.sources("text") if "right" in source["text"][0]]
        assert said == [f"{right.sum()} of 4 right" + ("" if w.any() else ", no line")]
        pairs = [s for s in figure.sources("x", "y", exactly=True) if len(s["x"]) == 2]
        numbers = [s for s in pairs if not any(isinstance(v, str) for v in s["x"] + s["y"])]
        lines = [s for s in numbers if np.hypot(np.ptp(s["x"]), np.ptp(s["y"])) > 100]
        if not w.any():
            assert lines == []
            return
        [ends] = lines
        point, direction = na.decision_line(w, b)
        for x, y in zip(ends["x"], ends["y"], strict=True):
            step = np.array([x, y]) - point
            assert abs(step @ direction) == pytest.approx(np.linalg.norm(step), rel=1e-3)

    expect("AND")
    figure.slide("bias", *["ArrowRight"] * 10)
    b = -0.5
    expect("AND")
    figure.choose("Wanted", "ArrowDown")
    expect("OR")
    figure.choose("Wanted", "ArrowDown")
    expect("XOR")
    figure.slide("w1", *["ArrowLeft"] * 20)
    w[0] = -1.0
    expect("XOR")
    figure.slide("w1", *["ArrowRight"] * 10)
    figure.slide("w2", *["ArrowLeft"] * 10)
    w[:] = 0
    expect("XOR")


def test_bends(opened):
    figure = opened("bends")
    x = np.linspace(-3, 3, 81)
    wave = np.sin(2 * x)
    knots = [-3.0, 0.0, -1.5, 1.5, -2.25, -0.75, 0.75, 2.25, -2.625, -1.875]

    def expect(name, count):
        fit = na.fit_with_knots(x, wave, knots[:count], name)
        assert f"mean squared error {((fit - wave) ** 2).mean():.4f}" in figure.words()
        shown = [source["y"] for source in figure.sources("y")]
        assert any(len(y) == 81 and np.allclose(y, fit, atol=2e-3) for y in shown)
        assert any(len(y) == count for y in shown)

    expect("relu", 8)
    figure.slide("Hidden neurons", "ArrowRight", "ArrowRight")
    expect("relu", 10)
    figure.slide("Hidden neurons", *["ArrowLeft"] * 6)
    expect("relu", 4)
    figure.choose("Activation", "ArrowDown")
    expect("silu", 4)
    figure.choose("Activation", "ArrowDown")
    expect("identity", 4)


@pytest.mark.parametrize("width", [1280, 390])
def test_xor(opened, width):
    figure = opened("xor", width)
    three = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    def expect(leak, verdict):
        outputs = na.xor(three, leak)
        [hidden] = [source for source in figure.sources("x", "y", "text") if source["text"][0] == "0,0"]
        np.testing.assert_allclose(
            np.transpose([hidden["x"], hidden["y"]]), na.xor_hidden(three, leak), atol=1e-9
        )
        [answers] = [source for source in figure.sources("y", "text") if source["text"][0][-1] in "✓✕"]
        np.testing.assert_allclose(answers["y"], outputs, atol=1e-9)
        assert [text[:-2] for text in answers["text"]] == [fixed(v) for v in outputs.round(9)]
        assert verdict in figure.words()

    expect(0.0, "a line parts 0 from 1")
    figure.slide("Slope below zero", *["ArrowRight"] * 4)
    expect(0.2, "a line parts 0 from 1")
    figure.slide("Slope below zero", "ArrowRight", "ArrowRight")
    expect(0.3, "not yet")
    figure.slide("Slope below zero", "End")
    expect(1.0, "all on one line")


@pytest.mark.checkpoint
def test_gates(opened, real_model):
    trace = Trace("gate_in")
    ids = real_model.encode(novel(8))
    real_model.forward(ids, trace=trace, last_only=True)
    figure = opened("gates")
    bins = np.linspace(-4, 4, 81)

    def expect(layer):
        sums = trace["gate_in"][layer, 1:].ravel()
        assert f"layer {layer}: {(sums < 0).mean():.0%} below zero" in figure.words()
        shown = figure.columns("left", "right", "top")
        np.testing.assert_allclose(shown["top"], 100 * np.histogram(sums, bins)[0] / sums.size, atol=0.06)
        [marked] = [source for source in figure.sources("x", "y") if source["x"] == [layer] * 3]
        np.testing.assert_allclose(marked["y"], np.percentile(sums, [5, 50, 95]), atol=0.02)

    expect(0)
    figure.slide("Layer", *["ArrowRight"] * 3)
    expect(3)
    figure.slide("Layer", "End")
    expect(29)


def test_the_collapse_is_checked_in_the_page(tab):
    page = tab()
    page.goto(f"{STEM}.html")
    text = page.locator("article").inner_text()
    assert "same answers: True" in text
    missed = re.search(r"best single layer misses: \[(.+?)\]", text)[1]
    assert min(map(float, missed.split())) > 0.05
