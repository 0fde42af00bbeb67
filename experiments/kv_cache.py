"""What the cache saves on SmolLM2, what it costs to forget, and how fast memory lets the model be.

Records kv_cache.npz: CPU seconds for a token with and without the cache, the largest difference between their logits,
the speed at which this machine reads memory, and losses on a novel where attention reaches only some earlier tokens.
"""

import time
from unittest import mock

import numpy as np

from anatomy import smollm2
from anatomy.kv_cache import Cache
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


def main():
    model = smollm2.load()
    ids = np.array(model.encode(novel())[:N_READ])
    numbers = np.ones(N_COPIED, np.float32)
    reading = seconds(lambda: float(numbers.sum()), N_STEPS)
    times = [timed(model, ids, n) for n in CONTEXTS]
    arrays = {
        "contexts": np.array(CONTEXTS, np.int32),
        "with_cache": np.array([pair[0] for pair in times], np.float32),
        "without": np.array([pair[1] for pair in times], np.float32),
        "difference": np.array(difference(model, ids[:64]), np.float32),
        "gigabytes_a_second": np.array(numbers.nbytes / 1e9 / np.median(reading), np.float32),
        "kept": np.array(KEPT, np.int32),
        "first": np.array(FIRST, np.int32),
        "whole_losses": reads(model, ids).astype(np.float32),
        "kept_losses": np.array(
            [[reads(model, ids, kept, first) for first in FIRST] for kept in KEPT], np.float32
        ),
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
