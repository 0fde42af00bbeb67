import re
import subprocess
from shutil import which

import pytest

from anatomy.figures.figure import PROVENANCE
from anatomy.figures.theme import INKS, MEANINGS
from anatomy.publishing import pdf

EXTENSIONS = ("myst_parser", "anatomy.publishing.model_map", "anatomy.publishing.pdf")
CONFIG = {"latex_engine": "xelatex", "myst_enable_extensions": ["attrs_block", "attrs_inline", "dollarmath"]}
PAGES = {
    "index.md": "# The Book\n\nWords.\n\n```{toctree}\n:numbered:\na\n```\n",
    "a.md": """# A chapter

{.hook}
It opens *so*.

A [query]{.w-query} of √d ≈ 8 → ⊤, β and 猫, with [Toy]{.badge .toy}.

```{margin} A note
In the margin.
```

```{admonition} Mistakes
:class: wrong
- One.
```

```python
x = "√"
```
""",
}

needs_rsvg = pytest.mark.skipif(not which("rsvg-convert"), reason="needs rsvg-convert")


@pytest.fixture
def built(site):
    app = site(PAGES, *EXTENSIONS, builder="latex", **CONFIG)
    assert app.said == ""
    return app


@needs_rsvg
def test_what_latex_would_drop_is_there(built, read):
    text = read(built, "anatomy-of-an-llm.tex")
    assert re.search(r"\\begin\{hook\}It opens \\sphinxstyleemphasis\{so\}\.\\end\{hook\}", text)
    assert r"\DUrole{w-query}{query}" in text
    assert r"\begin{sphinxsidebar}" in text
    assert "In the margin." in text


@needs_rsvg
def test_style_fonts_and_map_lie_beside_it(built):
    names = {path.name for path in built.outdir.iterdir()}
    assert {"atlas.sty", "inks.sty", "imprint.sty", "model-map.pdf"} <= names
    assert {path.name for path in pdf.HERE.glob("fonts/*.ttf")} <= names


def test_the_inks_are_those_of_the_figures():
    text = pdf.inks_tex()
    for name, (light, _) in INKS.items():
        assert rf"\definecolor{{{name}}}{{HTML}}{{{light[1:].upper()}}}" in text
    for name in MEANINGS:
        assert rf"DUrolew-{name}\endcsname" in text


def test_every_badge_has_a_shape_of_its_own():
    style, inks = (pdf.HERE / "atlas.sty").read_text("utf-8"), pdf.inks_tex()
    shapes = {}
    for name, words in PROVENANCE.items():
        assert rf"\csname badge@{words}\endcsname{{\csname badge{name}\endcsname}}" in inks
        shapes[name] = re.search(
            rf"\\newcommand\{{\\badge{name}\}}\[1\]\{{\\badgepill(.*?)\{{#1\}}\}}", style, re.S
        )[1]
    assert len(set(shapes.values())) == len(PROVENANCE) == 4
    assert "dash pattern" in shapes["toy"]


