"""What the chapter on quantization measures."""

import numpy as np
import pytest

from anatomy.kv_cache import cache_bytes
from anatomy.model import PUBLISHED
from anatomy.studies import quantization as study
from anatomy.studies.kv_cache import CARDS


def test_an_outlier_takes_the_values_of_its_neighbours():
    used = [study.with_outlier(value).used for value in (0.9, 2, 4, 8)]
    assert used == sorted(used, reverse=True)
    assert used[0] >= 12
    assert used[-1] <= 3
    far, near = study.with_outlier(8.0), study.with_outlier(8.0, group=8)
    assert near.error < far.error / 3
    assert near.neighbours == 7
    assert study.with_outlier(8.0, turned=True).error < far.error / 3


def test_the_codes_of_the_toy_stand_on_no_edge():
    """So that no rounding of another processor changes what the page says."""
    for turned in (False, True):
        for value in (0.9, 8.0):
            x = study.WEIGHTS.copy()
            x[study.AT] = value
            x = study.hadamard(x) if turned else x
            steps = x / (abs(x).max() / 7)
            assert abs(abs(steps - np.trunc(steps)) - 0.5).min() > 1e-6


def test_smollm2_rounded_anew():
    found = study.requantized()
    mean, low, high = (dict(zip(found.ways, values, strict=True)) for values in found.perplexity())
    assert all(low[way] < mean[way] < high[way] for way in found.ways)
    for kind in study.KINDS:
        for bits in (4, 3):
            by_group = [mean[f"{bits} bits, {group}, {kind}"] for group in study.GROUPS]
            assert by_group == sorted(by_group, reverse=True)
        for group in study.GROUPS:
            by_bits = [mean[f"{bits} bits, {group}, {kind}"] for bits in (4, 3, 2)]
            assert by_bits == sorted(by_bits)
            assert mean[f"2 bits, {group}, {kind}"] > 1000
    assert mean["4 bits, tensor, symmetric"] > 49_152
    change, error = found.change("8 bits, row, symmetric")
    assert abs(change) < 4 * error


def test_what_was_rounded_to_a_format_costs_nothing_in_it():
    found = study.requantized()
    change, _ = found.change(study.AGAIN)
    assert abs(change) < 1e-3
    shifted, error = found.change(study.SHIFTED)
    assert shifted > 5 * error  # the control


def test_four_bit_formats_in_order():
    found = study.requantized()
    difference = {way: found.losses[found.ways.index(way)].reshape(-1) for way in ("MXFP4", "NVFP4", "NF4")}
    for better, worse in (("NVFP4", "MXFP4"), ("NF4", "MXFP4")):
        d = difference[worse] - difference[better]
        assert d.mean() > 4 * d.std(ddof=1) / d.size**0.5


def test_turning_moves_the_weights_less_and_does_not_lower_the_loss():
    found = study.requantized()
    moved = dict(zip(found.ways, found.moved, strict=True))
    for turned, plain in (
        ("4 bits, one for 32, turned", "4 bits, 32, symmetric"),
        ("4 bits, one a row, turned", "4 bits, row, symmetric"),
    ):
        assert moved[turned] < moved[plain]
        change, error = found.change(turned, than=plain)
        assert change > -error


def test_bytes_count_the_scales():
    found = study.requantized()
    per_weight = dict(zip(found.ways, found.per_weight(), strict=True))
    assert per_weight["4 bits, 32, symmetric"] == pytest.approx(4.5)
    assert per_weight[study.AGAIN] == pytest.approx(5)
    assert per_weight["MXFP4"] == pytest.approx(4.25)
    assert per_weight["NVFP4"] == pytest.approx(4.5, abs=1e-3)
    assert 4 < per_weight["4 bits, tensor, symmetric"] < 4.0001


def test_the_controls_say_what_the_chapter_says():
    found = study.requantized()
    assert found.ways[-study.N_CONTROLS :][0] == "4 bits, 16, symmetric"
    moved = dict(zip(found.ways, found.moved, strict=True))
    assert moved["MXFP4, scale up"] == pytest.approx(moved["MXFP4"], rel=0.05)
    for way, than, most in (
        ("MXFP4, scale up", "MXFP4", -3),  # each change in standard errors
        ("MXFP4, any scale", "MXFP4, scale up", -2.5),
        ("3 bits, 32, zero point", "3 bits, 16, symmetric", -3),
        ("4 bits, 32, symmetric", "4 bits, 32, other axis", -3),
        ("4 bits, row, symmetric", "4 bits, one a row, turned", -2.5),
    ):
        change, error = found.change(way, than=than)
        assert change < most * error, way
    change, error = found.change("4 bits, 32, zero point", than="4 bits, 16, symmetric")
    assert abs(change) < 2 * error
    mean = dict(zip(found.ways, found.perplexity()[0], strict=True))
    assert mean["4 bits, tensor, a thousandth kept"] < 100 < mean["4 bits, tensor, symmetric"] / 1000


def test_from_a_few_hundred_tokens_on_a_cache_takes_longer_than_its_arithmetic():
    config = PUBLISHED["Llama-3-8B"]
    n = study.cache_even(config)
    assert n * cache_bytes(config, 1) / study.BANDWIDTH == pytest.approx(study.seconds(config, 16, 1)[1])
    assert 700 < n < 850


def test_the_card_is_that_of_the_chapter_before():
    assert (24, study.BANDWIDTH / 1e9, study.SPEED / 1e12) in CARDS.values()


@pytest.mark.checkpoint
def test_the_shipped_file(real_model):
    sizes = study.shipped()
    assert sizes["Q4_1"][0] == 210
    assert sizes["Q4_1"][2] * 8 / sizes["Q4_1"][1] == 5
    assert sizes["Q8_0"][2] * 8 / sizes["Q8_0"][1] == 8.5
    assert sum(size[1] for size in sizes.values()) == PUBLISHED["SmolLM2-135M"].n_parameters()


def test_from_the_balance_on_arithmetic_takes_longer():
    config = PUBLISHED["Llama-3-8B"]
    for bits in (16, 4.5):
        n = study.balance(config, bits)
        for batch, reads_longer in ((0.9 * n, True), (1.1 * n, False)):
            reading, arithmetic = study.seconds(config, bits, batch)
            assert (reading > arithmetic) == reads_longer
