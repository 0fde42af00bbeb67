"""What the chapter on optimizers measures."""

import numpy as np
import pytest

from anatomy import recordings
from anatomy.optimizers import descend, quadratic
from anatomy.studies import optimizers as study


@pytest.mark.parametrize("name", study.EDGES)
@pytest.mark.parametrize("condition", [20.0, 100.0])
def test_the_edge_by_formula_is_the_edge_found(name, condition):
    assert study.found_edge(name, condition) == pytest.approx(study.EDGES[name] / condition, rel=0.01)


def test_adam_does_not_fly_apart_far_above_the_edge_of_sgd():
    assert not study.diverges("Adam", 10.0, n_steps=200)
    assert not study.diverges("RMSProp", 1.0, n_steps=200)
    assert study.diverges("SGD", 0.0201)


def test_sharpness_reaches_the_edge_only_where_it_can():
    found = study.sharpness()
    assert found.rises[0] == 0
    assert found.sharpness[0].max() < 2 / found.rates[0]
    assert found.sharpness[2][-50:].mean() == pytest.approx(2 / found.rates[2], rel=0.15)
    assert found.losses[2][-1] < found.losses[2][0] / 10


def test_state_and_toy_rows():
    assert study.state_rows()[4][1:3] == ["2", "8"]
    assert len(study.toy_rows()) == 7


def test_muon_gains_on_every_seed_and_sooner():
    found = study.muon()
    losses = recordings.load("muon")["held_out_losses"]
    assert found.better == found.n_seeds == 10
    assert found.gain == pytest.approx(losses[0].mean() - losses[1].mean(), abs=1e-6)
    assert found.gain > 5 * found.gain_error
    assert 50 < found.reached < 80
    assert found.n_steps == 100


def test_ranges_overlap_as_the_table_says():
    overlapping, pairs = study.toy_overlaps()
    ranges = [tuple(map(float, row[3].split(" to "))) for row in study.toy_rows()]
    apart = sum(a[1] < b[0] for a in ranges for b in ranges)
    assert pairs == 21
    assert abs(overlapping - (pairs - apart)) <= 1  # the rows are rounded


def test_larger_batches_are_less_noisy():
    noise = study.noise_of_batches()
    assert noise[64] == pytest.approx(noise[1] / 8, rel=0.1)


@pytest.mark.parametrize("name", ["RMSProp", "Adam", "AdamW"])
def test_steps_that_are_divided_stay_within_a_few_rates(name):
    for condition, rotation, lr in [(1, 0, 10), (100, 0, 10), (100, 45, 3), (200, 30, 10)]:
        path, _ = descend(study.make(name, lr), quadratic(condition, rotation), (-4.0, 1.0), 200)
        assert np.abs(path).max() < 4 * max(lr, 4)
