"""How many neurons of SmolLM2 work on a token, against random vectors; what it costs to drop half of them.

Records feed_forward_neurons.npz. The text is the opening of Pride and Prejudice; no weight changes. The random vectors
go through the same weights: once as long as the model's own, once as the norm before the network would make them.
"""

import numpy as np

from anatomy import feed_forward_network as ffn
from anatomy import smollm2
from anatomy.model import Trace
from anatomy.studies.feed_forward_network import neurons_for_90
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save

PROGRAM = "experiments/feed_forward_neurons.py"
SEED, N_SENTENCES = 0, 14
CAVEATS = [
    "One text of one author; neighbouring tokens are not independent of each other.",
    "The half that is the same for all tokens was chosen on the text that it is measured on, which favours it.",
    "The weights are stored in 4 bits.",
]


def random_vectors(normed, gains, rng):
    """Random vectors for the inputs (n_tokens, d_model) of a layer: as long as they are, and as its norm makes them."""
    drawn = rng.normal(size=normed.shape).astype(np.float32)
    lengths = np.linalg.norm(normed, axis=1, keepdims=True)
    as_long = drawn * lengths / np.linalg.norm(drawn, axis=1, keepdims=True)
    return as_long, drawn / np.sqrt((drawn**2).mean(axis=1, keepdims=True)) * gains


def needed(vectors, weights):
    """How many neurons of a layer carry 90 % of the energy of each of these inputs (n_tokens, d_model)."""
    trace = {}
    ffn.gated(vectors, weights.w_gate, weights.w_up, weights.w_down, trace=trace)
    return neurons_for_90(ffn.energy_shares(trace["hidden"], weights.w_down))


def own_half(sizes):
    """For every token of a layer (n_tokens, d_ff) its stronger half of the neurons: bools."""
    return sizes > np.median(sizes, axis=1, keepdims=True)


def same_half(sizes):
    """The half of the neurons that is stronger on average, for all tokens: bools (d_ff,)."""
    means = sizes.mean(axis=0)
    return means > np.median(means)


def losses_with(model, ids, kept):
    """What each token after the first costs in nats; kept: a function from (layer, hidden) to the neurons that stay."""

    def edit(name, layer, array):
        return np.where(kept(layer, array), array, 0) if name == "hidden" else array

    return token_losses(model.forward(ids, edit=edit)[:-1], ids[1:])


def shared(halves):
    """The share of one token's half that is in another's too, over all pairs. halves (n_tokens, d_ff) bools."""
    n, size = len(halves), halves.sum(axis=1).mean()
    in_both = (halves.sum(axis=0, dtype=float) ** 2).sum() - halves.sum()
    return in_both / (n * (n - 1) * size)


def main():
    model = smollm2.load()
    ids = model.encode(novel(N_SENTENCES))
    trace = Trace("normed_ffn", "hidden")
    model.forward(ids, trace=trace, last_only=True)
    sizes = np.abs(trace["hidden"])
    same = [same_half(of_layer) for of_layer in sizes]
    halves = (
        lambda layer, hidden: True,
        lambda layer, hidden: own_half(np.abs(hidden)),
        lambda layer, hidden: same[layer],
    )
    rng = np.random.default_rng(SEED)
    random = [
        [needed(vectors, w) for vectors in random_vectors(rows, w.norm_ffn, rng)]
        for rows, w in zip(trace["normed_ffn"][:, 1::2], model.weights.layers, strict=True)
    ]
    arrays = {
        "needed_as_long": np.array([row[0] for row in random], np.int16),
        "needed_as_normed": np.array([row[1] for row in random], np.int16),
        "losses": np.array(
            [losses_with(model, ids, kept) for kept in halves], np.float32
        ),  # all, own, same half
        "shared": np.array([shared(own_half(of_layer)) for of_layer in sizes], np.float32),
    }
    settings = {"model": "SmolLM2-135M-Instruct, 4 bits", "n_tokens": len(ids), "n_sentences": N_SENTENCES}
    save("feed_forward_neurons", arrays, PROGRAM, [SEED], settings, CAVEATS)


if __name__ == "__main__":
    main()
