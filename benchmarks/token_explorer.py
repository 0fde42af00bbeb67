"""Milliseconds from 100,000 pasted characters to their tokens, in the built page: python benchmarks/token_explorer.py

Needs Chromium and the built book. The page's own share is what it does on the thread that draws.
"""

import statistics
from pathlib import Path

from anatomy.publishing.browser import chromium
from anatomy.tokenization import presets

PAGE = Path("book/_build/html/tokenization.html")
N_CHARACTERS, N_ROUNDS = 100_000, 5

PASTE = """async text => {
  const explorer = document.querySelector("token-explorer");
  const chips = explorer.querySelector(".chips"), textarea = explorer.querySelector("textarea");
  let own = 0;
  explorer.show = function (shown) {
    const start = performance.now();
    Object.getPrototypeOf(this).show.call(this, shown);
    own = performance.now() - start;
  };
  const drawn = new Promise(done => {
    const look = () => chips.getAttribute("aria-busy") === "false" && done();
    new MutationObserver(look).observe(chips, {attributeFilter: ["aria-busy"]});
  });
  textarea.value = text;
  textarea.scrollHeight;  // laying the text out is the browser's work
  const start = performance.now();
  textarea.dispatchEvent(new Event("input", {bubbles: true}));
  await drawn;
  return [performance.now() - start, own];
}"""


def texts():
    """Kinds of text that take their time, by name."""
    mixed = " ".join(preset["text"] for preset in presets())
    kinds = {
        "prose": "It was the best of times, it was the worst of times. ",
        "all presets": mixed + " ",
        "one letter": "a",
        "emoji": "👩‍🚀 👨‍👩‍👧‍👦 👍🏽 ",
        "short lines": "a line\n",
    }
    return {name: (text * N_CHARACTERS)[:N_CHARACTERS] for name, text in kinds.items()}


def main():
    if not PAGE.exists():
        print("token explorer: not measured, there is no built book; nox -s book")
        return
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.goto(PAGE.absolute().as_uri())
            page.evaluate(PASTE, "fetch the vocabulary")
            for name, text in texts().items():
                (first, own), *again = (page.evaluate(PASTE, text) for _ in range(1 + N_ROUNDS))
                later = statistics.median(whole for whole, _ in again)
                print(
                    f"token explorer, {len(text):,} characters, {name}: {first:.0f} ms, its own {own:.0f} ms; "
                    f"pasted again {later:.0f} ms"
                )
    except RuntimeError as problem:
        print(f"token explorer: not measured, {problem}")


if __name__ == "__main__":
    main()
