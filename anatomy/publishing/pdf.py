"""The PDF: the settings that LaTeX needs, our type, and what its writer would drop.

`sphinx-build -b latex` writes everything into one folder; `latexmk -xelatex` there makes the book.
"""

import math
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.builders.latex.nodes import thebibliography
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import texescape
from sphinx_book_theme.directives import Margin
from sphinx_exercise.nodes import is_exercise_node, solution_node

from anatomy.figures.figure import PROVENANCE
from anatomy.figures.theme import INKS, MEANINGS, wash
from anatomy.publishing.editions import address_tex
from anatomy.publishing.pages import LICENCE, description_of, hook_of

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
TABLE_WIDTH, COLUMN_GAP = 80, 3  # of a page, in small letters of a table's type
CODE_WIDTH, PAGE_LINES = 82, 52  # characters and lines of code that a page holds
SHORT_OUTPUT = 10  # lines, with its margins


def inks_tex():
    """The inks, in light, as LaTeX colours; and for each word of the model a role in its ink."""
    lines = [r"\ProvidesPackage{inks}[2026/01/01 the inks of the book]", r"\RequirePackage{xcolor}"]
    for name, (light, _) in INKS.items():
        lines.append(rf"\definecolor{{{name}}}{{HTML}}{{{light[1:].upper()}}}")
    for name in MEANINGS:
        lines.append(rf"\definecolor{{{name}-wash}}{{HTML}}{{{wash(name)[1:].upper()}}}")
        lines.append(rf"\expandafter\def\csname DUrolew-{name}\endcsname#1{{\modelword{{{name}}}{{#1}}}}")
    for name, words in PROVENANCE.items():  # each badge has a shape of its own
        lines.append(rf"\expandafter\def\csname badge@{words}\endcsname{{\csname badge{name}\endcsname}}")
        lines.append(rf"\expandafter\def\csname DUrole{name}\endcsname#1{{\badge{{#1}}}}")
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
        "figure_align": "H",  # where its words are: a float would cut a sentence
        "sphinxsetup": ",".join(f"{key}={value}" for key, value in SETUP.items()),
    }
    own = config.latex_elements.get("preamble", "")
    preamble = f"\\usepackage{{inks}}\n\\usepackage{{imprint}}\n\\usepackage{{atlas}}\n{own}"
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


def when():
    """The day the book is of: SOURCE_DATE_EPOCH's, else today's, as '1 January 2026'."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    day = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return f"{day.day} {day:%B %Y}"


def imprint_tex(config, index):
    """What title page, imprint and the file's own properties say. index: the doctree of the first page."""
    said = {
        "title": config.project,
        "hook": hook_of(index) or "",
        "author": config.author,
        "version": config.release,
        "date": when(),
        "rights": config.copyright,
        "subject": description_of(index) or "",
    }
    said = {name: texescape.escape(words, "xelatex") for name, words in said.items()}
    said |= {"licence": address_tex(LICENCE), "address": address_tex(config.html_baseurl)}
    lines = [r"\ProvidesPackage{imprint}[2026/01/01 what the book says of itself]"]
    lines += [rf"\newcommand{{\book{name}}}{{{words}}}" for name, words in said.items()]
    lines.append(
        r"\hypersetup{pdftitle={\booktitle},pdfauthor={\bookauthor},pdfsubject={\booksubject},"
        rf"pdflang={{{config.language}}},pdfdisplaydoctitle=true}}"
    )
    return "\n".join(lines) + "\n"


def write_imprint(app, env):
    if app.builder.name == "latex":
        text = imprint_tex(app.config, env.get_doctree(app.config.root_doc))
        (Path(app.outdir) / "imprint.sty").write_text(text, "utf-8")


class Hooks(SphinxPostTransform):
    """LaTeX's writer drops the class of a paragraph: set a hook by an environment of ours.

    The first page, whose title is the book's, begins with a heading of its own.
    """

    default_priority = 700
    formats = ("latex",)

    def run(self, **kwargs):
        first = next(self.document.findall(nodes.section), None)
        if first is not None:
            first.insert(1, nodes.raw("", "\\opening\n", format="latex"))
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if "hook" in paragraph["classes"]:
                paragraph.insert(0, nodes.raw("", "\\begin{hook}", format="latex"))
                paragraph.append(nodes.raw("", "\\end{hook}", format="latex"))


