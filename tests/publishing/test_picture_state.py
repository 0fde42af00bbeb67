"""Mutations that a reader would see are found, another processor's last digits are not."""

import base64
import json
import random
from pathlib import Path

import numpy as np
import pytest
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, Div

from anatomy.figures.figure import canonical
from anatomy.publishing.picture_state import difference, state, text

STATES = sorted((Path(__file__).parents[2] / "book" / "pictures").glob("*.json"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (17.5, 17.51),
        (0.1234, 0.1235),
        (9.999, 10),
        (2.9999, 3),
        (-0.5, -0.5001),
        ([1.0, 6.1e-17, 0.5], [1.0, 0, 0.5]),
        (["0.846", "17.5 %", "−0.50"], ["0.847", "17.4 %", "−0.51"]),
        ("9.99 of 12", "10.00 of 12"),
        ("72\u00a0%", "73\u00a0%"),
        ("1.2e-05", "1.3e-05"),
        ([round(0.001 * i, 3) for i in range(99)], [round(0.001 * (i + 1), 3) for i in range(99)]),
    ],
)
def test_last_digits_are_not_found(old, new):
    assert difference(old, new) is None
    assert difference(new, old) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (17.5, 17.8),
        (0.5, 0.51),
        (0.1234, -0.1234),
        (12, 13),
        (1234, 1235),
        (1, True),
        ([0, 1, 2], [0, 2, 1]),
        ([0.5, 0.25], [0.25, 0.5]),
        ([0.5, 0.25], [0.5, 0.25, 0]),
        ([0.5, 0.25], [0.51, 0.25]),
        ("17.5", "17.8"),
        ("17.5 %", "17.8 %"),
        ("0.50", "−0.50"),
        ("step 400", "step 401"),
        ("step 400", "step 407"),
        ("layer 3 of 30", "layer 4 of 30"),
        ("0.5", "0.50"),
        ("#101010", "#101011"),
        ("m12", "m13"),
        ("v1.2.3", "v1.2.4"),
        ("·Italy", "·Paris"),
        ({"x": 1}, {"y": 1}),
        ({"x": 1}, {"x": 1, "y": 1}),
        ({"styles": {"flex": "1 1 0.5"}}, {"styles": {"flex": "1 1 0.6"}}),
        ({"a": None}, {"a": 0}),
    ],
)
def test_what_can_be_seen_is_found(old, new):
    assert difference(old, new)
    assert difference(new, old)


def test_the_message_names_the_place_without_its_middle():
    deep = {
        "doc": {"roots": [{"Column m1": {"children": [{"Figure m2": {"data": {"text": ["a", "17.5"]}}}]}}]}
    }
    new = json.loads(json.dumps(deep).replace("17.5", "17.8"))
    assert difference(deep, new) == 'doc.roots[0]….Figure m2.data.text[1]: "17.5" → "17.8"'
    assert difference({"x": 1}, {}) == 'x: 1 → "nothing"'


def test_a_comment_in_a_callback_is_not_found_and_its_code_is():
    source = """// Shows the row.
export default ({ row, words }) => {
  const url = "https://example.org/a"; // not a comment in the string
  words.text = `// ${row.value}`; /* nor in
  the template */
  row.step = 0.05;
};
"""
    old = {"code": source}
    commented = (
        source.replace("Shows the row", "Draws 17 rows")
        .replace("  /*", " /* much more")
        .replace("  ", "    ")
    )
    assert difference(state(old), state({"code": commented})) is None
    for was, now in (
        ("example.org/a", "example.org/b"),
        ("// ${", "/ ${"),
        ("0.05", "0.06"),
        ("row.step", "row.end"),
    ):
        assert was in source
        assert difference(state(old), state({"code": source.replace(was, now)})), was
    assert "row.step=0.05;" in state({"code": source})["code"]["script"]


def item(values):
    """The state of an array as Bokeh writes it into a figure, rounded by `canonical`."""
    source = ColumnDataSource({"image": [values]})
    return state(canonical(json_item(Div(tags=[source])))["doc"])


def test_an_array_of_whole_numbers_is_compared_exactly_row_by_row():
    codes = np.arange(40_000, dtype=np.int8).reshape(100, 400)
    other = codes.copy()
    other[50, 7] += 1
    assert difference(item(codes), item(codes)) is None
    assert "rows[50]" in difference(item(codes), item(other))
    assert len(text(item(codes))) < 20_000


def test_packed_numbers_are_compared_exactly_block_by_block():
    packed = base64.b64encode(bytes(range(256)) * 400).decode()
    other = packed[:50_000] + "A" + packed[50_001:]
    assert difference(state({"codes": packed}), state({"codes": packed})) is None
    assert "codes.blocks[50]" in difference(state({"codes": packed}), state({"codes": other}))
    assert len(text(state({"codes": packed}))) < 4_000


def test_an_array_of_measurements_is_compared_cell_by_cell():
    values = np.random.default_rng(0).normal(size=(30, 40))
    jitter = values * (1 + 1e-6)
    other = values.copy()
    other[12, 3] += 0.05 * np.ptp(values)
    hole = values.copy()
    hole[12, 3] = np.nan
    assert difference(item(values), item(jitter)) is None
    assert "levels[12][3]" in difference(item(values), item(other))
    assert "levels[12][3]" in difference(item(values), item(hole))


def numbers_in(value, path=()):
    """(path, number) of every broken number of a state."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from numbers_in(part, (*path, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from numbers_in(part, (*path, i))
    elif isinstance(value, float):
        yield path, value


def replaced(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_the_book_s_figures_bear_jitter_and_no_change(path):
    committed = json.loads(path.read_text("utf-8"))
    found = [
        (where, value) for where, value in numbers_in(committed) if "low" not in where and where[0] != "print"
    ]
    for where, value in random.Random(0).sample(found, min(len(found), 10)):
        digits = committed[where[0]]["digits"]
        near = float(f"{value * (1 + 4 * 10.0 ** -(digits + 1)):.{digits}g}")
        far = value * 1.2 + (0.01 if abs(value) < 0.01 else 0)
        assert difference(committed, replaced(committed, where, near)) is None, where
        assert difference(committed, replaced(committed, where, far)), where


def test_a_state_is_text_that_a_reviewer_can_read():
    assert STATES
    for path in STATES:
        lines = path.read_text("utf-8").splitlines()
        assert max(map(len, lines)) < 400, path.name
        assert path.stat().st_size < 120_000, path.name
