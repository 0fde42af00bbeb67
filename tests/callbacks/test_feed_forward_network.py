"""The feed-forward kernels of the page against anatomy.feed_forward_network."""

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy.neuron_activation import ACTIVATIONS

SIZES = [(2, 4, 2), (1, 3, 5), (6, 11, 1)]
SHAPES = {
    "mlp": lambda n, m, k: {"x": n, "w_in": (n, m), "b_in": m, "w_out": (m, k), "b_out": k},
    "gated": lambda n, m, k: {"x": n, "w_gate": (n, m), "w_up": (n, m), "w_down": (m, k)},
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("kernel", SHAPES)
def test_a_network_is_its_twin(javascript, kernel, sizes, name):
    rng = np.random.default_rng(sum(sizes))
    arrays = {key: rng.normal(size=shape) for key, shape in SHAPES[kernel](*sizes).items()}
    trace = {}
    getattr(ffn, kernel)(**arrays, activation=name, trace=trace)
    found = javascript(
        [kernel],
        f"{kernel}({', '.join(arrays)}, name)",
        name=name,
        **{key: array.tolist() for key, array in arrays.items()},
    )
    assert found.keys() == trace.keys()
    for key, array in trace.items():
        np.testing.assert_allclose(found[key], array, rtol=1e-9, atol=1e-12)
