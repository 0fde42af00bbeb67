"""What the chapter on the feed-forward network says, held to what its study measures."""

import numpy as np
import pytest

from anatomy import feed_forward_network as ffn
from anatomy import recordings, tiny_tales
from anatomy.model import PUBLISHED, Trace
from anatomy.studies import feed_forward_network as study
from anatomy.studies import mean_and_error
from anatomy.tokenization import novel


@pytest.fixture(scope="module")
def facts():
    return study.facts()


@pytest.fixture(scope="module")
def knocked():
    return study.knock_outs()


@pytest.fixture(scope="module")
def read(real_model):
    """The real model on the opening of the novel."""
    ids = real_model.encode(novel(14))
    trace = Trace("gate_in", "hidden")
    real_model.forward(ids, trace=trace, last_only=True)
    return real_model, ids, trace


def test_twice_as_many_facts_need_twice_as_many_neurons(facts):
    means = facts.plain.mean(axis=2)
    for n in range(len(facts.counts) - 1):
        assert facts.counts[n + 1] == 2 * facts.counts[n]
        np.testing.assert_allclose(means[:-1, n], means[1:, n + 1], atol=0.19)


def test_the_bend_uses_the_width_and_a_stack_does_as_well(facts):
    n, square, wide = facts.counts.index(512), facts.widths.index(16), facts.widths.index(64)
    assert facts.straight[n].max() < facts.plain[square, n].min()
    assert facts.longer[512].max() < facts.plain[square + 1, n].min()
    assert study.best(facts.rate_plain).max() < facts.plain[square + 1, n].min()
    assert facts.stack[n].min() > 0.99
    assert facts.weights["stack"][0] == pytest.approx(facts.weights["plain"][wide], rel=0.03)


def test_the_gate_recalls_more_at_the_same_weights_with_every_seed(facts):
    n, square = facts.counts.index(512), facts.widths.index(16)
    assert facts.gated[square, n].min() > facts.plain[square, n].max()
    assert facts.weights["gated"][square] <= facts.weights["plain"][square]


def test_at_the_best_rate_the_gate_is_ahead_on_average_but_the_seeds_overlap(facts):
    n, square = facts.counts.index(512), facts.widths.index(16)
    at = facts.rates.index(0.01)
    np.testing.assert_array_equal(facts.rate_plain[at], facts.plain[square, n])
    np.testing.assert_array_equal(facts.rate_gated[at], facts.gated[square, n])
    for shares in (facts.rate_plain, facts.rate_gated):
        assert 0 < shares.mean(axis=1).argmax() < len(facts.rates) - 1  # a higher rate was tried, too
    plain, gated = study.best(facts.rate_plain), study.best(facts.rate_gated)
    assert gated.mean() > plain.mean()
    assert gated.min() < plain.max()


def test_after_more_steps_twice_the_facts_with_twice_the_neurons_fare_worse(facts):
    short = [facts.plain[i, i].mean() for i in (1, 2, 3)]
    assert np.ptp(short) < 0.02
    few, some, many = (shares.mean() for shares in facts.longer.values())
    assert list(facts.longer) == [256, 512, 1024]
    assert few > some + 0.03 > many + 0.06


def test_recall_rows_are_the_recording(facts):
    rows = study.recall_rows(facts)
    assert [row[1] for row in rows] == ["2,128", "544", "544", "544", "1,072", "2,128", "2,176"]
    assert rows[1][2] == study.told_of_facts(facts)["square"]
    assert rows[2][2] == study.told_of_facts(facts)["longer"]
    assert rows[3][2] == study.told_of_facts(facts)["square_tuned"]


def test_the_toy_hardly_needs_its_feed_forward_networks():
    trained = study.training()
    swiglu, gelu, one = (runs[:, -1] for runs in trained.losses.values())
    assert list(trained.losses)[2] == "GELU, 1 neuron"
    assert abs(swiglu.mean() - gelu.mean()) < np.ptp(swiglu)
    assert one.mean() - swiglu.mean() < 0.005
    assert all((runs[:, -1] > trained.floor).all() for runs in trained.losses.values())


