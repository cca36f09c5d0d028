"""`run`, `held`, `release`, `reject` and `replay`: what they do, what they say, and their exit codes."""

import getpass
import os
import re
from dataclasses import replace

import pytest

from harvester.cli.deciding import user_name
from harvester.demo import faults
from harvester.demo.portal import Answer
from harvester.demo.truth import Dialect
from tests.harvester.cli.conftest import Desk


def spoken(desk: Desk, source: str) -> Dialect:
    app = desk.apps[source]
    assert isinstance(app, Dialect)
    return app


@pytest.fixture
def held_job(desk: Desk) -> str:
    """Number of the job that waits: thirty of Gent's forty datasets were not seen."""
    desk("run", "gent")
    desk.shows("gent", 10)
    reply = desk("run", "gent", "--json")
    assert (reply.code, reply.json["jobs"][0]["outcome"]) == (1, "held")
    return str(reply.json["jobs"][0]["job"])


# ----------------------------------------------------------------------------------------------------------------- run
def test_run_when_nothing_is_named_then_all_enabled_sources_are_harvested(desk: Desk) -> None:
    reply = desk("run")
    assert reply.code == 0
    lines = reply.out.splitlines()
    assert lines[0].split() == [
        "source", "outcome", "seen", "new", "changed", "same", "missing", "gone", "back", "issues", "seconds",
    ]  # fmt: skip
    assert [line.split()[:4] for line in lines[1:]] == [
        ["antwerpen", "succeeded", "40", "40"],
        ["gent", "succeeded", "40", "40"],
    ]


def test_run_when_the_source_is_disabled_then_refused_with_the_reason_and_the_way_out(desk: Desk) -> None:
    reply = desk("run", "brugge", "gent")
    assert reply.code == 2
    assert reply.faults == ["brugge.toml: enabled: the source is disabled (wacht); try `run brugge --dry-run`"]
    assert desk("jobs", "--json").json == {"jobs": []}


def test_run_when_names_are_unknown_then_each_is_told_with_a_hint(desk: Desk) -> None:
    reply = desk("run", "ghent", "zzz")
    assert reply.code == 2
    assert reply.faults == [
        'sources: ghent: there is no such source; did you mean "gent"?',
        "sources: zzz: there is no such source; `sources` lists them",
    ]


@pytest.mark.parametrize("how", [["--dry-run"], []])
def test_run_when_limited_then_it_is_a_part_and_nothing_becomes_missing(desk: Desk, how: list[str]) -> None:
    limited = desk("run", "gent", "--limit", "3", *how, "--json")
    assert limited.code == 1
    (job,) = limited.json["jobs"]
    assert (job["outcome"], job["complete"], job["seen"], job["created"]) == ("partial", False, 3, 3)
    assert job["missing"] == 0


def test_run_when_a_portal_fails_then_the_others_are_done_and_the_message_is_plain(desk: Desk) -> None:
    desk.spoil("gent", lambda _: Answer(403))
    reply = desk("run")
    assert reply.code == 1
    assert re.search(r"^antwerpen +succeeded", reply.out, re.MULTILINE)
    assert re.search(r"^gent +failed", reply.out, re.MULTILINE)
    assert re.search(r"^gent: .*403.* \(http://127\.0\.0\.1:\d+/.*\)$", reply.out, re.MULTILINE)


def test_run_when_a_page_fails_then_partial_and_it_is_told_what_that_means(desk: Desk) -> None:
    desk.write_source("antwerpen", "opendatasoft", desk.portals["antwerpen"].url)
    with (desk.folder / "sources" / "antwerpen.toml").open("a", encoding="utf-8") as file:
        file.write("[options]\npage_size = 10\n")
    desk.spoil("antwerpen", faults.status(spoken(desk, "antwerpen"), 404, faults.When(skip=2)))
    reply = desk("run", "antwerpen")
    assert reply.code == 1
    assert re.search(r"^antwerpen +partial", reply.out, re.MULTILINE)
    assert "a part of a listing counts nothing as missing" in reply.out


def test_run_when_only_data_are_faulty_then_all_is_well(desk: Desk) -> None:
    desk.held["gent"] = (replace(desk.held["gent"][0], modified="binnenkort"), *desk.held["gent"][1:])
    reply = desk("run", "gent", "--json")
    assert (reply.code, reply.json["jobs"][0]["outcome"]) == (0, "succeeded_with_issues")


def test_run_when_another_one_is_at_it_then_said_and_nothing_done(desk: Desk) -> None:
    desk("sources")
    desk.sql(
        "INSERT INTO source (source, city, runs, failures, unidentified, requested, lease_owner, lease_until) "
        "VALUES ('gent', 'gent', 0, 0, 0, 0, 'another-machine:7', '2999-01-01T00:00:00.000Z')"
    )
    reply = desk("run", "gent", "--json")
    assert (reply.code, reply.json) == (1, {"jobs": []})
    assert reply.faults == ["gent: is being harvested by another process; nothing was done"]
    assert desk("replay", "gent", "--apply").code == 1


