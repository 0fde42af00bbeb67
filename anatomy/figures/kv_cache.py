"""Figures of the chapter on the cache. Chapter: book/kv-cache.md"""

import numpy as np

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.theme import ink
from anatomy.figures.view import View
from anatomy.kv_cache import flops
from anatomy.model import PUBLISHED
from anatomy.studies import kv_cache as study
from anatomy.studies.costs import parameters_read

# --- Does it fit, how fast at most ---------------------------------------------------------------


def in_the_page(name):
    """What the page computes with: the sizes of a published model."""
    c = PUBLISHED[name]
    return {
        "name": name, "n_parameters": c.n_parameters(), "n_layers": c.n_layers, "n_kv_heads": c.n_kv_heads,
        "d_head": c.d_head, "trained": c.n_context, "window": c.window or 0, "n_heads": c.n_heads,
        "linear": flops(c, 1)["linear"], "n_read": parameters_read(c),
    }  # fmt: skip


def memory_bar(view):
    """The weights and the caches along the memory of a card, and what is said of them."""
    p = parts.plot(225, "share of the card's memory, cut at 160%", grid=None, x=(0, 1.62), y=(-2.3, 0.8))
    p.yaxis.visible = False
    parts.ticks(p.xaxis, [0, 0.5, 1, 1.5], ["0", "50%", "100%", "150%"])
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    p.hbar(
        0,
        0.7,
        left=0,
        right="right",
        source=view.source("weights", "right", x=[0]),
        fill_color=ink("ffn"),
        line_color=None,
    )
    cache = view.source("cache", "left", "right", x=[0])
    p.hbar(0, 0.7, left="left", right="right", source=cache, fill_color=ink("key"), line_color=None)
    p.line([1, 1], [-0.6, 0.7], line_color=ink("ink"), line_width=2)
    words = view.source("words", "x", "text", y=[-0.85, -1.4, -1.95])
    p.text("x", "y", "text", source=words, text_baseline="middle", text_color=ink("ink"))
    return p


def own_fields(config, card):
    """The fields for a model and for a card of the reader's own: name -> field, twice. card: (GB, GB/s, TFLOP/s)."""
    model = {
        "parameters": parts.number(
            "Parameters, billions", round(config.n_parameters() / 1e9, 1), 0.01, 2000, 0.1
        ),
        "n_layers": parts.number("Layers", config.n_layers, 1, 500),
        "n_heads": parts.number("Query heads", config.n_heads, 1, 500),
        "n_kv_heads": parts.number("Key heads", config.n_kv_heads, 1, 500),
        "d_head": parts.number("Entries a head", config.d_head, 8, 1024, 8),
    }
    memory, bandwidth, speed = card
    return model, {
        "memory": parts.number("Memory, GB", memory, 1, 100_000),
        "bandwidth": parts.number("GB/s", bandwidth, 1, 1_000_000, 10),
        "speed": parts.number("TFLOP/s", speed, 0.01, 1_000_000, 10),
    }


def fits_rows(card):
    """Every model in every precision on one card, one text of 8,192 tokens: rows of the figure's data."""
    rows = []
    for name in study.MODELS:
        for bits in study.BITS:
            one = study.serving(PUBLISHED[name], 8192, 1, bits, card)
            rows.append([
                name, bits, f"{one.weights / 1e9:.2f}", f"{one.cache / 1e9:.2f}",
                one.largest if one.fits else "does not fit",
                f"{one.bound:,.0f}" if one.fits else "",
                *(f"{phase[i]:.3g}" for phase in (one.prompt, one.step) for i in (3, 4)),
            ])  # fmt: skip
    return rows


