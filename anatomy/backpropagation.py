"""Backpropagation: the derivatives of one number, for all that it came from.

`Tensor` records each operation as it is computed, then walks the record
backwards and applies the chain rule once per operation. Below it stand the
operations that a language model spends its time in, each with its derivative
worked out once ("fused"), and the same operations spelled out in elementary
steps, which the tests hold them to.

Leaves out: second derivatives, GPUs, in-place operations.
Chapter: book/backpropagation.md
Source: Rumelhart, Hinton and Williams 1986; Baydin et al. 2015
(arXiv:1502.05767).
"""

from itertools import pairwise

import numpy as np

from anatomy.checks import finite, in_range, same_length


class Tensor:
    """An array that remembers how it was computed.

    data: the numbers. parents: the tensors it was computed from. operation:
    what was done to them.
    backward_rule: takes the derivative of the output with respect to this
    tensor, and returns one derivative per parent. gradient: filled by
    `backward()`; None before. label: a name to show.

    Raises ValueError where the data of a tensor that nobody computed is empty,
    NaN or infinite.

    >>> a, b = Tensor(2.0), Tensor(3.0)
    >>> (a * b + a).backward()
    >>> float(a.gradient), float(b.gradient)    # a is used twice: 3 + 1
    (4.0, 2.0)
    """

    __array_ufunc__ = None  # array * tensor is ours to compute, not numpy's

    def __init__(self, data, operation="", parents=(), backward_rule=None, label=""):
        self.data = data if operation else finite("data", data)
        self.operation = operation
        self.parents = parents
        self.backward_rule = backward_rule
        self.label = label
        self.gradient = None

    @property
    def shape(self):
        return self.data.shape

    def __repr__(self):
        return f"Tensor({self.data.tolist()})"

    # Each operation: the value, then the derivative it passes to each parent.

    def __add__(self, other):
        other = as_tensor(other, like=self)
        return Tensor(self.data + other.data, "+", (self, other), lambda g: (g, g))

    def __mul__(self, other):
        other = as_tensor(other, like=self)
        return Tensor(self.data * other.data, "×", (self, other), lambda g: (g * other.data, g * self.data))

    def __pow__(self, exponent):
        in_range("exponent", exponent, -np.inf, np.inf, open_low=True, open_high=True)
        return Tensor(
            self.data**exponent,
            f"power {exponent}",
            (self,),
            lambda g: (g * exponent * self.data ** (exponent - 1),),
        )

    def __matmul__(self, other):
        def rule(g):
            return g @ other.data.swapaxes(-1, -2), self.data.swapaxes(-1, -2) @ g

        return Tensor(self.data @ other.data, "@", (self, other), rule)

    def exp(self):
        result = np.exp(self.data)
        return Tensor(result, "exp", (self,), lambda g: (g * result,))

    def log(self):
        return Tensor(np.log(self.data), "log", (self,), lambda g: (g / self.data,))

    def tanh(self):
        result = np.tanh(self.data)
        return Tensor(result, "tanh", (self,), lambda g: (g * (1 - result**2),))

    def relu(self):
        active = self.data > 0
        return Tensor(self.data * active, "relu", (self,), lambda g: (g * active,))

    def sum(self, axis=None, keepdims=False):
        def rule(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, self.shape),)

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), "sum", (self,), rule)

    def reshape(self, *shape):
        return Tensor(self.data.reshape(shape), "reshape", (self,), lambda g: (g.reshape(self.shape),))

    def transpose(self, *axes):
        back = np.argsort(axes)
        return Tensor(self.data.transpose(axes), "transpose", (self,), lambda g: (g.transpose(back),))

    def __getitem__(self, index):
        def rule(g):
            placed = np.zeros_like(self.data)
            np.add.at(placed, index, g)  # an entry that was picked twice receives both
            return (placed,)

        return Tensor(self.data[index], "pick", (self,), rule)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -as_tensor(other, like=self)

    def __rsub__(self, other):
        return other + -self

    def __truediv__(self, other):
        return self * as_tensor(other, like=self) ** -1.0

    def __rtruediv__(self, other):
        return other * self**-1.0

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total * (total.data.size / self.data.size)

    def receive(self, gradient):
        """Add what arrives from one use of this tensor; uses add up."""
        gradient = sum_to_shape(gradient, self.shape)
        self.gradient = gradient if self.gradient is None else self.gradient + gradient

    def backward(self):
        """Fill `gradient` of every tensor that this one was computed from.

        Raises ValueError unless this tensor is a single number.
        """
        for _ in backward_steps(self):
            pass


