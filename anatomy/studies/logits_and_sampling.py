"""What the chapter on logits and sampling measures: SmolLM2's next tokens, what filters leave, and what it writes.

Every function that asks the model gets it as an argument. Chapter: book/logits-and-sampling.md
"""

import math
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from anatomy import recordings, tiny_tales
from anatomy.kv_cache import Cache
from anatomy.logits_and_sampling import (
    apply_steps,
    continue_text,
    count_followers,
    entropy,
    min_p,
    perplexity,
    sample,
    softmax,
    top_p,
)
from anatomy.model import PUBLISHED
from anatomy.studies import mean_and_error
from anatomy.studies.costs import part_costs

TOY = {"mat": 3.2, "sofa": 2.2, "floor": 1.2, "roof": 0.2, "moon": -1.5}  # token -> logit
PROMPTS = (
    "She opened the door and saw",
    "The capital of France is",
    "The capital of Australia is",
    "It was the best of times, it was the",
    "Once upon a time, there was a",
    "import numpy as",
)
DOOR, FRANCE, AUSTRALIA, TIMES, STORY, CODE = PROMPTS
NIGHT = "It was a dark and stormy night."
OPENING = (("temperature", 1.5), ("top_k", 20), ("top_p", 0.8), ("min_p", 0.2))
WARM_LAST = (*OPENING[1:], OPENING[0])
FILTERS = {"top_k": 50, "top_p": 0.9, "min_p": 0.1}
TEMPERATURES = np.arange(0.2, 3.01, 0.1).round(1)
SETTINGS = {
    "T = 1": [("temperature", 1.0)],
    "T = 2": [("temperature", 2.0)],
    "T = 2, then min-p 0.1": [("temperature", 2.0), ("min_p", 0.1)],
}
SEEDS = (0, 1, 2, 3)
TAIL = 200  # tokens beyond the 200 likeliest are called the tail
BITS = math.log(2)  # nats in a bit


def in_order(probabilities):
    """Ids, likeliest first; equal ones, to ten digits, by id, so that a processor's last digits decide nothing."""
    return np.argsort(-np.asarray(probabilities, float).round(10), kind="stable")


# --- What comes next -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Next:
    """What a model expects after a text: logits and probabilities (n_vocab,), the likeliest tokens, how open it is.

    tail: the probability of all tokens after the TAIL likeliest.
    """

    logits: np.ndarray
    p: np.ndarray
    order: np.ndarray
    tokens: list
    bits: float
    perplexity: float
    tail: float

    def p_of(self, token):
        """The probability of one of the likeliest tokens, by its text."""
        return float(self.p[self.order[self.tokens.index(token)]])


def expected(model, prompts=PROMPTS, n_named=TAIL):
    """prompt -> Next, the n_named likeliest tokens with their texts."""
    return {
        prompt: describe(model, last_logits(model, [model.encode(prompt)])[0], n_named) for prompt in prompts
    }


def last_logits(model, texts, cache=None):
    """Logits (n_texts, n_vocab) after texts of one length, read together."""
    return model.forward(np.array(texts), cache=cache, last_only=True)[:, -1].astype(float)


def describe(model, logits, n_named):
    """Logits (n_vocab,) -> Next."""
    p = softmax(logits)
    order = in_order(p)
    tokens = [model.decode([int(i)]) for i in order[:n_named]]
    return Next(logits, p, order, tokens, entropy(p) / BITS, perplexity(p), float(1 - p[order[:TAIL]].sum()))


@dataclass(frozen=True)
class Stage:
    """A distribution (n_vocab,) after one step: tokens left, what a filter cut (None: not a filter), how open it is."""

    step: tuple
    p: np.ndarray
    n_left: int
    cut: float | None
    bits: float
    perplexity: float


def stages(logits, steps):
    """The plain softmax and what each step makes of it -> list of Stage."""
    found, before = [], None
    for step, p in zip([("softmax", None), *steps], apply_steps(logits, steps), strict=True):
        is_filter = step[0] not in ("softmax", "temperature")
        cut = float(before[p == 0].sum()) if is_filter else None
        found.append(Stage(step, p, int((p > 0).sum()), cut, entropy(p) / BITS, perplexity(p)))
        before = p
    return found


def n_kept(logits, temperatures=TEMPERATURES, filters=FILTERS):
    """Filter -> how many tokens it keeps at each temperature, if the temperature comes first."""
    falling = np.sort(logits)[::-1]
    warmed = [softmax(falling, temperature) for temperature in temperatures]
    return {
        "top_k": [min(filters["top_k"], len(logits))] * len(warmed),
        "top_p": [int((top_p(p, filters["top_p"]) > 0).sum()) for p in warmed],
        "min_p": [int((min_p(p, filters["min_p"]) > 0).sum()) for p in warmed],
    }


