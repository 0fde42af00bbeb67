"""Figures of the chapter on logits and sampling. Chapter: book/logits-and-sampling.md

What a figure shows first is computed by anatomy.logits_and_sampling; what it shows after a control has moved, by
the kernels of the same names in callbacks/shared.
"""

import math

import numpy as np
from bokeh.layouts import column
from bokeh.models import Button, ColumnDataSource, Div, FixedTicker, NumeralTickFormatter, Range1d

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.old_parts import (
    callback,
    choice,
    end_label,
    factors,
    line,
    on_change,
    plot,
    positions,
    show_labels,
    side_by_side,
    slider,
    visible,
)
from anatomy.figures.theme import MONO, ink, wash
from anatomy.figures.view import View
from anatomy.logits_and_sampling import apply_steps, continue_text, entropy, perplexity, softmax

FILTER_KERNELS = (
    "softmax",
    "renormalise",
    "most_likely_first",
    "temper",
    "top_k",
    "top_p",
    "min_p",
    "apply_steps",
    "entropy",
)
STEP_LABELS = {"temperature": "temperature", "top_k": "top-k", "top_p": "top-p", "min_p": "min-p"}
NOTHING = "nothing"
OPENING_STEPS = (("temperature", 1.5), ("top_k", 50), ("top_p", 0.9), ("min_p", 0.05))
BITS = math.log(2)
SHOWN = 10  # tokens with a bar of their own
NAMED = 200  # tokens whose logit is kept; the rest is kept in bins
BIN = 0.25  # width of a bin of logits


def thousands(value):
    """A count, or a perplexity with one decimal while it is small."""
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.1f}"


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
        parts.label(p, grid[-1], curves[-1, place], token, "prob", (8, [0, 2, 4, 0, -4][place % 5]))
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


def in_groups(logits, n_named=NAMED, width=BIN):
    """The largest logits one by one, the rest in bins of equal width.

    logits (n_vocab,) -> ids (n_named,), gaps (n_groups,) below the largest logit, counts (n_groups,).
    A bin's gap is the one that keeps its mass at temperature 1 exact.
    """
    order = np.argsort(-logits, kind="stable")
    gaps = logits[order].astype(float) - float(logits.max())
    tail = gaps[n_named:]
    bins = np.floor(-tail / width).astype(int)
    in_bins = [tail[bins == b] for b in np.unique(bins)]
    middles = [float(part.max() + np.log(np.exp(part - part.max()).mean())) for part in in_bins]
    return (
        order[:n_named],
        np.array([*gaps[:n_named], *middles]),
        np.array([1] * n_named + [len(part) for part in in_bins]),
    )


def stages_of(gaps, counts, steps):
    """The stages of apply_steps on grouped logits, as pairs (probability of one token, tokens left) a group."""
    group = np.repeat(np.arange(len(counts)), counts)
    stages = []
    for probabilities in apply_steps(np.repeat(gaps, counts), steps):
        left = np.bincount(group[probabilities > 0], minlength=len(counts))
        mass = np.bincount(group, probabilities, minlength=len(counts))
        stages.append((mass / np.maximum(left, 1), left))
    return stages


def bar_rows(tokens, counts, stages, steps):
    """Labels, masses before and after, and what to print, for SHOWN tokens and all others together."""
    (first, _), (last, left) = stages[0], stages[-1]
    rows = {"label": [], "before": [], "after": [], "text": []}
    for i in range(SHOWN):
        cut_at = next((s for s in range(1, len(stages)) if stages[s][1][i] == 0), None)
        words = f"{first[i]:.3f} → {last[i]:.3f}"
        if cut_at:
            words = f"{first[i]:.3f}, cut: {STEP_LABELS[steps[cut_at - 1][0]]}"
        for key, value in zip(rows, (visible(tokens[i]), first[i], last[i], words), strict=True):
            rows[key].append(value)
    before = float((first * counts)[SHOWN:].sum())
    after = float((last * left)[SHOWN:].sum())
    n_left = int(left[SHOWN:].sum())
    words = f"{before:.3f} → {after:.3f}, {n_left:,} left" if n_left else f"{before:.3f}, all cut"
    for key, value in zip(rows, ("all others", before, after, words), strict=True):
        rows[key].append(value)
    return rows


