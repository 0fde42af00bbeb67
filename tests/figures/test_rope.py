"""What the figures on positions show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import rope as figures
from anatomy.rope import rotate
from anatomy.studies import rope as study


@pytest.fixture(scope="module")
def hands():
    return figures.hands()


@pytest.mark.parametrize("base", range(3))
@pytest.mark.parametrize("position", [0, 17, 2000])
def test_hands_and_score_are_numpys(shown, hands, base, position):
    found = shown(hands, position=position, distance=5, base=base)
    value = figures.BASES[base]
    assert f"score {study.toy_score(position, 5, value):.2f}" in found["said"]["text"].replace("−", "-")
    turned = rotate(study.Q[None], [position + 5], value)[0]
    angles = np.arctan2(turned[1::2], turned[0::2])
    difference = np.exp(1j * np.array(found["queries"]["angle"])) / np.exp(1j * angles)
    np.testing.assert_allclose(difference, 1, atol=1e-3)


def test_sliding_both_words_leaves_the_score(shown, hands):
    words = {shown(hands, position=p)["said"]["text"].split("score")[1] for p in (0, 1, 500, 1999)}
    assert len(words) == 1
    assert shown(hands, distance=10)["said"]["text"].split("score")[1] not in words


@pytest.mark.checkpoint
def test_each_curve_by_distance(shown, real_model):
    found = study.by_distance(real_model)
    figure = figures.distance(found)
    curves = [*found.heads.values(), found.equal, found.random]
    for i, curve in enumerate(curves):
        for d in (0, 1, len(found.distances) - 1):
            state = shown(figure, curve=i, distance=d)
            assert state["dot"]["y"] == [pytest.approx(curve[d], abs=0.02)]


def test_pairings_in_every_state(shown):
    found = study.pairings()
    figure = figures.pairing(found)
    table = found.by_place()
    for prompt in range(len(found.prompts)):
        for place in range(len(study.PLACES)):
            state = shown(figure, prompt=prompt, place=place)
            assert state["dots"]["y"] == pytest.approx(table[place, :, 0], rel=1e-3)
            assert [word.replace("·", " ") for word in state["answers"]["c1"]] == [
                row[prompt] for row in found.next_tokens
            ]


def test_gaps_in_every_state(shown):
    found = study.apart()
    figure = figures.apart(found)
    means, _ = found.means()
    for gap in range(len(found.gaps)):
        assert shown(figure, gap=gap)["dots"]["y"] == pytest.approx(means[:, gap], rel=1e-3)
