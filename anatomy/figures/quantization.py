"""Figures of the chapter on quantization. Chapter: book/quantization.md"""

import numpy as np
from bokeh.layouts import column, row

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed
from anatomy.figures.theme import by_name, ink
from anatomy.figures.view import View
from anatomy.model import PUBLISHED
from anatomy.quantization import (
    BLOCK_FORMATS,
    FORMATS,
    bits_per_weight,
    decode_float,
    encode_float,
    split_float,
)
from anatomy.studies import quantization as study

NEAR = 1.25  # half the height of the closer view

# --- An outlier ----------------------------------------------------------------------------------


def weights_and_closer(view):
    """The weights with the one that is dragged, and the others closer up with what they are read back as."""
    n, at = study.N_WEIGHTS, study.AT
    others = [i for i in range(n) if i != at]
    p = parts.plot(150, None, "weight", x=(-0.7, n - 0.3), y=(-9, 9))
    parts.title(view, "said", p)
    p.vbar(
        "x", 0.5, "top", source=view.source("stems", "top", x=list(range(n))),
        fill_color=ink("stream"), line_color=None,
    )  # fmt: skip
    p.scatter(
        "x", "y", source=view.source("handle", "y", x=[at]), size=15, marker="circle",
        fill_color=ink("paper"), line_color=ink("loss"), line_width=3,
    )  # fmt: skip
    closer = parts.plot(210, None, "closer up", x=(-0.7, n - 0.3), y=(-NEAR, NEAR), grid=None)
    parts.title(view, "near", closer)
    edges = view.source("edges", xs=[], ys=[])
    for each in (p, closer):
        each.multi_line("xs", "ys", source=edges, line_color=ink("ink"), line_dash="dotted")
        parts.ticks(each.xaxis, range(0, n, 4))
    closer.multi_line("xs", "ys", source=view.source("levels", xs=[], ys=[]), line_color=ink("rule"))
    closer.multi_line("xs", "ys", source=view.source("moves", xs=[], ys=[]), line_color=ink("loss"))
    closer.scatter(
        "x", "y", source=view.source("true", "y", x=others), size=7, fill_color=ink("paper"),
        line_color=ink("stream"), line_width=1.5,
    )  # fmt: skip
    closer.scatter(
        "x", "y", source=view.source("read", "y", x=others), size=7, marker="square", fill_color=ink("loss"),
        line_color=None,
    )  # fmt: skip
    view.drag(p, "weights", y="outlier")
    return p, closer


def outlier_rows(values):
    """What an outlier of some sizes does in groups of some sizes, turned or not: rows of the figure's data."""
    rows = []
    for group in study.SIZES:
        for turned in (False, True):
            for large in values:
                found = study.with_outlier(large, group=group, turned=turned)
                rows.append([
                    group, "yes" if turned else "no", large, found.used, f"{found.step:.3f}", f"{found.relative:.0%}"
                ])  # fmt: skip
    return rows


def outlier(value=0.9, far=8.0):
    """Thirty-two weights, one of which is dragged; below, what becomes of the others."""
    view = View("quantization_outlier", weights=study.WEIGHTS, at=study.AT, sizes=study.SIZES, near=NEAR)
    p, closer = weights_and_closer(view)
    table = parts.ledger(view, "ledger", ["", ""], [0, 1], 4)
    drag = view.control(outlier=parts.slider("Outlier", -8, 8, value, 0.1))
    bits = view.control(bits=parts.slider("Bits", 2, 8, 4))
    size = view.control(size=parts.tabs([f"groups of {study.SIZES[0]}", *map(str, study.SIZES[1:])]))
    symmetric = view.control(symmetric=parts.switch("symmetric", True))
    rotate = view.control(rotate=parts.switch("turn first"))
    calm, wild, small = study.with_outlier(value), study.with_outlier(far), study.with_outlier(far, group=8)
    return Figure(
        column(p, closer, table, sizing_mode="stretch_width"),
        view=view,
        controls=[
            parts.side_by_side(drag, bits, least=150),
            size,
            parts.side_by_side(symmetric, rotate, least=120),
        ],
        name="quantization-outlier",
        alt="Thirty-two weights in a row, all within 1. Below, the same closer up, each joined to what it is read "
        f"back as with 4 bits. The others lie on {calm.used} values, and are off by {calm.relative:.0%} of their "
        f"size. With one weight at {far:g} all {wild.neighbours} that share its scale lie on {wild.used} values, off "
        f"by {wild.relative:.0%}; in groups of 8 the others are off by {small.relative:.0%}.",
        caption="Drag the ringed weight up, or use its slider. Circles are the weights, squares what they are read "
        "back as, lines the levels of each group. The larger the outlier, the fewer values are left for its "
        "neighbours. Then make the groups smaller: only its own group suffers. Or turn all 32 numbers first: then "
        "none is much larger than the rest. The groups and levels are now those of the turned numbers, so no lines "
        "are drawn.",
        print_caption="Circles are the weights, squares what they are read back as, lines the levels of each group. "
        "The outlier takes nearly all levels from the numbers that share its scale. In smaller groups only its own "
        "group suffers.",
        print_states={
            "no outlier": {},
            "an outlier of 8": {"outlier": 8},
            "in groups of 8": {"outlier": 8, "size": 2},
        },
        data=Table(
            ["group", "turned", "outlier", "codes used", "step", "error of the others"],
            outlier_rows((value, far / 2, far)),
        ),
        provenance="toy",
    )


