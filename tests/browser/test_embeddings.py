"""The chapter on embeddings: every control by keys, and marks by mouse, tap and Escape."""

import pytest

from anatomy.studies import embeddings as study

STEM = "embeddings"


def test_lookup(opened):
    figure = opened("lookup")
    figure.choose("Token", "ArrowDown", "ArrowDown")
    assert figure.titles() == ["the sum is row 4 of the table"]


def test_forming(opened):
    figure = opened("forming")
    figure.slide("Training step", "Home", "ArrowRight", "ArrowRight")
    assert "step 20" in figure.titles()
    figure.slide("Training step", "End")
    assert "step 400" in figure.titles()


def test_pair(opened):
    figure = opened("pair")
    before = figure.titles()
    figure.choose("Word", "Home")
    assert {title.split(":")[0] for title in figure.titles()} == {min(study.pair().words)}
    assert figure.titles() != before


@pytest.mark.checkpoint
@pytest.mark.parametrize("width", [1280, 390])
def test_row(opened, width):
    figure = opened("row", width)
    assert "all 576 numbers of frog" in figure.titles()
    figure.choose("Word", "Home", "ArrowDown")
    assert "all 576 numbers of Tuesday" in figure.titles()
    before = figure.titles()
    figure.click("− table mean")
    assert figure.titles() != before
    figure.slide("Numbers used", *["ArrowLeft"] * 9)
    assert "the first 504 of 576 numbers of Tuesday" in figure.titles()


@pytest.mark.checkpoint
def test_plane_is_pointed_at(opened):
    figure = opened("plane")
    [first] = figure.titles()
    assert first.startswith("Rome:")
    figure.choose("Word", "Home")
    [chosen] = figure.titles()
    assert chosen.startswith("red:")
    plot = figure.locator(".bk-Figure").first
    plot.hover(position=place(figure, "blue"))
    assert figure.titles()[0].startswith("blue:")
    plot.hover(position={"x": 180, "y": 320})
    assert figure.titles() == [chosen]
    plot.click(position=place(figure, "blue"))
    plot.hover(position={"x": 180, "y": 320})
    assert figure.titles()[0].startswith("blue:")
    figure.get_by_label("Word", exact=True).press("Escape")
    assert figure.titles() == [first]


def place(figure, word):
    """Where a word's mark stands in the first plot, in pixels from the plot's corner."""
    which = [w for group in study.FLAT_WORDS.values() for w in group].index(word)
    return figure.element.evaluate(
        """(figure, which) => {
          const root = figure.bokehDocument.roots()[0];
          const plot = [...root.references()].find(m => m.type === "Figure");
          const source = [...root.references()].find(m => m.name === "points");
          const { frame } = Bokeh.index.find_one(plot);
          const [x, y] = [source.data.x[which], source.data.y[which]];
          return { x: frame.x_scale.compute(x), y: frame.y_scale.compute(y) };
        }""",
        which,
    )


@pytest.mark.checkpoint
def test_analogy(opened):
    figure = opened("analogy", 390)
    assert figure.titles()[0].startswith("Rome has rank")
    before = figure.titles()
    figure.click("all tokens")
    assert figure.titles() != before
    figure.choose("Question, a : b = c : answer?", "ArrowDown")
    assert figure.titles()[0].startswith("queen has rank")
    figure.click("c alone")
    assert figure.titles()[0] != "queen has rank 1 of 49,152"
