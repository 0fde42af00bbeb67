"""What the figures on many heads show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import multi_head_attention as figures
from anatomy.model import PUBLISHED
from anatomy.studies import multi_head_attention as study

TOKENS = ["The", " red", " car", " hit", " the", " blue", " boat", " and", " the", " red", " car"]


@pytest.fixture(scope="module")
def found():
    return study.heads()


@pytest.fixture(scope="module")
def heads(found):
    return figures.heads(found, TOKENS)


@pytest.mark.parametrize("across", range(5))
@pytest.mark.parametrize("rank", [1, 8, 270])
def test_each_head_has_its_rank_its_place_and_its_map(shown, found, heads, across, rank):
    name = list(study.SCORES)[across]
    state = shown(heads, across=across, rank=rank)
    head = found.order(name)[rank - 1]
    layer, number = found.place(head)
    assert state["said"]["text"].startswith(f"layer {layer}, head {number}: rank {rank} of 270")
    assert state["here"]["x"] == [pytest.approx(found.scores[name][head], abs=1e-3)]
    n = len(TOKENS)
    rows, columns = np.tril_indices(n)
    cells = np.array(state["cells"]["value"], float).reshape(n, n)
    assert cells[rows, columns] == pytest.approx(found.maps[head] / 255)
    assert np.isnan(cells[0, 1:]).all()


def test_pointing_picks_the_rank(shown, found, heads):
    state = shown(heads, across=1)
    order = found.order("previous")
    assert [state["heads"]["pick"][head] for head in order] == list(range(1, 271))


def test_sorted_anew_the_head_stays(shown, found, heads):
    before = {"across": 0, "up": 4, "rank": 3}
    state = shown(heads, before, across=2, up=4, rank=3)
    head = found.order("induction")[2]
    assert found.order("sink")[state["rank"]["value"] - 1] == head


@pytest.fixture(scope="module")
def toy():
    return figures.toy(study.toy())


@pytest.mark.parametrize("silent", [(), (0,), (4, 5, 6, 7), (1, 4), tuple(range(8))])
def test_the_toy_without_any_set(shown, toy, silent):
    recorded = study.toy()
    state = shown(toy, **{f"off_{i}": i in silent for i in range(8)})
    assert state["total"]["value"][0] == pytest.approx(recorded.without(*silent), rel=1e-4)
    alone = sum(recorded.without(i) - recorded.without() for i in silent)
    assert state["total"]["value"][1] == pytest.approx(recorded.without() + alone, rel=1e-3)


@pytest.mark.parametrize("model", range(len(study.MODELS)))
def test_sharing_is_the_studys(shown, model):
    figure = figures.sharing()
    config = PUBLISHED[study.MODELS[model]]
    for share, n in enumerate(k for k in range(config.n_heads, 0, -1) if config.n_heads % k == 0):
        state = shown(figure, model=model, share=share)
        full, own = study.sharing(config, config.n_heads), study.sharing(config, n)
        assert state["bars"]["value"] == pytest.approx([own[0] / full[0], own[1] / full[1]])
        assert ("as published" in state["said"]["text"]) == (n == config.n_kv_heads)


@pytest.mark.parametrize("model", range(1, len(study.MODELS)))
def test_another_model_opens_as_published(shown, model):
    state = shown(figures.sharing(), {"model": 0, "share": 1}, model=model, share=1)
    assert "as published" in state["said"]["text"]
