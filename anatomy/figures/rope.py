"""Figures of the chapter on positions. Chapter: book/rope.md"""

import numpy as np

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import ink, wash
from anatomy.figures.view import View
from anatomy.rope import wavelengths
from anatomy.studies import TOGETHER, mean_and_error, signed
from anatomy.studies import rope as study

BASES = (100, 10_000, 500_000)
CLOCK = 36  # radius in pixels

# --- Clock hands ---------------------------------------------------------------------------------


def hands(position=0, distance=3, columns=4):
    """One clock for each pair of a query and a key: slide both words, slide them apart, change the base."""
    n = study.D_HEAD // 2
    view = View("rope_hands", q=study.Q, k=study.K, bases=BASES, clock=CLOCK - 4)
    x, y = [i % columns for i in range(n)], [-(i // columns) for i in range(n)]
    p = parts.plot(290, grid=None, x=(-0.55, columns - 0.45), y=(min(y) - 0.6, 0.5))
    p.axis.visible = False
    p.min_border = 4
    parts.title(view, "said", p)
    p.scatter(x, y, size=2 * CLOCK, fill_color=None, line_color=ink("rule"), line_width=1.5)
    for name, hue, dash in (("keys", "key", (6, 3)), ("queries", "query", "solid")):
        p.ray(
            "x", "y", length="length", length_units="screen", angle="angle", line_color=ink(hue), line_width=3,
            line_dash=dash,
            source=view.source(name, "length", "angle", x=x, y=y),
        )  # fmt: skip
    p.text(
        "x", "y", "text", source=view.source("products", "text", x=x, y=y), y_offset=CLOCK + 12,
        text_align="center", text_baseline="middle", text_color=ink("ink"),
    )  # fmt: skip
    view.control(position=parts.slider("Slide both words: position of the key", 0, 2000, position))
    view.control(distance=parts.slider("Slide them apart: query minus key", 0, 200, distance))
    view.control(base=parts.choice("Base", [f"{base:,}" for base in BASES], 1))
    turns = {base: wavelengths(study.D_HEAD, base) for base in BASES}
    here, there, apart = (study.toy_score(*place) for place in ((0, 3), (500, 3), (0, 10)))
    return Figure(
        p,
        view=view,
        name="rope-hands",
        alt="Eight clocks, one a pair, each with a hand for the query and one for the key, 3 positions apart. In "
        f"the first the hands stand far apart, in the last they have hardly turned. The score, {here:.2f}, is the "
        f"sum of eight products. It is the same with both words 500 positions later, and {fixed(apart)} with the "
        "words 10 apart.",
        caption="Each clock is a pair of entries; under it stands its part of the score. The solid hand is the "
        "query's, the dashed one the key's; a hand is as long as its pair of entries. Slide both words: all hands "
        "turn, and the score stands still. Slide them apart: it moves. With a larger base the last pairs hardly turn "
        "at all.",
        print_caption="Each clock is a pair of entries; under it stands its part of the score. The solid hand is the "
        "query's, the dashed one the key's; a hand is as long as its pair of entries. With both words 500 positions "
        "later all hands have turned, and the score is the same. Ten apart, it is another.",
        print_states={
            "3 apart": {},
            "3 apart, 500 later": {"position": 500},
            "10 apart": {"distance": 10},
        },
        data=Table(
            ["pair", *(f"once round in, base {base:,}" for base in BASES)],
            [[i, *(f"{turns[base][i]:,.0f}" for base in BASES)] for i in range(n)],
            source=f"score 3 apart {here:.2f}, the same 500 later {there:.2f}",
        ),
        provenance="toy",
    )


# --- Scores by distance --------------------------------------------------------------------------


def distance(found, first=0):
    """Mean scores by distance, for real heads and for two controls. found: the study's ByDistance."""
    names = [f"layer {layer}, head {head}: {study.HEADS[layer, head]}" for layer, head in found.heads]
    names += ["random vectors, q = k", "random vectors, q and k apart"]
    curves = [*found.heads.values(), found.equal, found.random]
    view = View(
        "rope_distance",
        digits=4,
        bands=found.bands,
        x=((found.bands[:, 0] + 1) * (found.bands[:, 1] + 1.0)) ** 0.5,
        curves=[curve.round(2) for curve in curves],
        names=names,
    )
    low, high = min(curve.min() for curve in curves), max(curve.max() for curve in curves)
    p = parts.plot(
        300,
        "distance from key to query",
        "mean score ÷ √64",
        x=(0.9, 1200),
        y=(low - 1.5, high + 1.5),
        x_axis_type="log",
    )
    parts.ticks(p.xaxis, [1, 2, 5, 17, 65, 257, 1025], ["0", "1", "4", "16", "64", "256", "1,024"])
    parts.title(view, "said", p)
    p.title.text = " \n "
    p.varea("x", "low", "high", source=view.source("range", "x", "low", "high"), fill_color=wash("prob"))
    p.multi_line(
        "xs", "ys", source=view.source("others", xs=[], ys=[]), line_color=ink("grey"), line_width=0.8
    )
    parts.curve(view, "line", p, "prob", width=2.5)
    parts.rule(view, "here", p)
    parts.dots(view, "dot", p, "prob")
    view.control(curve=parts.choice("Queries and keys", names, first))
    view.control(distance=parts.slider("Distance", 0, len(found.bands) - 1, 1, show_value=False))
    looks = next(iter(found.heads.values()))[:, 0]
    return Figure(
        p,
        view=view,
        name="rope-distance",
        alt="Mean score, divided by √64, by distance on a logarithmic axis. For a head that looks one back it is "
        f"{fixed(looks[0], 1)} at 0, {fixed(looks[1], 1)} at 1 and {fixed(looks[2], 1)} at 2, and then falls, to "
        f"{fixed(looks[16], 1)} at 16, and swings. Most other curves fall too. For random vectors with q = k it falls "
        f"from {found.equal[0, 0]:.1f}, for unrelated ones it is near 0 everywhere.",
        caption=f"Means over {found.n_tokens} queries and keys of a text, or over {found.n_pairs} random pairs; thin: "
        "the other curves. Up to 64 every distance is there; beyond, the line is the mean of a band of distances, the "
        "shade its range. Each head has a shape of its own; most fall off. The last two curves show rotation alone: "
        "agreement falls off, unrelated vectors stay near 0.",
        data=Table(
            ["distance", *names],
            [[between(*found.bands[i]), *row] for i, row in table_rows(found)],
            source="± is one standard error: of heads, by leaving out an eighth of the text in turn; of random "
            "vectors, over pairs.",
        ),
        provenance="real",
    )


SHOWN = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # rows of the table before the bands


def between(first, last):
    """A band of distances in words."""
    return str(first) if first == last else f"{first:,} to {last:,}"


def table_rows(found):
    """Rows of the table: the band's number, and for each curve its mean and standard error in words."""
    curves = [(found.heads[head], found.errors[head], 1) for head in found.heads]
    curves += [
        (found.equal, found.equal_errors, 2),
        (found.random, np.full(len(found.bands), found.error), 2),
    ]
    return [
        (i, [f"{fixed(curve[i, 0], digits)} ± {errors[i]:.{digits}f}" for curve, errors, digits in curves])
        for i in [*SHOWN, *range(SHOWN[-1] + 1, len(found.bands))]
    ]


# --- The bug that passes the smoke test ----------------------------------------------------------


def pairing(found, first=0):
    """Loss by position with the right pairing, the other, and none; and what a quick test says. found: Pairings."""
    table = found.by_place()
    tokens = [[visible(token) for token in row] for row in found.next_tokens]
    view = View(
        "rope_pairing", digits=4, places=list(study.PLACES), arms=found.arms, means=table, prompts=found.prompts,
        tokens=tokens,
    )  # fmt: skip
    n = len(study.PLACES)
    p = parts.plot(
        250,
        "position in the text",
        "loss, nats",
        x=(-0.35, n - 0.65),
        y=(2.2, float(table[..., 0].max()) + 0.4),
    )
    parts.ticks(p.xaxis, range(n), list(study.PLACES))
    parts.title(view, "said", p)
    p.title.text = " \n "
    for arm, (hue, dash) in enumerate((("stream", "solid"), ("loss", "dashed"), ("grey", "dotted"))):
        p.line(
            list(range(n)),
            table[:, arm, 0].round(4).tolist(),
            line_color=ink(hue),
            line_dash=dash,
            line_width=2,
        )
    for arm, place, offset in ((0, 2, -16), (1, 2, -18), (2, 2, 18)):
        parts.label(
            p, place, float(table[place, arm, 0]), found.arms[arm], "ink", (0, offset), align="center"
        )
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p, "ink")
    answers = parts.ledger(
        view, "answers", ["", "next token", "loss there"], [0, 0.62, 1], 3, ["left", "right", "right"]
    )
    view.control(prompt=parts.choice("Quick test", [f"{prompt} …" for prompt in found.prompts], first))
    view.control(place=parts.slider("Position in the text", 0, n - 1, n - 1, show_value=False))
    same = sum(a == b for a, b in zip(found.next_tokens[0], found.next_tokens[1], strict=True))
    return Figure(
        parts.side_by_side(p, answers),
        view=view,
        name="rope-pairing",
        alt="Loss by position for three variants of SmolLM2. With the right pairing it falls from "
        f"{table[0, 0, 0]:.2f} to {table[-1, 0, 0]:.2f}. With the other pairing it falls from {table[0, 1, 0]:.2f} "
        f"to {table[1, 1, 0]:.2f} and rises again to {table[-1, 1, 0]:.2f}; without rotation from "
        f"{table[0, 2, 0]:.2f} to {table[1, 2, 0]:.2f}, and again to {table[-1, 2, 0]:.2f}. Of {len(found.prompts)} "
        f"short prompts, {same} are continued alike with both pairings.",
        caption="Choose a short prompt: the wrong model often passes. Then move along the text: from position 5 on "
        "only the right pairing gets better with more context. The others get worse.",
        print_caption="A short prompt is often continued alike by all three. From position 5 on only the right "
        "pairing gets better with more context. The others get worse.",
        data=Table(
            ["test", *found.arms],
            [
                [f"loss at {place}", *(f"{mean:.2f} ± {error:.2f}" for mean, error in row)]
                for place, row in zip(study.PLACES, table, strict=True)
            ]
            + [[f"{prompt} …", *(row[i] for row in tokens)] for i, prompt in enumerate(found.prompts)],
        ),
        provenance="real",
        source=found.credit,
    )


# --- Further than trained ------------------------------------------------------------------------


def apart(found):
    """Loss on a passage whose context lies ever further back. found: the study's Apart."""
    means, errors = found.means()
    harms, harm_errors = found.harms()
    alone, alone_error = mean_and_error(found.alone.ravel(), TOGETHER)
    view = View(
        "rope_apart",
        digits=4,
        gaps=found.gaps,
        ways=found.ways,
        means=means,
        errors=errors,
        alone=[alone, alone_error],
        harms=harms,
        harm_errors=harm_errors,
    )
    p = parts.plot(
        290, "where the passage begins", "loss, nats", x=(200, 800_000), y=(2, 9), x_axis_type="log"
    )
    parts.ticks(p.xaxis, [256, 1024, 4096, 16_384, 65_536], ["256", "1,024", "4,096", "16,384", "65,536"])
    parts.title(view, "said", p)
    p.line([found.n_trained] * 2, [2, 9], line_color=ink("muted"), line_dash="dotted")
    parts.label(p, found.n_trained, 8.5, "trained", "muted", (-6, 0), align="right")
    p.line([200, found.gaps[-1]], [alone, alone], line_color=ink("muted"), line_dash="dotdash")
    for way, (hue, dash) in enumerate((("loss", "solid"), ("grey", "dashed"), ("stream", "solid"))):
        p.line(found.gaps, means[way].round(4).tolist(), line_color=ink(hue), line_dash=dash, line_width=2)
    for way, offset in ((0, 0), (1, 8), (2, -8)):
        parts.label(p, found.gaps[-1], float(means[way, -1]), found.ways[way], "ink", (8, offset))
    parts.label(p, found.gaps[-1], alone, "no context", "ink", (8, 0))
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p, "ink")
    ledger = parts.ledger(view, "ledger", ["", "loss", "against none"], [0, 0.66, 1], 4)
    view.control(gap=parts.slider("Where the passage begins", 0, len(found.gaps) - 1, 5, show_value=False))
    i = found.gaps.index(found.far)
    return Figure(
        parts.side_by_side(p, ledger),
        view=view,
        name="rope-apart",
        alt="Loss on a passage against the position at which it begins, its context staying at the start. As "
        f"trained it is {means[0, 0]:.2f} where both stand together, {means[0, 3]:.2f} at 8,192 and "
        f"{means[0, i]:.2f} at 16,384; without context it is {alone:.2f}. With positions divided by eight it is "
        f"near {means[1].mean():.1f} throughout; with a larger base {means[2, i]:.2f} at 16,384 and "
        f"{means[2, -1]:.2f} at 65,536.",
        caption="Dotted: the longest text of the training; dash-dotted: the loss without any context. The further "
        "back the context lies, the less it helps. As trained, the model does worse beyond the trained distances than "
        "if it had read nothing. A larger base puts the break off. The last column is the difference from no "
        f"context, token by token; ± is one standard error over stretches of {TOGETHER} tokens.",
        data=Table(
            ["begins at", *found.ways, *(f"{way}, against no context" for way in found.ways)],
            [
                [
                    f"{gap:,}",
                    *(f"{means[w, g]:.2f} ± {errors[w, g]:.2f}" for w in range(len(found.ways))),
                    *(
                        f"{signed(harms[w, g], '+.2f')} ± {harm_errors[w, g]:.2f}"
                        for w in range(len(found.ways))
                    ),
                ]
                for g, gap in enumerate(found.gaps)
            ],
        ),
        provenance="real",
        source=found.credit,
    )
