"""anatomy.embeddings against torch, scikit-learn and worked examples."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anatomy import embeddings as em

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "single_topics.npz")


def answer(name):
    return REFERENCE[f"embeddings: {name}"]


TABLE, LABELS = answer("table"), answer("labels")


# --- a table of rows -------------------------------------------------------


def test_look_up_is_torchs_and_a_one_hot_product():
    np.testing.assert_array_equal(em.look_up(TABLE, [3, 0, 3]), answer("rows"))
    np.testing.assert_array_equal(em.one_hot([3, 0, 3], len(TABLE)) @ TABLE, answer("rows"))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 22], r"ids must be in \[0, 21\], got 22"),
        ([-1], "got -1"),
        ([], "ids must be a list of whole numbers"),
        ([1.0], "got float64"),
        ([[1]], r"of shape \(1, 1\)"),
    ],
)
def test_bad_ids_are_named(ids, message):
    with pytest.raises(ValueError, match=message):
        em.look_up(TABLE, ids)
    with pytest.raises(ValueError, match=message):
        em.one_hot(ids, len(TABLE))


# --- likeness --------------------------------------------------------------


def test_cosines_are_torchs():
    np.testing.assert_allclose(em.cosine_matrix(TABLE), answer("cosines"), atol=1e-12)
    np.testing.assert_allclose(em.cosine_matrix(TABLE[:3], TABLE), answer("cosines")[:3], atol=1e-12)
    assert em.cosine(TABLE[1], TABLE[5]) == pytest.approx(answer("cosines")[1, 5])


vectors = arrays(np.float64, 5, elements=st.floats(-1e3, 1e3)).filter(lambda v: np.abs(v).max() > 1e-3)


@given(vectors, vectors, st.floats(1e-3, 1e3))
def test_cosine_ignores_length_and_order(a, b, factor):
    value = em.cosine(a, b)
    assert -1 <= value <= 1
    assert em.cosine(b, a) == pytest.approx(value)
    assert em.cosine(factor * a, b) == pytest.approx(value, abs=1e-9)
    assert em.cosine(a, -b) == pytest.approx(-value)
    assert em.cosine(a, a) == pytest.approx(1)


def test_cosine_of_extreme_lengths():
    assert em.cosine([1e300, 1e300], [1e-300, 1e-300]) == pytest.approx(1)


def test_nearest_by_hand():
    table = [[2.0, 0.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]]
    ids, cosines = em.nearest(table, query=0, k=9)
    assert ids.tolist() == [1, 2, 3]  # not itself
    np.testing.assert_allclose(cosines, [math.sqrt(0.5), 0, -1], atol=1e-12)
    ids, _ = em.nearest(table, query=[5.0, 0.0], k=2, exclude=[1])
    assert ids.tolist() == [0, 2]


def test_nearest_agrees_with_the_matrix():
    ids, cosines = em.nearest(TABLE, query=7, k=4)
    row = answer("cosines")[7].copy()
    row[7] = -2
    assert ids.tolist() == np.argsort(-row)[:4].tolist()
    np.testing.assert_allclose(cosines, row[ids])


def test_analogy_by_hand():
    # the step from 0 to 1 turns by 40 degrees; so does the step from 2 to 3
    angles = np.radians([0, 40, 20, 60, 180])
    table = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [2], [3], [4], [5]]
    ids, cosines = em.analogy(table, a=0, b=1, c=2)
    assert ids.tolist() == [3, 4]
    assert cosines[0] > 0.99
    everything, _ = em.analogy(table, a=0, b=1, c=2, exclude_inputs=False)
    assert sorted(everything) == [0, 1, 2, 3, 4]


def test_without_exclusion_an_input_is_the_nearest():
    # b and a nearly the same: the answer that the sum gives is c itself
    table = [[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [0.0, 0.0, 1.0], [0.0, 0.7, 0.7]]
    with_inputs, _ = em.analogy(table, 0, 1, 2, exclude_inputs=False)
    assert with_inputs[0] == 2
    without, _ = em.analogy(table, 0, 1, 2)
    assert without.tolist() == [3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: em.cosine([0.0, 0.0], [1.0, 0.0]), "x must have no zero vector"),
        (lambda: em.cosine([1.0], [1.0, 0.0]), "axis 0 of a must equal axis 0 of b"),
        (lambda: em.cosine([math.nan], [1.0]), "a must be finite, got nan"),
        (lambda: em.unit_rows(3.0), "x must be a vector"),
        (lambda: em.cosine_matrix([[1.0], [0.0]]), r"zero vector.*index \(1,\)"),
        (lambda: em.cosine_matrix([[1.0]], [[1.0, 2.0]]), "axis 1 of a must equal axis 1 of b"),
        (lambda: em.nearest(TABLE, 99), r"query must be in \[0, 21\], got 99"),
        (lambda: em.nearest(TABLE, 0, k=0), "k must be a whole number >= 1, got 0"),
        (lambda: em.nearest(TABLE, [1.0]), "axis 1 of table must equal axis 0 of query"),
        (lambda: em.nearest(TABLE, 0, exclude=[40]), r"exclude must be in \[0, 21\], got 40"),
        (lambda: em.nearest([], 0), "table must not be empty"),
        (lambda: em.analogy(TABLE, 0, 1, 22), r"a, b, c must be in \[0, 21\], got 22"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_many_analogies_are_one_after_another():
    rng = np.random.default_rng(4)
    questions = np.array([rng.permutation(len(TABLE))[:4] for _ in range(em.MANY + 3)])
    winners, ranks = em.analogy_ranks(TABLE, questions)
    for i, (a, b, c, d) in enumerate(questions):
        for j, excluded in enumerate((False, True)):
            ids, _ = em.analogy(TABLE, a, b, c, exclude_inputs=excluded)
            assert winners[j, i] == ids[0]
            assert ranks[j, i] == 1 + ids.tolist().index(d)


def test_an_analogy_without_subtraction_is_a_sum():
    questions = [[0, 1, 2, 3], [5, 4, 9, 8]]
    winners, ranks = em.analogy_ranks(TABLE, questions, factors=(0, 1, 1))
    units = em.unit_rows(TABLE)
    for i, (a, b, c, d) in enumerate(questions):
        ids, _ = em.nearest(TABLE, units[b] + units[c], k=len(TABLE), exclude=[a, b, c])
        assert (winners[1, i], ranks[1, i]) == (ids[0], 1 + ids.tolist().index(d))


def test_every_spelling_of_an_input_is_left_out_and_of_the_answer_right():
    rng = np.random.default_rng(6)
    words = np.arange(len(TABLE)) // 2  # rows 2k and 2k + 1 spell one word
    questions = np.array([2 * rng.permutation(len(TABLE) // 2)[:4] for _ in range(20)])
    winners, ranks = em.analogy_ranks(TABLE, questions, words=words)
    for i, (a, b, c, d) in enumerate(questions):
        ids, _ = em.analogy(TABLE, a, b, c, exclude_inputs=False)
        left = [row for row in ids.tolist() if words[row] not in words[[a, b, c]]]
        assert winners[:, i].tolist() == [ids[0], left[0]]
        assert ranks[1, i] == 1 + min(left.index(d), left.index(d + 1))
    assert (ranks[1] <= ranks[0]).all()


def test_bad_analogies_are_named():
    with pytest.raises(ValueError, match="answer among a, b and c"):
        em.analogy_ranks(TABLE, [[0, 1, 2, 3]], words=np.arange(len(TABLE)) // 2)
    with pytest.raises(ValueError, match="axis 0 of table must equal axis 0 of words"):
        em.analogy_ranks(TABLE, [[0, 1, 2, 3]], words=[0, 1])
    with pytest.raises(ValueError, match=r"questions must have the shape \(n, 4\), got \(1, 3\)"):
        em.analogy_ranks(TABLE, [[0, 1, 2]])
    with pytest.raises(ValueError, match=r"questions must be in \[0, 21\], got 22"):
        em.analogy_ranks(TABLE, [[0, 1, 2, 22]])
    with pytest.raises(ValueError, match="answer among a, b and c"):
        em.analogy_ranks(TABLE, [[0, 1, 2, 1]])


# --- PCA -------------------------------------------------------------------


def test_pca_is_scikit_learns_up_to_sign():
    projection, kept = em.pca(TABLE, 3)
    theirs = answer("pca")
    signs = np.sign((projection * theirs).sum(axis=0))
    np.testing.assert_allclose(projection * signs, theirs, atol=1e-10)
    assert kept == pytest.approx(answer("pca shares").sum())
    mean, axes, shares = em.principal_axes(TABLE, 3)
    np.testing.assert_allclose(shares, answer("pca shares"))
    np.testing.assert_allclose((TABLE - mean) @ axes.T, projection)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


def test_the_sign_of_an_axis_is_fixed():
    _, axes, _ = em.principal_axes(TABLE, 3)
    _, mirrored, _ = em.principal_axes(-TABLE, 3)
    np.testing.assert_allclose(mirrored, axes, atol=1e-10)
    assert (axes[np.arange(3), np.abs(axes).argmax(axis=1)] > 0).all()


def test_all_axes_keep_everything():
    projection, kept = em.pca(TABLE, 8)
    assert kept == pytest.approx(1)
    np.testing.assert_allclose(
        np.linalg.norm(projection, axis=1), np.linalg.norm(TABLE - TABLE.mean(axis=0), axis=1)
    )


def test_bad_pca_input_is_named():
    with pytest.raises(ValueError, match="n_axes must be at most 8 .* got 9"):  # noqa: RUF043
        em.pca(TABLE, 9)
    with pytest.raises(ValueError, match="x must vary, got 3 equal rows"):
        em.pca(np.ones((3, 2)), 1)
    with pytest.raises(ValueError, match="x must be finite"):
        em.pca([[1.0, math.inf]], 1)


# --- learning from neighbours ----------------------------------------------


def test_counts_by_hand_and_by_the_reference():
    counts = em.co_occurrence([[0, 1, 0, 2]], n_vocab=3, window=2)
    # neighbours: 01, 10, 02; two apart: 00 (counted from both ends), 12
    assert counts.tolist() == [[2, 2, 1], [2, 0, 1], [1, 1, 0]]
    np.testing.assert_array_equal(em.co_occurrence(answer("sequences"), 7), answer("counts"))
    # a window longer than the sequence reaches nothing more
    np.testing.assert_array_equal(em.co_occurrence([[0, 1]], 2, window=5), [[0, 1], [1, 0]])


def test_bad_counting_input_is_named():
    with pytest.raises(ValueError, match=r"sequences must be in \[0, 1\], got 2"):
        em.co_occurrence([[0, 2]], 2)
    with pytest.raises(ValueError, match="window must be a whole number >= 1, got 0"):
        em.co_occurrence([[0, 1]], 2, window=0)
    for nothing in ([], [[1]]):
        with pytest.raises(ValueError, match="at least one pair of tokens, got none"):
            em.co_occurrence(nothing, 2)


def test_skip_gram_follows_torchs_gradient():
    run = em.skip_gram(answer("counts"), 3, np.random.default_rng(5), n_steps=30, save_every=7)
    assert run.steps.tolist() == [0, 7, 14, 21, 28, 30]
    assert run.embeddings.shape == (6, 7, 3)
    np.testing.assert_allclose(run.losses, answer("losses"), rtol=1e-10)
    np.testing.assert_allclose(run.embeddings[-1], answer("vectors"), atol=1e-10)


def grouped_counts():
    """Words of two classes that alternate, so that a class shares its neighbours."""
    rng = np.random.default_rng(0)
    sequences = [np.ravel(np.stack([rng.integers(0, 5, 6), rng.integers(5, 10, 6)], 1)) for _ in range(200)]
    return em.co_occurrence(sequences, 10), np.repeat([0, 1], 5)


def lowest_loss(counts, n_negatives=5):
    """The loss where every score is ln(pairs / negatives), which many dimensions could reach."""
    pairs = counts / counts.sum()
    shares = pairs.sum(axis=1)
    negatives = n_negatives * np.outer(shares, shares**0.75 / (shares**0.75).sum())
    p = pairs / (pairs + negatives)
    return -(pairs * np.log(np.where(p > 0, p, 1)) + negatives * np.log(1 - p)).sum()


def test_both_methods_group_words_by_their_neighbours():
    counts, classes = grouped_counts()
    run = em.skip_gram(counts, 4, np.random.default_rng(0))
    assert run.losses[-1] == pytest.approx(lowest_loss(counts), rel=0.01)
    assert em.silhouette(run.embeddings[0], classes) < 0.2  # before: chance
    assert em.silhouette(run.embeddings[-1], classes) > 0.6
    assert em.neighbour_purity(run.embeddings[-1], classes) == 1
    assert em.neighbour_purity(em.ppmi_svd(counts, 2), classes) == 1


def test_skip_gram_repeats_with_its_seed():
    counts, _ = grouped_counts()
    first, again = (em.skip_gram(counts, 2, np.random.default_rng(3), n_steps=20) for _ in range(2))
    np.testing.assert_array_equal(first.embeddings, again.embeddings)


def test_ppmi_by_hand():
    # 10 pairs in all, rows 4 and 6: by chance 1.6, 2.4, 2.4, 3.6
    expected = [[0.0, math.log(4 / 2.4)], [math.log(4 / 2.4), 0.0]]
    np.testing.assert_allclose(em.ppmi([[0.0, 4.0], [4.0, 2.0]]), expected)


def test_all_directions_give_ppmi_back_up_to_their_signs():
    counts, _ = grouped_counts()
    strengths = em.ppmi(counts)
    rows = em.ppmi_svd(counts, 10)
    # symmetric: its squared singular values are the eigenvalues of its square
    np.testing.assert_allclose(
        (rows**2).sum(axis=0) ** 2, np.linalg.eigvalsh(strengths @ strengths)[::-1], atol=1e-9
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counts": [[1.0, 2.0]]}, "axis 0 of counts must equal axis 1 of counts"),
        ({"counts": [[1.0, -2.0], [1.0, 1.0]]}, "counts must be >= 0, got -2.0"),
        ({"counts": [[1.0, 0.0], [0.0, 0.0]]}, "a neighbour, got none for 1"),
        ({"counts": [[math.nan]]}, "counts must be finite, got nan"),
        ({"d_model": 0}, "d_model must be a whole number >= 1, got 0"),
        ({"n_negatives": 0}, "n_negatives must be a whole number >= 1, got 0"),
        ({"lr": 0}, r"lr must be in \(0, inf\), got 0"),
        ({"lr": math.nan}, "lr must be in .* got nan"),
        ({"n_steps": 0}, "n_steps must be a whole number >= 1, got 0"),
        ({"save_every": 0}, "save_every must be a whole number >= 1, got 0"),
    ],
)
def test_bad_training_input_is_named(options, message):
    settings = {"counts": [[0.0, 1.0], [1.0, 0.0]], "d_model": 2, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=message):
        em.skip_gram(**(settings | options))


def test_bad_svd_size_is_named():
    with pytest.raises(ValueError, match="d_model must be at most n_vocab = 2, got 3"):
        em.ppmi_svd([[0.0, 1.0], [1.0, 0.0]], 3)


# --- groups ----------------------------------------------------------------


def test_silhouette_is_scikit_learns():
    assert em.silhouette(TABLE, LABELS) == pytest.approx(float(answer("silhouette")))
    assert em.silhouette(answer("pca")[:, :2], LABELS) == pytest.approx(float(answer("silhouette 2d")))


def test_silhouette_by_hand():
    # points 0 and 1 against 4: a = 1, b = 4 and 3; the group of one counts 0
    assert em.silhouette([[0.0], [1.0], [4.0]], ["a", "a", "b"]) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)
    assert em.silhouette([[0.0], [0.0], [0.0]], [1, 1, 2]) == 0  # all in one place


def test_bad_groups_are_named():
    for labels in ([1, 1, 1], [1, 2, 3]):
        with pytest.raises(ValueError, match="labels must name 2 to 2 groups for 3 rows, got"):
            em.silhouette([[0.0], [1.0], [2.0]], labels)
    with pytest.raises(ValueError, match="axis 0 of x must equal axis 0 of labels"):
        em.silhouette([[0.0], [1.0]], [1])
    with pytest.raises(ValueError, match="x must have at least 2 rows, got 1"):
        em.neighbour_purity([[1.0]], [1])