# --- Bits of floats ------------------------------------------------------------------------------

FLOATS = ("FP16", "BF16", "FP8 E4M3", "FP8 E5M2")


def switched(pattern):
    """The controls that show a pattern of 16 bits, the sign first: name -> whether it is on."""
    return {f"b{i}": bool(pattern >> (15 - i) & 1) for i in range(16)}


def fours(buttons):
    """Four buttons close together: two such rows stand side by side on a phone, four elsewhere."""
    for each in buttons:
        each.margin, each.sizing_mode = 2, "stretch_width"
    return row(*buttons, sizing_mode="stretch_width", spacing=0)


def bit_cells(view):
    """Sixteen bits in a row, framed by the field that they belong to, and the sum that they stand for."""
    p = parts.plot(160, grid=None, x=(-0.7, 15.7), y=(-0.8, 1.4))
    p.axis.visible = False
    p.min_border = 4
    parts.title(view, "said", p)
    source = view.source("cells", "text", "field", x=list(range(16)), y=[0] * 16)
    source.data["field"] = ["sign"] * 16
    hue = by_name(["sign", "exponent", "mantissa", "none"], ["loss", "query", "stream", "rule"])
    p.rect(
        "x", "y", 0.86, 0.86, source=source, fill_color=ink("paper"), line_width=2,
        line_color={"field": "field", "transform": hue},
    )  # fmt: skip
    p.text(
        "x", "y", "text", source=source, text_align="center", text_baseline="middle", text_color=ink("ink")
    )
    p.text(
        "x", "y", "text", source=view.source("fields", "x", "text", y=[0.75, 1.12, 0.75]), text_align="center",
        text_baseline="middle", text_color=ink("ink"),
    )  # fmt: skip
    parts.label(p, 7.5, -0.62, "", align="center", view=view, part="sum")
    return p


def float_rows(value):
    """A number in every format: rows of the figure's data."""
    rows = []
    for name in FLOATS:
        code = encode_float(value, name)
        sign, exponent, mantissa = (int(field) for field in split_float(code, name))
        form = FORMATS[name]
        rows.append([
            name, f"{int(code):0{form.bits}b}", sign, exponent, mantissa, f"{float(decode_float(code, name)):.7g}",
            f"{form.largest:.5g}", f"{form.smallest:.3g}",
        ])  # fmt: skip
    return rows


