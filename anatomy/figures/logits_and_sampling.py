"""Figures of the chapter on logits and sampling. Chapter: book/logits-and-sampling.md"""

import numpy as np
from bokeh.layouts import column
from bokeh.models import Div

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import CLEAR, MONO, SANS, by_name, ink, mappers, wash
from anatomy.figures.view import View
from anatomy.logits_and_sampling import perplexity, softmax
from anatomy.studies.logits_and_sampling import OPENING, TAIL, stages

STEP_LABELS = {"temperature": "temperature", "top_k": "top-k", "top_p": "top-p", "min_p": "min-p"}
SHOWN = 6  # tokens with a bar of their own
NAMED = 200  # tokens whose logit is kept; the rest is kept in groups of neighbours
GROUPS = 110
DECIMALS = 3  # of those logits: more would tell one processor from another
N_TOKENS = 14  # how many a press of the button writes
N_SEEDS = 99
LEAST = 0.05  # a narrower piece of the line has no room for its word


def setting(step):
    """A step in words.

    >>> setting(("top_p", 0.9))
    'top-p 0.9'
    """
    name, value = step
    return name if value is None else f"{STEP_LABELS[name]} {value:g}"


def count(value):
    """A count, or a perplexity with one decimal while it is small.

    >>> count(4.94), count(49152)
    ('4.9', '49,152')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"


# --- Temperature ---------------------------------------------------------------------------------


def temperature(tokens, logits, highest=2.5):
    """Probabilities of a few tokens at one temperature, and at all of them.

    tokens: n labels, most likely first; logits (n,).
    """
    view = View("logits_and_sampling_temperature", tokens=tokens, logits=logits)
    left = parts.bars(view, "bars", tokens, "prob", x_label="probability", height=250)
    parts.title(view, "title", left)
    right = temperature_curves(view, tokens, logits, highest)
    view.control(temperature=parts.slider("Temperature", 0, highest, 1.0, 0.05))
    p = softmax(logits)
    return Figure(
        parts.side_by_side(left, right),
        view=view,
        name="logits-and-sampling-temperature",
        alt="Left, bars of the probabilities of five tokens at temperature 1. Right, the same five as curves "
        f"over temperatures 0 to {highest}: at 0 the first token has everything, at 1 it has {p[0]:.2f}, and "
        "further right the five curves draw together. Their order never changes.",
        caption="Move the temperature. At 0 the first token has everything; towards the right the five draw together. "
        "No temperature changes their order: it changes only how much the gaps count.",
        print_caption="At temperature 0 the first token has everything; towards the right the five draw together. "
        "No temperature changes their order: it changes only how much the gaps count.",
        print_states={"T = 0.5": {"temperature": 0.5}, "T = 2": {"temperature": 2}},
        data=temperature_table(tokens, logits),
        provenance="toy",
    )


def temperature_curves(view, tokens, logits, highest):
    """Every token's probability against the temperature, and a line where the slider stands."""
    p = parts.plot(250, "temperature T", "probability", x=(-0.05, highest * 1.24), y=(-0.02, 1.04))
    parts.ticks(p.xaxis, [0, 0.5, 1, 1.5, 2, 2.5])
    grid = np.arange(0, highest + 0.01, 0.05)
    curves = np.array([softmax(logits, t) for t in grid])
    for place, token in enumerate(tokens):
        p.line(grid, curves[:, place], line_color=ink("prob"), line_dash=parts.DASHES[place % 5])
        parts.label(p, grid[-1], curves[-1, place], token, "prob", (8, [2, 6, 6, 1, -4][place % 5]))
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p, "prob", text=[""] * len(tokens))
    return p


def temperature_table(tokens, logits, shown=(0, 0.5, 1, 2)):
    """The probabilities at a few temperatures."""
    rows = [
        [token, f"{z:.1f}", *(f"{softmax(logits, t)[i]:.3f}" for t in shown)]
        for i, (token, z) in enumerate(zip(tokens, logits, strict=True))
    ]
    rows.append(["perplexity", "", *(f"{perplexity(softmax(logits, t)):.2f}" for t in shown)])
    return Table(["token", "logit", *(f"T = {t:g}" for t in shown)], rows)


# --- Filters -------------------------------------------------------------------------------------


