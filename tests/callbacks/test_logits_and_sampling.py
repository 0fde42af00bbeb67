"""The sampling kernels of the page against anatomy.logits_and_sampling."""

import itertools

import numpy as np
import pytest

from anatomy import logits_and_sampling as ls
from anatomy.studies.logits_and_sampling import Uniform

VALUES = {"temperature": 0.7, "top_k": 5, "top_p": 0.8, "min_p": 0.1}


def grouped(seed):
    """Logits of 12 single tokens and 6 groups of several that share one."""
    rng = np.random.default_rng(seed)
    counts = np.array([1] * 12 + rng.integers(1, 9, 6).tolist())
    return np.sort(rng.normal(0, 2, 18))[::-1], counts


def stages_on_page(javascript, logits, counts, steps):
    """Stages as the page computes them, as pairs (probability of one token, tokens left) a group."""
    stages = javascript(
        ["apply_steps"],
        "apply_steps(logits, counts, steps)",
        logits=logits.tolist(),
        counts=counts.tolist(),
        steps=[list(step) for step in steps],
    )
    return [(np.array(s["probabilities"]), np.array(s["counts"])) for s in stages]


def assert_same(javascript, logits, counts, steps):
    group = np.repeat(np.arange(len(counts)), counts)
    ours = ls.apply_steps(np.repeat(logits, counts), steps)
    theirs = stages_on_page(javascript, logits, counts, steps)
    for probabilities, (each, left) in zip(ours, theirs, strict=True):
        kept = np.bincount(group[probabilities > 0], minlength=len(counts))
        assert left.tolist() == kept.tolist()
        np.testing.assert_allclose(each * left, np.bincount(group, probabilities), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("temperature", [0, 0.05, 0.7, 1, 2.5])
def test_softmax(javascript, temperature):
    logits = [3.2, -1e4, 800.0, 799.5, 0.0]
    found = javascript(["softmax"], "softmax(logits, t)", logits=logits, t=temperature)
    np.testing.assert_allclose(found, ls.softmax(logits, temperature), rtol=1e-12, atol=1e-300)


def test_softmax_at_zero_takes_the_first_of_equals(javascript):
    assert javascript(["softmax"], "softmax([1, 2, 2], 0)") == [0, 1, 0]


@pytest.mark.parametrize("order", list(itertools.permutations(VALUES)))
def test_every_order_of_the_steps(javascript, order):
    logits, counts = grouped(seed=len("".join(order[:2])))
    assert_same(javascript, logits, counts, [(name, VALUES[name]) for name in order])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", VALUES)
def test_one_step_at_its_extremes(javascript, name, seed):
    logits, counts = grouped(seed)
    values = {
        "temperature": (0, 0.1, 3),
        "top_k": (1, 13, 500),
        "top_p": (0.01, 0.5, 1),
        "min_p": (0.01, 0.5, 1),
    }
    for value in values[name]:
        assert_same(javascript, logits, counts, [(name, value)])


def test_a_step_may_come_twice(javascript):
    logits, counts = grouped(seed=3)
    assert_same(
        javascript, logits, counts, [("top_p", 0.9), ("top_p", 0.9), ("temperature", 0), ("min_p", 1)]
    )


def test_sums_that_fall_short_by_rounding(javascript):
    assert_same(javascript, np.log([0.4, 0.3, 0.2, 0.1]), np.ones(4, int), [("top_p", 0.9)])


def test_entropy(javascript):
    logits, counts = grouped(seed=5)
    (each, left), *_ = stages_on_page(javascript, logits, counts, [])
    found = javascript(["entropy"], "entropy(p, n)", p=each.tolist(), n=left.tolist())
    assert found == pytest.approx(ls.entropy(ls.softmax(np.repeat(logits, counts))), rel=1e-12)
    assert javascript(["entropy"], "entropy([1, 0], [1, 0])") == 0


@pytest.mark.parametrize("seed", [0, 1, 7, 9999, 2**32 - 1])
def test_random_numbers(javascript, seed):
    found = javascript(
        ["uniform"], "(() => { const r = uniform(seed); return [r(), r(), r(), r()]; })()", seed=seed
    )
    rng = Uniform(seed)
    assert found == [rng.random() for _ in range(4)]


def test_random_numbers_are_spread_evenly():
    rng = Uniform(1)
    numbers = np.array([rng.random() for _ in range(20_000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    shares = np.histogram(numbers, 10, (0, 1))[0] / len(numbers)
    np.testing.assert_allclose(shares, 0.1, atol=0.01)  # four standard errors are 0.0085


class Fixed:
    """A generator that always gives one number."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


@pytest.mark.parametrize("number", [0.0, 0.19, 0.2, 0.5, 0.6999, 0.7, 0.99, 1 - 2**-32])
def test_a_draw(javascript, number):
    probabilities = [0.0, 0.2, 0.5, 0.0, 0.3, 0.0]
    found = javascript(["sample"], "sample(p, u)", p=probabilities, u=number)
    assert found == ls.sample(probabilities, Fixed(number))
    assert probabilities[found] > 0


@pytest.mark.parametrize("value", [0, 7, 999, 999.6, 1000, 49_152, 1_234_567])
def test_thousands(javascript, value):
    assert javascript(["thousands"], "thousands(value)", value=value) == f"{value:,.0f}"
