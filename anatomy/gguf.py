"""Read a GGUF file: facts about a model, and its weights as named arrays.

A GGUF file is a head, a list of key-value pairs, a list of tensors and then
their bytes. The bytes are mapped, not read: nothing is loaded before it is
asked for. Whatever is damaged, cut short or no GGUF at all is a ValueError that
names the byte offset or the tensor.

Leaves out writing, big-endian files, nested arrays and all tensor types but
F32, F16, Q8_0 and Q4_1. Source: the GGUF specification in the ggml repository.
Chapter: book/quantization.md
"""

import mmap
import struct
from dataclasses import dataclass
from math import prod

import numpy as np

from anatomy.quantization import dequantize_q4_1, dequantize_q8_0

# The numbers that metadata may hold: GGUF's code for the type -> numpy's name for it.
NUMBERS = {
    0: "u1", 1: "i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4",
    6: "<f4", 7: "?", 10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
STRING, ARRAY = 8, 9

# Tensor types read here: code -> name, weights in a block, bytes in a block.
TENSOR_TYPES = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 3: ("Q4_1", 32, 20), 8: ("Q8_0", 32, 34)}

MOST_AXES = 4
U32, U64 = struct.Struct("<I"), struct.Struct("<Q")


@dataclass
class Tensor:
    """One tensor as it lies in the file; the last axis of shape is contiguous."""

    name: str
    shape: tuple
    type: str  # "F32", "F16", "Q4_1" or "Q8_0"
    data: np.ndarray  # uint8, a view of the mapped file

    def array(self):
        """The weights as float32, in `shape`.

        Raises ValueError, naming the tensor, where a block's scale is not
        finite.
        """
        n = prod(self.shape)
        try:
            if self.type == "F32":
                return self.data.view("<f4").reshape(self.shape)
            if self.type == "F16":
                return self.data.view("<f2").astype(np.float32).reshape(self.shape)
            dequantize = {"Q8_0": dequantize_q8_0, "Q4_1": dequantize_q4_1}[self.type]
            return dequantize(self.data, n).reshape(self.shape)
        except ValueError as error:
            raise ValueError(f"tensor {self.name}: {error}") from error


@dataclass
class File:
    """What a GGUF file holds."""

    metadata: dict  # name -> number, str, list of str or array of numbers
    tensors: dict  # name -> Tensor


def read(path):
    """Read the head of a GGUF file and map its tensors.

    path: a file -> a File. Raises OSError where it cannot be opened, and
    ValueError, naming the offset in bytes or the tensor, where it is not a GGUF
    file that can be read whole.
    """
    with open(path, "rb") as file:
        if file.seek(0, 2) == 0:
            raise ValueError(f"{path} is empty, not a GGUF file")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return parse(mapped)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def parse(buffer):
    """Read GGUF from bytes or a mapped file -> a File. Errors as in `read`.

    >>> head = b"GGUF" + bytes([3, 0, 0, 0]) + bytes(8) + bytes([1] + [0] * 7)
    >>> pair = bytes([1] + [0] * 7) + b"x" + bytes([0, 0, 0, 0]) + bytes([7])
    >>> parse(head + pair).metadata
    {'x': 7}
    >>> parse(head[:6])
    Traceback (most recent call last):
    ValueError: the file ends at byte 6; the version needs 4 bytes from byte 4 on
    """
    reader = Reader(buffer)
    if bytes(buffer[:4]) != b"GGUF":
        raise ValueError(f"not a GGUF file: it starts with {bytes(buffer[:4])!r} instead of b'GGUF'")
    reader.at = 4
    version = reader.u32("the version")
    if version not in (2, 3):
        raise ValueError(f"GGUF version must be 2 or 3, got {version} at byte 4")
    n_tensors, n_pairs = reader.u64("the number of tensors"), reader.u64("the number of metadata entries")

    metadata = {}
    for _ in range(n_pairs):
        start = reader.at
        key = reader.string("the name of a metadata entry")
        if key in metadata:
            raise ValueError(f"metadata entry {key!r} occurs twice, again at byte {start}")
        metadata[key] = reader.value(key)

    described = {}
    for _ in range(n_tensors):
        start = reader.at
        name = reader.string("the name of a tensor")
        if name in described:
            raise ValueError(f"tensor {name} occurs twice, again at byte {start}")
        described[name] = reader.tensor_description(name)

    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or isinstance(alignment, bool) or alignment < 1 or alignment % 8:
        raise ValueError(f"general.alignment must be a multiple of 8, got {alignment!r}")
    first_byte = reader.at + -reader.at % alignment
    tensors = {
        name: reader.tensor(name, first_byte, alignment, *description)
        for name, description in described.items()
    }
    check_apart(described)
    return File(metadata, tensors)


