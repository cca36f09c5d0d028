"""The JSON shapes of `docs/interface.md`, made from values; commands, exports and the API share them. Knows no
database."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from catalog.condition import CityReport, Condition, SourceReport
from catalog.fingerprint import keyed
from catalog.journal import Change, HarvestJob
from catalog.model import Agent, CatalogRecord, DataService, Distribution, Health
from catalog.store.mapping import distribution_id

Shape = dict[str, Any]


def job_shape(job: HarvestJob) -> Shape:
    """One run, as `run --json` gives it."""
    shape: Shape = {
        "job": job.id,
        "source": job.source,
        "city": job.city,
        "outcome": job.outcome.value if job.outcome else None,
        "complete": job.complete,
        "declared_total": job.declared_total,
        **asdict(job.counts),
        "duration_s": job.duration_s,
        "held_reason": job.held_reason,
        "error": asdict(job.error) if job.error else None,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
    if job.decision is not None:
        shape["decision"] = job.decision.value
    if job.dry_run:
        shape["dry_run"] = True
    return shape


def dataset_shape(record: CatalogRecord) -> Shape:
    """One dataset of the inventory, as `datasets --json` gives it."""
    dataset = record.dataset
    ids = [distribution_id(record.id, key) for key in keyed(dataset.distributions)]
    return {
        "id": record.id,
        "city": record.city,
        "source": record.source,
        "source_id": dataset.identifier,
        "state": record.state.value,
        "title": dict(dataset.title),
        "description": dict(dataset.description),
        "publisher": _agent(dataset.publisher),
        "license": dataset.license,
        "license_open": dataset.license_open,
        "themes": list(dataset.themes),
        "keywords": list(dataset.keywords),
        "frequency": dataset.frequency,
        "issued": dataset.issued,
        "modified": dataset.modified,
        "landing_page": dataset.landing_page,
        "first_seen": record.first_seen,
        "last_seen": record.last_seen,
        "missing_since": record.missing_since,
        "dynamic": None,
        "languages": list(dataset.languages),
        "spatial": [asdict(place) for place in dataset.spatial],
        "temporal": [asdict(period) for period in dataset.temporal],
        "contact": [asdict(contact) for contact in dataset.contacts],
        "access_rights": dataset.access_rights,
        "rights": dataset.rights,
        "federated": dataset.federated,
        "distributions": [_distribution(id_, item) for id_, item in zip(ids, dataset.distributions, strict=True)],
        "services": [_service(item) for item in dataset.services],
        "issues": [{"code": issue.code, "field": issue.field, "value": issue.value} for issue in record.issues],
    }


def _agent(agent: Agent | None) -> str | None:
    return agent.name or agent.identifier if agent else None


def _distribution(id_: str, item: Distribution) -> Shape:
    return {
        "id": id_,
        "title": dict(item.title),
        "access_url": item.access_url,
        "download_url": item.download_url,
        "format": item.format,
        "media_type": item.media_type,
        "byte_size": item.byte_size,
        "license": item.license,
        "health": Health.UNKNOWN.value,
    }


def _service(item: DataService) -> Shape:
    return {"endpoint_url": item.endpoint_url, "title": dict(item.title), "protocol": item.protocol}


def change_shape(change: Change) -> Shape:
    """One change of a dataset; `fields`: path -> [before, after]."""
    fields: Mapping[str, Any] = {path: list(values) for path, values in change.fields.items()}
    return {"at": change.at, "kind": change.kind.value, "dataset": change.dataset, "job": change.job, "fields": fields}


def source_shape(report: SourceReport, found: Condition) -> Shape:
    """One source with its condition."""
    state = report.state
    return {
        "source": report.source,
        "city": report.city,
        "kind": report.kind,
        "url": report.url,
        "enabled": report.enabled,
        "reason": report.reason or None,
        "every_s": int(report.every.total_seconds()),
        "condition": found.value,
        "last_outcome": report.last.outcome.value if report.last and report.last.outcome else None,
        "last_job": report.last.id if report.last else None,
        "last_complete_at": state.last_complete_at if state else None,
        "next_due": state.next_due if state else None,
        "failures": state.failures if state else 0,
        "held": list(report.held),
    }


def city_shape(report: CityReport) -> Shape:
    """One row of the board. `level` stays null until it is measured."""
    return {
        "city": report.city,
        "name": report.name,
        "condition": report.worst.value,
        "sources": [source_shape(source, found) for source, found in report.sources],
        "last_complete_at": report.complete_at,
        "datasets": {"present": report.present, "missing": report.missing, "withdrawn": report.withdrawn},
        "level": None,
        "alerts": sum(1 for _, found in report.sources if found in ALERTING),
    }


ALERTING = frozenset({Condition.HELD, Condition.BLOCKED, Condition.DOWN, Condition.FAULTY, Condition.STALE})
