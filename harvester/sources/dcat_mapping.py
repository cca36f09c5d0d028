"""One described dcat:Dataset to a RawDataset: which statement fills which field. Knows no document, no page and no portal."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from catalog.model import Issue
from harvester.sources import dcat_terms as dcat
from harvester.sources.base import RawContact, RawDataset, RawDistribution, RawService
from harvester.sources.bounded_description import Nodes, read_description
from harvester.sources.dcat_terms import Terms

ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
UNESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
NUMBER: Final = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
POINT: Final = re.compile(rf"({NUMBER})\s+({NUMBER})(?:\s+{NUMBER})*\s*(?=[,)]|$)")
WKT: Final = re.compile(r"\s*(?:<[^>]*>\s*)?(?:POINT|POLYGON|MULTI\w+|LINESTRING|ENVELOPE)\b", re.IGNORECASE)
NAMED_PERIOD: Final = re.compile(r"\b(start|end)\s*=\s*([^;]*)")
MAX_LIST: Final = 1_000
UNTAGGED: Final = ""
SAME: Final = (dcat.OWL + "sameAs", dcat.RDFS + "seeAlso")
NOTHING: Final = frozenset((dcat.NIL, '""'))

Period = tuple[str | None, str | None]


def unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 1:
        return UNESCAPED.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def said(term: str) -> tuple[str, str]:
    """Text and language of a term: a literal's, an IRI as text, nothing for a blank node."""
    if term.startswith("<"):
        return term[1:-1].strip(), UNTAGGED
    end = term.rfind('"')
    if end < 1 or not term.startswith('"'):
        return "", UNTAGGED
    text = term[1:end].strip()
    if "\\" in text:
        text = ESCAPE.sub(unescaped, text).strip()
    return text, term[end + 2 :].replace("_", "-") if term[end + 1 : end + 2] == "@" else UNTAGGED


def is_iri(term: str) -> bool:
    return term.startswith("<")


@dataclass(frozen=True, slots=True)
class Description:
    """The nodes that describe one dataset, and the language its readers prefer. `lists`: whether RDF lists are among them."""

    nodes: Nodes
    language: str
    lists: bool

    def terms(self, subject: str, predicates: Terms) -> list[str]:
        """The objects of the first of `predicates` that has any, lists taken apart."""
        node = self.nodes.get(subject)
        if node is None:
            return []
        for predicate in predicates:
            if objects := node.get(predicate):
                found = [member for term in objects for member in self.members(term)] if self.lists else objects
                if any(term not in NOTHING for term in found):
                    return [term for term in found if term not in NOTHING]
        return []

    def members(self, term: str) -> Iterator[str]:
        """The members of an RDF list, or the term itself."""
        for _ in range(MAX_LIST):
            node = self.nodes.get(term, {})
            if dcat.FIRST not in node:
                break
            yield from node[dcat.FIRST]
            term = next(iter(node.get(dcat.REST, ())), dcat.NIL)
        yield term

    def by_language(self, terms: list[str]) -> dict[str, str]:
        """The longest text of each language. Machine translations (`nl-t-en`) only where nobody wrote anything."""
        found: dict[str, str] = {}
        for text, tag in sorted(map(said, terms)) if len(terms) > 1 else map(said, terms):
            if text and len(text) >= len(found.get(tag, "")):
                found[tag] = text
        if len(found) < 2:
            return found
        return {tag: text for tag, text in found.items() if "-t-" not in tag} or found

    def texts(self, subject: str, predicates: Terms) -> str | Mapping[str, str] | None:
        """Plain where no language is given, else by language; an untagged text beside tagged ones counts as the source's own."""
        found = self.by_language(self.terms(subject, predicates))
        if not found:
            return None
        untagged = found.pop(UNTAGGED, None)
        if not found:
            return untagged
        if untagged and untagged not in found.values():
            found.setdefault(self.language if self.language not in found else "und", untagged)
        return found

    def best(self, terms: list[str]) -> str | None:
        """One text of several: in the preferred language, else untagged, else English, else any."""
        if not terms:
            return None
        found = self.by_language(terms)
        for tag in (self.language, UNTAGGED, "en"):
            if tag in found:
                return found[tag]
        return found[min(found)] if found else None

    def text(self, subject: str, predicates: Terms) -> str | None:
        return self.best(self.terms(subject, predicates))

    def label(self, term: str, predicates: Terms = dcat.LABEL) -> str | None:
        """What a term says: a literal's text, an IRI, a blank node's label."""
        return said(term)[0] or self.text(term, predicates)

    def labels(self, subject: str, predicates: Terms) -> list[str]:
        found = [self.label(term) for term in self.terms(subject, predicates)]
        return list(dict.fromkeys(text for text in found if text)) if found else []

    def first(self, subject: str, predicates: Terms) -> str | None:
        return next(iter(self.labels(subject, predicates)), None)


