"""Figures of the chapter on the feed-forward network. Chapter: book/feed-forward-network.md"""

import numpy as np
from bokeh.models import NumeralTickFormatter

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import by_name, ink, mappers
from anatomy.figures.view import View

BENDS = {"gelu": "GELU", "relu": "ReLU", "silu": "SiLU", "identity": "no bend"}
GATES = {"silu": "SiLU (SwiGLU)", "gelu": "GELU (GEGLU)", "relu": "ReLU (ReGLU)", "identity": "no bend"}
LARGEST = 2.0  # of a weight or input on the first figures


# --- A network as a graph and as matrices ------------------------------------------------------------


class Drawing:
    """Where the numbers of a small network stand in its matrices and in its graph, and what belongs together.

    cells: (name, i, j) -> place in the matrices. nodes: (name, i) -> place in the graph. edges: weights (name, i, j),
    each a line between two nodes. items: what can be looked at, as dicts for the script.
    """

    def __init__(self):
        self.cells, self.nodes, self.edges, self.heads, self.items = {}, {}, {}, [], []

    def block(self, name, rows, columns, left, top, head=None, above=True):
        """A matrix of cells, its upper left corner at (left, top), with its name and shape above or at its left."""
        for i in range(rows or 1):
            for j in range(columns):
                at = (i, j) if rows else (j, 0)
                self.cells[name, *at] = (left + j + 0.5, top - i - 0.5)
        shape = f"{rows}, {columns}" if rows else f"{columns},"
        place = (left, top + 0.4, "left") if above else (left - 0.15, top - 0.5, "right")
        self.heads.append((*place, f"{head or name} ({shape})"))

    def column(self, names, x, middle, pitch):
        """Nodes (name, i) one below the other in the graph."""
        for place, name in enumerate(names):
            self.nodes[name] = (x, middle + pitch * ((len(names) - 1) / 2 - place))

    def line(self, weight, start, end):
        self.edges[weight] = (self.nodes[start], self.nodes[end])

    def item(self, label, kind, index, numbers, nodes, weight=None):
        """Something to look at: the numbers and nodes that belong to it; weight: the number that may be changed."""
        cells, edges = list(self.cells), list(self.edges)
        self.items.append(
            {
                "label": label, "kind": kind, "index": list(index), "weight": weight,
                "cells": [cells.index(number) for number in numbers],
                "edges": [edges.index(number) for number in numbers if number in self.edges],
                "nodes": [list(self.nodes).index(node) for node in nodes],
            }
        )  # fmt: skip


def plain_drawing(d_in, d_ff, d_out):
    """x and w_in left and above, w_out right and above, as in a product by hand."""
    d = Drawing()
    left, right = d_in + 0.3, d_in + d_ff + 0.6
    d.block("w_in", d_in, d_ff, left, 0)
    d.block("w_out", d_ff, d_out, right, 0)
    d.block("b_in", None, d_ff, left, -d_in, above=False)
    d.block("x", None, d_in, 0, -d_in - 1.8)
    d.block("before", None, d_ff, left, -d_in - 1.8)
    d.block("hidden", None, d_ff, left, -d_in - 2.8, above=False)
    low = min(-d_in - 3.8, -d_ff)
    d.block("b_out", None, d_out, right, low, above=False)
    d.block("output", None, d_out, right, low - 1, above=False)
    d.column([("x", i) for i in range(d_in)], 0, 0, 1.7)
    d.column([("hidden", j) for j in range(d_ff)], 1, 0, 1)
    d.column([("output", k) for k in range(d_out)], 2, 0, 1.7)
    for name, i, j in d.cells:
        if name == "w_in":
            d.line((name, i, j), ("x", i), ("hidden", j))
        if name == "w_out":
            d.line((name, i, j), ("hidden", i), ("output", j))
    weights_and_numbers(d, {"w_in": ("x", "before", "hidden"), "w_out": ("hidden", "output", "output")})
    return d


