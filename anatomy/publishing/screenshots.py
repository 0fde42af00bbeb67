"""Every built page as PNG: desktop and phone, light and dark, with its figures awake. For looking at, not for tests.

python -m anatomy.publishing.screenshots book/_build/html screenshots [page …]
"""

import sys
from pathlib import Path

from anatomy.publishing.browser import chromium

WIDTHS = {"desktop": 1280, "phone": 390}
AWAKE = "figure => ['live', 'failed'].includes(figure.dataset.state)"


def wake(page):
    """Show intent and go to every figure in turn, until all of them have drawn."""
    page.keyboard.press("Shift")
    for figure in page.locator(".anatomy-figure[data-state]").all():
        figure.scroll_into_view_if_needed()
        page.wait_for_function(AWAKE, arg=figure.element_handle(), timeout=60_000)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(300)


def take(site, out, names=()):
    """PNGs of the pages of a built site into out; returns their paths."""
    pages = sorted(path for path in Path(site).glob("*.html") if not names or path.stem in names)
    if not pages:
        raise FileNotFoundError(f"no pages {' '.join(names)} in {site}; build them with: nox -s book")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    taken = []
    with chromium() as browser:
        for size, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
                tab = context.new_page()
                for page in pages:
                    tab.goto(page.absolute().as_uri())
                    wake(tab)
                    path = out / f"{page.stem}-{size}-{scheme}.png"
                    tab.screenshot(path=path, full_page=True)
                    taken.append(path)
                context.close()
    return taken


if __name__ == "__main__":
    for path in take(sys.argv[1], sys.argv[2], sys.argv[3:]):
        print(path)
