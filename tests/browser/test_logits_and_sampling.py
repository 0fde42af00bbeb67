"""The chapter on logits and sampling in a browser: what only a browser can show. States are tested without one."""

import pytest

from anatomy.figures import logits_and_sampling as figures
from anatomy.studies import logits_and_sampling as study

STEM = "logits-and-sampling"
CELL = """(figure, [part, row]) => {
  const all = [...figure.bokehDocument.roots()[0].references()];
  const source = all.find(m => m.name === part), plot = all.find(m => m.renderers?.some(r => r.data_source === source));
  const view = Bokeh.index.find_one(plot), at = source.data;
  const x = at.x ? at.x[row] : (at.left ? (at.left[row] + at.right[row]) / 2 : at.end[row] + 0.05);
  const box = view.el.getBoundingClientRect();
  return [box.x + view.frame.bbox.left + view.frame.x_scale.compute(x) - view.frame.bbox.left,
          box.y + view.frame.y_scale.compute(at.y[row])];
}"""


def point(figure, part, row, how="move"):
    """Bring the pointer to a mark, or press it."""
    figure.scroll_into_view_if_needed()
    x, y = figure.evaluate(CELL, [part, row])
    {"move": figure.tab.mouse.move, "click": figure.tab.mouse.click, "tap": figure.tab.touchscreen.tap}[how](
        x, y
    )
    figure.tab.wait_for_timeout(150)


def test_temperature_reaches_both_ends(opened):
    figure = opened("temperature")
    figure.slide("Temperature", "Home")
    assert figure.columns("value", "end")["value"] == [1, 0, 0, 0, 0]
    figure.slide("Temperature", "End")
    assert figure.titles()[0].startswith("T = 2.50")


def chosen(figure):
    """The word in each of the four steps' lists."""
    lists = [figure.get_by_label(word.capitalize(), exact=True) for word in figures.FILTER_STEPS]
    return [one.evaluate("list => list.selectedOptions[0].text") for one in lists]


@pytest.mark.checkpoint
def test_steps_swap_twice_and_unused_sliders_sleep(opened, real_model):
    figure = opened("filters")
    assert chosen(figure) == ["temperature", "top-k", "top-p", "min-p"]
    figure.choose("Fourth", "ArrowUp", "ArrowUp", "ArrowUp")  # over top-p and top-k to the temperature
    assert sorted(chosen(figure)) == sorted(["temperature", "top-k", "top-p", "min-p"])
    assert chosen(figure)[3] == "temperature"
    figure.choose("First", "Home")
    assert chosen(figure)[0] == "nothing"
    now = study.expected(real_model, [study.AUSTRALIA])[study.AUSTRALIA]
    names = {label: name for name, label in figures.STEP_LABELS.items()}
    values = dict(study.OPENING)
    steps = [(names[word], values[names[word]]) for word in chosen(figure) if word in names]
    left = study.stages(now.logits, steps)[-1].n_left
    assert [int(n.replace(",", "")) for n in figure.columns("c0", "c1")["c1"] if n][-1] == left
    asleep = figure.locator(".noUi-target[disabled]")
    assert asleep.count() == 4 - len(steps)
    figure.slide("Temperature", "Home")
    assert figure.columns("before", "value")["value"] == [1] + [0] * figures.SHOWN


def test_a_prompt_changes_the_curves(opened):
    figure = opened("kept")
    before = figure.sources("x", "y")
    figure.choose("Prompt", "ArrowDown")
    assert figure.sources("x", "y") != before


def test_branches_of_the_tree_preview_pin_and_come_back(opened):
    figure = opened("tree")
    first = figure.titles()[0]
    point(figure, "leaves", 20)
    preview = figure.titles()[0]
    assert preview != first
    figure.tab.mouse.move(2, 2)
    figure.tab.wait_for_timeout(150)
    assert figure.titles()[0] == first
    point(figure, "leaves", 20, "click")
    figure.tab.mouse.move(2, 2)
    figure.tab.wait_for_timeout(150)
    assert figure.titles()[0] == preview
    figure.press(figure.get_by_label("Branch", exact=True), "Escape")
    assert figure.titles()[0] == first


def test_a_branch_is_taken_by_a_tap_on_a_phone(opened):
    figure = opened("tree", width=390, has_touch=True)
    first = figure.titles()[0]
    point(figure, "cells", 2, "tap")
    assert figure.titles()[0] != first


def test_generate_writes_anew_and_a_row_can_be_pinned(opened):
    figure = opened("generate")
    told = figure.locator(".bk-clearfix").first.inner_text()
    figure.click("Generate again")
    assert figure.locator(".bk-clearfix").first.inner_text() != told
    point(figure, "rows", 0, "click")
    figure.tab.mouse.move(2, 2)
    assert figure.titles()[0].startswith("Step 0: ")
    figure.slide("Step", "ArrowRight")
    assert figure.titles()[0].startswith("Step 1: ")
