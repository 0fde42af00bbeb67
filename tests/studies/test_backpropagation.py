"""The measurements of the chapter on backpropagation."""

import numpy as np
import pytest

from anatomy.model import PUBLISHED, Config
from anatomy.studies import backpropagation as study


def test_a_name_is_one_tensor():
    output, names = study.expression("a × a + 2 × b", a=3.0, b=1.0)
    output.backward()
    assert {name: float(t.gradient) for name, t in names.items()} == {"a": 6.0, "b": 2.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a +", "no expression"),
        ("a - b", "not known here"),
        ("a.real", "not known here"),
        ("exec(a)", "not known here"),
        ("tanh(a, b)", "not known here"),
        ("x", "use a, b"),
        ("'a'", "not known here"),
    ],
)
def test_other_expressions_are_refused_by_name(text, words):
    with pytest.raises(ValueError, match=words):
        study.expression(text, a=1.0, b=2.0)


def test_the_walk_back_by_hand():
    rows = study.walked_back("(a × b + c) × a", a=2.0, b=-1.0, c=3.0)
    assert [(row["label"], row["value"], row["gradient"]) for row in rows] == [
        ("×", 2.0, 1.0),
        ("+", 1.0, 2.0),
        ("c", 3.0, 2.0),
        ("×", -2.0, 2.0),
        ("b", -1.0, 4.0),
        ("a", 2.0, -1.0),
    ]
    assert rows[0]["passed"] == [("+", 2.0), ("a", 1.0)]
    slopes = study.slopes_by_nudging("(a × b + c) × a", a=2.0, b=-1.0, c=3.0)
    assert slopes == pytest.approx({"a": -1.0, "b": 4.0, "c": 2.0})


def test_the_small_network_agrees_with_finite_differences():
    worst, n = study.net_check()
    assert n == 21
    assert worst < 1e-9


def test_the_recorded_errors_have_the_shape_of_a_v():
    found = study.step_errors()
    median = np.median(found.errors, axis=-1)
    assert (median.min(axis=-1) < median[..., 0] - 2).all()
    assert (median.min(axis=-1) < median[..., -1] - 2).all()
    assert (abs(found.best - found.rule) < 1).all()  # within a factor of ten of the rule of thumb
    assert (median[0].min(axis=-1) < median[1].min(axis=-1)).all()  # both sides beat one
    assert [round(found.exponent_of(scheme, -3, -1)) for scheme in (0, 1)] == [2, 1]
    assert [round(found.exponent_of(scheme, -14, -9)) for scheme in (0, 1)] == [-1, -1]


def test_the_formula_of_the_best_step_comes_nearer_than_the_rule_of_thumb():
    third = np.median(study.third_derivatives())
    errors, predicted = study.step_errors(), np.log10(study.best_step(study.net_losses()[0], third))
    assert abs(predicted - errors.best[0, 0]) < abs(errors.rule[0, 0] - errors.best[0, 0])
    assert abs(predicted - errors.best[0, 0]) < 0.2


def test_the_toys_gradient_agrees_and_the_check_would_notice_a_lost_use():
    found = study.toy_check()
    assert found.relative.max() < 1e-6
    assert found.broken > 0.1
    assert found.n == 120


def test_two_products_back_for_each_forward_and_one_for_the_look_up():
    found = study.toy_products()
    assert (found.backward, found.look_up) == (2 * found.forward, 1)
    assert found.backward_flops == 2 * found.forward_flops
    # per layer q, k, v, o, gate, up, down, scores, mixed; once the logits
    assert found.forward == 2 * 9 + 1


def test_the_recorded_times_lie_between_one_and_three_passes():
    found = study.timing()
    assert found.n == 60
    for low, median, high in (found.toy, found.wide):
        assert 1 < low <= median <= high < 3
    assert found.wide[1] > found.toy[1]


def test_kept_numbers_by_hand():
    config = Config(n_vocab=10, d_model=4, n_layers=3, n_heads=2, n_kv_heads=1, d_ff=6)
    assert study.kept_per_token(config, 5) == 3 * (4 * 4 + 2 * 4 + 2 * 2 + 4 * 6 + 2 * 5) + 2 * 4 + 10


def test_the_toy_holds_more_than_the_count_but_not_twice_as_much():
    found = study.toy_kept()
    assert found.counted < found.measured < 2 * found.counted


def test_without_layer_outputs_there_is_little_to_keep():
    config = PUBLISHED["SmolLM2-135M"]
    assert config.n_layers * config.d_model < study.kept_per_token(config, 0) / 10


@pytest.mark.checkpoint
def test_the_gradient_of_the_real_model(real_model):
    found = study.real_gradient(real_model)
    assert found.tokens[:2] == [" Canberra", " Sydney"]
    assert sum(found.gradient) + found.rest[2] == pytest.approx(0, abs=1e-9)
    assert found.gradient[0] == pytest.approx(found.p[0] - 1)
    assert found.gradient[1:] == pytest.approx(found.p[1:])
    assert found.worst < 1e-8
    assert (found.changes < found.random.min(axis=1)).all()
    assert found.changes[0] == pytest.approx(found.promised[0], rel=0.05)
    assert found.p_after > found.p_before
