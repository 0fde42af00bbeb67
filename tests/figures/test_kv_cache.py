"""What the figures on the cache show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import kv_cache as figures
from anatomy.model import PUBLISHED
from anatomy.studies import kv_cache as study


@pytest.fixture(scope="module")
def fits():
    return figures.fits()


@pytest.mark.parametrize("model", range(len(study.MODELS)))
@pytest.mark.parametrize("card", range(3))
@pytest.mark.parametrize(("context", "batch", "precision"), [(7, 0, 0), (13, 2, 1), (17, 8, 2)])
def test_it_says_what_fits_and_how_fast(shown, fits, model, card, context, batch, precision):
    found = shown(fits, model=model, card=card, context=context, batch=batch, precision=precision)
    chosen = list(study.CARDS.values())[card]
    config = PUBLISHED[study.MODELS[model]]
    expected = study.serving(config, 2**context, 2**batch, study.BITS[precision], chosen)
    assert ("fits; at most" in found["said"]["text"]) == expected.fits
    if expected.fits:
        assert f"at most {expected.bound:,.0f} tokens a second" in found["said"]["text"]
    whole = chosen[0] * 1e9
    assert found["weights"]["right"] == [pytest.approx(min(expected.weights / whole, 1.6))]
    assert found["cache"]["left"] == found["weights"]["right"]


def test_a_model_of_your_own_is_counted_like_one_that_is_published(shown, fits):
    llama = PUBLISHED["Llama-3-8B"]
    own = {
        "parameters": llama.n_parameters() / 1e9, "n_layers": llama.n_layers, "n_heads": llama.n_heads,
        "n_kv_heads": llama.n_kv_heads, "d_head": llama.d_head,
    }  # fmt: skip
    published = shown(fits, model=study.MODELS.index("Llama-3-8B"))
    mine = shown(fits, model=len(study.MODELS), **own)
    for part in ("weights", "cache", "words"):
        assert mine[part] == published[part]
    assert (
        mine["phases"]["c1"][1] == published["phases"]["c1"][1]
    )  # attention; of the rest, one knows the sum only
    assert mine["n_layers"] == {"visible": True}
    assert published["n_layers"] == {"visible": False}


def test_a_card_of_your_own_is_asked_for_and_counted(shown, fits):
    listed = shown(fits, card=2)
    mine = shown(fits, card=len(study.CARDS), memory=80, bandwidth=3000, speed=900)
    for name in ("said", "phases", "weights", "cache"):
        assert mine[name] == listed[name], name
    assert mine["memory"]["visible"]
    assert not listed["memory"]["visible"]
    assert shown(fits, card=len(study.CARDS), memory=None)["weights"]["right"] == [
        1.6
    ]  # an emptied field counts as 1


@pytest.mark.parametrize("name", study.MODELS)
@pytest.mark.parametrize("context", [12, 13, 17])
def test_a_context_beyond_training_is_marked(shown, fits, name, context):
    trained = PUBLISHED[name].n_context
    words = shown(fits, model=study.MODELS.index(name), context=context)["words"]["text"][2]
    assert words == (f"more than the {trained:,} tokens it was trained on" if 2**context > trained else "")


def test_the_phases_stand_in_words(shown, fits):
    found = shown(fits, batch=0)["phases"]
    now = study.serving(PUBLISHED["Llama-3-8B"], 8192, 1, 16, (24, 1000, 150))
    assert found["c1"][3] == f"{1000 * now.prompt[3]:.0f} ms"
    assert found["c2"][4] == f"{1000 * now.step[4]:.1f} ms"
    assert found["c2"][3] == f"{1e6 * now.step[3]:.0f} µs"


def test_rows_are_computed_once_with_the_cache(shown):
    figure = figures.rows()
    for step in range(7):
        found = shown(figure, step=step)
        assert len(found["computed"]["x"]) == 4 + step
        assert len(found["computed"]["x"]) + len(found["read"]["x"]) == sum(range(4, 5 + step))
        again = shown(figure, step=step, cached=False)
        assert len(again["computed"]["x"]) == sum(range(4, 5 + step))
        assert again["read"]["x"] == []


def test_what_is_kept(shown):
    recorded = study.recorded()
    figure = figures.evict(recorded)
    for size, kept in enumerate((64, 128, 255)):
        found = shown(figure, size=size)
        expected = [
            recorded.whole,
            *(recorded.losses[kept, first] for first in (0, 1, 4)),
            recorded.others[kept],
        ]
        assert found["bars"]["text"] == [f"{np.exp(losses.mean()):.1f}" for losses in expected]
        assert found["bars_axis"]["labels"][1] == f"last {kept}"
