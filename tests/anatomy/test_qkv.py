"""Attention of one head: torch's answers, a hand example, causality, and bad input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import qkv
from anatomy.logits_and_sampling import softmax

FROZEN = np.load(Path(__file__).parents[1] / "references" / "attention.npz")
SEEDS = st.integers(0, 2**32 - 1)


def test_attend_is_torchs():
    q, k, v = (FROZEN[f"attend/{name}"] for name in "qkv")
    np.testing.assert_allclose(qkv.attend(q, k, v), FROZEN["attend/mixed"], atol=1e-6)
    causal = qkv.attend(q, k, v, qkv.causal_mask(5))
    np.testing.assert_allclose(causal, FROZEN["attend/causal"], atol=1e-6)
    assert causal.dtype == np.float32


def test_by_hand():
    """Two tokens, d_head 4, so that scores are halved: 2 ln 3 becomes ln 3, and the weights are 3 to 1."""
    q = [[0.0, 0, 0, 0], [2 * np.log(3), 0, 0, 0]]
    k = [[1.0, 0, 0, 0], [0.0, 1, 0, 0]]
    v = [[8.0, 0], [0.0, 4]]
    steps = qkv.attend_in_steps(q, k, v, qkv.causal_mask(2))
    np.testing.assert_allclose(steps.scores, [[0, 0], [2 * np.log(3), 0]])
    np.testing.assert_allclose(steps.scaled, [[0, 0], [np.log(3), 0]])
    assert steps.masked[0].tolist() == [0, -np.inf]
    np.testing.assert_allclose(steps.weights, [[1, 0], [0.75, 0.25]])
    np.testing.assert_allclose(steps.mixed, [[8, 0], [6, 1]])


def test_project_is_three_products():
    x, w = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    q, k, v = qkv.project(x, w, 2 * w, 3 * w)
    np.testing.assert_array_equal(q, x @ w)
    np.testing.assert_array_equal(k, 2 * (x @ w))
    np.testing.assert_array_equal(v, 3 * (x @ w))


@given(SEEDS, st.integers(1, 8), st.integers(1, 6))
def test_rows_sum_to_one_and_mixtures_stay_inside(seed, n_tokens, d_head):
    rng = np.random.default_rng(seed)
    q, k, v = 10 * rng.standard_normal((3, n_tokens, d_head))
    steps = qkv.attend_in_steps(q, k, v, qkv.causal_mask(n_tokens))
    np.testing.assert_allclose(steps.weights.sum(axis=-1), 1)
    assert (steps.weights >= 0).all()
    assert (np.triu(steps.weights, 1) == 0).all()
    assert (steps.mixed <= v.max(axis=0) + 1e-9).all()
    assert (steps.mixed >= v.min(axis=0) - 1e-9).all()


@given(SEEDS, st.integers(2, 8), st.data())
def test_a_later_token_moves_no_earlier_output(seed, n_tokens, data):
    rng = np.random.default_rng(seed)
    q, k, v = rng.standard_normal((3, n_tokens, 4))
    changed = data.draw(st.integers(1, n_tokens - 1))
    mask = qkv.causal_mask(n_tokens)
    before = qkv.attend(q, k, v, mask)
    for array in (q, k, v):
        array[changed] += 100
    after = qkv.attend(q, k, v, mask)
    np.testing.assert_allclose(after[:changed], before[:changed], rtol=1e-12)
    assert not np.allclose(after[changed], before[changed])


@given(SEEDS, st.integers(1, 7), st.integers(1, 9))
def test_softmax_rows_is_the_softmax_of_its_chapter(seed, rows, columns):
    rng = np.random.default_rng(seed)
    scores = 50 * rng.standard_normal((rows, columns))
    scores[:, 1:][rng.random((rows, columns - 1)) < 0.3] = -np.inf
    np.testing.assert_allclose(qkv.softmax_rows(scores), softmax(scores), rtol=1e-12)


def test_scores_without_the_root_grow_with_d_and_saturate():
    rng = np.random.default_rng(0)
    q, k = rng.standard_normal((2, 200, 256))
    steps = qkv.attend_in_steps(q, k, k)
    assert steps.scores.std() == pytest.approx(16, rel=0.05)
    assert steps.scaled.std() == pytest.approx(1, rel=0.05)
    assert qkv.softmax_rows(steps.scores).max(axis=-1).mean() > 0.8
    assert steps.weights.max(axis=-1).mean() < 0.2


def test_masks():
    assert qkv.causal_mask(2, 4).tolist() == [[True, True, True, False], [True, True, True, True]]
    assert qkv.causal_mask(4, window=1).tolist() == np.eye(4, dtype=bool).tolist()
    assert (qkv.causal_mask(4, window=99) == qkv.causal_mask(4)).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0,), "n_queries must be a whole number >= 1, got 0"),
        ((3, 2), "n_keys must be a whole number >= 3, got 2"),
        ((3, 3, 0), "window must be a whole number >= 1, got 0"),
        ((2.5,), r"n_queries .* got 2\.5"),
    ],
)
def test_bad_masks(arguments, words):
    with pytest.raises(ValueError, match=words):
        qkv.causal_mask(*arguments)


ONES = np.ones((3, 2))


@pytest.mark.parametrize(
    ("q", "k", "v", "mask", "words"),
    [
        (ONES * np.nan, ONES, ONES, None, "q must be finite, got nan"),
        (ONES, ONES * np.inf, ONES, None, "k must be finite, got inf"),
        (ONES, ONES, np.empty((0, 2)), None, "v must not be empty"),
        (ONES[0], ONES, ONES, None, r"q must have at least the axes .* got shape \(2,\)"),
        (np.ones((3, 5)), ONES, ONES, None, "axis -1 of q must equal axis -1 of k"),
        (ONES, ONES, np.ones((4, 2)), None, "axis -2 of k must equal axis -2 of v"),
        (ONES, ONES, ONES, np.ones((3, 3)), "mask must be of bool"),
        (ONES, ONES, ONES, np.ones((2, 3), bool), r"mask must have shape \(3, 3\)"),
        (ONES, ONES, ONES, np.tri(3, k=-1, dtype=bool), "mask lets query 0 look at no key"),
    ],
)
def test_bad_input(q, k, v, mask, words):
    with pytest.raises(ValueError, match=words):
        qkv.attend(q, k, v, mask)


def test_bad_projection():
    with pytest.raises(ValueError, match="axis -1 of x must equal axis 0 of w_k"):
        qkv.project(np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 4)), np.ones((3, 4)))
