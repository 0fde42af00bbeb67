"""Figures of the chapter on neurons and activations. Chapter: book/neuron-activation.md"""

import math

from bokeh.layouts import column
from bokeh.models import Arrow, DataRange1d, VeeHead

from anatomy import neuron_activation as na
from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed
from anatomy.figures.theme import by_name, ink, wash
from anatomy.figures.view import View
from anatomy.studies import neuron_activation as study

TITLES = {
    "identity": "no bend",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU",
    "gelu_tanh": "GELU, tanh form",
    "silu": "SiLU",
}
REACH = 10  # further out than any axis here shows


def pairs(*controls):
    """Controls in rows of two, also on a phone."""
    return [parts.side_by_side(*controls[i : i + 2], least=130) for i in range(0, len(controls), 2)]


# --- One neuron -----------------------------------------------------------------------------------


def one_neuron(x, w, b, names=("silu", "relu", "gelu", "sigmoid", "tanh")):
    """One neuron with three inputs: how its sum grows, and what an activation makes of it.

    x (3,), w (3,), b a number; names: activations to choose from, the first shown first.
    """
    titles = [TITLES[name] for name in names]
    grid = [i / 10 for i in range(-60, 61)]
    view = View("neuron_activation_neuron", x=x, grid=grid, names=names, titles=titles)
    left = sum_steps(view, [f"{fixed(v, 1)}·w[{i}]" for i, v in enumerate(x)] + ["bias", "sum"])
    right = parts.plot(210, "sum", "output", x=(-6, 6), y=(-1.4, 6))
    parts.title(view, "title", right)
    parts.curve(view, "curve", right, "ffn")
    parts.curve(view, "guide", right, "grey", [3, 3], 1)
    parts.dots(view, "point", right, text=[""])
    weights = [view.control(**{f"w{i}": parts.slider(f"w[{i}]", -1, 1, v, 0.1)}) for i, v in enumerate(w)]
    bias = view.control(bias=parts.slider("bias", -1, 1, b, 0.1))
    bend = view.control(bend=parts.choice("Activation", titles))
    total, output = float(na.neuron(x, w, b, "identity")), float(na.neuron(x, w, b, names[0]))
    seen = "The bars: each product starts where the last one ended, with a minus where it pulls down; the lowest is "
    seen += "the sum. The curve: the activation reads that one number."
    return Figure(
        parts.side_by_side(left, right),
        view=view,
        controls=[*pairs(*weights, bias), bend],
        name="neuron-activation-neuron",
        alt=f"Left, bars that add up three products and a bias to {fixed(total)}. Right, the {titles[0]} curve, "
        f"which turns that sum into {fixed(output)}: sum first, bend after.",
        caption=f"A neuron in two steps. {seen} Pull w[2] down until the sum is negative and compare: a ReLU gives "
        "exactly zero, a SiLU a little less than zero, a sigmoid never zero.",
        print_caption=f"A neuron in two steps. {seen} Where the sum is negative, a ReLU gives exactly zero, a SiLU a "
        "little less than zero, a sigmoid never zero.",
        print_states={"w[2] = 0.5": {}, "w[2] = −0.8": {"w2": -0.8}},
        data=neuron_table(x, w, b, names),
        provenance="toy",
    )


def sum_steps(view, rows):
    """Bars of which each starts where the last one ended, and one of the whole sum under them."""
    p = parts.plot(210, "running sum", grid="x", x=(-6, 7.8), y=(-len(rows) + 0.4, 0.6))
    parts.ticks(p.yaxis, [-i for i in range(len(rows))], rows)
    p.yaxis.axis_line_color = p.yaxis.major_tick_line_color = None
    p.line([0, 0], [-len(rows) + 0.5, 0.5], line_color=ink("ink"), line_width=1)
    source = view.source(
        "steps", "left", "right", "text", y=[-i for i in range(len(rows))], kind=["sum"] * len(rows)
    )
    fill = by_name(["plus", "minus", "sum"], ["ffn", "grey", "ink"])
    p.hbar(
        "y", 0.6, "right", "left", source=source, line_color=None,
        fill_color={"field": "kind", "transform": fill},
    )  # fmt: skip
    p.text(
        5.8, "y", "text", source=source, text_baseline="middle", text_color=ink("ink")
    )  # right of every bar
    return p


