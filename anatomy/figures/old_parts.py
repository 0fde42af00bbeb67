"""Parts that figures of several topics share: numbers and tokens as text, plots, heatmaps, bars, controls."""

import re
from functools import cache
from pathlib import Path

from bokeh.layouts import row
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    FactorRange,
    HoverTool,
    Label,
    RadioButtonGroup,
    Range1d,
    Select,
    Slider,
    Spinner,
    Toggle,
)
from bokeh.plotting import figure

from anatomy.figures.theme import MONO, SANS, ink, mappers
from anatomy.tokenization import WHITESPACE_MARKS

CALLBACKS = Path(__file__).parent / "callbacks"


def fixed(value, digits=2):
    """A number with so many digits, a true minus sign, and no minus before zero.

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


@cache
def script(stem):
    """The text of one module below callbacks/, without `export` where it is to be joined to another."""
    path = CALLBACKS / f"{stem}.mjs"
    if not path.exists():
        raise ValueError(f"no callback {stem!r}: there is no file {path.name} in anatomy/figures/callbacks")
    return re.sub(r"^import .*\n+", "", path.read_text("utf-8"), flags=re.M)


def callback(stem, *kernels, **arguments):
    """A CustomJS out of callbacks/<stem>.mjs, which has one `export default (args, widget) => …`.

    kernels: stems in callbacks/shared/, whose functions the callback calls by name. They are joined in front
    of it because a module made by Bokeh cannot import.
    """
    shared = [script(f"shared/{kernel}").replace("export ", "") for kernel in kernels]
    return CustomJS(args=arguments, code="\n".join([*shared, script(stem)]))


def on_change(control, handler):
    """Run handler whenever the reader moves a control, whichever kind it is."""
    control.js_on_change("active" if isinstance(control, (RadioButtonGroup, Toggle)) else "value", handler)
    return control


def slider(title, start, end, value, step=1, **options):
    """A slider with a label; arrow keys move it by one step."""
    return Slider(title=title, start=start, end=end, value=value, step=step, **options)


def choice(title, options, value=None):
    """A drop-down list with a label."""
    return Select(title=title, options=list(options), value=value or options[0])


def number(title, value, low, high, step=1):
    """A field for one number with a label and buttons."""
    return Spinner(title=title, value=value, low=low, high=high, step=step)


def switch(label, active=False):
    """A button that stays pressed."""
    return Toggle(label=label, active=active)


def side_by_side(*models, least=280):
    """Models in a row that wraps where one would be narrower than so many pixels."""
    for model in models:
        model.styles = {**model.styles, "flex": f"1 1 {least}px", "min-width": "0"}
    return row(*models, sizing_mode="stretch_width", spacing=12, styles={"flex-wrap": "wrap"})


def plot(height=340, x_label=None, y_label=None, grid="y", **options):
    """An empty plot in the book's style: no toolbar, grid on one axis ('x', 'y' or None)."""
    p = figure(height=height, tools="", **options)
    p.xaxis.axis_label, p.yaxis.axis_label = x_label, y_label
    if grid != "x":
        p.xgrid.grid_line_color = None
    if grid != "y":
        p.ygrid.grid_line_color = None
    return p


def bare(p):
    """Take axis lines and ticks away, keep labels: for heatmaps and token rows."""
    p.axis.axis_line_color = None
    p.axis.major_tick_line_color = None
    p.grid.grid_line_color = None
    return p


def hover(p, text, renderers=None, **options):
    """Tooltip in words; text is HTML with Bokeh's @columns."""
    style = f"font: 13px {SANS}; color: #1c2530"
    tool = HoverTool(tooltips=f"<div style='{style}'>{text}</div>", **options)
    if renderers is not None:
        tool.renderers = renderers
    p.add_tools(tool)
    return p


def line(
    p,
    x,
    y,
    name,
    label=None,
    marker=None,
    dash="solid",
    label_at=-1,
    offset=(8, 0),
    align="left",
    source=None,
):
    """A line in the ink called name, with its label at one of its points instead of a legend.

    label_at: index of the point; offset: of the label in pixels, right and up. A marker is hollow in grey.
    """
    source = source or ColumnDataSource({"x": list(x), "y": list(y)})
    p.line("x", "y", source=source, color=ink(name), line_dash=dash)
    if marker:
        fill = ink("paper") if name == "grey" else ink(name)
        p.scatter(
            "x",
            "y",
            source=source,
            size=7,
            marker=marker,
            fill_color=fill,
            line_color=ink(name),
            line_width=1.5,
        )
    if label:
        end_label(p, x[label_at], y[label_at], label, name, offset, align)
    return source


