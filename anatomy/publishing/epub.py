"""What epubcheck asks for and Sphinx leaves out: MathML declared in the manifest, no files that are not zipped."""

import re
from pathlib import Path

from sphinx.builders.epub3 import Epub3Builder

ITEM = re.compile(r'<item id="[^"]*" href="([^"]+\.xhtml)" media-type="application/xhtml\+xml" />')


class Epub(Epub3Builder):
    """Sphinx's EPUB builder with `properties="mathml"` on the chapters that hold formulas."""

    def init(self):
        self.config.templates_path = []  # ours are the HTML edition's: scripts, preloads, search
        self.config.html_additional_pages = {}
        super().init()

    def build_content(self):
        for sheet in Path(self.outdir).glob("_static/mystnb.*.css"):
            sheet.unlink()  # left there after an earlier build had been zipped
        super().build_content()
        manifest = Path(self.outdir) / "content.opf"

        def declare(item):
            page = (Path(self.outdir) / item[1]).read_text("utf-8")
            found = [name for name in ("mathml", "svg") if f"<{name[:4]}" in page]
            return item[0].replace(" />", f' properties="{" ".join(found)}" />') if found else item[0]

        manifest.write_text(ITEM.sub(declare, manifest.read_text("utf-8")), "utf-8")


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
