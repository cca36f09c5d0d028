"""The commands and what is common to them: `--config`, logging, exit codes. Never a traceback for what a user can
cause."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import orjson
import typer

from catalog.store.decisions import NotHeldError
from catalog.store.engine import StoreError, plainly_told
from config.faults import ConfigError, Fault
from harvester.cli import deciding, harvesting, reading, serving, sourcing
from harvester.cli.output import LogLines, complain, drop_output, finish, prepare_streams
from harvester.cli.workplace import Workplace, program_version
from harvester.service import calm_collector

USAGE = 2
STOPPED = 130

app = typer.Typer(
    name="datapeil",
    help="Harvests and gauges the open data catalogues of the Flemish centre cities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (harvesting, serving, reading, deciding, sourcing):
    module.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"datapeil {program_version()}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", envvar="DATAPEIL_CONFIG", help="One TOML file; the defaults without it.")
    ] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log lines as JSON, for machines.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every request.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it and end.")
    ] = False,
) -> None:
    """Set the stage for every command."""
    _log(logging.DEBUG if verbose else logging.INFO, as_json=log_json)
    context.obj = Workplace(config)
    context.call_on_close(context.obj.close)


class JsonFormatter(logging.Formatter):
    """One log line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": self.formatTime(record), "level": record.levelname, "logger": record.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def _log(level: int, *, as_json: bool) -> None:
    handler = LogLines()
    handler.setFormatter(
        JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    for name in ("datapeil", "harvester"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


def main() -> None:
    """Run the command line. Exit code: 0 all good, 1 some job is not, 2 wrong usage or configuration."""
    calm_collector()
    prepare_streams()
    signal.signal(signal.SIGTERM, _interrupt)
    _leave(outcome())


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """A service manager's polite request ends a command as Ctrl-C does."""
    raise KeyboardInterrupt


def outcome() -> int:
    """What the command came to, with one line for each fault that a user can mend."""
    try:
        _readable_arguments()
        code = _ended()
        finish()
    except ConfigError as error:
        for fault in error.faults:
            complain(str(fault))
    except (StoreError, NotHeldError) as error:
        complain(str(error))
    except OSError as error:
        drop_output()
        complain(f"{error.filename or 'the output'}: can't be read or written: {error.strerror or error}")
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    else:
        return code
    return USAGE


def _ended() -> int:
    try:
        with plainly_told():
            app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
        if code == STOPPED:
            complain("stopped")  # Typer says nothing when it is interrupted
        return code
    return 0


def _readable_arguments() -> None:
    faults = [
        Fault("command line", f"argument {number}", "is not UTF-8 text")
        for number, text in enumerate(sys.argv[1:], 1)
        if any("\ud800" <= c <= "\udfff" for c in text)
    ]
    if faults:
        raise ConfigError(faults)


def _leave(code: int) -> None:
    """End the process, also while a portal keeps one of its threads waiting: what that job read is not stored."""
    if threading.active_count() == 1:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
