import pytest

from anatomy.publishing import pictures
from anatomy.publishing.pictures import Picture, fingerprint, head, stale, tidy

SVG = '<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="720" height="300"><rect fill="#1c2530"/></svg>\n'


def commit(folder, name, payload, controls=44):
    for tail in pictures.WIDTHS:
        (folder / f"{name}{tail}.svg").write_text(head(payload, controls) + SVG)


def test_a_committed_picture_knows_its_figure_size_and_controls(tmp_path):
    commit(tmp_path, "rope-dial", "{}")
    picture = Picture.read(tmp_path / "rope-dial.svg")
    assert (picture.shape, picture.width, picture.height, picture.controls) == (
        fingerprint("{}")[0],
        720,
        300,
        44,
    )


def test_dark_pictures_replace_the_light_inks(tmp_path):
    commit(tmp_path, "rope-dial", "{}")
    dark = Picture.read(tmp_path / "rope-dial.svg").dark()
    assert "#e6e8e4" in dark
    assert "#1c2530" not in dark


def test_a_picture_is_fresh_until_its_figure_changes(tmp_path):
    commit(tmp_path, "rope-dial", '{"a": 1}')
    assert stale(tmp_path, "rope-dial", '{"a": 1}') is None
    assert "older state" in stale(tmp_path, "rope-dial", '{"a": 2}')
    assert "nox -s pictures" in stale(tmp_path, "rope-dial", '{"a": 2}')


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("[0.1234, 17.5]", "[0.1235, 17.51]", False),  # last digits, as of another processor
        ("[0.1234, 17.5]", "[0.1834, 17.5]", True),
        ("[0.1234, 17.5]", "[17.5, 0.1234]", True),
        ("[0.1234, 17.5]", "[0.1234, 17.5, 0]", True),
        ('{"colour": "#101010"}', '{"colour": "#202020"}', True),
        ('{"id": "m12"}', '{"id": "m13"}', True),
        ('["0.77"]', '["0.97"]', True),
    ],
)
def test_last_digits_do_not_count_and_visible_changes_do(tmp_path, old, new, changed):
    commit(tmp_path, "rope-dial", old)
    assert (stale(tmp_path, "rope-dial", new) is not None) is changed


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rope-dial-narrow.svg", "rope-dial.svg"]


def test_tidy_writes_what_epub_accepts_and_what_repeats():
    drawn = (
        '<svg><clipPath id="x7f3"/><g paint-order="stroke" clip-path="url(#x7f3)" fill="rgb(28, 37, 48)" '
        'd="M 1.23456 2"/><text x="0.598">0.598 rgb(1, 2, 3)</text></svg>'
    )
    assert tidy(drawn) == (
        '<svg><clipPath id="c0"/><g clip-path="url(#c0)" fill="#1c2530" d="M 1.23 2"/>'
        '<text x="0.59">0.598 rgb(1, 2, 3)</text></svg>'
    )
