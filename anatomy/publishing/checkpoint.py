"""Stop before any cell runs, in one line, where the checkpoint that the chapters run is not installed."""

from anatomy import smollm2


def find_checkpoint(app, config):
    try:
        smollm2.find()
    except FileNotFoundError as problem:
        raise SystemExit(f"{problem}") from None  # an error of Sphinx would bring a page of versions


def setup(app):
    app.connect("config-inited", find_checkpoint, priority=5)  # before the cell cache reads its size
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
