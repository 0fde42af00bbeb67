"""What the chapter on tokenization measures: a small training, words merge by merge, languages, two real vocabularies.

Nothing here is random: every number is a count, of the texts named, by o200k_base and by SmolLM2's tokenizer.
Chapter: book/tokenization.md
"""

import functools
import sys
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

from anatomy import gguf, smollm2
from anatomy import tokenization as t
from anatomy.model import PUBLISHED
from anatomy.studies.costs import part_costs

CORPUS = "how much wood would a woodchuck chuck if a woodchuck could chuck wood?"
WORDS = (" tokenization", " strawberry", " unbelievable", " mispelled", "日本語", "👩‍🚀")
NUMBERS = ("7", "42", "365", "1984", "86400", "1234567", "1,234,567", "3.14159")
LANGUAGES = (
    *("English", "Chinese", "Spanish", "German", "Russian", "Arabic"),
    *("Korean", "Finnish", "Hindi", "Thai", "Burmese", "Amharic"),
)


@functools.cache
def smollm2_tokenizer():
    """SmolLM2's tokenizer, read from the checkpoint's file without its weights."""
    return smollm2.Tokenizer(gguf.read(smollm2.find()).metadata)


def smollm2_ranks():
    """Its entries that are text: token (bytes) -> id."""
    tokenizer = smollm2_tokenizer()
    return {tokenizer.token_bytes(i): i for i in range(len(tokenizer.control), tokenizer.n_vocab)}


# Merges


@dataclass(frozen=True)
class Training:
    """steps: n + 1 training Steps. states: the pieces of the corpus, each a tuple of tokens, before any merge and
    after each of the first n."""

    steps: list
    states: list

    @property
    def n_tokens(self):
        """n + 1 numbers of tokens."""
        return [sum(map(len, pieces)) for pieces in self.states]

    @property
    def made(self):
        """The n + 1 tokens that the steps make."""
        return [b"".join(step.pair) for step in self.steps]


def training(corpus=CORPUS, n_merges=13):
    """The corpus before and after each merge, and the step that would come next.

    >>> training(n_merges=1).n_tokens
    [70, 65]
    """
    pieces = t.split(corpus)
    steps = list(islice(t.training_steps(corpus), n_merges + 1))
    words = [Counter(map(t.single_bytes, pieces)), *(step.words for step in steps[:-1])]
    tokens_of = [{b"".join(word): word for word in state} for state in words]
    return Training(steps, [[of[t.utf8(piece)] for piece in pieces] for of in tokens_of])


def ladder(word, ranks=None):
    """A word from single bytes to tokens: a list of states, each a list of (token, id).

    >>> [len(state) for state in ladder(" low")]
    [4, 3, 2, 1]
    """
    ranks = t.o200k_ranks() if ranks is None else ranks
    return [[(token, ranks[token]) for token in state] for state in t.encoding_steps(word, ranks)]


def ladders(words=WORDS):
    """Each word's ladder with o200k_base."""
    return {word: ladder(word) for word in words}


def fewest(piece, ranks=None):
    """The fewest tokens of a vocabulary that a piece can be divided into, as a tuple; of equals, the first found.

    >>> fewest(" low", t.train("low lower lowest", 2))
    (b' ', b'low')
    """
    ranks = t.o200k_ranks() if ranks is None else ranks
    text = t.utf8(piece)
    best = [()]
    for end in range(1, len(text) + 1):
        known = [start for start in range(end) if text[start:end] in ranks]
        best.append(min(((*best[start], text[start:end]) for start in known), key=len))
    return best[-1]


@functools.cache
def longer_than_needed():
    """Pieces of the novel's chapter that o200k_base cuts into more tokens than it must; and how many pieces differ.

    Piece -> (its tokens by merges, the fewest), in the order of the text.
    """
    pieces = dict.fromkeys(t.split(t.novel()))
    both = {piece: (ladder(piece)[-1], fewest(piece)) for piece in pieces}
    longer = {
        piece: (tuple(token for token, _ in merged), few)
        for piece, (merged, few) in both.items()
        if len(merged) > len(few)
    }
    return longer, len(pieces)


# Digits


def cut(text):
    """How o200k_base and SmolLM2 cut a text, as words with bars between the tokens."""
    encoding, tokenizer = t.o200k_base(), smollm2_tokenizer()
    return [
        " | ".join(map(t.visible, map(bytes_of, ids)))
        for ids, bytes_of in (
            (encoding.encode_ordinary(text), encoding.decode_single_token_bytes),
            (tokenizer.encode(text), tokenizer.token_bytes),
        )
    ]


def short_numbers():
    """Of the strings of one to three digits: how many are tokens of o200k_base, and how many there are."""
    strings = [f"{i:0{width}}".encode() for width in (1, 2, 3) for i in range(10**width)]
    return sum(string in t.o200k_ranks() for string in strings), len(strings)


