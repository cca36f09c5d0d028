"""Opendatasoft Explore v2.1: the catalog's list and its JSON export. Knows no HTTP server and no scripted world."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from harvester.demo.dialects.answers import dumped, elsewhere, json_answer, whole_number
from harvester.demo.portal import Answer, Request
from harvester.demo.truth import Datasets, Dialect, Kept, Listing, SimDataset, absolute, iso, speaking

CATALOG = re.compile(r"/api/(?:explore/v2\.[01]|v2)/catalog/(datasets|exports/json)/?")
LARGEST_LIMIT = 100
LARGEST_WINDOW = 10_000
COMPARISON = re.compile(r"\s*([\w.]+)\s*(>=|<=|!=|=|>|<)\s*(?:date)?(['\"])(.*?)\3\s*", re.IGNORECASE)
KEYS: dict[str, Callable[[SimDataset], str]] = {
    "dataset_id": lambda dataset: dataset.slug,
    "datasetid": lambda dataset: dataset.slug,
    "dataset_uid": lambda dataset: uid(dataset),
    "modified": lambda dataset: iso(dataset.modified) or "",
    "metadata_processed": lambda dataset: iso(dataset.modified) or "",
    "data_processed": lambda dataset: iso(dataset.modified) or "",
    "title": lambda dataset: dataset.title,
}
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


class OdsqlError(ValueError):
    """A query the portal does not understand."""


def opendatasoft(datasets: Datasets) -> Dialect:
    """An Opendatasoft domain."""
    kept = Kept(lambda dataset, base: dumped(record(dataset, base)))

    def render(request: Request, listing: Listing) -> Answer:
        route = CATALOG.fullmatch(request.path)
        if route is None:
            return elsewhere(request)
        try:
            found = ordered(selected(listing.items, request.value("where")), request.value("order_by"))
        except OdsqlError as fault:
            return refusal("ODSQLError", f"ODSQL query is malformed: {fault}")
        lie = (listing.total or 0) - len(listing.items)
        if route[1] == "exports/json":
            return export(request, found, kept)
        return page(request, found, len(found) + lie if listing.total is not None else None, kept)

    return speaking(datasets, render)


def page(request: Request, found: Sequence[SimDataset], total: int | None, kept: Kept[bytes]) -> Answer:
    """One page of at most 100; -1 means 100 as well. `total` None leaves the count out: only a broken portal does."""
    limit = whole_number(request.value("limit").replace("-1", "100"), 10)
    offset = whole_number(request.value("offset"), 0)
    if limit is None or limit > LARGEST_LIMIT or offset is None:
        asked = f"limit={request.value('limit')!r}, offset={request.value('offset')!r}"
        return refusal("InvalidRESTParameterError", f"Invalid value for limit or offset API parameter: {asked}")
    if offset + limit > LARGEST_WINDOW:
        return refusal(
            "InvalidRESTParameterError",
            f"Invalid value for offset + limit: {offset + limit} is above {LARGEST_WINDOW}.",
        )
    shown = found[offset : offset + limit]
    count = b"" if total is None else b'"total_count":%d,' % total
    items = b",".join(written(dataset, request, kept) for dataset in shown)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-RateLimit-Limit": "50000",
        "X-RateLimit-Remaining": "49999",
    }
    return Answer(200, headers, b"{" + count + b'"results":[' + items + b"]}")


def export(request: Request, found: Sequence[SimDataset], kept: Kept[bytes]) -> Answer:
    """Everything at once, without a limit, as a bare array."""
    limit = whole_number(request.value("limit").replace("-1", str(len(found))), len(found))
    body = b"[" + b",".join(kept(dataset, request.base) for dataset in found[:limit]) + b"]"
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, body)


def written(dataset: SimDataset, request: Request, kept: Kept[bytes]) -> bytes:
    wanted = [name.strip() for name in request.value("select").split(",") if name.strip()]
    if not wanted or dataset.defect:
        return kept(dataset, request.base)
    whole = record(dataset, request.base)
    return dumped({name: whole.get(name) for name in wanted})


def refusal(code: str, message: str) -> Answer:
    return json_answer({"message": message, "error_code": code}, 400)


def selected(datasets: Sequence[SimDataset], where: str) -> Sequence[SimDataset]:
    """ODSQL comparisons joined by `and`, as far as harvesters use them."""
    for clause in re.split(r"\s+and\s+", where, flags=re.IGNORECASE) if where else ():
        match = COMPARISON.fullmatch(clause)
        if match is None or match[1] not in KEYS:
            raise OdsqlError(clause)
        key, matches, literal = KEYS[match[1]], OPERATORS[match[2]], match[4]
        datasets = [dataset for dataset in datasets if matches(key(dataset), literal)]
    return datasets


def ordered(datasets: Sequence[SimDataset], order_by: str) -> Sequence[SimDataset]:
    """Sorted by the named fields, ascending unless `desc`; in the portal's own order when none is named."""
    for part in reversed(order_by.split(",")) if order_by else ():
        name, _, direction = part.strip().partition(" ")
        if name not in KEYS or direction.strip().lower() not in ("", "asc", "desc"):
            raise OdsqlError(part)
        datasets = sorted(datasets, key=KEYS[name], reverse=direction.strip().lower() == "desc")
    return datasets


