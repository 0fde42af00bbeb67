"""One stylesheet and one script for every page, out of the theme's files and ours.

The theme brings 390 kB of CSS for pages of any kind. Here rules go whose class, id or element no page has and
no script writes; then custom properties that nothing reads. The inks come from `anatomy.figures.theme`, so they
are written down once. Templates link `_static/book.css` and `_static/book.js`.
"""

import hashlib
import re
import shutil
from pathlib import Path

import rcssmin
import rjsmin
import tinycss2

from anatomy.figures.theme import INKS, MEANINGS, wash
from anatomy.publishing.make_fonts import COMMON, RARE

HERE = Path(__file__).parent
STATIC = HERE / "static"
THEME_CSS = ("styles/theme.css", "styles/pydata-sphinx-theme.css", "styles/sphinx-book-theme.css")
OUR_CSS = ("type", "frame", "figures", "code", "components", "map", "token-explorer")
OUR_JS = ("theme.js", "figures/wake.js")
# What the bundle, or its own script on demand, stands for: pages no longer link these themselves.
REPLACED = re.compile(
    r"(?:^|/)(?:basic|pygments|theme|pydata-sphinx-theme|sphinx-book-theme|mystnb[.\w-]*|copybutton|exercise)\.css"
    r"|(?:^|/)(?:documentation_options|doctools|sphinx_highlight|clipboard\.min|copybutton|sphinx-book-theme)\.js"
)
EVERYWHERE = {"html", "body", "dialog"}  # elements that a page has, or that scripts open

