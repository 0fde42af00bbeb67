"""A second engine: in Firefox pages load, figures wake, search marks and the token explorer counts as in Chromium.

A stock Firefox is driven by Marionette, which it speaks by itself; skipped where there is no Firefox.
"""

import json
import shutil
import socket
import subprocess
import time
from itertools import count
from pathlib import Path

import pytest

from anatomy.tokenization import o200k_base
from anatomy.topics import TOPICS

BOOK = Path(__file__).parents[2] / "book"
WRITTEN = [organ.stem for organ in TOPICS if (BOOK / f"{organ.stem}.md").exists()]
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PREFERENCES = {
    "marionette.port": 0,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
pytestmark = pytest.mark.skipif(
    not FIREFOX, reason="no Firefox; install one with: apt-get install firefox-esr"
)


class Firefox:
    """One window. The protocol: every message is its length, a colon and JSON."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.numbers = count(1)
        self.read()  # its greeting
        self.ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"timeouts": {"script": 40_000}}}})

    def read(self):
        length = b""
        while not length.endswith(b":"):
            length += self.socket.recv(1)
        rest = b""
        while len(rest) < int(length[:-1]):
            rest += self.socket.recv(65_536)
        return json.loads(rest)

    def ask(self, command, parameters):
        message = json.dumps([0, next(self.numbers), command, parameters])
        self.socket.sendall(f"{len(message.encode())}:{message}".encode())
        _, _, error, result = self.read()
        assert error is None, f"{command}: {error['message']}"
        return result

    def open(self, url):
        self.ask("WebDriver:Navigate", {"url": url})

    def run(self, script, *arguments):
        """The value of a function's body."""
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def wait(self, condition):
        """The first value of an expression that is true."""
        for _ in range(300):
            value = self.run(f"return {condition}")
            if value:
                return value
            time.sleep(0.1)
        pytest.fail(f"never true in Firefox: {condition}")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    profile = tmp_path_factory.mktemp("profile")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    command = [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = profile / "MarionetteActivePort"
        for _ in range(600):
            if port.exists() and port.read_text():
                break
            assert process.poll() is None, f"{FIREFOX} ended with code {process.returncode}"
            time.sleep(0.1)
        window = Firefox(int(port.read_text()))
        yield window
        window.socket.close()
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("stem", WRITTEN)
def test_figures_wake(stem, firefox, address):
    firefox.open(f"{address}{stem}.html")
    assert firefox.run("return document.fonts.check('17px \"Old Standard\"')")
    firefox.run("dispatchEvent(new KeyboardEvent('keydown', {key: 'Shift'}))")
    n = firefox.run("return document.querySelectorAll('.anatomy-figure[data-item]').length")
    for i in range(n):
        figure = f"document.querySelectorAll('.anatomy-figure[data-item]')[{i}]"
        firefox.run(f"{figure}.scrollIntoView()")
        state = firefox.wait(f"['live', 'failed'].find(state => state === {figure}.dataset.state)")
        assert state == "live", firefox.run(f"return {figure}.id")


def test_the_token_explorer_counts(firefox, address):
    firefox.open(f"{address}tokenization.html")
    for text, direction in (("The cat sat.", "ltr"), ("𞤀𞤣𞤤𞤢𞤥 שלום 👩‍🚀", "rtl")):
        firefox.run(
            """const area = document.querySelector('token-explorer textarea');
            area.value = arguments[0]; area.dispatchEvent(new Event('input'));""",
            text,
        )
        ids = o200k_base().encode_ordinary(text)
        firefox.wait(f"document.querySelector('token-explorer').tokens.length === {len(ids)}")
        assert firefox.run("return document.querySelector('token-explorer').tokens") == ids
        assert firefox.run("return document.querySelector('token-explorer .chips').dir") == direction


def test_search_finds_and_marks(firefox, address):
    firefox.open(f"{address}search.html?q=sampling")
    firefox.wait("document.querySelectorAll('#search-results .context').length")
    hit = firefox.run("return document.querySelector('#search-results a[href*=sampling]').href")
    firefox.open(hit)
    assert firefox.wait("CSS.highlights.get('found')?.size") < 100


def test_the_index_leads_on(firefox, address):
    firefox.open(f"{address}index.html#embeddings")
    firefox.wait("location.href.endsWith('/embeddings.html#embeddings')")


def test_the_theme_follows_its_button(firefox, address):
    firefox.open(f"{address}about.html")
    before = firefox.run("return getComputedStyle(document.body).backgroundColor")
    firefox.run("document.querySelector('.theme-change-button').click()")
    assert firefox.run("return getComputedStyle(document.body).backgroundColor") != before
    firefox.run("document.querySelector('.theme-change-button').click()")
