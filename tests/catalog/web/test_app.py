"""The application around the pages: headers, faults, signs of life, and the JSON API."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from catalog.journal import Outcome, timestamp
from catalog.store.engine import Store, StoreError, remember
from catalog.store.reading import TICK_KEY, reading
from catalog.web.app import Dashboard
from tests.catalog.web.conftest import configured, later
from tests.catalog.written import NOW, Ledger, datasets, ended, our_id

ClientOf = Callable[[Dashboard], httpx.Client]
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
PATHS = (
    "/", "/metrics", "/healthz", "/readyz", "/static/datapeil.css", "/openapi.json", "/api/v1/cities", "/nowhere",
    "/api/v1/nowhere", "/static/nowhere.css", "/api/v1/jobs?limit=0",
)  # fmt: skip


def broken() -> str:
    raise ZeroDivisionError("the secret detail")


def silent() -> str:
    raise StoreError("the secret detail")


def ruin(store: Store, folder: Path) -> None:
    """What is left when somebody overwrites the database file under a running process."""
    store.close()
    for path in folder.glob("datapeil.db*"):
        path.unlink()
    (folder / "datapeil.db").write_bytes(b"no database at all " * 100)


def tick(store: Store, seconds_ago: float) -> None:
    with store.write() as db:
        remember(db, TICK_KEY, timestamp(NOW - timedelta(seconds=seconds_ago)))


# ------------------------------------------------------------------------------------------------- headers and faults


@pytest.mark.parametrize("path", PATHS)
def test_answer_when_given_carries_the_strict_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/nowhere"])
def test_page_when_unknown_is_a_plain_page_in_dutch(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Deze pagina bestaat niet" in answer.text


@pytest.mark.parametrize(("metrics", "status"), [(broken, 500), (silent, 503)])
def test_page_when_something_fails_tells_nothing_of_what_lies_behind(
    dashboard: Dashboard, client_of: ClientOf, metrics: Callable[[], str], status: int
) -> None:
    answer = client_of(replace(dashboard, metrics=metrics)).get("/metrics")

    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == POLICY
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/v1/cities", "/api/v1/sources", "/api/v1/jobs", "/api/v1/datasets/gent-1"])
def test_page_when_the_database_is_ruined_is_unavailable(
    store: Store, tmp_path: Path, client: httpx.Client, path: str
) -> None:
    ruin(store, tmp_path)

    answer = client.get(path)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert str(tmp_path) not in answer.text


def test_page_when_asked_to_change_something_refuses(client: httpx.Client) -> None:
    answer = client.post("/")

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_page_when_only_its_head_is_asked_answers(client: httpx.Client) -> None:
    answer = client.head("/")

    assert answer.status_code == 200
    assert answer.content == b""


def test_metrics_when_asked_are_the_text_that_was_handed_over(client: httpx.Client) -> None:
    answer = client.get("/metrics")

    assert answer.text == "# metrics\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


# ------------------------------------------------------------------------------------------------------ signs of life


def test_healthz_when_the_process_lives_is_ok_whatever_the_database_does(
    store: Store, tmp_path: Path, client: httpx.Client
) -> None:
    ruin(store, tmp_path)

    answer = client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize(
    ("tick_s", "seconds_ago", "status"),
    [(None, None, 200), (15, None, 503), (15, 59, 200), (15, 61, 503), (60, 179, 200), (60, 181, 503)],
)
def test_readyz_when_a_schedule_runs_here_wants_a_recent_tick(
    dashboard: Dashboard,
    client_of: ClientOf,
    tick_s: float | None,
    seconds_ago: float | None,
    status: int,
) -> None:
    if seconds_ago is not None:
        tick(dashboard.store, seconds_ago)

    answer = client_of(replace(dashboard, tick_s=tick_s)).get("/readyz")

    assert answer.status_code == status
    assert answer.json()["ready"] is (status == 200)
    assert ("schedule" in answer.json().get("reason", "")) is (status == 503)


def test_readyz_when_the_database_is_ruined_says_so(store: Store, tmp_path: Path, client: httpx.Client) -> None:
    ruin(store, tmp_path)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "the database does not answer"})


def test_readyz_when_the_schema_is_another_one_says_which(store: Store, client: httpx.Client) -> None:
    with store.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "9999" in answer.json()["reason"]


def test_reading_when_the_reader_itself_fails_keeps_its_own_error(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), reading(store):
        broken()


# ---------------------------------------------------------------------------------------------------------------- API


@pytest.mark.usefixtures("lived")
def test_api_when_asked_for_cities_gives_each_with_its_sources(client: httpx.Client) -> None:
    told = client.get("/api/v1/cities").json()

    cities = {city["city"]: city for city in told["cities"]}
    assert told["as_of"] == timestamp(NOW)
    assert len(cities) == 14
    assert cities["kortrijk"]["datasets"] == {"present": 3, "missing": 1, "withdrawn": 1}
    assert cities["leuven"]["condition"] == "held"
    assert [source["source"] for source in cities["gent"]["sources"]] == ["gent", "gent-swing"]


@pytest.mark.usefixtures("lived")
def test_api_when_asked_for_sources_gives_each_with_its_condition(client: httpx.Client) -> None:
    sources = {source["source"]: source for source in client.get("/api/v1/sources").json()["sources"]}

    assert sources["antwerpen"]["condition"] == "down"
    assert sources["genk"]["enabled"] is False
    assert len(sources) == 14


def test_api_when_jobs_are_paged_gives_each_once_newest_first(ledger: Ledger, client: httpx.Client) -> None:
    numbers = [ledger.run(configured("gent"), ended(), hours) for hours in range(9, 2, -1)]
    ledger.run(configured("aalst"), ended(Outcome.NOT_MODIFIED), 1)

    address: str | None = "/api/v1/jobs?source=gent&limit=3"
    pages = []
    while address:
        page = client.get(address).json()
        pages.append([job["job"] for job in page["jobs"]])
        address = page["next"]

    assert pages == [numbers[:3:-1], numbers[3:0:-1], numbers[:1]]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("before=0", "before"),
        (f"before={10**30}", "before"),
        ("source=%00", "source"),
    ],
)
def test_api_when_a_parameter_is_wrong_names_it_in_a_problem_document(
    client: httpx.Client, query: str, name: str
) -> None:
    answer = client.get(f"/api/v1/jobs?{query}")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{name}: ")


def test_api_when_a_dataset_is_known_gives_it_and_its_history(ledger: Ledger, client: httpx.Client) -> None:
    (one,) = datasets("one")
    job = ledger.run(configured("gent"), ended(), new=[one])
    id_ = our_id(configured("gent"), one)

    dataset = client.get(f"/api/v1/datasets/{id_}").json()
    history = client.get(f"/api/v1/datasets/{id_}/history").json()

    assert (dataset["id"], dataset["title"], dataset["state"]) == (id_, {"nl": "Dataset one"}, "present")
    assert history["dataset"] == dataset
    assert [(change["kind"], change["job"]) for change in history["changes"]] == [("created", job)]


@pytest.mark.parametrize("path", ["datasets/gent-0", "datasets/gent-0/history", "nowhere"])
def test_api_when_something_is_unknown_answers_with_a_problem_document(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "about:blank"
    assert answer.json()["title"] == "Not Found"


def test_api_when_the_data_are_simulated_says_so(dashboard: Dashboard, client_of: ClientOf) -> None:
    client = client_of(replace(dashboard, demo=True, clock=later(dashboard, days=1).clock))

    assert client.get("/api/v1/cities").json()["demo"] is True


def test_openapi_when_read_describes_the_api_and_its_problems(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()

    assert set(described["paths"]) == {
        "/api/v1/cities", "/api/v1/sources", "/api/v1/jobs", "/api/v1/datasets/{id}", "/api/v1/datasets/{id}/history",
    }  # fmt: skip
    answers = [path["get"]["responses"] for path in described["paths"].values()]
    assert all("application/problem+json" in answer["default"]["content"] for answer in answers)
