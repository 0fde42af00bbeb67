"""Weights in fewer bits: integers with a scale, short floats, uneven levels, GGUF's blocks.

Leaves out calibration on data (GPTQ, AWQ) and arithmetic on the codes.
Chapter: book/quantization.md
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from anatomy.checks import finite, one_of, whole

# --- integers with a scale -------------------------------------------------


def code_range(bits, symmetric=True):
    """Smallest and largest code of `bits` bits.

    Symmetric codes run from -(2^(b-1) - 1) to 2^(b-1) - 1: the lowest pattern
    stays unused, so that x and -x always get opposite codes. Asymmetric codes
    run from 0 to 2^b - 1. Raises ValueError for bits outside 2…8.

    >>> code_range(4), code_range(4, symmetric=False)
    ((-7, 7), (0, 15))
    """
    if whole("bits", bits, at_least=2) > 8:
        raise ValueError(f"bits must be in [2, 8], got {bits}")
    if symmetric:
        highest = 2 ** (bits - 1) - 1
        return -highest, highest
    return 0, 2**bits - 1


@dataclass(frozen=True)
class Quantized:
    """Codes, and what turns them back: x ≈ scale * (code - zero_point).

    codes: integers, unpacked, the shape of x. scales and zero_points: shape ()
    for one scale per tensor, else (…, n_groups); zero_points are 0 where the
    range is symmetric. Scales keep the precision of x, so that the only error
    is the rounding of the codes; nbytes counts them as the 16-bit numbers that
    files store.
    """

    codes: np.ndarray
    scales: np.ndarray
    zero_points: np.ndarray
    bits: int
    group_size: int | None
    symmetric: bool

    def dequantize(self):
        """Return the approximate numbers, in the shape of the codes."""
        groups = _in_groups(self.codes, self.group_size)
        steps = groups - self.zero_points[..., None]
        return (steps * self.scales[..., None]).reshape(self.codes.shape)

    @property
    def nbytes(self):
        """Bytes of the packed codes, the 16-bit scales and zero points.

        A symmetric range has no zero points to store.
        """
        code_bytes = -(-self.codes.size * self.bits // 8)  # rounded up
        per_group = 2 if self.symmetric else 4
        return code_bytes + per_group * self.scales.size


def quantize(x, bits, group_size=None, symmetric=True):
    """Replace x by integer codes of `bits` bits that share scales.

    x (…, d), finite. group_size: how many neighbours along the last axis share
    a scale; None: one scale for the tensor; d: one for each row (a "channel").
    The error is at most half a step (half the scale) for every number.
    The asymmetric range always includes 0, which therefore stays exact.
    Raises ValueError for bits outside 2…8, a group size that does not divide
    d, an empty x, NaN or infinity. Source: Jacob et al. 2018, section 2.1.

    >>> q = quantize([0.5, -1.0, 0.26, 0.1], bits=4)
    >>> q.codes.tolist(), round(float(q.scales), 4), q.nbytes
    ([4, -7, 2, 1], 0.1429, 4)
    >>> quantize([0.0, 1.0, 3.0], bits=2, symmetric=False).dequantize().tolist()
    [0.0, 1.0, 3.0]
    """
    lowest, highest = code_range(bits, symmetric)
    x = finite("x", x)
    groups = _in_groups(x, group_size)
    if symmetric:
        scales = np.abs(groups).max(axis=-1) / highest
        scales = _without_zeros(scales)
        zero_points = np.zeros(scales.shape, dtype=np.int16)
    else:
        top = np.maximum(groups.max(axis=-1), 0) / highest
        bottom = np.minimum(groups.min(axis=-1), 0) / highest
        scales = _without_zeros(top - bottom)
        zero_points = np.rint(-bottom / scales * highest).astype(np.int16)
    codes = np.rint(groups / scales[..., None]) + zero_points[..., None]
    codes = np.clip(codes, lowest, highest).astype(np.int16).reshape(x.shape)
    return Quantized(codes, scales, zero_points, bits, group_size, symmetric)


def _in_groups(x, group_size):
    """View x (…, d) as (…, n_groups, group_size); all of it is one group for None."""
    if group_size is None:
        return x.reshape(-1)
    whole("group_size", group_size, at_least=1)
    if x.ndim == 0 or x.shape[-1] % group_size:
        raise ValueError(f"group_size must divide the last axis of x, got {group_size} for shape {x.shape}")
    return x.reshape(*x.shape[:-1], -1, group_size)


def _without_zeros(scales):
    """Give a group of zeros the scale 1: its codes are 0 whatever the scale."""
    smallest = np.finfo(scales.dtype).tiny  # below it, numbers lose digits
    return np.asarray(np.where(scales < smallest, scales.dtype.type(1), scales))


def bits_per_weight(bits, group_size, symmetric=True):
    """Bits that one weight costs once its share of the scale is counted.

    >>> bits_per_weight(4, 32), bits_per_weight(4, 32, symmetric=False)
    (4.5, 5.0)
    """
    code_range(bits, symmetric)
    whole("group_size", group_size, at_least=1)
    return bits + (16 if symmetric else 32) / group_size


def pack(codes, bits):
    """Lay unsigned codes of `bits` bits side by side in bytes, lowest bit first.

    codes: integers from 0 to 2^bits - 1 (add 2^(bits-1) to symmetric ones).
    Raises ValueError for a code that does not fit.

    >>> pack([1, 15, 2], bits=4).hex()
    'f102'
    """
    _, highest = code_range(bits, symmetric=False)
    codes = _integers("codes", codes)
    if codes.min() < 0 or codes.max() > highest:
        worst = codes.min() if codes.min() < 0 else codes.max()
        raise ValueError(f"codes must be in [0, {highest}], got {worst}")
    in_bits = codes.reshape(-1, 1) >> np.arange(bits) & 1
    return np.packbits(in_bits.astype(np.uint8), bitorder="little").tobytes()


def unpack(data, bits, n):
    """Take n codes of `bits` bits out of bytes: the inverse of `pack`.

    >>> unpack(bytes.fromhex("f102"), bits=4, n=3).tolist()
    [1, 15, 2]
    """
    code_range(bits, symmetric=False)
    whole("n", n, at_least=1)
    if len(data) != -(-n * bits // 8):
        raise ValueError(f"{n} codes of {bits} bits take {-(-n * bits // 8)} bytes, got {len(data)}")
    in_bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    in_bits = in_bits[: n * bits].reshape(n, bits).astype(np.int16)
    return (in_bits << np.arange(bits)).sum(axis=-1)


# --- short floats ----------------------------------------------------------


@dataclass(frozen=True)
class FloatFormat:
    """How many bits a float spends on range (exponent) and on digits (mantissa).

    has_infinity: the all-ones exponent is kept for infinity and NaN, as IEEE
    754 does. FP8 E4M3 spends it on numbers, and keeps one pattern for NaN.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    has_infinity: bool = True

    @property
    def bits(self):
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bias(self):
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def largest_code(self):
        """Bit pattern of the largest finite number."""
        all_ones = 2 ** (self.bits - 1) - 1
        not_finite = 2**self.mantissa_bits if self.has_infinity else 1
        return all_ones - not_finite

    @property
    def largest(self):
        """The largest finite number."""
        return float(decode_float(self.largest_code, self.name))

    @property
    def smallest(self):
        """The smallest number above zero, a subnormal."""
        return float(decode_float(1, self.name))


