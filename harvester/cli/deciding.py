"""`held`, `release` and `reject`: a person decides on a suspicious removal, with the evidence in view and a reason."""

import getpass
import os
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from catalog.export.shapes import job_shape
from catalog.journal import Decision, HarvestJob
from catalog.store import inventory, jobs
from catalog.store.decisions import Judgement, decide
from catalog.store.mapping import shown
from config.faults import ConfigError, Fault
from harvester.cli.output import LARGEST_NUMBER, day, emit, say
from harvester.cli.workplace import Workplace

Number = Annotated[int, typer.Argument(help="Number of the held job.", min=1, max=LARGEST_NUMBER)]
Why = Annotated[str, typer.Option("--why", help="The reason, kept with the decision.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
SHOWN = 10
COMMANDS = {Decision.RELEASED: "release", Decision.REJECTED: "reject"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("held")(held_command)
    app.command("release")(release_command)
    app.command("reject")(reject_command)


def held_command(context: typer.Context, json: Json = False) -> None:
    """Suspicious removals that wait for a person."""
    place: Workplace = context.obj
    with place.store.read() as db:
        waiting = jobs.held(db)
    if json:
        emit({"held": [{**job_shape(job), "evidence": job.evidence} for job in waiting]})
        return
    titles = _titles(place, waiting)
    for job in waiting:
        _show(job, titles)
    if not waiting:
        say("Nothing waits for a decision.")


def _titles(place: Workplace, waiting: Sequence[HarvestJob]) -> dict[str, str]:
    """Id -> title of the datasets that are shown as evidence."""
    ids = [id_ for job in waiting for id_ in job.evidence.get("unseen", ())[:SHOWN]]
    with place.store.read() as db:
        records = [inventory.dataset(db, id_) for id_ in ids]
    return {record.id: shown(record.dataset.title) for record in records if record}


def _show(job: HarvestJob, titles: Mapping[str, str]) -> None:
    say(f"job {job.id}  {job.source} ({job.city})  {day(job.started_at)}")
    say(f"  {job.held_reason}")
    evidence = job.evidence
    numbers = {"known": evidence.get("known"), "seen": job.counts.seen, "unseen": evidence.get("unseen_count")}
    say("  " + ", ".join(f"{name} {number}" for name, number in numbers.items()))
    for pair in evidence.get("pairs", ())[:SHOWN]:
        say(f"  same {pair['basis']}: {pair['old']} -> {pair['new']}  {pair['title']}")
    if not evidence.get("pairs"):
        for id_ in evidence.get("unseen", ())[:SHOWN]:
            say(f"  not seen: {id_}  {titles.get(id_, '')}")
    more = (len(evidence.get("pairs", ())) or len(evidence.get("unseen", ()))) - SHOWN
    if more > 0:
        say(f"  and {more} more: `held --json`")
    say(f"  decide: `release {job.id} --why ...` if they are really gone, `reject {job.id} --why ...` if not")


def release_command(context: typer.Context, job: Number, why: Why, json: Json = False) -> None:
    """Carry out what a held job found: the removals, or the new identifiers."""
    _decide(context.obj, job, Decision.RELEASED, why, json=json)


def reject_command(context: typer.Context, job: Number, why: Why, json: Json = False) -> None:
    """Keep everything as it was; the same set is not asked again."""
    _decide(context.obj, job, Decision.REJECTED, why, json=json)


def user_name() -> str:
    """Who is at the keyboard; a container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _decide(place: Workplace, number: int, verdict: Decision, why: str, *, json: bool) -> None:
    if not why.strip():
        raise ConfigError([Fault(COMMANDS[verdict], "--why", "a reason is needed; it is kept with the decision")])
    judgement = Judgement(verdict, why.strip(), user_name(), place.now())
    with place.store.write() as db:
        decide(db, number, judgement)
    with place.store.read() as db:
        after = jobs.job(db, number)
    assert after is not None
    if json:
        emit(job_shape(after))
    else:
        say(f"job {number} of {after.source} is {verdict.value}; `run {after.source}` reads the portal again now")
