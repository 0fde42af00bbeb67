import re
import zipfile

PAGES = {
    "index.md": "# Book\n\n```{toctree}\nplain\nformula\n```\n",
    "plain.md": "# Plain\n\nWords.\n",
    "formula.md": "# Formula\n\n$a < b$\n",
}
CONFIG = {
    "html_math_renderer": "mathml",
    "myst_enable_extensions": ["dollarmath"],
    "epub_basename": "book",
    "version": "1",
    "copyright": "nobody",
}


def test_chapters_with_formulas_are_declared_and_every_file_is_listed(site):
    extensions = ("myst_nb", "anatomy.publishing.mathml", "anatomy.publishing.epub")
    app = site(PAGES, *extensions, builder="epub", **CONFIG)
    assert app.said == ""
    with zipfile.ZipFile(app.outdir / "book.epub") as book:
        manifest = book.read("content.opf").decode()
        names = set(book.namelist())
    items = dict(re.findall(r'<item id="[^"]*" href="([^"]+)" media-type="[^"]+"([^/]*)/>', manifest))
    assert 'properties="mathml"' in items["formula.xhtml"]
    assert items["plain.xhtml"].strip() == ""
    assert set(items) <= names
    assert not [name for name in names if "mystnb" in name]