# --- The tree ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Branch:
    """A path of likeliest tokens: ranks, token texts, the conditional probability of each, and their product."""

    ranks: tuple
    tokens: tuple
    factors: tuple
    p: float


@dataclass(frozen=True)
class Tree:
    """The likeliest continuations of a prompt.

    branches: all paths of full depth, in the order of their ranks: the first is the greedy one. bits: path of
    ranks -> entropy of what follows it. held: the share of the first distribution that is drawn.
    """

    prompt: str
    width: int
    depth: int
    branches: list
    bits: dict
    held: float

    @property
    def likeliest(self):
        """Index of the most probable branch."""
        return max(range(len(self.branches)), key=lambda i: round(self.branches[i].p, 10))


def tree(model, prompt=DOOR, width=3, depth=3):
    """Every path through the `width` likeliest tokens of each step; each distribution is a forward pass of its own."""
    open_ = [((), (), (), ())]  # ranks, ids, tokens, factors
    bits, held = {}, None
    start = model.encode(prompt)
    for _ in range(depth):
        grown = []
        logits = last_logits(model, [[*start, *ids] for _, ids, _, _ in open_])
        for (ranks, ids, tokens, factors), row in zip(open_, logits, strict=True):
            p = softmax(row)
            bits[ranks] = entropy(p) / BITS
            for rank, i in enumerate(in_order(p)[:width]):
                token = model.decode([int(i)])
                grown.append(((*ranks, rank), (*ids, int(i)), (*tokens, token), (*factors, float(p[i]))))
        held = held or sum(factors[0] for *_, factors in grown)
        open_ = grown
    branches = [Branch(ranks, tokens, factors, math.prod(factors)) for ranks, _, tokens, factors in open_]
    return Tree(prompt, width, depth, branches, bits, held)


# --- What the model writes, and what people write ------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A text and how surprising the model itself finds it at T = 1.

    bits: -log2 p of each token. tails: the probability of the tail before each of them. in_tail: how many tokens came
    from the tail. first_choice: share of tokens that the model thought likeliest.
    """

    text: str
    bits: list
    tails: list
    in_tail: int
    first_choice: float

    @property
    def mean(self):
        """Bits per token."""
        return float(np.mean(self.bits))


def judged(model, ids, logits):
    """ids (n,) and the logits (n, n_vocab) that stood before each of them -> Written."""
    shifted = logits - logits.max(-1, keepdims=True)
    own = np.take_along_axis(shifted, np.array(ids)[:, None], -1)
    weights = np.exp(shifted)
    totals = weights.sum(-1)
    bits = (np.log(totals) - own[:, 0]) / BITS
    weights.partition(max(weights.shape[-1] - TAIL, 0), axis=-1)
    tails = weights[:, :-TAIL].sum(-1) / totals
    likelier = (shifted > own).sum(-1)
    return Written(
        model.decode(ids),
        bits.astype(float).tolist(),
        tails.astype(float).tolist(),
        int((likelier >= TAIL).sum()),
        float((likelier == 0).mean()),
    )


def read_aloud(model, text, n, skip=8):
    """How surprising a given text is: its tokens skip … skip + n, each after all before it."""
    ids = model.encode(text)[: skip + n]
    return judged(model, ids[skip:], model.forward(ids)[skip - 1 : -1])


def austen(model, n=200):
    """The same of the first chapter of Pride and Prejudice, by a person; the control for what a model writes."""
    book = files("anatomy") / "data" / "pride-and-prejudice-chapter-1.txt"
    return read_aloud(model, book.read_text("utf-8"), n)


def samples(model, prompt=NIGHT, n=11, settings=SETTINGS, seeds=SEEDS):
    """(setting, seed) -> Written: n tokens drawn as continue_text draws them, all texts side by side in one batch."""
    runs = [(setting, seed) for setting in settings for seed in seeds]
    rngs = [np.random.default_rng(seed) for _, seed in runs]
    cache = Cache(model.config.n_layers)
    unread, written, before = [model.encode(prompt)] * len(runs), [[] for _ in runs], [[] for _ in runs]
    for _ in range(n):
        rows = last_logits(model, unread, cache)
        for (setting, _), rng, ids, seen, row in zip(runs, rngs, written, before, rows, strict=True):
            ids.append(sample(apply_steps(row, settings[setting])[-1], rng))
            seen.append(row)
        unread = [ids[-1:] for ids in written]
    return {
        run: judged(model, ids, np.array(seen)) for run, ids, seen in zip(runs, written, before, strict=True)
    }


# Eight tokens each, so that they can be read in one batch.
SENTENCES = (
    "The old bridge was closed for repairs.",
    "The train left the city at noon.",
    "She bought bread, cheese and apples.",
    "Nobody remembered the name of the song.",
    "The garden was full of yellow roses.",
    "The museum closes early on Mondays.",
    "They planted two trees behind the house.",
    "The soup needs a little more salt.",
)


@dataclass(frozen=True)
class Repetition:
    """Bits per token of a sentence by how often it has been said: its first, second and third time.

    repeated, errors: (3,) means over n sentences and their standard errors. control, control_error: of the same
    sentences at the third place after two others.
    """

    n: int
    repeated: list
    errors: list
    control: float
    control_error: float


def repetition(model, sentences=SENTENCES, rounds=3):
    """Does saying a sentence make it likelier? The control stands as late in its text, but is new there."""
    ids = np.array([model.encode(" " + sentence) for sentence in sentences])
    n, length = ids.shape
    others = np.roll(ids, 1, axis=0), np.roll(ids, 2, axis=0)
    texts = np.concatenate([np.tile(ids, rounds), np.hstack([*others, ids])])
    start = np.tile(model.encode(NIGHT), (2 * n, 1))
    read = np.hstack([start, texts])
    logits = model.forward(read)[:, start.shape[1] - 1 : -1]
    bits = [judged(model, row, before).bits for row, before in zip(texts, logits, strict=True)]
    by_round = np.array(bits).reshape(2 * n, rounds, length).mean(axis=2)
    told = [mean_and_error(by_round[:n, place]) for place in range(rounds)]
    return Repetition(n, *map(list, zip(*told, strict=True)), *mean_and_error(by_round[n:, -1]))


# --- A model that fits into the page -------------------------------------------------------------


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


@dataclass(frozen=True)
class Counts:
    """Which word followed which: the vocabulary, n_back -> dict from contexts to counts, and two marks' ids."""

    words: list
    followers: dict
    begin: int
    end: int

    def next_logits(self, n_back):
        """A function from ids to the logits of what followed their last n_back ids."""

        def next_logits(ids):
            with np.errstate(divide="ignore"):
                return np.log(self.followers[n_back][tuple(ids[-n_back:])])

        return next_logits


