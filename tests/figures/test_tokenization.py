"""The figures of the tokenization chapter hold what the maths says, and stay small."""

import gzip
import json
from collections import Counter
from itertools import islice, pairwise

import pytest
from bokeh.models import GlyphRenderer

from anatomy import tokenization as t
from anatomy.figures import tokenization as figures
from anatomy.figures.old_parts import script

CORPUS = "how much wood would a woodchuck chuck if a woodchuck could chuck wood?"


@pytest.fixture(scope="module")
def training():
    steps = list(islice(t.training_steps(CORPUS), 9))
    letters = Counter(t.single_bytes(piece) for piece in t.split(CORPUS))
    corpora = [t.laid_out(CORPUS, words) for words in (letters, *(step.words for step in steps[:-1]))]
    return steps, corpora


def rows(figure, glyph, key):
    """The rows of the first source drawn with a kind of glyph, by step, word or measure."""
    renderers = [r for r in figure.plot.references() if isinstance(r, GlyphRenderer)]
    data = next(
        r.data_source.data for r in renderers if type(r.glyph).__name__ == glyph and key in r.data_source.data
    )
    found = {}
    for values in zip(*data.values(), strict=True):
        row = dict(zip(data, values, strict=True))
        found.setdefault(row[key], []).append(row)
    return found


def small(figure):
    text = json.dumps(figure.item(), ensure_ascii=False, separators=(",", ":"))
    assert len(text) < 100_000
    assert len(gzip.compress(text.encode())) < 30_000


def test_every_step_of_training_shows_the_whole_corpus(training):
    steps, corpora = training
    figure = figures.merges(steps, corpora)
    drawn = rows(figure, "Quad", "step")
    assert list(drawn) == [str(n) for n in range(9)]
    for n, boxes in enumerate(drawn.values()):
        boxes.sort(key=lambda box: (-box["top"], box["left"]))
        assert [box["text"] for box in boxes] == [t.visible(token) for token in corpora[n]]
        assert all(
            left["right"] < right["left"] or left["top"] > right["top"] for left, right in pairwise(boxes)
        )
        assert max(box["right"] for box in boxes) <= figures.LINE
        newest = {t.visible(b"".join(steps[n - 1].pair))} if n else set()
        assert {box["text"] for box in boxes if box["kind"] == "new"} == newest
    small(figure)


def test_the_next_pair_is_the_most_frequent(training):
    steps, corpora = training
    counts = rows(figures.merges(steps, corpora), "HBar", "step")
    for n, step in enumerate(steps):
        first, *others = counts[str(n)]
        assert first["pair"] == " + ".join(map(t.visible, step.pair))
        assert first["count"] == step.count == max(step.counts.values())
        assert first["kind"] == "new"
        assert {row["kind"] for row in others} == {"plain"}


def test_the_table_tells_what_the_picture_shows(training):
    table = figures.merges(*training).data
    assert table.rows[0] == ["0", "70", "", "u + c", "5"]
    assert table.rows[5] == ["5", "47", "·wood", "c + h", "4"]


def test_a_word_grows_by_one_merge_a_row():
    ranks = t.o200k_ranks()
    words = [" tokenization", "日本語", "👩‍🚀"]
    ladders = {word: list(t.encoding_steps(word, ranks)) for word in words}
    figure = figures.word(ladders, ranks)
    drawn = rows(figure, "Quad", "word")
    for word in words:
        n_merges = len(ladders[word]) - 1
        new = [box for box in drawn[word] if box["kind"] == "new"]
        assert len(new) == n_merges
        last = min(box["y"] for box in drawn[word])
        ids = [box["id"] for box in drawn[word] if box["y"] == last]
        assert ids == t.o200k_base().encode(word)
    assert "black" not in figure.caption + figure.alt  # it is white in the dark
    small(figure)


def test_languages_are_measured_four_ways():
    names = ["English", "Hindi"]
    sizes = [t.Size(100, 100, 100, 25), t.Size(50, 80, 200, 40)]
    figure = figures.languages(names, sizes, [20, 100], "other", 200_000, 50_000)
    drawn = rows(figure, "Scatter", "measure")
    assert [row["other"] for row in drawn["0"]] == [20, 100]
    assert [row["o200k"] for row in drawn["1"]] == [0.25, 0.8]
    assert [row["other"] for row in drawn["2"]] == [0.2, 0.5]
    assert [row["o200k"] for row in drawn["3"]] == [1, 1.6]
    assert [row["other"] for row in drawn["3"]] == [1, 5]
    assert figure.data.rows[1] == ["Hindi", "50", "80", "200", "40", "100"]
    assert "Hindi takes 40 and 100" in figure.alt
    small(figure)


def test_the_callback_is_wiring():
    assert script("tokenization_show").count("\n") < 8
