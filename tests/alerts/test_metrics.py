"""The metrics against a real store, read back by Prometheus' own parser and checker."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from alerts.metrics import render
from catalog.journal import Counts, JobError, Outcome, timestamp
from catalog.removal import Verdict
from catalog.store.engine import Store, StoreError, open_store, remember
from catalog.store.reading import TICK_KEY
from config.source import HarvestSource
from tests.catalog.written import NOW, Ledger, datasets, ended, gone, source

GENT, GENK = source("gent"), source("genk")
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store, on both databases."""
    with closing(open_store(database_url)) as opened:
        yield opened


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """What writes runs into the store."""
    return Ledger(store)


def scraped(store: Store, *sources: HarvestSource) -> Found:
    """(name, labels) -> value of every sample, as Prometheus reads it."""
    families = text_string_to_metric_families(render(store, sources, "1.2.3"))
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def of(source_: HarvestSource, **labels: str) -> frozenset[tuple[str, str]]:
    return frozenset({"city": source_.city, "source": source_.id, **labels}.items())


def names(found: Found) -> set[str]:
    return {name for name, _ in found}


def test_metrics_when_nothing_ran_yet_are_zero_where_known_and_absent_where_not(store: Store) -> None:
    found = scraped(store, GENT)

    assert [found["datapeil_datasets", of(GENT, state=state)] for state in ("present", "missing", "withdrawn")] == [
        0,
        0,
        0,
    ]
    assert found["datapeil_held_jobs", of(GENT)] == 0
    assert {found["datapeil_harvest_last_outcome", of(GENT, outcome=one.value)] for one in Outcome} == {0}
    assert {found["datapeil_harvest_jobs_total", of(GENT, outcome=one.value)] for one in Outcome} == {0}
    assert found["datapeil_build_info", frozenset({("version", "1.2.3")})] == 1
    assert names(found) == {
        "datapeil_datasets", "datapeil_held_jobs", "datapeil_harvest_last_outcome", "datapeil_harvest_jobs_total",
        "datapeil_harvest_interval_seconds", "datapeil_build_info",
    }  # fmt: skip


def test_metrics_when_runs_ended_tell_the_last_one_and_count_all(store: Store, ledger: Ledger) -> None:
    known = datasets("a", "b", "c", "d")
    ledger.run(GENT, ended(), 30, known)
    verdict = Verdict(missing=(gone(GENT, known[0]),), withdrawn=(gone(GENT, known[1]),))
    counts = Counts(seen=2, issues=5)
    last = ended(Outcome.SUCCEEDED_WITH_ISSUES, counts=counts, declared_total=2, duration_s=12.25)
    ledger.run(GENT, last, 3, verdict=verdict)

    found = scraped(store, GENT)

    assert [found["datapeil_datasets", of(GENT, state=state)] for state in ("present", "missing", "withdrawn")] == [
        2,
        1,
        1,
    ]
    assert found["datapeil_harvest_last_outcome", of(GENT, outcome="succeeded_with_issues")] == 1
    assert sum(value for (name, _), value in found.items() if name == "datapeil_harvest_last_outcome") == 1
    assert found["datapeil_harvest_jobs_total", of(GENT, outcome="succeeded")] == 1
    assert found["datapeil_harvest_jobs_total", of(GENT, outcome="succeeded_with_issues")] == 1
    assert found["datapeil_harvest_duration_seconds", of(GENT)] == 12.25
    assert [found["datapeil_harvest_records", of(GENT, kind=kind)] for kind in ("seen", "declared", "issues")] == [
        2,
        2,
        5,
    ]
    ended_at = (NOW - timedelta(hours=3)).timestamp()
    assert found["datapeil_harvest_last_success_timestamp_seconds", of(GENT)] == ended_at
    assert found["datapeil_source_up", of(GENT)] == 1


def test_metrics_when_the_last_run_is_incomplete_keep_the_last_success(store: Store, ledger: Ledger) -> None:
    ledger.run(GENT, ended(), 30)
    error = JobError("timeout", "no answer")
    ledger.run(GENT, ended(Outcome.FAILED, complete=False, error=error, declared_total=None), 3)

    found = scraped(store, GENT)

    ended_at = (NOW - timedelta(hours=30)).timestamp()
    assert found["datapeil_harvest_last_success_timestamp_seconds", of(GENT)] == ended_at
    assert found["datapeil_source_up", of(GENT)] == 0
    assert ("datapeil_harvest_records", of(GENT, kind="declared")) not in found


@pytest.mark.parametrize("kind", ["blocked", "bug", "config", "refused_address"])
def test_source_up_when_the_run_cannot_tell_is_absent(store: Store, ledger: Ledger, kind: str) -> None:
    ledger.run(GENT, ended(Outcome.FAILED, complete=False, error=JobError(kind, "")))

    assert "datapeil_source_up" not in names(scraped(store, GENT))


