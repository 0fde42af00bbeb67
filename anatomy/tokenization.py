"""Byte-pair encoding: text to token ids and back.

Learns a vocabulary from a text, encodes with it one merge at a time, and builds o200k_base, a vocabulary
that is in use. Leaves out special tokens and speed: `o200k_base()` is the fast one, and tests hold the two
equal, down to the letters that tiktoken knows. Chapter: book/tokenization.md
"""

import base64
import functools
import gzip
import hashlib
import json
import zlib
from bisect import bisect
from collections import Counter
from importlib.resources import files
from itertools import islice, pairwise
from operator import itemgetter
from typing import NamedTuple

import regex
import tiktoken

from anatomy.checks import whole

# How o200k_base cuts a text into pieces before any merge. No token crosses a cut.
O200K_PATTERN = "|".join(
    [
        # letters that end in lower case, with one leading space or sign
        r"[^\r\n\p{L}\p{N}]?"
        r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        # letters that begin in upper case, with one leading space or sign
        r"[^\r\n\p{L}\p{N}]?"
        r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",  # one to three digits
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",  # signs
        r"\s*[\r\n]+",  # line ends
        r"\s+(?!\S)",  # spaces, but the last one goes with the next word
        r"\s+",
    ]
)

O200K_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
O200K_SPECIAL_TOKENS = {"<|endoftext|>": 199_999, "<|endofprompt|>": 200_018}

DATA = files("anatomy") / "data"
O200K_FILE = DATA / "o200k_base.tiktoken.gz"
ALL_BYTES = bytes(range(256))


# Learning the merges


class Step(NamedTuple):
    """One step of training: the pair that was merged, and everything that led to it."""

    pair: tuple  # the two tokens that became one, as bytes
    count: int  # how often they stood side by side
    counts: Counter  # the same for every pair, before the merge
    words: Counter  # each piece of the text, as a tuple of tokens after the merge, with its frequency


