"""`serve` and `demo`: the dashboard with the schedule, and a whole simulated world to look at."""

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alerts.metrics import render
from catalog.web.dashboard import Dashboard
from config.faults import ConfigError, Fault
from harvester.cli.output import ERRORS, complain
from harvester.cli.workplace import Workplace, program_version
from harvester.demo.film import shoot
from harvester.service import Schedule

DEMO_FOLDER = Path("var/demo")
LOOPBACK = "127.0.0.1"
LAST_SECONDS = 3  # for answers under way
BACKLOG = 128  # connections that may wait

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where to listen.")]
Host = Annotated[str, typer.Option("--host", help="On which address to listen.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve_command)
    app.command("demo")(demo_command)


def serve_command(
    context: typer.Context,
    host: Host = LOOPBACK,
    port: Port = 8000,
    no_schedule: Annotated[bool, typer.Option("--no-schedule", help="Dashboard only; nothing is harvested.")] = False,
) -> None:
    """The dashboard, the API, /metrics and, unless told not to, the schedule."""
    place: Workplace = context.obj
    with listening("serve", host, port) as door:
        serve(place, door, schedule=not no_schedule)


@contextmanager
def listening(command: str, host: str, port: int) -> Iterator[socket.socket]:
    """The address to serve on, taken before anything else begins. Raises ConfigError when it can't be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        door = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "is in use by another program; choose another --port" if taken else "can't be listened on"
        raise ConfigError([Fault(command, f"{host}:{port}", reason)]) from None
    with door:
        yield door


def serve(place: Workplace, door: socket.socket, *, schedule: bool) -> None:
    """Serve until interrupted. A demo has no portals to poll any more: it gets no schedule."""
    import uvicorn  # the web takes a quarter of a second that no other command should pay

    from catalog.web.app import create_app

    scheduled = schedule and place.demo_as_of is None
    app = create_app(dashboard(place, scheduled=scheduled))
    # Without lifespan, as the app has none: a second Ctrl-C would end it with a traceback.
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    with ExitStack() as stack:
        if scheduled:
            settings = place.settings.schedule
            worker = Schedule(place.sources, place.tools(), settings.workers, settings.tick_s)
            stack.enter_context(worker.ticking())
        host, port = door.getsockname()[:2]
        complain(f"Datapeil listens on http://{f'[{host}]' if ':' in host else host}:{port}/ (stop with Ctrl-C)")
        # It sends itself the signal that ended it once more; by then there is nothing left to interrupt.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[door])


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
    with nullcontext() if no_serve else listening("demo", LOOPBACK, port) as door:
        config = _film(DEMO_FOLDER)
        complain("Demonstration: simulated portals. Look into it, for example with:")
        for command in ("status", "held", "datasets --city gent --as-of 2020-01-01"):
            complain(f"  {invocation()} --config {config} {command}")
        if door is not None:
            demo = Workplace(config)
            context.call_on_close(demo.close)
            serve(demo, door, schedule=False)


def invocation() -> str:
    """How this program was called, to be called again: the module, or the console script."""
    module = Path(sys.argv[0]).name == "__main__.py"
    return f"{sys.executable} -m harvester" if module else sys.argv[0]


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
