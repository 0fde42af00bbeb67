"""Pages on paper: everything that is read, in light inks, figures whole, and no order to a hand that holds paper."""

import re
import subprocess
from collections import Counter

import pytest
from PIL import Image

from anatomy.publishing.screenshots import wake


@pytest.fixture
def printed(tab, tmp_path):
    """printed("tokenization", "dark", live=True) -> the path of its PDF, on A4."""

    def go(name, scheme="light", live=False, **options):
        page = tab(1280, scheme)
        page.goto(f"{name}.html")
        if live:
            wake(page)
        path = tmp_path / f"{name}-{scheme}-{live}.pdf"
        page.pdf(path=path, format="A4", **options)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.problems == []
        return path

    return go


def text_of(pdf):
    return " ".join(
        subprocess.run(["pdftotext", pdf, "-"], check=True, capture_output=True, text=True).stdout.split()
    )


def test_a_chapter_prints_its_title_and_its_solutions_at_the_end_of_the_exercises(printed):
    text = text_of(printed("logits-and-sampling"))
    assert text.startswith("Chapter 5 Logits and sampling")
    assert "So T = 2/ ln" in text or "must be 9" in text
    last = text.rindex("Exercise 5.3 (Noise instead of a softmax)", 0, text.index("must be 9"))
    assert last < text.index("Solution to Exercise 5.1") < text.index("must be 9")
    assert text.index("must be 9") < re.search(r"5\.\d+ Sources", text).start()


@pytest.mark.parametrize("name", ["tokenization", "logits-and-sampling"])
@pytest.mark.parametrize("live", [False, True])
def test_paper_gives_no_orders_to_the_hand(printed, name, live):
    text = text_of(printed(name, live=live))
    for order in (
        "controls wake",
        "You are here",
        "Copy",
        "change it",
        "Skip to",
        "Back to top",
        "Scroll for more",
    ):
        assert not re.search(rf"\b{order}\b", text)


@pytest.mark.parametrize("live", [False, True])
def test_a_dark_page_prints_as_a_light_one(printed, live):
    """Word for word and, but for the rim of glyphs, dot for dot."""
    light, dark = (
        printed("logits-and-sampling", scheme, live, page_ranges="1-12") for scheme in ("light", "dark")
    )
    assert text_of(light) == text_of(dark)
    dots = []
    for pdf in (light, dark):
        subprocess.run(["pdftoppm", "-r", "50", "-png", pdf, pdf.with_suffix("")], check=True)
        sheets = sorted(pdf.parent.glob(f"{pdf.stem}-*.png"))
        dots.append([Image.open(sheet).convert("L").tobytes() for sheet in sheets])
    for number, (one, other) in enumerate(zip(*dots, strict=True), 1):
        different = sum(abs(a - b) > 40 for a, b in zip(one, other, strict=True))
        assert different < len(one) / 500, f"sheet {number}: {different} of {len(one)} dots differ"


def test_figures_are_kept_whole_and_every_token_is_shown(tab):
    page = tab(700)
    page.goto("logits-and-sampling.html")
    page.emulate_media(media="print")
    kept = page.eval_on_selector_all(
        ".anatomy-figure", "all => all.map(f => getComputedStyle(f).breakInside)"
    )
    assert Counter(kept) == {"avoid": len(kept)}
    page.goto("tokenization.html")
    assert page.locator(".token-plate .chips").evaluate("e => e.scrollHeight - e.clientHeight") <= 1
