"""Checks of arguments, in one wording: the thing, its value, the way out."""

import numpy as np


def floats(name, values):
    """Return values as an array of floats; whole numbers become float64. Raises ValueError for what is no number.

    >>> floats("x", [3, 4]).tolist()
    [3.0, 4.0]
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got an array of {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(float)


def finite(name, values, ndim=None, any_float=False):
    """Return values as a non-empty array of float32 or float64 without NaN or infinity.

    Floats of 16 bits, in which squares overflow and sums lose their terms, become float32; longer ones float64,
    unless any_float. Raises ValueError naming the first offending entry, or the number of axes where `ndim` is given.

    >>> finite("x", [1, 2]).tolist()
    [1.0, 2.0]
    >>> finite("x", [1, float("nan")])
    Traceback (most recent call last):
    ValueError: x must be finite, got nan at index (1,)
    """
    array = floats(name, values)
    if array.dtype not in (np.float32, np.float64) and not any_float:
        array = array.astype(np.float32 if array.dtype == np.float16 else float)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {array.shape}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def same_length(name, array, axis, other_name, other, other_axis):
    """Raise ValueError unless two axes that must meet have the same length."""
    if array.shape[axis] != other.shape[other_axis]:
        raise ValueError(
            f"{name} has shape {array.shape} and {other_name} has shape {other.shape}: "
            f"axis {axis} of {name} must equal axis {other_axis} of {other_name}"
        )


def in_range(name, value, low, high, open_low=False, open_high=False, hint=""):
    """Return value if it lies between low and high (each end closed unless said); NaN never does.

    >>> in_range("p", 1.5, 0, 1, open_low=True)
    Traceback (most recent call last):
    ValueError: p must be in (0, 1], got 1.5
    """
    above = value > low if open_low else value >= low
    below = value < high if open_high else value <= high
    if not (above and below):
        interval = f"{'(' if open_low else '['}{low}, {high}{')' if open_high else ']'}"
        raise ValueError(f"{name} must be in {interval}, got {value}{'; ' + hint if hint else ''}")
    return value


def whole(name, value, at_least=0, hint=""):
    """Return value if it is a whole number of at least `at_least`, as an int."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < at_least:
        raise ValueError(
            f"{name} must be a whole number >= {at_least}, got {value!r}{'; ' + hint if hint else ''}"
        )
    return int(value)


def one_of(name, value, choices):
    """Return value if it is one of choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value