def gated_drawing(d_in, d_ff, d_out):
    """The same with two ways in: w_gate above w_up, and their answers below each other."""
    d = Drawing()
    left, right = d_in + 0.3, d_in + d_ff + 0.6
    d.block("w_gate", d_in, d_ff, left, 0)
    d.block("w_up", d_in, d_ff, left, -d_in - 0.8)
    d.block("w_down", d_ff, d_out, right, 0)
    low = -2 * d_in - 1.6
    d.block("x", None, d_in, 0, low)
    d.block("before", None, d_ff, left, low)
    for row, name in enumerate(("gate", "up", "hidden"), 1):
        d.block(name, None, d_ff, left, low - row, above=False)
    d.block("output", None, d_out, right, low - 2.3)
    d.column([("x", i) for i in range(d_in)], 0, 0, 1.7)
    d.column([(name, j) for j in range(d_ff) for name in ("gate", "up")], 0.85, 0, 0.75)
    d.column([("hidden", j) for j in range(d_ff)], 1.45, 0, 1.5)
    d.column([("output", k) for k in range(d_out)], 2.1, 0, 1.7)
    for name, i, j in d.cells:
        if name in ("w_gate", "w_up"):
            d.line((name, i, j), ("x", i), (name[2:], j))
        if name == "w_down":
            d.line((name, i, j), ("hidden", i), ("output", j))
    ways = {
        "w_gate": ("x", "before", "gate"),
        "w_up": ("x", "up", "up"),
        "w_down": ("hidden", "output", "output"),
    }
    weights_and_numbers(d, ways)
    return d


def weights_and_numbers(d, matrices):
    """List what can be looked at. matrices: name -> (what it reads, what it is added into, the node of that)."""
    found = list(d.cells)
    ways_in = [name for name, (reads, *_) in matrices.items() if reads == "x"]
    out = next(name for name in matrices if name not in ways_in)
    between = [name for name in ("before", "gate", "up", "hidden") if (name, 0, 0) in d.cells]
    for name, (reads, into, node) in matrices.items():
        for _, i, j in (cell for cell in found if cell[0] == name):
            numbers = [(name, i, j), (reads, i, 0), (into, j, 0)]
            d.item(f"{name}[{i}, {j}]", name, (i, j), numbers, [(reads, i), (node, j)], [name, i, j])
    for name, node, into in (("b_in", "hidden", "before"), ("b_out", "output", "output")):
        for _, i, _ in (cell for cell in found if cell[0] == name):
            d.item(f"{name}[{i}]", name, (i,), [(name, i, 0), (into, i, 0)], [(node, i)], [name, i, 0])
    for _, i, _ in (cell for cell in found if cell[0] == "x"):
        row = [cell for cell in found if cell[0] in ways_in and cell[1] == i]
        d.item(f"x[{i}]", "x", (i,), [("x", i, 0), *row], [("x", i)], ["x", i, 0])
    for _, j, _ in (cell for cell in found if cell[0] == "hidden"):
        own = [cell for cell in found if cell[0] in ways_in and cell[2] == j]
        own += [cell for cell in found if cell[0] == out and cell[1] == j]
        own += [cell for cell in found if cell[0] in ("b_in", *between) and cell[1] == j]
        nodes = [node for node in d.nodes if node[0] in ("gate", "up", "hidden") and node[1] == j]
        d.item(f"neuron {j}", "neuron", (j,), own, nodes)
    for _, k, _ in (cell for cell in found if cell[0] == "output"):
        own = [cell for cell in found if cell[0] == out and cell[2] == k]
        own += [
            cell for cell in found if cell[0] == "hidden" or (cell[0] in ("b_out", "output") and cell[1] == k)
        ]
        d.item(f"output[{k}]", "output", (k,), own, [("output", k)])


def matrices(x, w_in, b_in, w_out, b_out, trace, first="neuron 1"):
    """The plain network. Shapes as in mlp for one token; trace: what mlp keeps."""
    weights = {"w_in": w_in, "b_in": b_in, "w_out": w_out, "b_out": b_out}
    d = plain_drawing(*w_in.shape, w_out.shape[1])
    return Figure(
        **network(d, "plain", x, weights, trace, BENDS, first, (236, 244)),
        name="feed-forward-network-matrices",
        alt=f"Left, a graph of {len(x)} inputs, {len(b_in)} neurons and {len(b_out)} outputs, a line for every weight. "
        "Right, the same weights as the matrices w_in and w_out, with inputs, sums and outputs as rows. Marked in "
        f"both: {first}, which is a column of w_in and the row of w_out with the same number.",
        caption="Point at a line, a circle or a cell; click or tap, and it stays. Each weight is one line and one "
        "cell; dashed lines are negative. A neuron is a column of w_in and the row of w_out with the same number. "
        "Choose an input weight and change it: at most one "
        "hidden number moves, and through it every output.",
        print_caption="Each weight is one line and one cell; dashed lines are negative. A neuron is a column of w_in "
        "and the row of w_out with the same number.",
        print_states={
            "a neuron: a column and a row": {"look": label_index(d, "neuron 1")},
            "an input weight: one line, one cell": {"look": label_index(d, "w_in[0, 1]")},
        },
        data=numbers_table({"x": x, **weights}, trace),
        provenance="toy",
    )


