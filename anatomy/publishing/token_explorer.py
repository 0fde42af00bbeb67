"""The directive {token-explorer}: examples cut into real tokens, and in HTML the reader's own text.

The chips of the examples are written when the book is built, so they stand without JavaScript, in the EPUB
and in the PDF. The script, its worker and two packed vocabularies lie in static/token-explorer; a reader who types
fetches the worker and o200k_base, one who switches to SmolLM2 that vocabulary. The directive's content is the caption;
its option `print` is the one of the EPUB and the PDF, where nothing can be chosen.
"""

import base64
import gzip
import json
import zlib
from html import escape
from itertools import groupby
from pathlib import Path
from typing import ClassVar

import numpy as np
import regex
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.transforms.post_transforms import SphinxPostTransform

from anatomy.figures.figure import PROVENANCE
from anatomy.figures.notebook import table_html
from anatomy.publishing import editions
from anatomy.publishing.bokeh_figures import number_of
from anatomy.studies.tokenization import smollm2_ranks, smollm2_tokenizer
from anatomy.tokenization import DATA, is_text, o200k_base, o200k_ranks, presets, size, visible_character

STATIC = Path(__file__).parent / "static" / "token-explorer"
COUNTS = ("characters", "code points", "bytes", "tokens")
SWITCHES = (("ids", "Token ids", True), ("whitespace", "Mark whitespace", True), ("bytes", "Bytes", False))


class TokenExplorer(nodes.General, nodes.Element):
    """The explorer; its child is the caption's paragraph, and until an edition is chosen, print's may follow."""


class TokenExplorerDirective(Directive):
    has_content = True
    option_spec: ClassVar = {"print": directives.unchanged_required}

    def run(self):
        if not self.content:
            raise self.error("token-explorer has no caption: say what to look at and what to conclude")
        env = self.state.document.settings.env
        node = TokenExplorer("", names=[f"fig-{env.docname}-explorer"])
        messages = []
        for text in (" ".join(self.content), self.options.get("print")):
            if text:
                inline, problems = self.state.inline_text(text, self.lineno)
                node += nodes.paragraph("", "", *inline)
                messages += problems
        self.state.document.note_explicit_target(node, node)
        return [node, *messages]


class ResolveExplorers(SphinxPostTransform):
    """One caption for each edition."""

    default_priority = 5

    def run(self, **kwargs):
        for node in self.document.findall(TokenExplorer):
            editions.choose_caption(node, self.app.builder)


# The vocabulary, packed for browsers


def halves(token, i, ranks):
    """The ids of two earlier tokens that join to this one, those with the smallest sum."""
    pairs = ((ranks.get(token[:cut], i), ranks.get(token[cut:], i)) for cut in range(1, len(token)))
    return min((pair for pair in pairs if max(pair) < i), key=sum)


def pack(ranks):
    """A vocabulary as bytes: its single bytes, then for every later token the places of its halves.

    In front stand the first id and the number of single bytes, less one. The places, counted from the first id, are
    stored as six planes: the left ones' high, middle and low bytes, then the right ones'.
    Raises ValueError where the ids have gaps, or a token is not the union of two earlier ones.

    >>> from anatomy.tokenization import train
    >>> list(pack(train("low lower lowest", 1))[258:])  # lo is 108, l, and 111, o
    [0, 0, 108, 0, 0, 111]
    """
    tokens, ids = list(ranks), list(ranks.values())
    n = next((i for i, token in enumerate(tokens) if len(token) != 1), len(tokens))
    first = ids[0]
    if ids != list(range(first, first + len(ids))) or not n or first > 255:
        raise ValueError("ranks must be numbered without gaps, single bytes first; sort them by id")
    try:
        pairs = [halves(token, i, ranks) for i, token in enumerate(tokens[n:], first + n)]
    except ValueError:
        raise ValueError("every token above the single bytes must be the union of two earlier ones") from None
    places = np.array(pairs, dtype=np.uint32).reshape(-1, 2) - np.uint32(first)
    planes = [(places[:, side] >> shift & 255).astype(np.uint8) for side in (0, 1) for shift in (16, 8, 0)]
    return bytes([first, n - 1, *b"".join(tokens[:n])]) + b"".join(plane.tobytes() for plane in planes)


