import math

import pytest

from anatomy.studies import mean_and_error


def test_mean_and_error():
    assert mean_and_error([1, 3]) == pytest.approx((2, 1))
    assert mean_and_error([1, 2, 3, 4]) == pytest.approx((2.5, math.sqrt(5 / 3) / 2))
