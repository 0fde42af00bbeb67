"""What the chapter on queries, keys and values measures: a toy of five tokens, one real head, scores that grow with d.

Chapter: book/qkv.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.qkv import attend_in_steps, causal_mask, project, softmax_rows
from anatomy.studies import mean_and_error, signed

# --- The toy -------------------------------------------------------------------------------------

TOKENS = ("red", "car", "hit", "blue", "boat")
FEATURES = ("thing", "colour", "warm", "cold")
X = np.array([[0.0, 1, 1, 0], [1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]])
W_Q = np.array([[3.0, 0], [0, 1], [0, 0], [0, 0]])
W_K = np.array([[0.0, 1], [2, 0], [0, -0.5], [0, 0.5]])
W_V = np.array([[0.0, 0], [0, 0], [1, 0], [0, 1]])


def toy(x=X, masked=True):
    """Attention over the toy, step by step."""
    return attend_in_steps(*project(x, W_Q, W_K, W_V), causal_mask(len(x)) if masked else None)


def toy_rows():
    """Each token's numbers, query, key and value, as words."""
    q, k, v = project(X, W_Q, W_K, W_V)

    def words(vector):
        return "(" + ", ".join(signed(number, "g") for number in vector) + ")"

    return [[token, *map(words, row)] for token, *row in zip(TOKENS, X, q, k, v, strict=True)]


# --- Scores that grow ----------------------------------------------------------------------------

DIMENSIONS = tuple(2**i for i in range(11))
N_KEYS, N_DRAWS = 16, 400


@dataclass(frozen=True)
class Saturation:
    """Attention of random queries to 16 random keys, by the number of entries.

    spread (n_d,): standard deviation of a score. largest, slope (2, n_d): the mean largest weight and the mean
    p (1 - p) of it, without and with the division by √d; error: of the first, over draws. sorted (2, n_d, n_keys): mean
    weights, largest first. along (2, n_d, n): the slope of the largest weight along q · k, draw by draw. over_d (n_d,):
    the mean largest weight with a division by d.
    """

    dimensions: tuple
    spread: np.ndarray
    largest: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    sorted: np.ndarray
    along: np.ndarray
    over_d: np.ndarray
    n: int


def saturation(dimensions=DIMENSIONS, n_keys=N_KEYS, n=N_DRAWS, seed=0):
    """Draw queries and keys with entries of mean 0 and variance 1, n times for each number of entries."""
    rng = np.random.default_rng(seed)
    spread, largest, error, slope, ordered, along, over_d = [], [], [], [], [], [], []
    for d in dimensions:
        q, k = rng.standard_normal((n, 1, d)), rng.standard_normal((n, n_keys, d))
        scores = (q @ k.swapaxes(1, 2))[:, 0]
        spread.append(scores.std())
        row = []
        for divisor in (1, d**0.5):
            weights = np.sort(softmax_rows(scores / divisor), axis=-1)[:, ::-1]
            top = weights[:, 0]
            steep = top * (1 - top)
            row.append((*mean_and_error(top), steep.mean(), weights.mean(0), steep / divisor))
        kept = largest, error, slope, ordered, along
        for found, values in zip(kept, zip(*row, strict=True), strict=True):
            found.append(values)
        over_d.append(softmax_rows(scores / d).max(-1).mean())
    return Saturation(
        dimensions, np.array(spread), np.array(largest).T, np.array(error).T, np.array(slope).T,
        np.array(ordered).swapaxes(0, 1), np.array(along).swapaxes(0, 1), np.array(over_d), n,
    )  # fmt: skip


# --- Three matrices ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kinds:
    """Held-out losses of the toy with three matrices a head, and with one of them replaced: name -> (n_seeds,)."""

    losses: dict
    n_steps: int
    n_held_out: int
    credit: str


def kinds():
    """The recorded runs."""
    found = recordings.load("qkv")
    settings = found.provenance["settings"]
    losses = dict(zip(settings["kinds"], found["held_out_losses"].astype(float), strict=True))
    return Kinds(losses, settings["run"]["n_steps"], settings["n_held_out"], found.credit())


# --- A real head ---------------------------------------------------------------------------------

SENTENCE = "The red car hit the blue boat"
HEAD = (11, 1)


@dataclass(frozen=True)
class Head:
    """One head of SmolLM2 on one sentence: tokens, q and k after the rotation by position, scores over √d, weights."""

    tokens: list
    q: np.ndarray
    k: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    layer: int
    head: int


