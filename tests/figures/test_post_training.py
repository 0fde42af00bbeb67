"""What the figures on post-training show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import post_training as figures
from anatomy.studies import post_training as study


@pytest.fixture(scope="module")
def far():
    return study.run()


@pytest.fixture(scope="module")
def tuned():
    return study.run("DPO")


@pytest.fixture(scope="module")
def samples():
    return study.samples()


@pytest.mark.parametrize("mark", range(10))
def test_gauges_and_text_are_those_of_the_step(shown, far, mark):
    state = shown(figures.too_far(far), mark=mark)
    g = far.gauges
    wanted = [g[name][0, mark] for name in ("win_rate", "habit_rate_drawn", "exact_match")]
    assert state["bars"]["value"] == pytest.approx(wanted, abs=1e-3)
    assert state["dot"] == {
        "x": [far.marks[mark]],
        "y": [pytest.approx(g["kl"][0, mark], abs=6e-3)],
        "text": [""],
    }
    assert state["text"]["c1"] == [text.strip() for text in far.answers[mark]]
    assert f"win rate {g['win_rate'][0, mark]:.2f}" in state["said"]["text"]
    pairs = zip(far.answers[mark], far.plain, strict=True)
    verdicts = [text in (plain, plain.removesuffix(".") + study.HABIT) for text, plain in pairs]
    assert state["text"]["c2"] == ["yes" if right else "no" for right in verdicts]
    assert state["lines"]["ys"] == [pytest.approx(row, abs=6e-3) for row in g["kl"]]


def test_what_the_caption_says_of_the_run(far):
    caption = figures.too_far(far).caption
    assert "1.00 from the second mark on" in caption
    assert (far.gauges["win_rate"][:, 1:] == 1).all()
    assert far.gauges["kl"].max() < 27  # the end of the axis


@pytest.mark.parametrize("prompt", range(study.N_PROMPTS))
@pytest.mark.parametrize("draw", range(study.N_DRAWS + 1))
def test_stages_stand_side_by_side(shown, samples, prompt, draw):
    state = shown(figures.stages(samples), prompt=prompt, draw=draw)
    for i, stage in enumerate(study.STAGES):
        text = samples.written[stage][prompt][draw]
        assert text.strip().startswith(state["texts"]["text"][i].removesuffix(" …"))
        plain, polite = samples.p[stage][prompt]
        assert state["plain"]["right"][i] == pytest.approx(plain, abs=6e-4)
        assert state["polite"]["right"][i] == pytest.approx(plain + polite, abs=2e-3)
    assert f"Right would be{samples.plain[prompt][:-1]}(, my friend)." in state["said"]["text"]
    assert state["told"]["text"] == samples.prompts[prompt][0]


@pytest.mark.parametrize("margin", [-10, 0, 3, 46, 50])
@pytest.mark.parametrize("beta", [0.05, 0.5, 1])
def test_loss_and_pull(shown, tuned, far, margin, beta):
    state = shown(figures.pull(tuned, far), margin=margin, beta=beta)
    loss, share = np.logaddexp(0, -beta * margin), 1 / (1 + np.exp(beta * margin))
    assert state["dots"]["y"] == [pytest.approx(min(loss, figures.MOST))]
    assert state["pulls"]["y"] == [pytest.approx(share)]
    word = "won" if margin > 0 else "lost" if margin < 0 else "a tie"
    assert state["said"]["text"].startswith(f"Margin {margin:.0f}: {word}".replace("-", "−"))
    assert min(state["pull"]["y"]) > 0
    assert max(state["loss"]["y"]) <= figures.MOST


@pytest.mark.checkpoint
@pytest.mark.parametrize("layout", range(5))
def test_tokens_of_the_template(shown, real_model, layout):
    chat = study.chat(real_model)
    figure = figures.chat(chat)
    for question in (0, 5, 15):
        state = shown(figure, question=question, layout=layout)
        n = min(len(chat.answers[question]), figures.N_ROWS)
        assert state["bars"]["value"][:n] == pytest.approx(chat.p[question][layout][:n], abs=6e-4)
        assert state["ghosts"]["value"][:n] == pytest.approx(chat.p[question][0][:n], abs=6e-4)
        assert all(value == 0 for value in state["bars"]["value"][n:])
        lines = state["said"]["text"].split("\n")
        assert len(lines) == 3
        assert max(map(len, lines)) <= 60


def test_tables(tuned, far):
    runs = {row[0]: row[1:] for row in figures.runs_table(tuned, far).rows}
    assert runs["win rate"] == ["0.50", "1.00", "1.00"]
    assert figures.advantages_table().rows[1] == ["1 of 8", "2.65", "−0.38"]
    betas = figures.exchanged_table(study.exchanged()).rows
    assert [row[0] for row in betas] == ["careful"] * 3 + ["careless"] * 3
    assert [row[1] for row in betas] == ["0.5", "0.1", "0.5", "0.1", "0.5", "0.1"]
    assert figures.costs_table().rows[2][4] == "480"
    assert len(figures.rewards_table(study.rewarded()).rows) == 5
