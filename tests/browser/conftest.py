"""The built book in a real browser. `nox -s browser` builds it first."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest


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
        page.on(
            "requestfailed",  # one that is given up because the page is left has not failed
            lambda request: (
                request.failure == "net::ERR_ABORTED" or page.problems.append(f"failed: {request.url}")
            ),
        )
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


class Live:
    """A figure that is awake: its controls by keyboard, and what it shows. The rest is its locator's."""

    def __init__(self, tab, element):
        self.tab, self.element = tab, element

    def __getattr__(self, name):
        return getattr(self.element, name)

    @property
    def problems(self):
        """What went wrong on its page."""
        return self.tab.problems

    def models(self, condition, value):
        """A JavaScript expression of each Bokeh model `m` that meets a condition."""
        return self.element.evaluate(
            f"""figure => [...figure.bokehDocument.roots()[0].references()]
              .filter(m => {condition}).map(m => {value})"""
        )

    def sources(self, *names, exactly=False):
        """The data of every source that has these columns, and no others if exactly: a dict of lists each."""
        listed = "Object.fromEntries(Object.entries(m.data).map(([name, column]) => [name, Array.from(column, part =>"
        listed += " part?.length && part.map ? Array.from(part) : part)]))"
        found = self.models('m.type === "ColumnDataSource"', listed)
        return [data for data in found if (set(data) == set(names) if exactly else set(data) >= set(names))]

    def columns(self, *names):
        """The data of the first source that has these columns."""
        return self.sources(*names)[0]

    def titles(self):
        """The titles of the plots that have one."""
        return self.models('m.type === "Title" && m.text.trim()', "m.text")

    def drawn(self):
        """All that it shows at this moment."""
        return self.models('m.type === "ColumnDataSource"', "JSON.stringify(m.data)"), self.titles()

    def works_by_keys(self, controls):
        """Assert that each of controls (slide, choose or click; its title; keys) changes what is drawn."""
        for way, title, *keys in controls:
            before = self.drawn()
            getattr(self, way)(title, *keys)
            assert self.drawn() != before, title

    def words(self):
        """All the words that stand at points of its plots."""
        return self.models('m.type === "Label"', "m.text")

    def press(self, control, *keys):
        """Press keys on a control, once it has the focus: a key sent at once may go to the page on a busy machine."""
        control.focus()
        self.tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        for key in keys:
            control.press(key)

    def slide(self, name, *keys):
        """Press keys on the slider of this name."""
        self.press(self.element.get_by_role("slider", name=name, exact=True), *keys)

    def choose(self, title, *keys):
        """Press keys on the drop-down list of this title."""
        self.press(self.element.get_by_label(title, exact=True), *keys)

    def click(self, name):
        """Press Enter on the button of this name."""
        self.press(self.element.get_by_role("button", name=name), "Enter")


@pytest.fixture(scope="session")
def live():
    """live(page, "kv-cache-bytes") -> the figure, once it has drawn."""

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
        return Live(page, figure)

    return wait


@pytest.fixture
def opened(request, tab, live):
    """opened("bytes", width=390) -> a figure of the chapter that the test file names in STEM, on a page of its own.

    A test that has passed until its end fails here if anything went wrong on the page.
    """
    pages = []

    def go(name, width=1280, **options):
        page = tab(width, **options)
        page.goto(f"{request.module.STEM}.html")
        pages.append(page)
        return live(page, f"{request.module.STEM}-{name}")

    yield go
    for page in pages:
        assert page.problems == []
