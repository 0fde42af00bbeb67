"""What the chapter on positions measures: clock hands, real scores by distance, a wrong pairing, distances never seen.

Chapter: book/rope.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.rope import frequencies, rotate, scores_by_distance, wavelengths
from anatomy.studies import TOGETHER, mean_and_error, signed
from anatomy.tokenization import novel

# --- Clock hands ---------------------------------------------------------------------------------

D_HEAD = 16  # of the toy: eight pairs
Q = np.array([1.4, 0.3, 1.0, -0.9, 0.8, 1.0, 1.2, 0.2, 0.6, -1.0, 0.9, 0.7, 1.1, 0.1, 0.5, 1.0])
K = np.array([1.1, 0.8, 1.2, -0.2, 0.3, 1.3, 1.0, -0.5, 0.9, -0.6, 1.0, 0.2, 0.8, 0.7, 0.9, 0.6])


def toy_score(position, distance, base=10_000.0):
    """q · k of the toy, with the key at `position` and the query `distance` later."""
    q, k = rotate(Q[None], [position + distance], base), rotate(K[None], [position], base)
    return float((q * k).sum())


# --- Real scores by distance ---------------------------------------------------------------------

HEADS = {
    (16, 0): "looks one back",
    (18, 6): "copies",
    (2, 1): "looks one back, early",
    (10, 4): "one of no name",
}
EDGES = np.array(
    [*range(65), 65, 81, 97, 113, 129, 161, 193, 225, 257, 321, 385, 449, 513, 641, 769, 897, 1025]
)
N_STRETCHES = 8  # of neighbouring tokens, left out in turn for the standard error
NEAR, FAR = slice(0, 8), slice(256, 1024)  # distances compared in all heads


@dataclass(frozen=True)
class ByDistance:
    """Mean scaled scores by the distance from key to query, one distance a row up to 64, bands of them beyond.

    bands (n_bands, 2): first and last distance. heads: (layer, head) -> (n_bands, 3): mean, least and most of the
    band's scores, each query of a text with each key. errors: (layer, head) -> (n_bands,), standard errors of the
    means. equal: the same as heads for random vectors with q = k, equal_errors: standard errors over pairs; random:
    for random q and k, error: its standard error over pairs. fades (n_layers, n_heads): the mean score at NEAR minus
    that at FAR.
    """

    bands: np.ndarray
    heads: dict
    errors: dict
    equal: np.ndarray
    equal_errors: np.ndarray
    random: np.ndarray
    error: float
    fades: np.ndarray
    n_tokens: int
    n_pairs: int

    def at(self, distance):
        """The row of a distance."""
        return int(np.searchsorted(EDGES, distance, side="right")) - 1


def banded(scores):
    """Scores at every distance from 0 -> mean, least and most of each band: (n_bands, 3)."""
    starts = EDGES[:-1]
    means = np.add.reduceat(scores, starts) / np.diff(EDGES)
    return np.stack([means, np.minimum.reduceat(scores, starts), np.maximum.reduceat(scores, starts)], axis=1)


def by_distance(model, heads=tuple(HEADS), n_tokens=128, n_pairs=600, seed=0):
    """What the score would be, were each key so many tokens before each query.

    The mean over all pairs of a query and a key is the score of the mean query and the mean key.
    """
    config = model.config
    base, d_head = config.rope_base, config.d_head
    every = np.arange(EDGES[-1])

    def scores(q, k):
        return scores_by_distance(q.mean(axis=0)[None], k.mean(axis=0)[None], every, base)

    trace = Trace("q", "k")
    model.forward(model.encode(novel())[:n_tokens], trace=trace)
    q = trace["q"][:, :, 1:].astype(float)  # the first token is a sink, and left out
    k = trace["k"][:, :, 1:].astype(float).repeat(config.n_heads // config.n_kv_heads, axis=1)
    stretches = np.array_split(np.arange(n_tokens - 1), N_STRETCHES)
    found, errors = {}, {}
    for head in heads:
        found[head] = banded(scores(q[head], k[head]))
        without = [
            banded(scores(np.delete(q[head], some, axis=0), np.delete(k[head], some, axis=0)))[:, 0]
            for some in stretches
        ]
        errors[head] = np.std(without, axis=0) * (N_STRETCHES - 1) ** 0.5  # the jackknife
    fades = [
        [s[NEAR].mean() - s[FAR].mean() for s in map(scores, *layer)] for layer in zip(q, k, strict=True)
    ]
    x, y = np.random.default_rng(seed).standard_normal((2, n_pairs, d_head))
    equal = [banded(scores_by_distance(v[None], v[None], every, base))[:, 0] for v in x]
    spread = (x * y).sum(-1).std(ddof=1) / d_head**0.5 / n_pairs**0.5
    return ByDistance(
        np.stack([EDGES[:-1], EDGES[1:] - 1], axis=1), found, errors,
        banded(scores_by_distance(x, x, every, base)), np.std(equal, axis=0, ddof=1) / n_pairs**0.5,
        banded(scores_by_distance(x, y, every, base)), float(spread), np.array(fades), n_tokens - 1, n_pairs,
    )  # fmt: skip


# --- The bug that passes the smoke test ----------------------------------------------------------

PLACES = {"1 to 4": (0, 4), "5 to 16": (4, 16), "17 to 64": (16, 64), "65 to 127": (64, 127)}


@dataclass(frozen=True)
class Pairings:
    """SmolLM2 with the right pairing, the other one, and no rotation.

    losses (3 arms, n_windows, n_tokens - 1). next_tokens: arm -> a token for each prompt.
    """

    arms: list
    losses: np.ndarray
    prompts: list
    next_tokens: list
    credit: str

    def by_place(self):
        """For each range of PLACES, each arm's mean loss and its standard error over windows: (n_places, 3, 2)."""
        return np.array([
            [mean_and_error(arm[:, low:high].mean(axis=1)) for arm in self.losses] for low, high in PLACES.values()
        ])  # fmt: skip

    def costs(self, arm, place):
        """How much more an arm's loss is than the right pairing's in a range of PLACES: mean and error over windows."""
        low, high = PLACES[place]
        more = self.losses[arm] - self.losses[0]
        return mean_and_error(more[:, low:high].mean(axis=1))


