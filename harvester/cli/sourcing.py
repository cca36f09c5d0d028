"""`sources`, `sources check` and `sources probe`: what is configured, whether it is right, and a start for a new
one."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from catalog.condition import condition
from catalog.export.shapes import source_shape
from catalog.store.board import source_reports
from config.faults import ConfigError, Fault, shown
from config.source import http_url
from harvester.cli.output import ago, complain, emit, say, table, write
from harvester.cli.workplace import Workplace
from harvester.probe import probe, source_file

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    listing = typer.Typer(help="The portals to harvest.", invoke_without_command=True)
    listing.callback()(sources_command)
    listing.command("check")(check_command)
    listing.command("probe")(probe_command)
    app.add_typer(listing, name="sources")


def sources_command(context: typer.Context, json: Json = False) -> None:
    """List every source with its condition."""
    if context.invoked_subcommand is not None:
        return
    place: Workplace = context.obj
    now = place.now()
    with place.store.read() as db:
        reports = [(report, condition(report, now)) for report in source_reports(db, place.sources)]
    if json:
        emit({"sources": [source_shape(report, found) for report, found in reports]})
        return
    header = ("source", "city", "kind", "condition", "last complete", "url", "reason")
    table(
        header,
        [
            (r.source, r.city, r.kind, found, ago(r.state.last_complete_at if r.state else None, now), r.url, r.reason)
            for r, found in reports
        ],
        cut=["url", "reason"],
    )


def check_command(context: typer.Context, json: Json = False) -> None:
    """Validate the configuration: every fault at once, with file and key."""
    place: Workplace = context.obj
    place.check()
    settings, sources = place.settings, place.sources
    enabled = sum(source.enabled for source in sources)
    if json:
        emit({"faults": [], "sources": len(sources), "enabled": enabled})
    else:
        say(f"{len(sources)} sources in {settings.datapeil.sources}, {enabled} of them enabled: no fault found")


def probe_command(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The address of an unknown portal.")],
    city: Annotated[str | None, typer.Option("--city", help="The city it belongs to, for the source file.")] = None,
    json: Json = False,
) -> None:
    """Fingerprint a portal and print a ready source file."""
    place: Workplace = context.obj
    known = place.city(city)
    _require_address(url)
    with place.turn, place.door.session(turn=place.turn) as fetch:
        finding = probe(fetch, url)
    file = source_file(finding, known or "CITY", datetime.now(UTC).date())
    if json:
        emit({"url": url, "kind": finding.kind, "software": finding.software, "source_file": file})
        raise typer.Exit(0 if finding.kind else 1)
    for line in finding.evidence:
        complain(line)
    if finding.kind is None:
        complain("No catalog that we can harvest was found there; this file only keeps an eye on the address.")
    write(file)
    complain(f"Save it as {place.settings.datapeil.sources}/NAME.toml, then: `sources check`, `run NAME --dry-run`.")
    if finding.kind is None:
        raise typer.Exit(1)


def _require_address(url: str) -> None:
    try:
        http_url(url)
    except ValueError as error:
        raise ConfigError([Fault("sources probe", shown(url), str(error))]) from None
