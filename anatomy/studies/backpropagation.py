"""What the chapter on backpropagation measures: by hand, on the toy, on recorded runs, on the real model.

Chapter: book/backpropagation.md
"""

import ast
import math
import tracemalloc
from dataclasses import dataclass

import numpy as np

from anatomy import backpropagation as bp
from anatomy import recordings, tiny_tales
from anatomy.model import PUBLISHED, Trace
from anatomy.studies import scientific, signed
from anatomy.studies.costs import part_costs
from anatomy.training_phases import Parameters, text_loss, token_losses


def bound(value):
    """A power of ten that a rounding error stays below on any processor: at least ten times the value.

    >>> bound(3e-11)
    '1e−9'
    """
    return scientific(10.0 ** (math.ceil(math.log10(value)) + 1))


# --- An expression of a, b and c ------------------------------------------------------------------------

EXAMPLES = (
    "(a × b + c) × a",
    "a × b + c",
    "a × a × a",
    "tanh(a × b) + b",
    "relu(a + b) × c",
    "tanh(a) × tanh(a)",
)
VALUES = {"a": 2.0, "b": -1.0, "c": 3.0}
SIGNS = {"×": "*", "·": "*", "−": "-"}


def expression(text, **values):
    """An expression of names, numbers, +, ×, tanh and relu as a Tensor, and the Tensors of its names.

    Each name is one Tensor, however often it stands. Raises ValueError on anything else.

    >>> output, names = expression("(a × b + c) × a", a=2.0, b=-1.0, c=3.0)
    >>> output.backward()
    >>> float(output.data), {name: float(t.gradient) for name, t in names.items()}
    (2.0, {'a': -1.0, 'b': 4.0, 'c': 2.0})
    """
    for sign, ours in SIGNS.items():
        text = text.replace(sign, ours)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no expression: {error.msg}") from error
    names = {}

    def visit(node):
        match node:
            case ast.Name(id=name) if name in values:
                return names.setdefault(name, bp.Tensor(float(values[name]), label=name))
            case ast.Constant(value=int() | float() as number):
                return bp.Tensor(np.float64(number), "constant", label=f"{number:g}")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return bp.Tensor(-np.float64(number), "constant", label=f"{-number:g}")
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return visit(left) + visit(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return visit(left) * visit(right)
            case ast.Call(func=ast.Name(id="tanh" | "relu" as curve), args=[inner], keywords=[]):
                return getattr(visit(inner), curve)()
        raise ValueError(
            f"{ast.unparse(node)!r} is not known here: use {', '.join(values)}, numbers, +, ×, tanh, relu"
        )

    output = visit(tree)
    return output, names


def walked_back(text, **values):
    """Each node of an expression, from the result back: dicts with label, operation, value, passed, gradient."""
    output, _ = expression(text, **values)
    passed = {id(node): [float(g) for g in found] for node, found in bp.backward_steps(output)}
    return [
        {
            "label": node.label or node.operation,
            "operation": node.operation,
            "value": float(node.data),
            "gradient": float(node.gradient),
            "passed": list(
                zip([p.label or p.operation for p in node.parents], passed.get(id(node), []), strict=True)
            ),
        }
        for node in reversed(bp.computation_order(output))
    ]


def slopes_by_nudging(text, h=1e-5, **values):
    """The slope along each name, by central differences."""
    names = [name for name in values if name in expression(text, **values)[1]]
    slopes = bp.finite_difference(
        lambda x: expression(text, **(values | dict(zip(names, x, strict=True))))[0].data,
        [values[name] for name in names],
        h,
    )
    return dict(zip(names, slopes.tolist(), strict=True))


# --- A network of two inputs, three neurons and three tokens --------------------------------------------

TOKENS = ("mat", "sofa", "moon")
RATE = 0.2  # of learning
X = (0.9, -0.6)
NET = {
    "w1": [[0.8, -0.5, 0.6], [-0.7, 0.9, 0.4]],
    "b1": [0.1, 0.0, -0.2],
    "w2": [[-0.6, 0.4, 0.9], [0.7, -0.3, -0.5], [0.5, -0.8, 0.3]],
    "b2": [0.0, 0.1, 0.0],
}


def net_layers(dtype=float):
    """The network as anatomy.backpropagation.run_network takes it."""
    arrays = {name: bp.Tensor(np.array(values, dtype), label=name) for name, values in NET.items()}
    return [(arrays["w1"], arrays["b1"]), (arrays["w2"], arrays["b2"])]


def net_loss(layers, target=0):
    return bp.cross_entropy(bp.run_network(layers, np.array([X], layers[0][0].data.dtype)), [target])


def net_losses(target=0, lr=RATE, n=20):
    """The loss of the small network after 0, 1 … n updates."""
    layers, losses = net_layers(), []
    for _ in range(n + 1):
        loss = net_loss(layers, target)
        loss.backward()
        losses.append(float(loss.data))
        bp.gradient_step(layers, lr)
    return losses


def net_check(target=0, h=1e-5):
    """Largest distance between gradient and finite difference over the small network's weights, and their number."""
    layers = net_layers()
    net_loss(layers, target).backward()
    worst, n = 0.0, 0
    for parameter in (tensor for layer in layers for tensor in layer):
        gradient, kept = parameter.gradient, parameter.data

        def loss(array, parameter=parameter):
            parameter.data = array
            return net_loss(layers, target).data

        worst = max(worst, float(abs(bp.finite_difference(loss, kept, h) - gradient).max()))
        parameter.data, n = kept, n + kept.size
    return worst, n


# --- The step of a finite difference ---------------------------------------------------------------------

PRECISIONS = ("float64", "float32")
SCHEMES = ("both sides", "one side")
LOWEST = -18  # log10 that stands for no error at all


@dataclass(frozen=True)
class StepErrors:
    """How far finite differences of the small network are from backpropagation, by step.

    exponents (n_steps,): log10 of the step. errors (n_schemes, n_precisions, n_steps, n_weights): log10 of the
    distance. best (n_schemes, n_precisions): log10 of the step with the smallest median error. rule: the same by the
    rule of thumb, ε^(1/3) for both sides and ε^(1/2) for one.
    """

    exponents: np.ndarray
    errors: np.ndarray
    best: np.ndarray
    rule: np.ndarray
    credit: str

    def exponent_of(self, scheme, low, high):
        """By which power of h the median error in float64 grows between two exponents: a straight line's slope."""
        here = (self.exponents >= low) & (self.exponents <= high)
        return float(np.polyfit(self.exponents[here], np.median(self.errors[scheme, 0], axis=-1)[here], 1)[0])

    def summary(self):
        """For each scheme and precision: median, lowest and highest log10 of the error by step."""
        return [
            [{"median": np.median(e, axis=-1), "low": e.min(axis=-1), "high": e.max(axis=-1)} for e in scheme]
            for scheme in self.errors
        ]


def step_errors():
    """The recorded errors of finite differences."""
    found = recordings.load("backpropagation")
    errors = found["step_errors"].astype(float)
    exponents = found["exponents"].astype(float)
    eps = np.array([np.log10(np.finfo(name).eps) for name in PRECISIONS])
    return StepErrors(
        exponents=exponents,
        errors=errors,
        best=exponents[np.median(errors, axis=-1).argmin(axis=-1)],
        rule=np.array([eps / 3, eps / 2]),
        credit=found.credit(),
    )


def third_derivatives(h=1e-3):
    """The size of the third derivative of the small network's loss along each of its weights (n_weights,).

    From its gradient at a step up, here and a step down.
    """
    layers = net_layers()
    parameters = [tensor for layer in layers for tensor in layer]

    def gradient(parameter, i, moved):
        flat, here = parameter.data.reshape(-1), parameter.data.reshape(-1)[i]
        flat[i] = here + moved
        net_loss(layers).backward()
        flat[i] = here
        return parameter.gradient.reshape(-1)[i]

    return np.array([
        abs(gradient(p, i, h) - 2 * gradient(p, i, 0) + gradient(p, i, -h)) / h**2
        for p in parameters
        for i in range(p.data.size)
    ])  # fmt: skip


def best_step(value, third):
    """The step h of least error in float64, of which h² · third / 6 is bend and eps / 2 · value / h rounding.

    >>> scientific(best_step(1.0, 1.0))
    '7e−6'
    """
    eps = np.finfo(float).eps
    return float((3 * eps / 2 * value / third) ** (1 / 3))


# --- The toy's gradient, checked ---------------------------------------------------------------------------


class KeepsLast(bp.Tensor):
    """A Tensor with the mistake `=` for `+=`: of several uses only the last one counts."""

    def receive(self, gradient):
        self.gradient = bp.sum_to_shape(gradient, self.shape)


@dataclass(frozen=True)
class ToyCheck:
    """Gradients of the trained toy against central differences with step h, on n weights of every matrix and gain.

    relative: for each array, the distance of the two divided by the length of the differences, over the sample.
    broken: the same for the embedding where its two uses do not add up.
    """

    names: list
    relative: np.ndarray
    broken: float
    n: int
    n_parameters: int
    n_tokens: int
    h: float


def toy_texts(n=4):
    """The first held-out tales, laid out for training."""
    return tiny_tales.as_texts(tiny_tales.held_out_tales()[:n], tiny_tales.load().tokenizer)


def toy_parameters(dtype=float):
    """The weights of the trained toy."""
    model = tiny_tales.load()
    return Parameters(model.config, {n: a.astype(dtype) for n, a in tiny_tales.load_arrays().items()})


def toy_check(per_array=6, h=1e-5, seed=0):
    """Nudge a few weights of every array of the toy, in float64."""
    parameters, texts = toy_parameters(), toy_texts(2)
    tensors = parameters.tensors
    text_loss(parameters, texts).backward()
    gradients = {name: tensor.gradient for name, tensor in tensors.items()}
    tensors["embedding"] = KeepsLast(tensors["embedding"].data)
    text_loss(parameters, texts).backward()
    broken_gradient = tensors["embedding"].gradient
    rng = np.random.default_rng(seed)
    relative, broken = [], 0.0
    for name, tensor in tensors.items():
        rows = np.unique(texts.inputs) if name == "embedding" else np.arange(len(tensor.data))
        places = [(rng.choice(rows), *(rng.integers(n) for n in tensor.shape[1:])) for _ in range(per_array)]
        slopes = np.array([nudged(parameters, texts, tensor.data, place, h) for place in places])
        length = np.linalg.norm(slopes)
        relative.append(np.linalg.norm(slopes - [gradients[name][place] for place in places]) / length)
        if name == "embedding":
            broken = float(np.linalg.norm(slopes - [broken_gradient[place] for place in places]) / length)
    return ToyCheck(
        names=list(tensors),
        relative=np.array(relative),
        broken=broken,
        n=per_array * len(tensors),
        n_parameters=parameters.config.n_parameters(),
        n_tokens=int(texts.counts.sum()),
        h=h,
    )


def nudged(parameters, texts, array, place, h):
    """The slope of the toy's loss along one number of an array, which is put back."""
    kept, losses = array[place], []
    for moved in (kept + h, kept - h):
        array[place] = moved
        losses.append(float(text_loss(parameters, texts).data))
    array[place] = kept
    return (losses[0] - losses[1]) / (2 * h)


# --- What it costs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Products:
    """Matrix products of one pass of the toy forward and of one back: how many, and their FLOPs.

    look_up: products with one-hot rows, by which the gradient of the look-up is written; the others do not count them.
    """

    forward: int
    backward: int
    look_up: int
    forward_flops: int
    backward_flops: int


class Counting(np.ndarray):
    """An array that notes the FLOPs of each matrix product that it, or what is made of it, takes part in."""

    noted = None  # a list, while products are counted

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        def plain(x):
            return x.view(np.ndarray) if isinstance(x, Counting) else x

        if out:
            options["out"] = tuple(map(plain, out))
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        if ufunc is np.matmul:
            Counting.noted.append(2 * result.size * inputs[0].shape[-1])
        return result.view(Counting) if isinstance(result, np.ndarray) else result


def toy_products():
    """Count the products of the toy's loss: forward in the record that `backward` walks, back by running every rule."""
    forward, backward, look_up = [], [], []
    for node in bp.computation_order(text_loss(toy_parameters(np.float32), toy_texts())):
        if node.operation == "@":
            forward.append(2 * math.prod(node.shape) * node.parents[0].shape[-1])
        if node.backward_rule:
            Counting.noted = look_up if node.operation == "embedding" else backward
            node.backward_rule(np.ones(node.shape, np.float32).view(Counting))
    return Products(len(forward), len(backward), len(look_up), sum(forward), sum(backward))


@dataclass(frozen=True)
class Timing:
    """CPU time of backward divided by that of forward: quartiles of n ratios, of the toy and of wide matrices."""

    toy: list
    wide: list
    n: int
    width: int
    credit: str


def timing():
    """The recorded time ratios."""
    found = recordings.load("backpropagation")

    def quartiles(kind):
        ratios = found[f"{kind}backward_seconds"] / found[f"{kind}forward_seconds"]
        return np.percentile(ratios, [25, 50, 75]).tolist()

    settings = found.provenance["settings"]
    return Timing(quartiles(""), quartiles("wide_"), settings["n_times"], settings["width"], found.credit())


@dataclass(frozen=True)
class Kept:
    """Numbers kept for the backward pass, per token.

    counted: by the formula. measured: bytes that the toy's graph holds in float32, divided by four.
    weights_of: how many of the counted are attention weights, for a text of n_tokens.
    """

    counted: int
    measured: float
    n_tokens: int


def kept_per_token(config, n_tokens):
    """How many numbers a backward pass needs of each token: what products and bends read, counted once.

    A layer: what the norms read and write (4 d_model), queries, keys and values, what the heads mixed, the sums before
    the gate, the gate, up and hidden; and for each head one attention weight per token. Once: last norm, logits.
    """
    d, kv = config.d_model, config.n_kv_heads * config.d_head
    layer = 4 * d + config.n_heads * config.d_head * 2 + 2 * kv + 4 * config.d_ff + config.n_heads * n_tokens
    return config.n_layers * layer + 2 * d + config.n_vocab


def toy_kept():
    """What the toy's graph holds, traced by Python's memory allocator, against the count."""
    parameters, texts = toy_parameters(np.float32), toy_texts(8)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        loss = text_loss(parameters, texts)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loss.data.size == 1
    n_texts, n_tokens = texts.inputs.shape
    return Kept(
        kept_per_token(parameters.config, n_tokens), (held - before) / 4 / (n_texts * n_tokens), n_tokens
    )


# --- In a real model -----------------------------------------------------------------------------------------

PROMPT, RIGHT = "The capital of Australia is", " Canberra"


@dataclass(frozen=True)
class RealGradient:
    """The loss of one next token of SmolLM2, and its gradients.

    tokens, p, gradient: the tokens with the largest gradients along their logits. rest: all others together, as
    (number, p, gradient). worst, n_checked: largest distance to finite differences along n numbers of the last vector.
    length: of the gradient there. steps: lengths of steps against it, as shares of the vector's; promised, changes: of
    the loss, by the slope and as measured; random (n_steps, n_random): for steps as long in random directions.
    p_before, p_after: of the right token, without and with the longest step.
    """

    tokens: list
    p: list
    gradient: list
    rest: tuple
    worst: float
    n_checked: int
    d_model: int
    length: float
    steps: tuple
    promised: np.ndarray
    changes: np.ndarray
    random: np.ndarray
    p_before: float
    p_after: float


def last_steps(model, last, target):
    """The loss of one vector before the final norm, as Tensors in float64: the vector, its logits, the loss.

    The matrix is held fixed: its own gradient would be another 28 million numbers.
    """
    x = bp.Tensor(last.astype(float))
    normed = bp.rms_norm(x, bp.Tensor(model.weights.norm_final.astype(float)), model.config.norm_eps)
    matrix = model.weights.embedding.T.astype(float)
    logits = bp.Tensor(normed.data @ matrix, "@", (normed,), lambda g: (g @ matrix.T,))
    return x, logits, bp.cross_entropy(logits, [target] * len(last))


def real_gradient(model, n_checked=16, n_random=20, steps=(0.001, 0.005, 0.02), h=1e-4, seed=0):
    """Differentiate the last steps of SmolLM2: final norm, unembedding, softmax, loss."""
    trace = Trace("residual")
    model.forward(model.encode(PROMPT), trace=trace, last_only=True)
    last = trace["residual"][-1][-1:].astype(float)
    (target,) = model.encode(RIGHT)
    x, logits, loss = last_steps(model, last, target)
    loss.backward()
    at_logits = logits.gradient[0]
    p = at_logits + (np.arange(len(at_logits)) == target)

    rng = np.random.default_rng(seed)
    axes = rng.choice(last.size, n_checked, replace=False)
    moves = h * np.eye(last.size)[axes]
    length = float(np.linalg.norm(x.gradient))
    ways = rng.normal(size=(n_random, last.size))
    ways = np.vstack([-x.gradient / length, ways / np.linalg.norm(ways, axis=1, keepdims=True)])
    far = np.array(steps) * np.linalg.norm(last)
    moved = [last + moves, last - moves, *(last + step * ways for step in far)]
    found = token_losses(last_steps(model, np.vstack(moved), target)[1].data, [target] * sum(map(len, moved)))
    above, below, *after = np.split(found, np.cumsum([len(part) for part in moved])[:-1])
    after = np.array(after)
    order = np.argsort(-np.round(abs(at_logits), 4), kind="stable")[:6]
    others = np.delete(np.arange(len(p)), order)
    return RealGradient(
        tokens=[model.decode([int(i)]) for i in order],
        p=p[order].tolist(),
        gradient=at_logits[order].tolist(),
        rest=(len(others), float(p[others].sum()), float(at_logits[others].sum())),
        worst=float(abs((above - below) / (2 * h) - x.gradient[0, axes]).max()),
        n_checked=n_checked,
        d_model=last.size,
        length=length,
        steps=steps,
        promised=-length * far,
        changes=after[:, 0] - float(loss.data),
        random=after[:, 1:] - float(loss.data),
        p_before=float(p[target]),
        p_after=float(np.exp(-after[-1, 0])),
    )


# --- What the page says and prints -------------------------------------------------------------------------

N_TEXT = 2048  # tokens of the text for which memory is counted


def told_of_checks(losses, errors):
    """Numbers for the prose: the small network, the step of a finite difference, the toy's check."""
    (net_worst, n_net), check = net_check(), toy_check()
    third = float(np.median(third_derivatives()))
    return {
        "n_weights": f"{check.n_parameters:,}",
        "n_passes": f"{2 * check.n_parameters:,}",
        "n_net": n_net,
        "net_worst": bound(net_worst),
        "loss_first": losses[0],
        "loss_one": losses[1],
        "loss_last": losses[-1],
        "n_updates": len(losses) - 1,
        "best": scientific(10 ** errors.best[0, 0]),
        "rule": scientific(10 ** errors.rule[0, 0]),
        "third": f"{third:.3f}",
        "predicted": scientific(best_step(losses[0], third)),
        "rise": errors.exponent_of(0, -3, -1),
        "rise_one": errors.exponent_of(1, -3, -1),
        "fall": signed(errors.exponent_of(0, -14, -9), ".1f"),
        "check_n": check.n,
        "per_array": check.n // len(check.names),
        "n_arrays": len(check.names),
        "check_tokens": check.n_tokens,
        "check_worst": bound(check.relative.max()),
        "broken": check.broken,
    }


def told_of_real(real):
    """Numbers for the prose on SmolLM2."""
    return {
        "n_checked": real.n_checked,
        "d_model": real.d_model,
        "real_worst": bound(real.worst),
        "longest": f"{real.steps[-1]:.0%}",
        "p_before": real.p_before,
        "p_after": real.p_after,
    }


def told_of_costs():
    """Numbers for the prose on FLOPs, time and memory."""
    products, time, kept = toy_products(), timing(), toy_kept()
    smol = PUBLISHED["SmolLM2-135M"]
    numbers = kept_per_token(smol, N_TEXT)
    quartiles = {
        f"{kind}_{name}": value
        for kind, values in (("toy", time.toy), ("wide", time.wide))
        for name, value in zip(("low", "time", "high"), values, strict=True)
    }
    return quartiles | {
        "n_text": f"{N_TEXT:,}",
        "n_layers": smol.n_layers,
        "n_times": time.n,
        "width": f"{time.width:,}",
        "n_products": products.forward,
        "n_back": products.backward,
        "kept_toy": f"{round(kept.measured, -2):,.0f}",
        "kept_counted": f"{kept.counted:,}",
        "kept_mb": 2 * numbers / 1e6,
        "attention_share": smol.n_layers * smol.n_heads * N_TEXT / numbers,
        "layers_share": smol.n_layers * smol.d_model / numbers,
    }


def cost_rows(names=("SmolLM2-135M", "Llama-2-7B", "Llama-3-8B")):
    """For a token: name, GFLOPs forward and backward, what is kept, and the inputs of layers alone, at 16 bits."""
    rows = []
    for name in names:
        config = PUBLISHED[name]
        flops = sum(cost.flops for cost in part_costs(config).values())
        kept, inputs = kept_per_token(config, N_TEXT), config.n_layers * config.d_model
        sizes = f"{2 * kept / 1e6:.1f} MB", f"{2 * inputs / 1e6:.2f} MB"
        rows.append([name, f"{flops / 1e9:.2f}", f"{2 * flops / 1e9:.2f}", *sizes])
    return rows
