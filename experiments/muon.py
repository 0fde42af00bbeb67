"""Leave the matrices of the toy's layers to Muon, and compare with AdamW, each at its best rate.

Records muon.npz: twenty rates for each, tuned on one seed; ten other seeds at the best of them, with the
same first weights and the same batches for all. A third rule is Muon without what gives it its name: the same
momentum and the same length of step, but the singular values as they are.
"""

import numpy as np

from anatomy.optimizers import AdamW, Muon
from anatomy.training_phases import mean_loss
from experiments import optimizer_table
from experiments.optimizer_table import TOY
from experiments.record import save
from experiments.tiny_tales import materials

PROGRAM = "experiments/muon.py"
RULES = ["AdamW", "Muon", "scaled"]
RATES = [float(f"{m}e{e}") for e in range(-4, 0) for m in (1, 1.5, 2, 3, 5)]
TUNING_SEED, SEEDS = 0, tuple(range(1, 11))

CAVEATS = [
    "Muon's step is scaled to be about as large as AdamW's, so one rate serves both of its parts.",
    "A run is 100 steps long: it measures the beginning of training, where the loss still falls fast.",
    "The time of a step is not compared.",
]


class Scaled(Muon):
    """Muon's momentum, as long as if it had been orthogonalised, with its singular values as they are."""

    def update(self, x, g, v):
        v *= self.momentum
        v += g
        x *= 1 - self.lr * self.weight_decay
        direction = g + self.momentum * v
        length = max(np.linalg.norm(direction), 1e-7)
        x -= self.lr * (0.2 * max(x.shape) ** 0.5) * min(x.shape) ** 0.5 / length * direction


class MuonAndAdamW:
    """Muon, or its control, for the matrices of the layers, AdamW for the embedding, which is also the unembedding."""

    def __init__(self, parameters, hidden=Muon):
        self.parts = [parameters.tensors[name].data for name in parameters.names[2]]
        self.hidden = [i for i, name in enumerate(parameters.names[2]) if name != "embedding"]
        self.rest = [i for i, name in enumerate(parameters.names[2]) if name == "embedding"]
        self.rules = [(hidden(1.0), self.hidden), (AdamW(1.0), self.rest)]
        self.lr = 1.0

    def step(self, arrays, gradients):
        """Update the one long array of matrices, through the views of its parts."""
        ends = np.cumsum([part.size for part in self.parts])[:-1]
        slopes = [g.reshape(x.shape) for g, x in zip(np.split(gradients[0], ends), self.parts, strict=True)]
        for rule, which in self.rules:
            rule.lr = self.lr
            rule.step([self.parts[i] for i in which], [slopes[i] for i in which])


def train_toy(tokenizer, texts, rule, lr, seed, n_steps=TOY["n_steps"]):
    """Train the toy by one of RULES -> (parameters, batch losses)."""

    def pair(parameters):
        hidden = {"Muon": Muon, "scaled": Scaled}.get(rule)
        return [MuonAndAdamW(parameters, hidden) if hidden else AdamW(lr), AdamW(lr)]

    return optimizer_table.train_toy(tokenizer, texts, rule, lr, seed, n_steps, pair)


def compare(rules):
    """Tune each rule, then run it with every seed -> name: array, a row for each rule."""
    tokenizer, texts, held_out = materials()
    scores = np.zeros((len(rules), len(RATES)), np.float32)
    best_rates = np.zeros(len(rules))
    batch_losses = np.zeros((len(rules), len(SEEDS), TOY["n_steps"]), np.float32)
    held_out_losses = np.zeros((len(rules), len(SEEDS)), np.float32)
    for j, rule in enumerate(rules):
        for k, lr in enumerate(RATES):
            scores[j, k] = train_toy(tokenizer, texts, rule, lr, TUNING_SEED)[1][-20:].mean()
        best_rates[j] = RATES[int(scores[j].argmin())]
        for k, seed in enumerate(SEEDS):
            parameters, losses = train_toy(tokenizer, texts, rule, best_rates[j], seed)
            batch_losses[j, k] = losses
            held_out_losses[j, k] = mean_loss(parameters, held_out)
    return {
        "scores": scores,
        "best_rates": best_rates,
        "batch_losses": batch_losses,
        "held_out_losses": held_out_losses,
    }


def main():
    arrays = {"rules": np.array(RULES), "rates": np.array(RATES), **compare(RULES)}
    settings = {
        "toy": TOY,
        "score": "mean batch loss of the last 20 steps, seed 0, which is none of the ten",
        "schedule": "warm-up, then constant; gradients clipped to norm 1 for all",
        "Muon": "momentum 0.95, decay 0.01, for all matrices but the embedding",
        "scaled": "as Muon, the momentum of a matrix only brought to that length",
        "AdamW": "defaults of anatomy.optimizers, for what is left and for its own runs",
    }
    save("muon", arrays, PROGRAM, (TUNING_SEED, *SEEDS), settings, CAVEATS)


if __name__ == "__main__":
    main()