FORMATS = {
    f.name: f
    for f in (
        FloatFormat("FP32", exponent_bits=8, mantissa_bits=23),
        FloatFormat("FP16", exponent_bits=5, mantissa_bits=10),
        FloatFormat("BF16", exponent_bits=8, mantissa_bits=7),
        FloatFormat("FP8 E5M2", exponent_bits=5, mantissa_bits=2),
        FloatFormat("FP8 E4M3", exponent_bits=4, mantissa_bits=3, has_infinity=False),
    )
}


def encode_float(x, format_name):
    """Round numbers to the nearest of a float format; return its bits.

    x: any shape -> integers of that shape. Ties go to the even mantissa.
    Numbers too large become infinity, or the largest number in a format that
    has no infinity, where some libraries give NaN. NaN and infinity are legal here, since the
    formats say what becomes of them. Raises ValueError for an unknown format.
    Sources: IEEE 754-2019; Micikevicius et al. 2022 for FP8.

    >>> hex(encode_float(1.0, "FP16")), hex(encode_float(-2.5, "BF16"))
    ('0x3c00', '0xc020')
    """
    form = FORMATS[one_of("format_name", format_name, FORMATS)]
    x = np.asarray(x, dtype=float)
    if x.size == 0:
        raise ValueError(f"x must not be empty, got shape {x.shape}")
    size = np.where(np.isfinite(x), np.abs(x), 0)
    _, exponent = np.frexp(size)
    lowest = 1 - form.bias  # shared by zero and the subnormals
    exponent = np.where(size == 0, lowest, np.maximum(exponent - 1, lowest))
    steps = np.rint(np.ldexp(size, form.mantissa_bits - exponent))
    # steps counts from 2^mantissa_bits, the leading 1 that is not stored;
    # a step too far carries into the exponent, which is what rounding up means
    stored = exponent.astype(np.int64) + form.bias - 1
    code = (stored << form.mantissa_bits) + steps.astype(np.int64)
    too_large = (code > form.largest_code) | np.isinf(x)
    code = np.where(too_large, form.largest_code + form.has_infinity, code)
    code = np.where(np.isnan(x), 2 ** (form.bits - 1) - 1, code)
    return (np.signbit(x).astype(np.int64) << (form.bits - 1)) | code


