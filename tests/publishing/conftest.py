"""A test site in a temporary folder: a few lines of configuration, a few pages, one builder."""

import warnings
from io import StringIO

import pytest
from sphinx.testing.util import SphinxTestApp
from sphinx.util.console import strip_colors


@pytest.fixture
def site(tmp_path, monkeypatch):
    """site(pages, *extensions, builder="html", **config) -> the built app; its `.said` holds the warnings."""
    built = []

    def build(pages, *extensions, builder="html", fresh=True, **config):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        settings = {"extensions": list(extensions), "project": "Test", "nitpicky": True, **config}
        # said outright, because Sphinx keeps the suffixes of one application for the next one in the process
        settings["source_suffix"] = {".rst": "restructuredtext"}
        for extension, kind in (("myst_parser", "markdown"), ("myst_nb", "myst-nb")):
            if extension in extensions:
                settings["source_suffix"][".md"] = kind
        (source / "conf.py").write_text("".join(f"{key} = {value!r}\n" for key, value in settings.items()))
        for name, text in pages.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        said = StringIO()
        while built:
            built.pop().cleanup()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other packages, while they are imported
            app = SphinxTestApp(
                builder, srcdir=source, builddir=tmp_path / "out", warning=said, freshenv=fresh
            )
            built.append(app)
            app.build()
        app.said = strip_colors(said.getvalue())
        return app

    yield build
    for app in built:
        app.cleanup()


@pytest.fixture
def read():
    """read(app, "page.html") -> the text of a built file."""
    return lambda app, name: (app.outdir / name).read_text("utf-8")
