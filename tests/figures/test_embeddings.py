"""What the figures on embeddings show, in every state of their controls."""

import gzip

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy.figures import embeddings as figures
from anatomy.figures.figure import MIME
from anatomy.studies import embeddings as study

TOY = np.array([[0.5, -1.0], [0.25, 0.75], [0.0, 1.0]])


def weight(figure):
    """Bytes of a figure's data, gzipped."""
    return len(gzip.compress(figure._repr_mimebundle_()[MIME].encode()))


@pytest.fixture(scope="module")
def found(real_model):
    return study.real_rows(real_model)


@pytest.fixture(scope="module")
def row(found):
    return figures.row(found, study.WORDS)


@pytest.fixture(scope="module")
def flat(real_model):
    return study.plane(real_model)


@pytest.mark.parametrize("token", [0, 1, 2])
def test_lookup_shows_the_row_as_a_sum(shown, token):
    figure = figures.lookup(["a", "b", "c"], TOY, first=1)
    parts = shown(figure, token=token)
    hot = em.one_hot([token], 3)
    np.testing.assert_allclose(np.reshape(parts["table"]["value"][:9], (3, 3)), np.hstack([hot.T, TOY]))
    assert parts["table"]["text"][9:] == [""] * 3
    np.testing.assert_allclose(
        np.reshape(parts["products"]["value"], (4, 2)), np.vstack([hot.T * TOY, hot @ TOY]), atol=1e-12
    )
    assert parts["title"]["text"] == f"the sum is row {token} of the table"
    assert set(parts["chosen"]["y"]) == {-token}
    assert figure.data.rows[0] == ["0 a", "0", "0.5", "−1.0"]


@pytest.mark.parametrize("saved", [0, 1, 6, 40])
def test_forming_shows_a_saved_step(shown, saved):
    formed = study.forming()
    step = int(formed.steps[saved])
    parts = shown(figures.forming(formed), step=step)
    np.testing.assert_allclose(parts["points"]["x"], formed.places[saved, :, 0], atol=0.006)
    assert parts["loss_dot"]["y"] == pytest.approx([formed.losses[saved]], rel=1e-3)
    score = f"{formed.silhouettes[saved]:.2f}".replace("-", "−")
    assert parts["silhouette_title"]["text"] == f"silhouette {score}"
    assert parts["loss_title"]["text"] == f"loss {formed.losses[saved]:.2f} nats a pair"


def test_forming_names_every_class_and_its_words_at_the_end(shown):
    formed = study.forming()
    parts = shown(figures.forming(formed))
    assert set(parts["points_groups"]["text"]) == set(formed.classes)
    named = [word for word in parts["points_words"]["text"] if word]
    assert {formed.classes[formed.words.index(word)] for word in named} == set(formed.classes)


def test_a_class_has_one_mark_and_no_two_classes_of_a_figure_share_it():
    for classes in (set(study.toy_classes().values()), set(study.FLAT_WORDS)):
        assert len({figures.MARKERS[kind] for kind in classes}) == len(classes)


def test_pair_finds_the_nearest_of_every_word_in_both_tables(shown):
    two = study.pair()
    figure = figures.pair(two)
    for word in range(len(two.words)):
        parts = shown(figure, word=word)
        for t, rows in enumerate(two.rows.values()):
            near = [two.words[i] for i in study.neighbours(rows, 3)[word]]
            title = parts[f"title{t}"]["text"].split(": ")[1].split(", ")
            assert [text.split()[0] for text in title] == near
            assert {two.words[word], *near} <= set(parts[f"points{t}_words"]["text"])
    assert figure.data.rows[0][2] == two.words[study.neighbours(two.rows["skip-gram"], 1)[0, 0]]


@pytest.mark.checkpoint
def test_packing_gives_back_the_rows_of_the_checkpoint(found):
    np.testing.assert_array_equal(figures.unpack(*figures.pack(found.rows)), found.rows)


