import re
import zipfile
from shutil import which

import pytest

PAGES = {
    "index.md": """---
myst:
  html_meta:
    description: "All & everything."
---
# Book

{.hook}
Read it.

```{toctree}
:hidden:
:numbered:
:maxdepth: 2

plain
formula
```

```{toctree}
:hidden:
:maxdepth: 2

about
```
""",
    "plain.md": "# Plain\n\nWords.\n\n## First\n\nMore.\n",
    "formula.md": "# Formula\n\n$a < b$\n",
    "about.md": "# About\n\n## Licences\n\nFree.\n",
}
CONFIG = {
    "html_math_renderer": "mathml",
    "myst_enable_extensions": ["attrs_block", "dollarmath"],
    "epub_basename": "book",
    "epub_identifier": "urn:uuid:333e7b5f-e554-5499-af93-5265e61f633e",
    "epub_uid": "book",
    "epub_tocscope": "includehidden",
    "epub_tocdup": False,
    "version": "1",
    "copyright": "nobody",
}
EXTENSIONS = ("myst_nb", "anatomy.publishing.mathml", "anatomy.publishing.epub")


@pytest.fixture
def built(site):
    app = site(PAGES, *EXTENSIONS, builder="epub", **CONFIG)
    assert app.said == ""
    return app


def test_chapters_with_formulas_are_declared_and_every_file_is_listed(built):
    with zipfile.ZipFile(built.outdir / "book.epub") as book:
        manifest = book.read("content.opf").decode()
        names = set(book.namelist())
    items = dict(re.findall(r'<item id="[^"]*" href="([^"]+)" media-type="[^"]+"([^/]*)/>', manifest))
    assert 'properties="mathml"' in items["formula.xhtml"]
    assert items["plain.xhtml"].strip() == ""
    assert set(items) <= names
    assert not [name for name in names if "mystnb" in name]


CONTENTS = ["Book", "1 Plain", "1.1 First", "2 Formula", "About", "Licences"]


def test_both_contents_hold_every_page_and_section_with_its_number(built, read):
    nav = re.findall(r'<a href="([^"]+)">([^<]+)</a>', read(built, "nav.xhtml"))
    assert [text for _, text in nav] == CONTENTS
    assert re.findall(r"<navLabel>\s*<text>([^<]+)<", read(built, "toc.ncx")) == CONTENTS
    for address, _ in nav:
        page, _, anchor = address.partition("#")
        assert not anchor or f'id="{anchor}"' in read(built, page)


def test_the_book_says_what_it_is(built, read):
    opf = read(built, "content.opf")
    assert "<dc:description>All &amp; everything.</dc:description>" in opf
    assert "unknown" not in opf
    identifier = CONFIG["epub_identifier"]
    assert f'<dc:identifier id="book">{identifier}</dc:identifier>' in opf
    assert f'<meta name="dtb:uid" content="{identifier}"/>' in read(built, "toc.ncx")
    assert '<meta property="schema:accessModeSufficient">textual</meta>' in opf
    assert ' lang="en" xml:lang="en">' in read(built, "plain.xhtml")


def test_the_type_comes_with_its_licences(built):
    with zipfile.ZipFile(built.outdir / "book.epub") as book:
        manifest, names = book.read("content.opf").decode(), book.namelist()
    assert 'href="_static/fonts/atlas-text-regular.ttf" media-type="font/ttf"' in manifest
    assert [name for name in names if name.endswith("LICENSE.txt")]


@pytest.mark.skipif(not which("rsvg-convert"), reason="needs rsvg-convert")
def test_the_cover_is_a_page_and_a_picture_that_catalogues_find(site, read):
    cover = {"epub_cover": ("_static/cover.png", "epub-cover.html")}
    app = site(PAGES, *EXTENSIONS, builder="epub", **CONFIG, **cover)
    assert app.said == ""
    opf = read(app, "content.opf")
    (item,) = re.findall(r'<item id="([^"]+)" href="_static/cover.png"[^>]*properties="cover-image"', opf)
    assert f'<meta name="cover" content="{item}"/>' in opf
    assert 'src="_static/cover.png"' in read(app, "epub-cover.xhtml")
    png = (app.outdir / "_static" / "cover.png").read_bytes()
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (1200, 1800)
