"""`status`, `datasets`, `history`, `jobs`, `export` and `migrate`: what we know, now or as it was known on a date."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from catalog.condition import CityReport
from catalog.export import FORMATS, LATER
from catalog.export.shapes import change_shape, city_shape, dataset_shape, job_shape
from catalog.export.tabular import csv_chunks
from catalog.journal import HarvestJob, timestamp
from catalog.model import CatalogRecord, State
from catalog.store import inventory, jobs, past
from catalog.store.board import city_reports
from catalog.store.decisions import decisions_on
from catalog.store.inventory import Wanted
from catalog.store.mapping import shown
from config.faults import ConfigError, Fault
from harvester.cli.harvesting import explanation
from harvester.cli.output import LARGEST_NUMBER, ago, day, emit, say, table, write
from harvester.cli.workplace import Workplace

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
City = Annotated[str | None, typer.Option("--city", help="Id of a city.")]
SHOWN_TITLE = 70
ISSUE_HEADER = ("stage", "issue", "field", "record", "value")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status")(status_command)
    app.command("datasets")(datasets_command)
    app.command("history")(history_command)
    listing = typer.Typer(help="Runs with their counts, issues and evidence.", invoke_without_command=True)
    listing.callback()(jobs_command)
    listing.command("show")(job_command)
    app.add_typer(listing, name="jobs")
    app.command("export")(export_command)
    app.command("migrate")(migrate_command)


def status_command(context: typer.Context, json: Json = False) -> None:
    """One row per city: state of its sources, last complete harvest, counts, level, open alerts."""
    place: Workplace = context.obj
    names = {city.id: city.name("nl") for city in place.cities}
    now = place.now()
    with place.store.read() as db:
        reports = city_reports(db, names, place.sources, now)
    if json:
        emit(
            {
                "as_of": timestamp(now),
                "demo": place.demo_as_of is not None,
                "cities": [city_shape(one) for one in reports],
            }
        )
        return
    if place.demo_as_of:
        say("Demonstration: simulated portals.")
    header = ("city", "sources", "last complete", "present", "missing", "withdrawn", "level", "alerts")
    table(header, [_status_row(report, now) for report in reports], cut=["sources"])


def _status_row(report: CityReport, now: datetime) -> tuple[object, ...]:
    active = [f"{source.source} {found}" for source, found in report.sources if source.enabled]
    shape = city_shape(report)
    return (
        report.name,
        ", ".join(active) or "none enabled",
        ago(report.complete_at, now),
        report.present,
        report.missing,
        report.withdrawn,
        "not yet measured",
        shape["alerts"],
    )


def datasets_command(  # noqa: PLR0913  every option of the command
    context: typer.Context,
    city: City = None,
    source: Annotated[str | None, typer.Option("--source", help="Id of a source.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only datasets in this state.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="As it was known at the end of that day.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
    json: Json = False,
) -> None:
    """The inventory, now or as it was known on a date."""
    place: Workplace = context.obj
    records = _records(place, Wanted(place.city(city), place.source(source), state, _moment(as_of)))
    if json:
        emit({"datasets": [dataset_shape(record) for record in records]})
    elif csv:
        _pour(csv_chunks(records), None)
    else:
        header = ("id", "source", "state", "last seen", "issues", "title")
        table(header, [_dataset_row(record) for record in records], cut=["title"])
        say(f"{len(records)} datasets")


def _records(place: Workplace, wanted: Wanted) -> list[CatalogRecord]:
    with place.store.read() as db:
        return inventory.datasets(db, wanted)


def _dataset_row(record: CatalogRecord) -> tuple[object, ...]:
    title = shown(record.dataset.title) or record.dataset.identifier
    return record.id, record.source, record.state, day(record.last_seen), len(record.issues), title[:SHOWN_TITLE]


def _moment(text: str | None) -> str | None:
    """The last moment of a day, or the given moment, as it is stored."""
    if text is None:
        return None
    try:
        if len(text) <= len("2026-11-23"):
            return timestamp(datetime.combine(date.fromisoformat(text), time.max, UTC))
        moment = datetime.fromisoformat(text)
        return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        message = 'expected a date such as 2026-11-23, or a moment such as "2026-11-23T12:00:00Z"'
        raise ConfigError([Fault("--as-of", text, message)]) from None


def history_command(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Our id of the dataset.")],
    json: Json = False,
) -> None:
    """Every change of one dataset, field by field."""
    place: Workplace = context.obj
    with place.store.read() as db:
        record = inventory.dataset(db, dataset)
        changes = past.changes_of(db, dataset)
    if record is None:
        raise ConfigError([Fault("history", dataset, "there is no such dataset; `datasets` lists them")])
    if json:
        emit({"dataset": dataset_shape(record), "changes": [change_shape(change) for change in changes]})
        return
    say(f"{record.id}  {shown(record.dataset.title)}  ({record.source}, {record.state})")
    for change in changes:
        say(f"{day(change.at)}  {change.kind}" + (f"  job {change.job}" if change.job else ""))
        for path, (before, after) in change.fields.items():
            say(f"    {path}: {before if before is not None else '-'} -> {after if after is not None else '-'}")


def jobs_command(
    context: typer.Context,
    source: Annotated[str | None, typer.Option("--source", help="Id of a source.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many, newest first.")] = 20,
    json: Json = False,
) -> None:
    """Runs with their counts, newest first."""
    if context.invoked_subcommand is not None:
        return
    place: Workplace = context.obj
    with place.store.read() as db:
        found = jobs.jobs(db, place.source(source), limit)
    if json:
        emit({"jobs": [job_shape(job) for job in found]})
        return
    header = (
        "job",
        "started",
        "source",
        "outcome",
        "seen",
        "new",
        "changed",
        "missing",
        "gone",
        "back",
        "issues",
        "error",
    )
    table(header, [_job_row(job) for job in found])


def _job_row(job: HarvestJob) -> tuple[object, ...]:
    counts = job.counts
    moved = (
        counts.seen,
        counts.created,
        counts.updated,
        counts.missing,
        counts.withdrawn,
        counts.restored,
        counts.issues,
    )
    return (
        job.id,
        day(job.started_at),
        job.source,
        job.outcome or "running",
        *moved,
        job.error.kind if job.error else "",
    )


def job_command(
    context: typer.Context,
    job: Annotated[int, typer.Argument(help="Number of the job.", min=1, max=LARGEST_NUMBER)],
    json: Json = False,
) -> None:
    """One run: counts, evidence, issues, what it changed and what was decided on it."""
    place: Workplace = context.obj
    with place.store.read() as db:
        found = jobs.job(db, job)
        issues = jobs.issues_of(db, job)
        changes = past.changes_by(db, job)
        decisions = decisions_on(db, job)
    if found is None:
        raise ConfigError([Fault("jobs show", str(job), "there is no such job; `jobs` lists them")])
    if json:
        shape = {**job_shape(found), "evidence": found.evidence, "decisions": decisions}
        shape["issue_list"] = [
            {"stage": i.stage, "code": i.code, "field": i.field, "value": i.value, "record": i.record} for i in issues
        ]
        emit(shape | {"changes": [change_shape(change) for change in changes]})
        return
    _show_job(found)
    for one in decisions:
        say(f"{one['verdict']} by {one['by']} at {day(one['at'])}: {one['reason']}")
    if issues:
        table(ISSUE_HEADER, [(i.stage, i.code, i.field, i.record, i.value) for i in issues], cut=["record", "value"])
    if changes:
        table(
            ("change", "dataset", "fields"), [(c.kind, c.dataset, ", ".join(c.fields)) for c in changes], cut=["fields"]
        )


def _show_job(job: HarvestJob) -> None:
    told = {name: value for name, value in job_shape(job).items() if value is not None and name != "error"}
    told |= {"outcome": job.outcome or "running", "complete": "yes" if job.complete else "no"}
    if job.error is not None:
        told["error"] = job.error.kind
    table(("what", "value"), list(told.items()), cut=["value"])
    for line in explanation(job):
        say(line)


def export_command(
    context: typer.Context,
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")],
    city: City = None,
    output: Annotated[Path | None, typer.Option("--output", help="A file; stdout without it.")] = None,
) -> None:
    """The catalogue in a format that others read."""
    place: Workplace = context.obj
    if format_ not in FORMATS:
        later = " comes with a later version" if format_ in LATER else " is unknown"
        raise ConfigError([Fault("export", format_, f"this format{later}; choose one of {', '.join(FORMATS)}")])
    _pour(FORMATS[format_](_records(place, Wanted(city=place.city(city)))), output)


def _pour(chunks: Iterable[bytes], output: Path | None) -> None:
    if output is None:
        for chunk in chunks:
            write(chunk)
        return
    try:
        with output.open("wb") as file:
            file.writelines(chunks)
    except OSError as error:
        raise ConfigError([Fault("--output", str(output), f"can't be written: {error.strerror}")]) from None


def migrate_command(context: typer.Context) -> None:
    """Bring the database to this version."""
    from catalog.migrations import migrate  # Alembic takes a quarter of a second that no other command should pay

    place: Workplace = context.obj
    before, after = migrate(place.settings.datapeil.database_url)
    if before == after:
        say(f"the database is at version {after} already; nothing was done")
    else:
        say(f"the database was {f'at version {before}' if before else 'empty'} and is at version {after} now")
