"""The chapter on neurons: every control by keys. What a state shows is tested without a browser, in tests/figures."""

import re

import pytest

STEM = "neuron-activation"
CONTROLS = {  # figure -> how, which control, key
    "neuron": [("slide", "w[0]", "ArrowLeft"), ("slide", "bias", "ArrowRight"), ("choose", "Activation", "ArrowDown")],
    "line": [("slide", "w[1]", "ArrowLeft"), ("slide", "bias", "ArrowRight"), ("choose", "Wanted", "ArrowDown")],
    "bends": [("slide", "Hidden neurons", "ArrowLeft"), ("click", "no bend")],
    "xor": [("slide", "Slope below zero", "ArrowRight"), ("click", "Refit the output weights")],
    "curves": [
        ("choose", "Solid", "Home"),
        ("choose", "Dashed", "ArrowDown"),
        ("slide", "Input", "ArrowLeft"),
        ("click", "below zero"),
    ],
    "gates": [("slide", "Layer", "ArrowRight")],
}  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_works_by_keys(opened, name, width):
    opened(name, width).works_by_keys(CONTROLS[name])


def test_the_plane_has_equal_scales(opened):
    figure = opened("line", 390)
    [(x, y)] = figure.evaluate(
        """figure => {
          const plot = [...figure.bokehDocument.roots()[0].references()].find(m => m.match_aspect);
          const { frame } = Bokeh.index.find_one(plot);
          const step = scale => Math.abs(scale.compute(1) - scale.compute(0));
          return [[step(frame.x_scale), step(frame.y_scale)]];
        }"""
    )
    assert x == pytest.approx(y, rel=0.01)


def test_the_collapse_is_checked_in_the_page(tab):
    page = tab()
    page.goto(f"{STEM}.html")
    text = page.locator("article").inner_text()
    assert "same answers: True" in text
    missed = re.search(r"best straight layer misses: \[(.+?)\]", text)[1]
    assert min(map(float, missed.split())) > 0.05
