"""SVG to PDF and PNG, by the program rsvg-convert."""

import shutil
import subprocess
from pathlib import Path


def convert(source, target, *options, environment=None):
    """Write target, a PDF or PNG by its suffix. Raises SystemExit with the way out where the program is missing."""
    if not shutil.which("rsvg-convert"):
        raise SystemExit("rsvg-convert makes the PDF's pictures and is missing; apt-get install librsvg2-bin")
    form = Path(target).suffix[1:]
    subprocess.run(["rsvg-convert", "-f", form, *options, "-o", target, source], check=True, env=environment)
