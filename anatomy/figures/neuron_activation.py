"""Pictures of one neuron, its activations, what a line can part, and where a real model's gates lie."""

from itertools import pairwise

from bokeh.models import Arrow as ArrowAnnotation
from bokeh.models import ColumnDataSource, Label, Range1d, VeeHead

from anatomy.figures.figure import Figure, Table
from anatomy.figures.old_parts import (
    bars,
    callback,
    choice,
    end_label,
    fixed,
    line,
    on_change,
    plot,
    side_by_side,
    slider,
)
from anatomy.figures.theme import by_name, ink, wash

TITLES = {
    "identity": "no bend",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU, exact",
    "gelu_tanh": "GELU, tanh form",
    "silu": "SiLU",
}
BOUNDED = ("sigmoid", "tanh")


def options(names):
    """Activations as a drop-down wants them: (name, words)."""
    return [(name, TITLES[name]) for name in names]


def corner_words(p, text, x, y):
    """Words in the upper left corner of a plot, which a callback may change."""
    words = Label(x=x, y=y, text=text, x_offset=6, y_offset=-4, text_baseline="top", text_color=ink("ink"))
    p.add_layout(words)
    return words


def pairs(*controls):
    """Controls in rows of two, also on a phone."""
    for control in controls:
        control.sizing_mode = "stretch_width"
    return [side_by_side(*controls[i : i + 2], least=130) for i in range(0, len(controls), 2)]


def one_neuron(x, w, b, totals, outputs, curve, activation="silu"):
    """One neuron with three inputs: how its sum grows, and what the activation makes of it.

    x (3,), w (3,), b a number, totals (5,): 0, then after each product, then after the bias.
    outputs: name of each activation -> the neuron's output. curve: (inputs, values) of `activation`.
    """
    names = ["x1·w1", "x2·w2", "x3·w3", "bias", "sum"]
    left = [*totals[:-1], 0.0]
    right = [*totals[1:], totals[-1]]
    kinds = ["minus" if r < start else "plus" for start, r in zip(left, right, strict=True)]
    kinds[-1] = "sum"
    steps = ColumnDataSource(
        {
            "name": names,
            "left": left,
            "right": right,
            "kind": kinds,
            "text": [fixed(r - start) for start, r in zip(left, right, strict=True)],
            "end": [max(pair) for pair in zip(left, right, strict=True)],
        }
    )
    p = plot(290, "running sum", grid="x", y_range=names[::-1], x_range=Range1d(-7.5, 9))
    p.y_range.range_padding = 0.1
    p.yaxis.axis_line_color = p.yaxis.major_tick_line_color = None
    p.line([0, 0], [names[-1], names[0]], color=ink("ink"), line_width=1)
    p.hbar(
        "name",
        0.6,
        "right",
        "left",
        source=steps,
        line_color=None,
        fill_color={
            "field": "kind",
            "transform": by_name(["plus", "minus", "sum"], ["ffn", "grey", "ink"]),
        },
    )
    p.text("end", "name", "text", source=steps, x_offset=6, text_baseline="middle", text_color=ink("ink"))

    sum_, output = float(totals[-1]), outputs[activation]
    q = plot(290, "sum", "output", x_range=Range1d(-7.5, 7.5), y_range=Range1d(-2, 8.6))
    curve_source = line(q, *curve, "ffn")
    guide = ColumnDataSource({"x": [sum_, sum_, -7.5], "y": [-2, output, output]})
    q.line("x", "y", source=guide, color=ink("grey"), line_width=1, line_dash=[3, 3])
    point = ColumnDataSource({"x": [sum_], "y": [output]})
    q.scatter("x", "y", source=point, size=10, color=ink("ink"))
    words = corner_words(q, f"sum {fixed(sum_)}, output {fixed(output)}", -7.5, 8.6)

    inputs = [slider(f"x{i}", -2, 2, float(v), 0.1, format="0.0") for i, v in enumerate(x, 1)]
    weights = [slider(f"w{i}", -1, 1, float(v), 0.1, format="0.0") for i, v in enumerate(w, 1)]
    bias = slider("bias", -1, 1, float(b), 0.1, format="0.0")
    chosen = choice("Activation", options(TITLES), activation)
    move = callback(
        "neuron_activation_neuron",
        "running_totals",
        "erfc",
        "activation",
        "fixed",
        inputs=inputs,
        weights=weights,
        bias=bias,
        chosen=chosen,
        steps=steps,
        curve=curve_source,
        point=point,
        guide=guide,
        words=words,
        y_range=q.y_range,
    )
    both = [control for pair in zip(inputs, weights, strict=True) for control in pair]
    for control in (*both, bias, chosen):
        on_change(control, move)
    rows = [[name, text] for name, text in zip(names, steps.data["text"], strict=True)]
    rows += [[f"output, {TITLES[name]}", fixed(value, 4)] for name, value in outputs.items()]
    return Figure(
        side_by_side(p, q),
        name="neuron-activation-neuron",
        alt=f"Left, bars that add up the three products and the bias of a neuron to {fixed(sum_)}. Right, the "
        f"{TITLES[activation]} curve, which turns that sum into {fixed(output)}: sum first, bend after.",
        caption="A neuron in two steps. Left: each product starts where the last one ended, grey where it "
        "pulls down; the black bar is the sum. Right: the activation reads that one number. Give one input "
        "a negative weight and raise it: a ReLU goes silent, a sigmoid only gets quieter.",
        data=Table(["part", "value"], rows),
        provenance="toy",
        controls=pairs(*both, bias, chosen),
    )


