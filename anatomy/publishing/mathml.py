"""Formulas as native MathML, written by docutils: no script, no font, and readable in EPUB."""

import re
from html import escape
from html.entities import html5

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def mathml(tex, block):
    """LaTeX -> <math>. Named entities become numeric ones, because XHTML knows only five names."""
    markup = tex2mathml(tex, as_block=block)
    return re.sub(
        r"&(?!amp;|lt;|gt;|quot;|apos;)(\w+;)",
        lambda found: "".join(f"&#x{ord(character):x};" for character in html5[found[1]]),
        markup,
    )


def visit_inline(self, node):
    self.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def visit_block(self, node):
    anchor = f' id="{escape(node["ids"][0])}"' if node.get("ids") else ""
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    self.body.append(f'<div class="math"{anchor}>{number}{mathml(node.astext(), block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
