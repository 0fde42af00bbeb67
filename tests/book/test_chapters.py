"""Every chapter keeps the template of the book. Read from the sources, so that no build is needed."""

import ast
import re
from pathlib import Path

import pytest

from anatomy.topics import BY_STEM

BOOK = Path(__file__).parents[2] / "book"
STEMS = list(BY_STEM)
SECTIONS = ("in-a-real-model", "what-it-costs", "easy-to-get-wrong", "exercises", "sources")
WRITTEN = [stem for stem in STEMS if (BOOK / f"{stem}.md").exists()]


@pytest.fixture(params=WRITTEN)
def chapter(request):
    return request.param, (BOOK / f"{request.param}.md").read_text("utf-8")


def test_chapters_are_written_in_the_order_of_the_book():
    assert STEMS[: len(WRITTEN)] == WRITTEN
    index = (BOOK / "index.md").read_text("utf-8")
    listed = [line.strip() for line in index.splitlines() if line.strip() in STEMS]
    assert listed == WRITTEN


def test_its_anchor_and_aliases_stand_before_its_title(chapter):
    stem, text = chapter
    front = text[: re.search(r"^# ", text, re.M).start()]
    assert re.findall(r"^\((.+)\)=$", front, re.M) == [*BY_STEM[stem].aliases, stem]
    outside = re.sub(r"^(`{3,}|~{3,}).*?^\1$", "", text, flags=re.M | re.S)  # a comment in a cell is no title
    assert len(re.findall(r"^# ", outside, re.M)) == 1


def test_it_has_every_section_in_order(chapter):
    stem, text = chapter
    places = [text.find(f"\n({stem}-{section})=\n## ") for section in SECTIONS]
    assert -1 not in places, dict(zip(SECTIONS, places, strict=True))
    assert places == sorted(places)


def test_it_opens_with_map_hook_and_description(chapter):
    stem, text = chapter
    assert f"```{{model-map}}\n:lit: {stem}\n```" in text
    assert "\n{.hook}\n" in text
    description = re.search(r'description: "?(.+?)"?\n', text)[1]
    assert 50 <= len(description) <= 160


def test_it_shows_code_of_the_package_and_runs_cells(chapter):
    _, text = chapter
    shown = re.findall(r"```\{literalinclude\} (\.\./anatomy/\S+)\n((?::.*\n)*)", text)
    assert shown
    for path, options in shown:
        name = re.search(r":pyobject: (\S+)", options)
        assert name, f"{path} is shown without :pyobject:"
        source = (BOOK / path).read_text("utf-8")
        assert re.search(rf"^(def|class) {name[1].split('.')[0]}\b", source, re.M), f"no {name[1]} in {path}"
    assert "```{code-cell} python\n" in text


def test_shown_code_fits_the_page(chapter):
    _, text = chapter
    shown = []
    for path, name in re.findall(r"```\{literalinclude\} (\.\./anatomy/\S+)\n:pyobject: (\S+)", text):
        source = (BOOK / path).read_text("utf-8")
        node = ast.parse(source)
        for part in name.split("."):
            node = next(inner for inner in node.body if getattr(inner, "name", None) == part)
        shown += source.splitlines()[node.lineno - 1 : node.end_lineno]
    for cell in re.findall(r"```\{code-cell\} python\n(.*?)```", text, re.S):
        if ":tags: [remove" not in cell:
            shown += cell.splitlines()
    assert [line for line in shown if len(line) > 80] == []


def test_it_has_three_exercises_with_hidden_solutions(chapter):
    stem, text = chapter
    exercises = re.findall(r"\{exercise(?:-start)?\}[^\n]*\n(?::.*\n)*?:label: (\S+)", text)
    assert exercises == [f"{stem}-exercise-{n}" for n in (1, 2, 3)]
    solutions = re.findall(r"\{solution(?:-start)?\} (\S+)\n((?::.*\n)*)", text)
    assert [label for label, _ in solutions] == exercises
    assert all(":class: dropdown" in options for _, options in solutions)


def test_its_sources_are_cited_and_none_is_listed_for_nothing(chapter):
    stem, text = chapter
    keys = set(re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text("utf-8"), re.M))
    sources = text[text.index(f"({stem}-sources)=") :]
    cited = {key for group in re.findall(r"\{cite:\w+\}`([^`]+)`", sources) for key in group.split(",")}
    assert cited
    assert cited <= keys


def test_no_source_is_listed_that_no_page_cites():
    keys = set(re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text("utf-8"), re.M))
    pages = "".join(path.read_text("utf-8") for path in BOOK.glob("*.md"))
    cited = {key for group in re.findall(r"\{cite:\w+\}`([^`]+)`", pages) for key in group.split(",")}
    assert keys == cited


def test_every_picture_belongs_to_a_written_page():
    for path in (BOOK / "pictures").iterdir():
        assert any(path.name.startswith(f"{page.stem}-") for page in BOOK.glob("*.md")), path.name


@pytest.mark.checkpoint
def test_the_code_that_a_chapter_shows_runs_by_itself(chapter, real_model, capsys):
    """A reader who types in the cells of a page, in order, needs nothing that the page hides."""
    stem, text = chapter
    typed = {}
    for cell in re.findall(r"```\{code-cell\} python\n(.*?)```", text, re.S):
        if not cell.startswith(":tags: [remove"):
            exec(compile(cell, f"{stem}.md", "exec"), typed)
