"""How a figure and a table show themselves in a notebook, where no page is built: a picture, plain words, numbers.

Leaves out controls: the picture is the one that the book commits, found beside the package in a checkout.
"""

import base64
import re
from html import escape
from pathlib import Path

import anatomy
from anatomy.figures.theme import ink

PICTURES = Path(anatomy.__file__).parents[1] / "book" / "pictures"
ABSENT = 'The picture is in book/pictures of a checkout; install the package from there: pip install -e ".[figures]"'
STILL = "The picture stands still, as the book printed it; the numbers are those of this run."
MARKUP = (  # of MyST, and what stays of it
    (r"\{[\w:+-]+\}`([^`<]+?)\s*<[^`>]+>`", r"\1"),  # {ref}`words <target>`
    (r"\{[\w:+-]+\}`([^`]+)`", r"\1"),
    (r"\[([^\]]+)\](?:\{[^}]*\}|\([^)]*\))", r"\1"),  # [words]{.class}, [words](address)
    (r"`([^`]+)`|\$([^$]+)\$", r"\1\2"),
    (r"(?<!\\)(\*{1,2})(?=\S)(.+?)(?<=\S)\1", r"\2"),
    (r"\\([^\w\s])", r"\1"),
)


def plain(caption):
    """A caption in MyST inline markup -> its words.

    >>> plain("Turn *it* by [two]{.w-key} {ref}`angles <rope>`: `x` falls, $y$ too, and 2 * 3 stays.")
    'Turn it by two angles: x falls, y too, and 2 * 3 stays.'
    """
    for pattern, stays in MARKUP:
        caption = re.sub(pattern, stays, caption)
    return caption


def still(folder, name):
    """The stem of the picture that stands for a figure: the one drawn for print, where there is one."""
    return f"{name}-print" if (folder / f"{name}-print.svg").exists() else name


def table_html(header, rows):
    """Strings as an HTML table, in which the first column heads its row."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def picture_html(name, alt):
    """The committed picture of a figure as data in an <img>, or a line on where it is."""
    path = PICTURES / f"{still(PICTURES, name)}.svg"
    if not path.exists():
        return f"<p>{escape(alt)}</p><p><small>{escape(ABSENT)}</small></p>"
    data = base64.b64encode(path.read_bytes()).decode()
    style = f"max-width:100%;background:{ink('paper')}"  # its inks are for light paper
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" style="{style}">'


def words_html(badge, caption, source):
    """Badge, caption and origin, in that order."""
    origin = f"<br><small>{escape(source)}</small>" if source else ""
    return f"<b>{escape(badge)}</b> {escape(plain(caption))}{origin}"


def figure_bundle(name, alt, badge, caption, source, header, rows):
    """The MIME bundle of a figure; all of its arguments are text, rows as in a Table."""
    html = (
        f'<figure id="fig-{name}" style="margin:0">{picture_html(name, alt)}'
        f"<figcaption>{words_html(badge, caption, source)}<br><small>{STILL}</small></figcaption>"
        f"<details><summary>Data</summary>{table_html(header, rows)}</details></figure>"
    )
    return {"text/html": html, "text/plain": f"Figure {name} ({badge}): {alt}"}


def table_bundle(name, badge, caption, source, header, rows):
    """The MIME bundle of a table; all of its arguments are text, rows as in a Table."""
    html = (
        f'<figure id="table-{name}" style="margin:0">'
        f"<figcaption>{words_html(badge, caption, source)}</figcaption>{table_html(header, rows)}</figure>"
    )
    lines = [f"Table {name} ({badge}): {plain(caption)}", *(" | ".join(row) for row in [header, *rows])]
    return {"text/html": html, "text/plain": "\n".join(lines)}
