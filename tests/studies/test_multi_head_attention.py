"""What the chapter on many heads measures."""

from itertools import product

import numpy as np
import pytest

from anatomy import recordings, tiny_tales
from anatomy.model import PUBLISHED, Trace
from anatomy.multi_head_attention import contributions, induction_score
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
def test_the_best_at_induction_does_not_write_the_longest_vector(found, real_model):
    trace = Trace("heads")
    real_model.forward(real_model.encode(found.sentence), trace=trace)
    written = contributions(trace["heads"][18], real_model.weights.layers[18].w_o)[:, -1]
    lengths = np.linalg.norm(written, axis=-1)
    assert lengths.argmax() == 0
    assert lengths[6] < lengths[0] / 2


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
    found = study.silenced()
    said = study.told_of_silenced(found)
    assert said["copy_without"] - said["copy_whole"] > 10 * said["copy_without_error"]
    assert said["copy_averaged"] - said["copy_whole"] > 10 * said["copy_averaged_error"]  # not for the zeros
    assert said["right_without"] < 0.05 < said["right_whole"]
    assert said["copy_matched"] < said["copy_whole"] + 1 < said["copy_without"] - 5
    assert said["even_guess"] + 3 < said["copy_first"]
    assert abs(found.first["without"] - found.first["whole"]).max() < 1  # nothing to copy, nothing to lose
    assert said["copy_random"] < 5  # as a rule
    assert said["copy_high"] > 8  # and one draw
    assert "16.0" in said["worst_has"].split(", ")
    assert said["chosen"].split(", ")[0] == "18.6"
    assert said["copy_before"] - said["copy_next"] > 5 * said["copy_before_error"]
    assert said["looks_whole"] - said["looks_before"] > 10 * said["looks_whole_error"]
    assert said["looks_average"] < 0.2
    assert abs(said["looks_next"] - said["looks_whole"]) < said["looks_whole_error"]
    assert said["read_harm"] < 2 * said["read_harm_error"]
    assert found.reading["without"] - found.reading["whole"] == pytest.approx(said["read_harm"], abs=1e-4)


def test_draws_are_matched_by_layer():
    recorded = recordings.load("multi_head_attention")
    chosen = study.silenced().chosen
    layers = sorted(layer for layer, _ in chosen)
    for heads in recorded["matched"].tolist():
        assert sorted(layer for layer, _ in heads) == layers
        assert not {tuple(head) for head in heads} & set(chosen)
        assert len({tuple(head) for head in heads}) == len(chosen)


def test_what_could_be_copied_is_found_by_pairs():
    seen, right = study.copyable([1, 2, 3, 1, 2, 4, 1, 2])
    assert seen.tolist() == [False, False, True, True, False, True, True]
    assert right.tolist() == [False, False, True, False, False, True, False]


def test_the_champion_looks_less_at_the_first_token_where_it_could_copy(found):
    said = study.told_of_heads(found)
    assert said["n_new"] + said["n_seen"] == len(found.champion_sink) == 255
    assert found.champion_sink.mean() == pytest.approx(said["champion_sink"], abs=1e-3)
    assert said["sink_new"] - said["sink_seen"] > 3 * said["sink_seen_error"]
    assert 0.5 < said["sink_right"] < said["sink_seen"]
    assert said["sinks_alike"] < 0.6 < 0.9 < said["before_alike"]
    assert said["starts_low"] > 0.9 * said["n_sinks"]


def test_the_toys_sets_of_heads():
    toy = study.toy()
    assert toy.heads == list(product(range(2), range(4)))
    assert toy.without() == toy.losses[0]
    assert toy.without(0) == toy.losses[0b10000000]
    assert toy.without(*range(8)) == toy.losses[-1]
    sets = toy.sets()
    assert len(sets) == 256 - 9
    assert sum(more > 0 for more in sets) > 240
    averaged = study.toy(averaged=True)
    assert averaged.without() == toy.without()
    said = study.told_of_toy(toy, averaged)
    assert said["toy_second"] - said["toy_second_sum"] > 5 * said["toy_second_error"]
    assert said["toy_second_averaged"] - said["toy_second_averaged_sum"] > 5 * said["toy_second_error"]
    assert toy.by_tale.shape == (11, toy.n_tales)
    assert toy.by_tale.mean(axis=1)[:9] == pytest.approx(
        [toy.without(), *map(toy.without, range(8))], abs=0.03
    )


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
