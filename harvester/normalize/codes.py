"""Coded values: license, format, frequency, themes, languages, access rights. The lists are `catalog.vocabulary`'s."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from catalog import vocabulary
from catalog.vocabulary import FormatMatch, LicenseMatch
from harvester.normalize.reading import Reading, remembered
from harvester.normalize.text import line
from harvester.normalize.urls import file_extension
from harvester.sources.base import RawDistribution

MAX_LABEL = 1_000  # a longer text is no label; nor is it worth remembering
MAX_LICENSE_TEXT = 4_000
MAX_CODES = 100
UNKNOWN = {
    "frequency": "unknown_frequency",
    "access_rights": "unknown_access_right",
    "themes": "unknown_theme",
    "languages": "unknown_language",
}
LINK = re.compile(r"https?://[^\s()<>\"']+")


def coded(value: object, field: str, reading: Reading, find: Callable[[str], str | None]) -> str | None:
    """The IRI that `find` knows for the portal's text; null with an issue when it knows none."""
    if value is None:
        return None
    text = reading.text(value, field)
    if text is None:
        return None
    iri = _found(text, find)
    if iri is None:
        reading.add(UNKNOWN[field], field, text)
    return iri


def _found(text: str, find: Callable[[str], str | None]) -> str | None:
    if len(text) > MAX_LABEL:
        return None
    return find(line(text) if "<" in text or "&" in text else text)


def frequency(value: object, reading: Reading) -> str | None:
    return coded(value, "frequency", reading, vocabulary.frequency_of)


def access_rights(value: object, reading: Reading) -> str | None:
    return coded(value, "access_rights", reading, vocabulary.access_right_of)


def themes(value: object, reading: Reading) -> tuple[str, ...]:
    return remembered(_themes, value, reading) if value else ()


def _themes(value: object, reading: Reading) -> tuple[str, ...]:
    return _several(value, "themes", reading, vocabulary.theme_of)


def languages(value: object, reading: Reading) -> tuple[str, ...]:
    return remembered(_languages, value, reading) if value else ()


def _languages(value: object, reading: Reading) -> tuple[str, ...]:
    return _several(value, "languages", reading, vocabulary.language_of)


def _several(value: object, field: str, reading: Reading, find: Callable[[str], str | None]) -> tuple[str, ...]:
    """The known ones, each once, in the portal's order."""
    found: dict[str, None] = {}
    for item in reading.items(value, field)[:MAX_CODES]:
        text = reading.text(item, field)
        iri = _found(text, find) if text else None
        if iri:
            found[iri] = None
        elif text:
            reading.add(UNKNOWN[field], field, text)
    return tuple(found)


# License


def license_of(candidates: object, reading: Reading) -> LicenseMatch | None:
    """The first candidate that maps, in the portal's order of trust; None when the portal gave nothing."""
    if not candidates:
        return None
    return remembered(_license_of, [candidates] if isinstance(candidates, str) else candidates, reading)


def _license_of(candidates: object, reading: Reading) -> LicenseMatch | None:
    texts = [text for item in reading.items(candidates, "license") if (text := _license_text(item, reading))]
    if not texts:
        return None
    matches = [_license(text[:MAX_LICENSE_TEXT]) for text in texts]
    named = [match for match in matches if match and match.iri]
    if named:
        return _best(named, texts[matches.index(named[0])], reading)
    known = [match for match in matches if match]
    unspecified = len(known) == len(matches) and not any(match.specified for match in known)
    reading.add("license_not_specified" if unspecified else "unknown_license", "license", " | ".join(texts))
    return next(
        (match for match in known if match.open is not None), LicenseMatch(None, None, specified=not unspecified)
    )


def _license_text(item: object, reading: Reading) -> str | None:
    """ "None" is a placeholder elsewhere; of a license it says that there is none."""
    if isinstance(item, str) and item.strip().lower() == "none":
        return "none"
    return reading.text(item, "license")


def _best(named: list[LicenseMatch], text: str, reading: Reading) -> LicenseMatch:
    """The first; but where it leaves the version open, a later candidate of the same family may tell it."""
    first = named[0]
    if not first.assumed:
        return first
    for other in named[1:]:
        if not other.assumed and _family(other) == _family(first):
            return other
    reading.add("license_assumed", "license", text)
    return first


def _family(match: LicenseMatch) -> str:
    return (match.iri or "").rstrip("_0123456789")


@lru_cache(maxsize=2048)
def _license(text: str) -> LicenseMatch | None:
    """By its words, else by the only license that its links lead to (which is then an assumption)."""
    plain = line(text) if "<" in text or "&" in text else text
    match = vocabulary.license_of(plain)
    if match is not None:
        return match
    linked = {found.iri: found for link in LINK.findall(plain) if (found := vocabulary.license_of(link)) and found.iri}
    return replace(next(iter(linked.values())), assumed=True) if len(linked) == 1 else None


# Format and media type


def format_of(raw: RawDistribution, addresses: tuple[str | None, ...], reading: Reading) -> FormatMatch:
    """By the format's text, else by the media type, else by the extension of the file's address."""
    found = remembered(_stated_format, (raw.format or "", raw.media_type or ""), reading)
    return found or _by_extension(addresses) or FormatMatch(None, None)


def _stated_format(value: object, reading: Reading) -> FormatMatch | None:
    """Of (format, media type) as the portal states them; a media type alone is kept without a format."""
    named_as, media_as = reading.items(value, "format")
    text, media_text = reading.text(named_as, "format"), reading.text(media_as, "media_type")
    named = vocabulary.format_of(text) if text and len(text) <= MAX_LABEL else None
    media_type = vocabulary.media_type_of(media_text) if media_text and len(media_text) <= MAX_LABEL else None
    if text:
        _judge(text, named, reading)
    if media_text and media_type is None:
        reading.add("unknown_media_type", "media_type", media_text)
    match = named or _by_media_type(media_text)
    if match is None:
        return FormatMatch(None, media_type) if media_type else None
    return replace(match, media_type=media_type if media_text else match.media_type)


def _judge(text: str, named: FormatMatch | None, reading: Reading) -> None:
    if named is None:
        reading.add("unknown_format", "format", text)
    elif named.file_type is None:
        reading.add("format_is_service", "format", text)


def _by_media_type(text: str | None) -> FormatMatch | None:
    return vocabulary.format_of(text) if text and len(text) <= MAX_LABEL else None


def _by_extension(addresses: tuple[str | None, ...]) -> FormatMatch | None:
    for address in addresses:
        extension = file_extension(address)
        match = vocabulary.format_of_extension(extension) if extension else None
        if match:
            return match
    return None