def test_neurons_are_ranked_by_what_is_lost_without_them(knocked):
    assert (np.diff(knocked.changes) <= 0).all()
    assert len(set(knocked.neurons)) == len(knocked.neurons) == 336
    assert all(len(row) == 7 and row[0][1] >= row[-1][1] for row in knocked.words)
    hurt = {
        neuron: {word.strip() for word, _ in knocked.words[knocked.neurons.index(neuron)][:5]}
        for neuron in ((1, 112), (1, 4))
    }  # which the prose names
    assert len(hurt[1, 112] & set(tiny_tales.WORDS["name"])) >= 4
    assert hurt[1, 4] <= set(tiny_tales.WORDS["animal"])
    assert {losses[0].round(4) for losses in knocked.many.values()} == {np.float32(knocked.base).round(4)}


def test_losses_that_fall_without_a_neuron_are_what_chance_gives(knocked):
    told = study.told_of_toy(study.training(), knocked, study.Together(64, *[0] * 6, np.zeros(64)))
    assert (knocked.errors > 0).all()
    assert (
        told["n_helped_clearly"]
        == (knocked.changes + 2 * knocked.errors < 0).sum()
        <= told["n_by_chance"]
        == 8
    )
    assert (knocked.changes > 2 * knocked.errors).sum() > 5 * told["n_by_chance"]  # the others do work


def test_no_neuron_covers_for_another():
    both = study.together(n=64)
    assert both.last > 2 * both.last_sum  # nothing there can answer, and yet single effects do not add up
    assert both.first > 10 * both.first_sum
    found = recordings.load("feed_forward_network")
    free = np.sort(found["changes"][:168])[::-1][:64]  # the first layer's
    assert both.first_sum == pytest.approx(free.sum(), rel=1e-4)
    assert (both.held_singly < free).all()  # none costs more with the last layer held
    assert both.held_singly.sum() < both.first_sum / 5
    assert both.held < 0.05 * both.first  # held, the later neurons would hide the loss, not repair it


def test_deep_beats_wide_and_gated_beats_plain_as_the_prose_says():
    found = study.facts()
    deep, wide, adding = found.most
    assert min(deep) > max(*wide, *adding)
    assert (found.rate_gated.mean(axis=1) > found.rate_plain.mean(axis=1)).all()


@pytest.mark.checkpoint
def test_half_of_the_neurons_write_their_value_turned_round(read):
    model, ids, trace = read
    blind = study.blind_check(model, ids, trace["hidden"])
    assert blind.n == 30 * 1536
    assert blind.turned == pytest.approx(0.4995, abs=0.001)
    assert blind.hits - blind.chance > 3 * blind.spread
    assert blind.level_hits - blind.level_chance > 5 * blind.level_spread
    assert blind.random > 0.04  # any direction promotes common tokens
    assert blind.level_chance == pytest.approx(0.01, abs=0.001)
    early, late = (hits / chance for hits, chance in (blind.level_early, blind.level_late))
    assert late > 2 * early  # what early neurons write is not meant for the last matrix


@pytest.mark.checkpoint
def test_a_blind_check_of_noise_finds_chance(read):
    """The control of the control: with hidden numbers drawn at random nothing beats the shuffled text."""
    model, ids, trace = read
    noise = np.random.default_rng(0).normal(size=trace["hidden"].shape).astype(np.float32)
    blind = study.blind_check(model, ids, noise, n_shuffles=20)
    assert abs(blind.hits - blind.chance) < 4 * blind.spread + 0.002
    assert abs(blind.level_hits - blind.level_chance) < 0.002


