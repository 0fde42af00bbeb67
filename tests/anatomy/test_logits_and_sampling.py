"""anatomy.logits_and_sampling against torch, transformers and worked examples."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anatomy import logits_and_sampling as ls

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "single_topics.npz")
FILTERS = {"top_k": ls.top_k, "top_p": ls.top_p, "min_p": ls.min_p}


def answer(name):
    return REFERENCE[f"sampling: {name}"]


def test_worked_example():
    # e^2 : e^1 : e^0 = 7.389 : 2.718 : 1
    total = math.e**2 + math.e + 1
    expected = [math.e**2 / total, math.e / total, 1 / total]
    np.testing.assert_allclose(ls.softmax([2.0, 1.0, 0.0]), expected, rtol=1e-15)
    # at temperature 1/2 the gaps double
    np.testing.assert_allclose(ls.softmax([2.0, 1.0, 0.0], 0.5), ls.softmax([4.0, 2.0, 0.0]), rtol=1e-15)


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1.0, 2.5])
def test_softmax_is_torchs(temperature):
    ours = ls.softmax(answer("logits"), temperature)
    np.testing.assert_allclose(ours, answer(f"softmax {temperature}"), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    "case", [name.removeprefix("sampling: ") for name in REFERENCE if "top_" in name or "min_p" in name]
)
def test_filters_are_those_of_transformers(case):
    name, value = case.split()
    step = FILTERS[name]
    value = int(value) if name == "top_k" else float(value)
    for logits, expected in zip(answer("logits")[[0, 1, 2, 4, 5]], answer(case), strict=True):
        np.testing.assert_allclose(step(ls.softmax(logits), value), expected, rtol=1e-10, atol=1e-300)


def test_entropy_is_torchs():
    ours = [ls.entropy(ls.softmax(row)) for row in answer("logits")[[0, 1, 2, 4, 5]]]
    np.testing.assert_allclose(ours, answer("entropy"), rtol=1e-10)


# --- softmax ---------------------------------------------------------------

some_logits = arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6))


@given(some_logits, st.floats(0, 100))
def test_rows_sum_to_one_and_keep_their_order(logits, temperature):
    probabilities = ls.softmax(logits, temperature)
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities >= 0).all()
    order = np.argsort(logits)
    if temperature > 0:
        assert (np.diff(probabilities[order]) >= 0).all()


@given(some_logits, st.floats(-1000, 1000))
def test_adding_a_constant_changes_nothing(logits, constant):
    np.testing.assert_allclose(ls.softmax(logits + constant), ls.softmax(logits), atol=1e-8)


def test_temperature_zero_is_greedy_with_the_first_of_equals():
    assert ls.softmax([1.0, 3.0, 3.0], 0).tolist() == [0.0, 1.0, 0.0]
    assert ls.softmax([[0.0, 1.0], [2.0, 2.0]], 0).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert ls.greedy([1.0, 3.0, 3.0]) == 1
    np.testing.assert_allclose(ls.softmax([1.0, 3.0, 2.0], 1e-9), [0, 1, 0])


def test_extreme_logits_stay_finite():
    assert ls.softmax([1e308, -1e308]).tolist() == [1.0, 0.0]
    assert ls.softmax([1e308, 0.0], 1e-300).tolist() == [1.0, 0.0]
    assert ls.softmax([-1000.0, -1000.0]).tolist() == [0.5, 0.5]


def test_minus_infinity_is_probability_zero():
    assert ls.softmax([-np.inf, 0.0, 0.0]).tolist() == [0.0, 0.5, 0.5]
    assert ls.softmax([-np.inf, 0.0, -1.0], 0).tolist() == [0.0, 1.0, 0.0]


def test_precision_follows_the_input():
    assert ls.softmax(np.zeros(3, np.float32)).dtype == np.float32
    assert ls.softmax(np.zeros(3, np.float32), 0).dtype == np.float32
    assert ls.softmax([1, 2]).dtype == np.float64
    assert ls.top_p(np.ones(3, np.float32), 0.5).dtype == np.float32


DTYPES = [np.float16, np.float32, np.float64, np.longdouble]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [0, 5e-324, 1e-46, 1e-8, 1e-3, 1.0, 1e5, 1e39, 1e308])
def test_rows_sum_to_one_in_every_precision_at_every_temperature(dtype, temperature):
    for logits in (
        [1, 2, 3],
        [1, -np.inf],
        [-np.inf, 5, 5, 4],
        [6e4, -6e4],
        np.zeros(1000),
        np.arange(900) / 9,
    ):
        probabilities = ls.softmax(np.array(logits, dtype), temperature)
        assert probabilities.dtype == dtype
        # a number may be off by half of its last digit, and is 0 below the smallest
        slack = float(np.finfo(dtype).eps + len(logits) * np.finfo(dtype).smallest_subnormal) + 1e-12
        assert abs(probabilities.sum(dtype=float) - 1) <= slack
        again = ls.temper(ls.softmax(np.array(logits, dtype)), temperature)
        assert abs(again.sum(dtype=float) - 1) <= slack
    stages = ls.apply_steps(np.array([3, 2, 1, 0], dtype), [("temperature", temperature), ("top_p", 0.9)])
    assert [stage.dtype for stage in stages] == [dtype] * 3
    assert [stage.sum(dtype=float) for stage in stages] == pytest.approx([1, 1, 1], abs=2e-3)


def test_a_large_vocabulary_in_half_precision():
    probabilities = ls.softmax(np.zeros(70_000, np.float16))
    assert probabilities.sum(dtype=float) == pytest.approx(1, abs=0.003)  # 1/70,000 has eight bits there
    assert (probabilities == np.float16(1 / 70_000)).all()
    assert ls.sample(probabilities, Fixed(0.5)) == pytest.approx(35_000, abs=1)


@pytest.mark.parametrize(("dtype", "slack"), [(np.float16, 0.003), (np.float32, 0), (np.float64, 0)])
@pytest.mark.parametrize("n", [10, 70_000, 200_000])
def test_sums_of_many_small_numbers_lose_no_token(dtype, slack, n):
    kept = (ls.top_p(np.full(n, 1 / n, dtype), 0.9) > 0).sum()
    assert abs(kept - 0.9 * n) <= slack * n


@pytest.mark.parametrize("dtype", DTYPES)
def test_filters_keep_the_same_tokens_in_every_precision(dtype):
    probabilities = ls.softmax(np.random.default_rng(0).normal(0, 3, 50_000))
    for name, value in (("top_k", 40), ("top_p", 0.9), ("min_p", 0.02)):
        expected = (FILTERS[name](probabilities, value) > 0).sum()
        kept = FILTERS[name](probabilities.astype(dtype), value)
        assert kept.dtype == dtype
        assert kept.sum(dtype=float) == pytest.approx(1, abs=1e-3 if dtype == np.float16 else 1e-6)
        assert (kept > 0).sum() == pytest.approx(expected, rel=0.03 if dtype == np.float16 else 1e-3)


@pytest.mark.parametrize("function", [ls.softmax, ls.greedy, ls.one_hot_of_maximum])
@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([0.0, np.nan], r"logits must be finite or -inf, got nan at index \(1,\)"),
        ([np.inf, 0.0], r"got inf at index \(0,\)"),
        ([-np.inf, -np.inf], "at least one token possible"),
        ([], r"logits must be numbers along an axis, got float64 of shape \(0,\)"),
        (3.0, r"got float64 of shape \(\)"),
        (["a"], "logits must be numbers"),
    ],
)
def test_bad_logits_are_named(function, logits, message):
    with pytest.raises(ValueError, match=message):
        function(logits)


@pytest.mark.parametrize("temperature", [-1, math.nan, math.inf])
def test_bad_temperature_is_named(temperature):
    with pytest.raises(ValueError, match=rf"temperature must be in \[0, inf\), got {temperature}"):
        ls.softmax([0.0, 1.0], temperature)
    with pytest.raises(ValueError, match="temperature must be in"):
        ls.temper([0.5, 0.5], temperature)


def test_greedy_takes_one_row():
    with pytest.raises(ValueError, match="pass one row"):
        ls.greedy([[0.0, 1.0]])


@given(some_logits, st.floats(0.01, 10))
def test_tempering_probabilities_is_tempering_logits(logits, temperature):
    logits = logits / 1e5  # probabilities that floats can hold
    ours = ls.temper(ls.softmax(logits), temperature)
    np.testing.assert_allclose(ours, ls.softmax(logits, temperature), atol=1e-9)


# --- filters ---------------------------------------------------------------

some_probabilities = (
    arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))
    .filter(lambda p: p.sum() > 1e-3)
    .map(lambda p: p / p.sum())
)


@given(some_probabilities, st.integers(1, 40), st.floats(0.001, 1), st.floats(0.001, 1))
def test_filters_keep_order_and_ratios_and_renormalise(probabilities, k, p, floor):
    for name, value in (("top_k", k), ("top_p", p), ("min_p", floor)):
        kept = FILTERS[name](probabilities, value)
        assert kept.shape == probabilities.shape
        assert kept.sum() == pytest.approx(1)
        stays = kept > 0
        assert stays[np.argmax(probabilities)]
        # nothing that was cut was likelier than what stayed
        assert probabilities[~stays].max(initial=0) <= probabilities[stays].min()
        np.testing.assert_allclose(kept[stays] * probabilities[stays].sum(), probabilities[stays], rtol=1e-9)


@given(some_probabilities, st.floats(0.001, 1))
def test_top_p_keeps_the_smallest_set_that_reaches_p(probabilities, p):
    stays = ls.top_p(probabilities, p) > 0
    kept = probabilities[stays]
    assert kept.sum() >= p - 1e-9
    assert kept.sum() - kept.min() <= p + 1e-9 or p == 1


@given(some_probabilities, st.integers(1, 40))
def test_top_k_keeps_k(probabilities, k):
    assert (ls.top_k(probabilities, k) > 0).sum() == min(k, (probabilities > 0).sum())


def test_ties_and_rounding():
    assert ls.top_k([0.25, 0.25, 0.25, 0.25], 2).tolist() == [0.5, 0.5, 0.0, 0.0]
    assert ls.top_p([0.25, 0.25, 0.25, 0.25], 0.5).tolist() == [0.5, 0.5, 0.0, 0.0]
    # floats put 0.4 + 0.3 + 0.2 below 0.9, and 0.1 * 0.2 above 0.02
    assert (ls.top_p([0.4, 0.3, 0.2, 0.1], 0.9) > 0).tolist() == [True, True, True, False]
    assert (ls.min_p([0.2, 0.02, 0.01], 0.1) > 0).tolist() == [True, True, False]


def test_the_ends_of_the_ranges():
    probabilities = [0.7, 0.3 - 1e-17, 1e-17]
    assert (ls.top_p(probabilities, 1) > 0).all()
    assert ls.top_p(probabilities, 1e-9).tolist() == [1.0, 0.0, 0.0]
    assert ls.min_p(probabilities, 1).tolist() == [1.0, 0.0, 0.0]
    assert ls.top_k(probabilities, 1).tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_array_equal(ls.top_k([0.5, 0.5], 99), [0.5, 0.5])


def test_weights_that_do_not_sum_to_one_are_normalised():
    assert ls.top_p([6, 3, 1], 0.6).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([0.5, np.nan], "probabilities must be finite, got nan"),
        ([0.5, np.inf], "probabilities must be finite, got inf"),
        ([0.5, -0.1], "probabilities must be >= 0, got -0.1 at index 1"),
        ([0.0, 0.0], "probabilities must have a finite sum above 0, got 0.0"),
        ([1e308, 1e308], "probabilities must have a finite sum above 0, got inf"),
        ([], "probabilities must not be empty"),
        ([[0.5, 0.5]], "probabilities must have 1 axes"),
    ],
)
def test_bad_probabilities_are_named(name, probabilities, message):
    with pytest.raises(ValueError, match=message):
        FILTERS[name](probabilities, 1)


@pytest.mark.parametrize("name", ["top_p", "min_p"])
@pytest.mark.parametrize("p", [0, -0.1, 1.01, math.nan, math.inf])
def test_bad_p_is_named(name, p):
    with pytest.raises(ValueError, match=rf"p must be in \(0, 1\], got {p}"):
        FILTERS[name]([0.5, 0.5], p)


@pytest.mark.parametrize("k", [0, -1, 2.0, True])
def test_bad_k_is_named(k):
    with pytest.raises(ValueError, match=f"k must be a whole number >= 1, got {k}"):
        ls.top_k([0.5, 0.5], k)


def test_the_order_of_the_steps_matters():
    logits = [3.0, 2.0, 1.0, 0.0]
    hot_first = ls.apply_steps(logits, [("temperature", 5), ("top_p", 0.6)])[-1]
    cut_first = ls.apply_steps(logits, [("top_p", 0.6), ("temperature", 5)])[-1]
    assert (hot_first > 0).sum() > (cut_first > 0).sum()
    with pytest.raises(ValueError, match="step must be one of 'temperature', 'top_k'.*got 'beam'"):  # noqa: RUF043
        ls.apply_steps(logits, [("beam", 3)])


# --- drawing, entropy ------------------------------------------------------


def test_draws_follow_the_probabilities_and_the_seed():
    probabilities = np.array([0.0, 0.5, 0.3, 0.0, 0.2, 0.0])
    draws = [ls.sample(probabilities, np.random.default_rng(seed)) for seed in range(3000)]
    shares = np.bincount(draws, minlength=6) / len(draws)
    assert (shares[probabilities == 0] == 0).all()
    np.testing.assert_allclose(shares, probabilities, atol=0.04)  # more than four standard errors
    again = [ls.sample(probabilities, np.random.default_rng(seed)) for seed in range(100)]
    assert again == draws[:100]


class Fixed:
    """A generator that returns one number."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


