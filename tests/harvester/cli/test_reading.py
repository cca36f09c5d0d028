"""`status`, `datasets`, `history`, `jobs`, `export` and `migrate`: what we know, now or as it was known."""

import csv
import io
import re
import sqlite3
from dataclasses import replace

import pytest

from tests.harvester.cli.conftest import Desk


@pytest.fixture
def shrunk(desk: Desk) -> Desk:
    """Two harvests of Gent: in the second, two of forty are missing and one has another title."""
    desk("run", "gent")
    first, *others = desk.held["gent"][:38]
    desk.held["gent"] = (replace(first, title="Gegevens over thee"), *others)
    desk("run", "gent")
    return desk


def identifiers(desk: Desk, *words: str) -> list[str]:
    return [one["source_id"] for one in desk("datasets", "--json", *words).json["datasets"]]


# -------------------------------------------------------------------------------------------------------------- status
def test_status_when_shown_then_there_is_one_row_per_city(shrunk: Desk) -> None:
    lines = shrunk("status").out.splitlines()
    assert len(lines) == 1 + 14
    assert re.fullmatch(r"Gent +gent up +just now +38 +2 +0 +not yet measured +0", lines[5])
    assert re.fullmatch(r"Brugge +none enabled +never +0 +0 +0 +not yet measured +0", lines[3])
    cities = {city["city"]: city for city in shrunk("status", "--json").json["cities"]}
    assert cities["gent"]["datasets"] == {"present": 38, "missing": 2, "withdrawn": 0}
    assert (cities["antwerpen"]["condition"], cities["brugge"]["condition"]) == ("never", "disabled")


# ------------------------------------------------------------------------------------------------------------ datasets
def test_datasets_when_filtered_then_only_those(shrunk: Desk) -> None:
    shrunk("run", "antwerpen")
    assert len(identifiers(shrunk)) == 80
    assert len(identifiers(shrunk, "--city", "antwerpen")) == 40
    assert len(identifiers(shrunk, "--source", "gent")) == 40
    assert len(identifiers(shrunk, "--source", "gent", "--state", "missing")) == 2
    assert len(identifiers(shrunk, "--state", "present")) == 78
    assert identifiers(shrunk, "--state", "withdrawn") == []
    assert identifiers(shrunk, "--source", "brugge") == []


def test_datasets_when_asked_as_of_a_moment_then_as_they_were_known(shrunk: Desk) -> None:
    first = shrunk("jobs", "show", "1", "--json").json["finished_at"]
    then = {one["source_id"]: one for one in shrunk("datasets", "--as-of", first, "--json").json["datasets"]}
    assert {one["state"] for one in then.values()} == {"present"}
    now = {one["source_id"]: one for one in shrunk("datasets", "--json").json["datasets"]}
    retitled = [key for key in now if now[key]["title"] != then[key]["title"]]
    assert [now[key]["title"] for key in retitled] == [{"nl": "Gegevens over thee"}]
    assert identifiers(shrunk, "--as-of", "2016-01-01") == []
    assert len(identifiers(shrunk, "--as-of", "2999-01-01")) == 40


