"""Figures of the chapter on embeddings. Chapter: book/embeddings.md

They show what anatomy.studies.embeddings has measured; nothing is measured here.
"""

import base64

import numpy as np
from bokeh.layouts import column
from bokeh.models import CategoricalColorMapper

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed
from anatomy.figures.theme import CLEAR, ink, mappers, wash
from anatomy.figures.view import View
from anatomy.studies.embeddings import N_NEAR, N_RECALLED, TARGETS, neighbours

# A class has one mark in all figures: plain ones for the toy's classes, dotted ones for the real table's.
MARKERS = {
    "name": "circle", "animal": "triangle", "place": "diamond", "colour": "square", "thing": "hex",
    "food": "inverted_triangle", "mood": "star", "colours": "square_dot", "countries": "diamond_dot",
    "verbs": "star_dot", "cities": "circle_dot", "body": "hex_dot",
}  # fmt: skip
PLANE_WIDTH = 328  # pixels that words may take in a plane, as wide on a phone as beside a second plot
GROUP = 32  # numbers that share a scale, as in the checkpoint
UNITS = 2**21  # the checkpoint's scales are whole multiples of 1 / UNITS
EDGE = 14  # of a plane's frame, in pixels


def frame_of(points, height, margin=0.14):
    """The ranges of a plane round points (n, 2), and its size in pixels, as the script places words."""
    low, high = points.min(axis=0), points.max(axis=0)
    gap = margin * (high - low)
    x, y = zip((low - gap).tolist(), (high + gap).tolist(), strict=True)
    return {"x": x, "y": y, "width": PLANE_WIDTH, "height": height - EDGE - 26}  # 26: its title


def word_plane(view, name, title, frame, height, classes):
    """An empty plane without axes. Returns the plot and its marks."""
    p = parts.plot(height, grid=None, x=frame["x"], y=frame["y"])
    p.axis.visible = p.frame_align = False
    p.outline_line_color = ink("rule")
    parts.title(view, title, p)
    return p, parts.plane(view, name, p, [MARKERS[kind] for kind in classes])


def rings(view, name, p, size=17, marker="circle"):
    """Outlines round marks that the script names by `{name: {x, y}}`."""
    source = view.source(name, "x", "y")
    p.scatter(
        "x", "y", source=source, size=size, marker=marker, fill_color=None, line_color=ink("ink"), line_width=1.5
    )  # fmt: skip


# --- One-hot times matrix ------------------------------------------------------------------------


def lookup(words, table, first=2):
    """A one-hot column beside a small table, each row times its 0 or 1, and their sum.

    words: n_vocab tokens, in the order of their ids; table (n_vocab, d).
    """
    n_vocab, width = table.shape
    view = View("embeddings_lookup", words=words, table=table)
    high = float(np.abs(table).max())
    dims = [str(j) for j in range(width)]
    height = 64 + 29 * (n_vocab + 1)
    left, cells = parts.heatmap(
        view,
        "table",
        [*words, ""],
        ["one-hot", *dims],
        "stream",
        high,
        -high,
        height,
        "one-hot row, upright, and table",
    )
    view.parts["table"].data["pick"] = [
        min(i, n_vocab - 1) for i in range(n_vocab + 1) for _ in range(width + 1)
    ]
    parts.ring(view, "chosen", left)
    right, _ = parts.heatmap(
        view, "products", [*words, "sum"], dims, "stream", high, -high, height, "each row times its 0 or 1"
    )
    left.title.text, left.title_location, right.title_location = " ", "below", "below"
    parts.title(view, "title", right)
    view.control(token=parts.choice("Token", words, first))
    view.pick(left, cells, "token")
    conclusion = (
        "The product of a one-hot row with the table multiplies every row by 0 except one. The sum at the bottom is "
        "that row, so nobody computes the product: the row is looked up."
    )
    return Figure(
        parts.side_by_side(left, right),
        view=view,
        name="embeddings-lookup",
        alt=f"Left, a column of {n_vocab} numbers that is 1 for {words[first]} and 0 elsewhere, beside a table of "
        f"{n_vocab} rows. Right, each row times its number of the column: all rows are 0 but one, so the sum is "
        "that row.",
        caption=f"Choose a token, in the list or in the table. {conclusion}",
        print_caption=conclusion,
        data=Table(
            ["token", "one-hot", *dims],
            [
                [f"{i} {word}", int(i == first), *(fixed(x, 1) for x in row)]
                for i, (word, row) in enumerate(zip(words, table, strict=True))
            ],
        ),
        provenance="toy",
    )


# --- Embeddings forming --------------------------------------------------------------------------


