"""The map of the model as SVG: one set of drawn organs, put together to three plates.

`wide()` and `tall()` are the map of the index, for a desk and for a phone; `strip(lit)` shows in a chapter
where the reader is. Nothing here knows Sphinx. Colours and type come from static/css/map.css, by class:
the name of an ink fills with its wash and outlines in the ink, `full` fills with the ink itself.
"""

import re
from html import escape
from pathlib import Path

from anatomy.figures.theme import INKS, MEANINGS, wash
from anatomy.model import PUBLISHED
from anatomy.topics import BY_STEM

CSS = Path(__file__).parent / "static" / "css" / "map.css"


# ---- strokes -------------------------------------------------------------------------------------


def rect(x, y, width, height, look, radius=2):
    """A rectangle from its top left corner."""
    corner = f' rx="{radius}"' if radius else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{corner} class="{look}"/>'


def circle(x, y, radius, look):
    """A circle round (x, y)."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" class="{look}"/>'


def path(d, look="line"):
    """A path in SVG's own notation."""
    return f'<path d="{d}" class="{look}"/>'


def text(x, y, words, look=""):
    """Words on a base line at y."""
    attribute = f' class="{look}"' if look else ""
    return f'<text x="{x}" y="{y}"{attribute}>{escape(words)}</text>'


def moved(x, y, drawing, scale=1):
    """A drawing whose top left corner stands at (x, y)."""
    zoom = f" scale({scale})" if scale != 1 else ""
    return f'<g transform="translate({x} {y}){zoom}">{drawing}</g>'


# ---- organs, each drawn from its own top left corner, with its width and height ------------------


def sheet():
    """A sheet of text, 72 × 80."""
    page = path("M0 0h58l14 14v66H0ZM58 0v14h14", "line paper")
    return page + path("M10 26h50M10 36h42M10 46h50M10 56h24", "hair")


def chips():
    """Three tokens, 138 × 24."""
    drawing = ""
    for x, width, token in ((0, 40, "The"), (45, 44, "·cat"), (94, 44, "·sat")):
        drawing += rect(x, 0, width, 24, "line paper") + text(x + width / 2, 16.5, token, "mono middle")
    return drawing


def embedding():
    """A matrix with one row taken out of it, 72 × 60."""
    drawing = ""
    for row in range(5):
        for column in range(6):
            drawing += rect(column * 12, row * 12, 12, 12, "stream full" if row == 2 else "hair")
    return drawing


def strands():
    """Query, key and value, 50 × 92."""
    drawing = ""
    for i, name in enumerate(("query", "key", "value")):
        drawing += rect(0, 34 * i, 50, 24, name) + text(25, 34 * i + 17, name[0], "middle")
    return drawing


def dial(x, y, ink):
    """A dial of radius 13 whose hand points to (x, y)."""
    ticks = path("M13 0v3M13 23v3M0 13h3M23 13h3", "hair")
    hand = path(f"M13 13L{x} {y}", f"{ink} open")
    return circle(13, 13, 13, "line paper") + ticks + hand + circle(13, 13, 1.8, "dot")


def dials():
    """A query and a key, each turned by its position, 60 × 26."""
    return dial(22, 6, "query") + moved(34, 0, dial(18, 22, "key"))


def heads(n_tokens=6, size=11):
    """A stack of attention matrices, 82 × 82: the first token, the last one and a token itself get most."""
    side = n_tokens * size
    drawing = "".join(rect(offset, 16 - offset, side, side, "line paper") for offset in (16, 8, 0))
    for row in range(n_tokens):
        for column in range(row + 1):
            weight = 0.9 / (1 + 0.28 * row) if column == 0 else 0
            weight += {row: 0.75, row - 1: 0.5}.get(column, 0)
            weight = min(max(weight, 0.08), 1)
            x, y = column * size, 16 + row * size
            drawing += (
                f'<rect x="{x}" y="{y}" width="{size}" height="{size}" class="cell" opacity="{weight:.2f}"/>'
            )
    return drawing + rect(0, 16, side, side, "line")


def feed_forward():
    """From d_model to d_ff and back, 112 × 104."""
    drawing = path("M0 32L46 0V104L0 72ZM46 0H66V104H46ZM66 0L112 32V72L66 104Z", "ffn")
    for i in range(9):
        drawing += circle(56, round(9 + i * 10.75, 1), 3.2, "ffn full" if i in (1, 4, 5) else "hair paper")
    return drawing


