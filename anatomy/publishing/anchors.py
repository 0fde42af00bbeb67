"""`index.html#kv-cache` leads to the chapter: at once with JavaScript, by the index's own list without it."""

import json
from pathlib import Path

from anatomy.topics import TOPICS

# a file of its own, because a strict Content-Security-Policy allows no script in the page
FORWARD = """(to => {
  const go = () => {
    let at;
    try { at = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (Object.hasOwn(to, at)) location.replace(to[at]);
  };
  addEventListener("hashchange", go);
  go();
})(%s);
"""


def chapters_of(env):
    """Stems of the chapters that are written, in reading order."""
    return [topic.stem for topic in TOPICS if topic.stem in env.found_docs]


def labels_of(env):
    """Every label that stands in a chapter -> 'page.html#label': the chapter's own, its aliases and sections."""
    labels = env.domains["std"].anonlabels
    chapters = set(chapters_of(env))
    return {
        label: f"{docname}.html#{anchor}"
        for label, (docname, anchor) in sorted(labels.items())
        if docname in chapters and anchor
    }


def link_forward(app, pagename, templatename, context, doctree):
    if app.builder.name == "html" and pagename == app.config.root_doc:
        context["metatags"] = context.get("metatags", "") + '<script src="_static/forward.js"></script>'


def write_forward(app, exception):
    if exception or app.builder.name != "html":
        return
    table = json.dumps(labels_of(app.env), separators=(",", ":"))
    (Path(app.outdir) / "_static" / "forward.js").write_text(FORWARD % table, "utf-8")


def setup(app):
    app.connect("html-page-context", link_forward)
    app.connect("build-finished", write_forward)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
