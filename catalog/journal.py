"""What happened: runs of a harvest, changes of datasets, what we remember of a source. Values only; knows no clock and
no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a job ended. Complete listings give the first three and `held`; the others prove nothing about absence."""

    SUCCEEDED = "succeeded"
    SUCCEEDED_WITH_ISSUES = "succeeded_with_issues"
    NOT_MODIFIED = "not_modified"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"
    ABORTED = "aborted"


GOOD = frozenset({Outcome.SUCCEEDED, Outcome.SUCCEEDED_WITH_ISSUES, Outcome.NOT_MODIFIED})


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"


class Decision(StrEnum):
    """What became of a held job: waiting, decided by a person, or overtaken by a later complete run."""

    OPEN = "open"
    RELEASED = "released"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


Fields = Mapping[str, tuple[Any, Any]]
"""Path of a field (`title.nl`, `distributions.<key>.format`) -> its JSON value before and after; null where absent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One event in the life of a dataset. `at`: ISO 8601 in UTC, the moment we observed it."""

    dataset: str
    kind: ChangeKind
    at: str
    job: int | None = None
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job could not do all: a kind of `interface.md`, one plain sentence, what was asked and the HTTP status."""

    kind: str
    message: str
    url: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of one job; see `interface.md` for what each counts. `bytes`: received, before decompression excluded."""

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


@dataclass(frozen=True, slots=True)
class HarvestJob:
    """One run of one source. Times are ISO 8601 in UTC; `evidence` is JSON: what the run saw and what the guards
    weighed."""

    id: int | None
    source: str
    city: str
    started_at: str
    finished_at: str | None = None
    outcome: Outcome | None = None
    complete: bool = False
    declared_total: int | None = None
    counts: Counts = field(default_factory=Counts)
    duration_s: float = 0.0
    held_reason: str | None = None
    decision: Decision | None = None
    error: JobError | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """What we remember of a source between runs. `runs` counts complete listings; `failures` counts bad runs in a row;
    `unidentified`: items without identity in the last complete listing."""

    source: str
    city: str
    runs: int = 0
    failures: int = 0
    unidentified: int = 0
    next_due: str | None = None
    last_outcome: Outcome | None = None
    last_job: int | None = None
    last_started_at: str | None = None
    last_complete_at: str | None = None
    running_job: int | None = None
    requested: bool = False


def timestamp(moment: datetime) -> str:
    """The one form in which moments are stored: `2026-11-23T22:15:00.000Z`, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(stamp: str) -> datetime:
    """The aware datetime that `timestamp` wrote."""
    return datetime.fromisoformat(stamp)
