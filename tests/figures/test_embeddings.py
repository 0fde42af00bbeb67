"""What the figures on embeddings carry and show before any control has moved."""

import base64
import gzip
import json

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy.figures import embeddings as figures
from anatomy.figures.figure import MIME


def weight(figure):
    """Bytes of a figure's data, gzipped."""
    return len(gzip.compress(figure._repr_mimebundle_()[MIME].encode()))


def id_of(model, word):
    [id] = model.encode(" " + word)
    return id


@pytest.fixture(scope="module")
def rows(real_model):
    """The full-precision rows of the words in the figure."""
    return em.look_up(
        real_model.weights.embedding,
        [id_of(real_model, word) for group in figures.WORDS.values() for word in group],
    )


def test_packing_gives_back_what_came_from_codes():
    rng = np.random.default_rng(0)
    codes = rng.integers(-127, 128, (3, 64)).astype(np.int8)
    codes[:, ::32] = 127  # the checkpoint's codes fill their range
    scales = rng.uniform(1e-3, 2e-3, (3, 2))
    again, found = figures.pack(figures.unpack(codes, scales))
    np.testing.assert_array_equal(again, codes)
    np.testing.assert_allclose(found, scales, rtol=1e-12)


@pytest.mark.checkpoint
@pytest.mark.parametrize("centred", [False, True])
def test_the_page_finds_the_neighbours_of_full_precision(rows, real_model, centred):
    """All eight of every word, in the same order, from the codes, scales and mean that the page carries."""
    mean = real_model.weights.embedding.mean(axis=0)
    figure = figures.row(figures.WORDS, rows, mean)
    carried = {}

    def look(value):
        if isinstance(value, dict):
            for part in value.values():
                look(part)
            if value.get("type") == "map":
                carried.update({key: part for key, part in value["entries"] if isinstance(key, str)})
        elif isinstance(value, list):
            for part in value:
                look(part)

    look(figure.item())
    codes, scales = (array(carried[name]) for name in ("codes", "scales"))
    shift = np.array(carried["mean"])
    page = figures.unpack(codes, scales.astype(float))
    np.testing.assert_allclose(page, rows, atol=1e-6)
    full = rows.astype(float) - centred * mean.astype(float)
    page = page - centred * shift
    for which in range(len(rows)):
        expected, cosines = em.nearest(full, which, k=figures.N_NEAR)
        found, on_page = em.nearest(page, which, k=figures.N_NEAR)
        assert found.tolist() == expected.tolist()
        np.testing.assert_allclose(on_page, cosines, atol=2e-4)


def array(value):
    """An array as a figure's JSON holds it."""
    data = base64.b64decode(value["array"]["data"])
    return np.frombuffer(gzip.decompress(data), value["dtype"]).reshape(value["shape"])


@pytest.mark.checkpoint
def test_every_word_is_one_token(real_model):
    for groups in (figures.WORDS, figures.FLAT_WORDS):
        words = [word for group in groups.values() for word in group]
        assert len(set(words)) == len(words)
        assert all(len(real_model.encode(" " + word)) == 1 for word in words)


@pytest.mark.checkpoint
def test_only_the_row_figure_is_heavy(rows, real_model):
    assert weight(figures.row(figures.WORDS, rows, real_model.weights.embedding.mean(axis=0))) < 140_000
    assert weight(small_plane()) < 30_000


def small_plane():
    rows = em.unit_rows(np.random.default_rng(0).normal(size=(48, 64)))
    return figures.plane(figures.FLAT_WORDS, rows)


def test_lookup_shows_the_row_as_a_sum():
    table = np.array([[0.5, -1.0], [0.25, 0.75], [0.0, 1.0]])
    figure = figures.lookup(["a", "b", "c"], table, em.one_hot([1], 3).T * table, first=1)
    assert figure.data.rows == [
        ["0 a", "0", "0.5", "−1.0"],
        ["1 b", "1", "0.2", "0.8"],
        ["2 c", "0", "0.0", "1.0"],
    ]
    shown = json.dumps(figure.item(), ensure_ascii=False)
    assert "the sum is row 1 of the table" in shown


