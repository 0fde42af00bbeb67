"""Keep the keys and values of tokens already read: a new one computes its own.

Causal attention makes this exact: a later token changes no earlier key or
value. Queries are not kept, nobody asks for them again. Leaves out paging and
sharing between requests. Chapter: book/kv-cache.md
"""

import numpy as np

from anatomy.checks import floats, whole


class Cache:
    """The keys and values of every layer, growing as tokens arrive.

    window: keep only the last `window` tokens of each layer (sliding-window
    attention); None keeps all.

    >>> cache = Cache(n_layers=1)
    >>> prompt, one_more = np.zeros((3, 5, 64)), np.zeros((3, 1, 64))
    >>> k, v = cache.append(0, prompt, prompt)
    >>> k, v = cache.append(0, one_more, one_more)
    >>> k.shape, cache.n_tokens
    ((3, 6, 64), 6)
    """

    def __init__(self, n_layers, window=None):
        self.n_layers = whole("n_layers", n_layers, at_least=1)
        self.window = None if window is None else whole("window", window, at_least=1)
        self.clear()

    def clear(self):
        """Forget every token."""
        # each (…, n_kv_heads, room, d_head), with room >= kept
        self.k = [None] * self.n_layers
        self.v = [None] * self.n_layers
        self.kept = [0] * self.n_layers
        self.seen = [0] * self.n_layers

    @property
    def n_tokens(self):
        """How many tokens every layer has seen."""
        return self.seen[-1]

    @property
    def nbytes(self):
        """Bytes of the kept keys and values, without the room ready for more."""
        layers = [(k, n) for k, n in zip(self.k, self.kept, strict=True) if k is not None]
        return sum(2 * k[..., :n, :].nbytes for k, n in layers)

    def check_fits(self, config):
        """Raise ValueError unless this is a cache for a model of that config.

        It must have the model's layers, all of which have seen the same tokens,
        and keep as many of them as attention reaches back.
        """
        if self.n_layers != config.n_layers:
            raise ValueError(
                f"cache must have the {config.n_layers} layers of the model, got {self.n_layers}; "
                f"make one with Cache({config.n_layers})"
            )
        if self.window is not None and (config.window is None or self.window < config.window):
            raise ValueError(
                f"cache must keep the window of the model, {config.window}, got window={self.window}; "
                f"make one with Cache({config.n_layers}, {config.window})"
            )
        if len(set(self.seen)) > 1:
            raise ValueError(
                f"cache must have seen as many tokens in every layer, got {self.seen}: a pass broke off; "
                "clear() it and read the text again"
            )

    def append(self, layer, k, v):
        """Add keys and values of new tokens; return them after the kept ones.

        k, v (…, n_kv_heads, n_new, d_head)
        -> two arrays (…, n_kv_heads, n_kept + n_new, d_head).
        Raises ValueError where the shapes differ from each other or from what
        is kept, and for a layer that is not there.
        """
        if whole("layer", layer) >= self.n_layers:
            raise ValueError(f"layer must be in [0, {self.n_layers - 1}], got {layer}")
        k, v = floats("k", k), floats("v", v)
        if k.shape != v.shape:
            raise ValueError(f"k and v must have one shape, got {k.shape} and {v.shape}")
        held = self.k[layer]
        if held is None:
            held = self.k[layer] = np.empty((*k.shape[:-2], 0, k.shape[-1]), k.dtype)
            self.v[layer] = held.copy()
        if (*held.shape[:-2], held.shape[-1]) != (*k.shape[:-2], k.shape[-1]):
            raise ValueError(
                f"k must fit the cache in every axis but the tokens': it holds {held.shape}, got {k.shape}"
            )
        start, stop = self.kept[layer], self.kept[layer] + k.shape[-2]
        if stop > held.shape[-2]:
            self.make_room(layer, stop)
        self.k[layer][..., start:stop, :] = k
        self.v[layer][..., start:stop, :] = v
        self.kept[layer] = stop
        self.seen[layer] += stop - start
        every_k = self.k[layer][..., :stop, :]
        every_v = self.v[layer][..., :stop, :]
        if self.window is not None and stop > self.window:
            self.k[layer] = every_k[..., -self.window :, :]
            self.v[layer] = every_v[..., -self.window :, :]
            self.kept[layer] = self.window
        return every_k, every_v

    def make_room(self, layer, n_tokens):
        """Move a layer to arrays twice as large: appending rarely copies."""
        n_kept = self.kept[layer]
        for arrays in (self.k, self.v):
            old = arrays[layer]
            shape = (*old.shape[:-2], 2 * n_tokens, old.shape[-1])
            arrays[layer] = np.empty(shape, old.dtype)
            arrays[layer][..., :n_kept, :] = old[..., :n_kept, :]


