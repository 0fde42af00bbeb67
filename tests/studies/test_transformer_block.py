"""What the chapter on the block measures."""

import numpy as np
import pytest

from anatomy.model import PUBLISHED, Trace
from anatomy.studies import first_for_good
from anatomy.studies import transformer_block as study


@pytest.mark.parametrize("name", list(study.TARGETS))
def test_boxes_add_up_to_the_model(name):
    target = study.TARGETS[name]
    assert sum(study.box_parameters(target.config).values()) == target.config.n_parameters()


def test_mixtral_is_what_was_published():
    mixtral = study.TARGETS["Mixtral-8x7B"]
    found = study.box_parameters(mixtral.config, mixtral.n_experts)
    assert sum(found.values()) == 46_702_792_704  # the sizes in the index of the published weights
    work = study.at_work(mixtral.config, 8, 2)
    assert round(work / 1e9) == 13  # Jiang et al. 2024: 47 billion, 13 billion active
    one_more = study.at_work(mixtral.config, 8, 3)
    assert one_more - work == 32 * 3 * 4096 * 14_336
    assert study.at_work(mixtral.config, 8, 8) == sum(found.values())


def test_shares_of_the_table_are_those_of_the_costs():
    rows = {row[0]: row for row in study.published_rows()}
    assert rows["Llama-3-8B"][1:3] == ["8,030,261,248"] * 2
    assert rows["Mixtral-8x7B"][5] == "93.41 GB"
    assert rows["GPT-2"][4] == "46%"


@pytest.mark.checkpoint
def test_the_stream_ends_in_what_the_model_says(real_model):
    found = study.stream(real_model, study.FRANCE)
    trace = Trace("residual")
    logits = real_model.forward(real_model.encode(study.FRANCE), trace=trace)[-1]
    assert found.answer == real_model.decode([int(logits.argmax())]) == " Paris"
    assert found.rank[-1] == 0
    assert found.lengths[12, 0] == pytest.approx(np.linalg.norm(trace["residual"][12, 0]), rel=1e-5)
    assert found.largest[12, 0] ** 2 / found.lengths[12, 0] ** 2 > 0.98
    assert found.lengths[12, 1:].max() < 200


@pytest.mark.checkpoint
def test_every_text_jumps_and_speaks_late(real_model):
    found = study.streams(real_model)
    for prompt, each in found.items():
        assert each.lengths[12, 0] > 100 * each.lengths[11, 0], prompt
        assert first_for_good(each.rank == 0) >= 26, prompt


@pytest.mark.checkpoint
def test_what_is_told_of_the_stream(real_model):
    found = study.streams(real_model)
    said = study.told_of_stream(found)
    assert (said["earliest"], said["earliest_token"], said["only_at_end"]) == (28, "small", 3)
    assert said["small_before"] > 4 * said["small_final"]
    for each in found.values():  # two jumps of one entry, the first mostly taken back
        assert each.lengths[3, 0] > 4 * each.lengths[10, 0]
        assert (each.largest[[3, 12], 0] ** 2 > 0.9 * each.lengths[[3, 12], 0] ** 2).all()


def test_two_neurons_write_the_large_entry(real_model):
    layer, neuron, dimension = weight = study.dial().weight
    found = study.writers(real_model, weight)
    first, second, third = list(found.items())[:3]
    assert first[0] == neuron
    assert first[1] + second[1] == pytest.approx(1, abs=0.01)
    assert abs(third[1]) < 0.01
    trace = Trace("hidden", "ffn_out")
    real_model.forward(real_model.encode(study.FRANCE), trace=trace)
    added = trace["ffn_out"][layer, 0, dimension]
    part = trace["hidden"][layer, 0, neuron] * real_model.weights.layers[layer].w_down[neuron, dimension]
    assert first[1] == pytest.approx(part / added, abs=1e-4)


def test_the_dial_has_its_controls():
    found = study.dial()
    zero, one = found.harm(found.losses[0]), found.harm(found.losses[found.factors.index(1.0)])
    assert one == (0, 0)
    assert zero[0] > 5 * zero[1]  # over stretches of tokens
    neighbour, thousand, largest, stream = (found.harm(losses)[0] for losses in found.controls.values())
    assert max(neighbour, thousand, largest) < zero[0] / 10
    assert stream > 5 * zero[0]
    said = study.told_of_dial(found)
    for key in ("neighbour", "thousand"):  # neither is clear of zero
        assert 0 < said[f"{key}_harm"] < 2 * said[f"{key}_harm_error"]
    assert PUBLISHED["SmolLM2-135M"].n_layers > found.weight[0]


def test_norms_are_as_the_chapter_says():
    found = study.norms()
    mean = found.losses.mean(axis=-1)
    assert mean[1, 1, 0] < mean[0, 1, 0]  # at a low rate the norm after is ahead
    assert mean[1, 2, 0] > mean[0, 2, 0] + 0.3  # at a higher one it falls back
    assert abs(mean[1, 3] - found.frequency).max() < 0.02  # and then learns frequencies only
    assert abs(found.bare - found.frequency).max() < 0.02  # at every rate
    with_them, without = found.by_depth.mean(axis=-1)
    assert without[0] < with_them[0] + 0.03  # one layer does nearly as well without
    assert (found.by_depth[1, 0] > found.by_depth[0, 0]).all()
    assert (np.diff(without) > 0.3).all()
    assert np.ptp(with_them) < 0.06
    assert mean[0].max() < 1.2
    assert abs(mean[0].min() - mean[1].min()) < 0.02
    said = study.told_of_norms(found)
    assert said["best_gap"] == pytest.approx(0.016, abs=2e-3)
    assert said["unnormed_lost"] == 3
    assert said["unnormed_mid"] < said["pre_mid_warm"] + 0.03  # without norms it learns at 0.02
    assert (found.unnormed[1] - found.losses[0, 1, 1] > 0.05).all()
    assert found.long[0].max() < 1.5  # four layers only lacked time
    assert abs(found.long[1:] - found.frequency).max() < 0.02  # eight lack more
    assert said["long_few"].count(",") == 2


def test_rows_by_depth_have_every_seed():
    rows = study.depth_rows(study.norms())
    assert rows[2][0] == "4"
    assert rows[2][2].split(", ") == ["4.07", "3.02", "4.07"]