def ledger_rows(stages, steps):
    """One row a stage: what was done, tokens left, mass cut, bits, perplexity."""
    rows = []
    for s, (p, left) in enumerate(stages):
        nats = float(-(left * p * np.log(np.where(p > 0, p, 1))).sum())
        what, cut = "softmax", ""
        if s:
            name, value = steps[s - 1]
            what = f"{STEP_LABELS[name]} {value:g}"
            before, had = stages[s - 1]
            if name != "temperature" or value == 0:
                cut = f"{max(0.0, 1 - float((before * np.minimum(left, had)).sum())):.3f}"
        bits = abs(nats) / BITS
        rows.append([what, f"{left.sum():,}", cut, f"{bits:.2f}", thousands(round(math.exp(abs(nats)), 1))])
    return rows


def filters(prompts, first=0, steps=OPENING_STEPS):
    """Four filters in any order on real next-token logits, with what each of them cut.

    prompts: tuples (prompt, logits (n_vocab,), tokens: a function from ids to texts).
    first: which prompt is shown. steps: four pairs as in apply_steps.
    """
    models = []
    for prompt, logits, text_of in prompts:
        ids, gaps, counts = in_groups(logits)
        tokens = [text_of(i) for i in ids]
        gaps = [float(f"{gap:.4g}") for gap in gaps]  # as the page will have them
        models.append({"prompt": prompt, "tokens": tokens, "gaps": gaps, "counts": counts})
    shown = models[first]
    stages = stages_of(np.array(shown["gaps"]), shown["counts"], steps)
    bars = bar_rows(shown["tokens"], shown["counts"], stages, steps)
    ledger = ledger_rows(stages, steps)

    p = plot(
        height=60 + 27 * (SHOWN + 1),
        x_label="probability",
        grid="x",
        y_range=factors(bars["label"], reverse=True),
    )
    p.x_range = Range1d(0, max(*bars["before"], *bars["after"]) * 1.75)
    show_labels(p.yaxis[0], mono=True)
    p.yaxis.major_tick_line_color = None
    source = ColumnDataSource(
        {
            "y": positions(bars["label"]),
            "before": bars["before"],
            "after": bars["after"],
            "text": bars["text"],
            "end": np.maximum(bars["before"], bars["after"]).tolist(),
        }
    )
    p.hbar("y", 0.62, "after", source=source, fill_color=ink("prob"), line_color=None)
    p.hbar("y", 0.62, "before", source=source, fill_color=None, line_color=ink("grey"), line_width=1)
    p.text("end", "y", "text", source=source, x_offset=6, text_baseline="middle", text_color=ink("ink"))

    book = plot(height=38 + 26 * 5, grid=None)
    book.axis.visible = False
    book.x_range, book.y_range = Range1d(0, 1), Range1d(-5.4, 0.6)
    book.min_border_left = book.min_border_right = 12
    book.frame_align = False  # it has no labels at the left to make room for
    places, aligns = [0, 0.48, 0.63, 0.78, 1], ["left", *["right"] * 4]
    head = ["after", "tokens", "cut", "bits", "perplexity"]
    ledger_source = ColumnDataSource(
        {"y": [-float(r) for r in range(1, 6)], **{f"c{c}": [r[c] for r in ledger] for c in range(5)}}
    )
    for c in range(5):
        end_label(book, places[c], 0, head[c], "muted", (0, 0), aligns[c])
        book.text(
            places[c],
            "y",
            f"c{c}",
            source=ledger_source,
            text_align=aligns[c],
            text_baseline="middle",
            text_color=ink("ink"),
        )
    book.line([0, 1], [-0.5, -0.5], line_color=ink("ink"), line_width=1)

    which = choice("Prompt", [(str(i), m["prompt"] + " …") for i, m in enumerate(models)], str(first))
    options = [NOTHING, *STEP_LABELS.values()]
    order = [choice(f"Step {n + 1}", options, STEP_LABELS[name]) for n, (name, _) in enumerate(steps)]
    value = dict(steps)
    values = {
        "temperature": slider("Temperature", 0, 2, value["temperature"], 0.05),
        "top_k": slider("top-k", 1, NAMED, value["top_k"]),
        "top_p": slider("top-p", 0.05, 1, value["top_p"], 0.05),
        "min_p": slider("min-p", 0.01, 1, value["min_p"], 0.01),
    }
    redraw = callback(
        "logits_and_sampling_filters",
        *FILTER_KERNELS,
        which=which,
        order=order,
        sliders=list(values.values()),
        source=source,
        ledger=ledger_source,
        y_range=p.y_range,
        x_range=p.x_range,
        shown=SHOWN,
        tokens=[[visible(t) for t in m["tokens"][:SHOWN]] for m in models],
        gaps=[m["gaps"] for m in models],
        counts=[m["counts"].tolist() for m in models],
    )
    for control in (which, *order, *values.values()):
        on_change(control, redraw)
    return Figure(
        column(p, book),
        name="logits-and-sampling-filters",
        alt=f"Bars for the {SHOWN} likeliest next tokens after '{shown['prompt']}' before (outline) and after (filled) "
        "temperature and three filters, with the filter that cut each token; a small table below counts tokens left, "
        f"mass cut, entropy and perplexity after each step: from {ledger[0][1]} tokens to {ledger[-1][1]}.",
        caption="Outline: the model's probability. Filled: what is left to draw from, renormalised. "
        "Change the order of the steps and the same four values keep other tokens. "
        "Change the prompt and the same values keep a few tokens or many.",
        data=Table(
            ["token or step", "probability before", "after", "tokens left", "mass cut", "bits", "perplexity"],
            [
                *(
                    [label, f"{before:.3f}", f"{after:.3f}", "", "", "", ""]
                    for label, before, after, _ in zip(*bars.values(), strict=True)
                ),
                *([what, "", "", *numbers] for what, *numbers in ledger),
            ],
        ),
        provenance="real",
        controls=[which, side_by_side(*order, least=130), side_by_side(*values.values(), least=280)],
        source=f"Logits of SmolLM2-135M-Instruct. The {NAMED} largest of each prompt are exact to four digits; the "
        f"others stand in bins {BIN} wide: exact in count and mass before any step, close to it after.",
    )


