"""The decoder: one forward pass that runs the trained toy and the real checkpoint.

Config says how large a model is, Weights holds its numbers, forward turns token ids into logits, and
Trace keeps whatever a chapter wants to look at on the way. Every step is a function of an earlier chapter.

Leaves out dropout, padding and training. Chapters: all of them; the whole is book/transformer-block.md
"""

from dataclasses import dataclass, fields
from math import prod

import numpy as np

from anatomy.checks import in_range, one_of, whole


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
    Raises ValueError where a size is not a whole number >= 1 or heads do not divide.

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

    def n_parameters(self):
        """How many numbers the model has learned. A tied unembedding counts once.

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
    """The weights of one block; every matrix is used as `x @ w`, so its shape is (d_in, d_out)."""

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
        """Sort named arrays into Weights: "embedding", "layers.0.w_q" … "norm_final".

        Raises ValueError naming the first weight that is missing, left over or
        of another shape than the config says.
        """
        runs_here(config)
        expected = dict(config.outer_shapes())
        for l in range(config.n_layers):
            expected |= {f"layers.{l}.{name}": shape for name, shape in config.layer_shapes().items()}
        for name, shape in expected.items():
            if name not in arrays:
                raise ValueError(f"weight {name} is missing; the config asks for shape {shape}")
            if arrays[name].shape != shape:
                raise ValueError(f"weight {name} has shape {arrays[name].shape}, the config asks for {shape}")
        for name in arrays:
            if name not in expected:
                raise ValueError(f"weight {name} has no place in a model of this config")
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
        """The same weights as a flat dict of named arrays, ready for np.savez; from_arrays takes it back."""
        named = {"embedding": self.embedding}
        for l, layer in enumerate(self.layers):
            named |= {f"layers.{l}.{field.name}": getattr(layer, field.name) for field in fields(Layer)}
        named["norm_final"] = self.norm_final
        if self.unembedding is not None:
            named["unembedding"] = self.unembedding
        return named

    @classmethod
    def random(cls, config, rng):
        """Untrained weights: gains of one, matrices normal with the scale of 1/sqrt(d_in), all float32.

        The two matrices that write into the residual stream, w_o and w_down, are smaller by sqrt(2 n_layers),
        so that the stream does not grow with depth (the GPT-2 report). The embedding's scale is 0.05.

        >>> config = Config(n_vocab=10, d_model=8, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=16)
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
