"""The anatomy of a language model: one small numpy module for each chapter of the book."""

__version__ = "0.1.0"  # pyproject.toml and book/conf.py read it here