def as_tensor(value, like):
    """Wrap a number or array, in the precision of `like`; leave a Tensor alone."""
    if isinstance(value, Tensor):
        return value
    return Tensor(np.asarray(value, like.data.dtype), "constant")


def sum_to_shape(gradient, shape):
    """Undo broadcasting: a number used in many places collects from them all.

    >>> sum_to_shape(np.ones((4, 3)), (3,)).tolist()
    [4.0, 4.0, 4.0]
    """
    gradient = np.asarray(gradient)
    extra = gradient.ndim - len(shape)
    if extra:
        gradient = gradient.sum(axis=tuple(range(extra)))
    widened = tuple(axis for axis, n in enumerate(shape) if n == 1 and gradient.shape[axis] != 1)
    return gradient.sum(axis=widened, keepdims=True) if widened else gradient


def computation_order(output):
    """List every tensor behind `output`, each after those it came from.

    >>> a = Tensor(2.0)
    >>> [node.operation for node in computation_order((a * a + a).exp())]
    ['', '×', '+', 'exp']
    """
    order, seen, waiting = [], set(), [(output, False)]
    while waiting:
        node, parents_done = waiting.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((parent, False) for parent in reversed(node.parents))
    return order


def backward_steps(output):
    """Go backwards node by node: yields (node, what it passed to each parent).

    A node acts only after every use of it has reported, so its gradient is
    complete.
    Raises ValueError unless `output` is a single number.

    >>> a = Tensor(3.0, label="a")
    >>> [(node.operation, [float(g) for g in passed]) for node, passed in backward_steps(a * a)]
    [('×', [3.0, 3.0])]
    """
    if output.data.size != 1:
        raise ValueError(
            f"output must be a single number, got shape {output.shape}; take its sum or mean first"
        )
    order = computation_order(output)
    for node in order:
        node.gradient = None
    output.gradient = np.ones_like(output.data)
    for node in reversed(order):
        if node.parents:
            passed = node.backward_rule(node.gradient)
            for parent, gradient in zip(node.parents, passed, strict=True):
                parent.receive(gradient)
            yield node, passed


def finite_difference(function, array, step=1e-5):
    """Estimate a gradient by nudging one number at a time: slow, but certain.

    function: array -> number. array: any shape, read as float64. Returns the
    same shape.
    Central differences: the error shrinks with step², rounding grows with
    1/step.
    Raises ValueError on NaN, infinity, or a step that is not positive.

    >>> finite_difference(lambda x: (x**2).sum(), [1.0, -3.0]).round(6).tolist()
    [2.0, -6.0]
    """
    in_range("step", step, 0, np.inf, open_low=True, open_high=True)
    array = finite("array", array).astype(float)
    slope = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        here = array[index]
        array[index] = here + step
        above = float(function(array.copy()))
        array[index] = here - step
        below = float(function(array.copy()))
        array[index] = here
        slope[index] = (above - below) / (2 * step)
    return slope


# --- A small network, for stepping through by hand ---