def filters(expected, first, steps=OPENING):
    """Four steps in any order on real next-token logits, with what each of them cut.

    expected: prompt -> Next. first: the prompt that is shown first. steps: four pairs as in apply_steps.
    """
    prompts = list(expected)
    packed = [in_groups(expected[prompt].logits, expected[prompt].order) for prompt in prompts]
    packed = [(gaps.round(DECIMALS), counts) for gaps, counts in packed]
    tokens = [[visible(token) for token in expected[prompt].tokens[:SHOWN]] for prompt in prompts]
    view = View(
        "logits_and_sampling_filters", digits=DECIMALS + 2, prompts=prompts, tokens=tokens,
        gaps=[gaps for gaps, _ in packed], counts=[counts for _, counts in packed],
    )  # fmt: skip
    plot = filter_bars(view)
    ledger = parts.ledger(
        view, "ledger", ["after", "tokens", "cut", "bits", "perplexity"], [0, 0.48, 0.63, 0.78, 1], 5
    )
    ledger.height = 126
    now = stages(expected[first].logits, steps)
    said = (
        "Outlined: the model's probability at T = 1. Filled: what is left to draw from, divided by its sum. "
        "Cut: the share of what the step before left that a filter takes away. "
        "The same four values keep other tokens in another order, and a few tokens or many after another text."
    )
    return Figure(
        column(plot, ledger, sizing_mode="stretch_width"),
        view=view,
        name="logits-and-sampling-filters",
        alt=f"Bars for the {SHOWN} likeliest next tokens after '{first}' and for all others, outlined before and "
        f"filled after {', '.join(map(setting, steps))}, with the filter that cut each token. A small "
        f"table below counts the tokens left after each step: from {now[0].n_left:,} to {now[-1].n_left}.",
        caption=f"{said} Give a step what another one has, and the two change places: put temperature last, which "
        "brings min-p to the front.",
        print_caption=said,
        print_states={
            "temperature first": {},
            "temperature last": dict(zip(FILTER_STEPS, (2, 3, 4, 1), strict=True)),
        },
        data=filter_table(tokens[prompts.index(first)], *packed[prompts.index(first)], steps),
        provenance="real",
        controls=filter_controls(view, prompts, first, steps),
        source=f"Logits of SmolLM2-135M-Instruct. The {NAMED} largest of each prompt are rounded to {DECIMALS} "
        "decimals; the others stand in groups of neighbours: exact in count, close in mass.",
    )


FILTER_STEPS = ("first", "second", "third", "fourth")


def filter_bars(view):
    """Bars of the likeliest tokens and of all others together, filled and outlined."""
    plot = parts.bars(view, "bars", SHOWN + 1, "prob", room=1.62, height=30 + 21 * (SHOWN + 1))
    bars = view.parts["bars"]
    bars.data["before"] = [0] * (SHOWN + 1)
    plot.hbar("y", 0.62, "before", source=bars, fill_color=None, line_color=ink("grey"), line_width=1.5)
    return plot


def filter_controls(view, prompts, first, steps):
    """The prompt, which step comes when, and a slider for each step."""
    options = ["nothing", *STEP_LABELS.values()]
    names, value = list(STEP_LABELS), dict(steps)
    prompt = parts.choice("Prompt", [f"{text} …" for text in prompts], prompts.index(first))
    order = [
        parts.choice(word.capitalize(), options, 1 + names.index(name))
        for word, (name, _) in zip(FILTER_STEPS, steps, strict=True)
    ]
    sliders = {
        "temperature": parts.slider("Temperature", 0, 2, value["temperature"], 0.05),
        "top_k": parts.slider("top-k", 1, NAMED, value["top_k"]),
        "top_p": parts.slider("top-p", 0.05, 1, value["top_p"], 0.05),
        "min_p": parts.slider("min-p", 0.01, 1, value["min_p"], 0.01),
    }
    view.control(prompt=prompt)
    for word, choice in zip(FILTER_STEPS, order, strict=True):
        view.control(**{word: choice})
    for name, slider in sliders.items():
        view.control(**{name: slider})
    return [
        prompt,
        parts.side_by_side(*order, least=130),
        parts.side_by_side(*sliders.values(), least=130),
    ]


