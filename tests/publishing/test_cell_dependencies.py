import ast
import re
from pathlib import Path

import pytest

from anatomy.publishing import cell_dependencies
from anatomy.publishing.cell_dependencies import PACKAGE, reached

FILES = {
    "__init__.py": "",
    "checks.py": "",
    "rope.py": "from anatomy.checks import finite",
    "qkv.py": "def late():\n    from . import rope",
    "recordings.py": "",
    "studies/__init__.py": "",
    "studies/rope.py": "from .. import rope\nfrom ..recordings import load\nload('run')",
    "data/run.npz": "",
    "data/other.json": "",
    "data/README.md": "",
    "figures/__init__.py": "",
    "figures/parts.py": "",
    "figures/rope.py": "from anatomy.figures.parts import View\nView('rope_dial')",
    "figures/callbacks/rope_dial.mjs": 'import { softmax } from "./shared/softmax.mjs";\n',
    "figures/callbacks/shared/softmax.mjs": "",
    "figures/callbacks/shared/entropy.mjs": "",
    "publishing/__init__.py": "",
    "publishing/static/page.css": "",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / "anatomy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(cell_dependencies, "PACKAGE", tmp_path / "anatomy")
    return tmp_path / "anatomy"


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("import numpy", ""),
        ("import anatomy.rope as r", "__init__.py checks.py rope.py"),
        ("from anatomy import rope", "__init__.py checks.py rope.py"),
        ("from anatomy.checks import finite", "__init__.py checks.py"),
        ("from anatomy import qkv", "__init__.py checks.py qkv.py rope.py"),
        ("from anatomy.recordings import load\nload('run')", "__init__.py data/run.npz recordings.py"),
        ("open('other.json'); 'entropy'; import anatomy", "__init__.py data/other.json"),
        (
            "from anatomy.studies import rope",
            "__init__.py checks.py data/run.npz recordings.py rope.py studies/__init__.py studies/rope.py",
        ),
        (
            "from anatomy.figures import rope",
            "__init__.py figures/__init__.py figures/callbacks/rope_dial.mjs figures/callbacks/shared/softmax.mjs "
            "figures/parts.py figures/rope.py",
        ),
    ],
)
def test_code_depends_on_what_it_imports_and_on_the_files_that_this_names(package, code, files):
    assert [path.relative_to(package).as_posix() for path in reached(code)] == files.split()


def test_code_that_cannot_be_read_depends_on_all_but_publishing(package):
    found = [path.relative_to(package).as_posix() for path in reached("%time import anatomy")]
    assert found == sorted(name for name in FILES if not name.startswith("publishing"))


def test_a_module_with_a_slip_is_named_with_its_line(package):
    (package / "checks.py").write_text("x = 1\ny = (")
    with pytest.raises(SystemExit, match=r"^anatomy/checks\.py, line 2: "):
        reached("import anatomy.checks")


def test_a_module_that_changes_is_read_again(package):
    assert len(reached("import anatomy.checks")) == 2
    (package / "checks.py").write_text("import anatomy.recordings")
    assert len(reached("import anatomy.checks")) == 3


def texts():
    """Every module that cells may reach, and the cells of every page."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        # these two define the functions, and hand the names on
        if name not in ("figures/parts.py", "recordings.py") and not name.startswith("publishing/"):
            yield pytest.param(path.read_text("utf-8"), id=name)
    for path in sorted((Path(__file__).parents[2] / "book").glob("*.md")):
        cells = re.findall(r"```\{code-cell\} python\n((?::.*\n)*)(.*?)```", path.read_text("utf-8"), re.S)
        yield pytest.param("\n".join(code for _, code in cells), id=path.name)


@pytest.mark.parametrize("text", list(texts()))
def test_names_of_files_are_written_out(text):
    """Else a page would not be read again when such a file changes."""
    tree = ast.parse(text)
    imports = cell_dependencies.Read(tree).imports
    namers = {"View"} | ({"load"} if "anatomy.recordings.load" in imports else set())
    lists = {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
        if all(isinstance(item, ast.Constant) for item in node.value.elts)
        and isinstance(node.targets[0], ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = ast.unparse(call.func)
        if function.split(".")[-1] in namers or function.endswith("recordings.load"):
            for argument in call.args:
                written = isinstance(argument, ast.Constant) or (
                    isinstance(argument, ast.Starred) and ast.unparse(argument.value) in lists
                )
                assert written, f"{function} names a file by {ast.unparse(argument)!r}: write the name out"
        assert not function.endswith(("recordings.names", "import_module", "__import__")), function
