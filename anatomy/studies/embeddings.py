"""What the chapter on embeddings measures: rows trained on the toy language, and the rows of a real table.

Rows of the real table come from `smollm2.load()`; words are written without the space that their tokens begin with.
Nearness is by cosine. Equal cosines, to three digits, keep the order of the words. Chapter: book/embeddings.md
"""

import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from anatomy import tiny_tales
from anatomy.embeddings import (
    analogy_ranks,
    co_occurrence,
    cosine_matrix,
    neighbour_purity,
    pca,
    ppmi_svd,
    principal_axes,
    silhouette,
    skip_gram,
    unit_rows,
)
from anatomy.model import PUBLISHED
from anatomy.studies import mean_and_error, signed
from anatomy.studies.costs import part_costs
from anatomy.tokenization import visible

WIDTH = 16  # numbers in a row of the toy's skip-gram
SEEDS = (0, 1, 2)
N_NEAR = 8  # neighbours listed of a word
N_RECALLED = 5  # neighbours looked for in a plane


def listed(groups):
    """Group name -> words, out of group name -> words in one string."""
    return {name: members.split() for name, members in groups.items()}


# Words that are single tokens of SmolLM2, each with its space.
WORDS = listed(
    {
        "days, months": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January April July "
        "December",
        "numbers": "one two three four five six seven eight nine ten hundred thousand",
        "colours": "red blue green yellow black white brown pink purple orange grey gold",
        "animals": "dog cat horse cow pig sheep bird fish lion wolf mouse snake frog bear rabbit",
        "people": "man woman boy girl king queen prince princess mother father sister brother daughter "
        "son uncle aunt",
        "countries": "France Italy Germany Spain Japan China Russia India Egypt Greece",
        "cities": "Paris Rome Berlin Madrid Tokyo London Moscow Vienna Cairo Athens",
        "food": "bread cheese milk butter sugar salt rice soup apple banana lemon wine beer coffee",
        "body": "hand foot arm leg head eye ear nose mouth heart brain blood",
        "nature": "river lake ocean mountain forest desert island tree flower grass sun moon star sky "
        "rain snow",
        "qualities": "hot cold warm cool big small large tiny tall short happy sad angry proud",
        "things": "table chair door window house car boat train book knife bottle piano guitar violin",
        "verbs": "run ran walk walked eat ate drink drank write wrote buy bought sell sold",
        "small words": "the a of and or but in on under between",
        "more than one meaning": "bank spring light match bow fair",
    }
)
FLAT_WORDS = listed(
    {
        "colours": "red blue green yellow black white brown purple",
        "countries": "France Italy Germany Spain Japan China Russia India",
        "verbs": "run walk jump eat drink sleep write speak",
        "cities": "Paris Rome Berlin Madrid Tokyo London Moscow Vienna",
        "food": "bread cheese milk butter sugar rice soup banana",
        "body": "hand foot arm leg head eye ear nose",
    }
)

# Pairs for analogies: each pair is asked about every other pair of its kind.
PAIRS = {
    "country, capital": "France Paris,Italy Rome,Germany Berlin,Spain Madrid,Japan Tokyo,Russia Moscow,"
    "Egypt Cairo,Greece Athens",
    "country, adjective": "France French,Italy Italian,Germany German,Spain Spanish,Japan Japanese,"
    "Russia Russian,China Chinese,Egypt Egyptian",
    "man, woman": "man woman,boy girl,king queen,brother sister,father mother,son daughter,husband wife,"
    "he she",
    "one, many": "dog dogs,cat cats,car cars,tree trees,book books,king kings,city cities,house houses",
    "big, bigger": "big bigger,small smaller,tall taller,fast faster,strong stronger,long longer,"
    "warm warmer,high higher",
    "walk, walked": "walk walked,talk talked,jump jumped,play played,look looked,work worked,call called,"
    "ask asked",
    "good, bad": "good bad,hot cold,big small,happy sad,fast slow,strong weak,long short,high low",
}
# a is to b as c is to …: a, b, c, and the answer that is hoped for
QUESTIONS = (
    "France Paris Italy Rome", "man king woman queen", "Germany Berlin Spain Madrid", "Japan Tokyo France Paris",
    "France French Italy Italian", "big bigger small smaller", "walk walked talk talked", "dog dogs cat cats",
    "brother sister father mother", "one two three four", "he she actor actress", "good bad hot cold",
)  # fmt: skip
TARGETS = {
    "b − a + c": (-1, 1, 1),
    "b + c": (0, 1, 1),
    "c alone": (0, 0, 1),
}  # what a, b, c are multiplied by


