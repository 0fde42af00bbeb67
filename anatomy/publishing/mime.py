"""Cell output -> document: figures and tables of `anatomy.figures` become nodes that every builder can write."""

import json
import re
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import MimeRenderPlugin

from anatomy.figures.figure import MIME, PROVENANCE


class LiveFigure(nodes.General, nodes.Element):
    """A figure whose payload lies beside the doctrees; its first child is the caption's paragraph.

    A second one, of the class print-caption, is there where paper has a caption of its own.

    Attributes: ids, names, name, alt, provenance, source, header, rows, bundles, payload (a path).
    """


class Badge(nodes.General, nodes.Inline, nodes.TextElement):
    """The provenance of numbers, in a word. Attribute: provenance."""


def badge(provenance):
    return Badge("", PROVENANCE[provenance], provenance=provenance)


class AnatomyMime(MimeRenderPlugin):
    """myst-nb's plugin for `Figure` and `Table` (entry point `myst_nb.mime_renderers`)."""

    mime_priority_overrides = (("*", MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline):
        if inline or data.mime_type != MIME:
            return None
        spec = json.loads(data.content)
        node = {"figure": figure_node, "table": table_node}[spec["kind"]](renderer, spec, data.line)
        return [node]


def caption_of(renderer, text, line, classes=()):
    """A caption as a paragraph of parsed inline markup."""
    paragraph = nodes.paragraph(classes=list(classes))
    with renderer.renderer.current_node_context(paragraph):
        renderer.renderer.nested_render_text(text, line or 0, inline=True)
    return paragraph


def target(renderer, node, prefix, spec):
    """Give the node its id and make `{numref}` and `{ref}` find it."""
    document = renderer.renderer.document
    node["names"].append(f"{prefix}-{spec['name']}")
    document.note_explicit_target(node, node)
    topic = Path(document["source"]).stem
    if not spec["name"].startswith(f"{topic}-"):
        document.reporter.warning(
            f"{spec['kind']} {spec['name']!r} must be called '{topic}-…', after its page"
        )


def figure_node(renderer, spec, line):
    folder = Path(renderer.renderer.sphinx_env.doctreedir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    payload = folder / f"{spec['name']}.json"
    payload.write_text(json.dumps(spec["payload"], separators=(",", ":"), ensure_ascii=False), "utf-8")
    keys = ("name", "alt", "provenance", "source", "header", "rows", "bundles")
    node = LiveFigure(
        "", caption_of(renderer, spec["caption"], line), payload=str(payload), **{k: spec[k] for k in keys}
    )
    if spec["print_caption"]:
        node += caption_of(renderer, spec["print_caption"], line, ["print-caption"])
    target(renderer, node, "fig", spec)
    return node


def table_node(renderer, spec, line):
    title = nodes.title("", "", *caption_of(renderer, spec["caption"], line).children)
    title += [nodes.Text(" "), badge(spec["provenance"])]
    node = nodes.table("", title, classes=["anatomy-table"], provenance=spec["provenance"])
    node += grid(spec["header"], spec["rows"])
    target(renderer, node, "table", spec)
    return node


NUMBER = re.compile(r"[+−<≈≤≥-]*\d[\d,.]*(e[+-]?\d+)?(\s?(%|×|[kMG]?B|[kMG]|bits?))?|none|never|", re.ASCII)


def is_number(text):
    """Whether a cell is a number, with its unit or not, or says that there is none: it is set flush right.

    >>> [is_number(text) for text in ("−2.5", "1.5 kB", "96 %", "none", "", "layer 3", "(576, 3)")]
    [True, True, True, True, True, False, False]
    """
    return NUMBER.fullmatch(text.replace("\u00a0", " ")) is not None


def grid(header, rows):
    """header and rows of strings -> the tgroup of a table; columns of numbers are set flush right."""
    right = [
        all(is_number(row[i]) for row in rows) and any(c.isdigit() for row in rows for c in row[i])
        for i in range(len(header))
    ]
    group = nodes.tgroup(cols=len(header))
    group += [
        nodes.colspec(colwidth=max(len(row[i]) for row in [header, *rows]) or 1) for i in range(len(header))
    ]

    def line(cells):
        entries = []
        for i, cell in enumerate(cells):
            entry = nodes.entry("", nodes.paragraph("", cell), classes=["text-right"] if right[i] else [])
            entries.append(entry)
        return nodes.row("", *entries)

    group += nodes.thead("", line(header))
    group += nodes.tbody("", *(line(row) for row in rows))
    return group
