"""The token explorer in a real browser: the ids of tiktoken, quickly, from this site alone, as text."""

import functools
import gzip
import re
import runpy
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from anatomy.publishing.token_explorer import STATIC
from anatomy.studies.tokenization import ladder, smollm2_tokenizer
from anatomy.tokenization import o200k_base, presets, visible

ROOT = Path(__file__).parents[2]
references = runpy.run_path(str(ROOT / "tests/references/token_texts.py"))
token_texts, every_character = references["token_texts"], references["every_character"]
CSS = ROOT / "anatomy/publishing/static/css/token-explorer.css"
INKS = (
    ":root{--ink:#000;--paper:#fff;--tint:#eee;--muted:#555;--rule:#ccc;--mono:monospace;--sans:sans-serif}"
)

# tokenize(text): type it, wait for its tokens, return them
TOKENIZE = """
window.tokenize = text => new Promise((resolve, reject) => {
  const explorer = document.querySelector('token-explorer');
  const chips = explorer.querySelector('.chips');
  const textarea = explorer.querySelector('textarea');
  textarea.value = text;
  textarea.dispatchEvent(new Event('input', {bubbles: true}));
  const look = () => {
    if (explorer.dataset.state === 'failed') reject(new Error('failed'));
    if (chips.getAttribute('aria-busy') === 'false') { observer.disconnect(); resolve(explorer.tokens); }
  };
  const observer = new MutationObserver(look);
  observer.observe(explorer, {attributes: true, subtree: true, attributeFilter: ['aria-busy', 'data-state']});
});
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page with nothing but the explorer."""
    source = tmp_path_factory.mktemp("site")
    (source / "_static").mkdir()
    (source / "_static/style.css").write_text(INKS + CSS.read_text("utf-8"), "utf-8")
    (source / "conf.py").write_text(
        "extensions = ['myst_nb', 'anatomy.publishing.token_explorer', 'anatomy.publishing.bokeh_figures']\n"
        "numfig = True\nhtml_static_path = ['_static']\nhtml_css_files = ['style.css']\nhtml_theme = 'basic'\n",
        "utf-8",
    )
    (source / "index.md").write_text("# Tokens\n\n```{token-explorer}\nLook at the chips.\n```\n", "utf-8")
    out = source / "out"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", source, out], check=True, cwd=ROOT
    )
    return out


@pytest.fixture(scope="module")
def url(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser, url):
    page = browser.new_page()
    page.add_init_script(TOKENIZE)
    page.goto(url)
    yield page
    page.close()


