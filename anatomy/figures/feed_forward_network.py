"""Figures of the chapter on the feed-forward network. Chapter: book/feed-forward-network.md

What the first figure shows is computed by anatomy.feed_forward_network.mlp, and after a control has moved by the
kernel of that name in callbacks/shared.
"""

from itertools import product

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    FactorRange,
    FixedTicker,
    HoverTool,
    Label,
    NumeralTickFormatter,
    Range1d,
    Select,
    TapTool,
)

from anatomy.figures.figure import Figure, Table
from anatomy.figures.old_parts import (
    callback,
    choice,
    end_label,
    fixed,
    line,
    on_change,
    plot,
    positions,
    show_labels,
    side_by_side,
    slider,
    visible,
)
from anatomy.figures.theme import by_name, ink, mappers

TITLES = {"gelu": "GELU", "relu": "ReLU", "silu": "SiLU", "identity": "no bend"}
LARGEST = 2.0  # of a weight or input on the first figure


def pointable(p, control, *renderers):
    """Let the mouse and a tap on the parts of renderers choose them in a control, by the column "pick".

    One tap tool serves them all: of several in a plot, Bokeh wakes only the first.
    """
    for renderer in renderers:
        source = renderer.data_source
        renderer.selection_glyph = renderer.nonselection_glyph = None
        choose = callback("feed_forward_network_point", control=control, source=source)
        p.add_tools(HoverTool(renderers=[renderer], tooltips=None, callback=choose))
        source.selected.js_on_change("indices", choose)
    p.add_tools(TapTool(renderers=list(renderers)))


# --- Graph and matrices --------------------------------------------------------------------------


def items_of(d_in, d_ff, d_out):
    """Everything that can be looked at: (label, kind, index, place, cells, edges, nodes) as dicts.

    at: its place among the weights (w_in, w_out, b_in, b_out, each row by row) or among the inputs.
    ffn, stream: the cells that are ringed; edges, nodes: what is thickened in the graph.
    """
    n_in, n_out = d_in * d_ff, d_ff * d_out
    n_weights = n_in + n_out + d_ff + d_out
    w_in = lambda i, j: i * d_ff + j  # noqa: E731
    w_out = lambda j, k: n_in + j * d_out + k  # noqa: E731
    before = lambda j: n_weights + j  # noqa: E731
    hidden = lambda j: n_weights + d_ff + j  # noqa: E731
    node_h, node_y = d_in, d_in + d_ff
    items = []

    def add(label, kind, index, at, ffn, stream, edges, nodes):
        items.append(
            {
                "label": label, "kind": kind, "index": list(index), "at": at,
                "ffn": list(ffn), "stream": list(stream), "edges": list(edges), "nodes": list(nodes),
            }
        )  # fmt: skip

    for i, j in product(range(d_in), range(d_ff)):
        e = w_in(i, j)
        add(f"w_in[{i}, {j}]", "w_in", (i, j), e, [e, before(j)], [i], [e], [i, node_h + j])
    for j, k in product(range(d_ff), range(d_out)):
        e = w_out(j, k)
        nodes = [node_h + j, node_y + k]
        add(f"w_out[{j}, {k}]", "w_out", (j, k), e, [e, hidden(j)], [d_in + k], [e], nodes)
    for j in range(d_ff):
        at = n_in + n_out + j
        add(f"b_in[{j}]", "b_in", (j, 0), at, [at, before(j)], [], [], [node_h + j])
    for k in range(d_out):
        at = n_in + n_out + d_ff + k
        add(f"b_out[{k}]", "b_out", (k, 0), at, [at], [d_in + k], [], [node_y + k])
    for i in range(d_in):
        row = [w_in(i, j) for j in range(d_ff)]
        add(f"input x[{i}]", "input", (i, 0), i, row, [i], row, [i])
    for j in range(d_ff):
        key, value = [w_in(i, j) for i in range(d_in)], [w_out(j, k) for k in range(d_out)]
        at = n_in + n_out + j
        cells = [*key, *value, at, before(j), hidden(j)]
        add(f"neuron {j}", "neuron", (j, 0), at, cells, [], [*key, *value], [node_h + j])
    for k in range(d_out):
        column = [w_out(j, k) for j in range(d_ff)]
        at = n_in + n_out + d_ff + k
        cells = [*column, at, *map(hidden, range(d_ff))]
        add(f"output[{k}]", "output", (k, 0), at, cells, [d_in + k], column, [node_y + k])
    return items


