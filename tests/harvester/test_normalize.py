"""Whole records: the portal's values to controlled ones, with an issue for every value that could not be used."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Issue, Location, PeriodOfTime
from config.source import HarvestSource
from harvester.normalize import normalize
from harvester.sources.base import RawContact, RawDataset, RawDistribution, RawService

AT = "http://publications.europa.eu/resource/authority/"
SOURCE = HarvestSource(id="gent", city="gent", kind="ckan", url="https://data.example.org/base/", language="nl")


def record(**fields: Any) -> tuple[Dataset, dict[tuple[str, str | None], str | None]]:
    """The dataset and its issues as (code, field) -> value."""
    fields.setdefault("title", "Straten")
    dataset, issues = normalize(RawDataset("id-1", **fields), SOURCE)
    return dataset, {(issue.code, issue.field): issue.value for issue in issues}


def file(**fields: Any) -> tuple[Distribution, dict[tuple[str, str | None], str | None]]:
    fields.setdefault("access_url", "https://data.example.org/page")
    dataset, issues = record(distributions=[RawDistribution(**fields)])
    return dataset.distributions[0], issues


def test_normalize_when_everything_is_known_then_controlled_values_and_no_issue() -> None:
    dataset, issues = record(
        title="Straten",
        description={"nl-be": "<p>Alle straten</p>", "fr": "Toutes les rues", "en-t-nl": "All streets"},
        publisher_name="Stad Gent",
        publisher_id="https://data.vlaanderen.be/id/organisatie/OVO002067",
        contacts=[RawContact("Team Data", "mailto:data@stad.gent?subject=x", None)],
        keywords=[" straat", "Straat", "kaart"],
        themes=["Mobiliteit", "Verkeer", AT + "data-theme/REGI"],
        licenses=["CC BY 4.0"],
        access_rights="public",
        frequency="dagelijks",
        issued=1577836800000,
        modified="2020-12-03T09:37",
        languages=["nl", "fr"],
        spatial=["3.5,50.9,3.9,51.2", "http://sws.geonames.org/2797656", "Gent"],
        temporal=[("2017", None)],
        landing_page="/dataset/straten",
        version="2",
    )

    assert issues == {}
    assert dataset == Dataset(
        identifier="id-1",
        title={"nl": "Straten"},
        description={"nl-BE": "Alle straten", "fr": "Toutes les rues"},
        publisher=Agent("Stad Gent", "https://data.vlaanderen.be/id/organisatie/OVO002067"),
        contacts=(ContactPoint("Team Data", "data@stad.gent"),),
        keywords=("straat", "kaart"),
        themes=(AT + "data-theme/TRAN", AT + "data-theme/REGI"),
        license=AT + "licence/CC_BY_4_0",
        license_open=True,
        access_rights=AT + "access-right/PUBLIC",
        frequency=AT + "frequency/DAILY",
        issued="2020-01-01T00:00:00Z",
        modified="2020-12-03T09:37:00Z",
        languages=(AT + "language/NLD", AT + "language/FRA"),
        spatial=(
            Location(bbox=(3.5, 50.9, 3.9, 51.2)),
            Location(iri="http://sws.geonames.org/2797656"),
            Location(label="Gent"),
        ),
        temporal=(PeriodOfTime("2017"),),
        landing_page="https://data.example.org/dataset/straten",
        version="2",
    )


@pytest.mark.parametrize(
    ("candidates", "iri", "opened", "issue"),
    [
        ([], None, None, None),
        (["CC0"], "licence/CC0", True, None),
        (["geheim", "CC0"], "licence/CC0", True, None),
        (["http://www.opendefinition.org/licenses/cc-by", "cc-by", "CC BY 3.0"], "licence/CC_BY_3_0", True, None),
        (["cc-by", "CC0"], "licence/CC_BY_4_0", True, ("license_assumed", "cc-by")),
        (["cc-by-nc-4.0"], "licence/CC_BYNC_4_0", False, None),
        (
            ["notspecified", "License not specified"],
            None,
            None,
            ("license_not_specified", "notspecified | License not specified"),
        ),
        (["none"], None, None, ("license_not_specified", "none")),
        (["other-closed"], None, False, ("unknown_license", "other-closed")),
        (["(c) Stad Antwerpen 2019"], None, None, ("unknown_license", "(c) Stad Antwerpen 2019")),
        (["<div><p>CC BY 4.0</p></div>"], "licence/CC_BY_4_0", True, None),
        (
            ["Zie <a href='https://creativecommons.org/licenses/by/4.0/'>hier</a>"],
            "licence/CC_BY_4_0",
            True,
            ("license_assumed", "Zie <a href='https://creativecommons.org/licenses/by/4.0/'>hier</a>"),
        ),
        (["{{license}}"], None, None, ("placeholder", "{{license}}")),
    ],
)
def test_normalize_when_licenses_are_given_then_the_first_that_maps(
    candidates: list[str], iri: str | None, opened: bool | None, issue: tuple[str, str] | None
) -> None:
    dataset, issues = record(licenses=candidates)

    assert dataset.license == (iri and AT + iri)
    assert dataset.license_open is opened
    assert issues == ({(issue[0], "license"): issue[1]} if issue else {})


@pytest.mark.parametrize(
    ("own", "of_files", "code"),
    [
        ([], ["CC0", "cc-zero"], "CC0"),
        (["notspecified"], ["CC0"], "CC0"),
        ([], ["CC0", "CC BY 4.0"], None),
        ([], ["CC0", None], None),
        (["onze eigen regels"], ["CC0"], None),
        (["CC BY 4.0"], ["CC0"], "CC_BY_4_0"),
    ],
)
def test_normalize_when_only_the_distributions_have_a_license_then_the_one_they_agree_on(
    own: list[str], of_files: list[str | None], code: str | None
) -> None:
    files = [RawDistribution(access_url="https://x.example/", license=text) for text in of_files]

    dataset, _ = record(licenses=own, distributions=files)

    assert dataset.license == (code and f"{AT}licence/{code}")
    assert dataset.license_open is (True if code else None)


@pytest.mark.parametrize(
    ("fields", "code", "media_type", "packaging", "issues"),
    [
        ({"format": "CSV"}, "CSV", "text/csv", None, {}),
        ({"format": "CSV", "media_type": "text/plain"}, "CSV", "text/plain", None, {}),
        ({"media_type": "application/vnd.geo+json"}, "GEOJSON", "application/geo+json", None, {}),
        ({"format": "SHP (zip)"}, "SHP", "application/vnd.shp", "application/zip", {}),
        ({"download_url": "https://x.example/a.csv.zip?v=1"}, "CSV", "text/csv", "application/zip", {}),
        ({"download_url": "https://x.example/export.php"}, None, None, None, {}),
        ({"download_url": "https://x.zip"}, None, None, None, {}),
        (
            {"media_type": "application/octet-stream", "download_url": "https://x.example/a.csv"},
            None,
            "application/octet-stream",
            None,
            {},
        ),
        ({"format": "ZZZ", "media_type": "text/csv"}, "CSV", "text/csv", None, {("unknown_format", "format"): "ZZZ"}),
        (
            {"format": "CSV", "media_type": "rommel"},
            "CSV",
            None,
            None,
            {("unknown_media_type", "media_type"): "rommel"},
        ),
        ({"format": "API"}, None, None, None, {("format_is_service", "format"): "API"}),
        ({"format": "None"}, None, None, None, {("placeholder", "format"): "None"}),
    ],
)
def test_normalize_when_a_format_is_given_then_file_type_and_media_type(
    fields: dict[str, str],
    code: str | None,
    media_type: str | None,
    packaging: str | None,
    issues: dict[tuple[str, str], str],
) -> None:
    found, faults = file(**fields)

    assert (found.format, found.media_type, found.packaging) == (
        code and f"{AT}file-type/{code}",
        media_type,
        packaging,
    )
    assert faults == issues


def test_normalize_when_a_distribution_is_a_service_then_a_data_service_too() -> None:
    service = RawService("https://x.example/sparql", "Bevraging", "SPARQL")
    files = [
        RawDistribution(title="Kaart", access_url="https://x.example/wms", format="WMS"),
        RawDistribution(title="Nog eens", access_url="https://x.example/wms", format="OGC:WMS"),
        RawDistribution(format="API", download_url="https://x.example/api"),
    ]

    dataset, _ = record(distributions=files, services=[service])

    assert dataset.services == (
        DataService("https://x.example/sparql", {"nl": "Bevraging"}, "SPARQL"),
        DataService("https://x.example/wms", {"nl": "Kaart"}, "WMS"),
    )
    assert len(dataset.distributions) == 3
    assert dataset.distributions[0].format == AT + "file-type/WMS_SRVC"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (12.0, 12),
        ("12345", 12345),
        ("12 kB", 12000),
        ("1.5 MB", 1_500_000),
        ("1,5 mb", 1_500_000),
        ("2KiB", 2048),
        ("512.0", 512),
        ("1,234 kB", None),
        ("12.5", None),
        (-1, None),
        (float("nan"), None),
        (10**30, None),
        ("groot", None),
        (True, None),
        ({}, None),
    ],
)
def test_normalize_when_a_size_is_given_then_bytes_or_an_issue(value: Any, size: int | None) -> None:
    found, issues = file(byte_size=value)

    assert found.byte_size == size
    assert bool(issues) == (size is None)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("frequency", "5annually", "unknown_frequency"),
        ("access_rights", "na afspraak", "unknown_access_right"),
        ("themes", ["geospatial"], "unknown_theme"),
        ("languages", ["klingon"], "unknown_language"),
        ("landing_page", "javascript:alert(1)", "bad_url"),
        ("modified", "vorige week", "bad_date"),
        ("spatial", ["1,2,3"], "bad_spatial"),
        ("temporal", [("2018", "2017")], "bad_temporal"),
        ("description", "{{description}}", "placeholder"),
        ("keywords", ["null"], "placeholder"),
        ("rights", ["lijst"], "wrong_type"),
        ("description", "x" * 10_001, "text_cut"),
        ("contacts", [RawContact("Team", "{{orgContactEmail}}", None)], "placeholder"),
        ("contacts", [RawContact("Team", "team at gent", None)], "bad_email"),
    ],
)
def test_normalize_when_a_value_is_unusable_then_its_own_text_is_an_issue(field: str, value: Any, code: str) -> None:
    _, issues = record(**{field: value})

    assert [found for found, _ in issues] == [code]
    assert all(text for text in issues.values())


def test_normalize_when_the_title_is_absent_then_it_stays_empty() -> None:
    dataset, issues = record(title="&nbsp;<div></div>&nbsp;")

    assert dataset.title == {}
    assert issues == {("no_title", "title"): None}


def test_normalize_when_a_distribution_has_no_url_then_it_stays_with_an_issue() -> None:
    found, issues = file(access_url=None, title="Bestand")

    assert found.title == {"nl": "Bestand"}
    assert issues == {("distribution_without_url", "access_url"): "Bestand"}


def test_normalize_when_distributions_share_a_url_then_all_stay() -> None:
    files = [RawDistribution(access_url="https://x.example/a"), RawDistribution(access_url="https://x.example/a")]

    dataset, issues = record(distributions=files)

    assert len(dataset.distributions) == 2
    assert issues == {}


def test_normalize_when_there_is_too_much_then_it_is_capped_and_counted() -> None:
    files = [RawDistribution(access_url=f"https://x.example/{number}") for number in range(1501)]

    dataset, issues = record(distributions=files, keywords=[f"woord {number}" for number in range(101)])

    assert (len(dataset.distributions), len(dataset.keywords)) == (1500, 100)
    assert issues == {("too_many_distributions", "distributions"): "1501", ("too_many_keywords", "keywords"): "101"}


def test_normalize_when_issues_are_many_then_fifty_and_the_last_counts_the_rest() -> None:
    own = Issue("map", "odd_extra", "extras", "x", "id-1")
    raw = RawDataset("id-1", title="Straten", themes=[f"thema {number}" for number in range(70)], issues=[own])

    _, issues = normalize(raw, SOURCE)

    assert len(issues) == 50
    assert issues[0] == own
    assert issues[1] == Issue("normalize", "unknown_theme", "themes", "thema 0", "id-1")
    assert issues[-1] == Issue("normalize", "more_issues", None, "22", "id-1")


def test_normalize_when_the_same_fault_repeats_then_one_issue() -> None:
    files = [RawDistribution(access_url=f"https://x.example/{number}", format="ZZZ") for number in range(9)]

    _, issues = normalize(RawDataset("id-1", title="Straten", distributions=files), SOURCE)

    assert [issue.code for issue in issues] == ["unknown_format"]


def test_normalize_when_the_value_is_long_or_secret_then_the_issue_keeps_neither() -> None:
    _, long = record(frequency="x" * 900)
    dataset, secret = record(landing_page="https://jan:geheim@x.example/a")

    assert long == {("unknown_frequency", "frequency"): "x" * 500}
    assert dataset.landing_page == "https://x.example/a"
    assert secret == {("credentials_in_url", "landing_page"): "https://x.example/a"}


def test_normalize_when_repeated_then_the_issues_are_the_same_each_time() -> None:
    """Results of repeated texts are remembered; their faults must be too."""
    raw = RawDataset(
        "id-1", title="Straten", themes=["geospatial"], licenses=["geheim"], contacts=[RawContact("a", "b", "c")]
    )

    first, again = normalize(raw, SOURCE), normalize(raw, SOURCE)

    assert first == again
    assert [issue.code for issue in first[1]] == ["unknown_license", "bad_email", "bad_url", "unknown_theme"]


GARBAGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["<b>", "&lt;script&gt;", "{{x}}", "null", "\ud800", "\x00", "2020-13-45", "http://[", "1,2,3,4", "a/b"]
    )
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def garbled(kind: type, **fixed: Any) -> st.SearchStrategy[Any]:
    names = [name for name in kind.__dataclass_fields__ if name not in fixed]  # type: ignore[attr-defined]
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, GARBAGE)).map(lambda values: kind(**fixed, **values))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    raw=garbled(RawDataset, identifier="id-1", distributions=None, contacts=None, services=None),
    files=GARBAGE | st.lists(garbled(RawDistribution), max_size=2),
    contacts=GARBAGE | st.lists(garbled(RawContact), max_size=2),
    services=GARBAGE | st.lists(garbled(RawService, endpoint_url="https://x.example"), max_size=2),
)
def test_normalize_when_given_garbage_then_never_raises(
    raw: RawDataset, files: Any, contacts: Any, services: Any
) -> None:
    raw.distributions, raw.contacts, raw.services = files, contacts, services

    dataset, issues = normalize(raw, SOURCE)

    assert isinstance(dataset, Dataset)
    assert len(issues) <= 50
    repr(dataset).encode()  # no surrogate is left
    assert all(issue.value is None or issue.value.isprintable() or "\x00" not in issue.value for issue in issues)
    assert all((issue.value or "").encode() is not None for issue in issues)


def test_normalize_when_values_are_nested_thousands_deep_then_never_raises() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    raw = RawDataset(
        "id-1", title=deep, keywords=deep, spatial=['{"coordinates":' + "[" * 9999], description="<div>" * 9999
    )

    _, issues = normalize(raw, SOURCE)

    assert {issue.code for issue in issues} == {"wrong_type", "no_title", "bad_spatial", "text_cut"}


def test_issue_codes_when_normalization_adds_them_then_they_are_documented() -> None:
    root = Path(__file__).resolve().parents[2]
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "harvester" / "normalize").glob("*.py"))
    documented = set(
        re.findall(r"^### (\w+)$", (root / "docs" / "issues.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    added = set(re.findall(r"\.add\(\s*\"(\w+)\"", code)) | set(re.findall(r"\"((?:unknown|bad|license)_\w+)\"", code))

    assert {"unknown_license", "license_not_specified", "bad_url", "no_title", "placeholder"} <= added
    assert added - documented == set()