def gated(x, w_gate, w_up, w_down, trace, first="neuron 1"):
    """The gated network. Shapes as in feed_forward_network.gated for one token; trace: what it keeps."""
    weights = {"w_gate": w_gate, "w_up": w_up, "w_down": w_down}
    d = gated_drawing(*w_gate.shape, w_down.shape[1])
    n, j = w_gate.shape[1], int(first.split()[-1])
    gate, up, hidden = (fixed(trace[name][j]) for name in ("gate", "up", "hidden"))
    what = "Small circles are gates, squares are up; a hidden number is their product. At first the gate of "
    what += (
        f"{first} is {gate}: it is nearly closed, little of its large up comes through, and that with the other "
        "sign."
    )
    return Figure(
        **network(d, "gated", x, weights, trace, GATES, first, (224, 254)),
        name="feed-forward-network-gated",
        alt=f"Left, a graph of {len(x)} inputs and {n} neurons, each with a circle for its gate and a square for up, "
        f"whose product is its hidden number. Right, the matrices w_gate, w_up and w_down. Marked: {first}, whose up "
        f"is {up} but whose gate is {gate}, so that only {hidden} comes through.",
        caption=f"{what} Choose w_gate[0, {j}] and pull it up: the gate opens. Choose a w_up: where up changes "
        "its sign, the hidden number does.",
        print_caption=what,
        data=numbers_table({"x": x, **weights}, trace),
        provenance="toy",
    )


def label_index(d, label):
    return [item["label"] for item in d.items].index(label)


def network(d, kind, x, weights, trace, bends, first, heights):
    """Plot, view and controls of a drawing: what the two figures of networks share. heights: of its two plots."""
    cells, hidden = list(d.cells), len(trace["hidden"])
    view = View(
        "feed_forward_network_matrices",
        kind=kind,
        numbers={"x": x, **weights},
        cells=[list(cell) for cell in cells],
        places=list(d.cells.values()),
        edges=[list(edge) for edge in d.edges],
        lines=[[list(end) for end in zip(*ends, strict=True)] for ends in d.edges.values()],
        nodes=[list(node) for node in d.nodes],
        spots=list(d.nodes.values()),
        items=d.items,
        bends=list(bends),
        titles=list(bends.values()),
    )
    graph = graph_plot(view, d, heights[0], hidden)
    grid = matrix_plot(view, d, heights[1])
    labels = [item["label"] for item in d.items]
    look = view.control(look=parts.choice("Look at", labels, labels.index(first)))
    bend = view.control(bend=parts.choice("Activation", bends.values()))
    value = view.control(value=parts.slider("Its value", -LARGEST, LARGEST, 0.0, 0.1))
    edited = view.control(edited=parts.words("Changed numbers", "", visible=False))
    return {
        "plot": parts.side_by_side(graph, grid),
        "view": view,
        "controls": [parts.side_by_side(look, bend, edited, least=140), value],
    }


