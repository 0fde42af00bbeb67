"""What the figures on quantization show in every state, without a browser."""

import numpy as np
import pytest

from anatomy.figures import quantization as figures
from anatomy.quantization import FORMATS, bits_per_weight, decode_float, encode_float
from anatomy.studies import quantization as study


@pytest.fixture(scope="module")
def outlier():
    return figures.outlier()


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("rotate", [True, False])
@pytest.mark.parametrize("size", range(4))
@pytest.mark.parametrize("value", [-8, 0.9, 3.3, 8])
def test_the_outlier_in_every_state(shown, outlier, value, size, rotate, symmetric):
    for bits in (2, 4, 8):
        state = shown(outlier, outlier=value, size=size, rotate=rotate, symmetric=symmetric, bits=bits)
        group = study.SIZES[size]
        found = study.with_outlier(value, bits, group, symmetric, rotate)
        used, step, error, per_weight = state["ledger"]["c1"]
        assert (
            abs(int(used) - found.used) <= rotate
        )  # a turned number half-way between two codes goes either way
        assert float(step) == pytest.approx(found.step, abs=6e-4)
        assert float(error.split(",")[0]) == pytest.approx(found.error, abs=6e-4)
        assert float(per_weight) == bits_per_weight(bits, group, symmetric)
        assert len(state["edges"]["xs"]) == (0 if rotate else 32 // group - 1)
        assert abs(np.array(state["read"]["y"])).max() <= figures.NEAR
        if not rotate:
            assert f"{found.neighbours} neighbours on {found.used} value" in state["near"]["text"]


def test_the_captions_claims_hold_for_the_toy():
    used = [study.with_outlier(value).used for value in (0.9, 2, 4, 8)]
    assert used == sorted(used, reverse=True)
    assert used[-1] <= 3
    errors = [study.with_outlier(8.0, group=group).error for group in study.SIZES]
    assert errors == sorted(errors, reverse=True)
    assert study.with_outlier(8.0, turned=True).error < study.with_outlier(8.0).error / 3


@pytest.fixture(scope="module")
def bits():
    return figures.bits()


@pytest.mark.parametrize("form", range(4))
@pytest.mark.parametrize("pattern", [0, 1, 0x3C00, 0x4248, 0x7C00, 0x7FFF, 0x8000, 0xC248, 0xFFFF, 0x7B00])
def test_patterns_are_read_as_numpy_reads_them(shown, bits, form, pattern):
    name = figures.FLOATS[form]
    width = FORMATS[name].bits
    state = shown(bits, format=form, **figures.switched(pattern))
    value = float(decode_float(pattern >> (16 - width), name))
    said = state["said"]["text"].split(": ")[1].replace("−", "-").replace("infinity", "inf")
    assert float(said) == pytest.approx(value, rel=1e-4, nan_ok=True)
    assert "".join(state["cells"]["text"]) == f"{pattern >> (16 - width):0{width}b}"
    labels = [state[f"b{i}"]["label"] for i in range(16)]
    assert labels == [*f"{pattern >> (16 - width):0{width}b}", *["·"] * (16 - width)]
    assert [state[f"b{i}"]["disabled"] for i in range(16)] == [i >= width for i in range(16)]
    assert state["cells"]["field"].count("mantissa") == FORMATS[name].mantissa_bits
    for row, other in enumerate(figures.FLOATS):
        nearest = state["ledger"]["c1"][row].replace("−", "-").replace("infinity", "inf")
        expected = float(decode_float(encode_float(value, other), other))
        assert float(nearest) == pytest.approx(expected, rel=1e-4, nan_ok=True)


def test_requantized_in_every_state(shown):
    found = study.requantized()
    figure = figures.requantized(found)
    order, _, others = figures.ordered(found)
    assert sorted(order) == list(range(len(found.ways) - study.N_CONTROLS))
    mean = found.perplexity()[0]
    for b, bits in enumerate(study.BITS):
        for g, group in enumerate(study.GROUPS):
            for zero in (False, True):
                state = shown(figure, bits=b, group=g, zero=zero, other=0)
                way = found.ways.index(f"{bits} bits, {group}, {study.KINDS[zero]}")
                assert state["here"]["x"][0] == pytest.approx(found.per_weight()[way], rel=1e-3)
                assert state["here"]["y"][0] == pytest.approx(min(mean[way], figures.CEILING), rel=1e-3)
                assert not state["bits"]["disabled"]
    for i, way in enumerate(others):
        state = shown(figure, other=i + 1)
        assert state["said"]["text"].startswith(way)
        assert state["here"]["x"][0] == pytest.approx(found.per_weight()[found.ways.index(way)], rel=1e-3)
        assert state["bits"]["disabled"]
