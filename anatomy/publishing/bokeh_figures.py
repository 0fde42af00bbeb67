"""Figures on pages: a static picture first, Bokeh when the reader comes near it; static in EPUB and PDF.

Everything comes from the site itself: BokehJS is copied from the installed wheel, and each figure's data is a
script of its own, so that it weighs nothing on the first load and also loads over file://.
"""

import hashlib
import json
import os
import shutil
from html import escape
from pathlib import Path

import bokeh
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from anatomy.figures.figure import PROVENANCE
from anatomy.figures.notebook import still, table_html
from anatomy.figures.theme import swap
from anatomy.publishing import editions, pictures
from anatomy.publishing.mime import Badge, LiveFigure
from anatomy.publishing.rsvg import convert

logger = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static" / "figures"
FIGURES = "anatomy_figures"  # in the metadata of a page


def folder_of(app):
    """Where the committed pictures are."""
    return Path(app.srcdir) / "pictures"


def payload_of(node):
    return Path(node["payload"]).read_text("utf-8")


def note_figures(app, doctree):
    """After a page is read: the names and payloads of its figures, so that no build opens all pages to find them."""
    found = {node["name"]: node["payload"] for node in doctree.findall(LiveFigure)}
    app.env.metadata[app.env.docname][FIGURES] = found


def payloads(env):
    """name -> JSON text of all figures of the book."""
    pages = (env.metadata[docname].get(FIGURES, {}) for docname in sorted(env.found_docs))
    return {name: Path(path).read_text("utf-8") for page in pages for name, path in page.items()}


def script_of(name, payload):
    """The file that a page fetches for a figure: Bokeh's JSON, the view's data, and its script as plain code.

    The script is no text to be evaluated, so that a page may forbid eval.
    """
    parts = json.loads(payload)
    view = parts["view"]
    show = f",show:(()=>{{\n{view.pop('script')}\nreturn show;\n}})()" if view else ""
    figure = {"item": parts["item"], **(view or {})}
    inner = json.dumps(figure, separators=(",", ":"), ensure_ascii=False)[:-1]
    return f"anatomyFigures[{json.dumps(name)}]={inner}{show}}};\n"


def check_pictures(app, env):
    """Draw what is stale if asked to (-D draw_pictures=1); else warn in one line a figure."""
    folder, found = folder_of(app), payloads(env)
    if app.config.draw_pictures:
        try:
            drawn = pictures.draw(folder, found)
        except RuntimeError as problem:
            raise SystemExit(str(problem)) from None
        logger.info("drew %s", ", ".join(drawn) or "nothing: all pictures show their figures")
    for name, payload in found.items():
        problem = pictures.stale(folder, name, payload)
        if problem:
            logger.warning(problem, type="anatomy", subtype="picture")


class ResolveFigures(SphinxPostTransform):
    """One caption for each edition; for the PDF an ordinary figure with a picture, made from the committed SVG."""

    default_priority = 5  # right after myst-nb has chosen among MIME types

    def run(self, **kwargs):
        for node in list(self.document.findall(LiveFigure)):
            editions.choose_caption(node, self.app.builder)
            if self.app.builder.format != "latex":
                continue
            uri = vector_pdf(self.app, node["name"])
            self.env.images.add_file(self.env.docname, uri)
            image = nodes.image(uri=uri, alt=node["alt"], candidates={"*": uri}, width="100%")
            caption = nodes.caption("", "", *node[0].children)
            caption += [
                nodes.Text(" "),
                Badge("", PROVENANCE[node["provenance"]], provenance=node["provenance"]),
            ]
            live = editions.way_to_live(node, self.config)
            node.replace_self(nodes.figure("", image, *live, caption, ids=node["ids"], names=node["names"]))


def vector_pdf(app, name):
    """The PDF of a picture, made by rsvg-convert, as a path from the source folder."""
    out = Path(app.outdir) / "pictures" / f"{name}.pdf"
    out.parent.mkdir(parents=True, exist_ok=True)
    convert(folder_of(app) / f"{still(folder_of(app), name)}.svg", out)
    return os.path.relpath(out, app.srcdir)


def picture_html(node, folder, prefix):
    """<picture> elements, light and dark, wide and narrow; browsers fetch the one that is shown."""
    name, alt = node["name"], escape(node["alt"])
    wide = pictures.Picture.read(folder / f"{name}.svg")
    narrow = pictures.Picture.read(folder / f"{name}-narrow.svg")
    out = []
    for mode, tail in (("in-light", ""), ("in-dark", "-dark")):
        out.append(
            f'<picture class="{mode}"><source media="(max-width:640px)" srcset="{prefix}{name}-narrow{tail}.svg" '
            f'width="{narrow.width}" height="{narrow.height}"><img src="{prefix}{name}{tail}.svg" alt="{alt}" '
            f'width="{wide.width}" height="{wide.height}" loading="lazy" decoding="async"></picture>'
        )
    return "".join(out), wide, narrow


def number_of(translator, node):
    """Sphinx's own number of a figure, as '1.2'."""
    numbers = translator.builder.env.toc_fignumbers.get(translator.builder.current_docname, {})
    found = numbers.get("figure", {}).get(node["ids"][0], ())
    return ".".join(map(str, found))