def fits(first="Llama-3-8B", card=1):
    """Weights and cache against the memory of a card, and the bound that its bandwidth sets."""
    models = [in_the_page(name) for name in study.MODELS]
    view = View("kv_cache_fits", digits=12, models=models, cards=list(study.CARDS.values()), bits=study.BITS)
    p = memory_bar(view)
    phases = parts.ledger(view, "phases", ["all texts, at least", "prompt", "one token"], [0, 0.7, 1], 5)
    at = study.MODELS.index(first)
    model = view.control(model=parts.choice("Model", [*study.MODELS, "your own"], at))
    cards = view.control(card=parts.choice("Card", [*study.CARDS, "your own"], card))
    own, chosen = PUBLISHED[first], list(study.CARDS.values())[card]
    memory, bandwidth, speed = chosen
    fields, own_card = own_fields(own, chosen)
    for name, field in (fields | own_card).items():
        field.visible = False
        view.control(**{name: field})
    view.control(context=parts.slider("Context", 7, 17, 13, show_value=False))
    view.control(batch=parts.slider("Texts at once", 0, 8, 2, show_value=False))
    precision = view.control(
        precision=parts.tabs([f"weights: {study.BITS[0]} bits", *map(str, study.BITS[1:])])
    )
    now = study.serving(own, 8192, 4, 16, chosen)
    return Figure(
        parts.side_by_side(p, phases),
        view=view,
        controls=[
            parts.side_by_side(model, cards, least=150),
            parts.side_by_side(*fields.values(), least=110),
            parts.side_by_side(*own_card.values(), least=90),
            parts.side_by_side(view.controls["context"], view.controls["batch"], least=150),
            precision,
        ],
        name="kv-cache-fits",
        alt=f"A bar against the memory of a card of {memory} GB: the weights of {first}, {now.weights / 1e9:.1f} "
        f"GB, and the caches of four texts of 8,192 tokens, {now.cache / 1e9:.1f} GB each. It fits; {now.largest} "
        f"texts would. The bound is {now.bound:.0f} tokens a second. Reading the prompts takes at least "
        f"{now.prompt[3]:.1f} s of arithmetic, one more token of each {1000 * now.step[4]:.0f} ms of reading.",
        caption="The bar: the weights, then the caches of all texts; the upright line is the card's memory. Each step "
        "of the sliders doubles. The table: what both phases need at the least, and how long the card's arithmetic and "
        "its memory take for it. Which of the two is longer? Find it for the prompt, for one more token, and for one "
        "more token of 256 short texts.",
        print_caption="The bar: the weights, then the caches of all texts; the upright line is the card's memory. "
        "The table: what both phases need at the least, and how long the card's arithmetic and its memory take for it.",
        data=Table(
            [
                "model", "bits a weight", "weights, GB", "cache, GB", "texts that fit",
                "bound for one text, tokens a second",
                "prompt: arithmetic, s", "memory, s", "one token: arithmetic, s", "memory, s",
            ],
            fits_rows(chosen),
            source=f"8,192 tokens, one text, a card of {memory} GB, {bandwidth:,} GB/s and {speed} TFLOP/s.",
        ),
        provenance="real",
        source="Sizes from the published configuration files; the cache in 16 bits; cards of round numbers.",
    )  # fmt: skip


# --- Which rows are computed ---------------------------------------------------------------------

WORDS = ("the", "boat", "that", "hit", "the", "car", "was", "blue", "and", "old")


def rows(prompt=4, step=3):
    """Step by step, which tokens' keys and values are computed and which are read."""
    view = View("kv_cache_rows", prompt=prompt, words=WORDS)
    most = len(WORDS) - prompt
    p = parts.plot(290, grid=None, x=(-0.6, len(WORDS) - 0.4), y=(-most - 0.6, 0.6), x_axis_location="above")
    parts.bare(p)
    parts.ticks(p.xaxis, range(len(WORDS)))
    view.part("labels_axis", p.xaxis[0])
    parts.ticks(p.yaxis, [-s for s in range(most + 1)], ["prompt", *(f"new {s}" for s in range(1, most + 1))])
    parts.title(view, "said", p)
    p.title.text = " \n "
    p.scatter(
        "x",
        "y",
        source=view.source("read", x=[], y=[]),
        marker="square",
        size=17,
        fill_color=None,
        line_color=ink("key"),
    )
    computed = view.source("computed", x=[], y=[])
    p.scatter(
        "x", "y", source=computed, marker="square", size=17, fill_color=ink("key"), line_color=ink("key")
    )
    view.control(step=parts.slider("New tokens read", 0, most, step))
    view.control(cached=parts.switch("cache", True))
    total = prompt + step
    again = sum(range(prompt, prompt + step + 1))
    return Figure(
        p,
        view=view,
        name="kv-cache-rows",
        alt=f"A row of squares for each step. In the first, {prompt} are filled: the prompt's keys and values are "
        f"computed. In each later row one is filled and the others are outlined, read from the cache: {total} "
        f"filled in all, where computing everything again would be {again}.",
        caption="Each line is a step, each square the keys and values of one token, a row of the cache. Filled: "
        "computed in this step. Outlined: read from the cache. With the cache a step computes one; without it, all.",
        print_caption="Each line is a step, each square the keys and values of one token, a row of the cache. Filled: "
        "computed in this step. Outlined: read from the cache. Without the cache all are computed at every step.",
        print_states={"with the cache": {"step": 6}, "without": {"step": 6, "cached": False}},
        data=Table(
            ["new tokens", "rows computed with the cache", "without"],
            [[s, prompt + s, sum(range(prompt, prompt + s + 1))] for s in range(most + 1)],
        ),
        provenance="toy",
    )  # fmt: skip


