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
