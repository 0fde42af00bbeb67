import math

import numpy as np
import pytest

from anatomy.studies import first_for_good, mean_and_error


def test_mean_and_error():
    assert mean_and_error([1, 3]) == pytest.approx((2, 1))
    assert mean_and_error([1, 2, 3, 4]) == pytest.approx((2.5, math.sqrt(5 / 3) / 2))


def test_neighbours_that_depend_on_each_other_are_averaged_first():
    assert mean_and_error([0, 2, 2, 4, 9], together=2) == pytest.approx((3.4, 1))
    rng = np.random.default_rng(0)
    steps = np.repeat(rng.normal(size=100), 10)  # ten equal neighbours each
    assert mean_and_error(steps, together=10)[1] == pytest.approx(
        math.sqrt(10) * mean_and_error(steps)[1], rel=0.02
    )


def test_the_first_for_good():
    assert first_for_good([True, False, True, True]) == 2
    assert first_for_good([True, True]) == 0
    assert first_for_good([True, False]) == 2