def neuron():
    """Three inputs, a sum, a bend, 88 × 88."""
    drawing = circle(44, 44, 44, "line paper")
    for y in (24, 44, 64):
        drawing += path(f"M8 {y}L36 44", "hair") + circle(8, y, 2, "dot")
    return (
        drawing
        + circle(44, 44, 9, "ffn")
        + path("M53 44H80", "hair")
        + path("M54 58h10q4 0 6-5l6-13", "ffn open")
    )


def logits():
    """A bar for each token that may come next, 84 × 88."""
    drawing = path("M0-4V92")
    for i, width in enumerate((16, 30, 84, 22, 40, 9, 13)):
        drawing += rect(0, i * 13, width, 9, "prob full" if i == 2 else "prob", 0)
    return drawing


def cache():
    """A tray of keys and values, filled up to now, 162 × 52."""
    drawing = path("M-6 46H156M-6-6V46M156-6V46")
    for i in range(9):
        key, value = ("key", "value") if i < 7 else ("hair", "hair")
        drawing += rect(17 * i, 0, 13, 18, key, 1) + rect(17 * i, 22, 13, 18, value, 1)
    return drawing


def stairs():
    """A curve and the few steps that stand for it, 132 × 62."""
    curve = path("M0 52C30 50 40 38 60 26S110 4 132 2", "hair")
    steps = path("M0 52H22V42H44V31H66V21H88V11H110V2H132")
    return curve + steps + path("M0 62H132M0 62v-5M22 62v-5M44 62v-5M66 62v-5M88 62v-5M110 62v-5M132 62v-5")


def contours():
    """A walk down to the middle, 92 × 76."""
    drawing = ""
    for rx, ry in ((46, 27), (34, 19), (22, 12), (10, 5.5)):
        drawing += (
            f'<ellipse cx="46" cy="38" rx="{rx}" ry="{ry}" transform="rotate(-24 46 38)" class="hair"/>'
        )
    return drawing + path("M10 12L30 52L40 30L52 44L46 38", "loss open") + circle(10, 12, 2.6, "loss full")


def curves():
    """Training loss, and a held-out loss that falls late, 118 × 62."""
    axes = path("M0 0V62H118")
    return (
        axes
        + path("M4 4C12 40 24 46 46 49S84 56 114 57", "loss open")
        + path("M4 6C30 12 54 10 66 16S76 50 84 53T114 55", "hair dash")
    )


def bubbles():
    """A question and an answer that was preferred, 108 × 72."""
    question = path("M0 4q0-4 4-4h54q4 0 4 4v20q0 4-4 4H18l-8 8v-8H4q-4 0-4-4Z", "line paper")
    answer = path("M46 40q0-4 4-4h54q4 0 4 4v20q0 4-4 4h-2v8l-8-8H50q-4 0-4-4Z", "loss")
    lines = path("M10 10h42M10 18h30M78 46h18M78 54h14", "hair")
    return question + answer + lines + path("M56 50l5 5 9-11", "loss open")


def arrow():
    """The way back, 112 × 16."""
    return path("M112 8H8", "loss open dash") + path("M18 1L8 8l10 7", "loss open")


def norm(x, y):
    """A normalisation on a wire, centre (x, y)."""
    return circle(x, y, 9, "line paper") + path(f"M{x - 5} {y + 3}q5-12 10 0", "hair")


def plus(x, y):
    """What a branch found is added to the stream, centre (x, y)."""
    cross = path(f"M{x - 4.5} {y}h9M{x} {y - 4.5}v9", "stream open")
    return circle(x, y, 9, "node") + cross


# ---- the map -------------------------------------------------------------------------------------


def organ(stem, area, drawing, label_at, link):
    """A drawing with its number and label, linked where `link(stem)` gives an address.

    area: x, y, width, height of what answers to the pointer. label_at: centre of the number's circle.
    """
    part, (x, y) = BY_STEM[stem], label_at
    number = circle(x, y, 11, "number") + text(x, y + 4.5, str(part.number), "numeral middle")
    inner = rect(*area, "area", 6) + f'<g aria-hidden="true">{drawing}</g>'
    inner += number + text(x + 18, y + 5, part.label, "label")
    address = link(stem)
    if address is None:
        return f'<g class="organ absent">{inner}</g>'
    return f'<a href="{escape(address)}" class="organ">{inner}</a>'


