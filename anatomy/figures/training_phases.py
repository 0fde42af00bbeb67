"""Figures of the chapter on training. Chapter: book/training-phases.md"""

import json
import textwrap

import numpy as np
from bokeh.layouts import column

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.theme import ink
from anatomy.figures.view import View

KINDS = ("with weight decay", "without")
MARKS = (100, 300, 1000, 2000, 3000, 4000, 6000)  # steps at which the reader guesses
GUESS = (
    20,
    35,
    60,
    75,
    85,
    90,
    95,
)  # what stands there first: accuracy that rises with training, in per cent

FIRST_NEURON = 1  # of the spectra: one that training turned into a wave

# --- Draw your guess -----------------------------------------------------------------------------


def guess(kinds, credit):
    """Where will the accuracy on unseen sums go? Drawn first, then uncovered. kinds: name -> the study's Grokking."""
    runs = [run_of(kind) for kind in kinds.values()]
    places = [round(float(np.log10(mark)), 4) for mark in MARKS]
    view = View(
        "training_phases_guess", digits=4, places=places, marks=MARKS, kinds=KINDS, x=[run[0] for run in runs],
        train=[run[1] for run in runs], test=[run[2] for run in runs],
        reached=[int(np.median(kind.grokked)) for kind in kinds.values()],
    )  # fmt: skip
    p = parts.plot(330, "step", "right answers, %", x=(0.95, 4.25), y=(-12, 104))
    parts.ticks(p.yaxis, range(0, 101, 20))
    parts.ticks(p.xaxis, [1, 2, 3, 4], ["10", "100", "1,000", "10,000"])
    parts.title(view, "said", p)
    p.title.text = " \n "
    parts.curve(view, "train", p, "grey", "dashed")
    parts.curve(view, "test", p, "loss", width=3)
    parts.curve(view, "guess", p, "ink", "dotted")
    handles = view.source("handles", "x", "y", "pick")
    marks = p.scatter(
        "x", "y", source=handles, size=10, fill_color=ink("paper"), line_color=ink("ink"), line_width=1.5
    )
    here = view.source("here", x=[], y=[])
    p.scatter("x", "y", source=here, size=16, fill_color=None, line_color=ink("ink"), line_width=2.5)
    view.pick(p, marks, "place")
    view.drag(p, "plane", x="place", y="level")
    parts.label(p, 2.2, 93, "sums trained on", "grey")
    parts.label(p, 1, -7, "unseen sums", "loss")
    place = view.control(
        place=parts.slider("Handle", places[0], places[-1], places[2], 0.1, show_value=False)
    )
    level = view.control(level=parts.slider("Your guess there, %", 0, 100, GUESS[2]))
    kind = view.control(kind=parts.tabs(KINDS))
    uncovered = view.control(uncovered=parts.switch("Uncover the truth"))
    drawn = view.control(drawn=parts.words("Drawn", json.dumps(GUESS), visible=False))
    decay = kinds["decay"]
    lines = [(kind, values) for kind in kinds.values() for values in (kind.train, kind.test)]
    return Figure(
        p,
        view=view,
        controls=[parts.side_by_side(place, level, least=150), kind, uncovered, drawn],
        name="training-phases-guess",
        alt=f"Share of right answers against the step, on a logarithmic axis. Sums trained on are all right by step "
        f"{decay.learned.max()}. A dotted line with seven handles is a guess for unseen sums. The truth is "
        f"covered after step {MARKS[0]}.",
        caption="A network learns half of all sums modulo 29; the dashed line shows those. The solid line is the "
        f"other half, which it never sees; what it does after step {MARKS[0]} is for you to guess. Drag the handles, "
        f"or choose one and set it with the slider. Then uncover. Means of {len(decay.grokked)} seeds.",
        print_caption="A network learns half of all sums modulo 29; the dashed line shows those. The solid line is "
        f"the other half, which it never sees, the dotted one a natural guess. Means of {len(decay.grokked)} seeds.",
        print_states={name: {"kind": i, "uncovered": True} for i, name in enumerate(KINDS)},
        data=Table(
            ["step", *(f"{what}, {name}" for name in KINDS for what in ("trained on", "unseen"))],
            [
                [f"{mark:,}", *(f"{at(kind, values, mark):.0%}" for kind, values in lines)] for mark in MARKS
            ],
        ),
        provenance="trained",
        source=credit,
    )  # fmt: skip