def graph_plot(view, d, height, n_hidden):
    """A circle for every number, a line for every weight."""
    nodes, places = list(d.nodes), list(d.nodes.values())
    high = max(y for _, y in places)
    top = 0.72 if ("gate", 0) in d.nodes else 0.42  # room for words above
    p = parts.plot(height, grid=None, x=(-0.3, max(x for x, _ in places) + 0.3), y=(-high - 0.68, high + top))
    p.axis.visible = False
    p.min_border = 2
    p.frame_align = False  # the other plot has words above
    lit = view.source("lit_edges", "width", xs=[], ys=[])
    p.multi_line("xs", "ys", source=lit, line_color=ink("ink"), line_width="width")
    xs, ys = ([[end[axis] for end in ends] for ends in d.edges.values()] for axis in (0, 1))
    n = len(d.edges)
    drawn = view.source("edges", "width", xs=xs, ys=ys, sign=["plus"] * n, dash=["solid"] * n)
    p.multi_line(
        "xs", "ys", source=drawn, line_width="width", line_dash="dash",
        line_color={"field": "sign", "transform": by_name(["plus", "minus"], ["ffn", "grey"])},
    )  # fmt: skip
    for (name, i), (x, y) in d.nodes.items():  # from gate and up to their product
        if name in ("gate", "up"):
            p.line(
                [x, d.nodes["hidden", i][0]],
                [y, d.nodes["hidden", i][1]],
                line_color=ink("ffn"),
                line_width=1,
            )
    picks = [item["weight"] for item in d.items]
    targets = view.source(
        "targets",
        xs=[
            [a + t * (b - a) for t in (0.3, 0.7)] for a, b in xs
        ],  # nearer to the circles lines lie too close
        ys=[[a + t * (b - a) for t in (0.3, 0.7)] for a, b in ys],
        pick=[picks.index(list(edge)) for edge in d.edges],
    )
    wide = p.multi_line("xs", "ys", source=targets, line_width=13, line_alpha=0, line_color=ink("ink"))
    circles = view.source(
        "circles", "text",
        x=[x for x, _ in places], y=[y for _, y in places],
        kind=["stream" if name in ("x", "output") else "ffn" for name, _ in nodes],
        marker=["square" if name == "up" else "circle" for name, _ in nodes],
        size=[27 if name in ("gate", "up") else 35 for name, _ in nodes],
        pick=[node_pick(d, node) for node in nodes],
    )  # fmt: skip
    drawn = p.scatter(
        "x", "y", source=circles, size="size", marker="marker", fill_color=ink("paper"), line_width=1.5,
        line_color={"field": "kind", "transform": by_name(["stream", "ffn"], ["stream", "ffn"])},
    )  # fmt: skip
    view.pick(p, wide, "look")
    view.pick(p, drawn, "look")
    ringed = view.source("lit_nodes", "x", "y", "size", marker=[])
    p.scatter(
        "x",
        "y",
        source=ringed,
        size="size",
        marker="marker",
        fill_color=None,
        line_color=ink("ink"),
        line_width=3,
    )
    p.text(
        "x", "y", "text", source=circles, text_align="center", text_baseline="middle", text_color=ink("ink")
    )
    name_nodes(p, d, n_hidden)
    return p


def name_nodes(p, d, n_hidden):
    """Words under the circles of the graph."""
    for (name, i), (x, y) in d.nodes.items():
        ends = {("gate", 0): 21, ("up", n_hidden - 1): -21}  # the others stand too close for words
        offset = ends.get((name, i), 0 if name in ("gate", "up") else -26)
        if offset:
            words = parts.label(p, x, y, f"{name}[{i}]", "muted", (0, offset), "center")
            words.background_fill_color, words.background_fill_alpha = ink("paper"), 0.85


def node_pick(d, node):
    """The item that a node of the graph stands for."""
    name, i = node
    return label_index(d, f"{name}[{i}]" if name in ("x", "output") else f"neuron {i}")


def matrix_plot(view, d, height):
    """The same numbers as cells, with names and shapes; over them what is said of the part looked at."""
    places = np.array(list(d.cells.values()))
    p = parts.plot(
        height, grid=None, x=(-0.05, places[:, 0].max() + 0.55), y=(places[:, 1].min() - 0.6, 0.75)
    )
    p.axis.visible = False
    p.min_border = 2
    parts.title(view, "said", p)
    p.title.text = " \n "
    picks = {}
    for n, item in reversed(list(enumerate(d.items))):
        for cell in item["cells"]:
            kind = list(d.cells)[cell][0]
            own = item["weight"] == list(list(d.cells)[cell]) or item["kind"] == kind
            if own or (item["kind"] == "neuron" and kind in ("before", "gate", "up", "hidden")):
                picks[cell] = n
    for name in ("ffn", "stream"):
        rows = [c for c, (kind, *_) in enumerate(d.cells) if (kind in ("x", "output")) == (name == "stream")]
        source = view.source(
            name,
            "value",
            "text",
            cell=rows,
            x=places[rows, 0],
            y=places[rows, 1],
            pick=[picks[c] for c in rows],
        )
        fill, words_on = mappers(name, -LARGEST, LARGEST)
        drawn = p.rect(
            "x", "y", 1, 1, source=source, line_color=ink("rule"), line_width=1,
            fill_color={"field": "value", "transform": fill},
        )  # fmt: skip
        p.text(
            "x", "y", "text", source=source, text_align="center", text_baseline="middle",
            text_color={"field": "value", "transform": words_on},
        )  # fmt: skip
        view.pick(p, drawn, "look")
    parts.ring(view, "lit_cells", p)
    for x, y, align, text in d.heads:
        parts.label(p, x, y, text, "muted", align=align)
    return p


def numbers_table(arrays, trace):
    """Every number of a small network by its name."""
    rows = []
    for name, array in {**arrays, **trace}.items():
        for at, number in np.ndenumerate(np.asarray(array)):
            rows.append([f"{name}[{', '.join(map(str, at))}]", fixed(number)])
    return Table(["number", "value"], rows)


