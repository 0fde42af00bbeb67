"""The kernels of the embeddings chapter against anatomy.embeddings and numpy."""

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy.figures import embeddings as figures
from anatomy.studies import embeddings as study

ROWS = np.random.default_rng(2).normal(0.5, 1, (9, 64))
SHIFT = np.random.default_rng(3).normal(0.5, 0.2, 64)


def test_row_times_matrix(javascript):
    x = [0.5, -1.0, 2.0]
    found = javascript(["row_times_matrix"], "row_times_matrix(x, w)", x=x, w=ROWS[:3].tolist())
    np.testing.assert_allclose(found, x @ ROWS[:3], rtol=1e-12)


def test_a_one_hot_row_takes_a_row(javascript):
    hot = em.one_hot([2], 9)[0].tolist()
    assert (
        javascript(["row_times_matrix"], "row_times_matrix(x, w)", x=hot, w=ROWS.tolist()) == ROWS[2].tolist()
    )


@pytest.mark.parametrize("n_rows", [1, 2, 3, 9])  # base64 with and without padding
def test_unpack_rows(javascript, n_rows):
    codes, scales = figures.pack(ROWS[:n_rows] / 1000)
    found = javascript(
        ["unpack_rows"],
        "unpack_rows(codes, scales, units, 64).map(row => Array.from(row))",
        codes=figures.text_of(codes), scales=figures.text_of(scales), units=figures.UNITS,
    )  # fmt: skip
    np.testing.assert_array_equal(found, figures.unpack(codes, scales))


@pytest.mark.parametrize("n_numbers", [1, 8, 63, 64])
@pytest.mark.parametrize("shift", [None, SHIFT])
def test_cosines(javascript, n_numbers, shift):
    found = javascript(
        ["cosines"],
        "cosines(rows, which, n, shift)",
        rows=ROWS.tolist(),
        which=4,
        n=n_numbers,
        shift=None if shift is None else shift.tolist(),
    )
    moved = ROWS if shift is None else ROWS - shift
    np.testing.assert_allclose(found, em.cosine_matrix(moved[:, :n_numbers])[4], rtol=1e-9, atol=1e-12)


def test_cosines_use_all_numbers_unless_told(javascript):
    found = javascript(["cosines"], "cosines(rows, 0)", rows=ROWS.tolist())
    np.testing.assert_allclose(found, em.cosine_matrix(ROWS)[0], rtol=1e-9)


@pytest.mark.parametrize("values", [[0.3, 0.8461, 0.1, 0.8458, 0.9], [-0.5, -0.1, -0.1, 0], ROWS[0].tolist()])
def test_best_first(javascript, values):
    found = javascript(["best_first"], "best_first(values)", values=values)
    assert found == study.best_first(np.array(values)).tolist()


def test_nearest_points(javascript):
    points = np.vstack([ROWS[:, :2], ROWS[:2, :2]])  # two points twice: ties
    for which, expected in enumerate(study.nearest_by_distance(points, 4)):
        x, y = points.T.tolist()
        found = javascript(["nearest_points"], "nearest_points(x, y, which, 4)", x=x, y=y, which=which)
        assert found == expected.tolist()


FRAME = {"x": [0, 10], "y": [0, 5], "width": 300, "height": 150}


def boxes(placed):
    """Left, right, top and bottom, in pixels, of the words that place_labels wrote."""
    found = []
    for x, y, dx, dy, text in zip(*(placed[key] for key in ("x", "y", "dx", "dy", "text")), strict=True):
        if text:
            px, py, half = 30 * x + dx, 150 - 30 * y + dy, 3.7 * len(text)
            found.append((px - half, px + half, py - 7, py + 7))
    return found


def test_words_stay_in_the_frame_and_touch_nothing(javascript):
    marks = np.random.default_rng(0).uniform((0, 0), (10, 5), (30, 2)).tolist()
    wanted = [{"x": x, "y": y, "text": "word" * (1 + i % 3)} for i, (x, y) in enumerate(marks)]
    placed = javascript(
        ["place_labels"], "place_labels(frame, marks, wanted)", frame=FRAME, marks=marks, wanted=wanted
    )
    drawn = boxes(placed)
    assert 5 < len(drawn) < 30
    for i, (left, right, top, bottom) in enumerate(drawn):
        assert min(left, top, 300 - right, 150 - bottom) >= 0
        for l, r, t, b in drawn[:i] + [(30 * x, 30 * x, 150 - 30 * y, 150 - 30 * y) for x, y in marks]:
            assert right <= l or r <= left or bottom <= t or b <= top


def test_the_most_important_word_comes_first(javascript):
    wanted = [{"x": 5, "y": 2.5, "text": text} for text in ("first", *["later"] * 9)]
    placed = javascript(["place_labels"], "place_labels(frame, [], wanted)", frame=FRAME, wanted=wanted)
    assert placed["text"][0] == "first"
    assert "" in placed["text"]
