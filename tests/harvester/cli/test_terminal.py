"""The program as a shell starts it: real exit codes, pipes, narrow and poor terminals, Ctrl-C."""

import json
import os
import pty
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from subprocess import Popen

import pytest

from harvester.demo.portal import Answer
from tests.harvester.cli.conftest import Desk, Shell

HANGING = Answer(200, {"Content-Type": "application/json"}, [60.0])


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.05)


def test_program_when_run_then_its_exit_code_is_that_of_the_jobs(desk: Desk, shell: Shell) -> None:
    reply = shell("run", "--json")
    assert (reply.code, len(reply.json["jobs"])) == (0, 2)
    assert "INFO datapeil.job: gent: succeeded, 40 seen" in reply.err
    desk.spoil("gent", lambda _: Answer(403))
    assert shell("run").code == 1
    assert shell("run", "nergens").code == 2


@pytest.mark.parametrize("words", ["datasets", "datasets --csv", "export json"])
def test_program_when_its_reader_goes_away_then_it_ends_quietly_and_well(desk: Desk, shell: Shell, words: str) -> None:
    desk.shows("gent", 400)
    desk("run", "gent")
    reply = shell(*words.split(), pipe="| head -c 20")
    assert (reply.code, reply.err) == (0, "")
    assert len(reply.out.encode()) >= 20


def test_program_when_the_terminal_knows_ascii_only_then_it_still_speaks(desk: Desk, shell: Shell) -> None:
    desk("run", "gent")
    poor = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = shell("datasets", **poor)
    assert (shown.code, shown.err) == (0, "")
    assert "Gegevens over caf? 0" in shown.out
    titles = [one["title"]["nl"] for one in shell("datasets", "--json", **poor).json["datasets"]]
    assert "Gegevens over café 0" in titles


def test_program_when_stdout_is_closed_or_full_then_one_line_at_most(shell: Shell) -> None:
    closed = shell("status", pipe=">&-")
    assert (closed.code, closed.err) == (0, "")
    full = shell("status", "--json", pipe="> /dev/full")
    assert (full.code, full.err) == (2, "the output: can't be read or written: No space left on device\n")


def test_program_when_the_terminal_is_narrow_then_names_stay_whole(desk: Desk) -> None:
    desk("run", "gent")
    id_ = desk("datasets", "--source", "gent", "--json").json["datasets"][0]["id"]
    code, shown = at_a_terminal(desk.arguments("datasets"), columns=30)
    assert code == 0
    assert id_ in shown
    assert "Gegevens ov…" in shown
    assert "Gegevens over café" not in shown


def test_run_when_at_a_terminal_then_there_is_a_bar_and_the_log_stands_above_it(desk: Desk) -> None:
    code, shown = at_a_terminal(desk.arguments("run", "gent"), columns=160)
    assert code == 0
    assert "40/40" in shown
    (line,) = [line for line in shown.replace("\r", "\n").splitlines() if "INFO datapeil.job" in line]
    assert "━" not in line


def at_a_terminal(command: list[str], columns: int) -> tuple[int, str]:
    """Exit code of a command at a terminal of that width, and all that it drew."""
    child, terminal = pty.fork()
    if child == 0:
        try:
            ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.environ.pop("COLUMNS", None)
            os.environ["TERM"] = "xterm"
            os.execv(command[0], command)
        finally:
            os._exit(127)
    drawn = b""
    with open(terminal, "rb", buffering=0) as screen:  # noqa: PTH123  a descriptor, not a path
        while True:
            try:
                drawn += screen.read(65_536) or b""
            except OSError:  # the other side is gone
                break
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), drawn.decode("utf-8", "replace")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_run_when_interrupted_while_a_portal_hangs_then_it_ends_at_once_and_the_source_is_free(
    desk: Desk, shell: Shell, sign: signal.Signals
) -> None:
    desk.spoil("gent", lambda _: HANGING)
    with shell.start("run", "gent") as running:
        wait_for(lambda: len(desk.portals["gent"].requests) > 0)
        began = time.monotonic()
        running.send_signal(sign)
        out, err = running.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert (running.returncode, out, err) == (130, "", "stopped\n")
    desk.mend("gent")
    assert [job["outcome"] for job in desk("run", "gent", "--json").json["jobs"]] == ["succeeded"]
    assert [job["outcome"] for job in desk("jobs", "--json").json["jobs"]] == ["succeeded", "aborted"]


# --------------------------------------------------------------------------------------------------------------- serve
def port_of(serving: Popen[str]) -> int:
    assert serving.stderr is not None
    line = serving.stderr.readline()
    assert line.startswith("Datapeil listens on http://127.0.0.1:"), line
    return int(line.split("/")[2].rpartition(":")[2])


@pytest.fixture
def ask() -> Callable[[int, str], tuple[int, str]]:
    """GET a path of what is served on loopback."""
    from http.client import HTTPConnection

    def get(port: int, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return get


def test_serve_when_asked_then_it_answers_harvests_and_ends_at_once_though_a_portal_hangs(
    desk: Desk, shell: Shell, ask: Callable[[int, str], tuple[int, str]], unused_port: int
) -> None:
    desk.spoil("gent", lambda _: HANGING)
    with shell.start("serve", "--port", str(unused_port)) as serving:
        port = port_of(serving)
        assert ask(port, "/healthz")[0] == 200
        wait_for(lambda: len(desk.portals["gent"].requests) > 0)
        wait_for(lambda: "antwerpen" in ask(port, "/metrics")[1])
        assert ask(port, "/readyz")[0] == 200
        taken = shell("serve", "--port", str(port))
        assert (taken.code, taken.out) == (2, "")
        assert taken.faults == [f"serve: 127.0.0.1:{port}: is in use by another program; choose another --port"]
        began = time.monotonic()
        serving.send_signal(signal.SIGTERM)
        out, err = serving.communicate(timeout=20)
    assert time.monotonic() - began < 8
    assert (serving.returncode, out) == (0, "")
    assert "Traceback" not in err
    outcomes = {job["source"]: job["outcome"] for job in desk("jobs", "--json").json["jobs"]}
    assert outcomes == {"antwerpen": "succeeded", "gent": "aborted"}


def test_serve_when_without_schedule_then_nothing_is_harvested_and_ctrl_c_ends_it(
    desk: Desk, shell: Shell, ask: Callable[[int, str], tuple[int, str]], unused_port: int
) -> None:
    with shell.start("serve", "--no-schedule", "--port", str(unused_port)) as serving:
        assert ask(port_of(serving), "/")[0] == 200
        serving.send_signal(signal.SIGINT)
        serving.send_signal(signal.SIGINT)  # some hands are impatient
        out, err = serving.communicate(timeout=20)
    assert (serving.returncode, out, err) == (0, "", "")
    assert desk("jobs", "--json").json == {"jobs": []}


def test_serve_when_the_host_is_none_then_told(shell: Shell) -> None:
    reply = shell("serve", "--host", "999.1.1.1")
    assert (reply.code, reply.out) == (2, "")
    assert reply.faults == ["serve: 999.1.1.1:8000: can't be listened on"]


def test_program_when_started_then_commands_do_not_pay_for_what_they_do_not_use(shell: Shell) -> None:
    code = "import sys, json, harvester.cli.app; print(json.dumps(sorted(sys.modules)))"
    done = Popen([sys.executable, "-c", code], cwd=shell.desk.folder, stdout=-1, text=True)
    loaded = set(json.loads(done.communicate(timeout=60)[0]))
    assert not loaded & {"alembic", "fastapi", "starlette", "uvicorn", "jinja2"}
