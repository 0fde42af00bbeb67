"""Each page with cells as a notebook, `_downloads/<page>.ipynb`, which runs where only the package is installed.

Its words are the page's own, with numbers, references and citations written in: the Markdown of `llms_txt`, cut where
cells stand. Its cells are those of the source. What the page hides of them is there, folded, because later cells need
it. No outputs are stored: whoever runs the notebook gets them.
"""

import re
from pathlib import Path

import nbformat
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from anatomy.publishing.cell_cache import read_notebook
from anatomy.publishing.llms_txt import NUMBERED, bold, inline, is_html, markdown, numbered
from anatomy.smollm2 import INSTALL

FOLDER = "_downloads"
HIDDEN = {"remove-cell", "remove-input", "hide-cell", "hide-input"}
MARK = "\x02"  # no page holds it
CELL = re.compile(f"^ *{MARK}(\\d+)$", re.M)
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def escaped(text):
    """Words as Jupyter's Markdown prints them: no emphasis, maths, code or tags come of them.

    >>> print(escaped("2 * $3, <b>, snake_case, _so_"))
    2 \\* \\$3, \\<b>, snake_case, \\_so\\_
    """
    return re.sub(r"[\\`*$<]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def shown_by(cell):
    """A line that says which of the page's figures and tables a cell shows; '' where it shows none."""
    shown = [node for node in cell.findall(nodes.Element) if type(node).__name__ in NUMBERED]
    return " ".join(bold(node["number"]) for node in shown if "number" in node)


def cut(env, docname, doctree):
    """A resolved page in pieces: (words, what the cell after them shows, the cell's index or None at the end)."""
    page, shows = numbered(env, docname, doctree), {}
    for cell in list(page.findall(nodes.container)):
        if cell.get("nb_element") == "cell_code":
            index = cell["cell_index"]
            shows[index] = shown_by(cell)
            cell.replace_self(nodes.paragraph("", f"{MARK}{index}"))
    for word in list(page.findall(nodes.Text)):
        if not isinstance(word.parent, VERBATIM):
            word.parent.replace(word, nodes.Text(escaped(word)))
    pieces = CELL.split(markdown(page))
    for words, index in zip(pieces[::2], [*map(int, pieces[1::2]), None], strict=True):
        yield words.strip(), shows.get(index, ""), index


def code_cell(cell):
    """A cell of the source without outputs; folded where the page does not show its code."""
    hidden = HIDDEN & set(cell.metadata.get("tags", ()))
    return new_code_cell(cell.source, metadata={"jupyter": {"source_hidden": True}} if hidden else {})


def opening(config, title, address):
    """What the notebook is of and what has to be installed. address: the page's, where the book's is known."""
    page = f"[{title}]({address})" if address else f"*{title}*"
    return (
        f"Notebook of {page}, from *{config.project}* (© {config.copyright}). To run it, in a checkout of the book's "
        f'repository: `pip install -e ".[figures]"` and `{INSTALL}`.'
    )


def notebook_of(env, docname, doctree, source, address=None):
    """The notebook of a resolved page, whose source's cells are given. The same page gives the same bytes."""
    title = inline(next(doctree.findall(nodes.title)))
    cells = [new_markdown_cell(opening(env.config, title, address))]
    waiting = [(index, cell) for index, cell in enumerate(source.cells) if cell.cell_type == "code"]

    def say(*texts):
        if any(texts):
            cells.append(new_markdown_cell("\n\n".join(filter(None, texts))))

    for words, shows, index in cut(env, docname, doctree):
        due = [cell for place, cell in waiting if index is None or place <= index]
        del waiting[: len(due)]
        hidden, shown = (due, []) if index is None else (due[:-1], due[-1:])
        if hidden:
            say(words)
            cells += map(code_cell, hidden)
            say(shows)
        else:
            say(words, shows)
        cells += map(code_cell, shown)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # nbformat draws them by lot
    return new_notebook(cells=cells, metadata=METADATA)


def write_notebook(app, pagename, templatename, context, doctree):
    """The notebook beside the page, and its address for the page's template (pages are written in parallel)."""
    if not is_html(app) or doctree is None:
        return
    source = read_notebook(app.env, pagename, Path(app.env.doc2path(pagename)).read_text("utf-8"))
    if source is None:
        return
    context["notebook"] = f"{FOLDER}/{pagename}.ipynb"
    path = Path(app.outdir) / context["notebook"]
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = notebook_of(app.env, pagename, doctree, source, context.get("pageurl"))
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")


def setup(app):
    app.connect("html-page-context", write_notebook)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
