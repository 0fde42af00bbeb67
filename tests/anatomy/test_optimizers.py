"""Optimizers against PyTorch over many steps, by hand, and on landscapes with known minima."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import optimizers
from anatomy.backpropagation import finite_difference
from anatomy.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Lion,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    beale,
    clip_norm,
    descend,
    orthogonalised,
    quadratic,
    rosenbrock,
    warm_up_cosine,
)

with np.load(Path(__file__).parents[1] / "references" / "training.npz") as archive:
    TORCH = dict(archive)


@pytest.mark.parametrize("name", ["SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW"])
def test_agrees_with_torch_over_sixty_steps(name):
    optimizer = OPTIMIZERS[name](lr=0.03)
    parameters = [TORCH["optimizers/start0"].copy(), TORCH["optimizers/start1"].copy()]
    for step in range(60):
        optimizer.step(
            parameters, [TORCH["optimizers/gradients0"][step], TORCH["optimizers/gradients1"][step]]
        )
        for i, parameter in enumerate(parameters):
            expected = TORCH[f"optimizers/{name}/path{i}"][step]
            np.testing.assert_allclose(parameter, expected, rtol=1e-11, atol=1e-13)


def test_muon_agrees_with_torch_as_far_as_its_bfloat16_goes():
    x, muon = TORCH["muon/start"].copy(), Muon(lr=0.03, weight_decay=0.1)
    for gradient, expected in zip(TORCH["muon/gradients"], TORCH["muon/path"], strict=True):
        before = x.copy()
        muon.step([x], [gradient])
        length = np.linalg.norm(x - before)
        assert np.linalg.norm(x - expected) < 0.03 * length
        x[:] = expected


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3)])
def test_orthogonalised_keeps_directions_and_evens_lengths(shape):
    rng = np.random.default_rng(0)
    u, _ = np.linalg.qr(rng.normal(size=(shape[0], min(shape))))
    v, _ = np.linalg.qr(rng.normal(size=(shape[1], min(shape))))
    lengths = np.geomspace(100, 1, min(shape))
    found = u.T @ orthogonalised((u * lengths) @ v.T) @ v
    assert (found.diagonal() > 0.6).all()
    assert (found.diagonal() < 1.25).all()
    np.testing.assert_allclose(found, np.diag(found.diagonal()), atol=1e-12)


def test_muon_refuses_what_is_no_matrix_and_keeps_precision():
    with pytest.raises(ValueError, match=r"Muon is for matrices, got a parameter of shape \(3,\)"):
        Muon(0.1).step([np.ones(3)], [np.ones(3)])
    x, muon = np.ones((2, 3), np.float32), Muon(0.1)
    muon.step([x], [np.full((2, 3), 0.5, np.float32)])
    assert x.dtype == muon.memory[0][0].dtype == np.float32


def test_lion_by_hand():
    x, lion = [np.array([1.0])], Lion(lr=0.1, betas=(0.9, 0.5), weight_decay=0.5)
    lion.step(x, [np.array([4.0])])  # m = 0: sign(0.4) = 1; x = 1·0.95 - 0.1; then m = 2
    assert x[0].tolist() == pytest.approx([0.85])
    lion.step(x, [np.array([-10.0])])  # sign(0.9·2 - 1) = 1
    assert x[0].tolist() == pytest.approx([0.85 * 0.95 - 0.1])


def test_decay_of_adamw_is_not_scaled_by_the_gradient():
    weights = {}
    for size in (1e-3, 1e3):
        x, optimizer = [np.array([1.0])], AdamW(lr=0.1, weight_decay=0.5)
        optimizer.step(x, [np.array([size])])
        weights[size] = x[0][0]
    assert weights[1e-3] == pytest.approx(weights[1e3], abs=1e-5)
    assert weights[1e3] == pytest.approx(1 * 0.95 - 0.1)


def test_updates_happen_in_place_and_keep_the_precision():
    for name, make in OPTIMIZERS.items():
        x = np.ones(3, np.float32)
        optimizer = make(0.1)
        optimizer.step([x], [np.full(3, 0.5, np.float32)])
        assert x.dtype == np.float32, name
        assert (x < 1).all(), name
        assert all(memory.dtype == np.float32 for memory in optimizer.memory[0]), name


def test_a_learning_rate_per_run_equals_separate_runs():
    rates = np.array([0.001, 0.01])[:, None, None]
    starts = np.array([[-4.0, 1.0], [3.0, 2.0]])
    for make in OPTIMIZERS.values():
        _, together = descend(make(rates), quadratic(), starts, 30)
        for i, lr in enumerate(rates.ravel()):
            _, alone = descend(make(lr), quadratic(), starts, 30)
            np.testing.assert_allclose(together[:, i], alone, rtol=1e-9)


# --- Around an optimizer ---


def test_clip_norm_agrees_with_torch():
    gradients = [TORCH["clip/before0"].copy(), TORCH["clip/before1"].copy()]
    assert clip_norm(gradients, 1.5) == pytest.approx(float(TORCH["clip/norm"]), rel=1e-14)
    for i, gradient in enumerate(gradients):
        np.testing.assert_allclose(gradient, TORCH[f"clip/after{i}"], rtol=1e-14)


def test_clip_norm_leaves_small_gradients_alone():
    gradient = np.array([0.3, 0.4])
    assert clip_norm([gradient], 1.0) == pytest.approx(0.5)
    assert gradient.tolist() == [0.3, 0.4]


@given(st.integers(2, 50), st.integers(0, 10), st.floats(0, 1))
def test_schedule_rises_falls_and_ends_where_it_says(n_steps, n_warm_up, final_share):
    n_warm_up = min(n_warm_up, n_steps - 1)
    rates = [warm_up_cosine(step, n_steps, 2.0, n_warm_up, final_share) for step in range(n_steps)]
    assert max(rates) <= 2.0
    assert np.diff(rates[:n_warm_up]).min(initial=0) >= 0
    assert np.diff(rates[max(n_warm_up - 1, 0) :]).max(initial=0) <= 0
    assert rates[-1] == pytest.approx(2.0 * final_share, abs=1e-12)


# --- Landscapes ---


@settings(max_examples=30)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(1, 200), st.floats(-90, 90))
def test_gradients_match_finite_differences(x, y, condition, rotation):
    for landscape in (quadratic(condition, rotation), rosenbrock(), beale()):
        point = np.array([x, y])
        slope = finite_difference(landscape.value, point)
        np.testing.assert_allclose(landscape.gradient(point), slope, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("landscape", [quadratic(), quadratic(50, 30), rosenbrock(), beale()])
def test_minima_are_where_they_are_said_to_be(landscape):
    minimum = np.array(landscape.minimum)
    assert landscape.value(minimum) == pytest.approx(0, abs=1e-15)
    assert np.abs(landscape.gradient(minimum)).max() < 1e-12
    around = minimum + 0.1 * np.random.default_rng(0).normal(size=(200, 2))
    assert landscape.value(around).min() > 0


def test_the_condition_number_is_the_ratio_of_curvatures():
    for rotation in (0, 30):
        valley = quadratic(25, rotation)
        curvature = np.stack([valley.gradient(axis) for axis in np.eye(2)])
        assert np.linalg.cond(curvature) == pytest.approx(25)


def test_adam_feels_the_rotation_of_a_valley_and_sgd_does_not():
    def ends(make):
        found = []
        for rotation in (0, 45):
            c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
            start = np.array([[c, -s], [s, c]]) @ [-4.0, 1.0]
            found.append(descend(make(0.01), quadratic(100, rotation), start, 50)[1][-1])
        return found

    straight, turned = ends(SGD)
    assert turned == pytest.approx(straight, rel=1e-9)
    straight, turned = ends(Adam)
    assert abs(turned - straight) > 0.01 * straight


def test_a_run_that_diverges_becomes_infinite_and_stays_so():
    path, values = descend(SGD(1.0), quadratic(), [(-4.0, 1.0), (0.0, 0.0)], 20)
    assert np.isinf(values[-1, 0])
    assert np.isinf(path[-1, 0]).all()
    assert values[:, 1].tolist() == [0.0] * 21


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SGD(-1), "lr must be > 0, got -1"),
        (lambda: SGD(0), "lr must be > 0"),
        (lambda: SGD(np.nan), "lr must be finite"),
        (lambda: Momentum(0.1, momentum=1.0), r"momentum must be in \[0, 1\), got 1.0"),
        (lambda: RMSProp(0.1, alpha=2), "alpha must be in"),
        (lambda: RMSProp(0.1, eps=0), "eps must be in"),
        (lambda: Adam(0.1, betas=(0.9, 1.5)), "betas must be in"),
        (lambda: Adam(0.1, eps=-1), "eps must be in"),
        (lambda: AdamW(0.1, weight_decay=-0.1), "weight_decay must be in"),
        (lambda: Lion(0.1, weight_decay=np.inf), "weight_decay must be in"),
        (lambda: Muon(0.1, momentum=1.0), r"momentum must be in \[0, 1\)"),
        (lambda: Muon(0.1, weight_decay=-1), "weight_decay must be in"),
        (lambda: orthogonalised(np.array([[np.nan]])), "matrix must be finite"),
        (lambda: orthogonalised(np.eye(2), 0), "n_steps must be a whole number"),
        (lambda: orthogonalised(np.ones(3)), "matrix must have 2 axes"),
        (lambda: SGD(0.1).step([], []), "must pair up, got 0 and 0"),
        (lambda: SGD(0.1).step([np.ones(2)], []), "must pair up, got 1 and 0"),
        (lambda: SGD(0.1).step([np.ones(2)], [np.ones(3)]), r"gradients\[0\] has shape \(3,\)"),
        (lambda: SGD(0.1).step([np.ones(2, int)], [np.ones(2)]), "must hold floats"),
        (lambda: SGD(0.1).step([np.ones(2)], [np.array([1, np.nan])]), r"gradients\[0\] must be finite"),
        (lambda: clip_norm([np.ones(2)], 0), "max_norm must be > 0"),
        (lambda: clip_norm([np.array([np.nan])], 1), "gradients must be finite"),
        (
            lambda: clip_norm([np.array([3, 4])], 1),
            r"gradients\[0\] must hold floats to be shrunk in place, got int64",
        ),
        (lambda: warm_up_cosine(5, 5, 1.0), "step must be in"),
        (lambda: warm_up_cosine(0, 0, 1.0), "n_steps must be a whole number"),
        (lambda: warm_up_cosine(0, 5, 1.0, n_warm_up=6), "n_warm_up must be in"),
        (lambda: quadratic(0.5), "condition must be in"),
        (lambda: quadratic(2, np.nan), "rotation must be in"),
        (lambda: descend(SGD(0.1), beale(), (np.nan, 1), 5), "start must be finite"),
        (lambda: descend(SGD(0.1), beale(), (1, 1, 1), 5), "two coordinates"),
        (lambda: descend(SGD(0.1), beale(), (1, 1), 0), "n_steps must be"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_parameters_of_another_model_are_refused():
    optimizer = Adam(0.1)
    optimizer.step([np.ones((2, 3))], [np.ones((2, 3))])
    with pytest.raises(ValueError, match=r"of shapes \[\(2, 3\)\], got 1 of shapes \[\(1, 3\)\]"):
        optimizer.step([np.ones((1, 3))], [np.ones((1, 3))])


def test_the_list_of_parameters_must_stay_the_same():
    optimizer = Nesterov(0.1)
    optimizer.step([np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match=r"1 arrays of the first step, of shapes \[\(2,\)\], got 2"):
        optimizer.step([np.ones(2), np.ones(2)], [np.ones(2), np.ones(2)])


def test_every_optimizer_is_listed():
    classes = {
        c for c in vars(optimizers).values() if isinstance(c, type) and issubclass(c, optimizers.Optimizer)
    }
    assert classes - {optimizers.Optimizer, Muon} == set(OPTIMIZERS.values())  # Muon cannot walk in a plane