def normal(text):
    """What a textarea makes of line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def ids_shown(page):
    return [
        int(i) for i in page.eval_on_selector_all("[data-token-id]", "all => all.map(e => e.dataset.tokenId)")
    ]


def type_text(page, text):
    return page.evaluate("text => tokenize(text)", text)


# what the worker makes of each text, as [ids, bytes, code points]
ASK_WORKER = """
async ([name, texts]) => {
  const worker = new Worker('_static/token-explorer/tokenizer.js');
  const answer = wanted => new Promise((resolve, reject) => {
    worker.onmessage = ({data}) => data.failed ? reject(data.failed) : wanted in data && resolve(data);
  });
  const stream = (await fetch(`_static/token-explorer/${name}.bin`)).body.pipeThrough(new DecompressionStream('gzip'));
  worker.postMessage({packed: new Uint8Array(await new Response(stream).arrayBuffer()), name});
  await answer('ready');
  const all = [];
  for (const text of texts) {
    worker.postMessage({text});
    const {ids, bytes, codePoints} = await answer('ids');
    all.push([Array.from(ids), bytes, codePoints]);
  }
  worker.terminate();
  return all;
}
"""


def test_worker_is_tiktoken_on_thousands_of_texts(page):
    texts = token_texts()
    real = o200k_base()
    found = page.evaluate(ASK_WORKER, ["o200k_base", texts])
    assert len(found) > 3000
    different = [t for t, (ids, _, _) in zip(texts, found, strict=True) if ids != real.encode_ordinary(t)]
    assert different == []
    assert [n for _, n, _ in found] == [len(t.encode()) for t in texts]
    assert [n for _, _, n in found] == [len(t) for t in texts]


@pytest.mark.checkpoint
def test_worker_is_smollm2s_tokenizer(page):
    """On the same texts, and on every character where the two ways to cut could differ."""
    every = every_character()
    texts = token_texts() + [
        "".join(f"{character}{after}\n" for character in every[first : first + 1000])
        for after in ("'t", " A", "7 ")
        for first in range(0, len(every), 1000)
    ]
    real = smollm2_tokenizer()
    found = page.evaluate(ASK_WORKER, ["SmolLM2", texts])
    different = [
        text
        for text, (ids, _, _) in zip(texts, found, strict=True)
        if [i for i in ids if i >= 0] != real.encode(text)
    ]
    assert different == []
    assert [n for _, n, _ in found] == [len(t.encode()) for t in texts]  # a byte without an id counts too


def test_worker_cuts_every_character_as_tiktoken_does(page):
    """Before a contraction, a capital and a sign; whatever Unicode the browser follows."""
    real = o200k_base()
    every = every_character()
    texts = [
        "".join(f"{character}{after}\n" for character in every[first : first + 1000])
        for after in ("'t", "A", "\\")
        for first in range(0, len(every), 1000)
    ]
    found = page.evaluate(ASK_WORKER, ["o200k_base", texts])
    different = [t[0] for t, (ids, _, _) in zip(texts, found, strict=True) if ids != real.encode_ordinary(t)]
    assert len(every) > 150_000
    assert different == []
    # the browser is asked for nothing but a set that no longer grows
    asked = re.findall(r"\\[pP]{(\w+)}", (STATIC / "tokenizer.js").read_text("utf-8"))
    assert set(asked) == {"White_Space", "Surrogate"}


def test_explorer_is_tiktoken(page):
    texts = [normal(text) for text in token_texts(n_random=150)]
    found = page.evaluate(
        "async texts => { const all = []; for (const t of texts) all.push(await tokenize(t)); return all }",
        texts,
    )
    assert found == [o200k_base().encode_ordinary(text) for text in texts]
    assert page.get_attribute("token-explorer", "data-state") == "live"


def test_every_example_is_drawn_as_it_was_built(browser, url, page):
    plain = browser.new_context(java_script_enabled=False)
    static = plain.new_page()
    static.goto(url)
    assert not static.is_visible("textarea")
    assert not static.is_visible("token-explorer button")
    sections = static.locator("section.example")
    assert sections.count() == len(presets())
    for i, preset in enumerate(presets()):
        section = sections.nth(i)
        assert section.is_visible()
        ids = o200k_base().encode_ordinary(preset["text"])
        chips = section.locator("[data-token-id]")
        assert [int(chip.get_attribute("data-token-id")) for chip in chips.all()] == ids
        page.click(f"token-explorer button:text-is('{preset['name']}')")
        assert ids_shown(page) == ids == page.evaluate("document.querySelector('token-explorer').tokens")
        drawn = page.inner_html(".chips").replace("\r", "")
        for token in {o200k_base().decode_single_token_bytes(i).hex(" ").upper() for i in ids}:
            drawn = drawn.replace(f' data-bytes="{token}"', "")
        assert drawn == section.locator(".chips").inner_html()
        assert page.input_value("textarea") == preset["text"]
        # typed, the browser counts what Python counted
        counts = page.locator(".counts dd").all_inner_texts()
        assert counts == section.locator("dd").all_inner_texts()
        assert type_text(page, preset["text"]) == ids
        assert page.locator(".counts dd").all_inner_texts() == counts
    plain.close()


def test_vocabulary_is_fetched_when_the_reader_types_and_nothing_else_ever(browser, url):
    page = browser.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    page.focus("textarea")
    page.click("token-explorer button:text-is('Emoji')")
    page.check("input[name=bytes]")
    page.wait_for_timeout(200)
    assert page.get_attribute("token-explorer", "data-state") == "static"
    assert not [r for r in requests if "o200k" in r or "tokenizer.js" in r or "offline" in r]
    page.focus("textarea")
    page.keyboard.type("!")
    page.wait_for_selector("token-explorer[data-state=live]")
    assert [r.rsplit("/", 1)[1] for r in requests if "token-explorer/" in r] == [
        "token-explorer.js",
        "o200k_base.bin",
        "tokenizer.js",
    ]
    page.check("input[value=SmolLM2]")
    page.wait_for_function("document.querySelector('.chips').getAttribute('aria-busy') === 'false'")
    assert [r.rsplit("/", 1)[1] for r in requests if "token-explorer/" in r][3:] == [
        "SmolLM2.bin",
        "tokenizer.js",
    ]
    home = url.rsplit("/", 1)[0]
    assert all(request.startswith(home) for request in requests)
    page.close()


def test_progress_is_shown(browser, url):
    page = browser.new_page()
    page.goto(url)
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
             const bar = document.querySelector('token-explorer progress');
             if (bar) seen.push(bar.value);
           }).observe(document.querySelector('.status'), {childList: true}) }"""
    )
    page.type("textarea", "a")
    page.wait_for_selector("token-explorer[data-state=live]")
    seen = page.evaluate("seen")
    assert seen[0] == 0
    assert seen[-1] == 1
    assert seen == sorted(seen)
    assert page.inner_text(".status") == ""
    page.close()


