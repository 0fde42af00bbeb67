"""What machines read of a page: description, Open Graph, JSON-LD, sitemap, no idle marks; and the page called 404."""

import json
import re
import shutil
from html import escape, unescape
from pathlib import Path
from xml.sax.saxutils import escape as xml

from docutils import nodes

from anatomy.topics import BY_STEM

COVER = "cover.png"  # of the book's folder
UNTITLED = {
    "404": "Page not found",
    "genindex": "Index",
    "search": "Search",
}  # pages that Sphinx gives no title
DRAWN = re.findall(r"\.highlight \.(\w+)", (Path(__file__).parent / "static/css/code.css").read_text("utf-8"))
UNDRAWN = re.compile(rf'<span class="(?!(?:{"|".join(DRAWN)})")[a-z]{{1,2}}\d?">([^<]*)</span>')
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def hook_of(doctree):
    """The sentence under a page's title, or None."""
    hooks = (node.astext() for node in doctree.findall(nodes.paragraph) if "hook" in node["classes"])
    return next(hooks, None)


def description_of(doctree):
    """The page's own description, else its hook, else None."""
    if doctree is None:
        return None
    for meta in doctree.findall(nodes.meta):
        if meta.get("name") == "description":
            return meta["content"]
    return hook_of(doctree)


def learning_resource(app, pagename, title, description, address):
    """schema.org's view of a page."""
    book = {"@type": "Book", "name": app.config.project}
    if app.config.html_baseurl:
        book["url"] = app.config.html_baseurl
    data = {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "name": title,
        "description": description,
        "inLanguage": app.config.language,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "isPartOf": book,
        "author": {"@type": "Organization", "name": app.config.author},
    }
    if address:
        data["url"] = address
    if pagename in BY_STEM:
        data |= {
            "learningResourceType": "chapter",
            "educationalLevel": "software developers",
            "position": BY_STEM[pagename].number,
            "teaches": title,
        }
    return data


def text_of(title):
    """A title without its markup.

    >>> text_of("The <em>KV</em> cache &amp; more")
    'The KV cache & more'
    """
    return unescape(re.sub(r"<[^>]+>", "", title))


def describe(app, pagename, templatename, context, doctree):
    """Description, Open Graph and JSON-LD into the head of each page."""
    if app.builder.name == "epub":
        return
    context["book_address"] = app.config.html_baseurl and app.config.html_baseurl.rstrip("/") + "/"
    own = description_of(doctree)
    if pagename in UNTITLED:
        context["title"] = UNTITLED[pagename]
    title = app.env.titles[pagename].astext() if doctree is not None else text_of(context.get("title", ""))
    description = own or f"{title}: a page of {app.config.project}."
    has_meta = doctree is not None and any(
        m.get("name") == "description" for m in doctree.findall(nodes.meta)
    )
    head = []
    if not has_meta:
        head.append(f'<meta name="description" content="{escape(description)}">')
    if doctree is None:  # search, index of terms, wrong address
        head.append('<meta name="robots" content="noindex">')
    else:
        address = context.get("pageurl")
        kind = "website" if pagename == app.config.root_doc else "article"
        graph = {
            "og:title": title,
            "og:description": description,
            "og:type": kind,
            "og:site_name": app.config.project,
        }
        if address:
            graph["og:url"] = address
            graph["og:image"] = f"{context['book_address']}_static/{COVER}"
            graph["og:image:alt"] = f"Map of the model: the parts that {app.config.project} opens"
        head += [f'<meta property="{name}" content="{escape(value)}">' for name, value in graph.items()]
        data = json.dumps(
            learning_resource(app, pagename, title, description, address), separators=(",", ":")
        )
        head.append('<script type="application/ld+json">' + data.replace("<", "\\u003c") + "</script>")
    context["metatags"] = context.get("metatags", "") + "".join(f"\n{tag}" for tag in head)


def sitemap(app, exception):
    """sitemap.xml, where the address of the book is known."""
    base = app.config.html_baseurl
    if exception or app.builder.format != "html" or app.builder.name == "epub" or not base:
        return
    base = base.rstrip("/") + "/"
    pages = sorted(app.builder.get_target_uri(docname) for docname in app.env.found_docs)
    entries = "".join(f"<url><loc>{xml(base + page)}</loc></url>" for page in pages)
    (Path(app.outdir) / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>\n',
        "utf-8",
    )


def plain_citations(app, pagename, templatename, context, doctree):
    """docutils gives the entries of a bibliography a role that ARIA has withdrawn, inside a list that is none."""
    body = context.get("body")
    if body and "doc-biblioentry" in body:
        body = body.replace(' role="doc-biblioentry"', "")
        context["body"] = body.replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def untranslated(app, pagename, templatename, context, doctree):
    """Sphinx marks code with a class that one translator knows; the attribute is what all of them know."""
    if app.builder.name != "epub" and context.get("body"):
        context["body"] = re.sub(r'(class="[^"]*\bnotranslate")', r'\1 translate="no"', context["body"])


def plain_code(app, pagename, templatename, context, doctree):
    """Pygments marks every name, sign and number of code; of these the style draws some, and only they stay marked."""
    if app.builder.name != "epub" and context.get("body"):
        context["body"] = UNDRAWN.sub(r"\1", context["body"])


def publish_cover(app, exception):
    """The picture that links to the book are shown with."""
    cover = Path(app.srcdir) / COVER
    if not exception and app.builder.name == "html" and app.config.html_baseurl and cover.exists():
        shutil.copyfile(cover, Path(app.outdir) / "_static" / COVER)


def wrong_address(app, config):
    """404.html, which servers show for any address that is not there."""
    config.html_additional_pages.setdefault("404", "404.html")


def setup(app):
    app.connect("config-inited", wrong_address)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", plain_citations)
    app.connect("html-page-context", untranslated)
    app.connect("html-page-context", plain_code)
    app.connect("build-finished", sitemap)
    app.connect("build-finished", publish_cover)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
