"""What a picture was drawn from, as text that people can compare, and what counts as a change of it.

`state` turns a figure's Bokeh JSON into plain lists and maps: JavaScript without comments, arrays of several axes in
a short form. `difference` finds the first place where two states differ by more than another processor's last digits:

- numbers may differ by one unit of their last kept digit: of so many significant ones as the nearest "digits" around
  them says, or of the finest decimal of a list of MANY; and by NOISE of the largest in their list;
- numbers inside words may differ by one unit of their last printed digit, if they have a point or stand before %;
- whole numbers are counts, steps and ids, and everything else is words: both are compared exactly.
"""

import base64
import gzip
import json
import math
import re
import textwrap
import zlib
from decimal import Decimal

import numpy as np
import rjsmin

LINE = 110
NOISE = Decimal("1e-7")  # about float32's last digit: zeros on one processor, 1e-17 on another
# so many broken numbers tell to how many decimals a list was rounded, if to so many at least: grids are shorter
MANY, DECIMALS = 20, 3
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NUMERAL = re.compile(r"(?<![\w#.])[-−+]?\d+(?:\.\d+)?(?:e[-+−]?\d+)?(?!\.?\d)")
BASE64, PACKED = re.compile(r"[A-Za-z0-9+/]+=*"), 1000  # a longer run without a space is packed numbers
SCRIPT = re.compile(r"=>|\bfunction\b|\breturn\b|\bexport\b")
EXACT = {"styles", "stylesheets", "script"}  # where a digit is never a measurement
DIGITS = 4  # where nothing says how many significant ones were kept
ABSENT = "nothing"


# ---- Bokeh's JSON -> state -----------------------------------------------------------------------


def state(item):
    """A figure's parsed JSON -> the same as lists and maps, each model under its class and id."""
    if isinstance(item, list):
        return [state(part) for part in item]
    if isinstance(item, str) and len(item) > PACKED and BASE64.fullmatch(item):
        blocks = [item[start : start + PACKED] for start in range(0, len(item), PACKED)]
        return {"base64": len(item), "blocks": [checksum(block.encode()) for block in blocks]}
    if isinstance(item, str):
        return {"script": statements(item)} if "\n" in item and SCRIPT.search(item) else item
    if not isinstance(item, dict):
        return item
    kind = item.get("type")
    if kind == "ndarray":
        return array(item)
    if kind == "map" and all(isinstance(key, str) for key, _ in item["entries"]):
        return {key: state(value) for key, value in item["entries"]}
    if kind == "object" and "name" in item and "id" in item:
        return {f"{item['name']} {item['id']}": state(item.get("attributes", {}))}
    return {key: state(part) for key, part in item.items()}


def checksum(data):
    """What tells one run of bytes from another, in 12 characters."""
    return f"crc {zlib.crc32(data):08x}"


def statements(script):
    """JavaScript without comments and idle spaces, cut after every statement and brace.

    >>> statements('// why\\nx = "// a; b"; // more\\nif (x) { y(); }')
    ['x="// a;', ' b";', 'if(x){', 'y();', '}']
    """
    return re.findall(r"[^;{}]*[;{}]|[^;{}]+", rjsmin.jsmin(script))  # cuts in strings do no harm


def array(item):
    """A numpy array of several axes in short: a checksum a row of whole numbers, a level a float.

    Levels are 62 steps from the smallest to the largest number, one character each: a change by two steps, 3 % of
    the range and a third of a step of the ramps, is found in every cell.
    """
    data = base64.b64decode(item["array"]["data"])
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    values = np.frombuffer(data, "uint8" if item["dtype"] == "bool" else item["dtype"])
    rows = values.reshape(item["shape"][0], math.prod(item["shape"][1:]))
    short = {"array": f"{item['dtype']} {' × '.join(map(str, item['shape']))}"}
    if values.dtype.kind in "iu":
        return {**short, "rows": [checksum(row.tobytes()) for row in rows]}
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    with np.errstate(invalid="ignore"):
        levels = np.nan_to_num(
            (rows - low) / (high - low or 1) * (len(LEVELS) - 1), nan=0, posinf=0, neginf=0
        )
    strange = np.where(np.isnan(rows), "?", np.where(rows > 0, "+", "-"))
    cells = np.where(np.isfinite(rows), np.array(list(LEVELS))[levels.round().astype(int)], strange)
    return {**short, "low": low, "high": high, "levels": ["".join(row) for row in cells.tolist()]}


