import ast
from pathlib import Path

import pytest

from anatomy.figures import parts

LONGEST = 70  # lines of a function


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.5, 2, "1.50"), (-1.5, 2, "−1.50"), (-0.001, 2, "0.00"), (-0.04, 1, "0.0"), (12.346, 0, "12")],
)
def test_fixed_is_what_the_page_prints(javascript, value, digits, text):
    assert parts.fixed(value, digits) == text
    assert javascript(["fixed"], "fixed(v, d)", v=value, d=digits) == text


def test_a_choice_under_headings_counts_through_all_of_them():
    model = parts.choice("Word", {"colours": ["red", "blue"], "food": ["rice"]}, first=2)
    assert model.options == {"colours": [("0", "red"), ("1", "blue")], "food": [("2", "rice")]}
    assert model.value == "2"


@pytest.mark.parametrize("path", sorted(Path(parts.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_what_makes_a_figure_fits_a_screen(path):
    """Numbers, drawing and words are functions of their own: none is longer than LONGEST lines."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    long = [node.name for node in functions if node.end_lineno - node.lineno >= LONGEST]
    assert long == []
