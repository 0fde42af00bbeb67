"""What the page computes for the chapter on optimizers, against anatomy.optimizers."""

import numpy as np
import pytest

from anatomy.optimizers import descend, quadratic, rosenbrock
from anatomy.studies import optimizers as study

# Rates below every edge, and so low that RMSProp does not yet hover: there it amplifies rounding.
LANDS = {
    "valley(100, 0)": (quadratic(100), 0.012),
    "valley(37, 30)": (quadratic(37, rotation=30), 0.005),
    "banana()": (rosenbrock(), 0.0005),
}


@pytest.mark.parametrize("land", LANDS)
@pytest.mark.parametrize("name", study.NAMES)
def test_the_page_descends_as_numpy_does_over_200_steps(javascript, name, land):
    landscape, lr = LANDS[land]
    path, values = descend(study.make(name, lr), landscape, (-1.5, 1.0), 200)
    found = javascript(["descent"], f"descent(name, lr, {land}, [-1.5, 1], 200)", name=name, lr=lr)
    np.testing.assert_allclose(found["path"], path, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found["values"], values, rtol=1e-6, atol=1e-9)


def test_powers_of_ten(javascript):
    found = javascript(["power_of_ten"], "[6.31e-8, 12, 1e15].map(power_of_ten)")
    assert found == ["6.3 × 10⁻⁸", "1.2 × 10¹", "1.0 × 10¹⁵"]
