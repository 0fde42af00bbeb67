"""Inks, ramps and the Bokeh theme: hue says what a number belongs to, darkness how much, grey negative.

Figures are drawn in light inks. `swap()` gives the dark ink for each light one: static pictures replace the
hex values by it, live figures too. So a figure, and above all a callback, never chooses a colour by mode.
"""

from functools import cache

from bokeh.models import CategoricalColorMapper, LinearColorMapper
from bokeh.themes import Theme

INKS = {  # meaning: (light, dark)
    "ink": ("#1c2530", "#e6e8e4"),
    "muted": ("#55606c", "#a3adb5"),
    "rule": ("#d3d5d0", "#39424b"),
    "paper": ("#fbfbf8", "#14181d"),
    "tint": ("#f1f2ed", "#1d232a"),
    "grey": ("#6b747d", "#97a1a9"),
    "stream": ("#35579a", "#78b1fe"),
    "query": ("#b15a24", "#d98e6c"),
    "key": ("#1d7a74", "#45e3dc"),
    "value": ("#541787", "#a47ee0"),
    "ffn": ("#4a5c30", "#6fb043"),
    "loss": ("#bd3a65", "#f0a3b0"),
    "prob": ("#633d00", "#e6d28a"),
}
MEANINGS = ("stream", "query", "key", "value", "ffn", "loss", "prob")
WASH = (0.14, 0.20)  # share of the ink in its wash, light and dark
STEPS = 12
CLEAR = "rgba(0, 0, 0, 0)"  # of cells that do not exist

# Text on a ramp: on every colour either black or white has more than 4.5:1, but not always the same one in
# light and in dark. Each of the four cases has a hex value of its own, so that swap() can tell them apart.
CELL_TEXT = {  # (light needs, dark needs): (hex in light, hex in dark)
    ("black", "white"): ("#000000", "#ffffff"),
    ("white", "black"): ("#ffffff", "#000000"),
    ("black", "black"): ("#000001", "#010000"),
    ("white", "white"): ("#fffffe", "#fefeff"),
}

SANS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
MONO = "ui-monospace, SF Mono, Menlo, Consolas, Liberation Mono, DejaVu Sans Mono, monospace"


def ink(name):
    """The light hex value of an ink; `swap()` knows its dark twin."""
    return INKS[name][0]


def mix(a, b, share):
    """A colour `share` of the way from hex a to hex b."""
    channels = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in channels)


def wash(name, mode=0):
    """The pale ground of an ink, light (mode 0) or dark (mode 1)."""
    return mix(INKS["paper"][mode], INKS[name][mode], WASH[mode])


@cache
def ramp(name, mode=0):
    """STEPS colours from nearly paper to the full ink."""
    paper, full = INKS["paper"][mode], INKS[name][mode]
    return tuple(mix(paper, full, 0.03 + 0.97 * (step / (STEPS - 1)) ** 0.9) for step in range(STEPS))


@cache
def cell_text(name):
    """For each step of a ramp, the hex value of a text that can be read on it (4.5:1 or more)."""
    return tuple(
        CELL_TEXT[readable_on(light), readable_on(dark)][0]
        for light, dark in zip(ramp(name, 0), ramp(name, 1), strict=True)
    )


def signed_ramp(name, mode=0):
    """Grey below zero, paper at zero, the meaning's ink above: 2 STEPS - 1 colours."""
    return (*ramp("grey", mode)[:0:-1], INKS["paper"][mode], *ramp(name, mode)[1:])


def signed_cell_text(name):
    """The text colours that belong to `signed_ramp`."""
    return (*cell_text("grey")[:0:-1], CELL_TEXT["black", "white"][0], *cell_text(name)[1:])


def mappers(name, low, high):
    """Two colour mappers for one field: the cell, and the text on the cell.

    low < 0 gives the signed ramp, which must then be symmetric around zero.
    """
    if low < 0 and low != -high:
        raise ValueError(f"a signed ramp is symmetric: low must be {-high}, got {low}")
    cells, texts = (signed_ramp(name), signed_cell_text(name)) if low < 0 else (ramp(name), cell_text(name))
    return tuple(LinearColorMapper(palette=list(p), low=low, high=high) for p in (cells, texts))


def by_name(factors, names):
    """A mapper from category to ink: factor i is drawn in the ink called names[i]."""
    return CategoricalColorMapper(factors=list(factors), palette=[ink(n) for n in names])


def luminance(colour):
    """WCAG relative luminance of a hex colour."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """WCAG contrast ratio of two hex colours, 1 to 21."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour):
    """'black' or 'white', whichever contrasts more with a hex colour."""
    return "black" if contrast(colour, "#000000") >= contrast(colour, "#ffffff") else "white"


@cache
def swap():
    """Light hex -> dark hex, for everything that figures draw with."""
    table = {}
    for name in ("ink", "grey", *MEANINGS):
        table.update(zip(ramp(name, 0), ramp(name, 1), strict=True))
    for name in MEANINGS:
        table[wash(name, 0)] = wash(name, 1)
    table.update(CELL_TEXT.values())
    table.update(INKS.values())
    return table


THEME = Theme(
    json={
        "attrs": {
            "Plot": {
                "background_fill_color": None,
                "border_fill_color": None,
                "outline_line_color": None,
                "toolbar_location": None,
                "min_border": 8,
            },
            "Axis": {
                "axis_line_color": ink("ink"),
                "axis_line_width": 1,
                "major_tick_line_color": ink("ink"),
                "major_tick_in": 0,
                "major_tick_out": 5,
                "minor_tick_line_color": None,
                "major_label_text_font": SANS,
                "major_label_text_font_size": "13px",
                "major_label_text_color": ink("ink"),
                "axis_label_text_font": SANS,
                "axis_label_text_font_size": "13px",
                "axis_label_text_font_style": "italic",
                "axis_label_text_color": ink("muted"),
                "axis_label_standoff": 10,
            },
            "Grid": {"grid_line_color": ink("rule"), "grid_line_width": 1, "grid_line_dash": [1, 3]},
            "Line": {"line_width": 2, "line_cap": "round", "line_join": "round"},
            # a plain string would be read as the name of a data column
            "Text": {
                "text_font": {"value": SANS},
                "text_font_size": {"value": "13px"},
                "text_color": {"value": ink("ink")},
            },
            "Label": {"text_font": SANS, "text_font_size": "13px", "text_color": ink("ink")},
            "Title": {
                "text_font": SANS,
                "text_font_size": "14px",
                "text_font_style": "normal",
                "text_color": ink("ink"),
            },
        }
    }
)