def neuron_table(x, w, b, names):
    """The parts of the sum, and what each activation makes of it."""
    rows = [[f"x[{i}]·w[{i}]", fixed(x[i] * w[i])] for i in range(len(x))]
    rows += [["bias", fixed(b)], ["sum", fixed(float(na.neuron(x, w, b, "identity")))]]
    rows += [[f"output, {TITLES[name]}", fixed(float(na.neuron(x, w, b, name)), 4)] for name in names]
    return Table(["part", "value"], rows)


# --- One line -------------------------------------------------------------------------------------


def decision(points, targets, w, b):
    """A neuron with two inputs parts the plane by a line; four points say whether it parts them as wanted.

    points (4, 2); targets: name -> four of 0 and 1. w (2,), b a number.
    """
    view = View(
        "neuron_activation_line", points=points, targets=list(targets.values()), names=list(targets), digits=6
    )
    left = line_plane(view, points)
    right = parts.bars(
        view, "sums", len(points), "ffn", high=6.0, low=-6.0, room=1.45, x_label="sum", height=210, mono=False
    )
    parts.title(view, "title", right)
    weights = [
        view.control(**{f"w{i}": parts.slider(f"w[{i}]", -2, 2, float(v), 0.1)}) for i, v in enumerate(w)
    ]
    bias = view.control(bias=parts.slider("bias", -2, 2, float(b), 0.1))
    wanted = view.control(wanted=parts.choice("Wanted", list(targets)))
    sums = points @ w + b
    right_of = {
        name: sum((total > 0) == (t == 1) for total, t in zip(sums, row, strict=True))
        for name, row in targets.items()
    }
    first = next(iter(targets))
    seen = "The neuron is on in the shaded half. The arrow points the way the weights do and is half as long: it "
    seen += "always stands at right angles to the line, and the bias slides the line along it. AND and OR can be had; "
    return Figure(
        parts.side_by_side(left, right),
        view=view,
        controls=pairs(*weights, bias, wanted),
        name="neuron-activation-line",
        alt="Four points in a plane and one straight line; on its shaded side the neuron is on. With these weights "
        f"{right_of[first]} of the 4 points come out as {first} wants them.",
        caption=f"{seen}ask for XOR and try: three of four is the most that any line gets.",
        print_caption=f"{seen}for XOR three of four is the most that any line gets.",
        print_states={"AND": {}, "XOR": {"bias": -0.5, "wanted": 2}},
        data=Table(
            ["inputs", "sum", *(f"wanted, {name}" for name in targets)],
            [
                [f"{x[0]:.0f}, {x[1]:.0f}", fixed(total), *(int(row[i]) for row in targets.values())]
                for i, (x, total) in enumerate(zip(points, sums, strict=True))
            ],
        ),
        provenance="toy",
    )


def line_plane(view, points):
    """The plane of two inputs at equal scales: the line, its shaded side, the weights as an arrow, four points."""
    p = parts.plot(250, "x[0]", "x[1]", grid=None, match_aspect=True)
    corners = p.scatter([-0.5, 1.5], [-0.5, 1.5], size=0, line_color=None, fill_color=None)
    p.x_range = DataRange1d(renderers=[corners], range_padding=0)
    p.y_range = DataRange1d(renderers=[corners], range_padding=0)
    for axis in (p.xaxis, p.yaxis):
        parts.ticks(axis, [0, 1])
    p.patch(
        "x", "y", source=view.source("side", "x", "y"), fill_color=wash("ffn"), line_color=None, level="image"
    )
    parts.curve(view, "line", p, "ffn")
    arrow = view.source("arrow", "x", "y", "to_x", "to_y")
    head = VeeHead(size=9, fill_color=ink("ffn"), line_color=ink("ffn"))
    p.add_layout(
        Arrow(
            x_start="x",
            y_start="y",
            x_end="to_x",
            y_end="to_y",
            source=arrow,
            level="underlay",
            line_color=ink("ffn"),
            line_width=1.5,
            end=head,
        )
    )
    source = view.source("points", x=points[:, 0], y=points[:, 1], kind=["0"] * len(points))
    fill, on = (by_name(["0", "1"], names) for names in (["paper", "ink"], ["ink", "paper"]))
    p.scatter(
        "x", "y", source=source, size=22, line_color=ink("ink"), line_width=1.5,
        fill_color={"field": "kind", "transform": fill},
    )  # fmt: skip
    p.text(
        "x", "y", "kind", source=source, text_align="center", text_baseline="middle",
        text_color={"field": "kind", "transform": on},
    )  # fmt: skip
    return p


