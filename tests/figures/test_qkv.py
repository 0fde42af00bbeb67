"""What the figures on queries, keys and values show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import qkv as figures
from anatomy.qkv import attend_in_steps, causal_mask, project
from anatomy.studies import qkv as study

N = len(study.TOKENS)


@pytest.fixture(scope="module")
def arrows():
    return figures.arrows()


@pytest.fixture(scope="module")
def stages():
    return figures.stages()


def test_the_query_moves_the_weights(shown, arrows):
    _, k, v = project(study.X, study.W_Q, study.W_K, study.W_V)
    for x, y in ((3, 0), (0, 0), (-3, 2.5), (2.6, 1.6)):
        found = shown(arrows, x=x, y=y)
        steps = attend_in_steps(np.array([[x, y]], float), k, v)
        assert found["bars"]["value"] == pytest.approx(steps.weights[0])
        assert [found["mixed_tip"]["x"][0], found["mixed_tip"]["y"][0]] == pytest.approx(steps.mixed[0])


@pytest.mark.parametrize("hand", range(1, N + 1))
def test_a_key_in_the_hand_moves_the_weights(shown, arrows, hand):
    _, k, v = project(study.X, study.W_Q, study.W_K, study.W_V)
    for place in ((0, 0), (3, 0), (-1.5, 2.5)):
        found = shown(arrows, hand=hand, kx=place[0], ky=place[1])
        moved = k.copy()
        moved[hand - 1] = place
        steps = attend_in_steps(np.array([[3, 0]], float), moved, v)
        assert found["bars"]["value"] == pytest.approx(steps.weights[0])
        assert [found["mixed_tip"]["x"][0], found["mixed_tip"]["y"][0]] == pytest.approx(steps.mixed[0])
        assert found["kx"]["visible"] is True
        assert found["x"]["visible"] is False


@pytest.mark.parametrize(
    "state", [{"angle": 45}, {"angle": 180}, {"stretch": 1.4}, {"angle": 75, "stretch": 0.7}]
)
def test_turned_together_or_stretched_against_each_other_no_score_moves(shown, arrows, state):
    before, after = shown(arrows), shown(arrows, **state)
    assert after["bars"]["text"] == before["bars"]["text"]
    assert after["key_tips"]["x"] != before["key_tips"]["x"]


@pytest.mark.parametrize("angle", [0, 45, 60, 90, 195, 300])
@pytest.mark.parametrize("stretch", [0.7, 1, 1.4])
def test_the_arrows_and_the_querys_name_stay_in_the_plane(shown, arrows, angle, stretch):
    units = 6.4 / 80  # a pixel of a plane on the phone, and 6.4 / 110 up and down
    for x, y in ((3, 0), (3, 2.5), (-3, -2.5)):
        held = {"x": x, "y": y} if stretch > 1 else {"hand": 1, "kx": x, "ky": y}
        found = shown(arrows, {"hand": held.get("hand", 0)}, angle=angle, stretch=stretch, **held)
        tip = found["query_tip" if stretch > 1 else "key_tips"]
        assert abs(tip["x"][0]) < 6 > abs(tip["y"][0])
        name = found["query_tip"]
        assert abs(name["x"][0] + name["dx"][0] * units) + 8 * units < 6.4
        assert abs(name["y"][0] + name["dy"][0] * 6.4 / 110) < 6.4


def test_without_the_root_it_is_sharper(shown, arrows):
    assert shown(arrows, x=1, root=False)["bars"]["value"][0] > shown(arrows, x=1)["bars"]["value"][0]


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("last", range(N))
def test_stages_are_numpys(shown, stages, mask, last):
    x = np.vstack([study.X[:-1], study.X[last]])
    steps = attend_in_steps(*project(x, study.W_Q, study.W_K, study.W_V), causal_mask(N) if mask else None)
    weights = shown(stages, stage=3, last=last, mask=mask)
    assert np.array(weights["cells"]["value"]).reshape(N, N) / 6 == pytest.approx(steps.weights)
    scores = shown(stages, stage=0, last=last, mask=mask)
    assert np.array(scores["cells"]["value"]).reshape(N, N) == pytest.approx(steps.scores)
    masked = shown(stages, stage=2, last=last, mask=mask)["cells"]["text"]
    assert masked.count("−∞") == (N * (N - 1) // 2 if mask else 0)
    assert weights["cells_columns"]["labels"][-1] == study.TOKENS[last]


def test_another_last_token_moves_no_row_above(shown, stages):
    before = shown(stages)["cells"]["text"][: N * (N - 1)]
    assert shown(stages, last=0)["cells"]["text"][: N * (N - 1)] == before
    free = shown(stages, mask=False)["cells"]["text"][: N * (N - 1)]
    assert shown(stages, mask=False, last=0)["cells"]["text"][: N * (N - 1)] != free


def test_a_cell_opens_to_its_products(shown, stages):
    said = shown(stages)["said"]["text"].split("\n")
    assert said[1:] == [
        "car asks red: q · k =",
        "3 × 2 + 0 × −0.50 = 6",
        "÷ √2 = 4.24; e to that is 69.6 of 70.6",
    ]
    assert "comes later: masked" in shown(stages, cell=3, stage=2)["said"]["text"]


def test_saturation_in_every_state(shown):
    found = study.saturation()
    figure = figures.saturation(found)
    for i in range(len(found.dimensions)):
        state = shown(figure, d=i)
        assert state["dots"]["y"] == pytest.approx(found.largest[:, i], rel=1e-2)
        assert state["bars_scaled"]["value"] == pytest.approx(found.sorted[1, i], rel=1e-2, abs=1e-4)


@pytest.mark.checkpoint
def test_each_cell_of_the_real_head_adds_up(shown, real_model):
    found = study.real_head(real_model)
    figure = figures.head(found)
    n, d = found.q.shape
    for cell in range(n * n):
        i, j = divmod(cell, n)
        rows = shown(figure, cell=cell)["products"]
        products = found.q[i] * found.k[j]
        numbers = [float(word.replace("−", "-")) for word in rows["c3"] if word != "masked, 0"]
        assert numbers[:6] != [0] * 6
        assert sum(numbers[:6]) == pytest.approx(products.sum(), abs=0.5)
        assert numbers[6] == pytest.approx(products.sum(), abs=0.06)
        assert numbers[7] == pytest.approx(products.sum() / np.sqrt(d), abs=0.006)
        if j > i:
            assert [len(numbers), numbers[-1]] == [9, 0]
        else:
            raised = np.exp(found.scores[i, : i + 1])
            assert numbers[8] == pytest.approx(raised[j], abs=0.006)
            assert float(rows["c0"][-1].split()[2]) == pytest.approx(raised.sum(), abs=0.02)
            assert numbers[9] == pytest.approx(raised[j] / raised.sum(), abs=0.006)
        assert sorted(abs(products))[-1] == pytest.approx(abs(numbers[0]), abs=0.06)
    assert "weight 0.87" in shown(figure)["said"]["text"]
