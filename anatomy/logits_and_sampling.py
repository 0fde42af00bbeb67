"""From scores to the next token: softmax, temperature, filters and a draw.

Leaves out beam search, which the chapter describes, and penalties for repetition. Chapter: book/logits-and-sampling.md
"""

import numpy as np

from anatomy.checks import finite, in_range, one_of, whole


def softmax(logits, temperature=1.0):
    """Turn logits into probabilities along the last axis.

    logits (…, n_vocab) -> the same shape and dtype, each row summing to 1. A
    logit of -inf is legal and gets probability 0. temperature > 1 flattens,
    < 1 sharpens; 0 gives 1 to the first maximum and 0 to the rest, the limit
    without ties. Raises ValueError for NaN, +inf, a row of -inf alone, an
    empty array or a temperature below 0.
    Source: Bridle 1990; Ackley et al. 1985 for temperature.

    >>> softmax([2.0, 1.0, 0.0]).round(3).tolist()
    [0.665, 0.245, 0.09]
    >>> softmax([2.0, 1.0, 0.0], temperature=0).tolist()
    [1.0, 0.0, 0.0]
    """
    logits = _checked_logits(logits)
    in_range("temperature", temperature, 0, np.inf, open_high=True)
    if temperature == 0:
        return one_hot_of_maximum(logits)
    with np.errstate(over="ignore"):  # a huge gap becomes -inf: probability 0
        highest = logits.max(axis=-1, keepdims=True)
        shifted = _wide(logits) - highest  # no overflow
        weights = np.exp(shifted / temperature)
    probabilities = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities.astype(logits.dtype)


def greedy(logits):
    """The id of the largest logit; of several equal ones, the first.

    logits (n_vocab,) -> int. Raises ValueError as softmax does.

    >>> greedy([0.5, 2.0, 2.0])
    1
    """
    logits = _checked_logits(logits)
    if logits.ndim != 1:
        raise ValueError(f"logits must have 1 axis, got shape {logits.shape}; pass one row")
    return int(np.argmax(logits))


def one_hot_of_maximum(logits):
    """1 at the first maximum of every row, 0 elsewhere; shape (…, n_vocab) kept."""
    logits = _checked_logits(logits)
    winners = np.argmax(logits, axis=-1)[..., None]
    return (np.arange(logits.shape[-1]) == winners).astype(logits.dtype)


def temper(probabilities, temperature):
    """Apply a temperature to probabilities instead of logits: p^(1/T), renormalised.

    It equals softmax at that temperature, because log p differs from the logits
    by a constant. Needed where a filter comes first.

    >>> temper([0.8, 0.2], 0.5).round(3).tolist()
    [0.941, 0.059]
    """
    probabilities = _checked_probabilities(probabilities)
    with np.errstate(divide="ignore"):  # log 0 is -inf, which softmax takes
        logits = np.log(_wide(probabilities))
    return softmax(logits, temperature).astype(probabilities.dtype)


def top_k(probabilities, k):
    """Keep the k most likely tokens and renormalise.

    probabilities (n_vocab,) -> (n_vocab,); of equal ones the earlier ids stay; a
    k beyond the vocabulary keeps all. Raises ValueError for k < 1, NaN, infinity,
    a negative probability or a sum of 0. Source: Fan et al. 2018.

    >>> top_k([0.5, 0.3, 0.2], 2).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    probabilities = _checked_probabilities(probabilities)
    whole("k", k, at_least=1)
    kept = _most_likely_first(probabilities)[:k]
    return _keep(probabilities, kept)


def top_p(probabilities, p):
    """Keep the fewest most likely tokens whose mass reaches p; renormalise.

    probabilities (n_vocab,) -> (n_vocab,); of equal ones the earlier ids stay;
    p = 1 keeps all. Raises ValueError for p outside (0, 1] and as top_k does.
    Source: Holtzman et al. 2020.

    >>> top_p([0.5, 0.3, 0.2], 0.7).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    probabilities = _checked_probabilities(probabilities)
    in_range("p", p, 0, 1, open_low=True)
    if p == 1:
        return probabilities
    order = _most_likely_first(probabilities)
    mass = np.cumsum(_wide(probabilities)[order])
    n_kept = np.searchsorted(mass, p - _rounding(probabilities)) + 1
    return _keep(probabilities, order[:n_kept])