# --- Bends ----------------------------------------------------------------------------------------


def bends(fits, first=7):
    """How well one hidden layer draws a curve, by its number of neurons, with a bend and without.

    fits: as of the study, with three activations of which the last has no bend; first: neurons at first.
    """
    names = list(fits.curves)
    titles = [TITLES[name] for name in names]
    view = View(
        "neuron_activation_bends",
        x=fits.x,
        curves=[fits.curves[n].round(3) + 0.0 for n in names],
        knots=[[] if n == "identity" else fits.knots[n] for n in names],
        errors=[fits.errors[n] for n in names],
        largest=[[] if n == "identity" else fits.largest[n] for n in names],
        titles=["straight" if n == "identity" else TITLES[n] for n in names],
    )
    p = parts.plot(320, "input", "output", x=(-3.1, 4.7), y=(-1.6, 1.6))
    parts.title(view, "title", p)
    p.title.text = " \n "
    p.line(fits.x, fits.wave, line_color=ink("grey"), line_dash=[6, 4])
    parts.label(p, fits.x[-1], fits.wave[-1], "wanted", "grey", (6, 6))
    parts.curve(view, "curve", p, "ffn")
    source = view.source("marks", "x", "y")
    p.scatter("x", "y", source=source, size=8, fill_color=ink("ffn"), line_color=ink("ffn"))
    n_most = len(fits.knots[names[0]])
    view.control(count=parts.slider("Hidden neurons", 1, n_most, first))
    view.control(bend=parts.tabs(titles))
    seen = "The dashed wave is wanted. Every neuron has the input weight 1; ReLU and SiLU bend where the sum is zero "
    seen += "(dots). Each was placed where it helps most, and least squares set the output weights. "
    price = "From five neurons on SiLU comes nearer, at a price: its output weights grow past ten thousand, ReLU's "
    price += f"stay below {math.ceil(max(fits.largest['relu']))}."
    error = {n: [small(float(e)) for e in fits.errors[n]] for n in names}
    return Figure(
        p,
        view=view,
        name="neuron-activation-bends",
        alt=f"A dashed wave and the curve that {first} hidden {titles[0]} neurons draw: straight pieces that turn at "
        f"a dot for each neuron, with an error of {error[names[0]][first - 1]}. Without a bend it stays one straight "
        "line.",
        caption=f"{seen}Move the slider: the corners of ReLU close in on the wave. {price} Choose *no bend*: any "
        "number of neurons draws the same straight line, with the same error.",
        print_caption=f"{seen}The corners of ReLU close in on the wave. {price} Without a bend any number of neurons "
        "draws the same straight line.",
        print_states={
            "3 ReLU": {"count": 3}, "7 ReLU": {"count": 7}, "7 SiLU": {"count": 7, "bend": 1},
            "7 without a bend": {"count": 7, "bend": 2},
        },
        data=Table(
            [
                "hidden neurons", *(f"error, {title}" for title in titles),
                *(f"largest output weight, {TITLES[n]}" for n in names if n != "identity"),
            ],
            [
                [k + 1, *(error[n][k] for n in names), *(f"{fits.largest[n][k]:.1f}" for n in names if n != "identity")]
                for k in range(n_most)
            ],
        ),
        provenance="toy",
    )  # fmt: skip


def small(error):
    """An error in words, four digits behind the point."""
    return fixed(error, 4) if error >= 5e-5 else "< 0.0001"


# --- XOR ------------------------------------------------------------------------------------------


