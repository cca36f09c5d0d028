"""Controlled values: what license, format, frequency, theme, language or access right a portal's text means.

Read from `catalog/vocabularies/*.csv`, once. Knows no portal and never guesses: a text that no list knows is None.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import unquote

AUTHORITY = "http://publications.europa.eu/resource/authority/"
IANA_KEY = "iana.org/assignments/media-types/"
LOOKUPS = 8192  # distinct texts remembered per lookup; a portal repeats a few hundred
LONGEST_TEXT = 1000  # a longer text is nobody's label


@dataclass(frozen=True, slots=True)
class LicenseMatch:
    """What is known of a license text.

    `iri`: null when the text names no license of ours. `open`: null when nobody can tell. `assumed`: the text leaves
    the version or the port open. `specified`: false when the text says that there is no license ("notspecified").
    """

    iri: str | None
    open: bool | None
    assumed: bool = False
    specified: bool = True


@dataclass(frozen=True, slots=True)
class FormatMatch:
    """What is known of a format text: an EU file type (IRI), its IANA media type, the packaging around it (IANA media
    type), and the protocol when it names a service ("WMS", "OData")."""

    file_type: str | None
    media_type: str | None
    packaging: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class FileType:
    iri: str
    media_type: str | None
    machine_readable: bool
    non_proprietary: bool


@dataclass(frozen=True, slots=True)
class CodeList:
    """One EU list: every known spelling -> IRI, and IRI -> labels by language."""

    iris: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]


# Keys: two spellings of the same value have the same key.


def text_key(text: str) -> str:
    """Without accents, in lower case, `_` as space, spaces squeezed, percent signs decoded."""
    if "%" in text:
        text = unquote(text)
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(text.lower().replace("_", " ").split())


IRI_START = re.compile(r"https?://(?:www\.)?|www\.", re.IGNORECASE)


def iri_key(iri: str) -> str:
    """Without scheme, `www.` and trailing slash, in lower case."""
    return IRI_START.sub("", iri.strip(), count=1).rstrip("/").lower()


def key_of(text: str) -> str:
    """The key of a label, a code or an IRI."""
    text = text.strip()[:LONGEST_TEXT]
    if IRI_START.match(text):
        return iri_key(text)
    return text_key(text)


# The lists.


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("catalog") / "vocabularies" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _iri(authority: str, code: str) -> str:
    """Lists that are not all of the EU hold an IRI where an EU code would stand."""
    return code if "/" in code else f"{AUTHORITY}{authority}/{code}"


@lru_cache(maxsize=8)
def _code_list(authority: str, concepts: str, aliases: str) -> CodeList:
    iris: dict[str, str] = {}
    labels: dict[str, Mapping[str, str]] = {}
    for row in _rows(concepts):
        iri = _iri(authority, row["code"])
        labels[iri] = {tag: row[f"label_{tag}"] for tag in ("nl", "fr", "en") if row[f"label_{tag}"]}
        for spelling in (row["code"], row.get("tag", ""), *labels[iri].values()):
            iris.setdefault(text_key(spelling), iri)
        iris[iri_key(iri)] = iri
    iris.update((row["alias"], _iri(authority, row["code"])) for row in _rows(aliases))
    iris.pop("", None)
    return CodeList(iris, labels)


def _frequencies() -> CodeList:
    return _code_list("frequency", "frequencies", "frequency_aliases")


def _themes() -> CodeList:
    return _code_list("data-theme", "themes", "theme_aliases")


def _languages() -> CodeList:
    return _code_list("language", "languages", "language_aliases")


def _access_rights() -> CodeList:
    return _code_list("access-right", "access_rights", "access_right_aliases")


@lru_cache(maxsize=1)
def _frequency_days() -> Mapping[str, float]:
    return {_iri("frequency", row["code"]): float(row["days"]) for row in _rows("frequencies") if row["days"]}


@lru_cache(maxsize=1)
def _file_types() -> Mapping[str, FileType]:
    """Code -> file type."""
    return {
        row["code"]: FileType(
            _iri("file-type", row["code"]),
            row["media_type"] or None,
            row["machine_readable"] == "yes",
            row["non_proprietary"] == "yes",
        )
        for row in _rows("file_types")
    }


def _format_match(code: str, packaging: str = "", service: str = "") -> FormatMatch:
    if not code:
        return FormatMatch(None, None, None, service)
    file_type = _file_types()[code]
    return FormatMatch(file_type.iri, file_type.media_type, packaging or None, service or None)


@lru_cache(maxsize=1)
def _formats() -> Mapping[str, FormatMatch]:
    formats: dict[str, FormatMatch] = {}
    for code, file_type in _file_types().items():
        formats[iri_key(file_type.iri)] = formats[text_key(code)] = _format_match(code)
    for row in _rows("formats"):
        match = _format_match(row["file_type"], row["packaging"], row["service"])
        formats[row["alias"]] = match
        if row["file_type"] and row["service"]:  # the IRI of a service's file type names the service too
            formats[iri_key(match.file_type or "")] = match
    return formats


@lru_cache(maxsize=1)
def _extensions() -> Mapping[str, FormatMatch]:
    pairs = ((row["code"], row["extensions"].split()) for row in _rows("file_types"))
    return {extension: _format_match(code) for code, extensions in pairs for extension in extensions}


@lru_cache(maxsize=1)
def _media_types() -> Mapping[str, str]:
    """Lower case -> as IANA writes it."""
    return {row["media_type"].lower(): row["media_type"] for row in _rows("media_types")}


OPEN = {"yes": True, "no": False}


@lru_cache(maxsize=1)
def _licenses() -> Mapping[str, LicenseMatch]:
    licenses: dict[str, LicenseMatch] = {}
    for row in _rows("licenses"):
        match = LicenseMatch(_iri("licence", row["license"]), OPEN.get(row["open"]))
        for spelling in (match.iri, row["same_as"], row["license"], row["label_en"], row["label_nl"]):
            if spelling:
                licenses.setdefault(key_of(spelling), match)
    for row in _rows("license_aliases"):
        iri = _iri("licence", row["license"]) if row["license"] else None
        opened = row["open"]
        licenses[row["alias"]] = LicenseMatch(iri, OPEN.get(opened), row["assumed"] == "yes", opened != "unknown")
    return licenses


# Creative Commons: too many spellings for a table, and a small grammar says them all.

CC_FAMILIES = {
    frozenset({"by"}): "BY",
    frozenset({"by", "sa"}): "BYSA",
    frozenset({"by", "nd"}): "BYND",
    frozenset({"by", "nc"}): "BYNC",
    frozenset({"by", "nc", "sa"}): "BYNCSA",
    frozenset({"by", "nc", "nd"}): "BYNCND",
}
CC_LATEST = "4.0"
CC_IRI = re.compile(
    r"creativecommons\.org/licenses/(?P<terms>[a-z]{2}(?:-[a-z]{2}){0,2})(?:/(?P<version>\d\.\d))?(?:/(?P<port>[a-z]{2,4}))?"
    r"(?:/(?:deed|legalcode)(?:[.-][a-z-]{2,8})?(?:\.html)?)?"
)
CC0_IRI = re.compile(
    r"creativecommons\.org/publicdomain/(?P<kind>zero|mark)(?:/1\.0)?(?:/(?:deed|legalcode)(?:[.-][a-z-]{2,8})?)?"
)
CC_PHRASES = (
    (
        re.compile(r"\b(?:non|niet|pas d'utilisation)[ -]?(?:commercial|commercieel|commerciale)\b|\bnoncommercial\b"),
        " nc ",
    ),
    (
        re.compile(r"\b(?:share[ -]?alike|gelijk[ -]?delen|partage dans les memes conditions|partage a l'identique)\b"),
        " sa ",
    ),
    (
        re.compile(r"\b(?:no[ -]?deriv(?:ative)?s?(?: works)?|geen[ -]?afgeleide[ -]?werken|pas de modification)\b"),
        " nd ",
    ),
    (re.compile(r"\b(?:attribution|naamsvermelding|paternite)\b"), " by "),
    (re.compile(r"\bcreative commons\b"), " cc "),
    (re.compile(r"\bthis work is licensed under an?\b"), " "),
)
CC_TOKEN = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")
CC_TERMS = frozenset({"by", "nc", "sa", "nd"})
CC_PORTS = frozenset({"nl", "be", "fr", "de", "at", "uk", "us", "lu"})
CC_PADDING = frozenset(
    {
        "cc",
        "license",
        "licence",
        "licentie",
        "international",
        "internationaal",
        "unported",
        "generic",
        "public",
        "v",
        "version",
        "versie",
    }
)


def _creative_commons(terms: frozenset[str], version: str | None, port: str | None) -> LicenseMatch | None:
    family = CC_FAMILIES.get(terms)
    if family is None:
        return None
    code = f"cc {family} {(version or CC_LATEST).replace('.', ' ')}".lower()
    ported = _licenses().get(f"{code} {port}") if port else None
    match = ported or _licenses().get(code)
    if match is None:
        return None
    return LicenseMatch(match.iri, match.open, assumed=version is None or (port is not None and ported is None))


def _creative_commons_iri(key: str) -> LicenseMatch | None:
    key = re.split(r"[?#]", key, maxsplit=1)[0].rstrip("/")
    dedication = CC0_IRI.fullmatch(key)
    if dedication:
        return _licenses()["cc0" if dedication["kind"] == "zero" else "cc pdm 1 0"]
    found = CC_IRI.fullmatch(key)
    if found is None:
        return None
    return _creative_commons(frozenset(found["terms"].split("-")), found["version"], found["port"])


def _creative_commons_text(key: str) -> LicenseMatch | None:
    """Every word must be understood: "not CC BY" is not CC BY."""
    for phrase, word in CC_PHRASES:
        key = phrase.sub(word, key)
    words = CC_TOKEN.findall(key)
    known = CC_TERMS | CC_PADDING | CC_PORTS
    versions = {word if "." in word else f"{word}.0" for word in words if word[0].isdigit()}
    named = {word for word in words if not word[0].isdigit()}
    if "cc" not in named or len(versions) > 1 or named - known:
        return None
    ports = named & CC_PORTS
    if len(ports) > 1:
        return None
    version = next(iter(versions), None)
    return _creative_commons(frozenset(named & CC_TERMS), version, next(iter(ports), None))


# The lookups.


@lru_cache(maxsize=LOOKUPS)
def license_of(text: str) -> LicenseMatch | None:
    """What is known of a license named by code, title or IRI; None when nothing is."""
    key = key_of(text)
    match = _licenses().get(key) or _licenses().get(key.rstrip(". "))
    if match is not None:
        return match
    return _creative_commons_iri(key) if key.startswith("creativecommons.org/") else _creative_commons_text(key)


@lru_cache(maxsize=LOOKUPS)
def format_of(text: str) -> FormatMatch | None:
    """The format named by a label, an extension, a media type or an IRI of either list."""
    key = key_of(text).removeprefix(IANA_KEY)
    match = _formats().get(key) or _formats().get(key.strip(". "))
    if match is None and ";" in key:
        return _formats().get(key.split(";", 1)[0].strip())
    return match


@lru_cache(maxsize=LOOKUPS)
def format_of_extension(extension: str) -> FormatMatch | None:
    """The format that a file name extension (no dot, lower case) can only mean, `csv.zip` included."""
    plain, _, packed = extension.partition(".")
    match = _extensions().get(extension)
    if match is None and packed in ("zip", "gz"):
        inner = _extensions().get(plain)
        packaging = "application/zip" if packed == "zip" else "application/gzip"
        return inner and FormatMatch(inner.file_type, inner.media_type, packaging)
    return match


@lru_cache(maxsize=LOOKUPS)
def media_type_of(text: str) -> str | None:
    """The IANA media type (`text/csv`) meant by a media type, its IRI, or a format's name."""
    key = text.strip()[:LONGEST_TEXT].lower()
    if IRI_START.match(key):
        key = iri_key(key).removeprefix(IANA_KEY)
    key = key.split(";", 1)[0].strip()
    known = _media_types().get(key)
    if known is not None:
        return known
    match = format_of(text)
    return match.media_type if match else None


