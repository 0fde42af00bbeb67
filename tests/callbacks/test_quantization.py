"""Rounding, turning and float formats as the page computes them, against anatomy.quantization."""

import numpy as np
import pytest

from anatomy.quantization import FORMATS, decode_float, encode_float, hadamard, quantize

FORMS = {
    name: {
        "exponent": form.exponent_bits,
        "mantissa": form.mantissa_bits,
        "infinity": form.has_infinity,
    }
    for name, form in FORMATS.items()
    if form.bits <= 16
}


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [32, 8])
def test_codes_and_what_they_are_read_as_are_numpys(javascript, bits, size, symmetric):
    rng = np.random.default_rng(bits)
    for x in (rng.normal(size=32), np.zeros(32), np.abs(rng.normal(size=32)), rng.integers(-14, 15, 32) / 2):
        found = javascript(["quantized"], "quantized(x, bits, size, symmetric)", x=x.tolist(), bits=bits,
                           size=size, symmetric=symmetric)  # fmt: skip
        q = quantize(x, bits, size, symmetric)
        assert found["codes"] == q.codes.tolist()
        assert found["zeros"] == q.zero_points.tolist()
        np.testing.assert_allclose(found["scales"], q.scales, rtol=1e-12)
        np.testing.assert_allclose(found["values"], q.dequantize(), atol=1e-12)


def test_halves_go_to_the_even_number(javascript):
    x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6]
    found = javascript(["quantized"], "x.map(round_to_even)", x=x)
    assert found == np.rint(x).tolist()


def test_turning_is_numpys(javascript):
    x = np.random.default_rng(0).normal(size=32)
    np.testing.assert_allclose(javascript(["hadamard"], "hadamard(x)", x=x.tolist()), hadamard(x), atol=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_every_pattern_is_read_as_numpy_reads_it(javascript, name):
    every = np.arange(2 ** FORMATS[name].bits)
    every = every if every.size <= 256 else every[::37]
    texts = javascript(
        ["float_bits"], "codes.map(code => String(decode_float(code, form)))", codes=every.tolist(),
        form=FORMS[name],
    )  # fmt: skip
    found = [float(text.replace("Infinity", "inf")) for text in texts]
    np.testing.assert_array_equal(found, decode_float(every, name))


@pytest.mark.parametrize("name", FORMS)
def test_every_number_is_rounded_as_numpy_rounds_it(javascript, name):
    rng = np.random.default_rng(1)
    form = FORMATS[name]
    exact = decode_float(np.arange(min(2 ** (form.bits - 1), 600)), name)
    exact = exact[np.isfinite(exact)]
    ties = (exact[1:] + exact[:-1]) / 2
    step = form.largest - float(decode_float(form.largest_code - 1, name))
    edges = form.largest + step * np.array([0, 0.25, 0.5, 0.75, 1])
    x = np.concatenate(
        [exact, ties, -ties, rng.normal(size=200) * 10.0 ** rng.integers(-6, 6, 200), edges, -edges]
    )
    found = javascript(
        ["float_bits"], "x.map(number => encode_float(number, form))", x=x.tolist(), form=FORMS[name]
    )
    expected = encode_float(x, name)
    both_zero = (x == 0) & np.isin(found, expected[x == 0])
    np.testing.assert_array_equal(np.where(both_zero, expected, found), expected)
