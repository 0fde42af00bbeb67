import gzip
import re
from pathlib import Path

import pytest
import tinycss2

from anatomy.figures.theme import INKS, MEANINGS, contrast, wash
from anatomy.publishing import bundle

EXTENSIONS = ("myst_parser", "anatomy.publishing.bundle")
CONFIG = {
    "html_theme": "sphinx_book_theme",
    "html_context": {"default_mode": "auto"},
    "html_sidebars": {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html"]},
}
PAGES = {
    "index.md": "# Index\n\n```python\nx = 1\n```\n\n```{toctree}\na\n```\n",
    "a.md": "# A\n\n## B\n\n| c |\n|---|\n| d |\n",
}


def test_only_rules_that_a_page_can_use_are_kept():
    css = """
    .there, .gone { color: red }  .gone { color: blue }  #here > p:hover { x: y }  nav a.gone { x: y }
    p:not(.gone) { x: y }  @media print { .gone { x: y } .there { x: y } }  @media screen { .gone { x: y } }
    @font-face { font-family: "Font Awesome 6" }  .w-1\\.5 { x: y }
    """
    names = bundle.names_on(['<p class="there w-1.5"><i id="here"></i></p>'])
    assert bundle.purge(css, names).replace(" ", "") == (
        ".there{color:red}#here>p:hover{x:y}p:not(.gone){x:y}@mediaprint{.there{x:y}}.w-1\\.5{x:y}"
    )


@pytest.mark.parametrize(
    "script",
    [
        'box.classList.add("later")',
        "box.classList.toggle('later', on)",
        "box.className = `later ${state}`",
        'box.innerHTML = "<p class=\\"later\\">"',
        'const name = on ? "later" : ""',
    ],
)
def test_a_class_that_a_script_adds_survives(script):
    css = ".later{color:red}.never{color:red}"
    assert ".later{" in bundle.purge(css, bundle.names_in([script]))
    assert ".never" not in bundle.purge(css, bundle.names_in([script]))


def test_a_data_attribute_must_be_on_a_page_or_set_by_a_script():
    css = "[data-bs-theme=dark]{x:y}.a[data-theme=dark]{x:y}[data-later]{x:y}:not([data-bs-theme]){x:y}"
    names = bundle.names_on(['<p class="a" data-theme="auto">']) | bundle.names_in(["box.dataset.later = 1"])
    kept = bundle.purge(css, names)
    assert kept == ".a[data-theme=dark]{x:y}[data-later]{x:y}:not([data-bs-theme]){x:y}"
    assert "data-bs-theme" in bundle.names_in(["html.dataset.bsTheme = mode"])


def test_every_class_that_our_scripts_set_is_seen():
    """Found another way: by the calls that set classes, not by their strings."""
    scripts = {path.name: path.read_text("utf-8") for path in bundle.STATIC.glob("**/*.js")}
    setting = re.compile(r"""(?:classList\.(?:add|toggle|replace)\(|className\s*=\s*)["'`]([\w -]+)["'`]""")
    set_somewhere = {
        name for text in scripts.values() for found in setting.findall(text) for name in found.split()
    }
    assert {"copy", "done", "scrolled", "hide", "live"} <= set_somewhere
    assert set_somewhere <= bundle.names_in(scripts.values())


def test_the_stylesheet_is_made_anew_when_what_it_is_made_of_changes_and_only_then(site, monkeypatch):
    made, whole = [], bundle.stylesheet
    monkeypatch.setattr(bundle, "stylesheet", lambda *texts: made.append(1) or whole(*texts))
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    site({}, *EXTENSIONS, fresh=False, **CONFIG)
    assert len(made) == 1
    site({"a.md": "# A\n\n- b\n"}, *EXTENSIONS, fresh=False, **CONFIG)
    assert len(made) == 2
    (app.outdir / "_static" / "book.css").unlink()
    site({}, *EXTENSIONS, fresh=False, **CONFIG)
    assert len(made) == 3
    monkeypatch.setattr(bundle, "COMMON", "U+0041")
    site({}, *EXTENSIONS, fresh=False, **CONFIG)
    assert len(made) == 4


def test_custom_properties_that_nothing_reads_go_with_those_that_only_they_read():
    css = "a{--x:1;--y:var(--x);--z:3;color:var(--z)}b{--y:2}"
    assert bundle.without_unread(css) == "a{--z:3;color:var(--z)}"
    assert "--x:1" in bundle.without_unread(css, "var(--y)")


def test_idle_keyframes_go():
    css = "@keyframes spin{0%{x:y}to{x:y}}@keyframes idle{0%{x:y}to{x:y}}a{animation:spin 1s}"
    assert bundle.without_unread(css) == "@keyframes spin{0%{x:y}to{x:y}}a{animation:spin 1s}"


def test_the_inks_come_from_the_theme_of_the_figures():
    css = bundle.inks_css()
    light, dark, unscripted = re.findall(r"color-scheme:(?:light|dark);([^}]*)", css)
    assert unscripted == dark
    for mode, text in enumerate((light, dark)):
        values = dict(pair.split(":") for pair in text.split(";"))
        assert values == {f"--{n}": pair[mode] for n, pair in INKS.items()} | {
            f"--{n}-wash": wash(n, mode) for n in MEANINGS
        }


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_what_they_stand_on(mode):
    paper, tint, ink = (INKS[name][mode] for name in ("paper", "tint", "ink"))
    for name in ("ink", "muted", "grey", *MEANINGS):
        assert contrast(INKS[name][mode], paper) >= 4.5, name
    for name in ("ink", "muted"):
        assert contrast(INKS[name][mode], tint) >= 4.5, name
    for name in MEANINGS:
        assert contrast(ink, wash(name, mode)) >= 4.5, name


def test_our_stylesheets_are_well_formed_and_use_only_what_is_defined():
    sources = "".join((bundle.STATIC / "css" / f"{name}.css").read_text("utf-8") for name in bundle.OUR_CSS)
    errors = [rule for rule in tinycss2.parse_stylesheet(sources) if rule.type == "error"]
    assert errors == []
    defined = set(re.findall(r"(--[\w-]+)\s*:", sources + bundle.inks_css()))
    set_on_elements = {"--c", "--h", "--hn"}  # by bokeh_figures, in style attributes
    assert set(re.findall(r"var\((--[\w-]+)\)", sources)) - defined <= set_on_elements
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^(]*\))", re.sub(r"#[a-z][\w-]*", "", sources)), (
        "a colour that is no ink"
    )


