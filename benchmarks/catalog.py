"""A generated CKAN catalogue of the size that `docs/benchmarks.md` names: 4.2 resources and about 10 kB a dataset."""

import json
from collections.abc import Iterator

WORDS = [
    *"de het een van in op met voor bij naar over stad wijk straat".split(),
    *"plein park boom fiets auto bus halte parking school zwembad bibliotheek museum kaart lijst".split(),
    *"meting locatie adres gebouw woning inwoner jaar maand dag uur aantal gemiddelde totaal dataset".split(),
    *"bestand bron beheer dienst afdeling contact licentie open vrij gebruik kwaliteit lucht water energie".split(),
    *"afval groen verkeer toegankelijk vergunning evenement subsidie begroting rekening".split(),
]
LICENSES = ("cc-by", "CC0 1.0", "https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0")
FORMATS = ("CSV", "JSON", "GeoJSON", "XLSX", "SHP", "PDF")
THEMES = ("mobiliteit", "milieu", "cultuur", "bevolking", "economie")
FREQUENCIES = ("dagelijks", "maandelijks", "jaarlijks")


def sentence(seed: int, length: int) -> str:
    """Plausible words, always the same for a seed."""
    return " ".join(WORDS[(seed * 7919 + step * step * 31 + step) % len(WORDS)] for step in range(length))


def package(number: int, edited: bool = False) -> dict[str, object]:
    """One CKAN package. `edited`: its title and modification differ."""
    resources = 4 + (number % 5 == 0)
    return {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": f"dataset-{number}",
        "title": f"{sentence(number, 6).capitalize()} {number}{' (herzien)' if edited else ''}",
        "notes": f"{sentence(number + 1, 230)}. {sentence(number + 2, 230)}."
        + (" <b>Let op</b>" if number % 20 == 0 else ""),
        "license_id": LICENSES[number % 3],
        "license_title": LICENSES[number % 3],
        "metadata_created": "2019-03-01T10:00:00.000000",
        "metadata_modified": "2026-01-02T10:00:00.000000" if edited else "2025-03-01T10:00:00.000000",
        "state": "active",
        "type": "dataset",
        "private": False,
        "author": sentence(number % 40, 2),
        "author_email": f"dienst{number % 40}@stad.example",
        "maintainer": "",
        "maintainer_email": "",
        "owner_org": f"org-{number % 12}",
        "organization": {
            "id": f"org-{number % 12}",
            "name": f"dienst-{number % 12}",
            "title": f"Dienst {number % 12}",
            "type": "organization",
            "state": "active",
            "image_url": "",
            "description": sentence(number % 12, 30),
        },
        "tags": [
            {
                "id": f"t{k}",
                "name": WORDS[(number + k) % len(WORDS)],
                "display_name": WORDS[(number + k) % len(WORDS)],
                "state": "active",
            }
            for k in range(6)
        ],
        "groups": [
            {
                "id": THEMES[number % 5],
                "name": THEMES[number % 5],
                "display_name": THEMES[number % 5],
                "title": THEMES[number % 5],
            }
        ],
        "extras": [
            {"key": "frequency", "value": FREQUENCIES[number % 3]},
            {"key": "issued", "value": "2019-03-01"},
            {"key": "spatial", "value": "3.57,50.97,3.84,51.18"},
            {"key": "language", "value": "nl"},
            {"key": "internal_note", "value": sentence(number + 3, 40)},
        ],
        "num_resources": resources,
        "num_tags": 6,
        "resources": [resource(number, position) for position in range(resources)],
    }


def resource(number: int, position: int) -> dict[str, object]:
    """One CKAN resource."""
    file_format = FORMATS[(number + position) % len(FORMATS)]
    return {
        "id": f"{number:08x}-{position:04x}-4000-8000-000000000001",
        "package_id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": f"{sentence(number + position, 4)} {file_format}",
        "description": sentence(number + position, 90),
        "url": f"https://data.stad.example/bestanden/dataset-{number}/deel-{position}.{file_format.lower()}",
        "format": file_format,
        "mimetype": None,
        "size": 1000 + number * 17 + position,
        "hash": "",
        "created": "2019-03-01T10:00:00.000000",
        "last_modified": "2025-03-01T10:00:00.000000",
        "metadata_modified": "2025-03-01T10:00:00.000000",
        "position": position,
        "state": "active",
        "url_type": "upload",
        "mimetype_inner": None,
        "cache_url": None,
        "cache_last_updated": None,
        "resource_type": None,
        "datastore_active": False,
    }


def pages(count: int, size: int, edited: frozenset[int] = frozenset()) -> Iterator[bytes]:
    """The answers of `package_search`, page by page."""
    for start in range(0, count, size):
        results = [package(number, number in edited) for number in range(start, min(start + size, count))]
        yield json.dumps(
            {"help": "", "success": True, "result": {"count": count, "sort": "id asc", "results": results}}
        ).encode()


def sweep(count: int) -> bytes:
    """The answer of `package_list`."""
    return json.dumps(
        {"help": "", "success": True, "result": [f"dataset-{number}" for number in range(count)]}
    ).encode()