@pytest.mark.checkpoint
@pytest.mark.parametrize(("subtracted", "used"), [(0, 576), (1, 576), (2, 576), (0, 72), (1, 8)])
def test_the_page_finds_the_neighbours_of_full_precision(shown, found, row, subtracted, used):
    shift = [0, found.mean, found.rows.mean(axis=0)][subtracted]
    rows = (found.rows - shift)[:, :used]
    cosines = em.cosine_matrix(rows)
    for word in range(0, len(rows), 9):
        parts = shown(row, word=word, used=used, subtracted=subtracted)
        near = study.neighbours(rows)[word]
        np.testing.assert_allclose(parts["near"]["value"], cosines[word, near], atol=6e-4)
        assert len(set(parts["near_axis"]["labels"]) & {found.words[i] for i in near}) >= 7
        assert parts["cells"]["value"].count(None) == 576 - used


@pytest.mark.checkpoint
def test_row_says_how_many_numbers_are_used(shown, row):
    assert shown(row, word=0)["cells_title"]["text"] == "all 576 numbers of Monday"
    assert shown(row, word=0, used=8)["cells_title"]["text"] == "the first 8 of 576 numbers of Monday"


@pytest.mark.checkpoint
def test_only_the_row_figure_is_heavy(row, flat):
    assert len(row._repr_mimebundle_()[MIME]) < 197_000
    assert weight(row) < 126_000
    assert (
        max(weight(figures.forming(study.forming())), weight(figures.plane(flat, study.FLAT_WORDS))) < 20_000
    )


@pytest.mark.checkpoint
def test_plane_marks_the_nearest_in_the_plane_and_truly(shown, flat):
    figure = figures.plane(flat, study.FLAT_WORDS)
    near = study.nearest_by_distance(flat.places.round(3))
    kept = []
    for word, name in enumerate(flat.words):
        parts = shown(figure, word=word)
        np.testing.assert_allclose(parts["lines"]["x1"], flat.places[flat.true[word], 0], atol=6e-4)
        np.testing.assert_allclose(parts["flat"]["x"], flat.places[near[word], 0], atol=6e-4)
        kept.append(len(set(near[word]) & set(flat.true[word])))
        assert parts["title"]["text"] == f"{name}: the plane keeps {kept[-1]} of its 5 nearest"
        assert name in parts["points_words"]["text"]
    assert np.mean(kept) / 5 == pytest.approx(flat.recall[1], abs=0.01)
    assert "from Rome to" in figure.alt


def question():
    def ranking(rank, *kinds):
        tokens = [f"·t{i}" for i in range(8)]
        return {
            "tokens": tokens, "cosines": [0.9 - i / 10 for i in range(8)], "kinds": list(kinds), "rank": rank,
            "n": 49152,
        }  # fmt: skip

    near, far = ["input", "answer", *["other"] * 6], [*["other"] * 7, "answer"]
    rankings = [[ranking(2, *near), ranking(1, *near), ranking(23, *far)] for _ in study.TARGETS]
    return study.Question(["France", "Paris", "Italy", "Rome"], rankings)


@pytest.mark.parametrize(
    ("target", "across"), [(0, "Paris − France + Italy"), (1, "Paris + Italy"), (2, "Italy")]
)
def test_analogy_says_what_is_asked_and_marks_inputs_and_the_answer(shown, target, across):
    figure = figures.analogy([question()])
    parts = shown(figure, target=target, excluded=0)
    assert parts["across"]["axis_label"] == f"cosine with {across}"
    assert parts["bars"]["text"][:3] == ["0.90 (input)", "0.80 (answer)", "0.70"]
    assert parts["bars_axis"]["labels"][-1] == "·t7"
    assert parts["title"]["text"] == "Rome has rank 2 of 49,152"
    far = shown(figure, target=target, excluded=2)
    assert far["bars_axis"]["labels"][-1] == "23. ·t7"
    assert figure.data.rows == [["Paris − France + Italy = Rome", "·t0", "·t0", "·t0", "23"]]