def visit_html(self, node):
    epub = self.builder.name == "epub"
    name, provenance = node["name"], node["provenance"]
    try:
        if epub:
            folder = folder_of(self.builder.app)
            wide = pictures.Picture.read(folder / f"{still(folder, name)}.svg")
            images = Path(self.builder.outdir) / "_images"
            images.mkdir(exist_ok=True)
            (images / f"{name}.svg").write_text(wide.svg, "utf-8")
            size = f'width="{wide.width}" height="{wide.height}"'
            stage = f'<img src="_images/{name}.svg" alt="{escape(node["alt"])}" {size}/>'
            style = ""
        else:
            root = self.builder.get_relative_uri(self.builder.current_docname, "index").rpartition("/")[0]
            prefix = f"{root}/_static/figures/" if root else "_static/figures/"
            stage, wide, narrow = picture_html(node, folder_of(self.builder.app), prefix)
            style = f' style="--h:{wide.height};--hn:{narrow.height};--c:{wide.controls}px"'
    except (FileNotFoundError, ValueError):  # warned about when the pictures were checked
        stage, style, wide = f'<p class="no-picture">{escape(node["alt"])}</p>', "", None
    live = ""
    if not epub:
        version = hashlib.sha256(payload_of(node).encode()).hexdigest()[:8]
        live = (
            f' data-state="static" data-bundles="{" ".join(node["bundles"])}" data-bokeh="{bokeh.__version__}"'
            f' data-item="{name}.js?v={version}"'
        )
    controlled = " controlled" if wide and wide.controls else ""
    number = f'<span class="fig-no">Fig. {number_of(self, node)}</span> '
    badge = f'<span class="badge" data-provenance="{provenance}">{PROVENANCE[provenance]}</span>'
    self.body.append(
        f'<figure class="anatomy-figure" id="{node["ids"][0]}" data-provenance="{provenance}"{live}>'
        f'<div class="stage{controlled}"{style}>{stage}</div><figcaption>{number}{badge}'
    )


def depart_html(self, node):
    source = f'<p class="source">{escape(node["source"])}</p>' if node["source"] else ""
    label = f"Data of figure {number_of(self, node)}"
    data = (
        '<details class="figure-data"><summary>Data</summary>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f"{table_html(node['header'], node['rows'])}</div>{source}</details>"
    )
    # in a strict figure the caption comes last, so an EPUB has the data after it
    ends = (
        ("</figcaption></figure>", data)
        if self.builder.name == "epub"
        else ("</figcaption>", data, "</figure>")
    )
    self.body.append("".join(ends) + "\n")


def visit_text(self, node):
    self.new_state(0)
    self.add_text(f"[Figure {node['ids'][0]}: {node['alt']}]")
    self.end_state()
    self.new_state(0)


def depart_text(self, node):
    self.end_state()
    rows = [" | ".join(row) for row in [node["header"], *node["rows"]]]
    self.new_state(2)
    self.add_text("\n".join(rows))
    self.end_state(wrap=False)


def visit_badge_html(self, node):
    self.body.append(f'<span class="badge" data-provenance="{node["provenance"]}">')


def depart_badge_html(self, node):
    self.body.append("</span>")


def visit_badge_latex(self, node):
    self.body.append(r"\badge{")


def depart_badge_latex(self, node):
    self.body.append("}")


def visit_badge_text(self, node):
    self.add_text("[")


def depart_badge_text(self, node):
    self.add_text("]")


def skip(self, node):
    raise nodes.SkipNode


def no_depart(self, node):
    pass


def copy_assets(app, exception):
    """BokehJS, the loader of live figures, each figure's data and its pictures, into _static."""
    if exception or app.builder.format != "html" or app.builder.name == "epub":
        return
    static = Path(app.outdir) / "_static"
    target = static / "figures"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (static / "bokeh").mkdir(exist_ok=True)
    for bundle in ("bokeh", "bokeh-widgets"):
        copy = static / "bokeh" / f"{bundle}-{bokeh.__version__}.min.js"
        shutil.copyfile(pictures.BOKEHJS / f"{bundle}.min.js", copy)
    script = (STATIC / "driver.js").read_text("utf-8") + (STATIC / "live.js").read_text("utf-8")
    script = script.replace('"@INKS@"', json.dumps(swap(), separators=(",", ":")))
    script = script.replace('"@WIDGETS@"', json.dumps((STATIC / "widgets.css").read_text("utf-8")))
    (target / "live.js").write_text(script, "utf-8")
    for name, payload in payloads(app.env).items():
        (target / f"{name}.js").write_text(script_of(name, payload), "utf-8")
        for tail in pictures.WIDTHS:
            try:
                picture = pictures.Picture.read(folder_of(app) / f"{name}{tail}.svg")
            except (FileNotFoundError, ValueError):
                continue
            (target / f"{name}{tail}.svg").write_text(picture.svg, "utf-8")
            (target / f"{name}{tail}-dark.svg").write_text(picture.dark(), "utf-8")


def title_of(node):
    """What `{ref}` prints and what makes a figure countable: its caption."""
    return node[0].astext()


def setup(app):
    app.add_config_value("draw_pictures", False, "", bool)
    app.add_enumerable_node(
        LiveFigure,
        "figure",
        title_of,
        html=(visit_html, depart_html),
        latex=(skip, no_depart),
        text=(visit_text, depart_text),
    )
    app.add_node(
        Badge,
        html=(visit_badge_html, depart_badge_html),
        latex=(visit_badge_latex, depart_badge_latex),
        text=(visit_badge_text, depart_badge_text),
    )
    app.add_post_transform(ResolveFigures)
    app.connect("doctree-read", note_figures)
    app.connect("env-updated", check_pictures)
    app.connect("build-finished", copy_assets)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
