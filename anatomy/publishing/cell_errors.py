"""A cell that fails stops the build, with a line that says where and what.

Left to itself, a cell whose value cannot be shown (a figure in an unknown ink, a table with an unknown badge)
leaves its traceback on the page, and one that raises ends the build without its reason.
"""

from docutils import nodes
from sphinx.util.console import strip_escape_sequences


def failures(env):
    """One line for every traceback in the outputs of cells: page, line, the error."""
    for docname in sorted(env.found_docs):
        for block in env.get_doctree(docname).findall(nodes.literal_block):
            if "traceback" in block["classes"]:
                *_, error = strip_escape_sequences(block.astext()).strip().splitlines()
                yield f"{env.doc2path(docname, base=False)}, cell near line {block.line}: {error}"


def stop(app, env):
    found = list(failures(env))
    if found:
        raise SystemExit("\n".join(found))


def setup(app):
    app.connect("env-updated", stop, priority=100)  # before pictures are compared
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
