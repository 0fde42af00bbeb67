"""What the index says of the whole book: how long each chapter takes to read, and where its other editions are.

    ```{other-editions}            links to EPUB and PDF where Read the Docs hosts them; else how to make them
    ```

Reading times are appended to the list that `{model-parts}` makes.
"""

import os

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from anatomy.topics import BY_STEM

WORDS_A_MINUTE = 200
STEP = 5  # minutes, to which a time is rounded


def minutes(doctree):
    """How long the words of a page take, without code, tables, sources and folded solutions.

    >>> page = nodes.paragraph("", "word " * 1900)
    >>> minutes(page)
    10
    """
    words = 0
    for paragraph in doctree.findall(nodes.paragraph):
        parents = []
        parent = paragraph.parent
        while parent is not None:
            parents.append(parent)
            parent = parent.parent
        if not any(
            isinstance(p, (nodes.table, nodes.citation)) or "solution" in p.get("classes", [])
            for p in parents
        ):
            words += len(paragraph.astext().split())
    return max(STEP, STEP * round(words / WORDS_A_MINUTE / STEP))


def add_reading_times(app, doctree, docname):
    """'15 min.' behind every chapter of the list on the index, in the HTML edition, where one reads in sittings."""
    if app.builder.format != "html" or app.builder.name == "epub":
        return
    for listed in doctree.findall(nodes.enumerated_list):
        if "model-parts" in listed["classes"]:
            for item in listed:
                stem = item["ids"][0]
                if stem in BY_STEM and stem in app.env.found_docs:
                    time = f"{minutes(app.env.get_doctree(stem))} min"
                    item[0] += [nodes.Text(" "), nodes.inline("", time, classes=["reading-time"])]


def hosted():
    """Edition -> its address on Read the Docs, from the site's root; empty elsewhere."""
    language, version = (os.environ.get(f"READTHEDOCS_{name}") for name in ("LANGUAGE", "VERSION"))
    if not language or not version:
        return {}
    return {name: f"/_/downloads/{language}/{version}/{name.lower()}/" for name in ("EPUB", "PDF")}


class OtherEditions(SphinxDirective):
    """`{other-editions}`."""

    def run(self):
        links = [f'<a href="{address}" download>{name}</a>' for name, address in hosted().items()]
        if links and self.env.app.builder.format == "html" and self.env.app.builder.name != "epub":
            words = f"<p>The whole book as one file: {' or '.join(links)}.</p>"
            return [nodes.raw("", words, format="html")]
        words, messages = self.parse_inline("`nox -s editions` makes an EPUB and a PDF of the whole book.")
        return [nodes.paragraph("", "", *words), *messages]


def setup(app):
    app.add_directive("other-editions", OtherEditions)
    app.connect("doctree-resolved", add_reading_times)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
