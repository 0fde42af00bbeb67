"""What the chapter on quantization measures: an outlier in its group, SmolLM2 rounded anew, a block of its file, speed.

Chapter: book/quantization.md
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from anatomy import gguf, recordings, smollm2
from anatomy.model import PUBLISHED
from anatomy.quantization import E2M1, bits_per_weight, hadamard, nearest_level, quantize, round_in_blocks
from anatomy.studies import mean_and_error
from anatomy.studies.costs import part_costs

# --- An outlier ----------------------------------------------------------------------------------

N_WEIGHTS, AT = 32, 13  # the toy: a row of weights, and which of them is dragged
WEIGHTS = np.random.default_rng(15).normal(size=N_WEIGHTS).clip(-1.9, 1.9).round(1) / 2
SIZES = (32, 16, 8, 4)


@dataclass(frozen=True)
class WithOutlier:
    """neighbours: how many share the outlier's scale; used: their different codes; error: mean of all the others."""

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
    return WithOutlier(
        len(mates), len(set(q.codes[mates].tolist())), float(q.scales[first // group]), error,
        error / float(np.abs(x)[others].mean()),
    )  # fmt: skip


# --- SmolLM2 rounded anew ------------------------------------------------------------------------

BITS, GROUPS, KINDS = (8, 4, 3, 2), ("tensor", "row", "32"), ("symmetric", "zero point")
SHIPPED, AGAIN, SHIFTED = "as shipped", "Q4_1 again", "Q4_1, blocks shifted"


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


def moved_by_scales(x):
    """How far E2M1 in blocks moves weights (…, d), as a share of their length: block and kind of scale -> share.

    The control that tells the block's size from the scale's: MXFP4 has blocks of 32 and a power of two, NVFP4 blocks
    of 16 and FP8.
    """
    found = {}
    for size in (32, 16):
        blocks = x.reshape(-1, size)
        scales = np.abs(blocks).max(axis=-1, keepdims=True) / E2M1[-1]
        found[f"{size}, any scale"] = (nearest_level(blocks / scales, E2M1) * scales).reshape(x.shape)
    found |= {name: round_in_blocks(x, name) for name in ("MXFP4", "NVFP4")}
    return {name: float(np.linalg.norm(new - x) / np.linalg.norm(x)) for name, new in found.items()}


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
BANDWIDTH, SPEED = 1e12, 2e14


def seconds(config, per_weight, batch):
    """Seconds that one step of `batch` sequences takes at least: reading all weights, and the arithmetic.

    Leaves out caches, activations and the work of turning codes back into numbers.
    """
    reading = config.n_parameters() * per_weight / 8 / BANDWIDTH
    arithmetic = batch * sum(cost.flops for cost in part_costs(config).values()) / SPEED
    return reading, arithmetic


def balance(config, per_weight):
    """The number of sequences from which on arithmetic takes longer than reading."""
    reading, arithmetic = seconds(config, per_weight, 1)
    return reading / arithmetic


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
    }


def told_of_requantized(found):
    """Numbers for the prose on SmolLM2 rounded anew."""
    mean, low, high = (dict(zip(found.ways, values, strict=True)) for values in found.perplexity())
    said = {
        "n_ways": len(found.ways) - 1,
        "n_windows": found.losses.shape[1],
        "n_losses": f"{found.losses[0].size:,}",
        "ppl_shipped": mean[SHIPPED],
        "ppl_low": low[SHIPPED],
        "ppl_high": high[SHIPPED],
    }
    for key, way in {
        "8_row": "8 bits, row, symmetric",
        "4_32": "4 bits, 32, symmetric",
        "4_row": "4 bits, row, symmetric",
        "t32": "4 bits, one for 32, turned",
        "trow": "4 bits, one a row, turned",
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
    }.items():
        said[f"ppl_{key}"] = mean[way]
    said["nv_nf"], said["nv_nf_error"] = found.change("NVFP4", than="NF4")
    said["change_again"], _ = found.change(AGAIN)
    moved = moved_by_scales(np.random.default_rng(0).normal(size=(500, 512)))
    said |= {"moved_mx": f"{moved['MXFP4']:.1%}", "moved_32": f"{moved['32, any scale']:.1%}"}
    said |= {"moved_16": f"{moved['16, any scale']:.1%}"}
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
    }
