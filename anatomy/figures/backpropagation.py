"""Figures of the chapter on backpropagation. Chapter: book/backpropagation.md"""

import numpy as np

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed
from anatomy.figures.theme import by_name, ink
from anatomy.figures.view import View
from anatomy.studies import scientific

MOST_UPDATES = 20


def words_at(p, source, column, name="ink", offset=0, align="center", **options):
    """A column of words at the points of a source."""
    return p.text(
        "x", "y", column, source=source, y_offset=offset, text_align=align, text_baseline="middle",
        text_color=ink(name), **options,
    )  # fmt: skip


# --- Predict, choose a target, go back, update ---------------------------------------------------------


def cycle(net, x, tokens, losses, rate, target=0, first="w2[0, 0]"):
    """The four steps of training on a network of one hidden layer.

    net: name -> weights as lists. x (2,). tokens: three. losses: after 0, 1 … updates at the opening rate.
    """
    drawing = net_drawing(net, x)
    view = View(
        "backpropagation_cycle", net=net, x=x, tokens=tokens, most=MOST_UPDATES,
        items=drawing["items"], edges=drawing["edges"], spots=drawing["spots"],
    )  # fmt: skip
    graph = net_plot(view, drawing, tokens)
    curve = loss_plot(view)
    stage = view.control(stage=parts.tabs(["Predict", "Target", "Backward", "Update"], 2))
    aim = view.control(target=parts.choice("Target", tokens, target))
    look = view.control(look=parts.choice("Look at", drawing["labels"], drawing["labels"].index(first)))
    updates = view.control(updates=parts.slider("Updates before", 0, MOST_UPDATES, 0))
    lr = view.control(rate=parts.slider("Learning rate", 0.05, 3, rate, 0.05))
    lines = (
        "Lines are wide where their number is large and dashed where it is negative: the weight's gradient"
    )
    made = "The gradient of a weight of w2 is a product of two numbers that stand in the figure; for w1 a third factor "
    made += "is the slope of the bend, 1\u00a0−\u00a0hidden². The gradient of a hidden number is a sum of products, "
    made += "that of a logit its probability, minus 1 at the target."
    return Figure(
        parts.side_by_side(graph, curve),
        view=view,
        controls=[
            stage,
            parts.side_by_side(aim, look, least=140),
            parts.side_by_side(updates, lr, least=150),
        ],
        name="backpropagation-cycle",
        alt="Left, a network of two inputs, three neurons and three tokens during the walk back: each circle "
        "holds its number, its gradient stands below, and the width of each line is the size of its weight's "
        f"gradient. Marked: {first} with the product that made its gradient. Right, the loss falls from "
        f"{losses[0]:.2f} to {losses[-1]:.2f} in {len(losses) - 1} updates.",
        caption=f"Go through the four steps, then add updates. {lines} in *Backward*, else the weight. Point at a "
        f"circle or a line. {made} *Backward* changes no number; only *Update* does.",
        print_caption=f"{lines} on the way back, else the weight. {made} Going back changes no number; only the "
        "update does.",
        print_states={
            "predict": {"stage": 0},
            "backward": {"stage": 2},
            "after twenty updates": {"stage": 0, "updates": MOST_UPDATES},
        },
        data=Table(
            ["updates", *(f"loss at learning rate {rate:g}",)],
            [[k, f"{loss:.3f}"] for k, loss in enumerate(losses) if k % 2 == 0],
        ),
        provenance="toy",
    )


def net_drawing(net, x):
    """What can be looked at, and where it stands: items (name, i[, j]), their labels, edges, spots (kind, i, x, y)."""
    sizes = {"x": len(x), "hidden": len(net["b1"]), "logits": len(net["b2"])}
    spots = [
        [kind, i, column, 1.25 * ((n - 1) / 2 - i)]
        for column, (kind, n) in enumerate(sizes.items())
        for i in range(n)
    ]
    edges = [
        [w, i, j]
        for w, left, right in (("w1", "x", "hidden"), ("w2", "hidden", "logits"))
        for i in range(sizes[left])
        for j in range(sizes[right])
    ]
    biases = [["b1", i] for i in range(sizes["hidden"])] + [["b2", i] for i in range(sizes["logits"])]
    items = [spot[:2] for spot in spots] + edges + biases
    labels = [f"{name}[{', '.join(map(str, index))}]" for name, *index in items]
    return {"items": items, "labels": labels, "edges": edges, "spots": spots}


