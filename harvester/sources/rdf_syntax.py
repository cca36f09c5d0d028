"""Which RDF syntax a text is written in: by content type and by its look, never by a file name. Parses nothing."""

import re
from typing import Final

from pyoxigraph import RdfFormat

XML_DECLARATION: Final = re.compile(r"\s*<\?xml\b[^>]*\?>")
DECLARED_ENCODING: Final = re.compile(rb"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
XML_LOOK: Final = re.compile(r"<(\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][^<>]*\sxmlns[:=])", re.IGNORECASE)
HTML_LOOK: Final = re.compile(r"(<\?xml[^>]*>|<!--.*?-->|\s)*<(!DOCTYPE\s+html|html)\b", re.IGNORECASE | re.DOTALL)
JSON_LOOK: Final = re.compile(r"\{\s*[\"}]|\[\s*([\[{\"]|\]\s*$)")

BY_CONTENT_TYPE: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/turtle": RdfFormat.TURTLE,
    "application/x-turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/trig": RdfFormat.TRIG,
    "text/n3": RdfFormat.N3,
    "text/rdf+n3": RdfFormat.N3,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}

ACCEPT: Final = (
    "text/turtle, application/rdf+xml;q=0.9, application/n-triples;q=0.9, application/ld+json;q=0.8, "
    "application/xml;q=0.4, */*;q=0.2"
)


def declared_encoding(body: bytes) -> str | None:
    """The encoding an XML declaration names."""
    found = DECLARED_ENCODING.match(body[:200])
    return found[1].decode("ascii").lower() if found else None


def is_html(text: str) -> bool:
    """True for a web page, whatever it was called."""
    return HTML_LOOK.match(text[:4000]) is not None


def syntax_of(content_type: str, text: str) -> RdfFormat:
    """The syntax to parse `text` with. Markup and JSON betray themselves; between the Turtle-like syntaxes, which look
    alike, the content type decides, and Turtle is the default."""
    declared = BY_CONTENT_TYPE.get(content_type)
    head = text[:4000].lstrip()
    if XML_LOOK.match(head):
        return RdfFormat.RDF_XML
    if declared in (RdfFormat.TRIG, RdfFormat.N3, RdfFormat.TURTLE) and not JSON_LOOK.match(head):
        return declared
    if head[:1] == "{" or JSON_LOOK.match(head):
        return RdfFormat.JSON_LD
    if declared in (None, RdfFormat.RDF_XML, RdfFormat.JSON_LD):
        return RdfFormat.TURTLE
    return declared
