"""Figures of the chapter on queries, keys and values. Chapter: book/qkv.md"""

from itertools import product

import numpy as np
from bokeh.layouts import column

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import ink
from anatomy.figures.view import View
from anatomy.qkv import project
from anatomy.studies import qkv as study

STAGES = ("scores q · k", "divided by √d", "masked", "weights, after softmax")

# --- Arrows --------------------------------------------------------------------------------------


def arrows(tokens=study.TOKENS, x=study.X, query=(3.0, 0.0)):
    """Query and keys as arrows in a plane, values and their mixture in another. query: the last token's."""
    _, k, v = project(x, study.W_Q, study.W_K, study.W_V)
    view = View("qkv_arrows", tokens=tokens, k=k, v=v)
    p = plane(view, "said", (-6.4, 6.4), (-6.4, 6.4))
    arrow(view, "keys", p, "key", 2)
    arrow(view, "query", p, "query", 3.5)
    tips(view, "key_tips", p, "key")
    tips(view, "query_tip", p, "query", "square")
    view.drag(p, "arrows", x="x", y="y")
    view.drag(p, "arrows", x="kx", y="ky")
    values = plane(view, "made", (-0.25, 1.5), (-0.35, 1.3))
    arrow(view, "mixed", values, "value", 3.5)
    sized = view.source("value_tips", "x", "y", "text", "size")
    values.scatter(
        "x", "y", source=sized, size="size", fill_color=None, line_color=ink("value"), line_width=1.5
    )
    values.text("x", "y", "text", source=sized, x_offset=8, y_offset=20, text_color=ink("ink"))
    tips(view, "mixed_tip", values, "value", "square")
    weights = parts.bars(view, "bars", tokens, "prob", room=1.75, height=160)
    hand = view.control(
        hand=parts.choice("In your hand", ["the query", *(f"the key of {t}" for t in tokens)])
    )
    held = [
        view.control(x=parts.slider("Query, first entry", -3, 3, query[0], 0.1)),
        view.control(y=parts.slider("Second entry", -2.5, 2.5, query[1], 0.1)),
        view.control(kx=parts.slider("Key, first entry", -3, 3, 0, 0.1, visible=False)),
        view.control(ky=parts.slider("Its second entry", -2.5, 2.5, 0, 0.1, visible=False)),
    ]
    angle = view.control(angle=parts.slider("Turn both, degrees", 0, 360, 0, 15))
    stretch = view.control(stretch=parts.slider("W_q × f, W_k ÷ f, f", 0.7, 1.4, 1.0, 0.1))
    root = view.control(root=parts.switch("÷ √d", True))
    now = study.toy()
    rows = [
        [
            token,
            f"({fixed(a)}, {fixed(b)})",
            fixed(now.scores[-1, i]),
            f"{now.weights[-1, i]:.2f}",
            f"({c:g}, {d:g})",
        ]
        for i, (token, (a, b), (c, d)) in enumerate(zip(tokens, k, v, strict=True))
    ]
    return Figure(
        column(parts.side_by_side(p, values, least=160), weights, sizing_mode="stretch_width"),
        view=view,
        controls=[
            parts.side_by_side(hand, root, least=120),
            parts.side_by_side(*held, least=150),
            parts.side_by_side(angle, stretch, least=150),
        ],
        name="qkv-arrows",
        alt="Left, five keys as arrows from the origin and the query (3, 0) of the last token. The keys of red and "
        "blue point nearly the same way as the query, those of car, boat and hit stand at right angles to it. "
        f"Right, the values, and the mixed value at ({now.mixed[-1, 0]:.2f}, {now.mixed[-1, 1]:.2f}), half-way "
        f"between red and blue. Below, the weights: red and blue {now.weights[-1, 0]:.2f} each.",
        caption="Drag the query, or use the sliders: a key that points its way gets the weight, and a longer query "
        "decides more sharply. Take a key in your hand and move it: where does the attention go? (It returns to its "
        "place when you let go of it.) Then turn all of them together, or multiply one matrix and divide the other by "
        "the same factor: the arrows change, and no score does.",
        print_caption="The query of the last token scores high with the keys that point its way. Of its weights, "
        "red and blue get the same. Had query and keys been turned together, no score would change.",
        print_states={"the query of boat": {}, "turned towards blue": {"x": 2.6, "y": 1.6}},
        data=Table(["token", "key", "score", "weight", "value"], rows),
        provenance="toy",
    )


def plane(view, name, x, y):
    """A plot with axes through the origin, for arrows."""
    p = parts.plot(240, grid=None, x=x, y=y)
    p.axis.visible = False
    p.min_border = 4
    parts.title(view, name, p)
    p.line(x, [0, 0], line_color=ink("rule"))
    p.line([0, 0], y, line_color=ink("rule"))
    return p


def arrow(view, name, p, hue, width):
    """Lines from the origin: `{name: {xs, ys}}`."""
    source = view.source(name, xs=[], ys=[])
    p.multi_line("xs", "ys", source=source, line_color=ink(hue), line_width=width)


