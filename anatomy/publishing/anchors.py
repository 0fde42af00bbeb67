"""`index.html#kv-cache` leads to the chapter: at once with JavaScript, by the index's own list without it."""

import json

from anatomy.topics import TOPICS

FORWARD = "((to,at)=>{to[at]&&location.replace(to[at])})(%s,decodeURIComponent(location.hash.slice(1)));"


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


def add_forward(app, pagename, templatename, context, doctree):
    if app.builder.name == "html" and pagename == app.config.root_doc:
        table = json.dumps(labels_of(app.env), separators=(",", ":"))
        context["metatags"] = context.get("metatags", "") + f"<script>{FORWARD % table}</script>"


def setup(app):
    app.connect("html-page-context", add_forward)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