def split_float(bits, format_name):
    """Cut bit patterns into three integers: sign, exponent, mantissa.

    Raises ValueError for patterns that are not integers of the format's width.

    >>> [int(field) for field in split_float(0xC020, "BF16")]  # -2.5
    [1, 128, 32]
    """
    form = FORMATS[one_of("format_name", format_name, FORMATS)]
    bits = _integers("bits", bits)
    if bits.min() < 0 or bits.max() >= 2**form.bits:
        worst = bits.min() if bits.min() < 0 else bits.max()
        raise ValueError(f"bits of {form.name} must be in [0, {2**form.bits - 1}], got {worst}")
    sign = bits >> (form.bits - 1)
    exponent = (bits >> form.mantissa_bits) & (2**form.exponent_bits - 1)
    mantissa = bits & (2**form.mantissa_bits - 1)
    return sign, exponent, mantissa


def decode_float(bits, format_name):
    """The numbers that bit patterns stand for, as float64.

    value = (-1)^sign * (1 + mantissa / 2^m) * 2^(exponent - bias); with
    exponent 0 the leading 1 goes away and the exponent counts as 1.

    >>> float(decode_float(0xC020, "BF16")), float(decode_float(0x7E, "FP8 E4M3"))
    (-2.5, 448.0)
    """
    form = FORMATS[one_of("format_name", format_name, FORMATS)]
    sign, exponent, mantissa = split_float(bits, format_name)
    leading = np.where(exponent > 0, 2**form.mantissa_bits, 0)
    power = np.maximum(exponent, 1) - form.bias - form.mantissa_bits
    size = np.ldexp((leading + mantissa).astype(float), power)
    code = (exponent << form.mantissa_bits) | mantissa
    size = np.where(code > form.largest_code, np.nan, size)
    if form.has_infinity:
        size = np.where(code == form.largest_code + 1, np.inf, size)
    return np.where(sign == 1, -size, size)


def _integers(name, values):
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.size == 0:
        raise ValueError(f"{name} must be integers, got {array.dtype} of shape {array.shape}")
    return array.astype(np.int64)


# --- levels that are not evenly spaced -------------------------------------

# Four bits as a float: sign, two bits of exponent, one of mantissa. -0 is lost.
E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def normal_levels():
    """The 16 levels of NF4: quantiles of a normal distribution, from -1 to 1.

    Eight spaces above 0 and seven below, so that 0 is a level. Source: Dettmers
    et al. 2023, whose code cuts the tails off at a probability of 0.9677.

    >>> levels = normal_levels()
    >>> len(levels), levels[[0, 1, 7, 8, 15]].round(4).tolist()
    (16, [-1.0, -0.6962, 0.0, 0.0796, 1.0])
    """
    edge, quantile = 0.9677083, NormalDist().inv_cdf
    above = [quantile(p) for p in np.linspace(edge, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(edge, 0.5, 8)[:-1]]
    levels = np.array(sorted([*above, 0.0, *below]))
    return levels / levels.max()


def nearest_level(x, levels):
    """Round each number to the nearest of some levels; half-way, towards zero.

    levels: rising; where none is below 0, they stand for their negatives too.

    >>> nearest_level([2.4, -2.6, 2.5, -9.0], E2M1).tolist()
    [2.0, -3.0, 2.0, -6.0]
    """
    x, levels = np.asarray(x), np.asarray(levels)
    if levels[0] == 0:
        return np.copysign(_level(np.abs(x), levels), x)
    return np.where(x < 0, -_level(-x, -levels[::-1]), _level(x, levels))


def _level(x, levels):
    """Each number's nearest level; half-way, the lower one."""
    return levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, x, side="left")]


@dataclass(frozen=True)
class BlockFormat:
    """Neighbours that share a scale, each rounded to one of a few levels.

    scale_bits: of each block's scale. largest: the level that the largest
    number of a block is to become.
    """

    block: int
    scale_bits: int
    largest: float

    @property
    def bits_per_weight(self):
        """Four bits, and the weight's share of the scale."""
        return 4 + self.scale_bits / self.block


