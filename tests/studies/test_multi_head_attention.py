"""What the chapter on many heads measures."""

from itertools import product

import numpy as np
import pytest

from anatomy import tiny_tales
from anatomy.model import PUBLISHED, Trace
from anatomy.multi_head_attention import induction_score
from anatomy.studies import multi_head_attention as study
from anatomy.studies.costs import part_costs


@pytest.fixture(scope="module")
def found():
    return study.heads()


def test_heads_are_counted_layer_by_layer(found):
    assert len(found.maps) == 270
    assert found.place(18 * 9 + 6) == (18, 6)
    assert found.order("induction")[0] == 18 * 9 + 6
    scores = found.scores["previous"][found.order("previous")]
    assert (np.diff(scores.round(2)) <= 0).all()


def test_the_best_copiers_are_sinks_on_a_novel(found):
    best = found.order("induction")[:6]
    assert (found.scores["induction"][best] > 0.5).all()
    assert (found.scores["novel_sink"][best] > 0.7).all()
    assert found.errors["induction"][best].max() < 0.05


@pytest.mark.checkpoint
def test_maps_are_the_weights_to_eight_bits(found, real_model):
    trace = Trace("weights")
    ids = real_model.encode(found.sentence)
    real_model.forward(ids, trace=trace)
    weights = trace["weights"].reshape(270, len(ids), len(ids))
    rows, columns = np.tril_indices(len(ids))
    assert abs(weights[:, rows, columns] - found.maps / 255).max() < 0.6 / 255


@pytest.mark.checkpoint
def test_scores_are_those_of_the_model(found, real_model):
    once = np.random.default_rng(0).integers(17, real_model.config.n_vocab, 50)
    trace = Trace("weights")
    real_model.forward(np.concatenate([once, once]), trace=trace)
    own = induction_score(trace["weights"].astype(float), 50).ravel()
    assert np.corrcoef(own, found.scores["induction"])[0, 1] > 0.97


def test_silenced_heads():
    said = study.told_of_silenced(study.silenced())
    assert said["copy_without"] - said["copy_whole"] > 10 * said["copy_without_error"]
    assert said["right_without"] < 0.05 < said["right_whole"]
    assert said["copy_random"] < 5  # as a rule
    assert said["copy_high"] > 8  # and one draw
    assert "16.0" in said["worst_has"].split(", ")
    assert said["copy_before"] > 3 * said["copy_next"]
    assert said["read_harm"] < said["read_random"]


def test_the_toys_sets_of_heads():
    toy = study.toy()
    assert toy.heads == list(product(range(2), range(4)))
    assert toy.without() == toy.losses[0]
    assert toy.without(0) == toy.losses[0b10000000]
    assert toy.without(*range(8)) == toy.losses[-1]
    sets = toy.sets()
    assert len(sets) == 256 - 9
    assert sum(more > 0 for more in sets) > 240


def test_the_toy_is_the_one_that_ships():
    config = tiny_tales.load().config
    assert (config.n_layers, config.n_heads) == (2, 4)


@pytest.mark.checkpoint
def test_the_first_token_has_little_to_give(real_model):
    sinks = study.sinks(real_model, 64)
    assert sinks.n > 50
    assert sinks.ratio < sinks.ratio_rest < 0.5


def test_sharing_is_counted_as_everywhere():
    config = PUBLISHED["Llama-3-8B"]
    parameters, size = study.sharing(config, config.n_kv_heads)
    assert parameters == part_costs(config)["attention"].parameters
    assert size == 32 * 2 * 8 * 128 * 2
    rows = {row[0]: row for row in study.sharing_rows()}
    assert rows["Llama-3-8B"][3:] == ["524.3", "131.1", "16.4"]