NAMED = re.compile(r"[.#]((?:\\.|[\w-])+)")
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`')


def inks_css():
    """The inks and their washes as custom properties, light and dark. Without a script the theme stays `auto`."""

    def properties(mode, name):
        values = {ink: pair[mode] for ink, pair in INKS.items()}
        values |= {f"{ink}-wash": wash(ink, mode) for ink in MEANINGS}
        return f"{{color-scheme:{name};" + ";".join(f"--{ink}:{value}" for ink, value in values.items()) + "}"

    light, dark = properties(0, "light"), properties(1, "dark")
    return (
        f"html{light}@media screen{{html[data-theme=dark]{dark}}}"  # paper is light
        f"@media screen and (prefers-color-scheme:dark){{html[data-theme=auto]{dark}}}"
    )


def names_on(pages):
    """Every class, id, element and data attribute of some HTML texts."""
    found = set(EVERYWHERE)
    for html in pages:
        for classes in re.findall(r'\bclass="([^"]*)"', html):
            found.update(classes.split())
        found.update(re.findall(r'\bid="([^"]*)"', html))
        found.update(re.findall(r"<([a-z][\w-]*)", html))
        found.update(re.findall(r"\s(data-[\w-]+)", html))
    return found


def names_in(scripts):
    """Every word inside a string literal of some JavaScript texts: whatever class a script may write is one.

    And the data attributes that they set by name: dataset.bsTheme is data-bs-theme.

    >>> sorted(names_in(['box.classList.add("is-open"); x = `<i class="hint">`']))
    ['class', 'hint', 'i', 'is-open']
    """
    found = set()
    for script in scripts:
        for literal in STRING.findall(script):
            found.update(re.findall(r"[A-Za-z_][\w-]*", literal))
        for name in re.findall(r"\bdataset\.(\w+)", script):
            found.add("data-" + re.sub(r"[A-Z]", lambda capital: f"-{capital[0].lower()}", name))
    return found


def usable(selector, names):
    """Whether all classes, ids, elements and data attributes that a selector asks for are among the names.

    >>> usable("nav.bd-links:not(.x) > a:hover", {"nav", "bd-links", "a"})
    True
    """
    asked = re.sub(r":(not|is|where|has)\((?:[^()]|\([^()]*\))*\)", "", selector)
    if not all(name in names for name in re.findall(r"\[(data-[\w-]+)", asked)):
        return False
    asked = re.sub(r"\[[^\]]*\]", "", asked)
    if not all(name.replace("\\", "") in names for name in NAMED.findall(asked)):
        return False
    bare = re.sub(r"[.#:]+(?:\\.|[\w-])+(?:\([^)]*\))?", "", asked)
    return all(tag in names for tag in re.findall(r"(?:^|[\s>+~])([a-z][\w-]*)", bare))


def purge(css, names):
    """Only the rules that some page can use."""
    out = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selectors = re.split(r",(?![^(]*\))", tinycss2.serialize(rule.prelude))
            kept = [selector.strip() for selector in selectors if usable(selector.strip(), names)]
            if kept:
                out.append(f"{','.join(kept)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "layer"):
            inner = purge(tinycss2.serialize(rule.content), names) if rule.content is not None else ""
            if inner:
                out.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword == "keyframes":
            out.append(rule.serialize())  # and no @font-face: the theme's are of its icons
    return "".join(out)


DECLARED = re.compile(r"(--[\w-]+):(?:[^;{}\"']|\"[^\"]*\"|'[^']*')*;?(?=[^{}]*\})")


def without(css, unwanted):
    """Drop the declarations of custom properties whose name is unwanted, and rules that are empty then.

    >>> without("a{--x:1;color:red}b{--x:2}", lambda name: name == "--x")
    'a{color:red}'
    """
    slim = DECLARED.sub(lambda found: "" if unwanted(found[1]) else found[0], css)
    return re.sub(r"(?:(?<=[{}])|^)[^{}@]+\{\s*\}", "", slim)


def without_unread(css, elsewhere=""):
    """Drop what nothing reads: custom properties without a var() (one may read another), idle keyframes."""
    size = None
    while size != len(css):
        size = len(css)
        read = set(re.findall(r"var\(\s*(--[\w-]+)", css + elsewhere))
        css = without(css, lambda name, read=read: name not in read)
    for name in set(re.findall(r"@keyframes ([\w-]+)", css)):
        if not re.search(rf"animation(?:-name)?:[^;}}]*\b{name}\b", css):
            css = re.sub(rf"@keyframes {name}\{{(?:[^{{}}]*\{{[^{{}}]*\}})*\s*\}}", "", css)
    return css


def stylesheet(theme, pages, scripts, elsewhere=""):
    """The text of book.css.

    theme: CSS texts to be purged. pages, scripts: what is published. elsewhere: CSS outside this file, whose
    custom properties must stay defined.
    """
    names = names_on(pages) | names_in(scripts)
    ours = "".join((STATIC / "css" / f"{name}.css").read_text("utf-8") for name in OUR_CSS)
    ours = ours.replace("@COMMON@", COMMON.replace("U+00", "U+")).replace(
        "@RARE@", RARE.replace("U+00", "U+")
    )
    ours = inks_css() + rcssmin.cssmin(ours)
    theirs = rcssmin.cssmin("".join(purge(text, names) for text in theme))
    redefined = set(re.findall(r"(--[\w-]+):", ours))
    theirs = without(theirs, redefined.__contains__)
    css = f"@layer theme{{{theirs}}}{ours}"  # rules outside a layer win over rules in one
    return without_unread(css, elsewhere)


def digest_of(*texts):
    """A hash of all that a stylesheet is made of: some texts, our own styles and this program."""
    ours = [path.read_text("utf-8") for path in (*sorted(STATIC.glob("css/*.css")), Path(__file__))]
    return hashlib.sha256(repr((texts, ours, INKS, COMMON, RARE)).encode()).hexdigest()


def script(texts):
    """The text of book.js."""
    return ";\n".join(rjsmin.jsmin(text) for text in texts)


def unlink_replaced(app, pagename, templatename, context, doctree):
    """Pages keep only stylesheets and scripts that the bundle does not stand for."""
    if app.builder.name == "epub":
        return

    def stands_alone(file):
        name = str(getattr(file, "filename", file) or "").partition("?")[0]
        body = getattr(file, "attributes", {}).get("body") or ""
        return not REPLACED.search(name) and not body.startswith("DOCUMENTATION_OPTIONS")

    for key in ("css_files", "script_files"):
        context[key] = [file for file in context[key] if stands_alone(file)]


def write(app, exception):
    """Write book.css, book.js, the fonts and the icon into _static."""
    if exception or app.builder.format != "html" or app.builder.name == "epub":
        return
    out = Path(app.outdir)
    static = out / "_static"
    shutil.copytree(STATIC / "fonts", static / "fonts", dirs_exist_ok=True)
    shutil.copyfile(STATIC / "favicon.svg", static / "favicon.svg")
    pages = [page.read_text("utf-8") for page in sorted(out.glob("**/*.html"))]
    ours = [(STATIC / name).read_text("utf-8") for name in OUR_JS]
    found_by_search = [(static / "searchtools.js").read_text("utf-8")]
    own_scripts = [path.read_text("utf-8") for path in sorted(STATIC.glob("**/*.js"))]
    elsewhere = [
        path.read_text("utf-8") for path in sorted(STATIC.glob("*/*.css")) if path.parent.name != "css"
    ]
    theme = [(static / name).read_text("utf-8") for name in THEME_CSS]
    theme += [path.read_text("utf-8") for path in sorted(static.glob("mystnb*.css"))]
    styles = theme, pages, found_by_search + own_scripts, "".join(elsewhere)
    sheet, made_of = static / "book.css", Path(app.doctreedir) / "book.css.from"
    digest = digest_of(*styles)
    if not sheet.exists() or not made_of.exists() or made_of.read_text("utf-8") != digest:
        sheet.write_text(stylesheet(*styles), "utf-8")
        made_of.write_text(digest, "utf-8")
    (static / "book.js").write_text(script(ours), "utf-8")
    (static / "search.js").write_text(script([(STATIC / "search.js").read_text("utf-8")]), "utf-8")


def epub_style(app):
    """The EPUB's small stylesheet, in light inks: readers there choose type and ground themselves."""
    if app.builder.name != "epub":
        return
    css = re.sub(r"@(\w+)@", lambda name: INKS[name[1]][0], (STATIC / "epub.css").read_text("utf-8"))
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "book.css").write_text(css, "utf-8")
    app.add_css_file("book.css", priority=800)


def templates(app, config):
    """Our templates come before the theme's."""
    config.templates_path = [str(HERE / "templates"), *config.templates_path]


def setup(app):
    app.connect("config-inited", templates)
    app.connect("builder-inited", epub_style)
    app.connect("html-page-context", unlink_replaced, priority=900)
    app.connect("build-finished", write, priority=900)  # after the theme and myst-nb have written theirs
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
