"""What the chapter on optimizers measures."""

import numpy as np
import pytest

from anatomy import recordings
from anatomy.optimizers import descend, quadratic, rosenbrock
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
    matrices, rest = study.muon_state()
    assert matrices == 4 * 30 * (2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536) / 1e6
    assert rest == 8 * (49_152 * 576 + 61 * 576) / 1e6
    assert study.state_rows()[-1][-1] == "651"
    assert len(study.toy_rows()) == 7


def test_muon_gains_on_every_seed_and_sooner():
    found = study.muon()
    losses = recordings.load("muon")["held_out_losses"]
    assert found.better == found.n_seeds == 10
    assert found.gain == pytest.approx(losses[0].mean() - losses[1].mean(), abs=1e-6)
    assert found.gain > 5 * found.gain_error
    assert 50 < found.reached < 80
    assert found.n_steps == 100


def test_the_control_of_muon_gains_nothing():
    found = study.muon()
    losses = recordings.load("muon")["held_out_losses"]
    assert found.control[0] == pytest.approx(losses[2].mean(), abs=1e-6)
    assert found.above[0] == pytest.approx(losses[2].mean() - losses[0].mean(), abs=1e-6)
    assert found.above[0] > 2 * found.above[1]  # above AdamW
    assert (losses[2] > losses[1]).all()  # and above Muon with every seed
    assert found.worse == 8
    assert found.rows[2][0] == "control"


def test_the_fast_network_gets_stuck():
    found = study.sharpness()
    said = study.told_of_sharpness(found)
    assert said["net_fast_edge"] == 2.5
    assert (found.sharpness[:3, -1] > said["net_fast_edge"]).all()
    assert 4.5 < said["net_fast_times"] < 5.5
    assert np.ptp(found.losses[3][-10:]) < 1e-6


def test_a_start_on_the_floor_never_feels_the_steep_direction():
    for rate in (0.03, 1.9):
        assert descend(study.make("SGD", rate), quadratic(100), (-4.0, 0.0), 200)[1][-1] < 1e-2
    assert not descend(study.make("SGD", 0.03), quadratic(100), (-4.0, 0.1), 200)[1][-1] < 1


def test_rates_for_rosenbrock_hold_from_its_own_start():
    for name, rate in zip(study.NAMES, study.tuned_rates()[1], strict=True):
        own, other = (
            descend(study.make(name, rate), rosenbrock(), start, 200)[1][-1]
            for start in ((-1.5, 1.0), (-4.0, 1.0))
        )
        assert own < 10
        assert np.isfinite(other) == (name in ("RMSProp", "Adam", "AdamW"))


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
