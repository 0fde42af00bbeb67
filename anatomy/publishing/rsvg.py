"""SVG to PDF and PNG, by the program rsvg-convert."""

import os
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

TYPE = Path(__file__).parent / "latex" / "fonts"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{folder}</dir>
</fontconfig>
"""


def convert(source, target, *options, environment=None):
    """Write target, a PDF or PNG by its suffix. Raises SystemExit with the way out where the program is missing."""
    if not shutil.which("rsvg-convert"):
        raise SystemExit(
            "rsvg-convert makes the pictures of PDF and EPUB and is missing; apt-get install librsvg2-bin"
        )
    form = Path(target).suffix[1:]
    subprocess.run(["rsvg-convert", "-f", form, *options, "-o", target, source], check=True, env=environment)


def convert_in_our_type(svg, target, *options):
    """The text of an SVG -> target, with the book's own fonts beside those of the machine."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "drawing.svg"
        source.write_text(svg, "utf-8")
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS.format(folder=escape(str(TYPE))), "utf-8")
        convert(source, target, *options, environment={**os.environ, "FONTCONFIG_FILE": str(fonts)})