def test_plane_names_both_neighbours():
    figure = small_plane()
    words = [word for group in figures.FLAT_WORDS.values() for word in group]
    rows = em.unit_rows(np.random.default_rng(0).normal(size=(48, 64)))
    which = words.index("bread")
    [true], _ = em.nearest(rows, which, k=1)
    assert words[true] in figure.alt
    assert figure.data.rows[-1] == ["47", "100.0%", "100%"]


def test_nearest_by_distance():
    assert figures.nearest_by_distance(np.array([[0.0, 0], [1, 0], [5, 0], [5, 2]])).tolist() == [1, 0, 3, 2]


def test_ranking_marks_inputs_and_the_answer():
    cosines = np.linspace(0.9, 0.0, 12)
    kept = figures.ranking(str, cosines, (0, 1, 2), 10, exclude=False)
    assert kept["label"] == ["0", "1", "2", "3", "4", "5", "6", "11. 10"]
    assert kept["kind"] == ["input"] * 3 + ["other"] * 4 + ["answer"]
    assert kept["title"] == "10: rank 11 of 12"
    out = figures.ranking(str, cosines, (0, 1, 2), 4, exclude=True)
    assert out["label"][:2] == ["3", "4"]
    assert out["kind"][1] == "answer"
    assert out["title"] == "4: rank 2 of 9"


def test_analogies_are_those_of_the_module():
    rng = np.random.default_rng(1)
    table = em.unit_rows(rng.normal(size=(40, 12)))
    questions = [(0, 1, 2, 3), (7, 3, 9, 30)]
    likeness = np.array(
        [
            [em.unit_rows(t) @ table.T for t in (table[b] - table[a] + table[c], table[b] + table[c])]
            for a, b, c, _ in questions
        ]
    )
    figure = figures.analogy(questions, likeness, lambda id: f"·{id}")
    winners, ranks = em.analogy_ranks(table, questions)
    for row, (kept, out), rank in zip(figure.data.rows, winners.T, ranks[1], strict=True):
        assert row[1:3] == [f"·{kept}", f"·{out}"]
        assert row[3] == f"{rank} of 37"


def test_forming_shows_the_silhouettes_given():
    frames = np.random.default_rng(0).normal(size=(5, 6, 2))
    figure = figures.forming(
        list("abcdef"),
        ["x", "y"] * 3,
        frames,
        [0, 10, 20, 30, 40],
        [4.0, 3, 2, 1.5, 1.25],
        [-0.1, 0, 0.2, 0.5, 0.9],
        0.5,
    )
    assert figure.data.rows[0] == ["0", "4.000", "−0.100"]
    assert figure.data.rows[-1] == ["40", "1.250", "0.900"]
    assert weight(figure) < 30_000


def test_pair_lists_the_nearest_word_of_both_tables():
    rng = np.random.default_rng(0)
    tables = {"one": (rng.normal(size=(6, 3)), 0.25), "two": (rng.normal(size=(6, 5)), 0.5)}
    words = ["mia", "leo", "tom", "fox", "owl", "cat"]
    figure = figures.pair(words, ["name"] * 3 + ["animal"] * 3, tables)
    for t, (rows, _) in enumerate(tables.values()):
        [nearest], [cosine] = em.nearest(rows.round(3), 4, k=1)
        assert figure.data.rows[4][2 + t] == f"{words[nearest]} {cosine:.2f}"
    assert "silhouette 0.25" in figure.alt
    assert "silhouette 0.50" in figure.alt


def test_names_of_groups_stay_in_the_plot():
    p = figures.plot(300, x_range=figures.Range1d(0, 10), y_range=figures.Range1d(0, 10))
    points = np.array([[1.0, 9.5], [1.2, 9.4], [9.0, 0.5], [9.1, 0.6]])
    figures.label_groups(p, points, ["a", "a", "b", "b"])
    for label in p.center[-2:]:
        assert figures.inside(p, label.x, label.y, 1.0)
