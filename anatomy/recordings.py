"""Recorded runs, for what takes too long to compute while the book is built.

A recording is one compressed file of arrays in anatomy/data, with its
provenance beside the numbers: the program, seed, settings, versions, CPU
seconds, and the caveats that a page must print with it.
`nox -s experiments` makes all of them again.
"""

import io
import json
import platform
import time
import zipfile
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

DATA = files("anatomy") / "data"
REQUIRED = ("program", "seeds", "settings", "versions", "cpu_seconds")


@dataclass(frozen=True)
class Recording:
    """Named arrays, and where they came from.

    provenance: program, seeds, settings, versions, cpu_seconds.
    caveats: sentences.
    """

    name: str
    arrays: dict
    provenance: dict
    caveats: list

    def __getitem__(self, key):
        if key not in self.arrays:
            raise KeyError(f"recording {self.name} holds no {key!r}; it holds {', '.join(self.arrays)}")
        return self.arrays[key]

    def __contains__(self, key):
        return key in self.arrays

    def part(self, prefix):
        """The arrays whose names begin with "prefix/", without it.

        >>> Recording("x", {"a/u": 1, "a/v": 2, "b/u": 3}, {}, []).part("a")
        {'u': 1, 'v': 2}
        """
        start = f"{prefix}/"
        found = {key.removeprefix(start): a for key, a in self.arrays.items() if key.startswith(start)}
        if not found:
            raise KeyError(f"recording {self.name} holds nothing under {start!r}")
        return found

    def credit(self):
        """One sentence for a badge or a caption.

        >>> origin = {"program": "experiments/x.py", "seeds": [0], "cpu_seconds": 2}
        >>> Recording("x", {}, origin, caveats=[]).credit()
        'Recorded by experiments/x.py, seed 0, in 2 CPU seconds.'
        """
        seeds = self.provenance["seeds"]
        said = f"seed{'s'[: len(seeds) > 1]} {', '.join(map(str, seeds))}" if seeds else "nothing drawn"
        return (
            f"Recorded by {self.provenance['program']}, {said}, "
            f"in {self.provenance['cpu_seconds']:.0f} CPU seconds."
        )


def names():
    """The recordings that there are."""
    return sorted(path.name.removesuffix(".npz") for path in DATA.iterdir() if path.name.endswith(".npz"))


def load(name):
    """Load a recording by name.

    Raises FileNotFoundError naming those that exist, and ValueError where a
    file is damaged or says nothing of its origin.
    """
    path = DATA / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"no recording {name!r}; there are: {', '.join(names())}; `nox -s experiments` records them"
        )
    return read(name, path.read_bytes())


def read(name, content):
    """Read a recording from the bytes of its file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        about = json.loads(str(arrays.pop("about")))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"recording {name} is damaged ({error}); `nox -s experiments` makes it again"
        ) from None
    missing = [key for key in REQUIRED if key not in about["provenance"]]
    if missing:
        raise ValueError(f"recording {name} does not say its {', '.join(missing)}")
    return Recording(name, arrays, about["provenance"], about["caveats"])


def write(arrays, provenance, caveats):
    """The bytes of a recording: the same for the same arrays and provenance.

    >>> content = write({"x": np.arange(3)}, dict.fromkeys(REQUIRED, 1), ["Chosen to be short."])
    >>> recording = read("example", content)
    >>> recording["x"].tolist(), recording.caveats
    ([0, 1, 2], ['Chosen to be short.'])
    """
    about = json.dumps({"provenance": provenance, "caveats": list(caveats)}, sort_keys=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in {**arrays, "about": np.array(about)}.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))  # not the clock
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, part.getvalue())
    return buffer.getvalue()


def versions():
    """The software and processor that a run depends on, for its provenance."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "recorded": time.strftime("%Y-%m-%d", time.gmtime()),
    }