# --- Forgetting ----------------------------------------------------------------------------------


def evict(found):
    """Perplexity on a novel when the cache keeps only some tokens. found: the study's Recorded."""
    kept = sorted({size for size, _ in found.losses})
    first = sorted({n for _, n in found.losses})
    table = [[float(np.exp(found.losses[size, n].mean())) for n in first] for size in kept]
    whole = float(np.exp(found.whole.mean()))
    others = [float(np.exp(found.others[size].mean())) for size in kept]
    view = View(
        "kv_cache_evict", digits=6, kept=kept, first=first, perplexities=table, whole=whole, others=others,
        other=found.other,
    )  # fmt: skip
    p = parts.bars(
        view, "bars", 5, "loss", high=60, room=1.25, height=240, x_label="perplexity, cut at 60", mono=False
    )
    parts.ticks(p.xaxis, [0, 20, 40, 60])
    parts.title(view, "said", p)
    view.control(size=parts.tabs([f"{size} tokens" for size in kept]))
    low = table[0]
    return Figure(
        p,
        view=view,
        name="kv-cache-evict",
        alt=f"Bars of perplexity with {kept[0]} tokens kept: all tokens {whole:.1f}, the last {kept[0]} "
        f"{low[0]:.0f}, the first one and the last {kept[0] - 1} {low[1]:.1f}, the first four and the last "
        f"{kept[0] - 4} {low[2]:.1f}, token {found.other + 1} and the last {kept[0] - 1} {others[0]:.0f}.",
        caption=f"What the cache keeps, and the perplexity on {len(found.whole)} tokens of one novel. "
        "Keeping the very first token beside the last "
        "ones makes nearly all the difference; three more of the first add nothing to speak of, and another early "
        "token in its place does not help.",
        data=Table(
            [
                "tokens kept",
                "the last ones",
                "the first one and the last",
                "the first four and the last",
                f"token {found.other + 1} and the last",
            ],
            [
                [size, *(f"{value:.2f}" for value in (*row, other))]
                for size, row, other in zip(kept, table, others, strict=True)
            ],
            source=f"All tokens: {whole:.2f}.",
        ),
        provenance="real",
        source=found.credit,
    )


# --- Tables of the chapter -----------------------------------------------------------------------


def time_table(found):
    """Time for one more token, with and without the cache. found: the study's Recorded."""
    return Table(
        ["tokens before", "with the cache, ms", "without, ms", "times"],
        [[n, f"{1000 * a:.0f}", f"{1000 * b:.0f}", f"{b / a:.0f}"] for n, (a, b) in found.seconds.items()],
        name="kv-cache-time",
        caption="CPU time of SmolLM2 for one more token, medians, one thread of the machine that recorded.",
        provenance="real",
        source=found.credit,
    )


def cost_table(rows):
    """What is kept for each token. rows: as cost_rows gives them."""
    return Table(
        ["model", "kB a token", "1,024 tokens, GB", "8,192, GB", "131,072, GB", "as large as the weights at"],
        rows,
        name="kv-cache-costs",
        caption="Keys and values of one text, 16 bits a number. Mistral-7B looks back 4,096 tokens and keeps no more.",
        provenance="real",
    )
