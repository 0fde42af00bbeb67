"""The built book in a real browser. `nox -s browser` builds it first; ANATOMY_SITE names another build."""

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def built():
    """The folder of the built HTML edition."""
    folder = Path(os.environ.get("ANATOMY_SITE", ROOT / "book" / "_build" / "html")).resolve()
    if not (folder / "index.html").exists():
        pytest.fail(f"no book in {folder}; build it with: nox -s book")
    return folder


@pytest.fixture(scope="session")
def address(built):
    """The book's address on a server of its own."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=built))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser, address):
    """tab(width=1280, scheme="light", **options) -> a page that notes what goes wrong in `.problems`."""
    contexts = []

    def opened(width=1280, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=address, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: said.type == "error" and page.problems.append(f"{said.text} {said.location['url']}"),
        )
        page.on("requestfailed", lambda request: page.problems.append(f"failed: {request.url}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith((address, "data:", "blob:", "file:"))
                or page.problems.append(f"left the site: {request.url}")
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def live():
    """live(page, "kv-cache-bytes") -> the figure's locator, once it has drawn."""

    def wait(page, name):
        figure = page.locator(f"#fig-{name}")
        figure.scroll_into_view_if_needed()
        page.keyboard.press("Shift")
        page.wait_for_function(
            "id => ['live', 'failed'].includes(document.getElementById(id).dataset.state)",
            arg=f"fig-{name}",
            timeout=30_000,
        )
        assert figure.get_attribute("data-state") == "live", page.problems
        return figure

    return wait
