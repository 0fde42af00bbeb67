"""What the chapters measure: one module a topic, run on the toy, on recorded runs or on the real model.

A study calls the maths and returns named numbers, each measurement with its sample, its control and its
uncertainty. Chapters and tests call the same function, so that neither holds a copy.
"""


def say(**numbers):
    """Hand numbers to the prose of a page, where {glue:text}`name:.2f` prints them.

    Outside the book, where myst-nb is not installed, it does nothing: the notebook that a page offers has its numbers
    written in already.
    """
    try:
        from myst_nb import glue
    except ImportError:
        return
    for name, value in numbers.items():
        glue(name, value, display=False)
