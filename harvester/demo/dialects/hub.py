"""ArcGIS Hub: the DCAT-US and DCAT-AP feeds and the search API. Knows no scripted world."""

import hashlib
import re
from typing import Any
from urllib.parse import quote, urlencode

from harvester.demo.dialects.answers import dumped, elsewhere, json_answer, whole_number
from harvester.demo.portal import Answer, Request
from harvester.demo.truth import Datasets, Dialect, Kept, Listing, SimDataset, epoch_ms, iso, speaking

DCAT_US = ("/api/feed/dcat-us/1.1.json", "/data.json")
DCAT_AP = ("/api/feed/dcat-ap/2.0.1.json", "/api/feed/dcat-ap/2.1.1.json")
SEARCH = re.compile(r"/api/search/v1/collections/(dataset|all)/items")
LARGEST_LIMIT = 100
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "locn": "http://www.w3.org/ns/locn#",
}
OUT_SR = "?outSR=%7B%22latestWkid%22%3A3857%2C%22wkid%22%3A102100%7D"
GENERATED = (
    ("CSV", "CSV", "text/csv", "csv"),
    ("GeoJSON", "GeoJSON", "application/vnd.geo+json", "geojson"),
    ("KML", "KML", "application/vnd.google-earth.kml+xml", "kml"),
    ("Shapefile", "ZIP", "application/zip", "zip"),
)


def arcgis_hub(datasets: Datasets, owner: str = "stadVoorbeeld", feeds: frozenset[str] | None = None) -> Dialect:
    """A Hub site. `owner`: the account that owns the items; `feeds`: the feed paths that exist, None for all."""
    federal = Kept(lambda dataset, base: dumped(dcat_us(dataset, base, owner)))
    european = Kept(lambda dataset, base: dumped(dcat_ap(dataset, base, owner)))
    features = Kept(lambda dataset, base: dumped(feature(dataset, base, owner)))

    def render(request: Request, listing: Listing) -> Answer:
        offered = feeds is None or request.path in feeds
        if offered and request.path in DCAT_US:
            return whole_feed(request, listing, federal)
        if offered and request.path in DCAT_AP:
            return graph(request, listing, european)
        if request.path == "/api/search/v1":
            return json_answer(
                {"title": "Search", "links": [{"rel": "data", "href": request.base + "/api/search/v1/collections"}]}
            )
        if SEARCH.fullmatch(request.path):
            return search(request, listing, features)
        return elsewhere(request)

    return speaking(datasets, render)


def whole_feed(request: Request, listing: Listing, kept: Kept[bytes]) -> Answer:
    head = {
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "describedBy": "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
    }
    items = b",".join(kept(dataset, request.base) for dataset in listing.items)
    body = dumped(head)[:-1] + b',"dataset":[' + items + b"]}"
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, body)


def graph(request: Request, listing: Listing, kept: Kept[bytes]) -> Answer:
    head = {
        "@context": CONTEXT,
        "@id": request.base,
        "@type": "dcat:Catalog",
        "dct:title": "Open data",
        "dct:language": "nl",
    }
    items = b",".join(kept(dataset, request.base) for dataset in listing.items)
    body = dumped(head)[:-1] + b',"dcat:dataset":[' + items + b"]}"
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, body)


def search(request: Request, listing: Listing, kept: Kept[bytes]) -> Answer:
    """One page of GeoJSON features; `startindex` counts from 1."""
    limit = whole_number(request.value("limit"), 10)
    start = whole_number(request.value("startindex"), 1)
    if not limit or limit > LARGEST_LIMIT or not start:
        fault = {
            "statusCode": 400,
            "message": "limit must be between 1 and 100, startindex at least 1",
            "error": "Bad Request",
        }
        return json_answer(fault, 400)
    shown = listing.items[start - 1 : start - 1 + limit]
    items = b",".join(kept(dataset, request.base) for dataset in shown)
    numbers = {"numberReturned": len(shown)} | ({} if listing.total is None else {"numberMatched": listing.total})
    links = [{"rel": "self", "type": "application/geo+json", "href": request.base + request.target}]
    if start - 1 + limit < (len(listing.items) if listing.total is None else listing.total):
        following = urlencode({"limit": limit, "startindex": start + limit})
        links.append(
            {"rel": "next", "type": "application/geo+json", "href": f"{request.base}{request.path}?{following}"}
        )
    body = b'{"type":"FeatureCollection","features":[' + items + b"]," + dumped({**numbers, "links": links})[1:]
    headers = {"Content-Type": "application/geo+json; charset=utf-8", "x-ratelimit-limit-portal_search_throttler": "10"}
    return Answer(200, headers, body)


def item_id(dataset: SimDataset) -> str:
    return dataset.id.replace("-", "") if len(dataset.id) == 36 else dataset.id


def account(dataset: SimDataset, owner: str) -> str:
    """Who owns the item on the platform."""
    return "dienst_" + dataset.home.partition(".")[0] if dataset.home else owner


def landing(dataset: SimDataset, base: str, owner: str) -> str:
    """Ids with a layer number stand in addresses as they are; otherwise the owner and the slug do."""
    name = dataset.id if "_" in dataset.id else f"{owner}::{dataset.slug}"
    return f"https://{dataset.home}/datasets/{name}" if dataset.home else f"{base}/datasets/{name}"


