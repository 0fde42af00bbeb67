"""Ask torch, transformers, scikit-learn and gguf what chapters 2 to 5 and 15 should answer; freeze it.

Run by `nox -s references`. Writes single_topics.npz beside this file, with the inputs next to the answers;
the tests read only that.
"""

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, quants
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from torch.nn import functional as F
from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

ACTIVATIONS = {
    "identity": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
FLOATS = {
    "BF16": (torch.bfloat16, torch.int16),
    "FP8 E4M3": (torch.float8_e4m3fn, torch.uint8),
    "FP8 E5M2": (torch.float8_e5m2, torch.uint8),
}


def tensor(x):
    return torch.from_numpy(np.asarray(x))


def activations(rng):
    x = np.concatenate([np.linspace(-12, 12, 241), [-1000, -100, -30, 30, 100, 1000], rng.normal(0, 3, 60)])
    answers = {"x": x}
    for name, function in ACTIVATIONS.items():
        leaf = tensor(x).clone().requires_grad_(True)
        y = function(leaf)
        y.sum().backward()
        answers[name] = y.detach().numpy()
        answers[f"{name} derivative"] = leaf.grad.numpy()
        answers[f"{name} float32"] = function(tensor(x.astype(np.float32))).numpy()
    return answers


def sampling(rng):
    logits = rng.normal(0, 3, (6, 200))
    logits[2, ::3] = -np.inf
    logits[3] = np.round(logits[3])  # many ties
    answers = {"logits": logits}
    for temperature in (0.1, 0.7, 1.0, 2.5):
        answers[f"softmax {temperature}"] = torch.softmax(tensor(logits) / temperature, dim=-1).numpy()
    scores = tensor(logits[[0, 1, 2, 4, 5]])  # transformers keeps every token tied with the last one kept
    for k in (1, 5, 50, 1000):
        answers[f"top_k {k}"] = torch.softmax(TopKLogitsWarper(k)(None, scores), dim=-1).numpy()
    for p in (0.05, 0.5, 0.9, 0.999):
        answers[f"top_p {p}"] = torch.softmax(TopPLogitsWarper(p)(None, scores), dim=-1).numpy()
    for p in (0.01, 0.1, 0.5):
        answers[f"min_p {p}"] = torch.softmax(MinPLogitsWarper(p)(None, scores), dim=-1).numpy()
    answers["entropy"] = torch.distributions.Categorical(logits=scores).entropy().numpy()
    return answers


def networks(rng):
    x, w_in, b_in = rng.normal(size=(2, 5, 6)), rng.normal(size=(6, 11)), rng.normal(size=11)
    w_out, b_out, w_up = rng.normal(size=(11, 6)), rng.normal(size=6), rng.normal(size=(6, 11))
    answers = {"x": x, "w_in": w_in, "b_in": b_in, "w_out": w_out, "b_out": b_out, "w_up": w_up}
    x, w_in, b_in, w_out, b_out, w_up = map(tensor, (x, w_in, b_in, w_out, b_out, w_up))
    for name, function in ACTIVATIONS.items():
        hidden = function(F.linear(x, w_in.T, b_in))
        answers[f"mlp {name}"] = F.linear(hidden, w_out.T, b_out).numpy()
        gate = function(F.linear(x, w_in.T))
        answers[f"gated {name}"] = F.linear(gate * F.linear(x, w_up.T), w_out.T).numpy()
    return answers


def embeddings(rng):
    centres = rng.normal(0, 3, (4, 8))
    labels = np.repeat([0, 1, 2, 3], [9, 7, 5, 1])
    table = centres[labels] + rng.normal(size=(len(labels), 8))
    model = PCA(n_components=3).fit(table)
    rows = tensor(table)
    answers = {
        "table": table,
        "labels": labels,
        "cosines": F.cosine_similarity(rows[:, None], rows[None], dim=-1).numpy(),
        "pca": model.transform(table),
        "pca shares": model.explained_variance_ratio_,
        "silhouette": silhouette_score(table, labels),
        "silhouette 2d": silhouette_score(model.transform(table)[:, :2], labels),
        "rows": F.embedding(tensor([3, 0, 3]), rows).numpy(),
    }

    # skip-gram: torch differentiates the same expected loss
    sequences = rng.integers(0, 7, (40, 12))
    counts = np.zeros((7, 7))
    for sequence in sequences:
        for a, b in pairwise(sequence):
            counts[a, b] += 1
            counts[b, a] += 1
    pairs = tensor(counts / counts.sum())
    shares = pairs.sum(1)
    negatives = 5 * torch.outer(shares, shares**0.75 / (shares**0.75).sum())
    start = np.random.default_rng(5)
    vectors = tensor(start.normal(0, 0.1, (7, 3))).requires_grad_(True)
    contexts = tensor(start.normal(0, 0.1, (7, 3))).requires_grad_(True)
    losses = []
    for _ in range(31):
        scores = vectors @ contexts.T
        loss = -(pairs * F.logsigmoid(scores) + negatives * F.logsigmoid(-scores)).sum()
        losses.append(loss.item())
        d_vectors, d_contexts = torch.autograd.grad(loss, (vectors, contexts))
        last = vectors.detach().clone()
        with torch.no_grad():
            vectors -= 0.3 * d_vectors / shares[:, None]
            contexts -= 0.3 * d_contexts / (pairs + negatives).sum(0)[:, None]
    answers.update({"sequences": sequences, "counts": counts, "losses": losses, "vectors": last.numpy()})
    return answers


def integers(rng):
    x = rng.normal(size=(6, 64)).astype(np.float32)
    x[1] += 1.5
    x[2] = np.abs(x[2])  # a row that never goes below zero
    x[3, 5] = 40  # an outlier
    answers = {"x": x}
    for bits in range(2, 9):
        for size in (0, 64, 16):  # 0: the whole tensor
            groups = tensor(x.reshape(1, -1) if size == 0 else x.reshape(-1, size))
            lowest, highest = groups.amin(1).clamp(max=0), groups.amax(1).clamp(min=0)
            top = 2 ** (bits - 1) - 1
            scales = groups.abs().amax(1) / top
            fake = torch.fake_quantize_per_channel_affine(
                groups, scales, torch.zeros(len(groups), dtype=torch.int32), 0, -top, top
            )
            answers[f"symmetric {bits} {size}"] = fake.numpy().reshape(x.shape)
            top = 2**bits - 1
            scales = (highest - lowest) / top
            zero_points = torch.round(-lowest / scales).to(torch.int32)
            fake = torch.fake_quantize_per_channel_affine(groups, scales, zero_points, 0, 0, top)
            answers[f"asymmetric {bits} {size}"] = fake.numpy().reshape(x.shape)
            answers[f"zero points {bits} {size}"] = zero_points.numpy()
        observer = torch.ao.quantization.MinMaxObserver(
            dtype=torch.quint8, qscheme=torch.per_tensor_affine, quant_min=0, quant_max=2**bits - 1
        )
        observer(tensor(x))
        scale, zero_point = observer.calculate_qparams()
        answers[f"observer {bits}"] = np.array([scale.item(), zero_point.item()])
    return answers


def floats(rng):
    exponents = rng.uniform(-30, 20, 3000)
    x = (rng.choice([-1, 1], 3000) * 2.0**exponents).astype(np.float32)
    edges = [0.0, -0.0, np.inf, -np.inf, 448, 464, 465, 480, 57344, 61440, 61439, 65519, 65520, 3.4e38, 1e-45]
    halves = np.arange(1, 40) / 2 * 2.0**-9  # ties among the subnormals of FP8 E4M3
    x = np.concatenate([x, np.array(edges, np.float32), halves.astype(np.float32)])
    answers = {"x": x}
    for name, (kind, raw) in FLOATS.items():
        width = 16 if raw is torch.int16 else 8
        answers[f"{name} bits"] = tensor(x).to(kind).view(raw).numpy().astype(np.int64) % 2**width
        if width == 8:
            every = tensor(np.arange(256, dtype=np.uint8))
            answers[f"{name} values"] = every.view(kind).to(torch.float32).numpy()
    return answers


def blocks(rng):
    x = rng.normal(size=(50, 32)).astype(np.float32)
    x[0] = 0
    x[1] = 3
    x[2] *= 1000
    x = x.reshape(1, -1)
    answers = {"x": x[0]}
    for name in ("Q8_0", "Q4_1"):
        kind = GGMLQuantizationType[name]
        raw = quants.quantize(x, kind)
        answers[f"{name} bytes"] = raw[0]
        answers[f"{name} values"] = quants.dequantize(raw, kind)[0]
    return answers


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # torch.ao announces its move to another package
    torch.set_num_threads(1)
    everything = {}
    for part in (activations, sampling, networks, embeddings, integers, floats, blocks):
        for name, answer in part(np.random.default_rng(0)).items():
            everything[f"{part.__name__}: {name}"] = np.asarray(answer)
    np.savez_compressed(Path(__file__).with_name("single_topics.npz"), **everything)
    print(f"single_topics.npz: {len(everything)} arrays from torch {torch.__version__}")