def test_typed_text_is_never_markup(page):
    text = "<img src=x onerror='window.hacked=1'><script>hacked=1</script><|endoftext|>&lt;"
    ids = type_text(page, text)
    assert ids == o200k_base().encode_ordinary(text)
    page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None
    assert page.locator("token-explorer img").count() == 0
    assert page.evaluate("document.querySelector('.chips').textContent") == text


def test_tokens_that_are_no_characters_are_bytes(page):
    type_text(page, "𓀀")
    assert page.locator(".chips b").all_inner_texts() == ["F0", "93", "80", "80"]
    type_text(page, "a\n\nb\tc d")
    marks = page.eval_on_selector_all(".chips i", "all => all.map(e => e.dataset.mark)")
    assert marks == ["↵↵", "⇥", "·"]


def test_switches_change_what_is_drawn(page):
    after = "getComputedStyle(document.querySelector('[data-token-id]'), '::after').content"
    before = "getComputedStyle(document.querySelector('[data-token-id] i'), '::before').content"
    assert page.evaluate(after) == '"3206"'
    assert page.evaluate(before) == '"·"'
    page.focus("input[name=ids]")
    page.keyboard.press("Space")
    assert page.evaluate(after) == "none"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate(before) == "none"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate(after) == '"49 74"'


@pytest.mark.checkpoint
def test_the_switch_changes_the_vocabulary_of_examples_and_of_the_readers_text(page):
    real = smollm2_tokenizer()
    idle = "document.querySelector('.chips').getAttribute('aria-busy') === 'false'"
    page.focus("input[value=o200k_base]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(idle)
    assert ids_shown(page) == real.encode(presets()[0]["text"])
    page.click("token-explorer button:text-is('Numbers')")
    page.wait_for_function(idle)
    assert ids_shown(page) == real.encode(presets()[2]["text"])
    assert type_text(page, "In 1984, né\x04") == real.encode("In 1984, né")
    assert page.locator("[data-token-id='no id']").count() == 1
    page.check("input[value=o200k_base]")
    page.wait_for_selector("token-explorer[data-state=live]")
    page.wait_for_function("!document.querySelector(\"[data-token-id='no id']\")")
    page.wait_for_function(idle)
    assert ids_shown(page) == o200k_base().encode_ordinary("In 1984, né\x04")


def test_a_token_and_its_place_in_the_text_are_marked_together(page):
    """Hovering previews, a click pins, the arrow keys walk, Escape lets go; and the caret finds its token."""
    type_text(page, "The cat 👩‍🚀 sat.")
    chips, marked = page.locator("[data-token-id]"), ".mirror mark"
    chips.nth(1).hover()
    assert page.text_content(marked) == " cat"
    assert page.inner_text(".pointed") == "Token 1: ·cat, id 9059, bytes 20 63 61 74"
    chips.nth(0).click()
    chips.nth(1).hover()
    assert page.text_content(marked) == " cat"
    page.hover("textarea")
    assert page.text_content(marked) == "The"
    page.focus(".chips")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.text_content(marked) == " 👩‍🚀"  # a token with a part of a character marks the whole
    page.keyboard.press("Escape")
    assert page.locator(marked).count() == 0
    assert page.locator(".here").count() == 0
    page.evaluate("document.querySelector('textarea').setSelectionRange(5, 5)")
    page.focus("textarea")
    page.evaluate("document.querySelector('textarea').setSelectionRange(5, 5)")
    page.keyboard.press("Shift")
    assert page.text_content(".here") == " cat"


def test_a_word_is_merged_as_in_the_chapter(page):
    ask = "word => anatomyAnswers['token-merges'](word).catch(problem => problem.message)"
    for word in (" hippopotamus", "日本語", "👩‍🚀", "low", "a"):
        wanted = [[[visible(token), len(token), i] for token, i in state] for state in ladder(word)]
        assert page.evaluate(ask, word) == wanted
    assert page.evaluate(ask, "") == []
    assert page.evaluate(ask, "two words") == "cut into two | ·words; take one piece"


def test_a_hundred_thousand_characters(page):
    """Whatever they are. How long it takes is measured by benchmarks/token_explorer.py."""
    article = " ".join(preset["text"] for preset in presets())
    for text in (
        "It was the best of times, it was the worst of times. " * 2000,
        article * 200,
        "a" * 100_000,
        "👩‍🚀 👨‍👩‍👧‍👦 👍🏽 " * 6000,
        presets()[9]["text"] * 2000,
        "a line\n" * 15_000,
    ):
        assert type_text(page, text[:100_000]) == o200k_base().encode_ordinary(text[:100_000])


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("123 שלום abc", "rtl"),
        ("123 abc שלום", "ltr"),
        ("مرحبا", "rtl"),
        ("𞤀𞤣𞤤𞤢𞤥", "rtl"),  # Adlam
        ("𞠀𞠁𞠂", "rtl"),  # Mende Kikakui
        ("ߒߞߏ", "rtl"),  # N'Ko
        ("नमस्ते", "ltr"),
        ("𠀀𠀁", "ltr"),
        ("123 …", "ltr"),
        ("", "ltr"),
    ],
)
def test_direction_follows_the_first_letter(page, text, direction):
    type_text(page, text)
    assert page.get_attribute(".chips", "dir") == page.get_attribute("textarea", "dir") == direction


