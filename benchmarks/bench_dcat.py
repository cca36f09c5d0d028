"""A DCAT page to records, beside what rdflib needs to parse the same text: ratios of CPU time taken in one run, interleaved.

    python benchmarks/bench_dcat.py [--datasets N] [--repeats R] [--json]

Targets: at most 1/8 of rdflib for Turtle and RDF/XML, at most 1/4 for JSON-LD, each dataset read into a RawDataset.
"""

import argparse
import gc
import json
import logging
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import rdflib
from pyoxigraph import RdfFormat, parse, serialize

from config.source import HarvestSource
from harvester.sources.base import HarvestRecord, Params, Probe, Response
from harvester.sources.dcat import Dcat

URL = "https://data.example.org/catalog"
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
}
AT = "http://publications.europa.eu/resource/authority"
WORDS = (
    "verkeer parkeren lucht water buurt school fiets boom afval kaart stad haven markt bib sport zorg geluid".split()
)
SYNTAXES = {
    "Turtle": (RdfFormat.TURTLE, "text/turtle", "turtle", 1 / 8),
    "RDF/XML": (RdfFormat.RDF_XML, "application/rdf+xml", "xml", 1 / 8),
    "JSON-LD": (RdfFormat.JSON_LD, "application/ld+json", "json-ld", 1 / 4),
}


def catalog(datasets: int) -> str:
    """A synthetic catalogue in Turtle: 4.2 distributions and some 100 statements a dataset, as a city's portal writes them."""
    chance = random.Random(2)
    parts = [f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items()]
    parts.append(f"<{URL}> a dcat:Catalog ; dct:title 'Open data'@nl .")
    parts += [dataset(number, chance) for number in range(datasets)]
    return "\n".join(parts)


def dataset(number: int, chance: random.Random) -> str:
    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    iri = f"https://data.example.org/dataset/{number}"
    files = chance.choice((3, 4, 4, 5, 5))
    keywords = ", ".join(f'"{word}"@nl, "{word} data"@en' for word in chance.sample(WORDS, 4))
    lines = [
        f"<{URL}> dcat:dataset <{iri}> .",
        f"<{iri}> a dcat:Dataset ; dct:identifier 'ds-{number}' ; dct:title '{words(4)}'@nl, '{words(4)}'@en ;",
        f" dct:description '{words(60)}'@nl, '{words(60)}'@en ; dcat:keyword {keywords} ;",
        f" dcat:theme <{AT}/data-theme/ENVI>, <{AT}/data-theme/TRAN> ; dct:accrualPeriodicity <{AT}/frequency/DAILY> ;",
        f" dct:issued '2020-01-0{number % 9 + 1}'^^xsd:date ; dct:modified '2026-02-01T10:00:00Z'^^xsd:dateTime ;",
        f" dct:language <{AT}/language/NLD> ; dct:accessRights <{AT}/access-right/PUBLIC> ;",
        f" dct:spatial <https://sws.geonames.org/2797656/> ; dcat:landingPage <{iri}.html> ; dct:publisher <https://example.org/city> ;",
        " dct:temporal [ a dct:PeriodOfTime ; dcat:startDate '2020-01-01'^^xsd:date ; dcat:endDate '2025-12-31'^^xsd:date ] ;",
        f" dcat:contactPoint [ a vcard:Organization ; vcard:fn 'Dienst {number}' ; vcard:hasEmail <mailto:data@example.org> ] ;",
        f" dcat:distribution {', '.join(f'<{iri}/file/{file}>' for file in range(files))} .",
    ]
    for file in range(files):
        lines += [
            f"<{iri}/file/{file}> a dcat:Distribution ; dct:title '{words(3)}'@nl ; dct:description '{words(12)}'@nl ;",
            f" dcat:accessURL <{iri}.html> ; dcat:downloadURL <{iri}/file/{file}.csv> ; dct:format <{AT}/file-type/CSV> ;",
            " dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ; dcat:byteSize '12345'^^xsd:decimal ;",
            " dct:license <https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0> ; adms:status 'ok' ;",
            " dct:issued '2020-01-01'^^xsd:date ; dct:modified '2026-02-01'^^xsd:date ; dct:rights 'open' .",
        ]
    lines.append("<https://example.org/city> a foaf:Agent ; foaf:name 'Stad'@nl, 'City'@en .")
    return "\n".join(lines)


class OneAnswer:
    """A fetch that answers everything with one body."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self.response = Response(URL, 200, {}, body, content_type, "utf-8", URL)

    def get(
        self,
        url: str,
        params: Params | None = None,
        *,
        accept: str = "*/*",
        allow: frozenset[int] = frozenset(),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self.response

    def probe(self, url: str) -> Probe:
        return Probe(url, self.response)


def ours(body: bytes, content_type: str) -> int:
    """Number of datasets read from one page."""
    kind = Dcat()
    source = HarvestSource(id="bench", city="gent", kind="dcat", url=URL)
    pages = kind.pages(source, OneAnswer(body, content_type), None)
    return sum(
        1
        for page in pages
        for record in kind.records(source, page)
        if isinstance(record, HarvestRecord) and kind.dataset(source, record).title
    )


def cpu(work: Callable[[], object]) -> float:
    gc.collect()  # what the other one left behind is not ours to sweep
    begin = time.process_time()
    work()
    return time.process_time() - begin


def kept(body: bytes, content_type: str) -> float:
    """Memory a page keeps while its records are read, in sizes of its body."""
    source = HarvestSource(id="bench", city="gent", kind="dcat", url=URL)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    page = next(iter(Dcat().pages(source, OneAnswer(body, content_type), None)))
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return size / len(body) if page.items else 0.0


def measure(datasets: int, repeats: int) -> list[dict[str, Any]]:
    """One row a syntax: medians in microseconds of CPU a dataset, and the median of the ratios of each round."""
    text = catalog(datasets)
    rows = []
    for name, (syntax, content_type, rdflib_name, target) in SYNTAXES.items():
        body = serialize(parse(text, RdfFormat.TURTLE), format=syntax, prefixes=PREFIXES) or b""
        body = text.encode() if syntax == RdfFormat.TURTLE else body
        if ours(body, content_type) != datasets:
            raise SystemExit(f"{name}: not every dataset was read")
        rounds = []
        for _ in range(repeats):
            mine = cpu(lambda body=body, content_type=content_type: ours(body, content_type))
            theirs = cpu(lambda body=body, form=rdflib_name: rdflib.Graph().parse(data=body, format=form))
            rounds.append((mine, theirs, mine / theirs))
        mine, theirs, ratio = (statistics.median(column) for column in zip(*rounds, strict=True))
        rows.append(
            {
                "syntax": name,
                "ours_us": round(mine / datasets * 1e6),
                "rdflib_us": round(theirs / datasets * 1e6),
                "ratio": round(ratio, 4),
                "target": target,
                "kept_sizes": round(kept(body, content_type), 2),
            }
        )
    return rows


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--datasets", type=int, default=300)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)
    rows = measure(options.datasets, options.repeats)
    if options.json:
        sys.stdout.write(json.dumps({"dcat": rows}) + "\n")
    else:
        for row in rows:
            sys.stdout.write(
                f"{row['syntax']:8} {row['ours_us']:6} µs   rdflib {row['rdflib_us']:6} µs   1/{1 / row['ratio']:.1f}"
                f"   target 1/{1 / row['target']:.0f}   keeps {row['kept_sizes']} x its body\n"
            )
    return 0 if all(row["ratio"] <= row["target"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