def plate(name, width, height, drawing):
    """The SVG element of one plate."""
    return (
        f'<svg class="model-map {name}" viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="Map of the model">{drawing}</svg>'
    )


def wide(link):
    """The map for a wide page, 1080 × 736: text flows from left to right along the residual stream."""
    s = 372  # y of the residual stream
    layers = PUBLISHED["SmolLM2-135M"].n_layers
    o = []
    # what lies under the organs: the loop from the chosen token back to the text, the blocks, the stream
    o.append(path(f"M1012 {s - 22}V34H70V{s - 60}M65 {s - 68}l5 9 5-9", "loop"))
    o.append(text(250, 28, "one token out, and the whole text in again", "aside"))
    o += [rect(262 + k, 164 - k, 540, 396, "line paper", 3) for k in (16, 8)]
    block = rect(262, 164, 540, 396, "line paper", 3)
    o.append(organ("transformer-block", (262, 164, 540, 396), block, (284, 522), link))
    o.append(text(302, 546, f"× {layers} in SmolLM2-135M", "small"))
    o.append(path(f"M108 {s}H128M162 {s}H838", "spine"))
    o.append(text(452, s - 9, "residual stream", "aside stream-word"))
    # in
    o.append(moved(34, s - 56, sheet()) + text(70, s + 44, "text", "aside middle"))
    o.append(organ("tokenization", (14, s + 56, 176, 76), moved(26, s + 66, chips()), (26, s + 110), link))
    o.append(path(f"M70 {s + 50}V{s + 66}M165 {s + 66}V{s + 30}", "hair"))
    o.append(
        organ("embeddings", (112, s - 116, 140, 148), moved(136, s - 30, embedding()), (137, s - 50), link)
    )
    # attention
    o.append(path(f"M290 {s}V270q0-14 10-14H312", "stream open") + norm(290, s - 57))
    o.append(path("M312 256L334 222M312 256H334M312 256L334 290", "hair"))
    o.append(organ("qkv", (318, 196, 158, 150), moved(336, 210, strands()), (338, 330), link))
    o.append(path("M386 222H424M450 222H508M386 256H424M450 256H508M386 290H496q12 0 12-10", "hair"))
    turned = moved(424, 209, dial(22, 6, "query")) + moved(424, 243, dial(18, 22, "key"))
    o.append(organ("rope", (414, 174, 158, 102), turned, (437, 190), link))
    o.append(organ("multi-head-attention", (502, 203, 148, 123), moved(510, 208, heads()), (508, 312), link))
    o.append(path(f"M594 256H644q14 0 14 14V{s - 9}", "stream open"))
    # feed-forward
    o.append(path(f"M700 {s}V428", "stream open") + norm(700, s + 29))
    wide_layer = moved(650, s + 54, feed_forward())
    o.append(organ("feed-forward-network", (634, s + 46, 150, 140), wide_layer, (650, s + 172), link))
    o.append(path(f"M762 {s + 106}H776V{s + 9}", "stream open"))
    o.append(
        organ(
            "neuron-activation", (478, s + 40, 124, 132), moved(496, s + 46, neuron()), (502, s + 152), link
        )
    )
    o.append(path(f"M696 {s + 92}L582 {s + 66}M696 {s + 98}L578 {s + 118}", "hair dash"))
    o.append(plus(658, s) + plus(776, s))
    # out
    chosen = path(f"M956 {s - 14}L984 {s}", "prob open") + rect(984, s - 14, 56, 26, "line paper")
    chosen += text(1012, s + 4, "·on", "mono middle")
    bars = moved(868, s - 44, logits()) + chosen
    o.append(norm(837, s))
    o.append(organ("logits-and-sampling", (856, s - 76, 204, 164), bars, (870, s + 68), link))
    # serving
    o.append(path("M400 256V128", "key open dash") + path("M410 290V128", "value open dash"))
    o.append(organ("kv-cache", (300, 66, 300, 72), moved(322, 82, cache()), (500, 104), link))
    o.append(organ("quantization", (846, 62, 156, 126), moved(856, 76, stairs()), (858, 164), link))
    o.append(path("M846 120L812 150", "hair dash"))
    # training
    o.append(path(f"M912 {s + 100}V{s + 200}", "loss open dash"))
    o.append(circle(912, s + 216, 15, "loss") + text(912, s + 221, "loss", "small middle"))
    way_back = path(f"M894 {s + 216}H288", "loss open dash") + path(f"M300 {s + 209}l-12 7 12 7", "loss open")
    o.append(organ("backpropagation", (262, s + 198, 626, 54), way_back, (522, s + 236), link))
    o.append(path(f"M288 {s + 216}H170V{s + 232}", "loss open dash"))
    o.append(
        organ("optimizers", (104, s + 228, 140, 120), moved(124, s + 236, contours()), (122, s + 332), link)
    )
    o.append(
        organ("training-phases", (330, s + 256, 184, 98), moved(348, s + 262, curves()), (350, s + 342), link)
    )
    o.append(
        organ("post-training", (640, s + 256, 184, 98), moved(660, s + 258, bubbles()), (662, s + 342), link)
    )
    return plate("wide", 1080, 736, "".join(o))


