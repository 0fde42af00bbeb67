"""What the chapter on the cache counts and reads from recordings."""

import numpy as np
import pytest

from anatomy.kv_cache import cache_bytes
from anatomy.model import PUBLISHED
from anatomy.studies import kv_cache as study

CARD = (24, 1000, 150)


def test_what_fits_by_hand():
    llama = PUBLISHED["Llama-3-8B"]
    found = study.serving(llama, 8192, 2, 16, CARD)
    assert found.weights == 2 * 8_030_261_248
    assert found.cache == 2 * 32 * 8 * 128 * 2 * 8192
    assert found.fits
    assert (
        found.weights + found.largest * found.cache
        <= 24e9
        < found.weights + (found.largest + 1) * found.cache
    )
    assert found.bound == pytest.approx(2e12 / (2 * 7_504_924_672 + 2 * found.cache))  # not the embedding
    assert not study.serving(llama, 8192, 8, 16, CARD).fits
    assert study.serving(PUBLISHED["Llama-3-70B"], 8192, 1, 16, CARD).largest == 0


def test_a_window_stops_the_cache():
    mistral = PUBLISHED["Mistral-7B"]
    assert study.serving(mistral, 8192, 1, 16, CARD).cache == cache_bytes(mistral, 4096)
    rows = {row[0]: row for row in study.cost_rows()}
    assert rows["Mistral-7B"][3] == rows["Mistral-7B"][4]
    assert rows["Llama-3-8B"][1] == "131.1"


def test_the_recording_says_what_the_chapter_says():
    found = study.recorded()
    assert found.difference < 1e-3
    for with_cache, without in found.seconds.values():
        assert without > 2 * with_cache
    weights = 4 * PUBLISHED["SmolLM2-135M"].n_parameters() / 1e9
    assert found.seconds[16][0] > weights / found.bandwidth  # a bound is a bound
    perplexity = {key: np.exp(losses.mean()) for key, losses in found.losses.items()}
    for kept in (64, 128, 255):
        assert perplexity[kept, 0] > 1.5 * perplexity[kept, 1]
        assert perplexity[kept, 4] == pytest.approx(perplexity[kept, 1], rel=0.02)
    said = study.told_of_recorded(found)
    assert said["row"] > 3 * said["row_error"]
    assert abs(said["other"]) < said["row"] / 10
    assert abs(said["four"]) < 0.02
    kept, silent, none = (float(said[f"{key}"]) for key in ("kept_64_1", "ppl_silent", "kept_64_0"))
    assert kept + 10 < silent < none / 3
    assert abs(float(said["ppl_newline"]) - kept) < 2


def test_a_table_of_pairs_is_a_fair_draft():
    found = study.draft(8)
    np.testing.assert_allclose(found.p.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(found.q.sum(axis=-1), 1)
    assert 0.4 < found.accepted.mean() < 0.7
    # the rule gives the large model's distribution back, exactly
    kept = found.q * np.minimum(1, found.p / found.q)
    left = np.maximum(0, found.p - found.q)
    result = kept + (1 - kept.sum(-1, keepdims=True)) * left / left.sum(-1, keepdims=True)
    np.testing.assert_allclose(result, found.p, atol=1e-9)
