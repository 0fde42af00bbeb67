"""Pictures of tokenization: a vocabulary being learned, a word being merged, languages compared."""

from itertools import pairwise

from bokeh.layouts import column
from bokeh.models import CDSView, ColumnDataSource, GroupFilter, Range1d

from anatomy.figures.figure import Figure, Table
from anatomy.figures.old_parts import bare, callback, choice, hover, on_change, plot, slider
from anatomy.figures.theme import MONO, SANS, by_name, ink
from anatomy.tokenization import visible

LINE = 26  # characters in one line of the corpus: what a phone can hold
PAIRS = 6  # pairs in the list of counts


def boxes(p, rows, kinds=("plain", "new")):
    """Tokens as boxes with their text; a new one is ink with the text in paper."""
    fill, words = by_name(kinds, ["paper", "ink"]), by_name(kinds, ["ink", "paper"])
    drawn = p.quad(
        "left",
        "right",
        "top",
        "bottom",
        **rows,
        fill_color={"field": "kind", "transform": fill},
        line_color=ink("ink"),
    )
    p.text(
        "middle",
        "y",
        "text",
        **rows,
        text_align="center",
        text_baseline="middle",
        text_font={"value": MONO},
        text_color={"field": "kind", "transform": words},
    )
    return drawn


def say(p, rows, x, y, text, colour="ink", mono=False, **options):
    """A column of words in the figure's type."""
    p.text(
        x,
        y,
        text,
        **rows,
        text_baseline="middle",
        text_color=ink(colour),
        text_font={"value": MONO if mono else SANS},
        **options,
    )


def empty_plot(height, width, n_lines):
    """A plot without axes: x counts characters, y counts lines downwards from 0."""
    p = bare(plot(height, grid=None, x_range=Range1d(0, width), y_range=Range1d(-n_lines, 0)))
    p.axis.visible = False
    return p


def box(left, width, line, **columns):
    """One token on a line, `width` characters wide, with a hair of paper on every side."""
    return {
        "left": left + 0.06,
        "right": left + width - 0.06,
        "middle": left + width / 2,
        "top": -line - 0.14,
        "bottom": -line - 0.86,
        "y": -line - 0.5,
        **columns,
    }


def chosen_rows(rows, chosen):
    """Rows (dicts with the same keys) as a source, and a view of those that a filter lets through."""
    return {
        "source": ColumnDataSource({key: [row[key] for row in rows] for key in rows[0]}),
        "view": CDSView(filter=chosen),
    }


def set_in_lines(tokens, starts_piece):
    """The line and the column of every token; a new line begins only where a piece begins."""
    places = []
    line = at = 0
    for i, token in enumerate(tokens):
        if starts_piece[i]:
            end = next((j for j in range(i + 1, len(tokens)) if starts_piece[j]), len(tokens))
            if at + sum(len(t) for t in tokens[i:end]) > LINE:
                line, at = line + 1, 0
        places.append((line, at))
        at += len(token)
    return places


