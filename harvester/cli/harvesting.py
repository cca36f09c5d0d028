"""`run` and `replay`: harvesting now, and reading the stored records again."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog.export.shapes import job_shape
from catalog.journal import GOOD, Decision, HarvestJob, Outcome
from config.faults import ConfigError, Fault
from config.source import HarvestSource
from harvester.cli.output import ERRORS, complain, emit, say, table
from harvester.cli.workplace import Workplace
from harvester.job import rehearse
from harvester.replay import Difference, differences, replay
from harvester.service import run_all
from harvester.sources import KINDS
from harvester.tools import Tools

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
SHOWN_VALUE = 60


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("run")(run_command)
    app.command("replay")(replay_command)


def run_command(
    context: typer.Context,
    source: Annotated[list[str] | None, typer.Argument(help="Ids of sources; all enabled ones without it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; store nothing.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many records a source.")] = None,
    json: Json = False,
) -> None:
    """Harvest now, whatever is due or backing off."""
    place: Workplace = context.obj
    chosen = place.chosen(source or [])
    _refuse(chosen, dry_run=dry_run)
    with _progress(place) as tools:
        if dry_run:
            done = [rehearse(one, tools, limit) for one in chosen]
        else:
            done = list(_harvested(chosen, replace(tools, stop_after=limit), place.settings.schedule.workers))
    order = {one.id: number for number, one in enumerate(chosen)}
    done.sort(key=lambda job: order[job.source])
    if json:
        emit({"jobs": [job_shape(job) for job in done]})
    else:
        _show(done)
    if len(done) < len(chosen) or any(job.outcome not in GOOD for job in done):
        raise typer.Exit(1)


def _refuse(chosen: Sequence[HarvestSource], *, dry_run: bool) -> None:
    faults = [
        Fault(f"{one.id}.toml", "kind", f"sources of kind {one.kind} can't be harvested by this version")
        for one in chosen
        if one.kind not in KINDS
    ]
    if not dry_run:
        faults += [
            Fault(f"{one.id}.toml", "enabled", f"the source is disabled{why(one)}; try `run {one.id} --dry-run`")
            for one in chosen
            if not one.enabled and one.kind in KINDS
        ]
    if not chosen:
        faults.append(Fault("sources", "", "no source is enabled"))
    if faults:
        raise ConfigError(faults)


def why(source: HarvestSource) -> str:
    """The reason why a source is disabled, where its file gives one."""
    return f" ({source.reason})" if source.reason else ""


def _harvested(chosen: Sequence[HarvestSource], tools: Tools, workers: int) -> Iterator[HarvestJob]:
    for source, job in run_all(chosen, tools, workers):
        if job is None:
            complain(f"{source.id}: is being harvested by another process; nothing was done")
        else:
            yield job


@contextmanager
def _progress(place: Workplace) -> Iterator[Tools]:
    """Tools that draw a bar per source, when stderr is a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERRORS, disable=not os.isatty(2)) as progress:
        bars: dict[str, int] = {}

        def told(source: str, seen: int, total: int | None) -> None:
            if source not in bars:
                bars[source] = progress.add_task(source, total=total)
            progress.update(bars[source], completed=seen, total=total)  # type: ignore[arg-type]

        yield replace(place.tools(), progress=told)


def _show(done: Sequence[HarvestJob]) -> None:
    header = ("source", "outcome", "seen", "new", "changed", "same", "missing", "gone", "back", "issues", "seconds")
    table(
        header,
        [
            (
                job.source,
                f"{job.outcome} (dry run)" if job.dry_run else job.outcome,
                job.counts.seen,
                job.counts.created,
                job.counts.updated,
                job.counts.unchanged,
                job.counts.missing,
                job.counts.withdrawn,
                job.counts.restored,
                job.counts.issues,
                f"{job.duration_s:.1f}",
            )
            for job in done
        ],
    )
    for job in done:
        for line in explanation(job):
            say(line)


def explanation(job: HarvestJob) -> list[str]:
    """What a person should know about a run that did not simply succeed."""
    lines = []
    if job.error is not None:
        where = f" ({job.error.url})" if job.error.url else ""
        lines.append(f"{job.source}: {job.error.message}{where}")
    if job.held_reason is not None:
        waits = job.decision is Decision.OPEN
        advice = f"; decide with `release {job.id} --why ...` or `reject {job.id} --why ...`" if waits else ""
        lines.append(f"{job.source}: held: {job.held_reason}{advice}")
    elif job.outcome is Outcome.PARTIAL and job.evidence.get("incomplete"):
        why = "" if job.error else f"{job.evidence['incomplete']}; "
        lines.append(f"{job.source}: {why}a part of a listing counts nothing as missing")
    return lines


def replay_command(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Id of a source.")],
    apply: Annotated[bool, typer.Option("--apply", help="Store today's reading.")] = False,
    json: Json = False,
) -> None:
    """Read the stored raw records again with today's code and show what would change."""
    place: Workplace = context.obj
    chosen = place.chosen([source])[0]
    found = list(differences(chosen, place.store))
    job = replay(chosen, place.store, place.now, place.settings.schedule.lease_s) if apply else None
    if json:
        shape = {"source": source, "applied": job is not None, "differences": [_difference_shape(one) for one in found]}
        emit(shape | ({"job": job_shape(job)} if job else {}))
    else:
        _show_differences(found)
        say(f"{len(found)} datasets read otherwise today" + (f"; stored as job {job.id}" if job else ""))
    if apply and job is None:
        complain(f"{source}: is being harvested; nothing was stored")
        raise typer.Exit(1)


def _difference_shape(one: Difference) -> dict[str, object]:
    fields = {path: list(values) for path, values in one.fields.items()}
    return {"dataset": one.dataset, "fields": fields, "fault": one.fault}


def _show_differences(found: Sequence[Difference]) -> None:
    for one in found:
        if one.fault is not None:
            say(f"{one.dataset}: {one.fault}")
        for path, (before, after) in one.fields.items():
            say(f"{one.dataset}  {path}: {_short(before)} -> {_short(after)}")


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= SHOWN_VALUE else f"{text[: SHOWN_VALUE - 3]}..."
