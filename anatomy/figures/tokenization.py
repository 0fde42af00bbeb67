"""Pictures of tokenization: a vocabulary being learned, a word being merged, languages compared."""

from itertools import pairwise

from bokeh.layouts import column

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.theme import MONO, by_name, ink
from anatomy.figures.view import View
from anatomy.tokenization import visible

LINE = 26  # characters in one line of the corpus: what a phone can hold
PAIRS = 6  # pairs in the list of counts
MOST = 14  # bytes of a word that a phone can hold
OWN = " hippopotamus"
KINDS = ("plain", "new")


def blank(height, width, n_lines):
    """A plot without axes: x counts characters, y counts lines downwards from 0."""
    p = parts.bare(parts.plot(height, grid=None, x=(0, width), y=(-n_lines, 0)))
    p.axis.visible = False
    return p


def token_boxes(view, name, p):
    """Tokens as boxes with their text, as token_boxes.mjs places them; a new one is filled."""
    columns = ("left", "right", "middle", "top", "bottom", "y", "text", "kind")
    source = view.source(name, **{key: [] for key in columns})
    p.quad(
        "left", "right", "top", "bottom", source=source, line_color=ink("ink"),
        fill_color={"field": "kind", "transform": by_name(KINDS, ["paper", "ink"])},
    )  # fmt: skip
    p.text(
        "middle", "y", "text", source=source, text_align="center", text_baseline="middle",
        text_font={"value": MONO},
        text_color={"field": "kind", "transform": by_name(KINDS, ["ink", "paper"])},
    )  # fmt: skip


# --- Merges --------------------------------------------------------------------------------------


def merges(training, start=5):
    """Training, one merge at a time: the corpus, and the counts that choose the next merge.

    training: a Training of anatomy.studies.tokenization, of an ASCII corpus. start: merges shown first.
    """
    view = View(
        "tokenization_merges",
        line_width=LINE,
        states=[[[*map(visible, piece)] for piece in state] for state in training.states],
        pairs=[
            [[*map(visible, pair), n] for pair, n in step.counts.most_common(PAIRS)]
            for step in training.steps
        ],
    )
    n_lines = 4
    corpus = blank(30 * n_lines + 28, LINE, n_lines)
    parts.title(view, "made", corpus)
    token_boxes(view, "boxes", corpus)
    last = len(training.steps) - 1
    view.control(merges=parts.slider("Merges made", 0, last, start))
    following = " + ".join(map(visible, training.steps[start].pair))
    reading = (
        "Filled boxes are the newest token. The filled bar is the pair that will be merged next: no pair is more "
        "frequent, and of equals the first in the text is taken. No box grows past the end of its word, a space "
        "before the word counting as part of it."
    )
    return Figure(
        column(corpus, pair_counts(view, training), spacing=0),
        view=view,
        name="tokenization-merges",
        alt=f"The corpus as {training.n_tokens[start]} boxes after {start} merges, the newest token filled wherever it "
        f"stands; below it the most frequent pairs, of which the first in the text, {following}, is merged next.",
        caption=f"Move the slider. {reading}",
        print_caption=reading,
        print_states={f"{n} merges": {"merges": n} for n in (0, start, last)},
        data=merges_table(training),
        provenance="toy",
    )


def pair_counts(view, training):
    """The most frequent pairs as bars; the first, which is merged next, is filled."""
    most = max(step.count for step in training.steps)
    p = blank(26 * PAIRS + 30, LINE, PAIRS)
    p.x_range.start, p.x_range.end = -most * 0.62, most * 1.08
    p.y_range.start, p.y_range.end = -PAIRS + 0.4, 0.7
    source = view.source("pairs", y=[], count=[], kind=[], text=[])
    fill = by_name(KINDS, ["paper", "ink"])
    p.hbar(
        "y", 0.64, "count", source=source, line_color=ink("ink"),
        fill_color={"field": "kind", "transform": fill},
    )  # fmt: skip
    p.text(
        0, "y", "text", source=source, x_offset=-8, text_align="right", text_baseline="middle",
        text_color=ink("ink"), text_font={"value": MONO},
    )  # fmt: skip
    p.text("count", "y", "count", source=source, x_offset=6, text_baseline="middle", text_color=ink("muted"))
    return p


