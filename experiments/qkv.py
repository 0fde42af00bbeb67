"""Why three matrices? The toy with queries that are keys, and with values that are the tokens themselves.

Records qkv.npz: losses on held-out tales over several seeds. Everything else stays as in experiments/tiny_tales.py, but
for the number of steps.
"""

from functools import partial

import numpy as np

from anatomy import backpropagation as bp
from anatomy.training_phases import mean_loss, train
from anatomy.transformer_block import pre_norm_block
from experiments.record import save
from experiments.tiny_tales import RUN, fresh, materials, schedule

PROGRAM = "experiments/qkv.py"
SEEDS = (0, 1, 2)
N_STEPS, N_HELD_OUT = 400, 128
KINDS = ("three matrices", "q = k", "v = x")

CAVEATS = [
    "The variants have fewer matrices and so fewer parameters than the toy; nothing was given back to them.",
    "With v = x a head reads one slice of the normed stream, since the toy has four heads of 16 numbers.",
    "The runs are shorter than the main run of the toy; the learning rate is the toy's own.",
]


def matrices_of(kind, of):
    """The matrices of one layer by name, with one of them replaced."""
    if kind == "q = k":
        return of | {"w_k": of["w_q"]}
    if kind == "v = x":
        return of | {"w_v": bp.Tensor(np.eye(*of["w_v"].data.shape, dtype=of["w_v"].data.dtype))}
    return of


def block_of(kind):
    """A block whose attention has the matrices of this kind."""

    def block(x, attention, *rest):
        of = matrices_of(kind, attention.keywords["of"])
        return pre_norm_block(x, partial(attention.func, of=of), *rest)

    return block


def learn(kind, seed, tokenizer, texts, held_out, n_steps=N_STEPS):
    """Train one toy -> losses of its batches, loss on held-out tales at the end."""
    parameters = fresh(tokenizer, seed)
    settings = RUN | {"n_steps": N_STEPS}
    block, rng = block_of(kind), np.random.default_rng(seed)
    losses = train(parameters, texts, schedule(settings), n_steps, rng, settings["n_batch"], block=block)
    return losses, mean_loss(parameters, held_out, block=block)


def main():
    tokenizer, texts, held_out = materials()
    held_out = held_out.pick(np.arange(N_HELD_OUT))
    runs = {kind: [learn(kind, seed, tokenizer, texts, held_out) for seed in SEEDS] for kind in KINDS}
    for kind, found in runs.items():
        print(kind, [round(loss, 4) for _, loss in found], flush=True)
    arrays = {
        "held_out_losses": np.array([[loss for _, loss in found] for found in runs.values()], np.float32),
        "batch_losses": np.array([[losses for losses, _ in found] for found in runs.values()], np.float32),
    }
    settings = {"run": RUN | {"n_steps": N_STEPS}, "kinds": KINDS, "n_held_out": N_HELD_OUT}
    save("qkv", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
