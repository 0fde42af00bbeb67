"""What the chapter on neurons and activations measures. Chapter: book/neuron-activation.md"""

from dataclasses import dataclass

import numpy as np

from anatomy import neuron_activation as na
from anatomy import recordings
from anatomy.studies import signed
from anatomy.tokenization import novel

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])  # no ones, one, two
SHOWN_LAYERS = (0, 15, 29)
NEURON = (15, 992)  # layer and place of the gate that answers most to the sixth token in the middle layer
BINS = np.linspace(-5, 5, 101)  # for the sums that gates read
FLAT = 0.05  # a curve is called flat where its slope is within this of zero
BEND_FLOPS = 4  # an exponential, an addition, a division and a multiplication
BLOCKS = 26  # of neighbouring tokens, for standard errors: neighbours are not independent
SEVEN = tuple(name for name in na.ACTIVATIONS if name != "identity")

# --- By hand ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fits:
    """A wave drawn by one hidden layer: activation -> knots (n_most,), curves (n_most, n_x), errors (n_most,).

    Row k is drawn by k + 1 neurons, whose knots were placed one after another where they help most. largest: of the
    weights and the bias of its output, the largest (n_most,).
    """

    x: np.ndarray
    wave: np.ndarray
    knots: dict
    curves: dict
    errors: dict
    largest: dict


def wave_fits(n_most=10, names=("relu", "silu", "identity")):
    """sin 2x by one to n_most hidden neurons; identity is the control."""
    x = np.linspace(-3, 3, 81)
    wave = np.sin(2 * x)
    knots = {name: na.knots_by_need(x, wave, n_most, name) for name in names}
    curves = {
        name: np.array([na.fit_with_knots(x, wave, knots[name][:k], name) for k in range(1, n_most + 1)])
        for name in names
    }
    errors = {name: ((rows - wave) ** 2).mean(axis=1) for name, rows in curves.items()}
    largest = {
        name: np.array([
            np.abs(na.output_weights(x, wave, knots[name][:k], name)).max() for k in range(1, n_most + 1)
        ])
        for name in names
    }  # fmt: skip
    return Fits(x, wave, knots, curves, errors, largest)


def refitted(leak):
    """The best output weights (2,) and bias for the hidden neurons of xor, and the outputs (3,) at 0, 1, 2 ones.

    Least squares: exact while the three hidden points do not lie on one line.
    """
    columns = np.column_stack([na.xor_hidden(CORNERS, leak), np.ones(3)])
    weights, *_ = np.linalg.lstsq(columns, [0.0, 1.0, 0.0], rcond=1e-9)
    return weights[:2], weights[2], columns @ weights


def xor_table(leaks=(1.0, 0.75, 0.5, 0.25, 0.2, 0.1, 0.0)):
    """Slope below zero -> outputs (3,) with the book's output weights, outputs (3,) refitted, refitted weights (2,)."""
    found = {}
    for leak in leaks:
        weights, _, outputs = refitted(leak)
        found[leak] = (na.xor(CORNERS, leak), outputs.round(9) + 0.0, weights.round(9) + 0.0)
    return found


def fails_from(step=0.05):
    """The first slope below zero, in steps, at which the output weights of the book no longer solve XOR."""
    for leak in np.arange(0, 1 + step / 2, step).round(9):
        none, one, two = na.xor(CORNERS, leak)
        if not (none < 0.5 < one and two < 0.5):
            return float(leak)
    raise ValueError("the output weights solve XOR at every slope")


@dataclass(frozen=True)
class Curve:
    """An activation in numbers; None for what has no bound. flat: ranges of slope within FLAT of zero."""

    low: float
    high: float
    at_zero: float
    steepest: float
    flat: list


def seven_curves():
    """Name -> Curve, from 20,001 inputs between -10 and 10."""
    x = np.linspace(-10, 10, 20_001)
    found = {}
    for name in SEVEN:
        function, derivative = na.ACTIVATIONS[name]
        low, high = float(function(x).min()), float(function(x).max())
        found[name] = Curve(
            None if name == "leaky_relu" else low,
            high if high < 1.01 else None,
            float(derivative(0.0)),
            float(derivative(x).max()),
            na.flat_ranges(name, FLAT),
        )
    return found


def gelu_gap():
    """Where the tanh form is farthest from GELU, and how far: (|x|, distance)."""
    x = np.linspace(-10, 10, 20_001)
    gap = np.abs(na.gelu_tanh(x) - na.gelu(x))
    return abs(float(x[gap.argmax()])), float(gap.max())


def said_of_hand(fits, near=0.95):
    """The numbers of the prose on toys, by name; near: a slope that is nearly straight."""
    weights, *_ = refitted(near)
    at, gap = gelu_gap()
    return {
        "n_knots": len(fits.knots["relu"]),
        "relu_error": float(fits.errors["relu"][-1]),
        "linear_error": float(fits.errors["identity"][-1]),
        "fails_from": fails_from(),
        "near_slope": near,
        "flat_slope": FLAT,
        "relu_largest": f"{fits.largest['relu'][-1]:.1f}",
        "silu_largest": f"{round(float(fits.largest['silu'][-1]), -3):,.0f}",
        "weight_first": float(weights[0]),
        "weight_second": signed(weights[1], ".0f"),
        "gelu_gap": gap,
        "gelu_gap_at": at,
        "silu_low": signed(seven_curves()["silu"].low, ".3f"),
    }