def merges_table(training):
    """Every merge in numbers."""
    made = ["", *map(visible, training.made)]
    rows = [
        [n, training.n_tokens[n], made[n], " + ".join(map(visible, step.pair)), step.count]
        for n, step in enumerate(training.steps)
    ]
    return Table(["merges", "tokens", "newest token", "next pair", "its count"], rows)


# --- A word --------------------------------------------------------------------------------------


def word(ladders):
    """How a vocabulary builds words: one row for each state between single bytes and tokens.

    ladders: a dict from a word to the list of its states, each a list of (token, id), as
    anatomy.studies.tokenization.ladders returns it; the reader's own word is asked of the page's tokenizer.
    """
    names = list(ladders)
    shown = [parts.visible(name) for name in names]
    view = View(
        "tokenization_word",
        words=names,
        most=MOST,
        ladders={
            name: [[[visible(token), len(token), i] for token, i in state] for state in states]
            for name, states in ladders.items()
        },
    )
    p = blank(26 * MOST + 30, MOST + 3.2, MOST)
    parts.title(view, "ends", p)
    token_boxes(view, "boxes", p)
    ids = view.source("ids", y=[], text=[])
    p.text(MOST + 0.3, "y", "text", source=ids, text_baseline="middle", text_color=ink("muted"))
    view.control(word=parts.choice("Word", [*shown, "your own word"]))
    view.control(own=parts.words("Your own word; a space before it counts", OWN))
    view.ask("own", "ladders", "token-merges")
    first = ladders[names[0]]
    reading = (
        "Read downwards: each row after the first makes one merge, the filled box, whose id stands at the right. "
        "The next merge is always the pair whose union has the lowest id, wherever in the word it stands. It ends "
        "when no neighbours have a union in the vocabulary."
    )
    return Figure(
        p,
        view=view,
        name="tokenization-word",
        alt=f"{names[0].strip()} from {len(first[0])} single bytes at the top to {len(first[-1])} tokens at the "
        "bottom, one merge a row; the union of each row is filled and its id stands at the right.",
        caption=f"{reading} The last choice of the list takes a word of yours.",
        print_caption=reading,
        print_states={shown[i]: {"word": i} for i in (0, len(names) - 1)},
        data=word_table(ladders),
        provenance="tokenizer",
    )


