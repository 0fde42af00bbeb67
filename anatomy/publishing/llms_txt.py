"""The book for readers that are programs: each page as Markdown, llms.txt to find them, llms-full.txt for all.

Written from the resolved pages, so that outputs, numbers in prose, citations and the data of figures are in it,
as they are not in the sources. Format: llmstxt.org.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from anatomy.figures.figure import PROVENANCE
from anatomy.publishing.pages import description_of
from anatomy.publishing.shown_code import ShownCode, pointer
from anatomy.topics import BY_STEM

LANGUAGES = {"ipython3": "python", "python": "python", "python3": "python", "default": "python", "sh": "sh"}
NOT_READ = (
    nodes.raw,
    nodes.comment,
    nodes.target,
    nodes.meta,
    nodes.system_message,
    nodes.label,  # of a citation: prose says author and year
    addnodes.toctree,
)
NUMBERED = {  # node: its kind in Sphinx's numbers
    "LiveFigure": "figure",
    "TokenExplorer": "figure",
    "table": "table",
    "exercise_enumerable_node": "exercise",
}
DEFERRED = "llms-pages"  # folder below the doctrees: a text for each page, until all are written


def plain(node):
    """The text of a node in one line."""
    return " ".join(node.astext().split())


def inline(node):
    """Markdown of what stands in a line."""
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, (nodes.raw, nodes.target, nodes.comment, nodes.system_message)):
        return ""
    if isinstance(node, nodes.math):
        return f"${node.astext()}$"
    if isinstance(node, nodes.literal):
        return f"`{node.astext()}`"
    if isinstance(node, nodes.image):
        return f"[picture: {node.get('alt', '')}]"
    inner = "".join(map(inline, node.children))
    if isinstance(node, nodes.emphasis):
        return f"*{inner}*"
    if isinstance(node, nodes.strong):
        return f"**{inner}**"
    if isinstance(node, nodes.reference) and "://" in node.get("refuri", ""):
        return f"[{inner}]({node['refuri']})"
    return inner


def bold(text):
    return f"**{text}**" if text else ""


def indented(text, first):
    """Blocks of a list item: the first line after its mark, the others under it."""
    lines = text.splitlines()
    return "\n".join([first + lines[0], *(" " * len(first) + line if line else "" for line in lines[1:])])


def table(header, rows):
    """A Markdown table of strings."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def table_of(node):
    """A docutils table, with its caption."""
    rows = [
        [" ".join(inline(part) for part in entry.children).strip() for entry in row.findall(nodes.entry)]
        for row in node.findall(nodes.row)
    ]
    caption = "".join(inline(title) for title in node.findall(nodes.title))
    caption = " ".join(filter(None, [bold(node.get("number")), caption]))
    return "\n\n".join(filter(None, [caption, table(rows[0], rows[1:])]))


def figure_of(node):
    """A live figure: what it shows, its caption, its numbers."""
    parts = [
        f"{bold(node.get('number', 'Figure'))} ({PROVENANCE[node['provenance']]}): {plain(node[0])}",
        f"What it shows: {node['alt']}",
    ]
    return "\n\n".join([*parts, table(node["header"], node["rows"])])


def block(node, depth=1):
    """Markdown of what stands by itself; '' where nothing is to be read."""
    if isinstance(node, NOT_READ):
        return ""
    if isinstance(node, nodes.compound) and "toctree-wrapper" in node["classes"]:
        return ""  # llms.txt lists the pages
    if isinstance(node, nodes.title):
        return f"{'#' * min(depth, 6)} {inline(node)}"
    if isinstance(node, nodes.section):
        return blocks(node, depth)
    if isinstance(node, nodes.literal_block):
        return f"```{LANGUAGES.get(node.get('language'), '')}\n{node.astext()}\n```"
    if isinstance(node, nodes.math_block):
        return f"$$\n{node.astext()}\n$$"
    if isinstance(node, nodes.table):
        return table_of(node)
    if type(node).__name__ == "LiveFigure":
        return figure_of(node)
    if type(node).__name__ == "TokenExplorer":
        return f"{bold(node.get('number', 'Figure'))}, on the page only: {inline(node[0])}"
    if isinstance(node, ShownCode):
        return f"{block(node[0])}\n\n{inline(pointer(node))}"
    if isinstance(node, (nodes.bullet_list, nodes.enumerated_list)):
        mark = (lambda i: "- ") if isinstance(node, nodes.bullet_list) else (lambda i: f"{i}. ")
        return "\n".join(indented(blocks(item), mark(i)) for i, item in enumerate(node.children, 1))
    if isinstance(node, nodes.term):
        return f"**{inline(node)}**"
    if isinstance(node, nodes.image):
        return inline(node)
    if isinstance(node, (nodes.Admonition, nodes.sidebar)) and isinstance(node[0], nodes.title):
        title = inline(node[0]) or type(node).__name__.partition("_")[0].capitalize()
        title = " ".join(filter(None, [node.get("number"), title.strip()]))
        return "\n\n".join(filter(None, [bold(title), *map(block, node.children[1:])]))
    if isinstance(node, nodes.TextElement):
        return inline(node).strip()
    return blocks(node, depth)


