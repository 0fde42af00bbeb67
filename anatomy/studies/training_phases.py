"""What the chapter on training reads from recorded runs: a language model, few data, grokking; and what a run costs.

Chapter: book/training-phases.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings, tiny_tales
from anatomy.model import PUBLISHED
from anatomy.studies import first_for_good, mean_and_error, scientific
from anatomy.studies.costs import part_costs

# --- A language model ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """The toy language model as it trains. steps (n,); train, held_out (n_seeds, n); floor: the entropy of these tales.

    sample_steps, samples, spelled, grammatical: at some steps a few tales it tells, and the shares of its words that
    are words and of its tales that the grammar could have told.
    """

    steps: np.ndarray
    train: np.ndarray
    held_out: np.ndarray
    floor: float
    sample_steps: np.ndarray
    samples: list
    spelled: np.ndarray
    grammatical: np.ndarray
    n_steps: int
    n_batch: int
    credit: str


def run():
    """The recorded run."""
    found = recordings.load("tiny_tales")
    settings = found.provenance["settings"]["main"]
    return Run(
        found["marks"], found["train_losses"].astype(float), found["held_out_losses"].astype(float),
        float(found["floor"]), found["sample_marks"], found["samples"].tolist(), found["spelled"].astype(float),
        found["grammatical"].astype(float), settings["n_steps"], settings["n_batch"], found.credit(),
    )  # fmt: skip


@dataclass(frozen=True)
class Few:
    """The same model on few tales: train and held_out (n_sizes, n) by steps (n,); floors: of the training tales."""

    sizes: list
    steps: np.ndarray
    train: np.ndarray
    held_out: np.ndarray
    train_floors: np.ndarray
    floor: float
    credit: str


def few():
    """The recorded runs."""
    found = recordings.load("tiny_tales")
    return Few(
        found["sizes"].tolist(), found["size_marks"], found["size_train_losses"].astype(float),
        found["size_held_out_losses"].astype(float), found["size_train_floors"], float(found["floor"]), found.credit(),
    )  # fmt: skip


# --- Grokking ------------------------------------------------------------------------------------

KINDS = ("decay", "no_decay")


@dataclass(frozen=True)
class Grokking:
    """Learning to add modulo p, one kind of run: steps (n,), all else (n_seeds, n) but for power (n_seeds, n_neurons,
    n_frequencies): the share of each frequency in each neuron at the end. learned, grokked: the first step with every
    training sum right, and with 95 % of the unseen ones; -1 for never.
    """

    steps: np.ndarray
    train: np.ndarray
    test: np.ndarray
    train_loss: np.ndarray
    norm: np.ndarray
    top_share: np.ndarray
    power: np.ndarray
    learned: np.ndarray
    grokked: np.ndarray


def grokking():
    """kind -> Grokking, and the spectrum of the untrained neurons (n_neurons, n_frequencies), and where from."""
    found = recordings.load("grokking")
    names = {
        "train": "train_accuracy", "test": "test_accuracy", "train_loss": "train_loss", "norm": "weight_norm",
        "top_share": "top_share", "power": "power",
    }  # fmt: skip
    kinds = {}
    for kind in KINDS:
        part = found.part(kind)
        arrays = {field: part[name].astype(float) for field, name in names.items()}
        kinds[kind] = Grokking(
            steps=part["steps"], learned=part["learned"], grokked=part["grokked"], **arrays
        )
    return kinds, found["start/power"].astype(float), found.credit()


def sweep_rows():
    """How soon a network groks, by weight decay and by the share of sums that it trains on, as words."""
    found = recordings.load("grokking")
    rows = []
    for sweep, label in (
        ("decay_sweep", "decay {:g}, 35 % of the sums"),
        ("share_sweep", "decay 1, {:.0%} of the sums"),
    ):
        for value, steps, end in zip(
            found[f"{sweep}/values"],
            found[f"{sweep}/grokked"],
            found[f"{sweep}/accuracy"].astype(float),
            strict=True,
        ):
            words = ["never" if step < 0 else f"{step:,}" for step in steps]
            rows.append(
                [
                    label.format(value).replace("%", " %").replace("  %", " %"),
                    *words,
                    *(f"{share:.0%}" for share in end),
                ]
            )
    return rows


@dataclass(frozen=True)
class Precisions:
    """Without decay, in 32 bits, in 64, and in 64 with a tiny ε: train_loss, test_accuracy (3, n_seeds, n) by steps."""

    steps: np.ndarray
    train_loss: np.ndarray
    test_accuracy: np.ndarray


def precisions():
    """The recorded runs."""
    found = recordings.load("training_phases")
    return Precisions(found["steps"], found["train_loss"], found["test_accuracy"].astype(float))


# --- What a run costs ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """FLOPs of the toy's run. by_rule: 6 N D; counted: three times the forward products of every token; attention: what
    scores and mixing add, three times as well.
    """

    n_parameters: int
    n_tokens: int
    by_rule: float
    counted: float
    attention: float


def budget():
    """6 · N · D for the toy's main run, and the same counted."""
    settings = recordings.load("tiny_tales").provenance["settings"]["main"]
    tales = tiny_tales.training_tales()
    tokenizer = tiny_tales.Tokenizer.learn(tales)
    texts = tiny_tales.as_texts(tales, tokenizer)
    config = tiny_tales.config(len(tokenizer.ranks))
    lengths = texts.counts.sum(axis=1)
    n_tokens = int(settings["n_steps"] * settings["n_batch"] * lengths.mean())
    forward = sum(cost.flops for cost in part_costs(config).values())
    # a token at place i meets i + 1 keys, with 2 FLOPs for the score and 2 for the mixture in each entry
    met = (lengths * (lengths + 1) / 2).sum() / lengths.sum()
    attention = config.n_layers * 4 * config.n_heads * config.d_head * met
    n = config.n_parameters()
    return Budget(n, n_tokens, 6 * n * n_tokens, 3 * forward * n_tokens, 3 * attention * n_tokens)