def word_table(ladders):
    """Every merge of every word in numbers."""
    rows = []
    for name, states in ladders.items():
        for n, (before, after) in enumerate(pairwise(states), 1):
            place = next(i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
            token, i = after[place]
            rows.append([visible(name.encode()), n, visible(token), f"{i:,}"])
    return Table(["word", "merge", "new token", "id"], rows)


# --- Languages -----------------------------------------------------------------------------------

MEASURES = ("Tokens", "Per character", "Per byte", "Times English")


def languages(found, n_vocab, other_n_vocab, other_name="SmolLM2"):
    """The same text in several languages, in tokens of o200k_base and of another vocabulary.

    found: n Languages of anatomy.studies.tokenization, English first. n_vocab, other_n_vocab: ids in use.
    """
    view = View(
        "tokenization_languages",
        names=[each.name for each in found],
        o200k=[each.size.tokens for each in found],
        smollm2=[each.smollm2 for each in found],
        characters=[each.size.characters for each in found],
        bytes=[each.size.bytes for each in found],
        ends=scales(found),
        other_name=other_name,
    )
    p = language_plot(view, [each.name for each in found])
    view.control(measure=parts.choice("Measure", MEASURES))
    view.control(language=parts.choice("Language", [each.name for each in found], len(found) - 1))
    best, worst = found[0], found[-1]
    per_byte = [each.size.tokens / each.size.bytes for each in found]
    coarser = [each.name for each, n in zip(found, per_byte, strict=True) if n < per_byte[0]]
    reading = (
        f"Filled: o200k_base, {n_vocab:,} ids. Hollow: {other_name}, {other_n_vocab:,} ids. The languages are sorted "
        "by their tokens with o200k_base. On English the marks nearly agree. In every other language here the hollow "
        f"one lies further right: {other_name} cuts it finer. "
        f"Counted per byte, o200k_base cuts {', '.join(coarser[:-1])} and {coarser[-1]} coarser than English, whose "
        "letters are one byte each and theirs two or three."
    )
    return Figure(
        p,
        view=view,
        name="tokenization-languages",
        alt=f"Tokens of one text in {len(found)} languages. {best.name} takes {best.size.tokens} with o200k_base and "
        f"{best.smollm2} with {other_name}; {worst.name} takes {worst.size.tokens} and {worst.smollm2}.",
        caption=reading,
        print_states={"tokens": {"measure": 0}, "tokens per byte": {"measure": 2}},
        data=languages_table(found, other_name),
        provenance="tokenizer",
        source="Universal Declaration of Human Rights, article 1, one translation a language.",
    )


def scales(found):
    """Where the axis of each measure ends."""
    per = [
        lambda each, first, n: n,
        lambda each, first, n: n / each.size.characters,
        lambda each, first, n: n / each.size.bytes,
        lambda each, first, n: n / first,
    ]
    return [
        1.08
        * max(
            max(of(each, found[0].size.tokens, each.size.tokens), of(each, found[0].smollm2, each.smollm2))
            for each in found
        )
        for of in per
    ]


def language_plot(view, names):
    """A line a language from one vocabulary's mark to the other's; the title names the marks."""
    n = len(names)
    y = [-i for i in range(n)]
    p = parts.plot(26 * n + 88, " ", x=(0, 1), y=(-n + 0.4, 0.7), grid="x")
    view.part("scale", p.x_range)
    view.part("axis", p.xaxis[0])
    parts.title(view, "key", p).offset = -58  # above the names too, for it is long
    parts.ticks(p.yaxis, y, names)
    p.yaxis.axis_line_color = p.yaxis.major_tick_line_color = None
    p.segment(
        "ours", "y", "other", "y", source=view.source("spans", "ours", "other", y=y),
        line_color=ink("rule"), line_width=2,
    )  # fmt: skip
    other = parts.dots(view, "smollm2", p, "grey", "square", hollow=True, y=y, text=[""] * n)
    ours = parts.dots(view, "o200k", p, "ink", y=y, text=[""] * n)
    p.scatter(
        "x", "y", source=view.source("chosen", x=[0, 0], y=[0, 0]), size=16, fill_color=None,
        line_color=ink("ink"),
    )  # fmt: skip
    view.pick(p, other, "language")
    view.pick(p, ours, "language")
    return p


def languages_table(found, other_name):
    """The four lengths of the text in every language, and its tokens with the other vocabulary."""
    header = ["language", "characters", "code points", "bytes", "o200k_base", other_name]
    rows = [[each.name, *(f"{n:,}" for n in each.size), f"{each.smollm2:,}"] for each in found]
    return Table(header, rows)


# --- Tables of the chapter -----------------------------------------------------------------------


def numbers_table(cuts):
    """How numbers are cut. cuts: number -> its tokens with bars between them, one string a tokenizer."""
    return Table(
        ["number", "o200k_base", "SmolLM2"],
        [[number, *cut] for number, cut in cuts.items()],
        name="tokenization-digits",
        caption="How numbers are cut: three digits at a time from the left, or one by one.",
        provenance="tokenizer",
    )


def vocabularies_table(names, rows):
    """Counts of vocabularies' entries. names: of the vocabularies; rows: a label and a word for each of them."""
    return Table(
        ["entries", *names],
        rows,
        name="tokenization-vocabularies",
        caption="Two vocabularies in numbers. Bytes per token are those of the article above.",
        provenance="tokenizer",
    )


def cost_table(costs, unused):
    """What vocabularies cost. costs: model -> Rows; unused: ids of o200k_base that stand for nothing."""
    return Table(
        [
            "model",
            "rows",
            "parameters in rows and columns",
            "share of the model",
            "FLOPs to score all, per token",
        ],
        [
            [name, f"{c.n_vocab:,}", f"{c.parameters:,}", f"{c.share:.0%}", f"{c.flops:,}"]
            for name, c in costs.items()
        ],
        name="tokenization-costs",
        caption="What vocabularies cost in published models. A FLOP is one operation on numbers with a fraction: a "
        "multiplication and an addition count as two. GPT-2 and SmolLM2 use one matrix at both ends, the Llamas have "
        "two. The second row is a model that nobody has trained: "
        f"{unused} of its rows would belong to ids that are not in use.",
        provenance="real",
    )
