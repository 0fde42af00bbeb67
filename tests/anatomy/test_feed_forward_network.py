"""anatomy.feed_forward_network against torch and worked examples."""

from pathlib import Path

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy.neuron_activation import ACTIVATIONS

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "single_topics.npz")


def answer(name):
    return REFERENCE[f"networks: {name}"]


X, W_IN, B_IN, W_OUT, B_OUT, W_UP = (answer(name) for name in ("x", "w_in", "b_in", "w_out", "b_out", "w_up"))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_both_networks_are_torchs(activation):
    np.testing.assert_allclose(
        ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT, activation), answer(f"mlp {activation}"), atol=1e-12
    )
    np.testing.assert_allclose(
        ffn.gated(X, W_IN, W_UP, W_OUT, activation), answer(f"gated {activation}"), atol=1e-12
    )


def test_mlp_by_hand():
    # before: (1·1 + 2·0 + 0, 1·0 - 2·1 + 1) = (1, -1); after ReLU (1, 0); out 1·(2, 3) + (0.5, 0)
    y = ffn.mlp(
        [1.0, 2.0], [[1.0, 0.0], [0.0, -1.0]], [0.0, 1.0], [[2.0, 3.0], [9.0, 9.0]], [0.5, 0.0], "relu"
    )
    assert y.tolist() == [2.5, 3.0]


def test_gated_by_hand():
    # identity as the gate: (2·1) · (2·3) · 0.5
    assert ffn.gated([2.0], [[1.0]], [[3.0]], [[0.5]], "identity").tolist() == [6.0]


def test_each_token_goes_on_its_own():
    changed = X.copy()
    changed[:, 3] += 1
    before, after = ffn.gated(X, W_IN, W_UP, W_OUT), ffn.gated(changed, W_IN, W_UP, W_OUT)
    same = np.isclose(before, after).all(axis=-1)
    assert same.tolist() == [[True, True, True, False, True]] * 2


def test_the_trace_holds_the_steps():
    trace = {}
    y = ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT, trace=trace)
    assert set(trace) == {"before", "hidden", "output"}
    assert trace["hidden"].shape == (2, 5, 11)
    np.testing.assert_array_equal(trace["output"], y)
    np.testing.assert_allclose(trace["hidden"] @ W_OUT + B_OUT, y)

    trace = {}
    y = ffn.gated(X, W_IN, W_UP, W_OUT, trace=trace)
    assert set(trace) == {"before", "gate", "up", "hidden", "output"}
    np.testing.assert_allclose(trace["gate"] * trace["up"], trace["hidden"])
    np.testing.assert_array_equal(trace["output"], y)


def test_contributions_add_up_to_the_output():
    trace = {}
    y = ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT, trace=trace)
    terms = ffn.contributions(trace["hidden"][0, 0], W_OUT)
    np.testing.assert_allclose(terms.sum(axis=0) + B_OUT, y[0, 0])


def test_energy_shares_are_those_of_the_contributions():
    trace = {}
    ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT, trace=trace)
    shares = ffn.energy_shares(trace["hidden"], W_OUT)
    assert shares.shape == (2, 5, 11)
    lengths = np.linalg.norm(ffn.contributions(trace["hidden"][1, 3], W_OUT), axis=1)
    squares = np.sort(lengths**2)[::-1]
    np.testing.assert_allclose(shares[1, 3], np.cumsum(squares) / squares.sum())
    # by hand: energies 4·1 and 1·4 are equal
    assert ffn.energy_shares([2.0, 1.0], [[1.0, 0.0], [0.0, 2.0]]).tolist() == [0.5, 1.0]


def test_keys_and_values():
    hidden = np.array([[0.1, 5.0], [0.9, 1.0], [0.5, 3.0]])
    positions, values = ffn.exciting_tokens(hidden, neuron=1, k=2)
    assert positions.tolist() == [0, 2]
    assert values.tolist() == [5.0, 3.0]
    positions, values = ffn.exciting_tokens(-hidden, neuron=0, k=2)  # what is taken away counts as well
    assert positions.tolist() == [1, 2]
    assert values.tolist() == [-0.9, -0.5]
    ids, change = ffn.promoted_tokens([1.0, -1.0], [[1.0, 2.0, 0.0], [0.0, 3.0, -5.0]], k=2)
    assert ids.tolist() == [2, 0]
    assert change.tolist() == [5.0, 1.0]


