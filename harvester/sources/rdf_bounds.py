"""What a document must satisfy before an RDF parser sees it: it ends, it is not nested without end, it expands to nothing
huge and asks for no remote context. The parser itself would overflow its stack, fill the memory, or take half a document
for a whole one."""

import re
from typing import Any, Final
from xml.parsers import expat

import orjson
from pyoxigraph import RdfFormat

from harvester.errors import ParseError
from harvester.sources.jsonld_contexts import local_context
from harvester.sources.rdf_syntax import XML_DECLARATION

MAX_DEPTH: Final = 100
MAX_ENTITIES: Final = 200
MAX_EXPANSION: Final = 5_000_000  # characters that entities may add
MAX_QUOTED_TRIPLES: Final = 2_000

NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
BARE_AMPERSAND: Final = re.compile(r"&(?!#\d+;|#x[0-9a-fA-F]+;|[A-Za-z_][\w.-]*;)")
UNDERSCORED_LANGUAGE: Final = re.compile(r'("@[A-Za-z]{2,3})_(?=[A-Za-z])')


def prepared(text: str, syntax: RdfFormat) -> bytes:
    """The text as the parser may have it. Raises SyntaxError for what a mended text may cure, ParseError for what nothing may."""
    if syntax == RdfFormat.RDF_XML:
        return bounded_xml(text)
    if syntax == RdfFormat.JSON_LD:
        return bounded_json(text)
    if text.count("<<") > MAX_QUOTED_TRIPLES:
        raise ParseError("The document quotes triples inside triples beyond any use")
    return text.encode("utf-8", "replace")


def mended(text: str, syntax: RdfFormat) -> str:
    """The text without what parsers most often refuse: control characters, a bare `&`, `nl_BE` as a language."""
    clean = NOT_XML.sub(" ", text)
    if syntax == RdfFormat.RDF_XML:
        return BARE_AMPERSAND.sub("&amp;", clean)
    return UNDERSCORED_LANGUAGE.sub(r"\1-", clean)


def bounded_xml(text: str) -> bytes:
    """A whole and harmless XML document, as UTF-8 without its declaration. Raises SyntaxError when it is not well-formed."""
    body = XML_DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    parser = expat.ParserCreate("UTF-8")
    parser.ordered_attributes = True
    depth = 0
    entities: dict[str, str] = {}

    def start(name: str, attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"The XML is nested deeper than {MAX_DEPTH} levels")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(name: str, is_parameter: bool, value: str | None, *external: str | None) -> None:
        if is_parameter or value is None or "&" in value or len(entities) >= MAX_ENTITIES:
            raise ParseError("The XML declares entities that are not plain short texts")
        entities.setdefault(name, value)

    def declared() -> None:
        if sum(text.count(f"&{name};") * len(value) for name, value in entities.items()) > MAX_EXPANSION:
            raise ParseError("The XML expands its entities beyond any use")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    parser.EndDoctypeDeclHandler = declared
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise SyntaxError(str(error)) from error
    return body


def bounded_json(text: str) -> bytes:
    """JSON-LD that nests within bounds and names no remote context: known ones are replaced by our own copies."""
    body = text.encode("utf-8", "replace")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SyntaxError(str(error)) from error
    replaced = False
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        if not level:
            return orjson.dumps(document) if replaced else body
        for node in level:
            if type(node) is dict and "@context" in node:
                replaced |= with_local_context(node)
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
    raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels")


def with_local_context(node: dict[str, Any]) -> bool:
    """Replace the remote contexts a node names; true if there were any. Raises ParseError for one we have no copy of."""
    named = node["@context"]
    contexts = named if isinstance(named, list) else [named]
    if any(isinstance(context, dict) and "@import" in context for context in contexts):
        raise ParseError("A remote context is not allowed: @import")
    if not any(isinstance(context, str) for context in contexts):
        return False
    node["@context"] = [local_context(context) if isinstance(context, str) else context for context in contexts]
    return True
