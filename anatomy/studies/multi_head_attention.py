"""What the chapter on many heads measures: 270 heads of SmolLM2, the toy without some of its eight, what a head holds.

Most of it is recorded by experiments/multi_head_attention.py. Chapter: book/multi-head-attention.md
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.multi_head_attention import attention_parameters, sink_score
from anatomy.studies import mean_and_error
from anatomy.tokenization import novel

SCORES = {
    "induction": "induction, repeated random tokens",
    "previous": "the token before, random tokens",
    "sink": "the first token, random tokens",
    "novel_previous": "the token before, a novel",
    "novel_sink": "the first token, a novel",
}


@dataclass(frozen=True)
class Heads:
    """Scores of every head: name -> (n_heads_in_all,), layer by layer; errors: of the mean over seeds, where there are
    several. maps (n_heads_in_all, n_pairs): weights on one sentence, 0 … 255, row by row without the later tokens.
    """

    scores: dict
    errors: dict
    maps: np.ndarray
    n_layers: int
    n_heads: int
    sentence: str
    n_seeds: int
    credit: str

    def place(self, i):
        """(layer, head) of one of them."""
        return divmod(int(i), self.n_heads)

    def order(self, score):
        """All heads, the largest score first; equal ones, to two digits, layer by layer."""
        return np.argsort(-self.scores[score].round(2), kind="stable")


def heads():
    """The recorded scores and maps."""
    found = recordings.load("multi_head_attention")
    scores, errors = {}, {}
    for name in SCORES:
        values = found[name].astype(float)
        if values.ndim == 3:
            errors[name] = (values.std(axis=0, ddof=1) / len(values) ** 0.5).ravel()
            values = values.mean(axis=0)
        scores[name] = values.ravel()
    n_layers, n_heads, n_pairs = found["maps"].shape
    return Heads(
        scores, errors, found["maps"].reshape(-1, n_pairs), n_layers, n_heads,
        found.provenance["settings"]["sentence"], len(found["induction"]), found.credit(),
    )  # fmt: skip


@dataclass(frozen=True)
class Silenced:
    """Losses with eight heads silenced. copy: arm -> (n_texts,) nats on repeated random tokens; right: share guessed;
    random (n_draws, n_texts): the same for random heads. reading: arm -> nats on the novel; reading_random (n_draws,).
    sets: the (layer, head) of each draw. before: a head that looks at the token before, silenced alone -> (n_texts,).
    """

    copy: dict
    right: dict
    random: np.ndarray
    random_right: np.ndarray
    reading: dict
    reading_random: np.ndarray
    chosen: list
    sets: np.ndarray
    before: dict


def silenced():
    """The recorded losses."""
    found = recordings.load("multi_head_attention")
    losses, right, read = (
        found[name].astype(float) for name in ("copy_losses", "copy_right", "novel_losses")
    )
    arms = ("whole", "without")
    return Silenced(
        copy=dict(zip(arms, losses[:2], strict=True)),
        right=dict(zip(arms, right[:2], strict=True)),
        random=losses[2:],
        random_right=right[2:],
        reading=dict(zip(arms, read[:2], strict=True)),
        reading_random=read[2:],
        chosen=[tuple(map(int, pair)) for pair in found["silenced"]],
        sets=found["random"],
        before={
            tuple(map(int, head)): values.astype(float)
            for head, values in zip(found["before"], found["before_losses"], strict=True)
        },
    )


@dataclass(frozen=True)
class Toy:
    """The toy's loss on held-out tales for every set of silenced heads: (2 ** n,), bit by bit from the left."""

    losses: np.ndarray
    heads: list
    n_tales: int
    credit: str

    def without(self, *silent):
        """The loss without these heads, given by their numbers from 0."""
        n = len(self.heads)
        return float(self.losses[sum(1 << (n - 1 - i) for i in silent)])

    def sets(self):
        """For every set of two or more heads: how much its harm exceeds the sum of its heads' single harms."""
        numbers = range(len(self.heads))
        whole, single = self.without(), [self.without(i) for i in numbers]
        return [
            self.without(*silent) - whole - sum(single[i] - whole for i in silent)
            for n in numbers[1:]
            for silent in combinations(numbers, n + 1)
        ]