# --- How wide ----------------------------------------------------------------------------------------


def width(found):
    """Share of facts recalled against the width, a line for each number of facts. found: studies' Facts."""
    p = parts.plot(
        320, "neurons, d_ff", "facts recalled", x=(1.8, 165), y=(0, 1.07), x_axis_type="log",
    )  # fmt: skip
    parts.ticks(p.xaxis, found.widths, [str(w) for w in found.widths])
    parts.ticks(p.yaxis, [0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    p.line([found.d_model] * 2, [0, 1.02], line_color=ink("ink"), line_width=1, line_dash="dotted")
    parts.label(p, found.d_model, 0.04, "d_ff = d_model", "ink", (5, 0))
    markers = ["circle", "square", "triangle", "diamond"]
    for c, count in enumerate(found.counts):
        shares = found.plain[:, c]
        p.line(found.widths, shares.mean(axis=1), line_color=ink("ffn"), line_dash=parts.DASHES[c])
        p.scatter(
            np.repeat(found.widths, shares.shape[1]), shares.ravel(), size=6, marker=markers[c],
            fill_color=ink("paper"), line_color=ink("ffn"), line_width=1,
        )  # fmt: skip
        parts.label(p, found.widths[0], shares[0].mean(), f"{count:,}", "ffn", (-10, 0), "right")
    parts.label(p, found.widths[0], found.plain[0, 0].mean() + 0.07, "facts", "muted", (-10, 0), "right")
    means = found.plain.mean(axis=2)
    square = found.widths.index(found.d_model)
    n = found.counts.index(512)
    return Figure(
        p,
        name="feed-forward-network-width",
        alt="Four rising curves of the share of facts recalled against the number of neurons, each nearly the same "
        "curve shifted to twice the width as the number of facts doubles. With as many neurons as numbers in the "
        f"vector, {found.d_model}, {means[square, n]:.0%} of 512 facts are recalled; with twice as "
        f"many {means[square + 1, n]:.0%}.",
        caption="A plain network learns facts by heart, at six widths. Lines: means of five seeds; marks: each seed. "
        f"In these {found.n_steps} steps twice as many facts need about twice as many neurons. On the dotted line both "
        "matrices are square.",
        data=Table(
            ["facts", *(f"d_ff = {w}" for w in found.widths)],
            [[f"{count:,}", *(f"{m:.0%}" for m in means[:, c])] for c, count in enumerate(found.counts)],
        ),
        provenance="trained",
        source=found.credit,
    )


def recall(rows, credit):
    """The table of networks that learned facts by heart. rows: of studies' recall_rows."""
    return Table(
        ["network", "weights", "facts recalled", "five seeds"],
        rows,
        name="feed-forward-network-recall",
        caption="Networks that learned 512 facts by heart. Guessing recalls 1 of 16, 6%.",
        provenance="trained",
        source=credit,
    )


# --- Trained on tiny tales ---------------------------------------------------------------------------


def training(found):
    """Where training ends with each network: a dot a seed. found: studies' Training."""
    names = list(found.losses)
    ends = [runs[:, -1] for runs in found.losses.values()]
    p = parts.plot(
        76 + 46 * len(names), "held-out loss, nats per token", grid="x",
        x=(0.457, 0.489), y=(-len(names) + 0.4, 0.6),
    )  # fmt: skip
    parts.ticks(p.xaxis, [0.46, 0.47, 0.48])
    p.xaxis.formatter = NumeralTickFormatter(format="0.00")
    parts.ticks(p.yaxis, [-i for i in range(len(names))], names)
    p.yaxis.major_tick_line_color = p.yaxis.axis_line_color = None
    p.line(
        [found.floor] * 2, [-len(names) + 0.4, 0.5], line_color=ink("ink"), line_width=1, line_dash="dashed"
    )
    parts.label(p, found.floor, 0.42, "the grammar itself", "ink", (6, 0))
    for row, losses in enumerate(ends):
        p.scatter(
            losses,
            [-row] * len(losses),
            size=9,
            fill_color=ink("paper"),
            line_color=ink("loss"),
            line_width=2,
        )
        p.scatter(
            [losses.mean()],
            [-row],
            size=16,
            marker="dash",
            angle=np.pi / 2,
            line_color=ink("loss"),
            line_width=2,
            fill_color=None,
        )
    shown = [i for i, mark in enumerate(found.marks) if mark in (200, 400, 600, 800, 1000)]
    rows = [
        [f"{name}, seed {seed}", *(f"{losses[i]:.3f}" for i in shown)]
        for name, runs in found.losses.items()
        for seed, losses in enumerate(runs)
    ]
    told = ", ".join(
        f"{name}: {end.min():.3f} to {end.max():.3f}" for name, end in zip(names, ends, strict=True)
    )
    return Figure(
        p,
        name="feed-forward-network-training",
        alt=f"Three rows of three dots, the losses at which training ended. {told}. The rows overlap, and all lie a "
        f"little above the grammar's own {found.floor:.3f}.",
        caption="The toy trained with three networks, three seeds each (circles; strokes: means). The seeds of "
        "one kind differ as much as the kinds, and one neuron a layer does nearly as well.",
        data=Table(["held-out loss after step", *(str(found.marks[i]) for i in shown)], rows),
        provenance="trained",
        source=found.credit,
    )


# --- Knocking neurons out ----------------------------------------------------------------------------


def knock_outs(found):
    """How much the loss changes without each neuron, and for which tokens. found: studies' KnockOuts."""
    labels = [f"layer {l}, neuron {j}" for l, j in found.neurons]
    tokens = [[visible(token) for token, _ in row] for row in found.words]
    values = [[round(value, 3) for _, value in row] for row in found.words]
    changes = [round(float(change), 5) for change in found.changes]
    view = View(
        "feed_forward_network_knock_out",
        labels=labels, changes=changes, tokens=tokens, values=values, base=round(found.base, 4),
    )  # fmt: skip
    n, high = len(labels), max(changes)
    p = parts.plot(
        230, "neurons, those missed most first", "change of the loss, nats",
        x=(-6, n + 6), y=(min(changes) - 0.08 * high, 1.1 * high),
    )  # fmt: skip
    parts.ticks(p.xaxis, [0, 100, 200, 300])
    parts.title(view, "said", p)
    sign = by_name(["plus", "minus"], ["loss", "grey"])
    bars = view.source(
        "bars", x=list(range(n)), value=changes, sign=["minus" if c < 0 else "plus" for c in changes]
    )
    p.vbar("x", 1, "value", source=bars, line_color=None, fill_color={"field": "sign", "transform": sign})
    whole = view.source("targets", x=list(range(n)))
    strips = p.vbar(
        "x", 1, 1.1 * high, min(changes), source=whole, line_color=None, fill_color=ink("ink"), fill_alpha=0
    )
    view.pick(p, strips, "rank")
    parts.dots(view, "marker", p, "ink", hollow=True, text=[""])
    q = parts.bars(
        view, "words", len(tokens[0]), "loss", high=1.2, low=-0.4, room=1.3, height=246,
        x_label="change where this token came next, nats",
    )  # fmt: skip
    parts.ticks(q.xaxis, [-0.4, 0, 0.4, 0.8, 1.2])
    parts.title(view, "sum", q)
    view.control(rank=parts.slider("Rank of the silenced neuron (0 is missed most)", 0, n - 1, 0))
    few = sum(c > changes[0] / 10 for c in changes)
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="feed-forward-network-knock-out",
        alt=f"Left, {n} bars of how much the loss rises when one neuron is silenced: {few} of them above a tenth of "
        f"the largest, which is {changes[0]:.4f} nats, the rest nearly invisible and some below zero. Right, the "
        f"tokens that change most without {labels[0]}: {tokens[0][0]} by {values[0][0]:.2f} nats.",
        caption="Walk from the neuron that is missed most to the one that is missed least, or point at a bar. "
        "Most hardly matter alone. Without a needed one a few tokens suffer, some of one kind, as names or animals, "
        "some with little in common, and others gain.",
        print_caption="Most neurons hardly matter alone. Without a needed one a few tokens suffer, here with little in "
        "common, and others gain.",
        data=Table(
            ["without", "change of the loss", "tokens most changed, nats"],
            [
                [
                    label,
                    fixed(change, 4),
                    ", ".join(f"{t} {fixed(v, 3)}" for t, v in zip(ts, vs, strict=True)),
                ]
                for label, change, ts, vs in list(zip(labels, changes, tokens, values, strict=True))[:24]
            ],
        ),
        provenance="trained",
        source=found.credit,
    )


def many_silent(found):
    """The table of many neurons silent at once. found: studies' KnockOuts."""
    return Table(
        ["neurons silent", *found.silenced],
        [[order, *(f"{loss:.3f}" for loss in losses)] for order, losses in found.many.items()],
        name="feed-forward-network-many",
        caption="Held-out loss in nats per token with many neurons silent at once. The order is that of the figure; "
        "the random row is the mean of five orders. With all silent only attention is left.",
        provenance="trained",
        source=found.credit,
    )


# --- Keys and values of a real neuron ----------------------------------------------------------------


def keys_and_values(chosen, drawn, random):
    """What excites neurons of the real model, and which tokens they then promote.

    chosen, drawn: lists of studies' Neuron. random: how far the first token of a random direction stands out.
    """
    neurons = [*chosen, *drawn]
    names = [f"layer {n.layer}, neuron {n.neuron}" for n in neurons]
    labels = [[f"{said(token)} → {said(after)}" for token, after, _ in n.excited] for n in neurons]
    tokens = [[visible(token) for token, _ in n.promoted] for n in neurons]
    view = View(
        "feed_forward_network_memory",
        names=names, labels=labels, tokens=tokens, n_chosen=len(chosen), turned=[n.turned for n in neurons],
        numbers=[[a for *_, a in n.excited] for n in neurons], scores=[[s for _, s in n.promoted] for n in neurons],
    )  # fmt: skip
    k = len(labels[0])
    p = parts.bars(
        view, "excited", k, "ffn", high=1,
        room=1.4, height=236, mono=False,
        x_label="hidden number, the largest as 1",
    )  # fmt: skip
    parts.ticks(p.xaxis, [0, 0.5, 1])
    q = parts.bars(
        view, "promoted", k, "ffn", high=18, room=1.2, height=236,
        x_label="logit, in standard deviations",
    )  # fmt: skip
    parts.ticks(q.xaxis, [0, 5, 10, 15])
    for y, marker in (
        (0.46, "inverted_triangle"),
        (-k + 0.54, "triangle"),
    ):  # above and below, clear of the numbers
        q.scatter([random], [y], marker=marker, size=9, fill_color=ink("ink"), line_color=None)
    parts.title(view, "title", p)
    parts.title(view, "writes", q)
    groups = [f"{name} (chosen)" for name in names[: len(chosen)]] + [
        f"{name} (random)" for name in names[len(chosen) :]
    ]
    view.control(neuron=parts.choice("Neuron of SmolLM2", groups))
    rows = [
        [
            name,
            ", ".join(f"{l} {fixed(a, 1)}" for l, (*_, a) in zip(found, n.excited, strict=True)),
            ", ".join(raised),
        ]
        for name, found, raised, n in zip(groups, labels, tokens, neurons, strict=True)
    ]
    what = "Left: where in the text the neuron answers most strongly, each token with the one that came next. Right: "
    what += "the tokens that its writing promotes there; triangles: how far the first one stands out if "
    what += "the direction is random, mean of 100. "
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="feed-forward-network-memory",
        alt=f"Two bar charts for {names[0]} of SmolLM2. Left, the places in the text where it answers most strongly, "
        f"first {labels[0][0]}. Right, the tokens that it then promotes most: {', '.join(tokens[0][:3])}. The two fit "
        "together; for most of the neurons drawn at random they do not.",
        caption=what
        + "For the chosen neurons the right mostly continues the token on the left; neuron 291 of layer 25, at *a* "
        "itself, promotes *per* and *a*. Then look at those drawn at random.",
        print_caption=what
        + "For the chosen neuron the right continues the left, for the random one it does not.",
        print_states={
            f"{names[at]}, {words}": {"neuron": at}
            for at, words in ((0, "chosen"), (len(names) - 1, "random"))
        },
        data=Table(["neuron", "answers at → next token", "promotes"], rows),
        provenance="real",
        source="Measured over the opening of Pride and Prejudice. What a neuron writes passes through the gains of "
        "the final norm, which then divides by the length of the whole stream.",
    )


