"""`make bench`: every case in fresh processes, interleaved; medians, and ratios taken within one run.

python -m benchmarks [--repeats N] [--only CASE ...] [--write]
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.cases import CASES, DATASETS, run_case

Numbers = dict[str, float]
Runs = Mapping[str, Sequence[Numbers]]

ROOT = Path(__file__).resolve().parents[1]
ONCE = frozenset({"memory_10k", "memory_100k"})  # memory does not depend on who else is at work
PAGES = (ROOT / "docs" / "benchmarks.md", ROOT / "README.md")
FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)
CKAN_HARVESTER_US = 117_000  # CPU a dataset, client and database; an earlier measurement, see docs/benchmarks.md


def measured(names: Sequence[str], repeats: int) -> dict[str, list[Numbers]]:
    """The numbers of every repeat. One case after the other, then all over again, so a slow hour hits all alike."""
    runs: dict[str, list[Numbers]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            if turn and name in ONCE:
                continue
            print(f"{turn + 1}/{repeats} {name}", file=sys.stderr, flush=True)
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks", "--case", name],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            runs[name].append(json.loads(done.stdout))
    return runs


def median(runs: Runs, case: str, key: str) -> float:
    return statistics.median(run[key] for run in runs[case])


def ratio(runs: Runs, case: str, above: str, below: str) -> float:
    """The median of the ratios of single runs: both sides met the same machine."""
    return statistics.median(run[above] / run[below] for run in runs[case])


def rows(runs: Runs) -> list[tuple[str, str, str]]:
    """What, how much, and what it must not pass."""
    found: list[tuple[str, str, str]] = []
    if "harvest" in runs:
        found += harvest_rows(runs)
    if "memory_10k" in runs and "memory_100k" in runs:
        grown = median(runs, "memory_100k", "cold_mb") - median(runs, "memory_10k", "cold_mb")
        again = median(runs, "memory_100k", "again_mb") - median(runs, "memory_10k", "again_mb")
        found.append(
            ("memory, from 10,000 to 100,000 datasets", f"+{grown:.0f} MB cold, +{again:.0f} MB again", "+50 MB")
        )
    for case, what in (
        ("cities", "fourteen portals with latency"),
        ("cities_one_hangs", "the same beside one that hangs"),
    ):
        if case in runs:
            found.append((what, f"{ratio(runs, case, 'wall', 'bound'):.2f} x the bound", "1.15 x"))
    for key, what in (
        ("Turtle", "DCAT page to records, Turtle"),
        ("RDF/XML", "the same, RDF/XML"),
        ("JSON-LD", "the same, JSON-LD"),
    ):
        if "dcat" in runs:
            share = 1 / statistics.median(run[key] for run in runs["dcat"])
            found.append((what, f"1/{share:.1f} of rdflib's parse", "1/4" if key == "JSON-LD" else "1/8"))
    return found


def harvest_rows(runs: Runs) -> list[tuple[str, str, str]]:
    cold = median(runs, "harvest", "cold_cpu") / DATASETS * 1e6
    floor = ratio(runs, "harvest", "cold_cpu", "floor_all_cpu")
    strict = ratio(runs, "harvest", "cold_cpu", "floor_cpu")
    told, same = ratio(runs, "harvest", "told_cpu", "cold_cpu"), ratio(runs, "harvest", "same_cpu", "cold_cpu")
    return [
        ("cold harvest of 10,000 CKAN datasets, CPU", f"{floor:.1f} x the floor ({cold:.0f} µs a dataset)", "3 x"),
        ("the same against the floor without raw records and history", f"{strict:.1f} x", ""),
        ("unchanged, everything read again", f"{same:.1%} of cold", "15 %"),
        ("unchanged, the portal says so", f"{told:.1%} of cold", "2 %"),
        ("against the CKAN harvester, as measured earlier", f"{CKAN_HARVESTER_US / cold:.0f} x less CPU", "100 x less"),
    ]


def table(runs: Runs, repeats: int) -> str:
    """The figures as a Markdown table, with what they were measured on."""
    lines = ["| what | measured | goal |", "| --- | --- | --- |"]
    lines += [f"| {what} | {figure} | {goal} |" for what, figure, goal in rows(runs)]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return "\n".join([*lines, "", f"Medians of {repeats} runs, memory of one; {machine}.", ""])


def write(text: str) -> None:
    """Put the figures between their marks in the pages."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        page.write_text(FIGURES.sub(lambda marks: marks[1] + text + marks[2], before), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--write", action="store_true", help="put the figures into README.md and docs/benchmarks.md")
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.case:
        print(json.dumps(run_case(asked.case)))
        return
    text = table(measured(asked.only, asked.repeats), asked.repeats)
    print(text)
    if asked.write:
        write(text)


if __name__ == "__main__":
    main()
