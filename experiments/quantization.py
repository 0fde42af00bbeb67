"""SmolLM2 with its matrices rounded to fewer bits, in several ways.

Records quantization.npz: for each way the loss of each token of a novel, the bytes of the matrices and how far the
weights moved. The matrices of the layers are rounded; the embedding and the norms stay as the file has them.
"""

import sys

import numpy as np

from anatomy import smollm2
from anatomy.model import LanguageModel, Weights
from anatomy.quantization import (
    BLOCK_FORMATS,
    E2M1,
    dequantize_q4_1,
    hadamard,
    nearest_level,
    quantize,
    quantize_q4_1,
    round_in_blocks,
)
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save

PROGRAM = "experiments/quantization.py"
N_WINDOWS, N_TOKENS = 8, 128
GROUPS = {"tensor": None, "row": "row", "32": 32}
SHIPPED, AGAIN, SHIFTED = "as shipped", "Q4_1 again", "Q4_1, blocks shifted"
INTEGERS = {
    f"{bits} bits, {group}, {'symmetric' if symmetric else 'zero point'}": (bits, group, symmetric)
    for symmetric in (True, False)
    for bits in (8, 4, 3, 2)
    for group in GROUPS
}
TURNED = {
    "4 bits, one for 32, turned": (32, 32),
    "4 bits, one a row, turned": ("row", 64),
}  # group, turned together
CONTROLS = (  # each differs in one thing from a way above
    "4 bits, 16, symmetric",
    "3 bits, 16, symmetric",
    "4 bits, tensor, a thousandth kept",
    "4 bits, 32, other axis",
    "MXFP4, scale up",
    "MXFP4, any scale",
)
WAYS = (SHIPPED, *INTEGERS, *BLOCK_FORMATS, *TURNED, AGAIN, SHIFTED, *CONTROLS)

CAVEATS = [
    "Windows of one chapter of one novel; they overlap nowhere.",
    "The weights came from a file of 4-bit blocks, so each way rounds numbers that were rounded before.",
    "Only the matrices of the layers are rounded; the embedding stays in 8 bits, the norms in 32.",
]


def rounded(way, w):
    """A matrix (d_out, d_in) after it was stored in a way and read back, and the bytes that it took."""
    if way == SHIPPED:
        return w, w.size * 20 // 32
    if way in INTEGERS:
        bits, group, symmetric = INTEGERS[way]
        q = quantize(w, bits, w.shape[-1] if group == "row" else GROUPS[group], symmetric)
        return q.dequantize(), q.nbytes
    if way in BLOCK_FORMATS:
        in_tensor = 4 if way == "NVFP4" else 0
        return round_in_blocks(w, way), round(w.size * BLOCK_FORMATS[way].bits_per_weight / 8) + in_tensor
    if way in TURNED:
        group, together = TURNED[way]
        blocks = hadamard(w.reshape(w.shape[0], -1, together)).reshape(w.shape)
        q = quantize(blocks, 4, w.shape[-1] if group == "row" else group)
        return hadamard(q.dequantize().reshape(w.shape[0], -1, together)).reshape(w.shape), q.nbytes
    if way in CONTROLS:
        return controlled(way, w)
    offset = 16 if way == SHIFTED else 0
    data = quantize_q4_1(np.roll(w, offset, axis=-1))
    return np.roll(dequantize_q4_1(data, w.size).reshape(w.shape), -offset, axis=-1), len(data)


def controlled(way, w):
    """The same for one of CONTROLS."""
    if way.endswith("bits, 16, symmetric"):
        q = quantize(w, int(way[0]), 16)
        return q.dequantize(), q.nbytes
    if way.endswith("kept"):  # the largest weights stay, in 16 bits, each with its place in 32
        kept = np.abs(w) >= np.sort(np.abs(w), axis=None)[-(w.size // 1000)]
        q = quantize(np.where(kept, 0, w), 4)
        return np.where(kept, w, q.dequantize()), q.nbytes + 6 * int(kept.sum())
    if way.endswith("other axis"):
        q = quantize(w.T, 4, 32)
        return q.dequantize().T, q.nbytes
    blocks = w.reshape(-1, 32)
    scales = np.abs(blocks).max(axis=-1, keepdims=True) / E2M1[-1]
    if way.endswith("up"):
        scales = 2.0 ** np.ceil(np.log2(scales))
    new = (nearest_level(blocks / scales, E2M1) * scales).reshape(w.shape).astype(w.dtype)
    return new, round(w.size * BLOCK_FORMATS["MXFP4"].bits_per_weight / 8)


def requantized(model, way):
    """The model with its matrices rounded; their bytes; error of the weights relative to their size."""
    named, total, off, size = dict(model.weights.arrays()), 0, 0.0, 0.0
    for name, array in named.items():
        if name.startswith("layers") and array.ndim == 2:
            w = array.T  # as in the file: (d_out, d_in)
            new, n_bytes = rounded(way, w)
            named[name], total = new.T, total + n_bytes
            off, size = off + float(((new - w) ** 2).sum()), size + float((w**2).sum())
    weights = Weights.from_arrays(model.config, named)
    return LanguageModel(model.config, weights, model.tokenizer), total, (off / size) ** 0.5


def reads(model, windows):
    """Loss of each token after the first: (n_windows, n_tokens - 1)."""
    return np.array([token_losses(model.forward(w)[:-1], w[1:]) for w in windows])


def windows_of(model):
    return np.array(model.encode(novel()))[: N_WINDOWS * N_TOKENS].reshape(N_WINDOWS, N_TOKENS)


def main():
    model = smollm2.load()
    windows = windows_of(model)
    losses, total, moved = [], [], []
    for way in WAYS:
        changed, n_bytes, error = requantized(model, way)
        losses.append(reads(changed, windows))
        total.append(n_bytes)
        moved.append(error)
        print(
            f"{way}: {np.exp(losses[-1].mean()):.2f}, {n_bytes:,} bytes, moved {error:.3f}", file=sys.stderr
        )
    arrays = {
        "losses": np.array(losses, np.float16),
        "matrix_bytes": np.array(total, np.int64),
        "moved": np.array(moved),
    }
    settings = {"ways": WAYS, "n_tokens": N_TOKENS, "n_windows": N_WINDOWS}
    save("quantization", arrays, PROGRAM, [0], settings, CAVEATS)


if __name__ == "__main__":
    main()