def blocks(node, depth=1):
    """The blocks of a node, an empty line between them; sections go one level down."""
    parts = [block(child, depth + isinstance(child, nodes.section)) for child in node.children]
    return "\n\n".join(part for part in parts if part)


def numbered(env, docname, doctree):
    """A copy of a resolved page in which what HTML's writer numbers has its `number`, as in 'Fig. 1.2'."""
    page = doctree.deepcopy()
    for node in page.findall(nodes.Element):
        kind = NUMBERED.get(type(node).__name__)
        numbers = env.toc_fignumbers.get(docname, {}).get(kind, {})
        found = next((numbers[name] for name in node.get("ids", ()) if name in numbers), None)
        if found:
            node["number"] = env.config.numfig_format[kind] % ".".join(map(str, found))
    return page


def markdown(page):
    """A numbered page as Markdown. Its title is a heading of the first level."""
    return blocks(page, 0) + "\n"


def is_html(app):
    return app.builder.name == "html"


def write_page(app, pagename, templatename, context, doctree):
    """Each page beside its HTML; what the lists need of it beside the doctrees (pages are written in parallel)."""
    if not is_html(app) or doctree is None:
        return
    text = markdown(numbered(app.env, pagename, doctree))
    (Path(app.outdir) / f"{pagename}.md").write_text(text, "utf-8")
    folder = Path(app.doctreedir) / DEFERRED
    folder.mkdir(parents=True, exist_ok=True)
    told = {"title": app.env.titles[pagename].astext(), "description": description_of(doctree) or ""}
    (folder / f"{pagename}.json").write_text(json.dumps(told), "utf-8")


def in_reading_order(env, root):
    """The pages as the table of contents has them."""
    order, waiting = [], [root]
    while waiting:
        docname = waiting.pop(0)
        if docname not in order:
            order.append(docname)
            waiting = env.toctree_includes.get(docname, []) + waiting
    return order


def write_lists(app, exception):
    """llms.txt and llms-full.txt."""
    if exception or not is_html(app):
        return
    out, root = Path(app.outdir), app.config.root_doc
    base = app.config.html_baseurl.rstrip("/") + "/" if app.config.html_baseurl else ""
    pages = [name for name in in_reading_order(app.env, root) if (out / f"{name}.md").exists()]
    told = {
        name: json.loads((Path(app.doctreedir) / DEFERRED / f"{name}.json").read_text("utf-8"))
        for name in pages
    }
    lines = [f"# {app.config.project}", f"\n> {told[root]['description']}"]
    groups = {
        "Chapters": [name for name in pages if name in BY_STEM],
        "More": [name for name in pages if name not in BY_STEM and name != root],
    }
    for heading, names in groups.items():
        if names:
            lines.append(f"\n## {heading}\n")
        for name in names:
            described = f": {told[name]['description']}" if told[name]["description"] else ""
            lines.append(f"- [{told[name]['title']}]({base}{name}.md){described}")
    lines.append(f"\n## Everything in one file\n\n- [{app.config.project}]({base}llms-full.txt)")
    (out / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")
    full = "\n\n".join((out / f"{name}.md").read_text("utf-8").strip() for name in pages)
    (out / "llms-full.txt").write_text(full + "\n", "utf-8")


def setup(app):
    app.connect("html-page-context", write_page)
    app.connect("build-finished", write_lists)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
