"""Rotary positions: torch's answers, distance alone matters, and the two pairings are one up to order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import rope

FROZEN = np.load(Path(__file__).parents[1] / "references" / "attention.npz")
SEEDS = st.integers(0, 2**32 - 1)
WIDTHS = st.sampled_from([2, 4, 8, 64])
PLACES = st.floats(-10_000, 10_000)


def test_both_pairings_are_torchs():
    x, positions = FROZEN["rope/x"], FROZEN["rope/positions"]
    turned = rope.rotate(x, positions)
    assert turned.dtype == np.float32
    np.testing.assert_allclose(turned, FROZEN["rope/interleaved"], atol=1e-5)
    np.testing.assert_allclose(rope.rotate_half(x, positions), FROZEN["rope/half"], atol=1e-5)


def test_by_hand():
    """d_head 4 and base 100: at position 10 the first pair turns by 10 radians, the second by 1."""
    turned = rope.rotate([[1.0, 0, 1, 0]], [10], base=100)
    np.testing.assert_allclose(turned, [[np.cos(10), np.sin(10), np.cos(1), np.sin(1)]])


@given(SEEDS, WIDTHS, PLACES, PLACES, PLACES)
def test_a_score_depends_on_distance_alone(seed, d_head, query_at, key_at, shift):
    q, k = np.random.default_rng(seed).standard_normal((2, 1, d_head))

    def score(query_at, key_at):
        return float((rope.rotate(q, [query_at]) * rope.rotate(k, [key_at])).sum())

    assert score(query_at + shift, key_at + shift) == pytest.approx(score(query_at, key_at), abs=1e-9)


@given(SEEDS, WIDTHS, st.lists(PLACES, min_size=1, max_size=5), st.floats(1.5, 1e6))
def test_lengths_stay_and_turning_back_undoes(seed, d_head, positions, base):
    x = np.random.default_rng(seed).standard_normal((len(positions), 3, d_head))
    turned = rope.rotate(x, positions, base)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1))
    np.testing.assert_allclose(rope.rotate(turned, -np.array(positions), base), x, atol=1e-10)


@given(SEEDS, WIDTHS, st.lists(PLACES, min_size=1, max_size=5))
def test_pairings_differ_by_an_order(seed, d_head, positions):
    x = np.random.default_rng(seed).standard_normal((len(positions), d_head))
    order, back = rope.half_split_order(d_head), rope.interleaved_order(d_head)
    halves = rope.rotate_half(x[:, order], positions)
    np.testing.assert_allclose(halves[:, back], rope.rotate(x, positions), atol=1e-12)


def test_pairs_turn_at_their_own_speed():
    speeds = rope.frequencies(64, base=100_000.0)
    assert speeds[0] == 1
    assert (np.diff(speeds) < 0).all()
    assert rope.wavelengths(64, 100_000.0)[-1] == pytest.approx(2 * np.pi * 100_000 ** (62 / 64))


def test_scores_by_distance_by_hand():
    """One pair of frequency 1: the score is the cosine of the distance, times |q||k| / sqrt(2)."""
    distances = np.array([0.0, 1, 2, -3])
    scores = rope.scores_by_distance([[2.0, 0.0]], [[3.0, 0.0]], distances)
    np.testing.assert_allclose(scores, 6 * np.cos(distances) / 2**0.5)


@given(SEEDS, st.integers(0, 50))
def test_scores_by_distance_are_those_of_turned_vectors(seed, distance):
    q, k = np.random.default_rng(seed).standard_normal((2, 5, 8))
    turned = rope.rotate(q, np.arange(5) + distance) * rope.rotate(k, np.arange(5))
    expected = turned.sum(axis=-1).mean() / 8**0.5
    assert rope.scores_by_distance(q, k, [distance])[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: rope.rotate(np.ones((2, 3)), [0, 1]),
            "d_head must be even, because RoPE turns pairs, got 3",
        ),
        (lambda: rope.rotate(np.ones((2, 4)), [0]), "axis 0 of x must equal axis 0 of positions"),
        (lambda: rope.rotate(np.ones(4), [0]), r"x must have at least the axes .* got shape \(4,\)"),
        (lambda: rope.rotate(np.full((1, 2), np.nan), [0]), "x must be finite, got nan"),
        (lambda: rope.rotate(np.ones((1, 2)), [np.inf]), "positions must be finite, got inf"),
        (lambda: rope.rotate(np.empty((0, 2)), []), "x must not be empty"),
        (lambda: rope.rotate(np.ones((1, 2)), [0], base=0), r"base must be in \(0, inf\), got 0"),
        (lambda: rope.rotate(np.ones((1, 2)), [0], base=np.nan), "base must be"),
        (lambda: rope.turn([1, 2, 3], 1.0, 0.0), r"x must have an even last axis, .* got shape \(3,\)"),
        (lambda: rope.turn(3, 1.0, 0.0), r"x must have an even last axis, .* got shape \(\)"),
        (lambda: rope.frequencies(0), "d_head must be a whole number >= 2, got 0"),
        (lambda: rope.half_split_order(5), "d_head must be even, because RoPE turns pairs, got 5"),
        (lambda: rope.scores_by_distance(np.ones((2, 4)), np.ones((3, 4)), [0]), "axis 0 of q must equal"),
        (lambda: rope.scores_by_distance(np.ones((2, 4)), np.ones((2, 2)), [0]), "axis 1 of q must equal"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
