"""Attention for one head: queries meet keys; the answer is a mixture of values.

Every function also takes leading axes (many heads, many texts); the last two
stay (tokens, d_head). Leaves out dropout and biases. Chapter: book/qkv.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy.checks import finite, floats, same_length, whole


@dataclass
class Attention:
    """Every step of one attention, in order. Shapes are per head."""

    scores: np.ndarray  # (n_queries, n_keys)  q · k
    scaled: np.ndarray  # (n_queries, n_keys)  divided by sqrt(d_head)
    masked: np.ndarray  # (n_queries, n_keys)  -inf where a query may not look
    weights: np.ndarray  # (n_queries, n_keys)  every row sums to one
    mixed: np.ndarray  # (n_queries, d_head)


def project(x, w_q, w_k, w_v):
    """Make the queries, keys and values of every token.

    x (n_tokens, d_model), each w (d_model, d_head) -> three arrays, each
    (n_tokens, d_head).
    Raises ValueError where the shapes disagree or a number is not finite.
    Source: Vaswani et al. 2017, section 3.2.

    >>> q, k, v = project(np.ones((3, 4)), np.eye(4), np.eye(4), np.eye(4))
    >>> q.shape
    (3, 4)
    """
    x = finite("x", x)
    for name, w in (("w_q", w_q), ("w_k", w_k), ("w_v", w_v)):
        same_length("x", x, -1, name, finite(name, w, ndim=2), 0)
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(n_queries, n_keys=None, window=None):
    """True where a query may look: at itself and at what came before.

    The queries are the last n_queries of n_keys tokens (all of them by
    default).
    window: how many tokens back a query may look, itself included.
    Returns (n_queries, n_keys) of bool.
    Raises ValueError unless 1 <= n_queries <= n_keys.

    >>> causal_mask(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> causal_mask(1, n_keys=4, window=2).astype(int).tolist()
    [[0, 0, 1, 1]]
    """
    n_queries = whole("n_queries", n_queries, at_least=1)
    n_keys = n_queries if n_keys is None else n_keys
    n_keys = whole("n_keys", n_keys, at_least=n_queries)
    query = np.arange(n_keys - n_queries, n_keys)[:, None]
    key = np.arange(n_keys)[None, :]
    mask = key <= query
    if window is not None:
        mask &= key > query - whole("window", window, at_least=1)
    return mask


def attend_in_steps(q, k, v, mask=None):
    """Attention with every step kept, as an Attention.

    q (n_queries, d_head), k and v (n_keys, d_head); mask (n_queries, n_keys),
    True where a query may look, None: everywhere. Raises ValueError where the
    shapes disagree, where a number is not finite, or where a query may look at
    nothing.
    Source: Vaswani et al. 2017, equation 1.

    >>> steps = attend_in_steps(np.eye(2), np.eye(2), np.eye(2), causal_mask(2))
    >>> steps.weights.round(2).tolist()
    [[1.0, 0.0], [0.33, 0.67]]
    """
    q, k, v = checked(q, k, v, mask)
    d_head = q.shape[-1]
    scores = q @ k.swapaxes(-1, -2)
    scaled = scores / d_head**0.5
    masked = scaled if mask is None else scaled + blocked(mask, scaled.dtype)
    weights = softmax_rows(masked)
    mixed = weights @ v
    return Attention(scores, scaled, masked, weights, mixed)


def attend(q, k, v, mask=None):
    """Mix the values by how well each query matches each key.

    q (n_queries, d_head), k and v (n_keys, d_head) -> (n_queries, d_head).
    Raises ValueError as attend_in_steps does. Source: Vaswani et al. 2017,
    equation 1.

    >>> attend(np.eye(2), np.eye(2), np.eye(2)).shape
    (2, 2)
    """
    return attend_in_steps(q, k, v, mask).mixed


def blocked(mask, dtype=float):
    """What to add to scores: 0 where a query may look, -inf where it may not.

    >>> blocked(causal_mask(2)).tolist()
    [[0.0, -inf], [0.0, 0.0]]
    """
    return np.where(mask, 0, -np.inf).astype(dtype)


def softmax_rows(scores):
    """Turn each row of scores into weights that sum to one; -inf becomes 0.

    scores (…, n_keys) -> the same shape. The chapter on logits and sampling has
    the softmax with its temperature and its checks; this one is for the many
    rows of attention.

    >>> softmax_rows(np.array([[0.0, -np.inf]])).tolist()
    [[1.0, 0.0]]
    """
    scores = floats("scores", scores)
    highest = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - highest)  # same answer, no overflow
    weights /= weights.sum(axis=-1, keepdims=True, dtype=np.result_type(weights, np.float32))
    return weights


def checked(q, k, v, mask):
    """Return q, k and v as arrays; ValueError names what does not fit."""
    q, k, v = finite("q", q), finite("k", k), finite("v", v)
    for name, array in (("q", q), ("k", k), ("v", v)):
        if array.ndim < 2:
            raise ValueError(f"{name} must have at least the axes (tokens, d_head), got shape {array.shape}")
    same_length("q", q, -1, "k", k, -1)
    same_length("k", k, -2, "v", v, -2)
    if mask is not None:
        mask = np.asarray(mask)
        if mask.dtype != bool:
            raise ValueError(f"mask must be of bool, True where a query may look, got {mask.dtype}")
        if mask.shape[-2:] != (q.shape[-2], k.shape[-2]):
            raise ValueError(
                f"mask must have shape {(q.shape[-2], k.shape[-2])} for {q.shape[-2]} queries "
                f"and {k.shape[-2]} keys, got {mask.shape}"
            )
        if not mask.any(axis=-1).all():
            blind = int(np.argwhere(~mask.any(axis=-1))[0][-1])
            raise ValueError(f"mask lets query {blind} look at no key; every row needs one True")
    return q, k, v
