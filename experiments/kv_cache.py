"""What the cache saves on SmolLM2, what it costs to forget, and how fast memory lets the model be.

Records kv_cache.npz: CPU seconds for a token with and without the cache, the largest difference between their logits,
the speed at which this machine reads memory, CPU seconds of a step by its rows and of the matrix products alone, and
losses on a novel where attention reaches only some earlier tokens.
"""

import time
from unittest import mock

import numpy as np

from anatomy import smollm2
from anatomy.kv_cache import Cache
from anatomy.multi_head_attention import attend_heads
from anatomy.qkv import causal_mask
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save

PROGRAM = "experiments/kv_cache.py"
CONTEXTS = (16, 64, 256, 512)
N_STEPS, N_AGAIN = 9, 3  # timed steps with the cache, timed passes without
N_READ, SKIP = 768, 256  # tokens of the novel, and those before which nothing is measured
KEPT = (64, 128, 255)
FIRST = (0, 1, 4)  # of the kept tokens: how many are the first of the text
OTHER = 7  # a token that is kept in the place of the first, as a control
AT_ONCE = (1, 2, 4, 8, 16)  # rows of one step
N_COPIED = 50_000_000  # numbers of 32 bits that are read to measure the memory

CAVEATS = [
    "Seconds are CPU seconds of one thread of the machine that recorded; on another they differ.",
    "Positions are those in the text, also where tokens between are not read.",
    "One chapter of one novel.",
]


def seconds(function, n):
    """CPU seconds of n calls."""
    found = []
    for _ in range(n):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return found


def timed(model, ids, n):
    """CPU seconds for one more token after n: with the cache (N_STEPS,) and without (N_AGAIN,)."""
    cache = Cache(model.config.n_layers)
    model.forward(ids[:n], cache=cache, last_only=True)
    with_cache = seconds(lambda: model.forward(ids[n : n + 1], cache=cache), N_STEPS)
    return with_cache, seconds(lambda: model.forward(ids[: n + 1], last_only=True), N_AGAIN)


def timed_rows(model, ids, n=64):
    """CPU seconds of one step after n tokens, by the number of its rows: (len(AT_ONCE), N_STEPS)."""
    found = []
    for rows in AT_ONCE:
        cache = Cache(model.config.n_layers)
        model.forward(ids[:n], cache=cache, last_only=True)
        found.append(
            seconds(lambda rows=rows, cache=cache: model.forward(ids[n : n + rows], cache=cache), N_STEPS)
        )
    return found


def products(layers):
    """A function that multiplies one row by every matrix of some layers."""
    matrices = [
        array for layer in layers for array in vars(layer).values() if array is not None and array.ndim == 2
    ]
    rows = {n: np.ones((1, n), np.float32) for n in {len(w) for w in matrices}}
    return lambda: [rows[len(w)] @ w for w in matrices]


def reading(numbers):
    """CPU seconds of reading all numbers, by the fastest of three ways."""
    return min(min(seconds(way, N_STEPS)) for way in (numbers.sum, numbers.max, lambda: numbers @ numbers))


def difference(model, ids):
    """The largest difference between logits that were computed at once and token by token."""
    cache = Cache(model.config.n_layers)
    steps = np.concatenate([model.forward(ids[i : i + 1], cache=cache) for i in range(len(ids))])
    return float(abs(steps - model.forward(ids)).max())


def reach(kept, first, start=0):
    """A mask like causal_mask: a token sees the last ones and `first` of them from `start` on, `kept` in all."""

    def mask(n_queries, n_keys=None, window=None):
        plain = causal_mask(n_queries, n_keys)
        near = causal_mask(n_queries, n_keys, kept - first)
        far = (start <= np.arange(plain.shape[1])) & (np.arange(plain.shape[1]) < start + first)
        return plain & (near | far)

    return mask


def reads(model, ids, kept=None, first=0, start=0):
    """Losses of the tokens after SKIP, with attention to all earlier tokens or to some."""
    if kept is None:
        logits = model.forward(ids)
    else:
        with mock.patch("anatomy.model.causal_mask", reach(kept, first, start)):
            logits = model.forward(ids)
    return token_losses(logits[SKIP:-1], ids[SKIP + 1 :])


def without_first_value(q, k, v, mask):
    """attend_heads, but a token that looks at the first gets nothing from there."""
    found = attend_heads(q, k, v, mask)
    value = np.repeat(v[:, :1], q.shape[0] // v.shape[0], axis=0)
    found.mixed[:, 1:] -= found.weights[:, 1:, :1] * value
    return found


def main():
    model = smollm2.load()
    ids = np.array(model.encode(novel())[:N_READ])
    numbers = np.ones(N_COPIED, np.float32)
    layers = model.weights.layers
    with mock.patch("anatomy.model.attend_heads", without_first_value):
        silent = reads(model, ids, KEPT[0], 1)
    newline = np.concatenate([model.encode("\n"), ids[1:]])
    times = [timed(model, ids, n) for n in CONTEXTS]
    arrays = {
        "contexts": np.array(CONTEXTS, np.int32),
        "with_cache": np.array([pair[0] for pair in times], np.float32),
        "without": np.array([pair[1] for pair in times], np.float32),
        "difference": np.array(difference(model, ids[:64]), np.float32),
        "gigabytes_a_second": np.array(numbers.nbytes / 1e9 / reading(numbers), np.float32),
        "at_once": np.array(AT_ONCE, np.int32),
        "rows": np.array(timed_rows(model, ids), np.float32),
        "products": np.array(
            [seconds(products(which), 3 * N_STEPS) for which in (layers, layers[:1] * len(layers))],
            np.float32,
        ),
        "kept": np.array(KEPT, np.int32),
        "first": np.array(FIRST, np.int32),
        "whole_losses": reads(model, ids).astype(np.float32),
        "kept_losses": np.array(
            [[reads(model, ids, kept, first) for first in FIRST] for kept in KEPT], np.float32
        ),
        "silent_losses": silent.astype(np.float32),
        "newline_losses": reads(model, newline, KEPT[0], 1).astype(np.float32),
        "other_losses": np.array([reads(model, ids, kept, 1, OTHER) for kept in KEPT], np.float32),
    }
    print(np.exp(arrays["kept_losses"].mean(-1)).round(2), np.exp(arrays["whole_losses"].mean()).round(2))
    print(np.median(arrays["with_cache"], 1), np.median(arrays["without"], 1), arrays["gigabytes_a_second"])
    settings = {
        "n_read": N_READ,
        "skip": SKIP,
        "n_compared": 64,
        "n_steps": N_STEPS,
        "n_again": N_AGAIN,
        "other": OTHER,
    }
    save("kv_cache", arrays, PROGRAM, [], settings, CAVEATS)


if __name__ == "__main__":
    main()
