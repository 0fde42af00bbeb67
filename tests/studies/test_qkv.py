"""What the chapter on queries, keys and values measures."""

import numpy as np
import pytest

from anatomy.model import PUBLISHED, Trace
from anatomy.studies import qkv as study
from anatomy.studies.costs import part_costs


def test_the_toy_is_the_hand_example():
    now = study.toy()
    assert now.scores[1].tolist()[:2] == [6, 0]
    raised = np.exp(6 / np.sqrt(2))
    assert now.weights[1, 0] == pytest.approx(raised / (raised + 1))
    assert now.weights[4, 0] == now.weights[4, 3]
    assert study.toy(masked=False).weights[1, 3] == pytest.approx(now.weights[4, 3])
    assert study.toy_rows()[1] == ["car", "(1, 0, 0, 0)", "(3, 0)", "(0, 1)", "(0, 0)"]


def test_scores_spread_by_the_root_of_d():
    found = study.saturation(dimensions=(4, 64), n=400, seed=1)
    np.testing.assert_allclose(found.spread, [2, 8], rtol=0.05)
    assert found.largest[0, 1] > 0.8 > 0.4 > found.largest[1, 1]
    assert found.sorted.sum(axis=-1) == pytest.approx(np.ones((2, 2)))
    assert (found.slope <= 0.25).all()
    np.testing.assert_allclose(found.along.mean(axis=-1) * [[1, 1], [2, 8]], found.slope)  # divided once more
    assert 1 / 16 < found.over_d[1] < 0.1 < found.over_d[0]


def test_with_the_root_slopes_are_even_not_steep():
    said = study.told_of_saturation(study.saturation())
    assert (
        said["plain_slope"] - said["scaled_slope"] > 10 * said["plain_slope_error"]
    )  # the mean is no argument
    assert said["scaled_high"] / said["scaled_low"] < 3
    assert said["plain_high"] / said["plain_low"] > 100
    assert said["less_here"] < 0.5 < said["less_later"] - 2 * said["less_error"]
    assert said["even"] < said["over_d"] < 1.5 * said["even"]


def test_one_matrix_less():
    said = study.told_of_kinds(study.kinds())
    price, noise = said["same"] - said["three"], np.hypot(said["same_error"], said["three_error"])
    assert price > 3 * noise  # shared queries and keys cost something
    difference, noise = said["raw"] - said["three"], np.hypot(said["raw_error"], said["three_error"])
    assert abs(difference) < 2 * noise  # no values of their own: nothing that three seeds could show


@pytest.mark.checkpoint
def test_the_real_head_multiplies_what_it_shows(real_model):
    found = study.real_head(real_model)
    d = found.q.shape[1]
    np.testing.assert_allclose(found.q @ found.k.T / np.sqrt(d), found.scores, atol=1e-3)
    ids = real_model.encode(study.SENTENCE)
    trace = Trace("weights")
    real_model.forward(ids, trace=trace)
    np.testing.assert_allclose(found.weights, trace["weights"][study.HEAD], atol=1e-6)
    the, hit = found.tokens.index(" the"), found.tokens.index(" hit")
    assert found.weights[the].argmax() == hit  # as the prose says
    assert found.weights[hit].argmax() == found.tokens.index(" car")
    said = study.told_of_head(found)
    assert said["the_hit"] == found.weights[4, 3]
    assert said["hit_car"] == found.weights[3, 2]
    assert said["boat_scaled"] == pytest.approx(found.scores[6, 5], abs=1e-4)


@pytest.mark.parametrize("name", ["SmolLM2-135M", "Llama-3-8B"])
def test_costs_are_those_of_the_table_of_parts(name):
    config = PUBLISHED[name]
    products, reading = study.attention_flops(config, 10)
    assert products == part_costs(config)["attention"].flops
    assert reading == 10 * study.attention_flops(config, 1)[1]
    row = next(row for row in study.cost_rows() if row[0] == name)
    n = int(row[-1].replace(",", ""))
    assert study.attention_flops(config, n)[1] == pytest.approx(products, rel=1e-3)