def net_plot(view, drawing, tokens):
    """A circle for every number, a line for every weight, the answers at the right."""
    spots, edges, items = drawing["spots"], drawing["edges"], drawing["items"]
    p = parts.plot(262, grid=None, x=(-0.32, 3.8), y=(-2.45, 1.75))
    p.axis.visible = False
    p.frame_align = False
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    place = {(kind, i): (x, y) for kind, i, x, y in spots}
    ends = [
        (place["x" if w == "w1" else "hidden", i], place["hidden" if w == "w1" else "logits", j])
        for w, i, j in edges
    ]
    xs, ys = ([[end[axis] for end in pair] for pair in ends] for axis in (0, 1))
    lit = view.source("lit_edge", "width", xs=[], ys=[])
    p.multi_line("xs", "ys", source=lit, line_color=ink("ink"), line_alpha=0.25, line_width="width")
    source = view.source(
        "edges", "width", xs=xs, ys=ys, kind=["plus"] * len(edges), dash=["solid"] * len(edges)
    )
    kinds = by_name(["plus", "minus", "slope"], ["ffn", "grey", "loss"])
    p.multi_line(
        "xs", "ys", source=source, line_width="width", line_dash="dash",
        line_color={"field": "kind", "transform": kinds},
    )  # fmt: skip
    targets = view.source(
        "targets", pick=[items.index(edge) for edge in edges],
        xs=[[a + t * (b - a) for t in (0.25, 0.5)] for a, b in xs],
        ys=[[a + t * (b - a) for t in (0.25, 0.5)] for a, b in ys],
    )  # fmt: skip
    view.pick(
        p,
        p.multi_line("xs", "ys", source=targets, line_width=12, line_alpha=0, line_color=ink("ink")),
        "look",
    )
    nodes = view.source(
        "nodes", "text", slope=[""] * len(spots), x=[s[2] for s in spots], y=[s[3] for s in spots],
        kind=["ffn" if s[0] == "hidden" else "stream" if s[0] == "x" else "prob" for s in spots],
        pick=[items.index(spot[:2]) for spot in spots],
    )  # fmt: skip
    circles = p.scatter(
        "x", "y", source=nodes, size=36, fill_color=ink("paper"), line_width=1.5,
        line_color={"field": "kind", "transform": by_name(["stream", "ffn", "prob"], ["stream", "ffn", "prob"])},
    )  # fmt: skip
    view.pick(p, circles, "look")
    ring = view.source("lit_node", "x", "y")
    p.scatter("x", "y", source=ring, size=36, fill_color=None, line_color=ink("ink"), line_width=3)
    words_at(p, nodes, "text")
    words_at(p, nodes, "slope", "loss", 26, background_fill_color=ink("paper"), background_fill_alpha=0.85)
    answers = view.source("answers", "text", x=[s[2] for s in spots[-3:]], y=[s[3] for s in spots[-3:]])
    p.text("x", "y", "text", source=answers, x_offset=24, text_baseline="middle", text_color=ink("prob"))
    for word, column in (("x", 0), ("hidden", 1), ("logits", 2)):
        parts.label(p, column, -2.2, word, "muted", align="center")
    return p


def loss_plot(view):
    """The loss after so many updates, and where the figure stands."""
    p = parts.plot(210, "updates", "loss (nats)", x=(-0.5, MOST_UPDATES + 1.5), y=(0, 4.2))
    parts.ticks(p.xaxis, range(0, MOST_UPDATES + 1, 5))
    parts.ticks(p.yaxis, range(5))
    parts.title(view, "curve", p)
    parts.curve(view, "losses", p, "loss")
    here = view.source("here", "x", "y")
    p.scatter("x", "y", source=here, size=10, fill_color=ink("loss"), line_color=ink("paper"))
    return p


# --- The graph of an expression ------------------------------------------------------------------------


