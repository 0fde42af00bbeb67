"""What the chapter on the cache counts and reads from recordings: what fits, how fast at most, what forgetting costs.

Chapter: book/kv-cache.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings, tiny_tales
from anatomy.kv_cache import cache_bytes, flops
from anatomy.logits_and_sampling import softmax
from anatomy.model import PUBLISHED, forward
from anatomy.studies import TOGETHER, mean_and_error, scientific
from anatomy.studies.costs import parameters_read

MODELS = ("SmolLM2-135M", "Llama-2-7B", "Mistral-7B", "Llama-3-8B", "Llama-3-70B")
CARDS = {  # GB of memory, GB/s, FLOPs a second / 10¹² in 16 bits: round numbers
    "8 GB, 250 GB/s, 30 TFLOP/s": (8, 250, 30),
    "24 GB, 1,000 GB/s, 150 TFLOP/s": (24, 1000, 150),
    "80 GB, 3,000 GB/s, 900 TFLOP/s": (80, 3000, 900),
}
BITS = (16, 8, 4)


@dataclass(frozen=True)
class Serving:
    """Bytes of weights and of one text's cache, the largest batch that fits, and the least seconds of both phases.

    prompt, step: of all texts, FLOPs of the matrices, FLOPs of attention, bytes read, seconds that the arithmetic takes
    and seconds that the memory takes, at the least. A prompt is read whole; a step reads each text's cache once, and
    the weights once, but for an embedding that is nothing else. bound: tokens a second of steps, whose time is the
    longer of the two.
    """

    weights: float
    cache: float
    fits: bool
    largest: int
    prompt: tuple
    step: tuple
    bound: float


def serving(config, n_tokens, batch, bits, card):
    """What a card can do. n_tokens of context; bits a weight; card as in CARDS; the cache has 16 bits.

    >>> serving(PUBLISHED["Llama-3-8B"], 8192, 1, 16, (24, 1000, 150)).largest
    7
    """
    memory, bandwidth, speed = card
    weights = config.n_parameters() * bits / 8
    cache = cache_bytes(config, n_tokens)

    def phase(n_new, n_before, n_bytes):
        counted = flops(config, n_new, n_before)
        linear, attention = batch * counted["linear"], batch * counted["attention"]
        return linear, attention, n_bytes, (linear + attention) / (speed * 1e12), n_bytes / (bandwidth * 1e9)

    read = parameters_read(config) * bits / 8
    step = phase(1, n_tokens - 1, read + batch * cache)
    return Serving(
        weights,
        cache,
        weights + batch * cache <= memory * 1e9,
        max(0, int((memory * 1e9 - weights) // cache)),
        phase(n_tokens, 0, read),
        step,
        batch / max(step[3:]),
    )


@dataclass(frozen=True)
class Recorded:
    """SmolLM2 with and without its cache. seconds: context -> (with, without), medians of CPU seconds a token.

    spread: the largest range of one context's runs with it. rows: rows of one step -> median CPU seconds. products: the
    same for the matrices of all layers with one row, and for those of one layer as often. difference: the largest
    between logits. bandwidth: GB/s at which one thread reads memory. losses: (kept, first) -> (n_tokens,) nats on a
    novel; others: kept -> the same where the token with index `other` is kept instead of the first; whole: with all
    tokens kept; silent: the first and the last 63 kept, the value of the first at 0; newline: the same cache, the first
    token of the text a newline. skipped: the tokens before the first that is measured.
    """

    seconds: dict
    spread: float
    rows: dict
    products: tuple
    difference: float
    bandwidth: float
    losses: dict
    others: dict
    other: int
    silent: np.ndarray
    newline: np.ndarray
    whole: np.ndarray
    skipped: int
    credit: str


def recorded():
    """The recorded runs."""
    found = recordings.load("kv_cache")
    medians = [np.median(found[name].astype(float), axis=1) for name in ("with_cache", "without")]
    losses = {
        (int(kept), int(first)): found["kept_losses"][i, j].astype(float)
        for i, kept in enumerate(found["kept"])
        for j, first in enumerate(found["first"])
    }
    return Recorded(
        seconds={int(n): pair for n, *pair in zip(found["contexts"], *medians, strict=True)},
        spread=float(np.ptp(found["with_cache"], axis=1).max()),
        rows=dict(zip(found["at_once"].tolist(), np.median(found["rows"], axis=1).tolist(), strict=True)),
        products=tuple(np.median(found["products"], axis=1).tolist()),
        difference=float(found["difference"]),
        bandwidth=float(found["gigabytes_a_second"]),
        losses=losses,
        others=dict(zip(found["kept"].tolist(), found["other_losses"].astype(float), strict=True)),
        other=found.provenance["settings"]["other"],
        silent=found["silent_losses"].astype(float),
        newline=found["newline_losses"].astype(float),
        whole=found["whole_losses"].astype(float),
        skipped=found.provenance["settings"]["skip"] + 1,
        credit=found.credit(),
    )


# --- A table as a draft --------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """The toy's next-token distribution p at every token of some tales, and q, what a table of pairs would say."""

    p: np.ndarray
    q: np.ndarray

    @property
    def accepted(self):
        """How often a token drawn from q is kept, by token: the sum of the smaller of both."""
        return np.minimum(self.p, self.q).sum(axis=-1)


def draft(n_tales=24):
    """Both distributions on held-out tales."""
    toy = tiny_tales.load()
    layouts = [
        tiny_tales.as_texts(tales, toy.tokenizer)
        for tales in (tiny_tales.training_tales(), tiny_tales.held_out_tales())
    ]
    seen, held_out = layouts[0], layouts[1].pick(np.arange(n_tales))
    counts = np.full((toy.config.n_vocab, toy.config.n_vocab), 0.01)
    np.add.at(counts, (seen.inputs[seen.counts > 0], seen.targets[seen.counts > 0]), 1)
    logits = forward(toy.config, toy.weights, held_out.inputs)[held_out.counts > 0]
    table = counts / counts.sum(axis=-1, keepdims=True)
    return Draft(softmax(logits.astype(float)), table[held_out.inputs[held_out.counts > 0]])


