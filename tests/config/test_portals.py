"""Source files: what a good one becomes, and the exact words about every bad one."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.faults import ConfigError, validated
from config.portals import load_sources
from config.source import HarvestSource

CITY = 'city = "gent"\n'
KIND = 'kind = "ckan"\n'
URL = 'url = "https://data.example.org"\n'
GOOD = CITY + KIND + URL
PAGE = CITY + 'kind = "html"\n' + URL

INTERVAL = 'a whole number and a unit, such as "30m", "6h", "1d" or "2w"'
LANGUAGE = 'a language tag such as "nl", "fr" or "nl-BE"'
KINDS = (
    "ckan, opendatasoft, arcgis_hub, dcat, html, watch, udata, datatank, csw, ogc_records, oai_pmh, ldes, sparql, "
    "socrata, schema_org, register"
)
ADDRESS = "an address that begins with http:// or https://"
NO_SECRET = "a secret never stands in a file; name an environment variable that holds it with api_key_env"
TOP = "api_key_env, city, enabled, every, evidence, expect, filter, kind, language, options, reason, successor_of, url"

# text of gent.toml -> every fault, as the user reads it
BAD_FILES: Mapping[str, tuple[str | bytes, tuple[str, ...]]] = {
    "syntax": (
        GOOD + "every = 6h\n",
        ("gent.toml: not valid TOML at line 4, column 10: expected newline or end of document after a statement",),
    ),
    "unclosed text": (
        GOOD + 'reason = "',
        ("gent.toml: not valid TOML at the end of the file: unterminated string",),
    ),
    "key given twice": (
        GOOD + 'city = "brugge"\n',
        ("gent.toml: not valid TOML at line 4, column 16: cannot overwrite a value",),
    ),
    "nested lists without end": (
        GOOD + "options = " + "[" * 5000,
        ("gent.toml: not valid TOML: nested too deep",),
    ),
    "nested sections without end": (
        GOOD + "[options" + ".a" * 40 + "]\n",
        ("gent.toml: options" + ".a" * 15 + ": nested too deep",),
    ),
    "number without end": (GOOD + "options.a = " + "1" * 5000, ("gent.toml: not valid TOML: a number is too long",)),
    "number beyond 64 bit": (
        GOOD + "expect.min = 0x" + "f" * 5000,
        ("gent.toml: expect.min: expected a number of at most 19 digits",),
    ),
    "number that is none": (GOOD + "expect.min = nan", ("gent.toml: expect.min: expected a number, got nan",)),
    "date without quotes": (
        GOOD + "evidence = 2026-02-24\n",
        ('gent.toml: evidence: expected text in quotes, got a date or time without; write "2026-02-24"',),
    ),
    "not UTF-8": (
        GOOD.encode() + 'reason = "één"'.encode("latin-1"),
        ("gent.toml: not UTF-8 at line 4: save the file with the encoding UTF-8",),
    ),
    "too large": (GOOD + "#" * 1_000_000, ("gent.toml: too large: expected at most 1 MB",)),
    "unknown key": (GOOD + 'evry = "6h"\n', ('gent.toml: evry: unknown key; did you mean "every"?',)),
    "unknown key unlike any": (GOOD + "xyz = 1\n", (f"gent.toml: xyz: unknown key; known here: {TOP}",)),
    "unknown section": (
        GOOD + "[expects]\nmin = 1\n",
        ('gent.toml: expects: unknown section; did you mean "expect"?',),
    ),
    "unknown key in a section": (
        GOOD + "[expect]\nminimum = 1\n",
        ('gent.toml: expect.minimum: unknown key; did you mean "min"?',),
    ),
    "key that needs quotes": (
        GOOD + '"a key" = 1\n',
        (f'gent.toml: "a key": unknown key; known here: {TOP}',),
    ),
    "id inside the file": (GOOD + 'id = "gent"\n', ("gent.toml: id: unknown key; the file name is the source id",)),
    "missing city": (KIND + URL, ('gent.toml: city: missing; expected the id of a city such as "gent"',)),
    "unknown city": (
        'city = "bruge"\n' + KIND + URL,
        ('gent.toml: city: unknown city "bruge"; did you mean "brugge"?',),
    ),
    "unknown city unlike any": (
        'city = "parijs"\n' + KIND + URL,
        ('gent.toml: city: unknown city "parijs"; known are brugge, gent',),
    ),
    "city of wrong type": (
        "city = 5\n" + KIND + URL,
        ('gent.toml: city: expected the id of a city such as "gent", got 5',),
    ),
    "missing kind": (
        CITY + URL,
        (f"gent.toml: kind: missing; expected one of {KINDS}",),
    ),
    "unknown kind": (
        CITY + 'kind = "ckann"\n' + URL,
        (f'gent.toml: kind: expected one of {KINDS}, got "ckann"; did you mean "ckan"?',),
    ),
    "later kind enabled": (
        CITY + 'kind = "csw"\n' + URL,
        ('gent.toml: kind: "csw" is not built yet; it is valid only with enabled = false',),
    ),
    "missing url": (CITY + KIND, (f"gent.toml: url: missing; expected {ADDRESS}",)),
    "url without scheme": (
        CITY + KIND + 'url = "data.gent"',
        (f'gent.toml: url: expected {ADDRESS}, got "data.gent"',),
    ),
    "ftp url": (
        CITY + KIND + 'url = "ftp://me:pw@data.gent/"',
        (f'gent.toml: url: expected {ADDRESS}, got "ftp://***@data.gent/"',),
    ),
    "relative url": (CITY + KIND + 'url = "/api"', (f'gent.toml: url: expected {ADDRESS}, got "/api"',)),
    "url without host": (
        CITY + KIND + 'url = "https:///api"',
        (f'gent.toml: url: expected {ADDRESS}, got "https:///api"',),
    ),
    "url with a blank": (
        CITY + KIND + 'url = "https://data gent"',
        (f'gent.toml: url: expected {ADDRESS}, got "https://data gent"',),
    ),
    "url with a bad port": (
        CITY + KIND + 'url = "https://data.gent:port"',
        (f'gent.toml: url: expected {ADDRESS}, got "https://data.gent:port"',),
    ),
    "url with a bad address": (
        CITY + KIND + 'url = "http://[::1"',
        (f'gent.toml: url: expected {ADDRESS}, got "http://[::1"',),
    ),
    "url with credentials": (
        CITY + KIND + 'url = "https://me:pw@data.gent"',
        ("gent.toml: url: the address holds a user name or password; name the secret with api_key_env",),
    ),
    "url that never ends": (
        CITY + KIND + f'url = "{"u" * 500}"',
        (f'gent.toml: url: expected {ADDRESS}, got "{"u" * 57}..."',),
    ),
    "bad interval": (GOOD + 'every = "often"', (f'gent.toml: every: expected {INTERVAL}, got "often"',)),
    "interval without unit": (GOOD + "every = 6", (f"gent.toml: every: expected {INTERVAL}, got 6",)),
    "zero interval": (GOOD + 'every = "0h"', (f'gent.toml: every: expected {INTERVAL}, got "0h"',)),
    "negative interval": (GOOD + 'every = "-6h"', (f'gent.toml: every: expected {INTERVAL}, got "-6h"',)),
    "interval in foreign digits": (GOOD + 'every = "²h"', (f'gent.toml: every: expected {INTERVAL}, got "²h"',)),
    "text for true": (GOOD + 'enabled = "yes"', ('gent.toml: enabled: expected true or false, got "yes"',)),
    "number for true": (GOOD + "enabled = 1", ("gent.toml: enabled: expected true or false, got 1",)),
    "section for text": (GOOD + "[reason]\nwhy = 1", ("gent.toml: reason: expected text, got a section",)),
    "list for text": (GOOD + 'language = ["nl"]', (f"gent.toml: language: expected {LANGUAGE}, got a list",)),
    "text for section": (GOOD + "filter = 5", ("gent.toml: filter: expected a section, got 5",)),
    "bad language": (
        GOOD + 'language = "Nederlands"',
        (f'gent.toml: language: expected {LANGUAGE}, got "Nederlands"',),
    ),
    "least above most": (
        GOOD + "[expect]\nmin = 600\nmax = 200",
        ("gent.toml: expect.min: expected at most max (200), got 600",),
    ),
    "negative least": (
        GOOD + "[expect]\nmin = -1",
        ("gent.toml: expect.min: expected a whole number of at least 0, got -1",),
    ),
    "fraction for a count": (
        GOOD + "[expect]\nmax = 10.5",
        ("gent.toml: expect.max: expected a whole number of at least 0, got 10.5",),
    ),
    "text for a list": (
        GOOD + 'filter.publisher = "OVO002067"',
        ('gent.toml: filter.publisher: expected a list of texts, got "OVO002067"',),
    ),
    "empty publisher": (
        GOOD + 'filter.publisher = ["OVO002067", ""]',
        ('gent.toml: filter.publisher[2]: expected text that is not empty, got ""',),
    ),
    "publisher of wrong type": (
        GOOD + "filter.publisher = [2067]",
        ("gent.toml: filter.publisher[1]: expected text that is not empty, got 2067",),
    ),
    "publisher given twice": (
        GOOD + 'filter.publisher = ["OVO002067", "OVO002067"]',
        ('gent.toml: filter.publisher: names "OVO002067" twice',),
    ),
    "successor of nobody": (
        GOOD + 'successor_of = ["gant"]',
        ('gent.toml: successor_of[1]: unknown source "gant"; did you mean "gent"?',),
    ),
    "successor of itself": (GOOD + 'successor_of = ["gent"]', ("gent.toml: successor_of[1]: names the source itself",)),
    "key variable that is a key": (
        GOOD + 'api_key_env = "s3cr3t-value"',
        (
            "gent.toml: api_key_env: this must be the name of an environment variable such as "
            '"GENT_API_KEY", not the secret itself',
        ),
    ),
    "key in the file": (GOOD + 'api_key = "s3cr3t"', (f"gent.toml: api_key: {NO_SECRET}",)),
    "token among options": (GOOD + 'options.token = "s3cr3t"', (f"gent.toml: options.token: {NO_SECRET}",)),
    "password deep among options": (
        CITY + 'kind = "csw"\nenabled = false\n' + URL + 'options.login = [{ Password = "s3cr3t" }]',
        (f"gent.toml: options.login[1].Password: {NO_SECRET}",),
    ),
    "option a kind does not have": (
        GOOD + "options.page_size = 5",
        ("gent.toml: options.page_size: unknown key; none is known here",),
    ),
    "option misspelt": (
        PAGE + '[options]\nitem = "li"\nformat = ["csv"]',
        ('gent.toml: options.format: unknown key; did you mean "formats"?',),
    ),
    "option missing": (PAGE, ("gent.toml: options.item: missing; expected text that is not empty",)),
    "option of wrong type": (
        PAGE + '[options]\nitem = "li"\nformats = ["csv", 5]\npage_size = "100"',
        (
            "gent.toml: options.formats[2]: expected text, got 5",
            'gent.toml: options.page_size: expected a whole number from 1 to 1000, got "100"',
        ),
    ),
    "option out of bounds": (
        PAGE + '[options]\nitem = ""\npage_size = 0',
        (
            'gent.toml: options.item: expected text that is not empty, got ""',
            "gent.toml: options.page_size: expected a whole number from 1 to 1000, got 0",
        ),
    ),
    "options that are none": (GOOD + "options = []", ("gent.toml: options: expected a section, got an empty list",)),
    "all at once": (
        'kind = "csw"\nurl = "x"\nevery = "x"\ncolour = 1\n[expect]\nmin = true\n[options]\ntoken = 1',
        (
            'gent.toml: city: missing; expected the id of a city such as "gent"',
            f"gent.toml: colour: unknown key; known here: {TOP}",
            f'gent.toml: every: expected {INTERVAL}, got "x"',
            "gent.toml: expect.min: expected a whole number of at least 0, got true",
            'gent.toml: kind: "csw" is not built yet; it is valid only with enabled = false',
            f"gent.toml: options.token: {NO_SECRET}",
            f'gent.toml: url: expected {ADDRESS}, got "x"',
        ),
    ),
}


def faults_of(error: pytest.ExceptionInfo[ConfigError]) -> tuple[str, ...]:
    return tuple(map(str, error.value.faults))


@pytest.mark.parametrize(("text", "messages"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_load_sources_when_a_file_is_bad_then_says_so_in_these_words(
    loaded: Any, text: str | bytes, messages: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"gent.toml": text})
    assert faults_of(error) == messages


@pytest.mark.parametrize("text", [text for text, _ in BAD_FILES.values()], ids=BAD_FILES.keys())
def test_load_sources_when_a_file_is_bad_then_neither_jargon_nor_secret_is_told(loaded: Any, text: str | bytes) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"gent.toml": text})
    told = str(error.value)
    for word in ("Input should", "value_error", "Field required", "pydantic", "Traceback", "s3cr3t", "me:pw"):
        assert word not in told


def test_load_sources_when_several_files_are_bad_then_all_faults_come_at_once_by_file_and_key(loaded: Any) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"b.toml": GOOD + "y = 1\nx = 1\n", "a.toml": "?", "good.toml": GOOD})
    assert [(fault.file, fault.key) for fault in error.value.faults] == [
        ("a.toml", ""),
        ("b.toml", "x"),
        ("b.toml", "y"),
    ]
    assert str(error.value) == "\n".join(faults_of(error))


@pytest.mark.parametrize(
    "name", ["Gent.toml", "gent portal.toml", "gent.be.toml", "-gent.toml", "gént.toml", "gent.TOML"]
)
def test_load_sources_when_the_file_name_is_no_id_then_says_what_one_is(loaded: Any, name: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({name: GOOD})
    form = 'a name of lower-case letters, digits and hyphens such as "gent.toml"'
    assert faults_of(error) == (f"{name}: the file name is the source id; expected {form}",)


def test_load_sources_when_the_folder_is_missing_then_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_sources(tmp_path / "nowhere", (), {})
    assert faults_of(error) == (
        f"nowhere: expected a readable folder with one TOML file per source at {tmp_path}/nowhere",
    )


def test_load_sources_when_the_folder_holds_no_source_file_then_says_so(loaded: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"README.md": "# sources", ".hidden.toml": GOOD})
    assert faults_of(error) == (f"sources: expected at least one source file such as gent.toml in {tmp_path}/sources",)


def test_load_sources_when_a_folder_is_named_like_a_file_then_it_is_a_fault(written: Any) -> None:
    folder = written({"gent.toml": GOOD})
    (folder / "a.toml").mkdir()
    with pytest.raises(ConfigError) as error:
        load_sources(folder, (), {})
    assert faults_of(error)[0] == f"a.toml: not found: expected a TOML file at {folder}/a.toml"


def test_load_sources_when_two_poll_the_same_listing_then_the_second_is_told(loaded: Any) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"a.toml": GOOD, "b.toml": GOOD.replace(".org", ".org/")})
    assert faults_of(error) == ("b.toml: url: polls the same listing as a.toml",)


def test_load_sources_when_two_share_an_address_but_not_records_then_both_are_good(loaded: Any) -> None:
    filters = {
        f"{city}.toml": GOOD.replace("gent", city) + f'filter.publisher = ["{city}"]' for city in ("gent", "brugge")
    }
    assert len(loaded({**filters, "old.toml": GOOD + "enabled = false", "new.toml": GOOD})) == 4


def test_load_sources_when_successors_go_in_a_circle_then_the_circle_is_shown_once(loaded: Any) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(
            {
                f"{one}.toml": GOOD.replace("data", one) + f'successor_of = ["{other}"]'
                for one, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
            }
        )
    assert faults_of(error) == ("a.toml: successor_of: goes in a circle: a -> b -> c -> a",)


def test_load_sources_when_the_predecessor_is_another_city_s_then_it_is_a_fault(loaded: Any) -> None:
    with pytest.raises(ConfigError) as error:
        loaded({"a.toml": GOOD + 'successor_of = ["b"]', "b.toml": GOOD.replace("gent", "brugge").replace("data", "b")})
    assert faults_of(error) == ('a.toml: successor_of[1]: "b" is a source of brugge, not of gent',)


def test_load_sources_when_a_file_is_good_then_it_is_a_source_with_defaults(loaded: Any) -> None:
    (source,) = loaded({"gent.toml": "\ufeff" + GOOD.replace("\n", "\r\n")})
    assert source == HarvestSource(id="gent", city="gent", kind="ckan", url="https://data.example.org")
    assert (source.every, source.enabled, source.language) == (timedelta(days=1), True, "nl")


def test_load_sources_when_every_key_is_used_then_every_value_arrives(loaded: Any) -> None:
    text = (
        PAGE + 'every = "90m"\nenabled = false\nlanguage = "nl-BE"\nreason = "moved"\nevidence = "E3"\n'
        'api_key_env = "GENT_API_KEY"\nsuccessor_of = ["old"]\n[filter]\npublisher = ["a"]\n'
        '[expect]\nmin = 0\nmax = 5\n[options]\nitem = "li"\npage_size = 10\n'
    )
    source, _ = loaded({"gent.toml": text, "old.toml": GOOD})
    assert source.model_dump(exclude={"id", "city", "kind", "url"}) == {
        "every": timedelta(minutes=90),
        "enabled": False,
        "language": "nl-BE",
        "reason": "moved",
        "evidence": "E3",
        "api_key_env": "GENT_API_KEY",
        "successor_of": ("old",),
        "filter": {"publisher": ("a",)},
        "expect": {"min": 0, "max": 5},
        "options": {"item": "li", "page_size": 10},
    }


plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=9)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)
keys = st.sampled_from([*HarvestSource.model_fields, "token", "colour"]) | st.text(max_size=9)


@given(st.dictionaries(keys, values))
def test_validated_when_the_document_is_anything_then_it_is_a_source_or_faults(document: dict[str, Any]) -> None:
    source, faults = validated(HarvestSource, document, "any.toml")
    assert (source is None) == bool(faults)
    for fault in faults:
        assert fault.key
        assert "Input should" not in fault.message
        assert "\n" not in str(fault)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_load_sources_when_a_file_is_any_bytes_then_nothing_but_config_errors(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "any.toml").write_bytes(raw)
    with pytest.raises(ConfigError):
        load_sources(tmp_path, (), {})


toml_value = st.sampled_from(
    [
        "1",
        "-1",
        "0",
        "nan",
        "inf",
        "1.5",
        "true",
        '""',
        '"x"',
        '"6h"',
        '"https://a.be"',
        '"csw"',
        '"html"',
        "[]",
        '["any"]',
        "{}",
        "{ a = 1 }",
        "[[1]]",
        "2020-01-01",
        "12:00:00",
        "{ min = 9, max = 1 }",
        '{ publisher = ["", ""] }',
        '{ item = "li" }',
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*HarvestSource.model_fields, "token", "x"]), toml_value))
def test_load_sources_when_values_are_mixed_up_then_nothing_but_config_errors(
    tmp_path: Path, entries: dict[str, str]
) -> None:
    (tmp_path / "any.toml").write_text("".join(f"{key} = {value}\n" for key, value in entries.items()))
    with pytest.raises(ConfigError) as error:
        load_sources(tmp_path, (), {})
    assert error.value.faults == tuple(sorted(error.value.faults))
