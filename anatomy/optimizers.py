"""Optimizers: what to do with a gradient once you have it.

Each class keeps its own memory and updates arrays in place, by the formulas
that PyTorch documents. Schedules and clipping stand beside them, and three
landscapes with known minima to watch them on.

Leaves out: sparse gradients, fused kernels, amsgrad, maximisation.
Chapter: book/optimizers.md
Source: Kingma and Ba 2014 (arXiv:1412.6980); Loshchilov and Hutter 2017
(arXiv:1711.05101); Chen et al. 2023 (arXiv:2302.06675) for Lion; Jordan 2024 for Muon; the
exact form from the documentation of torch.optim.
"""

import math
from dataclasses import dataclass

import numpy as np

from anatomy.checks import finite, floats, in_range, whole


class Optimizer:
    """What all share: a learning rate, a step count, a memory per parameter.

    lr may be changed between steps, which is all that a schedule does. It may
    also be an array that broadcasts against the parameters, so that many
    learning rates are tried at once.
    """

    def __init__(self, lr):
        self.lr = positive("lr", lr)
        self.n_steps = 0
        self.memory = None
        self.shapes = None

    def step(self, parameters, gradients):
        """Update the parameters in place.

        parameters, gradients: two lists of arrays, pairwise of one shape; the
        same list every time.
        Raises ValueError where they do not pair up or a gradient is not finite.
        """
        gradients = [floats("gradients", gradient) for gradient in gradients]
        check_pairs(parameters, gradients)
        shapes = [parameter.shape for parameter in parameters]
        if self.memory is None:
            self.memory = [self.start(parameter) for parameter in parameters]
            self.shapes = shapes
        if shapes != self.shapes:
            raise ValueError(
                f"parameters must be the {len(self.shapes)} arrays of the first step, of shapes {self.shapes}, "
                f"got {len(shapes)} of shapes {shapes}"
            )
        self.n_steps += 1
        for parameter, gradient, memory in zip(parameters, gradients, self.memory, strict=True):
            self.update(parameter, gradient, *memory)

    def start(self, parameter):
        """The memory of one parameter before the first step."""
        return ()


class SGD(Optimizer):
    """Walk downhill: x ← x - lr · g.

    >>> x = [np.array([1.0])]
    >>> SGD(lr=0.1).step(x, [np.array([2.0])])
    >>> x[0].tolist()
    [0.8]
    """

    def update(self, x, g):
        x -= self.lr * g


class Momentum(Optimizer):
    """Keep rolling: v ← momentum · v + g, then x ← x - lr · v.

    v adds gradients up without averaging them, so a long slope is walked
    1/(1 - momentum) times faster than by SGD at the same lr.

    >>> x, ball = [np.array([1.0])], Momentum(lr=0.1)
    >>> for _ in range(2):
    ...     ball.step(x, [np.array([1.0])])
    >>> round(x[0].item(), 3)
    0.71
    """

    def __init__(self, lr, momentum=0.9):
        super().__init__(lr)
        self.momentum = in_range("momentum", momentum, 0, 1, open_high=True)

    def start(self, x):
        return (np.zeros_like(x),)

    def update(self, x, g, v):
        v *= self.momentum
        v += g
        x -= self.lr * v


class Nesterov(Momentum):
    """Look ahead: x ← x - lr · (g + momentum · v), with v as in Momentum."""

    def update(self, x, g, v):
        v *= self.momentum
        v += g
        x -= self.lr * (g + self.momentum * v)


class RMSProp(Optimizer):
    """Divide by the recent size of each gradient.

    s ← alpha · s + (1 - alpha) · g², then x ← x - lr · g / (√s + eps).
    """

    def __init__(self, lr, alpha=0.99, eps=1e-8):
        super().__init__(lr)
        self.alpha = in_range("alpha", alpha, 0, 1, open_high=True)
        self.eps = in_range("eps", eps, 0, np.inf, open_low=True, open_high=True)

    def start(self, x):
        return (np.zeros_like(x),)

    def update(self, x, g, s):
        s *= self.alpha
        s += (1 - self.alpha) * g * g
        x -= self.lr * (g / (np.sqrt(s) + self.eps))