def filter_table(tokens, gaps, counts, steps):
    """The likeliest tokens before and after, then the ledger, from the groups that the figure has, too."""
    found = stages(np.repeat(gaps, counts), steps)
    before, after = found[0].p, found[-1].p
    rows = [
        [token, f"{was:.3f}", f"{p:.3f}", "", "", "", ""]
        for token, was, p in zip(tokens, before, after, strict=False)
    ]
    rows.append(["all others", f"{before[SHOWN:].sum():.3f}", f"{after[SHOWN:].sum():.3f}", *[""] * 4])
    for stage in found:
        cut = "" if stage.cut is None else f"{stage.cut:.3f}"
        rows.append(
            [
                setting(stage.step),
                "",
                "",
                f"{stage.n_left:,}",
                cut,
                f"{stage.bits:.2f}",
                count(stage.perplexity),
            ]
        )
    return Table(
        ["token or step", "probability before", "after", "tokens left", "cut", "bits", "perplexity"], rows
    )


def in_groups(logits, order, n_named=NAMED, n_groups=GROUPS):
    """The largest logits one by one, the rest in groups that grow with their rank.

    logits (n_vocab,), order: ids by falling logit -> gaps below the largest logit, one a group, and counts of tokens.
    A group's gap is the one that keeps its mass at temperature 1 exact. Groups are cut by rank, so that no kernel
    moves a token.
    """
    gaps = logits[order].astype(float) - float(logits.max())
    edges = np.unique(np.geomspace(n_named, len(gaps), n_groups + 1).round().astype(int))
    groups = np.split(gaps[n_named:], edges[1:-1] - n_named)
    middles = [float(part.max() + np.log(np.exp(part - part.max()).mean())) for part in groups]
    return np.array([*gaps[:n_named], *middles]), np.array([1] * n_named + [len(part) for part in groups])


# --- How many tokens each filter keeps -----------------------------------------------------------


LOOKS = {"top_k": ("grey", "dotted"), "top_p": ("prob", "solid"), "min_p": ("prob", "dashed")}


def kept(temperatures, counts, settings, first):
    """Tokens that each filter keeps against temperature, for a prompt of the reader's choice before all prompts.

    temperatures (n,). counts: prompt -> filter name -> (n,) tokens kept. settings: filter name -> value.
    """
    prompts = list(counts)
    view = View(
        "logits_and_sampling_kept", prompts=prompts, temperatures=temperatures, labels=STEP_LABELS,
        counts={name: [counts[prompt][name] for prompt in prompts] for name in settings},
    )  # fmt: skip
    p = parts.plot(330, "temperature T", "tokens kept", x=(0, 4.3), y=(0.7, 60_000), y_axis_type="log")
    parts.ticks(
        p.yaxis,
        [1, 10, settings["top_k"], 1000, 10_000],
        ["1", "10", f"top-k {settings['top_k']}", "1,000", "10,000"],
    )
    parts.ticks(p.xaxis, [0.5, 1, 1.5, 2, 2.5, 3])
    for prompt in prompts:
        for name in ("top_p", "min_p"):
            p.line(temperatures, counts[prompt][name], line_color=wash("prob"), line_dash=LOOKS[name][1])
    for name, value in settings.items():
        hue, dash = LOOKS[name]
        parts.curve(view, name, p, hue, dash, x=temperatures)
        if name == "top_k":  # named on the axis: the others' ends come near its own
            continue
        words = f"{STEP_LABELS[name]} {value:g}"
        parts.label(p, temperatures[-1], 1, words, hue, (8, 0), view=view, part=f"{name}_label")
    view.control(prompt=parts.choice("Prompt", [f"{text} …" for text in prompts], prompts.index(first)))
    now = counts[first]
    ends = "; ".join(f"{STEP_LABELS[n]} goes from {now[n][0]:,} to {now[n][-1]:,}" for n in settings)
    said = (
        "Temperature comes first here, then one filter. Dotted: top-k keeps the same number whatever the model says. "
        "Solid: top-p follows the probability, which a high temperature spreads over thousands of tokens. "
        "Dashed: min-p follows the likeliest token and lets in fewer than top-p, once T is above 1."
    )
    return Figure(
        p,
        view=view,
        name="logits-and-sampling-kept",
        alt=f"Tokens kept after '{first}' against temperature, on a logarithmic axis. {ends}. The faint lines of "
        "five other texts run alike: above T = 1.5 top-p keeps thousands.",
        caption=f"{said} Faint: all six texts. Choose one.",
        print_caption=f"{said} Faint: all six texts.",
        data=kept_table(temperatures, counts),
        provenance="real",
        source="Logits of SmolLM2-135M-Instruct, all of them.",
    )


