"""The token explorer as the book is built: its packed vocabulary, its chips, its form without JavaScript."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from anatomy.publishing.token_explorer import (
    STATIC,
    VOCABULARIES,
    counts_table,
    example_html,
    latex_text,
    latex_token,
    pack,
    token_html,
)
from anatomy.tokenization import o200k_base, presets, train

ROOT = Path(__file__).parents[2]


def unpacked(packed):
    """What the worker makes of a packed vocabulary: token -> id."""
    first, singles = packed[0], packed[1] + 1
    places = packed[2 + singles :]
    n = len(places) // 6
    planes = [places[k * n : (k + 1) * n] for k in range(6)]
    tokens = [bytes([byte]) for byte in packed[2 : 2 + singles]]
    for high, middle, low, *right in zip(*planes, strict=True):
        left_id = high << 16 | middle << 8 | low
        right_id = right[0] << 16 | right[1] << 8 | right[2]
        tokens.append(tokens[left_id] + tokens[right_id])
    return {token: first + i for i, token in enumerate(tokens)}


@pytest.mark.parametrize("name", ["o200k_base", pytest.param("SmolLM2", marks=pytest.mark.checkpoint)])
def test_the_packed_vocabulary_unpacks_to_every_token(name):
    ranks = VOCABULARIES[name]()
    assert unpacked(pack(ranks)) == ranks


def test_a_vocabulary_that_cannot_be_packed():
    ranks = train("low lower lowest", 3)
    with pytest.raises(ValueError, match="without gaps"):
        pack({token: i + (i > 3) for token, i in ranks.items()})
    with pytest.raises(ValueError, match="union of two earlier ones"):
        pack({**ranks, b"xyz": len(ranks)})


def test_the_table_counts_with_both_vocabularies():
    header, rows = counts_table()
    assert header[-2:] == ["tokens, o200k_base", "tokens, SmolLM2"]
    assert len(rows) == len(presets())
    text = presets()[0]["text"]
    assert rows[0][-2] == f"{len(o200k_base().encode_ordinary(text)):,}"


def test_chips_are_text_never_markup():
    html = token_html(7, b'<img src="x" onerror=alert(1)>&')
    assert "<img" not in html
    element = ElementTree.fromstring(html)
    assert "".join(element.itertext()) == '<img src="x" onerror=alert(1)>&'


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset["name"])
def test_an_example_holds_its_text_and_every_id_in_order(preset):
    section = ElementTree.fromstring(example_html(preset))
    spans = list(section.iter("span"))
    ids = [int(span.get("data-token-id")) for span in spans]
    assert ids == o200k_base().encode_ordinary(preset["text"])
    whole = b"".join(
        bytes.fromhex("".join(b.text for b in span))
        if span.find("b") is not None
        else "".join(span.itertext()).encode()
        for span in spans
    )
    assert whole.decode() == preset["text"]
    assert section.get("data-text") == preset["text"]
    lengths = [int(n) for n in section.get("data-lengths").split()]
    assert lengths == [len(o200k_base().decode_single_token_bytes(i)) for i in ids]
    assert section.findtext(".//dl/div[4]/dd") == str(len(ids))


def test_latex_escapes_what_tex_would_read():
    assert latex_text("50% {of} $x_1 #2 & a\\b~^") == (
        r"\texttt{50\% \{of\} \$x\_1 \#2 \& a\textbackslash{}b\textasciitilde{}\^{}}"
    )
    assert latex_text("ж") == r"\tokenscript{cyrillic}{{\scriptsize U+0436}}{ж}"
    assert latex_token(1, b"\xf0\x9f") == r"\tokenchip{{\scriptsize F0 9F}}{1}"
    assert latex_token(2, b" a") == r"\tokenchip{\textperiodcentered{}\texttt{a}}{2}"


def test_scripts_name_no_other_site():
    for script in STATIC.glob("*.js"):
        assert not re.search(r"https?://", script.read_text("utf-8"))


def test_epub_holds_chips_and_no_controls(tmp_path):
    (tmp_path / "conf.py").write_text(
        "extensions = ['myst_nb', 'anatomy.publishing.token_explorer', 'anatomy.publishing.bokeh_figures']\n"
        "numfig = True\nversion = '1'\nepub_show_urls = 'no'\n",
        "utf-8",
    )
    explorer = "```{token-explorer}\n"
    (tmp_path / "index.md").write_text(
        f"# Tokens\n\n{explorer}:print: See the *chips*.\nChoose one.\n```\n", "utf-8"
    )
    (tmp_path / "bare.md").write_text(f"---\norphan: true\n---\n# Bare\n\n{explorer}```\n", "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "epub", tmp_path, tmp_path / "out"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "token-explorer has no caption: say what to look at" in built.stderr
    page = (tmp_path / "out/index.xhtml").read_text("utf-8")
    ElementTree.fromstring(page[page.index("<html") :])
    assert "See the <em>chips</em>." in page
    assert "Choose one." not in page
    assert page.count('class="example"') == len(presets())
    assert "<token-explorer" not in page
    assert "<textarea" not in page
    assert "token-explorer.js" not in page
    assert '"_static/token-explorer.css"' in page
    assert "tokens, SmolLM2" in page
    assert (tmp_path / "out/_static/token-explorer.css").exists()