def cache_bytes(config, n_tokens, bytes_per_number=2):
    """Bytes of the keys and values of a text.

    2 · n_layers · n_kv_heads · d_head · bytes_per_number · n_tokens, where a
    model with a sliding window never keeps more tokens than its window.
    bytes_per_number: 2 for 16-bit numbers, 0.5 for 4-bit ones.
    Raises ValueError for n_tokens < 0 or bytes_per_number <= 0.

    >>> from anatomy.model import PUBLISHED
    >>> cache_bytes(PUBLISHED["SmolLM2-135M"], 1, bytes_per_number=4)
    46080
    """
    kept = whole("n_tokens", n_tokens)
    if config.window is not None:
        kept = min(kept, config.window)
    if not bytes_per_number > 0:
        raise ValueError(f"bytes_per_number must be > 0, got {bytes_per_number}")
    numbers = 2 * config.n_layers * config.n_kv_heads * config.d_head * kept
    return numbers * bytes_per_number


def keys_read(config, n_tokens, n_before=0):
    """How many keys n_tokens new queries read together, per head and layer.

    The first of them sees n_before + 1 keys, the next one more, up to the
    window.

    >>> from anatomy.model import PUBLISHED
    >>> keys_read(PUBLISHED["GPT-2"], 3)  # 1 + 2 + 3
    6
    """
    first = whole("n_before", n_before) + 1
    last = n_before + whole("n_tokens", n_tokens)
    window = last if config.window is None else min(config.window, last)
    growing = sum_of_range(first, min(last, window))
    full = max(0, last - max(first - 1, window)) * window
    return growing + full


def sum_of_range(first, last):
    """first + (first + 1) + … + last; nothing where last < first."""
    return max(0, last - first + 1) * (first + last) // 2


def flops(config, n_tokens, n_before=0):
    """Additions and multiplications of reading n_tokens after n_before cached.

    linear: every weight matrix meets every new token, 2 operations a weight,
    the unembedding included.
    attention: each query meets each key it may look at, once for the score and
    once for the mixture.
    Norms, activations and softmax are left out. A prefill has n_before 0, a
    cached step n_tokens 1.

    >>> from anatomy.model import PUBLISHED
    >>> flops(PUBLISHED["SmolLM2-135M"], n_tokens=1, n_before=511)
    {'linear': 268959744, 'attention': 35389440}
    """
    matrices = [shape for shape in config.layer_shapes().values() if len(shape) == 2]
    weights = config.n_layers * sum(d_in * d_out for d_in, d_out in matrices)
    weights += config.d_model * config.n_vocab
    pairs = config.n_layers * config.n_heads * keys_read(config, n_tokens, n_before)
    return {"linear": 2 * weights * n_tokens, "attention": 4 * config.d_head * pairs}


def generation_flops(config, n_prompt, n_new, cached=True):
    """Operations of reading a prompt and writing n_new tokens, by part.

    Without the cache every step reads the whole text again.

    >>> from anatomy.model import PUBLISHED
    >>> gpt_2 = PUBLISHED["GPT-2"]
    >>> cached = generation_flops(gpt_2, 100, 100)["linear"]
    >>> again = generation_flops(gpt_2, 100, 100, cached=False)["linear"]
    >>> round(again / cached)
    75
    """
    whole("n_prompt", n_prompt, at_least=1)
    whole("n_new", n_new, at_least=1)
    total = flops(config, n_prompt)  # its last logits give the first new token
    for n_text in range(n_prompt + 1, n_prompt + n_new):
        step = flops(config, 1, n_text - 1) if cached else flops(config, n_text)
        total = {part: total[part] + step[part] for part in total}
    return total
