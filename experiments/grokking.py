"""Grokking: a network that knows its training sums by heart learns to add much later.

Records grokking.npz: five seeds with and without weight decay, the same with decay from half the start, sweeps over
the decay and over the share of sums that are trained on, the weights of one run of each kind, and how many of the wrong
answers by heart were seen in the same row or column of the table of sums.
"""

import numpy as np

from anatomy.training_phases import ModularAddition, addition_table, frequency_power, learn_addition
from experiments.record import never, save, stack

PROGRAM = "experiments/grokking.py"
SEEDS = (0, 1, 2, 3, 4)
RECIPE = {"p": 29, "train_share": 0.5, "lr": 2e-3, "n_neurons": 128}
WITH_DECAY = {"weight_decay": 0.5, "n_steps": 6000, "every": 10}
WITHOUT_DECAY = {"weight_decay": 0.0, "n_steps": 15_000, "every": 50}
HALF_START = WITH_DECAY | {"start": 0.5}
BY_HEART = WITH_DECAY | {"n_steps": 300}

SWEEP = {"p": 43, "lr": 3e-3, "n_steps": 10_000, "every": 10, "enough": 0.95}
SWEEP_SEEDS = (0, 1)
DECAYS = (0.0, 0.1, 0.3, 0.5, 1.0, 2.0)  # at a train share of 0.35
SHARES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7)  # at a weight decay of 1

CAVEATS = [
    "The start, the weight decay and the share of sums trained on were chosen to exhibit the delay; with "
    "other choices it is shorter, or the network never learns to add.",
    "Grokking is seen most clearly on small, exact tasks with little data; language models are not trained "
    "that way.",
    "Each neuron comes close to a single frequency, but all frequencies are in use: this is not a "
    "network with a few key frequencies.",
]


def sweep_point(weight_decay, train_share, seed, n_steps=SWEEP["n_steps"]):
    """One run of a sweep -> (first step with every training sum right, with 95 % of unseen ones, end)."""
    settings = SWEEP | {"n_steps": n_steps}
    _, history = learn_addition(
        train_share=train_share, weight_decay=weight_decay, rng=np.random.default_rng(seed), **settings
    )
    learned = history.first_step("train_accuracy", 1.0)
    grokked = history.first_step("test_accuracy", 0.95)
    return never(learned), never(grokked), history.test_accuracy[-1]


def sweep(points):
    """Each point with each seed -> name: array (n_points, n_seeds)."""
    results = [[sweep_point(*point, seed) for seed in SWEEP_SEEDS] for point in points]
    learned, grokked, accuracy = np.moveaxis(np.array(results), -1, 0)
    return {
        "learned": learned.astype(np.int32),
        "grokked": grokked.astype(np.int32),
        "accuracy": accuracy.astype(np.float32),
    }


def from_half():
    """With decay, from weights half as long: name -> array, one row a seed."""
    runs = [learn_addition(**RECIPE, **HALF_START, rng=np.random.default_rng(seed))[1] for seed in SEEDS]
    histories = stack(runs)
    steps = histories.pop("steps")[0]
    kept = ("train_accuracy", "test_accuracy", "train_loss", "weight_norm")
    return {"half_start/steps": steps} | {f"half_start/{name}": histories[name] for name in kept}


def seen_answers(p, seen, unseen):
    """Whether an answer was seen in the row or in the column of an unseen sum: (n_unseen, p)."""
    table = np.zeros((p, p, p), bool)  # a, b, answer
    table[seen] = True
    a, b, _ = unseen
    return table.any(axis=1)[a] | table.any(axis=0)[b]


def by_heart(seed):
    """Step 300: shares of its answers to unseen sums that were seen beside them, of all answers, and of right ones."""
    model, history = learn_addition(**RECIPE, **BY_HEART, rng=np.random.default_rng(seed))
    seen, unseen = addition_table(RECIPE["p"], RECIPE["train_share"], np.random.default_rng(seed))
    known = seen_answers(RECIPE["p"], seen, unseen)
    given = model.logits(*unseen[:2]).argmax(-1)
    return known[np.arange(len(given)), given].mean(), known.mean(), history.test_accuracy[-1]


def main():
    arrays = from_half() | {"by_heart": np.array([by_heart(seed) for seed in SEEDS], np.float32)}
    for kind, settings in (("decay", WITH_DECAY), ("no_decay", WITHOUT_DECAY)):
        runs = [learn_addition(**RECIPE, **settings, rng=np.random.default_rng(seed)) for seed in SEEDS]
        histories = stack([history for _, history in runs])
        arrays[f"{kind}/steps"] = histories.pop("steps")[0]
        arrays |= {f"{kind}/{name}": values for name, values in histories.items()}
        model = runs[0][0]
        for name, array in zip("uvw", model.arrays(), strict=True):
            arrays[f"{kind}/{name}"] = array.astype(np.float16)
        arrays[f"{kind}/power"] = np.array([frequency_power(m.u) for m, _ in runs], np.float16)
        for name, quantity, level in (("learned", "train", 1.0), ("grokked", "test", 0.95)):
            reached = [never(h.first_step(f"{quantity}_accuracy", level)) for _, h in runs]
            arrays[f"{kind}/{name}"] = np.array(reached, np.int32)

    rng = np.random.default_rng(SEEDS[0])
    addition_table(RECIPE["p"], RECIPE["train_share"], rng)
    start = ModularAddition.draw(RECIPE["p"], RECIPE["n_neurons"], rng)
    arrays["start/u"] = start.u.astype(np.float16)
    arrays["start/power"] = frequency_power(start.u).astype(np.float16)

    for name, values, points in (
        ("decay_sweep", DECAYS, [(decay, 0.35) for decay in DECAYS]),
        ("share_sweep", SHARES, [(1.0, share) for share in SHARES]),
    ):
        arrays[f"{name}/values"] = np.array(values)
        arrays |= {f"{name}/{key}": array for key, array in sweep(points).items()}

    settings = {
        "recipe": RECIPE,
        "with_decay": WITH_DECAY,
        "without_decay": WITHOUT_DECAY,
        "half_start": HALF_START,
        "by_heart": BY_HEART,
        "sweeps": SWEEP | {"seeds": list(SWEEP_SEEDS), "n_neurons": 128},
        "decay_sweep": "train share 0.35",
        "share_sweep": "weight decay 1",
        "never": "-1",
    }
    save("grokking", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
