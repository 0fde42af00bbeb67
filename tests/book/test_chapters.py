"""Every chapter keeps the template of the book. Read from the sources, so that no build is needed."""

import doctest
import importlib
import io
import re
from pathlib import Path

import pytest

from anatomy.publishing.shown_code import forms, locate
from anatomy.topics import BY_STEM

BOOK = Path(__file__).parents[2] / "book"
STEMS = list(BY_STEM)
SECTIONS = ("in-a-real-model", "what-it-costs", "easy-to-get-wrong", "exercises", "sources")
WRITTEN = [stem for stem in STEMS if (BOOK / f"{stem}.md").exists()]


@pytest.fixture(params=WRITTEN)
def chapter(request):
    return request.param, (BOOK / f"{request.param}.md").read_text("utf-8")


def test_the_index_lists_the_chapters_in_the_order_of_the_book():
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


def shown_in(text):
    """The names that a chapter shows code of, in full."""
    return re.findall(r"^```\{show\} (\S+)\n```$", text, re.M)


def test_it_shows_code_of_the_package_and_runs_cells(chapter):
    _, text = chapter
    assert shown_in(text)
    assert "{literalinclude}" not in text, "code is shown by {show}"
    assert "```{code-cell} python\n" in text


def test_shown_code_fits_the_page(chapter):
    _, text = chapter
    shown = []
    for name in shown_in(text):
        shown += forms(name)[0].splitlines()
    for cell in re.findall(r"```\{code-cell\} python\n(.*?)```", text, re.S):
        if ":tags: [remove" not in cell:
            shown += cell.splitlines()
    assert [line for line in shown if len(line) > 80] == []


def test_shown_code_does_what_its_docstring_says(chapter):
    """The examples of every shown object, run against the short form that the page prints."""
    _, text = chapter
    for name in shown_in(text):
        path, parts = locate(name)
        short, _, _ = forms(name)
        module = importlib.import_module(name.removesuffix("." + ".".join(parts)))
        names = dict(vars(module))
        whole = module
        for part in parts:
            whole = getattr(whole, part)
        exec(compile(short, path.name, "exec"), names)
        if parts[1:]:  # a method
            owner = getattr(module, parts[0])
            names[parts[0]] = type(parts[0], (owner,), {parts[1]: names[parts[1]]})
        assert re.search(r'"""[^\n]+[.:]("|\n)', short), f"{name}: its first line is no sentence"
        examples = doctest.DocTestParser().get_doctest(whole.__doc__, names, name, None, None)
        # the short form has no checks
        examples.examples = [example for example in examples.examples if example.exc_msg is None]
        assert examples.examples, f"{name} has no example"
        said = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(examples, out=said.write)
        assert runner.failures == 0, said.getvalue()


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
