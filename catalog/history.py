"""How what we know of a dataset changes: field-level changes and their undoing, fields that flip at each run.

Pure: values in, values out. Knows no portal, no clock and no database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from catalog.fingerprint import DISTRIBUTION_PATH, contact_key, family, without
from catalog.journal import Fields
from catalog.model import Agent, ContactPoint, DataService, Dataset, Distribution, Location, PeriodOfTime

RESTLESS_AFTER = 24  # runs in a row in which a field changed
CALM_AFTER = 48  # complete runs without a change until a restless field counts again


# --- what changed in one dataset ------------------------------------------------------------------------------------


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields in which two flat datasets differ, each with its value before and after (null where absent)."""
    paths = before.keys() | after.keys()
    return {path: (before.get(path), after.get(path)) for path in sorted(paths) if before.get(path) != after.get(path)}


def apply(flat: Mapping[str, Any], changes: Fields) -> dict[str, Any]:
    """`flat` after `changes`; the inverse of `compare`."""
    return _patched(flat, {path: after for path, (_, after) in changes.items()})


def undo(flat: Mapping[str, Any], changes: Fields) -> dict[str, Any]:
    """`flat` as it was before `changes`."""
    return _patched(flat, {path: before for path, (before, _) in changes.items()})


def _patched(flat: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    result = {**flat, **values}
    return {path: value for path, value in result.items() if value is not None}


def dataset_of(flat: Mapping[str, Any], contacts: Mapping[str, ContactPoint]) -> Dataset:
    """The dataset that `flatten` took apart; contacts are found again by key, distributions stand in order of key."""
    tree: dict[str, Any] = {"title": {}, "description": {}, "publisher": {}, "creator": {}}
    distributions: dict[str, dict[str, Any]] = {}
    for path, value in flat.items():
        if split := DISTRIBUTION_PATH.match(path):
            item = distributions.setdefault(split["key"], {})
            _place(item, split["name"], split["tag"], value)
        else:
            name, _, rest = path.partition(".")
            _place(tree, name, rest or None, value)
    return _built(tree, [distributions[key] for key in sorted(distributions)], contacts)


def _place(tree: dict[str, Any], name: str, tag: str | None, value: object) -> None:
    if tag is None:
        tree[name] = value
    else:
        tree.setdefault(name, {})[tag] = value


def _built(
    tree: dict[str, Any], distributions: Iterable[Mapping[str, Any]], contacts: Mapping[str, ContactPoint]
) -> Dataset:
    values = dict(tree)
    for name in ("publisher", "creator"):
        values[name] = Agent(**{"name": "", **values[name]}) if values[name] else None
    values["contacts"] = tuple(contacts.get(key, ContactPoint()) for key in values.get("contacts", ()))
    values["spatial"] = tuple(
        Location(**{**item, "bbox": tuple(item["bbox"]) if item.get("bbox") else None})
        for item in values.get("spatial", ())
    )
    values["temporal"] = tuple(PeriodOfTime(**item) for item in values.get("temporal", ()))
    values["services"] = tuple(DataService(**item) for item in values.get("services", ()))
    for name in ("keywords", "themes", "languages", "conforms_to", "same_as"):
        values[name] = tuple(values.get(name, ()))
    known = {item.name for item in fields(Dataset)}
    built = {name: value for name, value in values.items() if name in known}
    return Dataset(**built, distributions=tuple(Distribution(**item) for item in distributions))


def contacts_by_key(dataset: Dataset) -> dict[str, ContactPoint]:
    """The contact persons of a dataset under the keys that stand in flat fields."""
    return {contact_key(contact): contact for contact in dataset.contacts}


# --- fields that flip at each run -----------------------------------------------------------------------------------

Restless = Mapping[str, tuple[int, int]]
"""Field -> (changes in a row, number of the run in which it last changed)."""


def unrest(known: Restless, changed: Iterable[str], run: int) -> dict[str, tuple[int, int]]:
    """What we know of the flipping fields after the changed paths of run number `run`."""
    result = {name: (count, last) for name, (count, last) in known.items() if run - last <= CALM_AFTER}
    for name in {family(path) for path in changed}:
        count, last = result.get(name, (0, run - 1))
        result[name] = (count + 1 if run - last <= 1 else max(1, count * (count >= RESTLESS_AFTER)), run)
    return result


def restless(known: Restless) -> frozenset[str]:
    """The fields that changed too often in a row to tell anything."""
    return frozenset(name for name, (count, _) in known.items() if count >= RESTLESS_AFTER)


def changes(before: Mapping[str, Any], after: Mapping[str, Any], ignored: frozenset[str]) -> dict[str, tuple[Any, Any]]:
    """`compare`, less the restless fields."""
    return compare(without(before, ignored), without(after, ignored))