# --- What the prose says -------------------------------------------------------------------------


def told_of_run(found):
    """Numbers for the prose on the language model."""
    mean, error = mean_and_error(found.held_out[:, -1])
    at = {int(step): i for i, step in enumerate(found.sample_steps)}
    return {
        "n_seeds": len(found.held_out),
        "start_loss": float(found.held_out[:, 0].mean()),
        "uniform": float(np.log(192)),
        "loss_100": float(found.held_out[:, found.steps.tolist().index(100)].mean()),
        "end_loss": mean,
        "end_error": error,
        "floor": found.floor,
        "spelled_100": float(found.spelled[at[100]]),
        "grammatical_100": float(found.grammatical[at[100]]),
        "grammatical_end": float(found.grammatical[-1]),
    }


def told_of_few(found):
    """Numbers for the prose on few tales."""
    least = found.held_out[0].argmin()
    return {
        "few": found.sizes[0],
        "few_train": found.train[0, -1],
        "few_floor": float(found.train_floors[0]),
        "few_least": found.held_out[0, least],
        "few_least_step": int(found.steps[least]),
        "few_end": found.held_out[0, -1],
        "many": f"{found.sizes[-1]:,}",
        "many_end": found.held_out[-1, -1],
    }


def told_of_grokking(kinds, exact):
    """Numbers for the prose on grokking. exact: the study's Precisions."""
    decay, without = kinds["decay"], kinds["no_decay"]
    single, double, free = exact.train_loss
    above = [int(decay.steps[first_for_good(run > 1 / 29)]) for run in decay.test]
    half = [int(decay.steps[first_for_good(run >= 0.5)]) for run in decay.test]
    return {
        "n_grokked": len(decay.grokked),
        "learned_low": int(decay.learned.min()),
        "learned_high": int(decay.learned.max()),
        "grokked_low": f"{decay.grokked.min():,}",
        "grokked_high": f"{decay.grokked.max():,}",
        "never_best": float(without.test.max()),
        "never_steps": f"{without.steps[-1]:,}",
        "chance_low": f"{round(min(above), -2):,}",
        "half_low": f"{min(half):,}",
        "half_high": f"{max(half):,}",
        "unseen_2000": float(decay.test[:, decay.steps == 2000].mean()),
        "norm_1250": f"{decay.norm[:, decay.steps == 1250].mean():.0f}",
        "norm_learned": f"{decay.norm[:, decay.steps == 140].mean():.0f}",
        "norm_decay": f"{decay.norm[:, -1].mean():.0f}",
        "norm_without": f"{without.norm[:, -1].mean():.0f}",
        "top_decay": float(decay.top_share[:, -1].mean()),
        "top_start": float(decay.top_share[:, 0].mean()),
        "zero_from": f"{exact.steps[(single.max(axis=0) == 0).argmax()]:,}",
        "double_loss": scientific(double[:, -1].mean()),
        "double_best": float(exact.test_accuracy[1].max()),
        "double_steps": f"{exact.steps[-1]:,}",
        "free_zero": f"{exact.steps[(free.max(axis=0) == 0).argmax()]:,}",
        "free_best": float(exact.test_accuracy[2].max()),
    }


def told_of_budget(found):
    """Numbers for the prose on FLOPs."""
    smol = PUBLISHED["SmolLM2-135M"].n_parameters()
    return {
        "toy_parameters": f"{found.n_parameters:,}",
        "toy_tokens": f"{round(found.n_tokens, -4):,}",
        "rule": f"{found.by_rule / 1e12:.2f}",
        "counted": f"{found.counted / 1e12:.2f}",
        "with_attention": f"{(found.counted + found.attention) / 1e12:.2f}",
        "toy_ratio": f"{found.n_tokens / found.n_parameters:.0f}",
        "smol_ratio": f"{2e12 / smol:,.0f}",
        "smol_flops": f"{6 * smol * 2e12 / 1e21:.1f}",
    }
