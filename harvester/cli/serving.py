"""`serve` and `demo`: the dashboard with the schedule, and a whole simulated world to look at."""

import logging
import os
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alerts.metrics import render
from catalog.web.app import Dashboard, create_app
from harvester.cli.output import ERRORS, complain
from harvester.cli.workplace import Workplace, program_version
from harvester.demo.film import shoot
from harvester.service import Schedule

DEMO_FOLDER = Path("var/demo")

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where to listen.")]
Host = Annotated[str, typer.Option("--host", help="On which address to listen.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve_command)
    app.command("demo")(demo_command)


def serve_command(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    no_schedule: Annotated[bool, typer.Option("--no-schedule", help="Dashboard only; nothing is harvested.")] = False,
) -> None:
    """The dashboard, the API, /metrics and, unless told not to, the schedule."""
    place: Workplace = context.obj
    serve(place, host, port, schedule=not no_schedule)


def serve(place: Workplace, host: str, port: int, *, schedule: bool) -> None:
    """Serve until interrupted. A demo has no portals to poll any more: it gets no schedule."""
    scheduled = schedule and place.demo_as_of is None
    with ExitStack() as stack:
        if scheduled:
            settings = place.settings.schedule
            worker = Schedule(place.sources, place.tools(), settings.workers, settings.tick_s)
            stack.enter_context(worker.ticking())
        app = create_app(dashboard(place, scheduled=scheduled))
        complain(f"Datapeil listens on http://{host}:{port}/ (stop with Ctrl-C)")
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)


def dashboard(place: Workplace, *, scheduled: bool) -> Dashboard:
    """What the pages show, handed over: the web knows neither configuration files nor the harvester."""
    names = {city.id: city.name("nl") for city in place.cities}
    version = program_version()
    return Dashboard(
        store=place.store,
        cities=names,
        sources=place.sources,
        clock=place.now,
        metrics=lambda: render(place.store, place.sources, version),
        demo=place.demo_as_of is not None,
        tick_s=place.settings.schedule.tick_s if scheduled else None,
        version=version,
    )


def demo_command(
    context: typer.Context,
    port: Port = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Build the demo and end.")] = False,
) -> None:
    """Live through ten simulated years of fourteen portals with the real pipeline, then serve the dashboard."""
    logging.getLogger("datapeil").setLevel(logging.WARNING)
    config = _film(DEMO_FOLDER)
    complain(f"Demonstration: simulated portals. Look into it with `--config {config}`, for example `status`.")
    if not no_serve:
        demo = Workplace(config)
        context.call_on_close(demo.close)
        serve(demo, "127.0.0.1", port, schedule=False)


def _film(folder: Path) -> Path:
    """Build the demo, with a bar on a terminal and a line a year elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    drawn = os.isatty(2)
    with Progress(*columns, console=ERRORS, disable=not drawn) as progress:
        bar = progress.add_task("simulated years", total=None)
        year = 0

        def told(number: int, total: int, moment: datetime) -> None:
            nonlocal year
            progress.update(bar, completed=number, total=total, description=f"simulated day {moment:%Y-%m-%d}")
            if moment.year != year and not drawn:
                complain(f"{moment.year}: {number} of {total} polls")
            year = moment.year

        return shoot(folder, told)