def curves(x, values, slopes, edges, at=1.0, activation="sigmoid"):
    """An activation with its derivative; the ends where the slope is nearly gone are shaded.

    x (n,) inputs, the same for all; values, slopes: name -> (n,). edges: name -> (left, right), where the
    flat ends begin, or None. at: the input that is marked, one of x.
    """
    p = plot(360, "input", x_range=Range1d(-5, 5), y_range=Range1d(-1.2, 1.55))
    left, right = edges[activation]
    flat = ColumnDataSource(
        {
            "left": [-5, 5 if right is None else right],
            "right": [-5 if left is None else left, 5],
            "bottom": [-20, -20],
            "top": [20, 20],
        }
    )
    p.quad("left", "right", "top", "bottom", source=flat, fill_color=wash("loss"), line_color=None)
    curve = ColumnDataSource({"x": list(x), "y": list(values[activation]), "slope": list(slopes[activation])})
    p.line("x", "slope", source=curve, color=ink("loss"), line_dash=[6, 4])
    p.line("x", "y", source=curve, color=ink("ffn"))

    here = min(range(len(x)), key=lambda i: abs(x[i] - at))
    value, slope = float(values[activation][here]), float(slopes[activation][here])
    tangent = ColumnDataSource({"x": [at - 1, at + 1], "y": [value - slope, value + slope]})
    p.line("x", "y", source=tangent, color=ink("ink"), line_width=1)
    points = ColumnDataSource({"x": [at, at], "y": [value, slope], "kind": ["value", "slope"]})
    p.scatter(
        "x",
        "y",
        source=points,
        size=9,
        color={"field": "kind", "transform": by_name(["value", "slope"], ["ffn", "loss"])},
    )
    name_at = min(range(len(x)), key=lambda i: abs(x[i] - 3.4))
    name_words = end_label(
        p,
        float(x[name_at]),
        float(values[activation][name_at]),
        TITLES[activation],
        "ffn",
        (-10, 14),
        "right",
    )
    slope_words = end_label(p, 4.9, float(slopes[activation][-1]), "slope", "loss", (0, -14), "right")
    words = corner_words(
        p, f"input {fixed(at, 1)}, output {fixed(value)}, slope {fixed(slope)}", -5, p.y_range.end
    )

    names = list(values)
    chosen = choice("Activation", options(names), activation)
    input_ = slider("Input", -5, 5, at, 0.1, format="0.0")
    move = callback(
        "neuron_activation_curves",
        "erfc",
        "activation",
        "fixed",
        chosen=chosen,
        input=input_,
        titles=TITLES,
        edges={name: list(edges[name]) for name in names},
        curve=curve,
        points=points,
        tangent=tangent,
        flat=flat,
        name_words=name_words,
        slope_words=slope_words,
        words=words,
        x_range=p.x_range,
        y_range=p.y_range,
    )
    on_change(chosen, move)
    on_change(input_, move)
    whole = [i for i in range(len(x)) if float(x[i]).is_integer()]
    rows = [
        [TITLES[name], *(f"{fixed(values[name][i])} ({fixed(slopes[name][i])})" for i in whole)]
        for name in names
    ]
    return Figure(
        p,
        name="neuron-activation-curves",
        alt="The sigmoid in green and its slope, dashed, in red. Beyond about three on either side the ground is "
        "shaded: there the slope is under a twentieth and a change of the input hardly changes the output.",
        caption="Seven activations, each with its slope (dashed). The ground is shaded where the slope stays within "
        "0.05 of zero: a neuron whose sum lies there hardly learns. Sigmoid and tanh go flat at both ends, "
        "the other five at the left only.",
        data=Table(["activation: value (slope) at", *(fixed(x[i], 0) for i in whole)], rows),
        provenance="toy",
        controls=pairs(chosen, input_),
    )