# --- How many tokens each filter keeps -----------------------------------------------------------


def kept(temperatures, counts, settings, first=0):
    """Tokens that each filter keeps against temperature, for a prompt of the reader's choice.

    temperatures (n,). counts: prompt -> filter name -> (n,) tokens kept. settings: filter name -> value.
    """
    names = list(settings)
    prompts = list(counts)
    p = plot(height=330, x_label="temperature T", y_label="tokens kept", y_axis_type="log")
    p.x_range = Range1d(0, float(temperatures[-1]) * 1.42)
    p.y_range = Range1d(0.7, 60_000)
    p.yaxis.ticker = FixedTicker(ticks=[1, 10, 100, 1000, 10_000])
    p.xaxis.ticker = FixedTicker(ticks=[0.5, 1, 1.5, 2, 2.5, 3])
    p.yaxis.formatter = NumeralTickFormatter(format="0,0")
    looks = {"top_k": ("grey", "dotted"), "top_p": ("prob", "solid"), "min_p": ("prob", "dashed")}
    sources, labels = [], []
    for name in names:
        colour, dash = looks[name]
        y = np.array(counts[prompts[first]][name])
        sources.append(line(p, temperatures, y, colour, dash=dash))
        # the flat line is named at its start, where no other end can come near
        at, offset = (temperatures[0], (0, 12)) if name == "top_k" else (temperatures[-1], (8, 0))
        labels.append(end_label(p, at, y[-1], f"{STEP_LABELS[name]} {settings[name]:g}", colour, offset))
    which = choice("Prompt", [(str(i), prompt + " …") for i, prompt in enumerate(prompts)], str(first))
    on_change(
        which,
        callback(
            "logits_and_sampling_kept",
            sources=sources,
            labels=labels,
            counts=[[[int(n) for n in counts[prompt][name]] for name in names] for prompt in prompts],
        ),
    )
    at = {t: int(np.argmin(np.abs(np.array(temperatures) - t))) for t in (0.5, 1, 2, 3)}
    table = [
        [prompt, STEP_LABELS[name], *(f"{counts[prompt][name][i]:,}" for i in at.values())]
        for prompt in prompts
        for name in names
    ]
    now = counts[prompts[first]]
    return Figure(
        p,
        name="logits-and-sampling-kept",
        alt=f"Tokens kept after '{prompts[first]}' against temperature, on a logarithmic axis. "
        + "; ".join(f"{STEP_LABELS[n]} goes from {now[n][0]:,} to {now[n][-1]:,}" for n in names)
        + ". As the temperature rises, top-p lets in thousands of tokens while min-p stays small.",
        caption="Temperature comes first here, then one filter. Top-k keeps the same number whatever the model says. "
        "Top-p follows the mass, and above T = 1 that mass lies in thousands of unlikely tokens. "
        "Min-p follows the likeliest token and stays small.",
        data=Table(["prompt", "filter", *(f"T = {t:g}" for t in at)], table),
        provenance="real",
        controls=[which],
        source="Logits of SmolLM2-135M-Instruct, all of them.",
    )


