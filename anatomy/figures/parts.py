"""Parts that figures of several topics share: plots, bars, heatmaps, curves, planes of words, ledgers, controls.

A part that moves is empty here. It gives its sources a name in the figure's View, and the script fills them: a
source's columns by `{name: {column: [...]}}`, an axis by `{name: {labels: [...]}}`, any other model by its
properties. Colours are never the script's: mappers colour.
"""

import itertools

from bokeh.layouts import row
from bokeh.models import (
    BasicTickFormatter,
    Button,
    FixedTicker,
    HoverTool,
    Label,
    RadioButtonGroup,
    Range1d,
    Select,
    Slider,
    Spinner,
    TextInput,
    Toggle,
)
from bokeh.plotting import figure

from anatomy.figures.theme import CLEAR, MONO, SANS, by_name, ink, mappers, wash
from anatomy.tokenization import WHITESPACE_MARKS

DASHES = ("solid", "dashed", "dotted", "dotdash", (1, 6))


def fixed(value, digits=2):
    """A number for prose, tables and alt texts: so many digits, a true minus sign, no minus before zero.

    >>> fixed(-1.5), fixed(-0.001)
    ('−1.50', '0.00')
    """
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def visible(text):
    """A token's text with spaces and line ends marked.

    >>> visible(" Paris")
    '·Paris'
    """
    return "".join(WHITESPACE_MARKS.get(character, character) for character in text)


# --- Controls: see View.control for what the script reads ---------------------------------------------


def slider(title, start, end, value, step=1, **options):
    """A slider with a label; arrow keys move it by one step, and its value is told to the step's digits."""
    digits = len(f"{step:g}".partition(".")[2])
    told = BasicTickFormatter(precision=digits, use_scientific=False)  # writes a real minus
    return Slider(title=title, start=start, end=end, value=value, step=step, format=told, **options)


def choice(title, options, first=0):
    """A drop-down list with a label; the script gets the option's index.

    options: labels, or heading -> labels, then counted through all headings.
    """
    count = itertools.count()
    if isinstance(options, dict):
        listed = {
            head: [(str(next(count)), str(label)) for label in labels] for head, labels in options.items()
        }
    else:
        listed = [(str(next(count)), str(label)) for label in options]
    return Select(title=title, options=listed, value=str(first))


def tabs(options, first=0):
    """Two to four options side by side; the script gets the option's index."""
    return RadioButtonGroup(labels=list(options), active=first)


def number(title, value, low, high, step=1):
    """A field for one number with a label and buttons."""
    return Spinner(title=title, value=value, low=low, high=high, step=step)


def words(title, value, **options):
    """A field for the reader's own text."""
    return TextInput(title=title, value=value, **options)


def switch(label, active=False):
    """A button that stays pressed."""
    return Toggle(label=label, active=active)


def button(label):
    """A button that does something once a press."""
    return Button(label=label)


# --- Layout -------------------------------------------------------------------------------------------


def side_by_side(*models, least=280):
    """Models in a row that wraps where one would be narrower than so many pixels."""
    for model in models:
        model.styles = {**model.styles, "flex": f"1 1 {least}px", "min-width": "0"}
    return row(*models, sizing_mode="stretch_width", spacing=12, styles={"flex-wrap": "wrap"})


def plot(height=300, x_label=None, y_label=None, x=None, y=None, grid="y", **options):
    """An empty plot in the book's style: no toolbar, grid on one axis ('x', 'y' or None).

    x, y: (start, end) of the axes, which stay as they are while controls move.
    """
    if x:
        options["x_range"] = Range1d(*x)
    if y:
        options["y_range"] = Range1d(*y)
    p = figure(height=height, tools="", **options)
    p.xaxis.axis_label, p.yaxis.axis_label = x_label, y_label
    if grid != "x":
        p.xgrid.grid_line_color = None
    if grid != "y":
        p.ygrid.grid_line_color = None
    return p


def ticks(axis, at, labels=None):
    """Ticks at these places only, with these words if given."""
    axis.ticker = FixedTicker(ticks=list(at))
    if labels:
        axis.major_label_overrides = dict(zip(at, labels, strict=True))
    return axis


def bare(p):
    """Take axis lines and ticks away, keep labels: for heatmaps and rows of tokens."""
    p.axis.axis_line_color = None
    p.axis.major_tick_line_color = None
    p.grid.grid_line_color = None
    return p