VOCABULARIES = {"o200k_base": o200k_ranks, "SmolLM2": smollm2_ranks}


def worker():
    """The worker's script, below the classes of characters that it cuts by."""
    classes = " ".join((DATA / "unicode-classes.txt").read_text("utf-8").split())
    return f"const CLASSES = {json.dumps(classes)};\n" + (STATIC / "tokenizer.js").read_text("utf-8")


def home(app):
    return Path(app.outdir) / "_static" / "token-explorer"


def write_assets(app):
    """The scripts and the packed vocabularies, into _static; packed again only when this file changes."""
    if app.builder.name == "epub":
        static = Path(app.outdir) / "_static"
        static.mkdir(parents=True, exist_ok=True)
        (static / "token-explorer.css").write_bytes((STATIC / "epub.css").read_bytes())
        app.add_css_file("token-explorer.css")
        return
    if app.builder.format != "html":
        return
    folder = home(app)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token-explorer.js").write_bytes((STATIC / "token-explorer.js").read_bytes())
    (folder / "tokenizer.js").write_text(worker(), "utf-8")
    for name, ranks in VOCABULARIES.items():
        packed = folder / f"{name}.bin"
        if not packed.exists() or packed.stat().st_mtime < Path(__file__).stat().st_mtime:
            packed.write_bytes(gzip.compress(pack(ranks()), 9, mtime=0))
        offline = {"worker": worker(), "vocabulary": base64.b64encode(packed.read_bytes()).decode()}
        (folder / f"offline-{name}.js").write_text(
            f"(window.anatomyOffline??={{}})[{json.dumps(name)}]={json.dumps(offline)};\n", "utf-8"
        )


# HTML and EPUB


def token_html(i, token):
    """One token: its text with whitespace marked, or its bytes where they are no character.

    >>> token_html(9059, b" cat")
    '<span data-token-id="9059"><i data-mark="·"> </i>cat</span>'
    >>> token_html(172, b"\\xf0\\x9f")
    '<span data-token-id="172"><b>F0</b><b>9F</b></span>'
    """
    if not is_text(token):
        return f'<span data-token-id="{i}">' + "".join(f"<b>{byte:02X}</b>" for byte in token) + "</span>"
    parts = []
    characters = token.decode("utf-8")
    for marked, run in groupby(characters, lambda character: visible_character(character) != character):
        run = "".join(run)
        marks = "".join(map(visible_character, run))
        text = escape(run).replace("\n", "&#10;").replace("\r", "&#13;")
        parts.append(f'<i data-mark="{marks}">{text}</i>' if marked else text)
    return f'<span data-token-id="{i}">{"".join(parts)}</span>'


def example_html(preset):
    """One example: its name, its chips, its four lengths.

    The bytes of each token are counted here, because a translator may rewrite chips before a script reads them.
    """
    encoding = o200k_base()
    text = preset["text"]
    tokens = [(i, encoding.decode_single_token_bytes(i)) for i in encoding.encode_ordinary(text)]
    chips = "".join(token_html(i, token) for i, token in tokens)
    lengths = " ".join(str(len(token)) for _, token in tokens)
    counts = "".join(
        f'<div><dt>{name}</dt><dd data-count="{n:,}" translate="no">{n:,}</dd></div>'
        for name, n in zip(COUNTS, size(text, encoding), strict=True)
    )
    attribute = escape(text).replace("\n", "&#10;").replace("\t", "&#9;")
    return (
        f'<section class="example" data-text="{attribute}" data-lengths="{lengths}">'
        f'<p class="name">{preset["name"]}</p>'
        f'<p class="chips" lang="{preset["language"]}" dir="{preset["direction"]}" tabindex="0" role="group" '
        f'aria-label="Tokens" translate="no">{chips}</p><dl class="counts">{counts}</dl></section>'
    )


def vocabularies_html(folder):
    """The choice of a vocabulary; folder: where write_assets put what it fetches."""
    radios = ""
    for name in VOCABULARIES:
        packed = (folder / f"{name}.bin").read_bytes()
        checksum = zlib.adler32(gzip.decompress(packed))
        radios += (
            f'<label><input type="radio" name="vocabulary" value="{name}" data-size="{len(packed)}" '
            f'data-checksum="{checksum}"{"" if radios else " checked"}> {name}</label>'
        )
    return f'<div class="switches" role="radiogroup" aria-label="Vocabulary"><span>Vocabulary</span>{radios}</div>'


