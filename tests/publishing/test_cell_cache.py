import pytest
from sphinx.errors import ConfigError

from anatomy.publishing import cell_cache


@pytest.fixture
def package(tmp_path):
    for name in (
        "rope.py",
        "figures/rope.py",
        "figures/callbacks/rope_dial.mjs",
        "data/run.npz",
        "publishing/mime.py",
    ):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "package"


@pytest.mark.parametrize(
    "name", ["rope.py", "figures/rope.py", "figures/callbacks/rope_dial.mjs", "data/run.npz"]
)
def test_the_key_changes_with_everything_that_cells_depend_on(package, name):
    before = cell_cache.key(package, {})
    (package / name).write_text("changed")
    assert cell_cache.key(package, {}) != before


def test_publishing_code_does_not_run_the_cells_again(package):
    before = cell_cache.key(package, {})
    (package / "publishing" / "mime.py").write_text("changed")
    assert cell_cache.key(package, {}) == before


def test_another_checkpoint_is_another_key_and_a_missing_one_is_named(package, tmp_path):
    checkpoint = tmp_path / "model.gguf"
    checkpoint.write_bytes(b"GGUF")
    assert cell_cache.key(package, {"ANATOMY_CHECKPOINT": str(checkpoint)}) != cell_cache.key(package, {})
    with pytest.raises(ConfigError, match=r"ANATOMY_CHECKPOINT names .*none\.gguf.*No such file.*unset"):
        cell_cache.key(package, {"ANATOMY_CHECKPOINT": str(tmp_path / "none.gguf")})


def test_a_damaged_cache_is_begun_anew_with_one_warning(site, tmp_path):
    page = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n# A\n\n```{code-cell} python\n6 * 7\n```\n"
    extensions = ("anatomy.publishing.cell_cache", "myst_nb")
    app = site({"index.md": page}, *extensions, nb_execution_mode="cache", exclude_patterns=["_build"])
    assert app.said == ""
    (database,) = (tmp_path / "source" / "_build" / "cells").glob("*/global.db")
    database.write_bytes(b"not a database" * 100)
    app = site({"index.md": page}, *extensions, nb_execution_mode="cache", exclude_patterns=["_build"])
    assert app.said.count("\n") == 1
    assert "is damaged" in app.said
    assert "42" in (app.outdir / "index.html").read_text()


def test_an_older_cache_is_deleted(site, tmp_path):
    old = tmp_path / "source" / "_build" / "cells" / "0123456789abcdef"
    old.mkdir(parents=True)
    site({"index.md": "# A\n"}, "anatomy.publishing.cell_cache", "myst_nb", exclude_patterns=["_build"])
    assert not old.exists()
