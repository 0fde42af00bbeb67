"""Training: the loss, the batches, the loop, and what happens as the loop runs.

The first half trains a decoder on text: the same architecture that
`anatomy.model` runs, written with Tensors so that it can be differentiated. The
second half is the smallest model known to us that shows grokking: three
matrices that learn to add modulo p, with their gradients worked out by hand.

Leaves out: mixed precision, many machines, dropout.
Chapter: book/training-phases.md
Source: Power et al. 2022 (arXiv:2201.02177); Nanda et al. 2023
(arXiv:2301.05217); Gromov 2023 (arXiv:2301.02679), for the square activation.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from anatomy import backpropagation as bp
from anatomy.checks import finite, floats, in_range, whole
from anatomy.model import Weights
from anatomy.optimizers import AdamW, clip_norm
from anatomy.transformer_block import pre_norm_block

# --- Loss ---


def log_softmax(logits):
    """The logarithm of the softmax over the last axis, safe for large logits.

    >>> log_softmax(np.array([1000.0, 1000.0])).round(3).tolist()
    [-0.693, -0.693]
    """
    logits = floats("logits", logits)
    z = logits - logits.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True, dtype=np.result_type(z, np.float32)))


def token_losses(logits, targets):
    """How surprised the model was by each token that came: -log p, in nats.

    logits (..., n_vocab), targets (...) whole numbers -> (...).
    Raises ValueError where shapes disagree or a target lies outside the
    vocabulary.

    >>> token_losses(np.array([[0.0, np.log(3.0)]]), [0]).round(3).tolist()
    [1.386]
    """
    logits = finite("logits", logits)
    targets = bp.checked_ids("targets", targets, logits.shape[-1])
    if targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets must have one id per row of logits, got {targets.shape} for {logits.shape}"
        )
    return -np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]


def cross_entropy(logits, targets, weights=None):
    """The mean of token_losses; weights (...) say how much each token counts.

    >>> round(cross_entropy(np.zeros((5, 8)), [0, 1, 2, 3, 4]), 3)    # guessing among 8: log 8
    2.079
    """
    losses = token_losses(logits, targets).ravel()
    weights = None if weights is None else np.ravel(weights)
    return float(losses @ bp.checked_share(weights, losses.size))


# --- Batches ---


@dataclass(frozen=True)
class Texts:
    """Texts of different lengths in one rectangle.

    inputs (n_texts, n_tokens): every token but the last, then padding.
    targets (n_texts, n_tokens): the token that follows each.
    counts (n_texts, n_tokens): 1 where the target counts in the loss, else 0.
    """

    inputs: np.ndarray
    targets: np.ndarray
    counts: np.ndarray

    def __len__(self):
        return len(self.inputs)

    def pick(self, rows):
        """These rows alone, no wider than the longest of them."""
        counts = self.counts[rows]
        width = int(np.flatnonzero(counts.any(axis=0)).max()) + 1
        return Texts(self.inputs[rows, :width], self.targets[rows, :width], counts[:, :width])


def rectangle(sequences, n_skipped=None):
    """Lay sequences side by side; the target of each token is the next one.

    sequences: lists of ids. n_skipped: how many leading tokens of each must not
    be learned (their prediction does not count), by default 1: the first has
    nothing before it.
    Raises ValueError where a sequence leaves nothing to predict.

    >>> texts = rectangle([[5, 6, 7], [5, 8]])
    >>> texts.inputs.tolist(), texts.targets.tolist(), texts.counts.tolist()
    ([[5, 6], [5, 8]], [[6, 7], [8, 0]], [[1.0, 1.0], [1.0, 0.0]])
    """
    if not sequences:
        raise ValueError("sequences must not be empty")
    n_skipped = [1] * len(sequences) if n_skipped is None else n_skipped
    width = max(len(ids) for ids in sequences)
    ids = np.zeros((len(sequences), width), np.int64)
    counts = np.zeros((len(sequences), width), np.float32)
    for row, (sequence, skipped) in enumerate(zip(sequences, n_skipped, strict=True)):
        if not 1 <= skipped < len(sequence):
            raise ValueError(
                f"sequences[{row}] has {len(sequence)} tokens, {skipped} of them skipped: nothing to learn"
            )
        ids[row, : len(sequence)] = sequence
        counts[row, skipped : len(sequence)] = 1
    return Texts(ids[:, :-1], ids[:, 1:], counts[:, 1:])


# --- A decoder that can be differentiated ---


class Parameters:
    """A model's weights as Tensors that all look into two long arrays.

    matrices, gains: the long arrays, so that an optimizer has two updates to
    do, not twenty; weight decay is for the matrices alone. tensors: name ->
    Tensor, named as in anatomy.model.
    Raises ValueError where the arrays do not fit the config, or `decoder` runs
    no such model.
    """

    def __init__(self, config, arrays):
        trains_here(config)
        config.check_weights(arrays)
        arrays = {name: floats(name, array) for name, array in arrays.items()}
        self.config = config
        self.tensors = {}
        self.names = {2: [], 1: []}
        for name, array in arrays.items():
            self.names[array.ndim].append(name)
        self.matrices = self.lay_out(arrays, self.names[2])
        self.gains = self.lay_out(arrays, self.names[1])

    def lay_out(self, arrays, names):
        """Copy arrays into one long one, and make each Tensor a view of its part."""
        long = np.concatenate([arrays[name].ravel() for name in names])
        start = 0
        for name in names:
            shape = arrays[name].shape
            part = long[start : start + arrays[name].size].reshape(shape)
            self.tensors[name] = bp.Tensor(part, label=name)
            start += part.size
        return long

    def gradients(self):
        """The gradients of matrices and of gains, each as one long array; 0 for what took no part."""

        def gradient(name):
            tensor = self.tensors[name]
            return (np.zeros_like(tensor.data) if tensor.gradient is None else tensor.gradient).ravel()

        return [np.concatenate(list(map(gradient, names))) for names in (self.names[2], self.names[1])]

    def arrays(self):
        """A copy of every weight: name -> array."""
        return {name: tensor.data.copy() for name, tensor in self.tensors.items()}

    def weights(self):
        """The weights as anatomy.model takes them; training goes on changing them."""
        return Weights.from_arrays(self.config, {n: t.data for n, t in self.tensors.items()})


def trains_here(config):
    """Raise ValueError unless `decoder` can run a model of this config."""
    if (
        config.norm != "rms"
        or config.biases != "none"
        or config.learned_positions
        or config.window is not None
        or not config.tied
    ):
        raise ValueError(
            "decoder runs models with RMSNorm, rotary positions, a tied unembedding, no biases and no window; "
            f"got norm={config.norm!r}, biases={config.biases!r}, tied={config.tied}, window={config.window}, "
            f"learned_positions={config.learned_positions}"
        )


def initial_arrays(config, rng, dtype=np.float32):
    """Random weights to start from: name -> array.

    Matrices ~ N(0, 1/d_in), so that signals keep their size; those that write
    into the residual stream are divided by √(2 · n_layers), because that many
    of them add up; the embedding ~ N(0, 0.05²), because it is also the
    unembedding; gains are 1.
    """
    arrays = {}
    for name, shape in config.shapes().items():
        if len(shape) == 1:
            arrays[name] = np.ones(shape, dtype)
            continue
        spread = 0.05 if name == "embedding" else shape[0] ** -0.5
        if name.endswith(("w_o", "w_down")):
            spread /= (2 * config.n_layers) ** 0.5
        arrays[name] = (rng.normal(size=shape) * spread).astype(dtype)
    return arrays


def decoder(parameters, inputs, block=pre_norm_block):
    """Run a decoder: inputs (n_texts, n_tokens) -> logits, one row per token.

    The steps are those of anatomy.model.forward, each as an operation that
    knows its derivative. block: how a layer joins its parts, a function like
    transformer_block.pre_norm_block.
    """
    config, w = parameters.config, parameters.tensors
    attention = causal_attention(config, *inputs.shape, w["embedding"].data.dtype)

    def norm(gain):
        return lambda x: bp.rms_norm(x, gain, config.norm_eps)

    x = bp.embedding(w["embedding"], inputs.ravel())
    for l in range(config.n_layers):
        of = {name: w[f"layers.{l}.{name}"] for name in config.layer_shapes()}
        halves = partial(attention, of=of), partial(feed_forward, of=of)
        x = block(x, *halves, norm(of["norm_attention"]), norm(of["norm_ffn"]))
    return norm(w["norm_final"])(x) @ w["embedding"].transpose(1, 0)


def causal_attention(config, n_texts, n_tokens, dtype):
    """Attention over texts of one length, as a function (x, of): of holds one layer's matrices by name."""
    frequencies = config.rope_base ** (-np.arange(0, config.d_head, 2) / config.d_head)
    angles = np.arange(n_tokens)[:, None, None] * frequencies
    cosines, sines = np.cos(angles), np.sin(angles)
    future = np.triu(np.full((n_tokens, n_tokens), -np.inf, dtype), 1)

    def heads(x):
        return x.reshape(n_texts, n_tokens, config.n_heads, config.d_head)

    def attention(x, of):
        q = bp.rope(heads((x @ of["w_q"]) * config.d_head**-0.5), cosines, sines)
        k = bp.rope(heads(x @ of["w_k"]), cosines, sines)
        v = heads(x @ of["w_v"])
        scores = q.transpose(0, 2, 1, 3) @ k.transpose(0, 2, 3, 1)
        mixed = bp.softmax(scores, future) @ v.transpose(0, 2, 1, 3)
        return mixed.transpose(0, 2, 1, 3).reshape(n_texts * n_tokens, -1) @ of["w_o"]

    return attention