def decision(points, targets, w, b, sums, corner, chosen="AND"):
    """A neuron with two inputs parts the plane by a line; four points say whether it parts them as wanted.

    points (4, 2); targets: name -> four of 0 and 1. w (2,), b a number; sums (4,) at the points.
    corner: (point, direction) of the line, two of (2,).
    """
    wanted = [int(t) for t in targets[chosen]]
    names = [f"{x:.0f}, {y:.0f}" for x, y in points]
    right = [(total > 0) == (want == 1) for total, want in zip(sums, wanted, strict=True)]
    (x0, y0), (dx, dy) = corner
    far = 100

    p = plot(320, "x1", "x2", grid=None, x_range=Range1d(-0.6, 1.7), y_range=Range1d(-0.6, 1.7))
    corners = [(-1, 0), (1, 0), (1, 1), (-1, 1)]
    side = ColumnDataSource(
        {
            "x": [x0 + far * (along * dx + across * dy) for along, across in corners],
            "y": [y0 + far * (along * dy - across * dx) for along, across in corners],
        }
    )
    p.patch("x", "y", source=side, fill_color=wash("ffn"), line_color=None, level="image")
    ends = ColumnDataSource({name: list(side.data[name][:2]) for name in ("x", "y")})
    p.line("x", "y", source=ends, color=ink("ffn"))
    along = (0.5 - x0) * dx + (0.5 - y0) * dy  # the arrow starts at the point nearest the square's middle
    foot = (x0 + along * dx, y0 + along * dy)
    arrow = ColumnDataSource(
        {"x": [foot[0]], "y": [foot[1]], "to_x": [foot[0] + w[0] / 2], "to_y": [foot[1] + w[1] / 2]}
    )
    p.add_layout(
        ArrowAnnotation(
            x_start="x",
            y_start="y",
            x_end="to_x",
            y_end="to_y",
            source=arrow,
            level="underlay",
            line_color=ink("ffn"),
            line_width=1.5,
            end=VeeHead(size=9, fill_color=ink("ffn"), line_color=ink("ffn")),
        )
    )
    dots = ColumnDataSource(
        {
            "x": [float(x) for x, _ in points],
            "y": [float(y) for _, y in points],
            "kind": list(map(str, wanted)),
        }
    )
    p.scatter(
        "x",
        "y",
        source=dots,
        size=22,
        line_color=ink("ink"),
        line_width=1.5,
        fill_color={"field": "kind", "transform": by_name(["0", "1"], ["paper", "ink"])},
    )
    p.text(
        "x",
        "y",
        "kind",
        source=dots,
        text_align="center",
        text_baseline="middle",
        text_color={"field": "kind", "transform": by_name(["0", "1"], ["ink", "paper"])},
    )

    q = plot(320, "sum", "inputs", grid="x", x_range=Range1d(-3, 5.4), y_range=[*names[::-1], " "])
    q.yaxis.axis_line_color = q.yaxis.major_tick_line_color = None
    source = ColumnDataSource(
        {
            "name": names,
            "sum": [float(total) for total in sums],
            "kind": ["on" if total > 0 else "off" for total in sums],
            "text": [
                f"{fixed(total)} {'on' if total > 0 else 'off'} {'✓' if ok else '✕'}"
                for total, ok in zip(sums, right, strict=True)
            ],
            "at": [max(float(total), 0) for total in sums],
        }
    )
    q.line([0, 0], [names[-1], names[0]], color=ink("ink"), line_width=1)
    q.hbar(
        "name",
        0.5,
        "sum",
        source=source,
        line_color=None,
        fill_color={"field": "kind", "transform": by_name(["on", "off"], ["ffn", "grey"])},
    )
    words = ColumnDataSource({"x": [-3], "y": [" "], "text": [f"{sum(right)} of 4 right"]})
    q.text("x", "y", "text", source=words, x_offset=6, text_baseline="middle", text_color=ink("ink"))
    q.text("at", "name", "text", source=source, x_offset=6, text_baseline="middle", text_color=ink("ink"))

    weights = [slider(f"w{i}", -2, 2, float(v), 0.1, format="0.0") for i, v in enumerate(w, 1)]
    bias = slider("bias", -2, 2, float(b), 0.1, format="0.0")
    select = choice("Wanted", list(targets), chosen)
    move = callback(
        "neuron_activation_line",
        "running_totals",
        "decision_line",
        "fixed",
        weights=weights,
        bias=bias,
        chosen=select,
        targets={name: [int(t) for t in values] for name, values in targets.items()},
        dots=dots,
        sums=source,
        line=ends,
        side=side,
        arrow=arrow,
        words=words,
    )
    for control in (*weights, bias, select):
        on_change(control, move)
    header = ["inputs", "sum", *(f"wanted, {name}" for name in targets)]
    rows = [
        [name, fixed(total), *(int(values[i]) for values in targets.values())]
        for i, (name, total) in enumerate(zip(names, sums, strict=True))
    ]
    return Figure(
        side_by_side(p, q),
        name="neuron-activation-line",
        alt=f"Four points in a plane and one straight line; on its shaded side the neuron is on. With these weights "
        f"{sum(right)} of the 4 points come out as {chosen} wants them.",
        caption="The neuron is on in the shaded half. The arrow is the weight vector: it always stands at right angles "
        "to the line, and the bias slides the line along it. AND and OR can be had. Ask for XOR and try: three "
        "of four is the most that any line gets.",
        data=Table(header, rows),
        provenance="toy",
        controls=pairs(*weights, bias, select),
    )


