"""The figures of the tokenization chapter under the reader's keys: what is drawn is what the maths says."""

from itertools import islice

import pytest

from anatomy import tokenization as t

CORPUS = "how much wood would a woodchuck chuck if a woodchuck could chuck wood?"
# the rows that a figure shows now: [kind of glyph, {column: values}] for every glyph
SHOWN = """id => {
  const all = [];
  for (const model of document.getElementById(id).bokehDocument._all_models.values()) {
    if (model.type !== "GlyphRenderer") continue;
    const rows = [...model.view.indices], data = {};
    for (const [name, column] of Object.entries(model.data_source.data))
      data[name] = rows.map(i => column[i]);
    all.push([model.glyph.type, data]);
  }
  return all;
}"""


@pytest.fixture
def chapter(tab):
    page = tab()
    page.goto("tokenization.html")
    yield page
    assert page.problems == []


def shown(page, name, glyph):
    return next(data for kind, data in page.evaluate(SHOWN, f"fig-{name}") if kind == glyph)


def test_the_slider_makes_merges(chapter, live):
    figure = live(chapter, "tokenization-merges")
    steps = list(islice(t.training_steps(CORPUS), 14))
    handle = figure.get_by_role("slider")
    assert handle.get_attribute("aria-label") == "Merges made"
    handle.focus()
    before = figure.locator(".live").screenshot()
    for n in (6, 7):
        chapter.keyboard.press("ArrowRight")
        chapter.wait_for_timeout(150)
        boxes = shown(chapter, "tokenization-merges", "Quad")
        assert boxes["text"] == [t.visible(token) for token in t.laid_out(CORPUS, steps[n - 1].words)]
        pairs = shown(chapter, "tokenization-merges", "HBar")
        assert pairs["pair"][0] == " + ".join(map(t.visible, steps[n].pair))
        assert pairs["count"][0] == steps[n].count
    assert figure.locator(".live").screenshot() != before
    chapter.keyboard.press("End")
    chapter.wait_for_timeout(150)
    assert len(shown(chapter, "tokenization-merges", "Quad")["text"]) == 25
    chapter.keyboard.press("Home")
    chapter.wait_for_timeout(150)
    assert len(shown(chapter, "tokenization-merges", "Quad")["text"]) == len(CORPUS)


def test_a_word_is_chosen(chapter, live):
    figure = live(chapter, "tokenization-word")
    control = figure.get_by_label("Word")
    before = figure.locator(".live").screenshot()
    for word in (" strawberry", "👩‍🚀"):
        control.select_option(label=word.replace(" ", "·"))
        chapter.wait_for_timeout(150)
        boxes = shown(chapter, "tokenization-word", "Quad")
        last = min(boxes["y"])
        ids = [i for i, y in zip(boxes["id"], boxes["y"], strict=True) if y == last]
        assert ids == t.o200k_base().encode(word)
        assert set(boxes["word"]) == {word}
    assert figure.locator(".live").screenshot() != before


def test_languages_by_measure(chapter, live):
    figure = live(chapter, "tokenization-languages")
    control = figure.get_by_label("Measure")
    control.focus()
    sizes = {a["language"].split()[0]: t.size(a["text"], t.o200k_base()) for a in t.articles()}
    before = figure.locator(".live").screenshot()
    for measure, value in (
        ("1", lambda s: s.tokens / s.characters),
        ("2", lambda s: s.tokens / s.bytes),
        ("3", lambda s: s.tokens / sizes["English"].tokens),
        ("0", lambda s: s.tokens),
    ):
        control.select_option(index=int(measure))
        chapter.wait_for_timeout(150)
        dots = shown(chapter, "tokenization-languages", "Scatter")
        assert len(dots["name"]) == 12
        assert dots["o200k"] == pytest.approx([value(sizes[name]) for name in dots["name"]], rel=1e-3)
        end = chapter.evaluate(
            """() => [...document.getElementById("fig-tokenization-languages").bokehDocument._all_models.values()]
                 .find(m => m.type === "LinearAxis" && m.axis_label).axis_label"""
        )
        assert (
            end == ("tokens", "tokens per character", "tokens per byte", "tokens, English = 1")[int(measure)]
        )
        if measure == "1":
            assert figure.locator(".live").screenshot() != before


def test_the_explorer_lives_on_the_page(chapter):
    chapter.fill("token-explorer textarea", "The cat sat.")
    chapter.wait_for_selector("token-explorer[data-state=live]")
    chapter.wait_for_function("document.querySelector('token-explorer').tokens.length === 4")
    ids = chapter.eval_on_selector_all(
        "token-explorer [data-token-id]", "all => all.map(e => +e.dataset.tokenId)"
    )
    assert ids == [976, 9059, 10139, 13]


def test_solutions_are_shut(chapter):
    solutions = chapter.locator("details.solution")
    assert solutions.count() == 3
    assert [solutions.nth(i).get_attribute("open") for i in range(3)] == [None] * 3