def id_of(model, word):
    """The one token that a word is after a space."""
    ids = model.encode(" " + word)
    if len(ids) != 1:
        raise ValueError(f"{word!r} must be one token, got {len(ids)}; choose another word")
    return ids[0]


def rows_of(model, words):
    """The rows of words (n, d_model) as float64, so that no kernel's last digit shows."""
    return model.weights.embedding[[id_of(model, word) for word in words]].astype(float)


def best_first(cosines):
    """Column numbers of each row of cosines (n, m), highest first; of equal ones, to three digits, the first."""
    return np.argsort(-np.round(cosines, 3), axis=-1, kind="stable")


def neighbours(rows, k=N_NEAR):
    """For each of rows (n, d): the numbers (n, k) of the other rows that point most nearly the same way."""
    return best_first(cosine_matrix(rows) - 4 * np.eye(len(rows)))[:, :k]


def told_of_opening(model):
    """Numbers of the first paragraphs and of the first look at the real table."""
    n_vocab, d_model = model.weights.embedding.shape
    monday, tuesday = (id_of(model, word) for word in ("Monday", "Tuesday"))
    return {
        "n_vocab": f"{n_vocab:,}",
        "d_model": f"{d_model}",
        "n_numbers": n_vocab * d_model / 1e6,
        "id_monday": f"{monday:,}",
        "id_tuesday": f"{tuesday:,}",
        "id_between": f"{monday + 1:,}",
        "between": model.decode([monday + 1]).strip(),
    }


# --- The toy language -------------------------------------------------------------------------------------------


@cache
def tales():
    """The tales as lists of words, and the sorted vocabulary."""
    texts = [re.findall(r"[a-z]+|[.,]", tale.text) for tale in tiny_tales.training_tales()]
    return texts, sorted({word for text in texts for word in text})


def toy_classes():
    """Word -> class, for the words that the grammar fills in."""
    return {
        word: {"color": "colour"}.get(kind, kind)
        for kind, members in tiny_tales.WORDS.items()
        if kind not in ("friend", "kin")
        for word in members
    }


def train(window=1, seed=0, texts=None, save_every=400):
    """A skip-gram of the tales, as the page trains it; texts: other texts of the same words."""
    original, vocabulary = tales()
    ids = {word: i for i, word in enumerate(vocabulary)}
    numbered = [[ids[word] for word in text] for text in texts or original]
    counts = co_occurrence(numbered, len(vocabulary), window)
    return counts, skip_gram(counts, WIDTH, np.random.default_rng(seed), n_steps=400, save_every=save_every)


@dataclass(frozen=True)
class Forming:
    """Rows forming while a skip-gram is trained.

    words, classes: n each; places (n_saved, n, 2): on the two strongest axes of the last step, which keep the share
    `kept` of its variance; losses, in nats a pair of neighbours, and silhouettes: (n_saved,) from all dimensions.
    purity_*: share of the words whose nearest is of their class; by_chance: what random neighbours would give.
    by_counting: silhouette of as many directions of the PPMI matrix.
    """

    words: list
    classes: list
    steps: np.ndarray
    places: np.ndarray
    losses: np.ndarray
    silhouettes: np.ndarray
    kept: float
    purity_first: float
    purity_last: float
    by_chance: float
    by_counting: float


@cache
def forming():
    """The skip-gram of the page, seed 0, window 1."""
    counts, run = train(save_every=10)
    _, vocabulary = tales()
    class_of = toy_classes()
    words = [word for word in vocabulary if word in class_of]
    classes = [class_of[word] for word in words]
    chosen = [vocabulary.index(word) for word in words]
    history = run.embeddings[:, chosen]
    mean, axes, shares = principal_axes(history[-1])
    sizes = np.array([classes.count(name) for name in classes])
    return Forming(
        words, classes, run.steps, (history - mean) @ axes.T, run.losses[run.steps],
        np.array([silhouette(frame, classes) for frame in history]), float(shares.sum()),
        neighbour_purity(history[0], classes), neighbour_purity(history[-1], classes),
        float(((sizes - 1) / (len(words) - 1)).mean()),
        silhouette(ppmi_svd(counts, WIDTH)[chosen], classes),
    )  # fmt: skip


