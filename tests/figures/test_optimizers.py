"""What the figures on optimizers show in every state, without a browser."""

import pytest

from anatomy.figures import optimizers as figures
from anatomy.studies import optimizers as study


@pytest.fixture(scope="module")
def race():
    return figures.race(study.NAMES, study.tuned_rates(), [["SGD", "0.0200", "0.0200"]])


def test_the_edge_divides_growing_from_falling(shown, race):
    above, below = shown(race), shown(race, exponent=-1.72)
    assert "≥ edge 0.0200" in above["said"]["text"]
    assert above["loss"]["y"][-1] > above["loss"]["y"][0]
    assert "< edge 0.0200" in below["said"]["text"]
    assert below["loss"]["y"][-1] < below["loss"]["y"][0]
    assert "edge 0.0380" in shown(race, optimizer=1)["said"]["text"]
    assert "edge 0.0400" in shown(race, condition=50)["said"]["text"]
    assert "no edge" in shown(race, optimizer=4)["said"]["text"]


def test_rosenbrock_has_no_condition_number(shown, race):
    found = shown(race, surface=1)
    assert found["condition"]["disabled"]
    assert found["rotation"]["disabled"]
    assert found["goal"]["x"] == [1]


def test_each_surface_opens_where_its_rates_were_tuned(shown, race):
    found = shown(race, {"surface": 0}, surface=1)
    assert (found["x"]["value"], found["y"]["value"]) == (-1.5, 1)
    assert found["from"]["x"] == [-1.5]
    assert shown(race, {"surface": 1}, surface=0, x=2)["x"]["value"] == -4
    assert shown(race, {"surface": 1}, surface=1, x=2)["x"]["value"] == 2
    for other in range(len(study.NAMES)):  # no dashed line leaves for infinity
        assert len(shown(race, {"surface": 0}, surface=1, other=other)["loss_ghost"]["y"]) == 201


def test_sharpness_shows_the_edge_of_the_chosen_rate(shown):
    figure = figures.sharpness(study.sharpness())
    assert shown(figure, run=0)["edge"]["y"] == [20, 20]
    assert shown(figure, run=2)["edge"]["y"] == [5, 5]
