"""Every metric name of the system. What the store holds is read at scrape time, so that nothing removed stays behind.

Knows no web: the rendered text is handed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from catalog.condition import SourceReport, up
from catalog.journal import Outcome, moment
from catalog.model import State
from catalog.store.board import source_reports
from catalog.store.engine import Store
from catalog.store.inventory import state_counts
from catalog.store.jobs import outcome_counts
from catalog.store.reading import last_tick, reading
from config.source import HarvestSource

OF_SOURCE = ("city", "source")
Series = Iterable[tuple[tuple[str, ...], float]]
"""Values of the labels, in their order -> the value."""


def render(store: Store, sources: Sequence[HarvestSource], version: str) -> str:
    """All metrics in Prometheus' text format 0.0.4. Raises StoreError when the database does not answer."""
    registry = CollectorRegistry()
    registry.register(Scrape(observe(store, sources), version))
    return generate_latest(registry).decode()


@dataclass(frozen=True, slots=True)
class Observed:
    """What one scrape read from the store, in one transaction. `datasets`, `jobs`: by source and state or outcome."""

    reports: tuple[SourceReport, ...]
    datasets: Mapping[tuple[str, str], int]
    jobs: Mapping[tuple[str, str], int]
    tick: datetime | None

    @property
    def harvested(self) -> Iterator[SourceReport]:
        """The sources that are polled: only of these a last run says something about today."""
        return (report for report in self.reports if report.enabled)


def observe(store: Store, sources: Sequence[HarvestSource]) -> Observed:
    """Read the state of the configured sources."""
    with reading(store) as db:
        return Observed(
            reports=tuple(source_reports(db, sources)),
            datasets=_by_source(state_counts(db)),
            jobs=_by_source(outcome_counts(db)),
            tick=last_tick(db),
        )


def _by_source(counts: Mapping[tuple[str, str, str], int]) -> dict[tuple[str, str], int]:
    """Without the city as it was stored: the label is the city that the configuration names today."""
    found: dict[tuple[str, str], int] = {}
    for (_, source, which), count in counts.items():
        found[source, which] = found.get((source, which), 0) + count
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Scrape:
    """One scrape as prometheus_client collects it; it keeps collectors by identity."""

    observed: Observed
    version: str

    def collect(self) -> Iterator[Metric]:
        yield from inventory_metrics(self.observed)
        yield from harvest_metrics(self.observed)
        yield from source_metrics(self.observed)
        yield from own_metrics(self.observed, self.version)


def inventory_metrics(observed: Observed) -> Iterator[Metric]:
    """Datasets by state, and what waits for a person; of disabled sources too."""
    yield gauge(
        "datapeil_datasets",
        "Datasets by state.",
        (*OF_SOURCE, "state"),
        (
            ((*labels(report), state.value), observed.datasets.get((report.source, state.value), 0))
            for report in observed.reports
            for state in State
        ),
    )
    yield gauge(
        "datapeil_held_jobs",
        "Jobs held with suspicious removals, waiting for a person.",
        OF_SOURCE,
        ((labels(report), len(report.held)) for report in observed.reports),
    )


def harvest_metrics(observed: Observed) -> Iterator[Metric]:
    """How the runs of each source ended."""
    yield counter(
        "datapeil_harvest_jobs_total",
        "Runs since the beginning, by outcome.",
        (*OF_SOURCE, "outcome"),
        (
            ((*labels(report), outcome.value), observed.jobs.get((report.source, outcome.value), 0))
            for report in observed.reports
            for outcome in Outcome
        ),
    )
    yield gauge(
        "datapeil_harvest_last_outcome",
        "1 for the outcome of the last run, 0 for the others.",
        (*OF_SOURCE, "outcome"),
        (
            ((*labels(report), outcome.value), report.last is not None and report.last.outcome is outcome)
            for report in observed.harvested
            for outcome in Outcome
        ),
    )
    yield gauge(
        "datapeil_harvest_duration_seconds",
        "Duration of the last run.",
        OF_SOURCE,
        ((labels(report), report.last.duration_s) for report in observed.harvested if report.last),
    )
    yield gauge(
        "datapeil_harvest_records",
        "Records of the last run: listed, announced by the portal, and issues found.",
        (*OF_SOURCE, "kind"),
        (value for report in observed.harvested for value in _records(report)),
    )


def _records(report: SourceReport) -> Iterator[tuple[tuple[str, ...], float]]:
    last = report.last
    if last is None:
        return
    yield (*labels(report), "seen"), last.counts.seen
    if last.declared_total is not None:
        yield (*labels(report), "declared"), last.declared_total
    yield (*labels(report), "issues"), last.counts.issues


def source_metrics(observed: Observed) -> Iterator[Metric]:
    """How each polled source is doing now."""
    yield gauge(
        "datapeil_harvest_last_success_timestamp_seconds",
        "End of the last complete run.",
        OF_SOURCE,
        (
            (labels(report), moment(report.state.last_complete_at).timestamp())
            for report in observed.harvested
            if report.state and report.state.last_complete_at
        ),
    )
    yield gauge(
        "datapeil_harvest_interval_seconds",
        "How often the source is to be polled.",
        OF_SOURCE,
        ((labels(report), report.every.total_seconds()) for report in observed.harvested),
    )
    yield gauge(
        "datapeil_source_up",
        "Whether the portal answered at its last run: 1 up, 0 down; absent when unknown.",
        OF_SOURCE,
        ((labels(report), answered) for report in observed.harvested if (answered := up(report.last)) is not None),
    )


def own_metrics(observed: Observed, version: str) -> Iterator[Metric]:
    """Whether the monitor itself is alive, and which one it is."""
    if observed.tick is not None:
        yield gauge(
            "datapeil_scheduler_last_tick_timestamp_seconds",
            "When the schedule last looked for due sources.",
            (),
            [((), observed.tick.timestamp())],
        )
    yield gauge("datapeil_build_info", "Always 1; the label tells the version.", ("version",), [((version,), 1)])


def labels(report: SourceReport) -> tuple[str, str]:
    """The values of `city` and `source`."""
    return report.city, report.source


def gauge(name: str, meaning: str, names: Sequence[str], series: Series) -> GaugeMetricFamily:
    """A value that may go up and down."""
    family = GaugeMetricFamily(name, meaning, labels=names)
    for values, value in series:
        family.add_metric(values, value)
    return family


def counter(name: str, meaning: str, names: Sequence[str], series: Series) -> CounterMetricFamily:
    """A count that only grows."""
    family = CounterMetricFamily(name, meaning, labels=names)
    for values, value in series:
        family.add_metric(values, value)
    return family
