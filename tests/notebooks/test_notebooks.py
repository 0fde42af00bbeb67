"""Every notebook that a built page offers runs outside Sphinx, with nothing but what its first cell says; so do the
cells that a page shows, typed in.

`nox -s browser` builds the book and then runs these, on all cores; ANATOMY_SITE names another build.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from anatomy.studies import BOOK

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.stem for page in (ROOT / "book").glob("*.md") if "```{code-cell}" in page.read_text("utf-8")
)
BUILDERS = ("sphinx", "docutils", "myst_nb")  # which a reader of notebooks need not have


@pytest.fixture(params=PAGES)
def page(request):
    return request.param


def executed(path, folder):
    """A notebook with its outputs, run in a fresh kernel that is in no book and has no builder of books."""
    notebook = nbformat.read(path, 4)
    asked = "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    absent = () if "from myst_nb import glue" in asked else BUILDERS
    notebook.cells.insert(
        0, nbformat.v4.new_code_cell(f"import sys; sys.modules.update(dict.fromkeys({absent}))")
    )
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    kernel = {name: value for name, value in os.environ.items() if name != BOOK}
    return client.execute(env={**kernel, "PYTHONPATH": str(ROOT)})


def test_a_notebook_runs_and_its_figures_and_tables_show_themselves(page, built, tmp_path):
    notebook = executed(built / "_downloads" / f"{page}.ipynb", tmp_path)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.data for output in outputs if "data" in output and "scrapbook" not in output.metadata]
    assert {kind for data in shown for kind in data} <= {"text/plain", "text/html"}
    figures = [data["text/html"] for data in shown if "text/html" in data]
    html = (built / f"{page}.html").read_text("utf-8")
    on_the_page = re.findall(
        r'<figure class="anatomy-figure" id="(fig-[\w-]+)"|<table[^>]* id="(table-[\w-]+)"', html
    )
    assert [re.match(r'<figure id="([\w-]+)"', figure)[1] for figure in figures] == [
        a or b for a, b in on_the_page
    ]
    for figure in figures:
        assert "<table>" in figure
        assert ('<img src="data:image/svg+xml;base64,' in figure) == figure.startswith('<figure id="fig-')
    for output in outputs:
        assert output.output_type != "stream" or output.name == "stdout", output.text


@pytest.mark.checkpoint
def test_the_code_that_a_page_shows_runs_by_itself(page, real_model, capsys):
    """A reader who types in the cells of a page, in order, needs nothing that the page hides."""
    text, typed = (ROOT / "book" / f"{page}.md").read_text("utf-8"), {}
    for cell in re.findall(r"```\{code-cell\} python\n(.*?)```", text, re.S):
        if not cell.startswith(":tags: [remove"):
            exec(compile(cell, f"{page}.md", "exec"), typed)
