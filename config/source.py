"""What one portal to harvest is, as its TOML file says it. Knows no file and no network: `config.portals` reads."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

BuiltKind = Literal["ckan", "opendatasoft", "arcgis_hub", "dcat", "html", "watch"]
LaterKind = Literal[
    "udata",
    "datatank",
    "csw",
    "ogc_records",
    "oai_pmh",
    "ldes",
    "sparql",
    "socrata",
    "schema_org",
    "register",
]
Kind = Literal[BuiltKind, LaterKind]
BUILT_KINDS: tuple[str, ...] = get_args(BuiltKind)
LATER_KINDS: tuple[str, ...] = get_args(LaterKind)

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
INTERVAL_FORM = 'a whole number and a unit, such as "30m", "6h", "1d" or "2w"'
URL_FORM = "an address that begins with http:// or https://"
LANGUAGE_FORM = 'a language tag such as "nl", "fr" or "nl-BE"'
ENVIRONMENT_FORM = 'the name of an environment variable such as "GENT_API_KEY"'

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]*")


def interval(value: object) -> timedelta:
    """`"6h"`, `"30m"`, `"1d"`, `"2w"` as a timedelta; raises ValueError with the expected form."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    unit, count = UNITS.get(text[-1:]), text[:-1]
    if unit is None or not re.fullmatch(r"[0-9]{1,5}", count) or int(count) == 0:
        raise ValueError(f"expected {INTERVAL_FORM}")
    return timedelta(**{unit: int(count)})


def http_url(value: str) -> str:
    """The address as it came; raises ValueError unless it is a whole http(s) address without user name and password."""
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError(f"expected {URL_FORM}")
    if "@" in parts.netloc:
        raise ValueError("the address holds a user name or password; name the secret with api_key_env")
    return value


def language_tag(value: str) -> str:
    """The tag as it came; raises ValueError unless it looks like one of BCP 47."""
    if not LANGUAGE.fullmatch(value):
        raise ValueError(f"expected {LANGUAGE_FORM}")
    return value


def environment_name(value: str) -> str:
    """The name as it came; raises ValueError for anything that may be the secret itself, which is never repeated."""
    if not ENVIRONMENT.fullmatch(value):
        raise ValueError(f"this must be {ENVIRONMENT_FORM}, not the secret itself")
    return value


def fault_at(key: str, text: str) -> PydanticCustomError:
    """What a model raises about one of its keys when two of them do not go together."""
    return PydanticCustomError("at_key", "{text}", {"key": key, "text": text})


Interval = Annotated[
    timedelta, BeforeValidator(interval), WithJsonSchema({"type": "string", "expected": INTERVAL_FORM})
]
Url = Annotated[str, AfterValidator(http_url), WithJsonSchema({"type": "string", "expected": URL_FORM})]
LanguageTag = Annotated[
    str, AfterValidator(language_tag), WithJsonSchema({"type": "string", "expected": LANGUAGE_FORM})
]
EnvironmentName = Annotated[
    str, AfterValidator(environment_name), WithJsonSchema({"type": "string", "expected": ENVIRONMENT_FORM})
]
CityId = Annotated[str, WithJsonSchema({"type": "string", "expected": 'the id of a city such as "gent"'})]


class Strict(BaseModel):
    """Frozen, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Filter(Strict):
    """Which records of a shared portal belong to the city; an empty list does not filter."""

    publisher: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        description="Identifiers or names of the publishers whose records are the city's; empty does not filter.",
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> "Filter":
        twice = sorted({name for name in self.publisher if self.publisher.count(name) > 1})
        if twice:
            raise fault_at("publisher", f'names "{twice[0]}" twice')
        return self


class Expect(Strict):
    """The number of records this portal is expected to list: below `min` is held, above `max` warns."""

    min: int | None = Field(default=None, ge=0, description="Fewer records than this hold the job for a person.")
    max: int | None = Field(default=None, ge=0, description="More records than this warn.")

    @model_validator(mode="after")
    def _min_below_max(self) -> "Expect":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fault_at("min", f"expected at most max ({self.max}), got {self.min}")
        return self


class HarvestSource(Strict):
    """One portal to harvest. `options` was checked against the kind's own options when it was loaded."""

    id: SkipJsonSchema[str]  # not a key of the file
    city: CityId = Field(description="The organization whose portal this is.")
    kind: Kind = Field(
        description="The software or format; kinds that are not built yet are valid only while disabled."
    )
    url: Url = Field(description="The portal's base, the document or the list page; its meaning depends on the kind.")
    every: Interval = Field(default=timedelta(days=1), description="How often the portal is polled.")
    enabled: bool = Field(default=True, description="Whether the schedule polls it.")
    language: LanguageTag = Field(default="nl", description="The language of texts the portal does not tag.")
    reason: str = Field(default="", description="Why it is disabled, if it is.")
    evidence: str = Field(default="", description="Where we know the source from, with a date.")
    successor_of: tuple[str, ...] = Field(
        default=(), description="Ids of the sources this portal replaced: their history goes on here."
    )
    api_key_env: EnvironmentName | None = Field(
        default=None, description="The environment variable that holds the portal's key."
    )
    filter: Filter = Filter()
    expect: Expect = Expect()
    options: Mapping[str, Any] = Field(default_factory=dict, description="What only this kind needs.")