def xor_network(corners, outputs, leak=0.5):
    """XOR by two hidden neurons: what the slope below zero does to the output and to the hidden plane.

    corners (3, 2): inputs with 0, 1 and 2 ones. outputs: slope -> (as printed (3,), refitted (3,), weights (2,)), for
    the table.
    """
    grid = [i / 20 for i in range(-18, 59)]
    view = View("neuron_activation_xor", grid=grid, inputs=corners)
    left, right = tent(view), hidden_plane(view)
    view.control(leak=parts.slider("Slope below zero", 0, 1, leak, 0.05))
    view.control(fit=parts.switch("Refit the output weights", active=True))
    seen = "The tent: the output should be above 0.5 (dashed) for one, and below it for none and two. The plane of "
    seen += "the two hidden neurons: only the filled point may be shaded. "
    end = "At slope 1 the three points lie on one line, and no output weights can part the middle one from both others."
    frozen, refitted, weights = outputs[leak]
    return Figure(
        parts.side_by_side(left, right),
        view=view,
        name="neuron-activation-xor",
        alt=f"Left, the output of the network against the number of ones, at a slope of {leak:g} below zero: a tent "
        f"through {', '.join(fixed(y) for y in refitted)}. Right, the three hidden points, the middle one alone on "
        f"the shaded side; the output weights are {fixed(weights[0])} and {fixed(weights[1])}. With the weights 1 "
        f"and −2 it would be {', '.join(fixed(y) for y in frozen)}.",
        caption=f"{seen}Move the slope towards 1: the points draw near one line, and the output needs larger weights "
        f"to part them. {end} Without refitting, the weights 1 and −2 fail much earlier.",
        print_caption=f"{seen}The nearer the slope is to 1, the nearer the points are to one line, and the larger "
        f"the output weights. {end}",
        print_states={
            "ReLU": {"leak": 0.0}, "slope 0.5, weights 1 and −2": {"leak": 0.5, "fit": False},
            "slope 0.5, refitted": {"leak": 0.5}, "slope 1": {"leak": 1},
        },
        data=Table(
            ["slope below zero", "with 1 and −2: none, one, two", "refitted: none, one, two", "refitted weights"],
            [[fixed(a), *(", ".join(map(fixed, numbers)) for numbers in row)] for a, row in outputs.items()],
        ),
        provenance="toy",
    )  # fmt: skip


def three_dots(view, name, p, **columns):
    """Three points, of which the middle one, wanted to be 1, is filled; dx, dy, align: where their words stand."""
    source = view.source(name, *({"x", "y", "text"} - set(columns)), kind=["0", "1", "0"], **columns)
    fill = by_name(["0", "1"], ["paper", "ink"])
    p.scatter(
        "x", "y", source=source, size=14, line_color=ink("ink"), line_width=1.5,
        fill_color={"field": "kind", "transform": fill},
    )  # fmt: skip
    p.text(
        "x", "y", "text", source=source, x_offset="dx", y_offset="dy", text_align="align", text_baseline="middle",
        text_color=ink("ink"),
    )  # fmt: skip


def tent(view):
    """The output against the number of ones."""
    p = parts.plot(240, "ones at the input", "output", grid=None, x=(-0.9, 2.9), y=(-1.3, 2.2))
    parts.ticks(p.xaxis, [0, 1, 2])
    parts.ticks(p.yaxis, [-1, 0, 0.5, 1, 2])
    parts.title(view, "title", p)
    p.line([-0.9, 2.9], [0.5, 0.5], line_color=ink("grey"), line_dash=[6, 4], line_width=1)
    parts.curve(view, "tent", p, "ffn")
    three_dots(view, "answers", p, dx=[-4, -4, 4], dy=[16, -18, 17], align=["right", "left", "right"])
    return p


def hidden_plane(view):
    """The three inputs as the hidden neurons see them, and the side on which the output is above 0.5."""
    p = parts.plot(240, "hidden[0]", "hidden[1]", grid=None, x=(-0.8, 3.4), y=(-1.7, 1.8))
    parts.title(view, "weights", p)
    p.patch(
        "x", "y", source=view.source("side", "x", "y"), fill_color=wash("ffn"), line_color=None, level="image"
    )
    parts.curve(view, "line", p, "ffn")
    words = {"text": ["0,0", "0,1 and 1,0", "1,1"], "dx": [10, 10, -8], "dy": [18, 14, -12]}
    three_dots(view, "hidden", p, **words, align=["left", "left", "right"])
    return p


