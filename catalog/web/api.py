"""The JSON API, version 1: the shapes of `catalog.export`, read from the store. Reading only."""

from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, HTTPException, Path, Query, Response

from catalog.condition import condition
from catalog.export.shapes import change_shape, city_shape, dataset_shape, job_shape, source_shape
from catalog.journal import timestamp
from catalog.store import inventory, jobs, past
from catalog.store.board import city_reports, source_reports
from catalog.store.reading import reading
from catalog.web.dashboard import Dashboard
from catalog.web.problems import MEDIA_TYPE

PREFIX = "/api/v1"
LARGEST_NUMBER = 2**63 - 1  # what a database can compare with

DatasetId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,200}$", description="Our id of the dataset.")]
SourceId = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,200}$", description="Only runs of this source.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many, newest first.")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="Only jobs with a smaller number.")]

PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}


def api(dashboard: Dashboard) -> APIRouter:
    """The routes below `/api/v1`."""
    router = APIRouter(prefix=PREFIX, responses={"default": PROBLEM})
    _add_overviews(router, dashboard)
    _add_jobs(router, dashboard)
    _add_datasets(router, dashboard)
    return router


def _add_overviews(router: APIRouter, dashboard: Dashboard) -> None:
    @router.get("/cities")
    def cities() -> Response:
        """Every city with its sources, last complete harvest and counts."""
        now = dashboard.clock()
        with reading(dashboard.store) as db:
            reports = city_reports(db, dashboard.cities, dashboard.sources, now)
        return _told(dashboard, {"as_of": timestamp(now), "cities": [city_shape(report) for report in reports]})

    @router.get("/sources")
    def sources() -> Response:
        """Every configured source with its condition."""
        now = dashboard.clock()
        with reading(dashboard.store) as db:
            reports = source_reports(db, dashboard.sources)
        return _told(dashboard, {"sources": [source_shape(report, condition(report, now)) for report in reports]})


def _add_jobs(router: APIRouter, dashboard: Dashboard) -> None:
    @router.get("/jobs")
    def runs(source: SourceId = None, limit: Limit = 50, before: Before = None) -> Response:
        """Runs, newest first. `next`: the address of the page after this one; null at the end."""
        with reading(dashboard.store) as db:
            found = jobs.jobs(db, source, limit + 1, before)
        page = found[:limit]
        more = len(found) > limit
        following = {"source": source, "limit": limit, "before": page[-1].id} if more else None
        return _told(dashboard, {"jobs": [job_shape(job) for job in page], "next": _address("/jobs", following)})


def _address(path: str, query: dict[str, Any] | None) -> str | None:
    if query is None:
        return None
    return f"{PREFIX}{path}?{urlencode({name: value for name, value in query.items() if value is not None})}"


def _add_datasets(router: APIRouter, dashboard: Dashboard) -> None:
    @router.get("/datasets/{id}")
    def dataset(id: DatasetId) -> Response:
        """One dataset as it is known now."""
        with reading(dashboard.store) as db:
            found = inventory.dataset(db, id)
        if found is None:
            raise _no_dataset(id)
        return _told(dashboard, dataset_shape(found))

    @router.get("/datasets/{id}/history")
    def history(id: DatasetId) -> Response:
        """Every change of one dataset, oldest first."""
        with reading(dashboard.store) as db:
            found = inventory.dataset(db, id)
            changes = past.changes_of(db, id)
        if found is None:
            raise _no_dataset(id)
        told = {"dataset": dataset_shape(found), "changes": [change_shape(change) for change in changes]}
        return _told(dashboard, told)


def _no_dataset(id_: str) -> HTTPException:
    return HTTPException(404, f"there is no dataset {id_}")


def _told(dashboard: Dashboard, shape: dict[str, Any]) -> Response:
    """The shape as JSON; that of a demo says so."""
    return Response(orjson.dumps({**shape, "demo": True} if dashboard.demo else shape), media_type="application/json")