def xor_network(ones, tent, hidden, outputs, tent_values, leak=0.0):
    """XOR by two hidden neurons: what the slope below zero does to the output and to the hidden plane.

    ones (n,): the number of ones at the input, also between whole numbers; tent (n,): the network's output there.
    hidden (3, 2), outputs (3,): at 0, 1 and 2 ones. tent_values: leak -> outputs, for the table.
    """
    labels = [f"{fixed(y)} {'✓' if (y > 0.5) == (i == 1) else '✕'}" for i, y in enumerate(outputs)]
    kinds = ["0", "1", "0"]

    def dots(p, source):
        p.scatter(
            "x",
            "y",
            source=source,
            size=14,
            line_color=ink("ink"),
            line_width=1.5,
            fill_color={"field": "kind", "transform": by_name(["0", "1"], ["paper", "ink"])},
        )

    p = plot(310, "ones at the input", "output", x_range=Range1d(-0.5, 2.9), y_range=Range1d(-0.7, 2.5))
    p.xaxis.ticker = [0, 1, 2]
    curve = line(p, list(ones), list(tent), "ffn")
    p.line([-0.5, 2.9], [0.5, 0.5], color=ink("grey"), line_dash=[6, 4], line_width=1.5)
    line(p, [-0.5, 2.9], [2.5, -0.9], "grey", "no bend", dash=[2, 4], label_at=0, offset=(34, -14))
    answers = ColumnDataSource({"x": [0, 1, 2], "y": list(outputs), "text": labels, "kind": kinds})
    dots(p, answers)
    p.text(
        "x",
        "y",
        "text",
        source=answers,
        x_offset=12,
        y_offset=-3,
        text_baseline="middle",
        text_color=ink("ink"),
    )
    end_label(p, -0.45, 0.5, "0.5", "grey", (0, -10))

    q = plot(310, "hidden 1", "hidden 2", grid=None, x_range=Range1d(-0.5, 2.9), y_range=Range1d(-1.4, 1.8))
    q.patch([-4, 6, 6], [-2.25, 2.75, -2.25], fill_color=wash("ffn"), line_color=None)
    q.line([-4, 6], [-2.25, 2.75], color=ink("ffn"))
    plane = ColumnDataSource(
        {
            "x": list(hidden[:, 0]),
            "y": list(hidden[:, 1]),
            "kind": kinds,
            "text": ["0,0", "0,1 and 1,0", "1,1"],
        }
    )
    dots(q, plane)
    q.text(
        "x",
        "y",
        "text",
        source=plane,
        x_offset=10,
        y_offset=-14,
        text_baseline="middle",
        text_color=ink("ink"),
    )
    words = corner_words(q, "a line parts 0 from 1", -0.5, 1.8)

    bend = slider("Slope below zero", 0, 1, leak, 0.05, format="0.00")
    move = callback(
        "neuron_activation_xor",
        "xor_net",
        "fixed",
        leak=bend,
        tent=curve,
        answers=answers,
        hidden=plane,
        inputs=[[0, 0], [1, 0], [1, 1]],
        words=words,
    )
    on_change(bend, move)
    return Figure(
        side_by_side(p, q),
        name="neuron-activation-xor",
        alt="Left, the output of the network against the number of ones: a tent through 0, 1 and 0, where no bend "
        "gives a falling line. Right, the three hidden points, the middle one alone on the shaded side.",
        caption="Left: the output should be above 0.5 for one, and below it for none and two. Right: the same in "
        "the plane of the two hidden neurons, where only black may be shaded. Drag the slope to 1: the tent "
        "flattens, the three points fall on one line, and no line parts the middle one from both others.",
        data=Table(
            ["slope below zero", "no ones", "one", "two"],
            [[fixed(a), *map(fixed, values)] for a, values in tent_values.items()],
        ),
        provenance="toy",
        controls=[bend],
    )


