"""The fault suite, second part: portals that answer badly, late, endlessly or from elsewhere. See `test_faults`."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from config.source import HarvestSource
from harvester.demo import faults
from harvester.demo.faults import When
from harvester.demo.portal import Portal
from harvester.demo.truth import invented
from harvester.service import run_all
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import QUICK, SPEAKERS, Trial, failed, partial, staged

ALL = ("ckan", "opendatasoft", "arcgis_hub", "dcat", "html")
SECOND = 1.0


@pytest.fixture
def trial_of(workshop: Workshop) -> Iterator[Callable[[str], Trial]]:
    """Begins a trial of a portal of some kind."""
    with ExitStack() as portals:
        yield lambda kind: Trial(portals.enter_context(staged(workshop, kind))).begin()


@pytest.fixture
def trial(trial_of: Callable[[str], Trial]) -> Trial:
    """A trial of a CKAN portal with four pages of ten datasets."""
    return trial_of("ckan")


# ---------------------------------------------------------------------------------------------------------- statuses


@pytest.mark.parametrize("kind", ALL)
def test_429_storm_when_it_lasts_then_failed_as_blocked(kind: str, trial_of: Callable[[str], Trial]) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.too_many_requests(app, "0"))
    assert failed(job, "blocked", 429)
    assert job.counts.requests >= 2
    assert trial.untouched()
    trial.repaired()


def test_429_storm_when_the_wait_is_beyond_the_deadline_then_blocked_at_once(trial: Trial) -> None:
    begun = time.monotonic()
    job = trial.under(lambda app: faults.too_many_requests(app, "3600"))
    assert failed(job, "blocked", 429)
    assert time.monotonic() - begun < 5
    assert trial.untouched()
    trial.repaired()


def test_429_storm_when_it_passes_after_retry_after_then_the_run_succeeds(trial: Trial) -> None:
    begun = time.monotonic()
    job = trial.under(lambda app: faults.too_many_requests(app, "1", When(times=1, skip=1)))
    assert (job.outcome, job.complete, job.counts.unchanged) == ("succeeded", True, 40)
    assert time.monotonic() - begun >= SECOND
    trial.repaired()


@pytest.mark.parametrize("status", [500, 503])
def test_5xx_in_the_middle_when_it_lasts_then_partial_with_kind_http(status: int, trial: Trial) -> None:
    job = trial.under(lambda app: faults.status(app, status, When(skip=2)))
    assert partial(job, 20, "http")
    assert job.error is not None
    assert job.error.status == status
    assert job.counts.unchanged == 20
    assert trial.untouched()
    trial.repaired()


def test_500_in_the_middle_when_it_passes_then_the_run_succeeds(trial: Trial) -> None:
    job = trial.under(lambda app: faults.status(app, 500, When(skip=2, times=1)))
    assert (job.outcome, job.complete, job.counts.requests) == ("succeeded", True, 6)
    trial.repaired()


@pytest.mark.parametrize(("status", "kind"), [(401, "blocked"), (403, "blocked"), (404, "http"), (410, "http")])
def test_status_when_it_refuses_then_failed_with_its_kind(status: int, kind: str, trial: Trial) -> None:
    job = trial.under(lambda app: faults.status(app, status))
    assert failed(job, kind, status)
    assert trial.untouched()
    trial.repaired()


# -------------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize("kind", ALL)
def test_hanging_connection_when_read_time_is_over_then_failed_as_timeout(
    kind: str, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(faults.hang, read_s=0.3, retries=0)
    assert failed(job, "timeout")
    assert trial.untouched()
    trial.repaired()


def test_hang_within_a_body_when_read_time_is_over_then_partial_as_timeout(trial: Trial) -> None:
    job = trial.under(lambda app: faults.hang_in_body(app, when=When(skip=1)), read_s=0.3, retries=0)
    assert partial(job, 10, "timeout")
    assert trial.untouched()
    trial.repaired()


def test_slow_drip_when_the_deadline_comes_then_failed_as_timeout(trial: Trial) -> None:
    begun = time.monotonic()
    job = trial.under(lambda app: faults.slow_drip(app, pause_s=0.05), deadline_s=SECOND)
    assert failed(job, "timeout")
    assert time.monotonic() - begun < 4 * SECOND
    assert trial.untouched()
    trial.repaired()


def test_portal_when_nobody_listens_then_failed_as_connection(trial: Trial) -> None:
    with Portal(trial.stage.dialect) as gone:
        url = gone.url
    source = trial.stage.source.model_copy(update={"url": url})
    assert failed(trial.stage.workshop.harvest(source), "connection")
    assert trial.untouched()
    trial.repaired()


def test_portal_when_its_name_is_unknown_then_failed_as_dns(trial: Trial) -> None:
    source = trial.stage.source.model_copy(update={"url": "http://portal.invalid"})
    assert failed(trial.stage.workshop.harvest(source), "dns")
    assert trial.untouched()
    trial.repaired()


# -------------------------------------------------------------------------------------------------------------- size


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("kind", ALL)
def test_huge_body_when_above_the_cap_then_failed_as_too_large(
    kind: str, announced: bool, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.huge_body(app, 30, announced=announced), max_bytes=2_000_000)
    assert failed(job, "too_large")
    assert trial.untouched()
    trial.repaired()


def test_compressed_bomb_when_above_the_cap_then_failed_as_too_large(trial: Trial) -> None:
    job = trial.under(lambda app: faults.bomb(app, 200), max_bytes=20_000_000)
    assert failed(job, "too_large")
    assert job.counts.bytes < 2_000_000
    assert trial.untouched()
    trial.repaired()


# --------------------------------------------------------------------------------------------------------- redirects


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("kind", ALL)
def test_endless_redirect_when_followed_then_failed_as_loop(
    kind: str, same: bool, trial_of: Callable[[str], Trial]
) -> None:
    trial = trial_of(kind)
    job = trial.under(lambda app: faults.endless_redirect(app, same=same))
    assert failed(job, "loop", 302)
    assert trial.untouched()
    trial.repaired()


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.7/", "http://169.254.169.254/latest/meta-data/", "http://[::1]:9/", "http://127.0.0.2:9/"],
)
def test_redirect_to_a_private_address_when_followed_then_refused(address: str, trial: Trial) -> None:
    job = trial.under(lambda app: faults.redirect_to(app, address))
    assert failed(job, "refused_address")
    assert trial.untouched()
    trial.repaired()


def test_redirect_to_a_private_address_in_the_middle_when_followed_then_partial(trial: Trial) -> None:
    job = trial.under(lambda app: faults.redirect_to(app, "http://192.168.1.1/", when=When(skip=3)))
    assert partial(job, 30, "refused_address")
    assert trial.untouched()
    trial.repaired()


def test_redirect_to_another_scheme_when_followed_then_failed(trial: Trial) -> None:
    job = trial.under(lambda app: faults.redirect_to(app, "file:///etc/passwd"))
    assert job.outcome == "failed"
    assert job.error is not None
    assert job.error.kind != "bug"
    assert trial.untouched()
    trial.repaired()


# ---------------------------------------------------------------------------------------------- one among fourteen


def test_fourteen_portals_when_one_hangs_then_the_others_are_not_delayed(workshop: Workshop) -> None:
    workshop.http = replace(QUICK, read_s=4, retries=0)
    begun, ended = time.monotonic(), {}
    with ExitStack() as stack:
        sources = []
        for number in range(14):
            kind = ("ckan", "opendatasoft", "arcgis_hub")[number % 3]
            app = SPEAKERS[kind](lambda: invented(30))
            portal = stack.enter_context(Portal(faults.hang(app) if number == 5 else app, latency_s=0.01))
            sources.append(HarvestSource(id=f"portal-{number}", city="gent", kind=kind, url=portal.url))  # type: ignore[arg-type]
        for source, job in run_all(sources, workshop.tools(), workers=14):
            assert job is not None
            ended[source.id] = (time.monotonic() - begun, job)
    hanging_s, hung = ended.pop("portal-5")
    assert failed(hung, "timeout")
    assert hanging_s >= 4 * SECOND
    assert len(ended) == 13
    assert {job.counts.created for _, job in ended.values()} == {30}
    assert max(seconds for seconds, _ in ended.values()) < 4 * SECOND
