"""The cache equals recomputation, its bytes equal the formula, and the operations equal a count by loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import kv_cache
from anatomy.kv_cache import Cache
from anatomy.model import PUBLISHED, Config, Weights, forward

SEEDS = st.integers(0, 2**32 - 1)


def small(window=None, n_kv_heads=1):
    return Config(
        n_vocab=11, d_model=12, n_layers=2, n_heads=2, n_kv_heads=n_kv_heads, d_ff=16, window=window
    )


@settings(deadline=None)
@given(
    SEEDS,
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.one_of(st.none(), st.integers(1, 8)),
    st.sampled_from([(), (3,)]),
)
def test_cached_logits_are_recomputed_ones(seed, pieces, window, batch):
    rng = np.random.default_rng(seed)
    config = small(window)
    weights = Weights.random(config, rng)
    ids = rng.integers(0, config.n_vocab, (*batch, sum(pieces)))
    cache = Cache(config.n_layers, window)
    stops = np.cumsum(pieces)
    logits = [
        forward(config, weights, ids[..., stop - n : stop], cache=cache)
        for n, stop in zip(pieces, stops, strict=True)
    ]
    np.testing.assert_allclose(
        np.concatenate(logits, axis=-2), forward(config, weights, ids), rtol=0, atol=1e-4
    )
    assert cache.n_tokens == sum(pieces)
    n_texts = batch[0] if batch else 1
    assert cache.nbytes == n_texts * kv_cache.cache_bytes(config, sum(pieces), bytes_per_number=4)


def test_a_windowed_model_forgets_what_is_far():
    rng = np.random.default_rng(0)
    config = Config(n_vocab=11, d_model=12, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=16, window=3)
    weights = Weights.random(config, rng)
    ids = rng.integers(0, 11, 6)
    other = ids.copy()
    other[:3] = (ids[:3] + 1) % 11
    np.testing.assert_array_equal(
        forward(config, weights, ids)[-1], forward(config, weights, other)[-1]
    )  # one layer, so that nothing reaches further through the layers below
    assert not np.allclose(forward(config, weights, ids)[-2], forward(config, weights, other)[-2])


def test_queries_are_not_kept():
    cache = Cache(1)
    assert set(vars(cache)) == {"n_layers", "window", "k", "v", "kept", "seen"}


def test_clear_forgets():
    cache = Cache(1)
    cache.append(0, np.ones((1, 4, 2)), np.ones((1, 4, 2)))
    assert (cache.n_tokens, cache.nbytes) == (4, 2 * 4 * 2 * 8)
    cache.clear()
    assert (cache.n_tokens, cache.nbytes) == (0, 0)
    k, _ = cache.append(0, np.zeros((1, 1, 2)), np.zeros((1, 1, 2)))
    assert k.shape == (1, 1, 2)


def test_bytes_by_hand():
    """GPT-2 at 1,024 tokens in 16 bits: 2 · 12 layers · 12 heads · 64 · 2 bytes · 1024 = 37,748,736."""
    assert kv_cache.cache_bytes(PUBLISHED["GPT-2"], 1024) == 37_748_736
    llama_2, llama_3 = PUBLISHED["Llama-2-7B"], PUBLISHED["Llama-3-8B"]
    assert kv_cache.cache_bytes(llama_2, 1) == 524_288
    assert kv_cache.cache_bytes(llama_3, 1) == 131_072
    assert kv_cache.cache_bytes(PUBLISHED["Gemma-2B"], 1) == 2 * 18 * 256 * 2
    assert kv_cache.cache_bytes(llama_3, 10, bytes_per_number=0.5) == 327_680
    assert kv_cache.cache_bytes(llama_3, 0) == 0
    mistral = PUBLISHED["Mistral-7B"]
    assert kv_cache.cache_bytes(mistral, 100_000) == kv_cache.cache_bytes(mistral, 4096)


@given(st.integers(0, 12), st.integers(0, 12), st.one_of(st.none(), st.integers(1, 30)))
def test_keys_read_by_counting(n_tokens, n_before, window):
    counted = sum(min(n_before + i + 1, window if window is not None else 10**9) for i in range(n_tokens))
    assert kv_cache.keys_read(small(window), n_tokens, n_before) == counted


@given(st.integers(1, 20), st.integers(0, 20))
def test_a_prefill_is_the_sum_of_its_steps(n_tokens, n_before):
    config = small()
    steps = [kv_cache.flops(config, 1, n_before + i) for i in range(n_tokens)]
    at_once = kv_cache.flops(config, n_tokens, n_before)
    assert at_once == {part: sum(step[part] for step in steps) for part in at_once}


def test_linear_operations_are_two_a_weight():
    config = PUBLISHED["SmolLM2-135M"]
    gains = (2 * config.n_layers + 1) * config.d_model
    assert kv_cache.flops(config, 1)["linear"] == 2 * (config.n_parameters() - gains)
    untied = PUBLISHED["Llama-3-8B"]
    without_lookup = untied.n_parameters() - untied.n_vocab * untied.d_model
    gains = (2 * untied.n_layers + 1) * untied.d_model
    assert kv_cache.flops(untied, 1)["linear"] == 2 * (without_lookup - gains)


def test_generation_by_hand():
    config = small()
    one, two, three = (kv_cache.flops(config, n) for n in (1, 2, 3))
    assert kv_cache.generation_flops(config, 1, 3, cached=False) == {
        part: one[part] + two[part] + three[part] for part in one
    }
    assert kv_cache.generation_flops(config, 1, 3) == three  # each token is read once


LAYER = np.ones((1, 2, 4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Cache(0), "n_layers must be a whole number >= 1, got 0"),
        (lambda: Cache(1, window=0), "window must be a whole number >= 1, got 0"),
        (lambda: Cache(1).append(0, LAYER, LAYER[:, :1]), "k and v must have one shape"),
        (lambda: Cache(2).append(2, LAYER, LAYER), r"layer must be in \[0, 1\], got 2"),
        (lambda: Cache(2).append(-1, LAYER, LAYER), "layer must be a whole number >= 0, got -1"),
        (lambda: kv_cache.cache_bytes(small(), -1), "n_tokens must be a whole number >= 0, got -1"),
        (lambda: kv_cache.cache_bytes(small(), 1, bytes_per_number=0), "bytes_per_number must be > 0, got 0"),
        (lambda: kv_cache.cache_bytes(small(), 1, float("nan")), "bytes_per_number must be > 0, got nan"),
        (lambda: kv_cache.flops(small(), 1.5), r"n_tokens must be a whole number >= 0, got 1\.5"),
        (lambda: kv_cache.flops(small(), 1, n_before=-1), "n_before must be a whole number >= 0, got -1"),
        (lambda: kv_cache.generation_flops(small(), 0, 1), "n_prompt must be a whole number >= 1, got 0"),
        (lambda: kv_cache.generation_flops(small(), 1, 0), "n_new must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_keys_of_another_shape():
    cache = Cache(1)
    cache.append(0, LAYER, LAYER)
    with pytest.raises(ValueError, match="k must fit the cache"):
        cache.append(0, np.ones((2, 2, 4)), np.ones((2, 2, 4)))


@pytest.mark.parametrize(
    ("cache", "window", "message"),
    [
        (Cache(3), None, r"cache must have the 2 layers of the model, got 3; make one with Cache\(2\)"),
        (Cache(1), None, "cache must have the 2 layers of the model, got 1"),
        (Cache(2, window=4), None, "cache must keep the window of the model, None, got window=4"),
        (Cache(2, window=4), 5, r"window of the model, 5, got window=4; make one with Cache\(2, 5\)"),
    ],
)
def test_the_cache_of_another_model_is_refused(cache, window, message):
    config = small(window)
    weights = Weights.random(config, np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        forward(config, weights, [1, 2], cache=cache)
    assert cache.n_tokens == 0


def test_the_cache_of_other_heads_is_refused():
    cache = Cache(2)
    for n_kv_heads in (1, 2):
        config = small(n_kv_heads=n_kv_heads)
        weights = Weights.random(config, np.random.default_rng(0))
        if n_kv_heads == 1:
            forward(config, weights, [1, 2], cache=cache)
    with pytest.raises(ValueError, match="k must fit the cache in every axis but the tokens'"):
        forward(config, weights, [3], cache=cache)


def test_a_cache_may_keep_more_than_the_window():
    config = small(3)
    weights = Weights.random(config, np.random.default_rng(0))
    plain = forward(config, weights, np.arange(9))
    for cache in (Cache(2), Cache(2, 3), Cache(2, 5)):
        logits = [forward(config, weights, [i], cache=cache)[0] for i in range(9)]
        np.testing.assert_allclose(logits, plain, rtol=0, atol=1e-4)


def test_a_cache_of_a_pass_that_broke_off_is_refused():
    config, cache = small(), Cache(2)
    weights = Weights.random(config, np.random.default_rng(0))

    def broken(name, layer, array):
        if layer == 1:
            raise KeyboardInterrupt
        return array

    with pytest.raises(KeyboardInterrupt):
        forward(config, weights, [1, 2], cache=cache, edit=broken)
    with pytest.raises(ValueError, match=r"got \[2, 0\]: a pass broke off; clear\(\) it"):
        forward(config, weights, [3], cache=cache)
    cache.clear()
    forward(config, weights, [1, 2], cache=cache)


def test_whole_numbers_are_kept_as_floats():
    cache = Cache(1)
    cache.append(0, np.ones((1, 1, 2), int), np.ones((1, 1, 2), int))
    k, _ = cache.append(0, np.full((1, 1, 2), 0.5), np.full((1, 1, 2), 0.5))
    assert k.tolist() == [[[1.0, 1.0], [0.5, 0.5]]]
