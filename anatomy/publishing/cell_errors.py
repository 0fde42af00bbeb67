"""A cell that fails stops the build, with a line that says where and what.

Left to itself, a cell whose value cannot be shown (a figure in an unknown ink, a table with an unknown badge)
leaves its traceback on the page, and one that raises ends the build without its reason.
"""

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util.console import strip_escape_sequences

FAILURES = "anatomy_failures"  # in the metadata of a page


def note(app, doctree):
    """After a page is read: one line for every traceback in the outputs of its cells: page, line, the error."""
    page = app.env.doc2path(app.env.docname, base=False)
    found = app.env.metadata[app.env.docname][FAILURES] = []
    for block in doctree.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            *_, error = strip_escape_sequences(block.astext()).strip().splitlines()
            found.append(f"{page}, cell near line {block.line}: {error}")
    run = NbMetadataCollector.get_doc_data(app.env).get(app.env.docname, {}).get("exec_data") or {}
    if run.get("succeeded") is False and not found:  # in a cell that the page does not show
        *_, error = strip_escape_sequences(run["traceback"] or run["error"]).strip().splitlines()
        found.append(f"{page}, a hidden cell: {error}")


def stop(app, env):
    found = [line for docname in sorted(env.found_docs) for line in env.metadata[docname].get(FAILURES, ())]
    if found:
        raise SystemExit("\n".join(found))


def setup(app):
    app.connect("doctree-read", note)
    app.connect("env-updated", stop, priority=100)  # before pictures are compared
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