def bends(x, target, knots, fits, errors, count=4, activation="relu"):
    """How well one hidden layer draws a curve, by its number of neurons, with a bend and without.

    x, target (n,); knots (n_most,) in the order in which they are added, each one of x.
    fits: activation -> (n_most, n), row k drawn by k + 1 neurons; errors: activation -> (n_most,).
    """
    p = plot(340, "input", "output", x_range=Range1d(-3.1, 4.6), y_range=Range1d(-1.5, 1.9))
    line(p, list(x), list(target), "grey", dash=[6, 4])
    end_label(p, float(x[-1]), float(target[-1]), "wanted", "grey", (6, 6))
    curve = ColumnDataSource({"x": list(x), "y": list(fits[activation][count - 1])})
    p.line("x", "y", source=curve, color=ink("ffn"))
    at = [min(range(len(x)), key=lambda i: abs(x[i] - knot)) for knot in knots[:count]]
    marks = ColumnDataSource({"x": [x[i] for i in at], "y": [curve.data["y"][i] for i in at]})
    p.scatter("x", "y", source=marks, size=8, color=ink("ffn"))
    spelled = {name: [f"{error:.4f}" for error in row] for name, row in errors.items()}
    words = corner_words(p, f"mean squared error {spelled[activation][count - 1]}", -3.1, 1.9)

    number = slider("Hidden neurons", 1, len(knots), count)
    chosen = choice("Activation", options(fits), activation)
    move = callback(
        "neuron_activation_bends",
        count=number,
        chosen=chosen,
        fits={
            name: {"curves": [list(row) for row in rows], "errors": spelled[name]}
            for name, rows in fits.items()
        },
        knots=list(knots),
        curve=curve,
        marks=marks,
        words=words,
    )
    on_change(number, move)
    on_change(chosen, move)
    rows = [[k + 1, *(spelled[name][k] for name in fits)] for k in range(len(knots))]
    return Figure(
        p,
        name="neuron-activation-bends",
        alt=f"A dashed wave and the curve that {count} hidden {TITLES[activation]} neurons draw: straight pieces that "
        "turn at a dot for each neuron. More neurons follow the wave; without a bend it stays one straight line.",
        caption="Every ReLU neuron buys one corner (dots). Move the slider: the corners close in on the dashed wave. "
        "Now choose *no bend*: any number of neurons draws the same straight line, with the same error.",
        data=Table(["hidden neurons", *(f"error, {TITLES[name]}" for name in fits)], rows),
        provenance="toy",
        controls=pairs(number, chosen),
    )


