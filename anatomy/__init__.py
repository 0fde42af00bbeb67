"""The anatomy of a language model: one small numpy module for each chapter of the book."""
