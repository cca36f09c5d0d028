"""A real store that a test fills as a harvest would: jobs by `start` and `settle`, datasets by `Staging`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.fingerprint import digest, fingerprint
from catalog.journal import Decision, HarvestJob, Outcome, SourceState, timestamp
from catalog.model import Dataset, Issue, State
from catalog.removal import Absent, Verdict
from catalog.store import jobs
from catalog.store.engine import Store
from catalog.store.mapping import dataset_id
from catalog.store.settle import Settlement, settle
from catalog.store.staging import Observation, Staging, Stamp
from config.source import HarvestSource

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def source(id_: str, city: str | None = None, **more: Any) -> HarvestSource:
    """A configured source, polled every six hours."""
    fields = {"kind": "ckan", "url": f"https://{id_}.example", "every": "6h", **more}
    return HarvestSource.model_validate({"id": id_, "city": city or id_, **fields})


@dataclass
class Ledger:
    """Writes runs into the store; all moments are given as hours before `NOW`."""

    store: Store

    def run(
        self,
        of: HarvestSource,
        ended: HarvestJob,
        hours_ago: float = 3,
        new: Sequence[Dataset] = (),
        verdict: Verdict | None = None,
    ) -> int:
        """One run that ended so; `new` are the datasets it found, each with one issue. Returns its number."""
        at = NOW - timedelta(hours=hours_ago)
        with self.store.write() as db:
            number = jobs.start(db, of.id, of.city, at - timedelta(minutes=1), 3600)
            assert number is not None
            job = replace(ended, id=number, source=of.id, city=of.city, finished_at=timestamp(at))
            before = jobs.source_state(db, of.id) or SourceState(of.id, of.city)
            due = timestamp(at + of.every)
            with Staging(Stamp(of.id, of.city, number, timestamp(at), "1")) as staging:
                for dataset in new:
                    staging.create(our_id(of, dataset), _observed(dataset))
                settle(db, staging, Settlement(job, verdict or Verdict(), before, apply_seen=True, next_due=due))
        return number


def our_id(of: HarvestSource, dataset: Dataset) -> str:
    """The id under which a new dataset is stored."""
    return dataset_id(of.city, of.id, dataset.identifier)


def ended(outcome: Outcome = Outcome.SUCCEEDED, **more: Any) -> HarvestJob:
    """How a run ended; complete unless told otherwise."""
    decision = Decision.OPEN if outcome is Outcome.HELD else None
    values = {"complete": True, "decision": decision, "duration_s": 1.5, **more}
    return HarvestJob(None, "", "", timestamp(NOW), outcome=outcome, **values)


def datasets(*names: str) -> list[Dataset]:
    """Datasets with these identifiers and titles."""
    return [Dataset(name, title={"nl": f"Dataset {name}"}) for name in names]


def gone(of: HarvestSource, dataset: Dataset) -> Absent:
    """A dataset that a run did not see."""
    return Absent(our_id(of, dataset), dataset.identifier, State.PRESENT)


def _observed(dataset: Dataset) -> Observation:
    raw = dataset.identifier.encode()
    issue = Issue("normalize", "unknown_license", "license", "vrij", dataset.identifier)
    return Observation(dataset.identifier, None, raw, digest(raw), fingerprint(dataset), dataset, (issue,))