def kept_table(temperatures, counts, shown=(0.5, 1, 2, 3)):
    """Tokens kept at a few temperatures."""
    at = [int(np.argmin(np.abs(np.array(temperatures) - t))) for t in shown]
    rows = [
        [prompt, STEP_LABELS[name], *(f"{kept_[i]:,}" for i in at)]
        for prompt, by_filter in counts.items()
        for name, kept_ in by_filter.items()
    ]
    return Table(["prompt", "filter", *(f"T = {t:g}" for t in shown)], rows)


# --- The tree ------------------------------------------------------------------------------------

TREE_COLUMNS = (0, 0.66, 1.6, 3.05, 4.75)  # where each step's cells begin, the bars, and the end


def tree(found):
    """Every branch of a tree of likeliest tokens at once, with its product at the leaf. found: a study's Tree."""
    greedy, best = found.branches[0], found.branches[found.likeliest]
    notes = {0: "greedy"}
    notes[found.likeliest] = "likeliest" if found.likeliest else "greedy, likeliest"
    cells = tree_cells(found)
    branches = [
        {
            "words": words_of(b), "ranks": b.ranks, "factors": b.factors, "product": product(b.p),
            "end": bar_end(b.p, best.p), "note": notes.get(i, ""),
        }
        for i, b in enumerate(found.branches)
    ]  # fmt: skip
    end = "… " + " ".join(found.prompt.split()[-2:])
    places = {
        " ".join(map(str, ranks)): {key: cell[key] for key in ("x", "y", "w", "h")}
        for ranks, cell in cells.items()
    }
    view = View("logits_and_sampling_tree", end=end, branches=branches, places=places)
    p = tree_plot(view, found, cells, notes)
    options = [words_of(b).strip() for b in found.branches]
    view.control(branch=parts.choice("Branch", options, found.likeliest))
    said = (
        f"All {len(options)} branches of the {found.width} likeliest tokens of each step. A cell has the probability "
        "of its token after those left of it. A bar is the product of its row: the probability of the branch. The "
        f"greedy one is not the likeliest. The first {found.width} cells hold {found.held:.0%}; the rest of the "
        "vocabulary is not drawn."
    )
    return Figure(
        p,
        view=view,
        name="logits-and-sampling-tree",
        alt=f"A tree of {len(options)} branches after '{found.prompt}' as columns of cells. The greedy branch "
        f"'{words_of(greedy).strip()}' has a probability of {greedy.p:.4f}, the likeliest, "
        f"'{words_of(best).strip()}', has {best.p:.4f}: its second token is less likely, its third far likelier.",
        caption=f"{said} Point at a cell or a bar to see the product worked out; a click or a tap keeps it.",
        print_caption=said,
        data=Table(
            ["branch", *(f"step {d}" for d in range(found.depth)), "product"],
            [
                [words_of(b).strip(), *(f"{factor:.3f}" for factor in b.factors), product(b.p)]
                for b in found.branches
            ],
        ),
        provenance="real",
        source=f"SmolLM2-135M-Instruct at temperature 1, one distribution for each of {len(found.bits)} texts.",
    )


def words_of(branch):
    """A branch as one line of text, a new line as ↵, as in its cell."""
    return "".join(branch.tokens).replace("\n", "↵")


def tree_cells(found):
    """Ranks -> where the cell of that path stands, what it says, and the likeliest branch through it."""
    cells = {}
    for depth in range(1, found.depth + 1):
        rows = found.width ** (found.depth - depth)
        for first in range(0, len(found.branches), rows):
            inside = range(first, first + rows)
            branch, left, right = found.branches[first], *TREE_COLUMNS[depth - 1 : depth + 1]
            token, factor = visible(branch.tokens[depth - 1]), branch.factors[depth - 1]
            cells[branch.ranks[:depth]] = {
                "x": (left + right) / 2, "y": -(first + (rows - 1) / 2), "w": right - left, "h": rows,
                "value": factor, "text": f"{token}{' ' if rows == 1 else chr(10)}{fixed(factor, 3)}",
                "pick": max(inside, key=lambda i: round(found.branches[i].p, 10)),
            }  # fmt: skip
    return cells