class Columns(SphinxPostTransform):
    """What LaTeX's writer drops of a table, as a column specification; and room for all of it on the page.

    Columns of numbers are set flush right. A caption may not stand on the page before its table, nor a heading that
    the table follows.
    """

    default_priority = 700
    formats = ("latex",)

    def run(self, **kwargs):
        for table in list(self.document.findall(nodes.table)):
            rows = list(table.findall(nodes.row))
            columns = list(zip(*(row.children for row in rows), strict=False))
            first, led_in = with_lead(within(table, nodes.container, "cell") or table)
            room = nodes.raw("", rf"\Needspace{{{len(rows) + 3 + led_in}\baselineskip}}", format="latex")
            first.parent.insert(first.parent.index(first), room)
            table.parent.insert(
                table.parent.index(table), addnodes.tabular_col_spec(spec=specification(columns))
            )


def specification(columns):
    """A table's columns as LaTeX has them, each with its head as the first of the cells: side and width.

    >>> print(specification([[nodes.entry("", nodes.Text("short"))], [nodes.entry("", nodes.Text("words " * 30))]]))
    >{\\leftcell}p{0.07\\linewidth}>{\\leftcell}p{0.855\\linewidth}
    """
    right = [all("text-right" in cell["classes"] for cell in cells) for cells in columns]
    texts = [[cell.astext() for cell in cells] for cells in columns]
    return "".join(
        rf">{{\{'right' if side else 'left'}cell}}p{{{round(width / TABLE_WIDTH, 3)}\linewidth}}"
        for side, width in zip(right, widths(texts, right), strict=True)
    )


def widths(texts, unbroken):
    """Small letters that each column gets. texts: its cells, the head first; unbroken: whether cells stay in one line.

    As wide as all cells are, or as all but the heads; where the page has no room for that, a part of the way there
    from the longest words.

    >>> widths([["a head", "b"], ["c", "d " * 50]], [True, False])
    [4.6, 69.4]
    """
    words = [max(breadth(word) for text in cells for word in text.split(" ")) for cells in texts]
    bodies = [max(map(breadth, cells[1:] or cells)) for cells in texts]
    least = [
        max(word, body) if whole else word for word, body, whole in zip(words, bodies, unbroken, strict=True)
    ]
    most = list(map(max, words, bodies))
    room = TABLE_WIDTH - COLUMN_GAP * len(texts)
    for low, high in (
        (most, [max(map(breadth, cells)) for cells in texts]),
        (least, most),
        ([0] * len(texts), least),
    ):
        if sum(high) <= room:
            return high
        if sum(low) <= room:
            part = (room - sum(low)) / (sum(high) - sum(low))
            return [a + part * (b - a) for a, b in zip(low, high, strict=True)]
    return least


def breadth(text):
    """About how many small letters a text is wide, with a little room.

    >>> breadth("a"), breadth("Mw")
    (1.6, 3.6)
    """
    wide = sum(character.isupper() or character in "mw±×" for character in text)
    digits = sum(character.isdigit() for character in text)
    return round(0.6 + len(text) + 0.5 * wide + 0.15 * digits, 2)


class WholeCode(SphinxPostTransform):
    """Code that fits on a page is not split, nor is what it prints; a short output stays with its code."""

    default_priority = 700
    formats = ("latex",)

    def run(self, **kwargs):
        for block in list(self.document.findall(nodes.literal_block)):
            if within(block, nodes.Admonition) or within(block, nodes.entry):
                continue
            lines, first, led_in = height(block), block, 0
            cell = within(block, nodes.container, "cell")
            if not within(block, nodes.container, "cell_output"):
                printed = list(cell.findall(nodes.literal_block))[1:2] if cell else []
                lines += sum(height(output) for output in printed if height(output) <= SHORT_OUTPUT)
                first, led_in = with_lead(cell or block)
            elif lines <= SHORT_OUTPUT:
                continue
            if lines + led_in <= PAGE_LINES:
                room = nodes.raw("", rf"\codeneeds{{{lines + led_in}}}", format="latex")
                first.parent.insert(first.parent.index(first), room)