# --- Activations and their slopes -----------------------------------------------------------------


def curves(names, first="silu", second="sigmoid"):
    """Two activations and their slopes over each other; where the first is flat, the ground is shaded."""
    titles = [TITLES[name] for name in names]
    flat = [
        [
            [-REACH if low is None else low, REACH if high is None else high]
            for low, high in na.flat_ranges(name, study.FLAT)
        ]
        for name in names
    ]
    windows = [[[-5, 5], [-1.3, 5.2], [-0.2, 1.25]], [[-5, 0], [-0.4, 0.55], [-0.2, 1.05]]]
    view = View("neuron_activation_curves", names=names, titles=titles, flat=flat, windows=windows)
    panels = [curve_panel(view, kind, y) for kind, y in (("value", windows[0][1]), ("slope", windows[0][2]))]
    one, other = names.index(first), names.index(second)
    controls = pairs(
        view.control(first=parts.choice("Solid", titles, one)),
        view.control(second=parts.choice("Dashed", titles, other)),
        view.control(input=parts.slider("Input", -5, 5, -1.3, 0.1)),
        view.control(zoom=parts.tabs(["whole", "below zero"])),
    )
    seen = "Two activations and their slopes. The ground is shaded where the slope of the solid one stays within "
    seen += f"{study.FLAT} of zero: a neuron whose sum lies there hardly learns from this input. Sigmoid and tanh go "
    seen += (
        "flat at both ends, ReLU at the left only, and by this rule leaky ReLU too: its slope there is 0.01, "
    )
    seen += (
        "little, but not nothing. SiLU and GELU are flat far out at the left and once more at the bottom of "
    )
    seen += "their dip."
    at = [float(f(-1.3)) for f in na.ACTIVATIONS[first]]
    return Figure(
        parts.side_by_side(*panels),
        view=view,
        controls=controls,
        name="neuron-activation-curves",
        alt=f"Left, {TITLES[first]} solid and {TITLES[second]} dashed; right, their slopes. Two stretches of ground "
        f"are shaded: far left, and around {TITLES[first]}'s lowest point, where at input −1.3 its output is "
        f"{fixed(at[0], 3)} and its slope {fixed(at[1], 3)}.",
        caption=f"{seen} Look *below zero* to see the dips of SiLU and GELU.",
        print_caption=seen,
        print_states={
            "SiLU, sigmoid": {}, "SiLU, GELU below zero": {"second": names.index("gelu"), "zoom": 1},
        },
        data=curves_table(names),
        provenance="toy",
    )  # fmt: skip


def curve_panel(view, kind, y):
    """One of the two panels: both curves, the input, the flat ground."""
    p = parts.plot(210, "input", {"value": "output", "slope": "slope"}[kind], x=(-5, 5), y=y)
    view.part(f"{kind}s_x", p.x_range)
    view.part(f"{kind}s_y", p.y_range)
    parts.title(view, f"{kind}_title", p)
    ground = view.source(f"{kind}_flat", "left", "right", "top", "bottom")
    p.quad(
        "left",
        "right",
        "top",
        "bottom",
        source=ground,
        fill_color=wash("loss"),
        line_color=None,
        level="image",
    )
    parts.rule(view, f"{kind}_here", p, "grey")
    hue = {"value": "ffn", "slope": "loss"}[kind]
    parts.curve(view, f"{kind}_other", p, hue, [6, 4])
    parts.curve(view, f"{kind}_one", p, hue)
    parts.dots(view, f"{kind}_spots", p, hue)
    return p


def curves_table(names, at=(-5, -3, -2, -1, 0, 1, 2, 3, 5)):
    """Values and slopes at a few inputs."""
    rows = [
        [TITLES[name], *("{} ({})".format(*(fixed(float(f(x))) for f in na.ACTIVATIONS[name])) for x in at)]
        for name in names
    ]
    return Table(["activation: value (slope) at", *(fixed(x, 0) for x in at)], rows)


