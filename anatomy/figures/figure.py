"""A figure of the book: a Bokeh plot, its controls, and what a reader without pixels needs.

Leaves out pages: `anatomy.publishing` turns the MIME bundle into interactive HTML or a static picture. Outside the book
a figure shows itself, by `anatomy.figures.notebook`.
"""

import base64
import gzip
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import LayoutDOM, Plot

from anatomy.checks import one_of
from anatomy.figures import notebook
from anatomy.figures.theme import CLEAR, THEME, swap
from anatomy.figures.view import View
from anatomy.studies import in_book

MIME = "application/vnd.anatomy+json"
PROVENANCE = {
    "toy": "Toy",
    "trained": "Trained here",
    "tokenizer": "Real tokenizer",
    "real": "Real model",
}
GZIP = b"\x1f\x8b"
# verbs that tell the hand to do something, at the head of a sentence
ORDER = re.compile(
    r"(?:^|[.:;] )(?:Move|Choose|Drag|Hover|Click|Tap|Press|Slide|Change|Point|Switch|Turn|Type|Try|Pick|Put|Set)\b"
)
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


def named(name):
    """Return a figure's or table's name if it is a topic and a word, as in 'kv-cache-bytes'."""
    if not NAME.fullmatch(name):
        raise ValueError(f"name must be '<topic>-<word>' in lower case, got {name!r}")
    return name


def told(thing, name, value):
    """Return a text that a figure may not go without."""
    if not value or not value.strip():
        raise ValueError(f"{thing} {name!r} has no {value!r}: say what it shows and what to conclude")
    return value


@dataclass(repr=False)
class Table:
    """A table with a badge, numbered by Sphinx where it stands in a page by itself.

    header: n_columns strings. rows: lists of n_columns strings or numbers, as they are to be printed.
    name, caption and provenance are needed only where it is shown by itself, not as the data of a Figure.
    source: one line on where the numbers come from, or None.
    """

    header: list
    rows: list
    name: str = ""
    caption: str = ""
    provenance: str = ""
    source: str | None = None

    def __post_init__(self):
        self.header = [str(cell) for cell in self.header]
        self.rows = [[str(cell) for cell in row] for row in self.rows]
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.header):
                raise ValueError(
                    f"row {number} of table {self.name!r} has {len(row)} cells, "
                    f"its header has {len(self.header)}"
                )

    def __repr__(self):
        return f"Table({self.name!r}, {len(self.rows)} rows)"

    def _repr_mimebundle_(self, include=None, exclude=None):
        named(self.name)
        one_of("provenance", self.provenance, tuple(PROVENANCE))
        told("caption of table", self.name, self.caption)
        if not in_book():
            badge = PROVENANCE[self.provenance]
            return notebook.table_bundle(self.name, badge, self.caption, self.source, self.header, self.rows)
        spec = {
            "kind": "table",
            "name": self.name,
            "caption": self.caption,
            "provenance": self.provenance,
            "source": self.source,
            "header": self.header,
            "rows": self.rows,
        }
        return {MIME: json.dumps(spec, sort_keys=True)}


