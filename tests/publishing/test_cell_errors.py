import pytest

PAGE = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n# A\n\n```{code-cell} python\n%s\n```\n"
HIDDEN = ":tags: [remove-cell]\nundefined"
EXTENSIONS = ("anatomy.publishing.cell_cache", "myst_nb", "anatomy.publishing.bokeh_figures")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (
            "from anatomy.figures.figure import Table\n"
            "Table(['a'], [['1']], name='index-a', caption='c', provenance='toi')",
            "ValueError: provenance must be one of .* got 'toi'",
        ),
    ],
)
def test_a_cell_that_fails_stops_the_build_in_one_line(site, code, error):
    with pytest.raises(SystemExit, match=rf"^index\.md, cell near line \d+: {error}$"):
        site(
            {"index.md": PAGE % code},
            *EXTENSIONS,
            "anatomy.publishing.cell_errors",
            nb_execution_mode="cache",
            exclude_patterns=["_build"],
        )


def test_so_does_a_cell_that_is_not_shown(site):
    with pytest.raises(
        SystemExit, match=r"^index\.md, a hidden cell: NameError: name 'undefined' is not defined$"
    ):
        site(
            {"index.md": PAGE % HIDDEN},
            *EXTENSIONS,
            "anatomy.publishing.cell_errors",
            nb_execution_mode="cache",
            exclude_patterns=["_build"],
        )
