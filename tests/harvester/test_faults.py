"""The fault suite: after a good harvest the portal fails in one way, over real HTTP. Nothing is wrongly removed, the
outcome says what happened, and the next good run repairs everything."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from harvester.demo import faults
from harvester.demo.faults import When
from harvester.demo.portal import Answer, App, Request
from harvester.demo.truth import Dialect
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import GOOD, Trial, failed, partial, staged

ALL = ("ckan", "opendatasoft", "arcgis_hub", "dcat", "html")
PAGED = ("ckan", "opendatasoft")


@pytest.fixture
def trial_of(workshop: Workshop) -> Iterator[Callable[[str], Trial]]:
    """Begins a trial of a portal of some kind."""
    with ExitStack() as portals:
        yield lambda kind: Trial(portals.enter_context(staged(workshop, kind))).begin()


@pytest.fixture
def trial(trial_of: Callable[[str], Trial]) -> Trial:
    """A trial of a CKAN portal with four pages of ten datasets."""
    return trial_of("ckan")


# ------------------------------------------------------------------------------------------------- no usable answer


@pytest.mark.parametrize("kind", ALL)
def test_empty_200_when_harvested_then_failed_and_nothing_removed(kind: str, trial_of: Callable[[str], Trial]) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.empty_body)
    assert failed(job, "empty" if kind == "dcat" else "parse")
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ALL)
def test_empty_list_when_harvested_then_held_as_empty_and_nothing_marked(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.empty_list)
    assert job.outcome in ("held", "failed")
    assert job.error is not None
    assert job.error.kind == "empty"
    assert job.counts.seen == 0
    assert trial.untouched()
    trial.repaired()


def test_page_after_which_nothing_comes_when_harvested_then_partial(trial: Trial) -> None:
    job = trial.under(lambda app: faults.first_page_only(app, 10))
    assert partial(job, 10)
    assert job.declared_total == 40
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("by", [7, -7])
@pytest.mark.parametrize("kind", PAGED)
def test_total_that_lies_when_harvested_then_partial_and_all_is_read(
    kind: str, by: int, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.total_lies(app, by))
    assert partial(job, 40)
    assert job.declared_total == 40 + by
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", PAGED)
def test_total_that_is_absent_when_harvested_then_complete_at_the_natural_end(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.total_lies(app, None))
    assert job.outcome in GOOD
    assert (job.complete, job.declared_total, job.counts.seen) == (True, None, 40)
    trial.repaired()


@pytest.mark.parametrize("kind", PAGED)
def test_page_loop_when_harvested_then_partial_with_kind_loop(kind: str, trial_of: Callable[[str], Trial]) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.page_loop)
    assert partial(job, 10, "loop")
    assert trial.untouched()
    trial.repaired()


# ------------------------------------------------------------------------------------------- items that move between


def sliding(app: Dialect, by: int) -> App:
    """After the first page everything stands `by` places further back, as when new records come in at the front."""

    def answer(request: Request) -> Answer:
        start = max(0, int(request.value("start", "0")) - by)
        query = {**request.query, "start": [str(start)]}
        return app(replace(request, query=query, target=f"{request.path}?start={start}"))

    return answer


def test_items_that_move_between_pages_when_some_come_twice_then_partial(trial: Trial) -> None:
    job = trial.under(lambda app: sliding(app, 5))
    assert partial(job, 40)
    assert "more than once" in job.evidence["incomplete"]
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize(("leave", "arrive"), [(1, 0), (0, 1)])
def test_items_that_come_and_go_between_pages_when_the_total_changes_then_partial(
    leave: int, arrive: int, trial: Trial
) -> None:
    job = trial.under(lambda app: faults.moving_items(app, leave, arrive))
    assert job.outcome == "partial"
    assert not job.complete
    assert trial.untouched()
    trial.repaired()


def test_items_that_move_when_no_number_tells_then_grace_keeps_them_and_the_next_run_restores(trial: Trial) -> None:
    job = trial.stage.harvest(lambda app: faults.moving_items(app, 1, 1), max_count=20)
    assert job.counts.withdrawn == 0
    assert set(trial.stage.states()) <= {"present", "missing"}
    again = trial.stage.harvest()
    assert again.outcome in GOOD
    assert again.counts.restored == job.counts.missing
    assert trial.stage.inventory() == trial.before


# -------------------------------------------------------------------------------------------------- spoiled answers


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("kind", ALL)
def test_truncated_body_when_harvested_then_failed_with_kind_connection(
    kind: str, reset: bool, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.truncated_body(app, 0.6, reset=reset))
    assert failed(job, "connection")
    assert trial.untouched()
    trial.repaired()


def test_truncated_third_page_when_harvested_then_partial(trial: Trial) -> None:
    job = trial.under(lambda app: faults.truncated_body(app, when=When(skip=2)))
    assert partial(job, 20, "connection")
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ALL)
def test_html_with_status_200_when_harvested_then_failed_with_kind_parse(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.html_instead)
    assert failed(job, "empty" if kind == "html" else "parse")  # of HTML only the entries can be missed
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ["ckan", "opendatasoft", "arcgis_hub", "dcat"])
def test_error_json_with_status_200_when_harvested_then_failed_with_kind_parse(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.error_json)
    assert failed(job, "parse")
    assert trial.untouched()
    trial.repaired()


def test_error_json_in_the_middle_when_harvested_then_partial(trial: Trial) -> None:
    job = trial.under(lambda app: faults.error_json(app, When(skip=2)))
    assert partial(job, 20, "parse")
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ALL)
def test_wrong_charset_when_harvested_then_read_with_an_issue(kind: str, trial_of: Callable[[str], Trial]) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.wrong_charset)
    assert (job.outcome, job.complete, job.counts.seen) == ("succeeded_with_issues", True, 40), job
    assert job.counts.issues > 0
    trial.repaired()


@pytest.mark.parametrize("kind", ALL)
def test_deep_nesting_when_harvested_then_failed_with_kind_parse(kind: str, trial_of: Callable[[str], Trial]) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.deep_nesting, deadline_s=60)
    assert job.outcome == "failed"
    assert job.error is not None
    assert job.error.kind in ("parse", "too_large")
    assert trial.untouched()
    trial.repaired()


# ------------------------------------------------------------------------------------------------- odd records


def test_duplicate_ids_when_harvested_then_partial_and_each_counted_once(trial: Trial) -> None:
    job = trial.under(lambda app: faults.duplicate_ids(app, 3))
    assert partial(job, 40)
    assert job.declared_total == 43
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ALL)
def test_all_ids_changed_when_harvested_then_held_as_churn_and_nothing_applied(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.changed_ids)
    assert (job.outcome, job.complete, job.counts.seen, job.error) == ("held", True, 40, None)
    assert job.evidence["guard"] == "churn"
    assert len(job.evidence["pairs"]) == 40
    assert job.held_reason
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("index", [0, 17])
@pytest.mark.parametrize("kind", ["ckan", "opendatasoft", "arcgis_hub", "dcat"])
def test_one_record_invalid_when_harvested_then_still_present(
    kind: str, index: int, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.one_invalid(app, "fields", index))
    assert job.outcome in GOOD
    assert (job.complete, job.counts.seen) == (True, 40)
    assert job.counts.unchanged >= 39
    trial.repaired()


@pytest.mark.parametrize("defect", ["identity", "shape"])
@pytest.mark.parametrize("kind", ["ckan", "opendatasoft", "arcgis_hub"])
def test_one_record_without_identity_when_harvested_then_counted_as_seen_and_nobody_missing(
    kind: str, defect: Any, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.one_invalid(app, defect))
    assert (job.outcome, job.complete, job.counts.seen) == ("succeeded_with_issues", True, 40), job
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize("kind", ["ckan", "opendatasoft", "arcgis_hub", "dcat"])
def test_every_date_invalid_when_harvested_then_issues_and_the_rest_is_read(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.every_date_invalid)
    assert (job.outcome, job.complete, job.counts.seen) == ("succeeded_with_issues", True, 40), job
    assert job.counts.issues >= 40
    shapes = trial.stage.workshop.datasets()
    assert {shape["modified"] for shape in shapes} == {None}
    assert all(shape["title"] for shape in shapes)
    trial.repaired()


@pytest.mark.parametrize(("depth", "outcome"), [(100, "succeeded"), (100_000, "failed")])
def test_record_nested_deep_when_harvested_then_never_a_bug(depth: int, outcome: str, trial: Trial) -> None:
    plain, deep = b'"extras":[{"key":"frequency","value":"jaarlijks"}]', b'"extras":' + b"[" * depth + b"]" * depth

    def nested(app: Dialect) -> App:
        def answer(request: Request) -> Answer:
            good = app(request)
            assert isinstance(good.body, bytes)
            return replace(good, body=good.body.replace(plain, deep, 1))

        return answer

    job = trial.under(nested)
    assert job.outcome == outcome
    assert job.error is None or job.error.kind == "parse"
    trial.repaired()
