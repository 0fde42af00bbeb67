"""Stop before any cell runs, in one line, where what the chapters read is missing or damaged."""

from anatomy import gguf, smollm2
from anatomy.tokenization import o200k_ranks


def check_inputs(app, config):
    """Read the vocabulary, and as much of the checkpoint as says whether it is whole."""
    try:
        o200k_ranks()
        gguf.read(smollm2.find())
    except (FileNotFoundError, ValueError) as problem:
        raise SystemExit(str(problem)) from None  # an error of Sphinx would bring a page of versions


def setup(app):
    # before the cell cache reads the checkpoint's size
    app.connect("config-inited", check_inputs, priority=5)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
