"""Search finds a chapter by everyday words, and by every term of the glossary, before the glossary itself.

Both become entries of Sphinx's index, which its search puts before text; search.js puts the glossary last. The words
also count as words of the page, so that a question with other words around them finds it.
"""

import re

from docutils import nodes
from sphinx import addnodes

from anatomy.topics import BY_STEM, TOPICS

GLOSSARY = "glossary"


def add_keywords(app, doctree):
    """A chapter's everyday words as its keywords."""
    topic = BY_STEM.get(app.env.docname)
    if topic:
        words = dict.fromkeys(re.findall(r"\w+", " ".join(topic.words)))
        doctree.insert(0, nodes.meta(name="keywords", content=", ".join(words)))


def leave_keywords_to_search(app, pagename, templatename, context, doctree):
    """Once the search index has them, a page need not carry its keywords."""
    context["metatags"] = re.sub(r'<meta[^>]* name="keywords"[^>]*>\n?', "", context.get("metatags") or "")


def terms_of(glossary):
    """Each chapter that the glossary's entries name -> the terms that lead to it.

    glossary: the page's doctree, with its links still open.
    """
    found = {}
    for item in glossary.findall(nodes.definition_list_item):
        for link in item.findall(addnodes.pending_xref):
            stem = link["reftarget"].lstrip("/")
            if stem in BY_STEM:
                found.setdefault(stem, []).extend(term.astext() for term in item.findall(nodes.term))
                break
    return found


def add_entries(app, env):
    """Enter everyday words and the glossary's terms for the tops of their chapters."""
    terms = terms_of(env.get_doctree(GLOSSARY)) if GLOSSARY in env.found_docs else {}
    for topic in TOPICS:
        if topic.stem in env.found_docs:
            kept = [entry for entry in env.domains.index_domain.entries.get(topic.stem, []) if entry[2]]
            words = dict.fromkeys([*topic.words, *terms.get(topic.stem, [])])
            env.domains.index_domain.entries[topic.stem] = [
                *kept, *(("single", word, "", "main", None) for word in words)
            ]  # fmt: skip


def fill_search_index(app):
    """Hand all entries to the search index: Sphinx takes them from the pages that this build wrote, and no others."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is not None:
        for page, entries in app.env.domains.index_domain.entries.items():
            indexer._index_entries[page] = sorted(
                {(word, target, main) for _, word, target, main, _ in entries}
            )
    return []


def setup(app):
    app.connect("doctree-read", add_keywords)
    app.connect("env-updated", add_entries)
    app.connect("html-page-context", leave_keywords_to_search)
    app.connect("html-collect-pages", fill_search_index)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
