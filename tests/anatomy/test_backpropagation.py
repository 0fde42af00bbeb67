"""Derivatives against PyTorch, finite differences, elementary steps, and one network by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anatomy import backpropagation as bp
from anatomy.backpropagation import Tensor, finite_difference
from anatomy.rope import rotate

with np.load(Path(__file__).parents[1] / "references" / "training.npz") as archive:
    TORCH = dict(archive)

numbers = st.floats(-3, 3, allow_nan=False, width=32)
matrices = hnp.arrays(float, (3, 4), elements=numbers)


def gradient(function, array):
    """The gradient of function(Tensor) -> Tensor of one number."""
    x = Tensor(array)
    function(x).backward()
    return x.gradient


def assert_matches_difference(function, array, tolerance=1e-6):
    slope = finite_difference(lambda a: function(Tensor(a)).data, array)
    np.testing.assert_allclose(gradient(function, array), slope, rtol=tolerance, atol=tolerance)


# --- PyTorch ---


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("softmax", bp.softmax),
        ("masked_softmax", lambda x: bp.softmax(x, TORCH["masked_softmax/mask"])),
        ("silu", bp.silu),
        ("tanh", Tensor.tanh),
        ("relu", Tensor.relu),
        ("exp", Tensor.exp),
    ],
)
def test_operation_agrees_with_torch(name, operation):
    x = Tensor(TORCH[f"{name}/x"])
    y = operation(x)
    (y * TORCH[f"{name}/direction"]).sum().backward()
    np.testing.assert_allclose(y.data, TORCH[f"{name}/value"], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(x.gradient, TORCH[f"{name}/gradient"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "operation"), [("log", Tensor.log), ("power", lambda x: x**2.5)])
def test_operation_on_positive_numbers_agrees_with_torch(name, operation):
    signed = TORCH[f"{name}/x"]
    x = Tensor(np.abs(signed))
    y = operation(x)
    (y * TORCH[f"{name}/direction"]).sum().backward()
    np.testing.assert_allclose(y.data, TORCH[f"{name}/value"], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(x.gradient * np.sign(signed), TORCH[f"{name}/gradient"], rtol=1e-12)


@pytest.mark.parametrize("norm", [bp.rms_norm, bp.elementary_rms_norm])
def test_rms_norm_agrees_with_torch(norm):
    x, gain = Tensor(TORCH["rms_norm/x"]), Tensor(TORCH["rms_norm/gain"])
    y = norm(x, gain)
    (y * TORCH["rms_norm/direction"]).sum().backward()
    np.testing.assert_allclose(y.data, TORCH["rms_norm/value"], rtol=1e-13)
    np.testing.assert_allclose(x.gradient, TORCH["rms_norm/g_x"], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(gain.gradient, TORCH["rms_norm/g_gain"], rtol=1e-12)


@pytest.mark.parametrize("rope", [bp.rope, bp.elementary_rope])
def test_rope_agrees_with_torch(rope):
    x, angles = Tensor(TORCH["rope/x"]), TORCH["rope/angles"]
    y = rope(x, np.cos(angles), np.sin(angles))
    (y * TORCH["rope/direction"]).sum().backward()
    np.testing.assert_allclose(y.data, TORCH["rope/value"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(x.gradient, TORCH["rope/gradient"], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cross_entropy", [bp.cross_entropy, bp.elementary_cross_entropy])
def test_cross_entropy_agrees_with_torch(cross_entropy):
    logits = Tensor(TORCH["cross_entropy/logits"])
    loss = cross_entropy(logits, TORCH["cross_entropy/targets"], TORCH["cross_entropy/weights"])
    loss.backward()
    np.testing.assert_allclose(loss.data, TORCH["cross_entropy/value"], rtol=1e-14)
    np.testing.assert_allclose(logits.gradient, TORCH["cross_entropy/gradient"], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("embedding", [bp.embedding, bp.elementary_embedding])
def test_embedding_agrees_with_torch(embedding):
    table = Tensor(TORCH["embedding/table"])
    y = embedding(table, TORCH["embedding/ids"])
    (y * TORCH["embedding/direction"]).sum().backward()
    np.testing.assert_array_equal(y.data, TORCH["embedding/value"])
    np.testing.assert_allclose(table.gradient, TORCH["embedding/gradient"], rtol=1e-14)


# --- By hand ---


def test_a_two_layer_network_by_hand():
    # x = 1 → h = tanh(0.5·1) → y = 2·h, loss = (y - 1)²
    w1, w2 = Tensor(0.5), Tensor(2.0)
    h = (w1 * 1.0).tanh()
    loss = (h * w2 - 1.0) ** 2
    loss.backward()
    value = np.tanh(0.5)
    assert loss.data == pytest.approx((2 * value - 1) ** 2)
    assert w2.gradient == pytest.approx(2 * (2 * value - 1) * value)
    assert w1.gradient == pytest.approx(2 * (2 * value - 1) * 2 * (1 - value**2))


def test_gradients_of_two_uses_add_up_through_one_that_depends_on_the_other():
    a = Tensor(3.0)
    b = a * a  # 9
    (b * a + b).backward()  # a³ + a²
    assert a.gradient == pytest.approx(3 * 9 + 2 * 3)


def test_backward_twice_does_not_count_twice():
    a = Tensor(3.0)
    loss = a * a
    loss.backward()
    loss.backward()
    assert a.gradient == 6


def test_small_network_agrees_with_its_derivatives_by_hand():
    rng = np.random.default_rng(1)
    layers = bp.small_network([2, 2, 2, 3], rng)
    x = np.array([[0.6, -0.4]])
    loss = bp.cross_entropy(bp.run_network(layers, x), [2])
    loss.backward()

    (w1, b1), (w2, b2), (w3, b3) = [(w.data, b.data) for w, b in layers]
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    p = np.exp(h2 @ w3 + b3) / np.exp(h2 @ w3 + b3).sum()
    at_logits = p - [[0, 0, 1]]
    at_2 = (at_logits @ w3.T) * (1 - h2**2)
    at_1 = (at_2 @ w2.T) * (1 - h1**2)
    expected = [(x.T @ at_1, at_1[0]), (h1.T @ at_2, at_2[0]), (h2.T @ at_logits, at_logits[0])]
    for (w, b), (g_w, g_b) in zip(layers, expected, strict=True):
        np.testing.assert_allclose(w.gradient, g_w, rtol=1e-12)
        np.testing.assert_allclose(b.gradient, g_b, rtol=1e-12)


def test_steps_against_the_gradient_lower_the_loss():
    layers = bp.small_network([2, 2, 2, 3], np.random.default_rng(0))
    losses = []
    for _ in range(20):
        loss = bp.cross_entropy(bp.run_network(layers, Tensor([[0.6, -0.4]])), [2])
        loss.backward()
        losses.append(float(loss.data))
        bp.gradient_step(layers, lr=0.3)
    assert (np.diff(losses) < 0).all()


def test_backward_steps_visit_a_node_after_all_its_uses():
    a = Tensor(2.0, label="a")
    b = a * 3.0
    c = b.exp() + b
    visited = [node for node, _ in bp.backward_steps(c)]
    assert [node.operation for node in visited] == ["+", "exp", "×"]
    assert b.gradient == pytest.approx(np.exp(6.0) + 1)


# --- Finite differences, on whatever numbers come ---


@settings(max_examples=25, deadline=None)
@given(matrices)
def test_elementary_operations_match_finite_differences(x):
    direction = np.linspace(-1, 1, 12).reshape(3, 4)
    other = Tensor(np.linspace(0.5, 2, 12).reshape(4, 3))
    row = Tensor([0.5, 1.0, 1.5, 2.0])
    for function in (
        lambda t: ((t + row) * direction).sum(),
        lambda t: ((1.0 - t) * row * t).sum(),
        lambda t: (t / (t * t + 1.0)).sum(),
        lambda t: (2.0 / (t * t + 1.0)).sum(),
        lambda t: ((t @ other) ** 2.0).sum(),
        lambda t: (t.tanh() * direction).sum(),
        lambda t: (t.exp() * direction).mean(),
        lambda t: ((t * t + 1.0).log() * direction).sum(),
        lambda t: (t.sum(axis=0) ** 2.0).sum(),
        lambda t: (t.mean(axis=1, keepdims=True) * t).sum(),
        lambda t: (t.reshape(2, 6) @ np_tensor(6, 2)).sum(),
        lambda t: (t.transpose(1, 0) @ np_tensor(3, 2) * np.arange(8.0).reshape(4, 2)).sum(),
        lambda t: (t[np.array([0, 2, 2]), np.array([1, 3, 3])] ** 2.0).sum(),
    ):
        assert_matches_difference(function, x)


def np_tensor(*shape):
    return Tensor(np.linspace(-1, 1, int(np.prod(shape))).reshape(shape))


@settings(max_examples=25, deadline=None)
@given(matrices, hnp.arrays(float, 4, elements=numbers), st.integers(0, 3))
def test_fused_operations_match_finite_differences_and_elementary_steps(x, vector, target):
    direction = np.linspace(-1, 1, 12).reshape(3, 4)
    angles = np.arange(3.0)[:, None] * [1.0, 0.1]
    turn = np.cos(angles), np.sin(angles)
    mask = np.triu(np.full((3, 4), -np.inf), 2)
    targets = [target, 0, 3]
    for fused, elementary in (
        (lambda t: bp.softmax(t, mask), lambda t: bp.elementary_softmax(t, mask)),
        (
            lambda t: bp.rms_norm(t, Tensor(vector), 1e-2),
            lambda t: bp.elementary_rms_norm(t, Tensor(vector), 1e-2),
        ),
        (
            lambda t: bp.rms_norm(Tensor(x), t.sum(axis=0)),
            lambda t: bp.elementary_rms_norm(Tensor(x), t.sum(axis=0)),
        ),
        (bp.silu, bp.elementary_silu),
        (bp.gelu, lambda t: t * ((t + 0.044715 * t**3.0) * (2 / np.pi) ** 0.5).tanh() * 0.5 + t * 0.5),
        (lambda t: bp.rope(t, *turn), lambda t: bp.elementary_rope(t, *turn)),
        (lambda t: bp.embedding(t, [2, 0, 2]), lambda t: bp.elementary_embedding(t, [2, 0, 2])),
        (
            lambda t: bp.cross_entropy(t, targets, [1.0, 2.0, 0.0]),
            lambda t: bp.elementary_cross_entropy(t, targets, [1.0, 2.0, 0.0]),
        ),
    ):

        def total(t, operation=fused):
            return (operation(t) * direction).sum()

        def plain_total(t, operation=elementary):
            return (operation(t) * direction).sum()

        assert_matches_difference(total, x, 2e-5)
        np.testing.assert_allclose(gradient(total, x), gradient(plain_total, x), rtol=1e-7, atol=1e-7)


def test_rope_is_the_rotation_of_the_rope_module():
    x = np.random.default_rng(0).normal(size=(5, 3, 8))
    angles = np.arange(5)[:, None, None] * 10_000.0 ** (-np.arange(0, 8, 2) / 8)
    ours = bp.rope(Tensor(x), np.cos(angles), np.sin(angles)).data
    np.testing.assert_allclose(ours, rotate(x, np.arange(5)), atol=1e-6)


def test_operations_stay_in_float32():
    x = Tensor(np.ones((2, 4), np.float32))
    y = bp.silu(bp.rms_norm(x * 2.0 + 1.0, Tensor(np.ones(4, np.float32)))) - 0.5
    loss = bp.cross_entropy(bp.rope(bp.softmax(y / 3.0), np.ones(2), np.zeros(2)), [0, 3])
    loss.backward()
    assert loss.data.dtype == np.float32
    assert x.gradient.dtype == np.float32


def test_extreme_logits_do_not_overflow():
    logits = Tensor([[1e4, -1e4]])
    loss = bp.cross_entropy(logits, [1])
    loss.backward()
    assert loss.data == pytest.approx(2e4)
    assert bp.silu(Tensor([-1e4, 1e4])).data.tolist() == [0.0, 1e4]
    assert bp.softmax(Tensor([1e4, 0.0])).data.tolist() == [1.0, 0.0]


def test_arrays_may_stand_on_the_left():
    x = Tensor([1.0, 2.0])
    assert isinstance(np.array([3.0, 4.0]) * x, Tensor)
    assert (np.array([3.0, 4.0]) - x).data.tolist() == [2.0, 2.0]
    assert repr(x) == "Tensor([1.0, 2.0])"


# --- Bad input ---


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Tensor([1.0, np.nan]), r"data must be finite, got nan at index \(1,\)"),
        (lambda: Tensor([]), "data must not be empty"),
        (lambda: Tensor(["a"]), "data must hold numbers"),
        (lambda: Tensor([1.0, 2.0]).backward(), r"single number, got shape \(2,\)"),
        (lambda: Tensor([1.0]) ** np.nan, "exponent must be"),
        (lambda: bp.rope(Tensor(np.ones((2, 3))), 1.0, 0.0), "even last axis"),
        (lambda: bp.rms_norm(Tensor(np.ones((2, 3))), Tensor(np.ones(2))), "gain has shape"),
        (lambda: bp.embedding(Tensor(np.ones((2, 3))), [2]), r"ids must be in 0 … 1, got 2"),
        (lambda: bp.embedding(Tensor(np.ones((2, 3))), [0.5]), "ids must be whole numbers"),
        (lambda: bp.embedding(Tensor(np.ones((2, 3))), []), "ids must be whole numbers"),
        (lambda: bp.cross_entropy(Tensor(np.ones((1, 3))), [-1]), r"targets must be in 0 … 2, got -1"),
        (
            lambda: bp.cross_entropy(Tensor(np.ones((3, 4))), [0]),
            r"one id per row of logits \(3, 4\), got shape \(1,\)",
        ),
        (
            lambda: bp.elementary_cross_entropy(Tensor(np.ones((1, 3))), [-1]),
            r"targets must be in 0 … 2, got -1",
        ),
        (lambda: bp.elementary_embedding(Tensor(np.ones((2, 3))), [-1]), r"ids must be in 0 … 1, got -1"),
        (lambda: bp.cross_entropy(Tensor(np.ones((1, 3))), [0], [0.0]), "weights must be 1 numbers"),
        (lambda: bp.cross_entropy(Tensor(np.ones((1, 3))), [0], [-1.0]), "weights must be 1 numbers"),
        (lambda: bp.cross_entropy(Tensor(np.ones((1, 3))), [0], [np.nan]), "weights must be finite"),
        (lambda: finite_difference(np.sum, [np.inf]), "array must be finite, got inf"),
        (lambda: finite_difference(np.sum, [1.0], step=0), "step must be in"),
        (lambda: bp.small_network([2], np.random.default_rng(0)), "two or more positive numbers"),
        (
            lambda: bp.gradient_step(bp.small_network([2, 2], np.random.default_rng(0)), 0.1),
            "w1 has no gradient",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
