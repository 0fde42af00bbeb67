import pytest

from anatomy.figures import theme

RAMPS = ("ink", "grey", *theme.MEANINGS)


@pytest.mark.parametrize("name", [n for n in theme.INKS if n not in ("rule", "paper", "tint")])
@pytest.mark.parametrize("mode", [0, 1])
def test_inks_can_be_read_on_paper(name, mode):
    assert theme.contrast(theme.INKS[name][mode], theme.INKS["paper"][mode]) >= 4.5


@pytest.mark.parametrize("name", RAMPS)
def test_numbers_in_every_cell_can_be_read_in_light_and_dark(name):
    for step, text in enumerate(theme.cell_text(name)):
        assert theme.contrast(theme.ramp(name, 0)[step], text) >= 4.5
        assert theme.contrast(theme.ramp(name, 1)[step], theme.swap()[text]) >= 4.5


@pytest.mark.parametrize("name", theme.MEANINGS)
def test_a_signed_ramp_is_grey_then_paper_then_ink(name):
    colours = theme.signed_ramp(name)
    assert len(colours) == len(theme.signed_cell_text(name)) == 2 * theme.STEPS - 1
    assert colours[theme.STEPS - 1] == theme.ink("paper")
    assert (colours[0], colours[-1]) == (theme.ramp("grey")[-1], theme.ramp(name)[-1])


def test_every_light_colour_has_a_dark_one():
    table = theme.swap()
    for name in RAMPS:
        assert set(theme.ramp(name)) <= set(table)
    assert table[theme.ink("query")] == theme.INKS["query"][1]
    assert theme.contrast("#ffffff", "#000000") == pytest.approx(21)


def test_a_lopsided_signed_range_is_refused():
    with pytest.raises(ValueError, match="low must be -2, got -1"):
        theme.mappers("key", -1, 2)
