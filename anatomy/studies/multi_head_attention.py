"""What the chapter on many heads measures: 270 heads of SmolLM2, the toy without some of its eight, what a head holds.

Most of it is recorded by experiments/multi_head_attention.py. Chapter: book/multi-head-attention.md
"""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.multi_head_attention import attention_parameters, sink_score
from anatomy.studies import TOGETHER, mean_and_error
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
    starts: how many heads give more than half to the first token where the novel begins at another word, word by word.
    ids: of the novel; champion_sink (n_tokens - 1,): what the head best at induction gives to its first token there.
    """

    scores: dict
    errors: dict
    maps: np.ndarray
    n_layers: int
    n_heads: int
    sentence: str
    n_seeds: int
    starts: list
    ids: np.ndarray
    champion_sink: np.ndarray
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
        found.provenance["settings"]["sentence"], len(found["induction"]),
        (found["start_sinks"] > 0.5).sum(axis=(1, 2)).tolist(), found["novel_ids"],
        found["novel_best_sinks"][0].astype(float), found.credit(),
    )  # fmt: skip


def copyable(ids):
    """Of each token after the first: whether it stood before, and whether what comes next followed it then as well.

    >>> [flags.tolist() for flags in copyable([7, 8, 7, 8, 7])]
    [[False, True, True, True], [False, True, True, False]]
    """
    ids = [int(i) for i in ids]
    seen = [ids[i] in ids[:i] for i in range(1, len(ids))]
    pairs = list(pairwise(ids))
    right = [pairs[i] in pairs[:i] for i in range(1, len(pairs))]
    return np.array(seen), np.array([*right, False])


@dataclass(frozen=True)
class Silenced:
    """Losses with the eight heads silenced that are best at induction, on the texts on which they were not chosen.

    first, copy: arm -> (n_texts,) nats on the first and on the second copy of random tokens; right: share guessed in
    the second; reading: arm -> nats on the novel. The arms "matched" (eight others of the same layers) and "random"
    (from anywhere) have a leading axis for draws. extra (n_tokens,): nats more on each token of the novel without the
    eight. sets: the heads of each random draw.
    alone: one head that looks at the token before, silenced -> (n_texts,) loss on the second copy. looks: the same, and
    None for no head -> (n_texts,) mean induction score of the eight. average: loss and score with the average of the
    first of them in its place.
    """

    first: dict
    copy: dict
    right: dict
    reading: dict
    extra: np.ndarray
    chosen: list
    sets: list
    alone: dict
    looks: dict
    average: tuple


def silenced():
    """The recorded losses."""
    found = recordings.load("multi_head_attention")
    n, others = len(found["random"]), slice(1, None)  # the heads were chosen on the first text
    arms = {"whole": 0, "without": 1, "averaged": 2, "random": slice(3, n + 3), "matched": slice(n + 3, None)}

    def by_arm(name):
        return {arm: found[name].astype(float)[place] for arm, place in arms.items()}

    first, copy, right = (
        {arm: values[..., others] for arm, values in by_arm(name).items()}
        for name in ("first_losses", "copy_losses", "copy_right")
    )
    heads = [tuple(map(int, head)) for head in found["before"]]
    losses = found["before_losses"].astype(float)[:, others]
    looks = found["before_looks"].astype(float).mean(axis=2)[:, others]
    whole, without = found["novel_token_losses"].astype(float)
    return Silenced(
        first, copy, right, by_arm("novel_losses"), without - whole,
        chosen=[tuple(map(int, head)) for head in found["silenced"]],
        sets=[sorted((int(layer), int(head)) for layer, head in heads) for heads in found["random"]],
        alone=dict(zip(heads, losses, strict=False)),
        looks=dict(zip([None, *heads], looks, strict=False)),
        average=(losses[-1], looks[-1]),
    )  # fmt: skip


@dataclass(frozen=True)
class Toy:
    """The toy's loss on held-out tales for every set of silenced heads: (2 ** n,), bit by bit from the left.

    by_tale (n + 3, n_tales): the loss on each tale with all heads, without each of them, without either layer.
    """

    losses: np.ndarray
    by_tale: np.ndarray
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


def toy(averaged=False):
    """The recorded losses; averaged: with heads replaced by their average instead of zeros."""
    found = recordings.load("multi_head_attention")
    losses = found["toy_losses"].astype(float)[int(averaged)]
    n = int(np.log2(len(losses)))
    return Toy(
        losses,
        found["toy_tale_losses"].astype(float)[int(averaged)],
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


def named(heads):
    """Heads as layer.head, for prose."""
    return ", ".join(f"{layer}.{head}" for layer, head in heads)


def told_of_heads(found):
    """Numbers for the prose on the 270 heads."""
    scores, best = found.scores, found.order("induction")[0]
    layer, head = found.place(best)
    before, error = found.order("previous")[0], found.errors["induction"]
    seen, right = copyable(found.ids)
    said = {
        "n_heads": len(found.maps),
        "n_texts": found.n_seeds,
        "champion": f"head {head} of layer {layer}",
        "champion_score": scores["induction"][best],
        "champion_error": error[best],
        "champion_sink": scores["novel_sink"][best],
        "n_above": int((scores["induction"] - error > 0.5).sum()),
        "n_near": int((abs(scores["induction"] - 0.5) <= error).sum()),
        "n_low": int((scores["induction"] < 0.1).sum()),
        "before_head": "head {1} of layer {0}".format(*found.place(before)),
        "before_score": scores["previous"][before],
        "before_novel": scores["novel_previous"][before],
        "ours": scores["previous"][11 * found.n_heads + 1],
        "ours_novel": scores["novel_previous"][11 * found.n_heads + 1],
        "sinks_alike": np.corrcoef(scores["sink"], scores["novel_sink"])[0, 1],
        "before_alike": np.corrcoef(scores["previous"], scores["novel_previous"])[0, 1],
        "n_sinks": int((scores["novel_sink"] > 0.5).sum()),
        "n_starts": len(found.starts),
        "starts_low": min(found.starts),
        "starts_high": max(found.starts),
    }
    for name, kind in (("new", ~seen), ("seen", seen), ("right", right)):
        said[f"sink_{name}"], said[f"sink_{name}_error"] = mean_and_error(found.champion_sink[kind])
        said[f"n_{name}"] = int(kind.sum())
    return said


def told_of_silenced(found, n_vocab=PUBLISHED["SmolLM2-135M"].n_vocab):
    """Numbers for the prose on heads that are silenced."""
    draws, whole = found.copy["random"].mean(axis=1), found.copy["whole"].mean()
    said = {
        "n_draws": len(draws),
        "n_measured": len(found.copy["whole"]),
        "chosen": named(found.chosen),
        "even_guess": np.log(n_vocab),
        "copy_first": found.first["whole"].mean(),
        "right_whole": found.right["whole"].mean(),
        "right_without": found.right["without"].mean(),
        "copy_matched": found.copy["matched"].mean(),
        "copy_random": float(np.median(draws)),
        "copy_high": draws.max(),
        "n_dear": int((draws > whole + 1).sum()),
        "looks_average": found.average[1].mean(),
        "worst_has": named(found.sets[int(draws.argmax())]),
        "read_matched": (found.reading["matched"] - found.reading["whole"]).mean(),
    }
    measured = {
        "copy_whole": found.copy["whole"],
        "copy_without": found.copy["without"],
        "copy_averaged": found.copy["averaged"],
        "copy_before": found.alone[16, 0],
        "copy_next": found.alone[11, 1],
        "looks_whole": found.looks[None],
        "looks_before": found.looks[16, 0],
        "looks_next": found.looks[11, 1],
    }
    said["read_harm"], said["read_harm_error"] = mean_and_error(found.extra, TOGETHER)
    for name, values in measured.items():
        said[name], said[f"{name}_error"] = mean_and_error(values)
    return said


def told_of_toy(found, averaged):
    """Numbers for the prose on the toy's heads. found, averaged: Toys, with heads silenced and with heads averaged."""
    half = len(found.heads) // 2
    first, second = range(half), range(half, 2 * half)
    single = [found.without(i) - found.without() for i in range(2 * half)]
    errors = [mean_and_error(losses - found.by_tale[0])[1] for losses in found.by_tale[1:]]
    return {
        "toy_whole": found.without(),
        "toy_tales": found.n_tales,
        "toy_all": float(recordings.load("tiny_tales")["held_out_losses"][0, -1]),
        "toy_least": min(single),
        "toy_most": max(single),
        "toy_single_error": max(errors[: 2 * half]),
        "toy_second": found.without(*second) - found.without(),
        "toy_second_error": errors[-1],
        "toy_second_sum": sum(single[i] for i in second),
        "toy_first": found.without(*first) - found.without(),
        "toy_first_error": errors[-2],
        "toy_first_sum": sum(single[i] for i in first),
        "toy_second_averaged": averaged.without(*second) - averaged.without(),
        "toy_second_averaged_sum": sum(averaged.without(i) - averaged.without() for i in second),
    }


def told_of_sinks(found):
    """Numbers for the prose on what the first token holds."""
    return {"sinks_here": found.n, "sink_ratio": found.ratio, "rest_ratio": found.ratio_rest}
