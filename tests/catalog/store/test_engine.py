"""Opening a database: empty, ours, older, foreign, unreachable; and what a transaction promises."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from catalog.store import jobs
from catalog.store.engine import Store, StoreError, connect, open_store, recall, remember, shown
from catalog.store.jobs import source_states


def test_store_when_the_database_is_empty_then_it_gets_its_tables(database_url: str) -> None:
    opened = open_store(database_url)
    assert {"dataset", "job", "change", "alembic_version"} <= set(inspect(opened.engine).get_table_names())
    opened.close()
    again = open_store(database_url)
    again.close()


def test_store_when_opened_by_many_at_once_then_created_once(database_url: str) -> None:
    faults: list[BaseException] = []

    def opening() -> None:
        try:
            open_store(database_url).close()
        except BaseException as fault:  # noqa: BLE001  shown to the test
            faults.append(fault)

    threads = [threading.Thread(target=opening) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_store_when_the_schema_is_older_then_refused_with_advice(database_url: str) -> None:
    opened = open_store(database_url)
    with opened.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    opened.close()
    with pytest.raises(StoreError, match=r"schema version 0000.*migrate"):
        open_store(database_url)


def test_store_when_the_tables_are_foreign_then_refused(database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE invoice (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"tables that are not ours: invoice"):
        open_store(database_url)


def test_store_when_unreachable_then_a_plain_sentence_without_the_password() -> None:
    with pytest.raises(StoreError, match="can't be opened") as caught:
        open_store("postgresql+psycopg://me:secret@127.0.0.1:1/x?connect_timeout=2")
    assert "secret" not in str(caught.value)
    assert "secret" not in shown("postgresql+psycopg://me:secret@127.0.0.1/x")


def test_store_when_the_file_is_no_database_then_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"This is no database, but it is long enough to look like one. " * 20)
    with pytest.raises(StoreError, match="can't be opened"):
        open_store(f"sqlite:///{tmp_path / 'x.db'}")


def test_transaction_when_it_fails_then_nothing_of_it_stays(store: Store) -> None:
    def failing() -> None:
        with store.write() as db:
            remember(db, "key", "value")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        failing()
    with store.read() as db:
        assert recall(db, "key") is None


def test_fact_when_remembered_twice_then_the_last_one_stands(store: Store) -> None:
    for value in ("one", "two"):
        with store.write() as db:
            remember(db, "key", value)
    with store.read() as db:
        assert recall(db, "key") == "two"


def test_writers_when_several_at_once_then_each_gets_its_turn(store: Store) -> None:
    faults: list[BaseException] = []

    def writing(number: int) -> None:
        try:
            for turn in range(10):
                with store.write() as db:
                    jobs.register(db, f"source-{number}-{turn}", "gent", None)
        except BaseException as fault:  # noqa: BLE001  shown to the test
            faults.append(fault)

    threads = [threading.Thread(target=writing, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with store.read() as db:
        assert len(source_states(db)) == 80
