"""The book on other processors: the same words and pictures under every arithmetic kernel that this machine can run.

OpenBLAS and numpy choose their machine code by the processor, and each choice adds up in another order. Here tests and
a build run under several of them; then the pages' Markdown and the figures' states are compared.

    python -m anatomy.publishing.processors            all kernels: tests and builds
    python -m anatomy.publishing.processors --quick    the newest and the oldest: builds, and doctests under the oldest
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anatomy.publishing import picture_state

# newest first; names as OPENBLAS_CORETYPE takes them
CORES = (
    "SkylakeX",
    "Haswell",
    "Zen",
    "Sandybridge",
    "Nehalem",
    "Prescott",
    "NEOVERSEN1",
    "CORTEXA57",
    "ARMV8",
)
OUT = Path("book/_build/processors")
PROBE = (
    "import json, numpy, threadpoolctl; a = numpy.ones((64, 64), 'f'); a @ a; "
    "print(json.dumps([pool.get('architecture') for pool in threadpoolctl.threadpool_info()]))"
)
DOCTESTS = ["anatomy", "--ignore=anatomy/publishing", "--ignore=anatomy/figures"]


@dataclass(frozen=True)
class Kernel:
    """One way to calculate: its name, and the environment that chooses it."""

    name: str
    environment: dict


def kernels(run=subprocess.run):
    """Every kernel that this machine can run, newest first; the oldest also goes without numpy's own vector code.

    OpenBLAS falls back in silence where it lacks a kernel, so each is asked for its name.
    """
    found = {}
    for core in CORES:
        asked = run(
            [sys.executable, "-c", PROBE],
            env={**os.environ, "OPENBLAS_CORETYPE": core},
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:  # else it has instructions that this processor lacks
            for architecture in json.loads(asked.stdout):
                if architecture:
                    found.setdefault(architecture, core)
    usable = [Kernel(core, {"OPENBLAS_CORETYPE": core}) for core in found.values()]
    if len(usable) < 2:
        raise SystemExit(
            f"numpy calculates with {', '.join(found) or 'no OpenBLAS'} alone here, nothing can be compared; "
            "install numpy from its wheel, on Linux"
        )
    oldest = usable[-1]
    features = " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"])
    usable[-1] = Kernel(oldest.name, {**oldest.environment, "NPY_DISABLE_CPU_FEATURES": features})
    return usable


def run_in(kernel, command):
    """Run a command under a kernel; its complaints (all output of a failure, else none)."""
    print(f"{kernel.name}: {' '.join(command[2:])}", flush=True)
    done = subprocess.run(
        command,
        env={**os.environ, **kernel.environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return [] if done.returncode == 0 else done.stdout.strip().splitlines()[-40:]


def build(kernel):
    """Build the pages with all cells run again; complaints. The cache of cells does not know kernels."""
    folder = OUT / kernel.name
    shutil.rmtree(folder, ignore_errors=True)
    options = ["-q", "-b", "html", "-n", "-W", "--keep-going", "-j", "auto", "-D", "nb_execution_mode=force"]
    return run_in(
        kernel,
        [sys.executable, "-m", "sphinx", *options, "-d", f"{folder}/doctrees", "book", f"{folder}/html"],
    )


def changed_words(old, new):
    """Where two texts differ -> lines 'words before: old → new'.

    >>> changed_words("a loss of 3.57 in all", "a loss of 3.59 in all")
    ['a loss of: 3.57 → 3.59']
    """
    out = []
    a, b = old.splitlines(), new.splitlines()
    for kind, i, i2, j, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        words = [re.findall(r"\S+", "\n".join(lines)) for lines in (a[i:i2], b[j:j2])]
        before = re.findall(r"\S+", "\n".join(a[max(0, i - 3) : i]))
        for change, k, k2, m, m2 in difflib.SequenceMatcher(None, *words, autojunk=False).get_opcodes():
            if change != "equal":
                context = (before + words[0][:k])[-6:]
                was, now = " ".join(words[0][k:k2]), " ".join(words[1][m:m2])
                out.append(f"{' '.join(context)}: {was or 'nothing'} → {now or 'nothing'}")
    return out


def changed_pages(old, new):
    """Differences of the Markdown of two builds' pages, page by page."""
    out = []
    for name in sorted({path.name for folder in (old, new) for path in folder.glob("*.md")}):
        texts = [path.read_text("utf-8") if path.exists() else "" for path in (old / name, new / name)]
        out += [f"{name}: {change}" for change in changed_words(*texts)]
    return out


def changed_figures(old, new):
    """Visible differences of two builds' figures: folders of their JSON."""
    out = []
    for name in sorted({path.name for folder in (old, new) for path in folder.glob("*.json")}):
        if not ((old / name).exists() and (new / name).exists()):
            out.append(f"{name}: made by one kernel alone")
            continue
        states = [
            picture_state.state(json.loads((folder / name).read_text("utf-8"))) for folder in (old, new)
        ]
        change = picture_state.difference(*states)
        out += [f"{name}: {change}"] if change else []
    return out


def main(arguments=None):
    """Run, compare, report; 1 where anything differs or fails."""
    parser = argparse.ArgumentParser(prog="nox -s processors --")
    parser.add_argument("--quick", action="store_true", help="two kernels, and no tests but doctests")
    quick = parser.parse_args(arguments).quick
    chosen = kernels()
    chosen = [chosen[0], chosen[-1]] if quick else chosen
    print("kernels:", ", ".join(kernel.name for kernel in chosen))
    problems = {}
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "auto"]
    first = OUT / chosen[0].name
    for kernel in chosen:
        said = build(kernel)
        if kernel is not chosen[0]:
            folder = OUT / kernel.name
            said += changed_pages(first / "html", folder / "html")
            said += changed_figures(first / "doctrees" / "figures", folder / "doctrees" / "figures")
        if not quick:
            said += run_in(kernel, [*pytest, "tests/anatomy", *DOCTESTS])
        elif kernel is not chosen[0]:
            said += run_in(kernel, [*pytest, *DOCTESTS])
        if said:
            problems[kernel.name] = said
    for name, said in problems.items():
        print(f"\n{name}, against {chosen[0].name} and the committed pictures:", *said, sep="\n  ")
    print(
        f"\n{len(problems)} of {len(chosen)} kernels tell another book"
        if problems
        else "\nall kernels tell the same"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
