"""Where the gates of SmolLM2 lie on their activation, and what each token costs when it is exchanged.

Records neuron_activation.npz. The text is the first chapter of Pride and Prejudice; no weight changes. The first
token is left out of the sums: its vectors are unlike all others.
"""

import numpy as np

from anatomy import neuron_activation as na
from anatomy import smollm2
from anatomy.model import Trace
from anatomy.studies.neuron_activation import BINS, NEURON, mean_below
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save

PROGRAM = "experiments/neuron_activation.py"
CAVEATS = [
    "The weights were trained with SiLU; a model trained with another activation would be used to that one.",
    "One text of one author; neighbouring tokens are not independent of each other.",
    "The weights are stored in 4 bits, which costs some loss with every activation.",
]


def curves(constant):
    """What stands in the place of SiLU: name -> curve; constant: what some of them put below zero."""
    constant = np.float32(constant)
    return {
        "SiLU, its own": na.silu,
        "GELU, tanh form": na.gelu_tanh,
        "straight above 0": lambda x: np.where(x > 0, x, na.silu(x)),
        "GELU below 0": lambda x: np.where(x > 0, na.silu(x), na.gelu_tanh(x)),
        "mean below 0": lambda x: np.where(x > 0, na.silu(x), constant),
        "0 below 0": lambda x: np.maximum(na.silu(x), 0),
        "ReLU": na.relu,
        "ReLU, mean below 0": lambda x: np.where(x > 0, x, constant),
        "no bend": na.identity,
    }


def exchange(curve):
    """An edit for `forward` that puts a curve in the place of SiLU, in all layers."""
    sums = {}

    def edit(name, layer, array):
        if name == "gate_in":
            sums[layer] = array
        return curve(sums[layer]) if name == "gate" else array

    return edit


def losses(model, ids, curve):
    """What each token after the first costs in nats (n_tokens - 1,) with this curve in all layers."""
    logits = model.forward(ids, edit=exchange(curve))
    return token_losses(logits[:-1], ids[1:])


def gate_sums(model, ids):
    """What SiLU reads in every layer (n_layers, n_tokens, d_ff)."""
    trace = Trace("gate_in")
    model.forward(ids, trace=trace, last_only=True)
    return trace["gate_in"]


def places(sums):
    """Where sums (n_layers, n_tokens, d_ff) lie, the first token left out: name -> one row a layer, shares 0 … 1.

    shares: in BINS; tail: beyond the left end of SiLU's dip, flat: at a slope within 0.05 of zero, below: under zero,
    near: between −1 and 1; spread: percentiles 5, 50, 95; largest; mean_below, gelu_below: the means of SiLU and of
    GELU over the sums below zero.
    """
    rows = sums[:, 1:].reshape(len(sums), -1)
    flat = na.flat_ranges("silu")
    outer = flat[0][1]
    return {
        "shares": np.array([np.histogram(row, BINS)[0] / row.size for row in rows], np.float32),
        "below": (rows < 0).mean(axis=1),
        "near": (np.abs(rows) < 1).mean(axis=1),
        "tail": (rows <= outer).mean(axis=1),
        "flat": np.array([np.mean([na.in_ranges(row, flat)]) for row in rows]),
        "spread": np.percentile(rows, [5, 50, 95], axis=1).T,
        "largest": rows.max(axis=1),
        "mean_below": np.array([na.silu(row[row < 0]).mean() for row in rows]),
        "gelu_below": np.array([na.gelu_tanh(row[row < 0]).mean() for row in rows]),
    }


def main():
    model = smollm2.load()
    ids = model.encode(novel())
    sums = gate_sums(model, ids)
    arrays = places(sums)
    l, j = NEURON
    arrays["neuron"] = na.silu(sums[l, :, j]).round(2).astype(np.float32)
    constant = round(mean_below(arrays), 2)
    exchanged = curves(constant)
    arrays["curves"] = np.array(list(exchanged))
    arrays["losses"] = np.array([losses(model, ids, curve) for curve in exchanged.values()], np.float32)
    settings = {
        "model": "SmolLM2-135M-Instruct, 4 bits",
        "n_tokens": len(ids),
        "constant": constant,
        "neuron": NEURON,
    }
    save("neuron_activation", arrays, PROGRAM, [0], settings, CAVEATS)


if __name__ == "__main__":
    main()