def count_tales(texts=None, n_backs=(1, 2)):
    """Counts of the tiny tales' words, stops and commas; texts: other texts instead."""
    if texts is None:
        texts = [tale.text for tale in tiny_tales.training_tales()]
    split = [[*text.replace(".", " .").replace(",", " ,").split(), "(end)"] for text in texts]
    words = ["(begin)", *sorted({word for text in split for word in text})]
    id_of = {word: i for i, word in enumerate(words)}
    ids = [[id_of[word] for word in text] for text in split]
    followers = {n: count_followers([[0] * n + text for text in ids], n, len(words)) for n in n_backs}
    return Counts(words, followers, 0, id_of["(end)"])


@dataclass(frozen=True)
class Draw:
    """One step of writing: what could be drawn, the random number, and what it fell on."""

    p: np.ndarray
    u: float
    id: int


def write(counts, seed=1, n_back=2, temperature=1.0, p=1.0, n=14):
    """Write up to n words from counts, with the page's random numbers -> list of Draw."""
    steps = [("temperature", temperature), ("top_p", p)]
    next_logits = counts.next_logits(n_back)
    text = [counts.begin] * max(counts.followers)
    ids = continue_text(next_logits, text, n, steps, Uniform(seed), counts.end)
    numbers = Uniform(seed)
    return [
        Draw(apply_steps(next_logits([*text, *ids[:i]]), steps)[-1], numbers.random(), ids[i])
        for i in range(len(ids))
    ]


# --- What the prose says -------------------------------------------------------------------------


def loop(model, ids):
    """What the model writes greedily after NIGHT, as it finds it itself. ids: the tokens written."""
    text = model.decode(ids)
    if text.count("ghost of the past") < 2:
        raise ValueError(
            f"the chapter says that the greedy text repeats itself, and this one does not: {text!r}"
        )
    return read_aloud(model, NIGHT + text, len(ids), skip=len(model.encode(NIGHT)))


def told_of_expected(expected):
    """Numbers for the prose on next tokens. expected: prompt -> Next."""
    story, sydney = expected[STORY], expected[AUSTRALIA]
    return {
        "n_vocab": f"{len(story.p):,}",
        "story_tail": story.tail,
        "story_perplexity": story.perplexity,
        "code_perplexity": expected[CODE].perplexity,
        "sydney": sydney.p_of(" Sydney"),
        "canberra": sydney.p_of(" Canberra"),
    }


