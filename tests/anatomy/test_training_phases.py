"""Losses, batches, the differentiable decoder against PyTorch and anatomy.model, and grokking's parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import training_phases as tp
from anatomy.backpropagation import finite_difference
from anatomy.model import Config, forward
from anatomy.optimizers import SGD

with np.load(Path(__file__).parents[1] / "references" / "training.npz") as archive:
    TORCH = dict(archive)

ADDER = tp.ModularAddition.draw(5, 8, np.random.default_rng(0))
SMALL = Config(n_vocab=11, d_model=8, n_layers=2, n_heads=2, n_kv_heads=2, d_ff=12)


def small_parameters(seed=0, dtype=np.float32):
    return tp.Parameters(SMALL, tp.initial_arrays(SMALL, np.random.default_rng(seed), dtype))


def part(prefix):
    return {k.removeprefix(prefix): v for k, v in TORCH.items() if k.startswith(prefix)}


def test_cross_entropy_agrees_with_torch():
    ours = tp.cross_entropy(
        TORCH["cross_entropy/logits"], TORCH["cross_entropy/targets"], TORCH["cross_entropy/weights"]
    )
    assert ours == pytest.approx(float(TORCH["cross_entropy/value"]), rel=1e-14)


def test_rectangle_picks_rows_no_wider_than_needed():
    texts = tp.rectangle([[1, 2], [1, 2, 3, 4], [5, 6, 7]])
    picked = texts.pick([0, 2])
    assert picked.inputs.tolist() == [[1, 2], [5, 6]]
    assert picked.targets.tolist() == [[2, 0], [6, 7]]
    assert picked.counts.tolist() == [[1, 0], [1, 1]]
    assert len(texts) == 3


# --- The decoder ---


def test_decoder_agrees_with_torch():
    parameters = tp.Parameters(SMALL, part("decoder/weights/"))
    texts = tp.Texts(TORCH["decoder/inputs"], TORCH["decoder/targets"], TORCH["decoder/counts"])
    logits = tp.decoder(parameters, texts.inputs).data
    np.testing.assert_allclose(logits, TORCH["decoder/logits"].reshape(logits.shape), rtol=1e-11, atol=1e-13)
    loss = tp.text_loss(parameters, texts)
    loss.backward()
    assert float(loss.data) == pytest.approx(float(TORCH["decoder/loss"]), rel=1e-13)
    expected = part("decoder/gradients/")
    assert expected.keys() == parameters.tensors.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(parameters.tensors[name].gradient, gradient, rtol=1e-9, atol=1e-14)


def test_decoder_is_the_model_that_the_book_runs():
    parameters = small_parameters()
    ids = np.random.default_rng(1).integers(0, 11, (3, 7))
    ours = tp.decoder(parameters, ids).data.reshape(3, 7, 11)
    np.testing.assert_allclose(ours, forward(SMALL, parameters.weights(), ids), atol=2e-6)


def test_padding_changes_nothing():
    parameters = small_parameters()
    short, long = [1, 2, 3], [4, 5, 6, 7, 8, 9]
    together = tp.text_loss(parameters, tp.rectangle([short, long])).data
    alone = [tp.text_loss(parameters, tp.rectangle([ids])).data for ids in (short, long)]
    assert float(together) == pytest.approx((2 * alone[0] + 5 * alone[1]) / 7, rel=1e-5)


def test_long_arrays_and_tensors_share_their_numbers():
    parameters = small_parameters()
    assert parameters.matrices.size + parameters.gains.size == SMALL.n_parameters()
    before = parameters.arrays()
    parameters.matrices += 1
    parameters.gains += 2
    for name, array in parameters.arrays().items():
        np.testing.assert_allclose(array, before[name] + (2 if array.ndim == 1 else 1), rtol=1e-6)
    tp.text_loss(parameters, tp.rectangle([[1, 2, 3]])).backward()
    matrices, gains = parameters.gradients()
    assert matrices.shape == parameters.matrices.shape
    assert gains.shape == parameters.gains.shape
    w_k = parameters.tensors["layers.1.w_k"].gradient
    assert any(np.array_equal(matrices[i : i + w_k.size], w_k.ravel()) for i in range(matrices.size))


def test_gradients_of_the_decoder_equal_finite_differences():
    parameters = small_parameters(dtype=np.float64)
    texts = tp.rectangle([[1, 2, 3, 2], [4, 5]])
    tp.text_loss(parameters, texts).backward()
    for name in ("layers.0.w_q", "layers.1.w_down", "norm_final"):
        tensor = parameters.tensors[name]

        def loss_at(array, tensor=tensor):
            here = tensor.data.copy()
            tensor.data[...] = array
            value = tp.text_loss(parameters, texts).data
            tensor.data[...] = here
            return value

        np.testing.assert_allclose(
            finite_difference(loss_at, tensor.data), tensor.gradient, rtol=1e-6, atol=1e-9
        )


# --- The loop ---


def test_training_learns_a_text_by_heart():
    parameters = small_parameters()
    text = [1, 5, 2, 9, 3, 3, 7]
    texts = tp.rectangle([text])
    seen = []
    losses = tp.train(
        parameters, texts, lambda step: 0.02, 60, np.random.default_rng(0), n_batch=2, watch=seen.append
    )
    assert seen == list(range(61))
    assert losses[0] > 2
    assert losses[-1] < 0.1
    assert tp.mean_loss(parameters, texts) < 0.1


def test_same_seed_same_run():
    runs = []
    for _ in range(2):
        parameters = small_parameters()
        texts = tp.rectangle([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        losses = tp.train(parameters, texts, lambda step: 0.01, 5, np.random.default_rng(3), n_batch=2)
        runs.append((losses.tolist(), parameters.matrices.copy()))
    assert runs[0][0] == runs[1][0]
    np.testing.assert_array_equal(runs[0][1], runs[1][1])


def test_decay_is_for_the_matrices_alone():
    decayed, free = tp.adamw_pair(weight_decay=0.3)
    assert (decayed.weight_decay, free.weight_decay) == (0.3, 0.0)


def test_trainer_clips_what_is_too_long():
    parameters = small_parameters()
    trainer = tp.Trainer(parameters, [SGD(1.0), SGD(1.0)], max_norm=0.01)
    before = np.concatenate([parameters.matrices, parameters.gains])
    norm = trainer.step(tp.text_loss(parameters, tp.rectangle([[1, 2, 3]])), lr=1.0)
    moved = np.concatenate([parameters.matrices, parameters.gains]) - before
    assert norm > 0.01
    assert np.linalg.norm(moved) == pytest.approx(0.01, rel=1e-3)


def test_mean_loss_weighs_tokens_alike_whatever_the_batch():
    parameters = small_parameters()
    texts = tp.rectangle([[1, 2, 3], [4, 5], [7, 8, 9, 10]])
    assert tp.mean_loss(parameters, texts, n_batch=2) == pytest.approx(
        tp.mean_loss(parameters, texts), rel=1e-6
    )


# --- Grokking ---


def test_gradients_by_hand_equal_finite_differences():
    rng = np.random.default_rng(0)
    model = tp.ModularAddition.draw(5, 4, rng)
    model = tp.ModularAddition(*(x.astype(float) for x in model.arrays()))
    a, b, answers = tp.addition_table(5, 0.5, rng)[0]
    for i, gradient in enumerate(model.gradients(a, b, answers)):

        def loss_at(array, i=i):
            arrays = model.arrays()
            arrays[i] = array
            return tp.cross_entropy(tp.ModularAddition(*arrays).logits(a, b), answers)

        np.testing.assert_allclose(gradient, finite_difference(loss_at, model.arrays()[i]), atol=1e-8)


@given(st.sampled_from([3, 5, 7, 11]), st.floats(0.2, 0.8))
def test_addition_table_holds_every_sum_once(p, share):
    seen, unseen = tp.addition_table(p, share, np.random.default_rng(0))
    a, b, answers = (np.concatenate(pair) for pair in zip(seen, unseen, strict=True))
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == [(x, y) for x in range(p) for y in range(p)]
    assert (answers == (a + b) % p).all()
    assert len(seen[0]) == int(share * p * p)


def test_a_short_run_learns_its_training_sums():
    model, history = tp.learn_addition(7, 0.6, 2e-3, 0.5, 300, np.random.default_rng(0), n_neurons=32)
    assert history.train_accuracy[-1] == 1
    assert history.steps == list(range(0, 301, 10))
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.first_step("train_accuracy", 1.0) in history.steps
    assert history.first_step("train_accuracy", 1.1) is None
    assert model.u.dtype == np.float32


def test_a_run_stops_when_enough_is_known():
    _, history = tp.learn_addition(7, 0.6, 2e-3, 0.5, 300, np.random.default_rng(0), n_neurons=32, enough=0.0)
    assert history.steps == [0]


@settings(max_examples=20)
@given(st.integers(1, 4), st.floats(0, 6))
def test_a_pure_wave_has_one_frequency(frequency, phase):
    wave = np.cos(2 * np.pi * frequency * np.arange(9) / 9 + phase)[:, None]
    np.testing.assert_allclose(tp.frequency_power(wave), np.eye(4)[[frequency - 1]], atol=1e-9)


def test_frequency_power_rows_sum_to_one():
    power = tp.frequency_power(np.random.default_rng(0).normal(size=(9, 6)))
    assert power.shape == (6, 4)
    np.testing.assert_allclose(power.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tp.token_losses([[np.nan, 0.0]], [0]), "logits must be finite"),
        (lambda: tp.token_losses([[0.0, 0.0]], [2]), "targets must be in 0 … 1, got 2"),
        (lambda: tp.token_losses([[0.0, 0.0]], [0, 1]), r"got \(2,\) for \(1, 2\)"),
        (lambda: tp.cross_entropy([[0.0, 0.0]], [0], [0.0]), "weights must be 1 numbers"),
        (lambda: tp.rectangle([]), "sequences must not be empty"),
        (lambda: tp.rectangle([[1]]), r"sequences\[0\] has 1 tokens"),
        (lambda: tp.rectangle([[1, 2]], [0]), "0 of them skipped"),
        (
            lambda: tp.train(
                small_parameters(), tp.rectangle([[1, 2]]), lambda s: 0.1, 0, np.random.default_rng(0)
            ),
            "n_steps must be",
        ),
        (lambda: tp.ModularAddition.draw(4, 8, np.random.default_rng(0)), "p must be odd"),
        (lambda: tp.ModularAddition.draw(1, 8, np.random.default_rng(0)), "p must be a whole number >= 3"),
        (lambda: ADDER.logits([-1], [0]), "a must be in 0 … 4, got -1"),
        (lambda: ADDER.logits([0], [5]), "b must be in 0 … 4, got 5"),
        (lambda: ADDER.gradients([0], [0], [-1]), "answers must be in 0 … 4, got -1"),
        (
            lambda: tp.learn_addition(5, 0.5, 0.1, 0, 1, np.random.default_rng(0), every=0),
            "every must be a whole",
        ),
        (lambda: tp.addition_table(0, 0.5, np.random.default_rng(0)), "p must be a whole number >= 1, got 0"),
        (lambda: tp.addition_table(5, 1.5, np.random.default_rng(0)), "train_share must be in"),
        (lambda: tp.addition_table(3, 0.01, np.random.default_rng(0)), "sums on both sides"),
        (lambda: tp.frequency_power(np.ones((4, 2))), "odd number of rows"),
        (lambda: tp.frequency_power(np.ones((5, 2))), "column 0 is constant"),
        (lambda: tp.frequency_power([[np.inf]]), "columns must be finite"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_parameters_must_fit_their_config():
    arrays = tp.initial_arrays(SMALL, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"weight layers\.\d+\.norm_attention is missing"):
        tp.Parameters(replace(SMALL, n_layers=SMALL.n_layers + 1), arrays)
    with pytest.raises(ValueError, match="weight extra has no place"):
        tp.Parameters(SMALL, arrays | {"extra": np.ones(2)})
    for change in ({"tied": False}, {"window": 3}, {"norm": "layer"}, {"biases": "qkv"}):
        (name, value), *_ = change.items()
        with pytest.raises(ValueError, match=f"decoder runs models .*{name}={value!r}"):
            tp.Parameters(replace(SMALL, **change), arrays)


def test_a_trainer_takes_two_optimizers():
    parameters = tp.Parameters(SMALL, tp.initial_arrays(SMALL, np.random.default_rng(0)))
    with pytest.raises(ValueError, match="optimizers must be two, for matrices and for gains, got 1"):
        tp.Trainer(parameters, tp.adamw_pair()[:1])