def expression(examples, values, walked, slopes):
    """A graph of an expression that is walked forward and back.

    examples: texts, the first of which is shown. values: name -> number. walked: rows of the study's walked_back for
    the first; slopes: name -> its finite difference.
    """
    view = View("backpropagation_expression", examples=examples)
    graph = graph_plot(view)
    book = parts.ledger(
        view, "ledger", ["", "gradient", "finite difference", ""], [0, 0.34, 0.7, 1], len(values)
    )
    pick = view.control(example=parts.choice("Expression", [*examples, "your own"]))
    typed = view.control(typed=parts.words("Type your own", examples[0]))
    drawn = view.control(understood=parts.words("Understood last", examples[0], visible=False))
    end = 2 * sum(bool(row["passed"]) for row in walked) + 1
    walk = view.control(walk=parts.slider("Step of the walk", 0, end, end))
    wrong = view.control(overwrite=parts.switch("= for +="))
    step = view.control(exponent=parts.slider("h = 10 to the power", -15, -1, -5))
    given = [view.control(**{name: parts.number(name, value, -5, 5, 0.5)}) for name, value in values.items()]
    twice = next(row for row in walked if row["label"] == "a")
    return Figure(
        parts.side_by_side(graph, book, least=320),
        view=view,
        controls=[
            parts.side_by_side(pick, typed, drawn, least=140),
            parts.side_by_side(walk, step, least=150),
            parts.side_by_side(*given, wrong, least=55),
        ],
        name="backpropagation-expression",
        alt=f"The graph of {examples[0]}: a, b and c at the left, a node for every operation, the result at "
        "the right. Above each node stands its value, below it its gradient, on each line the local "
        f"derivative. The name a, which stands twice, has the gradient {fixed(twice['gradient'])}, the sum of "
        "what its two uses sent. A table sets the gradients beside finite differences: they agree.",
        caption="Walk back with the slider: above a node stands its value, below it its gradient, on a line "
        "the local derivative. Switch to = and compare with the finite difference: wrong only where a name "
        "stands twice; the dotted lines are what was lost. Then make h smaller, and the finite difference is "
        "the one that goes wrong.",
        print_caption="Above a node stands its value, below it its gradient, on a line the local derivative. "
        "Where code says = instead of +=, the gradient is wrong only where a name stands twice; the dotted "
        "line is what was lost.",
        print_states={"+=": {"overwrite": False}, "=": {"overwrite": True}},
        data=Table(
            ["node", "value", "gradient", "passes on", "finite difference"],
            [
                [
                    row["label"], fixed(row["value"]), fixed(row["gradient"]),
                    ", ".join(f"{fixed(g)} to {name}" for name, g in row["passed"]),
                    fixed(slopes[row["label"]], 8) if row["label"] in slopes else "",
                ]
                for row in walked
            ],
        ),
        provenance="toy",
    )  # fmt: skip


def graph_plot(view):
    """Nodes with value and gradient, curves between them with the local derivative."""
    p = parts.plot(310, grid=None, x=(-0.09, 1.09), y=(-1.9, 1.9))
    p.axis.visible = False
    p.min_border = 2
    p.frame_align = False
    parts.title(view, "said", p)
    p.title.text = " \n "
    edges = view.source("edges", xs=[], ys=[], dash=[])
    p.multi_line("xs", "ys", source=edges, line_color=ink("grey"), line_width=1.5, line_dash="dash")
    slopes = view.source("slopes", x=[], y=[], text=[])
    words_at(p, slopes, "text", "muted", background_fill_color=ink("paper"), background_fill_alpha=0.9)
    nodes = view.source("nodes", x=[], y=[], text=[], value=[], slope=[], pick=[])
    circles = p.scatter(
        "x", "y", source=nodes, size=34, fill_color=ink("paper"), line_color=ink("ink"), line_width=1.5
    )
    view.pick(p, circles, "walk")
    here = view.source("here", x=[], y=[])
    p.scatter("x", "y", source=here, size=34, fill_color=None, line_color=ink("ink"), line_width=3.5)
    words_at(p, nodes, "text")
    words_at(p, nodes, "value", "ink", -25, background_fill_color=ink("paper"), background_fill_alpha=0.85)
    words_at(p, nodes, "slope", "loss", 25, background_fill_color=ink("paper"), background_fill_alpha=0.85)
    return p


# --- The step of a finite difference -------------------------------------------------------------------


