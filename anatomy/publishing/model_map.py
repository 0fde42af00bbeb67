"""`{model-map}`: the map of the model on the index; in a chapter, the strip that says where the reader is.

    ```{model-map}                 the map, each organ a link to its chapter
    ```
    ```{model-map}
    :lit: qkv                      "you are here"
    ```
    ```{model-parts}               the organs as a numbered list; carries the anchors of all chapters
    tokenization: what it does …
    ```
    {part}`qkv`                    its chapter's title as a link; its name where the chapter is not written

An organ whose chapter is not written yet is drawn, but is no link. In the EPUB and the PDF the map and the strips
are pictures.
"""

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from anatomy.figures.theme import INKS
from anatomy.publishing import map_drawing
from anatomy.publishing.rsvg import convert_in_our_type
from anatomy.topics import BY_STEM, TOPICS

ALT = (
    "Map of the model. Text becomes tokens and embeddings, runs through a stack of transformer blocks along "
    "the residual stream, and comes out as logits; one token is sampled from them and joins the text."
)


class ModelMap(nodes.General, nodes.Element):
    """The map. Attribute lit: the stem of the one organ to light, or None for the whole map."""


class ModelMapDirective(SphinxDirective):
    """`{model-map}`."""

    option_spec = {"lit": directives.unchanged_required}  # noqa: RUF012 docutils wants a class attribute

    def run(self):
        lit = self.options.get("lit")
        if lit is not None and lit not in BY_STEM:
            raise self.error(f":lit: must be one of {', '.join(BY_STEM)}, got {lit!r}")
        self.env.metadata[self.env.docname]["model-map"] = True
        return [ModelMap(lit=lit)]


class ModelPartsDirective(SphinxDirective):
    """`{model-parts}`: 'stem: what it does', a line for each organ, in the order of the book."""

    has_content = True

    def run(self):
        said = {}
        for line in self.content:
            stem, colon, words = line.partition(":")
            if colon:
                said[stem.strip()] = words.strip()
        if list(said) != list(BY_STEM):
            missing = [stem for stem in BY_STEM if stem not in said]
            raise self.error(
                f"model-parts must describe every organ in order; missing or misplaced: {missing}"
            )
        self.env.metadata[self.env.docname]["model-map"] = True
        return [nodes.enumerated_list("", *map(self.part, TOPICS, said.values()), classes=["model-parts"])]

    def part(self, organ, words):
        """One organ: its anchors, its name as a link if the chapter is written, what it does."""
        item = nodes.list_item(ids=[organ.stem, *organ.aliases])
        inline, messages = self.parse_inline(words)
        item += nodes.paragraph("", "", linked(self.env, organ), nodes.Text(". "), *inline)
        return item + messages if messages else item


def linked(env, organ, titled=False):
    """The name of an organ, as a link where its chapter is written; titled: by the title of the chapter."""
    name = nodes.inline("", organ.label)
    if organ.stem in env.found_docs:
        target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{organ.stem}", "refdoc": env.docname}
        name = addnodes.pending_xref("", name, refexplicit=not titled, refwarn=True, **target)
    return nodes.strong("", "", name)


class PartRole(SphinxRole):
    """`{part}`."""

    def run(self):
        if self.text not in BY_STEM:
            message = self.inliner.reporter.error(
                f"part must be one of {', '.join(BY_STEM)}, got {self.text!r}"
            )
            return [], [message]
        self.env.metadata[self.env.docname]["model-map"] = True
        return [linked(self.env, BY_STEM[self.text], titled=True)], []


def outdated(app, env, added, changed, removed):
    """A chapter that is new or gone changes the links of every page that shows all organs."""
    if not (added | removed) & set(BY_STEM):
        return []
    return [
        docname for docname, data in env.metadata.items() if "model-map" in data and docname not in removed
    ]


def visit_html(self, node):
    def link(stem):
        found = stem in self.builder.env.found_docs
        return self.builder.get_relative_uri(self.builder.current_docname, stem) if found else None

    lit = node["lit"]
    if self.builder.name == "epub":
        visit_epub(self, lit, link)
    elif lit is None:
        self.body.append(
            f'<div class="map-plate" id="map">{map_drawing.wide(link)}{map_drawing.tall(link)}</div>'
        )
    else:
        home = self.builder.get_relative_uri(self.builder.current_docname, self.builder.config.root_doc)
        self.body.append(
            f'<a class="you-are-here" href="{escape(home)}">{map_drawing.strip(lit)}'
            f'<span class="here">You are here: <b>{escape(here(lit))}</b></span></a>'
        )
    raise nodes.SkipNode


def here(lit):
    """Where the reader is, in words."""
    return f"{BY_STEM[lit].number} · {BY_STEM[lit].label}"


def visit_epub(self, lit, link):
    if lit is None:
        self.body.append(f'<div class="map-plate">{map_drawing.standalone(link=link)}</div>')
    else:
        image = f"_images/strip-{lit}.svg"
        (Path(self.builder.outdir) / image).write_text(map_drawing.standalone(lit), "utf-8")
        home = self.builder.get_relative_uri(self.builder.current_docname, self.builder.config.root_doc)
        self.body.append(
            f'<p class="you-are-here"><a href="{escape(home)}"><img src="{image}" alt=""/> '
            f"You are here: {escape(here(lit))}</a></p>"
        )


def visit_latex(self, node):
    lit = node["lit"]
    if lit is None:
        self.body.append("\n\\modelmap\n")
    else:
        draw(Path(self.builder.outdir) / f"strip-{lit}.pdf", lit=lit)
        self.body.append(f"\n\\youarehere{{strip-{lit}.pdf}}{{{self.encode(here(lit))}}}\n")
    raise nodes.SkipNode


def visit_text(self, node):
    if node["lit"] is None:
        self.new_state(0)
        self.add_text(f"[{ALT}]")
        self.end_state()
    raise nodes.SkipNode


def draw(target, *options, lit=None):
    """The map, or the strip of one organ, as a PDF or PNG, by the suffix of target."""
    convert_in_our_type(map_drawing.standalone(lit), target, *options)


def prepare(app):
    """The map for the PDF's title page; the EPUB's folder of pictures, which Sphinx makes late."""
    out = Path(app.outdir)
    if app.builder.name == "epub":
        (out / "_images").mkdir(parents=True, exist_ok=True)
    if app.builder.name == "latex":
        out.mkdir(parents=True, exist_ok=True)
        draw(out / "model-map.pdf")


def setup(app):
    app.add_node(ModelMap, html=(visit_html, None), latex=(visit_latex, None), text=(visit_text, None))
    app.add_directive("model-map", ModelMapDirective)
    app.add_directive("model-parts", ModelPartsDirective)
    app.add_role("part", PartRole())
    app.connect("env-get-outdated", outdated)
    app.connect("builder-inited", prepare)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":  # book/cover.png, for the README and for links
    draw(sys.argv[1], "--width", "1200", "--background-color", INKS["paper"][0])
