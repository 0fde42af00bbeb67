"""Fixtures that several layers share."""

import pytest
from hypothesis import settings

from anatomy import smollm2
from anatomy.publishing.browser import chromium

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
def browser():
    """One running browser for the whole session: Playwright allows no second one beside it."""
    with chromium() as running:
        yield running