def merges(steps, corpora, start=5):
    """Training, one merge at a time: the corpus, and the counts that choose the next merge.

    steps: n + 1 training Steps; corpora: n + 1 lists of the tokens of an ASCII corpus, before any merge
    and after each of the first n. start: the number of merges shown first.
    """
    token_rows, pair_rows, title_rows, data = [], [], [], []
    n_lines = 0
    for n, (step, tokens) in enumerate(zip(steps, corpora, strict=True)):
        newest = b"".join(steps[n - 1].pair) if n else None
        starts_piece = [i == 0 or token[:1] in (b" ", b"?", b".") for i, token in enumerate(tokens)]
        places = set_in_lines(tokens, starts_piece)
        n_lines = max(n_lines, places[-1][0] + 1)
        for token, (line, at) in zip(tokens, places, strict=True):
            kind = "new" if token == newest else "plain"
            token_rows.append(box(at, len(token), line, kind=kind, text=visible(token), step=str(n)))
        for place, (pair, count) in enumerate(step.counts.most_common(PAIRS)):
            names = f"{visible(pair[0])} + {visible(pair[1])}"
            kind = "new" if place == 0 else "plain"
            pair_rows.append({"pair": names, "count": count, "y": -place, "kind": kind, "step": str(n)})
        made = f"made: {visible(newest)}, {steps[n - 1].count} times" if n else "single bytes"
        chosen = f"{visible(step.pair[0])} + {visible(step.pair[1])}"
        title_rows.append({"x": 0, "y": -0.5, "words": f"{len(tokens)} tokens; {made}", "step": str(n)})
        data.append([n, len(tokens), visible(newest) if n else "", chosen, step.count])

    chosen_step = GroupFilter(column_name="step", group=str(start))
    height = 30 * (n_lines + 1) + 16
    corpus = empty_plot(height, LINE, n_lines + 1)
    for row in token_rows:
        for side in ("top", "bottom", "y"):
            row[side] -= 1
    drawn = boxes(corpus, chosen_rows(token_rows, chosen_step))
    hover(corpus, "@text", [drawn])
    say(corpus, chosen_rows(title_rows, chosen_step), "x", "y", "words", x_offset=2)

    most = max(row["count"] for row in pair_rows)
    counts = empty_plot(26 * PAIRS + 30, LINE, PAIRS)
    counts.x_range, counts.y_range = Range1d(-most * 0.62, most * 1.08), Range1d(-PAIRS + 0.4, 0.7)
    pairs = chosen_rows(pair_rows, chosen_step)
    fill = by_name(("plain", "new"), ["paper", "ink"])
    counts.hbar(
        "y",
        0.64,
        "count",
        **pairs,
        fill_color={"field": "kind", "transform": fill},
        line_color=ink("ink"),
    )
    say(counts, pairs, 0, "y", "pair", mono=True, x_offset=-8, text_align="right")
    say(counts, pairs, "count", "y", "count", "muted", x_offset=6)

    control = slider("Merges made", 0, len(steps) - 1, start)
    on_change(control, callback("tokenization_show", filter=chosen_step))
    final = corpora[start]
    return Figure(
        column(corpus, counts, spacing=0),
        "tokenization-merges",
        f"The corpus as {len(final)} boxes after {start} merges, the newest token filled wherever it stands; "
        f"below it the most frequent pairs, of which the first, {data[start][3]}, is merged next.",
        "Move the slider. The filled boxes are the newest token; the filled bar is the pair that will be merged "
        "next, because it is the most frequent. No box ever grows past a space: a merge stays inside its piece.",
        Table(["merges", "tokens", "newest token", "next pair", "its count"], data),
        "toy",
        [control],
    )


def word(ladders, ids):
    """How a vocabulary builds words: one row for each state between single bytes and tokens.

    ladders: a dict from a word to the list of its states, each a tuple of tokens (bytes).
    ids: a dict from token to id.
    """
    rows, notes, data = [], [], []
    names = list(ladders)
    width = max(len(name.encode()) for name in names)
    n_lines = max(len(states) for states in ladders.values())
    for name, states in ladders.items():
        notes.append({"x": width + 0.4, "y": -0.5, "words": "id", "word": name})
        for line, tokens in enumerate(states):
            before = set(spans(states[line - 1])) if line else set(spans(tokens))
            for token, (start, end) in zip(tokens, spans(tokens), strict=True):
                kind = "plain" if (start, end) in before else "new"
                rows.append(
                    box(start, end - start, line, kind=kind, text=visible(token), id=ids[token], word=name)
                )
                if kind == "new":
                    notes.append(
                        {"x": width + 0.4, "y": -line - 0.5, "words": f"{ids[token]:,}", "word": name}
                    )
                    data.append([name, line, visible(token), f"{ids[token]:,}"])
    chosen_word = GroupFilter(column_name="word", group=names[0])
    p = empty_plot(27 * n_lines + 16, width + 3.4, n_lines)
    drawn = boxes(p, chosen_rows(rows, chosen_word))
    hover(p, "@text has the id @id", [drawn])
    say(p, chosen_rows(notes, chosen_word), "x", "y", "words", "muted")
    control = choice("Word", [(name, name.replace(" ", "·")) for name in names], names[0])
    on_change(control, callback("tokenization_show", filter=chosen_word))
    first = ladders[names[0]]
    return Figure(
        p,
        "tokenization-word",
        f"{names[0].strip()} from {len(first[0])} single bytes at the top to {len(first[-1])} tokens at the "
        "bottom, one merge a row; the union of each row is filled and its id stands at the right.",
        "Read downwards: each row makes one merge, the filled box, whose id stands at the right. The next merge "
        "is always the pair whose union has the lowest id, wherever in the word it stands. It ends when no "
        "neighbours have a union in the vocabulary.",
        Table(["word", "merge", "new token", "id"], data),
        "tokenizer",
        [control],
    )