def controls_html(folder):
    """What the reader works: examples to choose, a text to change, a vocabulary, three switches."""
    first = presets()[0]
    buttons = "".join(
        f'<button type="button" aria-pressed="{str(preset is first).lower()}">{preset["name"]}</button>'
        for preset in [first, *presets()[1:]]
    )
    switches = "".join(
        f'<label><input type="checkbox" name="{name}"{" checked" if on else ""}> {label}</label>'
        for name, label, on in SWITCHES
    )
    return (
        f'<div class="controls"><div class="choices" role="group" aria-label="Example texts">{buttons}</div>'
        '<label class="yours" for="token-explorer-text">Text to tokenize: change it</label>'
        '<div class="text"><div class="mirror" aria-hidden="true"></div>'
        '<textarea id="token-explorer-text" rows="4" spellcheck="false" autocomplete="off" '
        f'autocapitalize="off">{escape(first["text"])}</textarea></div>'
        f'{vocabularies_html(folder)}<div class="switches">{switches}</div></div>'
    )


def counts_table():
    """How long each example is, with both vocabularies."""
    rows = [
        [preset["name"], *size(preset["text"], o200k_base()), len(smollm2_tokenizer().encode(preset["text"]))]
        for preset in presets()
    ]
    header = ["example", *COUNTS[:-1], *(f"tokens, {name}" for name in VOCABULARIES)]
    return header, [[row[0], *(f"{n:,}" for n in row[1:])] for row in rows]


def visit_html(self, node):
    shown = " ".join(name for name, _, on in SWITCHES if on)
    examples = "".join(example_html(preset) for preset in presets())
    number = f'<span class="fig-no">Fig. {number_of(self, node)}</span> '
    badge = f'<span class="badge" data-provenance="tokenizer">{PROVENANCE["tokenizer"]}</span>'
    if self.builder.name == "epub":
        stage = f'<div class="token-explorer" data-show="{shown}">{examples}</div>'.replace(
            ' tabindex="0"', ""
        )
    else:
        root = self.builder.get_relative_uri(self.builder.current_docname, "index").rpartition("/")[0]
        prefix = f"{root}/_static/token-explorer" if root else "_static/token-explorer"
        stage = (
            f'<token-explorer class="token-explorer" data-state="static" data-show="{shown}">'
            f"{controls_html(home(self.builder.app))}{examples}"
            '<p class="pointed" aria-live="polite"></p><p class="status" role="status"></p></token-explorer>'
            f'<script defer src="{prefix}/token-explorer.js"></script>'
        )
    self.body.append(
        f'<figure class="token-plate" id="{node["ids"][0]}" data-provenance="tokenizer">{stage}'
        f"<figcaption>{number}{badge}"
    )


def depart_html(self, node):
    label = f"Data of figure {number_of(self, node)}"
    data = (
        '<details class="figure-data"><summary>Data</summary><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{label}">{table_html(*counts_table())}</div></details>'
    )
    # in a strict figure the caption comes last, so an EPUB has the data after it
    epub = self.builder.name == "epub"
    self.body.append(f"</figcaption></figure>{data}\n" if epub else f"</figcaption>{data}</figure>\n")


# PDF and text

LATEX_SPECIAL = str.maketrans({c: f"\\{c}" for c in "#$%&_{}"} | {"~": r"\textasciitilde{}", "^": r"\^{}"})
LATEX_SPECIAL[ord("\\")] = r"\textbackslash{}"
CHIPS = r"""
\newcommand{\tokenchip}[2]{\begin{tabular}[t]{@{}c@{}}\fboxsep=2pt\fbox{\strut #1}\\[-2pt]{\tiny #2}\end{tabular}%
  \hspace{2pt plus 2pt}\allowbreak}
\newcommand{\tokenscript}[3]{#2}
\IfFontExistsTF{FreeSerif.otf}{%
  \newfontfamily\tokengreek{FreeSerif.otf}
  \newfontfamily\tokencyrillic{FreeSerif.otf}
  \newfontfamily\tokenarabic[Script=Arabic]{FreeSerif.otf}
  \newfontfamily\tokendevanagari[Script=Devanagari]{FreeSerif.otf}
  \renewcommand{\tokenscript}[3]{{\csname token#1\endcsname #3}}%
}{}
"""
SCRIPTS = ("Greek", "Cyrillic", "Arabic", "Devanagari")


