"""The rotation as the page computes it, against anatomy.rope."""

import numpy as np
import pytest

from anatomy.rope import frequencies, rotate


@pytest.mark.parametrize("base", [100, 10_000, 500_000])
def test_frequencies_and_turned_pairs_are_numpys(javascript, base):
    x = np.random.default_rng(base).normal(size=16)
    found = javascript(["rotary"], "frequencies(16, base)", base=base)
    np.testing.assert_allclose(found, frequencies(16, base), rtol=1e-12)
    for position in (0, 1, 7, 2200):
        turned = javascript(
            ["rotary"], "rotated(x, position, base)", x=x.tolist(), position=position, base=base
        )
        np.testing.assert_allclose(turned, rotate(x[None], [position], base)[0], atol=1e-9)
