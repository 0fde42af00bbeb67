import json

import numpy as np
import pytest

from anatomy.figures import parts
from anatomy.figures.figure import MIME, Figure, Table, canonical
from anatomy.figures.theme import ink

DATA = Table(["x"], [[1]])


def columns(values=(1.0, 0.0, 0.25, 0.75)):
    p = parts.plot()
    p.vbar([0, 1, 2, 3], top=list(values), color=ink("prob"))
    return p


def test_the_same_figure_is_the_same_bytes_wherever_it_is_made():
    first = Figure(columns(), "rope-dial", "alt", "caption", DATA, "toy", [parts.slider("Turn", 0, 1, 0)])
    columns()  # Bokeh counts on
    second = Figure(columns(), "rope-dial", "alt", "caption", DATA, "toy", [parts.slider("Turn", 0, 1, 0)])
    assert json.dumps(first.item()) == json.dumps(second.item())
    assert "H4sI" not in json.dumps(first.item())  # no base64 of gzip: numbers are spelled out


def test_last_digits_of_another_processor_do_not_change_it():
    nearly = [1.0, 0.0, 0.25 + 3e-15, 0.75 - 2e-16]
    a = Figure(columns(), "rope-dial", "alt", "caption", DATA, "toy").item()
    b = Figure(columns(nearly), "rope-dial", "alt", "caption", DATA, "toy").item()
    assert a == b


def test_canonical_keeps_the_meaning_of_numbers():
    def shown(value):
        return canonical({"root_id": "p7", "doc": {"roots": [value], "version": "3"}, "version": "3"})["doc"][
            "roots"
        ][0]

    assert shown(0.123456) == 0.1235
    assert shown(123456.0) == 123500
    assert shown(float("nan")) == {"type": "number", "value": "nan"}
    assert shown(True) is True
    assert shown({"id": "p12"}) == {"id": "m1"}


def test_arrays_become_lists_or_keep_their_shape():
    plot = parts.plot()

    plot.line(np.array([0.1, 0.2]), np.array([1, 2]), color=ink("key"))
    text = json.dumps(Figure(plot, "rope-dial", "alt", "caption", DATA, "toy").item())
    assert '["x", [0.1, 0.2]]' in text
    assert '["y", [1, 2]]' in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alt": " "}, "alt of figure 'rope-dial' has no"),
        ({"caption": ""}, "caption of figure 'rope-dial' has no"),
        ({"name": "dial"}, r"name must be '<topic>-<word>'.*'dial'"),
        ({"provenance": "guess"}, r"provenance must be one of 'toy'.*'guess'"),
    ],
)
def test_a_figure_without_what_readers_need_is_refused(changes, message):
    said = {"name": "rope-dial", "alt": "alt", "caption": "caption", "data": DATA, "provenance": "toy"}
    with pytest.raises(ValueError, match=message):
        Figure(columns(), **{**said, **changes})


@pytest.mark.parametrize("caption", ["Move the slider.", "Bars: Choose a word.", "It falls. Drag the point."])
def test_paper_gets_no_orders_to_the_hand(caption):
    with pytest.raises(ValueError, match="gives an order on paper"):
        Figure(columns(), "rope-dial", "alt", caption, DATA, "toy")
    Figure(columns(), "rope-dial", "alt", caption, DATA, "toy", print_caption="Bars are shares.")


def test_a_colour_that_the_dark_theme_does_not_know_is_refused():
    plot = parts.plot()
    plot.line([1, 2], [1, 2], color="#123456")
    with pytest.raises(ValueError, match="'rope-dial' draws in #123456"):
        Figure(plot, "rope-dial", "alt", "caption", DATA, "toy").item()


def test_a_ragged_table_is_refused():
    with pytest.raises(ValueError, match="row 2 of table 'rope-cost' has 1 cells, its header has 2"):
        Table(["a", "b"], [[1, 2], [3]], "rope-cost")


def test_the_bundle_says_what_publishing_needs():
    figure = Figure(columns(), "rope-dial", "alt", "caption", DATA, "toy", source="by hand")
    spec = json.loads(figure._repr_mimebundle_()[MIME])
    assert spec["bundles"] == ["bokeh"]
    assert (spec["kind"], spec["header"], spec["rows"], spec["source"]) == (
        "figure",
        ["x"],
        [["1"]],
        "by hand",
    )
