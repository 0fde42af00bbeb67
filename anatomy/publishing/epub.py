"""The EPUB: what readers and epubcheck ask for and Sphinx leaves out.

Contents with every chapter, section and page; a cover; our type; MathML declared in the manifest; the words that
catalogues and screen readers look for; no file that is not zipped.
"""

import re
import shutil
import textwrap
from html import escape
from pathlib import Path

from sphinx.builders.epub3 import Epub3Builder

from anatomy.figures.theme import INKS
from anatomy.publishing import map_drawing
from anatomy.publishing.pages import description_of, hook_of
from anatomy.publishing.rsvg import TYPE, convert_in_our_type

COVER = "_static/cover.png"
COVER_WIDTH = 1200  # pixels
PAGE = re.compile(r'<item id="[^"]*" href="([^"]+\.xhtml)" media-type="application/xhtml\+xml" />')
ACCESSIBILITY = (  # after https://www.w3.org/TR/epub-a11y-11/
    ("accessMode", "textual"),
    ("accessMode", "visual"),
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityFeature", "displayTransformability"),
    ("accessibilityFeature", "MathML"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityHazard", "none"),
    (
        "accessibilitySummary",
        "Every figure has a text that says what it shows, and its numbers as a table. Formulas are MathML.",
    ),
)


class Epub(Epub3Builder):
    """Sphinx's EPUB builder, with what its module's first lines name."""

    media_types = {**Epub3Builder.media_types, ".txt": "text/plain"}  # noqa: RUF012 the licences of the type

    def init(self):
        self.config.templates_path = []  # ours are the HTML edition's: scripts, preloads, search
        self.config.html_additional_pages = {}
        language = escape(self.config.epub_language)
        self.html_tag = self.html_tag.replace(">", f' lang="{language}" xml:lang="{language}">')
        super().init()
        shutil.copytree(TYPE, Path(self.outdir) / "_static" / "fonts", dirs_exist_ok=True)

    def get_refnodes(self, doctree, result):
        """The entries of the contents, with their numbers, which Sphinx keeps beside the words."""
        before = len(result)
        result = super().get_refnodes(doctree, result)
        number = doctree.get("secnumber") if hasattr(doctree, "get") else None
        if number and len(result) == before + 1:
            result[-1]["text"] = f"{'.'.join(map(str, number))} {result[-1]['text']}"
        return result

    def content_metadata(self):
        """The description is that of the book's first page."""
        found = description_of(self.env.get_doctree(self.config.root_doc))
        return super().content_metadata() | ({"description": escape(found)} if found else {})

    def toc_metadata(self, level, navpoints):
        """Sphinx writes the name of the identifier here where the identifier belongs."""
        return super().toc_metadata(level, navpoints) | {"uid": escape(self.config.epub_identifier)}

    def build_content(self):
        for sheet in Path(self.outdir).glob("_static/mystnb.*.css"):
            sheet.unlink()  # left there after an earlier build had been zipped
        if self.config.epub_cover:
            hook = hook_of(self.env.get_doctree(self.config.root_doc)) or ""
            drawing = cover(self.config.project, hook, self.config.author)
            convert_in_our_type(drawing, Path(self.outdir) / COVER, "--width", str(COVER_WIDTH))
        super().build_content()
        manifest = Path(self.outdir) / "content.opf"
        manifest.write_text(self.declared(manifest.read_text("utf-8")), "utf-8")

    def declared(self, opf):
        """The package file with the properties of its items and of the book."""

        def declare(item):
            page = (Path(self.outdir) / item[1]).read_text("utf-8")
            found = [name for name in ("mathml", "svg") if f"<{name[:4]}" in page]
            return item[0].replace(" />", f' properties="{" ".join(found)}" />') if found else item[0]

        opf = PAGE.sub(declare, opf)
        opf = re.sub(rf'(href="{COVER}" media-type="image/png") />', r'\1 properties="cover-image" />', opf)
        opf = re.sub(r"\s*<dc:contributor>unknown</dc:contributor>", "", opf)
        said = "".join(
            f'    <meta property="schema:{name}">{escape(words)}</meta>\n' for name, words in ACCESSIBILITY
        )
        return opf.replace("  </metadata>", f"{said}  </metadata>")


def lines(words, width, x, y, step):
    """Words, broken at so many characters, as lines of SVG text from a base line at y."""
    broken = enumerate(textwrap.wrap(words, width))
    return "".join(f'<text x="{x}" y="{y + i * step}">{escape(line)}</text>' for i, line in broken)


def cover(title, hook, author):
    """The cover, 600 × 900, as SVG: what the book is called and says of itself, and the map in a frame."""
    ink, muted, paper, rule = (INKS[name][0] for name in ("ink", "muted", "paper", "rule"))
    place = 'x="52" y="406" width="496" height="338"'
    drawing = re.sub(r'width="\d+" height="\d+"', place, map_drawing.standalone(), count=1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 900" width="600" height="900">'
        f'<rect width="600" height="900" fill="{paper}"/>'
        f'<g font-family="Old Standard" font-size="74" fill="{ink}">{lines(title, 12, 44, 150, 82)}</g>'
        f'<g font-family="Old Standard" font-style="italic" font-size="25" fill="{muted}">'
        f"{lines(hook, 38, 46, 292, 34)}</g>"
        f'<rect x="41" y="395" width="518" height="360" fill="none" stroke="{rule}"/>'
        f'<rect x="44" y="398" width="512" height="354" fill="none" stroke="{ink}" stroke-width="1.2"/>{drawing}'
        f'<g font-family="Atlas Text" font-size="18" fill="{muted}">{lines(author, 60, 46, 852, 24)}</g></svg>\n'
    )


def trim(app, pagename, templatename, context, doctree):
    if app.builder.name == "epub":
        # myst-nb copies its stylesheet after the file is zipped
        context["css_files"] = [
            sheet for sheet in context["css_files"] if "mystnb" not in str(getattr(sheet, "filename", sheet))
        ]


def setup(app):
    app.add_builder(Epub, override=True)
    app.connect("html-page-context", trim)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
