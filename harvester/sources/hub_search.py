"""One feature of an ArcGIS Hub search read in DCAT terms. Knows no listing."""

import re
from typing import Any, Final
from urllib.parse import quote

from harvester.sources.base import HarvestRecord, RawContact, RawDataset, RawDistribution, RawService
from harvester.sources.hub_feed import licenses
from harvester.sources.loose import child, labels, text, when

ITEM: Final = re.compile(r"\b([0-9a-f]{32})(?:_(\d+))?(?![0-9a-f])(?:.*?[?&]sublayer=(\d+))?")
SERVICE: Final = "ArcGIS GeoServices REST API"
DOWNLOADS: Final = {"csv": "CSV", "shapefile": "Shapefile", "geojson": "GeoJSON", "kml": "KML"}

Fields = dict[str, Any]


def item_key(identifier: str) -> str | None:
    """The ArcGIS item and its layer as `id_layer`, out of an identifier or address that holds them."""
    found = ITEM.search(identifier)
    if found is None:
        return None
    layer = found[2] or found[3]
    return f"{found[1]}_{layer}" if layer else found[1]


def read_feature(record: HarvestRecord, fields: Fields, base: str) -> RawDataset:
    """`fields`: the decoded GeoJSON feature; `base`: the site's address without its last slash. Dates are epoch ms."""
    item = child(fields, "properties")
    owner = text(item.get("owner"))
    page = f"{base}/datasets/{quote(text(item.get('slug')) or record.identifier, safe=':')}"
    url = text(item.get("url"))
    return RawDataset(
        identifier=record.identifier,
        title=text(item.get("title")) or text(item.get("name")),
        description=text(item.get("description")) or text(item.get("snippet")),
        publisher_name=text(item.get("source")) or text(item.get("orgName")),
        contacts=[RawContact(name=owner)] if owner else [],
        keywords=labels(item.get("tags")),
        themes=[category.rpartition("/")[2] for category in labels(item.get("categories"))],
        licenses=labels(child(item, "structuredLicense").get("url"))
        + licenses(item.get("license"), item.get("licenseInfo")),
        access_rights=text(item.get("access")),
        issued=when(item.get("created")),
        modified=when(item.get("modified")),
        spatial=[box for box in [envelope(item.get("extent"))] if box],
        landing_page=page,
        distributions=made_by_hub(item_key(record.identifier), item, page, base),
        services=[RawService(url, text(item.get("title")), SERVICE)] if url and is_service(url) else [],
    )


def is_service(url: str) -> bool:
    return "/rest/services/" in url


def envelope(extent: Any) -> str | None:
    """`[[w, s], [e, n]]`, bare or under `coordinates`, as `w,s,e,n`."""
    corners = extent.get("coordinates") if isinstance(extent, dict) else extent
    if not isinstance(corners, list) or not all(isinstance(corner, list) for corner in corners):
        return None
    sides = [text(side) for corner in corners for side in corner]
    return ",".join(side for side in sides if side) if len(sides) == 4 and all(sides) else None


def made_by_hub(key: str | None, item: Fields, page: str, base: str) -> list[RawDistribution]:
    """What a feed would list: the page, the service with the downloads that Hub makes of a layer, or the file."""
    found = [RawDistribution(title="ArcGIS Hub Dataset", access_url=page, format="Web Page", media_type="text/html")]
    url, (code, _, layer) = text(item.get("url")), (key or "").partition("_")
    if url and is_service(url):
        found.append(RawDistribution(title=SERVICE, access_url=url, format=SERVICE, media_type="application/json"))
        for name, kind in DOWNLOADS.items() if layer else ():
            download = f"{base}/api/download/v1/items/{code}/{name}?layers={layer}"
            found.append(RawDistribution(title=kind, access_url=page, download_url=download, format=kind))
    elif url or code:
        data = url or f"https://www.arcgis.com/sharing/rest/content/items/{code}/data"
        size = item.get("size")
        found.append(
            RawDistribution(
                title=text(item.get("name")),
                access_url=page,
                download_url=data,
                format=text(item.get("type")),
                byte_size=size if isinstance(size, int) and size > 0 else None,
            )
        )
    return found
