"""A number that a cell glues and no sentence says is a warning: it was computed for words that are gone.

Asked of the executed page, so that names made in loops count too.
"""

import re
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util import logging

logger = logging.getLogger(__name__)
SAID = re.compile(r"\{glue:?\w*\}[ `]([\w.-]+)")


def check(app, env):
    """One warning a page."""
    data = NbMetadataCollector.get_doc_data(env)
    for docname in sorted(env.found_docs):
        glued = data.get(docname, {}).get("glue", [])
        said = set(SAID.findall(Path(env.doc2path(docname)).read_text("utf-8"))) if glued else set()
        idle = [name for name in glued if name not in said]
        if idle:
            words = ", ".join(idle)
            logger.warning("glued and not said: %s", words, location=docname, type="anatomy", subtype="glue")


def setup(app):
    app.connect("env-updated", check)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
