"""Never, or only in 32 bits? The network that learns to add, without weight decay, in two precisions.

Records training_phases.npz. Without decay the loss on the training sums falls so far that in 32 bits it is exactly 0,
and the right answers give no gradient any more. In 64 bits it does not get there in so many steps; a third kind of run
makes Adam's ε so small that steps do not shrink with the gradients.
"""

import numpy as np

from anatomy.training_phases import learn_addition
from experiments.grokking import RECIPE
from experiments.record import save

PROGRAM = "experiments/training_phases.py"
SEEDS = (0, 1)
RUN = {"weight_decay": 0.0, "n_steps": 20_000, "every": 200}
PRECISIONS = {
    "float32": {"dtype": np.float32},
    "float64": {"dtype": np.float64},
    "float64, small ε": {"dtype": np.float64, "eps": 1e-30},
}

CAVEATS = [
    "Two seeds each, 20,000 steps: that the unseen sums are never learned is known for these steps only.",
]


def learn(precision, seed, n_steps=RUN["n_steps"]):
    """One run -> its History."""
    rng = np.random.default_rng(seed)
    settings = RUN | PRECISIONS[precision] | {"n_steps": n_steps}
    return learn_addition(**RECIPE, **settings, rng=rng)[1]


def main():
    found = {precision: [learn(precision, seed) for seed in SEEDS] for precision in PRECISIONS}
    arrays = {"steps": np.array(found["float32"][0].steps, np.int32)}
    for name in ("train_loss", "test_accuracy", "weight_norm"):
        arrays[name] = np.array([[getattr(run, name) for run in runs] for runs in found.values()])
    print(arrays["train_loss"][..., -1], arrays["test_accuracy"][..., -1])
    settings = {"recipe": RECIPE, "run": RUN, "precisions": list(PRECISIONS)}
    save("training_phases", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
