"""What the cells of a page depend on inside the package: the modules that they reach, the files that these name.

Found by reading, not by running. A module is reached by an import anywhere in its text. A file that is no module
belongs to the package that it lies in, and is reached when code there, or a cell, names it in a string:
`View("rope_dial")`, `recordings.load("tiny_tales")`. So write names of files out; a test asks for it.
A callback brings the scripts that it imports.
"""

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

import anatomy

PACKAGE = Path(anatomy.__file__).parent
SCRIPT_IMPORT = re.compile(r'^import .* from "(\.{1,2}/[^"]+)";$', re.M)


class Read:
    """What one text imports (dotted names, those of the things imported too) and the strings in it."""

    def __init__(self, tree, package=""):
        self.imports, self.strings = set(), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.imports.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                # "from . import x" in a.b is "from a.b import x" where a.b is the package
                above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                module = ".".join(filter(None, [above if node.level else "", node.module]))
                self.imports.add(module)
                self.imports.update(f"{module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.strings.add(node.value)


@cache
def digest(path, modified, size):
    """The hash of a file as it is; the file is read once as long as its time and size stay."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def read_module(path, modified, size, package):
    try:
        return Read(ast.parse(path.read_bytes()), package)
    except SyntaxError as problem:
        file = path.relative_to(PACKAGE.parent).as_posix()
        raise SystemExit(f"{file}, line {problem.lineno}: {problem.msg}") from None


def state(path):
    stat = path.stat()
    return path, stat.st_mtime_ns, stat.st_size


def modules_of(name):
    """The files that importing a dotted name runs: its packages and itself, as far as they are ours.

    >>> [path.name for path in modules_of("anatomy.figures.theme.ink")]
    ['__init__.py', '__init__.py', 'theme.py']
    """
    top, *parts = name.split(".")
    if top != PACKAGE.name:
        return
    for n in range(len(parts) + 1):
        path = PACKAGE.joinpath(*parts[:n])
        if (path / "__init__.py").is_file():
            yield path / "__init__.py"
        elif path.with_suffix(".py").is_file():
            yield path.with_suffix(".py")
        else:
            return


def all_files():
    """The files of the package, without the part that publishes what cells made."""
    for path in PACKAGE.rglob("*"):
        if path.relative_to(PACKAGE).parts[0] != "publishing" and path.is_file():
            yield path


def other_files():
    """Everything but modules: (file, the folder of the package that it belongs to)."""
    for path in all_files():
        if path.suffix not in (".py", ".pyc"):
            yield path, next(folder for folder in path.parents if (folder / "__init__.py").is_file())


def reached(code):
    """The files that code depends on, sorted. Code that is no Python, such as a cell's %magic, depends on all."""
    try:
        cells = Read(ast.parse(code))
    except SyntaxError:
        return sorted(path for path in all_files() if path.suffix != ".pyc")
    found, waiting = {}, [cells]
    while waiting:
        for name in waiting.pop().imports:
            for path in modules_of(name):
                if path not in found:
                    dotted = ".".join([PACKAGE.name, *path.parent.relative_to(PACKAGE).parts])
                    found[path] = read_module(*state(path), dotted)
                    waiting.append(found[path])
    named, said = [], {}  # said: package -> all strings of what was reached there
    for path, home in other_files():
        if home not in said:
            inside = (module.strings for place, module in found.items() if place.is_relative_to(home))
            said[home] = set(cells.strings if home == PACKAGE else ()).union(*inside)
        if said[home] & {path.name, path.stem}:
            named.append(path)
    for path in named:  # which grows: a callback imports its kernels, these theirs
        if path.suffix == ".mjs":
            named += [other for other in scripts_of(*state(path)) if other not in named]
    return sorted([*found, *named])


@cache
def scripts_of(path, modified, size):
    """The scripts that a script imports."""
    return [(path.parent / name).resolve() for name in SCRIPT_IMPORT.findall(path.read_text("utf-8"))]
