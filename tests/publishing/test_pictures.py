import pytest

from anatomy.publishing import pictures
from anatomy.publishing.pictures import Picture, head, stale, state_text, tidy

SVG = '<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="720" height="300"><rect fill="#1c2530"/></svg>\n'


def commit(folder, name, payload, controls=44):
    for tail in pictures.WIDTHS:
        (folder / f"{name}{tail}.svg").write_text(head(state_text(payload), controls) + SVG)
    (folder / f"{name}.json").write_text(state_text(payload), "utf-8")


def test_a_committed_picture_knows_its_figure_size_and_controls(tmp_path):
    commit(tmp_path, "rope-dial", "{}")
    picture = Picture.read(tmp_path / "rope-dial.svg")
    assert (picture.width, picture.height, picture.controls) == (720, 300, 44)
    assert stale(tmp_path, "rope-dial", "{}") is None


def test_dark_pictures_replace_the_light_inks(tmp_path):
    commit(tmp_path, "rope-dial", "{}")
    dark = Picture.read(tmp_path / "rope-dial.svg").dark()
    assert "#e6e8e4" in dark
    assert "#1c2530" not in dark


def test_a_picture_is_fresh_until_its_figure_changes_and_then_says_where(tmp_path):
    commit(tmp_path, "rope-dial", '{"doc": {"text": ["a", "17.5"]}}')
    assert stale(tmp_path, "rope-dial", '{"doc": {"text": ["a", "17.5"]}}') is None
    assert stale(tmp_path, "rope-dial", '{"doc": {"text": ["a", "17.8"]}}') == (
        'picture rope-dial.svg shows an older state: doc.text[1]: "17.5" → "17.8"; '
        "draw it with: nox -s pictures"
    )


def test_the_digits_that_a_figure_keeps_say_what_its_last_one_is(tmp_path):
    commit(tmp_path, "rope-dial", '{"digits": 6, "x": 0.123456}')
    assert stale(tmp_path, "rope-dial", '{"digits": 6, "x": 0.123457}') is None
    assert "x: 0.123456 → 0.12347" in stale(tmp_path, "rope-dial", '{"digits": 6, "x": 0.12347}')
    commit(tmp_path, "rope-dial", '{"item": {"digits": 3, "x": 0.123}, "view": {"x": 0.123}}')
    assert stale(tmp_path, "rope-dial", '{"item": {"digits": 3, "x": 0.124}, "view": {"x": 0.123}}') is None
    assert "view.x" in stale(
        tmp_path, "rope-dial", '{"item": {"digits": 3, "x": 0.123}, "view": {"x": 0.124}}'
    )


def test_pictures_of_two_states_are_told_apart(tmp_path):
    """As after a merge that took one branch's state and another's picture."""
    commit(tmp_path, "rope-dial", '{"a": 1}')
    (tmp_path / "rope-dial.json").write_text(state_text('{"a": 2}'))
    assert "rope-dial.svg was drawn from another state than rope-dial.json" in stale(
        tmp_path, "rope-dial", '{"a": 2}'
    )
    (tmp_path / "rope-dial.json").unlink()
    assert "no state rope-dial.json" in stale(tmp_path, "rope-dial", '{"a": 2}')


@pytest.mark.parametrize("text", ["", "<svg/>", SVG])
def test_a_foreign_or_missing_picture_names_itself_and_the_way_out(tmp_path, text):
    (tmp_path / "a-b.svg").write_text(text)
    with pytest.raises(ValueError, match=r"a-b\.svg .*nox -s pictures"):
        Picture.read(tmp_path / "a-b.svg")
    with pytest.raises(FileNotFoundError, match=r"c-d\.svg .*nox -s pictures"):
        Picture.read(tmp_path / "c-d.svg")


def test_nothing_is_drawn_when_nothing_changed_and_orphans_go(tmp_path):
    commit(tmp_path, "rope-dial", "{}")
    commit(tmp_path, "rope-gone", "{}")
    assert pictures.draw(tmp_path, {"rope-dial": "{}"}) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "rope-dial-narrow.svg",
        "rope-dial.json",
        "rope-dial.svg",
    ]


def test_tidy_writes_what_epub_accepts_and_what_repeats():
    drawn = (
        '<svg><clipPath id="x7f3"/><g paint-order="stroke" clip-path="url(#x7f3)" fill="rgb(28, 37, 48)" '
        'd="M 1.23456 2"/><text x="0.598">0.598 rgb(1, 2, 3)</text></svg>'
    )
    assert tidy(drawn) == (
        '<svg><clipPath id="c0"/><g clip-path="url(#c0)" fill="#1c2530" d="M 1.23 2"/>'
        '<text x="0.59">0.598 rgb(1, 2, 3)</text></svg>'
    )
