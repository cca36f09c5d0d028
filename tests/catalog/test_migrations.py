"""Migrations lead an empty database to the very tables that the program creates, and nothing is left to migrate."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

from catalog.migrations import alembic_config, migrate
from catalog.store.engine import connect, open_store
from catalog.store.tables import SCHEMA_VERSION

Shape = dict[str, object]


def shape(engine: Engine) -> Shape:
    """Every table with its columns, keys and indexes, order aside."""
    found: Shape = {}
    seen = inspect(engine)
    for table in seen.get_table_names():
        if table == "alembic_version":
            continue
        columns = sorted((c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table))
        indexes = sorted(
            (i["name"] or "", tuple(i["column_names"]), bool(i["unique"])) for i in seen.get_indexes(table)
        )
        unique = sorted(tuple(u["column_names"]) for u in seen.get_unique_constraints(table))
        foreign = sorted((tuple(f["constrained_columns"]), f["referred_table"]) for f in seen.get_foreign_keys(table))
        key = seen.get_pk_constraint(table)["constrained_columns"]
        found[table] = (columns, indexes, unique, foreign, key)
    return found


def created(url: str) -> Shape:
    store = open_store(url)
    found = shape(store.engine)
    store.close()
    return found


def dropped(url: str) -> None:
    engine = connect(url)
    with engine.begin() as db:
        SQLModel.metadata.drop_all(db)
        db.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()


def test_upgrade_when_the_database_is_empty_then_the_tables_are_those_of_the_program(database_url: str) -> None:
    wanted = created(database_url)
    dropped(database_url)
    assert migrate(database_url) == (None, SCHEMA_VERSION)
    engine = connect(database_url)
    assert shape(engine) == wanted
    engine.dispose()


def test_upgrade_when_done_then_alembic_finds_nothing_to_do(database_url: str) -> None:
    migrate(database_url)
    engine = connect(database_url)
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_upgrade_when_the_program_opens_the_database_then_it_is_content(database_url: str) -> None:
    migrate(database_url)
    open_store(database_url).close()
    assert migrate(database_url) == (SCHEMA_VERSION, SCHEMA_VERSION)


def test_scripts_when_read_then_their_head_is_the_version_of_the_tables() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == SCHEMA_VERSION
