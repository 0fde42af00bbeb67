"""Figures of the chapter on the block. Chapter: book/transformer-block.md"""

import numpy as np

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import by_name, ink
from anatomy.figures.view import View
from anatomy.studies import first_for_good
from anatomy.studies import transformer_block as study
from anatomy.studies.transformer_block import BOXES, KINDS, SIZES, box_parameters

LABELS = {
    "n_vocab": "vocabulary", "d_model": "d_model", "n_layers": "layers", "n_heads": "heads",
    "n_kv_heads": "key heads", "d_ff": "d_ff", "n_experts": "experts",
}  # fmt: skip
MOST = {
    "n_vocab": 300_000,
    "d_model": 20_000,
    "n_layers": 200,
    "n_heads": 200,
    "n_kv_heads": 200,
    "d_ff": 60_000,
}

# --- Built from its sizes ------------------------------------------------------------------------


def kind_of(config):
    """What a count needs to know of a model besides its sizes."""
    return {
        "norm": config.norm,
        "gated": config.gated,
        "biases": config.biases,
        "positions": config.n_context if config.learned_positions else 0,
        "tied": config.tied,
    }


def sizes_of(config, n_experts=1):
    """The sizes that a reader may set, in the order of LABELS."""
    return [*(getattr(config, name) for name in SIZES), n_experts]


def build(targets, begin="Llama-2-7B", goal="Llama-3-8B"):
    """A model built from its sizes, box by box, to the exact total of a published one.

    targets: name -> the study's Target. begin: whose sizes are there first; goal: the first target.
    """
    names = list(targets)
    listed = []
    for name, target in targets.items():
        counts = box_parameters(target.config, target.n_experts)
        listed.append({
            "name": name, "sizes": sizes_of(target.config, target.n_experts), "kind": kind_of(target.config),
            "boxes": list(counts.values()), "total": sum(counts.values()),
        })  # fmt: skip
    view = View("transformer_block_build", digits=12, boxes=BOXES, sizes=list(LABELS), targets=listed)
    p = build_plot(view)
    goal_control = view.control(target=parts.choice("To be built", names, names.index(goal)))
    fill = view.control(fill=parts.button("Fill in"))
    own = targets[begin]
    fields = [
        view.control(**{name: parts.number(label, value, 1, MOST.get(name, 64))})
        for (name, label), value in zip(LABELS.items(), sizes_of(own.config, own.n_experts), strict=True)
    ]
    tied = view.control(tied=parts.switch("Tied", own.config.tied))
    box = view.control(box=parts.choice("Look at", BOXES, BOXES.index("W_k")))
    mine, wanted = box_parameters(own.config), box_parameters(targets[goal].config)
    few = sum(wanted.values()) - sum(mine.values())
    return Figure(
        p,
        view=view,
        controls=[
            parts.side_by_side(goal_control, box, least=120),
            parts.side_by_side(*fields, tied, fill, least=96),
        ],
        name="transformer-block-build",
        alt=f"Bars of the parameters in eleven boxes of a model with the sizes of {begin}, over outlines of those of "
        f"{goal}. It has {sum(mine.values()):,} parameters, {few:,} too few: {goal} has more tokens and more neurons, "
        "and fewer heads of keys and values.",
        caption="Filled: the model of these sizes. Outlined: the one to be built, of whose total the bars are "
        "shares. Change the sizes until the total is exact: where an outline sticks out, something is missing; "
        "where the filling does, there is too much. The number is that of the filled bar; bars over 42% are cut there. "
        "Point at a box, or choose it, to see the shape behind it. Tied: the embedding is also the unembedding. "
        "Fill in: the published sizes.",
        print_caption=f"Filled: a model with the sizes of {begin}. Outlined: {goal}, of whose total the bars are "
        "shares. Three sizes differ: the vocabulary, the number of key heads, and d_ff.",
        data=Table(
            ["box", *names],
            [[name, *(f"{each['boxes'][i]:,}" for each in listed)] for i, name in enumerate(BOXES)]
            + [["total", *(f"{each['total']:,}" for each in listed)]],
        ),
        provenance="real",
        source="Sizes from the published configuration files.",
    )


