"""What the chapter on optimizers measures: edges of stability, rates tuned on one grid, what the toy says.

Chapter: book/optimizers.md
"""

from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED
from anatomy.optimizers import OPTIMIZERS, descend, quadratic
from anatomy.recordings import Recording
from anatomy.studies import mean_and_error

NAMES = ["SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW"]
BETA = 0.9
EDGES = {"SGD": 2.0, "momentum": 2 * (1 + BETA), "Nesterov": 2 * (1 + BETA) / (1 + 2 * BETA)}
BUFFERS = {"SGD": 0, "momentum": 1, "Nesterov": 1, "RMSProp": 1, "Adam": 2, "AdamW": 2}


def make(name, lr):
    """An optimizer as the chapter uses it: RMSProp with alpha 0.9, all others by default."""
    return OPTIMIZERS[name](lr, **({"alpha": 0.9} if name == "RMSProp" else {}))


def diverges(name, lr, condition=100.0, n_steps=2000):
    """Whether a run on the valley ends higher than where it began, or at infinity."""
    values = descend(make(name, lr), quadratic(condition), (-4.0, 1.0), n_steps)[1]
    return not values[-1] < values[0]


def found_edge(name, condition=100.0, n_halvings=12):
    """The rate at which runs on the valley begin to diverge, by bisection between 0 and 5/condition."""
    low, high = 0.0, 5 / condition
    for _ in range(n_halvings):
        middle = (low + high) / 2
        low, high = (low, middle) if diverges(name, middle, condition) else (middle, high)
    return (low + high) / 2


def edge_rows(condition=100.0):
    """Optimizer, edge by formula, edge by bisection: rows of words."""
    rows = [[name, f"{EDGES[name] / condition:.4f}", f"{found_edge(name, condition):.4f}"] for name in EDGES]
    return rows + [[name, "none by curvature alone", "none looked for"] for name in NAMES[3:]]


def tuned_rates():
    """The best rates of the recorded grid, for the valley and for Rosenbrock, in the order of NAMES."""
    table = recordings.load("optimizer_table")
    landscapes, names = table["landscapes"].tolist(), table["optimizers"].tolist()
    return [
        [float(table["best_rates"][landscapes.index(land), names.index(name)]) for name in NAMES]
        for land in ("valley", "Rosenbrock")
    ]


def toy_rows():
    """Optimizer, best rate, held-out loss as mean ± standard error over seeds, range: rows of words."""
    table = recordings.load("optimizer_table")
    rows = []
    for name, rate, losses in zip(
        table["optimizers"].tolist(), table["toy_best_rates"], table["toy_held_out_losses"], strict=True
    ):
        spread = f"{losses.min():.2f} to {losses.max():.2f}"
        mean, error = mean_and_error(losses)
        rows.append([name, f"{rate:g}", f"{mean:.2f} ± {error:.2f}", spread])
    return rows


def toy_overlaps():
    """How many pairs of the toy's optimizers have ranges over seeds that overlap, and how many pairs there are."""
    losses = recordings.load("optimizer_table")["toy_held_out_losses"]
    pairs = list(combinations(losses, 2))
    return sum(a.min() <= b.max() and b.min() <= a.max() for a, b in pairs), len(pairs)


@dataclass(frozen=True)
class Muon:
    """Muon against AdamW on the toy: rows of the table, the paired gain (nats, its error), how many seeds gained,
    and after how many of n_steps Muon's mean batch loss, smoothed over 5, is AdamW's last.

    control: the mean loss and its error with momentum scaled instead of orthogonalised; above: how far, with its
    error, it lies above AdamW; worse: for how many seeds.
    """

    rows: list
    gain: float
    gain_error: float
    better: int
    n_seeds: int
    reached: int
    n_steps: int
    control: tuple
    above: tuple
    worse: int


def muon():
    """The recorded comparison; rates count as good within 0.05 nats of the rule's best, on the tuning seed."""
    found = recordings.load("muon")
    rows = []
    for rule, best, scores, losses in zip(
        found["rules"].tolist(), found["best_rates"], found["scores"], found["held_out_losses"], strict=True
    ):
        good = found["rates"][scores < scores.min() + 0.05]
        mean, error = mean_and_error(losses)
        rows.append(
            [
                {"scaled": "control"}.get(rule, rule),
                f"{best:g}",
                f"{good.min():g} to {good.max():g}",
                f"{mean:.3f} ± {error:.3f}",
            ]
        )
    adamw, orthogonalised, scaled = found["held_out_losses"].astype(float)
    gains, above = adamw - orthogonalised, scaled - adamw
    first, second, _ = (
        np.convolve(curve, np.ones(5) / 5, "valid") for curve in found["batch_losses"].mean(axis=1)
    )
    return Muon(
        rows,
        *mean_and_error(gains),
        better=int((gains > 0).sum()),
        n_seeds=len(gains),
        reached=int((second <= first[-1]).argmax()) + 5,
        n_steps=len(first) + 4,
        control=mean_and_error(scaled),
        above=mean_and_error(above),
        worse=int((above > 0).sum()),
    )


def state_rows():
    """Optimizer, numbers kept per parameter, bytes per parameter in float32, MB for SmolLM2: rows of words."""
    n = PUBLISHED["SmolLM2-135M"].n_parameters()
    rows = [[name, str(k), str(4 * k), f"{4 * k * n / 1e6:,.0f}"] for name, k in BUFFERS.items()]
    matrices, rest = muon_state()
    both = "Muon, with AdamW for the embedding and the gains"
    return [*rows, [both, "1 or 2", "4 or 8", f"{matrices + rest:,.0f}"]]


def muon_state():
    """MB that Muon keeps for the matrices of SmolLM2's layers, and AdamW for the rest of it."""
    config = PUBLISHED["SmolLM2-135M"]
    in_matrices = config.n_layers * sum(
        prod(shape) for shape in config.layer_shapes().values() if len(shape) == 2
    )
    return 4 * in_matrices / 1e6, 8 * (config.n_parameters() - in_matrices) / 1e6


@dataclass(frozen=True)
class Sharpness:
    """rates (r,). at (n,): steps. sharpness, losses (r, n). rises (r,): steps in which the loss rose."""

    rates: np.ndarray
    at: np.ndarray
    sharpness: np.ndarray
    losses: np.ndarray
    rises: np.ndarray
    credit: str


def sharpness():
    """The recorded runs of the network with 25 parameters."""
    found: Recording = recordings.load("optimizers")
    keys = ("rates", "at", "sharpness", "losses", "rises")
    return Sharpness(*(found[key] for key in keys), found.credit())


def told_of_sharpness(found, run=2, fast=3):
    """Numbers for the prose on the edge that moves. found: Sharpness; run, fast: two of its rates."""
    return {
        "net_edge": float(2 / found.rates[run]),
        "net_first": float(found.sharpness[run][0]),
        "net_last": float(found.sharpness[run][-1]),
        "net_rises": f"{int(found.rises[run]):,}",
        "net_steps": f"{int(found.at[-1]):,}",
        "net_fast_edge": float(2 / found.rates[fast]),
        "net_fast_loss": float(found.losses[fast][-1]),
        "net_fast_times": float(found.losses[fast][-1] / found.losses[run][-1]),
    }


def noise_of_batches(n_examples=200, sizes=(1, 4, 16, 64), n_draws=20_000, seed=0):
    """Size of batch -> spread of the mean slope of a batch, slopes drawn from a normal distribution of spread 1."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=n_examples)
    slopes = (slopes - slopes.mean()) / slopes.std()
    return {k: float(rng.choice(slopes, (n_draws, k)).mean(axis=1).std()) for k in sizes}