def tips(view, name, p, hue, marker="circle"):
    """The ends of arrows with their names, dx and dy pixels away."""
    source = view.source(name, "x", "y", "text", "dx", "dy", "align")
    p.scatter("x", "y", source=source, size=8, marker=marker, fill_color=ink(hue), line_color=ink(hue))
    p.text(
        "x", "y", "text", source=source, x_offset="dx", y_offset="dy", text_align="align", text_baseline="middle",
        text_color=ink("ink"), background_fill_color=ink("paper"), background_fill_alpha=0.7,
    )  # fmt: skip


# --- Stages --------------------------------------------------------------------------------------


def stages(tokens=study.TOKENS, x=study.X, first=(1, 0)):
    """Attention of the toy as a matrix, stage by stage, with the products behind each cell."""
    n = len(tokens)
    view = View("qkv_stages", tokens=tokens, x=x, w_q=study.W_Q, w_k=study.W_K, w_v=study.W_V, stages=STAGES)
    p, cells = parts.heatmap(view, "cells", n, n, "prob", 6, low=-6, height=336, y_label="who reads")
    parts.title(view, "said", p)
    p.title.text = " \n \n \n "
    view.pick(p, cells, "cell")
    parts.ring(view, "ring", p)
    mixed = parts.ledger(view, "mixed", ["", "value", "mixed"], [0, 0.6, 1], n)
    stage = view.control(stage=parts.slider("Stage", 0, len(STAGES) - 1, 3))
    cell = view.control(cell=parts.slider("Cell, row by row", 0, n * n - 1, n * first[0] + first[1]))
    last = view.control(last=parts.choice("Last token", tokens, n - 1))
    mask = view.control(mask=parts.switch("mask", True))
    now = study.toy()
    head = ["reader", *tokens, "mixed"]
    rows = [
        [token, *(f"{w:.2f}" for w in row), f"({a:.2f}, {b:.2f})"]
        for token, row, (a, b) in zip(tokens, now.weights, now.mixed, strict=True)
    ]
    return Figure(
        parts.side_by_side(p, mixed),
        view=view,
        controls=[parts.side_by_side(stage, cell, least=150), parts.side_by_side(last, mask, least=120)],
        name="qkv-stages",
        alt="A triangle of attention weights between the five tokens red, car, hit, blue and boat. Car gives "
        f"{now.weights[1, 0]:.2f} of its weight to red; boat gives {now.weights[4, 0]:.2f} to red and as much to blue. "
        f"The mixed value of car is ({now.mixed[1, 0]:.2f}, {now.mixed[1, 1]:.2f}), nearly the value of red.",
        caption="Row: who reads. Column: who is read. Walk through the stages, and point at a cell to see the "
        "product that made it. Put another token last: with the mask on, no weight or mixture above the last row "
        "changes. Take the mask away and put red last: they do.",
        print_caption="Row: who reads. Column: who is read. With the mask no token reads a later one; without it "
        "car reads blue as well, and its mixture is no longer red.",
        print_states={"with mask": {}, "without": {"mask": False}},
        data=Table(head, rows),
        provenance="toy",
    )


# --- Scores that grow ----------------------------------------------------------------------------


def saturation(found):
    """How much of the weight the best of 16 random keys gets, by d, with and without √d. found: Saturation."""
    view = View(
        "qkv_saturation", digits=3, dimensions=found.dimensions, largest=found.largest, slope=found.slope,
        ordered=found.sorted, spread=found.spread,
    )  # fmt: skip
    p = parts.plot(
        290, "entries of query and key, d", "largest weight", x=(0.85, 1300), y=(0, 1.05), x_axis_type="log"
    )
    parts.ticks(p.xaxis, [1, 4, 16, 64, 256, 1024])
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    parts.curve(view, "plain", p, "loss", "dashed")
    parts.curve(view, "scaled", p, "prob")
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p)
    parts.label(p, 130, 0.95, "without √d", "loss", align="right", offset=(-60, 0))
    parts.label(p, 300, 0.3, "with √d", "prob")
    q = parts.plot(
        290, "keys, the best first", "mean weight", x=(-0.7, found.sorted.shape[-1] - 0.3), y=(0, 1.05)
    )
    parts.ticks(q.xaxis, [])
    wide = view.source("bars_plain", "x", "value")
    q.vbar("x", 0.86, "value", source=wide, fill_color=None, line_color=ink("loss"), line_dash="dashed")
    narrow = view.source("bars_scaled", "x", "value")
    q.vbar("x", 0.5, "value", source=narrow, fill_color=ink("prob"), line_color=None)
    view.control(d=parts.slider("d, as a power of 2", 0, len(found.dimensions) - 1, 6))
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="qkv-saturation",
        alt=f"Largest of {found.sorted.shape[-1]} weights against d. Divided by √d it stays near "
        f"{found.largest[1].mean():.2f}; without, it grows to {found.largest[0, -1]:.2f} at d = "
        f"{found.dimensions[-1]}. Beside it, the mean weights of all keys: without the division the best key has "
        "nearly everything.",
        caption=f"Random queries and keys, means of {found.n} draws. Dashed: without the division; solid or filled: "
        "with it. As d grows the undivided softmax puts all on one key; for most queries the slope p(1 − p) then all "
        "but vanishes.",
        print_states={"d = 4": {"d": 2}, "d = 256": {"d": 8}},
        data=Table(
            ["d", "spread of scores", "largest weight without √d", "with", "p(1 − p) without", "with"],
            [
                [d, f"{s:.1f}", *(f"{x:.3f}" for x in (*found.largest[:, i], *found.slope[:, i]))]
                for i, (d, s) in enumerate(zip(found.dimensions, found.spread, strict=True))
            ],
        ),
        provenance="toy",
    )