class Adam(Optimizer):
    """Momentum over RMSProp, both corrected for having started at zero.

    m ← β₁·m + (1 - β₁)·g and s ← β₂·s + (1 - β₂)·g²,
    then x ← x - lr · m̂ / (√ŝ + eps),
    where m̂ = m / (1 - β₁ᵗ) and ŝ = s / (1 - β₂ᵗ).

    The first step is lr long in every dimension, whatever the gradient's size:

    >>> x = [np.array([1.0, 1.0])]
    >>> Adam(lr=0.1).step(x, [np.array([5.0, -0.001])])
    >>> x[0].round(3).tolist()
    [0.9, 1.1]
    """

    def __init__(self, lr, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(lr)
        self.betas = tuple(in_range("betas", beta, 0, 1, open_high=True) for beta in betas)
        self.eps = in_range("eps", eps, 0, np.inf, open_low=True, open_high=True)

    def start(self, x):
        return np.zeros_like(x), np.zeros_like(x)

    def update(self, x, g, m, s):
        beta1, beta2 = self.betas
        m *= beta1
        m += (1 - beta1) * g
        s *= beta2
        s += (1 - beta2) * g * g
        spread = np.sqrt(s / (1 - beta2**self.n_steps)) + self.eps
        x -= (self.lr / (1 - beta1**self.n_steps)) * (m / spread)


class AdamW(Adam):
    """Adam, after shrinking each parameter by lr · weight_decay of itself.

    The decay does not pass through m and s, which is what sets it apart from
    adding an L2 penalty to the loss: there, a parameter with large gradients
    would hardly be decayed at all.
    """

    def __init__(self, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(lr, betas, eps)
        self.weight_decay = in_range("weight_decay", weight_decay, 0, np.inf, open_high=True)

    def update(self, x, g, m, s):
        x *= 1 - self.lr * self.weight_decay
        super().update(x, g, m, s)


class Lion(Optimizer):
    """Only the sign counts.

    x ← x - lr · (sign(β₁·m + (1 - β₁)·g) + weight_decay · x),
    then m ← β₂·m + (1 - β₂)·g.

    >>> x = [np.array([1.0, 1.0])]
    >>> Lion(lr=0.1).step(x, [np.array([5.0, -0.001])])
    >>> x[0].round(3).tolist()
    [0.9, 1.1]
    """

    def __init__(self, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(lr)
        self.betas = tuple(in_range("betas", beta, 0, 1, open_high=True) for beta in betas)
        self.weight_decay = in_range("weight_decay", weight_decay, 0, np.inf, open_high=True)

    def start(self, x):
        return (np.zeros_like(x),)

    def update(self, x, g, m):
        beta1, beta2 = self.betas
        direction = np.sign(beta1 * m + (1 - beta1) * g)
        x *= 1 - self.lr * self.weight_decay
        x -= self.lr * direction
        m *= beta2
        m += (1 - beta2) * g


class Muon(Optimizer):
    """Nesterov's momentum of a matrix, its directions made about equally strong: for hidden matrices alone.

    v ← momentum · v + g, then x ← x - lr · (0.2 · √max(x.shape) · orthogonalised(g + momentum · v) + weight_decay · x).
    Raises ValueError on parameters that are not matrices. Source: Jordan 2024; the factor, which makes
    steps about as large as Adam's, is that of Liu et al. 2025 (arXiv:2502.16982).

    A gradient a thousand times as strong in one direction as in the other moves both alike:

    >>> x = [np.zeros((2, 2))]
    >>> Muon(lr=1.0, weight_decay=0).step(x, [np.array([[1000.0, 0.0], [0.0, 200.0]])])
    >>> bool(0.5 < x[0][0, 0] / x[0][1, 1] < 2)
    True
    """

    def __init__(self, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(lr)
        self.momentum = in_range("momentum", momentum, 0, 1, open_high=True)
        self.weight_decay = in_range("weight_decay", weight_decay, 0, np.inf, open_high=True)

    def start(self, x):
        if x.ndim != 2:
            raise ValueError(f"Muon is for matrices, got a parameter of shape {x.shape}; leave it to AdamW")
        return (np.zeros_like(x),)

    def update(self, x, g, v):
        v *= self.momentum
        v += g
        x *= 1 - self.lr * self.weight_decay
        x -= self.lr * (0.2 * max(x.shape) ** 0.5) * orthogonalised(g + self.momentum * v)


def orthogonalised(matrix, n_steps=5):
    """The matrix with its singular values brought near 1, its directions kept.

    Each step multiplies every singular value s by a - b·s² + c·s⁴, whose slope at 0 is steep: small
    values grow fast, none ends far above 1. Products of matrices do it, without a decomposition.
    matrix (n, m), a shape that stays. Raises ValueError on what is no finite matrix.
    Source: Jordan 2024, whose a, b and c these are.

    >>> before = np.diag([1.0, 0.3, 0.1])
    >>> bool((abs(np.linalg.svd(orthogonalised(before))[1] - 0.95) < 0.3).all())
    True
    """
    x = finite("matrix", matrix, ndim=2)
    x = x / max(np.linalg.norm(x), 1e-7)  # no singular value is above 1
    if x.shape[0] > x.shape[1]:
        return orthogonalised(x.T, n_steps).T
    for _ in range(whole("n_steps", n_steps, at_least=1)):
        squares = x @ x.T
        x = 3.4445 * x + (-4.775 * squares + 2.0315 * squares @ squares) @ x
    return x


OPTIMIZERS = {
    "SGD": SGD,
    "momentum": Momentum,
    "Nesterov": Nesterov,
    "RMSProp": RMSProp,
    "Adam": Adam,
    "AdamW": AdamW,
    "Lion": Lion,
}


def positive(name, value):
    """Return a finite positive number, or an array of them."""
    array = finite(name, value)
    if array.min() <= 0:
        raise ValueError(f"{name} must be > 0, got {array.min()}")
    return value


def check_pairs(parameters, gradients):
    """Raise ValueError unless each parameter has a finite gradient of its shape."""
    if len(parameters) != len(gradients) or not parameters:
        raise ValueError(f"parameters and gradients must pair up, got {len(parameters)} and {len(gradients)}")
    for i, (x, g) in enumerate(zip(parameters, gradients, strict=True)):
        if x.shape != g.shape:
            raise ValueError(f"gradients[{i}] has shape {g.shape}, its parameter has {x.shape}")
        if x.dtype.kind != "f":
            raise ValueError(f"parameters[{i}] must hold floats to be updated in place, got {x.dtype}")
        if not np.isfinite(g).all():
            raise ValueError(f"gradients[{i}] must be finite; lower lr or clip with clip_norm()")


# --- Around an optimizer ---


def warm_up_cosine(step, n_steps, peak, n_warm_up=0, final_share=0.1):
    """The learning rate at a step: a straight rise, then half a cosine down.

    step 0 … n_steps - 1 -> a number; the rise takes n_warm_up steps, the end is
    final_share · peak.
    Raises ValueError where step lies outside the run. Source: Loshchilov and
    Hutter 2016.

    >>> [round(warm_up_cosine(s, 101, 1.0, n_warm_up=2), 2) for s in (0, 1, 51, 100)]
    [0.5, 1.0, 0.54, 0.1]
    """
    whole("n_steps", n_steps, at_least=1)
    in_range("step", step, 0, n_steps - 1)
    in_range("final_share", final_share, 0, 1)
    in_range("n_warm_up", n_warm_up, 0, n_steps)
    if step < n_warm_up:
        return peak * (step + 1) / n_warm_up
    done = (step - n_warm_up + 1) / (n_steps - n_warm_up)
    return peak * (final_share + (1 - final_share) * 0.5 * (1 + math.cos(math.pi * done)))


def clip_norm(gradients, max_norm):
    """Shrink gradients together, in place, if they are longer than max_norm.

    Returns their joint length before clipping. The direction stays. Source: Pascanu et
    al. 2013.

    >>> g = [np.array([3.0]), np.array([4.0])]
    >>> clip_norm(g, 1.0), [x.round(3).tolist() for x in g]
    (5.0, [[0.6], [0.8]])
    """
    positive("max_norm", max_norm)
    for i, g in enumerate(gradients):
        if np.asarray(g).dtype.kind != "f":
            raise ValueError(
                f"gradients[{i}] must hold floats to be shrunk in place, got {np.asarray(g).dtype}"
            )
    norm = float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients)))
    if not np.isfinite(norm):
        raise ValueError(f"gradients must be finite, got norm {norm}")
    shrink = min(1.0, max_norm / (norm + 1e-6))
    if shrink < 1:
        for g in gradients:
            g *= shrink
    return norm


# --- Landscapes ---


@dataclass(frozen=True)
class Landscape:
    """A function of the plane: points (..., 2) -> value (...), gradient (..., 2)."""

    name: str
    value: object
    gradient: object
    minimum: tuple
    start: tuple


def quadratic(condition=100.0, rotation=0.0):
    """½ (u² + condition · v²): a valley, `condition` times as steep across.

    rotation: degrees by which the valley is turned against the axes. Minimum 0
    at the origin.
    Raises ValueError on a condition below 1.

    >>> valley = quadratic(condition=100)
    >>> float(valley.value(np.array([1.0, 1.0]))), valley.gradient(np.array([1.0, 1.0])).tolist()
    (50.5, [1.0, 100.0])
    """
    in_range("condition", condition, 1, np.inf, open_high=True)
    in_range("rotation", rotation, -360, 360)
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    turn = np.array([[c, -s], [s, c]])
    curvature = turn @ np.diag([1.0, condition]) @ turn.T  # the matrix of second derivatives

    def value(points):
        points = finite("points", points)
        return 0.5 * np.einsum("...i,ij,...j->...", points, curvature, points)

    def gradient(points):
        return finite("points", points) @ curvature

    return Landscape("quadratic", value, gradient, (0.0, 0.0), (-4.0, 1.0))


def coordinates(points):
    """Points (…, 2) as their x (…) and their y (…)."""
    points = finite("points", points)
    return points[..., 0], points[..., 1]


def rosenbrock():
    """(1 - x)² + 100 (y - x²)²: a curved valley, easy to enter, slow to follow.

    >>> float(rosenbrock().value(np.array([1.0, 1.0])))
    0.0
    """

    def value(points):
        x, y = coordinates(points)
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2

    def gradient(points):
        x, y = coordinates(points)
        return np.stack([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], -1)

    return Landscape("Rosenbrock", value, gradient, (1.0, 1.0), (-1.5, 1.0))


def beale():
    """(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²: steep walls.

    >>> float(beale().value(np.array([3.0, 0.5])))
    0.0
    """

    def parts(points):
        x, y = coordinates(points)
        return x, y, 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y

    def value(points):
        _, _, a, b, c = parts(points)
        return a * a + b * b + c * c

    def gradient(points):
        x, y, a, b, c = parts(points)
        along_x = 2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1))
        along_y = 2 * (a * x + b * 2 * x * y + c * 3 * x * y * y)
        return np.stack([along_x, along_y], -1)

    return Landscape("Beale", value, gradient, (3.0, 0.5), (-1.0, -1.5))