def feed_forward(x, of):
    """The gated network, or where there is no w_gate the plain one with GELU."""
    if "w_gate" not in of:
        return bp.gelu(x @ of["w_up"]) @ of["w_down"]
    return (bp.silu(x @ of["w_gate"]) * (x @ of["w_up"])) @ of["w_down"]


def text_loss(parameters, texts, block=pre_norm_block):
    """Mean loss of the tokens that count, as a Tensor ready for backward()."""
    logits = decoder(parameters, texts.inputs, block)
    return bp.cross_entropy(logits, texts.targets.ravel(), texts.counts.ravel())


# --- The loop ---


class Trainer:
    """One training step: backwards, clip, update.

    optimizers: one for the matrices, one for the gains, which are not decayed.
    """

    def __init__(self, parameters, optimizers, max_norm=1.0):
        if len(optimizers) != 2:
            raise ValueError(f"optimizers must be two, for matrices and for gains, got {len(optimizers)}")
        self.parameters = parameters
        self.optimizers = optimizers
        self.max_norm = max_norm

    def step(self, loss, lr):
        """Move against the gradient of loss, a Tensor; returns its norm."""
        loss.backward()
        gradients = self.parameters.gradients()
        norm = clip_norm(gradients, self.max_norm)
        arrays = [self.parameters.matrices, self.parameters.gains]
        for optimizer, array, gradient in zip(self.optimizers, arrays, gradients, strict=True):
            optimizer.lr = lr
            optimizer.step([array], [gradient])
        return norm


