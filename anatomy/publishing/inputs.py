"""Stop before any cell runs, in one line, where what the chapters read is missing or damaged."""

import os

from anatomy import gguf, smollm2
from anatomy.tokenization import O200K_FILE, O200K_SHA256, read_whole


def check_inputs(app, config):
    """Read the vocabulary, and as much of the checkpoint as says whether it is whole."""
    try:
        read_whole(O200K_FILE, O200K_SHA256)
        path = smollm2.find()
        gguf.read(path)
    except (FileNotFoundError, ValueError) as problem:
        raise SystemExit(str(problem)) from None  # an error of Sphinx would bring a page of versions
    if os.environ.get("ANATOMY_CHECKPOINT"):
        os.environ["ANATOMY_CHECKPOINT"] = str(path.resolve())  # cells run in the folder of the book


def setup(app):
    app.connect("config-inited", check_inputs, priority=5)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
