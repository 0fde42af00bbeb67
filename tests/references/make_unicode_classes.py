"""Ask tiktoken which code points it takes for letters, marks and numbers; freeze it.

Run by `nox -s references`. Writes anatomy/data/unicode-classes.txt, by which our own tokenizers, in Python and in
the page, cut text as tiktoken does, whatever version of Unicode `regex` or the browser follows. tiktoken 0.8 to
0.14 give the same answer, the classes of Unicode 16.

The file lists runs in rising order, "<class><gap>.<length>": so many code points of no class, then so many of this
one. A gap of 0 and a length of 1 are left out.
"""

import textwrap
from importlib.metadata import version
from pathlib import Path

import tiktoken

CLASSES = ("Lu", "Ll", "Lt", "Lm", "Lo", "M", "N")
OUT = Path(__file__).parents[2] / "anatomy/data/unicode-classes.txt"


def members(name):
    """The code points that tiktoken's \\p{name} matches, rising."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    finder = tiktoken.Encoding(name, pat_str=rf"\p{{{name}}}", mergeable_ranks=ranks, special_tokens={})
    found = []
    for first in range(0, 0x110000, 0x1000):
        text = "".join(chr(i) for i in range(first, first + 0x1000) if not 0xD800 <= i < 0xE000)
        found += map(ord, finder.decode(finder.encode_ordinary(text)))
    return found


def runs(class_of):
    """Code point -> class, as (first, after, class) for every run of neighbours of one class."""
    found = []
    for point in sorted(class_of):
        if found and found[-1][1:] == (point, class_of[point]):
            found[-1] = (found[-1][0], point + 1, class_of[point])
        else:
            found.append((point, point + 1, class_of[point]))
    return found


def written(found):
    """The text of the file."""
    words, at = [], 0
    for first, after, name in found:
        words.append(f"{name}{first - at or ''}" + (f".{after - first}" if after - first > 1 else ""))
        at = after
    return textwrap.fill(" ".join(words), 100) + "\n"


if __name__ == "__main__":
    text = written(runs({point: name for name in CLASSES for point in members(name)}))
    OUT.write_text(text, encoding="utf-8")
    print(f"{OUT.name}: {len(text.split())} runs from tiktoken {version('tiktoken')}")