def bits(value=3.140625):
    """One number in four formats; its bits can be flipped."""
    view = View(
        "quantization_bits",
        forms=[
            {
                "name": name,
                "exponent": FORMATS[name].exponent_bits,
                "mantissa": FORMATS[name].mantissa_bits,
                "infinity": FORMATS[name].has_infinity,
            }
            for name in FLOATS
        ],
    )
    p = bit_cells(view)
    table = parts.ledger(
        view, "ledger", ["format", "nearest to it", "gap to the next"], [0, 0.62, 1], len(FLOATS)
    )
    chosen = view.control(format=parts.tabs(FLOATS))
    first = int(encode_float(value, "FP16"))
    flips = [view.control(**{name: parts.switch(str(int(on)), on)}) for name, on in switched(first).items()]
    rows = float_rows(value)
    return Figure(
        column(p, table, sizing_mode="stretch_width"),
        view=view,
        controls=[
            chosen,
            parts.side_by_side(*(fours(flips[i : i + 4]) for i in range(0, 16, 4)), least=150),
        ],
        name="quantization-bits",
        alt=f"The 16 bits of {value:.7g} in FP16: a sign, five bits of exponent, ten of mantissa. Below, the nearest "
        "number in four formats and the gap to the next one: in FP16 "
        f"{rows[0][5]}, BF16 {rows[1][5]}, E4M3 {rows[2][5]} and E5M2 {rows[3][5]}.",
        caption="Choose a format and switch its bits, the sign first; FP8 uses the first eight buttons. A bit of the "
        "exponent changes the size of the number, one of the mantissa its digits. A change of format reads the same "
        "bits anew, as another number. The table gives the number nearest to it in each format. As long as the "
        "exponent is not 0, fewer bits of mantissa mean a wider gap; near 0 BF16, with more exponent, is finer than "
        "FP16.",
        print_caption="A bit of the exponent changes the size of the number, one of the mantissa its digits. The "
        "table gives the number nearest to it in each format. As long as the exponent is not 0, fewer bits of "
        "mantissa mean a wider gap to the next number.",
        print_states={
            "FP16": {},
            "BF16": {"format": 1, **switched(int(encode_float(value, "BF16")))},
        },
        data=Table(
            ["format", "bits", "sign", "exponent", "mantissa", "value", "largest", "smallest above 0"], rows
        ),
        provenance="toy",
    )


# --- SmolLM2 rounded anew ------------------------------------------------------------------------

CEILING = 1000.0  # the axis ends here; what is worse is drawn at the edge


def ordered(found):
    """The ways in the order of the controls: integers, then the other formats; what each is called."""
    integers = [
        f"{bits} bits, {group}, {kind}"
        for kind in study.KINDS
        for bits in study.BITS
        for group in study.GROUPS
    ]
    others = [way for way in found.ways[: -study.N_CONTROLS] if way not in integers]
    names = [
        way.replace("tensor,", "one scale a matrix,")
        .replace("row,", "one a row,")
        .replace("32,", "one for 32,")
        for way in integers
    ]
    return [found.ways.index(way) for way in integers + others], [*names, *others], others


def requantized(found):
    """Perplexity against bits a weight for every way of storing the matrices. found: the study's Requantized."""
    order, names, others = ordered(found)
    mean, low, high = (values[order] for values in found.perplexity())
    per_weight, shown = found.per_weight()[order], np.minimum(mean, CEILING)
    view = View(
        "quantization_requantized", digits=6, names=names, per_weight=per_weight,
        # as logarithms, among which a change of any of them counts
        perplexities=np.log10([mean, low, high]), drawn=shown,
        megabytes=found.matrix_bytes[order] / 1e6, moved=found.moved[order],
        sizes=study.BITS, groups=study.GROUPS,
    )  # fmt: skip
    p = parts.plot(
        280, "bits a weight, scales included", "perplexity", x=(1.7, 9.3), y=(22, CEILING * 1.25),
        y_axis_type="log",
    )  # fmt: skip
    parts.ticks(p.yaxis, [30, 100, 300, CEILING], ["30", "100", "300", "1,000+"])
    parts.title(view, "said", p)
    p.title.text = " \n "
    base = float(found.perplexity()[0][found.ways.index(study.SHIPPED)])
    p.line([1.7, 9.3], [base, base], line_color=ink("muted"), line_dash="dotdash")
    n = len(study.BITS) * len(study.GROUPS)
    for where, marker, hue in (
        (slice(0, n), "circle", "stream"),
        (slice(n, 2 * n), "square", "ffn"),
        (slice(2 * n, None), "triangle", "query"),
    ):
        p.scatter(
            per_weight[where].round(3).tolist(), shown[where].round(2).tolist(), size=8, marker=marker,
            fill_color=None, line_color=ink(hue), line_width=1.5,
        )  # fmt: skip
    parts.dots(view, "here", p, "loss", size=13)
    table = parts.ledger(view, "ledger", ["stored so", ""], [0, 1], 5)
    chosen = view.control(bits=parts.choice("Bits", [f"{bits} bits" for bits in study.BITS], 1))
    group = view.control(group=parts.choice("One scale for", ["a matrix", "a row", "32 weights"], 2))
    zero = view.control(zero=parts.choice("Codes", study.KINDS))
    other = view.control(other=parts.choice("Format", ["integers", *others]))
    at = {name: i for i, name in enumerate(names)}
    four = [at[f"4 bits, {words}, symmetric"] for words in ("one scale a matrix", "one a row", "one for 32")]
    return Figure(
        parts.side_by_side(p, table, least=300),
        view=view,
        controls=[parts.side_by_side(other, chosen, group, zero, least=130)],
        name="quantization-requantized",
        alt=f"Perplexity of SmolLM2 against bits a weight. As shipped it is {base:.1f}. With 4 bits and one scale a "
        f"row it is {mean[four[1]]:.0f}, with one for 32 weights {mean[four[2]]:.0f}, with one a matrix above "
        "1,000. With 8 bits all ways lie near the shipped file, with 2 bits all lie above 1,000.",
        caption="The filled dot is the way chosen below; a format other than integers has no further choice. What is "
        "above 1,000 is drawn at the edge. Circles: symmetric; squares: with zero point; triangles: other formats. "
        f"Dash-dotted: the file as shipped. {found.losses[0].size:,} tokens of a novel. With 8 bits nearly any way "
        "will do; with 4 the size of the group decides; with 2 none of these ways is of use.",
        data=requantized_table(found, own=False),
        provenance="real",
        source=found.credit,
    )


