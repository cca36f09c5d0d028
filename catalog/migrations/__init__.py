"""Bringing a database to this version, step by step, with Alembic. The only other place that knows SQL."""

from importlib.resources import files

from alembic import command
from alembic.config import Config

from catalog.store.engine import Store, connect, schema_version
from catalog.store.tables import SCHEMA_VERSION


def migrate(url: str) -> tuple[str | None, str]:
    """Upgrade the database at `url`; the versions before (null for an empty one) and after."""
    store = Store(connect(url))
    try:
        before = schema_version(store.engine)
        with store.write() as db:
            config = alembic_config()
            config.attributes["connection"] = db
            command.upgrade(config, "head")
    finally:
        store.close()
    return before, SCHEMA_VERSION


def alembic_config() -> Config:
    """Alembic's configuration without a file: the scripts are in this package."""
    config = Config()
    config.set_main_option("script_location", str(files("catalog") / "migrations"))
    return config