def at(kind, values, step):
    """The mean over seeds at the measurement next to a step."""
    return float(values[:, abs(kind.steps - step).argmin()].mean())


def run_of(kind, n=90):
    """A run's measurements thinned out evenly in the logarithm of the step: log10 steps, train and test accuracy."""
    steps = kind.steps[1:]
    wanted = np.geomspace(steps[0], steps[-1], n)
    places = sorted({int(abs(steps - step).argmin()) + 1 for step in wanted})
    return (
        np.log10(kind.steps[places]).round(4),
        kind.train.mean(axis=0)[places].round(3),
        kind.test.mean(axis=0)[places].round(3),
    )


# --- A language model ----------------------------------------------------------------------------


def run(found):
    """The toy language model step by step: loss against its floor, and a tale that it tells. found: the study's Run."""
    tales = [textwrap.wrap(texts[0], 42, max_lines=4, placeholder=" …") for texts in found.samples]
    view = View(
        "training_phases_run", digits=4, steps=found.steps, held_out=found.held_out, floor=found.floor, samples=tales,
        spelled=found.spelled.round(3), grammatical=found.grammatical.round(3), at_sample=found.sample_steps,
    )  # fmt: skip
    p = parts.plot(270, "step", "loss, nats a token", x=(-20, 1020), y=(0, 5.6))
    parts.title(view, "said", p)
    p.line([-20, 1020], [found.floor] * 2, line_color=ink("muted"), line_dash="dotted")
    parts.label(p, 1010, found.floor + 0.3, "floor: the entropy of the tales", "muted", align="right")
    p.multi_line("xs", "ys", source=view.source("runs", xs=[], ys=[]), line_color=ink("loss"), line_width=1.5)
    parts.rule(view, "here", p)
    q = parts.plot(156, grid=None, x=(0, 1), y=(-4, 0.4))
    q.axis.visible = False
    q.min_border_left = q.min_border_right = 12
    parts.title(view, "told", q)
    q.title.text = " \n "
    tale = view.source("tale", "text", x=[0] * 4, y=[-0.3 - i for i in range(4)])
    q.text("x", "y", "text", source=tale, text_baseline="middle", text_color=ink("ink"))
    view.control(reveal=parts.slider("Uncover up to step", 0, len(found.steps) - 1, 3, show_value=False))
    end = found.held_out[:, -1].mean()
    told = found.sample_steps[found.sample_steps <= found.steps[3]][-1]
    return Figure(
        column(p, q, sizing_mode="stretch_width"),
        view=view,
        name="training-phases-run",
        alt=f"Loss of three runs of the toy language model, uncovered up to step {found.steps[3]}, above a dotted "
        f"floor at {found.floor:.2f}. Below, a tale that it told at step {told}: broken words.",
        caption="Move the slider and guess where the line goes before it is there. Spelling comes first, then "
        f"whole words in some order, then tales (kept at {len(found.sample_steps)} of the steps). The loss comes to "
        "rest a little above the floor, and none of the three runs goes below it.",
        print_caption="Spelling comes first, then whole words in some order, then tales. The loss comes to rest a "
        "little above the floor, and none of the three runs goes below it.",
        print_states={"step 60": {"reveal": 3}, "the whole run": {"reveal": len(found.steps) - 1}},
        data=Table(
            ["step", *(f"seed {i}" for i in range(len(found.held_out)))],
            [[int(s), *(f"{x:.3f}" for x in found.held_out[:, i])] for i, s in enumerate(found.steps)],
            source=f"Floor {found.floor:.3f}, at the end {end:.3f}.",
        ),
        provenance="trained",
        source=found.credit,
    )