def matrices(x, w_in, b_in, w_out, b_out, before, hidden, output, activation="gelu"):
    """A small network as a graph and as its matrices; looking at a part of one shows it in the other.

    x (d_in,), w_in (d_in, d_ff), b_in (d_ff,), w_out (d_ff, d_out), b_out (d_out,);
    before and hidden (d_ff,), output (d_out,): what activation makes of them.
    """
    w_in, w_out = np.asarray(w_in), np.asarray(w_out)
    (d_in, d_ff), d_out = w_in.shape, w_out.shape[1]
    items = items_of(d_in, d_ff, d_out)
    label_of = {(i["kind"], *i["index"]): str(n) for n, i in enumerate(items)}

    # where the cells stand: x and w_in left and below, w_out right and above, as in a product by hand
    left, right = d_in + 0.3, d_in + d_ff + 0.6
    wide = right + d_out
    bias_row, sum_row, out_row = -(d_ff + 1.25), -(d_ff + 3.15), -(d_ff + 5.05)
    first_in = -(d_ff - d_in + 1)  # the row of w_in[0]
    inside = [
        *((left + j + 0.5, first_in - i, "w_in", i, j) for i in range(d_in) for j in range(d_ff)),
        *((right + k + 0.5, -1 - j, "w_out", j, k) for j in range(d_ff) for k in range(d_out)),
        *((left + j + 0.5, bias_row, "b_in", j, 0) for j in range(d_ff)),
        *((right + k + 0.5, bias_row, "b_out", k, 0) for k in range(d_out)),
        *((left + j + 0.5, sum_row, "neuron", j, 0) for j in range(d_ff)),
        *((left + j + 0.5, out_row, "neuron", j, 0) for j in range(d_ff)),
    ]
    outside = [
        *((i + 0.5, sum_row, "input", i, 0) for i in range(d_in)),
        *((right + k + 0.5, out_row, "output", k, 0) for k in range(d_out)),
    ]

    def cells(places, values):
        return ColumnDataSource(
            {
                "x": [place[0] for place in places],
                "y": [place[1] for place in places],
                "value": [float(v) for v in values],
                "text": [fixed(v) for v in values],
                "pick": [label_of[place[2:]] for place in places],
            }
        )

    weights = [*w_in.ravel(), *w_out.ravel(), *b_in, *b_out]
    ffn = cells(inside, [*weights, *before, *hidden])
    stream = cells(outside, [*x, *output])
    first = items[1]
    control = choice("Look at", [(str(n), item["label"]) for n, item in enumerate(items)], "1")

    p = plot(height=400, grid=None, x_range=Range1d(-0.1, wide + 0.1), y_range=Range1d(out_row - 2.5, 0.6))
    p.axis.visible = False
    p.min_border = 2
    drawn_cells = []
    for source, name in ((ffn, "ffn"), (stream, "stream")):
        fill, words_on = mappers(name, -LARGEST, LARGEST)
        drawn = p.rect(
            "x", "y", 1, 1, source=source, line_color=ink("rule"), line_width=1,
            fill_color={"field": "value", "transform": fill},
        )  # fmt: skip
        p.text(
            "x", "y", "text", source=source, text_align="center", text_baseline="middle",
            text_color={"field": "value", "transform": words_on},
        )  # fmt: skip
        drawn_cells.append(drawn)
    pointable(p, control, *drawn_cells)
    for at_x, y, text, align in (
        (wide, -0.1, f"w_out ({d_ff}, {d_out}) and b_out ({d_out},)", "right"),
        (left, first_in + 0.9, f"w_in ({d_in}, {d_ff}), b_in ({d_ff},)", "left"),
        (0, sum_row + 0.9, f"x ({d_in},)", "left"),
        (left, sum_row + 0.9, f"before ({d_ff},)", "left"),
        (left, out_row + 0.9, f"hidden ({d_ff},)", "left"),
        (wide, out_row + 0.9, f"output ({d_out},)", "right"),
    ):
        end_label(p, at_x, y, text, "muted", (0, 0), align)
    lit_cells = ColumnDataSource(
        {
            "x": [ffn.data["x"][i] for i in first["ffn"]] + [stream.data["x"][i] for i in first["stream"]],
            "y": [ffn.data["y"][i] for i in first["ffn"]] + [stream.data["y"][i] for i in first["stream"]],
        }
    )
    p.rect("x", "y", 1, 1, source=lit_cells, fill_color=None, line_color=ink("ink"), line_width=2.5)
    i, j = first["index"]
    words = Label(
        x=0,
        y=out_row - 0.8,
        text=f"x[{i}] · w_in[{i}, {j}] = {fixed(x[i])} × {fixed(w_in[i, j])} = {fixed(x[i] * w_in[i, j])}\n"
        f"is added into before[{j}]",
        text_baseline="top",
        text_color=ink("ink"),
    )
    p.add_layout(words)

    graph, edges, nodes, lit_edges, lit_nodes = network(
        x, w_in, w_out, hidden, output, label_of, control, first
    )
    value = slider("Its value", -LARGEST, LARGEST, float(w_in[i, j]), 0.1)
    chosen = choice("Activation", list(TITLES.items()), activation)
    redraw = callback(
        "feed_forward_network_matrices",
        "row_times_matrix",
        "erfc",
        "activation",
        "mlp",
        "fixed",
        pick=control,
        value=value,
        chosen=chosen,
        items=[{key: part for key, part in item.items() if key != "label"} for item in items],
        sizes=[d_in, d_ff, d_out],
        titles=TITLES,
        ffn=ffn,
        stream=stream,
        edges=edges,
        nodes=nodes,
        lit_cells=lit_cells,
        lit_edges=lit_edges,
        lit_nodes=lit_nodes,
        words=words,
    )
    for widget in (control, value, chosen):
        on_change(widget, redraw)

    rows = [[item["label"], fixed(weights[item["at"]])] for item in items[: len(weights)]]
    rows += [[f"x[{i}]", fixed(v)] for i, v in enumerate(x)]
    for name, values in (("before", before), ("hidden", hidden), ("output", output)):
        rows += [[f"{name}[{i}]", fixed(v)] for i, v in enumerate(values)]
    return Figure(
        side_by_side(graph, p),
        name="feed-forward-network-matrices",
        alt=f"Left, a graph of {d_in} inputs, {d_ff} neurons and {d_out} outputs, a line for every weight. "
        f"Right, the same weights as a matrix w_in of {d_in} by {d_ff} and a matrix w_out of {d_ff} by {d_out}, "
        f"with the inputs, sums and outputs as rows. The line from input {i} to neuron {j} and the cell "
        f"w_in[{i}, {j}] are marked: they are one number.",
        caption="Point at a line, a circle or a cell, or walk through them with *Look at*: each weight is one line and "
        "one cell. A neuron is a column of w_in and the row of w_out with the same number. "
        "Change a value: an input weight moves one hidden number, and through it every output.",
        data=Table(["number", "value"], rows),
        provenance="toy",
        controls=[control, side_by_side(value, chosen)],
    )


