"""What the chapter on neurons says in numbers."""

import numpy as np
import pytest

from anatomy import neuron_activation as na
from anatomy import recordings
from anatomy.model import PUBLISHED
from anatomy.studies import neuron_activation as study
from anatomy.studies.costs import part_costs


def test_every_relu_neuron_adds_one_corner():
    fits = study.wave_fits()
    for k, drawn in enumerate(fits.curves["relu"], 1):
        corners = fits.x[1:-1][np.abs(np.diff(drawn, 2)) > 1e-6]
        np.testing.assert_allclose(corners, np.sort(fits.knots["relu"][:k]), atol=1e-9)
    assert (np.diff(fits.errors["relu"]) <= 0).all()
    np.testing.assert_allclose(fits.errors["identity"], fits.errors["identity"][0])


@pytest.mark.parametrize("leak", [0.0, 0.3, 0.9])
def test_any_bend_solves_xor_once_the_output_is_refitted(leak):
    weights, bias, outputs = study.refitted(leak)
    np.testing.assert_allclose(outputs, [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(weights[1], -2 / (1 - leak))
    assert weights[0] + bias == pytest.approx(1)


def test_without_a_bend_no_output_weights_solve_xor():
    *_, outputs = study.refitted(1.0)
    np.testing.assert_allclose(outputs, 1 / 3, atol=1e-9)
    assert study.fails_from() == 0.25  # where no ones give exactly 0.5


def test_only_smooth_curves_with_a_dip_are_flat_twice_at_the_left():
    flat = {name: curve.flat for name, curve in study.seven_curves().items()}
    assert {name for name, ranges in flat.items() if len(ranges) == 2 and ranges[1][1] is not None} == {
        "gelu", "gelu_tanh", "silu",
    }  # fmt: skip


def test_the_gates_mostly_rest_in_the_dip_and_not_in_the_tail():
    gates = study.gates()
    assert gates.flat.mean() > 50 * gates.tail.mean()
    assert (gates.tail <= gates.flat).all()
    assert (np.diff(gates.spread, axis=1) > 0).all()
    constant = recordings.load("neuron_activation").provenance["settings"]["constant"]
    assert gates.mean_below == pytest.approx(constant, abs=0.005)  # what the exchange put below zero


def test_the_spread_mostly_grows_with_depth():
    spread = study.gates().spread
    width = spread[:, 2] - spread[:, 0]
    assert np.corrcoef(width, np.arange(len(width)))[0, 1] > 0.8
    assert width.argmax() == len(width) - 1


def test_a_constant_gives_back_most_of_what_zero_costs():
    found = study.exchanged()
    zero, constant = found["0 below 0"], found["mean below 0"]
    assert constant.change + 4 * constant.error < zero.change / 2
    assert found["SiLU, its own"].change == 0
    below, whole = found["GELU below 0"], found["GELU, tanh form"]
    assert whole.change / 2 < below.change - 2 * below.error
    assert study.gates().mean_below < study.gates().gelu_below < 0
    for name, exchange in list(found.items())[1:]:
        assert exchange.change > 2 * exchange.error, name


def test_errors_of_blocks_are_those_of_their_means():
    losses = recordings.load("neuron_activation")["losses"].astype(float)
    changes = [part.mean() for part in np.array_split(losses[5] - losses[0], study.BLOCKS)]
    name = list(study.exchanged())[5]
    assert study.exchanged()[name].error == pytest.approx(np.std(changes, ddof=1) / study.BLOCKS**0.5)


def test_gates_cost_a_third_of_the_feed_forward_matrices():
    config = PUBLISHED["SmolLM2-135M"]
    rows = {name: numbers for name, *numbers in study.gate_costs(config)}
    assert 3 * rows["weights"][2] == part_costs(config)["feed-forward"].parameters
    assert 3 * rows["FLOPs per token, sums"][2] == part_costs(config)["feed-forward"].flops


@pytest.mark.checkpoint
def test_what_excites_the_gate_is_the_token_of_the_chapter(real_model):
    rows = study.excited_by(real_model)
    assert [gate for *_, gate in rows] == sorted((gate for *_, gate in rows), reverse=True)
    assert (" universally", " acknowledged") in {(before[-12:], token) for before, token, _ in rows}


def test_the_naive_sigmoid_is_right_and_its_derivative_is_not():
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(-np.float32(-100))
        assert 1 / (1 + e) == 0
        assert np.isnan(e / (1 + e) ** 2)
    assert na.sigmoid_derivative(np.float32(-100)) >= 0


def test_from_five_neurons_on_silu_comes_nearer_with_larger_weights():
    fits = study.wave_fits()
    nearer = fits.errors["silu"] < fits.errors["relu"]
    assert nearer.tolist() == [False] * 4 + [True] * 6
    assert max(fits.largest["silu"][4:]) > 10_000
    assert min(fits.largest["silu"][4:]) > 40 * max(fits.largest["relu"])