def spans(tokens):
    """The (start, end) of every token, counted in bytes."""
    ends = [0]
    for token in tokens:
        ends.append(ends[-1] + len(token))
    return list(pairwise(ends))


MEASURES = {  # button: axis, and a text's number of tokens as the axis counts it
    "Tokens": ("tokens", lambda n, size, english: n),
    "Per character": ("tokens per character", lambda n, size, english: n / size.characters),
    "Per byte": ("tokens per byte", lambda n, size, english: n / size.bytes),
    "Times English": ("tokens, English = 1", lambda n, size, english: n / english),
}


def languages(names, sizes, other_counts, other_name, n_vocab, other_n_vocab):
    """The same text in several languages, in tokens of o200k_base and of another vocabulary.

    names: n languages, English first. sizes: n Sizes, whose tokens are o200k_base's. other_counts: n numbers
    of tokens with the vocabulary called other_name. n_vocab, other_n_vocab: entries of each vocabulary.
    """
    rows, scales = [], []
    last = max(range(len(names)), key=lambda i: other_counts[i] - sizes[i].tokens)
    for measure, (axis, scaled) in enumerate(MEASURES.values()):
        o200k = [scaled(size.tokens, size, sizes[0].tokens) for size in sizes]
        other = [scaled(n, size, other_counts[0]) for n, size in zip(other_counts, sizes, strict=True)]
        scales.append([axis, max(*o200k, *other) * 1.12])
        for i, name in enumerate(names):
            rows.append(
                {
                    "y": -i,
                    "name": name,
                    "o200k": o200k[i],
                    "other": other[i],
                    "o200k_label": "o200k_base" if i == last else "",
                    "other_label": other_name if i == last else "",
                    "measure": str(measure),
                }
            )
    chosen = GroupFilter(column_name="measure", group="0")
    shown = chosen_rows(rows, chosen)
    p = plot(
        28 * len(names) + 76,
        grid="x",
        x_label=scales[0][0],
        x_range=Range1d(0, scales[0][1]),
        y_range=Range1d(-len(names) + 0.4, 0.7),
    )
    p.yaxis.ticker = [-i for i in range(len(names))]
    p.yaxis.major_label_overrides = {-i: name for i, name in enumerate(names)}
    p.yaxis.axis_line_color = p.yaxis.major_tick_line_color = None
    p.segment("o200k", "y", "other", "y", **shown, line_color=ink("rule"), line_width=2)
    p.scatter(
        "other",
        "y",
        **shown,
        size=8,
        marker="square",
        fill_color=ink("paper"),
        line_color=ink("grey"),
        line_width=1.5,
    )
    p.scatter("o200k", "y", **shown, size=8, fill_color=ink("ink"), line_color=ink("ink"))
    for name, colour in (("o200k", "ink"), ("other", "grey")):
        say(p, shown, name, "y", f"{name}_label", colour, y_offset=-14, text_align="center")
    hover(p, f"@name: @o200k{{0.[00]}} with o200k_base, @other{{0.[00]}} with {other_name}")
    control = choice("Measure", [(str(i), label) for i, label in enumerate(MEASURES)], "0")
    on_change(
        control,
        callback("tokenization_show", filter=chosen, axis=p.xaxis[0], x_range=p.x_range, scales=scales),
    )
    header = ["language", "characters", "code points", "bytes", "o200k_base", other_name]
    table = [
        [name, *(f"{n:,}" for n in size), f"{count:,}"]
        for name, size, count in zip(names, sizes, other_counts, strict=True)
    ]
    worst, best = table[last], table[0]
    return Figure(
        p,
        "tokenization-languages",
        f"Tokens of one text in {len(names)} languages. {best[0]} takes {best[4]} with o200k_base and {best[5]} "
        f"with {other_name}; {worst[0]} takes {worst[4]} and {worst[5]}.",
        f"Filled: o200k_base, {n_vocab:,} entries. Hollow: {other_name}, {other_n_vocab:,} entries. On English they "
        "nearly agree. A language that the corpus of the merges seldom showed is cut finer, and its mark lies "
        "further right.",
        Table(header, table),
        "tokenizer",
        [control],
        source="Universal Declaration of Human Rights, article 1, one translation a language.",
    )