def network(x, w_in, w_out, hidden, output, label_of, control, first):
    """The graph: a circle for every number, a line for every weight, grey and dashed where negative."""
    (d_in, d_ff), d_out = w_in.shape, w_out.shape[1]
    high = (d_ff - 1) / 2

    def column(n, x_at, spread):
        return [(x_at, high + spread * ((n - 1) / 2 - i)) for i in range(n)]

    of_x, of_h, of_y = column(d_in, 0, 1.6), column(d_ff, 1, 1), column(d_out, 2, 1.6)
    ends = [(a, b) for a in of_x for b in of_h] + [(a, b) for a in of_h for b in of_y]
    weights = [*w_in.ravel(), *w_out.ravel()]
    edges = ColumnDataSource(
        {
            "xs": [[a[0], b[0]] for a, b in ends],
            "ys": [[a[1], b[1]] for a, b in ends],
            "sign": ["minus" if w < 0 else "plus" for w in weights],
            "dash": ["dashed" if w < 0 else "solid" for w in weights],
            "width": [1 + 2 * abs(float(w)) for w in weights],
        }
    )
    between = [0.25, 0.75]  # the part of a line that can be pointed at; near the circles lines lie too close
    targets = ColumnDataSource(
        {
            "xs": [[a[0] + t * (b[0] - a[0]) for t in between] for a, b in ends],
            "ys": [[a[1] + t * (b[1] - a[1]) for t in between] for a, b in ends],
            "pick": [label_of["w_in", i, j] for i in range(d_in) for j in range(d_ff)]
            + [label_of["w_out", j, k] for j in range(d_ff) for k in range(d_out)],
        }
    )
    nodes = ColumnDataSource(
        {
            "x": [at[0] for at in (*of_x, *of_h, *of_y)],
            "y": [at[1] for at in (*of_x, *of_h, *of_y)],
            "text": [fixed(v) for v in (*x, *hidden, *output)],
            "kind": ["stream"] * d_in + ["ffn"] * d_ff + ["stream"] * d_out,
            "pick": [label_of["input", i, 0] for i in range(d_in)]
            + [label_of["neuron", j, 0] for j in range(d_ff)]
            + [label_of["output", k, 0] for k in range(d_out)],
        }
    )
    p = plot(height=370, grid=None, x_range=Range1d(-0.45, 2.45), y_range=Range1d(-0.75, d_ff - 0.35))
    p.axis.visible = False
    p.min_border = 2
    lit_edges = ColumnDataSource(
        {
            "xs": [edges.data["xs"][e] for e in first["edges"]],
            "ys": [edges.data["ys"][e] for e in first["edges"]],
            "width": [edges.data["width"][e] + 3 for e in first["edges"]],
        }
    )
    p.multi_line("xs", "ys", source=lit_edges, line_color=ink("ink"), line_width="width")
    p.multi_line(
        "xs", "ys", source=edges, line_width="width", line_dash="dash",
        line_color={"field": "sign", "transform": by_name(["plus", "minus"], ["ffn", "grey"])},
    )  # fmt: skip
    wide = p.multi_line("xs", "ys", source=targets, line_width=13, line_alpha=0, line_color=ink("ink"))
    circles = p.scatter(
        "x", "y", source=nodes, size=42, fill_color=ink("paper"), line_width=1.5,
        line_color={"field": "kind", "transform": by_name(["stream", "ffn"], ["stream", "ffn"])},
    )  # fmt: skip
    pointable(p, control, wide, circles)
    lit_nodes = ColumnDataSource({key: [nodes.data[key][n] for n in first["nodes"]] for key in ("x", "y")})
    p.scatter("x", "y", source=lit_nodes, size=42, fill_color=None, line_color=ink("ink"), line_width=3)
    p.text(
        "x", "y", "text", source=nodes, text_align="center", text_baseline="middle", text_color=ink("ink")
    )  # fmt: skip
    for name, places in (("x", of_x), ("hidden", of_h), ("output", of_y)):
        for i, (at_x, at_y) in enumerate(places):
            label = end_label(p, at_x, at_y, f"{name}[{i}]", "muted", (0, 31), "center")
            label.background_fill_color, label.background_fill_alpha = ink("paper"), 0.85
    return p, edges, nodes, lit_edges, lit_nodes


