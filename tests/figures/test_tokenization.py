"""The figures of the tokenization chapter show what the maths says, in every state, and stay small."""

import gzip
import json
from itertools import pairwise

import pytest

from anatomy import tokenization as t
from anatomy.figures import tokenization as figures
from anatomy.studies import tokenization as study


@pytest.fixture(scope="module")
def training():
    return study.training(n_merges=8)


def small(figure):
    text = json.dumps(figure.payload(), ensure_ascii=False, separators=(",", ":"))
    assert len(text) < 100_000
    assert len(gzip.compress(text.encode())) < 30_000


def test_every_step_of_training_shows_the_whole_corpus(training, shown):
    figure = figures.merges(training)
    for n, state in enumerate(training.states):
        found = shown(figure, merges=n)
        boxes = found["boxes"]
        tokens = [token for piece in state for token in piece]
        assert boxes["text"] == [t.visible(token) for token in tokens]
        assert all(
            boxes["right"][i] < boxes["left"][j] or boxes["top"][i] > boxes["top"][j]
            for i, j in pairwise(range(len(tokens)))
        )
        assert max(boxes["right"]) <= figures.LINE
        assert min(boxes["bottom"]) >= figure.plot.children[0].y_range.start
        newest = {t.visible(training.made[n - 1])} if n else set()
        filled = {text for text, kind in zip(boxes["text"], boxes["kind"], strict=True) if kind == "new"}
        assert filled == newest
        assert found["made"]["text"].startswith(f"{training.n_tokens[n]} tokens")
    small(figure)


def test_the_next_pair_is_the_most_frequent(training, shown):
    figure = figures.merges(training)
    for n, step in enumerate(training.steps):
        pairs = shown(figure, merges=n)["pairs"]
        assert pairs["text"][0] == " + ".join(map(t.visible, step.pair))
        assert pairs["count"][0] == step.count == max(step.counts.values())
        assert pairs["count"] == sorted(pairs["count"], reverse=True)
        assert pairs["kind"] == ["new", *["plain"] * (len(pairs["kind"]) - 1)]


def test_the_table_tells_what_the_picture_shows(training):
    table = figures.merges(training).data
    assert table.rows[0] == ["0", "70", "", "u + c", "5"]
    assert table.rows[5] == ["5", "47", "·wood", "c + h", "4"]


def test_a_word_grows_by_one_merge_a_row(shown):
    ladders = study.ladders()
    figure = figures.word(ladders)
    for i, (word, states) in enumerate(ladders.items()):
        found = shown(figure, word=i)
        boxes = found["boxes"]
        assert boxes["kind"].count("new") == len(states) - 1
        assert max(boxes["right"]) < figures.MOST
        last = [text for text, y in zip(boxes["text"], boxes["y"], strict=True) if y == min(boxes["y"])]
        ids = t.o200k_base().encode(word)
        tokens = map(t.o200k_base().decode_single_token_bytes, ids)
        assert last == [t.visible(token).replace(" ", "") for token in tokens]
        assert found["ends"]["text"].endswith(": " + ", ".join(f"{i:,}" for i in ids))
        assert found["own"] == {"disabled": True}
        assert len(found["ids"]["text"]) == len(states)
    merges = [row[2] for row in figure.data.rows if row[0] == "·strawberry"]
    assert (len(merges), merges[-1]) == (10, "·strawberry")
    small(figure)


def test_the_readers_own_word_waits_is_drawn_or_is_refused(shown):
    figure = figures.word(study.ladders([" strawberry"]))
    assert figure.view.payload()["asks"] == [["own", "ladders", "token-merges"]]
    found = shown(figure, word=1)
    assert found["own"] == {"disabled": False}
    assert found["boxes"]["text"] == []
    assert found["ends"]["text"] == "fetching the vocabulary …"
    assert shown(figure, word=1, own="constructor")["ends"]["text"] == "fetching the vocabulary …"
    ladders = figure.view.data["ladders"]
    ladders["low"] = [[["l", 1, 75], ["o", 1, 78], ["w", 1, 86]], [["lo", 2, 400], ["w", 1, 86]]]
    ladders["x" * 15] = [[["x", 1, 87]] * 15]
    ladders["no"] = "the vocabulary could not be fetched"
    ladders[""] = []
    assert shown(figure, word=1, own="low")["ends"]["text"] == "2 tokens: 400, 86"
    assert shown(figure, word=1, own="x" * 15)["ends"]["text"] == "15 bytes; only 14 fit here"
    assert shown(figure, word=1, own="no")["ends"]["text"] == "the vocabulary could not be fetched"
    assert "type a word" in shown(figure, word=1, own="")["ends"]["text"]


def test_languages_are_measured_four_ways(shown):
    found = [
        study.Language("English", t.Size(100, 100, 100, 25), 20, 0),
        study.Language("Hindi", t.Size(50, 80, 200, 40), 100, 0),
    ]
    figure = figures.languages(found, 200_000, 50_000)
    drawn = [shown(figure, measure=measure) for measure in range(4)]
    assert drawn[0]["smollm2"]["x"] == [20, 100]
    assert drawn[1]["o200k"]["x"] == [0.25, 0.8]
    assert drawn[2]["smollm2"]["x"] == [0.2, 0.5]
    assert drawn[3]["o200k"]["x"] == [1, 1.6]
    assert drawn[3]["smollm2"]["x"] == [1, 5]
    for state in drawn:
        assert max(state["smollm2"]["x"]) < state["scale"]["end"]
    assert drawn[3]["key"]["text"] == "Hindi: ● o200k_base 1.6, □ SmolLM2 5.0"
    assert shown(figure, language=0)["key"]["text"] == "English: ● o200k_base 25, □ SmolLM2 20"
    assert figure.data.rows[1] == ["Hindi", "50", "80", "200", "40", "100"]
    assert "Hindi takes 40 and 100" in figure.alt
    small(figure)


def test_what_the_caption_says_of_languages_holds_in_every_measure(shown):
    """English has both marks close together; elsewhere the hollow one lies further right."""
    figure = figures.languages(list(study.languages().values()), 200_000, 49_152)
    for measure in range(4):
        found = shown(figure, measure=measure)
        ours, other = found["o200k"]["x"], found["smollm2"]["x"]
        assert other[0] == pytest.approx(ours[0], rel=0.05)
        assert all(b > a for a, b in zip(ours[1:], other[1:], strict=True))
    tokens = shown(figure)["o200k"]["x"]
    assert tokens == sorted(tokens)
    per_byte = shown(figure, measure=2)["o200k"]["x"]
    coarser = [name for name, x in zip(study.LANGUAGES, per_byte, strict=True) if x < per_byte[0]]
    assert f"cuts {', '.join(coarser[:-1])} and {coarser[-1]} coarser" in figure.caption
    letters = [each.size.bytes / each.size.code_points for each in study.languages(coarser).values()]
    assert min(letters) > 1.8
