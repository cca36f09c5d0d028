"""The kind `dcat` against documents that are hostile, broken or odd: a named fault, no crash, never half a listing."""

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import RdfFormat

from config.source import HarvestSource
from harvester.errors import HarvestError, ParseError
from harvester.sources.base import HarvestRecord, Response
from harvester.sources.dcat import Dcat, read_page
from harvester.sources.rdf import read
from harvester.sources.rdf_syntax import syntax_of

DCAT = Dcat()
DATA = Path(__file__).resolve().parents[2] / "data" / "dcat"
SOURCE = HarvestSource(id="test", city="gent", kind="dcat", url="https://data.stad.example/catalog")
XML = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#"
 xmlns:dct="http://purl.org/dc/terms/"><dcat:Dataset rdf:about="https://s.example/d">%s</dcat:Dataset></rdf:RDF>"""
TURTLE = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
<d> a dcat:Dataset ; dct:title %s ."""
JSON = '{"@context":{"dct":"http://purl.org/dc/terms/"},"@id":"d","@type":"http://www.w3.org/ns/dcat#Dataset","dct:title":%s}'


def titles(body: bytes, content_type: str = "", charset: str | None = None) -> tuple[list[object], list[str]]:
    """Titles and issue codes of what a body holds."""
    response = Response(SOURCE.url, 200, {}, body, content_type, charset)
    page, _ = read_page(*read(response), response)
    records = [found for found in DCAT.records(SOURCE, page) if isinstance(found, HarvestRecord)]
    return [DCAT.dataset(SOURCE, record).title for record in records], [issue.code for issue in page.issues]


def refused(body: str | bytes, content_type: str = "") -> str:
    began = time.monotonic()
    with pytest.raises(ParseError) as raised:
        titles(body.encode() if isinstance(body, str) else body, content_type)
    assert time.monotonic() - began < 20
    assert raised.value.url == SOURCE.url
    return raised.value.message


@pytest.mark.parametrize("depth", [1_500, 20_000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing", "around"),
    [
        ("<dct:relation><dct:X>", "</dct:X></dct:relation>", XML),
        ('<dct:relation><dct:X a="/>">', "</dct:X></dct:relation>", XML),
        ("<dct:relation><dct:X><!-- </a> -->", "</dct:X></dct:relation>", XML),
        ("[", "]", JSON),
        ('{"dct:relation":', "}", JSON),
        ('{"dct:relation":{"@list":["]]]]",', "]}}", JSON),
        ('{"@context":', "}", JSON),
        ("<<( <a:a> <b:b> ", " )>>", TURTLE),
    ],
)
def test_read_when_nested_without_end_then_parse_error(opening: str, closing: str, around: str, depth: int) -> None:
    middle = "null" if around is JSON else "1" if around is TURTLE else ""
    if around is TURTLE and depth < 2_000:
        assert titles((around % (opening * 9 + middle + closing * 9)).encode())[0]
        return
    refused(around % (opening * depth + middle + closing * depth))


def test_read_when_turtle_nests_without_end_then_the_record_is_cut_and_no_other() -> None:
    found, _ = titles((TURTLE % ("'x' ; dct:relation " + "[ dct:relation " * 100_000 + "1" + " ]" * 100_000)).encode())
    assert found == ["x"]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a "b">',
        '<!ENTITY a "' + "x" * 100_000 + '">',
        "".join(f'<!ENTITY e{number} "x">' for number in range(1_000)),
    ],
)
def test_read_when_entities_expand_then_parse_error(doctype: str) -> None:
    text = f"<!DOCTYPE rdf:RDF [{doctype}]>" + XML % f"<dct:title>{'&a;' * 1_000}</dct:title>"
    assert "entities" in refused(text)


def test_read_when_entities_name_namespaces_then_read() -> None:
    text = '<!DOCTYPE rdf:RDF [<!ENTITY xsd "http://www.w3.org/2001/XMLSchema#">]>' + XML % (
        '<dct:title rdf:datatype="&xsd;string">Bomen</dct:title>'
    )
    assert titles(text.encode()) == (["Bomen"], [])


@pytest.mark.parametrize(
    "context",
    [
        '"https://schema.org/"',
        '"file:///etc/passwd"',
        '"http://127.0.0.1/context.jsonld"',
        '"context.jsonld"',
        '[{"dct":"http://purl.org/dc/terms/"}, "https://inside.example/c"]',
        '{"@import":"https://schema.org/"}',
        '{"x":{"@id":"dct:x","@context":"http://10.0.0.1/"}}',
    ],
)
def test_read_when_context_is_remote_then_parse_error(context: str) -> None:
    assert "remote context" in refused(
        f'{{"@context":{context},"@id":"d","@type":"http://www.w3.org/ns/dcat#Dataset"}}'
    )


@pytest.mark.parametrize("inner", ['"https://schema.org/"', '["file:///etc/passwd"]'])
def test_read_when_an_inner_context_is_remote_then_parse_error(inner: str) -> None:
    refused(JSON % f'{{"@context":{inner},"@value":"x"}}')


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "context",
    ["www.w3.org/ns/hydra/context.jsonld", "semiceu.github.io/DCAT-AP/releases/3.0.1/context/dcat-ap.jsonld"],
)
def test_read_when_context_is_known_then_our_own_copy_serves(scheme: str, context: str) -> None:
    text = f'{{"@context":["{scheme}://{context}"],"@id":"d","@type":"dcat:Dataset","dct:title":"Bomen"}}'
    assert titles(text.encode()) == (["Bomen"], [])