# --- Two networks with equally many weights ------------------------------------------------------


def side_of_training(marks, gated, plain, floor, credit):
    """Held-out loss of the toy as it trains, with SwiGLU and with GELU, one line a seed.

    marks (n,) steps; gated, plain (n_seeds, n) nats per token; floor: what no model can expect to beat.
    """
    first = int(np.searchsorted(marks, 200))
    steps = list(map(int, marks[first:]))
    gated, plain = np.round(np.asarray(gated), 4), np.round(np.asarray(plain), 4)
    p = plot(
        height=330, x_label="training step", y_label="held-out loss, nats per token",
        x_range=Range1d(180, 1020), y_range=Range1d(0.44, 0.62),
    )  # fmt: skip
    for losses in plain:
        line(p, steps, losses[first:].tolist(), "grey", dash=[6, 4])
    for losses in gated:
        line(p, steps, losses[first:].tolist(), "ffn")
    p.line([200, 1000], [floor, floor], color=ink("ink"), line_width=1, line_dash=[2, 3])
    end_label(p, 1000, floor, "no model can do better", "ink", (0, -12), "right")
    end_label(p, 1000, 0.603, "SwiGLU, three matrices of 168", "ffn", (0, 0), "right")
    end_label(p, 1000, 0.589, "GELU (dashed), two of 252", "grey", (0, 0), "right")
    shown = [i for i, mark in enumerate(marks) if mark in (200, 400, 600, 800, 1000)]
    rows = [
        [f"{name}, seed {seed}", *(f"{losses[i]:.4f}" for i in shown)]
        for name, runs in (("SwiGLU", gated), ("GELU", plain))
        for seed, losses in enumerate(runs)
    ]
    ends = {name: runs[:, -1] for name, runs in (("SwiGLU", gated), ("GELU", plain))}
    told = ", ".join(f"{name} {end.min():.3f} to {end.max():.3f}" for name, end in ends.items())
    return Figure(
        p,
        name="feed-forward-network-training",
        alt=f"Six falling curves of held-out loss, three of SwiGLU and three of GELU, that cross one another and end "
        f"close together a little above the floor of {floor:.3f}: {told}.",
        caption="The same toy model, trained with either network at the same number of weights, three seeds each. "
        "The curves of the two kinds cross, and a change of seed moves the end as much as a change of network.",
        data=Table(["held-out loss after step", *(str(marks[i]) for i in shown)], rows),
        provenance="trained",
        source=credit,
    )


