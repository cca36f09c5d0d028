"""Reading the terms of a description: texts by language, labels, lists. Knows N-Triples and no field of ours."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harvester.sources import dcat_terms as dcat
from harvester.sources.rdf import Nodes, objects

ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
UNESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
MAX_LIST: Final = 1_000
UNTAGGED: Final = ""
NOTHING: Final = frozenset((dcat.NIL, '""'))

Terms = Sequence[str]
"""Objects of one predicate, as N-Triples writes them."""


def unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 1:
        return UNESCAPED.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def said(term: str) -> str:
    """What a term says as text: a literal, an IRI; nothing for a blank node."""
    if term.startswith("<"):
        return term[1:-1].strip()
    text = term[1 : term.rfind('"')] if term.startswith('"') else ""
    return (ESCAPE.sub(unescaped, text) if "\\" in text else text).strip()


def language_of(term: str) -> str:
    """The language tag of a literal, or `UNTAGGED`."""
    end = term.rfind('"')
    return term[end + 2 :].replace("_", "-") if end > 0 and term.startswith("@", end + 1) else UNTAGGED


def is_iri(term: str) -> bool:
    return term.startswith("<")


def is_web(text: str) -> bool:
    return text.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Description:
    """The nodes that describe one dataset, and the language to prefer. `lists`: whether RDF lists are among them."""

    nodes: Nodes
    language: str
    lists: bool

    def filled(self, subject: str, table: "Table") -> dict[str, Any]:
        """Field -> what is said for it, by the best of the predicates that say anything."""
        found: dict[str, Any] = {}
        ranks: dict[str, int] = {}
        for predicate, terms in self.nodes.get(subject, {}).items():
            if predicate not in table:
                continue
            name, rank, read = table[predicate]
            if name not in found or rank < ranks[name]:
                value = read(self, self.some((terms,) if isinstance(terms, str) else terms))
                if value:
                    found[name] = value
                    ranks[name] = rank
        return found

    def terms(self, subject: str, predicates: dcat.Terms) -> Terms:
        """The objects of the first of `predicates` that has any."""
        node = self.nodes.get(subject)
        if node is not None:
            for predicate in predicates:
                if predicate in node and (some := self.some(objects(node, predicate))):
                    return some
        return ()

    def some(self, terms: Terms) -> Terms:
        """The terms that say anything, lists taken apart."""
        if self.lists:
            terms = [member for term in terms for member in self.members(term)]
        return terms if NOTHING.isdisjoint(terms) else [term for term in terms if term not in NOTHING]

    def members(self, term: str) -> Iterator[str]:
        """The members of an RDF list, or the term itself."""
        for _ in range(MAX_LIST):
            node = self.nodes.get(term, {})
            if dcat.FIRST not in node:
                break
            yield from objects(node, dcat.FIRST)
            term = next(iter(objects(node, dcat.REST)), dcat.NIL)
        yield term

    def by_language(self, terms: Terms) -> dict[str, str]:
        """The longest text of each language. Machine translations (`nl-t-en`) only where nobody wrote anything."""
        found: dict[str, str] = {}
        for term in sorted(terms):
            text, tag = said(term), language_of(term)
            if text and len(text) >= len(found.get(tag, "")):
                found[tag] = text
        if len(found) < 2:
            return found
        return {tag: text for tag, text in found.items() if "-t-" not in tag} or found

    def texts(self, terms: Terms) -> str | Mapping[str, str] | None:
        """Plain where no language is given, else by language; untagged beside tagged is the source's own language."""
        if len(terms) == 1:
            text, tag = said(terms[0]), language_of(terms[0])
            return ({tag: text} if tag else text) if text else None
        found = self.by_language(terms)
        untagged = found.pop(UNTAGGED, None)
        if not found:
            return untagged
        if untagged and untagged not in found.values():
            found.setdefault(self.language if self.language not in found else "und", untagged)
        return found

    def best(self, terms: Terms) -> str | None:
        """One text of several: in the preferred language, else untagged, else English, else any."""
        if len(terms) == 1:
            return said(terms[0]) or None
        found = self.by_language(terms)
        for tag in (self.language, UNTAGGED, "en"):
            if tag in found:
                return found[tag]
        return found[min(found)] if found else None

    def text(self, subject: str, predicates: dcat.Terms) -> str | None:
        return self.best(self.terms(subject, predicates))

    def label(self, term: str, predicates: dcat.Terms = dcat.LABEL) -> str | None:
        """What a term says: a literal's text, an IRI, a blank node's label."""
        return said(term) or self.text(term, predicates)

    def labels(self, terms: Terms) -> list[str]:
        """What the terms say, nothing twice."""
        found = [text for term in terms if (text := said(term) or self.label(term))]
        return list(dict.fromkeys(found)) if len(found) > 1 else found

    def first(self, terms: Terms) -> str | None:
        for term in terms:
            if text := said(term) or self.label(term):
                return text
        return None

    def earliest(self, terms: Terms) -> str | None:
        return self.first(terms) if len(terms) == 1 else min(self.labels(terms), default=None)

    def latest(self, terms: Terms) -> str | None:
        return self.first(terms) if len(terms) == 1 else max(self.labels(terms), default=None)


Reader = Callable[[Description, Terms], Any]
Table = Mapping[str, tuple[str, int, Reader]]
"""Predicate -> the field it fills, its rank among those that fill it, and how its objects are read."""


def turned(fields: Mapping[str, tuple[dcat.Terms, Reader]]) -> Table:
    """A table of field -> predicates and reader, turned round."""
    return {
        predicate: (name, rank, read)
        for name, (predicates, read) in fields.items()
        for rank, predicate in enumerate(predicates)
    }