# --- A real head ---------------------------------------------------------------------------------


def head(found, first=(" boat", " blue")):
    """One real head's weights, each cell opened to the products behind it. found: the study's Head."""
    tokens = [visible(token) for token in found.tokens]
    n = len(tokens)
    view = View(
        "qkv_head", digits=6, tokens=tokens, q=found.q.round(3), k=found.k.round(3), weights=found.weights.round(3),
        scores=found.scores.round(3),
    )  # fmt: skip
    p, cells = parts.heatmap(view, "map", tokens, tokens, "prob", 1, height=306, y_label="who reads")
    shown = view.parts["map"].data
    shown["value"] = [
        float(found.weights[i, j].round(3)) if j <= i else 0 for i, j in product(range(n), range(n))
    ]
    shown["text"] = [f"{found.weights[i, j]:.2f}" if j <= i else "" for i, j in product(range(n), range(n))]
    parts.title(view, "said", p)
    view.pick(p, cells, "cell")
    parts.ring(view, "ring", p)
    p.xaxis.major_label_orientation = 0.8
    products = parts.ledger(view, "products", ["", "q", "k", "q × k"], [0, 0.56, 0.76, 1], 10)
    start = n * found.tokens.index(first[0]) + found.tokens.index(first[1])
    view.control(cell=parts.slider("Cell, row by row", 0, n * n - 1, start))
    boat, blue = found.weights[found.tokens.index(first[0])], found.tokens.index(first[1])
    return Figure(
        parts.side_by_side(p, products),
        view=view,
        name="qkv-head",
        alt=f"Attention weights of head {found.head} in layer {found.layer} of SmolLM2 on '{study.SENTENCE}', a "
        f"triangle. Boat gives {boat[blue]:.2f} to blue. Beside it the largest of the {found.q.shape[1]} products "
        "of this cell, their sum, the sum divided by 8, e to that, and the same summed over the row.",
        caption=f"Head {found.head} of layer {found.layer}. Point at a cell, or walk with the slider: beside the "
        f"map stand the five largest of the {found.q.shape[1]} products that were added for it, and below them the "
        "way from their sum to the weight. No single entry decides.",
        print_caption=f"Head {found.head} of layer {found.layer}, with the five largest of the {found.q.shape[1]} "
        "products that were added for one cell. Large ones of both signs nearly cancel.",
        data=Table(
            ["reader", *tokens],
            [
                [token, *(f"{w:.2f}" if j <= i else "" for j, w in enumerate(row))]
                for i, (token, row) in enumerate(zip(tokens, found.weights, strict=True))
            ],
        ),
        provenance="real",
    )


# --- Tables of the chapter -----------------------------------------------------------------------


def toy_table(rows):
    """The toy: each token's numbers, its query, key and value. rows: as toy_rows gives them."""
    return Table(
        ["token", f"x ({', '.join(study.FEATURES)})", "query", "key", "value"],
        rows,
        name="qkv-toy",
        caption="Five tokens and what three small matrices make of them. The numbers were chosen by hand.",
        provenance="toy",
    )


def kinds_table(found):
    """Losses of the toy with one of its three matrices replaced. found: the study's Kinds."""
    rows = [
        [name, *(f"{loss:.3f}" for loss in losses), f"{np.mean(losses):.3f}"]
        for name, losses in found.losses.items()
    ]
    return Table(
        ["attention", *(f"seed {i}" for i in range(len(rows[0]) - 2)), "mean"],
        rows,
        name="qkv-kinds",
        caption=f"Loss on {found.n_held_out} held-out tales, in nats, after {found.n_steps} steps, for the toy as it "
        "is and with one matrix less a head.",
        provenance="trained",
        source=found.credit,
    )


def cost_table(rows, lengths=study.LENGTHS):
    """What attention costs for one token. rows: as cost_rows gives them."""
    return Table(
        [
            "model",
            "its matrices (q, k, v, output)",
            *(f"scores and mixing, after {n:,}" for n in lengths),
            "equal after",
        ],
        rows,
        name="qkv-costs",
        caption="MFLOPs of attention in all layers for one more token, by the number of tokens before it. Equal "
        "after: so many tokens until reading costs as much as the matrices.",
        provenance="real",
    )
