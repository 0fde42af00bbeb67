"""The GGUF reader: files built here by the specification, and every way to damage them."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import gguf
from anatomy.quantization import dequantize_q4_1, dequantize_q8_0

CODES = {"F32": 0, "F16": 1, "Q4_1": 3, "Q8_0": 8}
PACKED = {
    "u1": (0, "B"), "i1": (1, "b"), "u2": (2, "H"), "i2": (3, "h"), "u4": (4, "I"), "i4": (5, "i"),
    "f4": (6, "f"), "?": (7, "?"), "u8": (10, "Q"), "i8": (11, "q"), "f8": (12, "d"),
}  # fmt: skip


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def text(words):
    data = words.encode() if isinstance(words, str) else words
    return u64(len(data)) + data


def number(kind, value):
    code, letter = PACKED[kind]
    return u32(code) + struct.pack(f"<{letter}", value)


def array(kind, values):
    if kind == "text":
        return u32(9) + u32(8) + u64(len(values)) + b"".join(map(text, values))
    code, letter = PACKED[kind]
    return u32(9) + u32(code) + u64(len(values)) + struct.pack(f"<{len(values)}{letter}", *values)


def tensor(name, shape, code, offset):
    return text(name) + u32(len(shape)) + b"".join(map(u64, reversed(shape))) + u32(code) + u64(offset)


def build(pairs=(), tensors=(), data=b"", version=3, magic=b"GGUF", alignment=32):
    head = magic + u32(version) + u64(len(tensors)) + u64(len(pairs))
    head += b"".join(text(key) + value for key, value in pairs) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data


RNG = np.random.default_rng(0)
F32 = np.arange(6, dtype="<f4").reshape(2, 3)
F16 = np.arange(4, dtype="<f2")
Q8 = np.float16(0.5).tobytes() + bytes(RNG.integers(0, 256, 32, np.uint8))
Q4 = np.array([0.25, -1], "<f2").tobytes() + bytes(RNG.integers(0, 256, 16, np.uint8))
DATA = F32.tobytes().ljust(32, b"\0") + F16.tobytes().ljust(32, b"\0") + Q8.ljust(64, b"\0") + Q4
TENSORS = [
    tensor("a", (2, 3), 0, 0), tensor("b", (4,), 1, 32), tensor("c", (1, 32), 8, 64), tensor("d", (32,), 3, 128),
]  # fmt: skip
PAIRS = [
    ("name", u32(8) + text("päivää")),
    ("width", number("u4", 576)),
    ("eps", number("f4", 0.5)),
    ("tied", number("?", True)),
    ("words", array("text", ["a", "", "Ġt"])),
    ("types", array("i4", [1, -1, 3])),
    ("nothing", array("f8", [])),
]
WHOLE = build(PAIRS, TENSORS, DATA)


def test_a_file_built_by_the_specification(tmp_path):
    path = tmp_path / "whole.gguf"
    path.write_bytes(WHOLE)
    file = gguf.read(path)
    types = file.metadata.pop("types")
    nothing = file.metadata.pop("nothing")
    assert file.metadata == {
        "name": "päivää", "width": 576, "eps": 0.5, "tied": True, "words": ["a", "", "Ġt"],
    }  # fmt: skip
    assert types.tolist() == [1, -1, 3]
    assert nothing.size == 0
    assert list(file.tensors) == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(file.tensors["a"].array(), F32)
    np.testing.assert_array_equal(file.tensors["b"].array(), F16)
    np.testing.assert_array_equal(file.tensors["c"].array(), dequantize_q8_0(Q8, 32)[None])
    np.testing.assert_array_equal(file.tensors["d"].array(), dequantize_q4_1(Q4, 32))
    assert all(t.array().dtype == np.float32 for t in file.tensors.values())


@pytest.mark.parametrize("kind", list(PACKED))
@pytest.mark.parametrize("value", [0, 1])
def test_every_number_type(kind, value):
    metadata = gguf.parse(build([("one", number(kind, value)), ("many", array(kind, [value] * 3))])).metadata
    assert metadata["one"] == value
    assert metadata["many"].tolist() == [value] * 3


def test_another_alignment():
    file = gguf.parse(
        build(
            [("general.alignment", number("u4", 64))],
            [tensor("b", (4,), 1, 64)],
            bytes(64) + F16.tobytes(),
            alignment=64,
        )
    )
    np.testing.assert_array_equal(file.tensors["b"].array(), F16)


def test_weights_are_not_read_before_they_are_asked_for():
    assert gguf.parse(WHOLE).tensors["a"].data.base is not None


@pytest.mark.parametrize("length", range(0, len(WHOLE), 3))
def test_every_truncation_is_an_error_that_says_where(length):
    with pytest.raises(ValueError, match=r"the file ends at byte \d+; .+ needs \d+ bytes|not a GGUF file"):
        gguf.parse(WHOLE[:length])


def one_tensor(shape=(4,), code=1, offset=0, data=bytes(64)):
    return build(tensors=[tensor("t", shape, code, offset)], data=data)


def pair(value):
    return build([("k", value)])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 a zip file", r"not a GGUF file: it starts with b'PK\\x03\\x04'"),
        (build(version=1), "GGUF version must be 2 or 3, got 1 at byte 4"),
        (build(version=0x03000000), "GGUF version must be 2 or 3, got 50331648"),  # big-endian
        (pair(u32(99)), "metadata entry 'k' at byte 33 has the unknown type 99"),
        (pair(u32(9) + u32(9) + u64(1)), "array 'k' at byte 37 has the type 9, which is not read here"),
        (pair(u32(9) + u32(4) + u64(2**61)), "k needs 9223372036854775808 bytes"),
        (pair(u32(9) + u32(8) + u64(2**61)), "k needs 18446744073709551616 bytes"),
        (pair(u32(8) + u64(2**63)), "k needs 9223372036854775808 bytes"),
        (pair(u32(8) + text(b"\xff\xfe")), "k at byte 37 is not UTF-8"),
        (build([("k", number("u1", 1))] * 2), "metadata entry 'k' occurs twice, again at byte 38"),
        (build(tensors=[tensor("t", (4,), 1, 0)] * 2, data=bytes(64)), "tensor t occurs twice"),
        (
            build([("general.alignment", number("u4", 0))]),
            "general.alignment must be a multiple of 8, got 0",
        ),
        (build([("general.alignment", number("u4", 3))]), "general.alignment must be a multiple of 8, got 3"),
        (
            build([("general.alignment", number("i4", -8))]),
            "general.alignment must be a multiple of 8, got -8",
        ),
        (
            build(tensors=[tensor("t", (4,), 1, 32), tensor("u", (20,), 1, 0)], data=bytes(64)),
            "tensor t must start after tensor u, 40 bytes in, got 32",
        ),
        (
            build(tensors=[tensor("t", (4,), 1, 0), tensor("u", (4,), 0, 0)], data=bytes(64)),
            "tensor u must start after tensor t, 8 bytes in, got 0",
        ),
        (build([("general.alignment", number("?", True))]), "general.alignment .* got True"),
        (build([("general.alignment", array("u4", [32]))]), "general.alignment"),
        (one_tensor(shape=()), "tensor t must have 1 to 4 axes, got 0 at byte 33"),
        (one_tensor(shape=(1,) * 5), "tensor t must have 1 to 4 axes, got 5"),
        (one_tensor(shape=(2, 0)), r"tensor t has no weights, its shape is \(2, 0\)"),
        (one_tensor(code=2), r"tensor t has type 2; read here are F32 \(0\), F16 \(1\)"),
        (one_tensor(shape=(33,), code=8), "tensor t: rows of Q8_0 come in blocks of 32, got shape"),
        (one_tensor(offset=8), "tensor t must start at a multiple of 32 bytes, got 8"),
        (one_tensor(offset=96), "tensor t needs 8 bytes from byte 160"),
        (one_tensor(shape=(2**63, 2**63), code=0), "tensor t needs"),
    ],
)
def test_damaged_and_foreign_files(data, words, tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=words) as error:
        gguf.read(path)
    assert str(error.value).startswith(f"{path}: ")


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.gguf"
    path.touch()
    with pytest.raises(ValueError, match=r"empty\.gguf is empty, not a GGUF file"):
        gguf.read(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        gguf.read(tmp_path / "none.gguf")


@pytest.mark.parametrize("code", [3, 8])
def test_a_scale_that_is_not_finite_names_its_tensor(code):
    block = np.float16(np.nan).tobytes() + bytes(62)
    file = gguf.parse(one_tensor(shape=(32,), code=code, data=block))
    with pytest.raises(ValueError, match=r"tensor t: .*nan"):
        file.tensors["t"].array()


def read_all(data):
    """Read everything; ValueError is the one exception allowed."""
    with suppress(ValueError):
        file = gguf.parse(data)
        for t in file.tensors.values():
            assert t.array().shape == t.shape


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_are_read_or_refused(changes):
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    read_all(bytes(data))


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 5), st.integers(0, 5), st.binary(max_size=200))
def test_noise_behind_a_good_start_is_read_or_refused(n_tensors, n_pairs, noise):
    read_all(b"GGUF" + u32(3) + u64(n_tensors) + u64(n_pairs) + noise)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(WHOLE) - 8), st.integers(0, 2**64 - 1))
def test_any_64_bits_may_be_anything(at, value):
    read_all(WHOLE[:at] + u64(value) + WHOLE[at + 8 :])
