"""`--json`: one document on stdout with every name of the public interface, and nothing else there."""

from typing import Any

import pytest

from tests.harvester.cli.conftest import Desk

JOB = {
    "job", "source", "city", "outcome", "complete", "declared_total", "seen", "created", "updated", "unchanged",
    "missing", "withdrawn", "restored", "issues", "requests", "bytes", "duration_s", "held_reason", "error",
}  # fmt: skip
ERROR = {"kind", "message", "url", "status"}
DATASET = {
    "id", "city", "source", "source_id", "state", "title", "description", "publisher", "license",
    "license_open", "themes", "keywords", "frequency", "issued", "modified", "landing_page", "first_seen", "last_seen",
    "dynamic", "distributions", "issues",
}  # fmt: skip
DISTRIBUTION = {
    "id", "title", "access_url", "download_url", "format", "media_type", "byte_size", "license", "health",
}  # fmt: skip


def test_run_when_asked_for_json_then_each_job_has_every_name(desk: Desk) -> None:
    reply = desk("run", "--json")
    assert reply.code == 0
    assert list(reply.json) == ["jobs"]
    assert [job["source"] for job in reply.json["jobs"]] == ["antwerpen", "gent"]
    for job in reply.json["jobs"]:
        assert set(job) >= JOB
        assert "dry_run" not in job
        assert (job["outcome"], job["complete"], job["declared_total"]) == ("succeeded", True, 40)
        assert (job["seen"], job["created"], job["error"], job["held_reason"]) == (40, 40, None, None)


def test_run_when_a_portal_is_down_then_its_error_has_every_name(desk: Desk) -> None:
    desk.portals["gent"].close()
    reply = desk("run", "--json")
    assert reply.code == 1
    good, bad = reply.json["jobs"]
    assert good["error"] is None
    assert set(bad["error"]) == ERROR
    assert (bad["outcome"], bad["error"]["kind"], bad["error"]["status"]) == ("failed", "connection", None)


def test_datasets_when_asked_for_json_then_each_has_every_name(desk: Desk) -> None:
    desk("run")
    found = desk("datasets", "--json").json
    assert list(found) == ["datasets"]
    assert len(found["datasets"]) == 80
    assert len({one["id"] for one in found["datasets"]}) == 80
    for one in found["datasets"]:
        assert set(one) >= DATASET
        assert one["state"] == "present"
        assert one["title"]["nl"].startswith("Gegevens over café")
        assert one["distributions"]
        for item in one["distributions"]:
            assert set(item) >= DISTRIBUTION
            assert item["health"] in {"up", "down", "unknown"}
        for issue in one["issues"]:
            assert set(issue) == {"code", "field", "value"}


def present(desk: Desk) -> Any:
    return desk("datasets", "--source", "gent", "--json").json["datasets"][0]["id"]


DOCUMENTS = {
    "status": {"as_of", "demo", "cities"},
    "sources": {"sources"},
    "sources check": {"faults", "sources", "enabled"},
    "jobs": {"jobs"},
    "jobs show 1": JOB | {"evidence", "decisions", "issue_list", "changes"},
    "held": {"held"},
    "replay gent": {"source", "applied", "differences"},
    "run gent --dry-run": {"jobs"},
}


@pytest.mark.parametrize("words", DOCUMENTS)
def test_command_when_asked_for_json_then_there_is_one_document_and_nothing_else(desk: Desk, words: str) -> None:
    desk("run", "gent")
    reply = desk(*words.split(), "--json")
    assert reply.code == 0
    assert set(reply.json) >= DOCUMENTS[words]


def test_history_when_asked_for_json_then_the_dataset_stands_with_its_changes(desk: Desk) -> None:
    desk("run", "gent")
    reply = desk("history", present(desk), "--json")
    assert set(reply.json) == {"dataset", "changes"}
    assert set(reply.json["dataset"]) >= DATASET
    assert [change["kind"] for change in reply.json["changes"]] == ["created"]


def test_dry_run_when_asked_for_json_then_it_says_so_and_stores_nothing(desk: Desk) -> None:
    (job,) = desk("run", "brugge", "--dry-run", "--json").json["jobs"]
    assert (job["dry_run"], job["job"], job["created"], job["outcome"]) == (True, None, 40, "succeeded")
    assert desk("datasets", "--json").json == {"datasets": []}
    assert desk("jobs", "--json").json == {"jobs": []}


@pytest.mark.parametrize(
    "words",
    [
        ["run", "nowhere"],
        ["run", "brugge"],
        ["run", "--limit", "0"],
        ["status", "--bogus"],
        ["datasets", "--city", "ghent"],
        ["history", "nothing"],
        ["jobs", "show", "7"],
        ["replay", "nowhere"],
        ["release", "7", "--why", "zomaar"],
    ],
    ids=" ".join,
)
def test_command_when_used_wrongly_then_nothing_is_on_stdout(desk: Desk, words: list[str]) -> None:
    reply = desk(*words, "--json")
    assert (reply.code, reply.out) == (2, "")
    assert reply.err