def utf8(text):
    """Return the bytes of a text, as UTF-8 writes them.

    Raises ValueError where text is no str, or holds half of a surrogate pair, which UTF-8 cannot write.

    >>> utf8("né").hex(" ")
    '6e c3 a9'
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a str, got {type(text).__name__}; decode bytes first")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text must not hold half of a surrogate pair, got {text[error.start]!r} at index {error.start}; "
            "remove it or replace it by U+FFFD"
        ) from None


def split(text, pattern=O200K_PATTERN):
    """Cut a text into the pieces that are encoded on their own; joined, they are the text.

    Letters, marks and numbers are those that tiktoken knows. Raises ValueError where the pattern passes over
    a character.

    >>> split("It's 2026, isn't it?")
    ["It's", ' ', '202', '6', ',', " isn't", ' it', '?']
    """
    utf8(text)
    classed = text if text.isascii() else "".join(map(stand_in, text))
    pieces = [text[match.start() : match.end()] for match in regex.finditer(pattern, classed)]
    if "".join(pieces) != text:
        raise ValueError(f"pattern must match every character of the text, got {pattern!r}; add |. with (?s)")
    return pieces


@functools.cache
def unicode_classes():
    """Return what tiktoken takes for letters, marks and numbers: runs (first, after, class), rising.

    Unicode gains letters every year, and `regex` follows a later version of it than tiktoken. Source: tiktoken,
    asked by tests/references/make_unicode_classes.py.

    >>> unicode_classes()[:3]
    [(48, 58, 'N'), (65, 91, 'Lu'), (97, 123, 'Ll')]
    """
    runs = []
    after = 0
    for run in (DATA / "unicode-classes.txt").read_text(encoding="utf-8").split():
        name, gap, length = regex.fullmatch(r"([A-Za-z]+)(\d*)\.?(\d*)", run).groups()
        first = after + int(gap or 0)
        after = first + int(length or 1)
        runs.append((first, after, name))
    return runs


# A character of each class, none of them part of a contraction; and one that is in none.
OF_CLASS = {"Lu": "A", "Ll": "a", "Lt": "ǅ", "Lm": "ʰ", "Lo": "ª", "M": "\u0301", "N": "0", "": "\uffff"}


@functools.cache
def stand_in(character):
    """Return the character, or one of the class that tiktoken gives it where `regex` gives it another.

    >>> stand_in("é")
    'é'
    """
    point = ord(character)
    first, after, name = unicode_classes()[bisect(unicode_classes(), point, key=itemgetter(0)) - 1]
    name = name if first <= point < after else ""
    agreed = regex.match(rf"\p{{{name}}}" if name else r"[^\p{L}\p{M}\p{N}]", character)
    return character if agreed else OF_CLASS[name]


def single_bytes(piece):
    """Return a piece as a tuple of tokens of one byte each, where every merge begins.

    >>> single_bytes("né")
    (b'n', b'\\xc3', b'\\xa9')
    """
    return tuple(bytes([byte]) for byte in utf8(piece))


def count_pairs(words):
    """Count how often each pair of tokens stands side by side.

    words: a Counter of tuples of tokens -> a Counter of pairs.

    >>> count_pairs(Counter({(b"a", b"b", b"b"): 3}))
    Counter({(b'a', b'b'): 3, (b'b', b'b'): 3})
    """
    counts = Counter()
    for word, frequency in words.items():
        for pair in pairwise(word):
            counts[pair] += frequency
    return counts


def merge(word, pair):
    """Join the pair wherever it stands in the word, from left to right.

    >>> merge((b"a", b"a", b"a", b"b"), (b"a", b"a"))
    (b'aa', b'a', b'b')
    """
    merged = []
    i = 0
    while i < len(word):
        if word[i : i + 2] == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(word[i])
            i += 1
    return tuple(merged)


def training_steps(text, pattern=O200K_PATTERN):
    """Yield a Step for every merge, the most frequent pair first.

    Of two pairs with the same count, the one that the text shows first
    goes first. Ends when every piece of the text is one token.
    Source: Sennrich et al. 2016, algorithm 1, over bytes, not characters.

    >>> step = next(training_steps("low lower lowest"))
    >>> step.pair, step.count
    ((b'l', b'o'), 3)
    """
    words = Counter(single_bytes(piece) for piece in split(text, pattern))
    while counts := count_pairs(words):
        pair, count = counts.most_common(1)[0]
        merged = Counter()
        for word, frequency in words.items():
            merged[merge(word, pair)] += frequency
        words = merged
        yield Step(pair, count, counts, words)


def laid_out(text, words, pattern=O200K_PATTERN):
    """Return the tokens of a text in order, given what a Step of its training holds as words.

    >>> step = next(training_steps("low slow"))
    >>> laid_out("low slow", step.words)
    [b'lo', b'w', b' ', b's', b'lo', b'w']
    """
    tokens_of = {b"".join(word): word for word in words}
    return [token for piece in split(text, pattern) for token in tokens_of[utf8(piece)]]


def train(text, n_merges, pattern=O200K_PATTERN, alphabet=ALL_BYTES):
    """Learn a vocabulary: the single bytes, then one new token for each merge.

    Returns a dict from token (bytes) to id, in the order in which the tokens were made. The alphabet may be
    smaller than 256 bytes, if it holds every byte of the text. Raises ValueError where it does not or repeats
    a byte, and for a negative n_merges.

    >>> ranks = train("low lower lowest", 3)
    >>> list(ranks)[256:]
    [b'lo', b'low', b' low']
    """
    whole("n_merges", n_merges)
    missing = set(utf8(text)) - set(alphabet)
    if missing:
        raise ValueError(
            f"alphabet must hold every byte of the text, got none for {bytes(sorted(missing))!r}"
        )
    twice = [bytes([byte]) for byte, count in Counter(alphabet).items() if count > 1]
    if twice:
        raise ValueError(f"alphabet must hold every byte once, got {twice[0]!r} twice; leave it out")
    ranks = {bytes([byte]): i for i, byte in enumerate(alphabet)}
    for step in islice(training_steps(text, pattern), n_merges):
        ranks.setdefault(step.pair[0] + step.pair[1], len(ranks))
    return ranks


# Encoding and decoding


def encoding_steps(piece, ranks):
    """Yield the tokens of one piece: its bytes, then the state after a merge.

    ranks: a dict from token (bytes) to id. The pair whose union has the
    lowest id is merged first. Raises ValueError for a byte without an id.

    >>> ranks = train("low lower lowest", 3)
    >>> for tokens in encoding_steps(" low", ranks):
    ...     print(tokens)
    (b' ', b'l', b'o', b'w')
    (b' ', b'lo', b'w')
    (b' ', b'low')
    (b' low',)
    """
    tokens = single_bytes(piece)
    check_bytes(tokens, ranks)
    yield tokens
    while True:
        unions = [left + right for left, right in pairwise(tokens)]
        known = [union for union in unions if union in ranks]
        if not known:
            return
        i = unions.index(min(known, key=ranks.get))
        tokens = (*tokens[:i], unions[i], *tokens[i + 2 :])
        yield tokens


def check_bytes(tokens, ranks):
    """Raise ValueError naming the first byte that the vocabulary does not have."""
    for token in tokens:
        if token not in ranks:
            raise ValueError(f"ranks must hold every byte of the text, got none for {token!r}")


def encode(text, ranks, pattern=O200K_PATTERN):
    """Return the token ids of a text.

    Every piece is merged on its own. The time grows with the square of the longest piece.

    >>> ranks = train("low lower lowest", 3)
    >>> encode("slow low", ranks)
    [115, 257, 258]
    """
    ids = []
    for piece in split(text, pattern):
        *_, tokens = encoding_steps(piece, ranks)
        ids += [ranks[token] for token in tokens]
    return ids


def decode(ids, ranks):
    """Return the text of a list of token ids; bytes that are no character become U+FFFD.

    Raises ValueError for an id that the vocabulary does not have, or has twice.

    >>> decode([115, 257, 258], train("low lower lowest", 3))
    'slow low'
    """
    check_ids_once(ranks.values())
    tokens = {i: token for token, i in ranks.items()}
    for i in ids:
        if i not in tokens:
            raise ValueError(f"ids must be in the vocabulary of {len(ranks)} tokens, got {i!r}")
    return b"".join(tokens[i] for i in ids).decode("utf-8", errors="replace")


def check_ids_once(ids):
    """Raise ValueError naming the first id that two tokens share."""
    twice = [i for i, count in Counter(ids).items() if count > 1]
    if twice:
        raise ValueError(
            f"ranks and special tokens must use every id once, got {twice[0]} twice; renumber them"
        )


# Looking at tokens

WHITESPACE_MARKS = {" ": "·", "\n": "↵", "\r": "␍", "\t": "⇥"}


def is_text(token):
    """Say whether the bytes of a token are whole characters. Many tokens are not.

    >>> is_text(b" caf\\xc3\\xa9"), is_text(b"\\xc3")
    (True, False)
    """
    try:
        token.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def visible(token):
    """Return a token as it can be read: whitespace marked, bytes that are no character in hexadecimal.

    >>> visible(b" the\\n"), visible(b"\\xf0\\x9f")
    ('·the↵', 'F0 9F')
    """
    if not is_text(token):
        return token.hex(" ").upper()
    return "".join(visible_character(character) for character in token.decode("utf-8"))


def visible_character(character):
    """Return a mark for whitespace, a code point for what draws nothing, and else the character.

    >>> visible_character(" "), visible_character("\\u200d"), visible_character("é")
    ('·', 'U+200D', 'é')
    """
    if character in WHITESPACE_MARKS:
        return WHITESPACE_MARKS[character]
    if regex.match(r"\s|\p{C}|\p{Default_Ignorable_Code_Point}", character):
        return f"U+{ord(character):04X}"
    return character


class Size(NamedTuple):
    """Four lengths of one text."""

    characters: int  # what a reader sees as one: a letter with its accents, a joined emoji
    code_points: int  # what Python's len counts
    bytes: int  # in UTF-8
    tokens: int


def size(text, encoding):
    """Return the four lengths of a text; encoding: a tiktoken Encoding.

    >>> size("👩‍🚀 né", o200k_base())
    Size(characters=4, code_points=6, bytes=15, tokens=6)
    """
    n_bytes = len(utf8(text))
    characters = regex.findall(r"\X", text)
    return Size(len(characters), len(text), n_bytes, len(encoded(encoding.encode_ordinary, text)))


# The real vocabulary


class Encoding(tiktoken.Encoding):
    """tiktoken's encoder, with clear errors: what it cannot encode is a ValueError that says so.

    By itself tiktoken replaces half of a surrogate pair without a word. Where its regular expression gives up,
    at a million spaces in a row, one method ends in a PanicException, which is no Exception.
    """

    def encode(self, text, **options):
        return encoded(super().encode, text, **options)

    def encode_ordinary(self, text):
        return encoded(super().encode_ordinary, text)


def encoded(encode, text, **options):
    """Return the ids of a text from one of tiktoken's methods, or raise ValueError."""
    utf8(text)
    try:
        return encode(text, **options)
    except BaseException as error:
        if type(error).__name__ != "PanicException" and not str(error).startswith("Regex error"):
            raise
        raise ValueError(
            f"text must be one that tiktoken can cut into pieces, got {len(text)} characters on which it gave up: "
            f"{error}; encode it in parts"
        ) from None


