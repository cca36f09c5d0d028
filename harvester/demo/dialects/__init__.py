"""The dialects that simulated portals speak: each function makes an App over datasets that may change with time."""

from harvester.demo.dialects.ckan_api import ckan
from harvester.demo.dialects.hub import arcgis_hub
from harvester.demo.dialects.opendatasoft_api import opendatasoft
from harvester.demo.dialects.pages import brugge_page, html_list, oostende_page
from harvester.demo.dialects.rdf import dcat

__all__ = ["arcgis_hub", "brugge_page", "ckan", "dcat", "html_list", "oostende_page", "opendatasoft"]
