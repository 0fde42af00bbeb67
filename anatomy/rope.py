"""Rotary positions: turn pairs of numbers in q and k, further at each position.

The score of two turned vectors depends on how far apart they are, not on where
they stand. Values are never turned. Leaves out the rescaled variants, except
that position interpolation is `rotate(x, positions / factor)`. Chapter:
book/rope.md
"""

import numpy as np

from anatomy.checks import finite, floats, in_range, same_length, whole


def frequencies(d_head, base=10_000.0):
    """How far each pair turns per position, in radians.

    Pair i turns by base ** (-2 i / d_head) -> (d_head / 2,), falling from 1.
    Raises ValueError for an odd d_head or a base <= 0.
    Source: Su et al. 2021, equation 15.

    >>> frequencies(4, base=100.0).tolist()
    [1.0, 0.1]
    """
    if whole("d_head", d_head, at_least=2) % 2:
        raise ValueError(f"d_head must be even, because RoPE turns pairs, got {d_head}")
    in_range("base", base, 0, np.inf, open_low=True, open_high=True)
    return float(base) ** (-np.arange(0, d_head, 2) / d_head)


def wavelengths(d_head, base=10_000.0):
    """After how many positions each pair has turned once around: (d_head / 2,).

    >>> wavelengths(4, base=100.0).round(2).tolist()
    [6.28, 62.83]
    """
    return 2 * np.pi / frequencies(d_head, base)


def angles(positions, d_head, base=10_000.0):
    """The angle of each pair at each position, in radians.

    positions (n_tokens,): any finite numbers, fractions and negative ones too
    -> (n_tokens, d_head / 2).

    >>> angles([0, 2], d_head=4, base=100.0).tolist()
    [[0.0, 0.0], [2.0, 0.2]]
    """
    positions = finite("positions", positions, ndim=1)
    return positions[:, None] * frequencies(d_head, base)


def rotate(x, positions, base=10_000.0):
    """Turn the pairs of each token's vector by its position.

    Pairs are neighbours: 0 and 1, 2 and 3, … Lengths do not change.
    x (n_tokens, …, d_head), positions (n_tokens,) -> the shape of x.
    Raises ValueError for an odd d_head, or unless each token has one position.
    Source: Su et al. 2021, equation 34.

    >>> rotate([[1.0, 0.0]], [np.pi / 2]).round(6).tolist()
    [[0.0, 1.0]]
    """
    x, cos, sin = cos_and_sin(x, positions, base)
    return turn(x, cos, sin)


def turn(x, cos, sin):
    """Turn pairs of neighbours by angles whose cosine and sine are given.

    x (…, d_head); cos, sin: any shape that broadcasts to (…, d_head / 2).
    Raises ValueError for an odd d_head.

    >>> turn([3, 4], cos=0.0, sin=1.0).tolist()
    [-4.0, 3.0]
    """
    x = floats("x", x)
    if x.ndim == 0 or x.shape[-1] % 2:
        raise ValueError(f"x must have an even last axis, because RoPE turns pairs, got shape {x.shape}")
    first, second = x[..., 0::2], x[..., 1::2]
    turned = np.empty_like(x)
    turned[..., 0::2] = first * cos - second * sin
    turned[..., 1::2] = first * sin + second * cos
    return turned


def rotate_half(x, positions, base=10_000.0):
    """The same rotation with the other pairing: i goes with i + d_head / 2.

    Published checkpoints use one pairing or the other; a model trained with one
    is wrong with the other until the columns of w_q and w_k are put in the
    other order. Shapes and errors as in `rotate`.

    >>> x, order = np.arange(8.0)[None], half_split_order(8)
    >>> np.allclose(rotate_half(x[:, order], [5]), rotate(x, [5])[:, order])
    True
    """
    x, cos, sin = cos_and_sin(x, positions, base)
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    turned = [first * cos - second * sin, first * sin + second * cos]
    return np.concatenate(turned, axis=-1)


def half_split_order(d_head):
    """The order that takes neighbours to half-split pairs: `x[..., order]`.

    >>> half_split_order(6).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    if whole("d_head", d_head, at_least=2) % 2:
        raise ValueError(f"d_head must be even, because RoPE turns pairs, got {d_head}")
    return np.concatenate([np.arange(0, d_head, 2), np.arange(1, d_head, 2)])


def interleaved_order(d_head):
    """The order that takes half-split pairs back to neighbours: `x[..., order]`.

    >>> interleaved_order(6).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    return np.argsort(half_split_order(d_head))


def scores_by_distance(q, k, distances, base=10_000.0):
    """The mean scaled score of queries and keys, were they so many tokens apart.

    q, k (n, d_head), not yet turned, paired row by row;
    distances (n_distances,) -> (n_distances,). The key stands `distance` before
    the query: turning q by an angle θ takes q · k of a pair to
    cos θ (q₀k₀ + q₁k₁) + sin θ (q₀k₁ − q₁k₀), and the means of both sums do.

    >>> scores_by_distance([[1.0, 0.0]], [[1.0, 0.0]], [0, 1]).round(3).tolist()
    [0.707, 0.382]
    """
    q, k = finite("q", q, ndim=2), finite("k", k, ndim=2)
    same_length("q", q, 0, "k", k, 0)
    same_length("q", q, 1, "k", k, 1)
    distances = finite("distances", distances, ndim=1)
    d_head = q.shape[1]
    theta = angles(distances, d_head, base)
    first, second = slice(0, None, 2), slice(1, None, 2)
    along = (q[:, first] * k[:, first] + q[:, second] * k[:, second]).mean(axis=0)
    across = (q[:, first] * k[:, second] - q[:, second] * k[:, first]).mean(axis=0)
    return (np.cos(theta) @ along + np.sin(theta) @ across) / d_head**0.5


def cos_and_sin(x, positions, base):
    """x as an array; cosines and sines that broadcast against half its width."""
    x = finite("x", x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least the axes (n_tokens, d_head), got shape {x.shape}")
    theta = angles(positions, x.shape[-1], base)
    same_length("x", x, 0, "positions", theta, 0)
    theta = theta.reshape(len(theta), *[1] * (x.ndim - 2), -1)
    return x, np.cos(theta).astype(x.dtype), np.sin(theta).astype(x.dtype)
