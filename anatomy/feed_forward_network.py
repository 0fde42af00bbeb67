"""The feed-forward network: each token on its own, widened, bent, narrowed again.

Leaves out mixtures of experts. Chapter: book/feed-forward-network.md
"""

import numpy as np

from anatomy.checks import finite, same_length, whole
from anatomy.neuron_activation import activate


def mlp(x, w_in, b_in, w_out, b_out, activation="gelu", trace=None):
    """The plain network: activation(x @ w_in + b_in) @ w_out + b_out.

    x (…, d_model), w_in (d_model, d_ff), b_in (d_ff,), w_out (d_ff, d_model),
    b_out (d_model,) -> (…, d_model). No activation follows the second product.
    trace: a dict that receives "before" and "hidden", both (…, d_ff), and
    "output". Raises ValueError where shapes disagree, or for NaN, infinity or
    an unknown activation. Source: Vaswani et al. 2017, eq. 2 (with ReLU).

    >>> w_in, w_out = [[1.0, -1.0]], [[1.0], [1.0]]
    >>> mlp([[3.0], [-2.0]], w_in, [0.0, 0.0], w_out, [0.5], "relu").tolist()
    [[3.5], [2.5]]
    """
    x, w_in, b_in, w_out, b_out = _checked_mlp(x, w_in, b_in, w_out, b_out)
    before = x @ w_in + b_in
    hidden = activate(before, activation)
    output = hidden @ w_out + b_out
    if trace is not None:
        trace.update(before=before, hidden=hidden, output=output)
    return output


def gated(x, w_gate, w_up, w_down, activation="silu", trace=None):
    """The gated network: (activation(x @ w_gate) * (x @ w_up)) @ w_down.

    With SiLU it is called SwiGLU. x (…, d_model), w_gate and w_up (d_model,
    d_ff), w_down (d_ff, d_model) -> (…, d_model). trace receives "before" (what
    enters the activation), "gate", "up" and "hidden", all (…, d_ff), and
    "output". Raises ValueError as mlp does. Source: Shazeer 2020, eq. 6.

    >>> gated([[2.0]], [[1.0]], [[3.0]], [[0.5]]).round(4).tolist()
    [[5.2848]]
    """
    x, w_gate, w_up, w_down = _checked_gated(x, w_gate, w_up, w_down)
    before = x @ w_gate
    gate = activate(before, activation)
    up = x @ w_up
    hidden = gate * up
    output = hidden @ w_down
    if trace is not None:
        trace.update(before=before, gate=gate, up=up)
        trace.update(hidden=hidden, output=output)
    return output


def _checked_mlp(x, w_in, b_in, w_out, b_out):
    x = _checked_input(x)
    w_in, b_in = finite("w_in", w_in, ndim=2), finite("b_in", b_in, ndim=1)
    w_out, b_out = finite("w_out", w_out, ndim=2), finite("b_out", b_out, ndim=1)
    same_length("x", x, -1, "w_in", w_in, 0)
    same_length("w_in", w_in, 1, "b_in", b_in, 0)
    same_length("w_in", w_in, 1, "w_out", w_out, 0)
    same_length("w_out", w_out, 1, "b_out", b_out, 0)
    return x, w_in, b_in, w_out, b_out


def _checked_gated(x, w_gate, w_up, w_down):
    x = _checked_input(x)
    w_gate, w_up = finite("w_gate", w_gate, ndim=2), finite("w_up", w_up, ndim=2)
    w_down = finite("w_down", w_down, ndim=2)
    same_length("x", x, -1, "w_gate", w_gate, 0)
    same_length("x", x, -1, "w_up", w_up, 0)
    same_length("w_gate", w_gate, 1, "w_up", w_up, 1)
    same_length("w_up", w_up, 1, "w_down", w_down, 0)
    return x, w_gate, w_up, w_down


def _checked_neuron(neuron, d_ff):
    if whole("neuron", neuron) >= d_ff:
        raise ValueError(f"neuron must be in [0, {d_ff - 1}], got {neuron}")
    return neuron


def _checked_input(x):
    x = finite("x", x)
    if x.ndim == 0:
        raise ValueError("x must have at least 1 axis, got a single number")
    return x


# --- what it costs ---------------------------------------------------------


def mlp_parameters(d_model, d_ff, biases=True):
    """Weights and biases of mlp.

    >>> mlp_parameters(768, 3072)  # one layer of GPT-2
    4722432
    """
    whole("d_model", d_model, at_least=1)
    whole("d_ff", d_ff, at_least=1)
    return 2 * d_model * d_ff + (d_ff + d_model if biases else 0)


