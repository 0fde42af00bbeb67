"""What the chapter on the feed-forward network measures: on the toy, on recorded runs, on the real model.

Chapter: book/feed-forward-network.md
"""

import math
from dataclasses import dataclass

import numpy as np

from anatomy import feed_forward_network as ffn
from anatomy import recordings, tiny_tales
from anatomy.model import Trace, forward, silence_neurons
from anatomy.studies import mean_and_error
from anatomy.studies.costs import part_costs
from anatomy.training_phases import cross_entropy

ROUND = 2  # digits by which neighbours in a ranking are told apart; the rest depends on the processor


def ranked(numbers, k):
    """The places of the k largest numbers; those that round alike keep their order."""
    return np.argsort(-np.round(numbers, ROUND), kind="stable")[:k]


# --- How wide ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """Shares of facts recalled, recorded for several widths, numbers of facts and seeds.

    plain (n_widths, n_counts, n_seeds); gated: the same at the same numbers of weights; straight and stack
    (n_counts, n_seeds): no bend, and four square networks one after another; longer: facts -> (n_seeds,), trained five
    times as long, 32 facts a neuron. rate_plain, rate_gated (n_rates, n_seeds): the square one and the gated one of as
    many weights on 512 facts, by rates. most (3, n_seeds): of n_most facts, by four square networks one after another,
    by one four times as wide, and by that one if it adds to what it reads. weights: name -> number of weights.
    """

    widths: list
    gated_widths: list
    counts: list
    plain: np.ndarray
    gated: np.ndarray
    straight: np.ndarray
    stack: np.ndarray
    longer: dict
    rates: list
    rate_plain: np.ndarray
    rate_gated: np.ndarray
    n_most: int
    most: np.ndarray
    weights: dict
    n_steps: int
    d_model: int
    credit: str


def facts():
    """The recorded sweep of widths."""
    found = recordings.load("feed_forward_width")
    names = ("plain", "gated", "straight", "stack")
    settings = found.provenance["settings"]
    n_longer = [n_subjects * settings["n_relations"] for _, n_subjects in settings["longer"]]
    return Facts(
        widths=found["widths"].tolist(),
        gated_widths=found["gated_widths"].tolist(),
        counts=found["n_facts"].tolist(),
        plain=found["plain"],
        gated=found["gated"],
        straight=found["straight"][0],
        stack=found["stack"][0],
        longer=dict(zip(n_longer, found["longer"], strict=True)),
        rates=found["rates"].tolist(),
        rate_plain=found["rate_plain"],
        rate_gated=found["rate_gated"],
        n_most=settings["most"],
        most=found["most"],
        weights={name: found[f"{name}_weights"].tolist() for name in names},
        n_steps=settings["n_steps"],
        d_model=settings["d_model"],
        credit=found.credit(),
    )


def recall_rows(found, count=512):
    """Designs on `count` facts: rows (name, weights, mean share and range over the seeds)."""
    c = found.counts.index(count)
    square = found.widths.index(found.d_model)
    wide = found.widths.index(4 * found.d_model)

    def row(name, weights, shares):
        return [name, f"{weights:,}", f"{shares.mean():.0%}", span(shares)]

    def of(kind, at, words):
        width = (found.gated_widths if kind == "gated" else found.widths)[at]
        return row(f"{words}, d_ff = {width}", found.weights[kind][at], getattr(found, kind)[at, c])

    return [
        row("no bend, d_ff = 64", found.weights["straight"][0], found.straight[c]),
        of("plain", square, "two square matrices"),
        row("the same, five times the steps", found.weights["plain"][square], found.longer[count]),
        row(
            f"the same, the best of {len(found.rates)} rates",
            found.weights["plain"][square],
            best(found.rate_plain),
        ),
        of("plain", square + 1, "plain"),
        of("plain", wide, "plain"),
        row("four square ones in a row", found.weights["stack"][0], found.stack[c]),
    ]


def best(shares):
    """Shares (n_rates, n_seeds) at the rate where their mean is highest."""
    return shares[shares.mean(axis=1).round(6).argmax()]


# --- Trained on tiny tales --------------------------------------------------------------------------


@dataclass(frozen=True)
class Training:
    """Held-out losses of the toy in nats per token: name -> (n_seeds, n_marks); floor: the grammar's own."""

    marks: list
    losses: dict
    floor: float
    credit: str


