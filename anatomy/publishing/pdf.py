"""The PDF: the settings that LaTeX needs, our type, and what its writer would drop.

`sphinx-build -b latex` writes everything into one folder; `latexmk -xelatex` there makes the book.
"""

import shutil
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.builders.latex.nodes import thebibliography
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_book_theme.directives import Margin

from anatomy.figures.theme import INKS, MEANINGS, wash

HERE = Path(__file__).parent / "latex"
INK, TINT, PAPER = (INKS[name][0].lstrip("#").upper() for name in ("ink", "tint", "paper"))
SETUP = {
    "hmargin": "{30mm,30mm}",
    "vmargin": "{26mm,28mm}",
    "TitleColor": f"{{HTML}}{{{INK}}}",
    "InnerLinkColor": f"{{HTML}}{{{INK}}}",
    "OuterLinkColor": f"{{HTML}}{{{INK}}}",
    "VerbatimColor": f"{{HTML}}{{{TINT}}}",
    "VerbatimBorderColor": f"{{HTML}}{{{INK}}}",
    "verbatimwithframe": "true",
    "pre_border-width": "0pt",
    "pre_border-left-width": "2pt",
    "pre_border-radius": "0pt",
    "pre_padding": "6pt",
}
NOTE = {  # a call-out: ink rules above and below, no box
    "border-TeXcolor": f"{{HTML}}{{{INK}}}",
    "background-TeXcolor": "{HTML}{FFFFFF}",
    "title-background-TeXcolor": "{HTML}{FFFFFF}",
    "title-foreground-TeXcolor": f"{{HTML}}{{{INK}}}",
    "box-shadow": "none",
    "border-radius": "0pt",
    "border-left-width": "0pt",
    "border-right-width": "0pt",
    "border-top-width": ".7pt",
    "border-bottom-width": ".7pt",
    "padding-left": "0pt",
    "padding-right": "0pt",
}
SETUP |= {f"div.note_{key}": value for key, value in NOTE.items()}
LONGEST_UNBROKEN = 16  # characters of a table's cell that are set in one line


def inks_tex():
    """The inks, in light, as LaTeX colours; and for each word of the model a role in its ink."""
    lines = [r"\ProvidesPackage{inks}[2026/01/01 the inks of the book]", r"\RequirePackage{xcolor}"]
    for name, (light, _) in INKS.items():
        lines.append(rf"\definecolor{{{name}}}{{HTML}}{{{light[1:].upper()}}}")
    for name in MEANINGS:
        lines.append(rf"\definecolor{{{name}-wash}}{{HTML}}{{{wash(name)[1:].upper()}}}")
        lines.append(rf"\expandafter\def\csname DUrolew-{name}\endcsname#1{{\modelword{{{name}}}{{#1}}}}")
    lines.append(r"\expandafter\def\csname DUrolebadge\endcsname#1{\badge{#1}}")
    return "\n".join(lines) + "\n"


def settings(app, config):
    """What conf.py would otherwise have to say."""
    config.latex_documents = [
        (config.root_doc, "anatomy-of-an-llm.tex", config.project, config.author, "manual")
    ]
    config.latex_table_style = ["booktabs", "nocolorrows"]
    config.latex_use_xindy = False
    config.pygments_style = "bw"  # the stylesheet of the HTML edition has its own
    elements = {
        "papersize": "a4paper",
        "pointsize": "10pt",
        "fontpkg": "",
        "fncychap": "",
        "extraclassoptions": "openany,oneside",
        "printindex": "",
        "figure_align": "!htbp",
        "sphinxsetup": ",".join(f"{key}={value}" for key, value in SETUP.items()),
    }
    preamble = "\\usepackage{inks}\n\\usepackage{atlas}\n" + config.latex_elements.get("preamble", "")
    config.latex_elements = elements | config.latex_elements | {"preamble": preamble}


def copy_style(app):
    """Our style and type beside the LaTeX sources; `{margin}`, which only the HTML theme knows."""
    if "margin" not in directives._directives:
        directives.register_directive("margin", Margin)
    if app.builder.name != "latex":
        return
    out = Path(app.outdir)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "atlas.sty", out / "atlas.sty")
    (out / "inks.sty").write_text(inks_tex(), "utf-8")
    for font in HERE.glob("fonts/*.ttf"):
        shutil.copyfile(font, out / font.name)


class Hooks(SphinxPostTransform):
    """LaTeX's writer drops the class of a paragraph: set a hook by an environment of ours."""

    default_priority = 700
    formats = ("latex",)

    def run(self, **kwargs):
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if "hook" in paragraph["classes"]:
                paragraph.insert(0, nodes.raw("", "\\begin{hook}", format="latex"))
                paragraph.append(nodes.raw("", "\\end{hook}", format="latex"))


class Columns(SphinxPostTransform):
    """What LaTeX's writer drops of a table, as a column specification; and room for all of it on the page.

    Columns of numbers are set flush right. A column is broken only where a cell of it is long: in the others a word
    would be cut. A caption may not stand on the page before its table.
    """

    default_priority = 700
    formats = ("latex",)

    def run(self, **kwargs):
        for table in list(self.document.findall(nodes.table)):
            rows = list(table.findall(nodes.row))
            columns = list(zip(*(row.children for row in rows), strict=False))
            spec = "".join(map(self.column, columns))
            room = nodes.raw("", rf"\needspace{{{len(rows) + 3}\baselineskip}}", format="latex")
            table.parent.insert(table.parent.index(table), [room, addnodes.tabular_col_spec(spec=spec)])

    def column(self, cells):
        """The letter of a column, its head among the cells: r or l, capital where lines are broken."""
        flush = all("text-right" in cell["classes"] for cell in cells)
        longest = max(len(cell.astext()) for cell in cells)
        letter = "r" if flush else "l"
        return letter if longest <= LONGEST_UNBROKEN else letter.upper()


class OneBibliography(SphinxPostTransform):
    """On paper each work is listed once, for all chapters; on screen each chapter lists its own."""

    default_priority = 760  # after Sphinx has gathered all entries
    formats = ("latex",)

    def run(self, **kwargs):
        order = []  # by author, as the page of references has them
        for page in list(self.document.findall(addnodes.start_of_file)):
            if page["docname"] == "references":
                order = [item.astext() for item in page.findall(nodes.list_item)]
                page.parent.remove(page)
        for entries in self.document.findall(thebibliography):
            works = {}
            for entry in list(entries.children):
                works.setdefault(entry[-1].astext(), []).append(entry)
            entries.clear()
            for number, text in enumerate(sorted(works, key=order.index), start=1):
                same = works[text]
                kept = same[0]
                kept[0].replace_self(nodes.label("", str(number)))
                for other in same[1:]:  # whoever cites the entry of another chapter arrives here too
                    name = f"cite.{other['docname']}:{other['ids'][0]}"
                    kept[1].insert(0, nodes.raw("", rf"\hypertarget{{{name}}}{{}}", format="latex"))
                entries += kept


def setup(app):
    app.connect("config-inited", settings)
    app.connect("builder-inited", copy_style)
    for transform in (Hooks, Columns, OneBibliography):
        app.add_post_transform(transform)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