def test_scrolling_draws_the_rest(page):
    text = "one two three four five six seven eight nine ten " * 500
    ids = type_text(page, text)
    assert len(ids_shown(page)) < len(ids)
    assert "Scroll for more" in page.inner_text(".status")
    page.focus(".chips")
    for _ in range(400):  # a press between two frames scrolls nothing
        page.keyboard.press("End")
        page.wait_for_timeout(30)
        if len(ids_shown(page)) == len(ids):
            break
    assert ids_shown(page) == ids
    page.wait_for_function("document.querySelector('.status').textContent === ''")


def test_typing_overtakes_a_slow_answer(page):
    type_text(page, "warm")
    final = page.evaluate(
        """async () => {
          const textarea = document.querySelector('textarea');
          for (const text of ['x'.repeat(200000), 'y'.repeat(200000), 'ab']) {
            textarea.value = text;
            textarea.dispatchEvent(new Event('input'));
          }
          return tokenize('the end');
        }"""
    )
    assert final == o200k_base().encode_ordinary("the end")
    page.evaluate("tokenize('late'), document.querySelector('token-explorer button').click()")
    page.click("token-explorer button:text-is('Code')")
    page.wait_for_timeout(300)
    assert ids_shown(page) == o200k_base().encode_ordinary(presets()[1]["text"])


def test_it_works_over_file(browser, site):
    page = browser.new_page()
    page.add_init_script(TOKENIZE)
    page.goto((site / "index.html").as_uri())
    assert type_text(page, "The cat sat.") == [976, 9059, 10139, 13]
    assert page.get_attribute("token-explorer", "data-state") == "live"
    page.close()


def test_a_missing_vocabulary_is_said_and_can_be_tried_again(browser, url):
    page = browser.new_page()
    page.route("**/o200k_base.bin", lambda route: route.abort())
    page.goto(url)
    page.type("textarea", "a")
    page.wait_for_selector("token-explorer[data-state=failed]")
    assert "could not be loaded" in page.inner_text(".status")
    page.click("token-explorer button:text-is('Numbers')")
    assert ids_shown(page) == o200k_base().encode_ordinary(presets()[2]["text"])
    page.unroute("**/o200k_base.bin")
    page.fill("textarea", "The cat sat.")
    page.wait_for_selector("token-explorer[data-state=live]")
    page.wait_for_function("document.querySelector('token-explorer').tokens.length === 4")
    assert ids_shown(page) == [976, 9059, 10139, 13]
    page.close()