def with_lead(node):
    """Where code or a table begins for a reader: at the sentence that leads up to it with a colon, and at a heading.

    Returns that node, and about how many lines it is high.
    """
    first, lines = node, 0
    before = node.previous_sibling()
    if isinstance(before, nodes.paragraph) and before.astext().rstrip().endswith(":"):
        first, lines = before, 2 + math.ceil(len(before.astext()) / CODE_WIDTH)
    if isinstance(first.previous_sibling(), nodes.title) and isinstance(first.parent, nodes.section):
        first, lines = first.parent, lines + 4
        while label := label_before(first):  # which LaTeX's writer joins to the heading
            first = label
    return first, lines


def label_before(node):
    """The target that stands right before a node, be it as the last thing in the section before, or None."""
    before = node.previous_sibling()
    while isinstance(before, nodes.section):
        before = before[-1]
    return before if isinstance(before, nodes.target) else None


def within(node, kind, name=None):
    """The nearest ancestor of a kind, and of a class if named, or None."""
    while node := node.parent:
        if isinstance(node, kind) and (name is None or name in node["classes"]):
            return node
    return None


def height(block):
    """Lines that a block of code takes, with its margins: those too long for the measure are broken.

    >>> height(nodes.literal_block("", "a = 1\\n" + "b" * 100))
    5
    """
    return 2 + sum(max(1, math.ceil(len(line) / CODE_WIDTH)) for line in block.astext().splitlines())


class Solutions(SphinxPostTransform):
    """Solutions stand at the back, by chapter; each exercise says on which page, and each solution leads back."""

    default_priority = 690  # titles are resolved; before code is measured
    formats = ("latex",)

    def run(self, **kwargs):
        back = nodes.section("", nodes.title("", "Solutions"), ids=["solutions"])
        for page in list(self.document.findall(addnodes.start_of_file)):
            found = list(page.findall(solution_node))
            if not found:
                continue
            docname = page["docname"]
            exercises = {node["label"]: node for node in page.findall(is_exercise_node)}
            number = ".".join(map(str, self.env.toc_secnumbers.get(docname, {}).get("", ())))
            name = f"{number} {self.env.titles[docname].astext()}".strip()
            section = nodes.section("", nodes.title("", name), ids=[f"{docname}-solutions"])
            for solution in found:
                solution.parent.remove(solution)
                label = f"{docname}:{solution['label']}"
                exercise = exercises.get(solution["target_label"])
                if exercise is not None:
                    exercise.append(nodes.raw("", rf"\solutionat{{{label}}}", format="latex"))
                lines = min(4 + opening_height(solution.children[1:3]), PAGE_LINES)
                if len(section) > 1:
                    section += nodes.raw("", rf"\codeneeds{{{lines}}}", format="latex")
                else:  # a chapter's name, with its first solution
                    back += nodes.raw("", rf"\codeneeds{{{lines + 4}}}", format="latex")
                section += self.moved(solution, label, exercise and f"exercise:{exercise['label']}")
            back += addnodes.start_of_file("", section, docname=docname)
        if len(back) > 1:
            self.document.append(back)

    def moved(self, solution, label, home):
        """The parts of a solution as ordinary text under a title that leads back."""
        title, *body = solution.children
        page = rf"\exerciseat{{{home}}}" if home else ""
        return [
            nodes.raw("", rf"\solutiontitle{{{label}}}{{", format="latex"),
            nodes.inline("", "", *title.children),
            nodes.raw("", rf"}}{{{page}}}", format="latex"),
            *body,
        ]


def opening_height(parts):
    """Lines of code that the first parts of a solution are high, up to its first code."""
    lines = 0
    for part in parts:
        code = list(part.findall(nodes.literal_block))
        lines += sum(map(height, code)) or 2 + math.ceil(len(part.astext()) / CODE_WIDTH)
        if code:
            break
    return lines


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
    app.connect("env-updated", write_imprint)
    for transform in (Hooks, Columns, Solutions, WholeCode, OneBibliography):
        app.add_post_transform(transform)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