def gates(edges, shares, below, spread, shown, layer=0):
    """Where the inputs of a real model's gates lie, layer by layer.

    edges (n_bins + 1,); shares (n_layers, n_bins) in percent of each layer's gates; below (n_layers,) share under
    zero. spread (n_layers, 3): percentiles 5, 50 and 95. shown: three layers, always drawn.
    """
    n_layers = len(shares)
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    top = 1.16 * max(max(shares[l]) for l in range(n_layers))
    p = plot(
        320, "input of SiLU", "% of gates", x_range=Range1d(edges[0], edges[-1]), y_range=Range1d(0, top)
    )
    p.line([0, 0], [0, 0.88 * top], color=ink("ink"), line_width=1)
    share = ColumnDataSource({"left": list(edges[:-1]), "right": list(edges[1:]), "top": list(shares[layer])})
    p.quad("left", "right", "top", 0, source=share, fill_color=wash("ffn"), line_color=wash("ffn"))
    for l, dash, start in zip(shown, ("solid", [7, 4], [2, 4]), (0.4, -0.8, 1.9), strict=True):
        at = min(range(len(middles)), key=lambda i: abs(middles[i] - start))
        side = ((8, 8), "left") if start > 0 else ((-8, 8), "right")
        line(p, middles, list(shares[l]), "ffn", f"layer {l}", None, dash, at, *side)
    spelled = [f"{value:.0%}" for value in below]
    words = corner_words(p, f"layer {layer}: {spelled[layer]} below zero", edges[0], top)

    q = plot(320, "layer", "input of SiLU", x_range=Range1d(-0.8, n_layers + 8.5))
    q.xaxis.ticker = [0, 10, 20, n_layers - 1]
    layers = list(range(n_layers))
    low, middle, high = ([float(row[i]) for row in spread] for i in range(3))
    fan = ColumnDataSource({"x": layers, "low": low, "middle": middle, "high": high})
    q.varea("x", "low", "high", source=fan, fill_color=wash("ffn"))
    line(q, layers, middle, "ffn", "median")
    line(q, layers, high, "ffn", "95%", dash=[6, 4])
    line(q, layers, low, "ffn", "5%", dash=[6, 4])
    marker = ColumnDataSource({"x": [layer] * 3, "y": [low[layer], middle[layer], high[layer]]})
    q.line("x", "y", source=marker, color=ink("ink"), line_width=1)
    q.scatter("x", "y", source=marker, size=8, color=ink("ink"))

    which = slider("Layer", 0, n_layers - 1, layer)
    move = callback(
        "neuron_activation_gates",
        layer=which,
        shares=[list(row) for row in shares],
        below=spelled,
        share=share,
        marker=marker,
        spread=fan,
        words=words,
    )
    on_change(which, move)
    rows = [[l, spelled[l], fixed(low[l]), fixed(middle[l]), fixed(high[l])] for l in range(n_layers)]
    return Figure(
        side_by_side(p, q),
        name="neuron-activation-gates",
        alt=f"Left, the distribution of gate inputs in layers {shown[0]}, {shown[1]} and {shown[2]}: narrow around "
        "zero, then wider. Right, the middle 90 percent by layer, which fans out with depth.",
        caption="The sums that reach SiLU in SmolLM2. Left: three layers as lines, the chosen one filled. "
        "Right: the middle 90% of every layer. Early gates hardly leave the bend around "
        "zero; the spread grows with depth, most of all in the last layer.",
        data=Table(["layer", "below zero", "5%", "median", "95%"], rows),
        provenance="real",
        controls=[which],
        source="SmolLM2-135M-Instruct, gate inputs of every neuron over the first paragraphs of Pride and Prejudice",
        digits=3,
    )


def swapped(losses, uniform):
    """Loss of a real model whose activation was exchanged after training.

    losses: words -> loss in nats per token, the model's own first. uniform: loss of guessing evenly.
    """
    labels, values = [*losses, "guessing evenly"], [*losses.values(), uniform]
    p, _ = bars(labels, values, "loss", form="{:.2f}", x_label="loss, nats per token", mono=False)
    p.xaxis.ticker = [0, 5, 10]
    p.x_range.start = -0.66 * max(values)
    own, worst = labels[0], max(losses, key=losses.get)
    return Figure(
        p,
        name="neuron-activation-swap",
        alt=f"Bars of loss. {own}: {values[0]:.2f}. Changes above zero cost little, the loss of the small values below "
        f"zero much, and {worst} costs most: {losses[worst]:.2f}, where guessing evenly gives {uniform:.2f}.",
        caption="SmolLM2 with the activation of all its gates exchanged, all weights as they were. A straight line "
        "above zero costs little; cutting off SiLU's small dip below zero does as much harm as ReLU. Without a bend "
        "the model does worse than even guesses over its vocabulary.",
        data=Table(
            ["activation", "loss, nats per token"],
            [[a, f"{b:.2f}"] for a, b in zip(labels, values, strict=True)],
        ),
        provenance="real",
        source="SmolLM2-135M-Instruct on the first paragraphs of Pride and Prejudice",
    )
