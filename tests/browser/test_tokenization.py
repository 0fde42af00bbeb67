"""The figures of the tokenization chapter under the reader's hands: every control works, on the built page."""

from anatomy.studies import tokenization as study

STEM = "tokenization"


def title(figure):
    return figure.titles()[0]


def test_the_slider_makes_merges(opened):
    figure = opened("merges")
    figure.slide("Merges made", "End")
    assert title(figure).startswith("25 tokens")
    figure.slide("Merges made", "Home")
    assert title(figure) == f"{len(study.CORPUS)} tokens; single bytes"


def test_a_word_is_chosen_and_the_readers_own_is_merged(opened):
    figure = opened("word")
    field = figure.get_by_label("Your own word")
    assert field.is_disabled()
    figure.get_by_label("Word", exact=True).select_option(label="·strawberry")
    assert title(figure).startswith("1 token:")
    figure.get_by_label("Word", exact=True).select_option(label="your own word")
    field.fill(" rhinoceros")
    field.press("Enter")
    ids = [i for _, i in study.ladder(" rhinoceros")[-1]]
    wanted = f"{len(ids)} tokens: " + ", ".join(f"{i:,}" for i in ids)
    figure.tab.wait_for_function(
        """wanted => [...document.getElementById("fig-tokenization-word").bokehDocument.roots()[0].references()]
          .some(m => m.type === "Title" && m.text === wanted)""",
        arg=wanted,
    )
    field.fill("two words")
    field.press("Enter")
    figure.tab.wait_for_timeout(300)
    assert title(figure) == "cut into two | ·words; take one piece"


def test_languages_by_measure(opened):
    figure = opened("languages")
    assert title(figure).startswith("Amharic: ")
    figure.choose("Measure", "ArrowDown")
    assert title(figure) == "Amharic: ● o200k_base 2.00, □ SmolLM2 3.00"
    figure.choose("Language", "Home")
    assert title(figure).startswith("English: ")


def test_a_language_is_pointed_at_and_pinned(opened):
    """By either of its marks: hovering previews, a click pins, Escape restores."""
    figure = opened("languages")
    control = figure.get_by_label("Language", exact=True)
    tab = figure.tab
    for x, y in figure.evaluate(
        """figure => {
          const [column] = Bokeh.index.roots.filter(view => figure.contains(view.el));
          const plot = column.child_views.find(view => view.model.type === "Figure");
          const box = plot.canvas_view.el.getBoundingClientRect(), frame = plot.frame;
          const by = name => [...column.model.references()].find(m => m.name === name).data;
          return ["o200k", "smollm2"].map(name => [
            box.x + frame.x_scale.compute(by(name).x[8]), box.y + frame.y_scale.compute(-8)]);
        }"""
    ):
        tab.mouse.move(x, y + 13)  # between two languages
        tab.wait_for_timeout(200)
        assert title(figure).startswith("Amharic: ")
        tab.mouse.move(x, y)
        tab.wait_for_timeout(300)
        assert title(figure).startswith("Hindi: ")
        assert control.input_value() == "Amharic"
        tab.mouse.click(x, y)
        tab.wait_for_timeout(300)
        assert control.input_value() == "Hindi"
        control.press("Escape")
        tab.wait_for_timeout(200)
        assert control.input_value() == "Amharic"


def test_the_explorer_lives_on_the_page(tab):
    page = tab()
    page.goto("tokenization.html")
    page.fill("token-explorer textarea", "The cat sat.")
    page.wait_for_selector("token-explorer[data-state=live]")
    page.wait_for_function("document.querySelector('token-explorer').tokens.length === 4")
    assert page.problems == []


def test_solutions_are_shut(tab):
    page = tab()
    page.goto("tokenization.html")
    solutions = page.locator("details.solution")
    assert [solution.get_attribute("open") for solution in solutions.all()] == [None] * 3