def pairings():
    """The recorded losses."""
    found = recordings.load("rope")
    settings = found.provenance["settings"]
    return Pairings(
        list(settings["arms"]), found["arm_losses"].astype(float), list(settings["prompts"]),
        found["next_tokens"].tolist(), found.credit(),
    )  # fmt: skip


# --- Further than trained ------------------------------------------------------------------------


@dataclass(frozen=True)
class Apart:
    """Loss on 256 tokens whose context, 256 tokens, lies ever further back.

    losses (3 ways, n_gaps, n_texts, n_tokens); alone (n_texts, n_tokens): without that context. pairs (2, n_texts,
    n_tokens): as trained, but with the slow pairs alone at `far`, the others as with the context right before, and with
    the fast ones alone; first (2, n_texts, n_tokens): with the first n_first tokens of the context alone, at `far`.
    """

    gaps: list
    ways: list
    losses: np.ndarray
    alone: np.ndarray
    pairs: np.ndarray
    first: np.ndarray
    n_first: list
    far: int
    factor: int
    n_trained: int
    credit: str

    def means(self):
        """(3, n_gaps): means over texts and tokens; and the same of their standard errors."""
        return by_gap(self.losses)

    def harms(self):
        """(3, n_gaps): how much more the loss is than without context, token by token: means; and standard errors."""
        return by_gap(self.losses - self.alone)


def by_gap(losses):
    """Losses (3, n_gaps, n_texts, n_tokens) -> means and errors (3, n_gaps) each, these over stretches of tokens."""
    found = [[mean_and_error(tokens.ravel(), TOGETHER) for tokens in way] for way in losses]
    return np.moveaxis(np.array(found), -1, 0)


def apart():
    """The recorded losses."""
    found = recordings.load("rope")
    settings = found.provenance["settings"]
    losses = [found[f"{name}_losses"].astype(float) for name in ("gap", "alone", "pair", "first")]
    return Apart(
        found["gaps"].tolist(), list(settings["ways"]), *losses, list(settings["first"]), settings["far"],
        settings["factor"], PUBLISHED["SmolLM2-135M"].n_context, found.credit(),
    )  # fmt: skip


# --- What the prose says -------------------------------------------------------------------------


