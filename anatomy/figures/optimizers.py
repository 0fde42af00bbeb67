"""Figures of the chapter on optimizers. Chapter: book/optimizers.md"""

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.theme import ink
from anatomy.figures.view import View


def race(names, tuned, rows, n_steps=200):
    """One optimizer at the reader's rate, another at its tuned rate, from the reader's start.

    names: of the optimizers. tuned: two lists of rates, for the valley and for Rosenbrock. rows: (optimizer, edge by
    formula, edge found) for the table.
    """
    view = View("optimizers_race", names=names, tuned=tuned, n_steps=n_steps)
    p = parts.plot(218, "x", "y", x=(-5, 5), y=(-3.2, 3.2), grid=None)
    parts.title(view, "said", p)
    p.title.text = " \n "
    lines = view.source("contours", xs=[], ys=[])
    p.multi_line("xs", "ys", source=lines, line_color=ink("grey"), line_width=1)
    parts.curve(view, "ghost", p, "ffn", "dashed", 1.5)
    parts.curve(view, "path", p, "loss")
    parts.dots(view, "goal", p, "ink", "cross", 12)
    parts.dots(view, "from", p, "ink", size=12)
    view.drag(p, "plane", x="x", y="y")
    q = parts.plot(175, "step", "value", x=(0, n_steps), y=(-8.5, 6.5))
    parts.ticks(q.yaxis, range(-8, 7, 4), ["10⁻⁸", "10⁻⁴", "1", "10⁴"])
    parts.title(view, "against", q)
    q.title.text = " \n "
    parts.curve(view, "loss_ghost", q, "ffn", "dashed", 1.5)
    parts.curve(view, "loss", q, "loss")
    surface = view.control(surface=parts.choice("Surface", ["Valley", "Rosenbrock"]))
    mine = view.control(optimizer=parts.choice("Optimizer", names))
    other = view.control(other=parts.choice("Dashed, tuned", names, names.index("Adam")))
    rate = view.control(exponent=parts.slider("Learning rate = 10 to the power", -4, 1, -1.69, 0.01))
    condition = view.control(condition=parts.slider("Condition", 1, 200, 100))
    rotation = view.control(rotation=parts.slider("Turned °", 0, 90, 0, 5))
    x = view.control(x=parts.slider("Start x", -4.5, 4.5, -4, 0.1))
    y = view.control(y=parts.slider("Start y", -3, 3, 1, 0.1))
    words = (
        "Below their edges SGD and momentum come nearer to the bottom of the valley, slowly where the rate is far too "
        "low or just below the edge; just above, each step overshoots more than the one before. The edge depends on "
        "the steepest curvature alone. The start matters only where it lies exactly on the valley's floor, where that "
        "curvature is not felt (y = 0, not turned). Momentum's edge lies 1.9 times as high. Adam and RMSProp have no "
        "such edge here: a rate that is too high makes them swing or hover, within a few times its length."
    )
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        controls=[
            rate,
            parts.side_by_side(surface, mine, other, least=95),
            parts.side_by_side(condition, rotation, x, y, least=110),
        ],
        name="optimizers-race",
        alt="Left, level lines of a long valley and the path of gradient descent at a rate of 0.0204, just above the "
        "edge 0.0200: it swings from wall to wall, wider each time. Right, its value grows with the steps, while that "
        "of Adam at its tuned rate falls.",
        caption=f"Drag the start, then move the rate across the printed edge. {words}",
        print_caption=words,
        print_states={"below the edge": {"exponent": -1.72}, "above the edge": {"exponent": -1.69}},
        data=Table(["optimizer", "edge by formula", "edge found by bisection"], rows),
        provenance="toy",
    )  # fmt: skip


def sharpness(found):
    """Sharpness of a small network during full-batch gradient descent. found: the study's Sharpness."""
    view = View(
        "optimizers_sharpness", digits=4, rates=found.rates, at=found.at, sharpness=found.sharpness,
        losses=found.losses, rises=found.rises,
    )  # fmt: skip
    last, opening = int(found.at[-1]), 2
    at = range(0, last + 1, last // 2)
    p = parts.plot(260, "step", "sharpness", x=(0, last), y=(0, 21))
    parts.ticks(p.xaxis, at, [f"{step:,}" for step in at])
    parts.title(view, "said", p)
    p.title.text = " \n "
    parts.curve(view, "sharp", p, "loss")
    parts.curve(view, "edge", p, "ink", "dashed", 1.5)  # over it: the two come together
    q = parts.plot(260, "step", "loss", x=(0, last), y=(-5, 1))
    parts.ticks(q.xaxis, at, [f"{step:,}" for step in at])
    parts.ticks(q.yaxis, range(-4, 1, 2), ["10⁻⁴", "10⁻²", "1"])
    parts.title(view, "fell", q)
    q.title.text = " \n "
    parts.curve(view, "loss", q, "loss")
    view.control(run=parts.choice("Learning rate η", [f"{rate:g}" for rate in found.rates], opening))
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="optimizers-sharpness",
        alt=f"Left, the sharpness of a network of 25 parameters at a rate of {found.rates[opening]:g} rises to "
        f"the dashed line 2/η = {2 / found.rates[opening]:.2f} and stays near it. Right, the loss falls all the same, "
        "but not at every step.",
        caption="Solid: the largest curvature at the network's own place. Dashed: the edge 2/η. Drawn every "
        f"{int(found.at[1])} steps. On a quadratic, the "
        "curvature is given and a rate above the edge is fatal. Here the curvature moves while the network trains. "
        "Choose a rate, and compare where the solid line ends with the dashed one.",
        print_caption="Solid: the largest curvature at the network's own place. Dashed: the edge 2/η. Drawn every "
        f"{int(found.at[1])} steps.",
        print_states={f"η = {rate:g}": {"run": k} for k, rate in enumerate(found.rates)},
        data=Table(
            [
                "η",
                "2/η",
                "sharpness at the start",
                "at the end",
                "steps in which the loss rose",
                "loss at the end",
            ],
            [
                [f"{r:g}", f"{2 / r:.2f}", f"{s[0]:.2f}", f"{s[-1]:.2f}", f"{int(n):,}", f"{v[-1]:.1e}"]
                for r, s, n, v in zip(found.rates, found.sharpness, found.rises, found.losses, strict=True)
            ],
        ),
        provenance="trained",
        source=found.credit,
    )
