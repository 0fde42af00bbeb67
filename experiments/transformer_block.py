"""Where the norm stands, and one number of SmolLM2 without which it cannot write.

Records transformer_block.npz. First, a deep and narrow toy on tiny tales, its blocks arranged in three ways, at
several learning rates with and without warm-up. Then SmolLM2 on the first tokens of a novel, with one weight turned up
and down.
"""

from dataclasses import replace

import numpy as np

from anatomy import smollm2, tiny_tales
from anatomy.optimizers import warm_up_cosine
from anatomy.tokenization import novel
from anatomy.training_phases import Parameters, initial_arrays, mean_loss, token_losses, train
from anatomy.transformer_block import post_norm_block, pre_norm_block
from experiments.record import save
from experiments.tiny_tales import materials

PROGRAM = "experiments/transformer_block.py"
SEEDS = (0, 1, 2)
SIZES = {"n_layers": 8, "d_model": 32, "n_heads": 4, "n_kv_heads": 4, "d_head": 8, "d_ff": 84}
RUN = {"n_steps": 100, "n_batch": 16, "n_held_out": 128}
RATES = (0.005, 0.01, 0.02, 0.04)
WARM_UPS = (1, 20)  # steps
DEPTHS = (1, 2, 4, 8)  # layers, with and without additions at RATES[1] and WARM_UPS[1]
LONG = {"n_steps": 400, "warm_up": 40}  # more time, without additions
LONG_RUNS = ((4, 0.005), (8, 0.002), (8, 0.005))  # layers and rate

N_READ = 512  # tokens of the novel
LAYER, NEURON, DIMENSION = 11, 1229, 507  # of the one weight: w_down[NEURON, DIMENSION]
FACTORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
N_NEXT = 1000
LARGEST = (27, "w_gate", (260, 903))  # layer, matrix and place of the largest weight of all layers
CONTROLS = [
    "the only larger weight of the matrix",
    "the 1,000 largest others of the matrix, that one among them",
    "the largest weight of all layers",
    "the number in the stream",
]
PROMPT = "The capital of France is"

CAVEATS = [
    "The toy is small and trained for 100 steps, without additions also for 400; only the learning rate and the "
    "warm-up were varied.",
    "A run that is still falling at its last step counts with the loss it has there.",
    "The weight was found by looking for what writes the largest number into the stream of this one model.",
    "The 4-bit file was made by others; other files of this model round other weights.",
]


def bare_block(x, attention, feed_forward, norm_attention, norm_ffn):
    """A block without residual connections: each half replaces what it read."""
    return feed_forward(norm_ffn(attention(norm_attention(x))))


def unnormed_block(x, attention, feed_forward, norm_attention, norm_ffn):
    """A block without norms: each half reads the stream as it is. The norm before the logits stays."""
    x = x + attention(x)
    return x + feed_forward(x)


BLOCKS = {"pre": pre_norm_block, "post": post_norm_block, "bare": bare_block, "unnormed": unnormed_block}


def learn(
    kind, rate, warm_up, seed, tokenizer, texts, held_out, n_steps=None, n_layers=SIZES["n_layers"],
    n_planned=RUN["n_steps"],
):  # fmt: skip
    """Train one toy -> losses of its batches, loss on held-out tales at the end.

    n_planned: the steps that the rate falls over; n_steps: after how many of them to stop, if not at the end.
    """
    config = replace(tiny_tales.config(len(tokenizer.ranks)), **SIZES | {"n_layers": n_layers})
    parameters = Parameters(config, initial_arrays(config, np.random.default_rng(seed)))
    with np.errstate(over="ignore", invalid="ignore"):
        losses = train(
            parameters,
            texts,
            lambda step: warm_up_cosine(step, n_planned, rate, warm_up),
            n_steps or n_planned,
            np.random.default_rng(seed),
            n_batch=RUN["n_batch"],
            block=BLOCKS[kind],
        )
        return losses, mean_loss(parameters, held_out, block=BLOCKS[kind])


def loss_or_nan(*given, **settings):
    """The held-out loss of `learn`; not a number where gradients became infinite, at which training stops."""
    try:
        return learn(*given, **settings)[1]
    except ValueError as error:
        if "gradients must be finite" not in str(error):
            raise
        return np.nan


def without_norms(*given):
    """Held-out losses of blocks without norms, with warm-up (n_rates, n_seeds)."""
    return [[loss_or_nan("unnormed", rate, WARM_UPS[1], seed, *given) for seed in SEEDS] for rate in RATES]


def longer(*given):
    """Held-out losses without additions after LONG (n_runs, n_seeds)."""
    settings = {"n_planned": LONG["n_steps"]}
    return [
        [learn("bare", rate, LONG["warm_up"], seed, *given, n_layers=n, **settings)[1] for seed in SEEDS]
        for n, rate in LONG_RUNS
    ]


