"""The tables. Times are ISO 8601 text in UTC (ADR 0005), structured values JSON text; nothing outside `catalog.store`
sees a row."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = "0001"
"""The Alembic revision these tables stand for; a test holds the two together."""

Row = SQLModel


class MetaRow(Row, table=True):
    """Facts about the database itself: that it is a demo, as of which day it is read."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class SourceRow(Row, table=True):
    """What we remember of a source between runs, and who is working on it now."""

    __tablename__ = "source"
    source: str = Field(primary_key=True)
    city: str
    runs: int = 0
    failures: int = 0
    unidentified: int = 0
    next_due: str | None = None
    last_outcome: str | None = None
    last_job: int | None = None
    last_started_at: str | None = None
    last_complete_at: str | None = None
    lease_owner: str | None = None
    lease_until: str | None = None
    running_job: int | None = None
    requested: bool = False


class JobRow(Row, table=True):
    __tablename__ = "job"
    __table_args__ = (Index("ix_job_source_id", "source", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    source: str
    city: str
    outcome: str | None = None
    started_at: str
    finished_at: str | None = None
    duration_s: float = 0.0
    complete: bool = False
    declared_total: int | None = None
    seen: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int = 0
    withdrawn: int = 0
    restored: int = 0
    issues: int = 0
    requests: int = 0
    bytes: int = 0
    held_reason: str | None = Field(default=None, sa_type=Text)
    decision: str | None = Field(default=None, index=True)
    error: str | None = Field(default=None, sa_type=Text)
    evidence: str = Field(default="{}", sa_type=Text)


class JobIssueRow(Row, table=True):
    """Faults of a run that belong to no stored dataset: a record without identity, a wrong charset."""

    __tablename__ = "job_issue"
    id: int | None = Field(default=None, primary_key=True)
    job: int = Field(sa_column=Column(ForeignKey("job.id"), index=True, nullable=False))
    stage: str
    code: str
    field: str | None = None
    value: str | None = Field(default=None, sa_type=Text)
    record: str | None = Field(default=None, sa_type=Text)


class DatasetRow(Row, table=True):
    """One dataset of one source. `last_seen` is written when it goes missing; while present its source's last run
    tells."""

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("source", "identifier"),
        Index("ix_dataset_tally", "city", "source", "state", "issue_count"),
    )
    id: str = Field(primary_key=True)
    source: str
    city: str
    identifier: str = Field(sa_type=Text)
    alias: str | None = Field(default=None, sa_type=Text)
    state: str
    first_seen: str
    last_seen: str
    missing_since: str | None = None
    missing_runs: int = 0
    raw_hash: bytes = Field(sa_type=LargeBinary)
    mapper: str
    fingerprint: bytes = Field(sa_type=LargeBinary)
    title: str = Field(sa_type=Text)
    publisher: str | None = Field(default=None, sa_type=Text)
    license: str | None = Field(default=None, sa_type=Text)
    license_open: bool | None = None
    frequency: str | None = Field(default=None, sa_type=Text)
    issued: str | None = None
    modified: str | None = None
    federated: bool = False
    issue_count: int = 0
    issues: str | None = Field(default=None, sa_type=Text)
    restless: str | None = Field(default=None, sa_type=Text)
    document: str = Field(sa_type=Text)


class DistributionRow(Row, table=True):
    __tablename__ = "distribution"
    dataset: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    position: int
    title: str | None = Field(default=None, sa_type=Text)
    access_url: str | None = Field(default=None, sa_type=Text)
    download_url: str | None = Field(default=None, sa_type=Text)
    format: str | None = Field(default=None, sa_type=Text)
    media_type: str | None = Field(default=None, sa_type=Text)
    byte_size: int | None = Field(default=None, sa_type=BigInteger)
    license: str | None = Field(default=None, sa_type=Text)
    document: str = Field(sa_type=Text)


class ContactRow(Row, table=True):
    """Contact persons: the one place in the catalogue where personal data stand. Documents and changes hold keys
    only."""

    __tablename__ = "contact"
    key: str = Field(primary_key=True)
    name: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    url: str | None = Field(default=None, sa_type=Text)


class RawRow(Row, table=True):
    """Records as received, compressed, once per distinct content; kept while in use and for the retention after
    that."""

    __tablename__ = "raw"
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    source: str = Field(index=True)
    identifier: str = Field(sa_type=Text)
    stored_at: str
    body: bytes = Field(sa_type=LargeBinary)


class ChangeRow(Row, table=True):
    __tablename__ = "change"
    __table_args__ = (Index("ix_change_dataset_id", "dataset", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    dataset: str
    source: str
    job: int | None = Field(default=None, index=True)
    at: str = Field(index=True)
    kind: str
    fields: str | None = Field(default=None, sa_type=Text)


class ValidatorRow(Row, table=True):
    """ETag and Last-Modified of every page of the last complete listing, in order."""

    __tablename__ = "validator"
    source: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    url: str = Field(sa_type=Text)
    etag: str | None = Field(default=None, sa_type=Text)
    last_modified: str | None = None
    accept: str = "*/*"


class DecisionRow(Row, table=True):
    """What a person decided on a held job, and why. `digest` names the suspicious set, so that it is not asked
    again."""

    __tablename__ = "decision"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    job: int
    digest: str
    verdict: str
    reason: str = Field(sa_type=Text)
    by: str
    at: str


def table_of(row: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a row class."""
    return row.__table__  # type: ignore[attr-defined,no-any-return]