def byte_pair_encoding(name, pattern, ranks, special_tokens=None):
    """Return a tiktoken Encoding: the fast encoder for a vocabulary.

    ranks: a dict from token (bytes) to id; special_tokens: a dict from str to id. Raises ValueError for an
    empty vocabulary, a token that is not bytes, an id that is no whole number or used twice, and a vocabulary
    without all 256 bytes, each of which a text may hold.

    >>> encoding = byte_pair_encoding("low", O200K_PATTERN, train("low lower lowest", 3))
    >>> encoding.encode_ordinary("slow low")
    [115, 257, 258]
    """
    special_tokens = special_tokens or {}
    if not ranks:
        raise ValueError("ranks must not be empty, got no token; train a vocabulary first")
    for token in ranks:
        if not isinstance(token, bytes) or not token:
            raise ValueError(f"ranks must map bytes to ids, got the token {token!r}; encode it as UTF-8")
    ids = [*ranks.values(), *special_tokens.values()]
    for i in ids:
        whole("id", i)
    check_ids_once(ids)
    missing = [token for token in map(bytes, zip(ALL_BYTES)) if token not in ranks]
    if missing:
        raise ValueError(
            f"ranks must hold all 256 bytes, got none for {missing[0]!r}; train with the whole alphabet, "
            "or use encode(), which names a byte that is missing"
        )
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=special_tokens)


