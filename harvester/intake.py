"""The records of a run against what we know: same bytes, same content, changed, or new. Everything is staged, nothing
stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.fingerprint import content_key, digest, fingerprint, flatten, title_key
from catalog.history import changes, restless, unrest
from catalog.model import Dataset, Issue, State
from catalog.removal import Newcomer
from catalog.store.known import Known, KnownIndex, Stored
from catalog.store.mapping import dataset_id
from catalog.store.staging import Observation, Staging
from config.source import HarvestSource
from harvester.errors import RecordError
from harvester.listing import Walk
from harvester.normalize import normalize
from harvester.sources.base import HarvestRecord, Page, RawDataset, SourceKind

NUL, REPLACEMENT = "\x00", "\ufffd"

Load = Callable[[Sequence[str]], Mapping[str, Stored]]


@dataclass(slots=True)
class Tally:
    """What became of the records, each counted once."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    restored: int = 0
    filtered: int = 0
    issues: int = 0


@dataclass(slots=True)
class Intake:
    """One run's dealings with the catalogue. `load` reads stored datasets by id; `run`: number of this complete run;
    `taken`: ids that a new dataset may not get."""

    source: HarvestSource
    kind: SourceKind[Any]
    known: KnownIndex
    staging: Staging
    load: Load
    taken: Callable[[], frozenset[str]]
    run: int
    tally: Tally = field(default_factory=Tally)
    walk: Walk = field(default_factory=Walk)
    newcomers: list[Newcomer] = field(default_factory=list)
    _doubtful: list[tuple[Known, Observation]] = field(default_factory=list)
    _ids: set[str] | None = None

    def page(self, page: Page[Any], limit: int | None = None) -> bool:
        """Take a page in; false when `limit` records were met and the walk must stop."""
        self.walk.turn(page)
        for item in self.kind.records(self.source, page):
            if limit is not None and self.walk.seen >= limit:
                self.walk.whole = False
                break
            self._item(item)
        self._settle_doubtful()
        return limit is None or self.walk.seen < limit

    def sweep(self, aliases: Mapping[str, str]) -> None:
        """After the pages of a `since` run: what the sweep names and nothing brought is as it was."""
        met, named = self.walk.identifiers, self.walk.swept or set()
        for identifier in {aliases.get(alias, alias) for alias in named} - met:
            issues = self.known.take_present(identifier)
            if issues is not None:
                self.tally.unchanged += 1
                self.tally.issues += issues
            elif (known := self.known.take(identifier)) is not None:
                self._same(known)
            else:
                self.walk.unknown_aliases += 1

    def _item(self, item: HarvestRecord | Issue) -> None:
        if isinstance(item, Issue):
            if self.walk.unusable(item) and item.record is not None:
                self._keep(self.known.take(item.record))
            return
        item = storable(item)
        if not self.walk.meet(item.identifier):
            return
        known = self.known.take(item.identifier)
        raw_hash = digest(item.raw)
        if known is not None and known.raw_hash == raw_hash:
            self._same(known)
        else:
            self._read(item, raw_hash, known)

    def _same(self, known: Known) -> None:
        self.tally.issues += known.issues
        self._keep(known)

    def _keep(self, known: Known | None) -> None:
        """A listed dataset that stays as we know it."""
        if known is None:
            return
        if known.state is State.PRESENT:
            self.tally.unchanged += 1
        else:
            self.tally.restored += 1
            self.staging.restore(known.id)

    def _read(self, record: HarvestRecord, raw_hash: bytes, known: Known | None) -> None:
        try:
            raw = self.kind.dataset(self.source, record)
        except RecordError as error:
            value = error.value if error.value is not None else error.message
            self.walk.note(Issue("map", error.code, None, value[:500], record.identifier[:500]))
            self._keep(known)
            return
        if not belongs(raw, self.source):
            self.tally.filtered += 1
            if known is not None:
                self.known.give_back(record.identifier, known)
            return
        dataset, issues = normalize(raw, self.source)
        self.tally.issues += len(issues)
        seen = Observation(
            record.identifier, record.alias, record.raw, raw_hash, fingerprint(dataset), dataset, tuple(issues)
        )
        self._weigh(known, seen)

    def _weigh(self, known: Known | None, seen: Observation) -> None:
        if known is None:
            self._create(seen)
        elif known.fingerprint != seen.fingerprint or known.restless:
            self._doubtful.append((known, seen))
        else:
            restored = known.state is not State.PRESENT
            self.tally.restored += restored
            self.tally.unchanged += not restored
            self.staging.refresh(known.id, seen, {}, restored=restored)

    def _create(self, seen: Observation) -> None:
        self.tally.created += 1
        self.staging.create(self._new_id(seen.identifier), seen)
        if self.known.ids:
            self.newcomers.append(_newcomer(seen.identifier, seen.dataset))

    def _new_id(self, identifier: str) -> str:
        city, source = self.source.city, self.source.id
        new = dataset_id(city, source, identifier)
        if not self.known.ids:
            return new
        if self._ids is None:
            self._ids = set(self.taken())
        salt = 0
        while new in self._ids:
            salt += 1
            new = dataset_id(city, source, identifier, salt)
        self._ids.add(new)
        return new

    def _settle_doubtful(self) -> None:
        """Compare with what is stored, a page at a time: only now is a change told from a restless field."""
        if not self._doubtful:
            return
        before = self.load([known.id for known, _ in self._doubtful])
        for known, seen in self._doubtful:
            self._compare(known, seen, before[known.id])
        self._doubtful.clear()

    def _compare(self, known: Known, seen: Observation, before: Stored) -> None:
        old, new = flatten(before.dataset), flatten(seen.dataset)
        ignored = restless(unrest(before.restless, (), self.run))  # one that was calm for long counts again
        moved = changes(old, new, frozenset())
        counts = unrest(before.restless, moved, self.run)
        fields = changes(old, new, ignored)
        restored = known.state is not State.PRESENT
        self.tally.restored += restored
        self.tally.updated += bool(fields) and not restored
        self.tally.unchanged += not fields and not restored
        seen = replace(seen, issues=(*seen.issues, *_restless_issues(restless(counts), seen.identifier)))
        self.staging.update(known.id, seen, fields, counts, restored=restored)


def storable(record: HarvestRecord) -> HarvestRecord:
    """The record without NUL in its names, which PostgreSQL can't store."""
    if NUL not in record.identifier and NUL not in (record.alias or ""):
        return record
    alias = record.alias.replace(NUL, REPLACEMENT) if record.alias else None
    return replace(record, identifier=record.identifier.replace(NUL, REPLACEMENT), alias=alias)


def _restless_issues(names: frozenset[str], record: str) -> tuple[Issue, ...]:
    return tuple(Issue("history", "restless_field", name, None, record[:500]) for name in sorted(names))


def _newcomer(identifier: str, dataset: Dataset) -> Newcomer:
    return Newcomer(identifier, title_key(dataset), content_key(dataset))


def belongs(raw: RawDataset, source: HarvestSource) -> bool:
    """Whether the record is the city's, by the publishers its `[filter]` names (an IRI or a name, case aside)."""
    wanted = {name.casefold() for name in source.filter.publisher}
    if not wanted:
        return True
    named = {raw.publisher_id, raw.publisher_name, raw.creator_id, raw.creator_name} - {None}
    return any(str(name).strip().casefold() in wanted for name in named)