def test_run_when_no_source_is_enabled_then_said(desk: Desk) -> None:
    for name in ("gent", "antwerpen"):
        desk.write_source(name, "ckan", f"https://{name}.example.org", "voorlopig")
    reply = desk("run")
    assert (reply.code, reply.faults) == (2, ["sources: no source is enabled"])


# ------------------------------------------------------------------------------------------------------------- deciding
def test_held_when_nothing_waits_then_said(desk: Desk) -> None:
    assert desk("held").out == "Nothing waits for a decision.\n"


def test_held_when_a_job_waits_then_evidence_and_both_ways_out_are_shown(desk: Desk, held_job: str) -> None:
    shown = desk("held").out
    assert f"job {held_job}  gent (gent)" in shown
    assert "30 of 40 known datasets were not seen; 5 may go at once" in shown
    assert "known 40, seen 10, unseen 30" in shown
    assert len(re.findall(r"not seen: gent-\w+  Gegevens over café \d+$", shown, re.MULTILINE)) == 10
    assert "and 20 more" in shown
    assert f"`release {held_job} --why ...`" in shown
    assert f"`reject {held_job} --why ...`" in shown
    (waiting,) = desk("held", "--json").json["held"]
    assert (waiting["decision"], len(waiting["evidence"]["unseen"])) == ("open", 30)


def test_release_when_decided_then_the_unseen_are_withdrawn_and_the_reason_is_kept(desk: Desk, held_job: str) -> None:
    reply = desk("release", held_job, "--why", "opgeruimd, zegt de stad")
    assert (reply.code, reply.out) == (
        0,
        f"job {held_job} of gent is released; `run gent` reads the portal again now\n",
    )
    assert len(desk("datasets", "--state", "withdrawn", "--json").json["datasets"]) == 30
    shown = desk("jobs", "show", held_job).out
    assert re.search(r"^released by .+ at .+: opgeruimd, zegt de stad$", shown, re.MULTILINE)
    again = desk("release", held_job, "--why", "nog eens")
    assert (again.code, again.faults) == (2, [f"job {held_job} does not wait for a decision: it is released"])
    assert desk("run", "gent").code == 0


def test_reject_when_decided_then_nothing_is_gone_and_it_is_not_asked_again(desk: Desk, held_job: str) -> None:
    reply = desk("reject", held_job, "--why", "storing bij de leverancier", "--json")
    assert (reply.code, reply.json["decision"]) == (0, "rejected")
    assert desk("datasets", "--state", "withdrawn", "--json").json["datasets"] == []
    assert desk("run", "gent").code == 0
    assert desk("held", "--json").json == {"held": []}


@pytest.mark.parametrize("command", ["release", "reject"])
def test_decision_when_without_a_reason_or_a_job_then_refused(desk: Desk, held_job: str, command: str) -> None:
    assert desk(command, held_job, "--why", "  ").faults == [
        f"{command}: --why: a reason is needed; it is kept with the decision"
    ]
    assert desk(command, held_job).code == 2
    assert desk(command, "999", "--why", "x").faults == ["there is no job 999"]
    assert desk(command, "9" * 30, "--why", "x").code == 2
    assert len(desk("held", "--json").json["held"]) == 1


def test_user_when_without_a_name_then_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert user_name() == f"user {os.getuid()}"


# -------------------------------------------------------------------------------------------------------------- replay
def test_replay_when_the_code_is_the_same_then_nothing_reads_otherwise(desk: Desk) -> None:
    desk("run", "gent")
    assert desk("replay", "gent").out == "0 datasets read otherwise today\n"
    applied = desk("replay", "gent", "--apply", "--json").json
    assert (applied["applied"], applied["differences"], applied["job"]["unchanged"]) == (True, [], 40)


def test_replay_when_what_was_stored_differs_then_shown_and_stored_only_when_asked(desk: Desk) -> None:
    desk("run", "gent")
    one = desk("datasets", "--source", "gent", "--json").json["datasets"][0]
    source = desk.folder / "sources" / "gent.toml"
    source.write_text(source.read_text(encoding="utf-8") + 'language = "fr"\n', encoding="utf-8")
    shown = desk("replay", "gent")
    assert f"{one['id']}  title.fr: nothing -> {one['title']['nl']}" in shown.out
    assert shown.out.endswith("40 datasets read otherwise today\n")
    assert desk("datasets", "--source", "gent", "--json").json["datasets"][0] == one
    assert "stored as job 2" in desk("replay", "gent", "--apply").out
    assert list(desk("datasets", "--source", "gent", "--json").json["datasets"][0]["title"]) == ["fr"]