def told_of_forming(found):
    """Numbers that the chapter says of a Forming."""
    texts, vocabulary = tales()
    return {
        "n_tales": f"{len(texts):,}",
        "n_words": f"{len(vocabulary)}",
        "d_skip": f"{WIDTH}",
        "n_classed": f"{len(found.words)}",
        "sil_start": signed(found.silhouettes[0], ".2f"),
        "sil_end": float(found.silhouettes[-1]),
        "purity_start": 100 * found.purity_first,
        "purity_end": 100 * found.purity_last,
        "purity_chance": 100 * found.by_chance,
        "sil_ppmi": found.by_counting,
    }


def mean_cosine(rows):
    """Mean cosine of all pairs of different rows (n, d), from their sum: its square holds every pair twice.

    >>> mean_cosine([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    0.3333333333333333
    """
    n, total = len(rows), unit_rows(rows).sum(axis=0, dtype=float)
    return float((total @ total - n) / (n * (n - 1)))


WIDER = ("animal", "place")  # classes that the chapter names beside the names


@dataclass(frozen=True)
class Pair:
    """The same words in two tables: those of the toy language that its tokenizer keeps whole.

    rows (n, d), places (n, 2) on their two strongest axes, silhouettes, purities, names: one for each table.
    within: class -> mean cosine of two of its words.
    """

    words: list
    classes: list
    rows: dict
    places: dict
    silhouettes: dict
    purities: dict
    within: dict


