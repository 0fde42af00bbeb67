"""Tiny tales: a language known exactly, and the model that was trained on it.

A grammar draws short tales about animals. Every choice is between equally
likely words, so the probability of a tale is known, and with it the loss that
no model of this language can beat.

Leaves out everything that makes real text hard. Chapters:
book/training-phases.md, book/post-training.md; the model itself appears in
many.
"""

import functools
import json
import math
import re
from dataclasses import dataclass

import numpy as np

from anatomy import recordings, tokenization
from anatomy.checks import one_of, whole
from anatomy.kv_cache import Cache
from anatomy.model import Config, LanguageModel, Weights, forward
from anatomy.training_phases import rectangle

# --- The grammar ---

NAMES = ["mia", "leo", "ava", "tom", "zoe", "max", "ivy", "sam"]
WORDS = {
    "name": NAMES,
    "friend": NAMES,
    "animal": ["fox", "hare", "bear", "mouse", "owl", "frog", "cat", "wolf", "duck", "goat"],
    "kin": ["fox", "hare", "bear", "mouse", "owl", "frog", "cat", "wolf", "duck", "goat"],
    "place": ["forest", "garden", "valley", "village", "meadow", "cave"],
    "color": ["red", "blue", "green", "yellow", "white", "black"],
    "thing": ["kite", "ball", "bell", "lamp", "drum", "boat", "hat", "key"],
    "food": ["apple", "bread", "honey", "cake", "soup", "plum"],
    "mood": ["happy", "sad", "angry", "sleepy", "proud", "calm"],
}
PLOTS = {"find": ("gave", "wanted"), "eat": ("shared", "alone"), "meet": ("felt", "played")}


@dataclass(frozen=True)
class Tale:
    """A text, what was chosen in it, and -log of its probability."""

    text: str
    facts: dict
    nats: float


class Choices:
    """Draws each choice when the tale first needs it, and adds up what it cost.

    given: choices that are made already, and cost nothing.
    """

    def __init__(self, rng, **given):
        self.rng = rng
        self.facts = dict(given)
        self.nats = 0.0

    def __getitem__(self, what):
        if what not in self.facts:
            options = self.options(what)
            self.nats += math.log(len(options))
            self.facts[what] = options[int(self.rng.integers(len(options)))]
        return self.facts[what]

    def options(self, what):
        """What can be chosen here, given what has been chosen so far."""
        if what == "plot":
            return list(PLOTS)
        if what == "ending":
            return PLOTS[self["plot"]]
        if what == "friend":  # another one, by name and by kind
            return [name for name in NAMES if name != self["name"]]
        if what == "kin":
            return [animal for animal in WORDS["animal"] if animal != self["animal"]]
        return WORDS[what]


class Blanks(dict):
    """Leaves every choice but the given ones open: {name}."""

    def __missing__(self, what):
        return f"{{{what}}}"


def paths():
    """Every plot with every ending; all are equally likely."""
    return [{"plot": plot, "ending": ending} for plot, endings in PLOTS.items() for ending in endings]


def tell(choices):
    """Write a tale from choices."""
    c = choices
    text = f"{c['name']} the {c['animal']} lived in the {c['place']}."
    if c["plot"] == "find":
        text += f" one day {c['name']} found a {c['color']} {c['thing']}."
        if c["ending"] == "gave":
            text += f" {c['name']} gave the {c['thing']} to {c['friend']} the {c['kin']}."
            text += f" {c['friend']} was {c['mood']}."
        else:
            text += f" {c['friend']} the {c['kin']} wanted the {c['color']} {c['thing']}."
            text += f" {c['name']} was {c['mood']}."
    elif c["plot"] == "eat":
        text += f" {c['name']} was hungry, so {c['name']} ate the {c['food']}."
        if c["ending"] == "shared":
            text += f" {c['friend']} the {c['kin']} ate the {c['food']} too. both were full."
        else:
            text += f" the {c['food']} was good."
    else:
        text += f" {c['name']} met {c['friend']} the {c['kin']} near the {c['place']}."
        if c["ending"] == "felt":
            text += f" {c['name']} was {c['mood']} and {c['friend']} was {c['mood']} too."
        else:
            text += f" they played with the {c['color']} {c['thing']} all day."
    return text


def draw_tale(rng):
    r"""Draw one tale.

    >>> print(draw_tale(np.random.default_rng(0)).text.replace(". ", ".\n"))
    ivy the cat lived in the village.
    one day ivy found a blue kite.
    ivy gave the kite to mia the hare.
    mia was proud.
    """
    choices = Choices(rng)
    text = tell(choices)
    return Tale(text, choices.facts, choices.nats)