# --- Knocking neurons out ------------------------------------------------------------------------


def knock_outs(neurons, changes, words, base, credit):
    """How much the loss changes without each neuron, and for which tokens.

    neurons (n, 2): layer and neuron; changes (n,) nats per token, largest first.
    words: for each neuron, pairs (token, change of its loss), largest first. base: the loss with all of them.
    """
    changes = [float(f"{c:.2g}") for c in changes]
    labels = [f"layer {l}, neuron {j}" for l, j in neurons]
    ranks = list(range(1, len(labels) + 1))
    tokens = [[visible(token) for token, _ in pairs] for pairs in words]
    values = [[round(float(value), 3) for _, value in pairs] for pairs in words]

    control = slider("Neuron, the most needed first", 1, len(labels), 1)
    p = plot(
        height=320, x_label="neurons, the most needed first", y_label="change of the loss, nats per token"
    )
    p.x_range = Range1d(-2, len(labels) + 3)
    p.y_range = Range1d(min(0, min(changes)) - 0.0004, max(changes) * 1.14)
    # two areas instead of hundreds of bars: the picture stays small
    source = ColumnDataSource(
        {
            "x": ranks,
            "harmed": [max(c, 0) for c in changes],
            "helped": [min(c, 0) for c in changes],
        }
    )
    for part, name in (("harmed", "loss"), ("helped", "grey")):
        p.varea_step("x", 0, part, source=source, step_mode="center", fill_color=ink(name))
    choose = callback("feed_forward_network_rank", control=control)
    p.js_on_event("mousemove", choose)
    p.js_on_event("tap", choose)
    marker = ColumnDataSource({"x": [1], "y": [changes[0]]})
    p.scatter("x", "y", source=marker, size=9, fill_color=ink("paper"), line_color=ink("ink"), line_width=2)
    said = Label(
        x=len(labels), y=p.y_range.end, text=knocked(labels[0], base, changes[0]), text_align="right",
        text_baseline="top", text_color=ink("ink"),
    )  # fmt: skip
    p.add_layout(said)

    q, bar_source = token_bars(tokens[0], values[0], "loss", "change where this token came next, nats", 3)
    on_change(
        control,
        callback(
            "feed_forward_network_knock_out",
            "fixed",
            "show_bars",
            labels=labels,
            changes=changes,
            tokens=tokens,
            values=values,
            base=round(float(base), 4),
            marker=marker,
            said=said,
            bars=bar_source,
            x_range=q.x_range,
            y_range=q.y_range,
        ),
    )
    rows = [
        [label, fixed(change, 4), ", ".join(f"{t} {fixed(v, 3)}" for t, v in zip(t_, v_, strict=True))]
        for label, change, t_, v_ in list(zip(labels, changes, tokens, values, strict=True))[:24]
    ]
    few = sum(c > changes[0] / 10 for c in changes)
    return Figure(
        side_by_side(p, q),
        name="feed-forward-network-knock-out",
        alt=f"Left, {len(labels)} bars of how much the loss rises when one neuron is silenced: {few} of them above "
        f"a tenth of the largest, which is {changes[0]:.4f} nats, the rest nearly invisible and some below zero. "
        f"Right, the tokens that suffer most without {labels[0]}: {tokens[0][0]} by {values[0][0]:.2f} nats.",
        caption="Walk from the neuron that is missed most to the one that is missed least. Most single neurons "
        "hardly matter; without a needed one a few tokens suffer that have little in common, and others gain (grey).",
        data=Table(["without", "change of the loss", "tokens most changed, nats"], rows),
        provenance="trained",
        controls=[control],
        source=credit,
    )


