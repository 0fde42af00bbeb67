"""How surprising SmolLM2 finds its own greedy text and a novel's, at the same places; how long a draw takes.

Records logits_and_sampling.npz. At each place the model reads the first chapter of Pride and Prejudice up to there and
goes on greedily; the control are the tokens that stand there in the novel.
"""

import time

import numpy as np

from anatomy import smollm2
from anatomy.kv_cache import Cache
from anatomy.logits_and_sampling import softmax, top_p
from anatomy.studies.logits_and_sampling import judged
from anatomy.tokenization import novel
from experiments.record import save

PROGRAM = "experiments/logits_and_sampling.py"
PLACES, N_WRITTEN = range(40, 640, 30), 20
N_TIMES, N_BEFORE = 60, 64  # timed runs, and the tokens before the one that is timed
PARTS = ("last matrix", "argsort", "softmax and top-p", "whole pass")

CAVEATS = [
    "One chapter of one novel, which the model has probably read in training.",
    "Seconds are CPU seconds of one thread of the machine that recorded, with numpy; on another they differ.",
]


def greedily(model, ids, n=N_WRITTEN):
    """The model's own greedy continuation of ids, and its bits at T = 1."""
    new = model.generate(ids, n)
    logits = model.forward([*ids, *new])[len(ids) - 1 : -1]
    return new, judged(model, new, logits).bits


def seconds(run, n=N_TIMES):
    """CPU seconds of n runs; three before them warm up."""
    found = []
    for _ in range(n + 3):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return found[3:]


def times(model, ids, n=N_TIMES):
    """CPU seconds of PARTS, (len(PARTS), n): last matrix for one token, sorting its logits, top-p, one more token."""
    cache = Cache(model.config.n_layers)
    model.forward(ids, cache=cache)
    row, matrix = np.ones((1, model.config.d_model), np.float32), model.weights.embedding.T
    logits = model.forward(ids[-1:], cache=cache)[-1]
    runs = (
        lambda: row @ matrix,
        lambda: np.argsort(logits),
        lambda: top_p(softmax(logits), 0.9),
        lambda: model.forward(ids[-1:], cache=cache),
    )
    return np.array([seconds(run, n) for run in runs])


def main():
    model = smollm2.load()
    ids = model.encode(novel())
    read = ids[: PLACES[-1] + N_WRITTEN]
    of_novel = judged(model, read[1:], model.forward(read)[:-1]).bits
    found = [greedily(model, ids[:place]) for place in PLACES]
    arrays = {
        "places": np.array(PLACES, np.int16),
        "written": np.array([new for new, _ in found], np.int32),
        "greedy_bits": np.array([bits for _, bits in found], np.float32),
        "novel_bits": np.array([of_novel[p - 1 : p - 1 + N_WRITTEN] for p in PLACES], np.float32),
        "parts": np.array(PARTS),
        "seconds": times(model, ids[:N_BEFORE]).astype(np.float32),
    }
    settings = {"model": "SmolLM2-135M-Instruct, 4 bits", "n_written": N_WRITTEN, "n_before": N_BEFORE}
    save("logits_and_sampling", arrays, PROGRAM, [], settings, CAVEATS)


if __name__ == "__main__":
    main()
