import pytest
from pybtex.style.formatting import plain

from anatomy.publishing.bibliography import Style

EXTENSIONS = ("myst_parser", "sphinxcontrib.bibtex", "anatomy.publishing.bibliography")
WORK = (
    "@article{curve,\n  author = {Ada Curve},\n  title = {%s},\n  journal = {Points},\n  year = {1901}\n}\n"
)
PAGES = {
    "index.md": "# Index\n\n{cite:t}`curve`.\n\n```{bibliography}\n```\n\n```{toctree}\na\n```\n",
    "a.md": "# A\n\n{cite:t}`curve`.\n\n```{bibliography}\n:list: bullet\n```\n",
}
CONFIG = {"bibtex_bibfiles": ["works.bib"], "bibtex_default_style": "once"}


@pytest.fixture
def formatted(monkeypatch):
    """The keys of the entries that pybtex formatted."""
    keys, whole = [], plain.Style.format_entry
    monkeypatch.setattr(Style, "formatted", {})

    def counted(self, label, entry, bib_data=None):
        keys.append(entry.key)
        return whole(self, label, entry, bib_data)

    monkeypatch.setattr(plain.Style, "format_entry", counted)
    return keys


def test_an_entry_is_formatted_once_for_all_lists_and_not_again_until_it_changes(site, read, formatted):
    theirs = CONFIG | {"bibtex_default_style": "plain"}
    page = read(site({**PAGES, "works.bib": WORK % "On lines"}, *EXTENSIONS, **theirs), "a.html")
    assert "On lines" in page
    assert len(formatted) > 2
    formatted.clear()
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert read(app, "a.html") == page
    assert formatted == ["curve"]
    Style.formatted.clear()  # as in a new process
    site({}, *EXTENSIONS, fresh=False, **CONFIG)
    assert formatted == ["curve"]
    app = site({"works.bib": WORK % "On points"}, *EXTENSIONS, fresh=False, **CONFIG)
    assert formatted == ["curve", "curve"]
    assert "On points" in read(app, "a.html")
    assert "On points" in read(app, "index.html")
