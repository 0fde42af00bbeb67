"""Tokens as vectors: looked up, compared, and learned from neighbours.

Leaves out training inside a language model (training_phases does it).
Chapter: book/embeddings.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy.checks import finite, in_range, same_length, whole

# --- a table of rows -------------------------------------------------------


def look_up(table, ids):
    """Take the rows of the tokens.

    table (n_vocab, d_model), ids (n_tokens,) -> (n_tokens, d_model). Raises
    ValueError for an id outside the table.

    >>> look_up([[1.0, 2.0], [3.0, 4.0]], [1, 1, 0]).tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    table = finite("table", table, ndim=2)
    return table[_checked_ids("ids", ids, len(table))]


def one_hot(ids, n_vocab):
    """A row of zeros with a single 1 for each token.

    ids (n_tokens,) -> (n_tokens, n_vocab).
    one_hot(ids, n_vocab) @ table equals look_up(table, ids).

    >>> one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    whole("n_vocab", n_vocab, at_least=1)
    ids = _checked_ids("ids", ids, n_vocab)
    return (ids[:, None] == np.arange(n_vocab)).astype(float)


def _checked_ids(name, ids, n_vocab):
    ids = np.asarray(ids)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.size == 0:
        raise ValueError(f"{name} must be a list of whole numbers, got {ids.dtype} of shape {ids.shape}")
    if ids.min() < 0 or ids.max() >= n_vocab:
        worst = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"{name} must be in [0, {n_vocab - 1}], got {worst}")
    return ids


# --- likeness --------------------------------------------------------------


def unit_rows(x):
    """Scale every vector (last axis) to length 1; zeros raise ValueError.

    >>> unit_rows([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    x = finite("x", x)
    if x.ndim == 0:
        raise ValueError("x must be a vector or rows of them, got a single number")
    largest = np.abs(x).max(axis=-1, keepdims=True)
    if (largest == 0).any():
        where = tuple(int(i) for i in np.argwhere(largest[..., 0] == 0)[0])
        raise ValueError(f"x must have no zero vector, which has no direction; got one at index {where}")
    scaled = x / largest  # else squares could leave the range of floats
    return scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)


def cosine(a, b):
    """Cosine of the angle between two vectors (d,).

    1: same direction; 0: right angle; -1: opposite. Raises ValueError for a
    vector of zeros or two lengths.

    >>> round(cosine([1.0, 0.0], [1.0, 1.0]), 3)  # 45 degrees
    0.707
    """
    a, b = finite("a", a, ndim=1), finite("b", b, ndim=1)
    same_length("a", a, 0, "b", b, 0)
    return float(np.clip(unit_rows(a) @ unit_rows(b), -1, 1))


def cosine_matrix(a, b=None):
    """Cosines of all rows of a with all rows of b, or of a itself.

    a (n, d), b (m, d) -> (n, m). Raises ValueError for a row of zeros.

    >>> cosine_matrix([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]]).round(3).tolist()
    [[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]
    """
    a = finite("a", a, ndim=2)
    b = a if b is None else finite("b", b, ndim=2)
    same_length("a", a, 1, "b", b, 1)
    return np.clip(unit_rows(a) @ unit_rows(b).T, -1, 1)


def nearest(table, query, k=5, exclude=()):
    """The k rows that point most nearly the same way as the query.

    table (n_vocab, d_model); query: a row number, which excludes itself, or a
    vector (d_model,); exclude: row numbers to leave out. Returns (ids,
    cosines), best first; fewer than k where the table has no more. Raises
    ValueError for k < 1, a row outside the table or a zero vector.

    >>> table = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    >>> ids, cosines = nearest(table, query=0, k=2)
    >>> ids.tolist(), cosines.round(3).tolist()
    ([1, 2], [0.995, 0.0])
    """
    table = finite("table", table, ndim=2)
    whole("k", k, at_least=1)
    left_out = list(exclude)
    if isinstance(query, (int, np.integer)):
        [row] = _checked_ids("query", [query], len(table))
        left_out.append(row)
        query = table[row]
    query = finite("query", query, ndim=1)
    same_length("table", table, 1, "query", query, 0)
    ids, cosines = _ranked(unit_rows(table), unit_rows(query), left_out)
    return ids[:k], cosines[:k]


def analogy(table, a, b, c, exclude_inputs=True):
    """Rank the rows as answers to "a is to b as c is to …".

    a, b, c: row numbers. The target is b - a + c, of rows scaled to length 1.
    Returns (ids, cosines), best first: a row's place in ids is its rank. The
    nearest row is often one of the inputs; exclude_inputs drops those three, as
    the published results do. Sources: Mikolov, Yih & Zweig 2013; Linzen
    2016.

    >>> king, man, woman, queen = [3.0, 1.0], [1.0, 1.0], [1.0, 2.0], [3.0, 2.5]
    >>> ids, _ = analogy([king, man, woman, queen], a=1, b=0, c=2)
    >>> ids.tolist()
    [3]
    """
    table = finite("table", table, ndim=2)
    inputs = _checked_ids("a, b, c", [a, b, c], len(table))
    rows = unit_rows(table)
    target = rows[b] - rows[a] + rows[c]
    return _ranked(rows, unit_rows(target), inputs if exclude_inputs else [])


MANY = 64  # analogies in one matrix product


def analogy_ranks(table, questions, factors=(-1, 1, 1), words=None):
    """Answer many analogies at once, and find the rank of each right answer.

    table (n_vocab, d_model); questions (n, 4): rows a, b, c and the answer.
    factors: what a, b and c are multiplied by in the target; (0, 1, 1) leaves
    a out. words (n_vocab,): equal numbers for rows that spell one word; every
    row is a word of its own if not given. Returns (winners, ranks), both
    (2, n): first with the inputs among the candidates, then without any
    spelling of them. A rank is that of the best spelling of the answer, 1 the
    best of all. Cosines count as equal if they agree to five digits; of equal
    rows the first wins. Raises ValueError for rows outside the table, or an
    answer that spells one of its inputs.

    >>> king, man, woman, queen = [3.0, 1.0], [1.0, 1.0], [1.0, 2.0], [3.0, 2.5]
    >>> table = [king, man, woman, queen]
    >>> winners, ranks = analogy_ranks(table, [[1, 0, 2, 3]])
    >>> winners.tolist(), ranks.tolist()
    ([[3], [3]], [[1], [1]])
    """
    rows = unit_rows(finite("table", table, ndim=2))
    questions = np.asarray(questions)
    if questions.ndim != 2 or questions.shape[1] != 4:
        raise ValueError(f"questions must have the shape (n, 4), got {questions.shape}")
    _checked_ids("questions", questions.ravel(), len(rows))
    words = np.arange(len(rows)) if words is None else np.asarray(words)
    same_length("table", rows, 0, "words", words, 0)
    asked = words[questions]
    if (asked[:, :3] == asked[:, 3:]).any():
        raise ValueError("questions must not have their answer among a, b and c")
    winners = np.zeros((2, len(questions)), int)
    ranks = np.zeros((2, len(questions)), int)
    for first in range(0, len(questions), MANY):  # many per product is faster
        part = questions[first : first + MANY]
        targets = sum(f * rows[ids] for f, ids in zip(factors, part.T[:3], strict=True))
        likeness = np.round(unit_rows(targets) @ rows.T, 5)
        for i, cosines in enumerate(likeness, first):
            best = cosines[words == asked[i, 3]].max()
            for j, left_out in enumerate(([], np.isin(words, asked[i, :3]))):
                cosines[left_out] = -np.inf
                winners[j, i] = cosines.argmax()
                ranks[j, i] = 1 + (cosines > best).sum()
    return winners, ranks


def _ranked(rows, direction, left_out):
    cosines = np.clip(rows @ direction, -1, 1)
    order = np.argsort(-cosines, kind="stable")
    if len(left_out):
        left_out = _checked_ids("exclude", left_out, len(rows))
        order = order[~np.isin(order, left_out)]
    return order, cosines[order]


# --- seeing many dimensions on two -----------------------------------------


def principal_axes(x, n_axes=2):
    """The directions in which the rows of x (n, d) vary most.

    Returns mean (d,), axes (n_axes, d) and shares (n_axes,): each axis's part
    of the whole variance. The sign of an axis is free; here the largest of its
    numbers is positive. Raises ValueError for more axes than min(n, d) or rows
    that are all equal. Source: Pearson 1901.

    >>> x = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    >>> mean, axes, shares = principal_axes(x, n_axes=1)
    >>> mean.tolist(), axes.round(3).tolist(), shares.round(3).tolist()
    ([1.0, 1.0], [[0.707, 0.707]], [1.0])
    """
    x = finite("x", x, ndim=2)
    if whole("n_axes", n_axes, at_least=1) > min(x.shape):
        raise ValueError(f"n_axes must be at most {min(x.shape)} for x of shape {x.shape}, got {n_axes}")
    mean = x.mean(axis=0, dtype=float).astype(x.dtype)
    if (x == x[0]).all():
        raise ValueError(f"x must vary, got {len(x)} equal rows")
    _, spreads, axes = np.linalg.svd(x - mean, full_matrices=False)
    axes = axes[:n_axes] * _signs(axes[:n_axes])[:, None]
    variances = (spreads / spreads[0]) ** 2
    shares = variances / variances.sum()
    return mean, axes, shares[:n_axes]


def pca(x, n_axes=2):
    """Flatten the rows of x (n, d) onto their principal axes.

    Returns the projection (n, n_axes) and the share of the variance kept.

    >>> projection, kept = pca([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], n_axes=1)
    >>> projection.round(3).tolist(), round(kept, 3)
    ([[-5.0], [0.0], [5.0]], 1.0)
    """
    mean, axes, shares = principal_axes(x, n_axes)
    return (np.asarray(x) - mean) @ axes.T, float(shares.sum())


def _signs(rows):
    largest = np.abs(rows).argmax(axis=1)
    return np.sign(rows[np.arange(len(rows)), largest])


# --- learning vectors from neighbours --------------------------------------


def co_occurrence(sequences, n_vocab, window=1):
    """Count how often each pair of tokens stands at most `window` places apart.

    sequences: lists of ids -> (n_vocab, n_vocab), symmetric. Raises ValueError
    for a window < 1, an id outside the vocabulary or no pair at all.

    >>> co_occurrence([[0, 1, 2]], n_vocab=3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    whole("n_vocab", n_vocab, at_least=1)
    whole("window", window, at_least=1)
    counts = np.zeros((n_vocab, n_vocab))
    for sequence in sequences:
        ids = _checked_ids("sequences", sequence, n_vocab)
        for distance in range(1, window + 1):
            np.add.at(counts, (ids[:-distance], ids[distance:]), 1)
    if not counts.any():
        raise ValueError("sequences must hold at least one pair of tokens, got none")
    return counts + counts.T


@dataclass(frozen=True)
class SkipGram:
    """A skip-gram run: the vectors at some steps, and the loss at every step.

    steps (n_saved,); embeddings (n_saved, n_vocab, d_model), whose last entry
    is the result; losses (n_steps + 1,), in nats per pair of neighbours.
    """

    steps: np.ndarray
    embeddings: np.ndarray
    losses: np.ndarray


def skip_gram(
    counts,
    d_model,
    rng,
    n_negatives=5,
    lr=0.3,
    n_steps=500,
    save_every=25,
):
    """Learn a vector for each token, by telling its neighbours from others.

    word2vec draws pairs and negatives at random. The counts hold the exact
    share of each, so every step here follows the expected gradient and no
    noise is left but the start. counts (n_vocab, n_vocab) as co_occurrence
    gives. Each vector's step is divided by how often its token occurs, else
    rare tokens would hardly move. Returns a SkipGram. Raises ValueError for
    counts that are negative or not square, for a token with no neighbour, and
    for an lr or n_negatives of 0 or less. Source: Mikolov et al. 2013,
    negative sampling.

    >>> counts = co_occurrence([[0, 2], [1, 2], [0, 3], [1, 3]] * 5, n_vocab=4)
    >>> run = skip_gram(counts, d_model=2, rng=np.random.default_rng(0))
    >>> run.embeddings.shape, bool(run.losses[-1] < run.losses[0])
    ((21, 4, 2), True)
    >>> same_neighbours = run.embeddings[-1][:2]
    >>> cosine(*same_neighbours) > 0.9
    True
    """
    counts = _checked_counts(counts)
    whole("d_model", d_model, at_least=1)
    whole("n_negatives", n_negatives, at_least=1)
    in_range("lr", lr, 0, np.inf, open_low=True, open_high=True)
    whole("n_steps", n_steps, at_least=1)
    whole("save_every", save_every, at_least=1)

    n_vocab = len(counts)
    pairs = counts / counts.sum()  # how often a token is next to another
    shares = pairs.sum(axis=1)
    noise = shares**0.75 / (shares**0.75).sum()  # word2vec's draw of negatives
    negatives = n_negatives * np.outer(shares, noise)
    context_shares = (pairs + negatives).sum(axis=0)

    vectors = rng.normal(0, 0.1, (n_vocab, d_model))
    contexts = rng.normal(0, 0.1, (n_vocab, d_model))
    steps, saved, losses = [], [], []
    for step in range(n_steps + 1):
        scores = vectors @ contexts.T
        cost = pairs * _softplus(-scores) + negatives * _softplus(scores)
        losses.append(cost.sum())
        if step % save_every == 0 or step == n_steps:
            steps.append(step)
            saved.append(vectors.copy())
        p_neighbour = 1 / (1 + np.exp(-scores))
        d_scores = negatives * p_neighbour - pairs * (1 - p_neighbour)
        d_vectors = d_scores @ contexts / shares[:, None]
        d_contexts = d_scores.T @ vectors / context_shares[:, None]
        vectors -= lr * d_vectors
        contexts -= lr * d_contexts
    return SkipGram(np.array(steps), np.array(saved), np.array(losses))


def _softplus(x):
    """-ln sigmoid(-x), without overflow."""
    return np.logaddexp(0, x)


def ppmi(counts):
    """How much more often two tokens meet than by chance, in nats.

    The natural logarithm of the ratio, and 0 where it is negative.
    counts (n_vocab, n_vocab) -> the same shape; 0 where a pair never meets.
    Raises ValueError as skip_gram does. Source: Church & Hanks 1990.

    >>> ppmi([[0.0, 2.0], [2.0, 4.0]]).round(3).tolist()
    [[0.0, 0.288], [0.288, 0.0]]
    """
    counts = _checked_counts(counts)
    shares = counts.sum(axis=1) / counts.sum()
    by_chance = np.outer(shares, shares) * counts.sum()
    return np.log(np.maximum(counts / by_chance, 1))


def ppmi_svd(counts, d_model):
    """Vectors without training: ppmi cut to its strongest directions.

    counts (n_vocab, n_vocab) -> (n_vocab, d_model). Raises ValueError as
    skip_gram does, and for a d_model above n_vocab. Sources: Levy & Goldberg
    2014; Levy et al. 2015.

    >>> counts = co_occurrence([[0, 2], [1, 2], [0, 3], [1, 3]], n_vocab=4)
    >>> rows = ppmi_svd(counts, d_model=2)
    >>> round(cosine(rows[0], rows[1]), 3)
    1.0
    """
    strengths = ppmi(counts)
    if whole("d_model", d_model, at_least=1) > len(strengths):
        raise ValueError(f"d_model must be at most n_vocab = {len(strengths)}, got {d_model}")
    directions, sizes, _ = np.linalg.svd(strengths)
    rows = directions[:, :d_model] * np.sqrt(sizes[:d_model])
    return rows * _signs(directions[:, :d_model].T)


def _checked_counts(counts):
    counts = finite("counts", counts, ndim=2)
    same_length("counts", counts, 0, "counts", counts, 1)
    if counts.min() < 0:
        raise ValueError(f"counts must be >= 0, got {counts.min()}")
    lonely = np.flatnonzero((counts.sum(axis=1) == 0) | (counts.sum(axis=0) == 0))
    if lonely.size:
        raise ValueError(f"counts must give every token a neighbour, got none for {lonely[0]}; leave it out")
    return counts


# --- do the groups stand apart? --------------------------------------------


def silhouette(x, labels):
    """How clearly labelled rows x (n, d) stand in groups.

    1: far apart; 0: mixed; below 0: misplaced. For each row: a, its mean
    distance to its own group; b, to the nearest other group; (b - a) / max(a,
    b), averaged; a group of one counts 0. Raises ValueError unless there are 2
    to n - 1 groups. Source: Rousseeuw 1987.

    >>> x = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(silhouette(x, ["a", "a", "b", "b"]), 3)
    0.9
    """
    x, labels = _checked_groups(x, labels)
    groups = np.unique(labels)
    if not 2 <= len(groups) < len(x):
        raise ValueError(f"labels must name 2 to {len(x) - 1} groups for {len(x)} rows, got {len(groups)}")
    distances = np.array([np.linalg.norm(x - row, axis=1) for row in x])
    scores = np.zeros(len(x))
    for i, label in enumerate(labels):
        own = labels == label
        if own.sum() == 1:
            continue
        a = distances[i, own].sum() / (own.sum() - 1)  # not counting itself
        others = groups[groups != label]
        b = min(distances[i, labels == other].mean() for other in others)
        scores[i] = (b - a) / max(a, b) if max(a, b) > 0 else 0
    return float(scores.mean())


def neighbour_purity(x, labels):
    """Share of the rows x (n, d) whose nearest other row has the same label.

    Nearest by cosine.

    >>> x = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    >>> round(neighbour_purity(x, ["a", "a", "b"]), 3)
    0.667
    """
    x, labels = _checked_groups(x, labels)
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows, got {len(x)}")
    cosines = cosine_matrix(x)
    np.fill_diagonal(cosines, -np.inf)
    return float((labels[cosines.argmax(axis=1)] == labels).mean())


def _checked_groups(x, labels):
    x = finite("x", x, ndim=2)
    labels = np.asarray(labels)
    same_length("x", x, 0, "labels", labels, 0)
    return x, labels
