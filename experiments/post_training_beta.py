"""Is β to blame, or the rate? The careless and the careful preference run with one of them exchanged.

Records post_training_beta.npz: the gauges at the end of each arm, from the fine-tuned toy of seed 0 (16 bits), with
three orders of batches.
"""

import numpy as np

from anatomy import tiny_tales
from anatomy.training_phases import Parameters
from experiments.post_training import DPO, TOO_FAR, Bench, prefer
from experiments.record import save

PROGRAM = "experiments/post_training_beta.py"
SEEDS = (0, 1, 2)
RATE = ("peak_lr", "final_share")  # how far a step goes, and whether the steps become smaller


def with_rate_of(settings, other):
    """Some settings with the learning rate of others."""
    return settings | {key: other[key] for key in RATE}


ARMS = {
    "careful": DPO,
    "careful, β of the careless": DPO | {"beta": TOO_FAR["beta"]},
    "careful, rate of the careless": with_rate_of(DPO, TOO_FAR),
    "careless": TOO_FAR,
    "careless, β of the careful": TOO_FAR | {"beta": DPO["beta"]},
    "careless, rate of the careful": with_rate_of(TOO_FAR, DPO),
}
CAVEATS = [
    "All arms start from one fine-tuned model; the seeds change the order of the batches only.",
    "Two values of β and two rates, each with the other settings of both runs. It says nothing on other values.",
]


def end(bench, start, settings, seed):
    """The gauges after the last step: a dict of numbers."""
    _, _, rows, _ = prefer(bench, start, settings, (settings["n_steps"],), seed)
    return rows[0]


def start_of(bench):
    """The fine-tuned toy, as it was recorded."""
    return Parameters(bench.config, tiny_tales.load_arrays("SFT"))


def main():
    bench = Bench()
    rows = [[end(bench, start_of(bench), settings, seed) for seed in SEEDS] for settings in ARMS.values()]
    names = ("exact_match", "habit_rate_drawn", "win_rate", "kl", "chosen", "rejected")
    arrays = {name: np.array([[row[name] for row in arm] for arm in rows], np.float32) for name in names}
    arrays["arms"] = np.array(list(ARMS))
    settings = {
        "betas": [settings["beta"] for settings in ARMS.values()],
        "rates": [
            f"{settings['peak_lr']:g}, {'falling' if settings['final_share'] < 1 else 'constant'}"
            for settings in ARMS.values()
        ],
        "n_test": len(bench.test.prompts),
    }
    save("post_training_beta", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