def text(value, indent=""):
    """A state as JSON: what fits in a line stands in one, long lists of values are filled line by line."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= LINE or not isinstance(value, (dict, list)):
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {text(v, deeper)}" for k, v in value.items()]
        return "{\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "}"
    if all(isinstance(part, (int, float)) for part in value):
        return (
            "[\n"
            + textwrap.fill(short[1:-1], LINE, initial_indent=deeper, subsequent_indent=deeper)
            + "\n"
            + indent
            + "]"
        )
    return "[\n" + ",\n".join(deeper + text(part, deeper) for part in value) + "\n" + indent + "]"


# ---- two states -> the first difference ----------------------------------------------------------


def difference(old, new):
    """The first place where two states differ visibly -> "path: old → new", or None."""
    # most pictures are of this very state; == would take 1 for True
    found = repr(old) != repr(new) and compare(old, new, (), DIGITS)
    if not found:
        return None
    path, was, now = found
    return f"{shown_path(path)}: {shown(was)} → {shown(now)}"


def compare(old, new, path, digits, slack=None):
    """(path, old, new) of the first difference, or None. slack: what the list that it stands in allows."""
    if is_number(old) and is_number(new):
        return None if near(old, new, digits, slack) else (path, old, new)
    if type(old) is not type(new):
        return path, old, new
    if isinstance(old, dict):
        digits = old.get("digits", digits)
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                return (*path, key), old.get(key, ABSENT), new.get(key, ABSENT)
            if key == "levels" and "array" in old:
                found = compare_levels(old[key], new[key], (*path, key))
            else:
                found = compare(old[key], new[key], (*path, key), digits)
            if found:
                return found
        return None
    if isinstance(old, list):
        slack = slack_of([*old, *new])
        for i, (a, b) in enumerate(zip(old, new, strict=False)):
            found = compare(a, b, (*path, i), digits, slack)
            if found:
                return found
        if len(old) != len(new):
            i = min(len(old), len(new))
            return (*path, i), *(part[i] if i < len(part) else ABSENT for part in (old, new))
        return None
    if isinstance(old, str) and not EXACT & set(path):
        return None if same_words(old, new) else (path, old, new)
    return None if old == new else (path, old, new)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def slack_of(values):
    """By how much numbers of one list may differ whatever their digits; None where all are whole: counts or ids."""
    numbers = [Decimal(repr(value)) for value in values if is_number(value)]
    broken = {value for value in numbers if value % 1}
    if not broken:
        return None
    noise = NOISE * max(map(abs, numbers))
    finest = min(value.as_tuple().exponent for value in broken)
    return max(noise, Decimal(10) ** finest) if len(broken) >= MANY and finest <= -DECIMALS else noise


def near(a, b, digits, slack=None):
    """Whether two numbers differ by at most one unit of the last of their digits, or by slack.

    >>> near(17.51, 17.5, 4), near(17.8, 17.5, 4), near(400, 401, 4), near(2.9999, 3, 4)
    (True, False, False, True)
    """
    if a == b:
        return True
    if isinstance(a, int) and isinstance(b, int) and slack is None:
        return False
    a, b = Decimal(repr(a)), Decimal(repr(b))
    unit = Decimal(10) ** (math.floor(max(abs(a), abs(b)).log10()) - digits + 1)
    return abs(a - b) <= max(unit, slack or 0)


def same_words(a, b):
    """Whether two texts are the same but for one unit of the last printed digit of measured numbers.

    >>> same_words("0.846 of 3", "0.845 of 3"), same_words("17.5 %", "17.8 %"), same_words("step 400", "step 401")
    (True, False, False)
    """
    if a == b:
        return True
    if NUMERAL.sub("0", a) != NUMERAL.sub("0", b):
        return False
    return all(
        same_numeral(x[0], y[0], a[x.end() :].lstrip("\u00a0\u202f ").startswith("%"))
        for x, y in zip(NUMERAL.finditer(a), NUMERAL.finditer(b), strict=True)
    )


def same_numeral(a, b, percent):
    """Whether two printed numbers differ by at most one unit of the last printed digit; whole ones must be equal."""
    if a == b:
        return True
    x, y = (Decimal(part.replace("−", "-")) for part in (a, b))
    exponent = min(x.as_tuple().exponent, y.as_tuple().exponent)
    if x == y:
        return x.as_tuple().exponent == y.as_tuple().exponent  # −0.0 and 0.0, but not 0.5 and 0.50
    whole = exponent >= 0 and "e" not in a + b
    return (percent or not whole) and abs(x - y) <= Decimal(10) ** exponent


def compare_levels(old, new, path):
    """As compare, for the rows of an array's levels: every cell within one step."""
    if [len(row) for row in old] != [len(row) for row in new]:
        return path, f"{len(old)} rows", f"{len(new)} rows"
    for i, (a, b) in enumerate(zip(old, new, strict=True)):
        for j, (x, y) in enumerate(zip(a, b, strict=True)):
            if (x in LEVELS) != (y in LEVELS) or abs(LEVELS.find(x) - LEVELS.find(y)) > 1:
                return (*path, i, j), x, y
    return None


def shown_path(path):
    """A path as in JavaScript, without its middle where it is long: doc.roots[0]….data.text[3]."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    if len(parts) > 8:
        parts = [*parts[:3], "…", *parts[-4:]]
    return "".join(parts).removeprefix(".") or "the figure"


def shown(value):
    """A value for a message: short."""
    return textwrap.shorten(json.dumps(value, ensure_ascii=False), 60, placeholder=" …")
