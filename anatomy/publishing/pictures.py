"""Static pictures of figures: committed SVG, drawn by one headless browser only when a figure changes.

book/pictures/<name>.svg is 720 wide, <name>-narrow.svg 358, <name>-print.svg holds the states for print where a figure
names some; <name>.json is the state of the figure that all were drawn from, in the form of `picture_state`. The first
comment of each SVG says which state that was, by its hash, and how high the figure's controls are. Dark pictures and
the PDF's are made from these. `nox -s pictures` draws the ones that are missing or stale.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import bokeh

from anatomy.figures.theme import SANS, ink, swap
from anatomy.publishing import picture_state

WIDTHS = {"": 720, "-narrow": 358}
BOKEHJS = Path(bokeh.__file__).parent / "server" / "static" / "js"
DRIVER = Path(__file__).parent / "static" / "figures" / "driver.js"
HEAD = re.compile(r"<!-- figure state ([0-9a-f]{16}) controls (\d+) -->\n")
SIZE = re.compile(r'<svg[^>]*? width="(\d+)"[^>]*? height="(\d+)"')
MEND = "draw it with: nox -s pictures"

DRAW = """async ({payload, width, state}) => {
  const stage = document.createElement("div");
  stage.style.width = width + "px";
  document.body.replaceChildren(stage);
  payload.item.doc.version = Bokeh.version;
  const views = await Bokeh.embed.embed_item(payload.item, stage);
  const root = views.roots[0], document_ = root.model.document;
  if (payload.view) {
    const show = new Function(payload.view.script + "\\nreturn show;")();
    anatomyDrive(document_, {...payload.view, show}).put(state);
  }
  if (!document_.is_idle) await new Promise(done => document_.idle.connect(done));
  await new Promise(done => setTimeout(done, 80));
  const [plot, ...controls] = root.child_views;
  const svg = plot.export("svg").ctx.get_serialized_svg(true);
  const height = controls.reduce((sum, view) => sum + view.el.getBoundingClientRect().height + 6, 0);
  views.clear();
  return {svg, controls: Math.ceil(height)};
}"""


def state_text(payload):
    """The text of <name>.json for a figure's JSON."""
    return picture_state.text(picture_state.state(json.loads(payload))) + "\n"


def head(state, controls):
    """The first line of a picture drawn from a state's text."""
    digest = hashlib.sha256(state.encode()).hexdigest()[:16]
    return f"<!-- figure state {digest} controls {controls} -->\n"


@dataclass(frozen=True)
class Picture:
    """One committed SVG: its text, the hash of its figure's state, its size and the height of the controls."""

    svg: str
    state: str
    width: int
    height: int
    controls: int

    @classmethod
    def read(cls, path):
        """Raises FileNotFoundError or ValueError that say how to draw it anew."""
        if not path.exists():
            raise FileNotFoundError(f"no picture {path.name} in {path.parent.name}/; {MEND}")
        text = path.read_text("utf-8")
        first = HEAD.match(text)
        size = SIZE.search(text)
        if not first or not size:
            raise ValueError(f"{path.name} is not a picture drawn by nox -s pictures; {MEND}")
        return cls(text, first[1], int(size[1]), int(size[2]), int(first[2]))

    def dark(self):
        """The same picture in the dark inks."""
        table = swap()
        return re.sub(r"#[0-9a-fA-F]{6}\b", lambda m: table.get(m[0].lower(), m[0]), self.svg)


def tidy(svg):
    """What browsers write -> what EPUB accepts and what is the same at every drawing. Words stay as they are.

    Bokeh writes every word twice, the second time as an outline that nobody can see.
    """
    svg = re.sub(r'<text fill="none"[^>]* stroke-opacity="0"[^>]*>[^<]*</text>', "", svg)
    return re.sub(r"<[^>]*>", lambda tag: tidy_tag(tag[0]), renumber(svg))


def tidy_tag(tag):
    """A tag with hexadecimal colours and coordinates of two digits."""
    tag = re.sub(r' paint-order="[^"]*"', "", tag)
    tag = re.sub(
        r"rgb\((\d+), ?(\d+), ?(\d+)\)", lambda m: "#{:02x}{:02x}{:02x}".format(*map(int, m.groups())), tag
    )
    return re.sub(r"(\d+\.\d{2})\d+", r"\1", tag)