# --- Costs ---------------------------------------------------------------------------------------


def cost_rows(names=MODELS, lengths=(1024, 8192, 131_072)):
    """For each model: name, kB of cache a token, GB at each length, and where the cache outweighs the weights."""
    rows = []
    for name in names:
        config = PUBLISHED[name]
        one = cache_bytes(config, 1)
        sizes = [f"{cache_bytes(config, n) / 1e9:.2f}" for n in lengths]
        even = "never" if config.window else f"{round(2 * config.n_parameters() / one, -3):,.0f}"
        rows.append([name, f"{one / 1000:.1f}", *sizes, even])
    return rows


# --- What the prose says -------------------------------------------------------------------------


def told_of_recorded(found):
    """Numbers for the prose on what was recorded."""
    smol = PUBLISHED["SmolLM2-135M"]
    weights = 4 * smol.n_parameters() / 1e9
    step = found.seconds[16][0]
    said = {
        "with_16": f"{1000 * found.seconds[16][0]:.0f}",
        "with_512": f"{1000 * found.seconds[512][0]:.0f}",
        "without_16": f"{1000 * found.seconds[16][1]:.0f}",
        "without_512": f"{1000 * found.seconds[512][1]:,.0f}",
        "difference": scientific(found.difference),
        "gflop": f"{sum(flops(smol, 1, 16).values()) / 1e9:.2f}",
        "two_rows": f"{found.rows[2] / found.rows[1]:.1f}",
        "sixteen_rows": f"{found.rows[16] / found.rows[1]:.1f}",
        "layers_ms": f"{1000 * found.products[0]:.0f}",
        "one_layer_ms": f"{1000 * found.products[1]:.0f}",
        "row_together": TOGETHER,
        "weights_gb": weights,
        "spread": f"{1000 * found.spread:.0f}",
        "bandwidth": f"{found.bandwidth:.0f}",
        "bound_ms": f"{1000 * weights / found.bandwidth:.0f}",
        "of_bound": f"{step * found.bandwidth / weights:.1f}",
        "n_evicted": len(found.whole),
        "n_skipped": found.skipped,
        "whole": f"{np.exp(found.whole.mean()):.1f}",
    }
    for kept, first in ((255, 0), (255, 1), (64, 0), (64, 1)):
        said[f"kept_{kept}_{first}"] = f"{np.exp(found.losses[kept, first].mean()):.1f}"
    for key, losses in (("row", found.losses[64, 1]), ("other", found.others[64])):
        said[key], said[f"{key}_error"] = mean_and_error(found.losses[64, 0] - losses, TOGETHER)
    said["four"], said["four_error"] = mean_and_error(found.losses[64, 4] - found.losses[64, 1], TOGETHER)
    pieces = (found.losses[64, 0] - found.losses[64, 1])[: len(found.whole) // TOGETHER * TOGETHER]
    said["row_least"], said["row_most"] = (f(pieces.reshape(-1, TOGETHER).mean(axis=1)) for f in (min, max))
    for key, losses in (("silent", found.silent), ("newline", found.newline)):
        said[f"ppl_{key}"] = f"{np.exp(losses.mean()):.1f}"
    said["silent_more"], said["silent_error"] = mean_and_error(found.silent - found.losses[64, 1], TOGETHER)
    return said


def share_of_attention(config, n):
    """Attention's share of the FLOPs of one more token, n tokens of context included."""
    step = flops(config, 1, n - 1)
    return step["attention"] / sum(step.values())


def told_of_counts():
    """Numbers for the prose on bytes and FLOPs."""
    llama, llama2 = PUBLISHED["Llama-3-8B"], PUBLISHED["Llama-2-7B"]
    card = CARDS["24 GB, 1,000 GB/s, 150 TFLOP/s"]
    one = serving(llama, 8192, 1, 16, card)
    mistral = PUBLISHED["Mistral-7B"]
    return {
        "llama_token": f"{cache_bytes(llama, 1) / 1000:.0f}",
        "llama2_token": f"{cache_bytes(llama2, 1) / 1000:.0f}",
        "llama_cache": one.cache / 1e9,
        "llama_weights": f"{one.weights / 1e9:.1f}",
        "largest": one.largest,
        "one_bound": f"{one.bound:.0f}",
        "full_bound": f"{serving(llama, 8192, one.largest, 16, card).bound:.0f}",
        "four_bound": f"{serving(llama, 8192, 1, 4, card).bound:.0f}",
        "prompt_tflops": f"{sum(one.prompt[:2]) / 1e12:.0f}",
        "prompt_arithmetic": one.prompt[3],
        "prompt_memory": one.prompt[4],
        "step_arithmetic": f"{1000 * one.step[3]:.2f}",
        "step_memory": f"{1000 * one.step[4]:.0f}",
        **{
            f"attention_{key}_{n}": share_of_attention(config, n)
            for key, config in (("smol", PUBLISHED["SmolLM2-135M"]), ("llama", llama))
            for n in (512, 8192)
        },
        "cache_share": one.cache / one.step[2],
        "mistral_texts": -(-2 * mistral.n_parameters() // cache_bytes(mistral, mistral.window)),
    }


def told_of_draft(found):
    """Numbers for the prose on speculative decoding."""
    kept, error = mean_and_error(found.accepted, TOGETHER)
    return {"draft_kept": kept, "draft_error": error, "n_draft": f"{len(found.p):,}"}