# Languages


@dataclass(frozen=True)
class Language:
    """One text in one language. size: its four lengths, tokens by o200k_base; smollm2: tokens by SmolLM2.

    fragments: how many of o200k_base's tokens are not whole code points.
    """

    name: str
    size: t.Size
    smollm2: int
    fragments: int


def article(name):
    """Article 1 of the Universal Declaration of Human Rights in the language of this name."""
    return next(a["text"] for a in t.articles() if a["language"].split()[0] == name)


def languages(names=LANGUAGES):
    """Name -> Language, for one article in one translation each."""
    encoding, tokenizer = t.o200k_base(), smollm2_tokenizer()
    found = {}
    for name in names:
        text = article(name)
        tokens = map(encoding.decode_single_token_bytes, encoding.encode_ordinary(text))
        fragments = sum(not t.is_text(token) for token in tokens)
        found[name] = Language(name, t.size(text, encoding), len(tokenizer.encode(text)), fragments)
    return found


# Vocabularies


@dataclass(frozen=True)
class Vocabulary:
    """Counts of one vocabulary's entries, and how many bytes of two texts a token covers."""

    entries: int
    special: int
    single_bytes: int
    begin_with_space: int
    fragments: int
    digits_only: int
    longest: int
    bytes_per_token_english: float
    bytes_per_token_hindi: float


@functools.cache
def vocabularies():
    """o200k_base and SmolLM2, each a Vocabulary."""
    english, hindi = article("English"), article("Hindi")

    def measured(tokens, n_special, encode):
        return Vocabulary(
            len(tokens) + n_special,
            n_special,
            sum(len(token) == 1 for token in tokens),
            sum(token.startswith(b" ") for token in tokens),
            sum(not t.is_text(token) for token in tokens),
            sum(token.isdigit() for token in tokens),
            max(map(len, tokens)),
            len(english.encode()) / len(encode(english)),
            len(hindi.encode()) / len(encode(hindi)),
        )

    tokenizer = smollm2_tokenizer()
    return {
        "o200k_base": measured(t.o200k_ranks(), len(t.O200K_SPECIAL_TOKENS), t.o200k_base().encode_ordinary),
        "SmolLM2": measured(smollm2_ranks(), len(tokenizer.control), tokenizer.encode),
    }


def vocabulary_rows():
    """The same as words: a row for each count, a column for each vocabulary."""
    labels = {
        "entries": "ids in use",
        "special": "special",
        "single_bytes": "single bytes",
        "begin_with_space": "begin with a space",
        "fragments": "not whole code points",
        "digits_only": "digits only",
        "longest": "longest, in bytes",
        "bytes_per_token_english": "bytes per token, English",
        "bytes_per_token_hindi": "bytes per token, Hindi",
    }
    both = vocabularies().values()
    values = [[getattr(vocabulary, field) for vocabulary in both] for field in labels]
    return [
        [label, *(f"{n:,}" if isinstance(n, int) else f"{n:.2f}" for n in pair)]
        for label, pair in zip(labels.values(), values, strict=True)
    ]


@dataclass(frozen=True)
class MissingBytes:
    """The bytes without an entry. never: in no UTF-8 text; control: control characters; leads: bytes that begin
    characters of several bytes."""

    never: list
    control: list
    leads: list


def missing_bytes():
    """The bytes that SmolLM2's vocabulary lacks, by what a text could need them for.

    Control: every code point is written in UTF-8, and a byte that none of them needs is one that never occurs.
    """
    points = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    occur = set(t.utf8(points))
    missing = [token[0] for token in smollm2_tokenizer().missing]
    needed = [byte for byte in missing if byte in occur]
    return MissingBytes(
        [byte for byte in missing if byte not in occur],
        [byte for byte in needed if byte < 32],
        [byte for byte in needed if byte >= 0xC2],
    )


@dataclass(frozen=True)
class Rows:
    """What a vocabulary costs a model: parameters in its rows (and columns), their share, FLOPs to score it."""

    n_vocab: int
    parameters: int
    share: float
    flops: int


def vocabulary_costs():
    """Model -> Rows, for published models and for one that nobody has trained: SmolLM2 with o200k_base."""
    smol = PUBLISHED["SmolLM2-135M"]
    models = {
        "SmolLM2-135M": smol,
        "SmolLM2-135M with o200k_base": replace(smol, n_vocab=t.o200k_base().n_vocab),
        **{name: PUBLISHED[name] for name in ("GPT-2", "Llama-2-7B", "Llama-3-8B")},
    }
    found = {}
    for name, config in models.items():
        held = config.n_vocab * config.d_model * (1 if config.tied else 2)
        flops = part_costs(config)["logits"].flops
        found[name] = Rows(config.n_vocab, held, held / config.n_parameters(), flops)
    return found


# What the prose says