def small_network(sizes, rng):
    """Draw weights for layers of these sizes: a list of (w, b), both Tensors.

    w (d_in, d_out) ~ N(0, 1/d_in), b (d_out,) = 0. Raises ValueError on fewer
    than two sizes.

    >>> [w.shape for w, b in small_network([2, 2, 3], np.random.default_rng(0))]
    [(2, 2), (2, 3)]
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be two or more positive numbers, got {list(sizes)}")
    layers = []
    for number, (d_in, d_out) in enumerate(pairwise(sizes), start=1):
        w = Tensor(rng.normal(size=(d_in, d_out)) / np.sqrt(d_in), label=f"w{number}")
        layers.append((w, Tensor(np.zeros(d_out), label=f"b{number}")))
    return layers


def run_network(layers, x):
    """Run x (n_examples, d_in), with tanh between layers -> logits, a Tensor."""
    x = x if isinstance(x, Tensor) else Tensor(x, label="x")
    for w, b in layers[:-1]:
        x = (x @ w + b).tanh()
    w, b = layers[-1]
    return x @ w + b


def gradient_step(layers, lr):
    """Move every weight a little against its gradient, in place.

    Raises ValueError where `backward()` has not been called.
    """
    for parameter in (tensor for layer in layers for tensor in layer):
        if parameter.gradient is None:
            raise ValueError(f"{parameter.label or 'a parameter'} has no gradient; call backward() first")
        parameter.data = parameter.data - lr * parameter.gradient


# --- Fused operations: one derivative, worked out once ---


def softmax(x, mask=None):
    """Turn the last axis into probabilities.

    mask: an array that is added first; 0 keeps, -inf hides.

    Moving one logit moves every probability: dp_i = p_i (dx_i - Σ_j p_j dx_j).
    Read backwards:
    g_x = p (g - Σ g p).

    >>> softmax(Tensor([0.0, np.log(3.0)])).data.round(2).tolist()
    [0.25, 0.75]
    """
    scores = x.data if mask is None else x.data + mask
    p = scores - scores.max(-1, keepdims=True)  # same answer, no overflow
    np.exp(p, out=p)
    p /= p.sum(-1, keepdims=True)

    def rule(g):
        shared = np.einsum("...i,...i->...", g, p)[..., None]
        result = g - shared
        result *= p
        return (result,)

    return Tensor(p, "softmax", (x,), rule)


def rms_norm(x, gain, eps=1e-5):
    """Divide each vector by its root mean square, then scale each dimension by
    its gain.

    x (..., d), gain (d,) -> (..., d). With u = x/rms, a step along u changes
    nothing but the rms, so that part is taken out: g_x = (g·gain - u ·
    mean(g·gain·u)) / rms.
    Raises ValueError where gain does not fit. Source: Zhang and Sennrich 2019.
    """
    same_length("gain", gain.data, 0, "x", x.data, -1)
    d = x.shape[-1]
    mean_square = np.einsum("...d,...d->...", x.data, x.data)[..., None] / d
    inverse = 1 / np.sqrt(mean_square + eps)
    u = x.data * inverse

    def rule(g):
        g_gain = np.einsum("nd,nd->d", g.reshape(-1, d), u.reshape(-1, d))
        g_x = g * gain.data
        g_x -= u * (np.einsum("...d,...d->...", g_x, u)[..., None] / d)
        g_x *= inverse
        return g_x, g_gain

    return Tensor(u * gain.data, "rms_norm", (x, gain), rule)


def silu(x):
    """x · sigmoid(x). With s = sigmoid(x): the slope is s + x·s·(1 - s)."""
    s = 0.5 * (np.tanh(0.5 * x.data) + 1)  # the sigmoid, without overflow
    y = x.data * s
    return Tensor(y, "silu", (x,), lambda g: (g * (s + y * (1 - s)),))


def gelu(x):
    """GELU in its tanh form.

    y = x·h with h = (1 + tanh u) / 2, so the slope is h + x·2h·(1 - h)·u'.
    """
    root = (2 / np.pi) ** 0.5
    square = x.data * x.data
    h = 0.5 * (1 + np.tanh(root * x.data * (1 + 0.044715 * square)))
    inner_slope = root * (1 + 3 * 0.044715 * square)
    slope = h + 2 * x.data * h * (1 - h) * inner_slope
    return Tensor(x.data * h, "gelu", (x,), lambda g: (g * slope,))


def rope(x, cosines, sines):
    """Turn each pair of neighbouring numbers by its angle.

    x (..., d), cosines and sines broadcast to (..., d/2). A pair (a, b) is the
    complex number a + ib, and turning it is a product; the derivative turns
    back by the same angle.
    Raises ValueError where d is odd.
    """
    if x.shape[-1] % 2:
        raise ValueError(f"x must have an even last axis to form pairs, got shape {x.shape}")
    turn = (np.asarray(cosines) + 1j * np.asarray(sines)).astype(np.result_type(x.data.dtype, np.complex64))

    def turned(array, factor):
        pairs = np.ascontiguousarray(array).view(factor.dtype)
        return (pairs * factor).view(array.dtype)

    return Tensor(turned(x.data, turn), "rope", (x,), lambda g: (turned(g, turn.conj()),))


def cross_entropy(logits, targets, weights=None):
    """Mean of -log p(target), in nats.

    logits (n, n_vocab), targets (n,) whole numbers, weights (n,) or None for
    all equal; they are normalised to sum to one. Each row's derivative:
    probabilities minus one-hot target.
    Raises ValueError on targets outside the vocabulary or not one per row, and
    on weights that are negative or all 0.

    >>> logits = Tensor([[0.0, np.log(3.0)]])
    >>> loss = cross_entropy(logits, [1])
    >>> loss.backward()
    >>> logits.gradient.round(2).tolist()
    [[0.25, -0.25]]
    """
    targets = checked_targets(logits, targets)
    n = np.arange(len(targets))
    share = checked_share(weights, len(targets)).astype(logits.data.dtype)
    z = logits.data - logits.data.max(-1, keepdims=True)
    p = np.exp(z)
    total = p.sum(-1, keepdims=True)
    losses = np.log(total[:, 0]) - z[n, targets]
    p /= total

    def rule(g):
        result = p * (share * g)[:, None]
        result[n, targets] -= share * g
        return (result,)

    mean = np.asarray((losses * share).sum())
    return Tensor(mean, "cross_entropy", (logits,), rule)


def embedding(table, ids):
    """Look up rows: table (n_vocab, d), ids of any shape -> (*ids.shape, d).

    A look-up is one_hot @ table, so the table's derivative is one_hotᵀ @ g:
    each row collects from every place where its token stood. Raises ValueError
    on ids outside the table.
    """
    ids = checked_ids("ids", ids, table.shape[0])

    def rule(g):
        one_hot = np.zeros((ids.size, table.shape[0]), g.dtype)
        one_hot[np.arange(ids.size), ids.ravel()] = 1
        return (one_hot.T @ g.reshape(ids.size, -1),)

    return Tensor(table.data[ids], "embedding", (table,), rule)


def checked_ids(name, ids, n_vocab):
    """Return ids as an integer array whose entries name rows of the vocabulary."""
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu" or ids.size == 0:
        raise ValueError(f"{name} must be whole numbers, got {ids.dtype} of shape {ids.shape}")
    wrong = ids[(ids < 0) | (ids >= n_vocab)]
    if wrong.size:
        raise ValueError(f"{name} must be in 0 … {n_vocab - 1}, got {wrong[0]}")
    return ids


def checked_targets(logits, targets):
    """Return one id of the vocabulary for each row of logits (n, n_vocab)."""
    targets = checked_ids("targets", targets, logits.shape[-1])
    if targets.shape != logits.shape[:-1] or targets.ndim != 1:
        raise ValueError(
            f"targets must be one id per row of logits {logits.shape}, got shape {targets.shape}"
        )
    return targets


def checked_share(weights, n):
    """Return n weights that sum to one: equal where weights is None."""
    if weights is None:
        return np.full(n, 1 / n)
    weights = finite("weights", weights, ndim=1)
    if len(weights) != n or weights.min() < 0 or weights.sum() <= 0:
        raise ValueError(
            f"weights must be {n} numbers >= 0 that are not all 0, "
            f"got shape {weights.shape} with sum {weights.sum()}"
        )
    return weights / weights.sum()


# --- The same operations in elementary steps: slower, and what the tests compare with ---


def elementary_softmax(x, mask=None):
    """softmax from subtraction, exp, sum and division."""
    x = x if mask is None else x + mask
    e = (x - x.data.max(-1, keepdims=True)).exp()
    return e / e.sum(-1, keepdims=True)


def elementary_rms_norm(x, gain, eps=1e-5):
    """rms_norm from products, means and powers."""
    return x * ((x * x).mean(-1, keepdims=True) + eps) ** -0.5 * gain


def elementary_silu(x):
    """silu from exp, addition and division."""
    return x / ((-x).exp() + 1.0)


def elementary_rope(x, cosines, sines):
    """rope from products and sums: turn (a, b) into (a cos - b sin, a sin + b
    cos).
    """
    a, b = x[..., 0::2], x[..., 1::2]
    pairs = np.eye(x.shape[-1] // 2)
    place_a = as_tensor(np.kron(pairs, [[1, 0]]), like=x)
    place_b = as_tensor(np.kron(pairs, [[0, 1]]), like=x)
    return (a * cosines - b * sines) @ place_a + (a * sines + b * cosines) @ place_b


def elementary_cross_entropy(logits, targets, weights=None):
    """cross_entropy from the logarithm of the softmax's parts."""
    z = logits - logits.data.max(-1, keepdims=True)
    log_p = z - z.exp().sum(-1, keepdims=True).log()
    chosen = log_p[np.arange(len(targets)), checked_targets(logits, targets)]
    return -(chosen * checked_share(weights, len(targets))).sum()


def elementary_embedding(table, ids):
    """embedding as a product with one-hot rows."""
    ids = checked_ids("ids", ids, table.shape[0])
    one_hot = as_tensor(np.eye(table.shape[0])[ids.ravel()], like=table)
    return (one_hot @ table).reshape(*ids.shape, table.shape[1])