@pytest.mark.checkpoint
def test_a_neuron_that_is_negative_writes_its_value_turned_round(read):
    model, ids, trace = read
    found = [study.look(model, ids, trace["hidden"], *pair) for pair in study.drawn_at_random(model.config)]
    assert any(n.turned for n in found)
    for n in found:
        sizes = [abs(number) for *_, number in n.excited]
        assert sizes == sorted(sizes, reverse=True)
        assert n.turned == (n.excited[0][2] < 0)
    readable = study.look(model, ids, trace["hidden"], 23, 669)
    assert readable.excited[0][:2] == ("Do", " you")
    assert readable.promoted[0][0] == " not"
    assert readable.promoted[0][1] > study.random_direction(model)
    named = study.look(model, ids, trace["hidden"], 25, 291)  # of which the caption speaks
    assert named.excited[0][0].strip() == "a"
    assert [word for word, _ in named.promoted[:2]] == [" per", " a"]


@pytest.mark.checkpoint
def test_energies_are_those_of_the_module(read):
    model, _, trace = read
    found = study.energies(model, trace["hidden"], trace["gate_in"])
    shares = ffn.energy_shares(trace["hidden"][3, 1::2], model.weights.layers[3].w_down)
    np.testing.assert_allclose(found.shares[3], np.median(shares, axis=0))
    assert found.needed[0] < 50 < found.needed[15]
    assert (found.quartiles[:, 0] <= found.needed).all()
    assert (found.needed <= found.quartiles[:, 1]).all()


@pytest.mark.checkpoint
def test_only_the_first_layer_and_the_last_two_concentrate_on_few_neurons(read):
    model, _, trace = read
    found = study.energies(model, trace["hidden"], trace["gate_in"])
    ratios = np.array(found.needed) / found.random
    assert np.flatnonzero(ratios < 0.9).tolist() == [0, 28, 29]
    assert (ratios[[0, 28, 29]] < 0.75).all()
    assert (ratios > 1.1).sum() > 15
    normed = np.median(recordings.load("feed_forward_neurons")["needed_as_normed"], axis=1)
    assert np.flatnonzero(np.array(found.needed) < normed).tolist() == [
        0,
        28,
        29,
    ]  # as the norm makes them, too


def test_neurons_for_90_percent_by_hand():
    shares = ffn.energy_shares([[3.0, 1.0, 0.0], [1.0, 1.0, 1.0]], np.eye(3))  # 0.9, 1, 1 and thirds
    assert study.neurons_for_90(shares).tolist() == [1, 3]


def test_the_first_token_is_found_where_it_is_largest():
    hidden = np.zeros((3, 4, 2))
    hidden[1, 0, 1], hidden[1, 2, 0], hidden[2, 3, 0] = -9, 4, 20
    assert study.largest_of_first(hidden) == (1, 9, 4)


@pytest.mark.checkpoint
def test_the_first_token_is_unlike_any_other(read):
    layer, first, others = study.largest_of_first(read[2]["hidden"])
    assert layer == 11
    assert first > 100 * others


def test_half_of_the_neurons_may_go_if_they_may_be_others_for_every_token():
    found = recordings.load("feed_forward_neurons")
    whole, own, same = found["losses"].astype(float)
    (little, error), (much, _) = (mean_and_error(losses - whole, together=8) for losses in (own, same))
    assert 0 < little < 0.1
    assert much - little > 5 * error
    assert found["shared"].mean() == pytest.approx(0.5, abs=0.05)
    assert study.told_of_halves()["own"].startswith(f"{little:.2f}")


@pytest.mark.checkpoint
def test_weights_are_exchanged_and_put_back(read):
    model, ids, _ = read
    gate = model.weights.layers[0].w_gate
    right, swapped = study.exchanged(model, ids)
    assert swapped > right + 5
    assert model.weights.layers[0].w_gate is gate


def test_costs_are_those_of_the_one_convention():
    rows, times = study.cost_rows(PUBLISHED["SmolLM2-135M"])
    assert [row[2] for row in rows] == ["884,736"] * 3 + ["2,654,208", "79,626,240", "884,736"]
    assert times == 3
    assert [row[-1] for row in study.width_rows(PUBLISHED, ["GPT-2", "SmolLM2-135M"])] == ["46%", "59%"]
