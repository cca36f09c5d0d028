"""What an unknown portal is: asks as each kind would, and writes its source file. Knows no terminal and no store."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from harvester.sources.base import Fetch, Response
from harvester.sources.fingerprints import catalog_document, json_object, reading
from harvester.sources.loose import count

FEEDS: Final = ("/catalog.ttl", "/catalog.rdf", "/catalog.jsonld")
NAMES: Final = {
    "opendatasoft": "Opendatasoft",
    "arcgis_hub": "ArcGIS Hub",
    "ckan": "CKAN",
    "datatank": "The DataTank",
    "geonetwork": "GeoNetwork",
    "swing": "Swing",
}
TOTAL_ITEMS: Final = re.compile(
    rb"""totalItems(?:\s[^<>"']*="[^"]*")*["'>:\s]+([0-9]{1,9})"""
)  # of Hydra, in any syntax
WORTH_A_RANGE: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands at an address. `kind` is null when no kind can harvest it; `url` is what its source file needs.

    `total`: the number of datasets it announces, null if none. `evidence`: one line for each question asked.
    """

    asked: str
    kind: str | None = None
    software: str | None = None
    url: str = ""
    total: int | None = None
    final_host: str | None = None
    last_modified: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class Questions:
    """The door, with a line of evidence for each answer."""

    fetch: Fetch
    evidence: list[str] = field(default_factory=list)

    def ask(self, url: str) -> Response | None:
        """The answer, whatever its status; null when there is none."""
        probe = self.fetch.probe(url)
        answer = probe.response
        if answer is None:
            self.evidence.append(f"{url}: no answer ({probe.error}). {probe.message or ''}".rstrip())
            return None
        moved = f", from {answer.url}" if answer.url.rstrip("/") != url.rstrip("/") else ""
        self.evidence.append(f"{url}: {answer.status} {answer.content_type or 'without a type'}{moved}")
        return answer

    def json(self, url: str) -> Mapping[str, Any]:
        """The JSON object at `url`; empty when something else, or nothing, is there."""
        answer = self.ask(url)
        return json_object(answer) if answer and 200 <= answer.status < 300 else {}

    def document(self, url: str) -> str | None:
        """Which catalog document is at `url`; see `catalog_document`."""
        answer = self.ask(url)
        return catalog_document(answer) if answer and 200 <= answer.status < 300 else None


def probe(fetch: Fetch, url: str) -> Finding:
    """Asks the address itself, then the interfaces of each software below it and below its host, until one fits."""
    questions = Questions(fetch)
    answer = questions.ask(url)
    if answer is None:
        return Finding(url, url=url, evidence=tuple(questions.evidence))
    found = itself(url, answer) or next(candidates(questions, url, answer.url), None) or page(url, answer)
    return replace(
        found,
        final_host=urlsplit(answer.url).hostname,
        last_modified=answer.headers.get("last-modified"),
        evidence=tuple(questions.evidence),
    )


def itself(url: str, answer: Response) -> Finding | None:
    """A DCAT document is its own source."""
    if 200 <= answer.status < 300 and catalog_document(answer) == "dcat":
        total = TOTAL_ITEMS.search(answer.body)
        return Finding(url, kind="dcat", software="DCAT", url=url, total=int(total[1]) if total else None)
    return None


def page(url: str, answer: Response) -> Finding:
    """A web page, or nothing that we know: it can be watched."""
    read = reading(answer) if 200 <= answer.status < 300 else None
    software = NAMES.get(read.software) if read and read.software else None
    return Finding(url, software=software, url=url)


def candidates(questions: Questions, url: str, final_url: str) -> Iterator[Finding]:
    """What answers as a catalog does, in the order in which one may hide another."""
    for base in bases(url, final_url):
        for ask in (opendatasoft, arcgis_hub, ckan, datatank, geonetwork):
            if found := ask(questions, base):
                yield replace(found, asked=url)
    for base in bases(url, final_url):
        for path in FEEDS:
            if questions.document(base + path) == "dcat":
                yield Finding(url, kind="dcat", software="DCAT", url=base + path)
        if feed := dcat_us(questions, base, "/data.json"):
            yield replace(feed, asked=url)


def bases(url: str, final_url: str) -> list[str]:
    """The address without its query, where it led, and the root of that host."""
    parts = [urlsplit(address) for address in (url, final_url)]
    roots = [f"{part.scheme}://{part.netloc}" for part in parts]
    paths = [root + part.path.rstrip("/") for root, part in zip(roots, parts, strict=True)]
    return list(dict.fromkeys([*paths, roots[1]]))


def opendatasoft(questions: Questions, base: str) -> Finding | None:
    total = questions.json(f"{base}/api/explore/v2.1/catalog/datasets?limit=0").get("total_count")
    return (
        Finding(base, "opendatasoft", NAMES["opendatasoft"], base, count(total)) if count(total) is not None else None
    )


def arcgis_hub(questions: Questions, base: str) -> Finding | None:
    """The search interface; a site that has switched it off may still have its feed."""
    if {"collections", "links"} & questions.json(f"{base}/api/search/v1").keys():
        items = questions.json(f"{base}/api/search/v1/collections/dataset/items?limit=1")
        return Finding(base, "arcgis_hub", NAMES["arcgis_hub"], base, count(items.get("numberMatched")))
    return dcat_us(questions, base, "/api/feed/dcat-us/1.1.json")


def dcat_us(questions: Questions, base: str, path: str) -> Finding | None:
    """A DCAT-US document, which the kind `arcgis_hub` reads wherever it comes from."""
    datasets = questions.json(base + path).get("dataset")
    software = NAMES["arcgis_hub"] if "feed" in path else "DCAT-US"
    return Finding(base, "arcgis_hub", software, base, len(datasets)) if isinstance(datasets, list) else None


def ckan(questions: Questions, base: str) -> Finding | None:
    answer = questions.json(f"{base}/api/3/action/package_search?rows=0")
    result = answer.get("result")
    if answer.get("success") is not True or not isinstance(result, dict):
        return None
    return Finding(base, "ckan", NAMES["ckan"], base, count(result.get("count")))


def datatank(questions: Questions, base: str) -> Finding | None:
    found = questions.document(f"{base}/api/dcat") == "dcat"
    return Finding(base, "datatank", NAMES["datatank"], f"{base}/api/dcat") if found else None


def geonetwork(questions: Questions, base: str) -> Finding | None:
    home = base.removesuffix("/srv")
    site = questions.json(f"{home}/srv/api/site")
    found = any(name.startswith("system/") for name in site)
    return Finding(base, "csw", NAMES["geonetwork"], f"{home}/srv/eng/csw") if found else None


def source_file(finding: Finding, city: str, today: date) -> str:
    """A valid source file for what was found, disabled until a person looked. What nothing can harvest is watched."""
    seen = [
        finding.software or "no software known to us",
        f"{finding.total} datasets announced" if finding.total is not None else "no total announced",
        f"host {finding.final_host}" if finding.final_host else "no answer",
        *([f"Last-Modified {finding.last_modified}"] if finding.last_modified else []),
    ]
    lines = [
        f"city = {toml_text(city)}",
        f"kind = {toml_text(finding.kind or 'watch')}",
        f"url = {toml_text(finding.url or finding.asked)}",
        'every = "1d"',
        "enabled = false",
        'reason = "probed, not yet looked at by a person"',
        f"evidence = {toml_text(f'probe of {today.isoformat()}: ' + ', '.join(seen))}",
    ]
    if finding.total is not None and finding.total >= WORTH_A_RANGE:
        lines += ["", "[expect]", f"min = {finding.total // 2}", f"max = {finding.total * 2}"]
    return "\n".join(lines) + "\n"


def toml_text(text: str) -> str:
    """A TOML basic string; what a portal sent stays on its line."""
    return json.dumps("".join(c if c.isprintable() else " " for c in text), ensure_ascii=False)
