"""Seconds to import the package and its modules, each in a fresh Python: python benchmarks/import_time.py"""

import statistics
import subprocess
import sys

N_ROUNDS = 7


def seconds(module):
    """Median time of importing a module, the start of Python not counted."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(N_ROUNDS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def main():
    for module in ("anatomy", "numpy", "anatomy.model", "anatomy.smollm2"):
        print(f"import {module}: {seconds(module):.3f} s")


if __name__ == "__main__":
    main()
