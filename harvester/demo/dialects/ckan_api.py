"""CKAN's action API: package_search, package_list, package_show and their envelope. Knows no scripted world."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from harvester.demo.dialects.answers import dumped, elsewhere, json_answer, whole_number
from harvester.demo.portal import Answer, Request
from harvester.demo.truth import Datasets, Dialect, Kept, Listing, Moment, SimDataset, absolute, iso, speaking

ACTION = re.compile(r"/api/(?:3/)?action/(\w+)/?")
DEFAULT_ROWS = 10
ROWS_MAX = 1_000  # ckan.search.rows_max: a larger wish is cut without a word
RANGE = re.compile(r"(\w+):\[(\S+) TO (\S+)\]")
TERM = re.compile(r'(\w+):(?:"([^"]*)"|(\S+))')
KEYS: dict[str, Callable[[SimDataset], str]] = {
    "id": lambda dataset: dataset.id,
    "name": lambda dataset: dataset.slug,
    "title": lambda dataset: dataset.title,
    "title_string": lambda dataset: dataset.title,
    "score": lambda _: "",
    "organization": lambda dataset: slugged(dataset.publisher),
    "metadata_modified": lambda dataset: solr(dataset.modified),
    "metadata_created": lambda dataset: solr(dataset.issued),
}
Action = Callable[[Request, Listing, Kept[bytes]], Answer]


class SearchQueryError(ValueError):
    """A query that Solr does not understand."""


def ckan(datasets: Datasets, rows_max: int = ROWS_MAX) -> Dialect:
    """A CKAN site. `rows_max`: the silent clamp on `rows`."""
    kept = Kept(lambda dataset, base: dumped(package(dataset, base)))

    def render(request: Request, listing: Listing) -> Answer:
        route = ACTION.fullmatch(request.path)
        if route is None:
            return elsewhere(request)
        if route[1] == "package_search":
            return package_search(request, listing, kept, rows_max)
        action = ACTIONS.get(route[1])
        if action is None:
            return json_answer(f"Bad request - Action name not known: {route[1]}", 400)
        return action(request, listing, kept)

    return speaking(datasets, render)


def package_search(request: Request, listing: Listing, kept: Kept[bytes], rows_max: int) -> Answer:
    rows = whole_number(request.value("rows"), DEFAULT_ROWS)
    start = whole_number(request.value("start"), 0)
    if rows is None or start is None:
        return refusal(request, 409, "Validation Error", rows=["Ongeldig geheel getal"])
    try:
        found = ordered(filtered(listing.items, request), request.value("sort"))
    except SearchQueryError as fault:
        return refusal(request, 400, "Search Query Error", message=f"Invalid search query: {fault}")
    items = b",".join(entry(dataset, request, kept) for dataset in found[start : start + min(rows, rows_max)])
    count = None if listing.total is None else len(found) + listing.total - len(listing.items)
    sort = request.value("sort") or "score desc, metadata_modified desc"
    numbers = b"" if count is None else b'"count":%d,' % count
    result = b"{%b" % numbers + b'"sort":%b,"facets":{},"results":[' % dumped(sort) + items + b'],"search_facets":{}}'
    return enveloped(request, result)


def package_list(request: Request, listing: Listing, _: Kept[bytes]) -> Answer:
    names = sorted(dataset.slug for dataset in listing.items)
    start = whole_number(request.value("offset"), 0) or 0
    limit = whole_number(request.value("limit"), len(names))
    return enveloped(request, dumped(names[start:][:limit]))


def package_show(request: Request, listing: Listing, kept: Kept[bytes]) -> Answer:
    wanted = request.value("id")
    for dataset in listing.items:
        if wanted in (dataset.id, dataset.slug):
            return enveloped(request, kept(dataset, request.base))
    return refusal(request, 404, "Not Found Error", message="Niet gevonden")


def current_package_list_with_resources(request: Request, listing: Listing, kept: Kept[bytes]) -> Answer:
    limit = min(whole_number(request.value("limit"), DEFAULT_ROWS) or DEFAULT_ROWS, ROWS_MAX)
    start = whole_number(request.value("offset"), 0) or 0
    shown = listing.items[start : start + limit]
    return enveloped(request, b"[" + b",".join(kept(dataset, request.base) for dataset in shown) + b"]")


def organization_list(request: Request, listing: Listing, _: Kept[bytes]) -> Answer:
    return enveloped(request, dumped(sorted({slugged(dataset.publisher) for dataset in listing.items})))


def status_show(request: Request, _: Listing, __: Kept[bytes]) -> Answer:
    status = {"ckan_version": "2.9.5", "site_url": request.base, "site_title": "Open data", "extensions": ["dcat"]}
    return enveloped(request, dumped(status))


ACTIONS: dict[str, Action] = {
    "package_list": package_list,
    "package_show": package_show,
    "current_package_list_with_resources": current_package_list_with_resources,
    "organization_list": organization_list,
    "status_show": status_show,
}


def enveloped(request: Request, result: bytes) -> Answer:
    action = request.path.rstrip("/").rpartition("/")[2]
    address = f"{request.base}/api/3/action/help_show?name={action}"
    body = b'{"help":%b,"success":true,"result":' % dumped(address) + result + b"}"
    return Answer(200, {"Content-Type": "application/json;charset=utf-8"}, body)


def refusal(request: Request, status: int, kind: str, **details: Any) -> Answer:
    action = request.path.rstrip("/").rpartition("/")[2]
    address = f"{request.base}/api/3/action/help_show?name={action}"
    return json_answer({"help": address, "error": {"__type": kind, **details}, "success": False}, status)


def filtered(datasets: Sequence[SimDataset], request: Request) -> Sequence[SimDataset]:
    """Solr filters as harvesters use them: `field:[a TO b]` and `field:value`, in `fq` and `fq_list`."""
    for query in [*request.query.get("fq", ()), *request.query.get("fq_list", ())]:
        rest = query
        for match in RANGE.finditer(query):
            datasets = [dataset for dataset in datasets if match[2] in ("*",) or value(match[1], dataset) >= match[2]]
            datasets = [
                dataset for dataset in datasets if match[3] in ("*", "NOW") or value(match[1], dataset) <= match[3]
            ]
            rest = rest.replace(match[0], "")
        for match in TERM.finditer(rest):
            datasets = [dataset for dataset in datasets if value(match[1], dataset) == (match[2] or match[3])]
    return datasets


def value(name: str, dataset: SimDataset) -> str:
    if name not in KEYS:
        raise SearchQueryError(f"undefined field {name}")
    return KEYS[name](dataset)


def ordered(datasets: Sequence[SimDataset], sort: str) -> Sequence[SimDataset]:
    for part in reversed(sort.split(",")) if sort else ():
        name, _, direction = part.strip().partition(" ")
        if name not in KEYS or direction not in ("asc", "desc"):
            raise SearchQueryError(f"can't sort by {part}")
        datasets = sorted(datasets, key=KEYS[name], reverse=direction == "desc")
    return datasets


def entry(dataset: SimDataset, request: Request, kept: Kept[bytes]) -> bytes:
    wanted = [name for part in request.query.get("fl", ()) for name in re.split(r"[,\s]+", part) if name]
    if not wanted or dataset.defect:
        return kept(dataset, request.base)
    whole = package(dataset, request.base)
    return dumped({name: whole[name] for name in wanted if name in whole})


def package(dataset: SimDataset, base: str) -> Any:
    """One package, with its resources, as package_show gives it."""
    if dataset.defect == "shape":
        return "null"
    whole = {
        "author": None,
        "author_email": None,
        "creator_user_id": "8f0e7c3c-9b35-4c1e-a8ea-2e1b6d0a4d11",
        "id": dataset.id,
        "isopen": "creativecommons" in dataset.license_url,
        "license_id": dataset.license,
        "license_title": dataset.license,
        "license_url": dataset.license_url,
        "maintainer": None,
        "maintainer_email": None,
        "metadata_created": naive(dataset.issued),
        "metadata_modified": naive(dataset.modified),
        "name": dataset.slug,
        "notes": dataset.description,
        "num_resources": len(dataset.files),
        "num_tags": len(dataset.keywords),
        "organization": {"id": "org-" + slugged(dataset.publisher), "name": slugged(dataset.publisher),
                         "title": dataset.publisher, "type": "organization", "state": "active"},
        "owner_org": "org-" + slugged(dataset.publisher),
        "private": False,
        "state": "active",
        "title": dataset.title,
        "type": "dataset",
        "url": None,
        "version": None,
        "extras": [{"key": "frequency", "value": dataset.frequency}] if dataset.frequency else [],
        "groups": [{"id": "grp-" + slugged(theme), "name": slugged(theme), "display_name": theme, "title": theme}
                   for theme in dataset.themes],
        "resources": [resource(dataset, number, base) for number in range(len(dataset.files))],
        "tags": [{"id": f"tag-{slugged(word)}", "name": word, "display_name": word, "state": "active",
                  "vocabulary_id": None} for word in dataset.keywords],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }  # fmt: skip
    return spoiled(whole, dataset)


def spoiled(whole: dict[str, Any], dataset: SimDataset) -> dict[str, Any]:
    if dataset.defect == "identity":
        return whole | {"id": None, "name": ""}
    if dataset.defect == "fields":
        return whole | {
            "title": {"nl": 4},
            "resources": "geen",
            "tags": [None, 7],
            "extras": {"a": 1},
            "organization": [],
        }
    return whole


def resource(dataset: SimDataset, number: int, base: str) -> dict[str, Any]:
    file = dataset.files[number]
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": naive(dataset.issued),
        "description": "",
        "format": file.format,
        "hash": "",
        "id": f"{dataset.id[:-3]}{number:03d}",
        "last_modified": naive(dataset.modified),
        "mimetype": file.media_type,
        "mimetype_inner": None,
        "name": file.title or f"{dataset.title} ({file.format})",
        "package_id": dataset.id,
        "position": number,
        "resource_type": None,
        "size": file.size,
        "state": "active",
        "url": absolute(file.url, base),
        "url_type": None,
    }


def naive(moment: Moment) -> str | None:
    """CKAN writes UTC with microseconds and without a zone."""
    text = iso(moment, timespec="microseconds")
    return text.removesuffix("+00:00") if text else text


def solr(moment: Moment) -> str:
    text = naive(moment)
    return f"{text}Z" if text else ""


def slugged(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "zonder-naam"
