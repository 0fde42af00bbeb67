"""One training step of the toy language model, against PyTorch in eager mode: python benchmarks/training.py

Both run the same architecture on the same batch in float32 on one thread: forward, backward, clipping
and AdamW. Takes turns, so that a busy machine disturbs both alike, and prints the ratio of the medians.
"""

import math
import os
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F

from anatomy import tiny_tales
from anatomy.training_phases import Parameters, Trainer, adamw_pair, initial_arrays, text_loss

N_BATCH, N_ROUNDS, N_STEPS = 32, 15, 5
LR, BETAS, DECAY = 2e-3, (0.9, 0.98), 0.05


def ours(config, arrays, texts):
    """One training step of ours, as a function that returns the loss."""
    parameters = Parameters(config, arrays)
    trainer = Trainer(parameters, adamw_pair(DECAY, BETAS))

    def step():
        loss = text_loss(parameters, texts)
        trainer.step(loss, LR)
        return float(loss.data)

    return step


def theirs(config, arrays, texts):
    """The same step in PyTorch."""
    w = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    matrices = [tensor for tensor in w.values() if tensor.ndim == 2]
    gains = [tensor for tensor in w.values() if tensor.ndim == 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=BETAS)
    inputs, targets = torch.tensor(texts.inputs), torch.tensor(texts.targets).flatten()
    share = torch.tensor(texts.counts).flatten() / float(texts.counts.sum())
    n_texts, n_tokens = inputs.shape
    d, d_head, n_heads = config.d_model, config.d_head, config.n_heads
    angles = torch.arange(n_tokens)[:, None] * config.rope_base ** (-torch.arange(0, d_head, 2) / d_head)
    cos, sin = angles.cos(), angles.sin()

    def rope(x):
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    def step():
        optimizer.zero_grad()
        x = F.embedding(inputs, w["embedding"])
        for l in range(config.n_layers):
            of = {name: w[f"layers.{l}.{name}"] for name in config.layer_shapes()}
            normed = F.rms_norm(x, (d,), of["norm_attention"], config.norm_eps)
            q, k, v = (
                (normed @ of[name]).view(n_texts, n_tokens, n_heads, d_head).transpose(1, 2)
                for name in ("w_q", "w_k", "w_v")
            )
            mixed = F.scaled_dot_product_attention(rope(q), rope(k), v, is_causal=True)
            x = x + mixed.transpose(1, 2).reshape(n_texts, n_tokens, d) @ of["w_o"]
            normed = F.rms_norm(x, (d,), of["norm_ffn"], config.norm_eps)
            x = x + (F.silu(normed @ of["w_gate"]) * (normed @ of["w_up"])) @ of["w_down"]
        logits = F.rms_norm(x, (d,), w["norm_final"], config.norm_eps) @ w["embedding"].T
        losses = F.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
        loss = (losses * share).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(w.values(), 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


def milliseconds(step):
    started = time.perf_counter()
    for _ in range(N_STEPS):
        step()
    return (time.perf_counter() - started) / N_STEPS * 1e3


def main():
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        raise SystemExit(
            "set OPENBLAS_NUM_THREADS=1, or run `nox -s benchmarks`: PyTorch gets one thread here too"
        )
    torch.set_num_threads(1)
    tales = tiny_tales.training_tales(N_BATCH)
    tokenizer = tiny_tales.Tokenizer.learn(tiny_tales.training_tales())
    texts = tiny_tales.as_texts(tales, tokenizer)
    config = tiny_tales.config(len(tokenizer.ranks))
    arrays = initial_arrays(config, np.random.default_rng(0))
    steps = {"anatomy": ours(config, arrays, texts), "torch": theirs(config, arrays, texts)}

    losses = {name: [step() for _ in range(3)] for name, step in steps.items()}
    if not all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(*losses.values(), strict=True)):
        raise SystemExit(f"the two do not compute the same thing: {losses}")
    times = {name: [] for name in steps}
    for _ in range(N_ROUNDS):
        for name, step in steps.items():
            times[name].append(milliseconds(step))
    a, b = (statistics.median(values) for values in times.values())
    print(
        f"training step of the toy, {N_BATCH} tales: anatomy {a:.1f} ms, "
        f"PyTorch {torch.__version__} eager {b:.1f} ms; {b / a:.2f} times its speed"
    )


if __name__ == "__main__":
    main()