def renumber(svg):
    """Random ids in the order in which they appear."""
    names = {}
    for name in re.findall(r'\bid="([^"]+)"', svg):
        names.setdefault(name, f"c{len(names)}")
    svg = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{names[m[1]]}"', svg)
    return re.sub(r'(url\(["\']?#|href="#)([^"\')]+)', lambda m: m[1] + names.get(m[2], m[2]), svg)


def multiples(tiles):
    """words -> SVG of one state, put two beside each other under their words, as one SVG for print."""
    gap, line = 20, 26
    sizes = [tuple(map(int, SIZE.search(svg).groups())) for svg in tiles.values()]
    columns = min(2, len(sizes))
    out, y = [], 0
    for first in range(0, len(sizes), columns):
        row = list(zip(tiles.items(), sizes, strict=True))[first : first + columns]
        for place, ((words, svg), (width, _)) in enumerate(row):
            x = place * (width + gap)
            inner = re.sub(r'\b(id="|url\(["\']?#|href="#)', rf"\g<1>s{first + place}", svg)
            out.append(
                f'<text x="{x + 8}" y="{y + 17}" font-family="{SANS}" font-size="14px" fill="{ink("ink")}">'
                f"{escape(words)}</text>" + inner.replace("<svg ", f'<svg x="{x}" y="{y + line}" ', 1)
            )
        y += line + max(height for _, (_, height) in row) + gap
    width = columns * (sizes[0][0] + gap) - gap
    top = f'<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y - gap}">'
    return top + "".join(out) + "</svg>"


def stale(folder, name, payload):
    """Why the committed pictures of a figure cannot be shown as they are, or None."""
    path = folder / f"{name}.json"
    if not path.exists():
        return f"no state {path.name} in {folder.name}/; {MEND}"
    committed = path.read_text("utf-8")
    new = json.loads(payload)
    for tail in [*WIDTHS, "-print"] if new.get("print") else WIDTHS:
        try:
            picture = Picture.read(folder / f"{name}{tail}.svg")
        except (FileNotFoundError, ValueError) as problem:
            return str(problem)
        if f" {picture.state} " not in head(committed, 0):
            return f"picture {name}{tail}.svg was drawn from another state than {path.name}; {MEND}"
    changed = picture_state.difference(json.loads(committed), picture_state.state(new))
    return changed and f"picture {name}.svg shows an older state: {changed}; {MEND}"


def draw(folder, payloads, executable=None):
    """Draw every missing or stale picture; payloads: name -> JSON text. Returns the names drawn.

    Raises RuntimeError where there is no browser.
    """
    todo = {name: text for name, text in sorted(payloads.items()) if stale(folder, name, text)}
    for path in sorted([*folder.glob("*.svg"), *folder.glob("*.json")]):
        if re.sub("-(narrow|print)$", "", path.stem) not in payloads:
            path.unlink()
    if not todo:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    from anatomy.publishing.browser import chromium

    with chromium(executable) as browser:
        page = browser.new_page(device_scale_factor=1)
        page.set_content("<!doctype html><meta charset=utf-8><body style='margin:0'>")
        for bundle in ("bokeh", "bokeh-widgets"):
            page.add_script_tag(path=BOKEHJS / f"{bundle}.min.js")
        page.add_script_tag(path=DRIVER)

        def drawn(payload, width, state):
            return page.evaluate(DRAW, {"payload": payload, "width": width, "state": state})

        for name, text in todo.items():
            payload, state = json.loads(text), state_text(text)
            for tail, width in WIDTHS.items():
                found = drawn(payload, width, {})
                picture = head(state, found["controls"]) + tidy(found["svg"]) + "\n"
                (folder / f"{name}{tail}.svg").write_text(picture, "utf-8")
            for_print = folder / f"{name}-print.svg"
            for_print.unlink(missing_ok=True)
            states = payload.get("print") or {}
            width = WIDTHS["-narrow"] if len(states) > 1 else WIDTHS[""]
            tiles = {words: tidy(drawn(payload, width, state)["svg"]) for words, state in states.items()}
            if tiles:
                for_print.write_text(head(state, 0) + multiples(tiles) + "\n", "utf-8")
            (folder / f"{name}.json").write_text(state, "utf-8")
    return list(todo)
