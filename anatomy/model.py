"""The decoder: one forward pass for the trained toy and the real checkpoint.

Config says how large a model is, Weights holds its numbers, forward turns token
ids into logits, and Trace keeps whatever a chapter wants to look at on the way.
Every step is a function of an earlier chapter.

Leaves out dropout, padding and training. Chapters: all of them; the whole is
book/transformer-block.md
"""

from dataclasses import dataclass, fields
from math import prod

import numpy as np

from anatomy.checks import floats, in_range, one_of, whole
from anatomy.kv_cache import Cache
from anatomy.logits_and_sampling import sample, softmax
from anatomy.multi_head_attention import attend_heads, knock_out, merge_heads, split_heads
from anatomy.qkv import causal_mask
from anatomy.rope import angles, turn
from anatomy.transformer_block import rms_norm


@dataclass(frozen=True)
class Config:
    """The sizes of a decoder, from which the shape of every weight follows.

    The defaults describe the Llama family: RMSNorm, a gated feed-forward
    network, rotary positions, no biases. `norm`, `gated`, `biases` and
    `learned_positions` describe others well enough to count their parameters;
    `forward` runs only the Llama family.

    d_head: d_model // n_heads unless given.
    n_context: tokens the model was trained to read at once.
    window: how many tokens attention reaches back, the token itself included.
    biases: "none", "qkv" (only on q, k and v) or "all".
    tied: the unembedding is the embedding, transposed.
    Raises ValueError where a size is not a whole number >= 1 or heads do not
    divide.

    >>> PUBLISHED["SmolLM2-135M"].d_head
    64
    """

    n_vocab: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    d_head: int | None = None
    n_context: int = 2048
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5
    tied: bool = True
    norm: str = "rms"
    gated: bool = True
    biases: str = "none"
    learned_positions: bool = False
    window: int | None = None

    def __post_init__(self):
        for name in ("n_vocab", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_ff", "n_context"):
            whole(name, getattr(self, name), at_least=1)
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads must be a multiple of n_kv_heads, got {self.n_heads} and {self.n_kv_heads}"
            )
        if self.d_head is None:
            if self.d_model % self.n_heads:
                raise ValueError(
                    f"n_heads must divide d_model, got {self.n_heads} and {self.d_model}; or give d_head"
                )
            object.__setattr__(self, "d_head", self.d_model // self.n_heads)
        whole("d_head", self.d_head, at_least=1)
        if self.window is not None:
            whole("window", self.window, at_least=1)
        in_range("norm_eps", self.norm_eps, 0, np.inf, open_low=True, open_high=True)
        in_range("rope_base", self.rope_base, 0, np.inf, open_low=True, open_high=True)
        one_of("norm", self.norm, ("rms", "layer"))
        one_of("biases", self.biases, ("none", "qkv", "all"))

    def layer_shapes(self):
        """Name -> shape of every weight in one layer.

        >>> PUBLISHED["SmolLM2-135M"].layer_shapes()["w_k"]
        (576, 192)
        """
        d_q, d_kv = self.n_heads * self.d_head, self.n_kv_heads * self.d_head
        shapes = {
            "norm_attention": (self.d_model,),
            "w_q": (self.d_model, d_q),
            "w_k": (self.d_model, d_kv),
            "w_v": (self.d_model, d_kv),
            "w_o": (d_q, self.d_model),
            "norm_ffn": (self.d_model,),
        }
        if self.gated:
            shapes["w_gate"] = (self.d_model, self.d_ff)
        shapes["w_up"] = (self.d_model, self.d_ff)
        shapes["w_down"] = (self.d_ff, self.d_model)
        if self.biases != "none":
            shapes |= {"b_q": (d_q,), "b_k": (d_kv,), "b_v": (d_kv,)}
        if self.biases == "all":
            shapes |= {"b_o": (self.d_model,), "b_up": (self.d_ff,), "b_down": (self.d_model,)}
            if self.gated:
                shapes["b_gate"] = (self.d_ff,)
        if self.norm == "layer":
            shapes |= {"norm_attention_bias": (self.d_model,), "norm_ffn_bias": (self.d_model,)}
        return shapes

    def outer_shapes(self):
        """Name -> shape of every weight outside the layers.

        >>> PUBLISHED["SmolLM2-135M"].outer_shapes()
        {'embedding': (49152, 576), 'norm_final': (576,)}
        """
        shapes = {"embedding": (self.n_vocab, self.d_model)}
        if self.learned_positions:
            shapes["positions"] = (self.n_context, self.d_model)
        shapes["norm_final"] = (self.d_model,)
        if self.norm == "layer":
            shapes["norm_final_bias"] = (self.d_model,)
        if not self.tied:
            shapes["unembedding"] = (self.d_model, self.n_vocab)
        return shapes

    def shapes(self):
        """Name -> shape of every weight; those of layer l are called "layers.l.…".

        >>> PUBLISHED["SmolLM2-135M"].shapes()["layers.29.w_k"]
        (576, 192)
        """
        shapes, in_one_layer = self.outer_shapes(), self.layer_shapes().items()
        for l in range(self.n_layers):
            shapes |= {f"layers.{l}.{name}": shape for name, shape in in_one_layer}
        return shapes

    def check_weights(self, arrays):
        """Raise ValueError naming the first weight that is missing, of another
        shape or left over; arrays: name -> array.
        """
        expected = self.shapes()
        for name, shape in expected.items():
            if name not in arrays:
                raise ValueError(f"weight {name} is missing; the config asks for shape {shape}")
            if np.shape(arrays[name]) != shape:
                raise ValueError(
                    f"weight {name} has shape {np.shape(arrays[name])}, the config asks for {shape}"
                )
        for name in arrays:
            if name not in expected:
                raise ValueError(f"weight {name} has no place in a model of this config")

    def n_parameters(self):
        """How many numbers the model learned; a tied unembedding counts once.

        >>> PUBLISHED["Llama-3-8B"].n_parameters()
        8030261248
        """
        in_one_layer = sum(prod(shape) for shape in self.layer_shapes().values())
        outside = sum(prod(shape) for shape in self.outer_shapes().values())
        return outside + self.n_layers * in_one_layer


# Sizes from each model's published configuration file; the totals are checked in tests/anatomy/test_model.py.
PUBLISHED = {
    "GPT-2": Config(
        50_257, 768, 12, 12, 12, 3072,
        n_context=1024, norm="layer", gated=False, biases="all", learned_positions=True,
    ),
    "GPT-2-XL": Config(
        50_257, 1600, 48, 25, 25, 6400,
        n_context=1024, norm="layer", gated=False, biases="all", learned_positions=True,
    ),
    "SmolLM2-135M": Config(49_152, 576, 30, 9, 3, 1536, n_context=8192, rope_base=100_000.0),
    "Gemma-2B": Config(256_000, 2048, 18, 8, 1, 16_384, d_head=256, n_context=8192, norm_eps=1e-6),
    "Llama-2-7B": Config(32_000, 4096, 32, 32, 32, 11_008, n_context=4096, tied=False),
    "Llama-2-70B": Config(32_000, 8192, 80, 64, 8, 28_672, n_context=4096, tied=False),
    "Mistral-7B": Config(32_000, 4096, 32, 32, 8, 14_336, n_context=32_768, tied=False, window=4096),
    "Llama-3-8B": Config(128_256, 4096, 32, 32, 8, 14_336, n_context=8192, rope_base=500_000.0, tied=False),
    "Llama-3-70B": Config(128_256, 8192, 80, 64, 8, 28_672, n_context=8192, rope_base=500_000.0, tied=False),
    "Qwen2.5-7B": Config(
        152_064, 3584, 28, 28, 4, 18_944,
        n_context=32_768, rope_base=1_000_000.0, norm_eps=1e-6, tied=False, biases="qkv",
    ),
}  # fmt: skip


@dataclass
class Layer:
    """The weights of one block; a matrix is used as `x @ w`: (d_in, d_out)."""

    norm_attention: np.ndarray  # (d_model,)
    w_q: np.ndarray  # (d_model, n_heads * d_head)
    w_k: np.ndarray  # (d_model, n_kv_heads * d_head)
    w_v: np.ndarray  # (d_model, n_kv_heads * d_head)
    w_o: np.ndarray  # (n_heads * d_head, d_model)
    norm_ffn: np.ndarray  # (d_model,)
    w_gate: np.ndarray  # (d_model, d_ff)
    w_up: np.ndarray  # (d_model, d_ff)
    w_down: np.ndarray  # (d_ff, d_model)


@dataclass
class Weights:
    """All the numbers of a model."""

    embedding: np.ndarray  # (n_vocab, d_model)
    layers: list  # n_layers × Layer
    norm_final: np.ndarray  # (d_model,)
    unembedding: np.ndarray | None = None  # (d_model, n_vocab); None when tied to the embedding

    @classmethod
    def from_arrays(cls, config, arrays):
        """Sort arrays named "embedding", "layers.0.w_q" … into Weights.

        Raises ValueError naming the first weight that is missing, left over or
        of another shape than the config says.
        """
        runs_here(config)
        config.check_weights(arrays)
        arrays = {name: floats(name, array) for name, array in arrays.items()}
        names = [field.name for field in fields(Layer)]
        return cls(
            embedding=arrays["embedding"],
            layers=[
                Layer(**{name: arrays[f"layers.{l}.{name}"] for name in names})
                for l in range(config.n_layers)
            ],
            norm_final=arrays["norm_final"],
            unembedding=arrays.get("unembedding"),
        )

    def arrays(self):
        """The same as a flat dict for np.savez; from_arrays takes it back."""
        named = {"embedding": self.embedding}
        for l, layer in enumerate(self.layers):
            named |= {f"layers.{l}.{field.name}": getattr(layer, field.name) for field in fields(Layer)}
        named["norm_final"] = self.norm_final
        if self.unembedding is not None:
            named["unembedding"] = self.unembedding
        return named

    @classmethod
    def random(cls, config, rng):
        """Untrained weights: gains of 1, matrices of scale 1/sqrt(d_in), float32.

        The two matrices that write into the residual stream, w_o and w_down,
        are smaller by sqrt(2 n_layers), so that the stream does not grow with
        depth (the GPT-2 report). The embedding's scale is 0.05.

        >>> config = Config(10, 8, 1, n_heads=2, n_kv_heads=1, d_ff=16)
        >>> Weights.random(config, np.random.default_rng(0)).layers[0].w_k.shape
        (8, 4)
        """
        arrays = {}

        def draw(name, shape):
            if name.startswith("norm"):
                return np.ones(shape, np.float32)
            scale = 0.05 if name == "embedding" else shape[0] ** -0.5
            if name in ("w_o", "w_down"):
                scale /= (2 * config.n_layers) ** 0.5
            return (scale * rng.standard_normal(shape)).astype(np.float32)

        for name, shape in config.outer_shapes().items():
            arrays[name] = draw(name, shape)
        for l in range(config.n_layers):
            for name, shape in config.layer_shapes().items():
                arrays[f"layers.{l}.{name}"] = draw(name, shape)
        return cls.from_arrays(config, arrays)


def runs_here(config):
    """Raise ValueError unless `forward` can run a model of this config."""
    if config.norm != "rms" or not config.gated or config.biases != "none" or config.learned_positions:
        raise ValueError(
            "forward runs models with RMSNorm, a gated feed-forward network, rotary positions and no biases; "
            f"got norm={config.norm!r}, gated={config.gated}, biases={config.biases!r}, "
            f"learned_positions={config.learned_positions}"
        )


class Trace:
    """Keeps named intermediates of a forward pass: all, or those asked for.

    One of each per layer, where a batch has one axis more in front:
    residual (n_tokens, d_model): the stream before each layer, and after the
    last;
    normed_attention (n_tokens, d_model): what attention reads;
    q (n_heads, n_tokens, d_head), k and v (n_kv_heads, n_tokens, d_head): of
    the new tokens, before RoPE; q_rotated, k_rotated: after it;
    scores (n_heads, n_queries, n_keys): scaled, before the mask;
    weights: the same after the softmax;
    heads (n_heads, n_tokens, d_head): what each head mixed;
    attention_out (n_tokens, d_model): what attention adds to the stream;
    residual_middle (n_tokens, d_model): the stream between the two halves;
    normed_ffn (n_tokens, d_model): what the feed-forward network reads;
    gate_in, gate, up, hidden (n_tokens, d_ff): before and after SiLU, the other
    branch, their product;
    ffn_out (n_tokens, d_model): what the network adds to the stream.
    Once: normed_final (n_tokens, d_model), logits (n_tokens, n_vocab).

    trace["weights"] is an array with the layers as its first axis.

    >>> config = Config(10, 8, 2, n_heads=2, n_kv_heads=1, d_ff=16)
    >>> weights = Weights.random(config, np.random.default_rng(0))
    >>> trace = Trace("weights")
    >>> logits = forward(config, weights, [1, 2, 3], trace=trace)
    >>> trace["weights"].shape
    (2, 2, 3, 3)
    """

    PER_LAYER = (
        "residual", "normed_attention", "q", "k", "v", "q_rotated", "k_rotated", "scores", "weights",
        "heads", "attention_out", "residual_middle", "normed_ffn", "gate_in", "gate", "up", "hidden",
        "ffn_out",
    )  # fmt: skip
    ONCE = ("normed_final", "logits")

    def __init__(self, *names):
        for name in names:
            one_of("name", name, self.PER_LAYER + self.ONCE)
        self.kept = {name: [] for name in names or self.PER_LAYER + self.ONCE}

    def check_empty(self):
        """Raise ValueError where a pass is kept already: a second would mix with it."""
        if any(self.kept.values()):
            raise ValueError("trace must hold no other pass, got one that is filled; make a new Trace()")

    def keep(self, name, array):
        """Remember an array, if its name was asked for."""
        if name in self.kept:
            self.kept[name].append(array)

    def __getitem__(self, name):
        one_of("name", name, tuple(self.kept))
        arrays = self.kept[name]
        if not arrays:
            raise ValueError(f"trace has no {name} yet; pass it to forward first")
        return arrays[-1] if name in self.ONCE else np.stack(arrays)


def forward(
    config, weights, ids, cache=None, trace=None, edit=None, first_position=None, last_only=False,
):  # fmt: skip
    """Read tokens, and say for each of them what may come next.

    ids (n_tokens,) or (n_batch, n_tokens) -> logits (…, n_tokens, n_vocab).
    cache: a kv_cache.Cache; ids are the tokens that follow those it has seen.
    trace: a Trace that keeps intermediates.
    edit: a function (name, layer, array) -> array that may replace an
    intermediate before it is used, by the names of Trace but for scores and
    weights; see `silence_heads`.
    first_position: of the first token; by default it follows the cached ones.
    last_only: logits of the last token alone, (…, 1, n_vocab).
    Raises ValueError for ids outside the vocabulary, no ids, a config that is
    not of the Llama family, weights or a cache that do not fit it, a trace that
    holds another pass, and an edit that changes a shape.

    >>> config = Config(10, 8, 2, n_heads=2, n_kv_heads=1, d_ff=16)
    >>> weights = Weights.random(config, np.random.default_rng(0))
    >>> forward(config, weights, [1, 2, 3]).shape
    (3, 10)
    """
    runs_here(config)
    config.check_weights(weights.arrays())
    ids = token_ids(config, ids)
    if cache is not None:
        cache.check_fits(config)
    if trace is not None:
        trace.check_empty()
    n_tokens, n_cached = ids.shape[-1], 0 if cache is None else cache.n_tokens
    if first_position is None:
        first_position = n_cached

    def note(name, layer, array):
        if edit is not None:
            array = edited(edit, name, layer, array)
        if trace is not None:
            trace.keep(name, array)
        return array

    positions = first_position + np.arange(n_tokens)
    theta = angles(positions, config.d_head, config.rope_base)
    residual = floats("embedding", weights.embedding[ids])
    cos, sin = np.cos(theta).astype(residual.dtype), np.sin(theta).astype(residual.dtype)

    for l, layer in enumerate(weights.layers):
        residual = note("residual", l, residual)

        x = rms_norm(residual, layer.norm_attention, config.norm_eps)
        x = note("normed_attention", l, x)
        q = note("q", l, split_heads(times(x, layer.w_q), config.n_heads))
        k = note("k", l, split_heads(times(x, layer.w_k), config.n_kv_heads))
        v = note("v", l, split_heads(times(x, layer.w_v), config.n_kv_heads))
        q = note("q_rotated", l, turn(q, cos, sin))
        k = note("k_rotated", l, turn(k, cos, sin))
        if cache is not None:
            k, v = cache.append(l, k, v)
        mask = causal_mask(n_tokens, k.shape[-2], config.window)
        attention = attend_heads(q, k, v, mask)
        if trace is not None:
            trace.keep("scores", attention.scaled)
            trace.keep("weights", attention.weights)
        heads = note("heads", l, attention.mixed)
        attention_out = note("attention_out", l, times(merge_heads(heads), layer.w_o))
        residual = note("residual_middle", l, residual + attention_out)

        x = rms_norm(residual, layer.norm_ffn, config.norm_eps)
        x = note("normed_ffn", l, x)
        gate_in = note("gate_in", l, times(x, layer.w_gate))
        gate = note("gate", l, quick_silu(gate_in))
        up = note("up", l, times(x, layer.w_up))
        hidden = note("hidden", l, gate * up)
        ffn_out = note("ffn_out", l, times(hidden, layer.w_down))
        residual = residual + ffn_out

    residual = note("residual", config.n_layers, residual)
    if last_only:
        residual = residual[..., -1:, :]
    x = rms_norm(residual, weights.norm_final, config.norm_eps)
    x = note("normed_final", None, x)
    return note("logits", None, times(x, unembedding(weights)))


def edited(edit, name, layer, array):
    """What an edit makes of an intermediate; ValueError unless it keeps the shape."""
    new = np.asarray(edit(name, layer, array))
    if new.shape != array.shape:
        raise ValueError(f"edit must keep the shape {array.shape} of {name}, got {new.shape}")
    return new


def times(x, w):
    """x @ w as one product of matrices; numpy would multiply each row of a
    batch by itself.

    x (…, d_in), w (d_in, d_out) -> (…, d_out).

    >>> times(np.ones((2, 3, 4)), np.ones((4, 5))).shape
    (2, 3, 5)
    """
    x, w = floats("x", x), floats("w", w)
    return (x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[-1])


def quick_silu(x):
    """neuron_activation.silu without its checks, in one pass.

    >>> quick_silu(np.array([-1000.0, 0.0, 1.0])).round(4).tolist()
    [-0.0, 0.0, 0.7311]
    """
    x = floats("x", x)
    return x / (1 + np.exp(np.minimum(-x, 80)))  # beyond 80 float32 would overflow


def unembedding(weights):
    """The matrix from the last vector to logits, (d_model, n_vocab)."""
    return weights.embedding.T if weights.unembedding is None else weights.unembedding


def logit_lens(config, weights, residual):
    """What the model would say if it stopped here.

    The final norm and the unembedding, applied to any point of the stream.
    residual (…, d_model), for example trace["residual"] -> logits (…, n_vocab).
    Source: nostalgebraist 2020.

    >>> config = Config(10, 8, 2, n_heads=2, n_kv_heads=1, d_ff=16)
    >>> weights = Weights.random(config, np.random.default_rng(0))
    >>> trace = Trace("residual")
    >>> logits = forward(config, weights, [1, 2, 3], trace=trace)
    >>> np.allclose(logit_lens(config, weights, trace["residual"][-1]), logits)
    True
    """
    config.check_weights(weights.arrays())
    return rms_norm(residual, weights.norm_final, config.norm_eps) @ unembedding(weights)


def token_ids(config, ids):
    """Return ids as an array, or raise ValueError for one that cannot be."""
    array = np.asarray(ids)
    if array.size == 0:
        raise ValueError("ids must not be empty; give at least one token")
    if array.dtype.kind not in "iu":
        raise ValueError(f"ids must be whole numbers, got an array of {array.dtype}")
    if array.ndim not in (1, 2):
        raise ValueError(f"ids must have shape (n_tokens,) or (n_batch, n_tokens), got {array.shape}")
    outside = (array < 0) | (array >= config.n_vocab)
    if outside.any():
        raise ValueError(f"ids must be in 0 … {config.n_vocab - 1}, got {array[outside][0]}")
    return array


def silence_heads(heads):
    """An `edit` for forward that knocks out heads, given as (layer, head).

    >>> edit = silence_heads([(0, 1)])
    >>> edit("heads", 0, np.ones((2, 1, 1))).ravel().tolist()
    [1.0, 0.0]
    """
    return silence("heads", heads, knock_out)


def silence_neurons(neurons):
    """An `edit` for forward that knocks out neurons, given as (layer, neuron).

    >>> edit = silence_neurons([(0, 1)])
    >>> edit("hidden", 0, np.ones((1, 3))).tolist()
    [[1.0, 0.0, 1.0]]
    """
    return silence("hidden", neurons, zero_columns)


def silence(what, pairs, zero):
    """An `edit` that applies zero(array, numbers) to `what` in some layers."""
    of_layer = {}
    for layer, number in pairs:
        of_layer.setdefault(whole("layer", layer), []).append(number)

    def edit(name, layer, array):
        if name == what and layer in of_layer:
            return zero(array, of_layer[layer])
        return array

    return edit


def zero_columns(array, columns):
    """A copy of array (…, width) with some columns set to zero."""
    array = np.array(array)
    width = array.shape[-1]
    for column in columns:
        if not 0 <= column < width:
            raise ValueError(f"column must be in 0 … {width - 1}, got {column}")
        array[..., column] = 0
    return array


def generate(config, weights, ids, n, temperature=0.0, rng=None, stop=(), cached=True):
    """Continue a text by n tokens, or up to the first token of `stop`.

    ids (n_tokens,) -> list of new ids, the stop token included. Greedy at
    temperature 0, else drawn with rng, a numpy Generator. cached=False reads
    the whole text again for every token: the same answer, slowly.
    Raises ValueError for a temperature below 0, or above it without rng.

    >>> config = Config(10, 8, 2, n_heads=2, n_kv_heads=1, d_ff=16)
    >>> weights = Weights.random(config, np.random.default_rng(0))
    >>> len(generate(config, weights, [1, 2, 3], n=4))
    4
    """
    whole("n", n)
    ids = token_ids(config, ids)
    if ids.ndim != 1:
        raise ValueError(f"ids must have shape (n_tokens,), got {ids.shape}; generate one text at a time")
    in_range("temperature", temperature, 0, np.inf, open_high=True)
    if temperature > 0 and rng is None:
        raise ValueError(f"temperature {temperature} needs rng=np.random.default_rng(seed), got no rng")
    cache = Cache(config.n_layers, config.window) if cached else None
    text, new = ids.tolist(), []
    unread = text
    while len(new) < n and not (new and new[-1] in stop):
        logits = forward(config, weights, unread, cache=cache, last_only=True)[-1]
        probabilities = softmax(logits, temperature)
        new.append(int(probabilities.argmax()) if temperature == 0 else sample(probabilities, rng))
        unread = new[-1:] if cached else text + new
    return new


@dataclass
class LanguageModel:
    """A config, its weights and the tokenizer that they were trained with.

    tokenizer: has encode(text) -> list of ids, and decode(ids) -> text.
    """

    config: Config
    weights: Weights
    tokenizer: object

    def encode(self, text):
        """Text -> list of ids."""
        return self.tokenizer.encode(text)

    def decode(self, ids):
        """Ids -> text."""
        return self.tokenizer.decode(ids)

    def forward(self, ids, **options):
        """Logits (…, n_tokens, n_vocab); options as for `model.forward`."""
        return forward(self.config, self.weights, ids, **options)

    def generate(self, ids, n, temperature=0.0, rng=None, **options):
        """The n new ids, greedy at 0; options as for `model.generate`."""
        return generate(self.config, self.weights, ids, n, temperature, rng, **options)

    def logit_lens(self, residual):
        """Logits of any point of the stream, as `model.logit_lens`."""
        return logit_lens(self.config, self.weights, residual)
