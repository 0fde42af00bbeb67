"""Give every optimizer the learning rate that suits it best, then compare.

Records optimizer_table.npz: on four landscapes, 30 rates by 16 starts for each optimizer; on the toy
language model, ten rates for each, and the whole curve at the best of them.
"""

import numpy as np

from anatomy.optimizers import OPTIMIZERS, beale, descend, quadratic, rosenbrock, warm_up_cosine
from anatomy.training_phases import mean_loss, train
from experiments.record import save
from experiments.tiny_tales import fresh, materials

PROGRAM = "experiments/optimizer_table.py"
SEED = 0
CHOSEN = {"RMSProp": {"alpha": 0.9}}  # everything else as the classes have it

LANDSCAPES = {
    "valley": (quadratic(100), 200),
    "turned valley": (quadratic(100, rotation=30), 200),
    "Rosenbrock": (rosenbrock(), 1000),
    "Beale": (beale(), 200),
}
RATES = [float(f"{m}e{e}") for e in range(-4, 1) for m in (1, 1.5, 2, 3, 5, 7)]
N_STARTS, JITTER = 16, 0.1
SOLVED = 1e-2  # the value below which a run must stay
TOO_HIGH = 4.0  # times the value at the start: such a rate is rejected

TOY_RATES = [float(f"{m}e{e}") for e in range(-4, 1) for m in (1, 3)]
TOY = {"n_steps": 100, "n_warm_up": 10, "n_batch": 16, "max_norm": 1.0}
TOY_SEEDS = (0, 1, 2)

CAVEATS = [
    "On the valleys AdamW's decay pulls towards the origin, which is where their minimum lies: that "
    "flatters it there, and stops it elsewhere.",
    "RMSProp at a constant rate hovers around a minimum instead of settling in it.",
    "A rate is scored by the mean of log10 of the value over all steps and starts, and rejected where any "
    "run ever rises above four times its start; another score would choose other rates.",
    "Rankings in two dimensions do not carry over to networks, nor from this toy to larger ones.",
]


def make(name, lr):
    return OPTIMIZERS[name](lr, **CHOSEN.get(name, {}))


def starts(landscape):
    """The landscape's start and fifteen neighbours of it (16, 2)."""
    noise = np.random.default_rng(SEED).normal(size=(N_STARTS - 1, 2)) * JITTER
    return np.array(landscape.start) + np.vstack([np.zeros((1, 2)), noise])


def try_rates(name, landscape, n_steps, rates=RATES):
    """Values along every run: (n_steps + 1, n_rates, n_starts)."""
    optimizer = make(name, np.array(rates)[:, None, None])
    points = np.broadcast_to(starts(landscape), (len(rates), N_STARTS, 2))
    return descend(optimizer, landscape, points, n_steps)[1]


def score(values):
    """The mean of log10 of the value, per rate; inf where a run rose too high."""
    scores = np.log10(np.maximum(values, 1e-8)).mean(axis=(0, 2))
    rejected = (values.max(axis=0) > TOO_HIGH * values[0]).any(axis=1)
    return np.where(rejected, np.inf, scores)


def solved_after(values):
    """First step from which a run stays below SOLVED, per start; -1 for never. values (n, n_starts)."""
    above = values >= SOLVED
    last_above = len(values) - 1 - above[::-1].argmax(axis=0)
    first = np.where(above.any(axis=0), last_above + 1, 0)
    return np.where(first < len(values), first, -1)


def train_toy(tokenizer, texts, name, lr, seed, n_steps=TOY["n_steps"], pair=None):
    """Train the toy with one optimizer -> (parameters, batch losses).

    pair: from the parameters to the optimizers of matrices and of gains, where they are not two of that name.
    """
    parameters = fresh(tokenizer, seed)
    losses = train(
        parameters,
        texts,
        lambda step: warm_up_cosine(step, TOY["n_steps"], lr, TOY["n_warm_up"], final_share=1.0),
        n_steps,
        np.random.default_rng(seed),
        n_batch=TOY["n_batch"],
        optimizers=pair(parameters) if pair else [make(name, lr), make(name, lr)],
    )
    return parameters, losses


def main():
    names = list(OPTIMIZERS)
    arrays = {
        "optimizers": np.array(names),
        "landscapes": np.array(list(LANDSCAPES)),
        "rates": np.array(RATES),
    }
    shape = (len(LANDSCAPES), len(names))
    arrays["scores"] = np.full((*shape, len(RATES)), np.inf, np.float32)
    arrays["best_rates"] = np.zeros(shape)
    arrays["solved_after"] = np.zeros((*shape, N_STARTS), np.int32)
    for i, (landscape, n_steps) in enumerate(LANDSCAPES.values()):
        for j, name in enumerate(names):
            values = try_rates(name, landscape, n_steps)
            scores = score(values)
            best = int(scores.argmin())
            arrays["scores"][i, j] = scores
            arrays["best_rates"][i, j] = RATES[best]
            arrays["solved_after"][i, j] = solved_after(values[:, best])

    tokenizer, texts, held_out = materials()
    arrays["toy_rates"] = np.array(TOY_RATES)
    arrays["toy_scores"] = np.zeros((len(names), len(TOY_RATES)), np.float32)
    arrays["toy_best_rates"] = np.zeros(len(names))
    arrays["toy_batch_losses"] = np.zeros((len(names), len(TOY_SEEDS), TOY["n_steps"]), np.float32)
    arrays["toy_held_out_losses"] = np.zeros((len(names), len(TOY_SEEDS)), np.float32)
    for j, name in enumerate(names):
        for k, lr in enumerate(TOY_RATES):
            losses = train_toy(tokenizer, texts, name, lr, SEED)[1]
            arrays["toy_scores"][j, k] = losses[-20:].mean()
        best = TOY_RATES[int(arrays["toy_scores"][j].argmin())]
        arrays["toy_best_rates"][j] = best
        for k, seed in enumerate(TOY_SEEDS):
            parameters, losses = train_toy(tokenizer, texts, name, best, seed)
            arrays["toy_batch_losses"][j, k] = losses
            arrays["toy_held_out_losses"][j, k] = mean_loss(parameters, held_out)

    settings = {
        "optimizers": {"all": "defaults of anatomy.optimizers", **CHOSEN},
        "n_steps": {name: n_steps for name, (_, n_steps) in LANDSCAPES.items()},
        "n_starts": N_STARTS,
        "jitter": JITTER,
        "solved_below": SOLVED,
        "rejected_above": f"{TOO_HIGH:g} times the start",
        "toy": TOY,
        "toy_score": "mean batch loss of the last 20 steps, seed 0",
        "toy_schedule": "warm-up, then constant; gradients clipped to norm 1 for every optimizer",
        "never": "-1",
    }
    save("optimizer_table", arrays, PROGRAM, (SEED, *TOY_SEEDS[1:]), settings, CAVEATS)


if __name__ == "__main__":
    main()
