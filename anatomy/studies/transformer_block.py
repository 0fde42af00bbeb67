"""What the chapter on the block measures: parameters box by box, the stream of SmolLM2, one of its weights, two norms.

Chapter: book/transformer-block.md
"""

import math
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from anatomy import recordings
from anatomy.model import PUBLISHED, Trace
from anatomy.studies import TOGETHER, first_for_good, mean_and_error
from anatomy.studies.costs import part_costs
from anatomy.studies.logits_and_sampling import in_order

# --- Counting ------------------------------------------------------------------------------------

BOXES = (
    "embedding",
    "norms",
    "W_q",
    "W_k",
    "W_v",
    "W_o",
    "router",
    "W_gate",
    "W_up",
    "W_down",
    "unembedding",
)
EXPERT_BOXES = ("W_gate", "W_up", "W_down")
SIZES = ("n_vocab", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_ff")


@dataclass(frozen=True)
class Target:
    """A published model: its Config, and of how many feed-forward networks a token uses how many."""

    config: object
    n_experts: int = 1
    n_active: int = 1


TARGETS = {
    **{
        name: Target(PUBLISHED[name])
        for name in ("GPT-2", "SmolLM2-135M", "Llama-2-7B", "Mistral-7B", "Llama-3-8B", "Qwen2.5-7B")
    },
    "Mixtral-8x7B": Target(replace(PUBLISHED["Mistral-7B"], rope_base=1e6, window=None), 8, 2),
}


def box_of(name):
    """Which of BOXES a weight belongs to, by its name in Config; a bias goes with its matrix.

    >>> box_of("b_q"), box_of("norm_ffn_bias"), box_of("positions")
    ('W_q', 'norms', 'embedding')
    """
    if "norm" in name:
        return "norms"
    if name in ("embedding", "positions"):
        return "embedding"
    return name if name == "unembedding" else f"W_{name[2:]}"


def box_parameters(config, n_experts=1):
    """Box -> its parameters in the whole model.

    With several feed-forward networks, each layer has so many of them and a router: a matrix (d_model, n_experts).

    >>> sum(box_parameters(PUBLISHED["Mistral-7B"], n_experts=8).values())
    46702792704
    """
    found = dict.fromkeys(BOXES, 0)
    for shapes, times in ((config.layer_shapes(), config.n_layers), (config.outer_shapes(), 1)):
        for name, shape in shapes.items():
            box = box_of(name)
            found[box] += times * prod(shape) * (n_experts if box in EXPERT_BOXES else 1)
    if n_experts > 1:
        found["router"] = config.n_layers * config.d_model * n_experts
    return found


def at_work(config, n_experts, n_active):
    """Parameters that one token passes through: of the feed-forward networks only those that the router picks.

    >>> at_work(PUBLISHED["Mistral-7B"], 8, 2)
    12879925248
    """
    found = box_parameters(config, n_experts)
    idle = sum(found[box] for box in EXPERT_BOXES) * (n_experts - n_active) // n_experts
    return sum(found.values()) - idle


def published_rows(names=("GPT-2", "SmolLM2-135M", "Llama-2-7B", "Llama-3-8B", "Mixtral-8x7B")):
    """For each model: name, parameters in all and for a token, shares of its parts, bytes at 16 bits, FLOPs a token."""
    rows = []
    for name in names:
        target = TARGETS[name]
        found = box_parameters(target.config, target.n_experts)
        everything = sum(found.values())
        work = at_work(target.config, target.n_experts, target.n_active)
        attention = sum(found[box] for box in ("W_q", "W_k", "W_v", "W_o")) / everything
        ffn = sum(found[box] for box in (*EXPERT_BOXES, "router")) / everything
        flops = sum(cost.flops for cost in part_costs(target.config).values())
        if target.n_experts > 1:  # those of a second network, and of the router
            one = sum(
                cost.flops for part, cost in part_costs(target.config).items() if part == "feed-forward"
            )
            flops += (target.n_active - 1) * one + 2 * found["router"]
        rows.append([
            name, f"{everything:,}", f"{work:,}", f"{attention:.0%}", f"{ffn:.0%}", f"{2 * everything / 1e9:.2f} GB",
            f"{flops / 1e9:.2f}",
        ])  # fmt: skip
    return rows


# --- The stream ----------------------------------------------------------------------------------

PROMPTS = (
    "The capital of France is",
    "The opposite of hot is",
    "import numpy as",
    "Water freezes at 0 degrees",
    "Once upon a time, there was a",
)
FRANCE, HOT, ONCE = PROMPTS[0], PROMPTS[1], PROMPTS[-1]
N_NAMED = 5


@dataclass(frozen=True)
class Stream:
    """The residual stream of one text, before each layer and after the last, and what the last norm makes of it.

    tokens: n texts. lengths (n_layers + 1, n): Euclidean norms. largest (n_layers + 1, n): the absolute value of the
    entry in DIMENSION. likeliest, p: per state, N_NAMED tokens and their probabilities by the logit lens at the last
    token. rank, p_final: per state, the place (from 0) and the probability of the token that the model says in the end.
    """

    tokens: list
    lengths: np.ndarray
    largest: np.ndarray
    likeliest: list
    p: list
    rank: np.ndarray
    p_final: np.ndarray

    @property
    def answer(self):
        """The token that the model says in the end."""
        return self.likeliest[-1][0]


def stream(model, prompt, dimension=507):
    """Read a text once and look at the stream between all layers."""
    ids = model.encode(prompt)
    trace = Trace("residual")
    model.forward(ids, trace=trace)
    residual = trace["residual"].astype(float)
    logits = model.logit_lens(trace["residual"][:, -1]).astype(float)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    orders = [in_order(row.round(4))[:N_NAMED] for row in p]
    final = orders[-1][0]
    return Stream(
        tokens=[model.decode([i]) for i in ids],
        lengths=np.linalg.norm(residual, axis=-1),
        largest=abs(residual[:, :, dimension]),
        likeliest=[[model.decode([int(i)]) for i in order] for order in orders],
        p=[row[order].round(4).tolist() for row, order in zip(p, orders, strict=True)],
        rank=(logits > logits[:, final, None]).sum(-1),
        p_final=p[:, final],
    )


def streams(model, prompts=PROMPTS):
    """Text -> Stream."""
    return {prompt: stream(model, prompt) for prompt in prompts}


# --- One weight ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dial:
    """SmolLM2's loss on a novel with one weight times each factor.

    losses (n_factors, n_tokens): nats a token. texts: what it writes after `prompt`. controls: name -> losses
    (n_tokens,) with something else taken away. weight: (layer, neuron, dimension). credit: what recorded it.
    """

    factors: list
    losses: np.ndarray
    texts: list
    controls: dict
    weight: tuple
    prompt: str
    credit: str

    def perplexity(self, losses):
        """e to the mean loss, and one standard error of it over stretches of TOGETHER tokens."""
        mean, error = mean_and_error(losses, TOGETHER)
        return math.exp(mean), math.exp(mean) * error

    def harm(self, losses):
        """Nats a token more than untouched, and the standard error of that difference, as above."""
        return mean_and_error(losses - self.losses[self.factors.index(1.0)], TOGETHER)


def dial():
    """The recorded run."""
    found = recordings.load("transformer_block")
    names = found.provenance["settings"]["controls"]
    return Dial(
        factors=found["factors"].tolist(),
        losses=found["dial_losses"].astype(float),
        texts=found["dial_texts"].tolist(),
        controls=dict(zip(names, found["control_losses"].astype(float), strict=True)),
        weight=tuple(found.provenance["settings"]["weight"]),
        prompt=found.provenance["settings"]["prompt"],
        credit=found.credit(),
    )


def writers(model, weight, prompt=FRANCE):
    """Which neurons write an entry of the first token's vector: neuron -> share of what the layer adds there.

    weight: (layer, neuron, dimension); the neuron of weight stands first, the others by the size of their shares.
    """
    layer, neuron, dimension = weight
    trace = Trace("hidden")
    model.forward(model.encode(prompt), trace=trace)
    column = model.weights.layers[layer].w_down[:, dimension].astype(float)
    parts = trace["hidden"][layer, 0].astype(float) * column
    order = np.argsort(-abs(parts))
    return {int(i): float(parts[i] / parts.sum()) for i in (neuron, *order[order != neuron])}


# --- Where the norm stands -----------------------------------------------------------------------

KINDS = ("norm before", "norm after")


@dataclass(frozen=True)
class Norms:
    """Held-out losses of a small decoder by where its norms stand, its learning rate and its warm-up.

    losses (2 kinds, n_rates, 2 warm-ups, n_seeds); bare (n_rates, n_seeds): without residual connections, with warm-up;
    unnormed (n_rates, n_seeds): with them, without norms but the last, not a number where training blew up.
    depths -> by_depth (2, n_depths, n_seeds): with and without residual connections at one rate. long_runs: (layers,
    rate) -> long (n_runs, n_seeds): without them, after n_long steps. frequency: the loss of one who knows only how
    often each token occurs.
    """

    rates: list
    warm_ups: list
    losses: np.ndarray
    bare: np.ndarray
    depths: list
    by_depth: np.ndarray
    unnormed: np.ndarray
    long_runs: list
    long: np.ndarray
    frequency: float
    n_layers: int
    n_steps: int
    n_long: int
    credit: str


def norms():
    """The recorded runs."""
    found = recordings.load("transformer_block")
    settings = found.provenance["settings"]
    return Norms(
        rates=found["rates"].tolist(),
        warm_ups=found["warm_ups"].tolist(),
        losses=found["held_out_losses"].astype(float),
        bare=found["bare_held_out_losses"].astype(float),
        depths=found["depths"].tolist(),
        by_depth=found["depth_held_out_losses"].astype(float),
        unnormed=found["unnormed_held_out_losses"].astype(float),
        long_runs=settings["long_runs"],
        long=found["long_held_out_losses"].astype(float),
        frequency=float(found["frequency_loss"]),
        n_layers=settings["sizes"]["n_layers"],
        n_steps=settings["run"]["n_steps"],
        n_long=settings["long"]["n_steps"],
        credit=found.credit(),
    )


def depth_rows(found):
    """Layers, losses of the seeds with and without residual connections: rows of words. found: Norms."""
    return [
        [str(n), *(in_words(found.by_depth[kind, i]) for kind in (0, 1))] for i, n in enumerate(found.depths)
    ]


def in_words(losses):
    """Losses of several seeds with two digits.

    >>> in_words([4.071, 3.02])
    '4.07, 3.02'
    """
    return ", ".join(f"{loss:.2f}" for loss in losses)


# --- What the prose says -------------------------------------------------------------------------


def told_of_counts():
    """Numbers for the prose on parameters."""
    llama2, llama3 = (TARGETS[name].config for name in ("Llama-2-7B", "Llama-3-8B"))
    mixtral = TARGETS["Mixtral-8x7B"]
    smol = box_parameters(PUBLISHED["SmolLM2-135M"])
    in_all = sum(box_parameters(mixtral.config, mixtral.n_experts).values())
    return {
        "llama2": f"{llama2.n_parameters():,}",
        "llama3": f"{llama3.n_parameters():,}",
        "smol_norms": f"{smol['norms']:,}",
        "smol_norms_share": smol["norms"] / sum(smol.values()),
        "mixtral": f"{in_all:,}",
        "mixtral_work": f"{at_work(mixtral.config, mixtral.n_experts, mixtral.n_active):,}",
        "mixtral_times": in_all / PUBLISHED["Mistral-7B"].n_parameters(),
        "router_share": box_parameters(mixtral.config, 8)["router"] / in_all,
    }


def told_of_stream(found):
    """Numbers for the prose on the stream. found: text -> Stream."""
    france = found[FRANCE]
    others = [each.lengths[:, 1:].mean(axis=1) for each in found.values()]
    jumps = [each.lengths[12, 0] for each in found.values()]
    first = [first_for_good(each.rank == 0) for each in found.values()]
    return {
        "n_prompts": len(found),
        "first_jump": f"{france.lengths[3, 0]:.0f}",
        "after_fall": f"{france.lengths[10, 0]:.0f}",
        "after_jump": f"{round(france.lengths[12, 0], -1):,.0f}",
        "least_jump": f"{min(jumps):,.0f}"[:-2] + "00",
        "other_start": f"{np.mean([each[0] for each in others]):.1f}",
        "other_first": f"{np.mean([each[1] for each in others]):.0f}",
        "other_end": f"{np.mean([each[-1] for each in others]):.0f}",
        "in_first": float(france.largest[3, 0] ** 2 / france.lengths[3, 0] ** 2),
        "in_one": float(france.largest[12, 0] ** 2 / france.lengths[12, 0] ** 2),
        "earliest": min(first),
        "earliest_token": list(found.values())[int(np.argmin(first))].answer.strip(),
        "only_at_end": first.count(len(france.rank) - 1),
        "cold_p": "{:.2f}, {:.2f} and {:.2f}".format(*found[HOT].p_final[28:]),
        "small_before": float(found[ONCE].p_final[-2]),
        "small_final": float(found[ONCE].p_final[-1]),
        "p_final": float(france.p_final[-1]),
        "p_before": float(france.p_final[27]),
    }


def told_of_dial(found):
    """Numbers for the prose on the one weight."""
    plain, zero = (found.losses[found.factors.index(factor)] for factor in (1.0, 0.0))
    said = {"n_tokens": len(plain), "n_all": f"{PUBLISHED['SmolLM2-135M'].n_parameters():,}"}
    for key, losses in (("plain", plain), ("zero", zero), ("triple", found.losses[-1])):
        said[f"{key}_perplexity"] = f"{found.perplexity(losses)[0]:.1f}"
    for key, losses in zip(
        ("neighbour", "thousand", "largest", "stream"), found.controls.values(), strict=True
    ):
        value = found.perplexity(losses)[0]
        said[f"{key}_perplexity"] = f"{value:.1f}" if value < 1000 else f"{float(f'{value:.1g}'):,.0f}"
    for key, losses in zip(("neighbour", "thousand"), found.controls.values(), strict=False):
        said[f"{key}_harm"], said[f"{key}_harm_error"] = found.harm(losses)
    said["zero_text"] = found.texts[0].strip()
    return said


def told_of_writers(found):
    """Numbers for the prose on who writes the large entry. found: neuron -> share."""
    (first, share), (second, rest), *_ = found.items()
    return {"writer": first, "writer_share": share, "second_writer": second, "second_share": rest}


def told_of_norms(found):
    """Numbers for the prose on where the norm stands."""
    said = {"n_seeds": found.losses.shape[-1], "n_deep": found.n_layers}
    for key, place in (
        ("pre_low_cold", (0, 1, 0)),
        ("post_low_cold", (1, 1, 0)),
        ("post_mid_warm", (1, 2, 1)),
        ("post_high_warm", (1, 3, 1)),
    ):
        said[key] = float(found.losses[place].mean())
    for key, place in (
        ("post_mid_cold", (1, 2, 0)),
        ("pre_high_cold", (0, 3, 0)),
    ):
        said[key], said[f"{key}_error"] = mean_and_error(found.losses[place])
    said["pre_worst"] = float(found.losses[0].mean(axis=-1).max())
    said["best_gap"] = float(found.losses[1].mean(axis=-1).min() - found.losses[0].mean(axis=-1).min())
    said["one_layer"], said["one_layer_error"] = mean_and_error(found.by_depth[1, 0] - found.by_depth[0, 0])
    said["unnormed_mid"], said["pre_mid_warm"] = (
        float(losses.mean()) for losses in (found.unnormed[2], found.losses[0, 2, 1])
    )
    said["unnormed_gap"], said["unnormed_gap_error"] = mean_and_error(
        found.unnormed[1] - found.losses[0, 1, 1]
    )
    said["unnormed_lost"] = int(np.isnan(found.unnormed[3]).sum())
    few = [n < found.n_layers for n, _ in found.long_runs]
    said |= {"n_long": found.n_long, "long_few": in_words(found.long[few].ravel())}
    said["long_deep"] = float(found.long[np.logical_not(few)].min())
    said |= {"bare": float(found.bare.mean()), "frequency": found.frequency}
    return said