def frequency_loss(texts, held_out, n_vocab):
    """The loss on held-out tales of one who knows only how often each token occurs in the training tales."""
    counts = np.bincount(texts.targets[texts.counts > 0], minlength=n_vocab) + 0.5
    return float(
        (-np.log(counts / counts.sum())[held_out.targets] * held_out.counts).sum() / held_out.counts.sum()
    )


def read(model, edit=None, n=N_READ):
    """-log p of each token of the novel after the first, in nats (n - 1,)."""
    ids = np.array(model.encode(novel())[:n])
    return token_losses(model.forward(ids, edit=edit)[:-1], ids[1:])


def without_the_number(name, layer, array):
    """An edit: token 0's entry in DIMENSION is erased where the layer after LAYER reads the stream."""
    if (name, layer) == ("residual", LAYER + 1):
        array = array.copy()
        array[0, DIMENSION] = 0
    return array


def read_without(model, w, places):
    """The same with weights of one matrix at 0. places: indices into the flat matrix."""
    kept = w.copy()
    w.flat[places] = 0
    losses = read(model)
    w[:] = kept
    return losses


def dial(model):
    """Losses and greedy texts with the weight times each of FACTORS, and of four controls -> name -> array."""
    w = model.weights.layers[LAYER].w_down
    kept = w.copy()
    losses, texts = [], []
    for factor in FACTORS:
        w[NEURON, DIMENSION] = factor * kept[NEURON, DIMENSION]
        losses.append(read(model))
        texts.append(model.decode(model.generate(model.encode(PROMPT), 6)))
    w[:] = kept

    order = np.argsort(-abs(kept), axis=None, kind="stable")
    others = order[order != np.ravel_multi_index((NEURON, DIMENSION), kept.shape)]
    controls = [read_without(model, w, others[:n]) for n in (1, N_NEXT)]
    layer, name, place = LARGEST
    largest = getattr(model.weights.layers[layer], name)
    controls.append(read_without(model, largest, [np.ravel_multi_index(place, largest.shape)]))
    controls.append(read(model, without_the_number))
    return {
        "dial_losses": np.array(losses, np.float32),
        "dial_texts": np.array(texts),
        "control_losses": np.array(controls, np.float32),
    }


def main():
    tokenizer, texts, held_out = materials()
    held_out = held_out.pick(np.arange(RUN["n_held_out"]))
    final, curves = [], []
    for kind in ("pre", "post"):
        for rate in RATES:
            for warm_up in WARM_UPS:
                runs = [learn(kind, rate, warm_up, seed, tokenizer, texts, held_out) for seed in SEEDS]
                final.append([loss for _, loss in runs])
                curves.append([losses for losses, _ in runs])
                print(kind, rate, warm_up, np.round(final[-1], 3).tolist(), flush=True)
    given = tokenizer, texts, held_out
    depths = [
        [[learn(kind, RATES[1], WARM_UPS[1], seed, *given, n_layers=n)[1] for seed in SEEDS] for n in DEPTHS]
        for kind in ("pre", "bare")
    ]
    bare = [[learn("bare", rate, WARM_UPS[1], seed, *given) for seed in SEEDS] for rate in RATES]
    print(np.round(depths, 3).tolist(), [[round(loss, 3) for _, loss in runs] for runs in bare], flush=True)
    shape = (2, len(RATES), len(WARM_UPS), len(SEEDS))
    arrays = {
        "rates": np.array(RATES),
        "warm_ups": np.array(WARM_UPS, np.int32),
        "held_out_losses": np.array(final, np.float32).reshape(shape),
        "batch_losses": np.array(curves, np.float32).reshape(*shape, -1),
        "bare_held_out_losses": np.array([[loss for _, loss in runs] for runs in bare], np.float32),
        "bare_batch_losses": np.array([[losses for losses, _ in runs] for runs in bare], np.float32),
        "depths": np.array(DEPTHS, np.int32),
        "depth_held_out_losses": np.array(depths, np.float32),
        "unnormed_held_out_losses": np.array(without_norms(*given), np.float32),
        "long_held_out_losses": np.array(longer(*given), np.float32),
        "frequency_loss": np.array(frequency_loss(texts, held_out, len(tokenizer.ranks)), np.float32),
        "factors": np.array(FACTORS),
        **dial(smollm2.load()),
    }
    settings = {
        "sizes": SIZES, "run": RUN, "n_read": N_READ, "weight": [LAYER, NEURON, DIMENSION], "n_next": N_NEXT,
        "prompt": PROMPT, "controls": CONTROLS, "long": LONG, "long_runs": LONG_RUNS,
    }  # fmt: skip
    save("transformer_block", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
