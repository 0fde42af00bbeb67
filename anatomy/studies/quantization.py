"""What the chapter on quantization measures: an outlier in its group, SmolLM2 rounded anew, a block of its file, speed.

Chapter: book/quantization.md
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from anatomy import gguf, recordings, smollm2
from anatomy.kv_cache import cache_bytes
from anatomy.model import PUBLISHED
from anatomy.quantization import bits_per_weight, hadamard, quantize
from anatomy.studies import mean_and_error
from anatomy.studies.costs import parameters_read, part_costs

# --- An outlier ----------------------------------------------------------------------------------

N_WEIGHTS, AT = 32, 13  # the toy: a row of weights, and which of them is dragged
WEIGHTS = np.random.default_rng(15).normal(size=N_WEIGHTS).clip(-1.9, 1.9).round(1) / 2
SIZES = (32, 16, 8, 4)


@dataclass(frozen=True)
class WithOutlier:
    """neighbours: how many share the outlier's scale; used: their different codes; step: of their scale; error: mean of
    all the others. Where all numbers are turned first, used counts the codes of all and step is the mean of all scales.
    """

    neighbours: int
    used: int
    step: float
    error: float
    relative: float


def with_outlier(outlier, bits=4, group=32, symmetric=True, turned=False):
    """The toy's weights with one of them set to `outlier`, rounded, and read back."""
    x = WEIGHTS.copy()
    x[AT] = outlier
    q = quantize(hadamard(x) if turned else x, bits, group, symmetric)
    back = hadamard(q.dequantize()) if turned else q.dequantize()
    first = AT - AT % group
    mates = [i for i in range(first, first + group) if i != AT]
    others = np.arange(N_WEIGHTS) != AT
    error = float(np.abs(back - x)[others].mean())
    codes, scale = (q.codes, q.scales.mean()) if turned else (q.codes[mates], q.scales[first // group])
    return WithOutlier(
        len(mates), len(set(codes.tolist())), float(scale), error,
        error / float(np.abs(x)[others].mean()),
    )  # fmt: skip


# --- SmolLM2 rounded anew ------------------------------------------------------------------------

BITS, GROUPS, KINDS = (8, 4, 3, 2), ("tensor", "row", "32"), ("symmetric", "zero point")
SHIPPED, AGAIN, SHIFTED = "as shipped", "Q4_1 again", "Q4_1, blocks shifted"
N_CONTROLS = 6  # the last ways: each differs in one thing from another; no figure or table has them


@dataclass(frozen=True)
class Requantized:
    """SmolLM2's matrices stored in several ways.

    losses (n_ways, n_windows, n_tokens): of each token after the first of its window. matrix_bytes (n_ways,) of the
    layers' matrices, scales included. moved (n_ways,): length of what rounding changed, as a share of the weights'.
    """

    ways: list
    losses: np.ndarray
    matrix_bytes: np.ndarray
    moved: np.ndarray
    n_weights: int
    credit: str

    def perplexity(self):
        """Each way's perplexity, and the perplexities one standard error of its mean loss below and above."""
        means, errors = np.transpose([mean_and_error(losses.mean(axis=1)) for losses in self.losses])
        return np.exp(means), np.exp(means - errors), np.exp(means + errors)

    def change(self, way, than=SHIPPED):
        """Mean difference of two ways' losses on the same tokens, and its standard error over windows."""
        difference = self.losses[self.ways.index(way)] - self.losses[self.ways.index(than)]
        return mean_and_error(difference.mean(axis=1))

    def per_weight(self):
        """Bits that a weight of the matrices takes, its share of the scales included."""
        return self.matrix_bytes * 8 / self.n_weights


def requantized():
    """The recorded losses."""
    found = recordings.load("quantization")
    config = PUBLISHED["SmolLM2-135M"]
    costs = part_costs(config)
    return Requantized(
        list(found.provenance["settings"]["ways"]), found["losses"].astype(float), found["matrix_bytes"],
        found["moved"], costs["attention"].parameters + costs["feed-forward"].parameters, found.credit(),
    )  # fmt: skip


# --- The shipped file ----------------------------------------------------------------------------


@cache
def shipped():
    """Weights and bytes of each type of tensor in the file: type -> (tensors, weights, bytes)."""
    sizes = {}
    for tensor in gguf.read(smollm2.find()).tensors.values():
        n, weights, n_bytes = sizes.get(tensor.type, (0, 0, 0))
        sizes[tensor.type] = n + 1, weights + int(np.prod(tensor.shape)), n_bytes + tensor.data.size
    return sizes


# --- Time for a token ----------------------------------------------------------------------------

# A machine that is nobody's: it reads so many bytes and does so many FLOPs a second.
BANDWIDTH, SPEED = 1e12, 1.5e14


def seconds(config, per_weight, batch):
    """Seconds that one step of `batch` sequences takes at least: reading the weights it needs, and the arithmetic.

    Leaves out caches, activations and the work of turning codes back into numbers.
    """
    reading = parameters_read(config) * per_weight / 8 / BANDWIDTH
    arithmetic = batch * sum(cost.flops for cost in part_costs(config).values()) / SPEED
    return reading, arithmetic


def balance(config, per_weight):
    """The number of sequences from which on arithmetic takes longer than reading."""
    reading, arithmetic = seconds(config, per_weight, 1)
    return reading / arithmetic


def cache_even(config):
    """The number of tokens from which on reading a text's cache, 16 bits a number, takes longer than its arithmetic.

    The arithmetic is that of the matrices.
    """
    return seconds(config, 16, 1)[1] / (cache_bytes(config, 1) / BANDWIDTH)


# --- What the prose says -------------------------------------------------------------------------


def told_of_outlier():
    """Numbers for the prose on the outlier."""
    calm, wild, small, turned = (
        with_outlier(0.9), with_outlier(8.0), with_outlier(8.0, group=8), with_outlier(8.0, turned=True)
    )  # fmt: skip
    return {
        "calm_used": calm.used,
        "calm_error": f"{calm.relative:.0%}",
        "wild_used": wild.used,
        "wild_error": f"{wild.relative:.0%}",
        "small_error": f"{small.relative:.0%}",
        "small_bits": bits_per_weight(4, 8),
        "turned_error": f"{turned.relative:.0%}",
        "calm_turned": f"{with_outlier(0.9, turned=True).relative:.0%}",
        "half_error": f"{with_outlier(0.5).relative:.0%}",
        "half_turned": f"{with_outlier(0.5, turned=True).relative:.0%}",
    }


def told_of_requantized(found):
    """Numbers for the prose on SmolLM2 rounded anew."""
    mean, low, high = (dict(zip(found.ways, values, strict=True)) for values in found.perplexity())
    said = {
        "n_ways": len(found.ways) - 1 - N_CONTROLS,
        "n_windows": found.losses.shape[1],
        "n_losses": f"{found.losses[0].size:,}",
        "ppl_shipped": mean[SHIPPED],
        "ppl_low": low[SHIPPED],
        "ppl_high": high[SHIPPED],
    }
    for key, way in {
        "8_row": "8 bits, row, symmetric",
        "4_32": "4 bits, 32, symmetric",
        "mx": "MXFP4",
        "nv": "NVFP4",
        "nf": "NF4",
        "shifted": SHIFTED,
    }.items():
        said[f"change_{key}"], said[f"error_{key}"] = found.change(way)
    for key, way in {
        "4_row": "4 bits, row, symmetric",
        "4_32": "4 bits, 32, symmetric",
        "4_zero": "4 bits, 32, zero point",
        "3_32": "3 bits, 32, symmetric",
        "3_zero": "3 bits, 32, zero point",
        "4_16": "4 bits, 16, symmetric",
        "3_16": "3 bits, 16, symmetric",
        "kept": "4 bits, tensor, a thousandth kept",
    }.items():
        said[f"ppl_{key}"] = mean[way]
    said["nv_nf"], said["nv_nf_error"] = found.change("NVFP4", than="NF4")
    said["change_again"], _ = found.change(AGAIN)
    said["n_read"] = found.losses.shape[2] + 1
    for key, way, than in (
        ("nf_even", "4 bits, 32, symmetric", "NF4"),
        ("nv_even", "4 bits, 32, symmetric", "NVFP4"),
        ("mx_up", "MXFP4", "MXFP4, scale up"),
        ("mx_any", "MXFP4", "MXFP4, any scale"),
        ("turned_row", "4 bits, one a row, turned", "4 bits, row, symmetric"),
        ("turned_32", "4 bits, one for 32, turned", "4 bits, 32, symmetric"),
    ):
        said[key], said[f"{key}_error"] = found.change(way, than=than)
    said["change_axis"], _ = found.change("4 bits, 32, other axis")
    for key, way in (("mx", "MXFP4"), ("up", "MXFP4, scale up")):
        said[f"moved_{key}"] = float(found.moved[found.ways.index(way)])
    said["ppl_4_tensor"] = f"{round(mean['4 bits, tensor, symmetric'], -5):,.0f}"
    return said


def told_of_file():
    """Numbers for the prose on the shipped file."""
    sizes = shipped()
    n_bytes = sum(size[2] for size in sizes.values())
    weights = sum(size[1] for size in sizes.values())
    return {
        "file_mb": n_bytes / 1e6,
        "file_bits": n_bytes * 8 / weights,
        "q4_tensors": sizes["Q4_1"][0],
        "q4_millions": sizes["Q4_1"][1] / 1e6,
        "q8_mb": sizes["Q8_0"][2] / 1e6,
    }


def told_of_speed(config=PUBLISHED["Llama-3-8B"]):
    """Numbers for the prose on time."""
    (read_16, work), (read_4, _) = seconds(config, 16, 1), seconds(config, 4.5, 1)
    return {
        "read_16": 1000 * read_16,
        "read_4": 1000 * read_4,
        "work_1": 1000 * work,
        "balance_16": round(balance(config, 16)),
        "balance_4": round(balance(config, 4.5)),
        "cache_even": f"{round(cache_even(config), -1):.0f}",
    }