BLOCK_FORMATS = {
    "MXFP4": BlockFormat(32, scale_bits=8, largest=6.0),  # a power of two
    "NVFP4": BlockFormat(16, scale_bits=8, largest=6.0),  # FP8 E4M3
    "NF4": BlockFormat(64, scale_bits=32, largest=1.0),  # FP32
}


def round_in_blocks(x, format_name):
    """Numbers as a 4-bit block format would give them back, in the shape of x.

    x (…, d), finite, blocks along the last axis. MXFP4: the scale is the power
    of two that brings the largest exponent to E2M1's, and what lies above 6
    becomes 6. NVFP4: a scale in FP8 E4M3, and one FP32 scale for the tensor that
    brings the largest of them to 448. NF4: the largest number becomes 1 or -1.
    Ties go to the level nearer to zero, where hardware takes the even mantissa.
    Raises ValueError for an unknown format, or blocks that do not divide d.
    Sources: Rouhani et al. 2023; NVIDIA 2025; Dettmers et al. 2023.

    >>> round_in_blocks([6.0, 2.4, -0.2, 0.3] * 8, "MXFP4")[:4].tolist()
    [6.0, 2.0, 0.0, 0.5]
    """
    form = BLOCK_FORMATS[one_of("format_name", format_name, BLOCK_FORMATS)]
    x = finite("x", x)
    blocks = _in_groups(x, form.block)
    highest = np.abs(blocks).max(axis=-1, keepdims=True)
    scales = _block_scales(highest, format_name, form)
    levels = normal_levels() if format_name == "NF4" else E2M1
    steps = blocks / scales
    rounded = nearest_level(steps, levels)
    return (rounded * scales + 0.0).reshape(x.shape).astype(x.dtype)


def _block_scales(highest, format_name, form):
    """What one step of a block's levels is worth."""
    if format_name == "MXFP4":
        _, exponent = np.frexp(highest)
        return np.ldexp(1.0, np.where(highest > 0, exponent - 1 - 2, 0))  # 6 = 1.5 * 2^2
    if format_name == "NVFP4":
        whole_tensor = max(highest.max() / (form.largest * 448), np.finfo(np.float32).tiny)
        in_fp8 = decode_float(encode_float(highest / form.largest / whole_tensor, "FP8 E4M3"), "FP8 E4M3")
        # a scale that FP8 rounds to 0 makes zeros of its block: so does one of 448
        return np.where(in_fp8 == 0, 448, in_fp8) * whole_tensor
    return _without_zeros(highest / form.largest)


