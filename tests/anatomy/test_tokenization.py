"""Our byte-pair encoding against tiktoken, against an example worked by hand, and on bad input."""

import gzip
import hashlib
import runpy
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import tiktoken
import tiktoken_ext.openai_public
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import tokenization as t

ROOT = Path(__file__).parents[2]
references = runpy.run_path(str(ROOT / "tests/references/token_texts.py"))
token_texts, every_character = references["token_texts"], references["every_character"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FEW = st.text("ab ", max_size=60)


# Against tiktoken


def test_encode_is_tiktoken_on_thousands_of_texts():
    ranks, real = t.o200k_ranks(), t.o200k_base()
    texts = token_texts()
    assert len(texts) > 3000
    different = [text for text in texts if t.encode(text, ranks) != real.encode_ordinary(text)]
    assert different == []


def test_every_character_is_cut_as_tiktoken_cuts_it():
    """Also those that `regex` or tiktoken learned of later than the other: before a contraction, a capital, a sign."""
    real = t.o200k_base()
    every = every_character()
    different = []
    for first in range(0, len(every), 1000):
        for after in ("'t", "A", "\\"):
            text = "".join(f"{character}{after}\n" for character in every[first : first + 1000])
            ids = [i for piece in t.split(text) for i in real._encode_single_piece(piece)]
            if ids != real.encode_ordinary(text):
                different.append((hex(ord(every[first])), after))
    assert len(every) > 150_000
    assert different == []


def test_a_letter_that_tiktoken_does_not_know_is_no_letter():
    assert t.encode("\U00016ea0't", t.o200k_ranks()) == [172, 244, 118, 254, 6, 83]


def test_whatever_regex_knows_the_classes_are_tiktokens(monkeypatch):
    """A `regex` that agrees on é alone leaves é as it is, and sees the others by their class."""
    t.stand_in.cache_clear()
    monkeypatch.setattr(t.regex, "match", lambda pattern, character: character in "é")
    try:
        assert [t.stand_in(c) for c in "éÄäǆ猫٣\u0300€"] == ["é", *"Aaaª0\u0301\uffff"]
    finally:
        t.stand_in.cache_clear()


def test_the_frozen_classes_are_those_of_the_installed_tiktoken():
    ask = runpy.run_path(str(ROOT / "tests/references/make_unicode_classes.py"))
    assert t.unicode_classes() == ask["runs"](
        {i: name for name in ask["CLASSES"] for i in ask["members"](name)}
    )
    assert ask["OUT"].read_text("utf-8") == ask["written"](t.unicode_classes())


def test_o200k_base_is_the_definition_that_tiktoken_publishes(monkeypatch):
    monkeypatch.setattr(
        tiktoken_ext.openai_public, "load_tiktoken_bpe", lambda _, expected_hash: {"expected": expected_hash}
    )
    published = tiktoken_ext.openai_public.o200k_base()
    assert published["pat_str"] == t.O200K_PATTERN
    assert published["special_tokens"] == t.O200K_SPECIAL_TOKENS
    assert published["mergeable_ranks"] == {"expected": t.O200K_SHA256}
    assert t.o200k_base().n_vocab == 200_019
    assert isinstance(t.o200k_base(), tiktoken.Encoding)


def test_known_ids():
    real = t.o200k_base()
    assert real.encode("The cat sat.") == [976, 9059, 10139, 13]
    assert real.encode("<|endoftext|>", allowed_special="all") == [199_999]
    assert t.encode("<|endoftext|>", t.o200k_ranks()) == real.encode_ordinary("<|endoftext|>")


# By hand: Sennrich et al. 2016 and the aaabdaaabac of the textbooks


def test_training_by_hand():
    # (a, a) stands four times, (a, b) twice. After the first merge (aa, a) and (a, b) stand twice each, and
    # (aa, a) comes first in the text.
    steps = list(t.training_steps("aaabdaaabac"))
    assert steps[0].pair == (b"a", b"a")
    assert steps[0].count == 4
    assert steps[0].counts[b"a", b"b"] == 2
    assert list(steps[0].words) == [(b"aa", b"a", b"b", b"d", b"aa", b"a", b"b", b"a", b"c")]
    assert steps[1].pair == (b"aa", b"a")
    assert steps[2].pair == (b"aaa", b"b")
    assert list(steps[2].words) == [(b"aaab", b"d", b"aaab", b"a", b"c")]


def test_training_counts_a_piece_as_often_as_it_occurs():
    # " low" twice, "low" once, " slow" once: l and o meet 4 times, the space and l twice
    steps = list(t.training_steps("low low low slow"))
    assert steps[0].counts[b"l", b"o"] == 4
    assert steps[0].counts[b" ", b"l"] == 2
    assert steps[0].words[b" ", b"lo", b"w"] == 2
    assert [b"".join(s.pair) for s in steps] == [b"lo", b"low", b" low", b" s", b" slow"]
    assert steps[-1].words == Counter({(b" low",): 2, (b"low",): 1, (b" slow",): 1})


def test_encoding_by_hand():
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5}
    assert list(t.encoding_steps("abc", ranks)) == [(b"a", b"b", b"c"), (b"a", b"bc"), (b"abc",)]
    assert list(t.encoding_steps("abab", ranks))[-1] == (b"ab", b"ab")
    assert t.encode("abc", ranks) == [5]


