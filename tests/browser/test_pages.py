"""Every built page against the book's contracts: anchors, figures, weight, accessibility, no foreign request."""

import gzip
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from anatomy.publishing.screenshots import wake
from anatomy.topics import BY_STEM

BOOK = Path(__file__).parents[2] / "book"
STEMS = list(BY_STEM)
WRITTEN = [stem for stem in STEMS if (BOOK / f"{stem}.md").exists()]
PAGES = sorted(path.stem for path in BOOK.glob("*.md"))
FIRST_LOAD = 120_000  # bytes, gzipped


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


def test_search_finds_a_chapter(tab):
    page = tab()
    page.goto("search.html?q=tokenization")
    page.wait_for_selector("#search-results a[href*='tokenization.html']")
    assert page.problems == []


def test_files_for_machines_are_there(built):
    assert "tokenization" in (built / "llms.txt").read_text("utf-8")
    assert len((built / "llms-full.txt").read_text("utf-8")) > 5_000
    assert (built / "404.html").exists()
