"""An empty store on each of the two databases."""

from collections.abc import Iterator

import pytest

from catalog.store.engine import Store, open_store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store; a test that asks for it runs on both databases."""
    opened = open_store(database_url)
    yield opened
    opened.close()