def told_of_hands():
    """Numbers for the prose on the rotation."""
    smol = PUBLISHED["SmolLM2-135M"]
    turns = wavelengths(smol.d_head, smol.rope_base)
    return {
        "n_pairs": smol.d_head // 2,
        "fastest": f"{turns[0]:.1f}",
        "slowest": f"{round(turns[-1], -3):,.0f}",
        "slow_share": int((turns > smol.n_context).sum()),
        "still_pairs": int((smol.n_context / turns < 1 / 12).sum()),
        "toy_here": toy_score(0, 3),
        "toy_there": toy_score(500, 3),
        "toy_apart": toy_score(0, 4),
    }


def told_of_distance(found):
    """Numbers for the prose on scores by distance."""
    looks, low_high = found.heads[16, 0][:, 0], np.percentile(found.fades, [25, 75])
    return {
        "looks_0": signed(looks[0], ".1f"),
        "looks_1": signed(looks[1], ".1f"),
        "looks_2": signed(looks[2], ".1f"),
        "looks_16": signed(looks[16], ".1f"),
        "looks_20": signed(looks[20], ".1f"),
        "looks_error": found.errors[16, 0][16],
        "n_heads": found.fades.size,
        "fade_heads": int((found.fades > 0).sum()),
        "fade_median": float(np.median(found.fades)),
        "fade_low": low_high[0],
        "fade_high": low_high[1],
        "equal_0": found.equal[0, 0],
        "equal_16": found.equal[16, 0],
        "random_error": found.error,
        "random_most": float(abs(found.random).max()),
        "tokens_paired": found.n_tokens + 1,
        "pairs_drawn": found.n_pairs,
    }


def told_of_pairings(found):
    """Numbers for the prose on the wrong pairing."""
    table = found.by_place()
    said = {"n_windows": found.losses.shape[1], "n_prompts": len(found.prompts), "none_far": table[3, 2, 0]}
    for place, key in (("1 to 4", "near"), ("65 to 127", "far")):
        row = list(PLACES).index(place)
        said[f"right_{key}"], said[f"other_{key}"] = table[row, :2, 0]
        said[f"costs_{key}"], said[f"costs_{key}_error"] = found.costs(1, place)
    said["passed"] = sum(a == b for a, b in zip(found.next_tokens[0], found.next_tokens[1], strict=True))
    said["passed_none"] = sum(a == b for a, b in zip(found.next_tokens[0], found.next_tokens[2], strict=True))
    return said


def told_of_apart(found):
    """Numbers for the prose on distances that training never showed."""
    means, errors = found.means()
    harms, harm_errors = found.harms()
    at = {gap: i for i, gap in enumerate(found.gaps)}
    smol = PUBLISHED["SmolLM2-135M"]
    d = smol.d_head
    larger = smol.rope_base * found.factor ** (d / (d - 2))
    said = {
        "n_trained": f"{found.n_trained:,}",
        "alone": float(found.alone.mean()),
        "gap_none": means[0, at[256]],
        "gap_twice": means[0, at[found.far]],
        "gap_twice_error": errors[0, at[found.far]],
        "gap_most": means[0, at[65_536]],
        "pressed_least": means[1].min(),
        "pressed_most": means[1].max(),
        "base_32": means[2, at[32_768]],
        "base_64": means[2, at[65_536]],
        "slowed_most": found.factor,
        "slowed_middle": (frequencies(d, smol.rope_base) / frequencies(d, larger))[d // 4],
        "together": TOGETHER,
        "n_first": found.n_first[1],
        "n_half": found.losses.shape[-1] + 1,
    }
    for name, way, gap in (
        ("harm_none", 0, 256), ("harm_half", 0, 4096), ("harm_trained", 0, 8192), ("base_harm_32", 2, 32_768),
    ):  # fmt: skip
        said[name] = signed(harms[way, at[gap]], "+.2f")
        said[f"{name}_error"] = harm_errors[way, at[gap]]
    controls = zip(
        ("slow_far", "fast_far", "first_alone", "first_some"), (*found.pairs, *found.first), strict=True
    )
    for name, losses in controls:
        said[name], said[f"{name}_error"] = mean_and_error(losses.ravel(), TOGETHER)
    return said