@dataclass(repr=False)
class Figure:
    """A plot (or a layout of plots) that readers can work, see, hear described and read as a table.

    plot: what the static picture shows. view: its data, controls and script; None for a plot that stays as it is.
    controls: widgets under it, top to bottom; all controls of the view unless arranged otherwise.
    name: '<topic>-<word>', the HTML id without 'fig-'. alt: what it shows and what to conclude.
    caption: what to look at and what to conclude, in MyST inline markup.
    data: the numbers behind it. provenance: a key of PROVENANCE. source: one line on where they come from.
    print_caption: the caption on paper and in the EPUB, which gives no orders to the hand; needed where `caption` does.
    print_states: what print shows instead of the first state: words -> values of controls, one to four of them.
    digits: significant digits kept of every number of the plot.
    """

    plot: LayoutDOM
    name: str
    alt: str
    caption: str
    data: Table
    provenance: str
    controls: list = None
    source: str | None = None
    digits: int = 4
    view: View | None = None
    print_caption: str | None = None
    print_states: dict | None = None

    def __post_init__(self):
        named(self.name)
        told("alt of figure", self.name, self.alt)
        told("caption of figure", self.name, self.caption)
        one_of("provenance", self.provenance, tuple(PROVENANCE))
        order = ORDER.search(self.print_caption or self.caption)
        if order:
            raise ValueError(
                f"the caption of figure {self.name!r} gives an order on paper ({order[0].strip()!r}): "
                "give it a print_caption without orders"
            )
        if self.controls is None:
            self.controls = [self.view.parts[name] for name in self.view.controls] if self.view else []
        for words, state in (self.print_states or {}).items():
            unknown = set(state) - set(self.view.controls if self.view else ())
            if unknown:
                raise ValueError(
                    f"print state {words!r} of figure {self.name!r} sets {sorted(unknown)}, "
                    f"but its controls are {sorted(self.view.controls) if self.view else []}"
                )

    def __repr__(self):
        return f"Figure({self.name!r})"

    def root(self):
        """The plot with its controls under it, as wide as the page allows."""
        for model in [self.plot, *self.controls]:
            model.sizing_mode = "stretch_width"
        for part in self.plot.references():
            if isinstance(part, Plot):
                part.sizing_mode = "stretch_width"
                part.toolbar.logo = None
        return column(self.plot, *self.controls, sizing_mode="stretch_width", spacing=6)

    def item(self):
        """What BokehJS embeds: plain JSON that is the same at every build."""
        return self._item

    def sources(self):
        """Where the numbers come from: what the table says of itself, then the figure. None if neither says."""
        return " ".join(filter(None, (self.data.source, self.source))) or None

    def payload(self):
        """All that a page needs to show it: Bokeh's JSON, the view's data and script, the states for print."""
        moves = self.view.payload() if self.view else None
        return {"item": self.item(), "view": moves, "print": self.print_states}

    @cached_property
    def _item(self):
        item = canonical(json_item(self.root(), theme=THEME), self.digits) | {"digits": self.digits}
        strange = sorted(colours(item) - set(swap()) - {CLEAR})
        if strange:
            raise ValueError(
                f"figure {self.name!r} draws in {', '.join(strange)}, which the dark theme does not know; "
                "use ink(), ramp() or wash() of anatomy.figures.theme"
            )
        return item

    def bundles(self):
        """The BokehJS files that this figure needs."""
        return ["bokeh", "bokeh-widgets"] if self.controls else ["bokeh"]

    def _repr_mimebundle_(self, include=None, exclude=None):
        if not in_book():
            badge, caption = PROVENANCE[self.provenance], self.print_caption or self.caption
            return notebook.figure_bundle(
                self.name, self.alt, badge, caption, self.sources(), self.data.header, self.data.rows
            )
        spec = {
            "kind": "figure",
            "payload": self.payload(),
            "print_caption": self.print_caption,
            "bundles": self.bundles(),
            "name": self.name,
            "alt": self.alt,
            "caption": self.caption,
            "provenance": self.provenance,
            "source": self.sources(),
            "header": self.data.header,
            "rows": self.data.rows,
        }
        # a string: notebooks sort the keys of dicts, and Bokeh wants definitions before references
        return {MIME: json.dumps(spec)}


def colours(value, key=""):
    """Every colour that a figure's JSON sets."""
    if isinstance(value, dict):
        return set().union(*(colours(part, key if k == "value" else k) for k, part in value.items()))
    if isinstance(value, list):
        return set().union(*(colours(part, key) for part in value))
    return {value} if isinstance(value, str) and re.search(r"(color|palette)$", key) else set()


def canonical(item, digits=4):
    """Renumber Bokeh's ids in order of appearance, round its numbers, spell out its one-axis arrays.

    Bokeh counts ids over a whole process, so that an edit above a figure would change it; and arrays
    are base64 of all their bytes.
    """
    ids = {}

    def visit(value):
        if isinstance(value, dict):
            if value.get("type") == "ndarray":
                return array(value)
            return {
                key: visit_id(part) if key in ("id", "root_id") else visit(part)
                for key, part in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [visit(part) for part in value]
        return shorten(value)

    def visit_id(value):
        if isinstance(value, str) and re.fullmatch(r"p\d+", value):
            return ids.setdefault(value, f"m{len(ids)}")
        return visit(value)

    def shorten(value):
        if not isinstance(value, float):
            return value
        if not math.isfinite(value):
            return {"type": "number", "value": {"nan": "nan", "inf": "+inf", "-inf": "-inf"}[str(value)]}
        value = float(f"{value:.{digits}g}")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value

    def array(value):
        data = base64.b64decode(value["array"]["data"])
        data = gzip.decompress(data) if data[:2] == GZIP else data
        raw = np.frombuffer(data, "uint8" if value["dtype"] == "bool" else value["dtype"])
        if len(value["shape"]) == 1:
            return [shorten(number) for number in raw.tolist()]
        if value["dtype"].startswith("float"):
            raw = np.array([float(f"{number:.{digits}g}") for number in raw.tolist()], value["dtype"])
        return {
            **value,
            "array": {
                **value["array"],
                "data": base64.b64encode(gzip.compress(raw.tobytes(), mtime=0)).decode(),
            },
        }

    item = {key: value for key, value in item.items() if key not in ("version", "target_id")}
    item["doc"] = {key: value for key, value in item["doc"].items() if key not in ("version", "title")}
    return visit(item)