def training():
    """The toy with three feed-forward networks."""
    main, other = recordings.load("tiny_tales"), recordings.load("feed_forward_network")
    width = recordings.load("feed_forward_width")
    d_ff = tiny_tales.load().config.d_ff
    return Training(
        marks=other["marks"].tolist(),
        losses={
            f"SwiGLU, {d_ff} neurons": main["held_out_losses"],
            f"GELU, {d_ff * 3 // 2} neurons": other["plain_held_out_losses"],
            "GELU, 1 neuron": width["one_neuron_held_out_losses"],
        },
        floor=float(main["floor"]),
        credit=f"SwiGLU: {main.credit()} GELU: {other.credit()} One neuron: {width.credit()}",
    )


# --- Neurons silenced -------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnockOuts:
    """What the trained toy loses without each of its neurons, those missed most first.

    neurons: pairs (layer, neuron). changes, errors (n,): nats per token, standard errors over the tales. words: for
    each neuron the tokens whose loss changes most, as (token, nats where it came next), five that lose and two that
    gain. base: the loss of the whole model. first_part: how much of the first change is its first word. many: order ->
    loss with `silenced` of them silent.
    """

    neurons: list
    changes: np.ndarray
    errors: np.ndarray
    words: list
    base: float
    first_part: float
    silenced: list
    many: dict
    credit: str


def knock_outs(least=20):
    """The recorded knock-outs; tokens that came next fewer than `least` times are left out."""
    found = recordings.load("feed_forward_network")
    toy = tiny_tales.load()
    changes, places = found["changes"].astype(float), found["places"]
    order = np.argsort(-changes, kind="stable")
    often = np.flatnonzero(places >= least)

    def most_changed(row):
        best = often[np.argsort(-row[often], kind="stable")]
        return [(toy.decode([i]), float(row[i])) for i in (*best[:5], *best[-2:])]

    by_token = found["token_changes"] / 1000
    words = [most_changed(row) for row in by_token[order]]
    first = by_token[order[0]].argmax()
    return KnockOuts(
        neurons=[tuple(map(int, found["neurons"][i])) for i in order],
        changes=changes[order],
        errors=found["change_errors"][order].astype(float),
        words=words,
        base=float(found["harmful_first"][0]),
        first_part=float(by_token[order[0], first] * places[first] / (changes[order[0]] * places.sum())),
        silenced=found["silenced"].tolist(),
        many={
            "the most needed first": found["harmful_first"],
            "in random order": found["random_order"].mean(axis=0),
            "the least needed first": found["harmless_first"],
        },
        credit=found.credit(),
    )


@dataclass(frozen=True)
class Together:
    """What many neurons of one layer cost one by one and all at once, in nats per token.

    last: of the last layer, where no neuron can answer to what another leaves out. first: of the first layer.
    held: of the first layer again, with the hidden numbers of the last held at what they were; held_singly (n,): the
    same for each of its neurons alone, recorded. n_first: how many of the n most needed of both layers are of the
    first.
    """

    n: int
    n_first: int
    last_sum: float
    last: float
    first_sum: float
    first: float
    held: float
    held_singly: np.ndarray


def together(n=64):
    """Silence the n most needed neurons of one layer at once: do those of the next layer make up for them?"""
    found, toy = knock_outs(), tiny_tales.load()
    texts = tiny_tales.as_texts(tiny_tales.held_out_tales(), toy.tokenizer)
    trace = Trace("hidden")

    def loss(edit=None, trace=None):
        logits = forward(toy.config, toy.weights, texts.inputs, edit=edit, trace=trace)
        return cross_entropy(logits, texts.targets, texts.counts)

    base = loss(trace=trace)
    of = {layer: [i for i, (l, _) in enumerate(found.neurons) if l == layer][:n] for layer in (0, 1)}
    sums = {layer: float(found.changes[rows].sum()) for layer, rows in of.items()}
    silent = {layer: silence_neurons([found.neurons[i] for i in rows]) for layer, rows in of.items()}
    edits = silent[1], silent[0], last_held(silent[0], trace["hidden"])
    last, first, still = (loss(edit) - base for edit in edits)
    singly = recordings.load("feed_forward_network")["held_changes"].astype(float)
    singly = singly[[found.neurons[i][1] for i in of[0]]]
    n_first = sum(layer == 0 for layer, _ in found.neurons[:n])
    return Together(n, n_first, sums[1], last, sums[0], first, still, singly)


