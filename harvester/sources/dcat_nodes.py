"""What the nodes around a dataset say: agents, contacts, keywords, licenses, places, periods. Knows no dataset."""

import re
from collections.abc import Iterator
from typing import Final

from harvester.sources import dcat_terms as dcat
from harvester.sources.base import RawContact
from harvester.sources.described_terms import UNTAGGED, Description, Terms, is_iri, is_web, language_of, said

Period = tuple[str | None, str | None]
Agent = tuple[str | None, str | None]

NUMBER: Final = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
POINT: Final = re.compile(rf"({NUMBER})\s+({NUMBER})(?:\s+{NUMBER})?\s*(?=[,)])")
WKT: Final = re.compile(r"\s*(?:<[^>]*>\s*)?(?:POINT|POLYGON|MULTI\w+|LINESTRING|ENVELOPE)\b", re.IGNORECASE)
NAMED_PERIOD: Final = re.compile(r"\b(start|end)\s*=\s*([^;]*)")
SAME: Final = (dcat.OWL + "sameAs", dcat.RDFS + "seeAlso")
NOBODY: Final[Agent] = (None, None)


def agent(about: Description, terms: Terms) -> Agent:
    """Name and IRI of a foaf:Agent; of several, the first that has a name."""
    found: list[Agent] = []
    for term in terms:
        text = said(term)
        name = about.text(term, dcat.NAME)
        found.append((name, text) if is_iri(term) or is_web(text) else (text or name, None))
    return next((one for one in found if one[0]), found[0] if found else NOBODY)


def contacts(about: Description, terms: Terms) -> list[RawContact]:
    return [contact(about, term) for term in terms]


def contact(about: Description, term: str) -> RawContact:
    text = said(term)
    own_address = text.startswith("mailto:") or ("@" in text and not is_iri(term))
    addresses = [text] if own_address else [about.label(found, dcat.VALUE) for found in about.terms(term, dcat.EMAIL)]
    pages = [about.label(found, dcat.VALUE) for found in about.terms(term, dcat.PAGE)]
    address = next((one for one in addresses if one), "").removeprefix("mailto:").strip()
    return RawContact(
        name=about.text(term, dcat.NAME) or (None if own_address or is_iri(term) else text or None),
        email=address or None,
        url=next((page for page in pages if page), text if is_iri(term) and is_web(text) else None),
    )


def keywords(about: Description, terms: Terms) -> list[str]:
    """Those in the preferred language or untagged; all of them where there are none such."""
    tagged = [(language_of(term), about.label(term)) for term in terms]
    human = [pair for pair in tagged if "-t-" not in pair[0]] or tagged
    wanted = [text for tag, text in human if tag in (about.language, UNTAGGED)] or [text for _, text in human]
    return list(dict.fromkeys(text for text in wanted if text))


def licenses(about: Description, terms: Terms) -> list[str]:
    """Candidates in order of trust: the IRIs, what they are said to be the same as, then identifiers and labels."""
    described = [term for term in terms if term in about.nodes]
    found = [said(term) for term in terms if is_iri(term)]
    found += [same for term in described for same in about.labels(about.terms(term, SAME))]
    found += [said(term) for term in terms if not is_iri(term)]
    found += [text for term in described for predicate in dcat.LABEL if (text := about.text(term, (predicate,)))]
    return list(dict.fromkeys(text for text in found if text))


def license_of(about: Description, terms: Terms) -> str | None:
    iri = next((said(term) for term in terms if is_iri(term)), None)
    return iri or next(iter(licenses(about, terms)), None)


def spatial(about: Description, terms: Terms) -> list[str]:
    return list(dict.fromkeys(place for term in terms for place in places(about, term)))


def places(about: Description, term: str) -> Iterator[str]:
    """IRI or label, and box, of a place."""
    if name := about.label(term):
        yield box(name)
    boxes = set()
    for subject in (term, *about.terms(term, dcat.NESTED_GEOMETRY)):
        for predicate in dcat.GEOMETRY:
            boxes |= {box(said(shape)) for shape in about.terms(subject, (predicate,))}
    yield from sorted(shape for shape in boxes if shape and shape[0] in "{-+0123456789")


def box(text: str) -> str:
    """Well-known text as "west,south,east,north"; anything else as it is."""
    if not WKT.match(text):
        return text
    points = [(float(x), float(y)) for x, y in POINT.findall(text)]
    if not points:
        return text
    xs, ys = zip(*points, strict=True)
    return f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"


def temporal(about: Description, terms: Terms) -> list[Period]:
    return [found for term in terms if (found := period(about, term)) != (None, None)]


def period(about: Description, term: str) -> Period:
    text = said(term)
    if not text or term in about.nodes:
        return edge(about, term, dcat.START), edge(about, term, dcat.END)
    if named := dict(NAMED_PERIOD.findall(text)):
        return named.get("start", "").strip() or None, named.get("end", "").strip() or None
    start, slash, end = text.partition("/")
    return (start.strip() or None, end.strip() or None) if slash and not is_iri(term) else (text, None)


def edge(about: Description, term: str, predicates: dcat.Terms) -> str | None:
    """A date, or the date of a time:Instant."""
    dates = about.terms(term, predicates)
    found = (about.text(date, dcat.INSTANT) if date in about.nodes else said(date) for date in dates)
    return next((date for date in found if date), None)
