import re
import subprocess
from shutil import which
from xml.etree import ElementTree

import pytest

from anatomy.figures.theme import INKS
from anatomy.model import PUBLISHED
from anatomy.publishing import map_drawing
from anatomy.topics import BY_STEM, TOPICS

PARTS = "".join(f"{organ.stem}: What {organ.label} does.\n" for organ in TOPICS)
INDEX = f"# Index\n\n```{{model-map}}\n```\n\n```{{model-parts}}\n{PARTS}```\n\n```{{toctree}}\nqkv\n```\n"
CHAPTER = "# Queries\n\n```{model-map}\n:lit: qkv\n```\n\nSee {part}`qkv` and {part}`rope`.\n"
MYST = "myst_parser"
EXTENSION = "anatomy.publishing.model_map"


def well_formed(svg):
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def classes_in(svg):
    return {name for value in re.findall(r'class="([^"]*)"', svg) for name in value.split()}


def test_fifteen_organs_with_distinct_anchors():
    assert [organ.number for organ in TOPICS] == list(range(1, 16))
    anchors = [anchor for organ in TOPICS for anchor in (organ.stem, *organ.aliases)]
    assert len(anchors) == len(set(anchors)) == 30


@pytest.mark.parametrize("draw", [map_drawing.wide, map_drawing.tall])
def test_both_plates_hold_every_organ_once_and_link_those_that_are_written(draw):
    written = {"qkv", "rope"}
    svg = draw(lambda stem: f"{stem}.html" if stem in written else None)
    well_formed(svg)
    assert sorted(re.findall(r'href="([^"]*)"', svg)) == ["qkv.html", "rope.html"]
    assert svg.count('class="organ absent"') == 13
    labels = re.findall(r'class="label">([^<]*)<', svg)
    assert sorted(labels) == sorted(organ.label.replace("&", "&amp;") for organ in TOPICS)
    assert sorted(map(int, re.findall(r'class="numeral middle">(\d+)<', svg))) == list(range(1, 16))
    assert str(PUBLISHED["SmolLM2-135M"].n_layers) in re.search(r"× (\d+)", svg)[1]


@pytest.mark.parametrize("stem", BY_STEM)
def test_the_strip_lights_one_organ_and_boxes_it(stem):
    svg = map_drawing.strip(stem)
    well_formed(svg)
    assert svg.count('class="lit"') == 1
    drawing = map_drawing.small_organs()[stem][0]
    assert f'<g class="lit">{drawing}</g>' in svg
    assert f">{BY_STEM[stem].number}</text>" in svg
    x, y, width, height = map(
        float,
        re.search(r'x="([\d.-]+)" y="([\d.-]+)" width="([\d.-]+)" height="([\d.-]+)" rx="4"', svg).groups(),
    )
    left, top, across, down = map(float, re.search(r'viewBox="(.*?)"', svg)[1].split())
    assert left <= x
    assert x + width + 9.5 <= left + across
    assert top <= y - 9.5
    assert y + height <= top + down


def test_no_organ_reaches_out_of_its_plate():
    for svg in (map_drawing.wide(str), map_drawing.tall(str)):
        _, _, width, height = map(float, re.search(r'viewBox="(.*?)"', svg)[1].split())
        areas = re.findall(
            r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="6" class="area"', svg
        )
        assert len(areas) == 15
        for area in areas:
            x, y, across, down = map(float, area)
            assert x + across <= width
            assert y + down <= height


def test_every_class_that_is_drawn_has_a_rule():
    css = map_drawing.CSS.read_text("utf-8")
    drawn = classes_in(
        map_drawing.wide(str) + map_drawing.tall(lambda stem: None) + map_drawing.strip("rope")
    )
    assert {name for name in drawn if not re.search(rf"\.{name}\b", css)} == set()