def build_plot(view):
    """A bar for each box, filled over outlined, which can be picked."""
    n = len(BOXES)
    p = parts.plot(344, "share of the parameters to be built", grid="x", x=(0, 0.56), y=(-n + 0.4, 0.6))
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    p.title.offset = -60  # over the names of the boxes
    parts.ticks(p.xaxis, [0, 0.1, 0.2, 0.3, 0.4], ["0", "10%", "20%", "30%", "40%"])
    parts.ticks(p.yaxis, [-i for i in range(n)], BOXES)
    p.yaxis.major_tick_line_color = None
    y = [-i for i in range(n)]
    strips = p.hbar(
        "y",
        0.96,
        0.56,
        source=view.source("strips", y=y),
        line_color=None,
        fill_color=ink("ink"),
        fill_alpha=0,
    )
    view.pick(p, strips, "box")
    here = view.source("here", "x", "y")
    p.hbar("y", 0.96, 0.56, "x", source=here, line_color=None, fill_color=ink("tint"))
    hues = ["stream", "grey", "query", "key", "value", "stream", "ffn", "ffn", "ffn", "ffn", "prob"]
    fill = {"field": "hue", "transform": by_name(list(dict.fromkeys(hues)), list(dict.fromkeys(hues)))}
    p.hbar(
        "y", 0.5, "value", source=view.source("bars", "value", y=y, hue=hues),
        line_color=None, fill_color=fill,
    )  # fmt: skip
    p.hbar(
        "y", 0.78, "value", source=view.source("ghosts", "value", y=y), fill_color=None, line_color=ink("ink")
    )
    p.text(
        "x", "y", "text", source=view.source("words", "x", "text", y=y), x_offset=6, text_baseline="middle",
        text_color=ink("ink"),
    )  # fmt: skip
    return p


def experts(config, n_experts=8, n_active=2):
    """Parameters in all and at work, by how many feed-forward networks there are and how many a token uses."""
    view = View(
        "transformer_block_experts", digits=12, sizes=dict(zip(LABELS, sizes_of(config), strict=True)),
        kind=kind_of(config),
    )  # fmt: skip
    p = parts.bars(
        view, "bars", ["in all", "at work for a token", "with one network"], "ffn", high=95, room=1.65,
        x_label="parameters, billions", height=210, mono=False,
    )  # fmt: skip
    parts.ticks(p.xaxis, [0, 25, 50, 75])
    parts.title(view, "said", p)
    p.title.offset = -60  # over the names of the bars
    view.control(n_experts=parts.slider("Feed-forward networks in a layer", 1, 16, n_experts))
    view.control(n_active=parts.slider("Used by a token", 1, 16, n_active))
    counts = {n: box_parameters(config, n) for n in (1, 2, 4, 8, 16)}
    totals = {n: sum(found.values()) for n, found in counts.items()}
    one = sum(counts[1][box] for box in ("W_gate", "W_up", "W_down"))
    return Figure(
        p,
        view=view,
        name="transformer-block-experts",
        alt=f"Three bars: with {n_experts} feed-forward networks in a layer the model has "
        f"{totals[n_experts] / 1e9:.1f} billion parameters, of which one token passes through "
        f"{(totals[n_experts] - (n_experts - n_active) * one) / 1e9:.1f}; with one network it has "
        f"{totals[1] / 1e9:.1f}.",
        caption="The sizes of Mistral-7B with several feed-forward networks a layer. The first bar must lie in "
        "memory, the second is computed with. Add networks: the first grows, the second hardly, by the router alone.",
        print_caption="The sizes of Mistral-7B with several feed-forward networks a layer: eight of them, of which "
        "a token uses two, are Mixtral. The first bar must lie in memory, the second is computed with.",
        data=Table(
            ["networks", "parameters in all", *(f"at work with {k}" for k in (1, 2, 4))],
            [
                [n, f"{total:,}", *(f"{total - (n - k) * one:,}" if k <= n else "" for k in (1, 2, 4))]
                for n, total in totals.items()
            ],
        ),
        provenance="real",
        source="Sizes of Mistral-7B; with eight networks and two in use they are those of Mixtral-8x7B.",
    )


