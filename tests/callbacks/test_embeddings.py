"""The kernels of the embeddings chapter against anatomy.embeddings and numpy."""

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy.figures import embeddings as figures

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


def test_unpack_rows(javascript):
    codes, scales = figures.pack(ROWS)
    found = javascript(
        ["unpack_rows"],
        "unpack_rows(codes, scales, 64).map(row => Array.from(row))",
        codes=codes.ravel().tolist(),
        scales=scales.ravel().tolist(),
    )
    np.testing.assert_allclose(found, figures.unpack(codes, scales), rtol=1e-12)


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


def test_nearest_point(javascript):
    points = ROWS[:, :2]
    for which, expected in enumerate(figures.nearest_by_distance(points)):
        found = javascript(
            ["nearest_point"],
            "nearest_point(x, y, which)",
            x=points[:, 0].tolist(),
            y=points[:, 1].tolist(),
            which=which,
        )
        assert found == expected
