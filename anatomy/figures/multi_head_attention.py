"""Figures of the chapter on many heads. Chapter: book/multi-head-attention.md"""

import base64

from bokeh.layouts import column

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import ink, wash
from anatomy.figures.view import View
from anatomy.model import PUBLISHED
from anatomy.studies import multi_head_attention as study

# --- All heads of the real model -----------------------------------------------------------------


def heads(found, tokens, across="induction", up="novel_sink"):
    """Every head of SmolLM2 by two scores, and the map of one. found: the study's Heads; tokens: of its text."""
    names = list(study.SCORES)
    orders = {name: found.order(name) for name in names}
    places = [found.place(i) for i in range(len(found.maps))]
    view = View(
        "multi_head_attention_heads", digits=3, names=list(study.SCORES.values()),
        scores=[found.scores[name].round(3) for name in names], orders=list(orders.values()), places=places,
        maps=base64.b64encode(found.maps.tobytes()).decode(), tokens=[visible(t) for t in tokens],
        n_pairs=found.maps.shape[1],
    )  # fmt: skip
    p = parts.plot(244, " ", " ", grid=None, x=(-0.04, 1.04), y=(-0.04, 1.04))
    parts.title(view, "said", p)
    p.title.text = " \n "
    view.part("x_label", p.xaxis[0])
    view.part("y_label", p.yaxis[0])
    source = view.source("heads", "x", "y", "pick")
    dots = p.scatter("x", "y", source=source, size=7, fill_color=wash("prob"), line_color=ink("prob"))
    view.pick(p, dots, "rank")
    here = view.source("here", "x", "y")
    p.scatter("x", "y", source=here, size=13, fill_color=ink("prob"), line_color=ink("ink"), line_width=2)
    words = [visible(token) for token in tokens]
    q, _ = parts.heatmap(view, "cells", words, words, "prob", 1, height=262, gap=1, y_label="who reads")
    q.xaxis.major_label_orientation = 1.0
    first = view.control(
        across=parts.choice("Across, and sorted by", study.SCORES.values(), names.index(across))
    )
    second = view.control(up=parts.choice("Up", study.SCORES.values(), names.index(up)))
    view.control(rank=parts.slider("Head, from the largest score", 1, len(places), 1))
    best = orders[across][0]
    layer, head = places[best]
    n_low = int((found.scores["induction"] < 0.1).sum())
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        controls=[parts.side_by_side(first, second, least=150), view.controls["rank"]],
        name="multi-head-attention-heads",
        alt=f"{len(places)} dots, one a head: across, how much it looks at what followed the same token before, on "
        f"random tokens that repeat; up, how much it looks at the first token of a novel. {n_low} are below 0.1 "
        "across; the few on the right stand high up: on ordinary text they look at the first token. Marked is "
        f"head {head} of layer {layer} with its map on one sentence.",
        caption="Each dot is a head. Sort by a score and walk along the slider, or point at a dot: the map shows "
        "what the head reads in one sentence. The heads with the highest induction score look at the first token of a "
        "novel most of the time: what a head does depends on the text.",
        print_caption="Each dot is a head, one of them marked, with its map on one sentence. The heads with "
        "the highest induction score look at the first token of a novel most of the time: what a head does depends on "
        "the text.",
        print_states={
            "the best at induction": {},
            "the best at looking one back": {
                "across": names.index("previous"),
                "up": names.index("novel_previous"),
            },
        },
        data=Table(
            ["layer", "head", *study.SCORES.values()],
            [
                [*places[i], *(f"{found.scores[name][i]:.2f}" for name in names)]
                for i in [*orders["induction"][:12], *orders["previous"][:6], *orders["novel_sink"][:6]]
            ],
        ),
        provenance="real",
        source=found.credit,
    )


# --- The toy without some of its heads -----------------------------------------------------------


