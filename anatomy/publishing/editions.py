"""What EPUB and PDF have in common: figures that stand still, and the way from them to the live ones.

A figure may have a caption and a picture of its own for these editions: a second paragraph of class `print-caption`,
and `<name>-print.svg` beside the picture of its first state.
"""

from docutils import nodes


def choose_caption(node, builder):
    """Leave a figure the one caption that this edition prints; in an EPUB it ends with a link to the live figure."""
    web, *own = node.children
    stands_still = builder.format == "latex" or builder.name == "epub"
    caption = own[0] if own and stands_still else web
    address = address_of(builder.config, node["ids"][0])
    if builder.name == "epub" and address:
        caption += [nodes.Text(" "), nodes.reference("", "Live figure", refuri=address, classes=["live"])]
    node.children = [caption]


def way_to_live(node, config):
    """On paper: what sets a code to scan, and the address in words, beside a figure's caption."""
    address = address_of(config, node["ids"][0])
    if not address:
        return []
    return [nodes.raw("", rf"\live{{{address_tex(address)}}}", format="latex")]


def address_tex(address):
    """An address as LaTeX's \\href takes it inside of other commands."""
    return "".join(f"\\{c}" if c in "%#&" else c for c in address)


def address_of(config, label):
    """Where a label is on the web, short: the index sends readers on. None where the base URL is not known.

    >>> from types import SimpleNamespace
    >>> address_of(SimpleNamespace(html_baseurl="https://a.org/en"), "fig-rope-dial")
    'https://a.org/en/#fig-rope-dial'
    """
    base = config.html_baseurl
    return f"{base.rstrip('/')}/#{label}" if base else None
