"""What the figures on sampling show before any control has moved."""

import gzip
import json

import numpy as np
import pytest

from anatomy import logits_and_sampling as ls
from anatomy.figures import logits_and_sampling as figures
from anatomy.figures.figure import MIME


@pytest.fixture
def vocabulary():
    """Logits with the spread of a real model's: a few large ones and a long tail."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-2, 2, 20_000)
    logits[rng.choice(20_000, 30, replace=False)] = np.linspace(6, 12, 30)
    return logits


def test_groups_keep_every_token_and_the_mass(vocabulary):
    ids, gaps, counts = figures.in_groups(vocabulary)
    assert counts.sum() == len(vocabulary)
    assert gaps[0] == 0
    np.testing.assert_allclose(gaps[: len(ids)], vocabulary[ids] - vocabulary.max())
    mass = (np.exp(gaps) * counts).sum()
    assert mass == pytest.approx(np.exp(vocabulary - vocabulary.max()).sum(), rel=1e-12)


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.5, 2.0])
def test_bins_stay_close_at_other_temperatures(vocabulary, temperature):
    _, gaps, counts = figures.in_groups(vocabulary)
    steps = [("temperature", temperature), ("top_p", 0.9)]
    *_, (each, left) = figures.stages_of(gaps, counts, steps)
    exact = ls.apply_steps(vocabulary, steps)[-1]
    assert left.sum() == pytest.approx((exact > 0).sum(), rel=0.01, abs=1)
    assert each[0] == pytest.approx(exact.max(), rel=0.002)


def test_stages_are_those_of_the_module():
    logits, ones = np.array([0.0, -1.0, -2.0, -3.0]), np.ones(4, int)
    steps = [("top_k", 3), ("temperature", 0.5), ("min_p", 0.2)]
    ours = figures.stages_of(logits, ones, steps)
    for (each, left), expected in zip(ours, ls.apply_steps(logits, steps), strict=True):
        np.testing.assert_allclose(each * left, expected)
        assert left.tolist() == (expected > 0).tolist()


def test_ledger_counts_what_was_cut():
    stages = figures.stages_of(np.log([0.5, 0.3, 0.2]), np.ones(3, int), [("top_k", 2), ("temperature", 0)])
    rows = figures.ledger_rows(stages, [("top_k", 2), ("temperature", 0)])
    assert [row[:3] for row in rows] == [
        ["softmax", "3", ""],
        ["top-k 2", "2", "0.200"],
        ["temperature 0", "1", "0.375"],
    ]
    assert rows[2][3:] == ["0.00", "1"]


def test_filters_figure_is_small_and_says_what_cut(vocabulary):
    figure = figures.filters([("a text", vocabulary, lambda i: f" t{i}")] * 6)
    payload = figure._repr_mimebundle_()[MIME].encode()
    assert len(payload) < 100_000
    assert len(gzip.compress(payload)) < 30_000
    words = [row[0] for row in figure.data.rows]
    assert words[-5:] == ["softmax", "temperature 1.5", "top-k 50", "top-p 0.9", "min-p 0.05"]


TOY = (["mat", "sofa", "floor", "roof", "moon"], np.array([3.2, 2.2, 1.2, 0.2, -1.5]))


@pytest.mark.parametrize("temperature", [0, 0.05, 0.35, 1.0, 1.7, 2.5])
def test_temperature_shows_the_softmax_and_its_perplexity(shown, temperature):
    figure = figures.temperature(*TOY)
    p = ls.softmax(TOY[1], temperature)
    found = shown(figure, temperature=temperature)
    np.testing.assert_allclose(found["bars"]["value"], p, atol=1e-12)
    assert found["bars"]["text"] == [f"{share:.3f}" for share in p]
    assert found["title"]["text"] == f"T = {temperature:.2f}, perplexity {ls.perplexity(p):.2f}"
    assert found["here"]["x"] == [temperature] * 2
    assert found["dots"]["y"] == pytest.approx(p)


def tales():
    """Three short texts as ids, and their words."""
    texts = ["( ( a b . )", "( ( a c . )", "( ( b a . )"]
    words = sorted({word for text in texts for word in text.split()})
    return words, [[words.index(word) for word in text.split()] for text in texts]


def test_generated_text_follows_the_counts_and_the_seed():
    words, texts = tales()
    followers = {n: ls.count_followers(texts, n, len(words)) for n in (1, 2)}
    begin, end = words.index("("), words.index(")")
    one, again, other = (figures.generate(words, followers, begin, end, seed).data.rows for seed in (1, 1, 4))
    assert one == again
    assert one != other
    assert one[-1][1] == ")"
    assert float(one[0][3]) == pytest.approx(ls.entropy([2, 1]) / np.log(2), abs=0.005)


def test_candidates_hold_the_drawn_token_even_if_it_is_unlikely():
    probabilities = np.array([*np.linspace(0.2, 0.02, 11), 0.0])
    rows = figures.candidate_rows([f"w{i}" for i in range(12)], probabilities, drawn=10)
    assert len(rows["label"]) == figures.N_CANDIDATES
    assert rows["label"][-1] == "w10"
    assert rows["drawn"] == [0] * 7 + [probabilities[10]]


def test_tree_follows_the_path():
    def node(*tokens):
        return list(tokens), [0.5, 0.3], 0.2, 1.5

    nodes = {(): node(" x", " y"), (0,): node(" a", " b"), (1,): node(" c", " d")}
    bars, chosen, others, _ = figures.tree_rows(nodes, (1, 0))
    assert [text for text in bars["text"] if text[0] == "·"] == [
        "·x 0.500",
        "·y 0.300",
        "·c 0.500",
        "·d 0.300",
    ]
    assert chosen["right"] == [0.86 * 0.3, 1 + 0.86 * 0.5]
    assert len(others["y"]) == 2
    assert figures.tree_title("… once", nodes, (1, 0)) == "… once y c …\n0.3000 × 0.5000 = 0.1500"


def test_every_figure_is_the_same_at_every_build(vocabulary):
    first, second = (figures.temperature(["a", "b"], np.array([1.0, 0.0])) for _ in range(2))
    assert json.dumps(first.item()) == json.dumps(second.item())
