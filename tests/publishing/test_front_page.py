"""Reading times on the index, and the way to the other editions."""

import pytest
from docutils import nodes

from anatomy.publishing import front_page
from anatomy.topics import TOPICS

PARTS = "".join(f"{topic.stem}: What it does.\n" for topic in TOPICS)
INDEX = (
    f"# Index\n\n```{{model-parts}}\n{PARTS}```\n\n```{{other-editions}}\n```\n\n```{{toctree}}\nqkv\n```\n"
)
EXTENSIONS = ("myst_parser", "anatomy.publishing.model_map", "anatomy.publishing.front_page")


def test_only_running_words_count():
    page = nodes.section()
    page += nodes.paragraph("", "word " * 1900)
    page += nodes.literal_block("", "code " * 5000)
    page += nodes.table("", nodes.paragraph("", "cell " * 5000))
    page += nodes.admonition("", nodes.paragraph("", "answer " * 5000), classes=["solution"])
    assert front_page.minutes(page) == 10


def test_times_stand_behind_written_chapters(site, read):
    page = read(site({"index.md": INDEX, "qkv.md": "# Q\n\n" + "word " * 2100}, *EXTENSIONS), "index.html")
    assert page.count('class="reading-time"') == 1
    assert '<span class="reading-time">10 min</span>' in page
    assert "makes an EPUB and a PDF" in page


def test_a_hosted_book_links_its_editions(site, read, monkeypatch):
    monkeypatch.setenv("READTHEDOCS_LANGUAGE", "en")
    monkeypatch.setenv("READTHEDOCS_VERSION", "stable")
    page = read(site({"index.md": INDEX, "qkv.md": "# Q\n"}, *EXTENSIONS), "index.html")
    for name in ("epub", "pdf"):
        assert f'href="/_/downloads/en/stable/{name}/"' in page
    assert "makes an EPUB" not in page


@pytest.mark.parametrize("missing", ["LANGUAGE", "VERSION"])
def test_half_an_address_is_none(monkeypatch, missing):
    monkeypatch.setenv("READTHEDOCS_LANGUAGE", "en")
    monkeypatch.setenv("READTHEDOCS_VERSION", "stable")
    monkeypatch.delenv(f"READTHEDOCS_{missing}")
    assert front_page.hosted() == {}