@lru_cache(maxsize=LOOKUPS)
def frequency_of(text: str) -> str | None:
    """IRI of the EU frequency meant by a label, a code, an ISO 8601 period (`R/P1M`) or an IRI of a known list."""
    return _frequencies().iris.get(key_of(text).removeprefix("r/"))


@lru_cache(maxsize=LOOKUPS)
def theme_of(text: str) -> str | None:
    """IRI of the EU data theme meant by a portal's theme or an IRI of a known list."""
    return _themes().iris.get(key_of(text))


LANGUAGE_IRI = re.compile(r".*iso639-[123]/([a-z]{2,3})")
LANGUAGE_TAG = re.compile(r"([a-z]{2,3})[ -][a-z]{2}")


@lru_cache(maxsize=LOOKUPS)
def language_of(text: str) -> str | None:
    """IRI of the EU language meant by a tag (`nl-BE`), a code, a name or an IRI of a known list."""
    key = key_of(text)
    found = _languages().iris.get(key)
    if found is not None:
        return found
    inner = LANGUAGE_IRI.fullmatch(key) or LANGUAGE_TAG.fullmatch(key)
    return _languages().iris.get(inner[1]) if inner else None


@lru_cache(maxsize=LOOKUPS)
def access_right_of(text: str) -> str | None:
    """IRI of the EU access right meant by a word, a code or an IRI of a known list."""
    return _access_rights().iris.get(key_of(text))