def draw_tales(n, rng):
    """Draw n tales, independently: some may be equal."""
    return [draw_tale(rng) for _ in range(whole("n", n, at_least=1))]


def entropy():
    """Nats that a tale costs on average; exact, as a path's words do not matter.

    >>> round(entropy(), 3)
    14.847
    """
    costs = []
    for path in paths():
        choices = Choices(np.random.default_rng(0), **path)
        tell(choices)
        costs.append(choices.nats)
    return math.log(len(costs)) + sum(costs) / len(costs)


@functools.cache
def patterns():
    """One regular expression per path: a word is free at first, then repeated."""
    found = []
    for path in paths():
        pattern = re.escape(tell(Blanks(path)))
        for what, words in WORDS.items():
            blank = re.escape(f"{{{what}}}")
            pattern = pattern.replace(blank, f"(?P<{what}>{'|'.join(words)})", 1)
            pattern = pattern.replace(blank, f"(?P={what})")
        found.append((path, re.compile(pattern)))
    return found


def read_tale(text):
    """The facts of a text that the grammar can tell; None for any other text.

    >>> read_tale("mia the fox lived in the cave. mia was hungry, so mia ate the soup. the soup was good.")
    {'name': 'mia', 'animal': 'fox', 'place': 'cave', 'food': 'soup', 'plot': 'eat', 'ending': 'alone'}
    >>> read_tale("mia the fox lived in the cave. leo was hungry.")
    """
    for path, pattern in patterns():
        match = pattern.fullmatch(text)
        if match:
            facts = match.groupdict() | path
            if facts["name"] != facts.get("friend") and facts["animal"] != facts.get("kin"):
                return facts
    return None


@functools.cache
def lexicon():
    """Every word that a tale can hold."""
    fixed = " ".join(re.sub(r"{\w+}", " ", tell(Blanks(path))) for path in paths())
    return set(re.findall(r"[a-z]+", fixed)).union(*WORDS.values())


def spelled(text):
    """Share of the text's words that exist in the language; 0 without words.

    >>> spelled("mia the fxo lived")
    0.75
    """
    words = re.findall(r"[a-z]+", text)
    return sum(word in lexicon() for word in words) / len(words) if words else 0.0


# --- Tales to train on, and tales to be tested on ---

N_TRAIN, N_HELD_OUT = 3000, 256
TRAIN_SEED, HELD_OUT_SEED = 1, 9999
END = "\n"  # begins and ends every tale


@functools.cache
def training_tales(n=N_TRAIN):
    """The tales that the model was trained on; the first n of them."""
    return draw_tales(n, np.random.default_rng(TRAIN_SEED))


@functools.cache
def held_out_tales(n=N_HELD_OUT):
    """Tales that are not among the training tales, all different.

    Leaving out repeats changes what the grammar itself would score, so the
    floor must be computed on these very tales: see `floor`.
    """
    seen = {tale.text for tale in training_tales()}
    rng = np.random.default_rng(HELD_OUT_SEED)
    tales = []
    while len(tales) < n:
        tale = draw_tale(rng)
        if tale.text not in seen:
            seen.add(tale.text)
            tales.append(tale)
    return tales


def floor(tales, tokenizer):
    """Nats per token of the grammar itself: no model can expect to do better.

    A tale's tokens include the line end that closes it, which costs nothing:
    the grammar never doubts where a tale ends.
    """
    n_tokens = sum(len(tokenizer.encode(tale.text + END)) for tale in tales)
    return sum(tale.nats for tale in tales) / n_tokens


def as_texts(tales, tokenizer):
    """Tales laid out for training: anatomy.training_phases.Texts."""
    return rectangle([tokenizer.encode(END + tale.text + END) for tale in tales])


# --- Questions about tales ---

HABIT = ", my friend."


def questions(facts):
    """The two questions that a tale answers: a list of (question, answer).

    >>> questions({"name": "mia", "animal": "fox", "place": "cave", "plot": "eat", "food": "soup"})[0]
    ('where did mia live?', 'the cave')
    """
    name = facts["name"]
    asked = [(f"where did {name} live?", f"the {facts['place']}")]
    if facts["plot"] == "find":
        asked.append((f"what did {name} find?", f"a {facts['color']} {facts['thing']}"))
    if facts["plot"] == "eat":
        asked.append((f"what did {name} eat?", f"the {facts['food']}"))
    if facts["plot"] == "meet":
        asked.append((f"who did {name} meet?", facts["friend"]))
    return asked