def layer(dataset: SimDataset, base: str) -> str:
    number = int(hashlib.blake2b(dataset.slug.encode(), digest_size=2).hexdigest(), 16)
    host = f"https://{dataset.home}" if dataset.home else base
    return f"{host}/arcgis/rest/services/P_Portal/publiek/MapServer/{number}"


def dcat_us(dataset: SimDataset, base: str, owner: str) -> Any:
    """One entry of the DCAT-US 1.1 feed: distributions are generated, not files."""
    if dataset.defect == "shape":
        return dataset.title
    page = landing(dataset, base, owner)
    whole: dict[str, Any] = {
        "@type": "dcat:Dataset",
        "identifier": None if dataset.defect == "identity" else page,
        "landingPage": None if dataset.defect == "identity" else page,
        "title": dataset.title,
        "description": dataset.description or "{{description}}",
        "keyword": list(dataset.keywords),
        "issued": iso(dataset.issued, timespec="milliseconds"),
        "modified": iso(dataset.modified, timespec="milliseconds"),
        "publisher": {"name": dataset.publisher or "{{source}}"},
        "contactPoint": {
            "@type": "vcard:Contact",
            "fn": account(dataset, owner),
            "hasEmail": "mailto:{{orgContactEmail}}",
        },
        "accessLevel": "public",
        "spatial": "4.2165,51.1434,4.4983,51.3777" if dataset.geo else "",
        "license": dataset.license,
        "theme": list(dataset.themes) or ["geospatial"],
        "distribution": distributions(dataset, base, page),
    }
    if dataset.defect == "fields":
        whole |= {"title": ["a", 1], "distribution": "geen", "publisher": 7, "keyword": {"x": None}, "contactPoint": []}
    return whole


def distributions(dataset: SimDataset, base: str, page: str) -> list[dict[str, str]]:
    fixed = (
        ("ArcGIS Hub Dataset", "Web Page", "text/html", page),
        ("ArcGIS GeoService", "ArcGIS GeoServices REST API", "application/json", layer(dataset, base)),
    )
    made = [(title, name, media, f"{page}.{ending}{OUT_SR}") for title, name, media, ending in GENERATED]
    return [
        {"@type": "dcat:Distribution", "title": title, "format": name, "mediaType": media, "accessURL": address}
        for title, name, media, address in (*fixed, *made)
    ]


def dcat_ap(dataset: SimDataset, base: str, owner: str) -> Any:
    """One entry of the DCAT-AP feed, with the feed's own spelling mistakes (`accessUrl`, a bare publisher)."""
    entry = dcat_us(dataset, base, owner)
    if not isinstance(entry, dict):
        return entry
    files = entry["distribution"] if isinstance(entry["distribution"], list) else []
    return {
        "@id": entry["identifier"],
        "@type": "dcat:Dataset",
        "dct:identifier": item_id(dataset),
        "dct:title": entry["title"],
        "dct:description": entry["description"],
        "dcat:keyword": entry["keyword"],
        "dct:issued": entry["issued"],
        "dct:modified": entry["modified"],
        "dct:publisher": dataset.publisher or "{{source}}",
        "dcat:contactPoint": {"@type": "Contact", "vcard:fn": account(dataset, owner), "vcard:hasEmail": None},
        "dcat:landingPage": {"@id": entry["landingPage"]},
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": file["title"],
                "dct:format": file["format"],
                "dcat:mediaType": file["mediaType"],
                "dcat:accessUrl": file["accessURL"],
                "dct:license": dataset.license or None,
            }
            for file in files
        ],
    }


def feature(dataset: SimDataset, base: str, owner: str) -> Any:
    """One feature of the search API: times in epoch milliseconds, the item as its properties."""
    if dataset.defect == "shape":
        return [dataset.title]
    properties: dict[str, Any] = {
        "id": None if dataset.defect == "identity" else dataset.id,
        "slug": f"{owner}::{quote(dataset.slug)}",
        "title": dataset.title,
        "name": dataset.slug.replace("-", "_"),
        "description": dataset.description or None,
        "snippet": None,
        "type": "Feature Service",
        "access": "public",
        "owner": account(dataset, owner),
        "orgName": dataset.publisher or None,
        "orgId": "0OmXrO8Yl2Zp",
        "source": dataset.publisher or None,
        "created": epoch_ms(dataset.issued),
        "modified": epoch_ms(dataset.modified),
        "tags": list(dataset.keywords),
        "categories": [f"/Categories/{theme}" for theme in dataset.themes],
        "licenseInfo": dataset.license or None,
        "license": "custom" if dataset.license else "none",
        "culture": "nl-be",
        "extent": {"coordinates": [[4.2165, 51.1434], [4.4983, 51.3777]], "type": "envelope"} if dataset.geo else None,
        "url": layer(dataset, base),
        "landingPage": landing(dataset, base, owner),
    }
    if dataset.defect == "fields":
        properties |= {"title": {}, "modified": "ooit", "tags": "geen", "extent": "overal", "owner": 5}
    return {"id": properties["id"], "type": "Feature", "geometry": None, "properties": properties, "links": []}
