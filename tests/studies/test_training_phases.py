"""What the chapter on training reads from recorded runs."""

import numpy as np
import pytest

from anatomy import tiny_tales
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
    said = study.told_of_run(found)
    assert 0.2 < said["spelled_0"] < 0.4 < said["spelled_100"]
    assert said["grammatical_100"] < said["grammatical_300"] - 0.3 < said["grammatical_end"] - 0.3


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
    at = {int(step): i for i, step in enumerate(found.steps)}
    grown = found.norm[..., at[6000]] - found.norm[..., at[1800]]
    assert (grown[1] < 2).all()  # in 64 bits it hardly moves
    assert (grown[0] > 10).all()
    assert (found.norm[2, :, -1] > found.norm[2, :, at[3600]] + 50).all()
    first = (single.max(axis=0) == 0).argmax()
    assert (single[:, first:] == 0).all()


def test_the_rule_of_six_holds_on_the_toy():
    found = study.budget()
    assert found.by_rule == pytest.approx(found.counted, rel=0.01)
    assert 0 < found.attention < 0.1 * found.counted
    assert found.n_vocab == 192


def test_padding_is_that_of_batches():
    tales = tiny_tales.training_tales()
    texts = tiny_tales.as_texts(tales, tiny_tales.Tokenizer.learn(tales))
    rng = np.random.default_rng(0)
    batches = [texts.pick(rng.integers(0, len(texts), 32)).counts for _ in range(100)]
    padded = sum(counts.size for counts in batches) / sum(counts.sum() for counts in batches)
    assert study.budget().padded == pytest.approx(padded, abs=0.02)


def test_sweeps_as_words():
    rows = {row[0]: row[1:] for row in study.sweep_rows()}
    assert rows["decay 0, 35% of the sums"] == ["80 and 80", "not in 10,000 (1% and 1%)"]
    assert rows["decay 0.3, 35% of the sums"][1] == "not in 10,000 (92% and 91%)"
    last = [rows[f"decay 1, {share}% of the sums"][1].split(" and ")[0] for share in (30, 40, 50, 70)]
    steps = [int(step.replace(",", "")) for step in last]
    assert (np.diff(steps) < 0).all()


def test_from_half_the_start_the_later_solution_is_the_longer():
    found = study.half_start()
    assert found.start == pytest.approx(study.grokking()[0]["decay"].norm[:, 0] / 2, rel=1e-5)
    assert (found.norm[0] < found.norm[1] - 5).all()
    assert (found.train_loss[0] > 1e4 * found.train_loss[1]).all()
    assert (found.steps[1] > 10 * found.steps[0]).all()


def test_answers_by_heart_are_those_seen_nearby():
    given, possible, right = study.by_heart().T
    assert (given > 0.95).all()
    assert ((possible > 0.7) & (possible < 0.76)).all()
    assert (right < 1 / 29).all()


def test_the_loss_on_unseen_sums_rises_and_falls():
    kinds = study.grokking()[0]
    said = study.told_of_grokking(kinds, study.precisions(), study.half_start(), study.by_heart())
    assert said["test_worst"] > said["test_start"] + 2
    assert said["test_end"] < 0.02
    assert 300 < said["test_worst_low"] <= said["test_worst_high"] < 600
    assert said["train_2000"] > said["train_end"] > said["train_2000"] / 2
    assert said["norm_start"] == "61"
