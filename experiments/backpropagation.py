"""Errors of finite differences by their step; CPU time of backward against forward on the toy.

Records backpropagation.npz. The errors are those of the chapter's small network, whose weights are nudged one by one.
They are recorded because rounding differs between processors; so does the time. A network of wide matrices is timed
beside the toy: where products are most of the work, the ratio should be that of the products.
"""

import time

import numpy as np

from anatomy import backpropagation as bp
from anatomy.studies import backpropagation as study
from anatomy.training_phases import text_loss
from experiments.record import save

PROGRAM = "experiments/backpropagation.py"
EXPONENTS = np.arange(-16, 0.01, 0.25)
N_TEXTS, N_TIMES, WIDTH = 32, 60, 1024

CAVEATS = [
    "The errors are of one small network; for larger slopes or more curvature the best step is another.",
    "Times were taken on a shared machine, on one thread, with numpy; the ratio depends on both.",
]


def nudged_slopes(scheme, dtype, h):
    """The slope along each of the small network's weights, every step of the arithmetic in dtype."""
    layers, slopes = study.net_layers(dtype), []
    base, h = study.net_loss(layers).data, dtype(h)
    for parameter in (tensor for layer in layers for tensor in layer):
        flat = parameter.data.reshape(-1)
        for i in range(flat.size):
            here, found = flat[i], []
            for moved in (here + h, here - h):
                flat[i] = moved
                found.append(study.net_loss(layers).data)
            flat[i] = here
            slopes.append(
                (found[0] - found[1]) / (2 * h) if scheme == "both sides" else (found[0] - base) / h
            )
    return np.array(slopes, float)


def step_errors(exponents=EXPONENTS):
    """log10 of |finite difference - gradient|: (n_schemes, n_precisions, n_steps, n_weights)."""
    layers = study.net_layers()
    study.net_loss(layers).backward()
    exact = np.concatenate([tensor.gradient.ravel() for layer in layers for tensor in layer])
    errors = [
        [
            [abs(nudged_slopes(scheme, np.dtype(name).type, 10.0**e) - exact) for e in exponents]
            for name in study.PRECISIONS
        ]
        for scheme in study.SCHEMES
    ]
    return np.log10(np.maximum(errors, 10.0**study.LOWEST))


def times(make_loss, n_times=N_TIMES):
    """CPU seconds of making a loss and of walking it back: (2, n_times)."""
    found = []
    for _ in range(n_times + 3):
        start = time.process_time()
        loss = make_loss()
        middle = time.process_time()
        loss.backward()
        found.append((middle - start, time.process_time() - middle))
    return np.array(found[3:], np.float32).T  # the first runs warm up


def toy_loss():
    """A function that makes the loss of one batch of the toy, and its number of tokens."""
    parameters, texts = study.toy_parameters(np.float32), study.toy_texts(N_TEXTS)
    return (lambda: text_loss(parameters, texts)), texts.inputs.size


def wide_loss(width=WIDTH, n_layers=4, n=256):
    """The same for a network of wide matrices, which has little to do besides its products."""
    rng = np.random.default_rng(0)
    layers = [
        (bp.Tensor(w.data.astype(np.float32)), bp.Tensor(b.data.astype(np.float32)))
        for w, b in bp.small_network([width] * (n_layers + 1), rng)
    ]
    x = bp.Tensor(rng.normal(size=(n, width)).astype(np.float32))
    return lambda: bp.cross_entropy(bp.run_network(layers, x), np.zeros(n, int))


def main():
    make_loss, n_tokens = toy_loss()
    forward, backward = times(make_loss)
    wide = times(wide_loss())
    save(
        "backpropagation",
        {
            "exponents": EXPONENTS.astype(np.float32),
            "step_errors": step_errors().astype(np.float32),
            "forward_seconds": forward,
            "backward_seconds": backward,
            "wide_forward_seconds": wide[0],
            "wide_backward_seconds": wide[1],
            "n_tokens": np.array(n_tokens),
        },
        PROGRAM,
        [0],
        {
            "n_texts": N_TEXTS,
            "n_times": N_TIMES,
            "width": WIDTH,
            "schemes": study.SCHEMES,
            "precisions": study.PRECISIONS,
        },
        CAVEATS,
    )


if __name__ == "__main__":
    main()