def raw_dataset(identifier: str, raw: bytes, language: str) -> RawDataset:
    """The dataset that a description is of, the portal's own values under DCAT names."""
    root, nodes, whole = read_description(raw)
    about = Description(nodes, language, lists=any(dcat.FIRST in node for node in nodes.values()))
    publisher, publisher_id = agent(about, root, dcat.PUBLISHER)
    creator, creator_id = agent(about, root, dcat.CREATOR)
    distributions = about.terms(root, dcat.DISTRIBUTION)
    return RawDataset(
        identifier=identifier,
        title=about.texts(root, dcat.TITLE),
        description=about.texts(root, dcat.DESCRIPTION),
        publisher_name=publisher,
        publisher_id=publisher_id,
        creator_name=creator,
        creator_id=creator_id,
        contacts=[contact(about, term) for term in about.terms(root, dcat.CONTACT)],
        keywords=keywords(about, root),
        themes=about.labels(root, dcat.THEME),
        licenses=licenses(about, root),
        access_rights=about.first(root, dcat.ACCESS_RIGHTS),
        rights=about.first(root, dcat.RIGHTS),
        frequency=about.first(root, dcat.FREQUENCY),
        issued=min(about.labels(root, dcat.ISSUED), default=None),
        modified=max(about.labels(root, dcat.MODIFIED), default=None),
        languages=about.labels(root, dcat.LANGUAGE),
        spatial=list(dict.fromkeys(place for term in about.terms(root, dcat.SPATIAL) for place in places(about, term))),
        temporal=[found for term in about.terms(root, dcat.TEMPORAL) if (found := period(about, term)) != (None, None)],
        landing_page=about.first(root, dcat.LANDING_PAGE),
        conforms_to=about.labels(root, dcat.CONFORMS_TO),
        version=about.text(root, dcat.VERSION),
        same_as=same_as(about, root, identifier),
        distributions=[distribution(about, term) for term in distributions],
        services=services(about, root, distributions),
        issues=list(issues(about, root, distributions, identifier, whole=whole)),
    )


def agent(about: Description, root: str, predicates: Terms) -> tuple[str | None, str | None]:
    """Name and IRI of a foaf:Agent; of several, the first that has a name."""
    found: list[tuple[str | None, str | None]] = []
    for term in about.terms(root, predicates):
        text = said(term)[0]
        name = about.text(term, dcat.NAME)
        if is_iri(term) or text.startswith(("http://", "https://")):
            found.append((name, text))
        else:
            found.append((text or name, None))
    return next((one for one in found if one[0]), found[0] if found else (None, None))


def contact(about: Description, term: str) -> RawContact:
    text = said(term)[0]
    addresses = [address for found in about.terms(term, dcat.EMAIL) if (address := about.label(found, dcat.VALUE))]
    if text.startswith("mailto:") or ("@" in text and not is_iri(term)):
        addresses.append(text)
    page = next((url for found in about.terms(term, dcat.PAGE) if (url := about.label(found, dcat.VALUE))), None)
    plain = text if text and not is_iri(term) and text not in addresses else None
    return RawContact(
        name=about.text(term, dcat.NAME) or plain,
        email=addresses[0].removeprefix("mailto:").strip() or None if addresses else None,
        url=page or (text if is_iri(term) and text.startswith("http") else None),
    )


def keywords(about: Description, root: str) -> list[str]:
    """Those in the preferred language or untagged; all of them where there are none such."""
    terms = about.terms(root, dcat.KEYWORD)
    tagged = [(tag, text or about.text(term, dcat.LABEL)) for term in terms for text, tag in (said(term),)]
    human = [pair for pair in tagged if "-t-" not in pair[0]] or tagged
    wanted = [text for tag, text in human if tag in (about.language, UNTAGGED)] or [text for _, text in human]
    return list(dict.fromkeys(text for text in wanted if text))


def licenses(about: Description, subject: str) -> list[str]:
    """Candidates in order of trust: the IRIs, what they are said to be the same as, then identifiers and labels."""
    terms = about.terms(subject, dcat.LICENSE)
    described = [term for term in terms if term in about.nodes]
    found = [said(term)[0] for term in terms if is_iri(term)]
    found += [same for term in described for same in about.labels(term, SAME)]
    found += [said(term)[0] for term in terms if not is_iri(term)]
    found += [text for term in described for predicate in dcat.LABEL if (text := about.text(term, (predicate,)))]
    return list(dict.fromkeys(text for text in found if text))


