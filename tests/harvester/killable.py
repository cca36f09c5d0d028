"""A process whose children harvest and are killed. Run as `python -m tests.harvester.killable DATABASE SOURCE`.

Each line of its input is a moment and the seconds after which the child gets SIGKILL; each line of its output tells
whether the child ended by itself or was killed, and after how many seconds. Imports once, so that a child costs little.
"""

import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from catalog.removal import Limits
from catalog.store.engine import open_store
from config.source import HarvestSource
from harvester.fetch.door import Door
from harvester.job import run
from harvester.tools import Tools
from tests.harvester.conftest import LOOPBACK, trust

PATIENT = replace(LOOPBACK, read_s=60, deadline_s=120)


def harvest(database: str, source: HarvestSource, now: datetime) -> None:
    """One run, as any process would do it."""
    door = Door(PATIENT, "Datapeil-test/0", tls=trust())
    tools = Tools(open_store(database), lambda _: door.session(), Limits(), lambda: now, strict=True)
    run(source, tools)
    tools.store.close()


def warm_up(source: HarvestSource) -> None:
    """A run into a database of its own, so that every child finds imports, vocabularies and certificates loaded."""
    with TemporaryDirectory() as folder:
        harvest(f"sqlite:///{folder}/warm.db", source, datetime.now(UTC))


def killed_after(seconds: float, child: int) -> tuple[str, float]:
    """Waits for the child at most so long, then kills it; it is ours and not yet waited for, so the number is its."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if os.waitpid(child, os.WNOHANG)[0]:
            return "ended", time.monotonic() - begun
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return ("killed" if os.WIFSIGNALED(status) else "ended"), time.monotonic() - begun


def main() -> None:
    database, source = sys.argv[1], HarvestSource.model_validate_json(sys.argv[2])
    warm_up(source)
    for line in sys.stdin:
        moment, seconds = line.split()
        child = os.fork()
        if child == 0:
            harvest(database, source, datetime.fromisoformat(moment))
            os._exit(0)
        how, after = killed_after(float(seconds), child)
        print(how, after, flush=True)  # noqa: T201  the answer


if __name__ == "__main__":
    main()
