"""What stands round the article, worked by mouse, touch and keyboard: search, drawers, theme, contents, copying."""

from io import BytesIO

import pytest
from PIL import Image

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


# how a browser refuses: no clipboard on plain HTTP, no permission, and then no copying by the older way either
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
NO_PERMISSION = (
    "navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
)
NO_COPYING = "document.execCommand = () => false"


@pytest.mark.parametrize("refusal", [NO_CLIPBOARD, NO_PERMISSION])
def test_code_is_copied_where_there_is_no_clipboard_interface(tab, refusal):
    page = tab(WIDE)
    page.add_init_script(refusal)
    page.goto(PAGE)
    block = page.locator("article .cell_input div.highlight").first
    block.locator("button.copy").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("button.copy.done")
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    pasted = page.locator("#pst-search-dialog input").input_value()
    assert "".join(pasted.split()) == "".join(block.locator("pre").text_content().split())
    assert page.problems == []


def test_code_that_cannot_be_copied_is_selected_and_the_button_says_what_to_press(tab):
    page = tab(WIDE)
    page.add_init_script(f"{NO_CLIPBOARD}; {NO_COPYING}")
    page.goto(PAGE)
    block = page.locator("article .cell_input div.highlight").first
    block.locator("button.copy").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('button.copy').textContent === 'Press Ctrl+C'")
    assert page.evaluate("getSelection().toString().trim()") == block.locator("pre").inner_text().strip()
    assert page.problems == []


@pytest.mark.parametrize(
    "anchor", ["constructor", "__proto__", "toString", "hasOwnProperty", "%", "%E0%A4%A", "nothing"]
)
@pytest.mark.parametrize("later", [False, True])
def test_the_index_stays_for_a_hash_that_names_nothing(tab, anchor, later):
    page = tab()
    page.goto("index.html" if later else f"index.html#{anchor}")
    if later:
        page.evaluate("anchor => { location.hash = anchor }", anchor)
    page.wait_for_load_state("networkidle")
    assert "/index.html" in page.url
    assert page.problems == []


def test_the_index_leads_on_when_its_hash_changes(tab):
    page = tab()
    page.goto("index.html")
    page.evaluate("() => { location.hash = 'embeddings' }")
    page.wait_for_url("**/embeddings.html#embeddings")


def colours(page, selector, *names):
    """Computed colours of the first element that a selector finds."""
    look = "([e, names]) => names.map(name => getComputedStyle(e)[name])"
    element = page.locator(selector).first
    return page.evaluate(look, [element.element_handle(), list(names)])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_can_be_seen_in_forced_colours(tab, live, scheme):
    """Where the system decides every colour, what a background said must be said by one of the system's."""
    page = tab(WIDE, scheme, forced_colors="active")
    page.goto(PAGE)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    (ground,) = colours(page, "body", "backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(0, 0, 0)"}[scheme]
    icons = page.locator(".fa-solid:visible")
    assert icons.count() >= 3
    for icon in icons.all():
        assert icon.evaluate("e => getComputedStyle(e).backgroundColor") != ground
    pressed = colours(page, "token-explorer button[aria-pressed=true]", "backgroundColor", "color")
    others = colours(page, "token-explorer button[aria-pressed=false]", "backgroundColor", "color")
    assert pressed[0] != others[0]
    picture = Image.open(
        BytesIO(page.locator("token-explorer button[aria-pressed=true]").screenshot())
    ).convert("L")
    width, height = picture.size
    word = picture.crop((width // 5, height // 4, width * 4 // 5, height * 3 // 4)).histogram()
    assert min(sum(word[:80]), sum(word[-80:])) > 20, "the word on the pressed button cannot be read"
    here, away = (
        colours(page, f"nav.bd-links li{kind} > a", "borderLeftColor")
        for kind in (".current", ":not(.current)")
    )
    assert here != away
    page.locator("article h2").nth(3).evaluate(
        "e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 80)"
    )
    page.wait_for_selector("#pst-page-toc-nav a.active", state="attached")
    assert colours(page, "#pst-page-toc-nav a.active", "borderLeftColor") != colours(
        page, "#pst-page-toc-nav a:not(.active)", "borderLeftColor"
    )
    badge = "e => getComputedStyle(e, '::before').backgroundColor"
    assert page.locator(".badge[data-provenance=tokenizer]").first.evaluate(badge) != ground

    assert page.problems == []

    page = tab(WIDE, scheme, forced_colors="active")
    page.goto("logits-and-sampling.html")
    figure = live(page, "logits-and-sampling-temperature")
    track = figure.locator(".noUi-target").first.evaluate("e => getComputedStyle(e).backgroundColor")
    handle = figure.locator(".noUi-handle").first.evaluate("e => getComputedStyle(e).borderTopColor")
    assert ground not in (track, handle)
    assert page.problems == []


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_forced_colours_bring_the_inks_that_suit_the_systems_ground(tab, chosen):
    page = tab(WIDE, {"light": "dark", "dark": "light"}[chosen], forced_colors="active")
    page.add_init_script(f"localStorage.setItem('mode', '{chosen}')")
    page.goto(PAGE)
    assert page.evaluate("document.documentElement.dataset.theme") != chosen
    assert not page.locator(".theme-change-button").first.is_visible()


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