def forming(found):
    """Words moving into groups while a skip-gram is trained, with its loss and silhouette. found: Forming."""
    last, height = int(found.steps[-1]), 282
    frame = frame_of(found.places.reshape(-1, 2), height)
    view = View(
        "embeddings_forming", digits=4, words=found.words, classes=found.classes, frame=frame,
        xs=np.round(found.places[..., 0], 2), ys=np.round(found.places[..., 1], 2), steps=found.steps,
        losses=found.losses, silhouettes=found.silhouettes,
    )  # fmt: skip
    left, _ = word_plane(view, "points", "title", frame, height, found.classes)
    loss = progress(view, "loss", "loss", found.steps, found.losses, (0, 4.6), [0, 2, 4])
    score = progress(view, "silhouette", "stream", found.steps, found.silhouettes, (-0.2, 1.1), [0, 0.5, 1])
    score.xaxis.axis_label = "step"
    view.control(step=parts.slider("Training step", 0, last, last, int(found.steps[1] - found.steps[0])))
    shown = [0, len(found.steps) // 10, len(found.steps) // 4, len(found.steps) // 2, len(found.steps) - 1]
    conclusion = (
        "Nobody tells the program what an animal is. Words with the same neighbours are pulled the same way, and "
        "the classes part while the loss falls."
    )
    return Figure(
        parts.side_by_side(left, column(loss, score, sizing_mode="stretch_width", spacing=0)),
        view=view,
        name="embeddings-forming",
        alt=f"Left, {len(found.words)} words as marks in a plane, one kind of mark for each of "
        f"{len(set(found.classes))} classes, in tight groups. Right, over {last} steps, the loss falls from "
        f"{found.losses[0]:.2f} to {found.losses[-1]:.2f} and the silhouette rises from "
        f"{fixed(found.silhouettes[0])} to {found.silhouettes[-1]:.2f}.",
        caption=f"Drag the slider back to 0, where the words lie mixed, then forward. {conclusion} Two words of each "
        "class carry their name where there is room.",
        print_caption=f"{conclusion} Two words of each class carry their name where there is room.",
        print_states={f"step {step}": {"step": step} for step in (0, last)},
        data=Table(
            ["step", "loss", "silhouette"],
            [[int(found.steps[k]), f"{found.losses[k]:.2f}", fixed(found.silhouettes[k])] for k in shown],
        ),
        provenance="trained",
        source=f"Trained while this page was built. The plane holds {100 * found.kept:.0f}% of the last step's "
        "variance; loss and silhouette are computed from all dimensions.",
    )


def progress(view, name, hue, steps, values, ends, at):
    """One number over the steps of training, with a line and a dot where the slider stands."""
    p = parts.plot(134, x=(0, float(steps[-1]) * 1.04), y=ends)
    parts.ticks(p.yaxis, at)
    parts.title(view, f"{name}_title", p)
    p.line(steps, values, line_color=ink(hue))
    parts.rule(view, f"{name}_here", p)
    parts.dots(view, f"{name}_dot", p, hue)
    return p


# --- The toy's own embeddings --------------------------------------------------------------------


def pair(found, first="mia", n_shown=3):
    """The same words in two tables, with the neighbours of a word of the reader's choice. found: Pair."""
    height, places = 270, found.places
    frames = {title: frame_of(points, height) for title, points in places.items()}
    view = View(
        "embeddings_pair", digits=4, words=found.words, classes=found.classes, n_shown=n_shown,
        tables=[
            {"title": title, "rows": found.rows[title], "x": points[:, 0], "y": points[:, 1], "frame": frames[title]}
            for title, points in places.items()
        ],
    )  # fmt: skip
    view.control(word=parts.choice("Word", found.words, found.words.index(first)))
    plots = []
    for t, title in enumerate(places):
        p, drawn = word_plane(view, f"points{t}", f"title{t}", frames[title], height, found.classes)
        rings(view, f"rings{t}", p)
        view.pick(p, drawn, "word")
        p.xaxis.visible = True
        parts.bare(p).xaxis.major_label_text_font_size = "0px"
        p.xaxis.axis_label = f"{title}: silhouette {found.silhouettes[title]:.2f}"
        plots.append(p)
    conclusion = (
        "In both tables the three nearest words, ringed and found from all dimensions, are of its own class, "
        "wherever the class has so many. "
        "The language model keeps the words of a class further apart."
    )
    described = "; ".join(f"{title}, silhouette {score:.2f}" for title, score in found.silhouettes.items())
    near = {title: neighbours(rows, 1)[:, 0] for title, rows in found.rows.items()}
    return Figure(
        parts.side_by_side(*plots),
        view=view,
        name="embeddings-pair",
        alt=f"The same {len(found.words)} words of {len(set(found.classes))} classes in two planes: {described}. Both "
        "show the classes apart; the language model's are looser.",
        caption=f"Choose a word, in the list or in a plane. {conclusion}",
        print_caption=f"One word, {first}, is chosen. {conclusion}",
        data=Table(
            ["word", "class", *(f"nearest, {title}" for title in places)],
            [
                [word, kind, *(found.words[near[title][i]] for title in places)]
                for i, (word, kind) in enumerate(zip(found.words, found.classes, strict=True))
            ],
        ),
        provenance="trained",
        source="The first table is trained while this page is built, the second is that of anatomy.tiny_tales. A class "
        "has the same mark as in the figure before.",
    )


# --- A row of the real table ---------------------------------------------------------------------


def pack(rows):
    """Rows (n, d) -> codes (n, d) int8 and scales (n, d / GROUP) uint16, in 1 / UNITS.

    Exact for rows of the checkpoint, whose numbers are such codes times such scales.
    """
    groups = np.asarray(rows, float).reshape(len(rows), -1, GROUP)
    scales = np.round(np.abs(groups).max(axis=-1) / 127 * UNITS).astype("<u2")
    codes = np.round(groups / (scales[..., None] / UNITS)).astype(np.int8)
    return codes.reshape(rows.shape), scales


def unpack(codes, scales):
    """The rows again, as the page computes them."""
    return codes * np.repeat(scales / UNITS, codes.shape[1] // scales.shape[1], axis=1)


def text_of(numbers):
    """An array's bytes as text: a third of what their digits would take."""
    return base64.b64encode(numbers.tobytes()).decode()


def row(found, groups, first="frog"):
    """All numbers of one row of the real table, and its nearest neighbours among the words of the page.

    found: Rows; groups: group name -> words, as the list shows them.
    """
    words, width = found.words, found.rows.shape[1]
    codes, scales = pack(found.rows)
    view = View(
        "embeddings_row", digits=4, words=words, codes=text_of(codes), scales=text_of(scales), units=UNITS,
        mean=found.mean, n_shown=N_NEAR,
    )  # fmt: skip
    grid = number_grid(view, width)
    near = parts.bars(view, "near", N_NEAR, "stream", x_label=None, height=220)
    parts.title(view, "near_title", near)
    parts.rule(view, "mean", near)
    view.control(word=parts.choice("Word", groups, words.index(first)))
    view.control(used=parts.slider("Numbers used", 8, width, width, 8))
    view.control(subtracted=parts.tabs(["as stored", "− table mean", "− words’ mean"]))
    which = words.index(first)
    best = neighbours(found.rows)[which]
    cosines = found.rows[best] @ found.rows[which]
    cosines = cosines / np.linalg.norm(found.rows[best], axis=1) / np.linalg.norm(found.rows[which])
    conclusion = (
        "A word's row, and the words whose rows point most nearly the same way; the upright line is the mean cosine "
        "with all others. With half of the numbers most neighbours stay, with 8 few. A cell's place in the grid means "
        "nothing."
    )
    return Figure(
        parts.side_by_side(grid, near),
        view=view,
        name="embeddings-row",
        alt=f"Left, the {width} numbers of the row of {first}, as a grid of cells; no pattern can be read. Right, bars "
        f"of its cosine with the {N_NEAR} nearest of {len(words) - 1} other words: "
        + ", ".join(f"{words[i]} {c:.2f}" for i, c in zip(best[:4], cosines, strict=False))
        + ".",
        caption=f"Choose a word, use fewer of its numbers, subtract from all rows the mean row of the whole table, or "
        f"that of these {len(words)} words. {conclusion}",
        print_caption=conclusion,
        print_states={
            f"{first}, as stored": {},
            f"{first}, minus the table's mean row": {"subtracted": 1},
            f"{first}, the first 72 numbers": {"used": 72},
            "bank, as stored": {"word": words.index("bank")},
        },
        data=Table(
            ["neighbour", f"cosine with {first}"],
            [[words[i], f"{c:.2f}"] for i, c in zip(best, cosines, strict=True)],
        ),
        provenance="real",
        source=f"Rows of SmolLM2-135M-Instruct's embedding table for {len(words)} chosen words, in the checkpoint's "
        "own 8-bit numbers; the page computes every cosine from them. Cosines that agree to three digits keep the "
        "order of the list.",
    )


def number_grid(view, n_numbers):
    """A row's numbers as cells, line by line: `{cells: {value}}`; those of value null are not drawn."""
    width = int(np.ceil(np.sqrt(n_numbers)))
    numbers = np.arange(n_numbers)
    p = parts.bare(parts.plot(216, grid=None, x=(-0.6, width - 0.4), y=(-width + 0.4, 0.6)))
    p.axis.visible = False
    parts.title(view, "cells_title", p)
    cells = view.source("cells", "value", x=numbers % width, y=-(numbers // width))
    fill, _ = mappers("stream", -0.4, 0.4)
    fill.nan_color = CLEAR
    drawn = p.rect(
        "x", "y", 1, 1, source=cells, fill_color={"field": "value", "transform": fill},
        line_color=ink("paper"), line_width=0.5, hover_line_color=ink("ink"),
    )  # fmt: skip
    parts.tooltip(p, "number $index: @value{0.000}", drawn)
    return p


# --- What a plane keeps --------------------------------------------------------------------------


def plane(found, groups, first="Rome"):
    """Real rows flattened to two axes, with what that loses. found: Plane; groups: group name -> words."""
    words, height = found.words, 330
    places = np.round(found.places, 3)
    frame = frame_of(places, height, 0.1)
    view = View(
        "embeddings_plane", words=words, groups=found.groups, frame=frame, x=places[:, 0], y=places[:, 1],
        nearest=found.true,
    )  # fmt: skip
    view.control(word=parts.choice("Word", groups, words.index(first)))
    left, drawn = word_plane(view, "points", "title", frame, height, found.groups)
    view.pick(left, drawn, "word")
    lines = view.source("lines", "x0", "y0", "x1", "y1")
    left.segment("x0", "y0", "x1", "y1", source=lines, line_color=ink("ink"), line_width=1, level="underlay")
    rings(view, "flat", left)
    rings(view, "chosen", left, 20, "square")
    two, n_numbers = found.axes.index(2), found.n_numbers
    near = [words[i] for i in found.true[words.index(first)]]
    truly, flat = (f"{100 * share:.0f}%" for share in found.of_group)
    conclusion = (
        f"Lines lead from the word in the square to its {N_RECALLED} nearest by all {n_numbers} numbers, rings mark "
        f"its {N_RECALLED} nearest in the plane. {first} is among the worst: {(found.n_kept == 0).sum()} of "
        f"the {len(words)} words keep none. Of the true neighbours {truly} are of the word's group, of those in the "
        f"plane {flat}: a flat picture shows groups better than neighbours."
    )
    return Figure(
        parts.side_by_side(left, recall_curve(found)),
        view=view,
        name="embeddings-plane",
        alt=f"Left, {len(words)} words of {len(groups)} groups in a plane that keeps {100 * found.variance[two]:.0f}% "
        f"of their variance; lines lead from {first} to {', '.join(near)}, its nearest in all dimensions. Right, the "
        f"variance kept and the share of the {N_RECALLED} nearest words that stay among the {N_RECALLED} nearest, "
        "against the number of axes.",
        caption=f"Choose a word, in the list or in the plane. {conclusion}",
        print_caption=conclusion,
        print_states={word: {"word": words.index(word)} for word in (first, "head")},
        data=Table(
            ["axes", "variance kept", f"of the {N_RECALLED} nearest kept", "± one standard error"],
            [
                [n, f"{100 * v:.0f}%", f"{100 * r:.0f}%", f"{100 * e:.0f}"]
                for n, v, r, e in zip(found.axes, found.variance, found.recall, found.error, strict=True)
            ],
        ),
        provenance="real",
        source=f"Rows of SmolLM2-135M-Instruct for {len(words)} words, scaled to length 1, and their principal axes. "
        f"The band is one standard error over the words; random neighbours would keep {100 * found.chance:.0f}%.",
    )


def recall_curve(found):
    """Variance and neighbours kept, against the number of axes."""
    p = parts.plot(190, "axes kept", "share", x=(0, 48), y=(0, 1.2))
    parts.ticks(p.yaxis, [0, 0.5, 1])
    parts.ticks(p.xaxis, [2, 10, 20, 30, 40])
    low, high = found.recall - found.error, np.minimum(found.recall + found.error, 1)
    p.varea(found.axes, low, high, fill_color=ink("rule"))
    p.line(found.axes, found.variance, line_color=ink("stream"))
    p.line(found.axes, found.recall, line_color=ink("ink"), line_dash="dashed")
    p.line([2, 2], [0, 1.2], line_color=ink("ink"), line_width=1)
    parts.label(p, 22, 0.55, "variance", "stream")
    parts.label(p, 4, 1.06, f"{N_RECALLED} nearest words", "ink")
    return p


# --- Analogies -----------------------------------------------------------------------------------

LEFT_OUT = ("all tokens", "without three", "without spellings")


def analogy(questions, first=0, left_out=1):
    """Answers to analogies against the whole vocabulary, by what is left out and what is subtracted.

    questions: list of Question.
    """
    view = View(
        "embeddings_analogy", n_shown=N_NEAR,
        questions=[{"words": question.words, "rankings": question.rankings} for question in questions],
    )  # fmt: skip
    p = parts.bars(view, "bars", N_NEAR, "stream", x_label="cosine", height=310, room=1.32)
    fill = CategoricalColorMapper(
        factors=["input", "answer", "other"], palette=[ink("grey"), ink("stream"), wash("stream")]
    )
    view.parts["bars"].data["kind"] = ["other"] * N_NEAR
    p.renderers[0].glyph.fill_color = {"field": "kind", "transform": fill}
    p.renderers[0].glyph.line_color = ink("stream")
    view.part("across", p.xaxis[0])
    parts.title(view, "title", p)
    asked = [f"{a} : {b} = {c} : {answer}?" for a, b, c, answer in (question.words for question in questions)]
    view.control(question=parts.choice("Question, a : b = c : answer?", asked, first))
    view.control(target=parts.tabs(list(TARGETS)))
    view.control(excluded=parts.tabs(LEFT_OUT, left_out))
    a, b, c, answer = questions[first].words
    opening = questions[first].rankings[0][left_out]
    inputs_win = sum(question.rankings[0][0]["kinds"][0] == "input" for question in questions)
    conclusion = (
        f"“{a} is to {b} as {c} is to …”: {a} is a, {b} is b, {c} is c, and the answer is looked for near b − a + c. "
        f"With all tokens allowed, an input wins {inputs_win} of these {len(questions)} questions. Without the "
        "three input tokens, another spelling of one may win."
    )
    return Figure(
        p,
        view=view,
        name="embeddings-analogy",
        alt=f"Bars of the tokens nearest to {b} − {a} + {c}, with these three tokens left out: "
        f"{', '.join(opening['tokens'][:3])} lead. The hoped-for answer {answer} has rank {opening['rank']} of "
        f"{opening['n']:,}.",
        caption=f"{conclusion} Leave out all their spellings; then take the subtraction away, or b as well: "
        "some answers stay first.",
        print_caption=conclusion,
        print_states={words: {"excluded": i} for i, words in enumerate(LEFT_OUT)},
        data=analogy_table(questions),
        provenance="real",
        source="Ranked against the whole vocabulary of SmolLM2-135M-Instruct while this page was built; here the "
        "results are looked up, not computed. Any spelling of the answer counts. · stands for a space.",
    )


def analogy_table(questions):
    """What wins each question by what is left out, and the rank of the answer at last."""
    rows = []
    for question in questions:
        a, b, c, answer = question.words
        by_left_out = question.rankings[0]
        rows.append(
            [
                f"{b} − {a} + {c} = {answer}",
                *(found["tokens"][0] for found in by_left_out),
                by_left_out[2]["rank"],
            ]
        )
    return Table(["question", *LEFT_OUT, "rank of the answer without spellings"], rows)


# --- Tables of the chapter -----------------------------------------------------------------------


def analogies_table(rows, n):
    """Analogies of several kinds, by what is left out. rows: as analogy_rows gives them; n: analogies in all."""
    return Table(
        ["pairs a, b", "right, three tokens left out", "right, all spellings left out",
         "right by b + c, all spellings left out", "right by c alone, all spellings left out",
         "an input wins if nothing is left out"],
        rows,
        name="embeddings-analogies",
        caption=f"{n} analogies against the whole vocabulary, answered by b − a + c except in the two columns that "
        "name another target. Where all spellings are left out, any spelling of the answer counts as right. ± is one "
        "standard error, with pairs drawn anew; where all 56 are right there is none to show.",
        provenance="real",
    )  # fmt: skip


def cost_table(rows):
    """What a table of embeddings costs in published models. rows: as cost_rows gives them."""
    return Table(
        ["model", "tokens × numbers", "parameters, table", "parameters, output", "share of the model, both",
         "read for a token, 16 bits", "FLOPs for a token's logits"],
        rows,
        name="embeddings-costs",
        caption="A look-up reads a few kilobytes. A matrix of the same shape at the output is millions of FLOPs for "
        "each token, and in a small model the two are a large share of everything.",
        provenance="real",
    )  # fmt: skip
