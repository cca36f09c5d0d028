"""How Alembic reaches the database: by the connection that `catalog.migrations` hands it, or by the URL of the command
line."""

from alembic import context
from sqlmodel import SQLModel

from catalog.store import tables
from catalog.store.engine import connect

assert tables.SCHEMA_VERSION


def run() -> None:
    """Migrate in batch mode, so that SQLite can change its tables too."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        url = context.get_x_argument(as_dictionary=True).get("url", "sqlite:///var/datapeil.db")
        with connect(url).connect() as db, db.begin():
            _migrate(db)
    else:
        _migrate(connection)


def _migrate(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
