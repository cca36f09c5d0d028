"""The dashboard as one application: pages, API, metrics and signs of life, each answer with the same strict headers."""

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.store.engine import StoreError
from catalog.web.api import api
from catalog.web.dashboard import Dashboard
from catalog.web.health import not_ready
from catalog.web.pages import Pages, environment
from catalog.web.problems import problem

__all__ = ["Dashboard", "create_app"]

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
BUSY = "the database does not answer; try again in a minute"
BROKEN = "something went wrong on our side; it was written down"
RETRY = {"Retry-After": "60"}


def create_app(dashboard: Dashboard) -> FastAPI:
    """The web application of one dashboard. No documentation page: FastAPI's loads scripts from elsewhere."""
    app = FastAPI(title="Datapeil", version=dashboard.version, docs_url=None, redoc_url=None)
    app.add_middleware(hardened)
    pages = Pages(dashboard, environment())
    _add_pages(app, pages)
    _add_signs_of_life(app, dashboard)
    _add_faults(app, pages)
    app.include_router(api(dashboard))
    app.mount("/static", StaticFiles(packages=[("catalog.web", "static")]))
    return app


def hardened(app: ASGIApp) -> ASGIApp:
    """Adds the strict headers to whatever the application answers."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_hardened)

    return answer


def _add_pages(app: FastAPI, pages: Pages) -> None:
    def board(_: Request) -> Response:
        return pages.board()

    def metrics(_: Request) -> Response:
        return Response(pages.dashboard.metrics(), media_type=PROMETHEUS_TEXT)

    app.add_route("/", board, include_in_schema=False)
    app.add_route("/metrics", metrics, include_in_schema=False)


def _add_signs_of_life(app: FastAPI, dashboard: Dashboard) -> None:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    def readyz(_: Request) -> Response:
        reason = not_ready(dashboard)
        document = {"ready": reason is None} | ({"reason": reason} if reason else {})
        return Response(orjson.dumps(document), 503 if reason else 200, media_type="application/json")

    app.add_route("/healthz", healthz, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)


def _add_faults(app: FastAPI, pages: Pages) -> None:
    """The API answers with problem documents, everything else with a page; neither shows what lies behind a fault."""

    def told(request: Request, status: int, detail: str, headers: dict[str, str]) -> Response:
        of_api = request.url.path.startswith("/api/")
        response = problem(status, detail) if of_api else pages.fault(status)
        response.headers.update(headers)
        return response

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return told(request, error.status_code, str(error.detail), dict(error.headers or {}))

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = (f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return told(request, 422, "; ".join(faults), {})

    def unreachable(request: Request, _: Exception) -> Response:
        return told(request, 503, BUSY, RETRY)

    def broken(request: Request, _: Exception) -> Response:
        # The server answers this one outside of all middleware.
        return told(request, 500, BROKEN, HEADERS)

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StoreError, unreachable)
    app.add_exception_handler(Exception, broken)
