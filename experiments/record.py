"""What every experiment does at its end: write what it measured, and say what recorded it."""

import hashlib
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from anatomy import recordings

DATA = Path(__file__).parent.parent / "anatomy" / "data"


def save(name, arrays, program, seeds, settings, caveats, folder=DATA):
    """Write one recording; CPU seconds are those of this process so far."""
    provenance = {
        "program": program,
        "seeds": list(seeds),
        "settings": settings,
        "versions": recordings.versions(),
        "cpu_seconds": round(time.process_time(), 1),
    }
    content = recordings.write(arrays, provenance, caveats)
    (folder / f"{name}.npz").write_bytes(content)
    if folder == DATA:
        note_hash(f"{name}.npz", content)
    print(f"{name}.npz: {len(content):,} bytes, {provenance['cpu_seconds']} CPU seconds", file=sys.stderr)


def note_hash(file_name, content):
    """Bring the file's line in anatomy/data/README.md up to date."""
    readme = DATA / "README.md"
    text = readme.read_text(encoding="utf-8")
    line = rf"(\| `{re.escape(file_name)}` \|[^\n]*\| )`[0-9a-f]*`( \|)"
    new, n = re.subn(line, rf"\g<1>`{hashlib.sha256(content).hexdigest()}`\g<2>", text)
    if n != 1:
        raise ValueError(f"{readme.name} must have one line for {file_name}, found {n}")
    readme.write_text(new, encoding="utf-8")


def stack(histories):
    """Dataclasses of equally long lists -> name: array (n_histories, n_measurements)."""
    rows = [asdict(history) for history in histories]
    return {
        key: np.array([row[key] for row in rows], np.int32 if key == "steps" else np.float32)
        for key in rows[0]
    }


def never(step):
    """A step, or -1 for one that never came."""
    return -1 if step is None else step