def told_of_filters(expected, kept):
    """Numbers for the prose on filters. kept: prompt -> filter -> tokens kept at each of TEMPERATURES."""
    toy = list(TOY.values())
    orders = [("temperature", 2.0), ("top_p", 0.9)], [("top_p", 0.9), ("temperature", 2.0)]
    warm_first, warm_last = (int((apply_steps(toy, steps)[-1] > 0).sum()) for steps in orders)
    left = {prompt: stages(now.logits, OPENING)[-1].n_left for prompt, now in expected.items()}
    at_1, at_2 = (int(np.argmin(abs(TEMPERATURES - t))) for t in (1, 2))
    france = kept[FRANCE]
    return {
        "warm_first": warm_first,
        "warm_last": warm_last,
        "left_door": left[DOOR],
        "left_story": left[STORY],
        "left_code": left[CODE],
        "left_australia": left[AUSTRALIA],
        "left_last": stages(expected[AUSTRALIA].logits, WARM_LAST)[-1].n_left,
        "top_p_1": france["top_p"][at_1],
        "top_p_2": f"{france['top_p'][at_2]:,}",
        "min_p_1": france["min_p"][at_1],
        "min_p_2": france["min_p"][at_2],
    }


def told_of_tree(tree):
    """Numbers for the prose on the likeliest continuations."""
    greedy, best = tree.branches[0], tree.branches[tree.likeliest]
    return {
        "greedy_text": "".join(greedy.tokens).strip(),
        "greedy_p": greedy.p,
        "best_text": "".join(best.tokens).strip(),
        "best_p": best.p,
        "open_bits": max(tree.bits.values()),
        "settled_bits": min(tree.bits.values()),
        "n_asked": len(tree.bits),
    }


def told_of_texts(model, samples):
    """Numbers for the prose on what is written: by the model, drawn at three settings, and by a person."""
    again, person = repetition(model), austen(model)
    tail, tail_error = mean_and_error(person.tails, together=8)
    said = {
        "person_tail": f"{100 * tail:.1f}",
        "person_tail_error": f"{100 * tail_error:.1f}",
        "tail_of_40": 40 * tail,
        "n_said": again.n,
        "control": again.control,
        "control_error": again.control_error,
        "person_first": person.first_choice,
        "n_person": len(person.bits),
        "n_seeds": len(SEEDS),
    }
    for i, (bits, error) in enumerate(zip(again.repeated, again.errors, strict=True)):
        said |= {f"said_{i}": bits, f"said_{i}_error": error}
    for key, name in zip(("plain", "hot", "held"), SETTINGS, strict=True):
        texts = [samples[name, seed] for seed in SEEDS]
        bits, error = mean_and_error([text.mean for text in texts])
        said |= {f"{key}_bits": bits, f"{key}_error": error, f"{key}_tail": sum(t.in_tail for t in texts)}
    return said | {"n_drawn": sum(len(text.bits) for text in texts)}


def told_of_recorded():
    """Numbers for the prose on greedy texts at many places of a novel, and on the time of a draw: recorded."""
    found = recordings.load("logits_and_sampling")
    (greedy, greedy_error), (novel, novel_error) = (
        mean_and_error(found[f"{name}_bits"].astype(float).mean(axis=1)) for name in ("greedy", "novel")
    )
    matrix, sort, top_p_time, whole = np.median(found["seconds"], axis=1)
    return {
        "n_places": len(found["places"]),
        "n_written": found["written"].shape[1],
        "greedy_bits": f"{greedy:.1f} ± {greedy_error:.1f}",
        "novel_bits": f"{novel:.1f} ± {novel_error:.1f}",
        "n_timed": found["seconds"].shape[1],
        "sort_of_matrix": f"{sort / matrix:.0%}",
        "of_matrix": f"{top_p_time / matrix:.0%}",
        "of_whole": f"{top_p_time / whole:.0%}",
    }


def part_costs_of(names=("GPT-2", "SmolLM2-135M", "Llama-2-7B", "Llama-3-8B")):
    """Model -> its Config and part_costs."""
    return {name: (PUBLISHED[name], part_costs(PUBLISHED[name])) for name in names}


def told_of_counts(counts):
    """Numbers for the prose on the counted pairs, and on sorting all logits."""
    smol = PUBLISHED["SmolLM2-135M"]
    flops = part_costs(smol)["logits"].flops
    return {
        "n_pairs": len(counts.followers[2]),
        "sort_share": float(smol.n_vocab * np.log2(smol.n_vocab) / flops),
    }
