"""What stands round the article, worked by mouse, touch and keyboard: search, drawers, theme, contents, copying."""

import pytest

PAGE = "tokenization.html"
WIDE, NARROW = 1440, 390


def focused(page):
    return page.evaluate("document.activeElement.className + ' ' + (document.activeElement.name ?? '')")


def test_the_first_tab_leads_past_the_navigation(tab):
    page = tab(WIDE)
    page.goto(PAGE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_search_opens_by_key_and_by_button_and_closes(tab):
    page = tab(WIDE)
    page.goto(PAGE)
    dialog = page.locator("#pst-search-dialog")
    page.keyboard.press("Control+k")
    assert dialog.is_visible()
    assert focused(page).endswith(" q")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.locator(".search-button-field").click()
    assert dialog.is_visible()
    page.mouse.click(5, 5)
    assert not dialog.is_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("bytes")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results a")
    assert "search.html?q=bytes" in page.url


def test_words_that_were_searched_for_are_marked_and_only_then(tab):
    page = tab(WIDE)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{PAGE}?highlight=bytes")
    page.wait_for_selector("span.highlighted")
    assert page.problems == []
    requests.clear()
    page.goto(PAGE)
    page.wait_for_load_state("networkidle")
    assert not any("sphinx_highlight" in url for url in requests)


def test_the_chapters_are_in_a_drawer_on_a_phone(tab):
    page = tab(NARROW)
    page.goto(PAGE)
    link = page.locator("nav.bd-links a", has_text="Tokenization")
    in_sight = "e => e.getBoundingClientRect().right > 0"
    page.wait_for_timeout(500)  # the drawer slides
    assert not link.evaluate(in_sight)
    button = page.locator(".primary-toggle")
    button.click()
    page.wait_for_timeout(500)
    assert link.evaluate(in_sight)
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('.primary-toggle')")
    page.wait_for_timeout(500)
    assert not link.evaluate(in_sight)
    button.click()
    page.locator("nav.bd-links a", has_text="Glossary").click()
    page.wait_for_url("**/glossary.html")
    assert page.problems == []


def test_the_contents_are_in_a_drawer_on_a_phone_and_shut_when_followed(tab):
    page = tab(NARROW)
    page.goto(PAGE)
    page.locator(".secondary-toggle").click()
    page.locator("#pst-page-toc-nav a").nth(1).click()
    page.wait_for_function("location.hash.length > 1")
    assert not page.locator("dialog[open]").count()
    page.locator(".secondary-toggle").click()
    assert page.locator("#pst-page-toc-nav a").first.is_visible()


def test_the_chapters_can_be_put_away_on_a_wide_page(tab):
    page = tab(WIDE)
    page.goto(PAGE)
    chapters = page.locator("#pst-primary-sidebar")
    right = "e => e.getBoundingClientRect().right"
    shown = chapters.evaluate(right)
    page.locator(".primary-toggle").click()
    page.wait_for_timeout(600)
    assert not chapters.is_visible() or chapters.evaluate(right) < shown / 2
    page.locator(".primary-toggle").click()
    page.wait_for_timeout(600)
    assert chapters.evaluate(right) == shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_remembered_and_can_go_back_to_the_systems(tab, scheme):
    other = {"light": "dark", "dark": "light"}[scheme]
    page = tab(WIDE, scheme)
    page.goto(PAGE)
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == scheme
    page.locator(".theme-change-button").click()
    assert page.evaluate(theme) == other
    page.reload()
    assert page.evaluate(theme) == other
    page.locator(".theme-change-button").click()
    assert page.evaluate("document.documentElement.dataset.mode") == "auto"
    page.emulate_media(color_scheme=other)
    page.wait_for_function(f"{theme} === '{other}'")


def test_the_contents_say_what_is_being_read(tab):
    page = tab(WIDE)
    page.goto(PAGE)
    links = page.locator("#pst-page-toc-nav a")
    page.locator("article h2").nth(3).evaluate(
        "e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 80)"
    )
    page.wait_for_function("document.querySelectorAll('#pst-page-toc-nav a')[3].classList.contains('active')")
    assert links.nth(3).get_attribute("aria-current") == "true"
    assert page.locator("#pst-page-toc-nav a.active").count() == 1


def test_code_can_be_copied(tab):
    page = tab(WIDE, permissions=["clipboard-read", "clipboard-write"])
    page.goto(PAGE)
    block = page.locator("article .cell_input div.highlight").first
    block.hover()
    block.locator("button.copy").click()
    page.wait_for_selector("button.copy.done")
    said = page.evaluate("navigator.clipboard.readText()")
    assert said.strip() == block.locator("pre").text_content().strip()
    assert page.locator(".cell_output button.copy").count() == 0


def test_every_part_of_the_map_is_reached_by_keyboard(tab):
    page = tab(WIDE)
    page.goto("index.html")
    parts = page.locator("svg.wide a.organ")
    assert parts.count() >= 1
    parts.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: not address.endswith("index.html"))


@pytest.mark.parametrize(("width", "shown", "hidden"), [(WIDE, "wide", "tall"), (NARROW, "tall", "wide")])
def test_one_plate_is_shown_at_a_time(tab, width, shown, hidden):
    page = tab(width)
    page.goto("index.html")
    assert page.locator(f"svg.{shown}").is_visible()
    assert not page.locator(f"svg.{hidden}").is_visible()