def product(p):
    """A small probability in words.

    >>> product(0.05137), product(0.00003)
    ('0.0514', '< 0.0001')
    """
    return f"{p:.4f}" if round(p, 4) else "< 0.0001"


def bar_end(p, high):
    """Where the bar of a product ends, if that of the highest takes a third of the room."""
    return TREE_COLUMNS[-2] + 0.08 + 0.32 * p / high


def tree_plot(view, found, cells, notes):
    """The cells, the bars at the leaves, and what the script draws round a branch."""
    n, high = len(found.branches), found.branches[found.likeliest].p
    p = parts.plot(70 + 17 * n, grid=None, x=(-0.03, TREE_COLUMNS[-1]), y=(-n + 0.4, 0.6))
    p.axis.visible = False
    p.min_border_left = p.min_border_right = 4
    parts.title(view, "title", p)
    p.title.text = " \n "
    fill, ink_on = mappers("prob", 0, 1)
    rows = {
        key: [cell[key] for cell in cells.values()] for key in ("x", "y", "w", "h", "value", "text", "pick")
    }
    source = view.source("cells", **rows)
    drawn = p.rect(
        "x", "y", "w", "h", source=source, line_color=ink("paper"), line_width=2,
        fill_color={"field": "value", "transform": fill},
    )  # fmt: skip
    p.text(
        "x", "y", "text", source=source, text_align="center", text_baseline="middle",
        text_color={"field": "value", "transform": ink_on},
    )  # fmt: skip
    start, ends = bar_end(0, high), [bar_end(branch.p, high) for branch in found.branches]
    words = [f"{product(branch.p)} {notes.get(i, '')}" for i, branch in enumerate(found.branches)]
    leaves = view.source("leaves", y=[-i for i in range(n)], end=ends, text=words, pick=list(range(n)))
    p.hbar("y", 0.7, "end", start, source=leaves, fill_color=wash("prob"), line_color=None)
    room = p.hbar(
        "y", 1, TREE_COLUMNS[-1], start, source=leaves, fill_color=CLEAR, line_color=None
    )  # to point at
    p.text("end", "y", "text", source=leaves, x_offset=5, text_baseline="middle", text_color=ink("ink"))
    chosen = view.source("chosen", y=[0], end=[start])
    p.hbar("y", 0.7, "end", start, source=chosen, fill_color=ink("prob"), line_color=None)
    path = view.source("path", "x", "y", "w", "h")
    p.rect("x", "y", "w", "h", source=path, fill_color=None, line_color=ink("ink"), line_width=2.5)
    for renderer in (drawn, room):
        view.pick(p, renderer, "branch")
    return p


# --- Generate ------------------------------------------------------------------------------------


def generate(counts, draws, seed=1, n_back=2):
    """Write a text token by token, and see each random number fall on the line of its step.

    counts: the study's Counts; draws: what it writes with this seed and n_back, a list of Draw, for the table.
    """
    followers = {
        back: {
            " ".join(map(str, context)): [np.flatnonzero(row), row[row > 0]] for context, row in rows.items()
        }
        for back, rows in counts.followers.items()
    }
    view = View(
        "logits_and_sampling_generate", words=counts.words, followers=followers, begin=counts.begin, end=counts.end,
        n_tokens=N_TOKENS, n_seeds=N_SEEDS, least=LEAST,
    )  # fmt: skip
    told = view.part("told", Div(text="", styles={"font": "italic 17px/1.4 serif", "min-height": "48px"}))
    plots = column(strip(view), lines(view, n_tokens=N_TOKENS), sizing_mode="stretch_width")
    said = (
        "Every row is one step: the probabilities of what may come next lie end to end from 0 to 1, a random number "
        "(ring) falls on one piece (in full ink), and that token is written. The text so far decides the pieces of the "
        "next row. The same seed and settings write the same text."
    )
    pieces_ = [int((draw.p > 0).sum()) for draw in draws]
    return Figure(
        plots,
        view=view,
        name="logits-and-sampling-generate",
        alt="Above, the line of one step, its pieces named, and the random number on it. Below, "
        f"{len(draws)} rows, one a step, of {min(pieces_)} to {max(pieces_)} pieces, each with a ring where its random "
        "number fell and that piece in full ink. Where grammar leaves no choice, one piece takes the whole line.",
        caption=f"{said} Move the temperature: the rings stay, the pieces move under them. Once a ring falls on "
        "another token, the rows after it are those of another text. Point at a row to see its pieces named; a click "
        "keeps it.",
        print_caption=said,
        print_states={"sees the last two words": {}, "sees the last word": {"memory": 0}},
        data=draw_table(counts.words, draws),
        provenance="trained",
        controls=[told, *generate_controls(view, seed, n_back)],
        source="Counts of which word follows which in the 3,000 training tales of anatomy.tiny_tales, made while this "
        "page was built; the drawing happens in the page.",
    )


