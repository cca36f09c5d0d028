"""What a document must satisfy before an RDF parser sees it: it ends, nests within bounds, expands to nothing huge and
asks for no remote context. The parser would overflow its stack, fill the memory, or take half a document for all."""

import re
from collections.abc import Mapping
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
STRIDE: Final = 512
XML_LEVELS: Final = {b"<": 1, b"</": -2, b"/>": -1}
JSON_LEVELS: Final = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}

NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
CONTROLS: Final = bytes(sorted(set(range(32)) - set(b"\t\n\r")))
BARE_AMPERSAND: Final = re.compile(r"&(?!#\d+;|#x[0-9a-fA-F]+;|[A-Za-z_][\w.-]*;)")
UNDERSCORED_LANGUAGE: Final = re.compile(r'("@[A-Za-z]{2,3})_(?=[A-Za-z])')


def prepared(text: str, syntax: RdfFormat) -> bytes:
    """The text as the parser may have it. Raises SyntaxError for what a mended text may cure, else ParseError."""
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
    """A whole and harmless XML document, as UTF-8 without declaration. Raises SyntaxError when it is not well-formed.

    The RDF parser itself takes a document cut short for a whole one. Where counting tags can't tell, Expat does.
    """
    body = XML_DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    deepest, open_tags = levels(body, XML_LEVELS)
    odd = (
        b"<!" in body or b"<?" in body or body.count(b"<") != body.count(b">") or body != body.translate(None, CONTROLS)
    )
    if not odd and open_tags == 0 and deepest <= MAX_DEPTH // 2:
        return body
    parser = expat.ParserCreate("UTF-8")
    watch_entities(parser, text)
    watch_depth(parser)
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise SyntaxError(str(error)) from error
    return body


def watch_entities(parser: expat.XMLParserType, text: str) -> None:
    """Refuse entities that are more than names of namespaces: the RDF parser expands them where they are declared."""
    entities: dict[str, str] = {}

    def declared(name: str, is_parameter: bool, value: str | None, *_: str | None) -> None:
        if is_parameter or value is None or "&" in value or len(entities) >= MAX_ENTITIES:
            raise ParseError("The XML declares entities that are not plain short texts")
        entities.setdefault(name, value)

    def all_declared() -> None:
        if sum(text.count(f"&{name};") * len(value) for name, value in entities.items()) > MAX_EXPANSION:
            raise ParseError("The XML expands its entities beyond any use")

    parser.EntityDeclHandler = declared
    parser.EndDoctypeDeclHandler = all_declared


def watch_depth(parser: expat.XMLParserType) -> None:
    """Refuse endless nesting, which costs the RDF parser time by the square."""
    depth = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"The XML is nested deeper than {MAX_DEPTH} levels")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end


def levels(body: bytes, tokens: Mapping[bytes, int]) -> tuple[int, int]:
    """How deep a document is nested at the deepest, give or take what happens within `STRIDE` bytes, and at its end;
    each token is taken for its look. Exact for XML whose `<` and `>` pair up and which has no comment, CDATA or
    instruction, since every `>` then ends a tag; for other documents a good guess."""
    depth = deepest = 0
    for begin in range(0, len(body), STRIDE):
        for token, level in tokens.items():
            depth += level * body.count(token, begin, begin + STRIDE + len(token) - 1)
        deepest = max(deepest, depth)
    return deepest, depth


def bounded_json(text: str) -> bytes:
    """JSON-LD that nests within bounds and names no remote context: known ones are replaced by our own copies."""
    body = text.encode("utf-8", "replace")
    try:
        document = orjson.loads(body)  # refuses itself what is nested deeper than 1024 levels
    except orjson.JSONDecodeError as error:
        raise SyntaxError(str(error)) from error
    inside = isinstance(document, dict) and "@context" in document
    if body.count(b'"@context"') == inside and levels(body, JSON_LEVELS)[0] <= MAX_DEPTH // 2:
        replaced = inside and with_local_context(document)
    else:
        replaced = localized(document)
    return orjson.dumps(document) if replaced else body


def localized(document: Any) -> bool:
    """Replace remote contexts at every level; true if there were any. Raises ParseError for endless nesting."""
    replaced = False
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        for node in level:
            if type(node) is dict and "@context" in node:
                replaced |= with_local_context(node)
        inner = [node.values() if type(node) is dict else node for node in level if type(node) in (dict, list)]
        level = [child for children in inner for child in children if type(child) is dict or type(child) is list]
        if not level:
            return replaced
    raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels")


def with_local_context(node: dict[str, Any]) -> bool:
    """Replace the remote contexts a node names; true if there were any. Raises ParseError for an unknown one."""
    named = node["@context"]
    contexts = named if isinstance(named, list) else [named]
    if any(isinstance(context, dict) and "@import" in context for context in contexts):
        raise ParseError("A remote context is not allowed: @import")
    if not any(isinstance(context, str) for context in contexts):
        return False
    node["@context"] = [local_context(context) if isinstance(context, str) else context for context in contexts]
    return True
