"""The cases. Each runs in a fresh process and returns numbers; `benchmarks.__main__` repeats, interleaves and compares
them."""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bench_dcat
from benchmarks.catalog import pages
from benchmarks.stage import PAGE, Show, Stage, peak_mb, portals, source
from harvester.service import calm_collector, run_all

Numbers = dict[str, float]
DATASETS = 10_000
CATALOGUE = ("dataset", "distribution")
EVERYTHING = (*CATALOGUE, "contact", "raw", "change")
CITIES, PAGES, LATENCY_S = 14, 20, 0.05


def harvest(count: int = DATASETS) -> Numbers:
    """Cold, unchanged with everything read again, unchanged where the portal can say so, and the floor on the same
    rows."""
    with tempfile.TemporaryDirectory() as folder, portals(Show(count)) as (url,):
        stage = Stage(Path(folder))
        store = stage.store()
        before = peak_mb()
        cold, cold_cpu, cold_wall = stage.harvest(store, source(url))
        same, same_cpu, same_wall = stage.harvest(store, source(url))
        stage.harvest(store, source(url, incremental=True))
        told, told_cpu, told_wall = stage.harvest(store, source(url, incremental=True))
        store.close()
        counted = (cold.counts.created, same.counts.unchanged, told.counts.unchanged)
        assert counted == (count, count, count), (cold, same, told)
        numbers = {"cold_cpu": cold_cpu, "cold_wall": cold_wall, "same_cpu": same_cpu, "same_wall": same_wall}
        numbers |= {"told_cpu": told_cpu, "told_wall": told_wall, "told_requests": told.counts.requests}
        return numbers | {"grown_mb": peak_mb() - before} | floors(stage.database, count)


def floors(database: Path, count: int) -> Numbers:
    """`json.loads` of the same answers, and raw `executemany` upserts of the same rows into the same tables."""
    answers = list(pages(count, PAGE))
    start = time.process_time()
    for answer in answers:
        json.loads(answer)
    parse = time.process_time() - start
    return {
        "floor_cpu": parse + upsert(database, CATALOGUE),
        "floor_all_cpu": parse + upsert(database, EVERYTHING),
    }


def upsert(database: Path, tables: tuple[str, ...]) -> float:
    """CPU seconds to write the rows of these tables again with the bare driver, a page of datasets at a time."""
    with tempfile.TemporaryDirectory() as folder:
        known = sqlite3.connect(database)
        fresh = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        fresh.execute("PRAGMA journal_mode=WAL")
        fresh.execute("PRAGMA synchronous=NORMAL")
        rows = {}
        for table in tables:
            wanted = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
            for (statement,) in known.execute(wanted, (table,)):
                fresh.execute(statement)
            rows[table] = known.execute(f"SELECT * FROM {table}").fetchall()
        start = time.process_time()
        fresh.execute("BEGIN")
        for table, listed in rows.items():
            marks = ",".join("?" * len(listed[0]))
            statement = f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING"
            for first in range(0, len(listed), PAGE):
                fresh.executemany(statement, listed[first : first + PAGE])
        fresh.execute("COMMIT")
        spent = time.process_time() - start
        fresh.close()
        known.close()
        return spent


def memory(count: int) -> Numbers:
    """Peak memory of a cold harvest and of one in which nothing changed."""
    with tempfile.TemporaryDirectory() as folder, portals(Show(count)) as (url,):
        stage = Stage(Path(folder))
        store = stage.store()
        stage.harvest(store, source(url))
        cold = peak_mb()
        stage.harvest(store, source(url))
        store.close()
        return {"cold_mb": cold, "again_mb": peak_mb()}


def cities(hanging: int = 0) -> Numbers:
    """Fourteen portals of twenty pages with latency, all at once; `hanging` more never answer until their deadline."""
    shows = [Show(PAGES * 100, page=100, latency_s=LATENCY_S)] * CITIES + [Show(0, hangs=True)] * hanging
    with tempfile.TemporaryDirectory() as folder, portals(*shows) as urls:
        stage = Stage(Path(folder), deadline_s=20 if hanging else 600)
        store = stage.store()
        found = [source(url, number, page_size=100) for number, url in enumerate(urls)]
        start, cpu = time.perf_counter(), time.process_time()
        good = {}
        for one, job in run_all(found, stage.tools(store), len(found)):
            good[one.id] = (time.perf_counter() - start, job)
        spent = time.process_time() - cpu
        ended = [at for at, job in good.values() if job is not None and job.counts.created == PAGES * 100]
        assert len(ended) == CITIES
        store.close()
        return {"wall": max(ended), "cpu": spent, "bound": max((PAGES + 1) * LATENCY_S, spent)}


def dcat() -> Numbers:
    """A DCAT page to records as a share of what rdflib needs to parse it, by syntax."""
    return {str(row["syntax"]): float(row["records_ratio"]) for row in bench_dcat.measure(300, 3)}


CASES: dict[str, Callable[..., Numbers]] = {
    "dcat": dcat,
    "harvest": harvest,
    "memory_10k": lambda: memory(10_000),
    "memory_100k": lambda: memory(100_000),
    "cities": cities,
    "cities_one_hangs": lambda: cities(1),
}


def run_case(name: str) -> Any:
    """The numbers of one case, in this process."""
    calm_collector()
    return CASES[name]()
