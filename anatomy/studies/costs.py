"""What the parts of a decoder cost, by the one convention of this book.

A multiplication and an addition are two FLOPs. A matrix that is used twice (a tied embedding) counts once, with the
embedding. Shares are of the whole model. FLOPs are those of the matrix products for one token: what attention
spends on the tokens before it grows with their number and is counted apart. Chapters: all, "What it costs".
"""

from dataclasses import dataclass
from math import prod

PARTS = ("embedding", "attention", "feed-forward", "norms", "logits")


@dataclass(frozen=True)
class Cost:
    """parameters: how many numbers are stored. flops: per token. share, flops_share: of the whole model, 0 … 1."""

    parameters: int
    flops: int
    share: float
    flops_share: float


def part_of(name):
    """Which of PARTS a weight belongs to, by its name in Config."""
    if "norm" in name:
        return "norms"
    if name in ("embedding", "positions"):
        return "embedding"
    if name == "unembedding":
        return "logits"
    return "attention" if name[2:] in ("q", "k", "v", "o") else "feed-forward"


def part_costs(config):
    """Part -> Cost of a model of these sizes; the parameters add up to config.n_parameters().

    >>> from anatomy.model import PUBLISHED
    >>> costs = part_costs(PUBLISHED["SmolLM2-135M"])
    >>> costs["feed-forward"].parameters, costs["logits"].parameters, costs["logits"].flops
    (79626240, 0, 56623104)
    """
    parameters, flops = dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    for shapes, times in ((config.layer_shapes(), config.n_layers), (config.outer_shapes(), 1)):
        for name, shape in shapes.items():
            parameters[part_of(name)] += times * prod(shape)
            if len(shape) == 2 and part_of(name) in ("attention", "feed-forward"):
                flops[part_of(name)] += times * 2 * prod(shape)
    flops["logits"] = 2 * config.d_model * config.n_vocab
    everything, work = config.n_parameters(), sum(flops.values())
    return {
        part: Cost(parameters[part], flops[part], parameters[part] / everything, flops[part] / work)
        for part in PARTS
    }


def parameters_read(config):
    """How many parameters a step reads: all but an embedding that is nothing else, of which a token reads one row.

    >>> from anatomy.model import PUBLISHED
    >>> smol, llama = PUBLISHED["SmolLM2-135M"], PUBLISHED["Llama-3-8B"]
    >>> smol.n_parameters() - parameters_read(smol), llama.n_parameters() - parameters_read(llama)
    (0, 525336576)
    """
    return config.n_parameters() - (0 if config.tied else config.n_vocab * config.d_model)
