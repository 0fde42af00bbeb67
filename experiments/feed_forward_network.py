"""Silence every neuron of the toy in turn; train the toy again with a plain feed-forward network.

Records feed_forward_network.npz. The knock-outs are of the model that experiments/tiny_tales.py trained,
measured on all its held-out tales; those of the first layer once more with the last layer held. The second
part repeats its main runs, same tales, steps and learning rate, with GELU and two matrices in place of SwiGLU
and three; weights are equally many.
"""

from dataclasses import replace

import numpy as np

from anatomy import tiny_tales
from anatomy.model import Trace, forward, silence_neurons
from anatomy.studies.feed_forward_network import last_held
from anatomy.training_phases import Parameters, initial_arrays, token_losses
from experiments.record import save
from experiments.tiny_tales import MARKS, RUN, SEEDS, materials, run

PROGRAM = "experiments/feed_forward_network.py"
SILENCED = (0, 1, 4, 16, 64, 128, 168, 252, 336)
N_ORDERS, ORDER_SEED = 5, 0
THOUSANDTHS = 1000

CAVEATS = [
    "Knock-out measures what the trained model loses, not what a neuron is for: one trained without it "
    "would have put its work elsewhere.",
    "Both feed-forward networks trained at the learning rate of the main run, which was not tuned for either.",
    "The language is a grammar of a few dozen words; nothing about size or speed carries over to real text.",
]


def held_out_losses(model, texts, edit=None):
    """What each token of the tales costs, in nats (n_texts, n_tokens); 0 where it does not count."""
    logits = forward(model.config, model.weights, texts.inputs, edit=edit)
    return token_losses(logits, texts.targets) * texts.counts


def knock_outs(model, texts, neurons=None):
    """Silence one neuron after another -> mean change (n,), its error, change by token (n, n_vocab), in nats.

    neurons: pairs (layer, neuron), by default all. The error is the standard error over tales. The change by token is
    the mean over the places where that token came next. Last, the number of those places.
    """
    base = held_out_losses(model, texts)
    places = np.bincount(texts.targets.ravel(), texts.counts.ravel(), model.config.n_vocab)
    lengths = texts.counts.sum(axis=1)
    means, errors, by_token = [], [], []
    for pair in all_neurons(model.config) if neurons is None else neurons:
        change = held_out_losses(model, texts, silence_neurons([pair])) - base
        sums = np.bincount(texts.targets.ravel(), change.ravel(), model.config.n_vocab)
        mean = change.sum() / lengths.sum()
        means.append(mean)
        errors.append(error_of_ratio(change.sum(axis=1) - mean * lengths, lengths))
        by_token.append(sums / np.maximum(places, 1))
    return np.array(means), np.array(errors), np.array(by_token), places


def held_changes(model, texts, neurons):
    """Silence neurons one after another while the last layer's hidden numbers stay as they were -> mean change (n,)."""
    trace = Trace("hidden")
    forward(model.config, model.weights, texts.inputs, trace=trace)
    base = held_out_losses(model, texts)
    edits = (last_held(silence_neurons([pair]), trace["hidden"]) for pair in neurons)
    changes = [(held_out_losses(model, texts, edit) - base).sum() for edit in edits]
    return np.array(changes) / texts.counts.sum()


def error_of_ratio(left, lengths):
    """The standard error of a mean over tokens, of texts of several lengths. left (n,): what each text adds to it."""
    n = len(left)
    return float(np.sqrt(n / (n - 1) * (left**2).sum()) / lengths.sum())


def all_neurons(config):
    return [(l, j) for l in range(config.n_layers) for j in range(config.d_ff)]


def losses_without(model, texts, order):
    """The mean loss with the first SILENCED neurons of an order of pairs silent at once."""
    return [
        held_out_losses(model, texts, silence_neurons(order[:n])).sum() / texts.counts.sum() for n in SILENCED
    ]


def plain(tokenizer, seed):
    """An untrained toy with a plain feed-forward network of as many weights."""
    gated = tiny_tales.config(len(tokenizer.ranks))
    config = replace(gated, gated=False, d_ff=gated.d_ff * 3 // 2)
    assert config.n_parameters() == gated.n_parameters()
    return Parameters(config, initial_arrays(config, np.random.default_rng(seed)))


def main():
    tokenizer, texts, held_out = materials()
    model = tiny_tales.load()
    neurons = all_neurons(model.config)
    means, errors, by_token, places = knock_outs(model, held_out)
    held = held_changes(model, held_out, neurons[: model.config.d_ff])  # of the first layer
    ranked = [neurons[i] for i in np.argsort(-means, kind="stable")]
    rng = np.random.default_rng(ORDER_SEED)
    shuffled = [[neurons[i] for i in rng.permutation(len(neurons))] for _ in range(N_ORDERS)]

    runs = [run(plain(tokenizer, seed), texts, held_out, RUN, MARKS, seed) for seed in SEEDS]
    arrays = {
        "neurons": np.array(neurons, np.int16),
        "changes": means.astype(np.float32),
        "change_errors": errors.astype(np.float32),
        "held_changes": held.astype(np.float32),
        "token_changes": np.round(by_token * THOUSANDTHS).astype(np.int16),  # in thousandths of a nat
        "places": places.astype(np.int32),
        "silenced": np.array(SILENCED, np.int16),
        "harmful_first": np.array(losses_without(model, held_out, ranked), np.float32),
        "harmless_first": np.array(losses_without(model, held_out, ranked[::-1]), np.float32),
        "random_order": np.array([losses_without(model, held_out, o) for o in shuffled], np.float32),
        "marks": np.array(MARKS, np.int32),
        "plain_held_out_losses": np.array([r[2] for r in runs], np.float32),
    }
    settings = {"run": RUN, "n_held_out": len(held_out), "n_orders": N_ORDERS, "order_seed": ORDER_SEED}
    save("feed_forward_network", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