def few(found, first=0):
    """The same model on few and on many tales. found: the study's Few."""
    view = View(
        "training_phases_few", digits=4, sizes=found.sizes, steps=found.steps, train=found.train,
        held_out=found.held_out, floors=found.train_floors,
    )  # fmt: skip
    p = parts.plot(300, "step", "loss, nats a token", x=(-8, 590), y=(0, 5.6))
    parts.ticks(p.xaxis, range(0, 401, 100))
    parts.title(view, "said", p)
    p.title.text = " \n "
    p.multi_line(
        "xs", "ys", source=view.source("others", xs=[], ys=[]), line_color=ink("grey"), line_width=0.8
    )
    p.text(
        "x", "y", "text", source=view.source("names", "x", "y", "text"), x_offset=5, text_baseline="middle",
        text_color=ink("muted"),
    )  # fmt: skip
    parts.curve(view, "floor", p, "muted", "dotted", 1.2)
    parts.curve(view, "train", p, "loss", "dashed")
    parts.curve(view, "held_out", p, "loss", width=2.5)
    sizes = [f"{size:,}" for size in found.sizes]
    view.control(size=parts.choice("Tales to train on", sizes, first))
    view.control(
        reveal=parts.slider("Uncover up to", 0, len(found.steps) - 1, len(found.steps) - 1, show_value=False)
    )
    return Figure(
        p,
        view=view,
        name="training-phases-few",
        alt=f"Loss of the toy trained on {found.sizes[first]} tales: on these it falls to "
        f"{found.train[first, -1]:.2f}, far below their entropy of {found.train_floors[first]:.2f}; on held-out tales "
        f"it falls to {found.held_out[first].min():.2f} and rises again to {found.held_out[first, -1]:.2f}.",
        caption="Solid: held-out tales. Dashed: those it trains on. Dotted: their entropy. Thin: held-out tales, the "
        "other sizes. A dashed line below the dotted one means that tales are known by heart. With more tales the "
        "two lines come together.",
        print_states={f"{size} tales": {"size": i} for i, size in enumerate(sizes)},
        data=Table(
            ["tales", "entropy", "trained on, end", "held-out, lowest", "held-out, end"],
            [
                [size, f"{found.train_floors[i]:.2f}", f"{found.train[i, -1]:.2f}", f"{found.held_out[i].min():.2f}",
                 f"{found.held_out[i, -1]:.2f}"]
                for i, size in enumerate(sizes)
            ],
        ),
        provenance="trained",
        source=found.credit,
    )  # fmt: skip


# --- What changed inside -------------------------------------------------------------------------