def said(token):
    """A token as words: a space or a line end that is all of it is made visible."""
    return visible(token) if not token.strip() else token.strip(" ")


# --- How few neurons do the work ---------------------------------------------------------------------


def energy_curves(view, counts, curves, d_ff):
    """The share of the energy against the number of strongest neurons, a line a layer."""
    p = parts.plot(
        230, "strongest neurons of a token", "share of the energy",
        x=(0.9, d_ff * 1.25), y=(0, 1.06), x_axis_type="log",
    )  # fmt: skip
    parts.ticks(p.xaxis, [1, 10, 100, 1000])
    p.xaxis.formatter = NumeralTickFormatter(format="0")
    parts.ticks(p.yaxis, [0, 0.5, 0.9], ["0", "50%", "90%"])
    parts.title(view, "title", p)
    p.multi_line(
        [counts.tolist()] * len(curves), curves.tolist(), line_color=ink("ffn"), line_width=1, line_alpha=0.25
    )
    p.line(counts, counts / d_ff, line_color=ink("grey"), line_dash="dashed")
    parts.curve(view, "curve", p, "ffn", width=3)
    parts.rule(view, "drop", p)
    return p


def needed_by_layer(view, found):
    """How many neurons carry 90%, layer by layer, with random vectors beside them. found: studies' Energies."""
    n_layers = len(found.needed)
    q = parts.plot(230, "layer", "neurons for 90%", x=(-1, n_layers), y=(0, 640))
    parts.ticks(q.xaxis, [0, 10, 20, n_layers - 1])
    parts.title(view, "typical", q)
    layers = list(range(n_layers))
    q.line(layers, found.random, line_color=ink("ink"), line_dash="dotted")
    parts.label(q, 2, 0.57 * found.random[0], "random vectors", "ink")  # below the line, which falls
    q.segment(
        layers, found.quartiles[:, 0], layers, found.quartiles[:, 1], line_color=ink("ffn"), line_width=1
    )
    dots = view.source("dots", x=layers, y=found.needed)
    drawn = q.scatter("x", "y", source=dots, size=7, fill_color=ink("ffn"), line_color=None)
    strips = q.vbar("x", 1, 640, source=dots, line_color=None, fill_color=ink("ink"), fill_alpha=0)
    view.pick(q, strips, "layer")
    drawn.selection_glyph = drawn.nonselection_glyph = None
    parts.dots(view, "marker", q, "ink", hollow=True, text=[""])
    return q


