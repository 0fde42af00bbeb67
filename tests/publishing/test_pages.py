import json
import re
from xml.etree import ElementTree

import pytest

from anatomy.publishing import pages

EXTENSIONS = ("myst_parser", "anatomy.publishing.bundle", "anatomy.publishing.pages")
CONFIG = {
    "html_theme": "sphinx_book_theme",
    "project": "The Book",
    "author": "Its authors",
    "language": "en",
    "myst_enable_extensions": ["attrs_block"],
    "html_context": {"default_mode": "auto"},
}
PAGES = {
    "index.md": '---\nmyst:\n  html_meta:\n    description: "All of it, \\"here\\"."\n---\n# The Book\n\n'
    "```{toctree}\n:numbered:\nrope\nplain\n```\n",
    "rope.md": "# Rotary <positions> & *angles*\n\n{.hook}\nTurn </script> it.\n",
    "plain.md": "# Plain\n\nWords.\n",
}
BASE = "https://example.org/book/"


def tags(page):
    """The content of each named meta element."""
    from html import unescape

    found = {}
    for tag in re.findall(r"<meta [^>]*>", page):
        name, content = re.search(r'(?:name|property)="([^"]+)"', tag), re.search(r'content="([^"]*)"', tag)
        if name and content:
            assert name[1] not in found or name[1] == "viewport", f"{name[1]} is said twice"
            found[name[1]] = unescape(content[1])
    return found


def resource(page):
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_a_page_has_the_description_it_gives_itself(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert app.said == ""
    found = tags(read(app, "index.html"))
    assert found["description"] == found["og:description"] == 'All of it, "here".'
    assert found["og:type"] == "website"
    assert found["og:site_name"] == "The Book"
    assert "og:url" not in found


def test_else_its_hook_else_its_title(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert tags(read(app, "rope.html"))["description"] == "Turn </script> it."
    assert tags(read(app, "plain.html"))["description"] == "Plain: a page of The Book."


def test_a_chapter_is_a_learning_resource(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl=BASE)
    page = read(app, "rope.html")
    data = resource(page)
    assert data["@type"] == "LearningResource"
    assert data["name"] == tags(page)["og:title"] == "Rotary <positions> & angles"
    assert data["description"] == "Turn </script> it."
    assert data["position"] == 10
    assert data["url"] == tags(page)["og:url"] == BASE + "rope.html"
    assert data["isPartOf"] == {"@type": "Book", "name": "The Book", "url": BASE}
    assert f'<link rel="canonical" href="{BASE}rope.html"' in page
    assert "position" not in resource(read(app, "plain.html"))


def test_code_is_marked_for_every_translator(site, read):
    page = read(
        site(PAGES | {"plain.md": "# Plain\n\n`a`\n\n```python\nb\n```\n"}, *EXTENSIONS, **CONFIG),
        "plain.html",
    )
    assert page.count('notranslate"') == page.count('notranslate" translate="no"') == 2


def test_every_page_has_one_title(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_title="The Book")
    titles = {
        name: re.findall(r"<title>(.*?)</title>", read(app, f"{name}.html"))
        for name in ("index", "plain", "404", "search", "genindex")
    }
    assert titles == {
        "index": ["The Book"],
        "plain": ["2. Plain &#8212; The Book"],
        "404": ["Page not found &#8212; The Book"],
        "search": ["Search &#8212; The Book"],
        "genindex": ["Index &#8212; The Book"],
    }


def test_pages_that_are_no_documents_are_not_for_search_engines(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    for name in ("404.html", "search.html"):
        page = read(app, name)
        assert tags(page)["robots"] == "noindex"
        assert "ld+json" not in page
    assert "robots" not in tags(read(app, "rope.html"))


@pytest.mark.parametrize("base", ["", BASE])
def test_a_wrong_address_leads_back_from_any_depth(site, read, base):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl=base)
    page = read(app, "404.html")
    assert "<h1>Page not found</h1>" in page
    assert '<a href="index.html">' in page
    assert (f'<base href="{BASE}">' in page) == bool(base)
    if base:
        assert page.index("<base ") < page.index("_static/book.css")


def test_the_sitemap_lists_every_page_where_the_address_is_known(site):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl=BASE.rstrip("/"))
    sitemap = ElementTree.parse(app.outdir / "sitemap.xml")
    addresses = [element.text for element in sitemap.iter() if element.tag.endswith("loc")]
    assert addresses == [f"{BASE}{name}.html" for name in ("index", "plain", "rope")]
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert app.said == ""


def test_no_sitemap_where_it_is_not_known(site):
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert not (app.outdir / "sitemap.xml").exists()


def test_entries_of_a_bibliography_have_no_withdrawn_role(site, read):
    pages = {"index.rst": "Index\n=====\n\nAs in [A]_.\n\n.. [A] An entry.\n"}
    app = site(pages, "anatomy.publishing.bundle", "anatomy.publishing.pages", **CONFIG)
    page = read(app, "index.html")
    assert "An entry." in page
    assert "doc-biblioentry" not in page
    assert '<div role="list" class="citation-list">' not in page


def test_links_to_the_book_show_its_cover_where_the_address_is_known(site, read, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "cover.png").write_bytes(b"picture")
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl=BASE)
    assert tags(read(app, "rope.html"))["og:image"] == BASE + "_static/cover.png"
    assert (app.outdir / "_static" / "cover.png").read_bytes() == b"picture"


def test_code_keeps_the_marks_that_are_drawn_and_no_others(site, read):
    code = 'def turn(x):\n    """Once."""\n    return x[0] + 1.5  # round\n'
    app = site({"index.md": f"# Code\n\n```python\n{code}```\n"}, *EXTENSIONS, **CONFIG)
    (shown,) = re.findall(r"<pre>(.*?)</pre>", read(app, "index.html"), re.S)
    assert {"k", "nf", "sd", "c1"} <= set(re.findall(r'class="(\w+)"', shown)) <= set(pages.DRAWN)
    assert "".join(ElementTree.fromstring(f"<pre>{shown}</pre>").itertext()) == code
