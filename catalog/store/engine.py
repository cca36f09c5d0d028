"""Opening the database: SQLite in WAL mode or PostgreSQL by URL, empty ones created, older ones refused with advice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import SQLModel

from catalog.store.tables import SCHEMA_VERSION, MetaRow, table_of

BUSY_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 10
DEMO_AS_OF = "demo_as_of"  # key of the moment as of which a demo is read; absent in a real database


class StoreError(Exception):
    """The database can't be used; the message says why and what to do."""


class Store:
    """A database that is known to be there and of this version. `read` and `write` lend a connection in one
    transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it or, after an exception, nothing. SQLite takes the write lock at its begin."""
        with self.engine.connect() as db:
            db.execution_options(datapeil_writes=True)
            with db.begin():
                yield db

    def close(self) -> None:
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at `url`; an empty database gets its tables. Raises StoreError for an older, newer or unreachable
    one."""
    engine = connect(url)
    try:
        version = schema_version(engine)
        if version is None:
            create(engine)
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"the database has schema version {version}, this program needs {SCHEMA_VERSION}: " + advice(version)
            )
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"the database {shown(url)} can't be opened: {_first_line(error)}") from error
    except StoreError:
        engine.dispose()
        raise
    return Store(engine)


def advice(version: str) -> str:
    """What to do about a database of another version."""
    if version > SCHEMA_VERSION:
        return "a newer version of Datapeil made it; use that one"
    return "run `python -m harvester migrate` (make a copy first)"


def connect(url: str) -> Engine:
    """An engine for `url` with what each database needs to be safe; touches nothing yet. Raises StoreError for an
    address that can't be read and for a folder that can't be made."""
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise StoreError("the address of the database can't be read: its port must be a number") from error
    if parsed.get_backend_name() != "sqlite":
        waits = {"connect_timeout": CONNECT_TIMEOUT_S} if "connect_timeout" not in parsed.query else {}
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=waits)
    if parsed.database:
        _make_folder(Path(parsed.database).parent)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {folder} of the database can't be made: {error.strerror}"
        raise StoreError(message) from error


@contextmanager
def plainly_told() -> Iterator[None]:
    """Whatever the database refuses while the block runs becomes a StoreError of one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"the database can't be used: {_first_line(error)}") from error


def _prepare_sqlite(connection: object, _record: object) -> None:
    # The driver must not open transactions by itself: `_begin_sqlite` does, so that a writer takes its lock at once.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(db: Connection) -> None:
    writes = db.get_execution_options().get("datapeil_writes")
    db.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def schema_version(engine: Engine) -> str | None:
    """The version the database says it has; null when it holds none of our tables. Raises StoreError for a foreign
    one."""
    tables = set(inspect(engine).get_table_names())
    if "alembic_version" in tables:
        with engine.connect() as db:
            version = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version is None:
            raise StoreError(f"the database {shown(str(engine.url))} does not say which version it has: it is not ours")
        return str(version)
    if tables:
        raise StoreError(
            f"the database {shown(str(engine.url))} holds tables that are not ours: {', '.join(sorted(tables)[:3])}"
        )
    return None


def create(engine: Engine) -> None:
    """All tables at once, marked with the version they stand for. Two processes may try at the same time."""
    with Store(engine).write() as db:
        if engine.dialect.name == "postgresql":
            db.execute(text("SELECT pg_advisory_xact_lock(7345)"))
        if inspect(db).has_table("alembic_version"):
            return
        SQLModel.metadata.create_all(db)
        db.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        db.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA_VERSION})


def shown(url: str) -> str:
    """A database URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def remember(db: Connection, key: str, value: str) -> None:
    """Write one fact about the database itself."""
    meta = table_of(MetaRow)
    db.execute(meta.delete().where(meta.c.key == key))
    db.execute(meta.insert().values(key=key, value=value))


def recall(db: Connection, key: str) -> str | None:
    """Read one fact about the database itself."""
    meta = table_of(MetaRow)
    return db.execute(meta.select().with_only_columns(meta.c.value).where(meta.c.key == key)).scalar()
