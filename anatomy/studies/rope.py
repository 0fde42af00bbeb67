"""What the chapter on positions measures: clock hands, real scores by distance, a wrong pairing, distances never seen.

Chapter: book/rope.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.rope import rotate, scores_by_distance, wavelengths
from anatomy.studies import mean_and_error
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
DISTANCES = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024])


@dataclass(frozen=True)
class ByDistance:
    """Mean scaled scores by the distance from key to query.

    heads: (layer, head) -> (n_distances,), real queries and keys of 128 tokens paired at random. equal: the same for
    random vectors with q = k. random: for random q and k; error: its standard error over pairs.
    """

    distances: np.ndarray
    heads: dict
    equal: np.ndarray
    random: np.ndarray
    error: float
    n_pairs: int


def by_distance(model, heads=tuple(HEADS), n_tokens=128, n_pairs=600, seed=0):
    """What the score would be, were each key so many tokens before each query."""
    rng = np.random.default_rng(seed)
    trace = Trace("q", "k")
    model.forward(model.encode(novel())[:n_tokens], trace=trace)
    group = model.config.n_heads // model.config.n_kv_heads
    base, d_head = model.config.rope_base, model.config.d_head
    pairs = rng.integers(1, n_tokens, (2, n_pairs))  # the first token is a sink, and left out
    found = {}
    for layer, head in heads:
        q, k = trace["q"][layer, head].astype(float), trace["k"][layer, head // group].astype(float)
        found[layer, head] = scores_by_distance(q[pairs[0]], k[pairs[1]], DISTANCES, base)
    x, y = rng.standard_normal((2, n_pairs, d_head))
    spread = (x * y).sum(-1).std(ddof=1) / d_head**0.5 / n_pairs**0.5
    return ByDistance(
        DISTANCES, found, scores_by_distance(x, x, DISTANCES, base), scores_by_distance(x, y, DISTANCES, base),
        float(spread), n_pairs,
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

    losses (3 ways, n_gaps, n_texts, n_tokens); alone (n_texts, n_tokens): without that context.
    """

    gaps: list
    ways: list
    losses: np.ndarray
    alone: np.ndarray
    n_trained: int
    credit: str

    def means(self):
        """(3, n_gaps): means over texts and tokens; and the same of their standard errors over tokens."""
        flat = self.losses.reshape(*self.losses.shape[:2], -1)
        return flat.mean(axis=-1), flat.std(axis=-1, ddof=1) / flat.shape[-1] ** 0.5


def apart():
    """The recorded losses."""
    found = recordings.load("rope")
    return Apart(
        found["gaps"].tolist(), list(found.provenance["settings"]["ways"]), found["gap_losses"].astype(float),
        found["alone_losses"].astype(float), PUBLISHED["SmolLM2-135M"].n_context, found.credit(),
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
        "toy_here": toy_score(0, 3),
        "toy_there": toy_score(500, 3),
        "toy_apart": toy_score(0, 4),
    }


def told_of_distance(found):
    """Numbers for the prose on scores by distance."""
    looks = found.heads[16, 0]
    return {
        "looks_0": looks[0],
        "looks_1": looks[1],
        "looks_2": looks[2],
        "equal_0": found.equal[0],
        "equal_16": found.equal[DISTANCES.tolist().index(16)],
        "random_error": found.error,
        "random_most": float(abs(found.random).max()),
        "pairs_drawn": found.n_pairs,
    }


def told_of_pairings(found):
    """Numbers for the prose on the wrong pairing."""
    table = found.by_place()
    said = {"n_windows": found.losses.shape[1], "n_prompts": len(found.prompts)}
    for place, key, names in ((0, "near", ("right", "other")), (3, "far", ("right", "other", "none"))):
        for arm, name in enumerate(names):
            said[f"{name}_{key}"] = table[place, arm, 0]
    said["other_far_error"] = table[3, 1, 1]
    same = [a == b for a, b in zip(found.next_tokens[0], found.next_tokens[1], strict=True)]
    said["passed"] = sum(same)
    said["passed_none"] = sum(a == b for a, b in zip(found.next_tokens[0], found.next_tokens[2], strict=True))
    return said


def told_of_apart(found):
    """Numbers for the prose on distances that training never showed."""
    means, errors = found.means()
    at = {gap: i for i, gap in enumerate(found.gaps)}
    return {
        "n_trained": f"{found.n_trained:,}",
        "alone": float(found.alone.mean()),
        "gap_none": means[0, at[256]],
        "gap_trained": means[0, at[8192]],
        "gap_twice": means[0, at[16_384]],
        "gap_twice_error": errors[0, at[16_384]],
        "gap_most": means[0, at[65_536]],
        "pressed_least": means[1].min(),
        "pressed_most": means[1].max(),
        "base_32": means[2, at[32_768]],
        "base_64": means[2, at[65_536]],
    }