@needs_rsvg
def test_the_file_says_what_it_is(site, read, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    index = PAGES["index.md"].replace("Words.", "{.hook}\nRead it.\n\nWords.")
    meta = '---\nmyst:\n  html_meta:\n    description: "100 % of it"\n---\n'
    said = {"project": "A & B", "author": "Us", "release": "7.1", "html_baseurl": "https://a.org/x-y/"}
    app = site({**PAGES, "index.md": meta + index}, *EXTENSIONS, builder="latex", **CONFIG, **said)
    text = read(app, "imprint.sty")
    for name, words in {
        "title": r"A \& B",
        "hook": "Read it.",
        "author": "Us",
        "version": "7.1",
        "date": "1 January 2026",
        "subject": r"100 \% of it",
        "address": "https://a.org/x-y/",
    }.items():
        assert rf"\newcommand{{\book{name}}}{{{words}}}" in text
    assert "pdftitle={\\booktitle}" in text
    assert "pdflang={en}" in text


EXERCISE = """# A

## Exercises

````{exercise} Halve it
:label: a-exercise

What is half of 4?
````

````{solution} a-exercise
:label: a-solution

Two:

```python
4 / 2
```
````

## Sources

None.
"""


@needs_rsvg
def test_solutions_stand_at_the_back_with_links_both_ways(site, read):
    pages = {**PAGES, "a.md": EXERCISE}
    app = site(
        pages,
        *EXTENSIONS,
        "sphinx_exercise",
        "anatomy.publishing.exercises",
        builder="latex",
        numfig=True,
        **CONFIG,
    )
    assert app.said == ""
    text = read(app, "anatomy-of-an-llm.tex")
    exercise, sources, back, solution = map(
        text.index, ("What is half of 4", r"\section{Sources}", r"\chapter{Solutions}", "Two:")
    )
    assert exercise < sources < back < solution
    assert text.count("Two:") == 1
    there = re.search(r"\\solutionat\{(.*?)\}", text)
    assert exercise < there.start() < sources
    assert re.search(rf"\\solutiontitle\{{{there[1]}\}}.*Halve it", text, re.S).start() > back
    home = re.search(r"\\exerciseat\{(.*?)\}", text)[1]
    assert rf"\label{{{home}}}" in text


def code(*n_lines):
    return "\n\n".join("```python\n" + "x\n" * n + "```" for n in n_lines)


@needs_rsvg
@pytest.mark.parametrize(
    ("page", "rooms"),
    [
        (f"Words.\n\n{code(3, 60)}", ["5"]),  # what fits on no page is split
        (f"Words:\n\n{code(3)}", ["8"]),  # with the line that leads up to it
        (f"## Head\n\n{code(3)}", ["9"]),
    ],
)
def test_code_that_fits_on_a_page_asks_for_room(site, read, page, rooms):
    app = site({"index.md": f"# A\n\nWords.\n\n{page}\n"}, *EXTENSIONS, builder="latex", **CONFIG)
    text = read(app, "anatomy-of-an-llm.tex")
    assert re.findall(r"\\codeneeds\{(\d+)\}", text) == rooms
    if "Head" in page:
        assert text.index(r"\codeneeds") < text.index("{Head}")


@needs_rsvg
@pytest.mark.skipif(not (which("latexmk") and which("xelatex")), reason="needs TeX")
def test_it_sets_and_no_character_is_missing(built):
    command = ["latexmk", "-xelatex", "-halt-on-error", "-interaction=nonstopmode", "anatomy-of-an-llm.tex"]
    run = subprocess.run(
        command, cwd=built.outdir, capture_output=True, text=True, timeout=300, errors="replace"
    )
    log = (built.outdir / "anatomy-of-an-llm.log").read_text("utf-8", errors="replace")
    assert run.returncode == 0, [line for line in log.splitlines() if line.startswith("!")]
    missing = set(re.findall(r"Missing character: There is no (.)", log))
    assert missing <= {"猫"}  # where no font for Chinese is installed
    if which("pdffonts"):
        fonts = subprocess.run(
            ["pdffonts", built.outdir / "anatomy-of-an-llm.pdf"], capture_output=True, text=True
        )
        assert "AtlasText" in fonts.stdout
        assert "OldStandard" in fonts.stdout


@needs_rsvg
def test_columns_of_numbers_are_flush_right_and_as_wide_as_they_are_long(site, read):
    pages = {
        "index.md": "# A\n\n| what | how many |\n|---|---:|\n| b | 12 |\n\n"
        f"| c | d |\n|---|---|\n| e | {'words ' * 9}|\n| f | g |\n"
    }
    app = site(pages, *EXTENSIONS, builder="latex", **CONFIG)
    text = read(app, "anatomy-of-an-llm.tex")
    tables = re.findall(r"\\begin\{tabular\}\[t\]\{(.+)\}", text)
    columns = [re.findall(r">\{\\(left|right)cell\}p\{([\d.]+)\\linewidth\}", spec) for spec in tables]
    assert [[side for side, _ in found] for found in columns] == [["left", "right"], ["left", "left"]]
    (_, _), (short, long) = ([float(width) for _, width in found] for found in columns)
    assert short < 0.05 < 0.5 < long
    # room for head, rows and caption before each table
    assert re.findall(r"\\Needspace\{(\d+)\\baselineskip\}", text) == ["5", "6"]


@needs_rsvg
def test_a_work_that_two_chapters_cite_is_listed_once_and_both_find_it(site, read, tmp_path):
    (tmp_path / "source").mkdir()
    entry = "@book{%s, author={%s}, title={%s}, publisher={P}, year={2000}}\n"
    works = entry % ("zed", "Zed, Z.", "Last") + entry % ("abe", "Abe, A.", "First")
    (tmp_path / "source" / "works.bib").write_text(works)
    listed = "\n\n```{bibliography}\n:filter: docname in docnames\n```\n"
    pages = {
        "index.md": "# Book\n\n```{toctree}\na\nb\nreferences\n```\n",
        "a.md": "# A\n\n{cite:t}`zed`" + listed,
        "b.md": "# B\n\n{cite:t}`zed` {cite:t}`abe`" + listed,
        "references.md": "# References\n\n```{bibliography}\n:list: bullet\n```\n",
    }
    quiet = {"suppress_warnings": ["bibtex.duplicate_citation", "bibtex.duplicate_label"]}
    app = site(
        pages,
        *EXTENSIONS,
        "sphinxcontrib.bibtex",
        builder="latex",
        bibtex_bibfiles=["works.bib"],
        **CONFIG,
        **quiet,
    )
    assert app.said == ""
    text = read(app, "anatomy-of-an-llm.tex")
    items = re.findall(r"\\bibitem\[(\d)\]\{(.*?)\}(.*?)(?=\\bibitem|\\end\{sphinxthe)", text, re.S)
    assert [number for number, _, _ in items] == ["1", "2"]
    assert "First" in items[0][2]
    assert "Last" in items[1][2]
    assert "References" not in text
    targets = {f"cite.{name}" for _, name, _ in items} | set(re.findall(r"hypertarget\{(cite[^}]*)\}", text))
    assert set(re.findall(r"hyperlink\{(cite[^}]*)\}", text)) <= targets
