import pytest

from anatomy.figures import parts


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
