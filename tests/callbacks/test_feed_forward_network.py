"""The feed-forward kernels of the page against anatomy.feed_forward_network."""

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy.figures.feed_forward_network import token_bars
from anatomy.figures.old_parts import fixed
from anatomy.neuron_activation import ACTIVATIONS

KERNELS = ["row_times_matrix", "erfc", "activation", "mlp"]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 4, 2), (1, 3, 5), (6, 11, 1)])
def test_mlp(javascript, name, sizes):
    rng = np.random.default_rng(sum(sizes))
    d_in, d_ff, d_out = sizes
    shapes = {"x": d_in, "w_in": (d_in, d_ff), "b_in": d_ff, "w_out": (d_ff, d_out), "b_out": d_out}
    arrays = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    trace = {}
    ffn.mlp(**arrays, activation=name, trace=trace)
    found = javascript(
        KERNELS,
        "mlp(x, w_in, b_in, w_out, b_out, name)",
        name=name,
        **{key: array.tolist() for key, array in arrays.items()},
    )
    assert found.keys() == trace.keys()
    for key, array in trace.items():
        np.testing.assert_allclose(found[key], array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("values", [[3.0, 0.5, -0.25], [-1.0, -2.0], [0.0, 0.0], [5.125]])
def test_show_bars_does_what_token_bars_did(javascript, values):
    labels = [f"·t{i}" for i in range(len(values))]
    plot, source = token_bars(labels, values, "loss", "nats", 3)
    found = javascript(
        ["fixed", "show_bars"],
        "(show_bars(bars, x_range, y_range, labels, values, 3), [bars.data, x_range, y_range])",
        bars={},
        x_range={},
        y_range={},
        labels=labels,
        values=values,
    )
    data, x_range, y_range = found
    assert data == source.data
    assert y_range["factors"] == plot.y_range.factors
    assert x_range == {"start": plot.x_range.start, "end": plot.x_range.end}
    assert data["text"] == [fixed(v, 3) for v in values]