def title(view, name, p):
    """Words over a plot, which the script says: `{name: {text: "…"}}`."""
    p.title.text = " "  # keeps its line while empty
    return view.part(name, p.title)


def label(p, x, y, text, name="ink", offset=(0, 0), align="left", view=None, part=None):
    """Words at a point of a plot; with view and part the script may change `text`, `x`, `y`."""
    words_ = Label(
        x=x, y=y, text=text, x_offset=offset[0], y_offset=offset[1],
        text_color=ink(name), text_align=align, text_baseline="middle",
    )  # fmt: skip
    p.add_layout(words_)
    return view.part(part, words_) if view else words_


def tooltip(p, text, *renderers):
    """Words on hovering; text is HTML with Bokeh's @columns. Nothing that matters stands here alone."""
    tip = f"<div style='font: 13px {SANS}; color: #1c2530'>{text}</div>"
    p.add_tools(HoverTool(tooltips=tip, renderers=list(renderers)))


# --- What is drawn several times ----------------------------------------------------------------------


def bars(view, name, rows, hue="prob", high=1.0, low=0.0, room=1.28, x_label=None, height=None, mono=True):
    """Horizontal bars, each with its own number at its end. Returns the plot.

    rows: n labels from top to bottom, or a number of rows whose labels the script gives: `{name_axis: {labels}}`.
    The script fills `{name: {value, text}}`, n numbers and n words; the bars below 0 are grey.
    high, low: ends of the axis, the same in every state; room: how much wider the plot is, for the words.
    """
    n = rows if isinstance(rows, int) else len(rows)
    p = plot(
        height or 50 + 28 * n, x_label, grid="x" if x_label else None,
        x=(low * room, high * room), y=(-n + 0.4, 0.6),
    )  # fmt: skip
    p.xaxis.visible = x_label is not None
    ticks(p.xaxis, sorted({low, low / 2, 0, high / 2, high}))
    p.yaxis.major_tick_line_color = None
    p.yaxis.axis_line_color = ink("ink") if low == 0 else None
    if mono:
        p.yaxis.major_label_text_font = MONO
    ticks(p.yaxis, [-i for i in range(n)], None if isinstance(rows, int) else [str(row) for row in rows])
    if isinstance(rows, int):
        view.part(f"{name}_axis", p.yaxis[0])
    source = view.source(name, "value", "text", "end", y=[-i for i in range(n)])
    fill = by_name(["minus", "plus"], ["grey", hue]) if low < 0 else None
    if fill:
        source.data["sign"] = ["plus"] * n
    p.hbar(
        "y", 0.62, "value", source=source, line_color=None,
        fill_color={"field": "sign", "transform": fill} if fill else ink(hue),
    )  # fmt: skip
    p.text("end", "y", "text", source=source, x_offset=6, text_baseline="middle", text_color=ink("ink"))
    return p


def heatmap(view, name, rows, columns, hue, high, low=None, height=None, x_label=None, y_label=None, gap=2):
    """A matrix as cells in the ramp of an ink, numbers in them. Returns (plot, renderer of the cells).

    rows, columns: labels from top and left, which may repeat; or a number, and the script gives the labels
    of `name_rows` and `name_columns`. The script fills `{name: {value, text}}`, row by row. low: -high draws negative
    values in grey, 0 (default) has none. A cell of text "" and value null is not drawn: it does not exist.
    """
    n_rows, n_columns = (k if isinstance(k, int) else len(k) for k in (rows, columns))
    p = plot(
        height or 60 + 44 * n_rows, x_label, y_label, grid=None, x_axis_location="above",
        x=(-0.5, n_columns - 0.5), y=(-n_rows + 0.5, 0.5),
    )  # fmt: skip
    bare(p)
    for axis, labels, n, sign, part in (
        (p.xaxis, columns, n_columns, 1, f"{name}_columns"),
        (p.yaxis, rows, n_rows, -1, f"{name}_rows"),
    ):
        named = not isinstance(labels, int)
        ticks(axis, [sign * i for i in range(n)], [str(text) for text in labels] if named else None)
        if not named:
            view.part(part, axis[0])
    cells = list(itertools.product(range(n_rows), range(n_columns)))
    source = view.source(name, "value", "text", x=[j for _, j in cells], y=[-i for i, _ in cells])
    fill, ink_on = mappers(hue, 0.0 if low is None else low, high)
    fill.nan_color = ink_on.nan_color = CLEAR
    drawn = p.rect(
        "x", "y", 1, 1, source=source, fill_color={"field": "value", "transform": fill},
        line_color=ink("paper"), line_width=gap, hover_line_color=ink("ink"),
    )  # fmt: skip
    p.text(
        "x", "y", "text", source=source, text_align="center", text_baseline="middle",
        text_color={"field": "value", "transform": ink_on},
    )  # fmt: skip
    return p, drawn