TALL = (  # organs from top to bottom: stem, drawing, its width, its height
    ("tokenization", chips, 138, 24),
    ("embeddings", embedding, 72, 60),
    ("qkv", strands, 50, 92),
    ("rope", dials, 60, 26),
    ("multi-head-attention", heads, 82, 82),
    ("feed-forward-network", feed_forward, 112, 104),
    ("neuron-activation", neuron, 88, 88),
    ("transformer-block", None, 0, 0),
    ("logits-and-sampling", logits, 84, 88),
    ("backpropagation", arrow, 112, 16),
    ("optimizers", contours, 92, 76),
    ("training-phases", curves, 118, 62),
    ("post-training", bubbles, 108, 72),
    ("kv-cache", cache, 156, 52),
    ("quantization", stairs, 132, 62),
)


def tall(link):
    """The map for a phone, 360 wide: text flows from top to bottom, the residual stream at the left."""
    stream, label, column = 30, 192, 112  # x of the stream and of the numbers, width of the drawings
    layers = PUBLISHED["SmolLM2-135M"].n_layers
    y, under, o = 14, [], []
    middle = {}  # y of the middle of each organ
    for stem, draw, width, height in TALL:
        if stem == "qkv":
            y += 8
            block_top = y
            y += 14
        elif stem == "transformer-block":
            tall_block = y - block_top + 44
            under += [rect(50 - k, block_top - 6 + k, 304, tall_block, "line paper", 3) for k in (0, 6)]
            o.append(organ(stem, (44, y - 2, 304, 42), "", (66, y + 19), link))
            o.append(text(230, y + 24, f"× {layers} layers", "small"))
            y += 66
            continue
        elif stem == "backpropagation":
            o.append(text(52, y + 30, "Training, the way back", "aside"))
            y += 44
        elif stem == "kv-cache":
            o.append(text(52, y + 28, "Serving, the way to the reader", "aside"))
            y += 42
        scale = min(1, round(column / width, 2))
        row = max(height * scale + 14, 48)
        middle[stem] = y + row / 2
        placed = moved(56 + (column - width * scale) / 2, y + (row - height * scale) / 2, draw(), scale)
        o.append(organ(stem, (52, y, 290, row), placed, (label, middle[stem]), link))
        if stem in ("qkv", "feed-forward-network"):
            under.append(path(f"M{stream} {y + 4}H40q8 0 8 8", "stream open"))
        y += row + 4
        if stem in ("multi-head-attention", "neuron-activation"):
            o.append(path(f"M58 {y - 8}H{stream + 9}", "stream open") + plus(stream, y - 8))
    start, end = middle["embeddings"], middle["logits-and-sampling"]
    o.append(path(f"M{stream} {end}H56", "stream open"))
    under.append(path(f"M82 {start}H{stream}V{end}", "spine"))
    under.append(path(f"M56 {end + 4}H12V26H54M46 21l9 5-9 5", "loop"))
    return plate("tall", 360, y + 6, "".join(under + o))


# ---- you are here --------------------------------------------------------------------------------