@cache
def pair():
    """The skip-gram's rows beside those of the language model trained on the same tales."""
    teller, (_, vocabulary), class_of = tiny_tales.load(), tales(), toy_classes()
    words = [word for word in vocabulary if word in class_of and len(teller.encode(" " + word)) == 1]
    classes = [class_of[word] for word in words]
    _, run = train(save_every=10)
    rows = {
        "skip-gram": run.embeddings[-1][[vocabulary.index(word) for word in words]],
        "language model": teller.weights.embedding[[teller.encode(" " + word)[0] for word in words]],
    }
    rows = {title: np.round(part.astype(float), 3) for title, part in rows.items()}  # as the page has them
    of = {kind: [i for i, other in enumerate(classes) if other == kind] for kind in ("name", *WIDER)}
    return Pair(
        words, classes, rows, {title: pca(part)[0] for title, part in rows.items()},
        {title: silhouette(part, classes) for title, part in rows.items()},
        {title: neighbour_purity(part, classes) for title, part in rows.items()},
        {title: {kind: mean_cosine(part[members]) for kind, members in of.items()} for title, part in rows.items()},
    )  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Mean cosine of two names where the skip-gram looks so far, a value for each of SEEDS.

    names: in the tales as they are. drawn: with each mention of a name drawn anew, so that no tale keeps to its name.
    others: class -> the same cosine of its words, in the tales as they are, for the classes of WIDER.
    """

    names: list
    drawn: list
    others: dict


@cache
def names_by_window(windows=(1, 10)):
    """window -> Window."""
    texts, vocabulary = tales()
    names = list(tiny_tales.WORDS["name"])
    chosen = [vocabulary.index(name) for name in names]
    wider = {kind: [vocabulary.index(word) for word in tiny_tales.WORDS[kind]] for kind in WIDER}
    found = {}
    for window in windows:
        written, shuffled, others = [], [], {kind: [] for kind in wider}
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            drawn = [[str(rng.choice(names)) if word in names else word for word in text] for text in texts]
            for kept, version in ((written, texts), (shuffled, drawn)):
                _, run = train(window, seed, version)
                kept.append(mean_cosine(run.embeddings[-1][chosen]))
                for kind, members in wider.items() if version is texts else ():
                    others[kind].append(mean_cosine(run.embeddings[-1][members]))
        found[window] = Window(written, shuffled, others)
    return found


def told_of_pair(found):
    """Numbers that the chapter says of a Pair, and of windows."""
    wide = names_by_window()[10]
    apart = max(max(each) - min(each) for each in (wide.names, wide.drawn))
    return {
        "n_whole": f"{len(found.words)}",
        "sil_skip": found.silhouettes["skip-gram"],
        "sil_teller": found.silhouettes["language model"],
        "purity_teller": 100 * found.purities["language model"],
        "least_skip": min(found.within["skip-gram"].values()),
        **{f"{kind}s_teller": cosine for kind, cosine in found.within["language model"].items()},
        **{f"{kind}s_wide": float(np.mean(each)) for kind, each in wide.others.items()},
        "names_wide": float(np.mean(wide.names)),
        "names_drawn": float(np.mean(wide.drawn)),
        "n_seeds": len(SEEDS),
        "seeds_apart": math.ceil(100 * apart) / 100,
    }


# --- Rows of the real table --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """The rows of WORDS in the real table, the mean row of the whole table, and what they show.

    kept: numbers used -> share of each word's N_NEAR neighbours that stay, mean over the words.
    hub: the word that is most often among the N_NEAR nearest of another, hub_times how often.
    random_cosine: of two random tokens, (mean, standard error), 4,000 pairs. Of the 1,000 frequent tokens from id 300
    and of the last 20,000: among, the mean cosine of all their pairs; lean, that with the mean row; lengths, their mean
    length.
    """

    words: list
    groups: list
    rows: np.ndarray
    mean: np.ndarray
    kept: dict
    hub: str
    hub_times: int
    random_cosine: tuple
    among: tuple
    lean: tuple
    lengths: tuple


def real_rows(model):
    """Measure Rows of a model."""
    table = model.weights.embedding
    words = [word for members in WORDS.values() for word in members]
    groups = [name for name, members in WORDS.items() for _ in members]
    rows, mean = rows_of(model, words), table.mean(axis=0, dtype=float)
    best = neighbours(rows)

    def share_kept(part):
        return float(
            np.mean([len(set(a) & set(b)) / N_NEAR for a, b in zip(best, neighbours(part), strict=True)])
        )

    units = unit_rows(table)
    pairs = np.random.default_rng(0).integers(0, len(table), (2, 4000))
    pairs = pairs[:, pairs[0] != pairs[1]]
    lean = units @ unit_rows(mean)
    lengths = np.linalg.norm(table, axis=1)
    frequent, rare = slice(300, 1300), slice(-20_000, None)
    times = np.bincount(best.ravel(), minlength=len(words))
    return Rows(
        words, groups, rows, mean,
        {"first half": share_kept(rows[:, :288]), "last half": share_kept(rows[:, 288:]), 72: share_kept(rows[:, :72])},
        words[int(times.argmax())], int(times.max()),
        mean_and_error((units[pairs[0]] * units[pairs[1]]).sum(axis=1)),
        (mean_cosine(table[frequent]), mean_cosine(table[rare])),
        (float(lean[frequent].mean()), float(lean[rare].mean())),
        (float(lengths[frequent].mean()), float(lengths[rare].mean())),
    )  # fmt: skip


@dataclass(frozen=True)
class Naming:
    """How well the best single number tells a group of words from all others: a value for each of `groups`.

    In shares of the pairs of a member and an outsider that it puts in the right order, large or small first. stored:
    in the table as it is. turned, shuffled (n_draws, n_groups): after random rotations of the table, which leave no
    axis in place, and with the groups' names dealt anew.
    """

    groups: list
    stored: np.ndarray
    turned: np.ndarray
    shuffled: np.ndarray


def best_number(rows, groups):
    """For each group, in the order of their names, the share of pairs that its best column of rows (n, d) orders.

    Source: the area under the ROC curve by ranks, Mann and Whitney's statistic.

    >>> best_number(np.array([[1.0, 2], [2, 1], [3, 4], [4, 3]]), np.array(["a", "a", "b", "b"])).tolist()
    [1.0, 1.0]
    """
    places = np.argsort(np.argsort(np.round(rows, 6), axis=0, kind="stable"), axis=0)
    best = []
    for name in sorted(set(groups)):
        own = groups == name
        n_own, n_others = own.sum(), (~own).sum()
        above = (places[own].sum(axis=0) - n_own * (n_own - 1) / 2) / (n_own * n_others)
        best.append(np.maximum(above, 1 - above).max())
    return np.array(best)


def naming(found, n_draws=20):
    """Measure a Naming of Rows, without the words that have more than one meaning."""
    kept = [i for i, name in enumerate(found.groups) if name != "more than one meaning"]
    rows, groups = found.rows[kept], np.array(found.groups)[kept]
    rng, width = np.random.default_rng(0), found.rows.shape[1]
    rotations = (np.linalg.qr(rng.normal(size=(width, width)))[0] for _ in range(n_draws))
    return Naming(
        sorted(set(groups.tolist())), best_number(rows, groups),
        np.array([best_number(rows @ rotation, groups) for rotation in rotations]),
        np.array([best_number(rows, rng.permutation(groups)) for _ in range(n_draws)]),
    )  # fmt: skip


def told_of_naming(found):
    """Numbers that the chapter says of a Naming; the group is the one that stored numbers tell best of all."""
    turned = found.turned.mean(axis=1)
    gaps = found.stored - found.turned.mean(axis=0)
    most = int(gaps.argmax())
    return {
        "n_named": f"{len(found.groups)}",
        "n_turned": f"{len(turned)}",
        "named_stored": 100 * float(found.stored.mean()),
        "named_turned": 100 * float(turned.mean()),
        "named_spread": 100 * float(turned.std(ddof=1)),
        "named_shuffled": 100 * float(found.shuffled.mean()),
        "named_most": found.groups[most],
        "most_stored": 100 * float(found.stored[most]),
        "most_turned": 100 * float(found.turned[:, most].mean()),
        "most_spread": 100 * float(found.turned[:, most].std(ddof=1)),
        "n_other_named": len(found.groups) - 1,
    }


@dataclass(frozen=True)
class Centred:
    """What subtracting a row from all rows does to the neighbours of WORDS.

    purity: share of the words whose nearest is of their group; without_small: the same with the small words taken out
    of the list. small: share of the N_NEAR places that the small words hold.
    """

    purity: float
    without_small: float
    small: float


def centrings(found):
    """{'as stored', 'mean of the table', 'mean of the words'} -> Centred, and the difference that the first makes.

    found: Rows. Returns the dict and (mean, standard error) of what subtracting the table's mean row costs in purity,
    paired over the words.
    """
    groups, small = np.array(found.groups), np.array(found.groups) == "small words"
    results, right = {}, {}
    for name, shift in (
        ("as stored", 0.0), ("mean of the table", found.mean), ("mean of the words", found.rows.mean(axis=0)),
    ):  # fmt: skip
        rows = found.rows - shift
        best = neighbours(rows)
        right[name] = groups[best[:, 0]] == groups
        others, of_others = neighbours(rows[~small], 1)[:, 0], groups[~small]
        results[name] = Centred(
            float(right[name].mean()), float((of_others[others] == of_others).mean()), float(small[best].mean()),
        )  # fmt: skip
    lost = mean_and_error(right["as stored"].astype(float) - right["mean of the table"])
    return results, lost


def told_of_rows(found):
    """Numbers that the chapter says of Rows and of subtracting a mean from them."""
    centred, (lost, error) = centrings(found)
    stored, by_table, by_words = (
        centred[name] for name in ("as stored", "mean of the table", "mean of the words")
    )
    return {
        "n_listed": f"{len(found.words)}",
        "n_small": f"{len(WORDS['small words'])}",
        "half_first": 100 * found.kept["first half"],
        "half_last": 100 * found.kept["last half"],
        "eighth": 100 * found.kept[72],
        "hub": found.hub,
        "hub_times": f"{found.hub_times}",
        "random_cosine": found.random_cosine[0],
        "among_early": found.among[0],
        "among_late": found.among[1],
        "lean_early": found.lean[0],
        "lean_late": found.lean[1],
        "length_early": found.lengths[0],
        "length_late": found.lengths[1],
        "purity_raw": 100 * stored.purity,
        "purity_centred": 100 * by_table.purity,
        "purity_words": 100 * by_words.purity,
        "lost": 100 * lost,
        "lost_error": 100 * error,
        "small_raw": 100 * stored.small,
        "small_centred": 100 * by_table.small,
        "raw_without": 100 * stored.without_small,
        "centred_without": 100 * by_table.without_small,
    }


# --- What a plane keeps ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plane:
    """Rows of FLAT_WORDS, of length 1, on their strongest axes.

    places (n, 2); true (n, N_RECALLED): the nearest by all numbers. axes: how many are kept; variance: the share kept;
    recall, error (n_axes,): share of the true neighbours among the N_RECALLED nearest, mean over words and its
    standard error. chance: what random neighbours would give. n_kept (n,): how many of a word's true neighbours are
    among its nearest in the plane. of_group: share of the true neighbours, and of those in the plane, that are of the
    word's group. kept_random: variance that two axes keep of 3,000 random tokens; kept_as_many: (mean, standard
    deviation) of the same for 100 draws of as many tokens as there are words.
    """

    words: list
    groups: list
    places: np.ndarray
    true: np.ndarray
    axes: list
    variance: np.ndarray
    recall: np.ndarray
    error: np.ndarray
    chance: float
    n_kept: np.ndarray
    of_group: tuple
    kept_random: float
    kept_as_many: tuple
    n_numbers: int


def nearest_by_distance(x, k=N_RECALLED):
    """For each row of x (n, d), the numbers (n, k) of the rows that are nearest to it.

    >>> nearest_by_distance(np.array([[0.0], [1.0], [3.0]]), k=1).tolist()
    [[1], [0], [1]]
    """
    distances = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(np.round(distances, 6), axis=1, kind="stable")[:, :k]


def kept_of_random(table, n, rng):
    """The share of variance that two axes keep of n random rows of a table, scaled to length 1."""
    spread = unit_rows(table[rng.choice(len(table), n, replace=False)].astype(float))
    spread = spread - spread.mean(axis=0)
    variances = np.linalg.eigvalsh(spread.T @ spread if n > spread.shape[1] else spread @ spread.T)
    return float(variances[-2:].sum() / variances.sum())


def plane(model, axes=(1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 35, 40, 44, 47)):
    """Measure a Plane; of rows of length 1 the nearest by distance is the nearest by cosine."""
    words = [word for members in FLAT_WORDS.values() for word in members]
    rows = unit_rows(rows_of(model, words))
    mean, directions, shares = principal_axes(rows, max(axes))
    places = (rows - mean) @ directions.T
    true = nearest_by_distance(rows)
    found = [nearest_by_distance(places[:, :n]) for n in axes]
    recalls = [
        mean_and_error([len(set(a) & set(b)) / N_RECALLED for a, b in zip(near, true, strict=True)])
        for near in found
    ]
    flat = found[axes.index(2)]
    groups = np.array([name for name, members in FLAT_WORDS.items() for _ in members])
    table, rng = model.weights.embedding, np.random.default_rng(1)
    kept_random = kept_of_random(table, 3000, rng)
    as_many = [kept_of_random(table, len(words), rng) for _ in range(100)]
    return Plane(
        words, groups.tolist(), places[:, :2], true, list(axes),
        shares.cumsum()[np.array(axes) - 1], *np.array(recalls).T, N_RECALLED / (len(words) - 1),
        np.array([len(set(a) & set(b)) for a, b in zip(flat, true, strict=True)]),
        tuple(float((groups[near] == groups[:, None]).mean()) for near in (true, flat)),
        kept_random, (float(np.mean(as_many)), float(np.std(as_many, ddof=1))), rows.shape[1],
    )  # fmt: skip


def told_of_plane(found):
    """Numbers that the chapter says of a Plane."""
    two, ten = found.axes.index(2), found.axes.index(10)
    return {
        "kept_48": 100 * float(found.variance[two]),
        "kept_as_many": 100 * found.kept_as_many[0],
        "kept_spread": 100 * found.kept_as_many[1],
        "kept_all": 100 * found.kept_random,
        "recall_two": 100 * float(found.recall[two]),
        "recall_error": 100 * float(found.error[two]),
        "recall_chance": 100 * found.chance,
        "recall_ten": 100 * float(found.recall[ten]),
    }


# --- Analogies ---------------------------------------------------------------------------------------------------


def spellings(model):
    """For every token the number (n_vocab,) of its word: without spaces, and capitals or not.

    ' Paris', 'Paris' and 'PARIS' are one word. A piece of a character is a word of its own.
    """
    numbers, of_word = np.zeros(len(model.weights.embedding), int), {}
    for i in range(len(numbers)):
        raw = model.tokenizer.token_bytes(i)
        try:
            word = raw.decode().strip().lower() or raw
        except UnicodeDecodeError:
            word = raw
        numbers[i] = of_word.setdefault(word, len(of_word))
    return numbers


@dataclass(frozen=True)
class Counted:
    """How many analogies come right, in shares of the questions.

    tokens: the three input tokens excluded, one token accepted, as is usual. words: every spelling of the inputs
    excluded, every spelling of the answer accepted. without_a: the same for the target b + c; c_alone: for c by itself.
    b_wins, c_wins: nothing excluded, and a spelling of b, or of c, is the nearest; an_input: of any input. error,
    gain_error: standard errors of `words` and of what it gains on `without_a`, over resampled pairs; n: questions.
    """

    n: int
    tokens: float
    words: float
    without_a: float
    c_alone: float
    b_wins: float
    c_wins: float
    an_input: float
    error: float
    gain_error: float

    @property
    def gain(self):
        """What subtracting a adds to b + c."""
        return self.words - self.without_a


def analogies(model, n_resamples=400):
    """Kind of pairs, and 'all' -> Counted.

    Questions that share a pair stand and fall together, so that the error resamples pairs, not questions.
    """
    units, word_of = unit_rows(model.weights.embedding), spellings(model)
    asked, kinds, firsts, seconds = [], [], [], []
    for kind, members in PAIRS.items():
        couples = [[id_of(model, word) for word in couple.split()] for couple in members.split(",")]
        for i, first in enumerate(couples):
            for j, second in enumerate(couples):
                if i != j:
                    asked.append(first + second)
                    kinds.append(kind)
                    firsts.append(i)
                    seconds.append(j)
    asked, kinds, firsts, seconds = map(np.array, (asked, kinds, firsts, seconds))
    _, by_token = analogy_ranks(units, asked)
    right = {"tokens": by_token[1] == 1}
    for name, factors in zip(("words", "without_a", "c_alone"), TARGETS.values(), strict=True):
        winners, ranks = analogy_ranks(units, asked, factors, word_of)
        right[name] = ranks[1] == 1
        if name == "words":
            won = word_of[winners[0]][:, None] == word_of[asked[:, :3]]
            right |= {"b_wins": won[:, 1], "c_wins": won[:, 2], "an_input": won.any(axis=1)}

    rng = np.random.default_rng(0)
    drawn = rng.multinomial(8, [1 / 8] * 8, (n_resamples, len(PAIRS)))  # how often each pair of each kind
    scores = {}  # kind -> (n_resamples, 2): right with the sum, and what that gains on b + c
    for kind, counts in zip(PAIRS, drawn.transpose(1, 0, 2), strict=True):
        here = kinds == kind
        both = np.stack([right["words"][here], right["words"][here] * 1.0 - right["without_a"][here]])
        weights = counts[:, firsts[here]] * counts[:, seconds[here]]
        scores[kind] = weights @ both.T / weights.sum(axis=1, keepdims=True)
    scores["all"] = np.mean(list(scores.values()), axis=0)
    return {
        kind: Counted(
            int(here.sum()), **{name: float(share[here].mean()) for name, share in right.items()},
            error=float(resampled[:, 0].std()), gain_error=float(resampled[:, 1].std()),
        )
        for kind, resampled in scores.items()
        for here in [(kinds == kind) | (kind == "all")]
    }  # fmt: skip


def told_of_analogies(kinds):
    """Numbers that the chapter says of what analogies() returns."""
    every, plural, capital = kinds["all"], kinds["one, many"], kinds["country, capital"]
    opposite, bigger, adjective = kinds["good, bad"], kinds["big, bigger"], kinds["country, adjective"]
    others = [counted for kind, counted in kinds.items() if kind not in ("all", "country, capital")]
    shares = {
        "right_tokens": every.tokens,
        "right_words": every.words,
        "right_error": every.error,
        "right_input": every.an_input,
        "c_wins": every.c_wins,
        "b_wins": every.b_wins,
        "right_sum": every.without_a,
        "right_alone": every.c_alone,
        "gain": sum(counted.gain for counted in others) / len(others),
        "gain_error": math.hypot(*(counted.gain_error for counted in others)) / len(others),
        "plural_tokens": plural.tokens,
        "plural_words": plural.words,
        "plural_alone": plural.c_alone,
        "opposite_words": opposite.words,
        "opposite_alone": opposite.c_alone,
        "capital_gain": capital.gain,
        "capital_error": capital.gain_error,
        "capital_words": capital.words,
        "capital_sum": capital.without_a,
        "bigger_words": bigger.words,
        "bigger_sum": bigger.without_a,
        "adjective_words": adjective.words,
        "adjective_sum": adjective.without_a,
    }
    return {name: 100 * share for name, share in shares.items()}


def analogy_rows(kinds):
    """The rows of the table of analogies: kind, then shares in percent."""
    return [
        [kind, f"{100 * c.tokens:.0f}%", f"{100 * c.words:.0f}" + (f" ± {100 * c.error:.0f}%" if c.error else "%"),
         *(f"{100 * share:.0f}%" for share in (c.without_a, c.c_alone, c.an_input))]
        for kind, c in kinds.items()
    ]  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One analogy against the whole vocabulary. words: a, b, c and the answer hoped for.

    rankings[target][excluded]: excluded 0: nothing, 1: the three tokens, 2: every spelling of them. Each ranking has
    N_NEAR candidates, the answer's best spelling last if it is not among them: dicts with `tokens`, `cosines`,
    `kinds` ('input', 'answer', 'other'), the `rank` of the answer and `n` candidates.
    """

    words: list
    rankings: list


