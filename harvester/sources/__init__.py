"""Every kind of portal that is built: its reader and the model of its `[options]`. Adding a kind is a module and two
lines here."""

from typing import Any

from pydantic import BaseModel

from harvester.sources import arcgis_hub, ckan, dcat, html, opendatasoft, watch
from harvester.sources.base import SourceKind

KINDS: dict[str, SourceKind[Any]] = {
    "ckan": ckan.Ckan(),
    "opendatasoft": opendatasoft.Opendatasoft(),
    "arcgis_hub": arcgis_hub.ArcgisHub(),
    "dcat": dcat.Dcat(),
    "html": html.Html(),
    "watch": watch.Watch(),
}

OPTIONS: dict[str, type[BaseModel]] = {
    "ckan": ckan.Options,
    "opendatasoft": opendatasoft.Options,
    "arcgis_hub": arcgis_hub.Options,
    "dcat": dcat.Options,
    "html": html.Options,
    "watch": watch.Options,
}
