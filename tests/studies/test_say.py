import sys

import pytest

from anatomy.studies import BOOK, say


@pytest.fixture
def glued(monkeypatch):
    """The numbers that pages got."""
    import myst_nb

    found = {}
    monkeypatch.setattr(myst_nb, "glue", lambda name, value, display: found.update({name: value}))
    return found


def test_in_the_book_numbers_go_to_the_page(glued):
    say(loss=2.5, steps=100)
    assert glued == {"loss": 2.5, "steps": 100}


def test_outside_the_book_it_shows_nothing_even_where_myst_nb_is_installed(glued, monkeypatch):
    monkeypatch.delenv(BOOK)
    say(loss=2.5)
    assert glued == {}


def test_outside_the_book_it_needs_no_myst_nb(monkeypatch):
    monkeypatch.delenv(BOOK)
    monkeypatch.setitem(sys.modules, "myst_nb", None)
    say(loss=2.5)