# --- The tree ------------------------------------------------------------------------------------


def tree_rows(nodes, path):
    """Bars, chosen bars and connecting lines of the columns along a path.

    nodes: path (a tuple) -> (tokens, probabilities, mass of all others, bits).
    """
    bars = {"left": [], "right": [], "y": [], "text": [], "text_y": []}
    chosen = {"left": [], "right": [], "y": []}
    others = {"left": [], "right": [], "y": []}
    links = {"xs": [], "ys": []}
    for depth in range(len(path)):
        tokens, probabilities, rest, bits = nodes[path[:depth]]
        labels = [*map(visible, tokens), "all others"]
        for rank, (token, p) in enumerate(zip(labels, [*probabilities, rest], strict=True)):
            right = depth + 0.86 * p
            for key, value in zip(
                bars, (depth, right, -rank - 0.16, f"{token} {p:.3f}", -rank + 0.24), strict=True
            ):
                bars[key].append(value)
            into = others if rank == len(tokens) else chosen if rank == path[depth] else None
            if into is not None:
                for key, value in zip(into, (depth, right, -rank - 0.16), strict=True):
                    into[key].append(value)
        bars_end = depth + 0.86 * probabilities[path[depth]]
        if depth < len(path) - 1:
            y = -path[depth] - 0.16
            links["xs"] += [[bars_end, depth + 0.94], [depth + 0.94, depth + 0.94]]
            links["ys"] += [[y, y], [0.4, -len(tokens) - 0.4]]
        bars["text"].append(f"{bits:.1f} bits")
        bars["text_y"].append(-len(tokens) - 0.85)
        for key, value in zip(("left", "right", "y"), (depth, depth, -len(tokens) - 0.85), strict=True):
            bars[key].append(value)
    return bars, chosen, others, links


def tree_title(prompt_end, nodes, path):
    """The text so far, and the probability of what was added."""
    words, factors_ = prompt_end, []
    for depth in range(len(path)):
        tokens, probabilities, *_ = nodes[path[:depth]]
        words += tokens[path[depth]]
        factors_.append(probabilities[path[depth]])
    return f"{words} …\n" + " × ".join(f"{p:.4f}" for p in factors_) + f" = {math.prod(factors_):.4f}"


