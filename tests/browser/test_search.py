"""Search: excerpts of articles, the words marked where a hit leads, and all of it where the browser keeps nothing."""

import re

import pytest

NO_STORAGE = {
    "denied": "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError') }})",
    "full": "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') }",
}
MARKED = "[...(CSS.highlights.get('found') ?? [])].map(range => range.toString())"


def search(page, words):
    """The excerpts for some words."""
    page.goto(f"search.html?q={words}")
    page.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('finished')")
    page.wait_for_function("document.querySelectorAll('#search-results li:not(:has(.context))').length === 0")
    return page.locator("#search-results .context").all_inner_texts()


@pytest.mark.parametrize("words", ["top-p", "sampling", "neuron"])
def test_excerpts_come_from_the_article_and_hold_what_was_searched_for(tab, words):
    page = tab()
    excerpts = search(page, words)
    assert excerpts
    assert not [text for text in excerpts if "Light or dark" in text or "On this page" in text]
    assert words in excerpts[0].lower()
    marked = [text.lower() for text in page.evaluate(MARKED)]
    assert words in [text[: len(words)] for text in marked]
    # where the words do not stand side by side, each of them is marked, but no single letter
    assert all(text.startswith(words.partition("-")[0]) for text in marked)
    assert page.problems == []


@pytest.mark.parametrize(
    ("words", "chapter"),
    [
        ("memory", "kv-cache"),
        ("context length", "kv-cache"),
        ("hallucination", "logits-and-sampling"),
        ("why can't it spell", "tokenization"),
        ("RLHF", "post-training"),
        ("embedding", "embeddings"),
        ("ALiBi", "rope"),
    ],
)
def test_everyday_words_and_terms_find_their_chapter_before_the_glossary(tab, words, chapter):
    page = tab()
    search(page, words)
    pages = page.locator("#search-results li > a").evaluate_all(
        "all => all.map(a => a.pathname.split('/').pop())"
    )
    assert pages[0] == f"{chapter}.html"
    assert page.problems == []


@pytest.mark.parametrize("words", ["top-p", "top p", "feed forward network", "sampling", "the temperature"])
def test_a_hit_opens_with_whole_words_marked_and_nothing_kept(tab, words):
    page = tab()
    search(page, words)
    page.locator("#search-results li.kind-text a, #search-results li a").first.click()
    page.wait_for_function(f"{MARKED}.length > 0")
    marked = page.evaluate(MARKED)
    wanted = re.compile(re.sub(r"\W", r"[\\s-]+", words.removeprefix("the ")), re.IGNORECASE)
    assert len(marked) < 100
    assert all(wanted.match(text) for text in marked), marked
    assert page.url.partition("#")[0].endswith(".html"), "a link that is passed on marks nothing"
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="Hide what was found").click()
    assert page.evaluate(MARKED) == []
    assert page.problems == []


@pytest.mark.parametrize("kind", NO_STORAGE)
def test_search_needs_no_storage(tab, kind):
    page = tab()
    page.add_init_script(NO_STORAGE[kind])
    assert search(page, "sampling")
    page.goto("logits-and-sampling.html?highlight=sampling")
    page.wait_for_function(f"{MARKED}.length > 0")
    assert page.problems == []


def test_what_marks_is_fetched_by_those_who_come_from_a_search(tab):
    page = tab()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto("tokenization.html", wait_until="networkidle")
    assert not any("search.js" in url or "sphinx_highlight" in url for url in requests)


@pytest.mark.parametrize("words", ["(", "[a-z]+*", "\\", "%", "<img src=x onerror=alert(1)>", "zzzz"])
def test_odd_words_find_nothing_and_break_nothing(tab, words):
    page = tab()
    page.goto("search.html")
    page.locator("main input[name=q]").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.search-summary')?.textContent.length > 0")
    page.goto("tokenization.html")
    page.evaluate("words => location.search = '?highlight=' + encodeURIComponent(words)", words)
    page.wait_for_url(re.compile(r"tokenization\.html$"))
    assert page.problems == []