@given(some_probabilities, st.floats(0, 1, exclude_max=True))
def test_no_number_draws_the_impossible(probabilities, number):
    assert probabilities[ls.sample(probabilities, Fixed(number))] > 0


@pytest.mark.parametrize("left", [[0.3, 0.3], [0.7, 0.7], [7, 3], np.full(4, 0.2, np.float32)])
def test_a_draw_needs_probabilities_that_sum_to_one(left):
    total = np.sum(left, dtype=float)
    with pytest.raises(ValueError, match=rf"probabilities must sum to 1, got {total}; divide"):
        ls.sample(left, np.random.default_rng(0))


def test_what_softmax_gives_in_any_precision_can_be_drawn_from():
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        for n in (2, 50_000, 200_000):
            logits = rng.normal(0, 4, n).astype(dtype)
            assert 0 <= ls.sample(ls.softmax(logits), rng) < n
            by_hand = np.exp(logits - logits.max())
            if dtype != np.float16:  # whose own sum of 50,000 numbers is off by a tenth
                assert 0 <= ls.sample(by_hand / by_hand.sum(), rng) < n


@given(some_probabilities)
def test_entropy_lies_between_zero_and_the_logarithm_of_the_size(probabilities):
    bits = ls.entropy(probabilities)
    assert 0 <= bits <= math.log(len(probabilities)) + 1e-9
    assert ls.perplexity(probabilities) == pytest.approx(math.exp(bits))


def test_entropy_worked_example():
    # one half, two quarters: 1/2 ln 2 + 1/2 ln 4 = 1.5 ln 2
    assert ls.entropy([0.5, 0.25, 0.25]) == pytest.approx(1.5 * math.log(2))
    assert ls.entropy([0.0, 1.0]) == 0
    with pytest.raises(ValueError, match="probabilities must be >= 0"):
        ls.entropy([-1.0, 2.0])
    with pytest.raises(ValueError, match="probabilities must be finite"):
        ls.sample([np.nan], np.random.default_rng(0))


def test_followers_are_counted_in_the_vocabulary_alone():
    assert ls.count_followers([[], [2], np.array([0, 2, 0])], 1, 3)[2,].tolist() == [1, 0, 0]
    for texts, message in (
        ([[0, -1]], "ids must be a whole number >= 0, got -1"),
        ([[0, 1], [0, 3]], r"ids must be in \[0, 2\], got 3"),
        ([[0, 1.0]], "ids must be a whole number >= 0, got 1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            ls.count_followers(texts, 1, 3)
    with pytest.raises(ValueError, match="n_vocab must be a whole number >= 1, got 0"):
        ls.count_followers([[0]], 1, 0)
