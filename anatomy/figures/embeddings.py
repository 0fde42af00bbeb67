"""Figures of the chapter on embeddings. Chapter: book/embeddings.md

What a figure shows first comes from anatomy.embeddings; what it shows after a control has moved, from the kernels
in callbacks/shared, except the analogies, whose rankings of the whole vocabulary are computed while the book is built.
"""

import numpy as np
from bokeh.models import CategoricalColorMapper, ColumnDataSource, Range1d, Select

from anatomy.embeddings import cosine_matrix, nearest, pca, principal_axes
from anatomy.figures.figure import Figure, Table
from anatomy.figures.old_parts import (
    bare,
    bars,
    callback,
    choice,
    end_label,
    fixed,
    heatmap,
    hover,
    line,
    on_change,
    plot,
    side_by_side,
    slider,
    switch,
)
from anatomy.figures.theme import ink, mappers, wash

MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star")
N_NEAR = 8  # neighbours shown


def listed(groups):
    """Group name -> words, out of group name -> words in one string."""
    return {name: members.split() for name, members in groups.items()}


# Words that are single tokens of SmolLM2, each with its space.
WORDS = listed(
    {
        "days, months": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January April July "
        "December",
        "numbers": "one two three four five six seven eight nine ten hundred thousand",
        "colours": "red blue green yellow black white brown pink purple orange grey gold",
        "animals": "dog cat horse cow pig sheep bird fish lion wolf mouse snake frog bear rabbit",
        "people": "man woman boy girl king queen prince princess mother father sister brother daughter "
        "son uncle aunt",
        "work": "doctor nurse teacher student lawyer judge soldier farmer",
        "countries": "France Italy Germany Spain Japan China Russia India Egypt Greece",
        "cities": "Paris Rome Berlin Madrid Tokyo London Moscow Vienna Cairo Athens",
        "food": "bread cheese milk butter sugar salt rice soup apple banana lemon wine beer coffee",
        "body": "hand foot arm leg head eye ear nose mouth heart brain blood",
        "nature": "river lake ocean mountain forest desert island tree flower grass sun moon star sky "
        "rain snow",
        "qualities": "hot cold warm cool big small large tiny tall short happy sad angry proud",
        "things": "table chair door window house car boat train book knife bottle piano guitar violin",
        "computing": "Python Java computer software keyboard database server code",
        "verbs": "run ran walk walked eat ate drink drank write wrote buy bought sell sold",
        "small words": "the a of and or but in on under between",
        "more than one meaning": "bank spring light match bow fair",
    }
)
FLAT_WORDS = listed(
    {
        "colours": "red blue green yellow black white brown purple",
        "countries": "France Italy Germany Spain Japan China Russia India",
        "verbs": "run walk jump eat drink sleep write speak",
        "cities": "Paris Rome Berlin Madrid Tokyo London Moscow Vienna",
        "food": "bread cheese milk butter sugar rice soup banana",
        "body": "hand foot arm leg head eye ear nose",
    }
)


def label_groups(p, points, kinds):
    """Write each group's name beside it, where it is furthest from the points and from the names before it.

    points (n, 2), kinds: n names. p must have its ranges.
    """
    kinds = np.array(kinds)
    taken = points
    width, height = p.x_range.end - p.x_range.start, p.y_range.end - p.y_range.start
    for kind in dict.fromkeys(kinds.tolist()):
        low, high = points[kinds == kind].min(axis=0), points[kinds == kind].max(axis=0)
        x, y = (low + high) / 2
        spots = [
            (x, high[1] + 0.05 * height),
            (x, low[1] - 0.05 * height),
            (high[0] + 0.11 * width, y),
            (low[0] - 0.11 * width, y),
        ]
        spots = np.array([spot for spot in spots if inside(p, *spot, 0.1 * width)])
        gaps = (spots[:, None] - taken) / (2 * width, height)  # words are wide
        best = spots[(gaps**2).sum(axis=-1).min(axis=1).argmax()]
        end_label(p, *map(float, best), kind, "muted", (0, 0), "center")
        taken = np.vstack([taken, best])


