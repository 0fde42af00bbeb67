"""Fixtures that several layers share."""

import pytest

from anatomy import smollm2


@pytest.fixture(scope="session")
def real_model():
    """SmolLM2-135M, loaded once. Tests that use it are marked `checkpoint` and skip where it is absent."""
    try:
        return smollm2.load()
    except FileNotFoundError as error:
        pytest.skip(str(error))