@pytest.mark.parametrize(
    "text", ["gisteren", "2026-13-01", "2026-02-30", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_datasets_when_the_date_is_none_then_the_form_is_told(desk: Desk, text: str) -> None:
    reply = desk("datasets", "--as-of", text)
    assert reply.code == 2
    assert reply.faults == [
        ": ".join(part for part in ("--as-of", text) if part)
        + ': expected a date such as 2026-11-23, or a moment such as "2026-11-23T12:00:00Z"'
    ]


def test_datasets_when_shown_in_a_file_then_nothing_is_cut(desk: Desk) -> None:
    desk.held["gent"] = (replace(desk.held["gent"][0], title="Zeer lange titel " * 3 + "met een einde"),)
    desk("run", "gent")
    assert desk("datasets").out.splitlines()[1].endswith("met een einde")


def test_datasets_when_a_title_is_hostile_then_it_stays_on_its_line(desk: Desk) -> None:
    desk.held["gent"] = (replace(desk.held["gent"][0], title="[red]rood[/red]\u202e\x1b[2Jweg\nregel"),)
    desk("run", "gent")
    table = desk("datasets").out
    assert len(table.splitlines()) == 3  # header, dataset, count
    assert "[red]rood[/red]" in table
    assert not set("\x1b\u202e") & set(table)


@pytest.mark.parametrize(("option", "known"), [("--city", "sint-niklaas"), ("--source", "antwerpen, brugge, gent")])
def test_datasets_when_a_name_is_unknown_then_a_hint_and_the_known_ones(desk: Desk, option: str, known: str) -> None:
    reply = desk("datasets", option, "ghent")
    assert reply.code == 2
    assert reply.faults[0].startswith(f'{option}: ghent: is unknown; did you mean "gent"?; one of ')
    assert known in reply.faults[0]


def test_datasets_when_asked_as_csv_then_a_table_that_a_spreadsheet_reads(shrunk: Desk) -> None:
    text = shrunk("datasets", "--csv").out
    assert text.startswith("\ufeffid,city,source,source_id,state,title,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 40
    assert {row["state"] for row in rows} == {"present", "missing"}


# ---------------------------------------------------------------------------------------------------- history and jobs
def test_history_when_shown_then_each_change_stands_with_both_values(shrunk: Desk) -> None:
    (one,) = [d for d in shrunk("datasets", "--json").json["datasets"] if d["title"]["nl"] == "Gegevens over thee"]
    lines = shrunk("history", one["id"]).out.splitlines()
    assert lines[0] == f"{one['id']}  Gegevens over thee  (gent, present)"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d  created  job 1", lines[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d  updated  job 2", lines[2])
    assert "    title.nl: Gegevens over café 0 -> Gegevens over thee" in lines[3:]


def test_jobs_when_listed_then_newest_first_and_no_more_than_asked(shrunk: Desk) -> None:
    shrunk("run", "antwerpen")
    assert [job["job"] for job in shrunk("jobs", "--json").json["jobs"]] == [3, 2, 1]
    assert [job["job"] for job in shrunk("jobs", "--limit", "1", "--json").json["jobs"]] == [3]
    assert [job["job"] for job in shrunk("jobs", "--source", "gent", "--json").json["jobs"]] == [2, 1]
    assert len(shrunk("jobs").out.splitlines()) == 4


def test_job_when_shown_then_what_it_changed_and_no_empty_table(shrunk: Desk) -> None:
    shown = shrunk("jobs", "show", "2").out
    assert re.search(r"^complete +yes$", shown, re.MULTILINE)
    assert re.search(r"^updated +gent-\w+ .*, title\.nl$", shown, re.MULTILINE)
    assert len(re.findall(r"^missing +gent-\w+$", shown, re.MULTILINE)) == 2
    assert "stage" not in shown


def test_job_when_there_is_none_then_said(desk: Desk) -> None:
    reply = desk("jobs", "show", "7")
    assert (reply.code, reply.faults) == (2, ["jobs show: 7: there is no such job; `jobs` lists them"])
    assert desk("jobs", "show", "9" * 30).code == 2
    assert desk("history", "x").faults == ["history: x: there is no such dataset; `datasets` lists them"]


# -------------------------------------------------------------------------------------------------------------- export
def test_export_when_asked_then_the_same_as_datasets_gives(shrunk: Desk) -> None:
    shrunk("run", "antwerpen")
    assert shrunk("export", "json").json == shrunk("datasets", "--json").json
    assert shrunk("export", "json", "--city", "gent").json == shrunk("datasets", "--city", "gent", "--json").json
    assert shrunk("export", "csv").out == shrunk("datasets", "--csv").out


def test_export_when_given_a_file_then_it_stands_there_and_stdout_is_empty(shrunk: Desk) -> None:
    target = shrunk.folder / "uit voer.csv"
    reply = shrunk("export", "csv", "--output", str(target))
    assert (reply.code, reply.out) == (0, "")
    assert target.read_bytes().decode() == shrunk("export", "csv").out.replace("\n", "\r\n").replace("\r\r", "\r")


def test_export_when_it_cannot_then_one_line_says_why(desk: Desk) -> None:
    nowhere = desk.folder / "nergens" / "x.csv"
    reply = desk("export", "csv", "--output", str(nowhere))
    assert (reply.code, reply.faults) == (2, [f"--output: {nowhere}: can't be written: No such file or directory"])
    assert desk("export", "pdf").faults == ["export: pdf: this format is unknown; choose one of csv, json"]
    assert desk("export", "dcat-ap").code == 2


# ------------------------------------------------------------------------------------------------------------- migrate
def test_migrate_when_the_database_is_new_or_current_then_says_so(desk: Desk) -> None:
    first = desk("migrate")
    assert first.code == 0
    assert re.fullmatch(r"the database was empty and is at version \d{4} now\n", first.out)
    assert re.fullmatch(r"the database is at version \d{4} already; nothing was done\n", desk("migrate").out)
    assert desk("status").code == 0


def test_database_when_older_or_newer_then_refused_with_advice(desk: Desk) -> None:
    desk("migrate")
    desk.sql("UPDATE alembic_version SET version_num = '0000'")
    reply = desk("status")
    assert reply.code == 2
    assert re.search(r"version 0000.*needs \d{4}: run `python -m harvester migrate` \(make a copy first\)$", reply.err)
    assert desk("migrate").code == 2
    desk.sql("UPDATE alembic_version SET version_num = '9999'")
    for words in ("status", "migrate"):
        reply = desk(words)
        assert (reply.code, len(reply.faults)) == (2, 1)
        assert "newer version" in reply.err


def test_database_when_read_then_nothing_is_written(shrunk: Desk) -> None:
    def dump() -> list[str]:
        with sqlite3.connect(shrunk.folder / "datapeil.db") as db:
            found = list(db.iterdump())
        db.close()
        return found

    before = dump()
    for words in ("status", "datasets --as-of 2020-01-01", "jobs", "jobs show 1", "held", "sources", "export json",
                  "run gent --dry-run", "replay gent"):  # fmt: skip
        assert shrunk(*words.split()).code == 0
    assert dump() == before
