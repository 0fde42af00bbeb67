"""anatomy.neuron_activation against torch, finite differences and worked examples."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import neuron_activation as na

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "single_topics.npz")
NAMES = list(na.ACTIVATIONS)


def answer(name):
    return REFERENCE[f"activations: {name}"]


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_are_torchs(name):
    function, derivative = na.ACTIVATIONS[name]
    x = answer("x")
    np.testing.assert_allclose(function(x), answer(name), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(derivative(x), answer(f"{name} derivative"), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name):
    function, derivative = na.ACTIVATIONS[name]
    x = answer("x").astype(np.float32)
    assert function(x).dtype == derivative(x).dtype == np.float32
    np.testing.assert_allclose(function(x), answer(f"{name} float32"), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@given(x=st.floats(-20, 20))
def test_derivatives_are_finite_differences(name, x):
    function, derivative = na.ACTIVATIONS[name]
    h = 1e-5
    if "relu" in name and abs(x) < h:
        return  # the corner has no derivative
    slope = (function(x + h) - function(x - h)) / (2 * h)
    assert float(derivative(x)) == pytest.approx(float(slope), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_far_out_every_curve_is_flat_or_straight(name):
    function, derivative = na.ACTIVATIONS[name]
    for x in (1e3, 1e30, 1e300):
        ends = function([-x, x])
        slopes = derivative([-x, x])
        assert np.isfinite(ends).all()
        assert np.isfinite(slopes).all()
        if name in ("relu", "gelu", "gelu_tanh", "silu"):
            assert ends.tolist() == [0.0, x]
            assert slopes.tolist() == [0.0, 1.0]
        if name in ("sigmoid", "tanh"):
            assert ends[1] == 1
            assert slopes.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.0, math.nan], r"x must be finite, got nan at index \(1,\)"),
        ([-math.inf], "x must be finite, got -inf"),
        ([], "x must not be empty"),
        (["a"], "x must hold numbers"),
    ],
)
def test_bad_input_is_named(name, which, x, message):
    with pytest.raises(ValueError, match=message):
        na.ACTIVATIONS[name][which](x)


def test_worked_examples():
    assert float(na.sigmoid(math.log(3))) == pytest.approx(0.75)
    assert float(na.tanh(math.log(2))) == pytest.approx(0.6)  # (4 - 1) / (4 + 1)
    assert float(na.silu(math.log(3))) == pytest.approx(0.75 * math.log(3))
    assert float(na.gelu(1.0)) == pytest.approx(0.8413447460685429)  # the normal table
    assert na.leaky_relu([-1.0, 2.0], slope=0.2).tolist() == [-0.2, 2.0]
    assert na.leaky_relu_derivative([-1.0, 2.0], slope=0.2).tolist() == [0.2, 1.0]


@given(st.floats(-40, 40))
def test_gelu_keeps_its_digits_far_below_zero(x):
    # erfc(a) from math is the authority; 1 + erf(-a) would lose every digit here
    assert float(na.normal_cdf(x)) == pytest.approx(math.erfc(-x / math.sqrt(2)) / 2, rel=1e-13)
    assert float(na.gelu(x)) == pytest.approx(x * math.erfc(-x / math.sqrt(2)) / 2, rel=1e-13)


def test_the_tanh_form_is_near_the_exact_one_but_not_it():
    x = np.linspace(-6, 6, 12001)
    largest = np.abs(na.gelu(x) - na.gelu_tanh(x)).max()
    assert 4e-4 < largest < 5e-4


@pytest.mark.parametrize("slope", [-0.1, 1.5, math.nan])
def test_bad_slope_is_named(slope):
    for function in (na.leaky_relu, na.leaky_relu_derivative):
        with pytest.raises(ValueError, match=rf"slope must be in \[0, 1\], got {slope}"):
            function([1.0], slope)


def test_unknown_activation_is_named():
    with pytest.raises(ValueError, match="activation must be one of 'identity', .* got 'swiglu'"):  # noqa: RUF043
        na.activate([1.0], "swiglu")


# --- neurons and layers ----------------------------------------------------


def test_neuron_by_hand():
    # 1 * 0.5 + 2 * -1 + 3 * 0.5 = 0; plus the bias -2
    assert float(na.neuron([1, 2, 3], [0.5, -1, 0.5], -2.0, "identity")) == -2
    assert float(na.neuron([1, 2, 3], [0.5, -1, 0.5], -2.0)) == 0
    assert na.neuron(np.ones((4, 5, 3)), [1, 1, 1], 0.0).shape == (4, 5)


def test_a_layer_is_neurons_side_by_side():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    one_by_one = [na.neuron(x, w[:, i], b[i], "silu") for i in range(4)]
    np.testing.assert_allclose(na.layer(x, w, b, "silu"), np.stack(one_by_one, axis=-1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: na.neuron([1.0, 2.0], [1.0], 0.0), "axis -1 of x must equal axis 0 of w"),
        (lambda: na.neuron(1.0, [1.0], 0.0), "x must have at least 1 axis"),
        (lambda: na.neuron([1.0], [[1.0]], 0.0), "w must have 1 axes"),
        (lambda: na.neuron([1.0], [1.0], math.nan), "b must be finite, got nan"),
        (lambda: na.neuron([1.0], [1.0], [1.0]), "b must have 0 axes"),
        (lambda: na.layer([1.0], [1.0], [1.0]), "w must have 2 axes"),
        (lambda: na.layer(1.0, [[1.0]], [1.0]), "x must have at least 1 axis"),
        (lambda: na.layer([1.0], [[1.0, 2.0]], [1.0]), "axis 1 of w must equal axis 0 of b"),
        (
            lambda: na.collapse([[1.0]], [1.0], [[1.0], [2.0]], [1.0]),
            "axis 1 of w_1 must equal axis 0 of w_2",
        ),
        (lambda: na.collapse([[1.0]], [1.0, 2.0], [[1.0]], [1.0]), "must equal axis 0 of b_1"),
        (lambda: na.decision_line([1.0], 0.0), "w must have 2 weights"),
        (lambda: na.decision_line([0.0, 0.0], 1.0), "w must not be zero"),
    ],
)
def test_bad_shapes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_two_linear_layers_collapse_and_one_relu_between_prevents_it():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 3))
    w_1, b_1 = rng.normal(size=(3, 6)), rng.normal(size=6)
    w_2, b_2 = rng.normal(size=(6, 2)), rng.normal(size=2)
    w, b = na.collapse(w_1, b_1, w_2, b_2)
    linear = na.layer(na.layer(x, w_1, b_1, "identity"), w_2, b_2, "identity")
    np.testing.assert_allclose(na.layer(x, w, b, "identity"), linear, atol=1e-12)

    bent = na.layer(na.layer(x, w_1, b_1, "relu"), w_2, b_2, "identity")
    with_ones = np.hstack([x, np.ones((50, 1))])
    best_line = np.linalg.lstsq(with_ones, bent, rcond=None)[0]
    assert np.abs(with_ones @ best_line - bent).max() > 0.5


def test_xor_is_solved_and_no_line_solves_it():
    np.testing.assert_array_equal(na.xor(na.XOR_INPUTS), na.XOR_TARGETS)
    with_ones = np.hstack([na.XOR_INPUTS, np.ones((4, 1))])
    best_line = np.linalg.lstsq(with_ones, na.XOR_TARGETS, rcond=None)[0]
    np.testing.assert_allclose(with_ones @ best_line, 0.5)  # the best line says "half" to all four


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5), st.floats(-9, 9))
def test_the_neuron_is_zero_along_its_decision_line(w_1, w_2, b, along):
    if math.hypot(w_1, w_2) < 1e-3:
        return
    point, direction = na.decision_line([w_1, w_2], b)
    assert math.hypot(*direction) == pytest.approx(1)
    assert float(na.neuron(point + along * direction, [w_1, w_2], b, "identity")) == pytest.approx(
        0, abs=1e-9
    )


def test_running_totals_end_at_the_sum():
    x, w, b = [1.5, -1.0, 2.0], [0.8, 0.6, 0.5], -0.4
    totals = na.running_totals(x, w, b)
    np.testing.assert_allclose(totals, [0, 1.2, 0.6, 1.6, 1.2])
    assert totals[-1] == pytest.approx(float(na.neuron(x, w, b, "identity")))
    with pytest.raises(ValueError, match="axis 0 of x must equal axis 0 of w"):
        na.running_totals([1.0], [1.0, 2.0], 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_flat_ranges_are_where_the_slope_is_small_and_no_others(name):
    _, derivative = na.ACTIVATIONS[name]
    x = np.arange(-1000, 1001) / 100
    flat = na.in_ranges(x, na.flat_ranges(name))
    assert np.array_equal(flat, np.abs(derivative(x)) <= 0.05)


def test_silu_is_flat_once_more_at_the_bottom_of_its_dip():
    outer, dip = na.flat_ranges("silu")
    assert outer == (None, -4.09)
    assert dip[0] < -1.2785 < dip[1]  # the lowest point
    assert na.flat_ranges("sigmoid") == [(None, -2.89), (2.89, None)]
    assert na.flat_ranges("identity") == []


def test_flat_ranges_name_what_they_cannot_take():
    with pytest.raises(ValueError, match="activation must be one of"):
        na.flat_ranges("swish")
    with pytest.raises(ValueError, match=r"slope must be in \(0, 1\], got 0"):
        na.flat_ranges("silu", slope=0)


def test_knots_by_need_are_inside_and_each_lowers_the_error():
    x = np.linspace(-3, 3, 41)
    target = np.sin(2 * x)
    knots = na.knots_by_need(x, target, 5)
    assert len(set(knots)) == 5
    assert knots.min() > -3
    errors = [((na.fit_with_knots(x, target, knots[:k]) - target) ** 2).mean() for k in range(1, 6)]
    assert (np.diff(errors) < 0).all()
    best = min(((na.fit_with_knots(x, target, [k]) - target) ** 2).mean() for k in x[1:-1])
    assert errors[0] == pytest.approx(best, abs=1e-6)
    with pytest.raises(ValueError, match="n_knots"):
        na.knots_by_need(x, target, 40)


def test_a_fit_bends_at_its_knots_only():
    x = np.linspace(-3, 3, 81)
    drawn = na.fit_with_knots(x, np.sin(2 * x), [-3.0, 0.0, 1.5], "relu")
    corners = np.flatnonzero(np.abs(np.diff(drawn, 2)) > 1e-9) + 1
    np.testing.assert_allclose(x[corners], [0.0, 1.5], atol=1e-9)


def test_a_fit_without_a_bend_is_the_line_of_polyfit_however_many_neurons():
    x = np.linspace(-3, 3, 81)
    target = np.sin(2 * x)
    expected = np.polyval(np.polyfit(x, target, 1), x)
    for knots in ([-3.0], [-3.0, -1.0, 0.0, 0.5, 2.0]):
        np.testing.assert_allclose(na.fit_with_knots(x, target, knots, "identity"), expected, atol=1e-9)


@pytest.mark.parametrize("leak", [0.0, 0.1, 0.24, 0.26, 0.5, 1.0])
def test_xor_holds_while_the_slope_below_zero_is_under_a_quarter(leak):
    found = na.xor(na.XOR_INPUTS, leak)
    np.testing.assert_allclose(found, [2 * leak, 1, 1, 0], atol=1e-12)
    assert np.array_equal(found > 0.5, na.XOR_TARGETS == 1) == (leak < 0.25)