def seven(found):
    """The activations of the study in numbers."""

    def values(c):
        if c.low is None:
            return "any"
        return f"{fixed(c.low)} and up" if c.high is None else f"{fixed(c.low)} to {fixed(c.high)}"

    def ranges(flat):
        words = []
        for low, high in flat:
            if low is None:
                words.append(f"below {fixed(high)}")
            elif high is None:
                words.append(f"above {fixed(low)}")
            else:
                words.append(f"{fixed(low)} to {fixed(high)}")
        return "; ".join(words)

    return Table(
        ["activation", "values", "slope at 0", "steepest", "flat"],
        [
            [TITLES[name], values(c), fixed(c.at_zero), fixed(c.steepest), ranges(c.flat)]
            for name, c in found.items()
        ],
        name="neuron-activation-table",
        caption=f"Seven activations in numbers. Flat: there the slope is within {study.FLAT} of zero. Sigmoid and "
        "tanh only approach their bounds. The slopes of ReLU and leaky ReLU at zero itself are a convention.",
        provenance="toy",
    )


# --- In the real model ----------------------------------------------------------------------------


def gates(found, shown):
    """Where the inputs of a real model's gates lie, layer by layer, under the curve that reads them.

    found: as of the study. shown: three layers, always drawn.
    """
    n_layers = len(found.shares)
    flat = [(-REACH if low is None else low, high) for low, high in na.flat_ranges("silu", study.FLAT)]
    words = [
        f"{below:.0%} below zero, {hardly:.1%} flat"
        for below, hardly in zip(found.below, found.flat, strict=True)
    ]
    view = View("neuron_activation_gates", digits=3, shares=100 * found.shares, words=words)
    curve = silu_panel(flat)
    p = share_panel(view, found, shown, flat)
    view.control(layer=parts.slider("Layer", 0, n_layers - 1, shown[0]))
    seen = "Above, SiLU, shaded where it is flat. Below, the sums that reach it in SmolLM2: three layers as lines, "
    seen += "and one layer filled. Those of layer 0 hardly leave the bend around zero; the spread mostly "
    seen += "grows with depth, and is widest in the last layer, "
    seen += f"where {1 - found.shares[-1].sum():.0%} lie beyond the edges."
    return Figure(
        column(curve, p),
        view=view,
        name="neuron-activation-gates",
        alt=f"The distribution of gate inputs in layers {shown[0]}, {shown[1]} and {shown[2]} under the SiLU curve: "
        f"narrow around zero at first, then wider. In layer {shown[0]} {words[shown[0]]}, in layer {shown[2]} "
        f"{words[shown[2]]}.",
        caption=f"{seen} Move through the layers.",
        print_caption=seen,
        data=Table(
            ["layer", "below zero", "on flat ground", "5%", "median", "95%"],
            [
                [l, f"{found.below[l]:.0%}", f"{found.flat[l]:.1%}", *(fixed(v, 1) for v in found.spread[l])]
                for l in range(n_layers)
            ],
        ),
        provenance="real",
        source="SmolLM2-135M-Instruct in 4 bits: gate inputs of all neurons over the first chapter of Pride and "
        f"Prejudice, {found.n_tokens:,} tokens",
        digits=3,
    )


def shade(p, flat, top, bottom):
    """The flat ground of SiLU."""
    p.quad(
        [low for low, _ in flat], [high for _, high in flat], top, bottom, fill_color=wash("loss"), line_color=None,
        level="image",
    )  # fmt: skip


def silu_panel(flat):
    """SiLU alone, on the axis of the sums."""
    p = parts.plot(150, None, "SiLU", x=(-5, 5), y=(-1, 5))
    x = [i / 20 for i in range(-100, 101)]
    shade(p, flat, 5, -1)
    p.line(x, na.silu(x), line_color=ink("ffn"))
    return p


