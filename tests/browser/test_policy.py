"""The book under the strict Content-Security-Policy that book/about.md prints: nothing may be refused."""

import base64
import functools
import hashlib
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from anatomy.publishing.screenshots import wake
from anatomy.tokenization import o200k_base

BOOK = Path(__file__).parents[2] / "book"
POLICY = " ".join(
    re.search(r"^Content-Security-Policy: (.*?)^```", (BOOK / "about.md").read_text("utf-8"), re.S | re.M)[
        1
    ].split()
)
PAGES = sorted(path.stem for path in BOOK.glob("*.md"))


@pytest.fixture(scope="module")
def strict(built):
    """The book's address on a server that sends the policy with every file."""

    class Strict(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def end_headers(self):
            self.send_header("Content-Security-Policy", POLICY)
            super().end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Strict, directory=built))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded(browser, strict):
    """A page whose `.refused` lists what the policy refused, and what went wrong besides."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=strict)
    page = context.new_page()
    page.refused = []
    page.on("pageerror", lambda error: page.refused.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.refused.append(said.text))
    yield page
    context.close()


def test_the_policy_is_strict():
    directives = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert directives["default-src"] == "'self'"
    assert "unsafe" not in directives["script-src"]
    assert not re.search(r"https?:|\*", POLICY)


def test_the_policy_names_the_one_script_inside_the_pages(built):
    inside = set()
    for page in built.glob("*.html"):
        for attributes, text in re.findall(r"<script([^>]*)>([^<]+)</script>", page.read_text("utf-8")):
            if "application/" not in attributes:
                inside.add("sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())
    assert inside == set(re.findall(r"sha256-[\w+/=]+", POLICY))


@pytest.mark.parametrize("name", [*PAGES, "404", "search", "genindex"])
def test_a_page_loads_whole(name, guarded):
    guarded.goto(f"{name}.html", wait_until="networkidle")
    assert guarded.evaluate("document.documentElement.dataset.theme") == "light"
    assert guarded.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 251, 248)"
    guarded.locator(".theme-change-button").first.click()
    assert guarded.evaluate("document.documentElement.dataset.theme") == "dark"
    assert guarded.refused == []


def test_the_index_leads_on(guarded):
    guarded.goto("index.html#embeddings")
    guarded.wait_for_url("**/embeddings.html#embeddings")
    assert guarded.refused == []


def test_search_works_and_its_hits_are_marked(guarded):
    guarded.goto("search.html?q=sampling")
    guarded.locator("#search-results .context").first.wait_for()
    guarded.locator("#search-results li a").first.click()
    guarded.wait_for_function("CSS.highlights.get('found')?.size > 0")
    guarded.get_by_role("button", name="Hide what was found").click()
    assert guarded.refused == []


def test_the_token_explorer_counts(guarded):
    guarded.goto("tokenization.html")
    guarded.fill("token-explorer textarea", "The cat sat.")
    guarded.wait_for_selector("token-explorer[data-state=live]")
    guarded.wait_for_function("document.querySelector('token-explorer').tokens.length === 4")
    tokens = guarded.evaluate("document.querySelector('token-explorer').tokens")
    assert tokens == o200k_base().encode_ordinary("The cat sat.")
    assert guarded.refused == []


@pytest.mark.parametrize("name", PAGES)
def test_figures_wake(name, guarded):
    guarded.goto(f"{name}.html")
    wake(guarded)
    states = guarded.eval_on_selector_all(
        ".anatomy-figure[data-state]", "all => all.map(f => f.dataset.state)"
    )
    assert set(states) <= {"live"}
    assert guarded.refused == []