def toy():
    """The recorded losses."""
    found = recordings.load("multi_head_attention")
    losses = found["toy_losses"].astype(float)
    n = int(np.log2(len(losses)))
    return Toy(
        losses,
        [(i // (n // 2), i % (n // 2)) for i in range(n)],
        found.provenance["settings"]["n_tales"],
        found.credit(),
    )


@dataclass(frozen=True)
class Sinks:
    """Heads of the real model that give token 0 more than half, on the novel: their number n. ratio, ratio_rest: the
    median length of the value at token 0, as a share of the mean length at the others, in those heads and in the rest.
    """

    n: int
    ratio: float
    ratio_rest: float


def sinks(model, n_tokens=128):
    """What the token that so many heads look at has to give."""
    ids = model.encode(novel())[:n_tokens]
    trace = Trace("weights", "v")
    model.forward(ids, trace=trace)
    share = sink_score(trace["weights"].astype(float))
    group = model.config.n_heads // model.config.n_kv_heads
    lengths = np.linalg.norm(trace["v"].astype(float), axis=-1).repeat(group, axis=1)
    ratio = lengths[..., 0] / lengths[..., 1:].mean(axis=-1)
    held = share > 0.5
    return Sinks(int(held.sum()), float(np.median(ratio[held])), float(np.median(ratio[~held])))


# --- Sharing keys and values ---------------------------------------------------------------------

MODELS = ("SmolLM2-135M", "GPT-2", "Llama-2-7B", "Llama-3-8B", "Llama-2-70B")


def sharing(config, n_kv_heads):
    """Parameters of attention in all layers, and bytes of keys and values for a token at 16 bits."""
    parameters = attention_parameters(config.d_model, config.n_heads, n_kv_heads, config.d_head)
    return config.n_layers * sum(parameters.values()), config.n_layers * 2 * n_kv_heads * config.d_head * 2


def sharing_rows(names=MODELS):
    """For each model: name, query heads, key-value heads, kB a token with as many key heads, as published, with one."""
    rows = []
    for name in names:
        config = PUBLISHED[name]
        sizes = [sharing(config, n)[1] / 1000 for n in (config.n_heads, config.n_kv_heads, 1)]
        rows.append([name, config.n_heads, config.n_kv_heads, *(f"{size:,.1f}" for size in sizes)])
    return rows


# --- What the prose says -------------------------------------------------------------------------


def told_of_sharing(name="Llama-3-8B"):
    """Kilobytes of keys and values for a token, as published and with a key head for every query head."""
    config = PUBLISHED[name]
    kept, unshared = (sharing(config, n)[1] / 1000 for n in (config.n_kv_heads, config.n_heads))
    return {"kept": f"{kept:.0f}", "unshared": f"{unshared:.0f}"}


def told_of_heads(found):
    """Numbers for the prose on the 270 heads."""
    best = found.order("induction")[0]
    layer, head = found.place(best)
    before = found.order("previous")[0]
    return {
        "n_heads": len(found.maps),
        "n_texts": found.n_seeds,
        "champion": f"head {head} of layer {layer}",
        "champion_score": found.scores["induction"][best],
        "champion_error": found.errors["induction"][best],
        "champion_sink": found.scores["novel_sink"][best],
        "above_half": int((found.scores["induction"] > 0.5).sum()),
        "before_head": "head {1} of layer {0}".format(*found.place(before)),
        "before_score": found.scores["previous"][before],
        "before_novel": found.scores["novel_previous"][before],
        "ours": found.scores["previous"][11 * found.n_heads + 1],
        "n_sinks": int((found.scores["novel_sink"] > 0.5).sum()),
    }


def told_of_silenced(found):
    """Numbers for the prose on heads that are silenced."""
    draws = found.random.mean(axis=1)
    worst = int(draws.argmax())
    return {
        "n_draws": len(draws),
        "copy_whole": mean_and_error(found.copy["whole"])[0],
        "copy_whole_error": mean_and_error(found.copy["whole"])[1],
        "copy_without": mean_and_error(found.copy["without"])[0],
        "copy_without_error": mean_and_error(found.copy["without"])[1],
        "right_whole": float(found.right["whole"].mean()),
        "right_without": float(found.right["without"].mean()),
        "copy_random": float(np.median(draws)),
        "copy_high": float(draws.max()),
        "worst_has": ", ".join(
            f"{layer}.{head}" for layer, head in sorted(map(tuple, found.sets[worst].tolist()))
        ),
        "copy_before": mean_and_error(found.before[16, 0])[0],
        "copy_before_error": mean_and_error(found.before[16, 0])[1],
        "copy_next": mean_and_error(found.before[11, 1])[0],
        "read_harm": found.reading["without"] - found.reading["whole"],
        "read_random": float(np.mean(found.reading_random) - found.reading["whole"]),
    }


def told_of_toy(found):
    """Numbers for the prose on the toy's heads."""
    single = [found.without(i) - found.without() for i in range(len(found.heads))]
    half = len(found.heads) // 2
    first, second = range(half), range(half, 2 * half)
    return {
        "toy_whole": found.without(),
        "toy_tales": found.n_tales,
        "toy_least": min(single),
        "toy_most": max(single),
        "toy_second": found.without(*second) - found.without(),
        "toy_second_sum": sum(single[i] for i in second),
        "toy_first": found.without(*first) - found.without(),
        "toy_first_sum": sum(single[i] for i in first),
    }


def told_of_sinks(found):
    """Numbers for the prose on what the first token holds."""
    return {"sinks_here": found.n, "sink_ratio": found.ratio, "rest_ratio": found.ratio_rest}