def knocked(label, base, change):
    """Two lines on what a knock-out did."""
    sign = "+" if change >= 0 else ""
    return f"without {label}:\n{base:.4f} → {base + change:.4f} ({sign}{fixed(change, 4)})"


def token_bars(labels, values, name, x_label, digits, height=320):
    """Horizontal bars with tokens at the axis, grey below zero -> (plot, source)."""
    places = positions(labels)
    source = ColumnDataSource(
        {
            "y": places,
            "value": list(values),
            "sign": ["minus" if v < 0 else "plus" for v in values],
            "text": [fixed(v, digits) for v in values],
            "end": [max(v, 0) for v in values],
        }
    )
    high, low = max(*values, 1e-9), min(*values, 0)
    p = plot(
        height=height, x_label=x_label, grid=None,
        y_range=FactorRange(factors=places[::-1], range_padding=0.05), x_range=Range1d(low * 1.05, high * 1.35),
    )  # fmt: skip
    p.yaxis.major_tick_line_color = p.yaxis.axis_line_color = None
    show_labels(p.yaxis[0], mono=True)
    sign = by_name(["plus", "minus"], [name, "grey"])
    p.hbar("y", 0.6, "value", source=source, line_color=None, fill_color={"field": "sign", "transform": sign})
    p.text(
        "end", "y", "text", source=source, x_offset=5, text_baseline="middle", text_color=ink("ink")
    )  # fmt: skip
    return p, source


# --- Keys and values of a real neuron ------------------------------------------------------------


def keys_and_values(neurons, exciting, promoted, groups):
    """What excites a neuron of the real model, and which tokens its value promotes.

    neurons: pairs (layer, neuron). exciting: for each, triples (token, the one after it, activation).
    promoted: for each, pairs (token, change of its logit). groups: name -> how many of the neurons, in order.
    """
    labels = [[f"{said(token)} → {said(after)}" for token, after, _ in found] for found in exciting]
    heights = [[round(float(value), 2) for *_, value in found] for found in exciting]
    tokens = [[visible(token) for token, _ in found] for found in promoted]
    pulls = [[round(float(value), 2) for _, value in found] for found in promoted]
    names = [f"layer {l}, neuron {j}" for l, j in neurons]
    options, at = {}, 0
    for group, n in groups.items():
        options[group] = [(str(i), names[i]) for i in range(at, at + n)]
        at += n

    p, keys = token_bars(labels[0], heights[0], "key", "activation at this token", 2, 290)
    q, values = token_bars(tokens[0], pulls[0], "value", "change of the logit per unit of activation", 2, 290)
    for plot_, words in ((p, "the key: excited by"), (q, "the value: promotes")):
        plot_.title.text = words
    control = Select(title="Neuron of SmolLM2", options=options, value="0")
    on_change(
        control,
        callback(
            "feed_forward_network_memory",
            "fixed",
            "show_bars",
            labels=labels,
            heights=heights,
            tokens=tokens,
            pulls=pulls,
            keys=keys,
            values=values,
            key_ranges=[p.x_range, p.y_range],
            value_ranges=[q.x_range, q.y_range],
        ),
    )
    rows = [
        [name, ", ".join(found), ", ".join(raised)]
        for name, found, raised in zip(names, labels, tokens, strict=True)
    ]
    return Figure(
        side_by_side(p, q),
        name="feed-forward-network-memory",
        alt=f"Two bar charts for {names[0]} of SmolLM2. Left, the places in the text that excite it most, first "
        f"{labels[0][0]}. Right, the tokens whose logits its value raises most: {', '.join(tokens[0][:3])}. The two "
        "fit together; for the neurons drawn at random they do not.",
        caption="Left: the tokens of the text that excite the neuron most, each with the token that came next. "
        "Right: the tokens that its value promotes. In the first group the right side continues the left. "
        "Then look at the second group, which was drawn at random.",
        data=Table(["neuron", "excited by → next token", "promotes"], rows),
        provenance="real",
        controls=[control],
        source="Measured over the opening of Pride and Prejudice. Values pass through the gains of the final norm, "
        "which then divides by the length of the whole stream: compare bars with each other, not with logits.",
    )


