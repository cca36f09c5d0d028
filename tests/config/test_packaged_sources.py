"""The source files we ship: valid, honest about their evidence, and complete."""

import re
from pathlib import Path

import pytest

from config.cities import load_cities
from config.portals import load_sources
from config.settings import load
from config.source import HarvestSource
from harvester.sources import OPTIONS

EVIDENCE = re.compile(r"\bE[1-9]\b|baseline of 2017|survey of 2026")
GRADE = re.compile(r"grade ([A-D])")
NO_PORTAL = {"aalst", "genk", "hasselt", "kortrijk", "leuven", "roeselare", "sint-niklaas", "turnhout", "vgc"}

NO_SOURCES = {  # hosts the survey names that list no datasets of a city
    "opendata.<city>.be",
    "data.gov.be",  # its copy is the public repository of the federal sources
    "vlaanderen.be",  # an HTML front of the register
    "organisaties.abb.vlaanderen.be",  # numbers of organizations
    "vloca-kennishub.vlaanderen.be",  # a wiki
}
HOST = re.compile(r"`(?:https?://)?((?:[a-z0-9<>-]+\.)+(?:be|brussels|com|eu|gent))(?=[/` ])")


@pytest.fixture(scope="module")
def sources() -> tuple[HarvestSource, ...]:
    return load_sources(load(None, {}).datapeil.sources, load_cities(), OPTIONS)


def test_packaged_sources_when_disabled_say_why(sources: tuple[HarvestSource, ...]) -> None:
    assert [source.id for source in sources if source.enabled == bool(source.reason)] == []


def test_packaged_sources_when_read_name_their_evidence(sources: tuple[HarvestSource, ...]) -> None:
    assert [source.id for source in sources if not EVIDENCE.search(source.evidence)] == []


def test_packaged_sources_when_enabled_rest_on_grade_a_or_b_unless_they_only_watch(
    sources: tuple[HarvestSource, ...],
) -> None:
    enabled = [source for source in sources if source.enabled and source.kind != "watch"]
    grades = {source.id: GRADE.findall(source.evidence)[:1] for source in enabled}
    assert set(grades) == {"antwerpen", "brugge", "gent", "mechelen", "oostende"}
    assert all(grade in (["A"], ["B"]) for grade in grades.values())


def test_packaged_sources_when_a_city_has_no_portal_watch_it(sources: tuple[HarvestSource, ...]) -> None:
    assert {source.city for source in sources if source.enabled and source.kind == "watch"} == NO_PORTAL


def test_packaged_sources_when_enabled_reach_every_organization(sources: tuple[HarvestSource, ...]) -> None:
    assert {source.city for source in sources if source.enabled} == {city.id for city in load_cities()}


def test_packaged_sources_when_filtered_by_number_use_the_city_s_own(sources: tuple[HarvestSource, ...]) -> None:
    own = {city.id: {identifier.iri for identifier in city.identifiers} for city in load_cities()}
    strange = [
        (source.id, publisher)
        for source in sources
        for publisher in source.filter.publisher
        if publisher.startswith("http") and publisher not in own[source.city]
    ]
    assert strange == []


def test_packaged_sources_when_compared_with_the_survey_name_every_host(shared: Path) -> None:
    survey = (shared / "design" / "cities.md").read_text(encoding="utf-8")
    parts = survey.partition("## 2.")[0] + survey.partition("## 4.")[2].partition("## 5.")[0]
    folder = load(None, {}).datapeil.sources
    told = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.toml"))
    hosts = set(HOST.findall(parts)) - NO_SOURCES
    assert len(hosts) > 40
    assert {host for host in hosts if host not in told} == set()
