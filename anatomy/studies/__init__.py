"""What the chapters measure: one module a topic, run on the toy, on recorded runs or on the real model.

A study calls the maths and returns named numbers, each measurement with its sample, its control and its
uncertainty. Chapters and tests call the same function, so that neither holds a copy.
"""

import os

BOOK = "ANATOMY_BOOK"  # in the environment of cells: set while the book is built (book/conf.py)


def in_book():
    """Whether a build of the book runs this cell: only then does anything read what cells hand to pages."""
    return BOOK in os.environ


def say(**numbers):
    """Hand numbers to the prose of a page, where {glue:text}`name:.2f` prints them.

    Outside the book it does nothing: the notebook that a page offers has its numbers written in already.
    """
    if not in_book():
        return
    from myst_nb import glue

    for name, value in numbers.items():
        glue(name, value, display=False)