def latex_text(text):
    """Characters as LaTeX; a run of a script that needs another font carries its code points for a fallback.

    >>> latex_text("a_b")
    '\\\\texttt{a\\\\_b}'
    >>> latex_text("猫")
    '{\\\\scriptsize U+732B}'
    """
    parts = []
    pattern = r"[\x20-\x7e]+|" + "|".join(rf"(?P<{s}>(?:\p{{{s}}}\p{{M}}*)+)" for s in SCRIPTS) + r"|."
    for match in regex.finditer(pattern, text, regex.DOTALL):
        run = match.group()
        points = r"{\scriptsize " + " ".join(f"U+{ord(c):04X}" for c in run) + "}"
        if run.isascii() and run.isprintable():
            parts.append(rf"\texttt{{{run.translate(LATEX_SPECIAL)}}}")
        elif match.lastgroup:
            parts.append(rf"\tokenscript{{{match.lastgroup.lower()}}}{{{points}}}{{{run}}}")
        elif run == "·":
            parts.append(r"\textperiodcentered{}")
        elif run == "↵":
            parts.append(r"{\scriptsize LF}")
        elif run == "⇥":
            parts.append(r"{\scriptsize TAB}")
        else:
            parts.append(points)
    return "".join(parts)


def latex_token(i, token):
    if not is_text(token):
        return rf"\tokenchip{{{{\scriptsize {token.hex(' ').upper()}}}}}{{{i}}}"
    text = "".join(
        visible_character(character) if character in " \n\t" else character
        for character in token.decode("utf-8")
    )
    return rf"\tokenchip{{{latex_text(text)}}}{{{i}}}"


def visit_latex(self, node):
    encoding = o200k_base()
    self.body.append("\n\\begingroup\\footnotesize\\raggedright\\setlength{\\parindent}{0pt}\n")
    for preset in presets():
        ids = encoding.encode_ordinary(preset["text"])
        lengths = ", ".join(
            f"{n:,} {name}" for name, n in zip(COUNTS, size(preset["text"], encoding), strict=True)
        )
        chips = "%\n".join(latex_token(i, encoding.decode_single_token_bytes(i)) for i in ids)
        self.body.append(
            f"\\par\\medskip\\textit{{{preset['name']}}}: {lengths}\\par\\nopagebreak\n{chips}\\par\n"
        )
    self.body.append(
        "\\par\\medskip\\refstepcounter{figure}"
        + self.hypertarget_to(node)
        + "\\textit{\\figurename\\ \\thefigure}\\enspace "
    )


def depart_latex(self, node):
    self.body.append(f"\\ \\badge{{{PROVENANCE['tokenizer']}}}\\par\\endgroup\n\n")


def visit_text(self, node):
    encoding = o200k_base()
    self.new_state(0)
    for preset in presets():
        ids = encoding.encode_ordinary(preset["text"])
        self.add_text(f"{preset['name']}: {preset['text']!r} is {len(ids)} tokens: {ids}\n")
    self.end_state(wrap=False)
    self.new_state(0)


def depart_text(self, node):
    self.end_state()


def title_of(node):
    """What `{ref}` prints and what makes the explorer countable: its caption."""
    return node[0].astext()


def prepare_latex(app, config):
    config.latex_elements["preamble"] = config.latex_elements.get("preamble", "") + CHIPS


def setup(app):
    app.add_enumerable_node(
        TokenExplorer,
        "figure",
        title_of,
        html=(visit_html, depart_html),
        latex=(visit_latex, depart_latex),
        text=(visit_text, depart_text),
    )
    app.add_directive("token-explorer", TokenExplorerDirective)
    app.add_post_transform(ResolveExplorers)
    app.connect("config-inited", prepare_latex)
    app.connect("builder-inited", write_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