def real_head(model, text=SENTENCE, place=HEAD):
    """Read a sentence and keep what one head multiplied."""
    layer, head = place
    ids = model.encode(text)
    trace = Trace("q_rotated", "k_rotated", "scores", "weights")
    model.forward(ids, trace=trace)
    shared = head // (model.config.n_heads // model.config.n_kv_heads)
    return Head(
        [model.decode([i]) for i in ids],
        trace["q_rotated"][layer, head].astype(float),
        trace["k_rotated"][layer, shared].astype(float),
        trace["scores"][layer, head].astype(float),
        trace["weights"][layer, head].astype(float),
        layer,
        head,
    )


# --- Costs ---------------------------------------------------------------------------------------

LENGTHS = (1024, 8192, 131_072)


def attention_flops(config, n_tokens):
    """FLOPs of all layers for the last of n tokens: of q, k, v and the output matrix, and of scores and mixing."""
    d_q, d_kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    products = 2 * config.d_model * (2 * d_q + 2 * d_kv)
    return config.n_layers * products, config.n_layers * 4 * d_q * n_tokens


def cost_rows(names=("SmolLM2-135M", "Llama-2-7B", "Llama-3-8B"), lengths=LENGTHS):
    """For each model: name, MFLOPs of its matrices, MFLOPs of scores and mixing by length, and where both are equal."""
    rows = []
    for name in names:
        config = PUBLISHED[name]
        fixed, per_token = attention_flops(config, 1)
        rows.append([
            name, f"{fixed / 1e6:,.0f}", *(f"{attention_flops(config, n)[1] / 1e6:,.0f}" for n in lengths),
            f"{round(fixed / per_token):,}",
        ])  # fmt: skip
    return rows


# --- What the prose says -------------------------------------------------------------------------


def told_of_toy():
    """Numbers for the prose on the toy."""
    causal, free = toy(), toy(masked=False)
    return {
        "score": f"{causal.scores[1, 0]:g}",
        "scaled": causal.scaled[1, 0],
        "raised": f"{np.exp(causal.scaled[1, 0]):.0f}",
        "car_red": causal.weights[1, 0],
        "boat_red": causal.weights[4, 0],
        "boat_blue": causal.weights[4, 3],
        "car_blue_free": free.weights[1, 3],
    }


def told_of_saturation(found):
    """Numbers for the prose on scores that grow with d."""
    at, later = (found.dimensions.index(d) for d in (64, 256))
    (plain, plain_error), (scaled, scaled_error) = (mean_and_error(slopes) for slopes in found.along[:, at])
    low, high = np.quantile(found.along[:, at], (0.1, 0.9), axis=-1)
    less = found.along[0] < found.along[1]
    return {
        "n_draws": found.n,
        "n_keys": found.sorted.shape[-1],
        "spread": f"{found.spread[at]:.0f}",
        "plain_largest": found.largest[0, at],
        "plain_error": found.error[0, at],
        "scaled_largest": found.largest[1, at],
        "scaled_error": found.error[1, at],
        "plain_slope": plain,
        "plain_slope_error": plain_error,
        "scaled_slope": scaled,
        "scaled_slope_error": scaled_error,
        "plain_low": low[0],
        "plain_high": high[0],
        "scaled_low": low[1],
        "scaled_high": high[1],
        "less_here": less[at].mean(),
        "less_later": less[later].mean(),
        "less_error": mean_and_error(less[later])[1],
        "over_d": found.over_d[at],
        "even": 1 / found.sorted.shape[-1],
    }


def told_of_kinds(found):
    """Numbers for the prose on the three matrices."""
    said = {"n_seeds": len(found.losses["q = k"]), "n_steps": found.n_steps}
    for key, name in (("three", "three matrices"), ("same", "q = k"), ("raw", "v = x")):
        said[key], said[f"{key}_error"] = mean_and_error(found.losses[name])
    return said


def told_of_head(found):
    """Numbers for the prose on the real head."""
    the, hit, car, boat, blue = (
        found.tokens.index(f" {word}") for word in ("the", "hit", "car", "boat", "blue")
    )
    products = found.q[boat] * found.k[blue]
    return {
        "d_head": found.q.shape[1],
        "boat_sum": f"{products.sum():.1f}",
        "boat_scaled": products.sum() / found.q.shape[1] ** 0.5,
        "boat_raised": np.exp(found.scores[boat, blue]),
        "boat_row": np.exp(found.scores[boat, : boat + 1]).sum(),
        "boat_weight": found.weights[boat, blue],
        "the_hit": found.weights[the, hit],
        "hit_car": found.weights[hit, car],
    }
