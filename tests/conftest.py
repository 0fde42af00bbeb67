"""Fixtures that several layers share."""

import json
import os
from pathlib import Path

import pytest
from bokeh.models import Button, ColumnDataSource, Select
from hypothesis import settings
from py_mini_racer import MiniRacer

from anatomy import smollm2
from anatomy.figures.view import bundle
from anatomy.publishing.browser import chromium
from anatomy.studies import BOOK

os.environ[BOOK] = "1"  # figures answer as in a build of the book

# no deadline, because machines are shared; the same examples at every run, because failures must repeat
settings.register_profile("book", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("book")


@pytest.fixture(scope="session")
def real_model():
    """SmolLM2-135M, loaded once. Tests that use it are marked `checkpoint` and skip where it is absent."""
    try:
        return smollm2.load()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def built():
    """The folder of the built HTML edition; ANATOMY_SITE names another than that of `nox -s book`."""
    folder = Path(
        os.environ.get("ANATOMY_SITE", Path(__file__).parents[1] / "book" / "_build" / "html")
    ).resolve()
    if not (folder / "index.html").exists():
        pytest.fail(f"no book in {folder}; build it with: nox -s book")
    return folder


@pytest.fixture(scope="session")
def browser():
    """One running browser for the whole session: Playwright allows no second one beside it."""
    with chromium() as running:
        yield running


class Engine:
    """A small JavaScript engine: the scripts of figures and their kernels without a browser."""

    def __init__(self):
        self.engine = MiniRacer()

    def run(self, source, expression, arguments):
        """What an expression is worth after the source has run, with arguments by their names."""
        given = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in arguments.items())
        text = self.engine.eval(f"(() => {{\n{source}\n{given}return JSON.stringify({expression});\n}})()")
        return None if text is None else json.loads(text)


@pytest.fixture(scope="session")
def engine():
    return Engine()


@pytest.fixture(scope="session")
def javascript(engine):
    """javascript(["softmax"], "softmax(x, t)", x=[1, 2], t=1) -> what the expression is worth.

    The first argument lists the stems of shared kernels; what they import comes with them.
    """

    def run(kernels, expression, **arguments):
        return engine.run(bundle(*(f"shared/{kernel}" for kernel in kernels)), expression, arguments)

    return run


@pytest.fixture(scope="session")
def shown(engine):
    """shown(figure, temperature=0.5) -> what every part shows in the first state, but for these controls.

    Checks that the script names only parts that there are, and that it says the state in words.
    """

    def run(figure, before=None, **changes):
        state = {name: first_value(figure.view.parts[name]) for name in figure.view.controls}
        assert set(changes) <= set(state), f"{figure} has the controls {sorted(state)}"
        arguments = {"data": figure.view.data, "state": {**state, **changes}, "before": before}
        found = engine.run(figure.view.script, "show(data, state, before)", arguments)
        assert set(found) <= {*figure.view.parts, "say"}
        assert found["say"].strip()
        for name, wanted in found.items():
            if isinstance(figure.view.parts.get(name), ColumnDataSource):
                columns = {**figure.view.parts[name].data, **wanted}
                assert len({len(column) for column in columns.values()}) == 1, (name, columns)
        return found

    return run


def first_value(control):
    """What the driver reads of a control that nobody has touched."""
    if isinstance(control, Select):
        return int(control.value)
    if isinstance(control, Button):
        return 0
    return control.active if hasattr(control, "active") else control.value