def sparsity(found, layer=0):
    """Share of the energy that the strongest neurons of a token carry, in every layer. found: studies' Energies."""
    n_layers, d_ff = found.shares.shape
    counts = np.unique(np.round(np.geomspace(1, d_ff, 36)).astype(int))
    curves = np.round(found.shares[:, counts - 1], 3)
    view = View(
        "feed_forward_network_sparsity", digits=4,
        counts=counts, curves=curves, needed=found.needed, quartiles=found.quartiles, below=found.below,
        random=found.random, d_ff=f"{d_ff:,}",
    )  # fmt: skip
    p, q = energy_curves(view, counts, curves, d_ff), needed_by_layer(view, found)
    view.control(layer=parts.slider("Layer", 0, n_layers - 1, layer))
    rows = [
        [
            str(l),
            str(found.needed[l]),
            str(found.random[l]),
            "{:.0f} to {:.0f}".format(*found.quartiles[l]),
            f"{found.below[l]:.0%}",
        ]
        for l in range(n_layers)
    ]
    what = (
        "How many neurons carry 90% of a layer's energy for one token: few in the first layer and the last two, "
        "hundreds between, mostly more than random vectors use. Thin lines: all layers; dashed: if all neurons were "
        "equal. Dots: the median token; strokes: the middle half of them; dotted: random vectors as long, given to "
        "the same weights. "
    )
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="feed-forward-network-sparsity",
        alt=f"Left, the share of the energy against the number of strongest neurons, a line a layer; for layer "
        f"{layer}, {found.needed[layer]} of {d_ff} carry 90%. Right, that number for every layer: {found.needed[0]} in "
        f"the first, up to {max(found.needed)} between, {found.needed[-1]} in the last. Random vectors need "
        f"{found.random[0]} in the first layer and {found.random[-1]} in the last.",
        caption=what + "Point at a layer, or walk through them.",
        print_caption=what.strip(),
        data=Table(
            [
                "layer",
                f"neurons of {d_ff} for 90%",
                "random vectors",
                "half of the tokens",
                "gates below zero",
            ],
            rows,
        ),
        provenance="real",
        source=f"The random vectors: {found.credit}",
    )


# --- What it costs -----------------------------------------------------------------------------------


def costs(rows):
    """The table of SmolLM2's matrices. rows: of studies' cost_rows."""
    return Table(
        ["matrix", "shape", "weights", "FLOPs per token", "in 16 bits"],
        rows,
        name="feed-forward-network-costs",
        caption="SmolLM2's feed-forward networks. Each weight costs one multiplication and one addition, two FLOPs, "
        "for every token.",
        provenance="real",
    )


def widths(rows):
    """The table of published models. rows: of studies' width_rows."""
    return Table(
        ["model", "network", "d_model", "d_ff", "d_ff / d_model", "share of the model"],
        rows,
        name="feed-forward-network-widths",
        caption="Width of the feed-forward network in published models, and its share of all weights.",
        provenance="real",
        source="Computed from the published configurations. Of these models this book runs only SmolLM2.",
    )
