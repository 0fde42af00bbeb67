"""From cell outputs to pages: the only code of the book that imports Sphinx. One extension a file."""
