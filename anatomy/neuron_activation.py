"""One neuron: a weighted sum, a bias and a bend; and why the bend is needed.

Each activation stands beside its derivative. Leaves out dropout and batch
normalisation. Chapter: book/neuron-activation.md
"""

import math

import numpy as np

from anatomy.checks import finite, in_range, one_of, same_length

FAR = 40.0  # beyond ±40 every curve here is flat or straight, to the last bit


def identity(x):
    """No bend: x itself."""
    return finite("x", x)


def identity_derivative(x):
    """1 everywhere."""
    return np.ones_like(finite("x", x))


def sigmoid(x):
    """1 / (1 + e^-x), between 0 and 1; any shape. Raises ValueError for NaN or infinity.

    >>> sigmoid([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = finite("x", x)
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, small) / (1 + small)


def sigmoid_derivative(x):
    """s(x) * s(-x), at most a quarter.

    >>> sigmoid_derivative(0.0).item()
    0.25
    """
    return sigmoid(x) * sigmoid(-finite("x", x))


def tanh(x):
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh([-1000.0, 0.0, 1000.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.tanh(finite("x", x))


def tanh_derivative(x):
    """1 - tanh^2 x.

    >>> tanh_derivative(0.0).item()
    1.0
    """
    return 1 - tanh(x) ** 2


def relu(x):
    """x above zero, else 0.

    >>> relu([-2.0, 3.0]).tolist()
    [0.0, 3.0]
    """
    return np.maximum(finite("x", x), 0)


def relu_derivative(x):
    """1 above zero, else 0; at zero itself 0, by convention.

    >>> relu_derivative([-2.0, 0.0, 3.0]).tolist()
    [0.0, 0.0, 1.0]
    """
    x = finite("x", x)
    return np.where(x > 0, 1, 0).astype(x.dtype)


def leaky_relu(x, slope=0.01):
    """x above zero, else slope * x, so that a gradient remains. Source: Maas et al. 2013.

    >>> leaky_relu([-2.0, 3.0]).tolist()
    [-0.02, 3.0]
    """
    x = finite("x", x)
    in_range("slope", slope, 0, 1)
    return np.where(x > 0, x, slope * x)


def leaky_relu_derivative(x, slope=0.01):
    """1 above zero, else slope.

    >>> leaky_relu_derivative([-2.0, 3.0]).tolist()
    [0.01, 1.0]
    """
    x = finite("x", x)
    in_range("slope", slope, 0, 1)
    return np.where(x > 0, 1, slope).astype(x.dtype)


def normal_cdf(x):
    """Share of a standard normal distribution below x, exact to a few last digits.

    numpy has no error function; math.erfc is asked number by number. erfc keeps
    the digits that 1 + erf loses far below zero.

    >>> normal_cdf(0.0).item(), normal_cdf(-10.0).item() > 0
    (0.5, True)
    """
    x = finite("x", x)
    return np.asarray(_erfc(-x / math.sqrt(2)) / 2, dtype=x.dtype)


_erfc = np.vectorize(math.erfc, otypes=[float])


def _normal_density(x):
    near = np.clip(x, -FAR, FAR)
    return np.exp(-near * near / 2) / math.sqrt(2 * math.pi)


def gelu(x):
    """GELU, the exact form: x * normal_cdf(x). Source: Hendrycks & Gimpel 2016.

    >>> gelu([-1.0, 0.0, 1.0]).round(4).tolist()
    [-0.1587, 0.0, 0.8413]
    """
    return finite("x", x) * normal_cdf(x)


def gelu_derivative(x):
    """normal_cdf(x) + x * normal density.

    >>> gelu_derivative(0.0).item()
    0.5
    """
    x = finite("x", x)
    return normal_cdf(x) + x * _normal_density(x)


def gelu_tanh(x):
    """GELU, the tanh form: near the exact one, not equal to it. GPT-2 uses it.

    x/2 * (1 + tanh(√(2/π) * (x + 0.044715 x³))). Source: Hendrycks & Gimpel
    2016.

    >>> x = np.linspace(-5, 5, 1001)
    >>> round(float(np.abs(gelu_tanh(x) - gelu(x)).max()), 6)
    0.000473
    """
    x = finite("x", x)
    inner, _ = _gelu_tanh_inner(x)
    return x / 2 * (1 + np.tanh(inner))


def gelu_tanh_derivative(x):
    """Product rule on gelu_tanh.

    >>> gelu_tanh_derivative(0.0).item()
    0.5
    """
    x = finite("x", x)
    inner, slope = _gelu_tanh_inner(x)
    bend = np.tanh(inner)
    near = np.clip(x, -FAR, FAR)
    return (1 + bend) / 2 + near / 2 * (1 - bend**2) * slope


def _gelu_tanh_inner(x):
    near = np.clip(x, -FAR, FAR)
    inner = math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near)
    return inner, slope


def silu(x):
    """SiLU, also called swish: x * sigmoid(x). Source: Hendrycks & Gimpel 2016.

    SwiGLU is not this function but a layer that uses it: see
    feed_forward_network.

    >>> silu([-1.0, 0.0, 1.0]).round(4).tolist()
    [-0.2689, 0.0, 0.7311]
    """
    return finite("x", x) * sigmoid(x)


def silu_derivative(x):
    """s + x * s(x) * s(-x).

    >>> silu_derivative(0.0).item()
    0.5
    """
    return sigmoid(x) + finite("x", x) * sigmoid_derivative(x)


ACTIVATIONS = {
    "identity": (identity, identity_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative),
    "gelu": (gelu, gelu_derivative),
    "gelu_tanh": (gelu_tanh, gelu_tanh_derivative),
    "silu": (silu, silu_derivative),
}


def activate(x, activation):
    """Apply an activation by its name in ACTIVATIONS; ValueError for another name.

    >>> activate([-1.0, 2.0], "relu").tolist()
    [0.0, 2.0]
    """
    function, _ = ACTIVATIONS[one_of("activation", activation, ACTIVATIONS)]
    return function(x)


def neuron(x, w, b, activation="relu"):
    """One neuron: activation(x · w + b).

    x (…, d_in), w (d_in,), b a number -> (…). Raises ValueError where shapes
    disagree, a number is NaN or infinite, or the activation is unknown.

    >>> neuron([1.0, 2.0, 3.0], [0.5, -1.0, 0.5], 0.25).item()
    0.25
    """
    x = finite("x", x)
    w = finite("w", w, ndim=1)
    b = finite("b", b, ndim=0)
    if x.ndim == 0:
        raise ValueError("x must have at least 1 axis, got a single number")
    same_length("x", x, -1, "w", w, 0)
    weighted_sum = x @ w + b
    return activate(weighted_sum, activation)


def layer(x, w, b, activation="relu"):
    """Many neurons that read the same inputs: activation(x @ w + b).

    x (…, d_in), w (d_in, d_out), b (d_out,) -> (…, d_out). Raises ValueError as
    neuron does.

    >>> layer([1.0, 2.0], [[1.0, -1.0], [1.0, -1.0]], [0.0, 0.0]).tolist()
    [3.0, 0.0]
    """
    x = finite("x", x)
    w = finite("w", w, ndim=2)
    b = finite("b", b, ndim=1)
    if x.ndim == 0:
        raise ValueError("x must have at least 1 axis, got a single number")
    same_length("x", x, -1, "w", w, 0)
    same_length("w", w, 1, "b", b, 0)
    return activate(x @ w + b, activation)


def collapse(w_1, b_1, w_2, b_2):
    """The one linear layer that equals two linear layers in a row.

    w_1 (d_in, d_hidden), b_1 (d_hidden,), w_2 (d_hidden, d_out), b_2 (d_out,)
    -> w (d_in, d_out), b (d_out,). It exists only while no activation stands
    between the two.

    >>> w, b = collapse([[2.0]], [1.0], [[3.0]], [0.5])
    >>> w.tolist(), b.tolist()
    ([[6.0]], [3.5])
    """
    w_1, b_1 = finite("w_1", w_1, ndim=2), finite("b_1", b_1, ndim=1)
    w_2, b_2 = finite("w_2", w_2, ndim=2), finite("b_2", b_2, ndim=1)
    same_length("w_1", w_1, 1, "b_1", b_1, 0)
    same_length("w_1", w_1, 1, "w_2", w_2, 0)
    same_length("w_2", w_2, 1, "b_2", b_2, 0)
    return w_1 @ w_2, b_1 @ w_2 + b_2


def decision_line(w, b):
    """Where a neuron with two inputs changes sides: the line x · w + b = 0.

    w (2,), b a number -> (point, direction), two arrays (2,): the point of the
    line nearest the origin, and a step of length 1 along it. Raises ValueError
    for w = 0, which has no line.

    >>> point, direction = decision_line([0.0, 2.0], -1.0)
    >>> point.tolist(), direction.tolist()
    ([0.0, 0.5], [-1.0, 0.0])
    """
    w = finite("w", w, ndim=1)
    b = finite("b", b, ndim=0)
    if w.shape != (2,):
        raise ValueError(f"w must have 2 weights, got shape {w.shape}")
    length = math.hypot(*w)
    if length == 0:
        raise ValueError("w must not be zero: the neuron's sum is then b everywhere")
    normal = w / length
    return 0.0 - normal * (b / length), np.array([-normal[1], normal[0]])


def running_totals(x, w, b):
    """The sum of a neuron as it grows: 0, then one product after another, then b.

    x (d_in,), w (d_in,), b a number -> (d_in + 2,); the last is x · w + b.
    Raises ValueError where the lengths disagree.

    >>> running_totals([1.0, 2.0], [3.0, -1.0], 0.5).tolist()
    [0.0, 3.0, 1.0, 1.5]
    """
    x, w = finite("x", x, ndim=1), finite("w", w, ndim=1)
    b = finite("b", b, ndim=0)
    same_length("x", x, 0, "w", w, 0)
    return np.cumsum([0.0, *(x * w), b])


def flat_ranges(activation, slope=0.05, reach=10.0):
    """Where a curve is flat: the ranges in which its slope stays within ±slope.

    -> pairs (from, to), None for an end beyond reach. Inputs are tried in steps
    of 0.01. Raises ValueError for an unknown activation or a slope that is not
    above 0.

    >>> flat_ranges("relu"), flat_ranges("silu")
    ([(None, 0.0)], [(None, -4.09), (-1.55, -1.08)])
    """
    _, derivative = ACTIVATIONS[one_of("activation", activation, ACTIVATIONS)]
    in_range("slope", slope, 0, 1, open_low=True)
    steps = round(100 * in_range("reach", reach, 1, 1000))
    x = np.arange(-steps, steps + 1) / 100
    flat = np.abs(derivative(x)) <= slope
    starts = np.flatnonzero(flat & ~np.r_[False, flat[:-1]])
    ends = np.flatnonzero(flat & ~np.r_[flat[1:], False])
    return [
        (float(x[a]) if a > 0 else None, float(x[b]) if b + 1 < len(x) else None)
        for a, b in zip(starts, ends, strict=True)
    ]


def in_ranges(x, ranges):
    """Which numbers lie in one of the ranges (from, to), None for an open end; any shape -> bools.

    >>> in_ranges([-9.0, -1.2, 0.0], flat_ranges("silu")).tolist()
    [True, True, False]
    """
    x = finite("x", x)
    found = np.zeros(x.shape, bool)
    for low, high in ranges:
        found |= (x >= (-np.inf if low is None else low)) & (x <= (np.inf if high is None else high))
    return found


def fit_with_knots(x, target, knots, activation="relu"):
    """The curve nearest to target that one hidden layer draws, first weights fixed.

    Hidden neuron k computes activation(x - knots[k]); least squares finds the
    weights and the bias of the output. x (n,), target (n,), knots (n_hidden,)
    -> (n,). Raises ValueError where lengths disagree or the activation is
    unknown.

    >>> x = np.linspace(-1, 1, 5)
    >>> fit_with_knots(x, abs(x), [-1.0, 0.0]).round(6).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    x, target = finite("x", x, ndim=1), finite("target", target, ndim=1)
    knots = finite("knots", knots, ndim=1)
    same_length("x", x, 0, "target", target, 0)
    columns = _hidden_columns(x, knots, activation)
    return columns @ np.linalg.lstsq(columns, target, rcond=None)[0]