def toy(found):
    """The toy's loss without any set of its heads. found: the study's Toy."""
    names = [f"layer {layer}, head {head}" for layer, head in found.heads]
    view = View("multi_head_attention_toy", digits=5, losses=found.losses, names=names)
    p = parts.bars(
        view, "bars", names, "loss", high=0.6, room=1.5, height=266, mono=False,
        x_label="nats more without this head alone",
    )  # fmt: skip
    parts.title(view, "said", p)
    p.title.text = " \n "
    q = parts.bars(
        view, "total", ["loss now", "if harms added up"], "loss", high=5.5, room=1.3, height=130, x_label="nats",
        mono=False,
    )  # fmt: skip
    parts.ticks(q.xaxis, range(6))
    half = len(names) // 2
    off = [
        view.control(**{f"off_{i}": parts.switch(f"{layer}.{head} off", i >= half)})
        for i, (layer, head) in enumerate(found.heads)
    ]
    sets = found.sets()
    single = [found.without(i) - found.without() for i in range(len(names))]
    layers = [found.without(*heads) - found.without() for heads in (range(half), range(half, 2 * half))]
    return Figure(
        column(p, q, sizing_mode="stretch_width"),
        view=view,
        controls=[parts.side_by_side(*off[:half], least=60), parts.side_by_side(*off[half:], least=60)],
        name="multi-head-attention-toy",
        alt=f"Bars of how much the toy loses without one of its eight heads: {min(single):.2f} to {max(single):.2f} "
        f"nats. Without all four of the second layer it loses {layers[1]:.2f}, while their single harms "
        f"add up to {sum(single[half:]):.2f}.",
        caption="Switch heads off, in any combination. The upper bars are of each head alone. In "
        f"{sum(more > 0 for more in sets)} of the {len(sets)} combinations heads do more harm together than their "
        "single harms add up to.",
        print_caption="The upper bars are of each head alone; the four of layer 1 are off. In "
        f"{sum(more > 0 for more in sets)} of the {len(sets)} combinations heads do more harm together than their "
        "single harms add up to.",
        data=Table(
            ["silent", "loss", "more than whole"],
            [["none", f"{found.without():.3f}", ""]]
            + [[name, f"{found.without(i):.3f}", fixed(single[i], 3)] for i, name in enumerate(names)]
            + [
                ["all of layer 0", f"{found.without(*range(half)):.3f}", fixed(layers[0], 3)],
                ["all of layer 1", f"{found.without(*range(half, 2 * half)):.3f}", fixed(layers[1], 3)],
            ],
        ),
        provenance="trained",
        source=found.credit,
    )


# --- Shared keys and values ----------------------------------------------------------------------


def sharing(names=study.MODELS, first="Llama-3-8B"):
    """What it saves that several query heads share a head of keys and values, for published models."""
    models = []
    for name in names:
        c = PUBLISHED[name]
        divisors = [n for n in range(c.n_heads, 0, -1) if c.n_heads % n == 0]
        models.append({
            "name": name, "n_layers": c.n_layers, "d_model": c.d_model, "n_heads": c.n_heads,
            "n_kv_heads": c.n_kv_heads, "d_head": c.d_head, "divisors": divisors,
        })  # fmt: skip
    view = View("multi_head_attention_sharing", digits=9, models=models)
    p = parts.bars(
        view, "bars", ["parameters", "kept"], "key", high=1, room=1.6, height=180,
        x_label="share of the unshared", mono=False,
    )  # fmt: skip
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    at = names.index(first)
    view.control(model=parts.choice("Model", names, at))
    own = models[at]
    view.control(
        share=parts.slider(
            "Fewer key heads",
            0,
            len(own["divisors"]) - 1,
            own["divisors"].index(own["n_kv_heads"]),
            show_value=False,
        )
    )
    config = PUBLISHED[first]
    full, shared = study.sharing(config, config.n_heads), study.sharing(config, config.n_kv_heads)
    return Figure(
        p,
        view=view,
        name="multi-head-attention-sharing",
        alt=f"Two bars for {first} with {config.n_kv_heads} key heads for {config.n_heads} query heads: attention "
        f"has {shared[0] / full[0]:.0%} of the parameters that it would have with a key head for each query head, "
        f"and a token leaves {shared[1] / full[1]:.0%} of the bytes.",
        caption="From one head of keys and values for each query head (left) to one for all (right). The "
        "parameters shrink by less than half. What is kept for each token shrinks in proportion.",
        data=Table(
            ["model", "query heads", "key heads", "kB a token, unshared", "as published", "one key head"],
            study.sharing_rows(names),
        ),
        provenance="real",
        source="Sizes from the published configuration files; 16 bits a number.",
    )


# --- Tables of the chapter -----------------------------------------------------------------------


def silenced_table(found):
    """Losses with heads silenced, on copying and on reading. found: the study's Silenced."""
    names = {
        "whole": "none", "without": "the eight best at induction", "averaged": "the same, averages in their place",
        "matched": f"eight others of the same layers, {len(found.sets)} draws",
        "random": f"eight from anywhere, {len(found.sets)} draws",
    }  # fmt: skip
    rows = []
    for arm, name in names.items():
        copy, read = f"{found.copy[arm].mean():.2f}", f"{found.reading[arm].mean():.3f}"
        if found.copy[arm].ndim > 1:
            draws = found.copy[arm].mean(axis=1)
            copy += f" ({draws.min():.2f} to {draws.max():.2f})"
            read += f" ± {found.reading[arm].std(ddof=1):.3f}"
        rows.append([name, f"{found.first[arm].mean():.1f}", copy, f"{found.right[arm].mean():.0%}", read])
    return Table(
        ["silenced heads", "first copy", "second copy", "guessed right there", "a novel"],
        rows,
        name="multi-head-attention-silenced",
        caption="Loss in nats a token on the first and on the second copy of random tokens, mean of "
        f"{len(found.copy['whole'])} texts, and on {len(found.extra) + 1} tokens of a novel. In brackets the range "
        "over draws; ± is the standard deviation over draws.",
        provenance="real",
    )