def generate_controls(view, seed, n_back):
    """Seed and memory, the step that is enlarged, temperature and top-p."""
    again = view.control(again=parts.button("Generate again"))
    memory = view.control(memory=parts.choice("It sees", ["the last word", "the last two words"], n_back - 1))
    seeds = view.control(seed=parts.slider("Seed", 1, N_SEEDS, seed))
    step = view.control(step=parts.slider("Step", 0, N_TOKENS - 1, 2))
    temperature_ = view.control(temperature=parts.slider("Temperature", 0, 2, 1, 0.1))
    nucleus = view.control(top_p=parts.slider("top-p", 0.05, 1, 1, 0.05))
    again.align = "end"
    return [
        parts.side_by_side(again, memory, least=150),
        parts.side_by_side(seeds, step, temperature_, nucleus, least=130),
    ]


def strip(view):
    """The line from 0 to 1 of one step, enlarged, with words in its pieces."""
    p = parts.plot(114, grid=None, x=(-0.01, 1.01), y=(0, 1.35))
    p.yaxis.visible = False
    parts.ticks(p.xaxis, [0, 0.25, 0.5, 0.75, 1])
    parts.title(view, "title", p)
    pieces(p, view.source("strip", "left", "right"), wash("prob"), 0, 1)
    pieces(p, view.source("strip_drawn", "left", "right"), ink("prob"), 0, 1)
    p.text(
        "x", "y", "text", source=view.source("strip_words", "x", "y", "text", "drawn"), angle=np.pi / 2,
        text_align="center", text_baseline="middle",
        text_color={"field": "drawn", "transform": by_name(["no", "yes"], ["ink", "paper"])},
    )  # fmt: skip
    parts.rule(view, "strip_number", p)
    mark = view.source("strip_mark", "x", "y")
    p.scatter("x", "y", source=mark, size=10, line_width=1.5, fill_color=ink("paper"), line_color=ink("ink"))
    return p


def pieces(p, source, colour, bottom="bottom", top="top"):
    """Pieces of a line as boxes with a gap between them."""
    return p.quad(
        left="left",
        right="right",
        bottom=bottom,
        top=top,
        source=source,
        fill_color=colour,
        line_color=ink("paper"),
    )


def lines(view, n_tokens):
    """One line from 0 to 1 a step: token at its left, pieces, random number, and the probability at its right."""
    p = parts.plot(44 + 16 * n_tokens, grid=None, x=(-0.42, 1.26), y=(-n_tokens + 0.4, 0.6))
    p.yaxis.visible = False
    parts.ticks(p.xaxis, [0, 0.5, 1])
    p.xaxis.bounds = (0, 1)
    here = view.source("here", "y")
    p.hbar("y", 1, 1.26, -0.42, source=here, fill_color=ink("tint"), line_color=ink("ink"))
    rows = view.source("rows", "left", "right", "y", "pick")
    drawn = p.hbar("y", 0.72, "right", "left", source=rows, fill_color=wash("prob"), line_color=ink("paper"))
    hit = view.source("drawn", "left", "right", "y")
    p.hbar("y", 0.72, "right", "left", source=hit, fill_color=ink("prob"), line_color=ink("paper"))
    numbers = view.source("numbers", "x", "y")
    p.scatter(
        "x", "y", source=numbers, size=9, line_width=1.5, fill_color=ink("paper"), line_color=ink("ink")
    )
    tokens = view.source("tokens", "token", "text", y=[-i for i in range(n_tokens)])
    for x, words, align, font in ((-0.05, "token", "right", MONO), (1.05, "text", "left", SANS)):
        p.text(
            x, "y", words, source=tokens, text_align=align, text_baseline="middle", text_color=ink("ink"),
            text_font={"value": font},
        )  # fmt: skip
    view.pick(p, drawn, "step")
    return p


