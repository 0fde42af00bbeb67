"""Answer masks, DPO against PyTorch, and what the measures say of cases worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import post_training as pt
from anatomy import tiny_tales
from anatomy import training_phases as tp
from anatomy.backpropagation import Tensor, finite_difference
from anatomy.model import Config

with np.load(Path(__file__).parents[1] / "references" / "training.npz") as archive:
    TORCH = dict(archive)

SMALL = Config(n_vocab=11, d_model=8, n_layers=1, n_heads=2, n_kv_heads=2, d_ff=12)


def small_parameters(seed=0):
    return tp.Parameters(SMALL, tp.initial_arrays(SMALL, np.random.default_rng(seed)))


def test_dpo_agrees_with_torch():
    chosen, rejected = Tensor(TORCH["dpo/chosen"]), Tensor(TORCH["dpo/rejected"])
    loss = pt.dpo_loss(chosen, rejected, *TORCH["dpo/references"], beta=float(TORCH["dpo/beta"]))
    loss.backward()
    assert float(loss.data) == pytest.approx(float(TORCH["dpo/loss"]), rel=1e-14)
    np.testing.assert_allclose(chosen.gradient, TORCH["dpo/g_chosen"], rtol=1e-12)
    np.testing.assert_allclose(rejected.gradient, TORCH["dpo/g_rejected"], rtol=1e-12)


@given(st.lists(st.floats(-20, 20), min_size=4, max_size=4), st.floats(0.05, 2))
def test_dpo_gradients_equal_finite_differences(values, beta):
    chosen, rejected, *references = (np.array([v]) for v in values)

    def loss(c, r):
        return pt.dpo_loss(Tensor(c), Tensor(r), *references, beta=beta)

    c, r = Tensor(chosen), Tensor(rejected)
    pt.dpo_loss(c, r, *references, beta=beta).backward()
    np.testing.assert_allclose(
        c.gradient, finite_difference(lambda x: loss(x, rejected).data, chosen), atol=1e-7
    )
    np.testing.assert_allclose(
        r.gradient, finite_difference(lambda x: loss(chosen, x).data, rejected), atol=1e-7
    )


def test_a_pair_that_is_far_apart_hardly_pulls():
    chosen, rejected = Tensor([500.0, 0.0]), Tensor([-500.0, 0.0])
    loss = pt.dpo_loss(chosen, rejected, [0.0, 0.0], [0.0, 0.0], beta=1.0)
    loss.backward()
    assert chosen.gradient.tolist() == [0.0, -0.25]
    assert float(loss.data) == pytest.approx(np.log(2) / 2)


def test_log_probabilities_and_their_gradients():
    logits = np.random.default_rng(0).normal(size=(3, 5))
    x = Tensor(logits)
    y = pt.log_probabilities(x, [0, 4, 2])
    np.testing.assert_allclose(y.data, -tp.token_losses(logits, [0, 4, 2]), rtol=1e-13)
    (y * np.array([1.0, -2.0, 0.5])).sum().backward()

    def total(array):
        return (pt.log_probabilities(Tensor(array), [0, 4, 2]).data * [1.0, -2.0, 0.5]).sum()

    np.testing.assert_allclose(x.gradient, finite_difference(total, logits), atol=1e-8)


def test_an_answer_costs_the_sum_of_its_tokens_and_the_prompt_nothing():
    parameters = small_parameters()
    texts = pt.answer_texts([[1, 2, 3], [4]], [[5, 6], [7, 8, 9]])
    found = pt.all_log_probabilities(parameters, texts, n_batch=1)
    logits = tp.decoder(parameters, np.array([[1, 2, 3, 5]])).data
    by_hand = -tp.token_losses(logits[2:], [5, 6]).sum()
    assert found.shape == (2,)
    assert found[0] == pytest.approx(by_hand, rel=1e-5)


def test_alignment_prefers_the_chosen_answer_and_leaves_the_reference():
    parameters = small_parameters()
    prompts = [[1, 2], [3, 4], [5, 6]]
    chosen = pt.answer_texts(prompts, [[7, 0]] * 3)
    rejected = pt.answer_texts(prompts, [[8, 0]] * 3)
    before = [pt.all_log_probabilities(parameters, texts) for texts in (chosen, rejected)]
    reference = tp.Parameters(SMALL, parameters.arrays())
    seen = []
    losses = pt.align(
        parameters, chosen, rejected, 0.5, lambda s: 0.01, 15, np.random.default_rng(0), 3, seen.append
    )
    after = [pt.all_log_probabilities(parameters, texts) for texts in (chosen, rejected)]
    assert losses[0] == pytest.approx(np.log(2), rel=1e-5)
    assert losses[-1] < losses[0]
    assert seen == list(range(16))
    assert pt.win_rate(pt.preference_margins(*after, *before)) == 1
    rng = np.random.default_rng(0)
    answers = tiny_tales.continue_texts(SMALL, parameters.weights(), prompts * 20, 3, 0, rng)
    kl, error = pt.answers_kl(parameters, reference, prompts * 20, answers)
    assert kl > 0
    assert error > 0


def test_pairs_of_answers_must_be_as_many():
    chosen, rejected = pt.answer_texts([[1], [2]], [[3], [4]]), pt.answer_texts([[1]], [[5]])
    with pytest.raises(ValueError, match="chosen and rejected must pair up row by row, got 2 and 1"):
        pt.align(small_parameters(), chosen, rejected, 0.5, lambda s: 0.01, 1, np.random.default_rng(0))


def test_a_model_is_no_distance_from_itself():
    parameters = small_parameters()
    assert pt.answers_kl(parameters, parameters, [[1], [2]], [[3, 4], [5]]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pt.answer_texts([[1]], [[]]), "nothing to learn"),
        (lambda: pt.dpo_loss(Tensor([1.0]), Tensor([1.0]), [1.0], [1.0], beta=0), "beta must be in"),
        (lambda: pt.dpo_loss(Tensor([1.0]), Tensor([1.0]), [1.0, 2.0], [1.0], beta=1), "one shape"),
        (lambda: pt.preference_margins([np.nan], [1.0], [1.0], [1.0]), "chosen must be finite"),
        (lambda: pt.preference_margins([], [1.0], [1.0], [1.0]), "chosen must not be empty"),
        (lambda: pt.exact_match([], []), "at least one answer"),
        (lambda: pt.habit_rate([], "x"), "at least one answer"),
        (lambda: pt.win_rate([np.nan]), "margins must be finite"),
        (lambda: pt.kl_to_reference([1.0], [1.0]), "two or more pairs"),
        (lambda: pt.kl_to_reference([1.0, 2.0], [1.0]), "two or more pairs"),
        (
            lambda: pt.log_probabilities(Tensor([[1.0, 2.0], [1.0, 2.0]]), [1]),
            r"one id per row of logits \(2, 2\), got shape \(1,\)",
        ),
        (lambda: pt.log_probabilities(Tensor([[1.0]]), [1]), "targets must be in 0 … 0, got 1"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_reward_loss_has_the_gradient_of_the_clipped_objective_before_the_first_step():
    """PPO's and GRPO's: -mean(min(ratio · A, clip(ratio) · A)), where the ratio is 1."""
    log_p, advantages = np.array([-1.0, -3.0, -2.0]), np.array([1.5, -0.5, -1.0])

    def clipped(x):
        ratio = np.exp(x - log_p)
        return -np.minimum(ratio * advantages, np.clip(ratio, 0.8, 1.2) * advantages).mean()

    x = Tensor(log_p)
    pt.reward_loss(x, advantages).backward()
    np.testing.assert_allclose(x.gradient, finite_difference(clipped, log_p), atol=1e-7)


@given(st.lists(st.lists(st.integers(0, 1), min_size=8, max_size=8), min_size=1, max_size=4))
def test_advantages_of_a_group_add_up_to_zero_with_a_spread_of_one(rewards):
    found = pt.group_advantages(rewards)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-12)
    mixed = np.ptp(np.array(rewards), axis=1) > 0
    np.testing.assert_allclose(found.std(axis=1)[mixed], 1)
    assert not found[~mixed].any()


def test_two_thin_matrices_make_lora_s_parameters():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 3)), rng.normal(size=(3, 30))
    assert pt.lora_parameters([(20, 30)], rank=3) == a.size + b.size
    assert np.linalg.matrix_rank(a @ b) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pt.reward_loss(Tensor([1.0]), [1.0, 2.0]), "shape of log_p"),
        (lambda: pt.lora_parameters([(2, 2)], rank=0), "rank"),
        (lambda: pt.group_advantages([1.0, 0.0]), "rewards"),
        (lambda: pt.pass_at([[np.nan]]), "right must be finite"),
    ],
)
def test_rewards_that_make_no_sense_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
