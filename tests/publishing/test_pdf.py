import re
import subprocess
from shutil import which

import pytest

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
    assert {"atlas.sty", "inks.sty", "model-map.pdf"} <= names
    assert {path.name for path in pdf.HERE.glob("fonts/*.ttf")} <= names


def test_the_inks_are_those_of_the_figures():
    text = pdf.inks_tex()
    for name, (light, _) in INKS.items():
        assert rf"\definecolor{{{name}}}{{HTML}}{{{light[1:].upper()}}}" in text
    for name in MEANINGS:
        assert rf"DUrolew-{name}\endcsname" in text


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
def test_columns_of_numbers_are_flush_right_and_long_ones_are_broken(site, read):
    pages = {
        "index.md": "# A\n\n| what | how many |\n|---|---:|\n| b | 12 |\n\n"
        f"| c | d |\n|---|---|\n| e | {'words ' * 9}|\n| f | g |\n"
    }
    app = site(pages, *EXTENSIONS, builder="latex", **CONFIG)
    text = read(app, "anatomy-of-an-llm.tex")
    assert re.findall(r"\\begin\{tabular(?:y\}\{\\linewidth)?\}\[t\]\{(\w+)\}", text) == ["lr", "lL"]
    # room for head, rows and caption before each table
    assert re.findall(r"\\needspace\{(\d+)\\baselineskip\}", text) == ["5", "6"]


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