def altered(packed):
    """The vocabulary with one byte changed, as a broken cache might keep it."""
    whole = bytearray(gzip.decompress(packed))
    whole[700_000] ^= 1
    return gzip.compress(bytes(whole))


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (lambda packed: b"<!doctype html><title>Sign in to the network</title>" * 40, "text/html"),
        (lambda packed: gzip.compress(b"<!doctype html>" * 100), "application/octet-stream"),
        (lambda packed: packed[: len(packed) // 2], "application/octet-stream"),
        (lambda packed: gzip.decompress(packed)[:-6], "application/octet-stream"),
        (altered, "application/octet-stream"),
        (lambda packed: b"", "application/octet-stream"),
    ],
    ids=["portal", "portal-packed", "half", "short", "one-byte", "nothing"],
)
def test_what_is_not_the_vocabulary_is_never_counted_with(browser, url, site, wrong, kind):
    page = browser.new_page()
    body = wrong((site / "_static/token-explorer/o200k_base.bin").read_bytes())
    page.route("**/o200k_base.bin", lambda route: route.fulfill(body=body, content_type=kind))
    page.goto(url)
    page.fill("textarea", "The cat sat.")
    page.wait_for_selector("token-explorer[data-state=failed]")
    assert "could not be loaded" in page.inner_text(".status")
    assert ids_shown(page) == page.evaluate("document.querySelector('token-explorer').tokens") == []
    assert set(page.locator(".counts dd").all_inner_texts()) == {"–"}
    page.unroute("**/o200k_base.bin")
    page.fill("textarea", "The cat sat")
    page.wait_for_selector("token-explorer[data-state=live]")
    page.wait_for_function("document.querySelector('token-explorer').tokens.length === 3")
    assert page.locator(".counts dd").last.inner_text() == "3"
    page.close()


def test_old_counts_do_not_stand_beside_a_new_text_that_waits_for_the_vocabulary(browser, url):
    page = browser.new_page()
    held = []
    page.route("**/o200k_base.bin", lambda route: held.append(route))
    page.goto(url)
    page.fill("textarea", "The cat sat.")
    page.wait_for_selector("token-explorer[data-state=loading]")
    page.wait_for_function("document.querySelector('.counts dd').textContent === '–'")
    assert ids_shown(page) == []
    page.click("token-explorer button:text-is('Numbers')")
    counts = page.locator(".counts dd").all_inner_texts()
    assert "–" not in counts
    held[0].abort()
    page.wait_for_selector("token-explorer[data-state=failed]")
    assert page.locator(".counts dd").all_inner_texts() == counts
    assert ids_shown(page) == o200k_base().encode_ordinary(presets()[2]["text"])
    page.close()


def test_a_translator_that_was_here_first_changes_no_token(browser, url):
    """It rewrites text in place, before the script starts: here every word, and every digit."""
    page = browser.new_page()
    held = []
    page.route("**/token-explorer.js", lambda route: held.append(route))
    page.goto(url, wait_until="commit")
    page.wait_for_selector("section.example:last-of-type dd", state="attached")
    page.evaluate(
        """() => { for (const e of document.querySelectorAll("[data-token-id], dd, .name")) {
          const font = document.createElement("font");
          font.textContent = "traduït " + e.textContent;
          e.replaceChildren(font);
        } }"""
    )
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_selector("token-explorer [data-bytes]")
    for preset in presets():
        page.click(f"token-explorer button:text-is('{preset['name']}')")
        ids = o200k_base().encode_ordinary(preset["text"])
        drawn = page.eval_on_selector_all("[data-bytes]", "all => all.map(e => e.dataset.bytes)")
        assert drawn == [o200k_base().decode_single_token_bytes(i).hex(" ").upper() for i in ids]
    assert page.get_attribute(".chips", "translate") == "no"
    page.close()


def test_a_server_that_unpacks_gzip(browser, url, site):
    page = browser.new_page()
    page.add_init_script(TOKENIZE)
    unpacked = gzip.decompress((site / "_static/token-explorer/o200k_base.bin").read_bytes())
    page.route("**/o200k_base.bin", lambda route: route.fulfill(body=unpacked))
    page.goto(url)
    assert type_text(page, "The cat sat.") == [976, 9059, 10139, 13]
    page.close()