# --- In SmolLM2, recorded ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Gates:
    """Where the sums of SmolLM2's gates lie: one row a layer, shares 0 … 1; see experiments/neuron_activation.py."""

    n_tokens: int
    bins: np.ndarray
    shares: np.ndarray
    below: np.ndarray
    near: np.ndarray
    tail: np.ndarray
    flat: np.ndarray
    spread: np.ndarray
    largest: np.ndarray
    mean_below: float
    gelu_below: float


def gates():
    """The recorded sums of all gates over the first chapter of Pride and Prejudice."""
    found = recordings.load("neuron_activation")
    names = ("shares", "below", "near", "tail", "flat", "spread", "largest")
    return Gates(
        n_tokens=found.provenance["settings"]["n_tokens"] - 1,
        bins=BINS,
        mean_below=mean_below(found),
        gelu_below=mean_below(found, "gelu_below"),
        **{name: found[name] for name in names},
    )


def mean_below(arrays, name="mean_below"):
    """The mean of SiLU (or of GELU) over all sums below zero: each layer's mean by its share of such sums."""
    return float(arrays["below"] @ arrays[name] / arrays["below"].sum())


def said_of_gates(found):
    """The numbers of the prose, by name."""
    early, middle, late = SHOWN_LAYERS
    return {
        "n_tokens": f"{found.n_tokens:,}",
        "below_all": f"{found.below.mean():.0%}",
        "below_early": f"{found.below[early]:.0%}",
        "below_middle": f"{found.below[middle]:.0%}",
        "below_late": f"{found.below[late]:.0%}",
        "near_early": f"{found.near[early]:.0%}",
        "near_late": f"{found.near[late]:.0%}",
        "tail_share": f"{found.tail.mean():.2%}",
        "flat_share": f"{found.flat.mean():.1%}",
        "late_largest": f"{found.largest[late]:.0f}",
        "first_layer": early,
        "middle_layer": middle,
        "last_layer": late,
    }


@dataclass(frozen=True)
class Exchange:
    """A curve in the place of SiLU: mean loss, change against SiLU and its standard error, nats per token."""

    loss: float
    change: float
    error: float


def exchanged():
    """Curve -> Exchange, SiLU first; errors from the means of BLOCKS stretches of neighbouring tokens."""
    found = recordings.load("neuron_activation")
    losses = found["losses"].astype(float)
    changes = losses - losses[0]
    means = np.array([[part.mean() for part in np.array_split(row, BLOCKS)] for row in changes])
    errors = means.std(axis=1, ddof=1) / np.sqrt(BLOCKS)
    return {
        str(name): Exchange(*map(float, numbers))
        for name, *numbers in zip(
            found["curves"], losses.mean(axis=1), changes.mean(axis=1), errors, strict=True
        )
    }


def said_of_exchanges(found, gates):
    """The numbers of the prose, by name; offset_share: of the harm of zero below zero, what a constant gives back."""
    zero, constant = found["0 below 0"], found["mean below 0"]
    return {
        "loss_silu": found["SiLU, its own"].loss,
        "loss_straight": found["straight above 0"].loss,
        "loss_cut": zero.loss,
        "loss_constant": constant.loss,
        "offset_share": f"{1 - constant.change / zero.change:.0%}",
        "gelu_change": found["GELU, tanh form"].change,
        "gelu_below_change": found["GELU below 0"].change,
        "n_blocks": BLOCKS,
        "mean_below": signed(gates.mean_below, ".2f"),
        "gelu_below": signed(gates.gelu_below, ".2f"),
    }


def excited_by(model, n=8, around=3):
    """What a recorded gate answers to most: rows (words before, token, gate), largest first, ties in text order."""
    found = recordings.load("neuron_activation")
    ids, values = model.encode(novel()), found["neuron"]
    order = np.argsort(-values[1:], kind="stable")[:n] + 1
    return [
        (model.decode(ids[max(0, i - around) : i]), model.decode([ids[i]]), float(values[i])) for i in order
    ]


# --- What it costs ----------------------------------------------------------------------------------


def gate_costs(config):
    """Numbers of one gate, one layer of gates and all: rows (name, three whole numbers)."""
    counts = (1, config.d_ff, config.n_layers * config.d_ff)
    each = {
        "weights": config.d_model,
        "bytes in 16 bits": 2 * config.d_model,
        "FLOPs per token, sums": 2 * config.d_model,
        "FLOPs per token, bends": BEND_FLOPS,
        "bytes kept per token to train": 2,
    }
    return [(name, *(n * count for count in counts)) for name, n in each.items()]


def said_of_costs(config):
    """The numbers of the prose, by name."""
    flops = 2 * config.d_model
    return {
        "d_ff": f"{config.d_ff:,}",
        "n_layers": config.n_layers,
        "d_model": config.d_model,
        "d_surface": config.d_model - 1,
        "bend_operations": BEND_FLOPS,
        "flops_gate": f"{flops:,}",
        "bend_share": f"{BEND_FLOPS / (flops + BEND_FLOPS):.1%}",
        "n_gates": f"{config.n_layers * config.d_ff:,}",
    }
