"""Two scripted portals and the door to them."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from harvester.fetch import Door, JobFetch
from tests.harvester.fetch.scripted import AGENT, LIMITS, ScriptedPortal


@pytest.fixture
def portal() -> Iterator[ScriptedPortal]:
    with closing(ScriptedPortal()) as scripted:
        yield scripted


@pytest.fixture
def other_portal() -> Iterator[ScriptedPortal]:
    with closing(ScriptedPortal()) as scripted:
        yield scripted


@pytest.fixture
def fetch() -> Iterator[JobFetch]:
    with Door(LIMITS, AGENT).session() as session:
        yield session