def small_organs():
    """Each organ in some twenty units, in place on the strip: stem -> (drawing, its box)."""
    chip = "".join(rect(2 + 13 * i, 32, 11, 13, "line paper") for i in range(3))
    cells = "".join(
        rect(54 + 7 * c, 28 + 7 * r, 7, 7, "line paper stream" if r == 1 else "line paper", 0)
        for r in range(3)
        for c in range(4)
    )
    inks = ("query", "key", "value")
    qkv = "".join(rect(104, 13 + 7 * i, 19, 5, f"line paper {ink}", 1) for i, ink in enumerate(inks))
    lens = path("M112 49L129 43V65L112 59ZM129 43h8V65h-8ZM137 43L154 49V59L137 65Z", "line paper ffn")
    bars = "".join(
        rect(304, 15 + 8.6 * i, w, 6, "line paper prob", 0) for i, w in enumerate((9, 28, 15, 20, 6))
    )
    tray = "".join(
        rect(186 + 7.5 * i, y, 5.5, 9, f"line paper {ink}", 0)
        for i in range(5)
        for y, ink in ((13, "key"), (24, "value"))
    )
    contour = "".join(
        f'<ellipse cx="357" cy="55" rx="{rx}" ry="{ry}" class="line loss open"/>'
        for rx, ry in ((12, 8), (5.5, 3.5))
    )
    return {
        "transformer-block": (rect(94, 4, 198, 70, "line paper", 3), (91, 1, 204, 76)),
        "tokenization": (chip, (-2, 28, 45, 21)),
        "embeddings": (cells, (50, 24, 36, 29)),
        "qkv": (qkv, (100, 9, 27, 27)),
        "rope": (circle(142, 23, 8.5, "line paper query") + path("M142 23l5-5"), (130, 11, 24, 24)),
        "multi-head-attention": (
            rect(160, 14, 18, 18, "line paper", 0) + path("M160 14L178 32H160Z", "cell"),
            (156, 10, 26, 26),
        ),
        "kv-cache": (tray, (182, 9, 43, 28)),
        "quantization": (path("M248 31V25H256V19H264V13H272"), (243, 9, 34, 27)),
        "feed-forward-network": (lens, (108, 39, 50, 30)),
        "neuron-activation": (
            circle(190, 54, 9.5, "line paper ffn") + path("M184 57h5l5-6"),
            (177, 41, 26, 26),
        ),
        "logits-and-sampling": (path("M304 13V59") + bars, (299, 9, 39, 54)),
        "backpropagation": (path("M368 22H347M354 15l-7 7 7 7", "line loss open"), (342, 10, 31, 24)),
        "optimizers": (contour, (341, 43, 32, 24)),
        "training-phases": (
            path("M382 12V33H402") + path("M385 14C389 26 395 28 402 29", "line loss open"),
            (378, 8, 28, 29),
        ),
        "post-training": (path("M380 46h21v13H390l-6 6v-6h-4Z", "line paper loss"), (376, 42, 29, 27)),
    }


def strip(lit):
    """The whole model in one line, one organ lit: its box, its number."""
    organs = small_organs()
    o = []
    for stem, (drawing, _) in organs.items():
        if stem == "tokenization":  # the stream lies on the block and under everything else
            o.append(path("M44 38H304", "spine"))
        o.append(f'<g class="lit">{drawing}</g>' if stem == lit else drawing)
    x, y, width, height = organs[lit][1]
    o.append(rect(x, y, width, height, "box", 4))
    o.append(
        circle(x + width, y, 9.5, "pin")
        + text(x + width, y + 4.2, str(BY_STEM[lit].number), "pin-number middle")
    )
    return f'<svg class="model-map strip" viewBox="-4 -10 422 90" aria-hidden="true">{"".join(o)}</svg>'


# ---- for paper -----------------------------------------------------------------------------------


def standalone(lit=None, link=None):
    """The wide map, or the strip of one organ, in light inks, with its own style: what needs no page around it.

    link: the address of an organ's chapter, or None, for a map that stands on a page; a file has no links.
    """
    inks = {name: light for name, (light, _) in INKS.items()}
    inks |= {f"{name}-wash": wash(name) for name in MEANINGS}
    fonts = {
        "display": "Old Standard, Georgia, serif",
        "sans": "Liberation Sans, Helvetica, Arial, sans-serif",
    }
    fonts["mono"] = "Liberation Mono, Menlo, Consolas, monospace"
    values = inks | fonts
    css = re.sub(r"var\(--([\w-]+)\)", lambda found: values[found[1]], CSS.read_text("utf-8"))
    css = css[: css.index("/* page */")]
    svg = strip(lit) if lit else wide(link or (lambda stem: ""))
    if not link:
        svg = svg.replace("<a ", "<g ").replace("</a>", "</g>").replace(' href=""', "")
        svg = svg.replace('role="group"', 'role="img"').replace(' aria-hidden="true"', "")
    head, body = svg.split(">", 1)
    width, height = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', head).groups()
    head += f' xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    return f"{head}><style>{css}</style>{body}\n"
