"""Many heads: torch's answers, the sum over heads, and the measures that give heads their names."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import multi_head_attention as mha
from anatomy.qkv import attend, causal_mask

FROZEN = np.load(Path(__file__).parents[1] / "references" / "attention.npz")
SEEDS = st.integers(0, 2**32 - 1)


def test_all_of_it_is_torchs():
    x, w_q, w_k, w_v, w_o = (FROZEN[f"heads/{name}"] for name in ("x", "w_q", "w_k", "w_v", "w_o"))
    out = mha.multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads=3, mask=causal_mask(6))
    np.testing.assert_allclose(out, FROZEN["heads/out"], atol=1e-6)
    q, k, v = (mha.split_heads(x @ w, 3) for w in (w_q, w_k, w_v))
    weights = mha.attend_heads(q, k, v, causal_mask(6)).weights
    np.testing.assert_allclose(weights, FROZEN["heads/weights"], atol=1e-6)


@pytest.mark.parametrize(("n_kv_heads", "name"), [(4, "causal"), (2, "grouped"), (1, "multi_query")])
def test_shared_keys_are_torchs(n_kv_heads, name):
    q, k, v = (FROZEN[f"attend/{name}"] for name in "qkv")
    steps = mha.attend_heads(q, k[:n_kv_heads], v[:n_kv_heads], causal_mask(5))
    np.testing.assert_allclose(steps.mixed, FROZEN[f"attend/{name}"], atol=1e-6)
    assert steps.weights.shape == steps.scores.shape == (4, 5, 5)


@given(SEEDS, st.sampled_from([(4, 4), (4, 2), (6, 2), (3, 1)]), st.integers(1, 6))
def test_grouped_heads_are_repeated_keys(seed, heads, n_tokens):
    n_heads, n_kv_heads = heads
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((2, n_heads, n_tokens, 3))
    k, v = rng.standard_normal((2, 2, n_kv_heads, n_tokens, 3))
    mask = causal_mask(n_tokens)
    repeated = [np.repeat(array, n_heads // n_kv_heads, axis=1) for array in (k, v)]
    np.testing.assert_allclose(mha.attend_heads(q, k, v, mask).mixed, attend(q, *repeated, mask), atol=1e-12)


@given(SEEDS, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_split_and_merge_undo_each_other(seed, n_tokens, n_heads, d_head):
    x = np.random.default_rng(seed).standard_normal((n_tokens, n_heads * d_head))
    heads = mha.split_heads(x, n_heads)
    assert heads.shape == (n_heads, n_tokens, d_head)
    np.testing.assert_array_equal(mha.merge_heads(heads), x)
    np.testing.assert_array_equal(heads[0], x[:, :d_head])


@given(SEEDS)
def test_the_output_is_the_sum_of_what_heads_write(seed):
    rng = np.random.default_rng(seed)
    mixed, w_o = rng.standard_normal((3, 5, 4)), rng.standard_normal((12, 7))
    parts = mha.contributions(mixed, w_o)
    np.testing.assert_allclose(parts.sum(axis=0), mha.merge_heads(mixed) @ w_o, atol=1e-12)
    without = mha.merge_heads(mha.knock_out(mixed, [1])) @ w_o
    np.testing.assert_allclose(without, parts[0] + parts[2], atol=1e-12)


def test_knocking_out_every_head_leaves_nothing():
    x, w = np.ones((3, 4)), np.eye(4)
    assert mha.multi_head_attention(x, w, w, w, w, n_heads=2, without=[0, 1]).any() == np.False_
    assert mha.multi_head_attention(x, w, w, w, w, n_heads=2, without=[0]).tolist() == [[0, 0, 1, 1]] * 3


def test_knock_out_copies():
    mixed = np.ones((2, 1, 1))
    mha.knock_out(mixed, [0])
    assert mixed.all()


def test_names_of_heads_by_hand():
    """Six tokens that repeat with period 3; four ideal heads, each of which scores on its own measure alone."""
    first = np.zeros((6, 6))
    first[:, 0] = 1
    previous = np.eye(6, k=-1)
    previous[0, 0] = 1
    induction = np.eye(6, k=-2)
    induction[[0, 1], 0] = 1
    itself = np.eye(6)
    heads = np.stack([first, previous, induction, itself])
    np.testing.assert_allclose(mha.sink_score(heads), [1, 1 / 5, 2 / 5, 0])
    np.testing.assert_allclose(mha.previous_token_score(heads), [1 / 5, 1, 1 / 5, 0])
    np.testing.assert_allclose(mha.induction_score(heads, period=3), [0, 0, 1, 0])


def test_parameters():
    shared = mha.attention_parameters(4096, 32, 8, 128)
    assert shared["w_k"] * 4 == shared["w_q"] == 4096 * 4096


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mha.split_heads(np.ones((2, 5)), 2), "n_heads must divide the width 5, got 2"),
        (lambda: mha.split_heads(np.ones((2, 4)), 0), "n_heads must be a whole number >= 1, got 0"),
        (
            lambda: mha.attend_heads(np.ones((3, 2, 2)), np.ones((2, 2, 2)), np.ones((2, 2, 2))),
            "multiple of n_kv_heads, got 3 and 2",
        ),
        (lambda: mha.knock_out(np.ones((2, 1, 1)), [2]), r"head must be in 0 … 1, got 2"),
        (lambda: mha.knock_out(np.ones((2, 1, 1)), [-1]), "got -1"),
        (lambda: mha.contributions(np.ones((2, 1, 3)), np.ones((5, 4))), "n_heads \\* d_head = 6 rows"),
        (lambda: mha.contributions(np.full((2, 1, 3), np.nan), np.ones((6, 4))), "mixed must be finite"),
        (lambda: mha.sink_score(np.ones((1, 1))), "at least 2 tokens"),
        (lambda: mha.sink_score(np.ones(4)), "at least 2 tokens"),
        (lambda: mha.previous_token_score(np.ones((2, 3))), "axis -1 of weights must equal axis -2"),
        (lambda: mha.induction_score(np.eye(4), 1), "period must be a whole number >= 2, got 1"),
        (lambda: mha.induction_score(np.eye(4), 4), "at least 5 tokens"),
        (lambda: mha.sink_score(np.full((3, 3), np.nan)), "weights must be finite"),
        (lambda: mha.attention_parameters(0, 1, 1, 1), "d_model must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, w: mha.multi_head_attention(x, w, w, w, np.eye(3), 2),
            "axis -1 of x @ w_q must equal axis 0 of w_o",
        ),
        (lambda x, w: mha.merge_heads(x), "heads must have at least the axes"),
        (lambda x, w: mha.split_heads(np.ones(4), 2), "x must have at least the axes"),
        (lambda x, w: mha.knock_out(x, [0]), "mixed must have at least the axes"),
        (lambda x, w: mha.attend_heads(x, x, x), "q must have at least the axes"),
        (
            lambda x, w: mha.attend_heads(np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.ones((1, 3, 4))),
            "axis -3 of k must equal axis -3 of v",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((3, 4)), np.eye(4))
