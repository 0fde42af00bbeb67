"""Ask PyTorch for derivatives, optimizer steps and the DPO loss, in float64 -> training.npz.

Needs torch (`nox -s references` installs it); the tests read the file alone.
"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(0)
found = {"torch_version": np.array(torch.__version__)}


def keep(name, **arrays):
    for key, array in arrays.items():
        if isinstance(array, torch.Tensor):
            array = array.detach().numpy()
        found[f"{name}/{key}"] = np.array(array)


def leaf(*shape):
    return torch.tensor(rng.normal(size=shape), requires_grad=True)


def rope(x, cosines, sines):
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cosines - b * sines, a * sines + b * cosines], -1).flatten(-2)


# --- Operations: the value, and the gradient of (value · direction).sum() ---

x, direction = leaf(3, 5), torch.tensor(rng.normal(size=(3, 5)))
mask = torch.zeros(3, 5)
mask[0, 2:] = -math.inf
for name, function in {
    "softmax": lambda: torch.softmax(x, -1),
    "masked_softmax": lambda: torch.softmax(x + mask, -1),
    "silu": lambda: F.silu(x),
    "tanh": lambda: torch.tanh(x),
    "relu": lambda: F.relu(x),
    "exp": lambda: torch.exp(x),
    "log": lambda: torch.log(x.abs()),
    "power": lambda: x.abs() ** 2.5,
}.items():
    x.grad = None
    value = function()
    (value * direction).sum().backward()
    keep(name, x=x, direction=direction, mask=mask, value=value, gradient=x.grad)

x, gain, direction = leaf(4, 6), leaf(6), torch.tensor(rng.normal(size=(4, 6)))
value = F.rms_norm(x, (6,), gain, 1e-5)
(value * direction).sum().backward()
keep("rms_norm", x=x, gain=gain, direction=direction, value=value, g_x=x.grad, g_gain=gain.grad)

x, angles = leaf(3, 2, 6), torch.tensor(rng.normal(size=(3, 1, 3)))
direction = torch.tensor(rng.normal(size=(3, 2, 6)))
value = rope(x, angles.cos(), angles.sin())
(value * direction).sum().backward()
keep("rope", x=x, angles=angles, direction=direction, value=value, gradient=x.grad)

logits, targets = leaf(6, 7), torch.tensor(rng.integers(0, 7, 6))
weights = torch.tensor(rng.random(6))
value = (F.cross_entropy(logits, targets, reduction="none") * weights).sum() / weights.sum()
value.backward()
keep("cross_entropy", logits=logits, targets=targets, weights=weights, value=value, gradient=logits.grad)

table, ids = leaf(5, 3), torch.tensor([[0, 4, 4], [1, 0, 4]])
direction = torch.tensor(rng.normal(size=(2, 3, 3)))
value = F.embedding(ids, table)
(value * direction).sum().backward()
keep("embedding", table=table, ids=ids, direction=direction, value=value, gradient=table.grad)

# --- A decoder: loss and every gradient ---

N_VOCAB, D_MODEL, N_LAYERS, N_HEADS, D_FF = 11, 8, 2, 2, 12
D_HEAD = D_MODEL // N_HEADS
w = {"embedding": leaf(N_VOCAB, D_MODEL), "norm_final": leaf(D_MODEL)}
for l in range(N_LAYERS):
    for name, shape in {
        "norm_attention": (D_MODEL,),
        "w_q": (D_MODEL, D_MODEL),
        "w_k": (D_MODEL, D_MODEL),
        "w_v": (D_MODEL, D_MODEL),
        "w_o": (D_MODEL, D_MODEL),
        "norm_ffn": (D_MODEL,),
        "w_gate": (D_MODEL, D_FF),
        "w_up": (D_MODEL, D_FF),
        "w_down": (D_FF, D_MODEL),
    }.items():
        w[f"layers.{l}.{name}"] = leaf(*shape)
ids = torch.tensor(rng.integers(0, N_VOCAB, (3, 6)))
inputs, targets = ids[:, :-1], ids[:, 1:]
counts = torch.tensor(rng.integers(0, 2, targets.shape).astype(float))
n_texts, n_tokens = inputs.shape
angles = torch.arange(n_tokens)[:, None] * 10_000.0 ** (-torch.arange(0, D_HEAD, 2) / D_HEAD)
x = F.embedding(inputs, w["embedding"])
for l in range(N_LAYERS):
    of = {name.split(".")[-1]: t for name, t in w.items() if name.startswith(f"layers.{l}.")}
    normed = F.rms_norm(x, (D_MODEL,), of["norm_attention"], 1e-5)
    q, k, v = (
        (normed @ of[name]).view(n_texts, n_tokens, N_HEADS, D_HEAD).transpose(1, 2)
        for name in ("w_q", "w_k", "w_v")
    )
    q, k = rope(q, angles.cos(), angles.sin()), rope(k, angles.cos(), angles.sin())
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + mixed.transpose(1, 2).reshape(n_texts, n_tokens, D_MODEL) @ of["w_o"]
    normed = F.rms_norm(x, (D_MODEL,), of["norm_ffn"], 1e-5)
    x = x + (F.silu(normed @ of["w_gate"]) * (normed @ of["w_up"])) @ of["w_down"]
logits = F.rms_norm(x, (D_MODEL,), w["norm_final"], 1e-5) @ w["embedding"].T
losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
loss = (losses * counts.flatten()).sum() / counts.sum()
loss.backward()
keep("decoder", inputs=inputs, targets=targets, counts=counts, logits=logits, loss=loss)
keep("decoder/weights", **w)
keep("decoder/gradients", **{name: tensor.grad for name, tensor in w.items()})

# --- Optimizers: 60 steps with given gradients ---

N_STEPS = 60
start = [rng.normal(size=(3, 4)), rng.normal(size=5)]
gradients = [rng.normal(size=(N_STEPS, *array.shape)) for array in start]
keep("optimizers", start0=start[0], start1=start[1], gradients0=gradients[0], gradients1=gradients[1])
for name, make in {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.03),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9, nesterov=True),
    "RMSProp": lambda p: torch.optim.RMSprop(p, lr=0.03),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.03),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.03),
}.items():
    parameters = [torch.tensor(array.copy(), requires_grad=True) for array in start]
    optimizer = make(parameters)
    path = []
    for step in range(N_STEPS):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(gradient[step])
        optimizer.step()
        path.append([parameter.detach().numpy().copy() for parameter in parameters])
    keep(f"optimizers/{name}", path0=[p[0] for p in path], path1=[p[1] for p in path])

parameters = [leaf(3, 4), leaf(5)]
for parameter in parameters:
    parameter.grad = torch.tensor(rng.normal(size=parameter.shape))
keep("clip", before0=parameters[0].grad, before1=parameters[1].grad)
norm = torch.nn.utils.clip_grad_norm_(parameters, 1.5)
keep("clip", norm=norm, after0=parameters[0].grad, after1=parameters[1].grad)

# --- DPO ---

chosen, rejected = leaf(5), leaf(5)
references = torch.tensor(rng.normal(size=(2, 5)))
beta = 0.3
loss = -F.logsigmoid(beta * ((chosen - references[0]) - (rejected - references[1]))).mean()
loss.backward()
keep("dpo", chosen=chosen, rejected=rejected, references=references, beta=beta, loss=loss)
keep("dpo", g_chosen=chosen.grad, g_rejected=rejected.grad)

# --- Muon: steps with given gradients; torch makes the singular values equal in bfloat16 ---

N_STEPS = 20
start, gradients = rng.normal(size=(6, 4)), rng.normal(size=(N_STEPS, 6, 4))
parameter = torch.tensor(start.copy(), requires_grad=True)
muon = torch.optim.Muon([parameter], lr=0.03, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
path = []
for step in range(N_STEPS):
    parameter.grad = torch.tensor(gradients[step])
    muon.step()
    path.append(parameter.detach().numpy().copy())
keep("muon", start=start, gradients=gradients, path=path)

np.savez_compressed(Path(__file__).with_name("training.npz"), **found)