def min_p(probabilities, p):
    """Keep the tokens at least p times as likely as the most likely; renormalise.

    probabilities (n_vocab,) -> (n_vocab,). Raises ValueError for p outside (0, 1]
    and as top_k does. Source: Nguyen et al. 2024.

    >>> min_p([0.5, 0.3, 0.2], 0.5).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    probabilities = _checked_probabilities(probabilities)
    in_range("p", p, 0, 1, open_low=True)
    threshold = p * float(probabilities.max()) * (1 - _rounding(probabilities))
    return _keep(probabilities, np.flatnonzero(probabilities >= threshold))


STEPS = {"temperature": temper, "top_k": top_k, "top_p": top_p, "min_p": min_p}


def apply_steps(logits, steps):
    """Apply temperature and filters in the order given, keeping every stage.

    logits (n_vocab,); steps: pairs such as ("top_p", 0.9), by the names in STEPS.
    Returns a list of probabilities (n_vocab,): plain softmax, then after each step.

    >>> stages = apply_steps([2.0, 1.0, 0.0], [("top_k", 2), ("temperature", 0.5)])
    >>> [stage.round(2).tolist() for stage in stages]
    [[0.67, 0.24, 0.09], [0.73, 0.27, 0.0], [0.88, 0.12, 0.0]]
    """
    stages = [softmax(logits)]
    for name, value in steps:
        step = STEPS[one_of("step", name, STEPS)]
        stages.append(step(stages[-1], value))
    return stages


def sample(probabilities, rng):
    """Draw one id; rng is a numpy Generator, so the caller owns the seed.

    probabilities (n_vocab,) -> int. A token of probability 0 is never drawn.
    Raises ValueError as top_k does, and where the sum is not 1.

    >>> rng = np.random.default_rng(0)
    >>> [sample([0.7, 0.3, 0.0], rng) for _ in range(6)]
    [0, 0, 0, 0, 1, 1]
    """
    probabilities = _checked_probabilities(probabilities, sum_to_one=True)
    mass = np.cumsum(_wide(probabilities))
    point = rng.random() * mass[-1]
    return int(np.searchsorted(mass, point, side="right"))


def entropy(probabilities):
    """How undecided a distribution is, in nats: -sum p ln p.

    0 when one token has it all, ln n when n tokens share it equally. Raises
    ValueError as top_k does. Source: Shannon 1948.

    >>> round(entropy([0.5, 0.5]), 4), entropy([1.0, 0.0])
    (0.6931, 0.0)
    """
    probabilities = _checked_probabilities(probabilities)
    positive = probabilities[probabilities > 0].astype(float)
    return abs(float((positive * np.log(positive)).sum()))


def perplexity(probabilities):
    """Entropy as a count: how many equally likely tokens are as undecided as this.

    >>> round(perplexity([0.25, 0.25, 0.25, 0.25]), 6)
    4.0
    """
    return float(np.exp(entropy(probabilities)))


def continue_text(next_logits, ids, n, steps, rng, end=None):
    """Write n tokens: ask for logits, filter, draw, append, and ask again.

    next_logits: a function from ids to the logits (n_vocab,) of the next token.
    steps: temperature and filters in order, as in apply_steps. Stops after the
    token `end`, if given. Returns the list of new ids. Raises ValueError as
    apply_steps does.

    >>> def alternate(ids):
    ...     return np.log([0.9, 0.1]) if ids[-1] == 1 else np.log([0.1, 0.9])
    >>> rng = np.random.default_rng(0)
    >>> continue_text(alternate, [1], 4, [("top_k", 1)], rng)
    [0, 1, 0, 1]
    """
    new = []
    while len(new) < whole("n", n) and not (new and new[-1] == end):
        probabilities = apply_steps(next_logits([*ids, *new]), steps)[-1]
        new.append(sample(probabilities, rng))
    return new


def count_followers(texts, n_back, n_vocab):
    """Count which token follows every n_back tokens in a row.

    The simplest model whose next distribution depends on the text before it:
    its logits are the logarithms of the counts. texts: lists of ids.
    Returns a dict from n_back ids (a tuple) to counts (n_vocab,).
    Raises ValueError for n_back < 1 and an id outside the vocabulary. Source:
    Markov 1913, for letters.

    >>> count_followers([[0, 1, 0, 2]], n_back=1, n_vocab=3)[0,].tolist()
    [0, 1, 1]
    """
    whole("n_back", n_back, at_least=1)
    followers = {}
    for text in texts:
        text = _checked_ids(text, n_vocab)
        for end in range(n_back, len(text)):
            context = tuple(text[end - n_back : end])
            counts = followers.setdefault(context, np.zeros(n_vocab, int))
            counts[text[end]] += 1
    return followers


def _most_likely_first(probabilities):
    return np.argsort(-probabilities, kind="stable")


def _keep(probabilities, kept):
    """Set all but the kept ids to 0 and make the rest sum to 1."""
    filtered = np.zeros_like(_wide(probabilities))
    filtered[kept] = probabilities[kept]
    return (filtered / filtered.sum()).astype(probabilities.dtype)


def _wide(numbers):
    """The numbers in float64: sums and tiny temperatures go wrong in fewer bits."""
    return numbers.astype(np.result_type(numbers, float))


def _rounding(probabilities):
    """Slack for sums such as 0.4 + 0.3 + 0.2, which floats put below 0.9.

    The numbers are off by a last digit of theirs, and each addition by one of float64.
    """
    additions = len(probabilities) * np.finfo(float).eps
    return np.finfo(probabilities.dtype).eps + additions


def _checked_ids(text, n_vocab):
    whole("n_vocab", n_vocab, at_least=1)
    for i in text:
        if whole("ids", i) >= n_vocab:
            raise ValueError(f"ids must be in [0, {n_vocab - 1}], got {i}")
    return [int(i) for i in text]


def _checked_logits(logits):
    logits = np.asarray(logits)
    if logits.dtype.kind not in "biuf" or logits.size == 0 or logits.ndim == 0:
        raise ValueError(f"logits must be numbers along an axis, got {logits.dtype} of shape {logits.shape}")
    if logits.dtype.kind != "f":
        logits = logits.astype(float)
    wrong = np.isnan(logits) | (logits == np.inf)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"logits must be finite or -inf, got {logits[where]} at index {where}")
    if (logits.max(axis=-1) == -np.inf).any():
        raise ValueError("logits must leave at least one token possible, got a row of -inf alone")
    return logits


def _checked_probabilities(probabilities, sum_to_one=False):
    probabilities = finite("probabilities", probabilities, ndim=1, any_float=True)
    if probabilities.min() < 0:
        where = int(np.argmin(probabilities))
        raise ValueError(f"probabilities must be >= 0, got {probabilities[where]} at index {where}")
    with np.errstate(over="ignore"):  # the next lines say what happened
        total = _wide(probabilities).sum()
    if not 0 < total < np.inf:
        raise ValueError(f"probabilities must have a finite sum above 0, got {total}")
    # as many digits as numpy's own Generator.choice asks for: half of those that the numbers have
    if sum_to_one and abs(total - 1) > np.sqrt(np.finfo(probabilities.dtype).eps):
        raise ValueError(f"probabilities must sum to 1, got {total}; divide what a filter left by its sum")
    return (probabilities / total).astype(probabilities.dtype)