def said(token):
    """A token as words: a space or a line end that is all of it is made visible."""
    return visible(token) if not token.strip() else token.strip(" ")


# --- How few neurons do the work -----------------------------------------------------------------


def sparsity(shares, needed, below, layer=0):
    """Share of the energy that the strongest neurons of a token carry, in a layer of the reader's choice.

    shares (n_layers, d_ff): median over tokens of the share that the strongest 1, 2, … d_ff neurons carry.
    needed (n_layers,): neurons for 90%, median over tokens. below (n_layers,): share of gates below zero.
    """
    shares = np.asarray(shares)
    n_layers, d_ff = shares.shape
    counts = np.unique(np.round(np.geomspace(1, d_ff, 48)).astype(int))
    curves = np.round(shares[:, counts - 1], 3)
    needed = [int(n) for n in needed]

    p = plot(
        height=310, x_label="strongest neurons of a token", y_label="share of the energy", x_axis_type="log"
    )
    p.x_range, p.y_range = Range1d(0.9, d_ff * 1.25), Range1d(0, 1.16)
    p.xaxis.ticker = FixedTicker(ticks=[1, 10, 100, 1000])
    p.xaxis.formatter = NumeralTickFormatter(format="0")
    p.yaxis.ticker = FixedTicker(ticks=[0, 0.5, 0.9])
    curve = line(p, counts.tolist(), curves[layer].tolist(), "ffn")
    even = (counts / d_ff).tolist()
    line(p, counts.tolist(), even, "grey", dash=[6, 4])
    drop = ColumnDataSource({"x": [needed[layer]] * 2, "y": [0, 0.9]})
    p.line("x", "y", source=drop, line_color=ink("ink"), line_width=1)
    words = Label(
        x=1, y=1.16, x_offset=4, y_offset=-4, text=energetic(layer, needed[layer], below[layer]),
        text_baseline="top", text_color=ink("ink"),
    )  # fmt: skip
    p.add_layout(words)

    q = plot(height=310, x_label="layer", y_label="neurons for 90%")
    q.x_range, q.y_range = Range1d(-1, n_layers), Range1d(0, max(needed) * 1.1)
    q.xaxis.ticker = FixedTicker(ticks=[0, 10, 20, n_layers - 1])
    line(q, list(range(n_layers)), needed, "ffn")
    marker = ColumnDataSource({"x": [layer], "y": [needed[layer]]})
    q.scatter("x", "y", source=marker, size=10, fill_color=ink("paper"), line_color=ink("ink"), line_width=2)

    control = slider("Layer", 0, n_layers - 1, layer)
    on_change(
        control,
        callback(
            "feed_forward_network_sparsity",
            curves=curves.tolist(),
            needed=needed,
            below=[round(float(b), 3) for b in below],
            curve=curve,
            drop=drop,
            words=words,
            marker=marker,
        ),
    )
    rows = [[str(l), str(needed[l]), f"{below[l]:.0%}"] for l in range(n_layers)]
    middle = needed[n_layers // 2]
    return Figure(
        side_by_side(p, q),
        name="feed-forward-network-sparsity",
        alt=f"Left, the share of the energy against the number of strongest neurons, for layer {layer}: "
        f"{needed[layer]} of {d_ff} carry 90%. Right, that number for every layer: {needed[0]} in the first, "
        f"{middle} in the middle, {needed[-1]} in the last.",
        caption="How many neurons it takes, for one token, to carry 90% of a layer's energy: a few dozen in the first "
        "layer and the last, hundreds between. Dashed: if all were equal.",
        data=Table(["layer", f"neurons of {d_ff} for 90%", "gates below zero"], rows),
        provenance="real",
        controls=[control],
    )


def energetic(layer, n, below):
    """What is said about a layer."""
    return (
        f"layer {layer}: {n} neurons carry 90%,\n{100 * round(float(below), 3):.0f}% of gates are below zero"
    )