def places(about: Description, term: str) -> Iterator[str]:
    """IRI or label, and box, of a place."""
    text = said(term)[0]
    if text:
        yield box(text)
    elif name := about.text(term, dcat.LABEL):
        yield name
    shapes = [shape for predicate in dcat.GEOMETRY for shape in about.terms(term, (predicate,))]
    for geometry in about.terms(term, dcat.NESTED_GEOMETRY):
        shapes += [shape for predicate in dcat.GEOMETRY for shape in about.terms(geometry, (predicate,))]
    boxes = {box(shape) for found in shapes if (shape := said(found)[0])}
    yield from sorted(shape for shape in boxes if shape[:1] in "{-+0123456789")


def box(text: str) -> str:
    """Well-known text as "west,south,east,north"; anything else as it is."""
    if not WKT.match(text):
        return text
    points = [(float(x), float(y)) for x, y in POINT.findall(text)]
    if not points:
        return text
    xs, ys = zip(*points, strict=True)
    return f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"


def period(about: Description, term: str) -> Period:
    text = said(term)[0]
    if text and term not in about.nodes:
        named = dict(NAMED_PERIOD.findall(text))
        if named:
            return named.get("start", "").strip() or None, named.get("end", "").strip() or None
        start, slash, end = text.partition("/")
        return (start.strip() or None, end.strip() or None) if slash and not is_iri(term) else (text, None)
    return edge(about, term, dcat.START), edge(about, term, dcat.END)


def edge(about: Description, term: str, predicates: Terms) -> str | None:
    """A date, or the date of a time:Instant."""
    found = (
        said(date)[0] if date not in about.nodes else about.text(date, dcat.INSTANT)
        for date in about.terms(term, predicates)
    )
    return next((date for date in found if date), None)


def same_as(about: Description, root: str, identifier: str) -> list[str]:
    """Other IRIs of the dataset; an adms:Identifier gives its notation."""
    found = [*about.labels(root, (dcat.OWL + "sameAs",)), *about.labels(root, dcat.IDENTIFIER)]
    for term in about.terms(root, (dcat.ADMS + "identifier",)):
        found += [text for text in (said(term)[0], about.text(term, (dcat.SKOS + "notation", *dcat.LABEL))) if text]
    return list(
        dict.fromkeys(iri for iri in found if iri.startswith(("http://", "https://", "urn:")) and iri != identifier)
    )


def distribution(about: Description, term: str) -> RawDistribution:
    candidates = licenses(about, term)
    return RawDistribution(
        identifier=said(term)[0] or about.text(term, dcat.IDENTIFIER),
        title=about.texts(term, dcat.TITLE),
        description=about.texts(term, dcat.DESCRIPTION),
        access_url=about.first(term, dcat.ACCESS_URL),
        download_url=about.first(term, dcat.DOWNLOAD_URL),
        format=about.first(term, dcat.FORMAT),
        media_type=about.first(term, dcat.MEDIA_TYPE),
        byte_size=about.text(term, dcat.BYTE_SIZE),
        license=candidates[0] if candidates else None,
        rights=about.first(term, dcat.RIGHTS),
        issued=min(about.labels(term, dcat.ISSUED), default=None),
        modified=max(about.labels(term, dcat.MODIFIED), default=None),
        checksum=next(
            (value for sum_ in about.terms(term, dcat.CHECKSUM) if (value := about.text(sum_, dcat.CHECKSUM_VALUE))),
            None,
        ),
    )


def services(about: Description, root: str, distributions: list[str]) -> list[RawService]:
    """The services that serve the dataset or one of its distributions and say where they answer."""
    terms = [subject for subject, node in about.nodes.items() if root in node.get(dcat.SERVES, ())]
    for subject in (root, *distributions):
        terms += about.terms(subject, dcat.ACCESS_SERVICE)
    return [
        RawService(endpoint, about.texts(term, dcat.TITLE), about.first(term, dcat.PROTOCOL))
        for term in dict.fromkeys(terms)
        for endpoint in about.labels(term, dcat.ENDPOINT)
    ]


def issues(about: Description, root: str, distributions: list[str], record: str, *, whole: bool) -> Iterator[Issue]:
    if not whole:
        yield Issue(stage="map", code="description_cut", record=record)
    for term in distributions:
        if term not in about.nodes:
            yield Issue(
                stage="map",
                code="distribution_not_described",
                field="distribution",
                value=said(term)[0][:500],
                record=record,
            )
        for field, predicates in (("access_url", dcat.ACCESS_URL), ("download_url", dcat.DOWNLOAD_URL)):
            for url in about.labels(term, predicates)[1:]:
                yield Issue(stage="map", code="several_urls", field=field, value=url[:500], record=record)
