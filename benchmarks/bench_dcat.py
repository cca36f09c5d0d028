"""A DCAT page to records, beside what rdflib needs to parse the same text: CPU time, interleaved, ratios of one run.

    python benchmarks/bench_dcat.py [--datasets N] [--repeats R] [--json]

Twice: page to HarvestRecords, which is all that an unchanged dataset costs, and on to a RawDataset of each. Targets,
for records: at most 1/8 of rdflib for Turtle and RDF/XML, 1/4 for JSON-LD.
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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import rdflib
from pyoxigraph import RdfFormat, parse, serialize

from config.source import HarvestSource
from harvester.sources.base import HarvestRecord, Probe, RawDataset, Response
from harvester.sources.dcat import Dcat

URL = "https://data.example.org/catalog"
SOURCE = HarvestSource(id="bench", city="gent", kind="dcat", url=URL)
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
}
AT = "http://publications.europa.eu/resource/authority"
WORDS = ("verkeer", "parkeren", "lucht", "water", "buurt", "school", "fiets", "boom", "afval", "kaart", "stad", "haven")
SYNTAXES = {
    "Turtle": (RdfFormat.TURTLE, "text/turtle", "turtle", 1 / 8),
    "RDF/XML": (RdfFormat.RDF_XML, "application/rdf+xml", "xml", 1 / 8),
    "JSON-LD": (RdfFormat.JSON_LD, "application/ld+json", "json-ld", 1 / 4),
}


def catalog(datasets: int) -> str:
    """A synthetic catalogue in Turtle, as a city's portal writes it: 4.2 distributions, 94 statements a dataset."""
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
        f" dcat:theme <{AT}/data-theme/ENVI>, <{AT}/data-theme/TRAN> ; dct:language <{AT}/language/NLD> ;",
        f" dct:accrualPeriodicity <{AT}/frequency/DAILY> ; dct:accessRights <{AT}/access-right/PUBLIC> ;",
        f" dct:issued '2020-01-0{number % 9 + 1}'^^xsd:date ; dct:modified '2026-02-01T10:00:00Z'^^xsd:dateTime ;",
        f" dct:spatial <https://sws.geonames.org/2797656/> ; dcat:landingPage <{iri}.html> ;",
        " dct:publisher <https://example.org/city> ; dct:temporal [ a dct:PeriodOfTime ;",
        "   dcat:startDate '2020-01-01'^^xsd:date ; dcat:endDate '2025-12-31'^^xsd:date ] ;",
        f" dcat:contactPoint [ a vcard:Kind ; vcard:fn 'Dienst{number}' ; vcard:hasEmail <mailto:data@example.org> ] ;",
        f" dcat:distribution {', '.join(f'<{iri}/file/{file}>' for file in range(files))} .",
    ]
    for file in range(files):
        lines += [
            f"<{iri}/file/{file}> a dcat:Distribution ; dct:title '{words(3)}'@nl ; dct:description '{words(12)}'@nl ;",
            f" dcat:accessURL <{iri}.html> ; dcat:downloadURL <{iri}/file/{file}.csv> ;",
            f" dct:format <{AT}/file-type/CSV> ; dcat:byteSize '12345'^^xsd:decimal ;",
            " dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ; adms:status 'ok' ;",
            " dct:license <https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0> ;",
            " dct:issued '2020-01-01'^^xsd:date ; dct:modified '2026-02-01'^^xsd:date ; dct:rights 'open' .",
        ]
    lines.append("<https://example.org/city> a foaf:Agent ; foaf:name 'Stad'@nl, 'City'@en .")
    return "\n".join(lines)


@dataclass(frozen=True)
class OneAnswer:
    """A fetch that answers everything with one body."""

    body: bytes
    content_type: str

    def get(self, *_: object, **__: object) -> Response:
        return Response(URL, 200, {}, self.body, self.content_type, "utf-8", URL)

    def probe(self, url: str) -> Probe:
        return Probe(url, self.get())

    def permitted(self, url: str) -> bool:
        return bool(url)


def records(answer: OneAnswer) -> list[HarvestRecord]:
    """One page, as far as an unchanged dataset needs it."""
    kind = Dcat()
    found = [item for page in kind.pages(SOURCE, answer, None) for item in kind.records(SOURCE, page)]
    return [item for item in found if isinstance(item, HarvestRecord)]


def datasets_of(answer: OneAnswer) -> list[RawDataset]:
    """One page, as far as a new dataset needs it."""
    kind = Dcat()
    return [kind.dataset(SOURCE, record) for record in records(answer)]


def cpu(work: Callable[[], object]) -> float:
    gc.collect()  # what the other one left behind is not ours to sweep
    begin = time.process_time()
    work()
    return time.process_time() - begin


def kept(answer: OneAnswer) -> float:
    """Memory a page keeps while its records are read, in sizes of its body."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    page = next(iter(Dcat().pages(SOURCE, answer, None)))
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return size / len(answer.body) if page.items else 0.0


def measure(datasets: int, repeats: int) -> list[dict[str, Any]]:
    """One row a syntax: medians in microseconds of CPU a dataset, and medians of the ratios of each round."""
    text = catalog(datasets)
    rows = []
    for name, (syntax, content_type, form, target) in SYNTAXES.items():
        written = serialize(parse(text, RdfFormat.TURTLE), format=syntax, prefixes=PREFIXES) or b""
        answer = OneAnswer(text.encode() if syntax == RdfFormat.TURTLE else written, content_type)
        if sum(bool(dataset.title) for dataset in datasets_of(answer)) != datasets:
            raise SystemExit(f"{name}: not every dataset was read")
        works = (partial(records, answer), partial(datasets_of, answer), partial(rdflib_parse, answer.body, form))
        rounds = [[cpu(work) for work in works] for _ in range(repeats)]
        to_record, to_dataset, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
        rows.append(
            {
                "syntax": name,
                "records_us": round(to_record / datasets * 1e6),
                "datasets_us": round(to_dataset / datasets * 1e6),
                "rdflib_us": round(theirs / datasets * 1e6),
                "records_ratio": round(statistics.median(mine / theirs for mine, _, theirs in rounds), 4),
                "datasets_ratio": round(statistics.median(mine / theirs for _, mine, theirs in rounds), 4),
                "target": target,
                "kept_sizes": round(kept(answer), 2),
            }
        )
    return rows


def rdflib_parse(body: bytes, form: str) -> None:
    rdflib.Graph().parse(data=body, format=form)


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
                f"{row['syntax']:8} records {row['records_us']:5} µs = 1/{1 / row['records_ratio']:.1f}"
                f"   datasets {row['datasets_us']:5} µs = 1/{1 / row['datasets_ratio']:.1f}"
                f"   of rdflib's {row['rdflib_us']} µs   (target 1/{1 / row['target']:.0f})"
                f"   keeps {row['kept_sizes']} x its body\n"
            )
    return 0 if all(row["records_ratio"] <= row["target"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