def ring(view, name, p, hue="ink"):
    """Outlines round cells that the script names by `{name: {x, y}}`."""
    source = view.source(name, "x", "y")
    return p.rect("x", "y", 1, 1, source=source, fill_color=None, line_color=ink(hue), line_width=2.5)


def curve(view, name, p, hue="ink", dash="solid", width=2, **columns):
    """A line through points `{name: {x, y}}`. Columns that never change may be given here."""
    empty = [key for key in ("x", "y") if key not in columns]
    source = view.source(name, *empty, **columns)
    return p.line("x", "y", source=source, line_color=ink(hue), line_dash=dash, line_width=width)


def rule(view, name, p, hue="ink"):
    """A hairline between two points `{name: {x, y}}`, such as where a slider stands."""
    return curve(view, name, p, hue, width=1)


def dots(view, name, p, hue="ink", marker="circle", size=8, hollow=False, **columns):
    """Points `{name: {x, y, text}}` with their words at the right; text may be empty."""
    empty = [key for key in ("x", "y", "text") if key not in columns]
    source = view.source(name, *empty, **columns)
    drawn = p.scatter(
        "x", "y", source=source, size=size, marker=marker, line_width=1.5,
        fill_color=ink("paper") if hollow else ink(hue), line_color=ink(hue),
    )  # fmt: skip
    p.text("x", "y", "text", source=source, x_offset=9, text_baseline="middle", text_color=ink("ink"))
    return drawn


def plane(view, name, p, markers, hue="stream"):
    """Marks of a plane, and words beside some of them. Returns the renderer of the marks.

    markers: one a mark. The script fills `{name: {x, y}}` and, by the kernel place_labels, `{name_words: …}` and
    `{name_groups: …}`, which stand in the plane without touching: words of marks, names of groups of marks.
    """
    source = view.source(name, "x", "y", marker=markers)
    drawn = p.scatter(
        "x", "y", source=source, size=9, marker="marker", fill_color=wash(hue), line_color=ink(hue), line_width=1.5
    )  # fmt: skip
    for part, style, colour in (("words", "normal", "ink"), ("groups", "italic", "muted")):
        labels = view.source(f"{name}_{part}", "x", "y", "dx", "dy", "text")
        p.text(
            "x", "y", "text", source=labels, x_offset="dx", y_offset="dy", text_align="center",
            text_baseline="middle", text_color=ink(colour), text_font_style=style,
        )  # fmt: skip
    return drawn


def ledger(view, name, head, places, n_rows, aligns=None):
    """A small table under a plot: `{name: {c0: [...], c1: [...]}}`, n_rows words a column. Returns its plot.

    places: where each column stands, 0 … 1; aligns: 'left' or 'right' a column (default: left, then right).
    """
    aligns = aligns or ["left", *["right"] * (len(head) - 1)]
    p = plot(38 + 26 * n_rows, grid=None, x=(0, 1), y=(-n_rows - 0.4, 0.6))
    p.axis.visible = False
    p.min_border_left = p.min_border_right = 12
    p.frame_align = False  # it has no labels at the left to make room for
    columns = [f"c{c}" for c in range(len(head))]
    source = view.source(name, y=[-r for r in range(1, n_rows + 1)], **{c: [""] * n_rows for c in columns})
    for at, column, word, align in zip(places, columns, head, aligns, strict=True):
        label(p, at, 0, word, "muted", align=align)
        p.text(
            at, "y", column, source=source, text_align=align, text_baseline="middle", text_color=ink("ink")
        )
    p.line([0, 1], [-0.5, -0.5], line_color=ink("ink"), line_width=1)
    return p
