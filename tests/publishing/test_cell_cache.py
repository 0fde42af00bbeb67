import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anatomy.publishing import cell_cache, cell_dependencies

FILES = {
    "__init__.py": "",
    "shared.py": "NUMBER = 1",
    "unused.py": "",
    "smollm2.py": "",
    "one.py": "from anatomy.shared import NUMBER",
    "two.py": "from anatomy import smollm2\nfrom anatomy.shared import NUMBER\nDATA = 'run.txt'",
    "data/run.txt": "",
    "figures/__init__.py": "",
    "figures/one.py": "DIALS = ('one_dial', 'softmax')",
    "figures/two.py": "DIALS = ('two_dial', 'softmax')",
    "figures/callbacks/one_dial.mjs": "",
    "figures/callbacks/two_dial.mjs": "",
    "figures/callbacks/shared/softmax.mjs": "",
    "publishing/__init__.py": "",
}
ONE = "from anatomy import one\nfrom anatomy.figures import one as figures\n"
TWO = "from anatomy import two\nfrom anatomy.figures import two as figures\n"
THREE = "import math\n"
EXTENSIONS = ("anatomy.publishing.cell_cache", "myst_nb")
OPTIONS = {"nb_execution_mode": "cache"}
PAGE = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n# A\n\n```{code-cell} python\n%s\n```\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package called anatomy of a few lines, which the kernels import instead of ours."""
    for name, text in FILES.items():
        path = tmp_path / "anatomy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(cell_dependencies, "PACKAGE", tmp_path / "anatomy")
    monkeypatch.setattr(cell_cache.smollm2, "find", lambda: tmp_path / "model.gguf")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "anatomy"


@pytest.mark.parametrize(
    ("edited", "rerun"),
    [
        ("shared.py", {"one", "two"}),
        ("one.py", {"one"}),
        ("unused.py", set()),
        ("figures/one.py", {"one"}),
        ("figures/callbacks/one_dial.mjs", {"one"}),
        ("figures/callbacks/two_dial.mjs", {"two"}),
        ("figures/callbacks/shared/softmax.mjs", {"one", "two"}),
        ("data/run.txt", {"two"}),
        ("../model.gguf", {"two"}),
        ("publishing/__init__.py", set()),
    ],
)
def test_an_edit_changes_the_keys_of_exactly_the_pages_that_depend_on_it(package, edited, rerun):
    pages = {"one": ONE, "two": TWO, "three": THREE}
    before = {name: cell_cache.key(code) for name, code in pages.items()}
    (package / edited).write_text("edited = True")
    after = {name: cell_cache.key(code) for name, code in pages.items()}
    assert {name for name in pages if after[name] != before[name]} == rerun


def test_another_version_of_a_library_changes_every_key(package, monkeypatch):
    before = [cell_cache.key(code) for code in (ONE, TWO, THREE)]
    monkeypatch.setattr(cell_cache, "version", lambda library: "99")
    assert not set(before) & {cell_cache.key(code) for code in (ONE, TWO, THREE)}


