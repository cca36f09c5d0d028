"""A portal whose datasets and faults the test sets, with a workshop that harvests it. All five kinds that list."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.journal import HarvestJob
from catalog.store import jobs
from config.source import HarvestSource
from harvester.demo import dialects
from harvester.demo.portal import Answer, App, Portal, Request
from harvester.demo.truth import Dialect, SimDataset, invented
from tests.harvester.conftest import LOOPBACK, Workshop

GOOD = ("succeeded", "succeeded_with_issues", "not_modified")
QUICK = replace(LOOPBACK, retries=1)
ENTRIES = {
    "entry": "div.views-row",
    "title": "h3",
    "description": ".omschrijving",
    "marker": "p.leeg",
    "allow_empty": True,
}
CONDITIONS = ("if-none-match", "if-modified-since")
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "ckan": ("", {"page_size": 10}),
    "opendatasoft": ("", {"page_size": 10}),
    "arcgis_hub": ("", {}),
    "dcat": ("/catalog.ttl", {}),
    "html": ("/opendata", ENTRIES),
}
"""Kind -> where below the portal's root the source looks, and its options: five pages of ten where the kind pages."""

SPEAKERS: dict[str, Callable[[Callable[[], Sequence[SimDataset]]], Dialect]] = {
    "ckan": dialects.ckan,
    "opendatasoft": dialects.opendatasoft,
    "arcgis_hub": dialects.arcgis_hub,
    "dcat": dialects.dcat,
    "html": dialects.html_list,
}


@dataclass
class Stage:
    """One portal of one kind and what we harvest from it. `datasets` is what the portal truly holds."""

    workshop: Workshop
    portal: Portal
    kind: str
    dialect: Dialect
    datasets: tuple[SimDataset, ...] = field(default_factory=lambda: invented(40))
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> HarvestSource:
        path, options = KINDS[self.kind]
        values = {"id": "gent", "city": "gent", "kind": self.kind, "url": self.portal.url + path, "options": options}
        return HarvestSource.model_validate({**values, **self.values})

    def harvest(self, fault: Callable[[Dialect], App] | None = None, **limits: float) -> HarvestJob:
        """One real run, with the fault over the portal while it lasts. `limits` replace those of the removal guards."""
        self.portal.app = unconditional(fault(self.dialect)) if fault else self.dialect
        try:
            return self.workshop.harvest(self.source, **limits)
        finally:
            self.portal.app = self.dialect

    def drop(self, count: int) -> None:
        """The portal loses its last datasets."""
        self.datasets = self.datasets[: len(self.datasets) - count]

    def edit(self, index: int, **values: Any) -> None:
        """One dataset of the portal changes."""
        items = list(self.datasets)
        items[index] = replace(items[index], **values)
        self.datasets = tuple(items)

    def inventory(self) -> list[dict[str, Any]]:
        """All that is known, but for when it was last seen."""
        return [{**shape, "last_seen": None} for shape in self.workshop.datasets()]

    def states(self) -> list[str]:
        """The states of the datasets in order of identifier."""
        return [state for _, state in sorted(self.workshop.states().items())]


def unconditional(app: App) -> App:
    """The same without 304: what is broken does not tell that nothing changed."""

    def answer(request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in CONDITIONS}
        return app(replace(request, headers=headers))

    return answer


@contextmanager
def staged(workshop: Workshop, kind: str = "ckan", count: int = 40, **values: Any) -> Iterator[Stage]:
    """A portal of some kind that listens. `values` are those of the source file."""
    workshop.http = QUICK
    with Portal(lambda request: stage.dialect(request)) as portal:
        stage = Stage(workshop, portal, kind, SPEAKERS[kind](lambda: stage.datasets), invented(count), values)
        yield stage


@dataclass
class Trial:
    """A portal that was harvested well once; then it fails."""

    stage: Stage
    before: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> "Trial":
        first = self.stage.harvest()
        assert first.outcome in GOOD
        assert (first.complete, first.counts.created) == (True, 40), first
        self.before = self.stage.inventory()
        return self

    def under(self, fault: Callable[[Dialect], App], **http: Any) -> HarvestJob:
        """The job of a run under the fault, after which every dataset is still there and none is new."""
        self.stage.workshop.http = replace(QUICK, **http)
        job = self.stage.harvest(fault)
        self.stage.workshop.http = QUICK
        assert (job.counts.missing, job.counts.withdrawn, job.counts.created) == (0, 0, 0), job
        assert set(self.stage.states()) == {"present"}
        assert len(self.stage.states()) == 40
        return job

    def untouched(self) -> bool:
        """Whether the fault changed nothing at all in the catalogue."""
        return self.stage.inventory() == self.before

    def repaired(self) -> None:
        """The next good run makes everything as it was."""
        job = self.stage.harvest()
        assert job.outcome in GOOD, job
        assert job.complete
        assert self.stage.inventory() == self.before
        with self.stage.workshop.store.read() as db:
            assert not jobs.held(db)


def failed(job: HarvestJob, kind: str, status: int | None = None) -> bool:
    """No usable page: failed, nothing seen, and the error names kind, status and address."""
    assert job.error is not None
    assert job.error.url is not None
    assert job.error.message
    found = (job.outcome, job.complete, job.counts.seen, job.error.kind, job.error.status)
    return found == ("failed", False, 0, kind, status)


def partial(job: HarvestJob, seen: int, kind: str | None = None) -> bool:
    """What was read is kept, nothing is proven."""
    assert "incomplete" in job.evidence
    found = (job.outcome, job.complete, job.counts.seen, job.error.kind if job.error else None)
    return found == ("partial", False, seen, kind)
