"""Norms and blocks: torch's answers, what each norm forgets, and bad input."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import transformer_block as block
from anatomy.multi_head_attention import multi_head_attention

FROZEN = np.load(Path(__file__).parents[1] / "references" / "attention.npz")
SEEDS = st.integers(0, 2**32 - 1)


def test_norms_are_torchs():
    x, gain, bias = (FROZEN[f"norms/{name}"] for name in ("x", "gain", "bias"))
    np.testing.assert_allclose(block.rms_norm(x, gain), FROZEN["norms/rms"], atol=1e-6)
    np.testing.assert_allclose(block.layer_norm(x, gain, bias), FROZEN["norms/layer"], atol=1e-6)
    assert block.rms_norm(x, gain).dtype == np.float32


@pytest.mark.parametrize(("name", "run"), [("pre", block.pre_norm_block), ("post", block.post_norm_block)])
def test_blocks_are_torchs(name, run):
    at = {key.split("/")[1]: FROZEN[key] for key in FROZEN.files if key.startswith(f"block {name}/")}
    out = run(
        at["x"],
        partial(multi_head_attention, w_q=at["w_q"], w_k=at["w_k"], w_v=at["w_v"], w_o=at["w_o"], n_heads=3),
        lambda x: np.maximum(x @ at["w_in"], 0) @ at["w_out"],
        lambda x: block.layer_norm(x, at["gain_1"], np.zeros(12)),
        lambda x: block.layer_norm(x, at["gain_2"], np.zeros(12)),
    )
    np.testing.assert_allclose(out, at["out"], atol=1e-5)


def test_by_hand():
    np.testing.assert_allclose(block.rms_norm([1.0, 7.0], [1.0, 2.0], eps=0), [0.2, 2.8])
    np.testing.assert_allclose(block.layer_norm([1.0, 7.0], [1.0, 2.0], [0.0, 1.0], eps=0), [-1, 3])


@given(SEEDS, st.floats(0.01, 100), st.floats(-10, 10))
def test_what_each_norm_forgets(seed, scale, shift):
    x = np.random.default_rng(seed).standard_normal((3, 8))
    ones, zeros = np.ones(8), np.zeros(8)
    rms = block.rms_norm(x, ones, eps=0)
    np.testing.assert_allclose((rms**2).mean(axis=-1), 1)
    np.testing.assert_allclose(block.rms_norm(scale * x, ones, eps=0), rms)
    layer = block.layer_norm(x, ones, zeros, eps=0)
    np.testing.assert_allclose(layer.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(block.layer_norm(scale * x + shift, ones, zeros, eps=0), layer, atol=1e-7)


def test_rms_norm_keeps_the_mean():
    assert block.rms_norm([4.0, 4.0], [1.0, 1.0], eps=0).tolist() == [1.0, 1.0]
    assert block.layer_norm([4.0, 4.0], [1.0, 1.0], [0.0, 0.0]).tolist() == [0.0, 0.0]


def test_only_pre_norm_lets_the_stream_through_untouched():
    x = np.random.default_rng(0).standard_normal((2, 4))
    norm = partial(block.rms_norm, gain=np.ones(4))
    nothing = np.zeros_like
    np.testing.assert_array_equal(block.pre_norm_block(x, nothing, nothing, norm, norm), x)
    assert not np.allclose(block.post_norm_block(x, nothing, nothing, norm, norm), x)


ONES = np.ones(2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: block.rms_norm([1.0, np.nan], ONES), "x must be finite, got nan"),
        (lambda: block.rms_norm([], []), "x must not be empty"),
        (lambda: block.rms_norm(ONES, np.ones(3)), "axis -1 of x must equal axis 0 of gain"),
        (lambda: block.rms_norm(ONES, [1.0, np.inf]), "gain must be finite, got inf"),
        (lambda: block.rms_norm(ONES, ONES, eps=-1), r"eps must be in \[0, inf\), got -1"),
        (lambda: block.layer_norm(ONES, ONES, np.ones(3)), "axis -1 of x must equal axis 0 of bias"),
        (lambda: block.layer_norm(ONES, np.ones(3), ONES), "axis -1 of x must equal axis 0 of gain"),
        (lambda: block.layer_norm(ONES, ONES, ONES, eps=np.nan), "eps must be"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- Several networks -----------------------------------------------------------------------------------


def drawn_experts(rng, n=5, d=4):
    matrices = rng.standard_normal((n, d, d))
    return [lambda x, w=w: np.tanh(x @ w) for w in matrices]


@given(SEEDS, st.integers(1, 5))
def test_a_mixture_is_the_papers_softmax_over_what_is_left(seed, n_active):
    rng = np.random.default_rng(seed)
    x, w_router, experts = rng.standard_normal((6, 4)), rng.standard_normal((4, 5)), drawn_experts(rng)
    scores = x @ w_router
    lowest_kept = np.sort(scores, axis=-1)[:, -n_active, None]
    left = np.where(scores >= lowest_kept, np.exp(scores), 0)
    shares = left / left.sum(axis=-1, keepdims=True)
    expected = np.einsum("ne,end->nd", shares, np.stack([expert(x) for expert in experts]))
    np.testing.assert_allclose(block.mixture_of_experts(x, w_router, experts, n_active), expected, atol=1e-12)


def test_an_expert_reads_only_the_tokens_that_were_sent_to_it():
    read = []

    def expert(x):
        read.append(len(x))
        return x

    x = np.eye(3)
    block.mixture_of_experts(x, np.eye(3)[:, :2], [expert, expert], n_active=1)
    assert read == [2, 1]  # the third token scores 0 for both: the first expert


def test_equal_experts_are_one_network():
    rng = np.random.default_rng(0)
    x, w_router = rng.standard_normal((6, 4)), rng.standard_normal((4, 5))
    np.testing.assert_allclose(block.mixture_of_experts(x, w_router, [np.tanh] * 5, 2), np.tanh(x))


@pytest.mark.parametrize(
    ("n_experts", "n_active", "words"),
    [
        (2, 3, r"n_active must be in \[1, 2\], got 3"),
        (2, 0, r"n_active must be in \[1, 2\], got 0"),
        (3, 1, "experts must be one per column of w_router, got 3"),
    ],
)
def test_a_mixture_that_cannot_be(n_experts, n_active, words):
    with pytest.raises(ValueError, match=words):
        block.mixture_of_experts(np.ones((1, 2)), np.ones((2, 2)), [np.tanh] * n_experts, n_active)