def inside(p, x, y, margin):
    """Whether a word at (x, y) stays in the plot."""
    return p.x_range.start + margin < x < p.x_range.end - margin and p.y_range.start < y < p.y_range.end


# --- One-hot times matrix ------------------------------------------------------------------------


def lookup(words, table, products, first=2):
    """A one-hot column beside a small table, the product of each row, and their sum.

    words: n_vocab tokens, in the order of their ids; table (n_vocab, d); products (n_vocab, d): row by row, for the
    token whose id is `first`.
    """
    n_vocab, width = table.shape
    hot = np.arange(n_vocab) == first
    names = [f"{i} {word}" for i, word in enumerate(words)]
    high = float(np.abs(table).max())
    dims = [str(j) for j in range(width)]
    ids = "one-hot"
    height = 90 + 40 * (n_vocab + 1)
    beside = np.vstack([np.column_stack([hot, table]), np.zeros(width + 1)])
    no_sum = [[i == n_vocab] * (width + 1) for i in range(n_vocab + 1)]
    left, source = heatmap(
        beside, [*words, ""], [ids, *dims], "stream", -high, high, height=height, hidden=no_sum
    )
    source.data["text"] = [
        str(int(v)) if c == ids else fixed(v, 1)
        for v, c in zip(source.data["value"], source.data["column"], strict=True)
    ]
    total = products.sum(axis=0)
    right, product_source = heatmap(
        np.vstack([products, total]) + 0.0, [*words, "sum"], dims, "stream", -high, high, height=height
    )
    product_source.data["text"] = [fixed(v, 1) for v in product_source.data["value"]]
    left.xaxis.axis_label, right.xaxis.axis_label = (
        "one-hot row, upright, and the table",
        "each row times its 0 or 1",
    )
    left.title.text, right.title.text = " ", f"the sum is row {first} of the table"
    for p in (left, right):
        p.title_location = "below"
    control = choice("Token", words, words[first])
    on_change(
        control,
        callback(
            "embeddings_lookup",
            "row_times_matrix",
            table=[[float(x) for x in row] for row in table],
            ids=ids,
            source=source,
            products=product_source,
            title=right.title,
            words=list(words),
        ),
    )
    return Figure(
        side_by_side(left, right),
        name="embeddings-lookup",
        alt=f"Left, a column of {n_vocab} numbers that is 1 for {words[first]} and 0 elsewhere, beside a "
        "table of "
        f"{n_vocab} rows. Right, each row times its number of the column: all rows are 0 but one, so the "
        "sum is that row.",
        caption="Choose a token. The product of its one-hot row with the table multiplies every row by 0 "
        "except "
        "one. The sum at the bottom is that row, so nobody computes the product: the row is looked up.",
        data=Table(
            ["token", ids, *dims],
            [[n, int(h), *(fixed(v, 1) for v in row)] for n, h, row in zip(names, hot, table, strict=True)],
        ),
        provenance="toy",
        controls=[control],
    )


# --- A row of the real table ---------------------------------------------------------------------

GROUP = 32  # numbers that share a scale, as in the checkpoint


def pack(rows):
    """Rows (n, d) -> codes (n, d) int8 and scales (n, d / GROUP): exact for rows that came from such "
    "codes."""
    groups = rows.reshape(len(rows), -1, GROUP)
    scales = np.abs(groups).max(axis=-1) / 127
    codes = np.round(groups / scales[..., None]).astype(np.int8)
    return codes.reshape(rows.shape), scales