def last_held(silent, hidden):
    """An edit that silences neurons and holds the last layer's hidden numbers as they were. hidden (n_layers, …)."""

    def edit(name, layer, array):
        is_last = name == "hidden" and layer == len(hidden) - 1
        return hidden[layer] if is_last else silent(name, layer, array)

    return edit


# --- Keys and values of the real model --------------------------------------------------------------

READABLE = [
    (23, 669), (20, 693), (20, 305), (23, 369), (23, 1087), (25, 291), (25, 1118), (25, 126), (25, 1073), (27, 879),
    (0, 1427), (0, 964),
]  # fmt: skip


def drawn_at_random(config, n=8, seed=4):
    """Pairs (layer, neuron), whatever they may be like."""
    rng = np.random.default_rng(seed)
    layers, neurons = rng.integers(0, config.n_layers, n), rng.integers(0, config.d_ff, n)
    return [(int(l), int(j)) for l, j in zip(layers, neurons, strict=True)]


@dataclass(frozen=True)
class Neuron:
    """One neuron of the real model on one text.

    excited: triples (token, the one after it, hidden number), largest first, of either sign. promoted: pairs (token,
    change of its logit) of what the neuron writes where it answers most strongly, in standard deviations over the
    vocabulary. turned: whether its hidden number is negative there, so that it writes its value turned round.
    """

    layer: int
    neuron: int
    excited: list
    promoted: list
    turned: bool


def look(model, ids, hidden, layer, neuron, k=6):
    """What excites a neuron, and what it then writes. hidden (n_layers, n_tokens, d_ff) of the text ids."""
    column = np.round(hidden[layer, 1:-1], ROUND)  # not the first token, nor the last, which nothing follows
    positions, numbers = ffn.exciting_tokens(column, neuron, k)
    sign = -1 if numbers[0] < 0 else 1
    value = sign * model.weights.layers[layer].w_down[neuron] * model.weights.norm_final
    change = value @ model.weights.embedding.T
    scores = (change - change.mean()) / change.std()
    best = ranked(scores, k)
    excited = [
        (model.decode([ids[p + 1]]), model.decode([ids[p + 2]]), float(a))
        for p, a in zip(positions, numbers, strict=True)
    ]
    return Neuron(layer, neuron, excited, [(model.decode([i]), float(scores[i])) for i in best], sign < 0)


def random_direction(model, n=100, seed=0):
    """How far the most promoted token of a random direction stands out, in standard deviations: the mean of n."""
    directions = np.random.default_rng(seed).normal(size=(n, model.config.d_model)).astype(np.float32)
    change = (directions * model.weights.norm_final) @ model.weights.embedding.T
    return float(((change.max(axis=1) - change.mean(axis=1)) / change.std(axis=1)).mean())


def neurons(model, ids, hidden):
    """Neurons to be shown: those chosen because they can be read, and those drawn at random."""
    pairs = READABLE, drawn_at_random(model.config)
    return [[look(model, ids, hidden, *pair) for pair in some] for some in pairs]


@dataclass(frozen=True)
class BlindCheck:
    """Does what a neuron writes where it answers most strongly promote the token that came next?

    Shares of the n neurons for which that token is among the one per cent promoted most. hits: of the token that came
    next; chance: of one from anywhere in the text, spread: the standard deviation of that share when the text's tokens
    are shuffled. random: a random direction in place of the value. level: with the tokens' rows at one distance from
    their mean; level_early, level_late: (hits, chance) of the first and the last ten layers. turned: share of neurons
    that answer most strongly with a negative number. further: how much further from the mean the text's rows lie than
    a row of the vocabulary (medians).
    """

    n: int
    n_text: int
    turned: float
    hits: float
    chance: float
    spread: float
    random: float
    level_hits: float
    level_chance: float
    level_spread: float
    level_early: tuple
    level_late: tuple
    further: float


