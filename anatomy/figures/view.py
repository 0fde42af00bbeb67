"""A view: the data of a figure, its named parts, the controls that move it, and the script that joins them.

The script is callbacks/<stem>.mjs. It exports `show(data, state, before)`, a pure function: from the data and the
values of the controls to what each named part shows. The driver of publishing calls it for every state, the first
included, so that rows, labels and number formats are written once. Python gives data and empty parts.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, TapTool

CALLBACKS = Path(__file__).parent / "callbacks"
IMPORT = re.compile(r'^import \{[^}]*\} from "(\.{1,2}/[\w./-]+\.mjs)";\n', re.M)
TOP_LEVEL = re.compile(r"^(?:export )?(?:const|let|function\*?|class) (\w+)", re.M)


class View:
    """What a figure shows and how it moves.

    stem: of the script in callbacks/. data: arrays, numbers, texts, lists and dicts of them, handed to the script
    with `digits` significant digits.
    """

    def __init__(self, stem, digits=5, **data):
        self.stem = stem
        self.script = bundle(stem)
        self.digits = digits
        self.data = {name: plain(value, digits) for name, value in data.items()}
        self.parts = {}
        self.controls = {}
        self.picks = []
        self.drags = []
        self.asks = []

    def part(self, name, model):
        """Give a Bokeh model the name by which the script knows it."""
        if name in self.parts:
            raise ValueError(f"view {self.stem!r} has two parts called {name!r}; rename one")
        self.parts[name] = model
        model.name = name
        return model

    def source(self, name, *empty, **columns):
        """A source of which the script fills the columns called in `empty`; the others stay as given."""
        rows = max((len(values) for values in columns.values()), default=0)
        columns = {key: plain(values) for key, values in columns.items()}
        blank = {key: [""] * rows if key in ("text", "label") else [0] * rows for key in empty}
        return self.part(name, ColumnDataSource({**columns, **blank}))

    def control(self, **named):
        """Name one control: `show` finds its value in `state` under that name.

        A slider's or a field's value, a choice's index from 0, whether a switch is on, how often a button was
        pressed.
        """
        ((name, model),) = named.items()
        self.controls[name] = self.part(name, model)
        return model

    def pick(self, p, renderer, control):
        """Marks that can be pointed at: hovering previews a value of a control, tap or click sets it.

        The value is the mark's `pick` column, or else its place in the source. Escape brings the first value back.
        """
        renderer.selection_glyph = renderer.nonselection_glyph = None
        p.add_tools(HoverTool(renderers=[renderer], tooltips=None))
        taps = [tool for tool in p.tools if isinstance(tool, TapTool)]
        if taps:  # of several in a plot, Bokeh wakes only the first
            taps[0].renderers = [*taps[0].renderers, renderer]
        else:
            p.add_tools(TapTool(renderers=[renderer]))
        source = renderer.data_source
        if not source.name:
            raise ValueError(
                f"view {self.stem!r}: marks that can be picked need a source made by View.source"
            )
        self.picks.append([source.name, control])

    def drag(self, p, name, x=None, y=None):
        """Let the reader drag in a plot: the pointer's place sets the controls called x and y.

        A control that is disabled or hidden stays, so that a plot may have several pairs and `show` says which is held.
        """
        if self.parts.get(name) is not p:
            self.part(name, p)
        self.drags.append([name, x, y])

    def ask(self, control, table, name):
        """Where `data[table]` has no entry for a control's value, have the page look it up.

        name: of a function in `window.anatomyAnswers`, from the value to a promise of the entry. Until it is kept,
        `show` finds nothing there; a text is what went wrong.
        """
        self.asks.append([control, table, name])

    def payload(self):
        """What the driver needs besides Bokeh's own JSON."""
        asks = {"asks": self.asks} if self.asks else {}
        return {
            **asks,
            "digits": self.digits,
            "data": self.data,
            "controls": list(self.controls),
            "picks": self.picks,
            "drags": self.drags,
            "script": self.script,
        }


@cache
def bundle(*stems):
    """The text of callbacks/<stem>.mjs with all that they import in front of them, each file once, nothing exported.

    Raises ValueError where a file is missing or two files give one name to two things.
    """
    parts, owners = {}, {}

    def add(path, wanted_by):
        if path in parts:
            return
        if not path.is_file():
            raise ValueError(f"no callback {path.name!r} in anatomy/figures/callbacks, wanted by {wanted_by}")
        parts[path] = None
        text = path.read_text("utf-8")
        inner = [(path.parent / found).resolve() for found in IMPORT.findall(text)]
        for other in inner:
            add(other, path.name)
        for name in TOP_LEVEL.findall(text):
            if owners.setdefault(name, path) != path:
                raise ValueError(f"{path.name} and {owners[name].name} both define {name}; rename one")
        parts[path] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.M)
        parts[path] = parts.pop(path)  # after what it imports

    for stem in stems:
        add((CALLBACKS / f"{stem}.mjs").resolve(), "a figure")
    return "\n".join(parts.values())


def plain(value, digits=5):
    """Arrays -> lists, every float with so many significant digits, so that JSON has only what is needed.

    >>> plain({"p": np.array([1 / 3, 1.0])})
    {'p': [0.33333, 1]}
    """
    if isinstance(value, dict):
        return {str(key): plain(part, digits) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(part, digits) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not np.isfinite(value):
            raise ValueError(f"a figure's data must be finite, got {value}")
        value = float(f"{value:.{digits}g}")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value
