"""Functions that take numbers take whole ones: the same result as for the same numbers with a decimal point."""

import dataclasses

import numpy as np
import pytest

from anatomy import embeddings as e
from anatomy import feed_forward_network as ffn
from anatomy import logits_and_sampling as ls
from anatomy import multi_head_attention as mha
from anatomy import neuron_activation as na
from anatomy import qkv as attention
from anatomy import quantization, rope
from anatomy import transformer_block as block

RNG = np.random.default_rng(0)
V, X, W = (RNG.integers(-3, 4, shape) for shape in ((4,), (5, 4), (4, 4)))
W_IN, W_OUT, B = RNG.integers(-3, 4, (4, 8)), RNG.integers(-3, 4, (8, 4)), RNG.integers(-3, 4, 8)
HEADS = RNG.integers(-3, 4, (2, 5, 4))
ONE = np.array([0, 1, 0])
PLACES = np.arange(5)
CALLS = [
    (rope.rotate, X, PLACES),
    (rope.rotate_half, X, PLACES),
    (rope.turn, V, 0.6, 0.8),
    (rope.scores_by_distance, X, X, PLACES),
    (attention.project, X, W, W, W),
    (attention.attend_in_steps, X, X, X),
    (attention.softmax_rows, X),
    (mha.attend_heads, HEADS, HEADS, HEADS),
    (mha.multi_head_attention, X, W, W, W, W, 2),
    (mha.contributions, HEADS[..., :2], W),
    (mha.previous_token_score, np.eye(5, dtype=int)),
    (mha.sink_score, np.eye(5, dtype=int)),
    (mha.induction_score, np.eye(6, dtype=int), 3),
    (block.rms_norm, X, V),
    (block.layer_norm, X, V, V),
    (ffn.mlp, X, W_IN, B, W_OUT, V),
    (ffn.gated, X, W_IN, W_IN, W_OUT),
    (ffn.contributions, B, W_OUT),
    (ffn.energy_shares, B, W_OUT),
    (ffn.promoted_tokens, V, W_IN),
    *(
        (getattr(na, name), V)
        for name in ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "gelu_tanh", "silu")
    ),
    *(
        (getattr(na, f"{name}_derivative"), V)
        for name in ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu")
    ),
    (na.neuron, V, V, 1),
    (na.layer, X, W, V),
    (na.collapse, W, V, W, V),
    (na.decision_line, V[:2], 3),
    (na.fit_with_knots, PLACES, X[:, 0], np.array([0, 2])),
    (quantization.quantize, np.arange(32), 4),
    (quantization.quantize, np.arange(32), 4, 8, False),
    (quantization.encode_float, PLACES, "FP16"),
    (quantization.quantize_q8_0, np.arange(32)),
    (quantization.quantize_q4_1, np.arange(32)),
    (ls.softmax, V),
    (ls.temper, ONE, 2),
    (ls.top_k, ONE, 1),
    (ls.top_p, ONE, 0.5),
    (ls.min_p, ONE, 0.5),
    (ls.entropy, ONE),
    (ls.perplexity, ONE),
    (e.unit_rows, X + 9),
    (e.cosine, V + 9, V + 8),
    (e.cosine_matrix, X + 9),
    (e.pca, X),
    (e.ppmi, abs(W) + 1),
    (e.silhouette, X, np.array([0, 0, 1, 1, 1])),
]


def leaves(found):
    """The numbers in a result, whatever holds them."""
    if isinstance(found, tuple | list):
        return [leaf for part in found for leaf in leaves(part)]
    if dataclasses.is_dataclass(found):
        return [leaf for field in dataclasses.fields(found) for leaf in leaves(getattr(found, field.name))]
    return [list(found)] if isinstance(found, bytes) else [found]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0].__module__}.{call[0].__name__}")
def test_whole_numbers_give_what_their_floats_give(call):
    function, *arguments = call
    floats = [
        argument.astype(float) if isinstance(argument, np.ndarray) and argument is not PLACES else argument
        for argument in arguments
    ]
    for whole, expected in zip(leaves(function(*arguments)), leaves(function(*floats)), strict=True):
        if isinstance(expected, np.ndarray | float):
            np.testing.assert_allclose(whole, expected)
        else:
            assert whole == expected