def adamw_pair(weight_decay=0.05, betas=(0.9, 0.98)):
    """AdamW with decay for the matrices, without for the gains."""
    return [AdamW(1.0, betas, weight_decay=weight_decay), AdamW(1.0, betas, weight_decay=0.0)]


def train(
    parameters, texts, schedule, n_steps, rng, n_batch=32, optimizers=None, watch=None, block=pre_norm_block
):  # fmt: skip
    """Train on random batches of texts -> the loss of every batch (n_steps,).

    schedule: step -> learning rate. watch: called with the step before each
    update and once at the end, to measure. block: as in `decoder`. Raises
    ValueError where a size is not positive.
    """
    trainer = Trainer(parameters, optimizers or adamw_pair())
    losses = np.empty(whole("n_steps", n_steps, at_least=1))
    for step in range(n_steps):
        if watch:
            watch(step)
        rows = rng.integers(0, len(texts), whole("n_batch", n_batch, at_least=1))
        loss = text_loss(parameters, texts.pick(rows), block)
        losses[step] = loss.data
        trainer.step(loss, schedule(step))
    if watch:
        watch(n_steps)
    return losses


def mean_loss(parameters, texts, n_batch=64, block=pre_norm_block):
    """The loss over all texts, each counted token weighing the same."""
    total = 0.0
    for first in range(0, len(texts), n_batch):
        part = texts.pick(np.arange(first, min(first + n_batch, len(texts))))
        total += float(text_loss(parameters, part, block).data) * float(part.counts.sum())
    return total / float(texts.counts.sum())


