"""Recordings: read back as written, complete in what they say of themselves, and unchanged since."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import recordings
from anatomy.recordings import REQUIRED, load, names, read, write

ABOUT = {"program": "x.py", "seeds": [0, 1], "settings": {}, "versions": {}, "cpu_seconds": 1.0}
ROOT = Path(__file__).parents[2]
EXPECTED = [
    "feed_forward_network",
    "feed_forward_neurons",
    "feed_forward_width",
    "grokking",
    "logits_and_sampling",
    "neuron_activation",
    "optimizer_table",
    "post_training",
    "post_training_models",
    "tiny_tales",
    "tiny_tales_model",
]
NOTHING_DRAWN = ("rope", "kv_cache", "logits_and_sampling")

UNBOUNDED = {"scores", "unnormed_held_out_losses"}  # masked, and runs that flew apart


def test_all_are_there():
    assert set(EXPECTED) <= set(names())


@pytest.mark.parametrize("name", names())
def test_each_says_what_recorded_it(name):
    recording = load(name)
    about = recording.provenance
    assert (ROOT / about["program"]).is_file()
    assert about["cpu_seconds"] > 0
    assert about["seeds"] or name in NOTHING_DRAWN
    assert about["settings"]
    assert {"python", "numpy", "machine"} <= set(about["versions"])
    assert recording.caveats
    assert about["program"] in recording.credit()
    for key, array in recording.arrays.items():
        if array.dtype.kind == "f" and key not in UNBOUNDED:
            assert np.isfinite(array).all(), key


@pytest.mark.parametrize("name", names())
def test_each_is_the_file_that_the_readme_names(name):
    content = (recordings.DATA / f"{name}.npz").read_bytes()
    readme = (recordings.DATA / "README.md").read_text(encoding="utf-8")
    noted = re.search(rf"\| `{name}\.npz` \|[^\n]*`([0-9a-f]+)` \|", readme)
    assert noted.group(1) == hashlib.sha256(content).hexdigest()


def test_together_they_stay_small():
    assert sum((recordings.DATA / f"{name}.npz").stat().st_size for name in names()) < 3_000_000


def test_same_content_same_bytes():
    arrays = {"x": np.arange(5), "words": np.array(["a", "bc"])}
    assert write(arrays, ABOUT, ["c"]) == write(arrays, ABOUT, ["c"])


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.lists(st.text()))
def test_what_is_written_is_read(values, caveats):
    recording = read("x", write({"a/b": np.array(values)}, ABOUT, caveats))
    assert recording["a/b"].tolist() == values
    assert recording.part("a")["b"].tolist() == values
    assert "a/b" in recording
    assert recording.caveats == caveats
    assert recording.provenance == ABOUT


def test_several_seeds_are_named():
    assert "seeds 0, 1" in read("x", write({}, ABOUT, [])).credit()


def test_what_is_missing_is_named():
    with pytest.raises(FileNotFoundError, match=r"no recording 'gork'; there are: .*grokking"):
        load("gork")
    recording = read("x", write({"a": np.array(1)}, ABOUT, []))
    with pytest.raises(KeyError, match="holds no 'b'; it holds a"):
        recording["b"]
    with pytest.raises(KeyError, match="nothing under 'b/'"):
        recording.part("b")
    for key in REQUIRED:
        without = {k: v for k, v in ABOUT.items() if k != key}
        with pytest.raises(ValueError, match=f"does not say its {key}"):
            read("x", write({}, without, []))


@pytest.mark.parametrize("damage", [b"", b"PK", b"not an archive", write({}, ABOUT, [])[:-30]])
def test_damage_is_said_to_be_damage(damage):
    with pytest.raises(ValueError, match="recording x is damaged"):
        read("x", damage)


def test_an_archive_without_provenance_is_damaged():
    import io

    buffer = io.BytesIO()
    np.savez(buffer, x=np.arange(3))
    with pytest.raises(ValueError, match="recording x is damaged"):
        read("x", buffer.getvalue())
