"""What a job must know of its source's datasets before it reads a page: an index small enough for 100,000 of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from catalog.fingerprint import content_key, title_key
from catalog.history import Restless
from catalog.model import ContactPoint, Dataset, Distribution, State
from catalog.removal import Absent
from catalog.store.mapping import dataset_from, distribution_of
from catalog.store.tables import ContactRow, DatasetRow, DistributionRow, table_of

DATASET = table_of(DatasetRow)
DISTRIBUTION = table_of(DistributionRow)
CONTACT = table_of(ContactRow)
CHUNK = 400  # ids in one IN (...); SQLite allows 32,766 variables, old ones 999
NEVER = bytes(16)  # a raw hash that no record has: the record is read again
STATES = (State.PRESENT, State.MISSING, State.WITHDRAWN)
CODES = {state.value: code for code, state in enumerate(STATES)}
PRESENT, WITHDRAWN = CODES[State.PRESENT], CODES[State.WITHDRAWN]

# Built once: making a statement costs more than most of them take to run.
_c = DATASET.c
INDEXED = select(
    _c.identifier, _c.id, _c.raw_hash, _c.fingerprint, _c.state, _c.issue_count, _c.restless, _c.mapper
).where(_c.source == bindparam("wanted"))
WHOLE = select(DATASET).where(_c.id.in_(bindparam("wanted", expanding=True)))
PARTS = (
    select(DISTRIBUTION)
    .where(DISTRIBUTION.c.dataset.in_(bindparam("wanted", expanding=True)))
    .order_by(DISTRIBUTION.c.dataset, DISTRIBUTION.c.position)
)
PEOPLE = select(CONTACT).where(CONTACT.c.key.in_(bindparam("wanted", expanding=True)))


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset as the index remembers it. `issues`: how many its last reading gave, at most 255."""

    id: str
    raw_hash: bytes
    fingerprint: bytes
    state: State
    issues: int
    restless: bool


class KnownIndex:
    """Identifier -> Known, packed: 16 bytes raw hash, 16 fingerprint, state, issues, restless flag, then our id.

    `ids`: how many; `listed`: present and missing ones; `missing`: within their grace; `stale`: read by another mapper.
    """

    def __init__(self, packed: dict[str, bytes], stale: int = 0) -> None:
        self._packed = packed
        counts = Counter(one[32] for one in packed.values())
        self.ids = len(packed)
        self.missing = counts[STATES.index(State.MISSING)]
        self.listed = self.ids - counts[WITHDRAWN]
        self.stale = stale

    def take(self, identifier: str) -> Known | None:
        """The dataset of this identifier, once: what is never taken was not seen."""
        packed = self._packed.pop(identifier, None)
        return _unpack(packed) if packed is not None else None

    def take_present(self, identifier: str) -> int | None:
        """Take a dataset that is present and nothing else; how many issues it has. Null leaves it untaken."""
        packed = self._packed.get(identifier)
        if packed is None or packed[32] != PRESENT:
            return None
        del self._packed[identifier]
        return packed[33]

    def give_back(self, identifier: str, known: Known) -> None:
        """Undo `take`: the record was listed, but not for this city any more."""
        self._packed[identifier] = _pack(known)

    def absent(self) -> list[str]:
        """Ids of the present and missing datasets that were not taken."""
        return [packed[35:].decode() for packed in self._packed.values() if packed[32] != WITHDRAWN]

    def issues_left(self) -> int:
        """Issues of the datasets not taken, for a run in which nothing was modified."""
        return sum(packed[33] for packed in self._packed.values() if packed[32] == PRESENT)


def _pack(known: Known) -> bytes:
    flags = bytes((STATES.index(known.state), min(known.issues, 255), known.restless))
    return known.raw_hash + known.fingerprint + flags + known.id.encode()


def _unpack(packed: bytes) -> Known:
    return Known(packed[35:].decode(), packed[:16], packed[16:32], STATES[packed[32]], packed[33], bool(packed[34]))


