"""The committed font files, cut from the published families. Run by hand, when a character is missing.

    npm pack @fontsource/source-serif-4@5.3.1 @fontsource/old-standard-tt@5.3.0    (unpack both)
    python -m anatomy.publishing.make_fonts FOLDER-WITH-BOTH-PACKAGES

Needs `fonttools` and `brotli`, which the book itself does not. For the screen: woff2 without hints, in
two files a face, so that the second is fetched only by a page that uses it. For the PDF: one TrueType
file a face.
Source is a reserved font name, so a cut of Source Serif may not carry it: ours is called Atlas Text.
"""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SCREEN, PRINT = HERE / "static" / "fonts", HERE / "latex" / "fonts"

COMMON = (
    "U+0020-007E,U+00A0,U+00A9,U+00B1-00B3,U+00B7,U+00B9,U+00BD,U+00D7,U+00E1,U+00E8,U+00E9,U+00EF,U+00F3,U+00F6,"
    "U+00F7,U+00FC,U+2013,U+2014,U+2018-201D,U+2026,U+2212"
)
RARE = (
    "U+00A1-00A8,U+00AA-00B0,U+00B4-00B6,U+00B8,U+00BA-00BC,U+00BE-00D6,U+00D8-00E0,U+00E2-00E7,U+00EA-00EE,"
    "U+00F0-00F2,U+00F4,U+00F5,U+00F8-00FB,U+00FD-00FF,"
    "U+2010-2012,U+2020-2022,U+202F-2044"
)
DISPLAY = (  # what titles and labels are made of; tests/browser/test_pages.py asks every page
    "U+0020-0021,U+0025-003B,U+003D,U+003F,U+0041-005A,U+0061-007A,U+00A0,U+2013,U+2014,U+2018-201D,U+2026"
)
LATIN_AND_GREEK = "U+0020-017F,U+0300-036F,U+0370-03FF,U+1E00-1EFF,U+2000-206F,U+2190-21FF,U+2200-22FF"

FACES = {  # our file name: (package, file stem, the package's subsets that hold its characters)
    "atlas-text-regular": ("source-serif-4", "400-normal", ("latin", "latin-ext", "greek")),
    "atlas-text-italic": ("source-serif-4", "400-italic", ("latin", "latin-ext", "greek")),
    "atlas-text-semibold": ("source-serif-4", "600-normal", ("latin", "latin-ext", "greek")),
    "atlas-text-semibold-italic": ("source-serif-4", "600-italic", ("latin", "latin-ext", "greek")),
    "old-standard-regular": ("old-standard-tt", "400-normal", ("latin",)),
    "old-standard-italic": ("old-standard-tt", "400-italic", ("latin",)),
}
STYLES = {
    "regular": "Regular",
    "italic": "Italic",
    "semibold": "SemiBold",
    "semibold-italic": "SemiBold Italic",
}


def whole_face(packages, face):
    """One font out of the package's subset files."""
    from fontTools.merge import Merger
    from fontTools.ttLib import TTFont

    package, stem, subsets = FACES[face]
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for subset in subsets:
            (source,) = Path(packages).glob(f"**/{package}-{subset}-{stem}.woff2")
            font = TTFont(source)
            font.flavor = None
            parts.append(f"{folder}/{subset}.ttf")
            font.save(parts[-1])
        return Merger().merge(parts)


def rename(font, face):
    """Give the cut its own name, and leave copyright and licence as they are."""
    family = "Atlas Text" if face.startswith("atlas") else "Old Standard"
    style = STYLES[face.split("-", 2)[2]]
    names = {1: family, 2: style, 3: f"{family} {style}, cut for this book", 4: f"{family} {style}"}
    names[6] = f"{family}-{style}".replace(" ", "")
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID >= 16:  # the typographic family, which would bring the old name back
            font["name"].names.remove(record)


def cut(font, characters, features):
    """Keep only these characters, without hints."""
    from fontTools import subset

    options = subset.Options(hinting=False, layout_features=features, name_IDs=["*"], notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(characters))
    cutter.subset(font)
    return font


def make(packages):
    """Write every file of the two font folders."""
    for face in FACES:
        screen = {face: COMMON, f"{face}-more": RARE} if face.startswith("atlas") else {face: DISPLAY}
        if face == "atlas-text-semibold-italic":
            screen = {}  # the screen slants the few words that need it
        for name, characters in screen.items():
            features = ["kern", "liga", "tnum"]
            if face == "atlas-text-semibold":
                features.remove("kern")  # a quarter of the file, for single words
            font = cut(whole_face(packages, face), characters, features)
            rename(font, face)
            font.flavor = "woff2"
            font.save(SCREEN / f"{name}.woff2")
        font = cut(whole_face(packages, face), LATIN_AND_GREEK, ["*"])
        rename(font, face)
        font.save(PRINT / f"{face}.ttf")


if __name__ == "__main__":
    make(sys.argv[1])
