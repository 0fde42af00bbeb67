"""The neuron kernels of the page against anatomy.neuron_activation."""

import math

import numpy as np
import pytest

from anatomy import neuron_activation as na
from anatomy.figures.parts import fixed

INPUTS = [*np.linspace(-8, 8, 161).tolist(), -40.0, -3.5, 0.0, 3.5, 40.0]


def test_erfc(javascript):
    x = [*np.linspace(-6, 6, 241).tolist(), -20.0, 20.0]
    found = javascript(["erfc"], "x.map(erfc)", x=x)
    np.testing.assert_allclose(found, [math.erfc(v) for v in x], rtol=1e-11)


@pytest.mark.parametrize("name", na.ACTIVATIONS)
def test_activation_and_slope(javascript, name):
    found = np.array(
        javascript(["erfc", "activation"], "x.map(v => activation(name, v))", x=INPUTS, name=name)
    )
    for column, function in enumerate(na.ACTIVATIONS[name]):
        np.testing.assert_allclose(found[:, column], function(INPUTS), rtol=1e-10, atol=1e-12)


def test_unknown_activation_is_an_error(javascript):
    with pytest.raises(Exception, match="no activation is called swish"):
        javascript(["erfc", "activation"], "activation('swish', 1)")


@pytest.mark.parametrize(("x", "w", "b"), [([1.5, -1, 2], [0.8, 0.6, 0.5], -0.4), ([0.3], [-2], 0)])
def test_running_totals(javascript, x, w, b):
    found = javascript(["running_totals"], "running_totals(x, w, b)", x=x, w=w, b=b)
    np.testing.assert_allclose(found, na.running_totals(x, w, b), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("w", "b"), [([1, 1], -1.5), ([-0.3, 2], 0.7), ([0, -2], 0), ([1e-3, 0], 2)])
def test_decision_line(javascript, w, b):
    found = javascript(["decision_line"], "decision_line(w, b)", w=w, b=b)
    point, direction = na.decision_line(w, b)
    np.testing.assert_allclose(found["point"], point, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found["direction"], direction, rtol=1e-12, atol=1e-15)


def test_no_weights_have_no_line(javascript):
    assert javascript(["decision_line"], "decision_line([0, 0], 1)") is None


@pytest.mark.parametrize("leak", [0, 0.2, 0.5, 1])
@pytest.mark.parametrize("x", [[0, 0], [0, 1], [1, 0], [1, 1], [-0.4, 0], [2.6, 0]])
def test_xor_net(javascript, x, leak):
    found = javascript(["xor_net"], "xor_net(x, leak)", x=x, leak=leak)
    np.testing.assert_allclose(found["hidden"], na.xor_hidden(x, leak), rtol=1e-12, atol=1e-15)
    assert found["output"] == pytest.approx(float(na.xor(x, leak)), abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 1.5, -1.5, -0.001, -0.04, 12.346, -12.344])
def test_fixed(javascript, value):
    for digits in (1, 2):
        assert javascript(["fixed"], "fixed(v, d)", v=value, d=digits) == fixed(value, digits)
