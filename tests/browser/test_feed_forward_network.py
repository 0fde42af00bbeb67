"""The chapter on the feed-forward network: every control by keys, every mark by mouse and touch, Escape.

What a state shows is tested without a browser, in tests/figures.
"""

import pytest

STEM = "feed-forward-network"
NETWORK = [
    ("choose", "Look at", "Home"),
    ("slide", "Its value", "ArrowLeft"),
    ("choose", "Activation", "ArrowDown"),
]
CONTROLS = {  # figure -> how, which control, key
    "matrices": NETWORK,
    "gated": NETWORK,
    "knock-out": [("slide", "Rank of the silenced neuron (0 is missed most)", "ArrowRight")],
    "memory": [("choose", "Neuron of SmolLM2", "ArrowDown")],
    "sparsity": [("slide", "Layer", "ArrowRight")],
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_works_by_keys(opened, name, width):
    opened(name, width).works_by_keys(CONTROLS[name])


def spot(figure, source, at, plot):
    """Where a mark of a source is on the screen; a line's is its middle. plot: 0 left, 1 right."""
    return figure.evaluate(
        """(figure, [source, at, plot]) => {
          const views = [], root = figure.bokehDocument.roots()[0];
          const visit = view => {
            if (view.model.type === "Figure") views.push(view);
            for (const child of view.child_views ?? []) visit(child);
          };
          visit(figure.bokehDocument.views_manager.find_one(root));
          const { data } = [...root.references()].find(m => m.name === source);
          const middle = (one, many) => {
            if (many in data) return (data[many][at][0] + data[many][at][1]) / 2;
            return one in data ? data[one][at] : 0;
          };
          const { frame, canvas_view } = views[plot], box = canvas_view.el.getBoundingClientRect();
          return [box.x + frame.x_scale.compute(middle("x", "xs")), box.y + frame.y_scale.compute(middle("y", "ys"))];
        }""",
        [source, at, plot],
    )


def looked_at(figure):
    """What is pinned, and what is said of the part looked at."""
    [pinned] = figure.models('m.name === "look"', "m.options[Number(m.value)][1]")
    [said] = figure.models('m.name === "said"', "m.text")
    return pinned, said.split("\n")[0]


def part(figure, source, wanted):
    """The place in a source of the mark that chooses the part of this label."""
    [(picks, options)] = figure.models(
        f'm.name === "{source}"',
        """[Array.from(m.data.pick), [...figure.bokehDocument.roots()[0].references()]
          .find(m => m.name === "look").options.map(option => option[1])]""",
    )
    return picks.index(options.index(wanted))


def test_hover_previews_and_click_pins(opened):
    figure = opened("matrices")
    figure.element.scroll_into_view_if_needed()
    for source, plot, label, words in (
        ("ffn", 1, "w_out[2, 1]", "hidden[2] · w_out[2, 1]"),
        ("targets", 0, "w_in[0, 0]", "x[0] · w_in[0, 0]"),
        ("circles", 0, "output[1]", "output[1] ="),
    ):
        place = spot(figure, source, part(figure, source, label), plot)
        figure.tab.mouse.move(*place, steps=3)
        figure.tab.wait_for_timeout(150)
        pinned, said = looked_at(figure)
        assert pinned == "neuron 1"
        assert said.startswith(words)
    figure.tab.mouse.move(2, 2)
    figure.tab.wait_for_timeout(150)
    assert looked_at(figure)[1].startswith("neuron 1")

    figure.tab.mouse.click(*spot(figure, "ffn", part(figure, "ffn", "w_in[0, 2]"), 1))
    figure.tab.wait_for_timeout(150)
    assert looked_at(figure)[0] == "w_in[0, 2]"
    figure.slide("Its value", "ArrowLeft", "ArrowLeft")
    assert "× 0.90 = 1.08" in looked_at(figure)[1]
    figure.tab.mouse.move(*spot(figure, "ffn", part(figure, "ffn", "w_out[2, 1]"), 1), steps=3)  # another one
    figure.tab.mouse.move(2, 2)
    figure.tab.wait_for_timeout(150)
    assert "× 0.90 = 1.08" in looked_at(figure)[1]  # the change has stayed
    figure.press(figure.element.get_by_label("Look at", exact=True), "Escape")
    assert looked_at(figure)[0] == "neuron 1"


def test_touch_pins(opened):
    figure = opened("matrices", 390, has_touch=True)
    figure.element.scroll_into_view_if_needed()
    for source, plot, label in (
        ("circles", 0, "neuron 2"),
        ("ffn", 1, "b_in[3]"),
        ("targets", 0, "w_out[0, 0]"),
    ):
        figure.tab.touchscreen.tap(*spot(figure, source, part(figure, source, label), plot))
        figure.tab.wait_for_timeout(200)
        assert looked_at(figure)[0] == label


@pytest.mark.parametrize(
    ("name", "plot", "marks", "control", "at"),
    [("knock-out", 0, "bars", "rank", 200), ("sparsity", 1, "dots", "layer", 17)],
)
def test_bars_and_layers_can_be_clicked(opened, name, plot, marks, control, at):
    figure = opened(name)
    figure.element.scroll_into_view_if_needed()
    figure.tab.mouse.click(*spot(figure, marks, at, plot))
    figure.tab.wait_for_timeout(150)
    assert figure.models(f'm.name === "{control}"', "m.value")[0] == pytest.approx(at, abs=1)
