"""Leases: one job per source, whoever asks; the dead are swept, the living respected."""

import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from catalog.store import jobs
from catalog.store.engine import Store

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)


@pytest.fixture
def dead_owner() -> str:
    """A process of this machine that is gone."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return f"{socket.gethostname()}:{ended.pid}"


def owned_by(store: Store, owner: str, moment: datetime = NOW) -> int:
    """A running job of some process."""
    with store.write() as db:
        number = jobs.start(db, "gent", "gent", moment, 120)
        db.execute(text("UPDATE source SET lease_owner = :owner"), {"owner": owner})
    assert number is not None
    return number


def started(store: Store, moment: datetime = NOW) -> int | None:
    with store.write() as db:
        return jobs.start(db, "gent", "gent", moment, 120)


def outcome_of(store: Store, number: int) -> str | None:
    with store.read() as db:
        job = jobs.job(db, number)
    assert job is not None
    return job.outcome


def test_lease_when_held_by_a_living_process_then_nobody_else_starts(store: Store) -> None:
    first = started(store)
    assert first is not None
    assert started(store) is None
    with store.read() as db:
        assert [job.id for job in jobs.jobs(db)] == [first]


def test_lease_when_many_ask_at_once_then_one_gets_it(store: Store) -> None:
    found: list[int | None] = []
    threads = [threading.Thread(target=lambda: found.append(started(store))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len([number for number in found if number is not None]) == 1


def test_lease_when_its_process_died_then_swept_at_once_and_the_job_aborted(store: Store, dead_owner: str) -> None:
    dead = owned_by(store, dead_owner)
    assert started(store) is not None
    assert outcome_of(store, dead) == "aborted"


def test_lease_when_its_machine_is_another_one_then_believed_until_it_runs_out(store: Store) -> None:
    far = owned_by(store, "another-machine:1")
    assert started(store, NOW + timedelta(seconds=119)) is None
    assert started(store, NOW + timedelta(seconds=121)) is not None
    assert outcome_of(store, far) == "aborted"


def test_lease_when_the_heart_beats_then_it_lasts(store: Store) -> None:
    first = started(store)
    for minute in range(1, 10):
        moment = NOW + timedelta(minutes=minute)
        with store.write() as db:
            jobs.heartbeat(db, ["gent"], moment, 120)
            assert jobs.sweep(db, moment) == []
    with store.write() as db:
        assert jobs.sweep(db, moment + timedelta(seconds=121)) == [first]


def test_heartbeat_when_the_lease_is_another_ones_then_it_is_not_renewed(store: Store) -> None:
    owned_by(store, "another-machine:1")
    with store.write() as db:
        jobs.heartbeat(db, ["gent"], NOW + timedelta(minutes=1), 600)
    assert started(store, NOW + timedelta(minutes=3)) is not None


def test_owner_when_asked_whether_it_lives_then_only_a_dead_neighbour_is_denied(dead_owner: str) -> None:
    assert jobs.alive(jobs.owner_name())
    assert jobs.alive(f"{socket.gethostname()}:1")
    assert jobs.alive("another-machine:99999999")
    assert jobs.alive("nonsense")
    assert not jobs.alive(dead_owner)
    assert jobs.owner_name().endswith(str(os.getpid()))


def test_request_when_made_then_remembered_until_the_run_starts(store: Store) -> None:
    with store.write() as db:
        jobs.request_run(db, "gent", "gent")
        state = jobs.source_state(db, "gent")
    assert state is not None
    assert state.requested
    started(store)
    with store.read() as db:
        state = jobs.source_state(db, "gent")
    assert state is not None
    assert not state.requested