def questions(model):
    """Measure QUESTIONS."""
    units, word_of = unit_rows(model.weights.embedding), spellings(model)
    asked = [question.split() for question in QUESTIONS]
    ids = np.array([[id_of(model, word) for word in question] for question in asked])
    found = []
    for words, numbers in zip(asked, ids, strict=True):
        targets = np.array(
            [
                sum(f * units[i] for f, i in zip(factors, numbers[:3], strict=True))
                for factors in TARGETS.values()
            ]
        )
        likeness = unit_rows(targets) @ units.T
        rankings = [
            [ranking(model, cosines, numbers, word_of, left_out) for left_out in range(3)]
            for cosines in likeness
        ]
        found.append(Question(words, rankings))
    return found


def ranking(model, cosines, numbers, word_of, left_out):
    """One of the rankings of a Question."""
    cosines = np.round(cosines.astype(float), 3)
    inputs = np.isin(word_of, word_of[numbers[:3]])
    answers = word_of == word_of[numbers[3]]
    if left_out == 1:
        cosines[numbers[:3]] = -np.inf
    elif left_out == 2:
        cosines[inputs] = -np.inf
    order = np.argsort(-cosines, kind="stable")
    best = order[answers[order]][0]
    shown = order[:N_NEAR].tolist()
    if not answers[shown].any():
        shown[-1] = int(best)
    return {
        "tokens": [visible(model.tokenizer.token_bytes(i)) for i in shown],
        "cosines": [float(cosines[i]) for i in shown],
        "kinds": ["answer" if answers[i] else "input" if inputs[i] else "other" for i in shown],
        "rank": int((cosines > cosines[best]).sum()) + 1,
        "n": int(np.isfinite(cosines).sum()),
    }