# The reverse: what is known of an IRI.


@lru_cache(maxsize=1)
def _labels() -> Mapping[str, Mapping[str, str]]:
    labels: dict[str, Mapping[str, str]] = {}
    for code_list in (_frequencies(), _themes(), _languages(), _access_rights()):
        labels.update(code_list.labels)
    for row in _rows("file_types"):
        labels[_iri("file-type", row["code"])] = {"en": row["label"]}
    for row in _rows("licenses"):
        labels[_iri("licence", row["license"])] = {
            tag: row[f"label_{tag}"] for tag in ("nl", "en") if row[f"label_{tag}"]
        }
    return labels


def label_of(iri: str, language: str = "nl") -> str | None:
    """The label in `language` (nl, fr, en), else in English, else in Dutch; None for an IRI of no list."""
    labels = _labels().get(iri)
    if labels is None:
        return None
    return labels.get(language) or labels.get("en") or labels.get("nl")


def is_machine_readable(file_type: str) -> bool:
    """Whether the EU quality assessment calls this file type (IRI) machine readable."""
    known = _file_types().get(file_type.rsplit("/", 1)[-1])
    return known is not None and known.machine_readable


def is_non_proprietary(file_type: str) -> bool:
    """Whether the EU quality assessment calls this file type (IRI) non-proprietary."""
    known = _file_types().get(file_type.rsplit("/", 1)[-1])
    return known is not None and known.non_proprietary


def is_open(license_iri: str) -> bool | None:
    """Whether the license is open by the Open Definition; None when a person has to judge or it is unknown."""
    match = _licenses().get(iri_key(license_iri))
    return match.open if match else None


def days_of_frequency(frequency: str) -> float | None:
    """Days between two updates at this frequency (IRI); None when the frequency promises none."""
    return _frequency_days().get(frequency)
