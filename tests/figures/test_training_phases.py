"""What the figures on training show in every state, without a browser."""

import json

import numpy as np
import pytest

from anatomy.figures import training_phases as figures
from anatomy.studies import training_phases as study


@pytest.fixture(scope="module")
def grokking():
    return study.grokking()


@pytest.fixture(scope="module")
def guess(grokking):
    return figures.guess(grokking[0], grokking[2])


OPEN = {"place": 3.0, "level": 60, "kind": 0, "uncovered": False, "drawn": json.dumps(figures.GUESS)}


def test_the_truth_is_covered_until_asked_for(shown, guess):
    found = shown(guess)
    assert max(found["test"]["x"]) <= 2.001  # nothing beyond the first handle
    assert found["guess"]["y"] == list(figures.GUESS)
    assert "you guess 60%" in found["said"]["text"]


def test_a_guess_is_drawn_handle_by_handle(shown, guess):
    found = shown(guess, OPEN, **{**OPEN, "level": 5})
    expected = list(figures.GUESS)
    expected[2] = 5
    assert found["guess"]["y"] == expected
    assert json.loads(found["drawn"]["value"]) == expected
    # another handle: the slider shows what stands there, nothing is drawn
    moved = shown(
        guess, {**OPEN, "level": 5}, **{**OPEN, "level": 5, "place": 2.0, "drawn": json.dumps(expected)}
    )
    assert moved["level"]["value"] == figures.GUESS[0]
    assert moved["guess"]["y"] == expected


@pytest.mark.parametrize("kind", [0, 1])
def test_uncovered_it_says_how_far_off_the_guess_was(shown, guess, grokking, kind):
    found = shown(guess, kind=kind, uncovered=True)
    run = list(grokking[0].values())[kind]
    truth = [100 * figures.at(run, run.test, mark) for mark in figures.MARKS]
    off = np.abs(np.array(figures.GUESS) - truth).mean()
    said = float(found["said"]["text"].split("off by ")[1].split(" ")[0])
    assert said == pytest.approx(off, abs=3)
    assert ("never 95" in found["said"]["text"]) == (kind == 1)
    assert found["level"]["disabled"]


def test_the_run_is_uncovered_step_by_step(shown):
    found = study.run()
    figure = figures.run(found)
    for i in (0, 3, len(found.steps) - 1):
        state = shown(figure, reveal=i)
        assert state["runs"]["xs"][0] == found.steps[: i + 1].tolist()
        assert f"loss {found.held_out[:, i].mean():.2f}" in state["said"]["text"]
        assert len(state["tale"]["text"]) == 4


def test_few_tales_in_every_size(shown):
    found = study.few()
    figure = figures.few(found)
    for size in range(len(found.sizes)):
        state = shown(figure, size=size)
        assert state["held_out"]["y"] == pytest.approx(found.held_out[size], rel=1e-3)
        assert state["floor"]["y"] == pytest.approx([found.train_floors[size]] * 2, rel=1e-3)
        assert len(state["others"]["xs"]) == len(found.sizes) - 1
        assert "held-out" in state["said"]["text"]


@pytest.mark.parametrize(
    ("size", "reveal", "names"),
    [
        (0, 0, ["200, 1,000, 3,000"]),
        (0, 20, ["200", "1,000, 3,000"]),
        (2, 20, ["50", "200", "3,000"]),
        (2, 5, ["50", "200, 3,000"]),
    ],
)
def test_thin_lines_are_named_where_they_end(shown, size, reveal, names):
    found = study.few()
    state = shown(figures.few(found), size=size, reveal=reveal)
    assert state["names"]["text"] == names
    assert state["names"]["x"] == [found.steps[reveal]] * len(names)
    first = [found.sizes.index(int(name.split(", ")[0].replace(",", ""))) for name in names]
    assert state["names"]["y"] == pytest.approx(found.held_out[first, reveal], rel=1e-3)
    assert state["floor"]["x"] == [0, found.steps[reveal]]


@pytest.mark.parametrize("kind", [0, 1])
def test_inside_shows_each_neurons_spectrum(shown, grokking, kind):
    kinds, start, credit = grokking
    figure = figures.inside(kinds, start, credit)
    for neuron in (0, 5, 11):
        state = shown(figure, kind=kind, neuron=neuron)
        expected = list(kinds.values())[kind].power[0, neuron]
        assert state["bars"]["value"] == pytest.approx(expected, rel=1e-2, abs=1e-4)
        assert state["ghosts"]["value"] == pytest.approx(start[neuron], rel=1e-2, abs=1e-4)
