"""anatomy.quantization against torch, numpy, gguf and worked examples."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from anatomy import gguf, smollm2
from anatomy import quantization as qz

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "single_topics.npz")


def answer(name):
    return REFERENCE[name]


# --- integers --------------------------------------------------------------


def test_worked_example_symmetric():
    # largest 14 over 7 gives a step of 2; 5 / 2 = 2.5 rounds to the even 2
    q = qz.quantize([[14.0, 5.0, -3.1, 0.0]], bits=4)
    assert float(q.scales) == 2.0
    assert q.codes.tolist() == [[7, 2, -2, 0]]
    assert q.dequantize().tolist() == [[14.0, 4.0, -4.0, 0.0]]
    assert q.nbytes == 2 + 2  # four half-bytes, one 16-bit scale


def test_worked_example_asymmetric():
    # from -1 to 2 in 3 steps of 1: zero is code 1
    q = qz.quantize([-1.0, 2.0, 0.0, 0.9], bits=2, symmetric=False)
    assert float(q.scales) == 1.0
    assert int(q.zero_points) == 1
    assert q.codes.tolist() == [0, 3, 1, 2]
    assert q.nbytes == 1 + 2 + 2


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("size", [None, 64, 16])
def test_torch_fake_quantize_agrees(bits, size):
    x = answer("integers: x")
    symmetric = qz.quantize(x, bits, size)
    np.testing.assert_allclose(
        symmetric.dequantize(), answer(f"integers: symmetric {bits} {size or 0}"), atol=1e-5
    )
    asymmetric = qz.quantize(x, bits, size, symmetric=False)
    np.testing.assert_allclose(
        asymmetric.dequantize(), answer(f"integers: asymmetric {bits} {size or 0}"), atol=1e-5
    )
    zero_points = answer(f"integers: zero points {bits} {size or 0}")
    assert asymmetric.zero_points.reshape(-1).tolist() == zero_points.tolist()


@pytest.mark.parametrize("bits", range(2, 9))
def test_torch_observer_agrees(bits):
    q = qz.quantize(answer("integers: x"), bits, symmetric=False)
    scale, zero_point = answer(f"integers: observer {bits}")
    assert float(q.scales) == pytest.approx(scale, rel=1e-6)
    assert int(q.zero_points) == zero_point


numbers = arrays(
    np.float64,
    array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=12),
    elements=st.floats(-1e30, 1e30),
)


@given(numbers, st.integers(2, 8), st.booleans(), st.booleans())
def test_error_is_at_most_half_a_step(x, bits, symmetric, by_row):
    q = qz.quantize(x, bits, x.shape[-1] if by_row else None, symmetric)
    step = q.scales if by_row else q.scales.reshape((1,) * x.ndim)
    size = np.maximum(np.abs(x).max(), step.max())
    assert (np.abs(q.dequantize() - x) <= step / 2 + 1e-12 * size).all()


@given(numbers, st.integers(2, 8), st.booleans())
def test_codes_stay_in_range_and_zero_stays_exact(x, bits, symmetric):
    x[..., 0] = 0
    q = qz.quantize(x, bits, symmetric=symmetric)
    lowest, highest = qz.code_range(bits, symmetric)
    assert q.codes.min() >= lowest
    assert q.codes.max() <= highest
    assert q.codes.shape == x.shape
    assert (q.dequantize()[..., 0] == 0).all()


@given(numbers, st.integers(2, 8))
def test_symmetric_codes_of_minus_x_are_minus_the_codes(x, bits):
    assert (qz.quantize(-x, bits).codes == -qz.quantize(x, bits).codes).all()


def test_smaller_groups_lower_the_error_and_cost_bytes():
    x = answer("integers: x")
    whole, rows, groups = (qz.quantize(x, 4, size) for size in (None, 64, 16))
    errors = [np.abs(q.dequantize() - x).mean() for q in (whole, rows, groups)]
    assert errors[0] > errors[1] > errors[2]
    assert [q.nbytes for q in (whole, rows, groups)] == [192 + 2, 192 + 2 * 6, 192 + 2 * 24]
    assert groups.scales.shape == (6, 4)
    assert qz.quantize(x, 3, 16, symmetric=False).nbytes == 144 + 4 * 24


def test_bits_per_weight_agrees_with_nbytes():
    q = qz.quantize(np.arange(1, 4097.0), 4, 32, symmetric=False)
    assert q.nbytes * 8 / 4096 == qz.bits_per_weight(4, 32, symmetric=False) == 5.0


def test_constants_and_zeros():
    assert qz.quantize(np.zeros(4), 4).dequantize().tolist() == [0.0] * 4
    assert qz.quantize(np.zeros(4), 4, symmetric=False).dequantize().tolist() == [0.0] * 4
    assert qz.quantize([5.0, 5.0], 3, symmetric=False).dequantize().tolist() == [5.0, 5.0]
    assert qz.quantize([-5.0, -5.0], 3, symmetric=False).dequantize().tolist() == [-5.0, -5.0]
    assert qz.quantize([1e-320, 0.0], 8).dequantize().tolist() == [0.0, 0.0]


def test_precision_follows_the_input():
    assert qz.quantize(np.ones(3, np.float32), 4).dequantize().dtype == np.float32
    assert qz.quantize(np.ones(3, np.float16), 4).dequantize().dtype == np.float32
    assert qz.quantize([1, 2, 3], 4).dequantize().dtype == np.float64


def test_rounding_the_scales_to_16_bits_would_change_little():
    q = qz.quantize(answer("integers: x"), 4, 16)
    stored = q.scales.astype(np.float16).astype(np.float32)
    assert np.abs(stored / q.scales - 1).max() < 2**-11 * 1.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [1.0], "bits": 1}, "bits must be a whole number >= 2, got 1"),
        ({"x": [1.0], "bits": 9}, r"bits must be in \[2, 8\], got 9"),
        ({"x": [1.0], "bits": 4.0}, "bits must be a whole number"),
        ({"x": [1.0, 2.0, 3.0], "bits": 4, "group_size": 2}, "group_size must divide .* got 2 for shape"),
        ({"x": [1.0, 2.0], "bits": 4, "group_size": 0}, "group_size must be a whole number >= 1, got 0"),
        ({"x": 2.0, "bits": 4, "group_size": 1}, "group_size must divide"),
        ({"x": [1.0, np.nan], "bits": 4}, "x must be finite, got nan"),
        ({"x": [1.0, -np.inf], "bits": 4}, "x must be finite, got -inf"),
        ({"x": [], "bits": 4}, "x must not be empty"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qz.quantize(**arguments)


@given(st.integers(2, 8), st.data())
def test_packing_is_reversible_and_as_long_as_nbytes_says(bits, data):
    codes = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    packed = qz.pack(codes, bits)
    assert len(packed) == -(-len(codes) * bits // 8)
    assert qz.unpack(packed, bits, len(codes)).tolist() == codes


def test_packed_codes_take_the_bytes_that_nbytes_counts():
    q = qz.quantize(answer("integers: x"), 3, 16, symmetric=False)
    assert len(qz.pack(q.codes, 3)) + 2 * q.scales.size + 2 * q.zero_points.size == q.nbytes


def test_packing_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"codes must be in \[0, 7\], got 8"):
        qz.pack([1, 8], 3)
    with pytest.raises(ValueError, match="got -1"):
        qz.pack([1, -1], 3)
    with pytest.raises(ValueError, match="codes must be integers, got float64"):
        qz.pack([1.5], 3)
    with pytest.raises(ValueError, match="3 codes of 4 bits take 2 bytes, got 1"):
        qz.unpack(b"a", 4, 3)
    with pytest.raises(ValueError, match="n must be a whole number"):
        qz.unpack(b"", 4, 0)


# --- short floats ----------------------------------------------------------


@pytest.mark.parametrize("name", ["BF16", "FP8 E4M3", "FP8 E5M2"])
def test_float_bits_are_torchs(name):
    x = answer("floats: x")
    ours, theirs = qz.encode_float(x, name), answer(f"floats: {name} bits")
    np.testing.assert_array_equal(ours, theirs)
    assert np.isnan(qz.decode_float(qz.encode_float(np.nan, name), name))


@pytest.mark.parametrize("name", ["FP8 E4M3", "FP8 E5M2"])
def test_every_fp8_pattern_decodes_as_in_torch(name):
    np.testing.assert_array_equal(qz.decode_float(np.arange(256), name), answer(f"floats: {name} values"))


@pytest.mark.parametrize(("name", "raw", "kind"), [("FP16", np.uint16, np.float16)])
def test_every_fp16_pattern_decodes_as_in_numpy(name, raw, kind):
    every = np.arange(2**16)
    np.testing.assert_array_equal(qz.decode_float(every, name), every.astype(raw).view(kind).astype(float))


def test_every_bf16_pattern_is_the_upper_half_of_a_float32():
    every = np.arange(2**16)
    upper_half = (every << 16).astype(np.uint32).view(np.float32)
    ours = qz.decode_float(every, "BF16")
    nan = np.isnan(upper_half)
    assert (np.isnan(ours) == nan).all()
    np.testing.assert_array_equal(ours[~nan], upper_half[~nan])


@given(st.floats(width=64))
def test_fp16_encodes_as_numpy_does(x):
    with np.errstate(over="ignore"):
        half = np.float16(x)
    ours = qz.encode_float(x, "FP16")
    if np.isnan(x):
        assert np.isnan(qz.decode_float(ours, "FP16"))
    else:
        assert int(ours) == int(half.view(np.uint16))


@given(st.floats(width=32, allow_nan=False))
def test_fp32_encodes_as_numpy_does(x):
    assert int(qz.encode_float(x, "FP32")) == int(np.float32(x).view(np.uint32))
    assert float(qz.decode_float(qz.encode_float(x, "FP32"), "FP32")) == x


@pytest.mark.parametrize("name", ["FP16", "BF16", "FP8 E4M3", "FP8 E5M2"])
def test_encoding_what_was_decoded_gives_the_bits_back(name):
    every = np.arange(2 ** qz.FORMATS[name].bits)
    values = qz.decode_float(every, name)
    numbers = ~np.isnan(values)
    np.testing.assert_array_equal(qz.encode_float(values[numbers], name), every[numbers])


def test_worked_example_of_bit_fields():
    # 6.5 = 1.625 * 2^2: exponent 2 + 15, mantissa 0.625 * 1024
    sign, exponent, mantissa = qz.split_float(qz.encode_float(6.5, "FP16"), "FP16")
    assert (int(sign), int(exponent), int(mantissa)) == (0, 17, 640)


def test_limits_of_the_formats():
    assert qz.FORMATS["FP8 E4M3"].largest == 448
    assert qz.FORMATS["FP8 E5M2"].largest == 57344
    assert qz.FORMATS["FP16"].largest == 65504
    assert qz.FORMATS["FP16"].smallest == 2**-24
    assert qz.FORMATS["BF16"].largest == pytest.approx(3.3895e38, rel=1e-4)
    assert qz.decode_float(qz.encode_float([1000.0, -np.inf], "FP8 E4M3"), "FP8 E4M3").tolist() == [448, -448]
    assert qz.decode_float(qz.encode_float(-1e6, "FP8 E5M2"), "FP8 E5M2") == -np.inf


@pytest.mark.parametrize("name", ["FP32", "FP16", "BF16", "FP8 E5M2"])
def test_too_large_is_infinity_and_too_small_is_zero(name):
    far = qz.decode_float(qz.encode_float([1e300, -1e300, 1e-300, 5e-324], name), name)
    assert far.tolist() == [np.inf, -np.inf, 0.0, 0.0]


def test_float_functions_name_bad_input():
    with pytest.raises(ValueError, match=r"format_name must be one of 'FP32'.*got 'FP4'"):
        qz.encode_float(1.0, "FP4")
    with pytest.raises(ValueError, match="x must not be empty"):
        qz.encode_float([], "FP16")
    with pytest.raises(ValueError, match=r"bits of FP8 E4M3 must be in \[0, 255\], got 256"):
        qz.decode_float(256, "FP8 E4M3")
    with pytest.raises(ValueError, match="got -1"):
        qz.split_float(-1, "FP16")
    with pytest.raises(ValueError, match="bits must be integers, got float64"):
        qz.split_float(1.5, "FP16")


# --- blocks ----------------------------------------------------------------

CODECS = {
    "Q8_0": (qz.quantize_q8_0, qz.dequantize_q8_0),
    "Q4_1": (qz.quantize_q4_1, qz.dequantize_q4_1),
}


@pytest.mark.parametrize("kind", CODECS)
def test_blocks_are_those_of_the_gguf_package(kind):
    encode, decode = CODECS[kind]
    x = answer("blocks: x")
    data = answer(f"blocks: {kind} bytes")
    assert encode(x) == data.tobytes()
    decoded = decode(data, x.size)
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, answer(f"blocks: {kind} values"))


def test_worked_example_of_q4_1():
    # scale 0.5, minimum -1; byte 0 holds weight 0 (low half: 2) and weight 16 (high half: 15)
    block = bytes.fromhex("003800bc") + bytes([0xF2] + [0] * 15)
    x = qz.dequantize_q4_1(block, 32)
    assert x[0] == 2 * 0.5 - 1
    assert x[16] == 15 * 0.5 - 1
    assert (np.delete(x, [0, 16]) == -1).all()


@given(arrays(np.float32, st.sampled_from([32, 64, 160]), elements=st.floats(-1000, 1000, width=16)))
def test_block_error_is_half_a_step_and_the_rounding_of_the_scale(x):
    for kind, steps in (("Q8_0", 127), ("Q4_1", 15)):
        encode, decode = CODECS[kind]
        groups = x.reshape(-1, 32)
        span = np.abs(groups).max(1) if kind == "Q8_0" else np.ptp(groups, axis=1)
        # a float16 is off by 2^-11 of itself, and below 2^-14 by 2^-25
        stored = 2**-11 * (span + np.abs(groups).max(1)) + 2**-25 * (steps + 1)
        error = np.abs(decode(encode(x), x.size).reshape(-1, 32) - groups)
        assert (error <= (span / steps / 2 + stored)[:, None] * (1 + 1e-5)).all()


@pytest.mark.parametrize("kind", CODECS)
def test_blocks_name_bad_input(kind):
    encode, decode = CODECS[kind]
    with pytest.raises(ValueError, match=f"n must be a multiple of 32 for {kind}, got 33"):
        decode(bytes(40), 33)
    with pytest.raises(ValueError, match=f"64 weights of {kind} take .* bytes, got 10"):
        decode(bytes(10), 64)
    with pytest.raises(ValueError, match="n must be a whole number >= 1, got 0"):
        decode(b"", 0)
    infinite = np.array([np.inf, 0], "<f2").tobytes() + bytes(30)
    with pytest.raises(ValueError, match=f"block 0 of {kind} must hold finite scales, got .inf"):
        decode(infinite[: {"Q8_0": 34, "Q4_1": 20}[kind]], 32)
    with pytest.raises(ValueError, match="x must hold a multiple of 32 numbers, got 31"):
        encode(np.ones(31))
    with pytest.raises(ValueError, match="x must be finite"):
        encode(np.full(32, np.nan))
    with pytest.raises(ValueError, match="x is too large for a float16 scale"):
        encode(np.linspace(-1e8, 1e8, 32))


@pytest.mark.checkpoint
def test_the_shipped_file_survives_decoding_and_encoding(real_model):
    file = gguf.read(smollm2.find())
    for name, codec in (("blk.0.ffn_down.weight", "Q4_1"), ("blk.29.attn_q.weight", "Q4_1")):
        tensor = file.tensors[name]
        encode, decode = CODECS[codec]
        weights = decode(tensor.data, int(np.prod(tensor.shape)))
        assert encode(weights) == bytes(tensor.data)


# --- levels that are not evenly spaced --------------------------------------

# The levels as Dettmers et al. 2023 print them, appendix E.
NF4 = (
    -1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0,
    0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0,
)  # fmt: skip


def test_normal_levels_are_the_papers():
    np.testing.assert_allclose(qz.normal_levels(), NF4, atol=2e-7)


def test_bits_of_block_formats():
    assert {name: form.bits_per_weight for name, form in qz.BLOCK_FORMATS.items()} == {
        "MXFP4": 4.25,
        "NVFP4": 4.5,
        "NF4": 4.5,
    }


def test_mxfp4_by_hand():
    # largest 7: exponent 2, as that of 6, so the scale is 1 and 7 is cut off; 28 has the scale 4
    x = np.zeros((2, 32))
    x[0, :6] = 7.0, 2.6, -2.4, 0.2, 5.2, -0.3
    x[1] = 4 * x[0]
    rounded = qz.round_in_blocks(x, "MXFP4")
    assert rounded[0, :6].tolist() == [6.0, 3.0, -2.0, 0.0, 6.0, -0.5]
    assert rounded[1].tolist() == (4 * rounded[0]).tolist()


def test_nvfp4_by_hand():
    # the largest block has the scale 448 of its tensor; one of half its size has 224, both exact
    x = np.zeros((1, 32))
    x[0, :3] = 12.0, 5.0, -1.2
    x[0, 16:19] = 6.0, 2.4, -0.2
    rounded = qz.round_in_blocks(x, "NVFP4")
    np.testing.assert_allclose(rounded[0, :3], [12, 4, -1])  # 5 is a tie of 4 and 6: towards zero
    np.testing.assert_allclose(rounded[0, 16:19], [6, 2, 0])


@pytest.mark.parametrize("name", qz.BLOCK_FORMATS)
def test_what_a_block_format_gives_back_is_kept(name):
    x = np.random.default_rng(0).normal(size=(4, 128)).astype(np.float32)
    once = qz.round_in_blocks(x, name)
    assert once.dtype == np.float32
    assert (np.abs(once - x).mean() / np.abs(x).mean()) < 0.15
    np.testing.assert_allclose(qz.round_in_blocks(once, name), once, rtol=1e-5, atol=1e-7)
    assert (qz.round_in_blocks(np.zeros((1, 64)), name) == 0).all()


def test_hadamard_is_a_rotation_and_spreads():
    x = np.random.default_rng(1).normal(size=(3, 32))
    np.testing.assert_allclose(qz.hadamard(qz.hadamard(x)), x, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(qz.hadamard(x), axis=1), np.linalg.norm(x, axis=1))
    one = np.zeros(32)
    one[5] = 8.0
    np.testing.assert_allclose(np.abs(qz.hadamard(one)), 8 / 32**0.5)
    with pytest.raises(ValueError, match="power of two, got shape"):
        qz.hadamard(np.ones(6))
    with pytest.raises(ValueError, match="format_name"):
        qz.round_in_blocks(np.ones(32), "FP3")