# --- Grokking: adding modulo p ---


@dataclass
class ModularAddition:
    """logits = (u[a] + v[b])² @ w: a small network that can add modulo p.

    u, v (p, n_neurons): a row per number. w (n_neurons, p): a column per
    answer. No biases.
    """

    u: np.ndarray
    v: np.ndarray
    w: np.ndarray

    @classmethod
    def draw(cls, p, n_neurons, rng, dtype=np.float32):
        """Random weights: u, v ~ N(0, ½), w ~ N(0, 1/n_neurons).

        Raises ValueError where p is not odd and at least 3.

        >>> ModularAddition.draw(5, 8, np.random.default_rng(0)).logits([1, 2], [3, 4]).shape
        (2, 5)
        """
        if whole("p", p, at_least=3) % 2 == 0:
            raise ValueError(f"p must be odd, so that numbers and frequencies pair up, got {p}")
        whole("n_neurons", n_neurons, at_least=1)
        u, v = (rng.normal(size=(p, n_neurons)) * 0.5**0.5 for _ in "uv")
        w = rng.normal(size=(n_neurons, p)) * n_neurons**-0.5
        return cls(*(x.astype(dtype) for x in (u, v, w)))

    def logits(self, a, b):
        """a, b (n,) whole numbers below p -> (n, p). Raises ValueError for others."""
        a, b = (bp.checked_ids(name, ids, len(self.u)) for name, ids in (("a", a), ("b", b)))
        return (self.u[a] + self.v[b]) ** 2 @ self.w

    def gradients(self, a, b, answers):
        """The mean loss's derivatives with respect to u, v and w, by hand."""
        given = (("a", a), ("b", b), ("answers", answers))
        a, b, answers = (bp.checked_ids(name, ids, len(self.u)) for name, ids in given)
        summed = self.u[a] + self.v[b]
        squared = summed * summed
        g_logits = np.exp(log_softmax(squared @ self.w))
        g_logits[np.arange(len(a)), answers] -= 1
        g_logits /= len(a)
        g_w = squared.T @ g_logits
        g_summed = 2 * summed * (g_logits @ self.w.T)  # the slope of a square
        rows = np.eye(len(self.u), dtype=self.u.dtype)  # one-hot rows collect, as in an embedding
        return [rows[a].T @ g_summed, rows[b].T @ g_summed, g_w]

    def arrays(self):
        return [self.u, self.v, self.w]