def tree(prompt, nodes, n_steps, n_wide):
    """The next tokens along a path that the reader chooses, each distribution conditioned on the path.

    nodes: path (a tuple of ranks) -> (n_wide tokens, their probabilities, mass of all others, bits).
    """
    path = (0,) * n_steps
    rounded = {
        key: (tokens, [float(f"{p:.4g}") for p in probabilities], float(f"{rest:.4g}"), float(f"{bits:.4g}"))
        for key, (tokens, probabilities, rest, bits) in nodes.items()
    }
    end = "… " + " ".join(prompt.split()[-3:])
    bars, chosen, others, links = (ColumnDataSource(part) for part in tree_rows(rounded, path))
    p = plot(height=350, grid=None)
    p.axis.visible = False
    p.x_range, p.y_range = Range1d(-0.02, n_steps), Range1d(-n_wide - 1.3, 0.7)
    p.title.text = tree_title(end, rounded, path)
    p.min_border_left = p.min_border_right = 12
    p.hbar("y", 0.3, "right", "left", source=bars, fill_color=wash("prob"), line_color=None)
    p.hbar("y", 0.3, "right", "left", source=others, fill_color=ink("paper"), line_color=ink("grey"))
    p.hbar("y", 0.3, "right", "left", source=chosen, fill_color=ink("prob"), line_color=None)
    p.multi_line("xs", "ys", source=links, line_color=ink("ink"), line_width=1)
    p.text("left", "text_y", "text", source=bars, text_baseline="middle", text_color=ink("ink"))
    tokens_along = [[visible(t) for t in rounded[path[:d]][0]] for d in range(n_steps)]
    steps = [
        choice(f"Step {d + 1}", [(str(i), t) for i, t in enumerate(tokens_along[d])], "0")
        for d in range(n_steps)
    ]
    keys = sorted(rounded, key=lambda key: (len(key), key))
    redraw = callback(
        "logits_and_sampling_tree",
        steps=steps,
        bars=bars,
        chosen=chosen,
        others=others,
        links=links,
        title=p.title,
        end=end,
        keys=["".join(map(str, key)) for key in keys],
        tokens=[rounded[key][0] for key in keys],
        probabilities=[rounded[key][1] for key in keys],
        rest=[rounded[key][2] for key in keys],
        bits=[rounded[key][3] for key in keys],
    )
    for step in steps:
        on_change(step, redraw)
    rows = [
        ["".join(rounded[key[:d]][0][key[d]] for d in range(len(key))).strip() or "(prompt)", f"{bits:.2f}"]
        + [f"{visible(t)} {q:.3f}" for t, q in zip(tokens, probabilities, strict=True)]
        + [f"{rest:.3f}"]
        for key, (tokens, probabilities, rest, bits) in sorted(
            rounded.items(), key=lambda item: (len(item[0]), item[0])
        )
    ]
    root, second = rounded[()], rounded[(0,)]
    return Figure(
        p,
        name="logits-and-sampling-tree",
        alt=f"Three columns of next tokens after '{prompt}'. The first has {root[3]:.1f} bits and no token above "
        f"{max(root[1]):.2f}; after choosing '{root[0][0].strip()}' the second has {second[3]:.1f} bits and "
        f"'{second[0][0].strip()}' gets {second[1][0]:.2f}. Every choice changes all later columns.",
        caption="Choose a token in each step. Every column is a new forward pass over the text so far, and its bars "
        "are conditional on the tokens chosen left of it. The branch has the probability of the second line.",
        data=Table(["after", "bits", *(f"rank {i + 1}" for i in range(n_wide)), "all others"], rows),
        provenance="real",
        controls=[side_by_side(*steps, least=100)],
        source=f"SmolLM2-135M-Instruct at temperature 1, one forward pass for each of {len(rounded)} texts.",
    )


# --- Generate ------------------------------------------------------------------------------------


class Uniform:
    """The page's random numbers: mulberry32 (Tommy Ettinger, public domain), so that picture and page agree.

    >>> Uniform(1).random() == Uniform(1).random()
    True
    """

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def random(self):
        """The next number in [0, 1)."""
        self.state = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        t = self.state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return (t ^ (t >> 14)) / 2**32