def test_every_stylesheet_of_ours_is_in_the_bundle():
    assert {path.stem for path in (bundle.STATIC / "css").glob("*.css")} == set(bundle.OUR_CSS)


def test_every_font_that_is_named_is_there():
    named = re.findall(
        r"url\(fonts/([\w-]+\.woff2)\)", (bundle.STATIC / "css" / "type.css").read_text("utf-8")
    )
    assert sorted(named) == sorted(path.name for path in (bundle.STATIC / "fonts").glob("*.woff2"))


@pytest.fixture
def built(site):
    app = site(PAGES, *EXTENSIONS, **CONFIG)
    assert app.said == ""
    return app


def test_pages_link_one_stylesheet_and_one_script(built, read):
    for name in ("index.html", "a.html"):
        page = read(built, name)
        assert re.findall(r'<link rel="stylesheet"[^>]*href="([^"]+)"', page) == ["_static/book.css"]
        assert re.findall(r'<script[^>]*\bsrc="([^"]+)"', page) == ["_static/book.js"]
        assert "DOCUMENTATION_OPTIONS" not in page
        assert not re.search(r'(?:src|href)="(?:https?:)?//(?!www\.sphinx-doc)', page)


def test_the_search_page_has_what_sphinx_searches_with_in_order(built, read):
    scripts = re.findall(r'<script[^>]*\bsrc="([^"]+)"', read(built, "search.html"))
    order = [
        "documentation_options",
        "doctools",
        "search",
        "book",
        "searchtools",
        "language_data",
        "searchindex",
    ]
    assert [Path(script.partition("?")[0]).stem for script in scripts] == order


def test_a_script_of_a_page_of_its_own_stays(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_js_files=["own.js"], html_css_files=["own.css"])
    page = read(app, "a.html")
    assert 'src="_static/own.js' in page
    assert 'href="_static/own.css' in page


def test_the_files_are_written_small_and_whole(built):
    static = built.outdir / "_static"
    css, js = (static / "book.css").read_text("utf-8"), (static / "book.js").read_text("utf-8")
    assert not [rule for rule in tinycss2.parse_stylesheet(css) if rule.type == "error"]
    assert css.startswith("@layer theme{")
    assert not re.search(r"@font-face\{[^}]*Awesome", css)
    assert ".bd-sidebar-primary" in css
    assert ".pst-sidebar-hidden" in css
    assert css.count("unicode-range:U+") == 6
    assert css.count("{") == css.count("}")
    assert len(gzip.compress(css.encode())) < 18_000
    assert len(gzip.compress(js.encode())) < 4_000
    assert {path.name for path in (static / "fonts").iterdir()} >= {
        "atlas-text-regular.woff2",
        "old-standard-LICENSE.txt",
    }
    assert (static / "favicon.svg").exists()


def test_the_build_is_the_same_twice(site):
    texts = []
    for _ in range(2):
        app = site(PAGES, *EXTENSIONS, **CONFIG)
        texts.append([(app.outdir / "_static" / name).read_bytes() for name in ("book.css", "book.js")])
    assert texts[0] == texts[1]


def test_the_epub_has_a_stylesheet_in_the_inks(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, builder="epub", version="1", copyright="x")
    assert app.said == ""
    assert "_static/book.css" in read(app, "a.xhtml")
    assert f".w-query {{ color: {INKS['query'][0]} }}" in read(app, "_static/book.css")
    assert "_static/book.css" in read(app, "content.opf")