def step(found, precisions, schemes, first=-5):
    """Errors of finite differences against the step. found: the study's StepErrors."""
    summary = found.summary()
    view = View(
        "backpropagation_step", digits=4, exponents=found.exponents, errors=summary, best=found.rule,
        precisions=precisions, schemes=schemes,
    )  # fmt: skip
    p = parts.plot(300, "step h", "error of the slope", x=(-16.4, 2.1), y=(-12.5, 1.5))
    powers = {e: f"10{str(e).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}" for e in range(-16, 3)}
    parts.ticks(p.xaxis, range(-16, 1, 4), [powers[e] for e in range(-16, 1, 4)])
    parts.ticks(p.yaxis, range(-12, 1, 4), [powers[e] for e in range(-12, 1, 4)])
    parts.title(view, "said", p)
    p.title.text = " \n "
    for k, dash in enumerate(("solid", "dashed")):
        band = view.source(f"band_{k}", "x", "low", "high")
        p.varea("x", "low", "high", source=band, fill_color=ink("loss"), fill_alpha=0.14)
        parts.curve(view, f"median_{k}", p, "loss", dash)
        parts.curve(view, f"rule_{k}", p, "muted", "dotted", 1.5)
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p, "loss", text=[""] * len(precisions))
    parts.label(p, -15.6, -7.4, "float64", "loss")
    parts.label(p, -12.2, 0.75, "float32", "loss")
    rules = "the dotted lines are the steps that the rules of thumb name, the cube root of ε for both sides and the "
    rules += "square root for one, left for float64, right for float32"
    level = "Where float32 is level, h is lost when it is added to the weight, and the two losses are the same number."
    view.control(scheme=parts.choice("Push the weight to", schemes))
    view.control(exponent=parts.slider("h = 10 to the power", -16, 0, first, 0.25))
    n = found.errors.shape[-1]
    medians = [[np.array(part["median"]) for part in scheme] for scheme in summary]
    return Figure(
        p,
        view=view,
        name="backpropagation-step",
        alt=f"Error of a finite difference against its step on logarithmic axes, median and range of {n} "
        f"weights. In float64 it falls to {scientific(10 ** medians[0][0].min())} near h = "
        f"{scientific(10 ** found.best[0][0])} and rises on either side, a V; in float32 the V is higher and "
        f"lies further right, with its lowest point at {scientific(10 ** medians[0][1].min())}.",
        caption=f"Median (line) and range (band) over {n} weights; solid: float64, dashed: float32; "
        f"{rules}. Move h to the right: the curve bends within the step. To the left: too few digits are left of the "
        f"difference. {level} Take one side only, and the best that can be had is worse.",
        print_caption=f"Median (line) and range (band) over {n} weights; solid: float64, dashed: float32; "
        f"{rules}. With a large step the curve bends within it, with a small one too few digits are left of the "
        f"difference. {level} With one side only, the best that can be had is worse.",
        print_states={name: {"scheme": k} for k, name in enumerate(schemes)},
        data=Table(
            ["h", *(f"{name}, {scheme}" for scheme in schemes for name in precisions)],
            [
                [
                    powers[int(e)],
                    *(f"{scientific(10 ** medians[s][k][i])}" for s in range(2) for k in range(2)),
                ]
                for i, e in enumerate(found.exponents)
                if e == int(e)
            ],
        ),
        provenance="toy",
        source=found.credit,
    )


# --- Tables of the chapter -----------------------------------------------------------------------


def hand_table(walked):
    """The walk back through the first example, node by node. walked: rows as walked_back gives them."""
    rows = []
    for row in walked:
        passed = ", ".join(f"{fixed(gradient, 0)} to {name}" for name, gradient in row["passed"])
        rows.append([row["label"], fixed(row["value"], 0), fixed(row["gradient"], 0), passed])
    return Table(
        ["node", "value", "gradient", "passes on"],
        rows,
        name="backpropagation-hand",
        caption="The walk back through (a × b + c) × a, from the result. a gets 1 from the last product and −2 from "
        "the first: −1 together.",
        provenance="toy",
    )


def logits_table(real):
    """The gradient of the loss by the logits. real: a study's real_gradient."""
    n, p_rest, g_rest = real.rest
    return Table(
        ["next token", "probability p", "gradient of its logit"],
        [
            *(
                [token.strip(), f"{p:.3f}", fixed(g, 3)]
                for token, p, g in zip(real.tokens, real.p, real.gradient, strict=True)
            ),
            [f"all {n:,} others", f"{p_rest:.3f}", fixed(g_rest, 3)],
            ["sum", f"{sum(real.p) + p_rest:.3f}", fixed(sum(real.gradient) + g_rest, 3)],
        ],
        name="backpropagation-logits",
        caption=f"p − y on real logits: {n + len(real.tokens) - 1:,} tokens are pushed down, each by its probability, "
        "and one is pulled up by what it lacks.",
        provenance="real",
    )


def steps_table(real):
    """The change of the loss that the slope promises, and what comes, by the length of the step."""
    return Table(
        ["step, of the vector's length", "promised by the slope", "against the gradient",
         f"random direction, mean ± sd of {real.random.shape[1]}"],
        [
            [f"{step:.1%}", fixed(promised, 3), fixed(change, 3), f"{fixed(rest.mean(), 3)} ± {rest.std(ddof=1):.3f}"]
            for step, promised, change, rest in zip(
                real.steps, real.promised, real.changes, real.random, strict=True
            )
        ],
        name="backpropagation-steps",
        caption="Change of the loss, in nats, when the last vector of SmolLM2 is moved. Here the slope is right for a "
        "short step and promises too much for a long one.",
        provenance="real",
    )  # fmt: skip


def cost_table(rows, n_text):
    """What a backward pass costs. rows: as cost_rows gives them; n_text: tokens of the text."""
    return Table(
        ["model", "GFLOPs forward", "GFLOPs backward", "kept", "layer inputs alone"],
        rows,
        name="backpropagation-cost",
        caption=f"For one token of a text of {n_text:,}. FLOPs of the products with weights. Kept: what products and "
        "bends read, at 16 bits, counted by formula.",
        provenance="real",
    )
