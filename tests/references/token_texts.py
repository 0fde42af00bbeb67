"""Thousands of texts that tokenizers tend to get wrong, the same at every run.

Code points of the random texts are drawn from those that Python's unicodedata knows, so that tokenizers which
follow different versions of Unicode agree on what they are. `every_character` has those on which they do not.
"""

import json
import random
import unicodedata
from pathlib import Path

import regex

from anatomy.tokenization import unicode_classes

ROOT = Path(__file__).parents[2]
BLOCKS = """
    20-7E 00-1F A0-FF 100-24F 250-2FF 300-36F 370-3FF 400-4FF 531-58F 5D0-5F4 600-6FF 900-97F
    980-9FF B80-BFF C80-CFF E00-E5B 1000-109F 10A0-10FF 1200-137F 1C90-1CBF 1E00-1EFF 2000-206F
    2070-209F 20A0-20BF 2100-218F 2190-22FF 2460-24FF 2500-25FF 2600-27BF 3000-30FF 3400-34FF
    4E00-9FFF AC00-D7A3 FB00-FB4F FE00-FE0F FF00-FFEF 10000-100FA 10400-1044F 12000-120FF
    1D400-1D7FF 1F1E6-1F1FF 1F300-1F6FF 1F900-1F9FF 20000-200FF E0100-E010F E000-E010
"""
SPACES = [
    " ",
    " ",
    "  ",
    "   ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u0085",
    "\u2028",
    "\x0b",
]
ODD = [
    "",
    " ",
    "\n",
    "a",
    "<|endoftext|>",
    "<|endofprompt|>",
    "<script>alert(1)</script>",
    "&amp;",
    "\x00",
    "\ufeff",
    "\u180e",
    "\u200b\u200c\u200d",
    "it's IT'S It'S we'LL we'll I'd they've you're 'twas",
    "it\u2019s",
    "o'ſ O'ſ a'ſb",
    "x'S'T'RE",
    "''''s",
    "ǅ ǈ ᾈ",
    "ªº",
    "ß ẞ ſ",
    "İi Iı",
    "e\u0301 é",
    "\u0301\u0301",
    "٠١٢٣٤٥٦",
    "१२३४५",
    "½ ¼ ② Ⅷ 〇",
    "1234567890",
    "3.14159",
    "1,000,000",
    "0x1F",
    "a1b2c3",
    "HTTPServer",
    "camelCaseName",
    "snake_case",
    "CONSTANT_NAME",
    "//////",
    "/\n/\n",
    "!!!\n\n",
    "...\r\n",
    " \n \n ",
    "\n\n\n\n",
    "a\n \n b",
    " " * 100,
    "\t" * 50,
    "-" * 200,
    "=" * 81,
    "a" * 300,
    "ab" * 200,
    "👩‍🚀" * 20,
    "न" * 50,
    "的" * 60,
    "ha" * 77,
    "0" * 100,
    "\u00a0" * 9 + "x",
    "_" * 70,
    "é" * 90,
]


def every_character():
    """Return all characters that `regex` knows or tiktoken takes for a letter, mark or number, and a few besides."""
    found = {chr(i) for first, after, _ in unicode_classes() for i in range(first, after)}
    found.update(regex.findall(r"[^\p{Cn}\p{Cs}\p{Co}]", "".join(map(chr, range(0x110000)))))
    found.update(["\ue000", "\U0010ffff", "\U00016ea0"])  # for private use, never assigned, new in Unicode 17
    return sorted(found)


def assigned(block):
    low, high = (int(end, 16) for end in block.split("-"))
    return [chr(i) for i in range(low, high + 1) if unicodedata.category(chr(i)) not in ("Cn", "Cs")]


def token_texts(n_random=3000, seed=1):
    """Return the texts: odd cases, 27 languages, the package's own code, and n_random random mixtures."""
    rng = random.Random(seed)
    articles = json.loads((ROOT / "anatomy/data/udhr-article-1.json").read_text(encoding="utf-8"))["articles"]
    presets = json.loads((ROOT / "anatomy/data/presets.json").read_text(encoding="utf-8"))
    texts = [*ODD, *(a["text"] for a in articles), *(p["text"] for p in presets)]
    texts += [a["text"].upper() for a in articles] + [a["text"].title() for a in articles]
    code = (ROOT / "anatomy/tokenization.py").read_text(encoding="utf-8").splitlines(keepends=True)
    texts += ["".join(code[i : i + 3]) for i in range(0, len(code), 3)]
    blocks = [assigned(block) for block in BLOCKS.split()]
    words = [word for a in articles for word in a["text"].split()]
    for _ in range(n_random):
        kind = rng.randrange(4)
        n = rng.randint(1, 30)
        if kind == 0:  # one block
            characters = rng.choice(blocks)
            text = "".join(rng.choice(characters) for _ in range(n))
        elif kind == 1:  # any blocks
            text = "".join(rng.choice(rng.choice(blocks)) for _ in range(n))
        elif kind == 2:  # words of many languages with odd spaces
            text = "".join(rng.choice(words) + rng.choice(SPACES) for _ in range(n))
        else:  # letters, digits, signs, spaces, contractions
            parts = [*"aAbBzZé9½0.,!?'\"/-_(", *SPACES, "'s", "'LL", "12", "\n", "न", "的", "👍", "\u0301"]
            text = "".join(rng.choice(parts) for _ in range(n))
        texts.append(text)
    return texts