def uid(dataset: SimDataset) -> str:
    return dataset.id if dataset.id.startswith("da_") else f"da_{dataset.id[-12:]}"


def record(dataset: SimDataset, base: str) -> Any:
    """One entry of `results`, with every template null-filled as the software does."""
    if dataset.defect == "shape":
        return [dataset.slug]
    nameless = dataset.defect == "identity"
    whole: dict[str, Any] = {
        "dataset_id": None if nameless else dataset.slug,
        "dataset_uid": None if nameless else uid(dataset),
        "attachments": [attachment(dataset, number, base) for number in range(len(dataset.files))],
        "has_records": dataset.records > 0,
        "data_visible": True,
        "fields": [{"name": "naam", "label": "naam", "type": "text", "annotations": {}, "description": None}],
        "visibility": "domain",
        "features": ["analyze", "geo"] if dataset.geo else ["analyze"],
        "metas": {"default": default_metas(dataset), "dcat": dcat_metas(dataset), "custom": {"eigenaar": None}},
    }
    if dataset.records:
        whole["attachments"] = []
    if dataset.defect == "fields":
        whole |= {"attachments": "geen", "metas": {"default": {"title": 42, "modified": ["ooit"], "keyword": {"a": 1}}}}
    return whole


def attachment(dataset: SimDataset, number: int, base: str) -> dict[str, Any]:
    file = dataset.files[number]
    return {
        "id": f"bijlage_{number}_{file.format.lower()}",
        "title": file.title or f"{dataset.slug}.{file.format.lower()}",
        "mimetype": file.media_type,
        "url": absolute(file.url, base),
    }


def default_metas(dataset: SimDataset) -> dict[str, Any]:
    domain = dataset.home or None
    return {
        "title": dataset.title,
        "description": dataset.description or None,
        "theme": list(dataset.themes) or None,
        "keyword": list(dataset.keywords) or None,
        "license": dataset.license or None,
        "license_url": dataset.license_url or None,
        "language": "nl",
        "metadata_languages": ["nl"],
        "timezone": "Europe/Brussels",
        "modified": iso(dataset.modified),
        "modified_updates_on_metadata_change": False,
        "modified_updates_on_data_change": True,
        "data_processed": iso(dataset.modified),
        "metadata_processed": iso(dataset.modified),
        "geographic_reference": ["be_40_44021"] if dataset.geo else None,
        "geographic_reference_auto": True,
        "territory": None,
        "geometry_types": ["Point"] if dataset.geo else None,
        "bbox": None,
        "publisher": dataset.publisher or None,
        "references": None,
        "records_count": dataset.records,
        "attributions": None,
        "source_domain": domain,
        "source_domain_title": domain,
        "source_domain_address": domain,
        "source_dataset": dataset.slug.partition("@")[0] if domain else None,
        "shared_catalog": None,
        "federated": dataset.federated,
        "oauth_scope": None,
        "parent_domain": None,
        "update_frequency": None,
    }


def dcat_metas(dataset: SimDataset) -> dict[str, Any]:
    return {
        "created": iso(dataset.issued),
        "issued": iso(dataset.issued),
        "creator": dataset.publisher or None,
        "contributor": None,
        "contact_name": None,
        "contact_email": None,
        "accrualperiodicity": dataset.frequency or None,
        "spatial": None,
        "temporal": None,
        "granularity": None,
        "dataquality": None,
        "publisher_type": None,
        "conforms_to": None,
        "temporal_coverage_start": None,
        "temporal_coverage_end": None,
        "accessRights": None,
        "relation": None,
    }