def check_apart(described):
    """Raise ValueError where the bytes of one tensor are those of another too.

    described: name -> shape, code of the type, offset; known to be whole.
    """
    end, before = 0, None
    for name, (shape, code, offset) in sorted(described.items(), key=lambda item: item[1][2]):
        if offset < end:
            raise ValueError(f"tensor {name} must start after tensor {before}, {end} bytes in, got {offset}")
        _, block_weights, block_bytes = TENSOR_TYPES[code]
        end, before = offset + prod(shape) // block_weights * block_bytes, name


class Reader:
    """Reads one thing after another from a buffer and knows where it is."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.size = len(buffer)
        self.at = 0

    def need(self, n_bytes, what):
        """Raise ValueError unless n_bytes more are there."""
        if n_bytes > self.size - self.at:
            raise ValueError(
                f"the file ends at byte {self.size}; {what} needs {n_bytes} bytes from byte {self.at} on"
            )

    def u32(self, what):
        self.need(4, what)
        (number,) = U32.unpack_from(self.buffer, self.at)
        self.at += 4
        return number

    def u64(self, what):
        self.need(8, what)
        (number,) = U64.unpack_from(self.buffer, self.at)
        self.at += 8
        return number

    def string(self, what):
        start, length = self.at, self.u64(what)
        self.need(length, what)
        text = bytes(self.buffer[self.at : self.at + length])
        self.at += length
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{what} at byte {start} is not UTF-8: {error}") from error

    def value(self, key):
        start, code = self.at, self.u32(key)
        if code == STRING:
            return self.string(key)
        if code == ARRAY:
            return self.array(key)
        if code in NUMBERS:
            return self.numbers(NUMBERS[code], 1, key)[0].item()
        raise ValueError(f"metadata entry {key!r} at byte {start} has the unknown type {code}")

    def array(self, key):
        start, code, n = self.at, self.u32(key), self.u64(key)
        if code == STRING:
            self.need(8 * n, key)  # before the loop: each string takes at least its length
            return [self.string(key) for _ in range(n)]
        if code in NUMBERS:
            return self.numbers(NUMBERS[code], n, key)
        raise ValueError(f"array {key!r} at byte {start} has the type {code}, which is not read here")

    def numbers(self, dtype, n, what):
        n_bytes = n * np.dtype(dtype).itemsize
        self.need(n_bytes, what)
        numbers = np.frombuffer(self.buffer, dtype, n, self.at) if n else np.empty(0, dtype)
        self.at += n_bytes
        return numbers

    def tensor_description(self, name):
        """The shape, the code of the type and the offset of a tensor."""
        what = f"the description of tensor {name}"
        n_axes = self.u32(what)
        if not 1 <= n_axes <= MOST_AXES:
            raise ValueError(
                f"tensor {name} must have 1 to {MOST_AXES} axes, got {n_axes} at byte {self.at - 4}"
            )
        widths = [self.u64(what) for _ in range(n_axes)]
        return tuple(reversed(widths)), self.u32(what), self.u64(what)

    def tensor(self, name, first_byte, alignment, shape, code, offset):
        """A Tensor whose bytes are known to lie inside the file."""
        if code not in TENSOR_TYPES:
            known = ", ".join(f"{label} ({c})" for c, (label, _, _) in TENSOR_TYPES.items())
            raise ValueError(f"tensor {name} has type {code}; read here are {known}")
        label, block_weights, block_bytes = TENSOR_TYPES[code]
        if min(shape) < 1:
            raise ValueError(f"tensor {name} has no weights, its shape is {shape}")
        if shape[-1] % block_weights:
            raise ValueError(
                f"tensor {name}: rows of {label} come in blocks of {block_weights}, got shape {shape}"
            )
        if offset % alignment:
            raise ValueError(f"tensor {name} must start at a multiple of {alignment} bytes, got {offset}")
        self.at = first_byte + offset
        n_bytes = prod(shape) // block_weights * block_bytes
        self.need(n_bytes, f"tensor {name}")
        return Tensor(name, shape, label, np.frombuffer(self.buffer, np.uint8, n_bytes, self.at))