def large(value):
    """A perplexity, with as many digits as it deserves."""
    if value > 1e6:
        return "> 1,000,000"
    return f"{value:.1f}" if value < 100 else f"{float(f'{value:.2g}'):,.0f}"


def told(change, error):
    """A change and its error, with three digits where two would make nothing of the error."""
    digits = 3 if error < 0.005 else 2
    return f"{fixed(change, digits)} ± {error:.{digits}f}"


def requantized_table(found, own=True):
    """Every way of storing the matrices: bits a weight, bytes, perplexity, change of the loss.

    own: as a table of the page, with a few ways only.
    """
    order, names, others = ordered(found)
    mean = found.perplexity()[0]
    integers = {"4 bits, one for 32, symmetric", "4 bits, one a row, symmetric"}
    wanted = {*others, *integers} if own else set(names)
    rows = []
    for i, name in zip(order, names, strict=True):
        change, error = found.change(found.ways[i])
        if name not in wanted:
            continue
        rows.append([
            name, f"{found.per_weight()[i]:.2f}", f"{found.matrix_bytes[i] / 1e6:.1f}", f"{found.moved[i]:.1%}",
            large(mean[i]), told(change, error) if change < 10 else "> 10",
        ])  # fmt: skip
    head = ["way", "bits a weight", "MB", "weights moved by", "perplexity", "change of loss"]
    if not own:
        return Table(head, rows)
    return Table(
        head,
        rows,
        name="quantization-formats",
        caption="SmolLM2's matrices in formats of about four bits. The change of the loss is against the file "
        f"as shipped, with its standard error over {found.losses.shape[1]} pieces.",
        provenance="real",
        source=found.credit,
    )


def size_table():
    """Published models in several formats, scales included."""
    ways = {
        "16 bits": 16,
        "8 bits, one for 32": bits_per_weight(8, 32),
        "Q4_1": bits_per_weight(4, 32, symmetric=False),
        "4 bits, one for 32": bits_per_weight(4, 32),
        "MXFP4": BLOCK_FORMATS["MXFP4"].bits_per_weight,
    }
    models = ("SmolLM2-135M", "Gemma-2B", "Llama-3-8B", "Llama-3-70B")
    rows = [
        [name, *(f"{PUBLISHED[name].n_parameters() * bits / 8e9:.2f}" for bits in ways.values())]
        for name in models
    ]
    return Table(
        ["GB", *(f"{way} ({bits:g})" for way, bits in ways.items())],
        rows,
        name="quantization-sizes",
        caption="Bytes of all weights, in GB, were every weight stored in the format; in brackets, bits a weight.",
        provenance="real",
        source="counted from the published sizes by anatomy.model.PUBLISHED",
    )