def addition_table(p, train_share, rng):
    """Every sum modulo p, shuffled and cut in two: to learn, and unseen.

    Each part is (a, b, answers), three arrays.

    >>> seen, unseen = addition_table(5, 0.6, np.random.default_rng(0))
    >>> len(seen[0]), len(unseen[0])
    (15, 10)
    """
    whole("p", p, at_least=1)
    in_range("train_share", train_share, 0, 1, open_low=True, open_high=True)
    a, b = np.divmod(rng.permutation(p * p), p)
    cut = int(train_share * p * p)
    if not 0 < cut < p * p:
        raise ValueError(f"train_share must leave sums on both sides, got {train_share} of {p * p}")
    answers = (a + b) % p
    return (a[:cut], b[:cut], answers[:cut]), (a[cut:], b[cut:], answers[cut:])


@dataclass
class History:
    """What a grokking run looked like, one entry per measurement.

    top_share: the share of its power that the median neuron has in its
    strongest frequency.
    """

    steps: list = field(default_factory=list)
    train_accuracy: list = field(default_factory=list)
    test_accuracy: list = field(default_factory=list)
    train_loss: list = field(default_factory=list)
    test_loss: list = field(default_factory=list)
    weight_norm: list = field(default_factory=list)
    top_share: list = field(default_factory=list)

    def first_step(self, name, at_least):
        """The first measured step where a quantity reached a value, or None."""
        reached = np.flatnonzero(np.array(getattr(self, name)) >= at_least)
        return self.steps[reached[0]] if len(reached) else None


def learn_addition(
    p, train_share, lr, weight_decay, n_steps, rng, n_neurons=128, every=10, enough=None, dtype=np.float32, eps=1e-8,
    start=1.0,
):  # fmt: skip
    """Train on all training sums at once -> (ModularAddition, History).

    every: steps between measurements. enough: stop once the accuracy on unseen
    sums reaches this. start: times the weights as they are drawn.
    AdamW with betas (0.9, 0.98) and this eps; the decay is on every weight.
    """
    seen, unseen = addition_table(p, train_share, rng)
    model = ModularAddition.draw(p, n_neurons, rng, dtype)
    for array in model.arrays():
        array *= start
    optimizer = AdamW(lr, (0.9, 0.98), eps, weight_decay)
    history = History()
    whole("every", every, at_least=1)
    for step in range(whole("n_steps", n_steps) + 1):
        if step % every == 0:
            measure(model, seen, unseen, step, history)
            if enough is not None and history.test_accuracy[-1] >= enough:
                break
        if step < n_steps:
            optimizer.step(model.arrays(), model.gradients(*seen))
    return model, history


def measure(model, seen, unseen, step, history):
    """Append accuracies, losses, the length of all weights, and top_share."""
    history.steps.append(step)
    for name, (a, b, answers) in (("train", seen), ("test", unseen)):
        logits = model.logits(a, b)
        getattr(history, f"{name}_accuracy").append(float((logits.argmax(-1) == answers).mean()))
        getattr(history, f"{name}_loss").append(cross_entropy(logits, answers))
    norm = np.sqrt(sum(float(np.vdot(x, x)) for x in model.arrays()))
    history.weight_norm.append(float(norm))
    history.top_share.append(float(np.median(frequency_power(model.u).max(axis=1))))


def frequency_power(columns):
    """How much of each neuron is which frequency.

    columns (p, n_neurons), p odd: one neuron per column, as a function of the
    number 0 … p - 1.
    Returns shares (n_neurons, (p - 1)/2): column f - 1 is the power at f turns
    per p numbers; rows sum to one, the constant is left out.

    >>> numbers = np.arange(7)[:, None]
    >>> frequency_power(np.cos(2 * np.pi * 2 * numbers / 7)).round(6).tolist()
    [[0.0, 1.0, 0.0]]
    """
    columns = finite("columns", columns, ndim=2)
    if len(columns) % 2 == 0 or len(columns) < 3:
        raise ValueError(f"columns must have an odd number of rows, at least 3, got {len(columns)}")
    power = np.abs(np.fft.rfft(columns, axis=0)[1:]) ** 2
    total = power.sum(axis=0)
    if total.min() <= 0:
        raise ValueError(f"columns must vary; column {int(total.argmin())} is constant")
    return (power / total).T