def next_logits_of(followers, n_back):
    """ids -> logits of the counts that followed their last n_back ids."""

    def next_logits(ids):
        with np.errstate(divide="ignore"):
            return np.log(followers[tuple(ids[-n_back:])])

    return next_logits


N_TOKENS = 18  # how many a press of the button writes
N_CANDIDATES = 8


def generate(words, followers, start, end, seed=1, reads=2):
    """Write a text token by token, each drawn from a distribution that depends on the last words.

    words: the vocabulary. followers: n_back -> dict from contexts to counts, as count_followers returns.
    start, end: ids of the marks that begin and end a text. reads: the n_back shown first.
    """
    steps = [("temperature", 1.0), ("top_p", 1.0)]
    opening = [start] * max(followers)
    next_logits = next_logits_of(followers[reads], reads)
    ids = continue_text(next_logits, opening, N_TOKENS, steps, Uniform(seed), end)
    laid_out = [apply_steps(next_logits(opening + ids[:i]), steps)[-1] for i in range(len(ids))]

    shown = min(5, len(ids) - 1)
    drawn = step_rows([words[i] for i in ids], laid_out, ids)
    cands = candidate_rows(words, laid_out[shown], ids[shown])
    step_source, here = ColumnDataSource(drawn), ColumnDataSource({"y": [-shown]})
    left = plot(height=60 + 21 * N_TOKENS, x_label="entropy of the draw (bits)", grid="x")
    widest = max(np.count_nonzero(counts) for rows in followers.values() for counts in rows.values())
    low, high = -0.62 * math.log2(widest), 1.36 * math.log2(widest)
    left.x_range, left.y_range = Range1d(low, high), Range1d(-N_TOKENS + 0.4, 0.6)
    left.xaxis.ticker = FixedTicker(ticks=list(range(int(math.log2(widest)) + 1)))
    left.yaxis.visible = False
    left.hbar("y", 0.96, high, low, source=here, fill_color=ink("tint"), line_color=ink("ink"))
    left.hbar("y", 0.6, "bits", source=step_source, fill_color=ink("prob"), line_color=None)
    left.text(0, "y", "token", source=step_source, x_offset=-8, text_align="right", text_baseline="middle",
              text_font={"value": MONO}, text_color=ink("ink"))  # fmt: skip
    left.text(
        "bits", "y", "text", source=step_source, x_offset=6, text_baseline="middle", text_color=ink("muted")
    )

    right = plot(
        height=60 + 30 * N_CANDIDATES,
        x_label="probability",
        grid="x",
        y_range=factors(cands["label"], reverse=True),
    )
    right.x_range = Range1d(0, 1.42)
    right.xaxis.ticker = FixedTicker(ticks=[0, 0.5, 1])
    right.yaxis.major_tick_line_color = None
    show_labels(right.yaxis[0], mono=True)
    right.title.text = candidate_title(shown, laid_out[shown])
    cand_source = ColumnDataSource(
        {"y": positions(cands["label"]), **{k: cands[k] for k in ("value", "drawn", "text")}}
    )
    right.hbar("y", 0.62, "value", source=cand_source, fill_color=wash("prob"), line_color=None)
    right.hbar("y", 0.62, "drawn", source=cand_source, fill_color=ink("prob"), line_color=None)
    right.text(
        "value", "y", "text", source=cand_source, x_offset=6, text_baseline="middle", text_color=ink("ink")
    )

    button = Button(label="Generate with the next seed")
    seed_slider = slider("Seed", 1, 99, seed)
    memory = choice("It sees", [("1", "the last word"), ("2", "the last two words")], str(reads))
    heat = slider("Temperature", 0, 2, 1, 0.1)
    nucleus = slider("top-p", 0.05, 1, 1, 0.05)
    step = slider("Step shown", 1, N_TOKENS, shown + 1)
    told = Div(
        text=sentence([words[i] for i in ids]), styles={"font": "italic 17px/1.5 serif", "min-height": "54px"}
    )
    contexts = [
        (n_back, context, counts) for n_back in followers for context, counts in followers[n_back].items()
    ]
    redraw = callback(
        "logits_and_sampling_generate",
        *FILTER_KERNELS,
        "sample",
        "uniform",
        seed=seed_slider,
        memory=memory,
        heat=heat,
        nucleus=nucleus,
        step=step,
        steps=step_source,
        here=here,
        candidates=cand_source,
        candidate_range=right.y_range,
        title=right.title,
        told=told,
        words=list(words),
        start=start,
        end=end,
        n_tokens=N_TOKENS,
        n_candidates=N_CANDIDATES,
        contexts=[" ".join(map(str, context)) for _, context, _ in contexts],
        next_ids=[np.flatnonzero(counts).tolist() for *_, counts in contexts],
        next_counts=[counts[counts > 0].tolist() for *_, counts in contexts],
    )
    for control in (seed_slider, memory, heat, nucleus, step):
        on_change(control, redraw)
    button.js_on_event("button_click", callback("logits_and_sampling_reseed", seed=seed_slider))
    return Figure(
        side_by_side(left, right),
        name="logits-and-sampling-generate",
        alt=f"Left, {len(ids)} tokens in the order in which they were drawn, each with the entropy of the distribution "
        f"it came from, between 0 and {max(drawn['bits']):.1f} bits. Right, the distribution of one step with the "
        "drawn token filled. Where the sentence leaves a choice the entropy is high; where grammar decides it is 0.",
        caption="Press Generate, then walk along the steps. Every token is drawn from a distribution of its own, made "
        "by what stands before it. The same seed and settings always write the same text. Let it see one word instead "
        "of two, and it loses the thread.",
        data=Table(
            ["step", "token drawn", "its probability", "bits"],
            [
                [i + 1, words[t], f"{laid_out[i][t]:.3f}", f"{drawn['bits'][i]:.2f}"]
                for i, t in enumerate(ids)
            ],
        ),
        provenance="toy",
        controls=[
            told,
            side_by_side(button, memory, least=180),
            side_by_side(seed_slider, step, least=280),
            side_by_side(heat, nucleus, least=280),
        ],
        source="Counts of which word follows which in the 3,000 training tales of anatomy.tiny_tales, made while this "
        "page was built; the drawing happens in the page.",
    )


