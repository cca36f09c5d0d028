"""The rules of single fields: texts, dates, periods, places and addresses."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.model import Location, PeriodOfTime
from harvester.normalize.dates import moment, periods
from harvester.normalize.places import locations
from harvester.normalize.reading import Reading
from harvester.normalize.text import clean, line, texts
from harvester.normalize.urls import email_address, file_extension, web_address


@pytest.fixture
def reading() -> Reading:
    return Reading("id-1", "nl", "https://data.example.org/base/page")


def codes(reading: Reading) -> list[str]:
    return [code for code, _, _ in reading.faults()]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Gewone tekst", "Gewone tekst"),
        ("&nbsp;<div></div>&nbsp;", ""),
        ("<p>Een</p><p>twee<br>drie</p>", "Een\n\ntwee\ndrie"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("regel\r\n\r\n\r\n\r\nregel", "regel\n\nregel"),
        (" veel \t  wit\u00a0 ", "veel wit"),
        ("Zie <a href='https://x.example/?a=1&copy=2'>de kaart</a>.", "Zie de kaart (https://x.example/?a=1&copy=2)."),
        ("<a href='https://x.example/'>https://x.example</a>", "https://x.example"),
        ("<a href='javascript:alert(1)'>klik</a>", "klik"),
        ("<script>alert(1)</script>tekst<style>p{}</style>", "tekst"),
        ("&lt;p&gt;Hallo &amp;amp; co&lt;/p&gt;", "Hallo & co"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;x", "x"),
        ("<scr<script>ipt>alert(1)", ""),
        ("a < b & c > d, R&D", "a < b & c > d, R&D"),
        ("&onbekend; &#233;&eacute;", "&onbekend; éé"),
        ("x\u202ey\x00z\u200b\ufeff\ud800", "xyz"),
        ("e\u0301e\u0301n", "één"),
        ("<!-- weg --><?xml version='1.0'?>tekst", "tekst"),
    ],
)
def test_clean_when_given_what_portals_send_then_plain_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


PARTS = (
    *("<", ">", "</", "<!--", "-->", "<script>", "</script>", "<p>", "<a href='", "'>", "</a>", "]]>", "<![CDATA["),
    *("&", "amp;", "lt;", "#60;", "#x3c;", "script", "a", "é", "\n", " ", "\u00a0", "\u2028"),
    *("\u212a", "\x00", "\u202e", "\u0301", "\u0338", "\ud800"),
)
MARKUP = st.lists(st.sampled_from(PARTS), max_size=25).map("".join)


@given(st.text() | MARKUP)
def test_clean_when_repeated_then_the_same_and_harmless(text: str) -> None:
    for cleaner in (clean, line):
        cleaned = cleaner(text)

        assert cleaner(cleaned) == cleaned
        assert "<script" not in cleaned.lower()
        assert all(
            unicodedata.category(char) not in ("Cc", "Cs") or (char == "\n" and cleaner is clean) for char in cleaned
        )
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    "text", ["<div>" * 8000, "<a " * 13000, "<!--" * 10000, "<p" * 20000, '<a b="' * 6000, "&amp;" * 8000 + "lt;b&gt;"]
)
def test_clean_when_markup_is_hostile_then_nothing_is_left_of_it(text: str) -> None:
    assert "<" not in clean(text)


def test_texts_when_a_map_then_one_text_per_language(reading: Reading) -> None:
    value = {"nl_be": "Straten", "EN": "Streets", "fr-t-nl": "Rues", "@none": "Iets", "??": "Nog iets", "de": None}

    assert texts(value, "title", reading) == {"nl-BE": "Straten", "en": "Streets", "und": "Iets"}
    assert codes(reading) == ["bad_language_tag"]


@pytest.mark.parametrize("value", ["{{description}}", "{{a}} {{b}}", "null", "None", "<p>null</p>", "undefined"])
def test_texts_when_a_template_left_its_word_then_absent(value: str, reading: Reading) -> None:
    assert texts(value, "description", reading) == {}
    assert codes(reading) == ["placeholder"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(2017, "2017"), (1.5, "1.5"), (True, None), ([], None), ({1: []}, None), pytest.param(10**5000, None, id="huge")],
)
def test_texts_when_no_text_then_digits_or_nothing_and_an_issue(value: Any, text: str | None, reading: Reading) -> None:
    assert texts(value, "title", reading) == ({"nl": text} if text and not isinstance(value, dict) else {})
    assert "wrong_type" in codes(reading)


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2020-12-03", "2020-12-03"),
        ("2020-12", "2020-12"),
        ("2020", "2020"),
        (2020, "2020"),
        ("2020-12-03T09:37:00Z", "2020-12-03T09:37:00Z"),
        ("2020-12-03T09:37:00.123456", "2020-12-03T09:37:00Z"),
        ("2020-12-03T09:37:00.123Z", "2020-12-03T09:37:00Z"),
        ("2020-12-03 09:37:00", "2020-12-03T09:37:00Z"),
        ("2020-12-03T09:37", "2020-12-03T09:37:00Z"),
        ("2020-12-03T09:37:00+0100", "2020-12-03T08:37:00Z"),
        ("2020-12-03T09:37:00+0000", "2020-12-03T09:37:00Z"),
        ("2020-12-31T23:30:00-05:30", "2021-01-01T05:00:00Z"),
        ("2020-12-03T24:00:00", "2020-12-04T00:00:00Z"),
        ("20201203T093700Z", "2020-12-03T09:37:00Z"),
        ("20201203", "2020-12-03"),
        ("2020-12-03+01:00", "2020-12-03"),
        ("2020-W49-4", "2020-12-03"),
        ("2020-338", "2020-12-03"),
        ("2020/12/03", "2020-12-03"),
        ("03.12.2020", "2020-12-03"),
        ("3/12/2020", "2020-12-03"),
        ("12/31/2020", "2020-12-31"),
        ("6/17/2021 12:20 PM", "2021-06-17T12:20:00Z"),
        ("6/17/2021 12:20 AM", "2021-06-17T00:20:00Z"),
        ("jeu, 03/12/2020 - 09:37", "2020-12-03T09:37:00Z"),
        ("Thu, 03 Dec 2020 09:37:00 GMT", "2020-12-03T09:37:00Z"),
        ("Thu Dec 03 2020 09:37:00 GMT+0100 (CET)", "2020-12-03T08:37:00Z"),
        ("17-Jun-2021 12:20", "2021-06-17T12:20:00Z"),
        ("3 december 2020", "2020-12-03"),
        ("1er février 2020", "2020-02-01"),
        (1606988220, "2020-12-03T09:37:00Z"),
        (1606988220000, "2020-12-03T09:37:00Z"),
        ("1606988220000", "2020-12-03T09:37:00Z"),
        (1606988220.5, "2020-12-03T09:37:00Z"),
        ("  2020-12-03  ", "2020-12-03"),
    ],
)
def test_moment_when_written_as_portals_do_then_iso_in_utc(value: Any, iso: str, reading: Reading) -> None:
    assert moment(value, "modified", reading) == iso
    assert codes(reading) == []


@pytest.mark.parametrize(
    "value",
    [
        "2020-13-01",
        "2020-02-30",
        "31/31/2020",
        "1899-12-31",
        "2101-01-01",
        "0001-01-01T00:00:00",
        "2020-12-03T25:00:00",
        "2020-12-03T13:00 PM",
        "2020-12-03T09:37:00 CET",
        "2015-2018",
        "03/12/20",
        "vorige week",
        "before 2020-01-01",
        "#REF!",
        0,
        -1,
        202012,
        1606988220000000,
        float("inf"),
        float("nan"),
        pytest.param(10**5000, id="huge"),
    ],
)
def test_moment_when_not_sure_then_null_and_an_issue(value: Any, reading: Reading) -> None:
    assert moment(value, "modified", reading) is None
    assert codes(reading) == ["bad_date"]


@pytest.mark.parametrize(
    ("value", "issues"),
    [(None, []), ("", []), ("  ", []), ("null", ["placeholder"]), ([], ["wrong_type"]), (True, ["wrong_type"])],
)
def test_moment_when_absent_or_no_date_at_all_then_null(value: Any, issues: list[str], reading: Reading) -> None:
    assert moment(value, "modified", reading) is None
    assert codes(reading) == issues


@given(st.text(max_size=30) | st.integers() | st.floats() | st.datetimes().map(str) | st.dates().map(str))
def test_moment_when_read_again_then_the_same(value: Any) -> None:
    once = moment(value, "modified", Reading("id-1", "nl", ""))

    assert moment(once, "modified", Reading("id-1", "nl", "")) == once


@pytest.mark.parametrize(
    ("value", "expected", "issues"),
    [
        ([("2017-01-01", "2017-12-31")], [("2017-01-01", "2017-12-31")], []),
        ([("2017", None)], [("2017", None)], []),
        ([(None, "2017")], [(None, "2017")], []),
        (["2017-01-01/2017-12-31"], [("2017-01-01", "2017-12-31")], []),
        (["2017/.."], [("2017", None)], []),
        (["2015-2018"], [("2015", "2018")], []),
        (["1777"], [("1777", "1777")], []),
        (["start=2017; end=2018;"], [("2017", "2018")], []),
        ([("2018", "2017")], [], ["bad_temporal"]),
        (["ooit"], [], ["bad_date"]),
        ([("2017", "9999-12-31")], [("2017", None)], ["bad_date"]),
        ([(None, None)], [], []),
        ("2017/2018", [("2017", "2018")], []),
    ],
)
def test_periods_when_given_then_open_where_a_side_is_unknown(
    value: Any, expected: list[tuple[str | None, str | None]], issues: list[str], reading: Reading
) -> None:
    assert periods(value, reading) == tuple(PeriodOfTime(*pair) for pair in expected)
    assert codes(reading) == issues


GENT = (3.5, 50.9, 3.9, 51.2)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("3.5,50.9,3.9,51.2", Location(bbox=GENT)),
        ("[3.5, 50.9, 3.9, 51.2]", Location(bbox=GENT)),
        ('{"type":"Point","coordinates":[3.5,50.9]}', Location(bbox=(3.5, 50.9, 3.5, 50.9))),
        (
            '{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[3.5,50.9],[3.9,51.2],[3.6,51]]]}}',
            Location(bbox=GENT),
        ),
        ('{"type":"envelope","coordinates":[[3.5,51.2],[3.9,50.9]]}', Location(bbox=GENT)),
        ("POLYGON((3.5 50.9, 3.9 51.2, 3.6 51.0, 3.5 50.9))", Location(bbox=GENT)),
        ("https://sws.geonames.org/2797656/", Location(iri="https://sws.geonames.org/2797656/")),
        ("Gent, <b>België</b>", Location(label="Gent, België")),
        ("9000", Location(label="9000")),
    ],
)
def test_locations_when_given_then_box_iri_or_label(text: str, location: Location, reading: Reading) -> None:
    assert locations([text], reading) == (location,)
    assert codes(reading) == []


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("1,2,3", "bad_spatial"),
        ("104000,193000,105000,194000", "bad_spatial"),
        ("3.9,50.9,3.5,51.2", "bad_spatial"),
        ("{kapot", "bad_spatial"),
        ('{"type":"Point","coordinates":[]}', "bad_spatial"),
        ('{"coordinates":' + "[" * 50_000, "bad_spatial"),
        ("<http://www.opengis.net/def/crs/EPSG/0/31370> POINT (104000 193000)", "bad_spatial"),
        ("{{extent:computeSpatialProperty}}", "placeholder"),
        ("1" * 50_000 + ",2", "bad_spatial"),
        ("http://[", "bad_url"),
    ],
)
def test_locations_when_unreadable_then_an_issue(text: str, issue: str, reading: Reading) -> None:
    assert locations([text], reading) == ()
    assert codes(reading) == [issue]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://x.example/a?b=1&c=2#d", "https://x.example/a?b=1&c=2#d"),
        ("  https://x.example/een bestand.csv\n", "https://x.example/een%20bestand.csv"),
        ("HTTP://x.example/", "http://x.example/"),
        ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/{z}/{x}", "https://x.example/%7Bz%7D/%7Bx%7D"),
        ("https://x.example/straße", "https://x.example/straße"),
        ("ftp://x.example/a.zip", "ftp://x.example/a.zip"),
        ("/dataset/a.csv", "https://data.example.org/dataset/a.csv"),
        ("../a.csv", "https://data.example.org/a.csv"),
        ("//x.example/a", "https://x.example/a"),
        ("http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
    ],
)
def test_web_address_when_usable_then_absolute_and_encoded(text: str, address: str, reading: Reading) -> None:
    assert web_address(text, "access_url", reading) == address
    assert web_address(address, "access_url", reading) == address
    assert codes(reading) == []


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftps://x.example/",
        "sftp://x.example/",
        "mailto:a@x.example",
        "urn:isbn:1",
        "www.gent.be/data",
        "geen",
        "a.csv",
        "http://",
        "http:///pad",
        "http://[",
        "http://x.example:99999/",
        "http://x y/",
        "https://x.example/" + "a" * 2000,
    ],
)
def test_web_address_when_unusable_then_null_and_an_issue(text: str, reading: Reading) -> None:
    assert web_address(text, "access_url", reading) is None
    assert codes(reading) == ["bad_url"]


@given(
    st.text(max_size=60)
    | st.text(max_size=40).map("https://x.example/".__add__)
    | st.text(max_size=40).map("http://".__add__)
)
def test_web_address_when_accepted_then_stays_as_it_is(text: str) -> None:
    address = web_address(text, "access_url", Reading("id-1", "nl", "https://x.example/"))

    if address is not None:
        assert address.startswith(("http://", "https://", "ftp://"))
        assert web_address(address, "access_url", Reading("id-1", "nl", "https://x.example/")) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("data@stad.gent", "data@stad.gent"),
        ("mailto:open.data@stad.gent?subject=Vraag", "open.data@stad.gent"),
        ("MAILTO: data@stad.gent", "data@stad.gent"),
        ("data@stad", None),
        ("data at stad.gent", None),
        ("a@b.be, c@d.be", None),
        ("x" * 300 + "@stad.gent", None),
    ],
)
def test_email_address_when_given_then_bare_or_an_issue(text: str, address: str | None, reading: Reading) -> None:
    assert email_address(text, "contact_email", reading) == address
    assert codes(reading) == ([] if address else ["bad_email"])


@pytest.mark.parametrize(
    ("address", "extension"),
    [
        ("https://x.example/a.csv", "csv"),
        ("https://x.example/A.CSV?x=b.zip#c.pdf", "csv"),
        ("https://x.example/a.csv.zip", "csv.zip"),
        ("https://x.example/a.zip", "zip"),
        ("https://x.zip", None),
        ("https://x.example/.csv", None),
        ("https://x.example/a", None),
        (None, None),
    ],
)
def test_file_extension_when_given_then_of_the_last_segment_only(address: str | None, extension: str | None) -> None:
    assert file_extension(address) == extension
