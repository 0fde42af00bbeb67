from docutils import nodes

from anatomy.publishing import llms_txt
from anatomy.publishing.mime import LiveFigure

EXTENSIONS = ("myst_nb", "anatomy.publishing.llms_txt")
CONFIG = {
    "project": "The Book",
    "nb_execution_mode": "force",
    "myst_enable_extensions": ["dollarmath", "deflist"],
}
HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\nmyst:\n  html_meta:\n    description: What turns.\n---\n"
PAGES = {
    "index.md": "---\nmyst:\n  html_meta:\n    description: All of it.\n---\n# The Book\n\n"
    "```{toctree}\nrope\nmore\n```\n",
    "rope.md": HEAD
    + """# Rope

Turn *it* by **two** `angles`, $x^2$, [there](https://example.org) and {doc}`here <more>`.

## Lists

- one

  still one
- two | three

1. first
2. second

$$
y = x
$$

```{code-cell} python
6 * 7
```

| a | b |
|---|---|
| 1 \\| 2 | *3* |

```{note}
Mind.
```

term
: its meaning

<div class="raw">not for reading</div>
""",
    "more.md": "# More\n\nWords.\n",
}
EXPECTED = """# Rope

Turn *it* by **two** `angles`, $x^2$, [there](https://example.org) and here.

## Lists

- one

  still one
- two | three

1. first
2. second

$$
y = x
$$

```python
6 * 7
```

```
42
```

| a | b |
| --- | --- |
| 1 \\| 2 | *3* |

**Note**

Mind.

**term**

its meaning
"""


def test_every_page_with_its_outputs_as_markdown_and_lists_of_them_in_reading_order(site, read):
    app = site(PAGES, *EXTENSIONS, **CONFIG, html_baseurl="https://example.org/book")
    assert app.said == ""
    assert read(app, "rope.md") == EXPECTED
    assert read(app, "llms.txt") == (
        "# The Book\n\n> All of it.\n\n## Chapters\n\n- [Rope](https://example.org/book/rope.md): What turns.\n"
        "\n## More\n\n- [More](https://example.org/book/more.md)\n"
        "\n## Everything in one file\n\n- [The Book](https://example.org/book/llms-full.txt)\n"
    )
    assert read(app, "llms-full.txt") == f"# The Book\n\n{EXPECTED.strip()}\n\n# More\n\nWords.\n"


def test_a_figure_says_what_it_shows_and_gives_its_numbers():
    caption = nodes.paragraph("", "Look at it.")
    figure = LiveFigure("", caption, alt="It rises.", provenance="real", header=["x", "y"], rows=[["1", "2"]])
    assert llms_txt.block(figure) == (
        "**Figure** (Real model): Look at it.\n\nWhat it shows: It rises.\n\n| x | y |\n| --- | --- |\n| 1 | 2 |"
    )


def test_what_the_page_numbers_has_its_number(site, read):
    text = "# Rope\n\n```{exercise} Turn\n:label: turn\n\nBack.\n```\n\n{numref}`sizes` has them.\n\n"
    text += ":::{table} Sizes\n:name: sizes\n\n| a | b |\n|---|---|\n| 1 | 2 |\n:::\n"
    pages = {"index.md": "# The Book\n\n```{toctree}\n:numbered:\nrope\n```\n", "rope.md": HEAD + text}
    config = {**CONFIG, "numfig": True, "myst_enable_extensions": ["colon_fence"]}
    page = read(site(pages, *EXTENSIONS, "sphinx_exercise", **config), "rope.md")
    assert (
        "**Exercise 1.1 (Turn)**\n\nBack.\n\nTable 1.1 has them.\n\n**Table 1.1** Sizes\n\n| a | b |" in page
    )