def inside(kinds, start, credit, n_neurons=12):
    """Length of the weights and spectrum of neurons, with and without decay. kinds: name -> Grokking."""
    runs = [kind.steps[:: max(1, len(kind.steps) // 60)] for kind in kinds.values()]
    thinned = [
        [values.mean(axis=0)[:: max(1, len(kind.steps) // 60)] for values in (kind.norm, kind.top_share)]
        for kind in kinds.values()
    ]
    view = View(
        "training_phases_inside", digits=3, kinds=KINDS, steps=runs, norm=[norm for norm, _ in thinned],
        top=[top for _, top in thinned], spectra=[kind.power[0, :n_neurons] for kind in kinds.values()],
        start=start[:n_neurons],
    )  # fmt: skip
    p = parts.plot(190, "step", "length of weights", x=(-300, 15_300), y=(0, 128))
    parts.ticks(p.xaxis, [0, 5000, 10_000, 15_000], ["0", "5,000", "10,000", "15,000"])
    parts.title(view, "said", p)
    p.title.text = " \n "
    norms = view.source("norms", xs=[], ys=[], dash=[], width=[])
    p.multi_line("xs", "ys", source=norms, line_dash="dash", line_width="width", line_color=ink("loss"))
    n = start.shape[1]
    q = parts.plot(210, "frequency, turns in 29 numbers", "share of its power", x=(0.4, n + 0.6), y=(0, 1.05))
    parts.title(view, "tuned", q)
    q.title.text = " \n "
    x = list(range(1, n + 1))
    q.vbar(
        "x", 0.5, "value", source=view.source("bars", "value", x=x), line_color=None, fill_color=ink("ffn")
    )
    q.vbar(
        "x",
        0.86,
        "value",
        source=view.source("ghosts", "value", x=x),
        fill_color=None,
        line_color=ink("grey"),
    )
    tops = view.source("tops", xs=[], ys=[], dash=[], width=[])
    r = parts.plot(150, "step", "median share", x=(-300, 15_300), y=(0, 1.05))
    parts.ticks(r.xaxis, [0, 5000, 10_000, 15_000], ["0", "5,000", "10,000", "15,000"])
    r.multi_line("xs", "ys", source=tops, line_dash="dash", line_width="width", line_color=ink("ffn"))
    view.control(kind=parts.tabs(KINDS))
    view.control(neuron=parts.slider("Neuron of seed 0", 0, n_neurons - 1, FIRST_NEURON))
    both = decay, without = kinds["decay"], kinds["no_decay"]
    return Figure(
        parts.side_by_side(column(p, r, sizing_mode="stretch_width"), q),
        view=view,
        name="training-phases-inside",
        alt=f"Left, the length of all weights: with decay it falls to {decay.norm[:, -1].mean():.0f} in "
        f"{decay.steps[-1]:,} steps, without it grows to {without.norm[:, -1].mean():.0f} in {without.steps[-1]:,}; "
        "and the share of its power that the median neuron has in one frequency, "
        f"{decay.top_share[:, -1].mean():.2f} and {without.top_share[:, -1].mean():.2f} at the end. "
        "Right, the spectrum of one neuron, most of it in one frequency.",
        caption=f"Solid: with decay, {decay.steps[-1]:,} steps; dashed: without, {without.steps[-1]:,}; the thick line "
        "is the one chosen. Outlined bars: the neuron "
        f"before training. With decay {waves(decay):.0%} of all neurons end with most of their power in a single "
        f"wave over the 29 numbers; without, {waves(without):.0%}.",
        print_states={name: {"kind": i} for i, name in enumerate(KINDS)},
        data=Table(
            ["measured", *KINDS],
            [
                ["length of all weights at the end", *(f"{k.norm[:, -1].mean():.0f}" for k in both)],
                ["median neuron, share in one frequency", *(f"{k.top_share[:, -1].mean():.2f}" for k in both)],
                ["the same before training", *(f"{k.top_share[:, 0].mean():.2f}" for k in both)],
                ["95% of unseen sums right at step", *map(when, both)],
            ],
        ),
        provenance="trained",
        source=credit,
    )  # fmt: skip


def waves(kind):
    """The share of neurons, over all seeds, with more than half of their power in one frequency."""
    return float((kind.power.max(axis=-1) > 0.5).mean())


def when(kind):
    """The median step with 95% of the unseen sums right, in words."""
    return "never" if (kind.grokked < 0).all() else f"{int(np.median(kind.grokked)):,}"


# --- Tables of the chapter -----------------------------------------------------------------------


def sweep_table(rows):
    """How soon a network groks. rows: as sweep_rows gives them."""
    return Table(
        ["recipe", "own sums known at step", "95% of unseen at step"],
        rows,
        name="training-phases-sweep",
        caption="When a network knows its own sums, and when 95% of the unseen ones, by weight decay and by the share "
        "of all sums that are trained on; two seeds each. Another recipe than in the figures: modulo 43, learning rate "
        "0.003. In brackets, where they stand if they do not get there.",
        provenance="trained",
    )
