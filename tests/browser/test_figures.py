"""What every interactive figure must do, on every page: see CONTRIBUTING, Figures."""

import re
from html import unescape
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
PAGES = sorted(path.stem for path in BOOK.glob("*.md") if "{code-cell}" in path.read_text("utf-8"))
CONTROLS = "[role=slider], select, .bk-btn, input:not([type=hidden])"


@pytest.fixture
def figures(tab, live):
    """figures(page, width) -> every figure of a page, awake, in order."""

    def go(name, width, height=900, script=None):
        page = tab(width)
        if script:
            page.add_init_script(script)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{name}.html")
        ids = page.locator(".anatomy-figure[data-state]").evaluate_all("all => all.map(f => f.id)")
        awake = [live(page, identity.removeprefix("fig-")) for identity in ids]
        assert page.problems == []
        return awake

    return go


def controls_of(figure):
    return [control for control in figure.locator(CONTROLS).all() if control.is_visible()]


@pytest.mark.parametrize("page", PAGES)
def test_control_and_effect_fit_one_phone_screen(figures, page):
    heights = {
        figure.get_attribute("id"): figure.locator(".stage").bounding_box()["height"]
        for figure in figures(page, 390, 700)
        if controls_of(figure)
    }
    assert {name: round(height) for name, height in heights.items() if height > 700} == {}


@pytest.mark.parametrize("page", PAGES)
def test_plots_have_words_and_controls_have_names(figures, page):
    for figure in figures(page, 1280):
        alt = figure.locator("picture img").first.get_attribute("alt")
        plots = figure.locator("[role=img]")
        assert plots.count() >= 1
        assert {plot.get_attribute("aria-label") for plot in plots.all()} == {alt}
        assert figure.locator(".live [tabindex='0']:not([role=slider])").count() == 0
        for control in controls_of(figure):
            named = control.evaluate("c => c.ariaLabel || c.labels?.[0]?.textContent || c.textContent")
            assert named.strip(), control.evaluate("c => c.outerHTML")


@pytest.mark.parametrize("page", PAGES)
def test_each_control_changes_what_is_shown_and_said(figures, page):
    for figure in figures(page, 1280):
        for place, control in enumerate(controls_of(figure)):
            if not control.is_visible() or control.is_disabled() or control.evaluate(CHOSEN):
                continue
            shown = figure.evaluate(STATE)
            moved = False
            for key in keys_for(control):
                figure.press(control, key)
                moved = figure.evaluate(STATE) != shown
                if moved:
                    break
            identity = f"{figure.get_attribute('id')}, control {place}"
            assert moved, f"{identity} changes nothing"
            assert figure.locator(".said").text_content().strip(), f"{identity} says nothing"


@pytest.mark.parametrize("page", PAGES)
def test_a_picture_says_what_its_figure_says_first(figures, built, page):
    for figure in figures(page, 1280):
        name = figure.get_attribute("id").removeprefix("fig-")
        shown = {line.strip() for text in figure.evaluate(WORDS) for line in text.split("\n")} - {""}
        for tail in ("", "-narrow"):
            picture = (built / f"_static/figures/{name}{tail}.svg").read_text("utf-8")
            said = {unescape(text).strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)}
            assert shown <= said, name + tail


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_no_word_runs_out_of_its_plot_in_any_state(figures, page, width):
    for figure in figures(page, width, script=NOTE_WORDS_BEYOND):
        assert figure.evaluate(STATES_WITH_WORDS_BEYOND) == []


# notes every text that is drawn more than two pixels beyond its canvas
NOTE_WORDS_BEYOND = """
window.beyond = new Set();
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
  const { a, b, c, d, e, f } = this.getTransform(), long = this.measureText(text).width;
  const left = { center: -long / 2, right: -long, end: -long }[this.textAlign] ?? 0;
  const ends = [left, left + long].map(by => [a * (x + by) + c * y + e, b * (x + by) + d * y + f]);
  const out = ends.flatMap(([at, high]) => [-at, at - this.canvas.width, -high, high - this.canvas.height]);
  if (text.trim() && this.canvas.width > 5 && Math.max(...out) > 2 * devicePixelRatio) window.beyond.add(text);
  return draw.call(this, text, x, y, ...rest);
};"""
# puts each control by itself through its states, a slider through five
STATES_WITH_WORDS_BEYOND = """async figure => {
  const frame = then => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then, 20)));
  const found = [];
  for (const m of figure.bokehDocument.roots()[0].references()) {
    if (m.disabled) continue;
    const key = { Slider: "value", Select: "value", RadioButtonGroup: "active", Toggle: "active" }[m.type];
    const first = m[key];
    const states = {
      Slider: () => [0, 1, 2, 3, 4].map(k => m.start + Math.round((k / 4) * (m.end - m.start) / m.step) * m.step),
      Select: () => (Array.isArray(m.options) ? m.options : Object.values(m.options).flat()).map(option => option[0]),
      RadioButtonGroup: () => m.labels.map((_, i) => i),
      Toggle: () => [!first],
    }[m.type]?.() ?? [];
    for (const state of [...states, first]) {
      if (key) m[key] = state;
      window.beyond.clear();
      await new Promise(frame);
      for (const text of window.beyond) found.push(`${m.title || m.label || m.type} = ${state}: ${text}`);
    }
  }
  return [...new Set(found)];
}"""
# every word that stands in the plots: labels, titles, and the column that a glyph of text shows
WORDS = """figure => [...figure.bokehDocument.roots()[0].references()].flatMap(m => {
    if (["Label", "Title"].includes(m.type) && m.visible) return [m.text];
    if (m.type !== "GlyphRenderer" || m.glyph.type !== "Text" || !m.visible) return [];
    const { field, value } = m.glyph.text;
    return (field ? Array.from(m.data_source.data[field]) : [value]).map(String);
})"""
# one of several buttons of which one is always pressed, or a slider that has no effect now
CHOSEN = """c => c.matches('.bk-active') && c.parentElement.querySelectorAll('.bk-btn').length > 1
    || c.closest('.noUi-target')?.hasAttribute('disabled')"""
STATE = """figure => JSON.stringify([...figure.bokehDocument.roots()[0].references()]
    .filter(m => m.type === "ColumnDataSource" || m.type === "Label" || m.type === "Title")
    .map(m => m.data ? Object.entries(m.data).map(([k, v]) => [k, Array.from(v)]) : m.text))"""


def keys_for(control):
    """Keys that work a control, the likelier first."""
    if control.get_attribute("role") == "slider":
        return ["ArrowRight", "ArrowLeft", "Home", "End"]
    kind = control.evaluate("c => c.tagName")
    if kind == "SELECT":
        return ["ArrowDown", "ArrowUp"]
    return ["Enter"] if kind != "INPUT" else ["ArrowUp", "x", "Enter"]