def told_of_questions(found):
    """Numbers that the chapter says of the first Question, Rome."""
    _, without_tokens, without_words = found[0].rankings[0]
    return {
        "rome_tokens": f"{without_tokens['rank']}",
        "rome_words": f"{without_words['rank']}",
        "instead": without_words["tokens"][0].strip("·"),
    }


# --- What it costs -----------------------------------------------------------------------------------------------


def cost_rows(names=("GPT-2", "SmolLM2-135M", "Llama-2-7B", "Llama-3-8B")):
    """The rows of the table of costs, by the book's one convention; rows for positions are no part of the table."""
    rows = []
    for name in names:
        sizes, costs = PUBLISHED[name], part_costs(PUBLISHED[name])
        table, logits = sizes.n_vocab * sizes.d_model, costs["logits"]
        rows.append([
            name, f"{sizes.n_vocab:,}\u00a0×\u00a0{sizes.d_model:,}", f"{table / 1e6:.1f} M",
            f"{logits.parameters / 1e6:.1f} M" if logits.parameters else "the same matrix",
            f"{100 * (table + logits.parameters) / sizes.n_parameters():.0f}%", f"{2 * sizes.d_model / 1000:.1f} kB",
            f"{logits.flops / 1e6:,.0f} M",
        ])  # fmt: skip
    return rows


def told_of_costs(name="SmolLM2-135M"):
    """Numbers that the chapter says of one model's costs."""
    sizes, costs = PUBLISHED[name], part_costs(PUBLISHED[name])
    return {
        "share_smol": 100 * costs["embedding"].share,
        "row_bytes": f"{2 * sizes.d_model:,}",
        "product_flops": costs["logits"].flops / 1e6,
    }
