"""The programs that record what takes too long to compute while the book is built.

`python -m experiments` runs all of them and rewrites the recordings in anatomy/data; with names, only
those. Each is also a program of its own: `python -m experiments.grokking`.
"""

import os

# More threads make products this small slower, and change the order in which they are added up.
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
