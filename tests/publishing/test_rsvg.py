import pytest

from anatomy.publishing import rsvg


def test_where_the_program_is_missing_its_package_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match=r"rsvg-convert .* apt-get install librsvg2-bin"):
        rsvg.convert("map.svg", "map.pdf")