def test_counts_are_the_sizes_of_the_arrays():
    assert ffn.mlp_parameters(6, 11) == W_IN.size + B_IN.size + W_OUT.size + B_OUT.size
    assert ffn.mlp_parameters(6, 11, biases=False) == W_IN.size + W_OUT.size
    assert ffn.gated_parameters(6, 11) == W_IN.size + W_UP.size + W_OUT.size
    assert ffn.flops_per_token(2, 6, 11) == 2 * (W_IN.size + W_OUT.size)


def test_two_thirds_of_the_width_hold_as_many_weights():
    assert ffn.gated_d_ff(3072) == 2048
    assert ffn.gated_parameters(768, 2048) == ffn.mlp_parameters(768, 3072, biases=False)
    assert ffn.gated_d_ff(4 * 8192, multiple_of=4096) == 24576
    assert ffn.gated_d_ff(4) == 3  # 8 / 3, rounded up


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ffn.mlp([1.0], W_IN, B_IN, W_OUT, B_OUT), "axis -1 of x must equal axis 0 of w_in"),
        (lambda: ffn.mlp(1.0, W_IN, B_IN, W_OUT, B_OUT), "x must have at least 1 axis"),
        (lambda: ffn.mlp(X * np.nan, W_IN, B_IN, W_OUT, B_OUT), "x must be finite, got nan"),
        (lambda: ffn.mlp(X[:0], W_IN, B_IN, W_OUT, B_OUT), "x must not be empty"),
        (lambda: ffn.mlp(X, W_IN, B_IN[:-1], W_OUT, B_OUT), "axis 1 of w_in must equal axis 0 of b_in"),
        (lambda: ffn.mlp(X, W_IN, B_IN, W_OUT[:-1], B_OUT), "axis 1 of w_in must equal axis 0 of w_out"),
        (lambda: ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT[:-1]), "axis 1 of w_out must equal axis 0 of b_out"),
        (lambda: ffn.mlp(X, W_IN, B_IN, W_OUT, B_OUT, "swiglu"), "activation must be one of"),
        (lambda: ffn.gated(X, W_IN[0], W_UP, W_OUT), "w_gate must have 2 axes"),
        (lambda: ffn.gated(X, W_IN, W_UP[:-1], W_OUT), "axis -1 of x must equal axis 0 of w_up"),
        (lambda: ffn.gated(X, W_IN, W_UP[:, :-1], W_OUT), "axis 1 of w_gate must equal axis 1 of w_up"),
        (lambda: ffn.gated(X, W_IN, W_UP, W_OUT[:-1]), "axis 1 of w_up must equal axis 0 of w_down"),
        (lambda: ffn.gated(X, W_IN, W_UP * np.inf, W_OUT), "w_up must be finite"),
        (lambda: ffn.exciting_tokens(X[0], neuron=-1), "neuron must be a whole number >= 0, got -1"),
        (lambda: ffn.contributions([1.0], W_OUT), "axis 0 of hidden must equal axis 0 of w_out"),
        (lambda: ffn.exciting_tokens(X[0], neuron=0, k=0), "k must be a whole number >= 1, got 0"),
        (lambda: ffn.energy_shares(W_OUT[:, 0] * 0, W_OUT), "hidden must not be all zero"),
        (lambda: ffn.energy_shares([1.0], W_OUT), "axis -1 of hidden must equal axis 0 of w_out"),
        (lambda: ffn.exciting_tokens(X[0], neuron=6), r"neuron must be in \[0, 5\], got 6"),
        (lambda: ffn.promoted_tokens([1.0], W_OUT), "axis 0 of value must equal axis 0 of unembedding"),
        (lambda: ffn.mlp_parameters(0, 4), "d_model must be a whole number >= 1, got 0"),
        (lambda: ffn.gated_d_ff(8, multiple_of=0), "multiple_of must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
