"""What an unknown portal is: asks it as each kind would, and writes the source file it needs. Knows no terminal and no store."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from harvester.sources.base import Fetch, Response
from harvester.sources.fingerprints import catalog_document, json_object, reading

FEEDS: Final = ("/catalog.ttl", "/catalog.rdf", "/catalog.jsonld")
NAMES: Final = {
    "opendatasoft": "Opendatasoft",
    "arcgis_hub": "ArcGIS Hub",
    "ckan": "CKAN",
    "datatank": "The DataTank",
    "geonetwork": "GeoNetwork",
    "swing": "Swing",
}
TOTAL_ITEMS: Final = re.compile(rb"totalItems[\"'>:\s]*(?:[^\d<]{0,80}?\")?(\d{1,9})")


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
    """The door, with a note of every answer."""

    fetch: Fetch
    evidence: list[str] = field(default_factory=list)

    def ask(self, url: str) -> Response | None:
        """The answer 200-299, null for any other."""
        probe = self.fetch.probe(url)
        answer = probe.response
        if answer is None:
            self.evidence.append(f"{url}: {probe.error}, {probe.message}")
            return None
        moved = f" from {answer.url}" if answer.url != url else ""
        self.evidence.append(f"{url}: {answer.status} {answer.content_type or 'without type'}{moved}")
        return answer if 200 <= answer.status < 300 else None


def probe(fetch: Fetch, url: str) -> Finding:
    """Asks the address itself, then the interfaces of each software below it and below its host, until one fits."""
    questions = Questions(fetch)
    first = fetch.probe(url).response
    answer = questions.ask(url)
    finding = Finding(asked=url)
    return replace(finding, evidence=tuple(questions.evidence))
