"""Which version of our own reading made a record: any change of code, vocabulary or source file makes a new one.

A record that another version read is read again, so that a mapping fix reaches every dataset at its next run.
"""

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from catalog import fingerprint
from config.source import HarvestSource

READING = (("harvester", "sources"), ("harvester", "normalize"), ("catalog", "vocabularies"))
SINGLE = (("catalog", "vocabulary.py"), ("catalog", "model.py"), ("harvester", "charset.py"))


def mapper_version(source: HarvestSource) -> str:
    """12 hexadecimal digits for the code that reads and the part of the source file that steers it."""
    steering = source.model_dump_json(include={"city", "kind", "url", "language", "filter", "options"})
    return blake2b(_code() + steering.encode(), digest_size=6).hexdigest()


@cache
def _code() -> bytes:
    hashed = blake2b(fingerprint.VERSION, digest_size=16)
    for package, name in (*READING, *SINGLE):
        for file in _walk(files(package).joinpath(name)):
            hashed.update(file.read_bytes())
    return hashed.digest()


def _walk(place: Traversable) -> list[Traversable]:
    if place.is_file():
        return [place]
    inside = sorted((item for item in place.iterdir() if item.name != "__pycache__"), key=lambda item: item.name)
    return [file for item in inside for file in _walk(item)]
