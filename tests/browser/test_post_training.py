"""The chapter on post-training: every control by keys, and the page's run against the recording."""

import pytest

from anatomy import recordings

STEM = "post-training"
CONTROLS = {  # figure -> how, which control, key
    "pull": [("slide", "Margin, nats", "ArrowRight"), ("slide", "β", "ArrowLeft")],
    "stages": [("choose", "After a tale", "Home"), ("choose", "Tokens", "ArrowDown")],
    "too-far": [("slide", "Steps, one mark at a time", "ArrowLeft")],
    "chat": [("choose", "Question", "ArrowDown"), ("choose", "Laid out", "Home")],
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_works_by_keys(opened, name, width):
    opened(name, width).works_by_keys(CONTROLS[name])


def test_the_slider_walks_the_recorded_run(opened):
    found = recordings.load("post_training").part("over-optimised")
    figure = opened("too-far")
    figure.slide("Steps, one mark at a time", "Home")
    for mark, answers in enumerate(found["answers"].tolist()):
        texts = figure.columns("c0", "c1", "c2")["c1"]
        assert texts == [answer.strip() for answer in answers]
        assert f"win rate {found['win_rate'][0, mark]:.2f}" in figure.titles()[0]
        assert f"{found['kl'][0, mark]:.1f} nats" in figure.titles()[1]
        figure.slide("Steps, one mark at a time", "ArrowRight")