def hadamard(x):
    """Turn blocks of numbers so that one large number is spread over all.

    x (…, d), d a power of two -> (…, d): sums and differences of neighbours, at
    every distance, over sqrt(d). A rotation, and its own inverse.
    Raises ValueError for another d.

    >>> hadamard([8.0, 0.0, 0.0, 0.0]).tolist()
    [4.0, 4.0, 4.0, 4.0]
    >>> hadamard(hadamard([1.0, 2.0, 3.0, 4.0])).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    x = finite("x", x)
    d = x.shape[-1] if x.ndim else 0
    if d < 1 or d & (d - 1):
        raise ValueError(f"the last axis of x must be a power of two, got shape {x.shape}")
    apart = 1
    while apart < d:
        pairs = x.reshape(*x.shape[:-1], -1, 2, apart)
        first, second = pairs[..., 0, :], pairs[..., 1, :]
        x = np.stack([first + second, first - second], axis=-2).reshape(x.shape)
        apart *= 2
    return x / d**0.5


# --- blocks of a GGUF file -------------------------------------------------

BLOCK_WEIGHTS = 32
Q8_0_BYTES = 2 + 32  # float16 scale, 32 signed bytes
Q4_1_BYTES = 2 + 2 + 16  # float16 scale, float16 minimum, 32 half-bytes


def dequantize_q8_0(data, n):
    """Decode n weights from Q8_0 blocks: x = scale * code.

    data: bytes or a uint8 array, 34 bytes for every 32 weights. Returns float32
    (n,). Raises ValueError where sizes disagree or a scale is not finite.
    Source: ggml, ggml-quants.c.

    >>> block = np.float16(0.5).tobytes() + bytes([2, 255] + [0] * 30)
    >>> dequantize_q8_0(block, 32)[:3].tolist()
    [1.0, -0.5, 0.0]
    """
    blocks = _blocks("Q8_0", data, n, Q8_0_BYTES)
    scales = _block_numbers("Q8_0", blocks[:, :2])
    codes = blocks[:, 2:].view(np.int8)
    return (codes * scales).reshape(-1)


def dequantize_q4_1(data, n):
    """Decode n weights from Q4_1 blocks: x = scale * code + minimum.

    data: bytes or a uint8 array, 20 bytes for every 32 weights; byte i holds
    weight i in its low half and weight i + 16 in its high half. Returns float32
    (n,). Raises ValueError where sizes disagree or a scale is not finite.
    Source: ggml, ggml-quants.c.

    >>> block = np.array([0.5, -1], "<f2").tobytes() + bytes([0x2F] + [0] * 15)
    >>> x = dequantize_q4_1(block, 32)
    >>> x[0].item(), x[1].item(), x[16].item()
    (6.5, -1.0, 0.0)
    """
    blocks = _blocks("Q4_1", data, n, Q4_1_BYTES)
    numbers = _block_numbers("Q4_1", blocks[:, :4])
    scales, minimums = numbers[:, :1], numbers[:, 1:]
    halves = blocks[:, 4:]
    x = np.empty((len(blocks), BLOCK_WEIGHTS), dtype=np.float32)
    np.multiply(halves & 15, scales, out=x[:, :16])
    np.multiply(halves >> 4, scales, out=x[:, 16:])
    x += minimums
    return x.reshape(-1)


def quantize_q8_0(x):
    """Encode weights as Q8_0 blocks, as ggml does; returns bytes.

    x: finite, a multiple of 32 numbers. Codes -127…127; the scale is rounded to
    float16 after the codes are chosen.

    >>> dequantize_q8_0(quantize_q8_0(np.arange(32) * 4), 32)[:3].tolist()
    [0.0, 3.90625, 7.8125]
    """
    groups = _weight_blocks(x)
    scales = np.abs(groups).max(axis=1, keepdims=True) / np.float32(127)
    codes = _half_away_from_zero(_divide(groups, scales)).astype(np.int8)
    return _rows([_half_precision(scales), codes])


def quantize_q4_1(x):
    """Encode weights as Q4_1 blocks, as ggml does; returns bytes.

    x: finite, a multiple of 32 numbers. Codes 0…15 count steps above the
    smallest number of the block.

    >>> block = quantize_q4_1(np.arange(32) / 2)
    >>> len(block), np.frombuffer(block[:4], "<f2").tolist()
    (20, [1.033203125, 0.0])
    """
    groups = _weight_blocks(x)
    minimums = groups.min(axis=1, keepdims=True)
    scales = (groups.max(axis=1, keepdims=True) - minimums) / np.float32(15)
    codes = np.floor(_divide(groups - minimums, scales) + np.float32(0.5))
    codes = np.minimum(codes, 15).astype(np.uint8)
    halves = codes[:, :16] | codes[:, 16:] << 4
    return _rows([_half_precision(scales), _half_precision(minimums), halves])


def _blocks(kind, data, n, block_bytes):
    """View raw bytes as (n_blocks, block_bytes)."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if whole("n", n, at_least=1) % BLOCK_WEIGHTS:
        raise ValueError(f"n must be a multiple of {BLOCK_WEIGHTS} for {kind}, got {n}")
    needed = n // BLOCK_WEIGHTS * block_bytes
    if raw.size != needed:
        raise ValueError(f"{n} weights of {kind} take {needed} bytes, got {raw.size}")
    return raw.reshape(-1, block_bytes)


def _block_numbers(kind, raw):
    """The little-endian float16 numbers at the head of every block, as float32."""
    numbers = np.ascontiguousarray(raw).view("<f2").astype(np.float32)
    if not np.isfinite(numbers).all():
        row = int(np.argwhere(~np.isfinite(numbers))[0, 0])
        raise ValueError(f"block {row} of {kind} must hold finite scales, got {numbers[row].tolist()}")
    return numbers


def _weight_blocks(x):
    x = finite("x", x).astype(np.float32).reshape(-1)
    if x.size % BLOCK_WEIGHTS:
        raise ValueError(f"x must hold a multiple of {BLOCK_WEIGHTS} numbers, got {x.size}")
    return x.reshape(-1, BLOCK_WEIGHTS)


def _divide(x, scales):
    """x / scales, and 0 for a block whose scale is 0."""
    return x / np.where(scales == 0, np.float32(1), scales)


def _half_away_from_zero(x):
    return np.trunc(x + np.copysign(np.float32(0.5), x))


def _half_precision(x):
    largest = float(np.abs(x).max())
    if largest > FORMATS["FP16"].largest:
        raise ValueError(f"x is too large for a float16 scale, got a scale or minimum of {largest}")
    return x.astype("<f2")


def _rows(columns):
    """Join columns of bytes, block by block."""
    return np.hstack([np.ascontiguousarray(c).view(np.uint8) for c in columns]).tobytes()
