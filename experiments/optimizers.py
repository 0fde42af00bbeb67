"""Follow the sharpness of a network of 25 parameters under full-batch gradient descent.

Records optimizers.npz: the largest eigenvalue of the exact size-25 Hessian (central differences of the exact
gradient) and the loss, at several rates from one start.
"""

import numpy as np

from experiments.record import save

PROGRAM = "experiments/optimizers.py"
SEED, N_HIDDEN, N_POINTS, N_STEPS, EVERY = 0, 8, 20, 20_000, 100
RATES = (0.1, 0.2, 0.4, 0.8)


def data():
    """Twenty points of a sine: x, y (20,)."""
    x = np.linspace(-1, 1, N_POINTS)
    return x, np.sin(3 * x)


def start():
    """25 parameters: 8 weights in, 8 biases, 8 weights out, 1 bias."""
    rng = np.random.default_rng(SEED)
    return np.concatenate([rng.normal(size=8), np.zeros(8), rng.normal(size=8) / np.sqrt(8), np.zeros(1)])


def loss_and_gradient(theta):
    """theta (…, 25) -> half the mean squared error (…), its gradient (…, 25)."""
    x, y = data()
    w, b, v, c = theta[..., None, :8], theta[..., None, 8:16], theta[..., None, 16:24], theta[..., 24:]
    h = np.tanh(x[:, None] * w + b)
    error = (h * v).sum(-1) + c - y
    back = error[..., None] * v * (1 - h * h) / N_POINTS
    parts = [
        (back * x[:, None]).sum(-2),
        back.sum(-2),
        (error[..., None] * h).mean(-2),
        error.mean(-1)[..., None],
    ]
    return 0.5 * (error**2).mean(-1), np.concatenate(parts, -1)


def largest_curvature(theta, h=1e-4):
    """The largest eigenvalue of the Hessian at theta (25,)."""
    push = h * np.eye(25)
    hessian = (loss_and_gradient(theta + push)[1] - loss_and_gradient(theta - push)[1]) / (2 * h)
    return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])


def follow(rate, n_steps=N_STEPS):
    """Sharpness and loss every EVERY steps, and in how many steps the loss rose."""
    theta, sharp, losses, rises, before = start(), [], [], 0, np.inf
    for step in range(n_steps + 1):
        loss, gradient = loss_and_gradient(theta)
        rises += int(loss > before)
        before = loss
        if step % EVERY == 0:
            sharp.append(largest_curvature(theta))
            losses.append(float(loss))
        theta = theta - rate * gradient
    return sharp, losses, rises


def main():
    runs = [follow(rate) for rate in RATES]
    arrays = {
        "rates": np.array(RATES),
        "at": np.arange(0, N_STEPS + 1, EVERY),
        "sharpness": np.array([run[0] for run in runs], np.float32),
        "losses": np.array([run[1] for run in runs], np.float32),
        "rises": np.array([run[2] for run in runs]),
    }
    settings = {
        "net": "1-8-1 tanh",
        "points": N_POINTS,
        "n_steps": N_STEPS,
        "loss": "half the mean squared error",
    }
    save(
        "optimizers",
        arrays,
        PROGRAM,
        (SEED,),
        settings,
        ["One network, one start: an illustration, not a law."],
    )


if __name__ == "__main__":
    main()