def test_held_jobs_when_one_waits_are_counted_until_a_complete_run(store: Store, ledger: Ledger) -> None:
    ledger.run(GENT, ended(Outcome.HELD), 9)
    waiting = scraped(store, GENT, GENK)
    ledger.run(GENT, ended(), 3)

    assert waiting["datapeil_held_jobs", of(GENT)] == 1
    assert waiting["datapeil_held_jobs", of(GENK)] == 0
    assert scraped(store, GENT)["datapeil_held_jobs", of(GENT)] == 0


def test_metrics_when_a_source_leaves_the_configuration_leave_no_series_of_it(store: Store, ledger: Ledger) -> None:
    ledger.run(GENT, ended(), new=datasets("a"))
    ledger.run(GENK, ended(Outcome.HELD))

    assert any(("source", "genk") in labels for _, labels in scraped(store, GENT, GENK))
    assert not any(("source", "genk") in labels for _, labels in scraped(store, GENT))


def test_metrics_when_a_source_was_given_another_city_use_the_configured_one(store: Store, ledger: Ledger) -> None:
    ledger.run(GENT, ended(), new=datasets("a", "b"))
    moved = source("gent", "genk")

    found = scraped(store, moved)

    assert found["datapeil_datasets", of(moved, state="present")] == 2
    assert found["datapeil_harvest_jobs_total", of(moved, outcome="succeeded")] == 1
    assert not any(("city", "gent") in labels for _, labels in found)


def test_metrics_when_a_source_is_disabled_tell_what_is_known_but_nothing_of_today(
    store: Store, ledger: Ledger
) -> None:
    ledger.run(GENT, ended(), new=datasets("a"))

    found = scraped(store, source("gent", enabled=False))

    assert found["datapeil_datasets", of(GENT, state="present")] == 1
    assert names(found) == {
        "datapeil_datasets", "datapeil_held_jobs", "datapeil_harvest_jobs_total", "datapeil_build_info",
    }  # fmt: skip


def test_scheduler_when_it_ticked_tells_when(store: Store) -> None:
    with store.write() as db:
        remember(db, TICK_KEY, timestamp(NOW))

    assert scraped(store)["datapeil_scheduler_last_tick_timestamp_seconds", frozenset()] == NOW.timestamp()


def test_metrics_when_scraped_ask_the_store_few_questions_whatever_the_number_of_sources(
    store: Store, ledger: Ledger
) -> None:
    sources = [source(f"source-{number}") for number in range(20)]
    for one in sources:
        ledger.run(one, ended(), new=datasets("a"))
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    render(store, sources, "1")

    assert len([statement for statement in asked if statement.lstrip().startswith("SELECT")]) <= 6


def test_metrics_when_the_database_is_ruined_raise_a_store_error(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'datapeil.db'}")
    store.close()
    for path in tmp_path.glob("datapeil.db*"):
        path.unlink()
    (tmp_path / "datapeil.db").write_bytes(b"no database at all " * 100)

    with pytest.raises(StoreError, match="does not answer"), closing(store):
        render(store, [GENT], "1")


@pytest.mark.promtool
def test_metrics_when_checked_by_promtool_are_clean(store: Store, ledger: Ledger, promtool: str) -> None:
    ledger.run(GENT, ended(declared_total=1), new=datasets("a"))
    with store.write() as db:
        remember(db, TICK_KEY, timestamp(NOW))

    text = render(store, [GENT, GENK], 'a "quoted" \\ version\n')

    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


# --------------------------------------------------------------------------------------------------------- alert rules


@pytest.fixture
def rules(repository: Path) -> Path:
    """The folder of the alert rules and their tests."""
    return repository / "alerts" / "prometheus"


@pytest.mark.promtool
@pytest.mark.parametrize(("verb", "file"), [("check", "datapeil.rules.yml"), ("test", "datapeil.rules.test.yml")])
def test_rules_when_checked_by_promtool_are_right_and_fire_as_told(
    rules: Path, promtool: str, verb: str, file: str
) -> None:
    done = subprocess.run([promtool, verb, "rules", file], cwd=rules, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_rules_when_compared_with_their_tests_and_page_are_each_tested_and_told(rules: Path, repository: Path) -> None:
    text = (rules / "datapeil.rules.yml").read_text(encoding="utf-8")
    alerts = set(re.findall(r"alert: (\w+)", text))
    tested = set(re.findall(r"alertname: (\w+)", (rules / "datapeil.rules.test.yml").read_text(encoding="utf-8")))
    page = (repository / "docs" / "metrics.md").read_text(encoding="utf-8")

    assert alerts == tested
    assert alerts == set(re.findall(r"^### `(Datapeil\w+)`", page, re.MULTILINE))


def test_rules_when_they_name_a_metric_name_one_that_is_exposed(rules: Path, store: Store, ledger: Ledger) -> None:
    ledger.run(GENT, ended(declared_total=1), new=datasets("a"))
    with store.write() as db:
        remember(db, TICK_KEY, timestamp(NOW))
    text = (rules / "datapeil.rules.yml").read_text(encoding="utf-8")

    assert set(re.findall(r"\bdatapeil_[a-z_]+", text)) <= names(scraped(store, GENT))
