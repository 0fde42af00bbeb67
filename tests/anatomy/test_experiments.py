"""The beginning of every recorded run, run again and compared with the recording.

Tolerances: another processor or BLAS adds in another order, and training magnifies the difference. Over
so few steps it stays below 1e-3 of a loss; on the machine that recorded, the numbers are the same.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from anatomy import recordings, tiny_tales
from anatomy.feed_forward_network import gated_d_ff
from anatomy.model import Trace, silence_heads
from anatomy.neuron_activation import silu
from anatomy.studies.logits_and_sampling import judged
from anatomy.tokenization import novel
from anatomy.training_phases import frequency_power, learn_addition

ROOT = Path(__file__).parents[2]
if importlib.util.find_spec("experiments") is None:
    sys.path.append(str(ROOT))

from experiments import backpropagation as bp_experiment  # noqa: E402
from experiments import feed_forward_network as ffn_experiment  # noqa: E402
from experiments import feed_forward_neurons as neurons_experiment  # noqa: E402
from experiments import feed_forward_width as width_experiment  # noqa: E402
from experiments import grokking, muon, neuron_activation, optimizer_table, post_training, record  # noqa: E402
from experiments import kv_cache as cache_experiment  # noqa: E402
from experiments import logits_and_sampling as sampling_experiment  # noqa: E402
from experiments import multi_head_attention as heads_experiment  # noqa: E402
from experiments import optimizers as optimizers_experiment  # noqa: E402
from experiments import post_training_beta as beta_experiment  # noqa: E402
from experiments import post_training_chat as chat_experiment  # noqa: E402
from experiments import post_training_grpo as grpo_experiment  # noqa: E402
from experiments import qkv as qkv_experiment  # noqa: E402
from experiments import quantization as quantization_experiment  # noqa: E402
from experiments import rope as rope_experiment  # noqa: E402
from experiments import tiny_tales as tales_experiment  # noqa: E402
from experiments import training_phases as precision_experiment  # noqa: E402
from experiments import transformer_block as block_experiment  # noqa: E402

LOSS = {"rtol": 1e-3, "atol": 1e-3}


@pytest.fixture(scope="module")
def materials():
    return tales_experiment.materials()


@pytest.mark.parametrize("row", range(3))
def test_the_language_model_begins_as_recorded(materials, row):
    tokenizer, texts, held_out = materials
    seed = tales_experiment.SEEDS[row]
    losses, *_ = tales_experiment.run(
        tales_experiment.fresh(tokenizer, seed), texts, held_out, tales_experiment.RUN, (0,), seed, n_steps=6
    )
    expected = recordings.load("tiny_tales")["batch_losses"][row][:6]
    np.testing.assert_allclose(losses, expected, **LOSS)


def test_its_first_samples_are_as_recorded(materials):
    tokenizer = materials[0]
    recording = recordings.load("tiny_tales")
    samples = tales_experiment.draw_samples(tales_experiment.fresh(tokenizer, 0), tokenizer)
    assert samples[:6] == recording["samples"][0].tolist()
    assert np.mean([*map(tiny_tales.spelled, samples)]) == pytest.approx(
        float(recording["spelled"][0]), abs=1e-6
    )


def test_the_runs_on_few_tales_begin_as_recorded(materials):
    tokenizer, texts, _ = materials
    recording = recordings.load("tiny_tales")
    few = texts.pick(np.arange(recording["sizes"][0]))
    _, seen, _ = tales_experiment.run(
        tales_experiment.fresh(tokenizer, 0),
        few,
        few,
        tales_experiment.STARVED,
        tales_experiment.STARVED_MARKS,
        0,
        n_steps=20,
    )
    np.testing.assert_allclose(seen, recording["size_train_losses"][0][:2], **LOSS)


@pytest.mark.parametrize(
    ("kind", "settings"), [("decay", grokking.WITH_DECAY), ("no_decay", grokking.WITHOUT_DECAY)]
)
def test_grokking_begins_as_recorded(kind, settings):
    recording = recordings.load("grokking").part(kind)
    settings = settings | {"n_steps": 150}
    _, history = learn_addition(**grokking.RECIPE, **settings, rng=np.random.default_rng(1))
    n = len(history.steps)
    assert recording["steps"][:n].tolist() == history.steps
    for name, tolerance in (("train_loss", 1e-3), ("test_loss", 1e-2), ("weight_norm", 1e-2)):
        np.testing.assert_allclose(getattr(history, name), recording[name][1][:n], rtol=tolerance, atol=1e-3)
    np.testing.assert_allclose(history.train_accuracy, recording["train_accuracy"][1][:n], atol=0.01)
    assert history.first_step("train_accuracy", 1.0) == pytest.approx(int(recording["learned"][1]), abs=10)


def test_a_sweep_point_begins_as_recorded():
    recording = recordings.load("grokking").part("decay_sweep")
    learned, grokked, _ = grokking.sweep_point(grokking.DECAYS[0], 0.35, 0, n_steps=100)
    assert learned == pytest.approx(int(recording["learned"][0, 0]), abs=10)
    assert grokked == -1


def test_half_the_start_begins_as_recorded():
    recording = recordings.load("grokking").part("half_start")
    settings = grokking.HALF_START | {"n_steps": 150}
    _, history = learn_addition(**grokking.RECIPE, **settings, rng=np.random.default_rng(2))
    n = len(history.steps)
    np.testing.assert_allclose(history.weight_norm, recording["weight_norm"][2][:n], rtol=1e-2)
    np.testing.assert_allclose(history.train_loss, recording["train_loss"][2][:n], rtol=1e-2, atol=1e-3)


def test_answers_by_heart_are_as_recorded():
    found = grokking.by_heart(3)
    np.testing.assert_allclose(found, recordings.load("grokking")["by_heart"][3], atol=0.02)


def test_an_answer_is_seen_in_its_row_or_column():
    """Modulo 3, with 0 + 0 = 0 and 1 + 2 = 0 seen: beside 0 + 2 stand both, beside 2 + 1 none."""
    seen = np.array([0, 1]), np.array([0, 2]), np.array([0, 0])
    unseen = np.array([0, 2]), np.array([2, 1]), np.array([2, 0])
    assert grokking.seen_answers(3, seen, unseen).tolist() == [[True, False, False], [False, False, False]]


def test_what_the_caveats_of_grokking_say():
    recording = recordings.load("grokking")
    for power in recording["decay/power"].astype(float):
        assert np.median(power.max(axis=1)) > 0.75  # close to one frequency each
        assert len(np.unique(power.argmax(axis=1))) == power.shape[1]  # all of them in use
    np.testing.assert_allclose(
        frequency_power(recording["decay/u"].astype(float)), recording["decay/power"][0], atol=2e-3
    )
    assert (recording["no_decay/grokked"] == -1).all()


@pytest.fixture(scope="module")
def bench():
    return post_training.Bench()


def test_fine_tuning_begins_as_recorded(bench):
    recording = recordings.load("post_training").part("SFT")
    _, losses, rows, written = post_training.fine_tune(bench, 0, n_steps=3, marks=(0,))
    np.testing.assert_allclose(losses, recording["batch_losses"][0][:3], **LOSS)
    assert rows[0]["loss"] == pytest.approx(float(recording["loss"][0, 0]), rel=1e-3)
    assert rows[0]["exact_match"] == recording["exact_match"][0, 0]
    assert written[0] == recording["answers"][0].tolist()


@pytest.mark.parametrize(
    ("stage", "settings"), [("DPO", post_training.DPO), ("over-optimised", post_training.TOO_FAR)]
)
def test_preference_tuning_begins_as_recorded(bench, stage, settings):
    recording = recordings.load("post_training").part(stage)
    start = post_training.Parameters(bench.config, tiny_tales.load_arrays("SFT"))  # rounded to 16 bits
    _, losses, _, _ = post_training.prefer(bench, start, settings, (), 0, n_steps=3)
    np.testing.assert_allclose(losses, recording["batch_losses"][0][:3], rtol=2e-2)


def test_with_beta_or_rate_exchanged_nothing_else_changes():
    arms = beta_experiment.ARMS
    for name in ("careful", "careless"):
        β, rate = (arms[arm] for arm in arms if arm.startswith(f"{name},"))
        assert {key for key in β if β[key] != arms[name][key]} == {"beta"}
        assert {key for key in rate if rate[key] != arms[name][key]} == set(beta_experiment.RATE)


def test_a_careful_run_with_the_other_beta_ends_as_recorded(bench):
    recording = recordings.load("post_training_beta")
    arm = recording["arms"].tolist().index("careful, β of the careless")
    settings = beta_experiment.ARMS["careful, β of the careless"]
    row = beta_experiment.end(bench, beta_experiment.start_of(bench), settings, beta_experiment.SEEDS[0])
    assert row["win_rate"] == recording["win_rate"][arm, 0] == 1
    assert row["exact_match"] == pytest.approx(recording["exact_match"][arm, 0], abs=0.02)
    assert row["kl"] == pytest.approx(recording["kl"][arm, 0], abs=0.1)


def test_rewards_begin_as_recorded(bench):
    recording = recordings.load("post_training_grpo")
    parameters, *_ = post_training.fine_tune(bench, 0, n_steps=grpo_experiment.SFT_STEPS, marks=())
    _, rewards, silent = grpo_experiment.reinforce(bench, parameters, 0, n_steps=3, marks=())
    np.testing.assert_allclose(rewards, recording["rewards"][0][:3], atol=0.1)
    np.testing.assert_allclose(silent, recording["silent"][0][:3], atol=0.26)


@pytest.mark.checkpoint
@pytest.mark.parametrize("layout", range(5))
def test_a_question_is_answered_as_recorded(real_model, layout):
    recording = recordings.load("post_training_chat")
    question = recording["questions"][0].item()
    ids = chat_experiment.lay_out(real_model, question, chat_experiment.LAYOUTS[layout])
    answer = [i for i in recording["written"][0, 0].tolist() if i >= 0]
    found = chat_experiment.distributions(real_model, ids, answer)
    given = found[np.arange(len(answer)), answer]
    np.testing.assert_allclose(given, recording["p"][0, layout, : len(answer)], atol=5e-3)
    spaced = found[0, chat_experiment.spaced(real_model, answer)]
    np.testing.assert_allclose(spaced, recording["p_spaced"][0, layout], atol=5e-3)
    own = [i for i in recording["written"][0, layout].tolist() if i >= 0]
    assert chat_experiment.ask(real_model, question, chat_experiment.LAYOUTS[layout]) == own


def test_what_post_training_is_said_to_show():
    tuned = recordings.load("post_training").part("DPO")
    too_far = recordings.load("post_training").part("over-optimised")
    assert (tuned["exact_match"][:, -1] > 0.9).all()
    assert (tuned["habit_rate_drawn"][:, -1] > tuned["habit_rate_drawn"][:, 0] + 0.3).all()
    assert (too_far["win_rate"][:, -1] == 1).all()
    assert (too_far["exact_match"][:, -1] < 0.6).all()
    assert (too_far["kl"][:, -1] > 3 * tuned["kl"][:, -1]).all()


@pytest.mark.parametrize("landscape", range(4))
def test_the_tuned_rate_of_every_optimizer_solves_as_recorded(landscape):
    recording = recordings.load("optimizer_table")
    function, n_steps = optimizer_table.LANDSCAPES[recording["landscapes"][landscape]]
    for j, name in enumerate(recording["optimizers"]):
        rate = float(recording["best_rates"][landscape, j])
        values = optimizer_table.try_rates(name, function, n_steps, rates=[rate])[:, 0]
        expected = recording["solved_after"][landscape, j]
        np.testing.assert_array_equal(optimizer_table.solved_after(values) >= 0, expected >= 0)
        np.testing.assert_allclose(optimizer_table.solved_after(values), expected, atol=2)


def test_a_rate_is_rejected_where_it_ever_rises_too_high():
    values = np.ones((3, 2, 1))
    values[1, 0] = 5
    values[2] = 0.1
    assert np.isinf(optimizer_table.score(values)).tolist() == [True, False]


def test_solved_means_staying_below():
    values = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert optimizer_table.solved_after(values).tolist() == [3, 1, -1]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_the_toy_with_each_optimizer_begins_as_recorded(materials, name):
    recording = recordings.load("optimizer_table")
    j = recording["optimizers"].tolist().index(name)
    rate = float(recording["toy_best_rates"][j])
    _, losses = optimizer_table.train_toy(*materials[:2], name, rate, 0, n_steps=8)
    np.testing.assert_allclose(losses, recording["toy_batch_losses"][j, 0][:8], **LOSS)


@pytest.mark.parametrize("rule", muon.RULES)
def test_the_toy_with_muon_begins_as_recorded(materials, rule):
    recording = recordings.load("muon")
    j = muon.RULES.index(rule)
    assert recording["best_rates"][j] == recording["rates"][recording["scores"][j].argmin()]
    _, losses = muon.train_toy(*materials[:2], rule, float(recording["best_rates"][j]), 1, n_steps=8)
    np.testing.assert_allclose(losses, recording["batch_losses"][j, 0][:8], **LOSS)


def test_a_recording_can_be_saved_elsewhere(tmp_path, capsys):
    record.save("x", {"a": np.arange(3)}, "experiments/x.py", [0], {"n": 1}, ["c"], folder=tmp_path)
    recording = recordings.read("x", (tmp_path / "x.npz").read_bytes())
    assert recording["a"].tolist() == [0, 1, 2]
    assert recording.provenance["program"] == "experiments/x.py"
    assert "x.npz" in capsys.readouterr().err


# --- Neurons silenced ---


def test_knock_outs_are_those_of_the_model_that_is_there(materials):
    """Fails when the toy was trained again and its neurons were not silenced again."""
    _, _, held_out = materials
    recording = recordings.load("feed_forward_network")
    pairs = [tuple(map(int, pair)) for pair in recording["neurons"]]
    changes = recording["changes"]
    rows = [int(changes.argmax()), int(changes.argmin()), 200]
    means, errors, by_token, places = ffn_experiment.knock_outs(
        tiny_tales.load(), held_out, [pairs[row] for row in rows]
    )
    np.testing.assert_allclose(means, changes[rows], atol=1e-5)
    np.testing.assert_allclose(errors, recording["change_errors"][rows], atol=1e-5)
    np.testing.assert_allclose(by_token * 1000, recording["token_changes"][rows], atol=1)
    np.testing.assert_array_equal(places, recording["places"])
    first = [row for row in rows if pairs[row][0] == 0]
    held = ffn_experiment.held_changes(tiny_tales.load(), held_out, [pairs[row] for row in first])
    np.testing.assert_allclose(held, recording["held_changes"][first], atol=1e-5)


def test_the_plain_network_begins_as_recorded(materials):
    tokenizer, texts, held_out = materials
    recording = recordings.load("feed_forward_network")
    parameters = ffn_experiment.plain(tokenizer, 0)
    _, _, at_marks = tales_experiment.run(
        parameters, texts, held_out, tales_experiment.RUN, tales_experiment.MARKS, 0, n_steps=20
    )
    np.testing.assert_allclose(at_marks, recording["plain_held_out_losses"][0][:2], **LOSS)


# --- Widths ---


@pytest.mark.parametrize(
    ("kind", "width", "subjects"), [("plain", 1, 0), ("gated", 0, 1), ("straight", 0, 0)]
)
def test_facts_are_recalled_as_recorded(kind, width, subjects):
    recording = recordings.load("feed_forward_width")
    d_ff = {"plain": recording["widths"], "gated": recording["gated_widths"], "straight": [64]}[kind][width]
    n_subjects = width_experiment.N_SUBJECTS[subjects]
    _, recalled, n_weights = width_experiment.learn(kind, int(d_ff), n_subjects, seed=1)
    assert recalled == pytest.approx(recording[kind][width, subjects, 1], abs=0.03)
    assert n_weights == recording[f"{kind}_weights"][width]


@pytest.mark.parametrize("kind", ["plain", "gated"])
def test_other_rates_recall_as_recorded(kind):
    recording = recordings.load("feed_forward_width")
    d_ff = gated_d_ff(width_experiment.SQUARE) if kind == "gated" else width_experiment.SQUARE
    rate = width_experiment.RATES[2]
    _, recalled, _ = width_experiment.learn(kind, d_ff, width_experiment.HALF_THOUSAND, seed=1, rate=rate)
    assert recalled == pytest.approx(recording[f"rate_{kind}"][2, 1], abs=0.04)


def test_more_facts_than_fit_are_recalled_as_recorded():
    wide = {"d_ff": width_experiment.STACK[0] * width_experiment.STACK[1], "adds": True}
    _, recalled, _ = width_experiment.learn("plain", n_subjects=width_experiment.MOST, seed=0, **wide)
    assert recalled == pytest.approx(recordings.load("feed_forward_width")["most"][2, 0], abs=0.03)


def test_the_error_of_a_mean_over_tales_is_its_spread():
    """Of equally long tales it is the usual one; a long tale that is like the others changes nothing."""
    rng = np.random.default_rng(0)
    costs = rng.normal(size=50)
    expected = costs.std(ddof=1) / np.sqrt(50)
    assert ffn_experiment.error_of_ratio(3 * (costs - costs.mean()), np.full(50, 3.0)) == pytest.approx(
        expected
    )


def test_a_stack_of_networks_is_recorded_with_its_weights():
    recording = recordings.load("feed_forward_width")
    n, d_ff = width_experiment.STACK
    losses, _, n_weights = width_experiment.learn("plain", d_ff, 8, seed=0, n_steps=5, n_networks=n)
    assert n_weights == recording["stack_weights"][0]
    assert losses[-1] < losses[0]


def test_the_toy_with_one_neuron_begins_as_recorded(materials):
    tokenizer, texts, held_out = materials
    _, _, at_marks = tales_experiment.run(
        width_experiment.nearly_without(tokenizer, 0),
        texts, held_out, tales_experiment.RUN, tales_experiment.MARKS, 0, n_steps=20,
    )  # fmt: skip
    expected = recordings.load("feed_forward_width")["one_neuron_held_out_losses"][0][:2]
    np.testing.assert_allclose(at_marks, expected, **LOSS)


@pytest.mark.checkpoint
def test_exchanged_activations_cost_what_was_recorded(real_model):
    """The model does not look ahead, so that the first tokens of the text cost the same without the others."""
    ids = real_model.encode(novel(1))
    recording = recordings.load("neuron_activation")
    curves = neuron_activation.curves(recording.provenance["settings"]["constant"])
    assert recording["curves"].tolist() == list(curves)
    for curve, expected in zip(curves.values(), recording["losses"], strict=True):
        found = neuron_activation.losses(real_model, ids, curve)[:-1]
        # the jump at 0 of one curve tips single tokens
        np.testing.assert_allclose(found, expected[: len(found)], atol=0.05)


@pytest.mark.checkpoint
def test_sums_of_gates_lie_where_was_recorded(real_model):
    sums = neuron_activation.gate_sums(real_model, real_model.encode(novel(1)))
    l, j = neuron_activation.NEURON
    values = recordings.load("neuron_activation")["neuron"]
    np.testing.assert_allclose(silu(sums[l, :-1, j]), values[: sums.shape[1] - 1], atol=0.02)
    found = neuron_activation.places(sums)
    recording = recordings.load("neuron_activation")
    np.testing.assert_allclose(found["flat"].mean(), recording["flat"].mean(), atol=0.02)
    np.testing.assert_allclose(found["below"].mean(), recording["below"].mean(), atol=0.05)


@pytest.mark.checkpoint
def test_random_vectors_need_as_many_neurons_as_recorded(real_model):
    recording = recordings.load("feed_forward_neurons")
    ids = real_model.encode(novel(neurons_experiment.N_SENTENCES))
    trace = Trace("normed_ffn")
    real_model.forward(ids, trace=trace, last_only=True)
    rng = np.random.default_rng(neurons_experiment.SEED)
    rows, weights = trace["normed_ffn"][0, 1::2], real_model.weights.layers[0]
    vectors = neurons_experiment.random_vectors(rows, weights.norm_ffn, rng)
    np.testing.assert_allclose(np.linalg.norm(vectors[0], axis=1), np.linalg.norm(rows, axis=1), rtol=1e-5)
    for name, kind in zip(("needed_as_long", "needed_as_normed"), vectors, strict=True):
        np.testing.assert_allclose(neurons_experiment.needed(kind, weights), recording[name][0], atol=2)


@pytest.mark.checkpoint
def test_half_of_the_neurons_reads_as_recorded(real_model):
    """Where two neurons are nearly as strong, the last digit decides which one stays: the tokens differ a little."""
    recording = recordings.load("feed_forward_neurons")
    ids = real_model.encode(novel(1))
    halves = (lambda _, hidden: True), (lambda _, hidden: neurons_experiment.own_half(np.abs(hidden)))
    for row, kept in enumerate(halves):
        found = neurons_experiment.losses_with(real_model, ids, kept)
        differences = np.abs(found - recording["losses"][row, : len(found)])
        assert differences.mean() < (5e-3, 5e-2)[row]


def test_halves_by_hand():
    sizes = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [1.0, 3.0, 2.0, 4.0]])
    own = neurons_experiment.own_half(sizes)
    assert own.astype(int).tolist() == [[0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]]
    assert neurons_experiment.shared(own) == pytest.approx((0 + 0.5 + 0.5) / 3)
    assert neurons_experiment.same_half(sizes).astype(int).tolist() == [0, 1, 0, 1]


# --- What SmolLM2 writes ---


@pytest.mark.checkpoint
def test_a_greedy_text_and_the_novel_cost_what_was_recorded(real_model):
    recording = recordings.load("logits_and_sampling")
    ids, place = real_model.encode(novel()), recording["places"][0]
    written, bits = sampling_experiment.greedily(real_model, ids[:place], n=8)
    assert written == recording["written"][0][:8].tolist()
    np.testing.assert_allclose(bits, recording["greedy_bits"][0][:8], atol=1e-2)
    bits = judged(
        real_model, ids[place : place + 8], real_model.forward(ids[: place + 8])[place - 1 : -1]
    ).bits
    np.testing.assert_allclose(bits, recording["novel_bits"][0][:8], atol=1e-2)


@pytest.mark.checkpoint
def test_the_parts_of_a_draw_can_be_timed(real_model):
    seconds = sampling_experiment.times(real_model, real_model.encode(novel(1))[:4], n=2)
    assert seconds.shape == (len(sampling_experiment.PARTS), 2)
    assert recordings.load("logits_and_sampling")["parts"].tolist() == list(sampling_experiment.PARTS)


# --- Finite differences ---


def test_errors_of_finite_differences_are_as_recorded():
    """Rounding differs between processors, so that the medians are compared within a factor of ten."""
    recording = recordings.load("backpropagation")
    rows = [8, 28, 44, 56]
    errors = bp_experiment.step_errors(recording["exponents"][rows].astype(float))
    expected = recording["step_errors"][:, :, rows]
    np.testing.assert_allclose(np.median(errors, axis=-1), np.median(expected, axis=-1), atol=1)
    in_float64 = [found[:, 0, -1] for found in (errors, expected)]
    np.testing.assert_allclose(*in_float64, atol=0.05)  # with so large a step no rounding counts there


def test_what_was_timed_runs():
    make_loss, n_tokens = bp_experiment.toy_loss()
    assert n_tokens == recordings.load("backpropagation")["n_tokens"]
    assert bp_experiment.times(make_loss, n_times=1).shape == (2, 1)


@pytest.mark.parametrize(("kind", "row"), [("pre", 0), ("post", 1)])
def test_norms_before_and_after_begin_as_recorded(materials, kind, row):
    rate, warm_up, seed = 3, 0, 1
    losses, _ = block_experiment.learn(
        kind,
        block_experiment.RATES[rate],
        block_experiment.WARM_UPS[warm_up],
        block_experiment.SEEDS[seed],
        *materials[:2],
        materials[2].pick(np.arange(2)),
        n_steps=4,
    )
    expected = recordings.load("transformer_block")["batch_losses"][row, rate, warm_up, seed][:4]
    np.testing.assert_allclose(losses, expected, **LOSS)


def test_without_norms_and_with_more_time_as_recorded(materials):
    """One rate at which runs without norms blow up; of the long runs, whose ends take too long, the settings."""
    recording = recordings.load("transformer_block")
    given = *materials[:2], materials[2].pick(np.arange(2))
    assert np.isnan(recording["unnormed_held_out_losses"]).all(axis=1).tolist() == [False] * 3 + [True]
    rate, warm_up = block_experiment.RATES[3], block_experiment.WARM_UPS[1]
    assert np.isnan(block_experiment.loss_or_nan("unnormed", rate, warm_up, 0, *given))
    assert recording.provenance["settings"]["long"] == block_experiment.LONG
    assert [*map(tuple, recording.provenance["settings"]["long_runs"])] == [*block_experiment.LONG_RUNS]


@pytest.mark.checkpoint
def test_the_novel_is_read_as_recorded_with_the_weight_and_without(real_model):
    recording = recordings.load("transformer_block")
    w, n = real_model.weights.layers[block_experiment.LAYER].w_down, 40
    place = block_experiment.NEURON, block_experiment.DIMENSION
    kept = w[place]
    try:
        for i, factor in ((0, 0.0), (4, 1.0)):
            w[place] = factor * kept
            found = block_experiment.read(real_model, n=n)
            np.testing.assert_allclose(found, recording["dial_losses"][i][: n - 1], atol=5e-3)
    finally:
        w[place] = kept
    found = block_experiment.read(real_model, block_experiment.without_the_number, n)
    np.testing.assert_allclose(found, recording["control_losses"][3][: n - 1], atol=2e-2)


@pytest.mark.parametrize("row", range(3))
def test_one_matrix_less_begins_as_recorded(materials, row):
    kind = qkv_experiment.KINDS[row]
    losses, _ = qkv_experiment.learn(kind, 1, *materials[:2], materials[2].pick(np.arange(2)), n_steps=4)
    np.testing.assert_allclose(losses, recordings.load("qkv")["batch_losses"][row, 1][:4], **LOSS)


@pytest.mark.checkpoint
def test_copying_and_its_loss_are_as_recorded(real_model):
    recording = recordings.load("multi_head_attention")
    texts = [heads_experiment.repeated(real_model, heads_experiment.SEEDS[0])]
    chosen = [tuple(map(int, head)) for head in recording["silenced"]]
    matched = [tuple(map(int, head)) for head in recording["matched"][0]]
    for arm, heads in ((0, ()), (1, chosen), (3 + heads_experiment.N_RANDOM, matched)):
        first, second, right = heads_experiment.copying(real_model, texts, silence_heads(heads))
        assert first[0] == pytest.approx(recording["first_losses"][arm, 0], abs=5e-3)
        assert second[0] == pytest.approx(recording["copy_losses"][arm, 0], abs=5e-3)
        assert right[0] == pytest.approx(recording["copy_right"][arm, 0], abs=0.03)


@pytest.mark.checkpoint
def test_the_induction_heads_look_as_recorded_without_one_that_looks_back(real_model):
    recording = recordings.load("multi_head_attention")
    texts = [heads_experiment.repeated(real_model, heads_experiment.SEEDS[0])]
    chosen, before = ([tuple(map(int, head)) for head in recording[key]] for key in ("silenced", "before"))
    for arm, edit in ((0, None), (1, silence_heads(before[:1])), (2, silence_heads(before[1:2]))):
        looks = heads_experiment.looking(real_model, texts, chosen, edit)
        np.testing.assert_allclose(looks, recording["before_looks"][arm, :1], atol=5e-3)


@pytest.mark.checkpoint
def test_sinks_are_as_recorded_where_the_novel_begins_elsewhere(real_model):
    ids = np.array(real_model.encode(novel()))
    start, n = heads_experiment.STARTS[-1], heads_experiment.N_NOVEL
    _, found = heads_experiment.scores(real_model, ids[start : start + n])
    np.testing.assert_allclose(found, recordings.load("multi_head_attention")["start_sinks"][-1], atol=5e-3)


def test_the_toys_losses_without_heads_are_as_recorded():
    recording = recordings.load("multi_head_attention")
    heads = heads_experiment.toy_sets()
    losses, counted = heads_experiment.toy_losses(heads)
    np.testing.assert_allclose(losses / counted, recording["toy_tale_losses"], **LOSS)
    together = losses.sum(axis=2) / counted.sum()
    np.testing.assert_allclose(together, recording["toy_losses"][:, heads], **LOSS)


def test_an_averaged_head_writes_its_average_and_no_other_head_changes():
    array = np.arange(24.0).reshape(1, 2, 3, 4)
    averages = heads_experiment.averages_of({"heads": [array]}, [(0, 1)], [[1, 1, 0]])
    np.testing.assert_array_equal(averages[0, 1], array[0, 1, :2].mean(axis=0))
    edit = heads_experiment.average_heads(averages)
    changed = edit("heads", 0, array)
    assert (changed[0, 1] == averages[0, 1]).all()
    np.testing.assert_array_equal(changed[0, 0], array[0, 0])
    assert edit("heads", 1, array).tolist() == edit("hidden", 0, array).tolist() == array.tolist()


@pytest.mark.checkpoint
@pytest.mark.parametrize("arm", range(3))
def test_each_pairing_reads_as_recorded(real_model, arm):
    windows = np.array(real_model.encode(novel()))[None, :32]
    losses = rope_experiment.reads(real_model, rope_experiment.ARMS[arm], windows)
    np.testing.assert_allclose(losses[0], recordings.load("rope")["arm_losses"][arm, 0, :31], atol=5e-3)


@pytest.mark.checkpoint
@pytest.mark.parametrize("way", range(3))
def test_a_context_far_back_reads_as_recorded(real_model, way):
    ids, gap = np.array(real_model.encode(novel())), 5
    found = rope_experiment.reads_apart(
        real_model, ids[: rope_experiment.HALF + 12], rope_experiment.GAPS[gap], rope_experiment.WAYS[way]
    )
    np.testing.assert_allclose(found, recordings.load("rope")["gap_losses"][way, gap, 0, :11], atol=2e-2)


@pytest.mark.checkpoint
@pytest.mark.parametrize("kind", range(2))
def test_some_pairs_far_and_some_tokens_far_read_as_recorded(real_model, kind):
    recording = recordings.load("rope")
    ids = np.array(real_model.encode(novel()))[: rope_experiment.HALF + 12]
    found = rope_experiment.reads_with_pairs_far(real_model, ids, rope_experiment.PAIRS_FAR[kind])
    np.testing.assert_allclose(found, recording["pair_losses"][kind, 0, :11], atol=2e-2)
    n = rope_experiment.FIRST[kind]
    found = rope_experiment.reads_apart(real_model, ids, rope_experiment.FAR, rope_experiment.WAYS[0], n)
    np.testing.assert_allclose(found, recording["first_losses"][kind, 0, :11], atol=2e-2)


# --- Sharpness ---


def test_sharpness_begins_as_recorded():
    recording = recordings.load("optimizers")
    sharp, losses, rises = optimizers_experiment.follow(0.1, n_steps=200)
    np.testing.assert_allclose(sharp, recording["sharpness"][0][:3], rtol=1e-3)
    np.testing.assert_allclose(losses, recording["losses"][0][:3], rtol=1e-3)
    assert rises == 0


@pytest.mark.parametrize("row", range(3))
def test_all_precisions_begin_as_recorded(row):
    recording = recordings.load("training_phases")
    precision = list(precision_experiment.PRECISIONS)[row]
    history = precision_experiment.learn(precision, 1, n_steps=200)
    np.testing.assert_allclose(history.train_loss, recording["train_loss"][row, 1, :2], rtol=2e-2)
    np.testing.assert_allclose(history.test_accuracy, recording["test_accuracy"][row, 1, :2], atol=0.01)
    np.testing.assert_allclose(history.weight_norm, recording["weight_norm"][row, 1, :2], rtol=1e-3)


@pytest.mark.checkpoint
def test_a_cache_that_forgets_reads_as_recorded(real_model):
    recording = recordings.load("kv_cache")
    ids = np.array(real_model.encode(novel())[: cache_experiment.SKIP + 20])
    whole = cache_experiment.reads(real_model, ids)
    np.testing.assert_allclose(whole, recording["whole_losses"][:19], atol=5e-3)
    near = cache_experiment.reads(real_model, ids, cache_experiment.KEPT[0], cache_experiment.FIRST[1])
    np.testing.assert_allclose(near, recording["kept_losses"][0, 1, :19], atol=5e-3)
    other = cache_experiment.reads(real_model, ids, cache_experiment.KEPT[0], 1, cache_experiment.OTHER)
    np.testing.assert_allclose(other, recording["other_losses"][0, :19], atol=5e-3)


# --- SmolLM2 in fewer bits ---


@pytest.mark.checkpoint
@pytest.mark.parametrize(
    "way",
    [
        "4 bits, row, symmetric",
        "3 bits, 32, zero point",
        "NVFP4",
        "4 bits, one a row, turned",
        "Q4_1, blocks shifted",
    ],
)
def test_a_rounded_model_reads_as_recorded(real_model, way):
    recording = recordings.load("quantization")
    i = recording.provenance["settings"]["ways"].index(way)
    changed, n_bytes, moved = quantization_experiment.requantized(real_model, way)
    assert n_bytes == recording["matrix_bytes"][i]
    assert moved == pytest.approx(recording["moved"][i], rel=1e-3)
    windows = quantization_experiment.windows_of(real_model)[:1, :32]
    losses = quantization_experiment.reads(changed, windows)
    np.testing.assert_allclose(losses[0], recording["losses"][i, 0, :31], atol=3e-2)
