"""Bringing a database to this version, step by step, with Alembic. The only other place that knows SQL."""

from contextlib import closing
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from catalog.store.engine import Store, StoreError, advice, connect, plainly_told, schema_version
from catalog.store.tables import SCHEMA_VERSION


def migrate(url: str) -> tuple[str | None, str]:
    """Upgrade the database at `url`; the versions before (null for an empty one) and after. Raises StoreError for one
    that is newer, foreign or unreachable."""
    with closing(Store(connect(url))) as store, plainly_told():
        before = schema_version(store.engine)
        if before is not None and before > SCHEMA_VERSION:
            raise StoreError(
                f"the database has schema version {before}, this program {SCHEMA_VERSION}: {advice(before)}"
            )
        try:
            _upgrade(store)
        except CommandError as error:
            raise StoreError(f"the database can't be brought to this version: {error}") from error
    return before, SCHEMA_VERSION


def _upgrade(store: Store) -> None:
    with store.write() as db:
        config = alembic_config()
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Alembic's configuration without a file: the scripts are in this package."""
    config = Config()
    config.set_main_option("script_location", str(files("catalog") / "migrations"))
    return config