def gated_parameters(d_model, d_ff):
    """Weights of gated, which has no biases.

    >>> gated_parameters(576, 1536)  # one layer of SmolLM2-135M
    2654208
    """
    whole("d_model", d_model, at_least=1)
    whole("d_ff", d_ff, at_least=1)
    return 3 * d_model * d_ff


def gated_d_ff(d_ff, multiple_of=1):
    """Width at which gated has as many weights as mlp of width d_ff.

    Three matrices instead of two: two thirds of the width, rounded up.

    >>> gated_d_ff(4 * 4096, multiple_of=256)  # Llama-2-7B
    11008
    """
    whole("d_ff", d_ff, at_least=1)
    whole("multiple_of", multiple_of, at_least=1)
    return -(-2 * d_ff // (3 * multiple_of)) * multiple_of


def flops_per_token(n_matrices, d_model, d_ff):
    """Multiplications and additions for one token: two for each weight.

    Counts the matrix products alone. n_matrices: 2 for mlp, 3 for gated.

    >>> flops_per_token(3, 576, 1536)
    5308416
    """
    whole("n_matrices", n_matrices, at_least=1)
    whole("d_model", d_model, at_least=1)
    whole("d_ff", d_ff, at_least=1)
    return 2 * n_matrices * d_model * d_ff


# --- columns as keys, rows as values ---------------------------------------


def contributions(hidden, w_out):
    """What each hidden neuron adds to the output of one token.

    hidden (d_ff,), w_out (d_ff, d_model) -> (d_ff, d_model). Row i is
    hidden[i] * w_out[i]: the neuron's value, as strongly as its key matched.
    The rows add up to the output, less the bias. Source: Geva et al. 2021.

    >>> contributions([2.0, 0.0], [[1.0, 1.0], [5.0, 5.0]]).tolist()
    [[2.0, 2.0], [0.0, 0.0]]
    """
    hidden = finite("hidden", hidden, ndim=1)
    w_out = finite("w_out", w_out, ndim=2)
    same_length("hidden", hidden, 0, "w_out", w_out, 0)
    return hidden[:, None] * w_out


def energy_shares(hidden, w_out):
    """How much of a token's energy its strongest 1, 2, … d_ff neurons carry.

    The energy of a neuron is the squared length of what it adds. hidden
    (…, d_ff), w_out (d_ff, d_model) -> (…, d_ff), rising to 1. Raises
    ValueError where shapes disagree or no neuron of a token adds anything.

    >>> energy_shares([1.0, 3.0], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [0.9, 1.0]
    """
    hidden, w_out = finite("hidden", hidden), finite("w_out", w_out, ndim=2)
    same_length("hidden", hidden, -1, "w_out", w_out, 0)
    energies = hidden**2 * (w_out**2).sum(axis=1)
    strongest_first = np.sort(energies, axis=-1)[..., ::-1]
    running = np.cumsum(strongest_first, axis=-1, dtype=float)
    if not running[..., -1].all():
        raise ValueError("hidden must not be all zero: no energy to share")
    return running / running[..., -1:]


def exciting_tokens(hidden, neuron, k=5):
    """The k tokens at which one neuron's hidden number is largest, of either sign.

    Where it is negative, the neuron takes its value away from the stream.
    hidden (n_tokens, d_ff) -> (positions, hidden numbers), largest first.

    >>> hidden = [[0.1, 0.9], [-0.8, 0.2], [0.3, 0.0]]
    >>> positions, values = exciting_tokens(hidden, neuron=0, k=2)
    >>> positions.tolist(), values.tolist()
    ([1, 2], [-0.8, 0.3])
    """
    hidden = finite("hidden", hidden, ndim=2)
    whole("k", k, at_least=1)
    column = hidden[:, _checked_neuron(neuron, hidden.shape[1])]
    order = np.argsort(-np.abs(column), kind="stable")[:k]
    return order, column[order]


def promoted_tokens(value, unembedding, k=5):
    """The k tokens whose logits a neuron's value raises most.

    value (d_model,): a row of w_out or w_down; unembedding (d_model, n_vocab)
    -> (ids, changes of the logit), largest first. Leaves out the final norm,
    which rescales. Source: Geva et al. 2021.

    >>> ids, change = promoted_tokens([1.0, 0.0], [[0.2, 0.9], [5.0, 5.0]], k=1)
    >>> ids.tolist(), change.tolist()
    ([1], [0.9])
    """
    value = finite("value", value, ndim=1)
    unembedding = finite("unembedding", unembedding, ndim=2)
    same_length("value", value, 0, "unembedding", unembedding, 0)
    whole("k", k, at_least=1)
    change = value @ unembedding
    order = np.argsort(-change, kind="stable")[:k]
    return order, change[order]
