"""Stored raw records read again: what another mapping would make of them is shown, and stored only when asked."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from catalog.store import jobs
from catalog.store.past import changes_of
from harvester.normalize import codes
from harvester.replay import differences, replay
from tests.harvester.conftest import Workshop
from tests.harvester.scripted import Stage, staged


@pytest.fixture
def stage(both_workshop: Workshop) -> Iterator[Stage]:
    """A CKAN portal of twelve datasets, harvested once, on each of the two databases."""
    with staged(both_workshop, count=12) as stage:
        stage.harvest()
        yield stage


def test_replay_when_nothing_changed_then_no_difference_and_no_change(stage: Stage) -> None:
    before = stage.inventory()
    store = stage.workshop.store
    assert list(differences(stage.source, store)) == []
    job = replay(stage.source, store, stage.workshop.clock)
    assert job is not None
    assert (job.counts.seen, job.counts.updated, job.counts.unchanged) == (12, 0, 12)
    assert stage.inventory() == before


def test_replay_when_the_source_file_names_another_language_then_shown_and_only_stored_when_applied(
    stage: Stage,
) -> None:
    french = stage.source.model_copy(update={"language": "fr"})
    store, before = stage.workshop.store, stage.inventory()
    found = list(differences(french, store))
    assert len(found) == 12
    assert found[0].fields["title.fr"][0] is None
    assert found[0].fields["title.nl"][1] is None
    assert stage.inventory() == before

    job = replay(french, store, stage.workshop.clock)
    assert job is not None
    assert (job.outcome, job.counts.updated, job.complete) == ("succeeded", 12, False)
    assert all(list(shape["title"]) == ["fr"] for shape in stage.workshop.datasets())
    assert list(differences(french, store)) == []
    with store.read() as db:
        last = changes_of(db, found[0].dataset)[-1]
    assert (last.kind, last.job) == ("updated", job.id)


def test_replay_when_applied_then_the_next_run_reads_nothing_anew(stage: Stage) -> None:
    stage.values = {"language": "fr"}
    replay(stage.source, stage.workshop.store, stage.workshop.clock)
    with stage.workshop.store.write() as db:
        db.execute(text("UPDATE dataset SET fingerprint = raw_hash"))  # whoever reads a record again would notice
    job = stage.harvest()
    assert (job.counts.unchanged, job.counts.updated) == (12, 0)


def test_replay_when_a_vocabulary_gains_a_mapping_then_the_difference_is_that_field(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weekly(*_: object) -> str:
        return "http://publications.europa.eu/resource/authority/frequency/WEEKLY"

    monkeypatch.setattr(codes, "frequency", weekly)
    found = list(differences(stage.source, stage.workshop.store))
    assert {path for difference in found for path in difference.fields} == {"frequency"}
    assert len(found) == 12


def test_replay_when_the_raw_record_is_gone_then_that_dataset_is_left_alone(stage: Stage) -> None:
    french = stage.source.model_copy(update={"language": "fr"})
    with stage.workshop.store.write() as db:
        db.execute(text("DELETE FROM raw WHERE identifier LIKE '%000'"))
    assert len(list(differences(french, stage.workshop.store))) == 11


def test_replay_when_the_filter_no_longer_matches_then_named_as_a_fault(stage: Stage) -> None:
    stage.values = {"filter": {"publisher": ["Iemand anders"]}}
    found = list(differences(stage.source, stage.workshop.store))
    assert len(found) == 12
    assert all(difference.fault and not difference.fields for difference in found)


def test_replay_when_a_dataset_is_missing_then_it_stays_missing(stage: Stage) -> None:
    stage.drop(1)
    stage.harvest()
    replay(stage.source.model_copy(update={"language": "fr"}), stage.workshop.store, stage.workshop.clock)
    assert stage.states().count("missing") == 1


def test_replay_when_the_source_is_being_harvested_then_not_done(stage: Stage) -> None:
    with stage.workshop.store.write() as db:
        jobs.start(db, "gent", "gent", stage.workshop.clock(), 120)
    assert replay(stage.source, stage.workshop.store, stage.workshop.clock) is None