def test_no_token_crosses_a_cut():
    ranks = t.train("the cat the cat the cat", 50)
    assert b" cat" in ranks
    assert not any(b" " in token[1:] for token in ranks)


def test_a_smaller_alphabet():
    ranks = t.train("abab", 5, alphabet=b"ab")
    assert ranks == {b"a": 0, b"b": 1, b"ab": 2, b"abab": 3}


def test_three_thousand_stories_train_in_seconds():
    names = ["mia", "leo", "ava", "tom", "zoe", "max", "ivy", "sam"]
    stories = [
        f"{names[i % 8]} the fox lived in the valley {i % 9}. {names[i % 5]} ate.\n" for i in range(3000)
    ]
    start = time.process_time()
    ranks = t.train("".join(stories), 160)
    assert time.process_time() - start < 5
    assert len(t.encode(stories[0], ranks)) < 16


# Properties


@given(TEXT)
def test_pieces_join_to_the_text(text):
    assert "".join(t.split(text)) == text


@given(TEXT)
def test_round_trip(text):
    ids = t.encode(text, t.o200k_ranks())
    assert ids == t.o200k_base().encode_ordinary(text)
    assert t.o200k_base().decode(ids) == text


@given(TEXT, TEXT, st.integers(0, 30))
def test_round_trip_of_a_vocabulary_of_our_own(corpus, text, n_merges):
    ranks = t.train(corpus, n_merges)
    ids = t.encode(text, ranks)
    assert t.decode(ids, ranks) == text
    assert ids == t.byte_pair_encoding("own", t.O200K_PATTERN, ranks).encode_ordinary(text)


@given(FEW, st.integers(0, 20))
@settings(max_examples=300)
def test_encoding_the_corpus_repeats_its_training(text, n_merges):
    steps = list(t.training_steps(text))[:n_merges]
    ranks = t.train(text, n_merges)
    assert list(ranks.values()) == list(range(256 + len(steps)))
    if steps:
        last = {b"".join(word): word for word in steps[-1].words}
        for piece in set(t.split(text)):
            assert list(t.encoding_steps(piece, ranks))[-1] == last[piece.encode()]


@given(TEXT)
def test_every_step_of_encoding_is_one_merge_and_keeps_the_bytes(text):
    ranks = t.train("the cat sat on the mat. the end. der Hund, 猫猫猫", 40)
    for piece in t.split(text):
        steps = list(t.encoding_steps(piece, ranks))
        assert all(b"".join(step) == piece.encode() for step in steps)
        assert all(len(after) == len(before) - 1 for before, after in pairwise(steps))


@given(TEXT)
def test_visible_hides_no_space(text):
    for character in t.visible(text.encode()):
        assert character == "·" or not character.isspace()


# Looking at tokens


def test_tokens_that_are_no_characters():
    real = t.o200k_base()
    tokens = [real.decode_single_token_bytes(i) for i in real.encode("𓀀")]
    assert b"".join(tokens) == "𓀀".encode()
    assert not any(t.is_text(token) for token in tokens)
    assert " ".join(t.visible(token) for token in tokens) == "F0 93 80 80"


def test_visible_marks():
    assert t.visible(b" a\tb\r\n") == "·a⇥b␍↵"
    assert t.visible("\u00a0\u200d\u3000".encode()) == "U+00A0U+200DU+3000"
    assert t.visible("é猫".encode()) == "é猫"


def test_size_counts_what_readers_see():
    assert t.size("👨‍👩‍👧‍👦", t.o200k_base())[:3] == (1, 7, 25)
    assert t.size("e\u0301", t.o200k_base())[:3] == (1, 2, 3)
    assert t.size("", t.o200k_base()) == (0, 0, 0, 0)


def test_presets_cover_what_the_chapter_promises():
    presets = t.presets()
    assert len(presets) >= 8
    names = [preset["name"] for preset in presets]
    assert len(set(names)) == len(names)
    assert {"Prose", "Code", "Numbers", "Emoji", "Whitespace"} <= set(names)
    assert len({preset["language"] for preset in presets}) >= 6


