"""Every built page against the book's contracts: anchors, figures, weight, accessibility, no foreign request."""

import gzip
import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from anatomy.publishing.make_fonts import DISPLAY
from anatomy.publishing.screenshots import wake
from anatomy.topics import BY_STEM

BOOK = Path(__file__).parents[2] / "book"
STEMS = list(BY_STEM)
WRITTEN = [stem for stem in STEMS if (BOOK / f"{stem}.md").exists()]
PAGES = sorted(path.stem for path in BOOK.glob("*.md"))
FIRST_LOAD = 95_000  # bytes, gzipped


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(name, width, scheme, tab):
    page = tab(width, scheme)
    page.goto(f"{name}.html")
    wake(page)
    assert page.problems == []
    states = page.eval_on_selector_all(".anatomy-figure[data-state]", "all => all.map(f => f.dataset.state)")
    assert set(states) <= {"live"}
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px at {width}"


@pytest.mark.parametrize("name", PAGES)
def test_markup_follows_the_contracts(name, built):
    html = (built / f"{name}.html").read_text("utf-8")
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    for figure in re.findall(r'<figure class="anatomy-figure".*?</figure>', html, re.S):
        assert re.search(rf'id="fig-{name}-[a-z0-9-]+"', figure)
        assert re.search(r'data-provenance="(toy|trained|tokenizer|real)"', figure)
        assert re.search(r'alt="[^"]{20,}"', figure) or "token-explorer" in figure
        assert "<figcaption>" in figure
        assert '<details class="figure-data"><summary>Data</summary>' in figure or "token-explorer" in figure
    assert not re.search(r'<(script|link|img|source|iframe)[^>]+(src|href|srcset)="(https?:)?//', html)
    assert '<meta name="description"' in html or 'name="description"' in html
    assert 'property="og:title"' in html
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    assert json.loads(data)["@context"] == "https://schema.org"


@pytest.mark.parametrize("name", ["index", *WRITTEN])
def test_first_load_is_light(name, tab):
    page = tab(412)
    sizes = {}
    page.on("response", lambda response: sizes.setdefault(response.url, response))
    page.goto(f"{name}.html", wait_until="networkidle")
    packed = (".woff2", ".png", ".gz")
    weights = {
        url.rpartition("/")[2]: len(
            body if url.partition("?")[0].endswith(packed) else gzip.compress(body, 6)
        )
        for url, body in ((url, response.body()) for url, response in list(sizes.items()))
    }
    total = sum(weights.values())
    print(f"{name}: {total:,} bytes gzipped", weights)
    assert total <= FIRST_LOAD, weights
    assert not any("bokeh" in url for url in weights), "BokehJS must wait for intent"


@pytest.mark.parametrize("stem", STEMS)
def test_the_index_leads_to_every_chapter_and_alias(stem, tab):
    organ = BY_STEM[stem]
    for anchor in (stem, *organ.aliases):
        plain = tab(java_script_enabled=False)
        plain.goto(f"index.html#{anchor}")
        assert plain.locator(f"#{anchor}").count() == 1
        if stem in WRITTEN:
            page = tab()
            page.goto(f"index.html#{anchor}")
            page.wait_for_url(f"**/{stem}.html#{anchor}")
            assert page.locator(f"#{anchor}").count() == 1
            assert plain.locator(f'a[href^="{stem}.html"]').count() >= 1