def known_index(db: Connection, source: str, mapper: str) -> KnownIndex:
    """All datasets of a source. What another mapper read gets a raw hash that nothing matches."""
    rows = db.execution_options(yield_per=2000).execute(INDEXED, {"wanted": source})
    packed: dict[str, bytes] = {}
    stale = 0
    for identifier, id_, raw_hash, fingerprint, state, issues, restless, read_by in rows:
        if read_by != mapper:
            raw_hash, stale = NEVER, stale + 1
        flags = bytes((CODES[state], min(issues, 255), restless is not None))
        packed[identifier] = b"".join((raw_hash, fingerprint, flags, id_.encode()))
    return KnownIndex(packed, stale)


def aliases(db: Connection, source: str) -> dict[str, str]:
    """Alias -> identifier of the datasets a source lists, for a sweep that names aliases only."""
    c = DATASET.c
    query = select(c.alias, c.identifier).where(
        c.source == source, c.alias.is_not(None), c.state == State.PRESENT.value
    )
    return dict(db.execute(query).tuples().all())


def taken_ids(db: Connection, source: str) -> frozenset[str]:
    """Ids of the source's datasets whose identifier is not the one the id was made from."""
    c = DATASET.c
    return frozenset(db.execute(select(c.id).where(c.source == source)).scalars())


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset as it is stored, with its flipping fields."""

    id: str
    dataset: Dataset
    restless: Restless


def stored(db: Connection, ids: Sequence[str]) -> dict[str, Stored]:
    """The datasets of these ids, whole."""
    rows = _chunked(db, ids)
    distributions = distributions_of(db, ids)
    people = contacts_of(db, [key for row in rows for key in orjson.loads(row["document"]).get("contacts", ())])
    return {
        row["id"]: Stored(
            row["id"],
            dataset_from(row["document"], distributions.get(row["id"], ()), people),
            restless_of(row["restless"]),
        )
        for row in rows
    }


def restless_of(text: str | None) -> Restless:
    """The flipping fields as `catalog.history` counts them."""
    return {name: (count, last) for name, (count, last) in orjson.loads(text).items()} if text else {}


def _chunked(db: Connection, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), CHUNK):
        found = db.execute(WHOLE, {"wanted": list(ids[start : start + CHUNK])})
        rows += [dict(row) for row in found.mappings()]
    return rows


def distributions_of(db: Connection, ids: Sequence[str]) -> dict[str, list[Distribution]]:
    """Dataset id -> its distributions in the portal's order."""
    found: dict[str, list[Distribution]] = {}
    for start in range(0, len(ids), CHUNK):
        for row in db.execute(PARTS, {"wanted": list(ids[start : start + CHUNK])}).mappings():
            found.setdefault(row["dataset"], []).append(distribution_of(dict(row)))
    return found


def contacts_of(db: Connection, keys: Iterable[str]) -> dict[str, ContactPoint]:
    """Key -> contact person, for the keys that are still known."""
    wanted = sorted(set(keys))
    found: dict[str, ContactPoint] = {}
    for start in range(0, len(wanted), CHUNK):
        for row in db.execute(PEOPLE, {"wanted": wanted[start : start + CHUNK]}).mappings():
            found[row["key"]] = ContactPoint(row["name"], row["email"], row["url"])
    return found


def absent(db: Connection, ids: Sequence[str]) -> list[Absent]:
    """What the guards must know of the datasets that a run did not see."""
    return [
        Absent(
            id=row["id"],
            identifier=row["identifier"],
            state=State(row["state"]),
            title=row["title"],
            title_key=title_key(told := _told(row["document"])),
            content_key=content_key(told),
            missing_runs=row["missing_runs"],
            missing_since=row["missing_since"],
            last_seen=row["last_seen"],
        )
        for row in _chunked(db, ids)
    ]


def _told(document: str) -> Dataset:
    """As much of a dataset as recognizing it needs."""
    values = orjson.loads(document)
    return Dataset(
        identifier="",
        title=values.get("title", {}),
        description=values.get("description", {}),
        keywords=tuple(values.get("keywords", ())),
    )
