"""How wide must a feed-forward network be? Facts to be learned by heart at several widths; the toy with next to none.

Records feed_forward_width.npz. The facts: a subject and a relation, both random vectors, added; the answer is drawn at
random, so that nothing but learning it by heart helps. As checks, square networks at other learning rates, three
sizes with as many neurons a fact for longer, and neurons one after another against side by side. Then the main run of
experiments/tiny_tales.py once more, with one plain neuron in each layer.
"""

from dataclasses import replace

import numpy as np

from anatomy import backpropagation as bp
from anatomy import tiny_tales
from anatomy.feed_forward_network import gated_d_ff
from anatomy.optimizers import Adam
from anatomy.training_phases import Parameters, initial_arrays
from experiments.record import save
from experiments.tiny_tales import MARKS, RUN, SEEDS, materials, run

PROGRAM = "experiments/feed_forward_width.py"
D_MODEL, N_RELATIONS = 16, 16
N_SUBJECTS = (8, 16, 32, 64)
WIDTHS = (4, 8, 16, 32, 64, 128)
FACT_SEEDS = (0, 1, 2, 3, 4)
N_STEPS, N_STEPS_LONG, RATE = 600, 3000, 0.01
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
STACK = (4, 16)  # square networks one after another, with about as many weights as one of width 64
SQUARE, HALF_THOUSAND = 16, 32  # the width and the number of subjects that are trained at all rates
MOST = 128  # subjects: more facts than four square networks or one four times as wide can hold
LONGER = ((8, 16), (16, 32), (32, 64))  # widths and numbers of subjects that are trained for longer

CAVEATS = [
    "Every width trained for the same number of steps at one learning rate, which was tuned for none of them; the "
    "other rates were tried on two networks alone.",
    "A wider network has more weights; the stack of four and the gated one have about as many as a plain one.",
    "Facts without any pattern are the hardest to learn; nothing about their number carries over to real text.",
]


def draw_facts(n_subjects, rng):
    """-> x (n_facts, D_MODEL) float32, answers (n_facts,): one of D_MODEL each."""
    subjects, relations = rng.normal(size=(n_subjects, D_MODEL)), rng.normal(size=(N_RELATIONS, D_MODEL))
    x = (subjects[:, None] + relations).reshape(-1, D_MODEL) / np.sqrt(2)
    return x.astype(np.float32), rng.integers(0, D_MODEL, len(x))


def draw_network(kind, d_ff, rng):
    """Random weights of one network: a list of Tensors."""

    def matrix(n, m):
        return bp.Tensor((rng.normal(size=(n, m)) * n**-0.5).astype(np.float32))

    if kind == "gated":
        return [matrix(D_MODEL, d_ff), matrix(D_MODEL, d_ff), matrix(d_ff, D_MODEL)]
    zeros = [bp.Tensor(np.zeros(n, np.float32)) for n in (d_ff, D_MODEL)]
    return [matrix(D_MODEL, d_ff), zeros[0], matrix(d_ff, D_MODEL), zeros[1]]


def answer(kind, weights, x):
    """Run one network: x (n, D_MODEL) -> (n, D_MODEL)."""
    if kind == "gated":
        w_gate, w_up, w_down = weights
        return (bp.silu(x @ w_gate) * (x @ w_up)) @ w_down
    w_in, b_in, w_out, b_out = weights
    before = x @ w_in + b_in
    return (bp.gelu(before) if kind == "plain" else before) @ w_out + b_out


def learn(kind, d_ff, n_subjects, seed, n_steps=N_STEPS, n_networks=1, rate=RATE, adds=None):
    """Train on all facts at once -> the loss of every step, the share of facts recalled, the number of weights.

    kind: "plain", "gated" or "straight" (no bend). adds: whether a network adds to what it reads, as each of several
    does unless told otherwise.
    """
    adds = n_networks > 1 if adds is None else adds
    rng = np.random.default_rng(seed)
    x, wanted = draw_facts(n_subjects, rng)
    networks = [draw_network(kind, d_ff, rng) for _ in range(n_networks)]
    weights = [tensor for network in networks for tensor in network]
    optimizer, losses = Adam(rate), []

    def logits():
        y = bp.Tensor(x)
        for network in networks:
            y = y + answer(kind, network, y) if adds else answer(kind, network, y)
        return y

    for step in range(n_steps):
        loss = bp.cross_entropy(logits(), wanted)
        loss.backward()
        losses.append(float(loss.data))
        optimizer.lr = rate * (1 - step / n_steps)
        optimizer.step([w.data for w in weights], [w.gradient for w in weights])
    recalled = (logits().data.argmax(axis=1) == wanted).mean()
    return losses, recalled, sum(w.data.size for w in weights)