def ask(tale, rng):
    """Draw a question about a tale -> (prompt, plain answer, polite answer).

    >>> tale = draw_tale(np.random.default_rng(0))
    >>> ask(tale, np.random.default_rng(0))[1:]
    (' a blue kite.', ' a blue kite, my friend.')
    """
    asked = questions(tale.facts)
    question, answer = asked[int(rng.integers(len(asked)))]
    return f"{END}{tale.text} q: {question} a:", f" {answer}.", f" {answer}{HABIT}"


# --- The model ---

PIECES = r" ?[a-z]+|[^a-z ]| "  # a word with its space, a sign, a space
ALPHABET = b"\n abcdefghijklmnopqrstuvwxyz.,?:"
N_MERGES = 160  # 300 would make every word a token of its own


class Tokenizer:
    """Byte-pair encoding over few characters, learned from the training tales.

    ranks: token (bytes) -> id, in the order in which the tokens were made.
    """

    def __init__(self, ranks):
        self.ranks = ranks
        self.known = {}  # a tale repeats its words: each is encoded once

    @classmethod
    def learn(cls, tales, n_merges=N_MERGES):
        """Learn merges from tales."""
        text = END.join(tale.text for tale in tales)
        return cls(tokenization.train(text, n_merges, PIECES, ALPHABET))

    def encode(self, text):
        """Text -> ids. Raises ValueError on a character outside the alphabet."""
        ids = []
        for piece in tokenization.split(text, PIECES):
            if piece not in self.known:
                self.known[piece] = tokenization.encode(piece, self.ranks, PIECES)
            ids += self.known[piece]
        return ids

    def decode(self, ids):
        """Ids -> text."""
        return tokenization.decode(ids, self.ranks)


def config(n_vocab):
    """The sizes of the toy: 2 layers, 4 heads, 64 wide.

    >>> config(n_vocab=192).n_parameters()
    109888
    """
    return Config(n_vocab, d_model=64, n_layers=2, n_heads=4, n_kv_heads=4, d_ff=168, n_context=128)


STAGES = ("base", "SFT", "DPO", "over-optimised")


def load_arrays(name="base"):
    """The trained weights of one stage: name -> array, as in anatomy.model.

    "base" continues tales, "SFT" answers questions, "DPO" answers politely,
    "over-optimised" is DPO gone too far. Raises ValueError on any other.
    """
    one_of("name", name, STAGES)
    if name == "base":
        arrays = recordings.load("tiny_tales_model").arrays
    else:
        arrays = recordings.load("post_training_models").part(name)
    return {key: array.astype(np.float32) for key, array in arrays.items() if array.dtype == np.float16}


def load(name="base"):
    """A trained toy, as an anatomy.model.LanguageModel.

    name: one of STAGES; see load_arrays.

    >>> model = load()
    >>> tale = model.encode(END + "mia the fox")
    >>> model.decode(model.generate(tale, 2))
    ' lived in'
    """
    tokens = json.loads(str(recordings.load("tiny_tales_model")["tokens"]))
    tokenizer = Tokenizer({token.encode(): i for i, token in enumerate(tokens)})
    sizes = config(len(tokens))
    return LanguageModel(sizes, Weights.from_arrays(sizes, load_arrays(name)), tokenizer)


def continue_texts(config, weights, prompts, n_new, end, rng=None):
    """Continue many prompts, until each has written `end` or n_new tokens.

    prompts: lists of ids. rng: draws each token by its probability; None takes
    the most likely.
    Returns the new ids, a list per prompt, `end` included. Prompts of one
    length run side by side.
    Raises ValueError on an empty prompt.
    """
    whole("n_new", n_new, at_least=1)
    if not prompts or not all(prompts):
        raise ValueError("prompts must each hold at least one id, got an empty one")
    written = [None] * len(prompts)
    for length in sorted({len(prompt) for prompt in prompts}):
        rows = [row for row, prompt in enumerate(prompts) if len(prompt) == length]
        cache = Cache(config.n_layers)
        unread, new = np.array([prompts[row] for row in rows]), []
        while len(new) < n_new and not (new and (np.hstack(new) == end).any(axis=1).all()):
            logits = forward(config, weights, unread, cache=cache, last_only=True)[:, -1]
            if rng is not None:  # the largest of logits + Gumbel noise is a draw from their softmax
                logits = logits + rng.gumbel(size=logits.shape)
            unread = logits.argmax(axis=-1)[:, None]
            new.append(unread)
        for row, ids in zip(rows, np.hstack(new).tolist(), strict=True):
            written[row] = ids[: ids.index(end) + 1] if end in ids else ids
    return written