def test_data_is_what_its_readme_says():
    for name in ("o200k_base.tiktoken.gz", "udhr-article-1.json", "unicode-classes.txt"):
        digest = hashlib.sha256((ROOT / "anatomy/data" / name).read_bytes()).hexdigest()
        assert digest in (ROOT / "anatomy/data/README.md").read_text(encoding="utf-8")
    assert len(t.articles()) == 27
    assert t.novel().startswith(t.novel(3) + "\n\n")
    with pytest.raises(ValueError, match="n_paragraphs must be a whole number >= 1, got 0"):
        t.novel(0)


# Bad input


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-1],
        lambda packed: b"no gzip" + packed,
        lambda packed: b"",
        lambda packed: packed[:12] + bytes([packed[12] ^ 255]) + packed[13:],
    ],
    ids=["cut", "foreign", "empty", "flipped"],
)
def test_damaged_vocabulary(tmp_path, damage):
    path = tmp_path / "v.gz"
    path.write_bytes(damage(gzip.compress(b"IQ== 0\nIg== 1\n")))
    with pytest.raises(ValueError, match=r"v\.gz is damaged.*git checkout"):
        t.read_ranks(path, "0" * 64)


def test_a_vocabulary_that_unpacks_to_other_bytes(tmp_path):
    content = b"IQ== 0\nIg== 1\n"
    path = tmp_path / "v.gz"
    path.write_bytes(gzip.compress(content))
    assert t.read_ranks(path, hashlib.sha256(content).hexdigest()) == {b"!": 0, b'"': 1}
    with pytest.raises(ValueError, match="is damaged: sha256"):
        t.read_ranks(path, t.O200K_SHA256)


def test_missing_vocabulary(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing; reinstall"):
        t.read_ranks(tmp_path / "none.gz", t.O200K_SHA256)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: t.split(b"bytes"), "text must be a str, got bytes"),
        (
            lambda: t.encode("a\ud800b", t.o200k_ranks()),
            r"half of a surrogate pair, got '\\ud800' at index 1",
        ),
        (lambda: t.split("a b", r"\w+"), r"pattern must match every character"),
        (lambda: t.train("text", -1), "n_merges must be a whole number >= 0, got -1"),
        (lambda: t.train("text", 1.5), "n_merges must be a whole number"),
        (
            lambda: t.train("abc", 3, alphabet=b"ab"),
            r"alphabet must hold every byte of the text, got none for b'c'",
        ),
        (lambda: t.encode("abc", {b"a": 0}), r"ranks must hold every byte of the text, got none for b'b'"),
        (lambda: t.decode([0, 7], {b"a": 0}), "got 7"),
        (lambda: t.train("aabb", 2, alphabet=b"aab"), "alphabet must hold every byte once, got b'a' twice"),
        (lambda: t.decode([0, 1], {b"a": 0, b"b": 0, b"c": 1}), "every id once, got 0 twice"),
        (lambda: t.o200k_base().encode_ordinary("a\ud800"), "half of a surrogate pair"),
        (
            lambda: t.o200k_base().encode(" " * 2**20),
            r"got 1048576 characters on which it gave up.* in parts",
        ),
        (lambda: t.size(" " * 10**6, t.o200k_base()), "got 1000000 characters on which it gave up"),
        (lambda: t.byte_pair_encoding("x", ".", {}), "ranks must not be empty"),
        (
            lambda: t.byte_pair_encoding("x", ".", t.train("abab", 2, alphabet=b"ab")),
            r"ranks must hold all 256 bytes, got none for b'\\x00'",
        ),
        (lambda: t.byte_pair_encoding("x", ".", {b"a": -1}), "id must be a whole number >= 0, got -1"),
        (lambda: t.byte_pair_encoding("x", ".", {b"a": "1"}), "id must be a whole number >= 0, got '1'"),
        (lambda: t.byte_pair_encoding("x", ".", {"a": 0}), "got the token 'a'"),
        (lambda: t.byte_pair_encoding("x", ".", {b"": 0}), "got the token b''"),
        (lambda: t.byte_pair_encoding("x", ".", {b"a": 0, b"b": 0}), "got 0 twice"),
        (lambda: t.byte_pair_encoding("x", ".", {b"a": 0}, {"<s>": 0}), "got 0 twice"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_other_errors_of_tiktoken_pass_through():
    with pytest.raises(ValueError, match="disallowed special token"):
        t.o200k_base().encode("<|endoftext|>")
    assert t.o200k_base().encode("<|endoftext|>", disallowed_special=()) == t.encode(
        "<|endoftext|>", t.o200k_ranks()
    )