def end_label(p, x, y, text, name="ink", offset=(8, 0), align="left"):
    """Words at a point of a plot."""
    words = Label(
        x=x,
        y=y,
        text=text,
        x_offset=offset[0],
        y_offset=offset[1],
        text_color=ink(name),
        text_align=align,
        text_baseline="middle",
    )
    p.add_layout(words)
    return words


def positions(labels):
    """Categories for an axis from labels that may repeat: each carries its place; see `show_labels`."""
    return [f"{place}\u241f{label}" for place, label in enumerate(labels)]


def factors(labels, reverse=False):
    """A categorical range over labels that may repeat; use with `positions` and `show_labels`."""
    places = positions(labels)
    return FactorRange(factors=places[::-1] if reverse else places, range_padding=0)


def show_labels(axis, mono=False):
    """Print only the label of each `positions` category."""
    axis.formatter = CustomJSTickFormatter(code="return String(tick).split('\\u241f').pop()")
    if mono:
        axis.major_label_text_font = MONO
    return axis


def heatmap(
    matrix,
    rows,
    columns,
    name,
    low=None,
    high=None,
    form="{:.2f}",
    height=None,
    hidden=None,
    x_label=None,
    y_label=None,
    numbers=True,
    cell_gap=2,
):
    """A matrix as cells in the ramp of an ink, numbers in them -> (plot, source).

    matrix (n_rows, n_columns); rows, columns: labels, which may repeat.
    low < 0 draws negative values in grey.
    hidden (n_rows, n_columns) bool: cells that do not exist, such as the future under a causal mask.
    source has the columns x, y, value, text, row, column: a callback changes `value` and `text`,
    never a colour.
    """
    cells = [
        (i, j) for i in range(len(rows)) for j in range(len(columns)) if hidden is None or not hidden[i][j]
    ]
    values = [float(matrix[i][j]) for i, j in cells]
    high = high if high is not None else max(max(map(abs, values)), 1e-12)
    low = low if low is not None else (-high if min(values) < 0 else 0.0)
    across, down = positions(columns), positions(rows)
    source = ColumnDataSource(
        {
            "x": [across[j] for _, j in cells],
            "y": [down[i] for i, _ in cells],
            "value": values,
            "text": [form.format(v) for v in values],
            "row": [str(rows[i]) for i, _ in cells],
            "column": [str(columns[j]) for _, j in cells],
        }
    )
    fill, words = mappers(name, low, high)
    p = figure(
        x_range=factors(columns),
        y_range=factors(rows, reverse=True),
        height=height or 90 + 48 * len(rows),
        x_axis_location="above",
        tools="",
    )
    bare(p)
    show_labels(p.xaxis[0])
    show_labels(p.yaxis[0])
    p.xaxis.axis_label, p.yaxis.axis_label = x_label, y_label
    p.rect(
        "x",
        "y",
        1,
        1,
        source=source,
        fill_color={"field": "value", "transform": fill},
        line_color=ink("paper"),
        line_width=cell_gap,
        hover_line_color=ink("ink"),
    )
    if numbers:
        p.text(
            "x",
            "y",
            "text",
            source=source,
            text_align="center",
            text_baseline="middle",
            text_color={"field": "value", "transform": words},
        )
    return p, source


def bars(labels, values, name, form="{:.3f}", height=None, high=None, x_label=None, mono=True):
    """Horizontal bars, longest label left, the number at the end of its bar -> (plot, source).

    source has the columns y (place), value, text, label: a callback changes value, text and label together.
    """
    places = list(range(len(labels)))
    source = ColumnDataSource(
        {
            "y": [-place for place in places],
            "value": [float(v) for v in values],
            "text": [form.format(v) for v in values],
            "label": [str(label) for label in labels],
        }
    )
    high = high if high is not None else max(max(values), 1e-12)
    widest = max((len(str(label)) for label in labels), default=4)
    p = figure(
        height=height or 50 + 28 * len(labels),
        tools="",
        y_range=Range1d(-len(labels) + 0.4, 0.6),
        x_range=Range1d(-high * (0.1 + 0.022 * widest), high * 1.24),
    )
    bare(p)
    p.yaxis.visible = False
    p.xaxis.axis_label = x_label
    p.xaxis.visible = x_label is not None
    p.hbar("y", 0.64, "value", source=source, fill_color=ink(name), line_color=None)
    p.text(
        0,
        "y",
        "label",
        source=source,
        x_offset=-8,
        text_align="right",
        text_baseline="middle",
        text_font={"value": MONO if mono else SANS},
        text_color=ink("ink"),
    )
    p.text("value", "y", "text", source=source, x_offset=6, text_baseline="middle", text_color=ink("muted"))
    return p, source
