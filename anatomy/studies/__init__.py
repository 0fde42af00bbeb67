"""What the chapters measure: one module a topic, run on the toy, on recorded runs or on the real model.

A study calls the maths and returns named numbers, each measurement with its sample, its control and its
uncertainty. Chapters and tests call the same function, so that neither holds a copy.
"""

import os

import numpy as np

BOOK = "ANATOMY_BOOK"  # in the environment of cells: set while the book is built (book/conf.py)


def in_book():
    """Whether a build of the book runs this cell: only then does anything read what cells hand to pages."""
    return BOOK in os.environ


def say(**numbers):
    """Hand numbers to the prose of a page, where {glue:text}`name:.2f` prints them.

    numpy's numbers are handed on as Python's, which can be formatted there. Outside the book it does nothing: the
    notebook that a page offers has its numbers written in already.
    """
    if not in_book():
        return
    from myst_nb import glue

    for name, value in numbers.items():
        glue(name, value.item() if isinstance(value, np.generic) else value, display=False)


TOGETHER = 50  # tokens of one text that are averaged before an error is taken


def signed(value, form):
    """A number in a form such as ".1f", with a true minus.

    >>> signed(-0.5, ".1f"), signed(2, "+.1f")
    ('−0.5', '+2.0')
    """
    return f"{value:{form}}".replace("-", "−")


def mean_and_error(values, together=1):
    """The mean of n independent values and its standard error.

    together: neighbours that depend on each other, such as the tokens of one text, are averaged by so many before the
    error is taken; what is left over at the end counts in the mean alone.
    """
    values = np.asarray(values, float)
    n = len(values) // together
    means = values[: n * together].reshape(n, together).mean(axis=1)
    return float(values.mean()), float(means.std(ddof=1) / np.sqrt(n))


def first_for_good(reached):
    """The first place from which a list of bools stays true; its length if the last is false."""
    return len(reached) - int(np.argmin([*reached[::-1], False]))


def scientific(value):
    """A small number with one digit and its power of ten, as programs write it.

    >>> scientific(6.1e-6)
    '6e−6'
    """
    digit, power = f"{value:.0e}".split("e")
    return f"{digit}e{int(power)}".replace("-", "−")