def step_rows(tokens, distributions, ids):
    """One bar a token: bits of the distribution it was drawn from, and its probability."""
    return {
        "y": [-i for i in range(len(ids))],
        "token": list(tokens),
        "bits": [entropy(p) / BITS for p in distributions],
        "text": [f"p {p[i]:.3f}" for p, i in zip(distributions, ids, strict=True)],
    }


def candidate_rows(words, probabilities, drawn):
    """The likeliest tokens of one step, the drawn one always among them; padded to N_CANDIDATES rows."""
    order = np.argsort(-probabilities, kind="stable")
    order = [int(i) for i in order[: (probabilities > 0).sum()]]
    top = order[:N_CANDIDATES]
    if drawn not in top:
        top[-1] = drawn
    rows = {"label": [], "value": [], "drawn": [], "text": []}
    for i in top:
        p = float(probabilities[i])
        for key, value in zip(
            rows,
            (words[i], p, p if i == drawn else 0.0, f"{p:.3f}" + (" drawn" if i == drawn else "")),
            strict=True,
        ):
            rows[key].append(value)
    for _ in range(N_CANDIDATES - len(top)):
        for key, value in zip(rows, ("", 0.0, 0.0, ""), strict=True):
            rows[key].append(value)
    return rows


def candidate_title(step, probabilities):
    """Which step, and how many tokens can be drawn."""
    n = int((probabilities > 0).sum())
    return f"Step {step + 1}: {n} possible token{'s' if n > 1 else ''}"


def sentence(tokens):
    """Tokens as running text: no space before a stop or comma, none of the end mark."""
    text = " ".join(token for token in tokens if not token.startswith("("))
    return text.replace(" .", ".").replace(" ,", ",")