# --- The stream ----------------------------------------------------------------------------------


def stream(found, first=0):
    """Lengths of the stream's vectors through the layers. found: text -> the study's Stream."""
    prompts, streams = list(found), list(found.values())
    n = len(streams[0].lengths)
    view = View(
        "transformer_block_stream", digits=4, tokens=[[visible(t) for t in each.tokens] for each in streams],
        lengths=[each.lengths for each in streams], largest=[each.largest[:, 0] for each in streams],
    )  # fmt: skip
    p = parts.plot(320, "layer", "length of the vector", x=(-0.8, n + 6), y=(0.8, 60_000), y_axis_type="log")
    parts.ticks(p.xaxis, [0, 10, 20, 30])
    parts.ticks(p.yaxis, [1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    parts.title(view, "said", p)
    p.title.text = " \n "
    p.multi_line(
        "xs", "ys", source=view.source("others", xs=[], ys=[]), line_color=ink("grey"), line_width=1.3
    )
    parts.curve(view, "first", p, "stream", width=2.5)
    parts.rule(view, "here", p)
    parts.dots(view, "dots", p, "stream", size=6)
    p.text(
        "x",
        "y",
        "text",
        source=view.source("named", "x", "y", "text"),
        text_baseline="middle",
        text_color=ink("ink"),
    )
    view.control(prompt=parts.choice("Text", [f"{prompt} …" for prompt in prompts], first))
    view.control(state=parts.slider("Layer", 0, n - 1, 12))
    own = streams[first]
    return Figure(
        p,
        view=view,
        name="transformer-block-stream",
        alt=f"Lengths of the stream's vectors before each of the {n - 1} layers, on a logarithmic axis. Those of "
        f"most tokens grow from {own.lengths[0, 1:].mean():.0f} to {own.lengths[-1, 1:].mean():.0f}. That of the "
        f"first token jumps to {own.lengths[3, 0]:.0f} before layer 3, falls, jumps to "
        f"{round(own.lengths[12, 0], -1):,.0f} before layer 12 and stays there until near the end.",
        caption="Thick: the first token. Thin: the others, which grow through most layers. The first token's vector is "
        "another matter in every text, and nearly all of both jumps is one number.",
        data=Table(
            ["before layer", *(f"{visible(t)}" for t in own.tokens)],
            [
                [
                    i if i < n - 1 else "end",
                    *(f"{v:,.1f}" if v < 1000 else f"{round(v, -1):,.0f}" for v in row),
                ]
                for i, row in enumerate(own.lengths)
            ],
        ),
        provenance="real",
    )


def lens(found, first=0):
    """What the last norm and the unembedding make of the stream before each layer. found: text -> Stream."""
    prompts, streams = list(found), list(found.values())
    n = len(streams[0].rank)
    places = [np.log10(each.rank + 1).round(2) for each in streams]
    view = View(
        "transformer_block_lens", digits=4,
        tokens=[[[visible(t) for t in row] for row in each.likeliest] for each in streams],
        p=[np.round(each.p, 3) for each in streams], places=[10**row for row in places],
        finals=[each.p_final.round(3) for each in streams], answers=[visible(each.answer) for each in streams],
    )  # fmt: skip
    p = parts.bars(view, "bars", 5, "prob", high=1, height=216, x_label="probability")
    parts.title(view, "said", p)
    q = parts.plot(
        250, "layer", "rank, 1 is the likeliest", x=(-0.8, n + 0.8), y=(49_152, 0.7), y_axis_type="log"
    )
    parts.ticks(q.xaxis, [0, 10, 20, 30])
    parts.ticks(q.yaxis, [1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    parts.title(view, "rank", q)
    q.multi_line(
        "xs", "ys", source=view.source("ghosts", xs=[], ys=[]), line_color=ink("grey"), line_width=0.8
    )
    parts.curve(view, "curve", q, "prob", width=2.5)
    parts.rule(view, "here", q)
    parts.dots(view, "dot", q, "prob")
    view.control(prompt=parts.choice("Text", [f"{prompt} …" for prompt in prompts], first))
    view.control(state=parts.slider("Layer", 0, n - 1, 20))
    own = streams[first]
    others = [each for i, each in enumerate(streams) if i != first]
    starts = [int(each.rank[0]) + 1 for each in others]
    reached = [first_for_good(each.rank == 0) for each in others]
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        name="transformer-block-lens",
        alt="Left, the five likeliest tokens if the stream before layer 20 were read as if it were the end: "
        f"punctuation and spaces. Right, the rank of {visible(own.answer)} among all tokens, layer by layer: in "
        "the thousands until layer 23, then falling to the first rank in the last layer. Lines for four other "
        f"texts start between ranks {min(starts):,} and {max(starts):,} and reach the first rank before layer "
        f"{min(reached)} or later.",
        caption="The stream before each layer, read as if the model ended there. Thin: the other texts. What the model "
        "says in the end comes late: through most of the layers, other tokens lead by far.",
        data=Table(
            ["before layer", "likeliest", "its probability", f"probability of {visible(own.answer)}"],
            [
                [i if i < n - 1 else "end", visible(row[0]), f"{p_[0]:.2f}", f"{own.p_final[i]:.2f}"]
                for i, (row, p_) in enumerate(zip(own.likeliest, own.p, strict=True))
            ],
        ),
        provenance="real",
    )


def dial(found):
    """One weight of SmolLM2 turned down and up, beside others that are taken away. found: the study's Dial."""
    harms = [found.harm(losses) for losses in found.losses]
    controls = [found.harm(losses) for losses in list(found.controls.values())[:3]]
    texts = [text.strip().split("\n")[0] for text in found.texts]
    layer, neuron, dimension = found.weight
    view = View(
        "transformer_block_dial", digits=4, factors=found.factors, harms=[harm for harm, _ in harms],
        errors=[error for _, error in harms], texts=texts, controls=controls,
        perplexities=[found.perplexity(losses)[0] for losses in found.losses],
    )  # fmt: skip
    p = parts.bars(
        view,
        "bars",
        4,
        "loss",
        high=1.5,
        room=1.5,
        height=220,
        x_label="nats a token more than untouched",
        mono=False,
    )
    parts.title(view, "said", p)
    p.title.text = " \n "
    view.control(
        dial=parts.slider("The weight, from × 0 to × 3", 0, len(found.factors) - 1, 0, show_value=False)
    )
    zero, plain = found.perplexity(found.losses[0])[0], found.perplexity(found.losses[4])[0]
    return Figure(
        p,
        view=view,
        name="transformer-block-dial",
        alt=f"Bars of how much worse SmolLM2 reads a novel. With one weight at 0 it loses {harms[0][0]:.2f} nats a "
        f"token, perplexity {zero:.1f} for {plain:.1f}. With the only larger one of the same matrix at 0 it loses "
        f"{controls[0][0]:.2f}, with the 1,000 largest others, that one among them, {controls[1][0]:.2f}, with the "
        "largest weight of all layers at 0 nothing.",
        caption=f"One weight: layer {layer}, neuron {neuron}, entry {dimension} of what it writes. Taking it away "
        f"ruins what the model writes after *{found.prompt}*; turning it up to three times its size does next to "
        "nothing. The three bars below are controls; the thousand have the only larger one among them. ± is one "
        "standard error of the difference over "
        f"{len(found.losses[0]) // study.TOGETHER} stretches of {study.TOGETHER} tokens.",
        data=Table(
            [
                "what is changed",
                "perplexity",
                "nats more",
                "standard error",
                "after The capital of France is",
            ],
            [
                [
                    f"this weight × {factor:g}",
                    f"{found.perplexity(losses)[0]:.1f}",
                    fixed(h, 3),
                    fixed(e, 3),
                    text,
                ]
                for factor, losses, (h, e), text in zip(
                    found.factors, found.losses, harms, texts, strict=True
                )
            ]
            + [
                [f"{name}, × 0", f"{found.perplexity(losses)[0]:.1f}", fixed(h, 3), fixed(e, 3), ""]
                for (name, losses), (h, e) in zip(list(found.controls.items())[:3], controls, strict=True)
            ],
        ),
        provenance="real",
        source=found.credit,
    )


# --- Where the norm stands -----------------------------------------------------------------------


def norms(found):
    """Loss by learning rate, with norms before and after each half. found: the study's Norms."""
    losses = found.losses
    view = View(
        "transformer_block_norms",
        digits=4,
        rates=found.rates,
        kinds=KINDS,
        losses=losses,
        warm_ups=found.warm_ups,
    )
    n = len(found.rates)
    p = parts.plot(300, "learning rate", "loss on held-out tales, nats", x=(-0.4, n + 0.35), y=(0.4, 4.5))
    parts.ticks(p.xaxis, range(n), [f"{rate:g}" for rate in found.rates])
    parts.title(view, "said", p)
    for kind, (hue, dash, marker) in enumerate(
        (("stream", "solid", "circle"), ("loss", "dashed", "diamond"))
    ):
        parts.curve(view, f"ghost_{kind}", p, "grey", dash, 0.8)
        parts.curve(view, f"mean_{kind}", p, hue, dash)
        seeds = view.source(f"seeds_{kind}", "x", "y")
        p.scatter(
            "x",
            "y",
            source=seeds,
            marker=marker,
            size=8,
            fill_color=None,
            line_color=ink(hue),
            line_width=1.5,
        )
    parts.label(p, n - 0.92, 0.8, KINDS[0], "stream")
    parts.label(p, n - 0.92, 4.08, KINDS[1], "loss")
    view.control(warm=parts.tabs(["no warm-up", f"{found.warm_ups[1]} steps of warm-up"]))
    mean = losses.mean(axis=-1)
    return Figure(
        p,
        view=view,
        name="transformer-block-norms",
        alt=f"Loss against learning rate for a model of {found.n_layers} layers without warm-up. With the norm "
        f"before each half it stays between {mean[0, :, 0].min():.2f} and {mean[0, :, 0].max():.2f}. With the norm "
        f"after each half it is {mean[1, 1, 0]:.2f} at 0.01, {mean[1, 2, 0]:.2f} at 0.02 and {mean[1, 3, 0]:.2f} at "
        "0.04.",
        caption=f"Means of {losses.shape[-1]} seeds as lines, the seeds as marks; thin: the other warm-up. At a low "
        "rate the norm after each half learns as well or better. At a high rate it learns next to nothing, and the "
        "norm before each half still does.",
        print_states={"no warm-up": {"warm": 0}, f"{found.warm_ups[1]} steps of warm-up": {"warm": 1}},
        data=Table(
            ["norm", "rate", "warm-up", "losses of the seeds"],
            [
                [
                    name,
                    f"{rate:g}",
                    found.warm_ups[w] if w else "none",
                    ", ".join(f"{x:.3f}" for x in losses[k, r, w]),
                ]
                for k, name in enumerate(KINDS)
                for r, rate in enumerate(found.rates)
                for w in (0, 1)
            ],
        ),
        provenance="trained",
        source=found.credit,
    )


# --- Tables of the chapter -----------------------------------------------------------------------


def depth_table(rows, found):
    """Loss by depth, with and without residual connections. rows: as depth_rows gives; found: the study's Norms."""
    return Table(
        ["layers", "with the additions", "without"],
        rows,
        name="transformer-block-depth",
        caption=f"Loss on held-out tales after {found.n_steps} steps, in nats, of {found.by_depth.shape[-1]} seeds.",
        provenance="trained",
        source=found.credit,
    )


def cost_table(rows):
    """What published models are made of. rows: as published_rows gives them."""
    return Table(
        [
            "model",
            "parameters",
            "at work for a token",
            "attention",
            "feed-forward",
            "bytes at 16 bits",
            "GFLOPs a token",
        ],
        rows,
        name="transformer-block-costs",
        caption="Published models, counted from their configuration files. Shares are of all parameters. FLOPs are "
        "those of the products with weights for one token; what attention spends on earlier tokens comes on top. "
        "At work counts the whole embedding, of which a token reads one row; the FLOPs leave that reading out.",
        provenance="real",
    )
