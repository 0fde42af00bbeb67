"""What the chapter on post-training measures."""

import numpy as np
import pytest

from anatomy import tiny_tales
from anatomy.model import PUBLISHED
from anatomy.studies import post_training as study


@pytest.fixture(scope="module")
def samples():
    return study.samples()


@pytest.fixture(scope="module")
def runs():
    return study.run("DPO"), study.run()


@pytest.fixture(scope="module")
def chat(real_model):
    return study.chat(real_model)


def test_greedy_answers_are_the_recorded_ones(samples, runs):
    tuned, far = runs
    assert [row[0] for row in samples.written["DPO"]] == tuned.answers[-1]
    assert [row[0] for row in samples.written["over-optimised"]] == far.answers[-1]
    assert [row[0] for row in samples.written["SFT"]] == tuned.answers[0] == far.answers[0]


def test_right_answers_stand_in_their_tales(samples):
    for (tale, question), plain in zip(samples.prompts, samples.plain, strict=True):
        facts = tiny_tales.read_tale(tale)
        assert (question, plain.strip().removesuffix(".")) in tiny_tales.questions(facts)


def test_where_the_probability_is(samples):
    both = {stage: p.sum(axis=1) for stage, p in samples.p.items()}
    assert (both["base"] < 1e-3).all()
    assert (both["SFT"] > 0.9).all()
    assert (both["DPO"] > 0.9).all()
    assert (samples.p["DPO"][:, 1] > samples.p["SFT"][:, 1]).all()
    assert (both["over-optimised"] < 0.1).all()


def test_drawing_agrees_with_the_probabilities(samples):
    model = tiny_tales.load("SFT")
    found = study.recordings.load("post_training")
    ids = model.encode(found["prompts"][0].item())
    stop = model.encode(tiny_tales.END)[0]
    drawn = tiny_tales.continue_texts(
        model.config, model.weights, [ids] * 400, study.N_NEW, stop, np.random.default_rng(0)
    )
    polite = samples.plain[0].removesuffix(".") + study.HABIT + tiny_tales.END
    share = np.mean([model.decode(answer) == polite for answer in drawn])
    assert share == pytest.approx(samples.p["SFT"][0, 1], abs=0.08)


def test_what_is_said_of_the_runs(runs):
    tuned, far = runs
    said = study.told_of_runs(tuned, far)
    assert said["won_after"] == 5
    assert (far.gauges["win_rate"][:, 1:] == 1).all()
    assert (
        far.gauges["kl"][:, 2] > np.log(2)
    ).all()  # the third mark: more than a habit of one half can cost
    assert (far.gauges["exact_match"][:, 2] > 0.94).all()
    assert (tuned.gauges["kl"][:, -1] < np.log(2)).all()
    assert said["far_fall_least"] > 5
    assert said["far_rejected_least"] > said["far_fall_most"]
    assert said["far_loss"] < 0.02
    assert far.settings["peak_lr"] == 5 * tuned.settings["peak_lr"]


def test_beta_alone_is_not_to_blame():
    found = study.exchanged()
    right, kl = found.gauges["exact_match"], found.gauges["kl"]
    assert found.betas == [0.5, 0.1, 0.5, 0.1, 0.5, 0.1]
    assert found.rates[0] == found.rates[1] == found.rates[5] == "0.0001, falling"
    assert found.rates[2] == found.rates[3] == found.rates[4] == "0.0005, constant"
    assert (found.gauges["win_rate"] == 1).all()
    assert abs(right[0] - right[1]).max() < 0.02  # careful
    assert abs(kl[0] - kl[1]).max() < 0.05
    assert (right[3] < 0.1).all()  # careless
    assert (abs(right[4] - 0.5) < 0.06).all()
    assert (kl[3:5] > 10 * np.log(2)).all()
    assert (right[5] > 0.9).all()  # careless with the careful rate
    assert (kl[5] < 3).all()
    assert (right[2] < 0.7).all()  # careful with the careless rate
    assert (kl[2] > 6).all()


def test_rewards_raise_the_first_try_only():
    found = study.rewarded()
    said = study.told_of_rewards(found)
    assert said["pass_1_gain"] > 4 * said["pass_1_error"]
    assert abs(found.pass_16[:, -1] - found.pass_16[:, 0]).max() < 0.08
    assert 0.3 < said["silent"] < 0.7
    assert (found.pass_1 <= found.pass_16).all()


@pytest.mark.checkpoint
def test_chat(chat, real_model):
    said = study.told_of_chat(chat)
    assert said["silent_plain"] > 10
    assert said["opens_itself"] == said["n_questions"] == 16
    assert said["first_plain"] - said["first_chat"] > 10 * said["first_plain_error"]
    spelling = said["first_plain"] - said["spaced_plain"]
    assert spelling > (said["first_plain"] - said["first_chat"]) / 2 + 2 * said["spaced_plain_error"]
    assert max(p[2:, 0].max() for p in chat.p) < 0.01  # as the caption says of the last three layouts
    for layout in chat.layouts[2:]:
        first, later = study.surprise(chat, layout)
        whole = study.surprise(chat, "chat template")
        assert first[0] - whole[0][0] > 10 * (later[0] - whole[1][0])
    assert said["later_plain"] - said["later_chat"] < 1
    assert all(p.shape == (5, len(tokens)) for p, tokens in zip(chat.p, chat.answers, strict=True))
    assert "".join(chat.answers[0]) == chat.written[0][0] == "The capital of France is Paris.<|im_end|>"
    assert "".join(study.template_tokens(real_model, "Hi")).endswith(
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_lora_on_every_matrix():
    config = PUBLISHED["SmolLM2-135M"]
    d, f, kv = config.d_model, config.d_ff, config.n_kv_heads * config.d_head
    by_hand = 30 * 8 * (2 * (d + d) + 2 * (d + kv) + 3 * (d + f))
    assert study.lora() == (by_hand, config.n_parameters())


def test_costs_are_passes():
    costs = study.stage_costs()
    assert costs["DPO"] / costs["SFT"] == pytest.approx(8 / 3)
    assert costs["GRPO"] / costs["SFT"] == pytest.approx(4 / 3)
