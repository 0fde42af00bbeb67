"""Kernels of callbacks/shared in a real browser, called from Python."""

import pytest

from anatomy.figures.parts import script


@pytest.fixture(scope="session")
def blank_page(browser):
    """An empty page in a browser."""
    page = browser.new_page()
    page.set_content("<!doctype html>")
    yield page
    page.close()


@pytest.fixture(scope="session")
def javascript(blank_page):
    """javascript(["softmax"], "softmax(x, t)", x=[1, 2], t=1) -> what the expression is worth.

    The first argument lists the stems of shared kernels, joined as `parts.callback` joins them.
    """

    def run(kernels, expression, **arguments):
        source = "\n".join(script(f"shared/{kernel}").replace("export ", "") for kernel in kernels)
        names = ", ".join(arguments)
        return blank_page.evaluate(f"({{{names}}}) => {{ {source}\nreturn {expression}; }}", arguments)

    return run