def blind_check(model, ids, hidden, n_sample=500, n_shuffles=100, seed=0):
    """Take every neuron of every layer. hidden (n_layers, n_tokens, d_ff) of the text ids."""
    rng = np.random.default_rng(seed)
    after = np.array(ids[2:])
    kinds, kind_of = np.unique(after, return_inverse=True)
    shares = np.bincount(kind_of) / len(after)
    sample = rng.choice(model.config.n_vocab, n_sample, replace=False)
    shuffled = np.array([rng.permutation(kind_of) for _ in range(n_shuffles)])
    rows = model.weights.embedding * model.weights.norm_final
    centred = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1)
    level = centred / lengths[:, None]

    def promotes(values, rows):
        """(n_neurons, n_kinds): is each token of the text in the top percent of what each value promotes?"""
        least = np.sort(values @ rows[sample].T, axis=1)[:, -(n_sample // 100)]
        return values @ rows[kinds].T > least[:, None]

    found = {"plain": [], "level": []}  # a row (hits, chance, shuffled …) for each layer
    turned, at_random = [], []
    for of_layer, weights in zip(hidden[:, 1:-1], model.weights.layers, strict=True):
        neurons = np.arange(of_layer.shape[1])
        strongest = np.abs(of_layer).argmax(axis=0)
        sign = np.sign(of_layer[strongest, neurons])
        values = sign[:, None] * weights.w_down
        turned.append((sign < 0).mean())
        for name, of_tokens in (("plain", rows), ("level", level)):
            yes = promotes(values, of_tokens)
            shuffles = yes[neurons, shuffled[:, strongest]].mean(axis=1)
            found[name].append([yes[neurons, kind_of[strongest]].mean(), (yes @ shares).mean(), *shuffles])
        at_random.append((promotes(rng.normal(size=values.shape).astype(np.float32), rows) @ shares).mean())
    plain, even = (np.array(found[name]) for name in ("plain", "level"))
    hits, chance, *shuffles = plain.mean(axis=0)
    level_hits, level_chance, *level_shuffles = even.mean(axis=0)
    return BlindCheck(
        n=len(neurons) * len(plain),
        n_text=len(ids),
        turned=float(np.mean(turned)),
        hits=float(hits),
        chance=float(chance),
        spread=float(np.std(shuffles)),
        random=float(np.mean(at_random)),
        level_hits=float(level_hits),
        level_chance=float(level_chance),
        level_spread=float(np.std(level_shuffles)),
        level_early=tuple(even[:10, :2].mean(axis=0).tolist()),
        level_late=tuple(even[-10:, :2].mean(axis=0).tolist()),
        further=float(np.median(lengths[after]) / np.median(lengths)),
    )


@dataclass(frozen=True)
class Energies:
    """How few neurons do the work: over tokens of a text, for each layer.

    shares (n_layers, d_ff): what the strongest 1, 2, … neurons carry, median token. needed (n_layers,): neurons for
    90%, median token; quartiles (n_layers, 2) of the same. below (n_layers,): share of gates below zero. random
    (n_layers,): needed where random vectors as long as the real ones go through the same weights, recorded.
    """

    shares: np.ndarray
    needed: list
    quartiles: np.ndarray
    below: np.ndarray
    random: list
    credit: str


def neurons_for_90(shares):
    """How many of the strongest neurons carry 90% of each token's energy. shares: of energy_shares."""
    return (shares < 0.9).sum(axis=-1) + 1


def energies(model, hidden, gate_in):
    """Over every second token of a text, not the first. hidden, gate_in (n_layers, n_tokens, d_ff)."""
    shares, needed, quartiles = [], [], []
    for layer, weights in enumerate(model.weights.layers):
        of_tokens = ffn.energy_shares(hidden[layer, 1::2], weights.w_down)
        counts = neurons_for_90(of_tokens)
        shares.append(np.median(of_tokens, axis=0))
        needed.append(int(np.median(counts)))
        quartiles.append(np.percentile(counts, (25, 75)))
    found = recordings.load("feed_forward_neurons")
    return Energies(
        np.array(shares),
        needed,
        np.array(quartiles),
        (gate_in[:, 1:] < 0).mean(axis=(1, 2)),
        np.median(found["needed_as_long"], axis=1).astype(int).tolist(),
        found.credit(),
    )


def largest_of_first(hidden):
    """Where the first token has its largest hidden number: the layer, its size there, and the largest of all others.

    hidden (n_layers, n_tokens, d_ff).
    """
    sizes = np.abs(hidden).max(axis=2)
    layer = int(sizes[:, 0].argmax())
    return layer, float(sizes[layer, 0]), float(sizes[layer, 1:].max())


def exchanged(model, ids):
    """Mean loss on ids with the model as it is, and with w_gate and w_up exchanged in every layer."""

    def exchange():
        for weights in model.weights.layers:
            weights.w_gate, weights.w_up = weights.w_up, weights.w_gate

    right = cross_entropy(model.forward(ids)[:-1], ids[1:])
    exchange()
    try:
        return right, cross_entropy(model.forward(ids)[:-1], ids[1:])
    finally:
        exchange()


# --- What it costs ----------------------------------------------------------------------------------


def cost_rows(config):
    """SmolLM2's matrices: rows (matrix, shape, weights, FLOPs per token, in 16 bits), and the whole as a Cost."""
    shapes = config.layer_shapes()
    attention = sum(
        n * m for name, (n, *m) in shapes.items() if name in ("w_q", "w_k", "w_v", "w_o") for m in m
    )
    parts = {name: shapes[name] for name in ("w_gate", "w_up", "w_down")}
    one = sum(n * m for n, m in parts.values())
    counts = [(name, f"({n},\u00a0{m})", n * m) for name, (n, m) in parts.items()]
    counts += [
        ("one layer", "", one),
        (f"all {config.n_layers} layers", "", part_costs(config)["feed-forward"].parameters),
        ("attention's four, one layer", "", attention),
    ]
    rows = [[name, shape, f"{n:,}", f"{2 * n:,}", f"{2 * n / 1e6:.1f} MB"] for name, shape, n in counts]
    return rows, one / attention


MODELS = ("GPT-2", "SmolLM2-135M", "Llama-2-7B", "Llama-3-8B", "Mistral-7B", "Qwen2.5-7B")


def width_rows(published, names=MODELS):
    """Models: rows (model, network, d_model, d_ff, their ratio, share of the whole model's parameters)."""
    return [
        [
            name,
            "SwiGLU" if published[name].gated else "GELU",
            f"{published[name].d_model:,}",
            f"{published[name].d_ff:,}",
            f"{published[name].d_ff / published[name].d_model:.2f}",
            f"{part_costs(published[name])['feed-forward'].share:.0%}",
        ]
        for name in names
    ]


# --- Numbers for the prose --------------------------------------------------------------------------


def span(shares):
    """The range of a few shares in words."""
    return f"{min(shares):.0%} to {max(shares):.0%}"


def in_words(items):
    """A list as words.

    >>> in_words(["a", "b", "c"])
    'a, b and c'
    """
    return f"{', '.join(items[:-1])} and {items[-1]}"


def about(number):
    """A count with two significant digits; the third may depend on the processor."""
    return f"{float(f'{number:.2g}'):,.0f}"


def lowest(**activations):
    """How deep activations dip that go below zero once: lowest_<name> -> words."""
    x = np.linspace(-3, 0, 3001)
    return {f"lowest_{name}": f"{-activation(x).min():.2f}" for name, activation in activations.items()}


def told_of_shares(published):
    """The shares of three models that the prose names."""
    names = {"smol_share": "SmolLM2-135M", "llama_share": "Llama-2-7B", "gpt2_share": "GPT-2"}
    return {key: f"{part_costs(published[name])['feed-forward'].share:.0%}" for key, name in names.items()}


def told_of_facts(found, count=512):
    """What the prose says of the facts: shares recalled of `count`."""
    c, at = found.counts.index(count), found.widths.index(found.d_model)
    plain, gated = found.plain[:, c], found.gated[:, c]
    deep, wide, adding = found.most
    gain, error = mean_and_error((best(found.rate_gated) - best(found.rate_plain)).astype(float))
    return {
        "square": f"{plain[at].mean():.0%}",
        "double": f"{plain[at + 1].mean():.0%}",
        "fourfold": f"{plain[at + 2].mean():.0%}",
        "straight": f"{found.straight[c].mean():.0%}",
        "longer": f"{found.longer[count].mean():.0%}",
        "n_steps": found.n_steps,
        "longer_counts": in_words([f"{n:,}" for n in found.longer]),
        "n_a_neuron": count // found.d_model,
        "all_longer": in_words([f"{shares.mean():.0%} ({span(shares)})" for shares in found.longer.values()]),
        "n_rates": len(found.rates),
        "square_tuned": f"{best(found.rate_plain).mean():.0%}",
        "gated_tuned": f"{best(found.rate_gated).mean():.0%}",
        "tuned_gain": f"{100 * gain:.0f}",
        "tuned_error": f"{100 * error:.0f}",
        "n_seeds": len(found.most[0]),
        "stack": f"{found.stack[c].mean():.0%}",
        "n_most": f"{found.n_most:,}",
        "most_deep": f"{deep.mean():.0%} ({span(deep)})",
        "most_wide": f"{wide.mean():.0%} ({span(wide)})",
        "most_adding": f"{adding.mean():.0%}",
        "gated_square": f"{gated[at].mean():.0%}",
    }


def told_of_toy(trained, knocked, both):
    """What the prose says of the toy: training ends, knock-outs, many neurons at once."""
    swiglu, gelu, one = (runs[:, -1].astype(float) for runs in trained.losses.values())
    (first, first_change), (second, second_change) = knocked.words[0][:2]
    layer, neuron = knocked.neurons[0]
    return {
        "swiglu_mean": float(swiglu.mean()),
        "gelu_mean": float(gelu.mean()),
        "seed_spread": float(max(np.ptp(swiglu), np.ptp(gelu))),
        "one_mean": float(one.mean()),
        "one_range": f"{one.min():.3f} to {one.max():.3f}",
        "n_tales": tiny_tales.N_HELD_OUT,
        "n_neurons": len(knocked.neurons),
        "worst": f"layer {layer}, neuron {neuron}",
        "worst_change": float(knocked.changes[0]),
        "worst_share": f"{knocked.changes[0] / knocked.base:.1%}",
        "first_part": f"{knocked.first_part:.0%}",
        "first_word": first.strip(),
        "first_change": first_change,
        "second_word": second.strip(),
        "second_change": second_change,
        "n_helped": int((knocked.changes < 0).sum()),
        "helped_most": f"{-knocked.changes.min():.4f}",
        "n_helped_clearly": int((knocked.changes < -2 * knocked.errors).sum()),
        "n_by_chance": round(len(knocked.neurons) * math.erfc(math.sqrt(2)) / 2),
        "one_by_one": float(knocked.changes[: both.n].sum()),
        "at_once": float(
            knocked.many["the most needed first"][knocked.silenced.index(both.n)] - knocked.base
        ),
        "last": both.last,
        "last_sum": both.last_sum,
        "first": both.first,
        "first_sum": both.first_sum,
        "n_first": both.n_first,
        "held": both.held,
        "held_sum": float(both.held_singly.sum()),
    }


def told_of_halves():
    """What the prose says of half of the neurons: the loss without the other half, against the whole model's."""
    found = recordings.load("feed_forward_neurons")
    whole, own, same = found["losses"].astype(float)
    told = {"n_halved": len(whole), "shared": f"{found['shared'].mean():.0%}"}
    for name, losses in (("own", own), ("same", same)):
        mean, error = mean_and_error(losses - whole, together=8)
        told[name] = f"{mean:.2f} ± {error:.2f}"
    return told


def told_of_real(config, blind, energy, hidden):
    """What the prose says of the real model on the opening of the novel."""
    layer, first, others = largest_of_first(hidden)
    return {
        "first_layer": layer,
        "first_largest": about(first),
        "others_largest": math.ceil(others),
        "n_layers": config.n_layers,
        "last_layer": config.n_layers - 1,
        "d_ff": f"{config.d_ff:,}",
        "n_text": blind.n_text,
        "turned": f"{blind.turned:.0%}",
        "n_checked": f"{blind.n:,}",
        "hits": f"{blind.hits:.1%}",
        "chance": f"{blind.chance:.1%}",
        "spread": f"{100 * blind.spread:.1f}",
        "further": blind.further,
        "at_random": f"{blind.random:.0%}",
        "level_chance": f"{blind.level_chance:.1%}",
        "level_hits": f"{blind.level_hits:.1%}",
        "level_spread": f"{100 * blind.level_spread:.2f}",
        "early_hits": f"{blind.level_early[0]:.1%}",
        "early_chance": f"{blind.level_early[1]:.1%}",
        "late_hits": f"{blind.level_late[0]:.1%}",
        "late_chance": f"{blind.level_late[1]:.1%}",
        "needed_first": about(energy.needed[0]),
        "needed_last": about(energy.needed[-1]),
        "needed_most": about(max(energy.needed)),
        "random_first": about(energy.random[0]),
        "random_last": about(energy.random[-1]),
    }
