"""Outside the book a figure and a table show themselves; inside they cost a page nothing."""

import base64
import re

import pytest

from anatomy.figures import notebook, parts
from anatomy.figures.figure import MIME, Figure, Table
from anatomy.studies import BOOK

DATA = Table(["angle", "<x>"], [["90°", "0 & 1"]])
SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """The folder of committed pictures, while no book is built."""
    monkeypatch.delenv(BOOK)
    monkeypatch.setattr(notebook, "PICTURES", tmp_path)
    return tmp_path


def figure(**more):
    return Figure(
        parts.plot(), "rope-dial", 'It "turns".', "It *turns*.", DATA, "toy", source="by hand", **more
    )


def test_a_figure_shows_its_picture_its_words_and_its_numbers(outside):
    (outside / "rope-dial.svg").write_text(SVG)
    bundle = figure()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    html = bundle["text/html"]
    assert html.startswith('<figure id="fig-rope-dial"')
    assert base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)[1]).decode() == SVG
    assert 'alt="It &quot;turns&quot;."' in html
    assert "<b>Toy</b> It turns.<br><small>by hand</small>" in html
    assert '<th scope="col">&lt;x&gt;</th>' in html
    assert '<th scope="row">90°</th><td>0 &amp; 1</td>' in html
    assert bundle["text/plain"] == 'Figure rope-dial (Toy): It "turns".'


def test_what_stands_still_is_what_print_shows(outside):
    (outside / "rope-dial.svg").write_text("first state")
    (outside / "rope-dial-print.svg").write_text("states for print")
    html = figure(print_caption="It turns by `90`.")._repr_mimebundle_()["text/html"]
    assert base64.b64encode(b"states for print").decode() in html
    assert "It turns by 90." in html
    assert "It turns." not in html


def test_without_a_picture_it_says_what_it_would_show_and_where_the_picture_is(outside):
    html = figure()._repr_mimebundle_()["text/html"]
    assert "<img" not in html
    assert "<p>It &quot;turns&quot;.</p>" in html
    assert "pip install -e" in html
    assert "<table>" in html


def test_a_table_shows_itself(outside):
    bundle = Table(["a", "b"], [[1, 2]], "rope-cost", "A *sum*.", "real")._repr_mimebundle_()
    assert "<b>Real model</b> A sum." in bundle["text/html"]
    assert '<th scope="row">1</th><td>2</td>' in bundle["text/html"]
    assert bundle["text/plain"] == "Table rope-cost (Real model): A sum.\na | b\n1 | 2"


def test_in_the_book_it_hands_over_what_the_page_needs_and_no_picture():
    assert set(figure()._repr_mimebundle_()) == {MIME}
    assert set(Table(["a"], [[1]], "rope-cost", "A sum.", "real")._repr_mimebundle_()) == {MIME}