@pytest.mark.parametrize("name", PAGES)
def test_titles_and_labels_are_set_in_their_own_type(name, tab):
    page = tab()
    page.goto(f"{name}.html")
    set_in_it = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
        .filter(e => getComputedStyle(e).fontFamily.startsWith('"Old Standard"'))
        .flatMap(e => [...e.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data)).join(" ")"""
    )
    ranges = [part[2:].split("-") for part in DISPLAY.split(",")]
    held = {
        chr(i) for first, *last in ranges for i in range(int(first, 16), int((last or [first])[0], 16) + 1)
    }
    assert len(set_in_it) > 20
    assert {sign for sign in set_in_it if not sign.isspace()} - held == set()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_chapter_works_from_files(name, tab, built):
    page = tab()
    page.goto((built / f"{name}.html").as_uri())
    wake(page)
    # Chromium refuses preloads from files and says so; the stylesheet's own request for the font succeeds
    assert [problem for problem in page.problems if ".woff2" not in problem] == []
    assert page.evaluate("document.fonts.check('17px \"Old Standard\"')")
    states = page.eval_on_selector_all(".anatomy-figure[data-state]", "all => all.map(f => f.dataset.state)")
    assert set(states) <= {"live"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_chapter_reads_without_javascript(name, scheme, tab):
    page = tab(scheme=scheme, java_script_enabled=False)
    page.goto(f"{name}.html")
    pictures = page.locator(f".anatomy-figure .in-{scheme} img:visible")
    assert pictures.count() == page.locator(".anatomy-figure img:visible").count()
    assert pictures.count() == page.locator(".anatomy-figure[data-item]").count()
    assert page.locator("details.figure-data").count() > 0
    ground = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == {"light": "rgb(251, 251, 248)", "dark": "rgb(20, 24, 29)"}[scheme]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_control_has_a_name(name, tab):
    page = tab()
    page.goto(f"{name}.html")
    wake(page)
    controls = page.locator(".anatomy-figure .live").get_by_role("slider").all()
    controls += page.locator(".anatomy-figure .live").get_by_role("combobox").all()
    controls += page.locator(".anatomy-figure .live").get_by_role("button").all()
    for control in controls:
        said = control.evaluate(
            "e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || e.title"
        )
        assert said.strip(), control.evaluate("e => e.outerHTML")


def test_the_theme_follows_the_button_and_figures_with_it(tab, live):
    page = tab()
    page.goto(f"{WRITTEN[0]}.html")
    name = page.locator(".anatomy-figure[data-item]").first.get_attribute("id").removeprefix("fig-")
    figure = live(page, name)
    axis = """figure => { for (const m of figure.bokehDocument.all_models) if (m.type.endsWith("Axis"))
      return m.major_label_text_color }"""
    before = figure.evaluate(axis)
    page.locator("button.theme-change-button:visible").first.click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_timeout(200)
    assert (before, figure.evaluate(axis)) == ("#1c2530", "#e6e8e4")
    page.locator("button.theme-change-button:visible").first.click()
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    page.wait_for_timeout(200)
    assert figure.evaluate(axis) == "#1c2530"


def test_a_figure_that_cannot_draw_keeps_its_picture(tab):
    page = tab()
    page.route("**/bokeh/*.js", lambda route: route.abort())
    page.goto(f"{WRITTEN[0]}.html")
    figure = page.locator(".anatomy-figure[data-item]").first
    figure.scroll_into_view_if_needed()
    page.keyboard.press("Shift")
    page.wait_for_function("document.querySelector('.anatomy-figure[data-item]').dataset.state === 'failed'")
    assert figure.locator("img:visible").count() == 1


@pytest.mark.parametrize(
    "dropped",
    [
        "**/figures/live.js",
        "**/bokeh/bokeh-3*.js",
        "**/bokeh/bokeh-widgets-*.js",
        f"**/figures/{WRITTEN[0]}-*.js*",
    ],
)
def test_a_figure_whose_scripts_were_dropped_is_tried_again(tab, dropped):
    page = tab()
    page.route(dropped, lambda route: route.abort(), times=1)
    page.goto(f"{WRITTEN[0]}.html")
    figure = page.locator(".anatomy-figure[data-item]").first
    figure.scroll_into_view_if_needed()
    page.keyboard.press("Shift")
    page.wait_for_function("document.querySelector('.anatomy-figure[data-item]').dataset.state === 'failed'")
    for _ in range(100):
        page.wait_for_timeout(100)
        page.keyboard.press("Shift")
        if figure.get_attribute("data-state") == "live":
            break
    assert figure.get_attribute("data-state") == "live"


def test_a_figure_that_fails_again_and_again_asks_ever_less_often(tab):
    page = tab()
    asked = []
    page.route("**/figures/live.js", lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(f"{WRITTEN[0]}.html")
    page.locator(".anatomy-figure[data-item]").first.scroll_into_view_if_needed()
    for _ in range(60):
        page.keyboard.press("Shift")
        page.wait_for_timeout(50)
    assert 2 <= len(asked) <= 4


@pytest.mark.parametrize("name", PAGES)
def test_text_twice_as_large_fits_a_phone(name, tab):
    page = tab(390)
    page.goto(f"{name}.html")
    page.add_style_tag(content="html { font-size: 200% !important }")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, page.evaluate(
        """[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
          .map(e => e.tagName + "." + e.className).slice(0, 12)"""
    )


def test_text_is_as_large_as_the_reader_has_set(tab):
    page = tab()
    page.goto("about.html")
    size = page.evaluate(
        """() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
          .filter(rule => rule.selectorText === "html" && rule.style.fontSize).map(rule => rule.style.fontSize)"""
    )
    assert size
    assert all(value.endswith("%") for value in size)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "17px"


def test_every_page_has_a_title_of_its_own(built):
    titles = {
        page.name: re.search(r"<title>(.*?)</title>", page.read_text("utf-8"), re.S)[1]
        for page in built.glob("*.html")
    }
    assert titles["index.html"] == "The Anatomy of an LLM"
    assert titles["404.html"] == "Page not found &#8212; The Anatomy of an LLM"
    assert titles["search.html"] == "Search &#8212; The Anatomy of an LLM"
    assert len(set(titles.values())) == len(titles)
    for name, title in titles.items():
        assert title.count("The Anatomy of an LLM") == 1, name
        description = re.search(r'name="description" content="([^"]*)"', (built / name).read_text("utf-8"))
        assert description is None or not description[1].startswith(":"), name


@pytest.mark.parametrize("name", WRITTEN)
def test_a_finger_on_a_plot_moves_the_page(name, tab, live):
    page = tab(390, has_touch=True, is_mobile=True)
    page.goto(f"{name}.html")
    figure = page.locator(".anatomy-figure[data-item]").first
    live(page, figure.get_attribute("id").removeprefix("fig-"))
    page.evaluate("document.querySelector('.anatomy-figure .live').scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    before = page.evaluate("scrollY")
    box = figure.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)

    def touch(kind, *points):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})
        page.wait_for_timeout(20)

    touch("touchStart", {"x": x, "y": y})
    for moved in range(20, 221, 20):
        touch("touchMove", {"x": x, "y": y - moved})
    touch("touchEnd")
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") - before > 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_can_be_scrolled_sideways_shows_it(scheme, tab):
    """A line at the edge where there is more, none where there is not."""
    page = tab(390, scheme)
    page.goto("logits-and-sampling.html")
    boxes = page.locator(".pst-scrollable-table-container, div.math, article pre")
    seen = set()
    for box in boxes.all():
        more = box.evaluate("e => e.scrollWidth > e.clientWidth + 1")
        if more in seen or not box.is_visible():
            continue
        seen.add(more)
        box.scroll_into_view_if_needed()
        edge = [edge_of(box)]
        box.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
        edge.append(edge_of(box))
        assert edge == [more, False]
    assert seen == {True, False}


def edge_of(box):
    """Whether the right edge of a box is a line, most of its height."""
    picture = Image.open(BytesIO(box.screenshot())).convert("L")
    width, height = picture.size
    edge = [picture.getpixel((width - 1, y)) for y in range(height)]
    inside = [picture.getpixel((width - 6, y)) for y in range(height)]
    return sum(abs(a - b) > 40 for a, b in zip(edge, inside, strict=True)) > height * 0.6


def test_a_translator_is_told_what_is_no_prose(built):
    for name in PAGES:
        html = (built / f"{name}.html").read_text("utf-8")
        for tag in re.findall(r'<[^>]*class="[^"]*\bnotranslate\b[^>]*>|<[^>]*class="chips"[^>]*>', html):
            assert 'translate="no"' in tag


def test_search_finds_a_chapter(tab):
    page = tab()
    page.goto("search.html?q=tokenization")
    page.wait_for_selector("#search-results a[href*='tokenization.html']")
    assert page.problems == []


def test_files_for_machines_are_there(built):
    assert "tokenization" in (built / "llms.txt").read_text("utf-8")
    assert len((built / "llms-full.txt").read_text("utf-8")) > 5_000
    assert (built / "404.html").exists()