def descend(optimizer, landscape, start, n_steps):
    """Follow an optimizer -> path (n_steps + 1, …, 2), values (n_steps + 1, …).

    start (…, 2): one point or many, which then share nothing but the learning
    rate. Once a point has left for infinity it stays there, as inf. Raises
    ValueError on a start that is not finite.

    >>> path, values = descend(SGD(0.01), quadratic(), (-4.0, 1.0), 50)
    >>> path.shape, bool(values[-1] < values[0])
    ((51, 2), True)
    """
    start = finite("start", start).astype(float)
    if start.shape[-1] != 2:
        raise ValueError(f"start must end in two coordinates, got shape {start.shape}")
    point = np.broadcast_to(start, np.broadcast_shapes(start.shape, np.shape(optimizer.lr))).copy()
    lost = np.zeros(point.shape[:-1], bool)
    path = [point.copy()]
    for _ in range(whole("n_steps", n_steps, at_least=1)):
        gradient = np.where(lost[..., None], 0.0, landscape.gradient(point))
        optimizer.step([point], [gradient])
        lost |= np.abs(point).max(-1) > 1e6  # diverged: stop before the numbers overflow
        point[lost] = 1e6
        path.append(point.copy())
    path = np.stack(path)
    values = landscape.value(path)
    away = np.abs(path).max(-1) >= 1e6
    return np.where(away[..., None], np.inf, path), np.where(away, np.inf, values)
