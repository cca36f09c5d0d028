"""What an answer shows of the software behind it and of open data on it. Knows no city and no network."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from bs4 import BeautifulSoup

from harvester.charset import decode
from harvester.errors import ParseError
from harvester.sources.base import Response
from harvester.sources.markup import absolute, base_address, declared_charset, tree, words

SOFTWARE: Final = {  # software -> what its pages load, generate or send; a mere mention in a text is no proof
    "opendatasoft": ("opendatasoft", "ods-widgets", "/api/explore/v2"),
    "ckan": ("generator ckan", "/webassets/base/", "/fanstatic/", "ckan.module"),
    "arcgis_hub": ("opendata.arcgis.com", "hub.arcgis.com", "arcgis-hub", "hubcdn.arcgis.com"),
    "datatank": ("datatank",),
    "geonetwork": ("geonetwork", "catwebprojection"),
    "swing": ("jiveservices", "viewerservices", "swing.eu"),
}
CATALOGS: Final = frozenset(SOFTWARE) - {"swing"}
MENTION: Final = re.compile(
    r"\b(open[ -]?data(?:portaa?l)?|dataportaal|datasets?|gegevenssets?|donn[ée]es ouvertes)\b", re.IGNORECASE
)
OPEN_DATA: Final = re.compile(r"open[ _-]?data|dataportaal|donn[ée]es[ -]ouvertes", re.IGNORECASE)
MISSING: Final = re.compile(r"\b404\b|niet gevonden|bestaat niet|not found|introuvable", re.IGNORECASE)
FILE: Final = re.compile(r"\.(csv|json|geojson|xml|xlsx?|kml|kmz|gml|gpkg|shp|ods|ttl|rdf|nt)(\.zip)?$", re.IGNORECASE)
DATASET: Final = re.compile(r"/(open)?datasets?/[^/]|[?&]dataset=.|open-?data[^?]*\?(.*&)?id=.", re.IGNORECASE)
LEAD: Final = re.compile(r"^(open)?data\.|^opendata|\.arcgis\.com$|opendatasoft", re.IGNORECASE)
MANY: Final = 5
RDF: Final = frozenset(
    {"text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples", "text/n3"}
)
DCAT: Final = re.compile(rb"www\.w3\.org/ns/dcat#?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer shows. `files`, `datasets`: numbers of links; `leads`: links that may lead to a portal."""

    title: str | None = None
    software: str | None = None
    mentions: tuple[str, ...] = ()
    files: int = 0
    datasets: int = 0
    leads: tuple[str, ...] = ()
    verdict: str = "no_catalogue"  # or `page`, `catalogue`


def reading(answer: Response) -> Reading:
    """An answer 200-299 read. What is no page and no catalog document shows nothing."""
    if form := catalog_document(answer):
        return Reading(software=form, verdict="catalogue")
    text, _ = decode(answer.body, answer.charset or declared_charset(answer.body))
    try:
        return page_reading(tree(text, answer.url), answer)
    except ParseError:
        return Reading()


def catalog_document(answer: Response) -> str | None:
    """`dcat`, `data_json`, `opendatasoft`, `ckan` or `ogc_records`, when the answer is a document of such a catalog."""
    if answer.content_type in RDF or answer.body[:400].lstrip()[:8].lower().startswith((b"@prefix", b"<rdf:rdf")):
        return "dcat" if DCAT.search(answer.body) else None
    found = json_object(answer)
    if isinstance(found.get("dataset"), list):
        return "data_json"
    if isinstance(found.get("total_count"), int) and isinstance(found.get("results"), list):
        return "opendatasoft"
    if found.get("success") is True and isinstance(found.get("result"), dict):
        return "ckan"
    return "ogc_records" if isinstance(found.get("collections"), list) else None


def json_object(answer: Response) -> dict[str, Any]:
    """The answer as a JSON object; empty when it is none."""
    if answer.body.lstrip()[:1] != b"{":
        return {}
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def page_reading(soup: BeautifulSoup, answer: Response) -> Reading:
    """A web page read; its verdict as `watch` keeps it."""
    named = soup.select_one("title")
    base = base_address(soup, answer.url)
    links = {found for tag in soup.select("a[href]") if (found := absolute(base, str(tag["href"])))}
    text = words(soup)
    read = Reading(
        title=words(named)[:200] if named else None,
        software=software_of(soup, answer),
        mentions=tuple(sorted({found.lower() for found in MENTION.findall(text)})),
        files=sum(1 for link in links if FILE.search(urlsplit(link).path)),
        datasets=sum(1 for link in links if DATASET.search(link)),
        leads=tuple(sorted(link for link in links if LEAD.search(urlsplit(link).hostname or "")))[:10],
    )
    about = any(OPEN_DATA.search(words(tag)) for tag in soup.select("title, h1, h2"))
    return replace(read, verdict=page_verdict(read, about_open_data=about))


def page_verdict(read: Reading, *, about_open_data: bool) -> str:
    """A page that says it is missing is none, whatever its status; a mere mention in a text makes no open-data page."""
    if MISSING.search(read.title or ""):
        return "no_catalogue"
    if read.software in CATALOGS or (about_open_data and max(read.files, read.datasets) >= MANY):
        return "catalogue"
    return "page" if about_open_data else "no_catalogue"


def software_of(soup: BeautifulSoup, answer: Response) -> str | None:
    """By what the page loads and by its headers, host and generator; null when nothing tells."""
    loaded = [str(tag.get("src") or tag.get("href")) for tag in soup.select("script[src], link[href]")]
    made_by = [f"generator {tag.get('content')}" for tag in soup.select('meta[name="generator" i]')]
    sent = [answer.headers.get(name, "") for name in ("server", "x-powered-by", "x-generator")]
    shown = "\n".join([*loaded, *made_by, *sent, urlsplit(answer.url).hostname or ""]).lower()
    return next((name for name, marks in SOFTWARE.items() if any(mark in shown for mark in marks)), None)