def share_panel(view, found, shown, flat):
    """How many of a layer's gates lie where."""
    middles = (found.bins[:-1] + found.bins[1:]) / 2
    top = 1.1 * 100 * float(found.shares.max())
    p = parts.plot(
        270,
        "sum that SiLU reads",
        f"% of sums, per {found.bins[1] - found.bins[0]:.1f}",
        x=(-5, 5),
        y=(0, top),
    )
    parts.title(view, "title", p)
    shade(p, flat, top, 0)
    source = view.source("share", "top", left=found.bins[:-1], right=found.bins[1:])
    p.quad("left", "right", "top", 0, source=source, fill_color=wash("ffn"), line_color=wash("ffn"))
    places = ((0.35, 10, "left"), (-0.7, -8, "right"), (1.6, 8, "left"))
    for l, dash, (at, dx, align) in zip(shown, ("solid", [7, 4], [2, 4]), places, strict=True):
        shares = 100 * found.shares[l]
        p.line(middles, shares, line_color=ink("ffn"), line_dash=dash)
        i = int(abs(middles - at).argmin())
        parts.label(p, middles[i], shares[i], f"layer {l}", "ffn", (dx, 10), align)
    return p


def swapped(exchanges, uniform):
    """Loss of a real model whose activation was exchanged after training.

    exchanges: words -> loss, change and error of the study, the model's own first. uniform: loss of guessing evenly.
    """
    own, *others = exchanges
    words = [f"{exchanges[own].loss:.2f}"]
    words += [f"{e.loss:.2f}, +{e.change:.2f} ± {e.error:.2f}" for e in (exchanges[name] for name in others)]
    rows = [*exchanges, "guessing evenly"]
    losses, words = [*(e.loss for e in exchanges.values()), uniform], [*words, f"{uniform:.2f}"]
    view = View("neuron_activation_swap", losses=losses, words=words)
    p = parts.bars(
        view, "bars", rows, "loss", high=15.0, room=2.5, x_label="loss, nats per token", mono=False
    )
    parts.ticks(p.xaxis, [0, 5, 10])
    return Figure(
        p,
        view=view,
        name="neuron-activation-swap",
        alt=f"Bars of loss. {own}: {words[0]}. "
        + "; ".join(f"{row}: {text}" for row, text in zip(rows[1:], words[1:], strict=True))
        + ". The mean in place of the dip costs far less than zero.",
        caption="SmolLM2 with the activation of all its gates exchanged, all weights as they were: loss, and its "
        "change against SiLU with its standard error. *Straight above 0* changes SiLU only above zero, the next three "
        "only below: to GELU, to SiLU's mean there, or to zero. Zero costs far more than the mean, which has no dip "
        "either. Without a bend the model does worse than even guesses over its vocabulary.",
        data=Table(
            ["activation", "loss, nats per token", "change", "standard error"],
            [
                *(
                    [name, f"{e.loss:.2f}", fixed(e.change), f"{e.error:.2f}"]
                    for name, e in exchanges.items()
                ),
                ["guessing evenly", f"{uniform:.2f}", "", ""],
            ],
        ),
        provenance="real",
        source="SmolLM2-135M-Instruct in 4 bits on the first chapter of Pride and Prejudice; recorded by "
        "experiments/neuron_activation.py",
    )


def excites(rows, neuron, n_tokens):
    """The tokens to which one gate answers most. rows: (words before, token, gate). neuron: (layer, place)."""
    layer, place = neuron
    return Table(
        ["before", "token", "gate"],
        [[f"…{parts.visible(before)}", parts.visible(token), fixed(value)] for before, token, value in rows],
        name="neuron-activation-excites",
        caption=f"The {len(rows)} of {n_tokens:,} tokens for which gate {place} of layer {layer} is largest.",
        provenance="real",
    )


def cost_table(rows):
    """The gates of SmolLM2 in numbers."""
    return Table(
        ["SmolLM2", "one gate", "one layer of gates", "gates of all layers"],
        [[name, *(f"{n:,}" for n in numbers)] for name, *numbers in rows],
        name="neuron-activation-costs",
        caption="SmolLM2's gates. A multiplication and an addition count as two FLOPs, a SiLU as four. "
        "To train, the sum before each bend is kept, here in 16 bits.",
        provenance="real",
    )
