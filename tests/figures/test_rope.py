"""What the figures on positions show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import rope as figures
from anatomy.rope import rotate
from anatomy.studies import rope as study
from anatomy.studies import signed


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
        for d in (0, 1, 20, len(found.bands) - 1):
            state = shown(figure, curve=i, distance=d)
            assert state["dot"]["y"] == [pytest.approx(curve[d, 0], abs=0.02)]
            assert state["dot"]["x"] == [state["line"]["x"][d]]
            assert state["range"]["low"][d] == pytest.approx(curve[d, 1], abs=0.02)
            assert state["range"]["high"][d] == pytest.approx(curve[d, 2], abs=0.02)
    assert "20 apart: mean score" in shown(figure, curve=0, distance=20)["said"]["text"]
    last = shown(figure, curve=0, distance=len(found.bands) - 1)["said"]["text"]
    mean, low, high = (figures.fixed(value, 1) for value in curves[0][-1])
    assert f"897 to 1,024 apart: {mean} ({low} to {high})" in last
    rows = {row[0]: row[1] for row in figure.data.rows}
    assert rows["1"].startswith(f"{curves[0][1, 0]:.1f} ± ")
    assert "897 to 1,024" in rows


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
    (means, errors), (harms, harm_errors) = found.means(), found.harms()
    for gap in range(len(found.gaps)):
        state = shown(figure, gap=gap)
        assert state["dots"]["y"] == pytest.approx(means[:, gap], rel=1e-3)
        assert state["ledger"]["c1"][0] == f"{means[0, gap]:.2f} ± {errors[0, gap]:.2f}"
        assert state["ledger"]["c2"][:3] == [
            f"{signed(harms[w, gap], '+.2f')} ± {harm_errors[w, gap]:.2f}" for w in range(3)
        ]
        assert ("right after" in state["said"]["text"]) == (gap == 0)
