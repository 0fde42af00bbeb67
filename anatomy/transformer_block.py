"""One block: attention, then a feed-forward network; each adds to the stream.

And one changed box: several feed-forward networks, of which each token uses a
few. Leaves out dropout. Chapter: book/transformer-block.md
"""

import numpy as np

from anatomy.checks import finite, in_range, same_length, whole
from anatomy.logits_and_sampling import softmax


def rms_norm(x, gain, eps=1e-5):
    """Divide each vector by its root mean square, then apply the gain.

    x (…, d_model), gain (d_model,) -> the shape of x. The mean is not
    subtracted.
    Raises ValueError where shapes disagree, a number is not finite or eps < 0.
    Source: Zhang & Sennrich 2019.

    >>> rms_norm([3.0, 4.0], gain=[1.0, 1.0], eps=0).round(3).tolist()
    [0.849, 1.131]
    """
    x, gain = finite("x", x), finite("gain", gain, ndim=1)
    same_length("x", x, -1, "gain", gain, 0)
    in_range("eps", eps, 0, np.inf, open_high=True)
    mean_square = (x * x).mean(axis=-1, keepdims=True)
    return x / np.sqrt(mean_square + eps) * gain


def layer_norm(x, gain, bias, eps=1e-5):
    """Shift each vector to mean 0, scale to variance 1, apply gain and bias.

    x (…, d_model), gain and bias (d_model,) -> the shape of x. Errors as in
    `rms_norm`.
    Source: Ba et al. 2016.

    >>> layer_norm([1.0, 3.0], gain=[1.0, 1.0], bias=[0.0, 0.0], eps=0).tolist()
    [-1.0, 1.0]
    """
    x = finite("x", x)
    gain, bias = finite("gain", gain, ndim=1), finite("bias", bias, ndim=1)
    same_length("x", x, -1, "gain", gain, 0)
    same_length("x", x, -1, "bias", bias, 0)
    in_range("eps", eps, 0, np.inf, open_high=True)
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + eps) * gain + bias


def pre_norm_block(x, attention, feed_forward, norm_attention, norm_ffn):
    """The block of today's models: the stream itself is never normalised.

    x (n_tokens, d_model); the other four are functions of such an array ->
    (n_tokens, d_model).
    Source: Xiong et al. 2020, figure 1b.

    >>> double, same = (lambda x: 2 * x), (lambda x: x)
    >>> pre_norm_block(np.ones((1, 2)), double, double, same, same).tolist()
    [[9.0, 9.0]]
    """
    x = x + attention(norm_attention(x))
    x = x + feed_forward(norm_ffn(x))
    return x


def post_norm_block(x, attention, feed_forward, norm_attention, norm_ffn):
    """The block of the original transformer: each sum is normalised.

    Shapes as in `pre_norm_block`. Source: Vaswani et al. 2017, section 3.1.

    >>> double, halve = (lambda x: 2 * x), (lambda x: x / 3)
    >>> post_norm_block(np.ones((1, 2)), double, double, halve, halve).tolist()
    [[1.0, 1.0]]
    """
    x = norm_attention(x + attention(x))
    x = norm_ffn(x + feed_forward(x))
    return x


def mixture_of_experts(x, w_router, experts, n_active):
    """Send each token through the few networks that its router picks.

    x (n_tokens, d_model), w_router (d_model, n_experts), experts: functions of
    an array (n, d_model) -> the shape of x. The picked experts' outputs are
    averaged with the softmax of their scores; the others do not run. Of equal
    scores the first expert goes first.
    Raises ValueError where shapes disagree or n_active is not in 1 … n_experts.
    Source: Jiang et al. 2024, section 2.1.

    >>> double, negate = (lambda x: 2 * x), (lambda x: -x)
    >>> x, w_router = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]
    >>> mixture_of_experts(x, w_router, [double, negate], n_active=1).tolist()
    [[2.0, 0.0], [0.0, -1.0]]
    """
    x, w_router = finite("x", x, ndim=2), finite("w_router", w_router, ndim=2)
    same_length("x", x, -1, "w_router", w_router, 0)
    if len(experts) != w_router.shape[1]:
        raise ValueError(
            f"experts must be one per column of w_router, got {len(experts)} for {w_router.shape}"
        )
    in_range("n_active", whole("n_active", n_active), 1, len(experts))
    scores = x @ w_router
    picked = np.argsort(-scores, axis=-1, kind="stable")[:, :n_active]
    shares = softmax(np.take_along_axis(scores, picked, axis=-1))
    y = np.zeros_like(x)
    for i, expert in enumerate(experts):
        token, place = np.nonzero(picked == i)
        if len(token):
            y[token] += shares[token, place, None] * expert(x[token])
    return y