def unpack(codes, scales):
    """The rows again, as the page computes them."""
    return codes * np.repeat(scales, codes.shape[1] // scales.shape[1], axis=1)


def row(groups, rows, mean, first="Monday"):
    """All numbers of one row of the real table, and its nearest neighbours among the words of the page.

    groups: group name -> words; rows (n_words, d_model), in that order; mean (d_model,) of the whole table.
    """
    words = [word for group in groups.values() for word in group]
    codes, scales = pack(np.asarray(rows, np.float32))
    mean = np.round(np.asarray(mean, float), 6)
    table = unpack(codes, scales.astype(float))
    which = words.index(first)
    width = int(np.sqrt(table.shape[1]))
    numbers = np.arange(table.shape[1])

    cells = ColumnDataSource(
        {
            "x": (numbers % width).tolist(),
            "y": (-(numbers // width)).tolist(),
            "value": [round(float(x), 3) for x in table[which]],
        }
    )
    fill, _ = mappers("stream", -0.4, 0.4)
    grid = bare(plot(360, grid=None, x_range=Range1d(-0.6, width - 0.4), y_range=Range1d(-width + 0.4, 0.6)))
    grid.axis.visible = False
    drawn = grid.rect("x", "y", 1, 1, source=cells, fill_color={"field": "value", "transform": fill},
                      line_color=ink("paper"), line_width=0.5, hover_line_color=ink("ink"))  # fmt: skip
    hover(grid, "number $index: @value{0.000}", [drawn])
    grid.title.text = f"{table.shape[1]} numbers"

    ids, cosines = nearest(table, which, k=N_NEAR)
    near, source = bars(
        [words[i] for i in ids], [round(float(c), 3) for c in cosines], "stream", "{:.2f}", 360, 1
    )
    near.x_range = Range1d(-0.62, 1.2)
    everyone = cosine_matrix(table)[which]
    near.title.text = f"mean of all {len(words) - 1}: {fixed((everyone.sum() - 1) / (len(words) - 1))}"

    word = Select(title="Word", options=dict(groups), value=first)
    used = slider("Numbers used", 8, table.shape[1], table.shape[1], 8)
    centred = switch("Subtract the mean row of the table")
    redraw = callback(
        "embeddings_row",
        "unpack_rows",
        "cosines",
        "most_likely_first",
        word=word,
        used=used,
        centred=centred,
        words=words,
        codes=codes,
        scales=scales,
        mean=mean.tolist(),
        cells=cells,
        bars=source,
        title=near.title,
        n_shown=N_NEAR,
    )
    for control in (word, used, centred):
        on_change(control, redraw)
    return Figure(
        side_by_side(grid, near),
        name="embeddings-row",
        alt=f"Left, the {table.shape[1]} numbers of the row of {first}, as a grid of cells; no pattern can "
        "be read. Right, "
        f"bars of its cosine with the {N_NEAR} nearest of {len(words) - 1} other words: "
        + ", ".join(f"{words[i]} {c:.2f}" for i, c in zip(ids[:4], cosines, strict=False))
        + ".",
        caption="Choose a word: its row, and the words whose rows point most nearly the same way. Use fewer "
        "numbers, and the neighbours fade slowly: no single number holds the meaning. A cell's place in "
        "the grid "
        "means nothing.",
        data=Table(
            ["neighbour", f"cosine with {first}"],
            [[words[i], f"{c:.3f}"] for i, c in zip(ids, cosines, strict=True)],
        ),
        provenance="real",
        controls=[word, used, centred],
        source=f"Rows of SmolLM2-135M-Instruct's embedding table for {len(words)} chosen words, in the "
        "checkpoint's own "
        "8-bit numbers; the page computes every cosine from them. For that it carries "
        f"{codes.nbytes // 1000} kB, more than "
        "any other figure of this chapter, and fetches it when you come near.",
        digits=7,
    )


# --- Embeddings forming --------------------------------------------------------------------------


def forming(words, classes, places, steps, losses, silhouettes, kept):
    """Words moving into groups while a skip-gram is trained, with its loss and silhouette.

    words, classes: n labels each; places (n_steps, n, 2), on the axes of the last step; steps, losses, silhouettes
    (n_steps,); kept: share of the last step's variance in the plane.
    """
    names = list(dict.fromkeys(classes))
    places = np.round(places, 2)
    last = len(steps) - 1  # the figure starts there, where the groups can be read
    low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
    margin = 0.16 * (high - low)
    (x0, y0), (x1, y1) = (low - margin).tolist(), (high + margin).tolist()

    left = plot(380, grid=None, x_range=Range1d(x0, x1), y_range=Range1d(y0, y1))
    left.axis.visible = left.frame_align = False
    left.outline_line_color = ink("rule")
    label_groups(left, places[-1], classes)
    source = ColumnDataSource(
        {
            "x": places[last][:, 0],
            "y": places[last][:, 1],
            "word": list(words),
            "kind": list(classes),
            "marker": [MARKERS[names.index(c)] for c in classes],
        }
    )
    drawn = left.scatter("x", "y", source=source, size=9, marker="marker", fill_color=wash("stream"),
                         line_color=ink("stream"), line_width=1.5)  # fmt: skip
    hover(left, "@word, @kind", [drawn])

    right = plot(380, "step", None)
    right.x_range = Range1d(0, steps[-1] * 1.02)
    right.y_range = Range1d(min(-0.35, min(silhouettes) - 0.1), max(losses) * 1.08)
    line(right, steps, losses, "loss", "loss", label_at=last, offset=(-4, 14), align="right")
    line(
        right,
        steps,
        silhouettes,
        "stream",
        "silhouette",
        label_at=last,
        offset=(-4, -16),
        align="right",
        dash="dashed",
    )
    here = ColumnDataSource(
        {
            "x": [steps[last]] * 2,
            "loss": [losses[last]] * 2,
            "silhouette": [silhouettes[last]] * 2,
            "span": [-1, max(losses) * 2],
        }
    )
    right.line("x", "span", source=here, line_color=ink("ink"), line_width=1)
    right.scatter("x", "loss", source=here, size=7, fill_color=ink("loss"), line_color=ink("paper"))
    right.scatter("x", "silhouette", source=here, size=7, fill_color=ink("stream"), line_color=ink("paper"))
    left.title.text = f"step {steps[last]}: loss {losses[last]:.2f}, silhouette {fixed(silhouettes[last])}"

    every = int(steps[1] - steps[0])
    control = slider("Training step", 0, int(steps[-1]), int(steps[last]), every)
    on_change(
        control,
        callback(
            "embeddings_forming",
            points=source,
            here=here,
            title=left.title,
            xs=[frame[:, 0].tolist() for frame in places],
            ys=[frame[:, 1].tolist() for frame in places],
            steps=[int(s) for s in steps],
            losses=[round(float(x), 3) for x in losses],
            silhouettes=[round(float(x), 3) for x in silhouettes],
        ),
    )
    shown = [0, last // 10, last // 4, last // 2, last]
    return Figure(
        side_by_side(left, right),
        name="embeddings-forming",
        alt=f"Left, {len(words)} words as marks in a plane, with the names of their {len(names)} classes "
        "where each class "
        f"ends up. They start mixed at the centre and end in tight groups. Right, over {steps[-1]} steps, "
        "the loss falls from "
        f"{losses[0]:.2f} to {losses[-1]:.2f} and the silhouette rises from {silhouettes[0]:.2f} to "
        f"{silhouettes[-1]:.2f}.",
        caption="Drag the slider back to 0, then forward. Nobody tells the program what an animal is: words with the "
        "same neighbours are pulled the same way, and the classes part. Each name stands where its class ends up.",
        data=Table(
            ["step", "loss", "silhouette"],
            [[int(steps[k]), f"{losses[k]:.3f}", fixed(silhouettes[k], 3)] for k in shown],
        ),
        provenance="trained",
        controls=[control],
        source=f"Trained while this page was built. The plane holds {100 * kept:.0f}% of the last step's "
        "variance; "
        "loss and silhouette are computed from all dimensions.",
    )


# --- The toy's own embeddings --------------------------------------------------------------------


def pair(words, classes, tables, first="mia", n_shown=3):
    """The same words in two tables, each flattened, with the neighbours of a word of the reader's choice.

    tables: title -> (rows (n, d), silhouette).
    """
    names = list(dict.fromkeys(classes))
    which = list(words).index(first)
    plots, points, marks, data = [], [], [], []
    for title, (rows, score) in tables.items():
        rows = np.round(np.asarray(rows, float), 3)
        flat, _ = pca(rows)
        flat = np.round(flat, 3)
        p = plot(330, grid=None)
        lo, hi = flat.min(axis=0), flat.max(axis=0)
        margin = (hi - lo) * (0.16, 0.16)
        p.x_range = Range1d(*(float(v) for v in (lo[0] - margin[0], hi[0] + margin[0])))
        p.y_range = Range1d(*(float(v) for v in (lo[1] - margin[1], hi[1] + margin[1])))
        p.xaxis.axis_label = f"{title}: silhouette {score:.2f}"
        for axis in p.axis:
            axis.axis_line_color = axis.major_tick_line_color = None
            axis.major_label_text_font_size = "0px"
        p.outline_line_color = ink("rule")
        source = ColumnDataSource(
            {
                "x": flat[:, 0],
                "y": flat[:, 1],
                "word": list(words),
                "kind": list(classes),
                "marker": [MARKERS[names.index(c)] for c in classes],
            }
        )
        drawn = p.scatter("x", "y", source=source, size=9, marker="marker", fill_color=wash("stream"),
                          line_color=ink("stream"), line_width=1.5)  # fmt: skip
        hover(p, "@word, @kind", [drawn])
        label_groups(p, flat, classes)
        ids, cosines = nearest(rows, which, k=n_shown)
        shown = [which, *ids]
        mark = ColumnDataSource({"x": flat[shown, 0], "y": flat[shown, 1], "text": [words[i] for i in shown]})
        p.scatter("x", "y", source=mark, size=16, fill_color=None, line_color=ink("ink"), line_width=1.5)
        p.title.text = f"{first}: " + ", ".join(
            f"{words[i]} {c:.2f}" for i, c in zip(ids, cosines, strict=True)
        )
        plots.append(p)
        points.append(source)
        marks.append(mark)
        data.append((title, rows, score))
    control = choice("Word", sorted(words), first)
    on_change(
        control,
        callback(
            "embeddings_pair",
            "cosines",
            "most_likely_first",
            tables=[rows.tolist() for _, rows, _ in data],
            words=list(words),
            points=points,
            marks=marks,
            titles=[p.title for p in plots],
            n_shown=n_shown,
        ),
    )
    described = "; ".join(f"{title}, silhouette {score:.2f}" for title, _, score in data)
    table = []
    for i, word in enumerate(words):
        row = [word, classes[i]]
        for _, rows, _ in data:
            ids, cosines = nearest(rows, i, k=1)
            row.append(f"{words[ids[0]]} {cosines[0]:.2f}")
        table.append(row)
    return Figure(
        side_by_side(*plots),
        name="embeddings-pair",
        alt=f"The same {len(words)} words of {len(names)} classes in two planes: {described}. Both show "
        "the classes apart; "
        "the language model's are looser.",
        caption="Choose a word: rings mark it and its three nearest, computed from all dimensions. In "
        "both tables the "
        "nearest are of its own class. The language model keeps them further apart, because it must also "
        "tell them apart.",
        data=Table(["word", "class", *(f"nearest, {title}" for title, _, _ in data)], table),
        provenance="trained",
        controls=[control],
        source="The first table is trained while this page is built, the second is that of "
        "anatomy.tiny_tales.",
    )


# --- What a plane keeps --------------------------------------------------------------------------


def plane(groups, rows, first="bread"):
    """Real rows flattened to two axes, with what that loses.

    groups: group name -> words; rows (n_words, d_model), in that order, each of length 1, so that the nearest by
    distance is the nearest by cosine.
    """
    words = [word for group in groups.values() for word in group]
    flat, kept = pca(rows)
    flat = np.round(flat, 3)
    cosines = cosine_matrix(rows) - 2 * np.eye(len(words))
    true = cosines.argmax(axis=1)
    n_axes = np.array([1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 35, 40, 44, 47])
    shares = principal_axes(rows, int(n_axes[-1]))[2].cumsum()[n_axes - 1]
    agree = [float((nearest_by_distance(pca(rows, int(n))[0]) == true).mean()) for n in n_axes]

    left = plot(400, grid=None)
    lo, hi = flat.min(axis=0), flat.max(axis=0)
    margin = 0.12 * (hi - lo)
    left.x_range = Range1d(float(lo[0] - margin[0]), float(hi[0] + margin[0]))
    left.y_range = Range1d(float(lo[1] - margin[1]), float(hi[1] + margin[1]))
    left.axis.visible = left.frame_align = False
    left.outline_line_color = ink("rule")
    markers = [MARKERS[n] for n, group in enumerate(groups.values()) for _ in group]
    kinds = [name for name, group in groups.items() for _ in group]
    points = ColumnDataSource(
        {"x": flat[:, 0], "y": flat[:, 1], "word": words, "kind": kinds, "marker": markers}
    )
    drawn = left.scatter("x", "y", source=points, size=9, marker="marker", fill_color=wash("stream"),
                         line_color=ink("stream"), line_width=1.5)  # fmt: skip
    hover(left, "@word, @kind", [drawn])
    which = words.index(first)
    near = int(nearest_by_distance(flat)[which])

    label_groups(left, flat, kinds)

    def trail(*ids):
        return ColumnDataSource({"x": flat[list(ids), 0], "y": flat[list(ids), 1]})

    chosen, in_plane = trail(which), trail(which, near)
    really = trail(*([] if near == true[which] else [which, int(true[which])]))
    left.line("x", "y", source=in_plane, line_color=ink("grey"), line_width=3, line_dash="dotted")
    left.line("x", "y", source=really, line_color=ink("ink"))
    left.scatter("x", "y", source=chosen, size=16, fill_color=None, line_color=ink("ink"), line_width=1.5)
    left.title.text = (
        f"{first}: {words[near]} is nearest, in the plane and truly"
        if near == true[which]
        else f"{first}: in the plane {words[near]}, truly {words[true[which]]}"
    )

    right = plot(400, "axes kept", "share")
    right.x_range, right.y_range = Range1d(0, 48), Range1d(0, 1.05)
    line(right, n_axes, shares, "stream", "variance kept", label_at=9, offset=(-6, 14), align="right")
    line(right, n_axes, agree, "grey", "same nearest word", marker="square", dash="dashed",
         label_at=-4, offset=(0, -44), align="center")  # fmt: skip
    right.line([2, 2], [0, 1.05], line_color=ink("ink"), line_width=1)

    control = Select(title="Word", options=dict(groups), value=first)
    on_change(
        control,
        callback(
            "embeddings_plane",
            "nearest_point",
            words=words,
            points=points,
            nearest=[int(i) for i in true],
            chosen=chosen,
            flat=in_plane,
            real=really,
            title=left.title,
        ),
    )
    two = float(agree[1])
    return Figure(
        side_by_side(left, right),
        name="embeddings-plane",
        alt=f"Left, {len(words)} words of {len(groups)} groups in a plane that keeps {100 * kept:.0f}% of "
        "their "
        f"variance; from {first} one "
        f"line leads to {words[near]}, its nearest in the plane, another to {words[true[which]]}, its "
        f"nearest in all {rows.shape[1]} "
        "dimensions. Right, the variance kept and the share of words whose nearest word stays the same, "
        "against the number of axes.",
        caption="Choose a word. The dotted line goes to its nearest word in the plane, the solid one to its "
        "nearest in all "
        f"{rows.shape[1]} dimensions. Two axes keep {100 * kept:.0f}% of the variance, and the right "
        "neighbour of "
        f"{100 * two:.0f}% of the words: "
        "a flat picture shows groups, not neighbours.",
        data=Table(
            ["axes", "variance kept", "same nearest word"],
            [
                [int(n), f"{100 * s:.1f}%", f"{100 * a:.0f}%"]
                for n, s, a in zip(n_axes, shares, agree, strict=True)
            ],
        ),
        provenance="real",
        controls=[control],
        source=f"Rows of SmolLM2-135M-Instruct for {len(words)} words, and their principal axes.",
    )


def nearest_by_distance(x):
    """For each row of x (n, d), the number of the row that is nearest to it."""
    distances = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


# --- Analogies -----------------------------------------------------------------------------------


def ranking(label_of, cosines, inputs, answer, exclude):
    """The best N_NEAR candidates of one analogy as rows for the bars, the answer last if it is not among "
    "them."""
    cosines = np.array(cosines, float)
    if exclude:
        cosines[list(inputs)] = -np.inf
    order = np.argsort(-cosines, kind="stable")
    rank = int((cosines > cosines[answer]).sum()) + 1
    ids = [int(i) for i in order[:N_NEAR]]
    if answer not in ids:
        ids[-1] = answer
    kinds = ["answer" if i == answer else "input" if i in inputs else "other" for i in ids]
    labels = [f"{rank}. {label_of(i)}" if i == answer and rank > N_NEAR else label_of(i) for i in ids]
    candidates = int(np.isfinite(cosines).sum())
    return {
        "label": labels,
        "value": [round(float(cosines[i]), 3) for i in ids],
        "kind": kinds,
        "title": f"{label_of(answer).removeprefix('·')}: rank {rank} of {candidates:,}",
    }


def analogy(questions, cosines, label_of, first=0):
    """Answers to analogies, with the inputs as candidates or without, and with subtraction or without.

    questions: tuples (a, b, c, answer) of ids. cosines (n, 2, n_vocab) of every token with each target:
    with subtraction, and without. label_of(id) -> the token, with · for its space.
    """
    rankings = [
        [
            [ranking(label_of, of_target, (a, b, c), d, exclude) for exclude in (False, True)]
            for of_target in both
        ]
        for (a, b, c, d), both in zip(questions, cosines, strict=True)
    ]
    shown = rankings[first][0][1]
    fill = CategoricalColorMapper(
        factors=["input", "answer", "other"], palette=[ink("grey"), ink("stream"), wash("stream")]
    )
    p, source = bars(shown["label"], shown["value"], "stream", "{:.2f}", 330, 1)
    p.x_range = Range1d(-0.62, 1.3)
    source.data["kind"] = shown["kind"]
    tail = {"input": "  input", "answer": "  answer", "other": ""}
    source.data["text"] = [f"{v:.2f}{tail[k]}" for v, k in zip(shown["value"], shown["kind"], strict=True)]
    p.renderers[0].glyph.fill_color = {"field": "kind", "transform": fill}
    p.title.text = shown["title"]

    def word(id):
        return label_of(id).removeprefix("·")

    def words(a, b, c):
        return f"{word(b)} − {word(a)} + {word(c)}"

    question = choice(
        "Question",
        [(str(n), f"{words(a, b, c)} = {word(d)}?") for n, (a, b, c, d) in enumerate(questions)],
        str(first),
    )
    target = choice("Target", [("0", "b − a + c"), ("1", "b + c, nothing subtracted")], "0")
    exclude = switch("Exclude the input words", True)
    redraw = callback(
        "embeddings_analogy",
        question=question,
        exclude=exclude,
        target=target,
        bars=source,
        title=p.title,
        rankings=rankings,
    )
    for control in (question, target, exclude):
        on_change(control, redraw)
    table = [
        [
            f"{words(a, b, c)} = {word(d)}",
            kept["label"][0],
            out["label"][0],
            out["title"].split("rank ")[1],
        ]
        for (a, b, c, d), ((kept, out), _) in zip(questions, rankings, strict=True)
    ]
    n_inputs = sum(kept["kind"][0] == "input" for (kept, _), _ in rankings)
    a, b, c, d = questions[first]
    return Figure(
        p,
        name="embeddings-analogy",
        alt=f"Bars of the tokens nearest to {words(a, b, c)} with the input words excluded: "
        f"{', '.join(shown['label'][:3])} lead. "
        f"The hoped-for answer {word(d)} has {shown['title'].split(': ')[1]}.",
        caption=f"Press the switch: with the input words allowed, one of them wins {n_inputs} of these "
        f"{len(questions)} "
        "questions. Then take the subtraction away: many answers stay where they were. And some questions "
        "fail outright.",
        data=Table(
            ["question", "nearest of all", "nearest, inputs excluded", "rank of the answer, inputs excluded"],
            table,
        ),
        provenance="real",
        controls=[question, target, exclude],
        source="Ranked against the whole vocabulary of SmolLM2-135M-Instruct while this page was built; "
        "here the results are "
        "looked up, not computed.",
    )