def output_weights(x, target, knots, activation="relu"):
    """The weights of the output with which fit_with_knots draws its curve, the bias last.

    x (n,), target (n,), knots (n_hidden,) -> (n_hidden + 1,). Raises ValueError
    as fit_with_knots does.

    >>> x = np.linspace(-1, 1, 5)
    >>> output_weights(x, abs(x), [-1.0, 0.0]).round(6).tolist()
    [-1.0, 2.0, 1.0]
    """
    x, target = finite("x", x, ndim=1), finite("target", target, ndim=1)
    knots = finite("knots", knots, ndim=1)
    same_length("x", x, 0, "target", target, 0)
    return np.linalg.lstsq(_hidden_columns(x, knots, activation), target, rcond=None)[0]


def _hidden_columns(x, knots, activation):
    hidden = layer(x[:, None], np.ones((1, len(knots))), -knots, activation)
    return np.column_stack([hidden, np.ones(len(x))])


def knots_by_need(x, target, n_knots, activation="relu"):
    """Place knots one after another, each where it lowers the error of fit_with_knots most.

    x (n,), target (n,) -> (n_knots,), all of them inside the range of x, none
    twice. Of places that do equally well the leftmost is taken. Raises
    ValueError for more knots than there are places.

    >>> x = np.linspace(-1, 1, 9)
    >>> knots_by_need(x, np.maximum(x, 0), 1).tolist()
    [0.0]
    """
    x, target = finite("x", x, ndim=1), finite("target", target, ndim=1)
    free, knots = x[1:-1].tolist(), []
    in_range("n_knots", n_knots, 1, len(free))
    for _ in range(n_knots):
        errors = [((fit_with_knots(x, target, [*knots, k], activation) - target) ** 2).mean() for k in free]
        knots.append(free.pop(int(np.argmin(np.round(errors, 7)))))
    return np.array(knots)


XOR_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_TARGETS = np.array([0.0, 1.0, 1.0, 0.0])


def xor_hidden(x, leak=0.0):
    """The two hidden neurons of xor: one counts the ones, one notices a second.

    x (…, 2) -> (…, 2). leak is the slope below zero: 0 is ReLU, 1 is no bend.

    >>> xor_hidden(XOR_INPUTS).tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]
    """
    w = np.array([[1.0, 1.0], [1.0, 1.0]])
    b = np.array([0.0, -1.0])
    sums = layer(x, w, b, "identity")
    return leaky_relu(sums, slope=leak) + 0.0  # no minus zero


def xor(x, leak=0.0):
    """Exclusive or by two hidden neurons and one linear neuron.

    x (…, 2) of zeros and ones -> (…). No single neuron can do it, for no line
    parts the two answers. Source: Goodfellow et al. 2016, section 6.1.

    >>> xor(XOR_INPUTS).tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    return neuron(xor_hidden(x, leak), [1.0, -2.0], 0.0, "identity")
