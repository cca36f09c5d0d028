"""A body in any RDF syntax to its statements, grouped by subject. Knows no vocabulary and no network.

Terms stay as N-Triples writes them (`<iri>`, `_:label`, `"text"@nl`): the parser writes them faster than Python could build
objects of them, and only the few that a record needs are ever read.
"""

from itertools import islice
from operator import attrgetter
from typing import Any, Final

from pyoxigraph import RdfFormat, parse, serialize

from catalog.model import Issue
from harvester.charset import decode
from harvester.errors import ParseError
from harvester.sources.base import Response
from harvester.sources.rdf_bounds import mended, prepared
from harvester.sources.rdf_syntax import declared_encoding, is_html, syntax_of

Subjects = dict[str, list[str]]
"""Subject -> its statements, each `predicate> object` (the `<` before the predicate cut off), repeats included."""

BATCH: Final = (
    20_000  # statements turned into text at once, so that the text of a whole dump never stands beside its graph
)
QUADS: Final = (RdfFormat.JSON_LD, RdfFormat.TRIG, RdfFormat.N_QUADS, RdfFormat.N3)
RESPELT: Final = (
    ("<https://www.w3.org/ns/", "<http://www.w3.org/ns/"),
    ("<https://purl.org/dc/", "<http://purl.org/dc/"),
    ("<https://schema.org/", "<http://schema.org/"),
)
"""Namespaces that feeds spell with the wrong scheme."""


def read(response: Response) -> tuple[Subjects, tuple[Issue, ...]]:
    """The statements of an answer. A document that strict rules refuse gets one more, lenient, attempt, marked by the issue
    `not_well_formed`. Raises ParseError, of kind `empty` for an answer without content."""
    text, issues = decode(response.body, response.charset or declared_encoding(response.body))
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ParseError("The answer is empty", url=response.url, kind="empty")
    if is_html(text):
        raise ParseError("A web page came instead of RDF", url=response.url)
    syntax = syntax_of(response.content_type, text)
    try:
        subjects, more = parsed(text, syntax, response.url)
    except ParseError as error:
        raise ParseError(error.message, url=response.url, kind=error.kind) from error
    return subjects, (*issues, *more)


def parsed(text: str, syntax: RdfFormat, base: str) -> tuple[Subjects, tuple[Issue, ...]]:
    """Strictly, then leniently on a mended text. JSON-LD is lenient at once: strict, it drops statements in silence."""
    lenient = syntax == RdfFormat.JSON_LD
    try:
        return grouped(prepared(text, syntax), syntax, base, lenient=lenient), ()
    except (SyntaxError, ValueError) as error:
        fault = str(error)
    try:
        subjects = grouped(prepared(mended(text, syntax), syntax), syntax, base, lenient=True)
    except (SyntaxError, ValueError) as error:
        raise ParseError(f"The answer can't be read as {syntax.name}: {str(error)[:300]}") from error
    return subjects, (Issue(stage="parse", code="not_well_formed", value=fault[:500]),)


def grouped(body: bytes, syntax: RdfFormat, base: str, *, lenient: bool) -> Subjects:
    """The statements of a body by subject. Raises SyntaxError or ValueError."""
    statements: Any = parse(body, syntax, base_iri=base, lenient=lenient)
    if syntax in QUADS:
        statements = map(attrgetter("triple"), statements)
    subjects: Subjects = {}
    while batch := list(islice(statements, BATCH)):
        lines = serialize(batch, format=RdfFormat.N_TRIPLES).decode("utf-8", "replace")
        for wrong, right in RESPELT:
            lines = lines.replace(wrong, right)
        for line in lines.split(" .\n"):
            subject, _, statement = line.partition(" <")
            known = subjects.get(subject)
            if known is None:
                subjects[subject] = [statement]
            else:
                known.append(statement)
    subjects.pop("", None)
    return subjects
