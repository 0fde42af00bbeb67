"""Many heads side by side: each mixes what it finds, W_O adds their answers up.

With fewer key-value heads than query heads, neighbours share them:
grouped-query attention, or multi-query attention where there is one. Leaves out
positions, which come with RoPE. Chapter: book/multi-head-attention.md
"""

import numpy as np

from anatomy.checks import finite, floats, same_length, whole
from anatomy.qkv import attend_in_steps, project


def split_heads(x, n_heads):
    """Cut the width into heads.

    x (…, n_tokens, n_heads * d_head) -> (…, n_heads, n_tokens, d_head).
    Raises ValueError where n_heads does not divide the width.

    >>> split_heads(np.zeros((5, 12)), n_heads=3).shape
    (3, 5, 4)
    """
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least the axes (n_tokens, width), got shape {x.shape}")
    width = x.shape[-1]
    if width % whole("n_heads", n_heads, at_least=1):
        raise ValueError(f"n_heads must divide the width {width}, got {n_heads}")
    return x.reshape(*x.shape[:-1], n_heads, width // n_heads).swapaxes(-3, -2)


def merge_heads(heads):
    """Lay the heads side by side again.

    heads (…, n_heads, n_tokens, d_head) -> (…, n_tokens, n_heads * d_head).

    >>> merge_heads(np.zeros((3, 5, 4))).shape
    (5, 12)
    """
    heads = np.asarray(heads)
    if heads.ndim < 3:
        raise ValueError(f"heads must have at least the axes (n_heads, n_tokens, d_head), got {heads.shape}")
    side_by_side = heads.swapaxes(-3, -2)
    return side_by_side.reshape(*side_by_side.shape[:-2], -1)


def attend_heads(q, k, v, mask=None):
    """Attention of all heads; neighbouring query heads share a key-value head.

    q (…, n_heads, n_queries, d_head), k and v (…, n_kv_heads, n_keys, d_head)
    -> an Attention whose arrays have n_heads heads. Raises ValueError where
    n_kv_heads does not divide n_heads.
    Source: Ainslie et al. 2023.

    >>> q, kv = np.zeros((4, 3, 2)), np.zeros((2, 3, 2))
    >>> attend_heads(q, kv, kv).weights.shape
    (4, 3, 3)
    """
    q, k, v = floats("q", q), floats("k", k), floats("v", v)
    for name, array in (("q", q), ("k", k), ("v", v)):
        if array.ndim < 3:
            raise ValueError(f"{name} must have at least the axes (heads, tokens, d_head), got {array.shape}")
    same_length("k", k, -3, "v", v, -3)
    *batch, n_heads, n_queries, d_head = q.shape
    n_kv_heads = k.shape[-3]
    if n_heads % n_kv_heads:
        raise ValueError(f"n_heads must be a multiple of n_kv_heads, got {n_heads} and {n_kv_heads}")
    group = n_heads // n_kv_heads
    q = q.reshape(*batch, n_kv_heads, group, n_queries, d_head)
    shared_k = k[..., None, :, :]  # one for the whole group
    shared_v = v[..., None, :, :]
    steps = attend_in_steps(q, shared_k, shared_v, mask)
    for name, array in vars(steps).items():
        setattr(steps, name, array.reshape(*batch, n_heads, *array.shape[-2:]))
    return steps


def multi_head_attention(
    x, w_q, w_k, w_v, w_o, n_heads, n_kv_heads=None, mask=None, without=(),
):  # fmt: skip
    """What attention adds to every token.

    x (n_tokens, d_model); w_q (d_model, n_heads * d_head);
    w_k, w_v (d_model, n_kv_heads * d_head); w_o (n_heads * d_head, d_model)
    -> (n_tokens, d_model).
    n_kv_heads: n_heads unless given.
    without: heads to knock out. Raises ValueError where shapes disagree or a
    number is not finite.
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> x, w = np.ones((3, 4)), np.eye(4)
    >>> multi_head_attention(x, w, w, w, w, n_heads=2).shape
    (3, 4)
    """
    q, k, v = project(x, w_q, w_k, w_v)
    w_o = finite("w_o", w_o, ndim=2)
    same_length("x @ w_q", q, -1, "w_o", w_o, 0)
    q = split_heads(q, n_heads)
    k = split_heads(k, n_kv_heads or n_heads)
    v = split_heads(v, n_kv_heads or n_heads)
    mixed = attend_heads(q, k, v, mask).mixed
    mixed = knock_out(mixed, without)
    return merge_heads(mixed) @ w_o


def knock_out(mixed, heads):
    """Set what the given heads found to zero, on a copy.

    mixed (…, n_heads, n_tokens, d_head); heads: their numbers.
    Raises ValueError for a head that is not there.

    >>> knock_out(np.ones((2, 1, 1)), [0]).ravel().tolist()
    [0.0, 1.0]
    """
    mixed = np.array(mixed)  # a copy
    if mixed.ndim < 3:
        raise ValueError(f"mixed must have at least the axes (n_heads, n_tokens, d_head), got {mixed.shape}")
    n_heads = mixed.shape[-3]
    for head in heads:
        if not 0 <= head < n_heads:
            raise ValueError(f"head must be in 0 … {n_heads - 1}, got {head}")
        mixed[..., head, :, :] = 0
    return mixed


def contributions(mixed, w_o):
    """What each head writes by itself; their sum is the output.

    mixed (n_heads, n_tokens, d_head), w_o (n_heads * d_head, d_model)
    -> (n_heads, n_tokens, d_model). Concatenating the heads and multiplying by
    w_o is the same as giving each head its own rows of w_o.

    >>> mixed, w_o = np.ones((2, 1, 3)), np.ones((6, 4))
    >>> together = merge_heads(mixed) @ w_o
    >>> np.allclose(contributions(mixed, w_o).sum(axis=0), together)
    True
    """
    mixed, w_o = finite("mixed", mixed, ndim=3), finite("w_o", w_o, ndim=2)
    n_heads, _, d_head = mixed.shape
    if w_o.shape[0] != n_heads * d_head:
        raise ValueError(f"w_o must have n_heads * d_head = {n_heads * d_head} rows, got shape {w_o.shape}")
    return mixed @ w_o.reshape(n_heads, d_head, -1)


def previous_token_score(weights):
    """How much of its attention a head gives to the token just before.

    weights (…, n_tokens, n_tokens) -> (…), the mean, from 0 to 1.
    Raises ValueError for fewer than two tokens.

    >>> float(previous_token_score(np.eye(4, k=-1)))
    1.0
    """
    weights = square(weights, at_least=2)
    return np.diagonal(weights, -1, -2, -1).mean(axis=-1)


def sink_score(weights):
    """How much of its attention a head gives to the first token.

    weights (…, n_tokens, n_tokens) -> (…), the mean over the later tokens, from
    0 to 1. Raises ValueError for fewer than two tokens.
    Source: Xiao et al. 2023.

    >>> float(sink_score(np.array([[1.0, 0.0], [0.75, 0.25]])))
    0.75
    """
    weights = square(weights, at_least=2)
    return weights[..., 1:, 0].mean(axis=-1)


def induction_score(weights, period):
    """How much a head looks at what followed the last time.

    For a text that repeats every `period` tokens. The token at place i stood at
    i - period before; what followed it there is at i - period + 1.
    weights (…, n_tokens, n_tokens) -> (…), from 0 to 1, averaged over the
    repeats.
    Source: Olsson et al. 2022.

    >>> float(induction_score(np.eye(6, k=-2), period=3))
    1.0
    """
    period = whole("period", period, at_least=2)
    weights = square(weights, at_least=period + 1)
    i = np.arange(period, weights.shape[-1])
    return weights[..., i, i - period + 1].mean(axis=-1)


def attention_parameters(d_model, n_heads, n_kv_heads, d_head):
    """How many numbers w_q, w_k, w_v and w_o hold, by name.

    >>> attention_parameters(d_model=576, n_heads=9, n_kv_heads=3, d_head=64)
    {'w_q': 331776, 'w_k': 110592, 'w_v': 110592, 'w_o': 331776}
    """
    sizes = {"d_model": d_model, "n_heads": n_heads, "n_kv_heads": n_kv_heads, "d_head": d_head}
    for name, value in sizes.items():
        whole(name, value, at_least=1)
    d_q, d_kv = n_heads * d_head, n_kv_heads * d_head
    return {"w_q": d_model * d_q, "w_k": d_model * d_kv, "w_v": d_model * d_kv, "w_o": d_q * d_model}


def square(weights, at_least):
    """Return weights whose queries and keys are the same tokens, or raise."""
    weights = finite("weights", weights)
    if weights.ndim < 2 or weights.shape[-1] < at_least:
        raise ValueError(f"weights must cover at least {at_least} tokens, got shape {weights.shape}")
    same_length("weights", weights, -1, "weights", weights, -2)
    return weights
