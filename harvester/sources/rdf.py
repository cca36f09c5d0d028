"""A body in any RDF syntax to its statements, grouped by subject. Knows no vocabulary and no network.

Terms stay as N-Triples writes them (`<iri>`, `_:label`, `"text"@nl`): the parser writes them faster than Python could
build objects of them, and only the few that a record needs are ever read.
"""

from collections.abc import Sequence
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

Node = dict[str, str | list[str]]
"""Predicate (without its angle brackets) -> its object, or objects. One object is no list: most are alone, and a dict
of texts costs the garbage collector nothing."""
Nodes = dict[str, Node]
"""Subject -> what is said of it, repeats included."""

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


def read(response: Response) -> tuple[Nodes, tuple[Issue, ...]]:
    """The statements of an answer. A document that strict rules refuse gets one more, lenient, attempt, marked by the
    issue `not_well_formed`. Raises ParseError, of kind `empty` for an answer without content."""
    text, issues = decode(response.body, response.charset or declared_encoding(response.body))
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ParseError("The answer is empty", url=response.url, kind="empty")
    if is_html(text):
        raise ParseError("A web page came instead of RDF", url=response.url)
    syntax = syntax_of(response.content_type, text)
    try:
        nodes, more = parsed(text, syntax, response.url)
    except ParseError as error:
        raise ParseError(error.message, url=response.url, kind=error.kind) from error
    return nodes, (*issues, *more)


def parsed(text: str, syntax: RdfFormat, base: str) -> tuple[Nodes, tuple[Issue, ...]]:
    """Strictly, then leniently on a mended text. JSON-LD is lenient at once: strict, it drops statements in silence."""
    lenient = syntax == RdfFormat.JSON_LD
    try:
        return grouped(prepared(text, syntax), syntax, base, lenient=lenient), ()
    except (SyntaxError, ValueError) as error:
        fault = str(error)
    try:
        nodes = grouped(prepared(mended(text, syntax), syntax), syntax, base, lenient=True)
    except (SyntaxError, ValueError) as error:
        raise ParseError(f"The answer can't be read as {syntax.name}: {str(error)[:300]}") from error
    return nodes, (Issue(stage="parse", code="not_well_formed", value=fault[:500]),)


def grouped(body: bytes, syntax: RdfFormat, base: str, *, lenient: bool) -> Nodes:
    """The statements of a body by subject. Raises SyntaxError or ValueError."""
    statements: Any = parse(body, syntax, base_iri=base, lenient=lenient)
    if syntax in QUADS:
        statements = map(attrgetter("triple"), statements)
    misspelt = [(wrong, right) for wrong, right in RESPELT if wrong[1:].encode() in body]
    nodes: Nodes = {}
    while written := serialize(islice(statements, BATCH), format=RdfFormat.N_TRIPLES):
        lines = written.decode("utf-8", "replace")
        for wrong, right in misspelt:
            lines = lines.replace(wrong, right)
        group(lines, nodes)
    nodes.pop("", None)
    return nodes


def group(lines: str, nodes: Nodes) -> None:
    """Sort N-Triples into `nodes`. Most lines have the subject of the line before."""
    start, length = "\n", 1
    node: Node = {}
    names: dict[str, str] = {}  # one string for all uses of a predicate
    for line in lines.split(" .\n"):
        if line.startswith(start):
            predicate, _, term = line[length:].partition("> ")
        else:
            subject, _, statement = line.partition(" <")
            predicate, _, term = statement.partition("> ")
            start = subject + " <"
            length = len(start)
            node = nodes.setdefault(subject, {})
        if predicate not in node:
            node[names.setdefault(predicate, predicate)] = term
        elif isinstance(known := node[predicate], list):
            known.append(term)
        else:
            node[predicate] = [known, term]


def objects(node: Node, predicate: str) -> Sequence[str]:
    """The objects of a predicate, as many as there are."""
    terms = node.get(predicate, ())
    return (terms,) if isinstance(terms, str) else terms