def draw_table(words, draws):
    """Step by step: what could be drawn, the random number, what it fell on."""
    rows = [
        [i, f"{draw.u:.3f}", words[draw.id], f"{draw.p[draw.id]:.3f}", int((draw.p > 0).sum())]
        for i, draw in enumerate(draws)
    ]
    return Table(["step", "random number", "falls on", "its probability", "tokens possible"], rows)


# --- Tables of the chapter -----------------------------------------------------------------------


def hand_table(toy):
    """Softmax by hand. toy: token -> logit."""
    logits = np.array(list(toy.values()))
    raised, p = np.exp(logits), softmax(logits)
    rows = [
        [t, fixed(z, 1), f"{e:.2f}", f"{q:.3f}"] for t, z, e, q in zip(toy, logits, raised, p, strict=True)
    ]
    return Table(
        ["token", "logit z", "e to the z", "probability"],
        [*rows, ["sum", "", f"{raised.sum():.2f}", f"{p.sum():.3f}"]],
        name="logits-and-sampling-hand",
        caption="Softmax by hand: the third column divided by its sum is the fourth.",
        provenance="toy",
    )


def prompts_table(expected):
    """What the model expects after each text. expected: prompt -> Next."""
    rows = [
        [
            f"{prompt}\u00a0…",
            *(f"{visible(now.tokens[i])} {now.p[now.order[i]]:.3f}" for i in (0, 1)),
            f"{now.bits:.2f}",
            f"{now.perplexity:.1f}",
            f"{now.tail:.3f}",
        ]
        for prompt, now in expected.items()
    ]
    return Table(
        ["text", "likeliest", "second", "bits", "perplexity", f"beyond {TAIL}"],
        rows,
        name="logits-and-sampling-prompts",
        caption="What SmolLM2 expects next. The last column is the probability of all tokens after the "
        f"{TAIL} likeliest.",
        provenance="real",
    )


def samples_table(greedily, samples):
    """Texts and the bits that the model finds in them. greedily: a Written; samples: (setting, seed) -> Written."""
    rows = [["T = 0, greedy", "any", greedily.text, f"{greedily.mean:.1f}"]]
    rows += [[name, seed, written.text, f"{written.mean:.1f}"] for (name, seed), written in samples.items()]
    return Table(
        ["setting", "seed", "It was a dark and stormy night. …", "bits a token"],
        [[a, b, text.strip().replace("\n", "↵"), c] for a, b, text, c in rows],
        name="logits-and-sampling-samples",
        caption="SmolLM2 continues one sentence: 20 tokens greedily, 11 with each seed. Bits: minus the "
        "logarithm of the probability that the model at T = 1 gives to what was written, averaged over the text.",
        provenance="real",
    )


def cost_table(published):
    """The matrix that makes logits, and the logits. published: name -> (Config, its part_costs)."""
    rows = []
    for name, (config, costs) in published.items():
        cost = costs["logits"]
        own = f"{cost.parameters / 1e6:,.0f} M, {cost.share:.1%}" if cost.parameters else "none: tied"
        rows.append([
            name, f"{config.n_vocab:,}", own, f"{cost.flops / 1e6:,.0f} M", f"{cost.flops_share:.1%}",
            f"{config.n_vocab * 4 / 1000:,.0f} kB", f"{1024 * config.n_vocab * 4 / 1e6:,.0f} MB",
        ])  # fmt: skip
    return Table(
        ["model", "vocabulary", "parameters of its own", "FLOPs per token", "of the model's", "logits of one token",
         "of 1,024 tokens"],
        rows,
        name="logits-and-sampling-cost",
        caption="The unembedding, and the logits it makes, in float32. Shares are of the whole model; the FLOPs are "
        "those of all matrix products for one token.",
        provenance="real",
        source="Counted from the sizes that the makers published; chapter 11 has the sources.",
    )  # fmt: skip
