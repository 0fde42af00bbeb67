"""What the chapter on training reads from recorded runs."""

import numpy as np
import pytest

from anatomy.studies import first_for_good
from anatomy.studies import training_phases as study


def test_the_run_ends_near_its_floor_and_spells_before_it_tells():
    found = study.run()
    end = found.held_out[:, -1]
    assert (end > found.floor).all()
    assert (end < found.floor + 0.03).all()
    early = found.sample_steps.tolist().index(100)
    assert found.spelled[early] > 0.85
    assert found.grammatical[early] < 0.05
    assert found.grammatical[-1] > 0.7


def test_few_tales_are_known_by_heart():
    found = study.few()
    assert found.train[0, -1] < found.train_floors[0] / 2
    assert found.held_out[0, -1] > found.held_out[0].min() + 0.3
    assert abs(found.train[-1, -1] - found.held_out[-1, -1]) < 0.02


def test_it_groks_with_decay_and_not_without():
    kinds, start, _ = study.grokking()
    decay, without = kinds["decay"], kinds["no_decay"]
    assert (decay.grokked > 20 * decay.learned).all()
    assert (without.grokked == -1).all()
    assert without.test.max() < 0.05
    assert decay.norm[:, -1].max() < without.norm[:, -1].min() / 2
    assert decay.top_share[:, -1].min() > 0.75 > 0.3 > without.top_share[:, -1].max()
    assert start.shape == (128, 14)
    early = (decay.steps > 200) & (decay.steps < 800)  # no better than chance
    assert decay.test[:, early].mean() < 1 / 29
    crossed = [decay.steps[first_for_good(run > 1 / 29)] for run in decay.test]
    assert 800 < min(crossed) <= max(crossed) < 1100


def test_precision_is_the_control():
    found = study.precisions()
    single, double, free = found.train_loss
    assert (single[:, -1] == 0).all()
    assert (free[:, -1] == 0).all()  # with a tiny ε, in 64 bits, but later
    assert (free.max(axis=0) == 0).argmax() > 1.5 * (single.max(axis=0) == 0).argmax()
    assert (double > 0).all()
    assert found.test_accuracy.max() < 0.06
    first = (single.max(axis=0) == 0).argmax()
    assert (single[:, first:] == 0).all()


def test_the_rule_of_six_holds_on_the_toy():
    found = study.budget()
    assert found.by_rule == pytest.approx(found.counted, rel=0.01)
    assert 0 < found.attention < 0.1 * found.counted


def test_sweeps_as_words():
    rows = {row[0]: row[1:] for row in study.sweep_rows()}
    assert rows["decay 0, 35 % of the sums"][:2] == ["never", "never"]
    steps = [int(rows[f"decay 1, {share} % of the sums"][0].replace(",", "")) for share in (30, 40, 50, 70)]
    assert (np.diff(steps) < 0).all()
