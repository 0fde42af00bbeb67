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
CLIMBING = 2000  # a step at which the unseen half is on its way up


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
    test_loss: np.ndarray
    norm: np.ndarray
    top_share: np.ndarray
    power: np.ndarray
    learned: np.ndarray
    grokked: np.ndarray


def grokking():
    """kind -> Grokking, and the spectrum of the untrained neurons (n_neurons, n_frequencies), and where from."""
    found = recordings.load("grokking")
    names = {
        "train": "train_accuracy", "test": "test_accuracy", "train_loss": "train_loss",
        "test_loss": "test_loss", "norm": "weight_norm", "top_share": "top_share", "power": "power",
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
    n_steps = found.provenance["settings"]["sweeps"]["n_steps"]
    rows = []
    for sweep, label in (
        ("decay_sweep", "decay {:g}, 35% of the sums"),
        ("share_sweep", "decay 1, {:.0%} of the sums"),
    ):
        part = found.part(sweep)
        for value, learned, grokked, end in zip(*(part[name] for name in SWEPT), strict=True):
            known = " and ".join(f"{step:,}" for step in learned)
            if (grokked < 0).all():
                last = f"not in {n_steps:,} ({' and '.join(f'{share:.0%}' for share in end.astype(float))})"
            else:
                last = " and ".join(f"{step:,}" for step in grokked)
            rows.append([label.format(value), known, last])
    return rows


SWEPT = ("values", "learned", "grokked", "accuracy")


@dataclass(frozen=True)
class Precisions:
    """Without decay, in 32 bits, in 64, and in 64 with a tiny ε: all (3, n_seeds, n) by steps; norm: of all weights."""

    steps: np.ndarray
    train_loss: np.ndarray
    test_accuracy: np.ndarray
    norm: np.ndarray


def precisions():
    """The recorded runs."""
    found = recordings.load("training_phases")
    return Precisions(
        found["steps"], found["train_loss"], found["test_accuracy"].astype(float), found["weight_norm"]
    )


@dataclass(frozen=True)
class HalfStart:
    """With decay, from weights half as long: all (n_seeds,), at the first step with every training sum right and with
    95% of the unseen ones: steps, lengths of the weights (and at the start), training losses.
    """

    start: np.ndarray
    steps: np.ndarray
    norm: np.ndarray
    train_loss: np.ndarray


def half_start():
    """The recorded runs, at two moments: HalfStart whose arrays but start are (2, n_seeds)."""
    found = recordings.load("grokking").part("half_start")
    reached = (found["train_accuracy"] >= 1, found["test_accuracy"] >= 0.95)
    places = np.array([[int(row.argmax()) for row in rows] for rows in reached])
    seeds = np.arange(places.shape[1])
    norm, loss = (found[name].astype(float)[seeds, places] for name in ("weight_norm", "train_loss"))
    return HalfStart(found["weight_norm"][:, 0].astype(float), found["steps"][places], norm, loss)


def by_heart():
    """Answers to unseen sums at step 300 (n_seeds, 3): the share of them that were seen in the same row or column of
    the table of sums, the same of all possible answers, and the share that is right.
    """
    return recordings.load("grokking")["by_heart"].astype(float)


# --- What a run costs ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """FLOPs of the toy's run. by_rule: 6 N D; counted: three times the forward products of every token; attention: what
    scores and mixing add, three times as well; padded: how many positions the program computes for each token, as it
    fills each text of a batch up to the longest.
    """

    n_vocab: int
    n_parameters: int
    n_tokens: int
    by_rule: float
    counted: float
    attention: float
    padded: float


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
    rows = np.random.default_rng(0).integers(0, len(texts), (settings["n_steps"], settings["n_batch"]))
    padded = (lengths[rows].max(axis=1) * settings["n_batch"]).sum() / lengths[rows].sum()
    return Budget(
        config.n_vocab, n, n_tokens, 6 * n * n_tokens, 3 * forward * n_tokens, 3 * attention * n_tokens, float(padded)
    )  # fmt: skip


# --- What the prose says -------------------------------------------------------------------------


def told_of_run(found):
    """Numbers for the prose on the language model."""
    mean, error = mean_and_error(found.held_out[:, -1])
    at = {int(step): i for i, step in enumerate(found.sample_steps)}
    return {
        "n_seeds": len(found.held_out),
        "start_loss": float(found.held_out[:, 0].mean()),
        "loss_100": float(found.held_out[:, found.steps.tolist().index(100)].mean()),
        "end_loss": mean,
        "end_error": error,
        "floor": found.floor,
        "spelled_0": float(found.spelled[at[0]]),
        "spelled_100": float(found.spelled[at[100]]),
        "grammatical_100": float(found.grammatical[at[100]]),
        "grammatical_300": float(found.grammatical[at[300]]),
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


MIDWAY, LATER = 1250, 6000  # steps that the prose speaks of


def told_of_grokking(kinds, exact, half, heart):
    """Numbers for the prose on grokking. exact, half, heart: the study's Precisions, HalfStart and by_heart."""
    decay, without = kinds["decay"], kinds["no_decay"]
    single, double, free = exact.train_loss
    zero, free_zero = ((run.max(axis=0) == 0).argmax() for run in (single, free))
    later = exact.steps.tolist().index(LATER)
    norms = exact.norm.mean(axis=1)
    above = [int(decay.steps[first_for_good(run > 1 / 29)]) for run in decay.test]
    middle = [int(decay.steps[first_for_good(run >= 0.5)]) for run in decay.test]
    worst = decay.test_loss.argmax(axis=1)
    learned = [norm[decay.steps == step][0] for norm, step in zip(decay.norm, decay.learned, strict=True)]
    return {
        "n_grokked": len(decay.grokked),
        "learned_low": int(decay.learned.min()),
        "learned_high": int(decay.learned.max()),
        "grokked_low": f"{decay.grokked.min():,}",
        "grokked_high": f"{decay.grokked.max():,}",
        "never_best": float(without.test.max()),
        "never_steps": f"{without.steps[-1]:,}",
        "chance_low": f"{round(min(above), -2):,}",
        "half_low": f"{min(middle):,}",
        "half_high": f"{max(middle):,}",
        "unseen_2000": float(decay.test[:, decay.steps == CLIMBING].mean()),
        "train_2000": 1e7 * decay.train_loss[:, decay.steps == CLIMBING].mean(),
        "climbing": f"{CLIMBING:,}",
        "train_end": 1e7 * decay.train_loss[:, -1].mean(),
        "test_start": float(decay.test_loss[:, 0].mean()),
        "test_worst": float(decay.test_loss.max(axis=1).mean()),
        "test_worst_low": int(decay.steps[worst].min()),
        "test_worst_high": int(decay.steps[worst].max()),
        "test_end": float(decay.test_loss[:, -1].mean()),
        "decay_steps": f"{decay.steps[-1]:,}",
        "heart_seen": heart[:, 0].mean(),
        "heart_chance": heart[:, 1].mean(),
        "midway": f"{MIDWAY:,}",
        "norm_start": f"{decay.norm[:, 0].mean():.0f}",
        "norm_midway": f"{decay.norm[:, decay.steps == MIDWAY].mean():.0f}",
        "norm_learned": f"{np.mean(learned):.0f}",
        "norm_decay": f"{decay.norm[:, -1].mean():.0f}",
        "norm_without": f"{without.norm[:, -1].mean():.0f}",
        "short_start": f"{half.start.mean():.0f}",
        "short_learned": f"{half.norm[0].mean():.0f}",
        "short_grokked": f"{half.norm[1].mean():.0f}",
        "short_loss": half.train_loss[0].mean(),
        "short_loss_grokked": scientific(half.train_loss[1].mean()),
        "top_decay": float(decay.top_share[:, -1].mean()),
        "top_start": float(decay.top_share[:, 0].mean()),
        "n_exact": exact.train_loss.shape[1],
        "zero_from": f"{exact.steps[zero]:,}",
        "later": f"{LATER:,}",
        "single_from": norms[0, zero],
        "single_later": norms[0, later],
        "double_from": norms[1, zero],
        "double_later": norms[1, later],
        "double_loss": scientific(double[:, -1].mean()),
        "double_best": float(exact.test_accuracy[1].max()),
        "double_steps": f"{exact.steps[-1]:,}",
        "free_zero": f"{exact.steps[free_zero]:,}",
        "free_from": f"{norms[2, free_zero]:.0f}",
        "free_end": f"{norms[2, -1]:.0f}",
        "free_best": float(exact.test_accuracy[2].max()),
    }


def told_of_budget(found):
    """Numbers for the prose on FLOPs."""
    smol = PUBLISHED["SmolLM2-135M"].n_parameters()
    return {
        "toy_parameters": f"{found.n_parameters:,}",
        "toy_vocabulary": found.n_vocab,
        "uniform": float(np.log(found.n_vocab)),
        "padding": found.padded - 1,
        "toy_tokens": f"{round(found.n_tokens, -4):,}",
        "rule": f"{found.by_rule / 1e12:.2f}",
        "counted": f"{found.counted / 1e12:.2f}",
        "with_attention": f"{(found.counted + found.attention) / 1e12:.2f}",
        "toy_ratio": f"{found.n_tokens / found.n_parameters:.0f}",
        "smol_ratio": f"{2e12 / smol:,.0f}",
        "smol_flops": f"{6 * smol * 2e12 / 1e21:.1f}",
    }