@pytest.mark.parametrize("name", ["traps.ttl", "pod.jsonld"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_read_when_body_is_truncated_then_parse_error(name: str, share: float) -> None:
    body = (DATA / name).read_bytes().strip()
    refused(body[: int(len(body) * share)])


@pytest.mark.parametrize("kept", [-1, -5, -12, -30, 400])
def test_read_when_xml_is_truncated_then_parse_error(kept: int) -> None:
    refused((XML % ("<dct:title>Bomen</dct:title>" * 20))[:kept])


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (XML % '<dct:title>A</dct:title><dct:relation rdf:resource="https://s.example/a b"/>', "A"),
        (XML % "<dct:title>Zand & klei &eacute</dct:title>", "Zand & klei &eacute"),
        (XML % "<dct:title>A\x0bB</dct:title>", "A B"),
        (XML % '<dct:title xml:lang="nl_BE">A</dct:title>', {"nl-be": "A"}),
        (TURTLE % '"A"@nl_BE', {"nl-be": "A"}),
        (TURTLE % "'A' ; dct:relation <https://s.example/a b>", "A"),
    ],
)
def test_read_when_not_well_formed_then_a_marked_second_attempt(text: str, title: object) -> None:
    assert titles(text.encode()) == ([title], ["not_well_formed"])


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_read_when_xml_declares_its_charset_then_decoded(charset: str) -> None:
    text = f'<?xml version="1.0" encoding="{charset.removesuffix("-sig")}"?>\n' + XML % "<dct:title>Één</dct:title>"
    assert titles(text.encode(charset))[0] == ["Één"]


@pytest.mark.parametrize(
    ("text", "content_type", "syntax"),
    [
        (TURTLE, "", RdfFormat.TURTLE),
        (TURTLE, "application/json", RdfFormat.TURTLE),
        (TURTLE, "application/rdf+xml", RdfFormat.TURTLE),
        ("# comment\n<a:a> <b:b> <c:c> .", "text/plain", RdfFormat.TURTLE),
        ("<http://a.example/> <b:b> <c:c> .", "text/html", RdfFormat.TURTLE),
        ("[ <b:b> <c:c> ] .", "", RdfFormat.TURTLE),
        ("[] a <b:b> .", "text/turtle", RdfFormat.TURTLE),
        ("<a:a> <b:b> <c:c> .", "application/n-triples", RdfFormat.N_TRIPLES),
        ("<a:a> <b:b> <c:c> <d:d> .", "application/n-quads", RdfFormat.N_QUADS),
        ("{ <a:a> <b:b> <c:c> }", "application/trig", RdfFormat.TRIG),
        (TURTLE, "text/n3", RdfFormat.N3),
        (XML, "text/turtle", RdfFormat.RDF_XML),
        ("\n<!-- x --><rdf:RDF/>", "", RdfFormat.RDF_XML),
        ("<catalog xmlns='x'/>", "text/plain", RdfFormat.RDF_XML),
        (JSON, "text/turtle", RdfFormat.JSON_LD),
        ("[ { } ]", "application/xml", RdfFormat.JSON_LD),
        ("[]", "", RdfFormat.JSON_LD),
        ('{\n "@id": "x" }', "application/rdf+xml", RdfFormat.JSON_LD),
    ],
)
def test_syntax_of_when_type_lies_or_is_absent_then_by_its_look(
    text: str, content_type: str, syntax: RdfFormat
) -> None:
    assert syntax_of(content_type, text) == syntax


@pytest.mark.parametrize("content_type", ["application/n-quads", "application/trig"])
def test_read_when_statements_stand_in_named_graphs_then_read(content_type: str) -> None:
    quad = "<https://s.example/d> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset>"
    text = f"{quad} <a:g> ." if content_type.endswith("quads") else f"<a:g> {{ {quad} }}"
    assert titles(text.encode(), content_type) == ([None], [])


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_read_when_bytes_are_anything_then_only_harvest_errors(body: bytes) -> None:
    survives(body)


@given(st.sampled_from(["traps.ttl", "pod.jsonld"]), st.data())
def test_read_when_a_document_is_damaged_then_only_harvest_errors(name: str, data: st.DataObject) -> None:
    body = (DATA / name).read_bytes()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 200)))
    survives(body[:start] + data.draw(st.binary(max_size=20)) + body[end:])


@given(st.text(alphabet="<>/&;![]CDATA\"'= abrdf:RDFx\n-?%", max_size=80))
def test_read_when_xml_is_damaged_then_only_harvest_errors(inside: str) -> None:
    survives((XML % inside).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["@id", "@type", "@value", "@list", "@graph", "@language", "dct:x", "@reverse", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_read_when_json_is_anything_then_only_harvest_errors(value: object) -> None:
    survives((JSON % json.dumps(value)).encode())


def survives(body: bytes) -> None:
    """Reading gives what it gives, or a harvest error of its kinds; anything else fails the test."""
    assert attempt(body) in ("read", "nothing", "parse", "empty")


def attempt(body: bytes) -> str:
    try:
        return "read" if titles(body)[0] else "nothing"
    except HarvestError as error:
        return error.kind


def corpus(shared: Path) -> list[Path]:
    return sorted(path for path in (shared / "corpora" / "dcat-rdf").rglob("*") if path.is_file())


def test_read_when_any_real_file_comes_then_only_harvest_errors(shared: Path) -> None:
    bodies = [
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in corpus(shared)
    ]
    outcomes = [attempt(body) for body in bodies]
    assert set(outcomes) <= {"read", "nothing", "parse", "empty"}
    assert outcomes.count("read") > 60
