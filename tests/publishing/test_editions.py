import re
import zipfile
from shutil import which

import pytest

from anatomy.publishing import pictures

EXTENSION = """
from docutils import nodes
from docutils.parsers.rst import Directive
from anatomy.publishing.mime import LiveFigure

class Dial(Directive):
    def run(self):
        document = self.state.document
        captions = [nodes.paragraph("", "Turn it.")]
        if "print" in self.arguments:
            captions.append(nodes.paragraph("", "It turns.", classes=["print-caption"]))
        node = LiveFigure("", *captions, name="rope-dial", alt="A dial", provenance="toy", source="", header=["a"],
            rows=[["1"]], bundles=["bokeh"], payload=PAYLOAD, names=["fig-rope-dial"])
        document.note_explicit_target(node, node)
        return [node]
    optional_arguments = 1

def setup(app):
    app.add_directive("dial", Dial)
"""
NAMES = ("myst_parser", "anatomy.publishing.model_map", "anatomy.publishing.bokeh_figures", "still_figure")
ADDRESS = "https://a.org/en/#fig-rope-dial"
CONFIG = {
    "numfig": True,
    "latex_engine": "xelatex",
    "epub_basename": "book",
    "version": "1",
    "copyright": "x",
}


@pytest.fixture
def still(site, tmp_path, monkeypatch):
    """still(builder, argument, print_picture=…, **config) -> the app of a book with one figure."""
    payload = tmp_path / "dial.json"
    payload.write_text('{"item":{},"view":null,"print":null}')
    state = pictures.state_text(payload.read_text())
    (tmp_path / "still_figure.py").write_text(EXTENSION.replace("PAYLOAD", repr(str(payload))))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "still_figure", raising=False)
    folder = tmp_path / "source" / "pictures"
    folder.mkdir(parents=True)

    def build(builder, argument="", print_picture=False, **config):
        (folder / "rope-dial.json").write_text(state)
        sizes = {**pictures.WIDTHS, **({"-print": 500} if print_picture else {})}
        for tail, wide in sizes.items():
            svg = f'<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="{wide}" height="9"/>\n'
            (folder / f"rope-dial{tail}.svg").write_text(pictures.head(state, 0) + svg)
        pages = {
            "index.md": "# Book\n\n```{toctree}\n:numbered:\nrope\n```\n",
            "rope.md": f"# Rope\n\n```{{dial}} {argument}\n```\n",
        }
        extra = ("anatomy.publishing.pdf",) if builder == "latex" else ("anatomy.publishing.epub",)
        app = site(pages, *NAMES, *extra, builder=builder, **CONFIG, **config)
        assert app.said == ""
        return app

    return build


def test_a_screen_shows_the_caption_that_speaks_of_controls(still, read):
    page = read(still("html", "print"), "rope.html")
    assert "Turn it." in page
    assert "It turns." not in page


@pytest.mark.parametrize(("argument", "caption"), [("", "Turn it."), ("print", "It turns.")])
def test_an_epub_prints_the_caption_and_the_picture_made_for_it(still, read, argument, caption):
    page = read(app := still("epub", argument, print_picture=bool(argument)), "rope.xhtml")
    (shown,) = re.findall(r"<p[^>]*>((?:Turn it|It turns)\.)", page)
    assert shown == caption
    assert "Live figure" not in page
    width = "500" if argument else "720"
    assert f'width="{width}"' in re.search(r"<img[^>]*rope-dial[^>]*>", page)[0]
    with zipfile.ZipFile(app.outdir / "book.epub") as book:
        assert f'width="{width}"' in book.read("_images/rope-dial.svg").decode()


def test_an_epub_links_to_the_live_figure_where_the_address_is_known(still, read):
    page = read(still("epub", html_baseurl="https://a.org/en/"), "rope.xhtml")
    assert re.search(rf'<a class="live[^"]*" href="{ADDRESS}">Live figure</a>', page)


@pytest.mark.skipif(not which("rsvg-convert"), reason="needs rsvg-convert")
@pytest.mark.parametrize(("argument", "caption"), [("", "Turn it."), ("print", "It turns.")])
def test_a_pdf_prints_the_caption_and_the_picture_made_for_it(still, read, argument, caption):
    app = still("latex", argument, print_picture=bool(argument))
    text = read(app, "anatomy-of-an-llm.tex")
    assert re.findall(r"(?:Turn it|It turns)\.", text) == [caption]
    assert r"\live{" not in text
    picture = (app.outdir / "pictures" / "rope-dial.pdf").read_bytes()
    width = float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", picture)[1])
    assert width == pytest.approx(0.75 * (500 if argument else 720), abs=1)


@pytest.mark.skipif(not which("rsvg-convert"), reason="needs rsvg-convert")
def test_a_pdf_leads_to_the_live_figure_where_the_address_is_known(still, read):
    text = read(still("latex", html_baseurl="https://a.org/en/"), "anatomy-of-an-llm.tex")
    assert text.index(r"\live{https://a.org/en/\#fig-rope-dial}") < text.index(r"\caption{Turn it.")