def test_another_checkpoint_changes_the_key_of_the_pages_that_run_it(package, tmp_path, monkeypatch):
    before = [cell_cache.key(code) for code in (ONE, TWO)]
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(cell_cache.smollm2, "find", lambda: tmp_path / "other.gguf")
    after = [cell_cache.key(code) for code in (ONE, TWO)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def logged(code, log, name):
    """A page that shows what the code prints, and leaves its name in a file when its cells run."""
    return PAGE % f"{code}open({str(log)!r}, 'a').write('{name} ')\nprint('number', {name}.NUMBER)"


def test_exactly_the_pages_that_an_edit_concerns_run_again(site, read, package, tmp_path, monkeypatch):
    log = tmp_path / "log"
    pages = {
        "index.md": "# Index\n\n```{toctree}\none\ntwo\n```\n",
        "one.md": logged(ONE, log, "one"),
        "two.md": logged(TWO, log, "two"),
    }

    def build(pages, **options):
        log.write_text("")
        app = site(pages, *EXTENSIONS, **OPTIONS, **options)
        assert app.said == ""
        return app, sorted(log.read_text().split())

    _, ran = build(pages)
    assert ran == ["one", "two"]
    assert build({}, fresh=False)[1] == []
    with monkeypatch.context() as context:  # nothing was touched, so no key is made
        context.delattr(cell_cache, "key")
        assert build({}, fresh=False)[1] == []
    assert build({})[1] == []  # doctrees made anew, outputs kept
    assert build({"one.md": pages["one.md"] + "\nMore words.\n"}, fresh=False)[1] == []
    (package / "figures" / "callbacks" / "two_dial.mjs").write_text("edited")
    assert build({}, fresh=False)[1] == ["two"]
    (package / "shared.py").write_text("NUMBER = 2")
    app, ran = build({}, fresh=False)
    assert ran == ["one", "two"]
    assert "number 2" in read(app, "one.html")
    (package / "shared.py").write_text("NUMBER = 1")
    app, ran = build({}, fresh=False)  # as it was: known, and read again
    assert ran == []
    assert "number 1" in read(app, "one.html")


def test_code_that_changes_while_cells_run_leaves_nothing_behind(site, read, package, tmp_path):
    """The outputs may be of the code before or after: they are kept under neither."""
    shared = package / "shared.py"
    edit = (
        f"if 'NUMBER = 1' in open({str(shared)!r}).read(): open({str(shared)!r}, 'w').write('NUMBER = 33')\n"
    )
    page = {"index.md": PAGE % f"{edit}from anatomy import one\nprint('number', one.NUMBER)"}
    app = site(page, *EXTENSIONS, **OPTIONS)
    assert list(cell_cache.entries(app).iterdir()) == []
    shared.write_text(
        "NUMBER = 444"
    )  # of another length: within a second Python tells files apart by that alone
    app = site({}, *EXTENSIONS, **OPTIONS, fresh=False)
    assert "number 444" in read(app, "index.html")
    assert len(list(cell_cache.entries(app).iterdir())) == 1


def test_builds_side_by_side_finish_and_share_what_they_ran(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(f"extensions = {EXTENSIONS}\nnb_execution_mode = 'cache'\n")
    (source / "index.md").write_text(PAGE % "import time; time.sleep(1); import anatomy.checks; print(6 * 7)")
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sphinx",
                "-q",
                "-W",
                "-d",
                tmp_path / "trees" / name,
                source,
                tmp_path / name,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second", "third")
    ]
    for build in running:
        _, said = build.communicate(timeout=300)
        assert build.returncode == 0, said
    for name in ("first", "second", "third"):
        assert ">42" in (tmp_path / name / "index.html").read_text("utf-8")
    assert len(list((tmp_path / "trees" / ".cells").iterdir())) == 1
    assert sorted(path.name for path in source.iterdir()) == ["conf.py", "index.md"]  # it may be read-only


def test_a_damaged_entry_is_begun_anew_with_one_warning(site):
    page = {"index.md": PAGE % "6 * 7"}
    app = site(page, *EXTENSIONS, **OPTIONS)
    assert app.said == ""
    for damage in ("global.db", "executed/*/base.ipynb"):
        (path,) = cell_cache.entries(app).glob(f"*/{damage}")
        path.write_bytes(b"not a database" * 100)
        app = site(page, *EXTENSIONS, **OPTIONS)
        assert app.said.count("\n") == 1
        assert "is damaged" in app.said
        assert "42" in (app.outdir / "index.html").read_text()


def test_entries_that_no_build_used_for_a_week_go(site):
    page = {"index.md": PAGE % "6 * 7"}
    (entry,) = cell_cache.entries(site(page, *EXTENSIONS, **OPTIONS)).iterdir()
    old, recent = entry.parent / "old", entry.parent / "recent"
    for folder, days in ((old, 8), (recent, 6), (entry, 8)):
        folder.mkdir(exist_ok=True)
        os.utime(folder, (time.time() - days * 24 * 3600,) * 2)
    site(page, *EXTENSIONS, **OPTIONS)
    assert sorted(Path(entry.parent).iterdir()) == sorted([entry, recent])
