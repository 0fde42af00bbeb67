"""The directive {show}: a function, method or class of the package, as a reader wants it.

    ```{show} anatomy.logits_and_sampling.softmax
    ```

prints its signature, the first line of its docstring and its body without checks. On a page the whole of it is one
click away, in <details>, so without any script; elsewhere a line says where it is.
"""

import ast
import io
import textwrap
import tokenize
from html import escape
from itertools import pairwise
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

import anatomy

ROOT = Path(anatomy.__file__).parents[1]
CHECKS = "anatomy.checks"
COLUMNS = 80
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class ShownCode(nodes.General, nodes.Element):
    """Two literal blocks: the short form and the whole. Attributes: name, path (both strings)."""


def locate(name):
    """The file that holds an object, and the object's name in it, in parts.

    Raises ValueError where no module of the package begins the name, or nothing follows.

    >>> path, parts = locate("anatomy.optimizers.Adam.step")
    >>> path.name, parts
    ('optimizers.py', ['Adam', 'step'])
    """
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        path = ROOT.joinpath(*parts[:n]).with_suffix(".py")
        if parts[0] == "anatomy" and path.is_file():
            return path, parts[n:]
    raise ValueError(f"{name} is in no module; write anatomy.module.function")


def definition(tree, parts, name):
    """The node of a function or class in a module's tree. Raises ValueError naming those that there are."""
    node = tree
    for part in parts:
        inner = {child.name: child for child in node.body if isinstance(child, DEFINITIONS)}
        if part not in inner:
            raise ValueError(f"{name}: there is no {part!r}, but {', '.join(inner) or 'nothing'}")
        node = inner[part]
    return node


def checks_of(tree):
    """The functions that a module calls for their errors: those of anatomy.checks, and its own check_….

    >>> sorted(checks_of(ast.parse("from anatomy.checks import finite as f, whole\\ndef _checked_ids(): pass")))
    ['_checked_ids', 'f', 'whole']
    """
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == CHECKS:
            found.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef) and node.name.lstrip("_").startswith(("check_", "checked_")):
            found.add(node.name)
    return found


def is_check(node, checks):
    """A statement that can only raise: a bare call of a check, `if …: raise`, a block of nothing else."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "id", None) in checks
    if isinstance(node, (ast.If, ast.For, ast.While)) and not node.orelse:
        raises = isinstance(node, ast.If) and all(isinstance(inner, ast.Raise) for inner in node.body)
        return raises or all(is_check(inner, checks) for inner in node.body)
    return False


def broken(header, indent):
    """A signature that is too long for the page, broken at the commas between its arguments.

    >>> print(broken("def attend(queries, keys, values, mask=(1, 2)):", 0))
    def attend(
        queries, keys, values, mask=(1, 2)
    ):
    """
    depth, cuts = 0, []
    for token in tokenize.generate_tokens(io.StringIO(header + " pass\n").readline):
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        if (token.string in "(," and depth == 1 and token.type == tokenize.OP) or (
            token.string == ")" and not depth
        ):
            cuts.append(token.end[1] if token.string != ")" else token.start[1])
        if token.string == ")" and not depth:
            break
    arguments = [header[start:end].strip() for start, end in pairwise(cuts)]
    # an argument is one word for the wrapper
    kept = [argument.replace(" ", "\0") for argument in arguments]
    wrapped = textwrap.wrap(
        " ".join(kept), COLUMNS - indent - 4, break_long_words=False, break_on_hyphens=False
    )
    lines = [header[: cuts[0]], *(f"    {line}" for line in wrapped), header[cuts[-1] :]]
    return "\n".join(" " * indent + line.replace("\0", " ") for line in lines)


def short(source, checks):
    """The source of one object without the tails of its docstrings and without its checks.

    Only whole lines go; what stays is as it was written, comments and all. A signature of more than 80 columns is
    broken. Raises ValueError where nothing but checks is left.

    >>> source = '''def half(x):
    ...     \"\"\"Half of x.
    ...
    ...     >>> half(4)
    ...     2
    ...     \"\"\"
    ...     whole("x", x)
    ...     return x // 2  # rounded down
    ... '''
    >>> print(short(source, {"whole"}))
    def half(x):
        \"\"\"Half of x.\"\"\"
        return x // 2  # rounded down
    """
    lines, gone, tree = source.splitlines(), set(), ast.parse(source)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, ())
            for inner in statements if isinstance(statements, list) else ():
                if is_check(inner, checks):
                    gone.update(range(inner.lineno, inner.end_lineno + 1))
        if not isinstance(node, DEFINITIONS):
            continue
        first = node.body[0]
        if ast.get_docstring(node) is not None:
            if first.end_lineno > first.lineno:
                summary, indent = lines[first.lineno - 1].rstrip(), " " * first.col_offset
                room = len(summary) + 3 <= COLUMNS
                lines[first.lineno - 1] = summary + ('"""' if room else f'\n{indent}"""')
                gone.update(range(first.lineno + 1, first.end_lineno + 1))
            if len(node.body) > 1 and all(is_check(inner, checks) for inner in node.body[1:]):
                raise ValueError(f"{node.name} holds nothing but checks")
        header = lines[node.lineno - 1]
        if len(header) > COLUMNS and first.lineno == node.lineno + 1 and not isinstance(node, ast.ClassDef):
            indent = len(header) - len(header.lstrip())
            lines[node.lineno - 1] = broken(header.strip(), indent)
    kept = [line for number, line in enumerate(lines, 1) if number not in gone]
    paired = zip(kept, ["", *kept], strict=False)
    return "\n".join(line for line, before in paired if line.strip() or before.strip()).strip()


def forms(name):
    """(short form, whole source, path) of an object of the package, named in full; both without its indent.

    Raises ValueError where there is none of that name.
    """
    path, parts = locate(name)
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    node = definition(tree, parts, name)
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    whole = textwrap.dedent("\n".join(text.splitlines()[start - 1 : node.end_lineno]))
    return short(whole, checks_of(tree)), whole, path


class Show(SphinxDirective):
    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        try:
            shown, whole, path = forms(name)
        except ValueError as problem:
            raise self.error(str(problem)) from None
        self.env.note_dependency(str(path))
        blocks = [nodes.literal_block(text, text, language="python") for text in (shown, whole)]
        place = path.relative_to(ROOT).as_posix()
        node = ShownCode("", *blocks, name=name.removeprefix("anatomy.").partition(".")[2], path=place)
        for part in (node, *blocks):
            self.set_source_info(part)
        return [node]


def pointer(node):
    """Where the whole of it is, as a paragraph."""
    said = nodes.paragraph(classes=["shown-from"])
    said += [nodes.Text("Its checks and examples are in "), nodes.literal("", node["path"]), nodes.Text(".")]
    return said


class ShortForm(SphinxPostTransform):
    """The short form and where to find the rest, for all that is not read in a browser."""

    default_priority = 5

    def run(self, **kwargs):
        if self.app.builder.format == "html" and self.app.builder.name != "epub":
            return
        for node in list(self.document.findall(ShownCode)):
            node.replace_self([node[0], pointer(node)])


def visit_html(self, node):
    shown, whole = node.children
    self.body.append('<div class="shown-code">\n')
    shown.walkabout(self)
    name, path = escape(node["name"]), escape(node["path"])
    self.body.append('<details class="whole-code">\n')
    self.body.append(f"<summary>All of <code>{name}</code>, with checks and examples: {path}</summary>\n")
    whole.walkabout(self)
    self.body.append("</details>\n</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_node(ShownCode, html=(visit_html, None))
    app.add_directive("show", Show)
    app.add_post_transform(ShortForm)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