def read_whole(path, sha256):
    """Return the bytes of a gzipped vocabulary file.

    Raises ValueError where they do not hash to sha256, FileNotFoundError where there is no file.
    """
    way_out = (
        "reinstall the package with: pip install --force-reinstall anatomy-of-an-llm, "
        "or in a clone run: git checkout -- anatomy/data"
    )
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"the vocabulary file {path} is missing; {way_out}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"the vocabulary file {path} is damaged ({error}); {way_out}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"the vocabulary file {path} is damaged: sha256 {found}, not {sha256}; {way_out}")
    return content


def read_ranks(path, sha256):
    """Return the vocabulary of a gzipped .tiktoken file: a dict from token (bytes) to id.

    Each line holds a token in base64 and its id. Raises what `read_whole` raises.

    >>> len(read_ranks(O200K_FILE, O200K_SHA256))
    199998
    """
    lines = (line.split() for line in read_whole(path, sha256).splitlines())
    return {base64.b64decode(token): int(i) for token, i in lines}


@functools.cache
def o200k_ranks():
    """Return the vocabulary of o200k_base: a dict from token (bytes) to id. Treat it as read-only."""
    return read_ranks(O200K_FILE, O200K_SHA256)


@functools.cache
def o200k_base():
    """Return the tokenizer of GPT-4o, built from the file in this package, without any network.

    Source: the tiktoken library, whose vocabulary file, pattern and special tokens these are.

    >>> o200k_base().encode("The cat sat.")
    [976, 9059, 10139, 13]
    """
    return byte_pair_encoding("o200k_base", O200K_PATTERN, o200k_ranks(), O200K_SPECIAL_TOKENS)


def articles():
    """Return article 1 of the Universal Declaration of Human Rights in 27 languages.

    A list of dicts with the keys language, bcp47, direction and text.

    >>> articles()[0]["text"][:30]
    'All human beings are born free'
    """
    return json.loads((DATA / "udhr-article-1.json").read_text(encoding="utf-8"))["articles"]


def novel(n_paragraphs=None):
    """Return the first chapter of Pride and Prejudice (1813), or its first paragraphs.

    Raises ValueError for n_paragraphs < 1.

    >>> novel(1)[:31]
    'It is a truth universally ackno'
    """
    text = (DATA / "pride-and-prejudice-chapter-1.txt").read_text(encoding="utf-8")
    if n_paragraphs is not None:
        text = "\n\n".join(text.split("\n\n")[: whole("n_paragraphs", n_paragraphs, at_least=1)])
    return text


def presets():
    """Return the example texts of the chapter.

    A list of dicts with the keys name, language, direction and text.

    >>> presets()[0]["name"]
    'Prose'
    """
    return json.loads((DATA / "presets.json").read_text(encoding="utf-8"))