def sweep(**options):
    """Shares of facts recalled -> (len(N_SUBJECTS), len(FACT_SEEDS)), and the number of weights."""
    runs = [[learn(n_subjects=n, seed=seed, **options) for seed in FACT_SEEDS] for n in N_SUBJECTS]
    return [[recalled for _, recalled, _ in row] for row in runs], runs[0][0][2]


def nearly_without(tokenizer, seed):
    """An untrained toy with one plain neuron in each layer."""
    config = replace(tiny_tales.config(len(tokenizer.ranks)), gated=False, d_ff=1)
    return Parameters(config, initial_arrays(config, np.random.default_rng(seed)))


def main():
    tokenizer, texts, held_out = materials()
    arrays = {
        "widths": np.array(WIDTHS, np.int16),
        "n_facts": np.array(N_SUBJECTS, np.int32) * N_RELATIONS,
        "gated_widths": np.array([gated_d_ff(width) for width in WIDTHS], np.int16),
        "marks": np.array(MARKS, np.int32),
    }
    designs = {
        "plain": [{"kind": "plain", "d_ff": width} for width in WIDTHS],
        "gated": [{"kind": "gated", "d_ff": gated_d_ff(width)} for width in WIDTHS],
        "straight": [{"kind": "straight", "d_ff": WIDTHS[-2]}],
        "stack": [{"kind": "plain", "d_ff": STACK[1], "n_networks": STACK[0]}],
    }
    for name, options in designs.items():
        found = [sweep(**each) for each in options]
        arrays[name] = np.array([shares for shares, _ in found], np.float32)  # (designs, n_facts, seeds)
        arrays[f"{name}_weights"] = np.array([n for _, n in found], np.int32)
        print(name, arrays[name].mean(axis=2).round(2).tolist(), flush=True)
    longer = [[learn("plain", *size, seed, N_STEPS_LONG)[1] for seed in FACT_SEEDS] for size in LONGER]
    arrays |= {"longer": np.array(longer, np.float32), "rates": np.array(RATES)}
    for name, width in (("plain", SQUARE), ("gated", gated_d_ff(SQUARE))):
        arrays[f"rate_{name}"] = np.array([
            [learn(name, width, HALF_THOUSAND, seed, rate=rate)[1] for seed in FACT_SEEDS] for rate in RATES
        ], np.float32)  # fmt: skip
        print("rates", name, arrays[f"rate_{name}"].mean(axis=1).round(2).tolist(), flush=True)
    side_by_side = {"d_ff": STACK[0] * STACK[1]}
    most = [{"d_ff": STACK[1], "n_networks": STACK[0]}, side_by_side, side_by_side | {"adds": True}]
    arrays["most"] = np.array([
        [learn("plain", n_subjects=MOST, seed=seed, **options)[1] for seed in FACT_SEEDS] for options in most
    ], np.float32)  # fmt: skip
    print("most", arrays["most"].mean(axis=1).round(2).tolist(), flush=True)
    runs = [run(nearly_without(tokenizer, seed), texts, held_out, RUN, MARKS, seed) for seed in SEEDS]
    arrays["one_neuron_held_out_losses"] = np.array([r[2] for r in runs], np.float32)
    settings = {
        "run": RUN, "n_held_out": len(held_out), "n_steps": N_STEPS, "n_steps_longer": N_STEPS_LONG, "rate": RATE,
        "longer": LONGER, "most": MOST * N_RELATIONS,
        "d_model": D_MODEL, "n_relations": N_RELATIONS, "fact_seeds": FACT_SEEDS,
    }  # fmt: skip
    save("feed_forward_width", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
