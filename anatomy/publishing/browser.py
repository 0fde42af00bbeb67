"""One headless Chromium for pictures, screenshots and tests.

python -m anatomy.publishing.browser     says which one, or what is missing
"""

import os
import shutil
import sys
from contextlib import contextmanager

MEND = "install one with: apt-get install chromium (or: playwright install chromium), or name it in ANATOMY_CHROMIUM"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def executable():
    """The path of a Chromium, or None for the one that Playwright brought."""
    named = os.environ.get("ANATOMY_CHROMIUM")
    found = (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    if named and not shutil.which(named):
        raise RuntimeError(f"ANATOMY_CHROMIUM names {named!r}, which is not a program; {MEND}")
    return found


@contextmanager
def chromium(path=None):
    """A running browser. Raises RuntimeError with the way out where Playwright or Chromium is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise RuntimeError(
            "Playwright is not installed; run this through nox, or: pip install playwright"
        ) from None
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path or executable(), args=list(QUIET))
        except Error as problem:
            raise RuntimeError(f"no browser: {str(problem).splitlines()[0]}; {MEND}") from None
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    try:
        with chromium() as browser:
            print("Chromium", browser.version)
    except RuntimeError as problem:
        sys.exit(str(problem))