def told_of_unicode(languages):
    """Numbers for the prose: ids and code points. languages: as languages() gives them."""
    used = vocabularies()["o200k_base"].entries
    emoji = "👩‍🚀"
    astronaut = t.size(emoji, t.o200k_base())
    return {
        "last_text_id": f"{max(t.o200k_ranks().values()):,}",
        "n_unicode": f"{sys.maxunicode + 1:,}",
        "o200k_special": len(t.O200K_SPECIAL_TOKENS),
        "last_id": f"{max(t.O200K_SPECIAL_TOKENS.values()):,}",
        "o200k_used": f"{used:,}",
        "unused": t.o200k_base().n_vocab - used,
        "hindi_characters": languages["Hindi"].size.characters,
        "hindi_bytes": languages["Hindi"].size.bytes,
        "utf16": len(emoji.encode("utf-16-le")) // 2,
        "points": astronaut.code_points,
        "emoji_bytes": astronaut.bytes,
        "emoji_tokens": astronaut.tokens,
    }


def told_of_merges(training):
    """Numbers for the prose on the small training, and the tokens that it makes."""
    made = [t.visible(token) for token in training.made]
    return {
        "seventh": made[6],
        "eighth": made[7],
        "tenth": made[9],
        "n_bytes": training.n_tokens[0],
        "n_after": training.n_tokens[-1],
        "n_merges": len(training.n_tokens) - 1,
    }


def told_of_words(ladders):
    """Numbers for the prose on words, merge by merge, and on digits."""
    astronaut = [token for token, _ in ladders["👩‍🚀"][-1]]
    whole, of = short_numbers()
    return {
        "strawberry": f"{ladders[' strawberry'][-1][0][1]:,}",
        "mispelled": ", ".join(token.decode().strip() for token, _ in ladders[" mispelled"][-1]),
        "astronaut": len(astronaut),
        "fragments": sum(not t.is_text(token) for token in astronaut),
        "short": f"all {of:,}" if whole == of else f"{whole:,} of the {of:,}",
    }


def told_of_shortest():
    """Numbers for the prose on merges that end in more tokens than they must."""
    longer, n_pieces = longer_than_needed()
    merged, few = (", ".join(map(t.visible, tokens)) for tokens in longer[" Bingley"])
    return {
        "bingley_merged": merged,
        "bingley_fewest": few,
        "n_pieces": n_pieces,
        "n_longer": len(longer),
    }


def told_of_languages(languages):
    """Numbers for the prose on one article in several languages."""
    english, hindi, amharic, burmese = (
        languages[name] for name in ("English", "Hindi", "Amharic", "Burmese")
    )
    russian = languages["Russian"]
    covers = {
        name: each.size.characters / each.size.tokens
        for name, each in languages.items()
        if name in ("English", "Russian", "Chinese", "Amharic")
    }
    return {
        **{f"covers_{name.lower()}": f"{n:.1f}" for name, n in covers.items()},
        "covers_russian_other": f"{russian.size.characters / russian.smollm2:.1f}",
        "english_points": english.size.code_points,
        "burmese_points": burmese.size.code_points,
        "amharic_tokens": amharic.size.tokens,
        "amharic_fragments": amharic.fragments,
        "amharic_characters": amharic.size.characters,
        "amharic_bytes": amharic.size.bytes,
        "amharic_other": amharic.smollm2,
        "english_bytes": english.size.bytes,
        "burmese_bytes": burmese.size.bytes,
        "hindi_times": f"{hindi.size.tokens / english.size.tokens:.1f}",
        "hindi_other_times": f"{hindi.smollm2 / english.smollm2:.1f}",
    }


def told_of_vocabularies(languages):
    """Numbers for the prose on two vocabularies, and on what vocabularies cost."""
    both, missing, costs = vocabularies(), missing_bytes(), vocabulary_costs()
    smol, with_o200k, llama3 = (
        costs[name] for name in ("SmolLM2-135M", "SmolLM2-135M with o200k_base", "Llama-3-8B")
    )
    spanish, english = languages["Spanish"], languages["English"]
    return {
        "o200k_fragments": f"{both['o200k_base'].fragments:,}",
        "smollm2_bytes": both["SmolLM2"].single_bytes,
        "missing": 256 - both["SmolLM2"].single_bytes,
        "never": len(missing.never),
        "control": len(missing.control),
        "leads": " and ".join(f"{byte:02X}" for byte in missing.leads),
        "share": f"{smol.share:.0%}",
        "share_o200k": f"{with_o200k.share:.0%}",
        "share_llama3": f"{llama3.share:.0%}",
        "times_rows": f"{llama3.n_vocab / smol.n_vocab:.1f}",
        "saved": f"{1 - spanish.size.tokens / spanish.smollm2:.0%}",
        "spent": english.size.tokens - english.smollm2,
    }