def test_the_map_as_a_file_needs_nothing_around_it():
    svg = map_drawing.standalone()
    ElementTree.fromstring(svg)
    assert "var(" not in svg
    assert "<a " not in svg
    assert INKS["stream"][0] in svg
    assert "hover" not in svg


def test_the_index_draws_the_map_and_carries_all_anchors(site, read):
    app = site({"index.md": INDEX, "qkv.md": CHAPTER}, MYST, EXTENSION)
    page = read(app, "index.html")
    assert app.said == ""
    assert page.count('<a href="qkv.html" class="organ">') == 2
    assert 'href="rope.html"' not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    for organ in TOPICS:
        for anchor in (organ.stem, *organ.aliases):
            assert ids.count(anchor) == 1, anchor
    assert re.search(
        r'<li id="qkv">.*?<strong><a class="reference internal" href="qkv.html"><span class="doc">Query',
        page,
        re.S,
    )
    assert "<strong><span>Rotary positions</span></strong>. What Rotary positions does." in page


def test_a_chapter_says_where_the_reader_is(site, read):
    app = site({"index.md": INDEX, "qkv.md": CHAPTER}, MYST, EXTENSION)
    page = read(app, "qkv.html")
    assert '<a class="you-are-here" href="index.html">' in page
    assert "<b>8 · Query, key, value</b>" in page
    assert re.search('href="#"><span class="doc">Queries</span></a></strong> and <strong><span>Rotary', page)


def test_a_new_chapter_becomes_a_link_without_an_edit_of_the_index(site, read):
    site({"index.md": INDEX, "qkv.md": CHAPTER}, MYST, EXTENSION)
    app = site({"rope.md": "---\norphan: true\n---\n# Rope\n"}, MYST, EXTENSION, fresh=False)
    assert read(app, "index.html").count('<a href="rope.html" class="organ">') == 2


def test_an_unknown_organ_is_named_with_the_known_ones(site):
    app = site({"index.md": "# A\n\n```{model-map}\n:lit: heart\n```\n\n{part}`liver`\n"}, MYST, EXTENSION)
    assert ":lit: must be one of tokenization, embeddings" in app.said
    assert "got 'heart'" in app.said
    assert "part must be one of tokenization" in app.said
    assert "got 'liver'" in app.said


def test_a_list_of_parts_with_a_gap_says_what_is_missing(site):
    text = INDEX.replace("rope: What Rotary positions does.\n", "")
    app = site({"index.md": text, "qkv.md": CHAPTER}, MYST, EXTENSION)
    assert "missing or misplaced: ['rope']" in app.said


def test_the_epub_has_the_map_with_links_and_the_strip_as_a_picture(site, read):
    app = site(
        {"index.md": INDEX, "qkv.md": CHAPTER}, MYST, EXTENSION, builder="epub", version="1", copyright="x"
    )
    page = read(app, "index.xhtml")
    plate = re.search(r'<div class="map-plate">(<svg.*?</svg>)', page, re.S)[1]
    ElementTree.fromstring(plate)
    assert re.findall(r'href="([^"]*)"', plate) == ["qkv.xhtml"]
    assert "var(" not in plate
    assert re.search(
        r'<a href="index.xhtml"><img src="_images/strip-qkv.svg".*8 · Query', read(app, "qkv.xhtml")
    )
    strip = (app.outdir / "_images" / "strip-qkv.svg").read_text("utf-8")
    ElementTree.fromstring(strip)
    assert "var(" not in strip


@pytest.mark.skipif(not which("rsvg-convert"), reason="needs rsvg-convert")
def test_the_pdf_has_the_map_as_a_vector_in_our_type(site):
    app = site({"index.md": INDEX, "qkv.md": CHAPTER}, MYST, EXTENSION, builder="latex")
    assert (app.outdir / "strip-qkv.pdf").read_bytes().startswith(b"%PDF")
    pdf = app.outdir / "model-map.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    if which("pdffonts"):
        fonts = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout
        assert "OldStandard" in fonts
