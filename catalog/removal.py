"""What a run has proven, and the guards before a removal: empty, churn, loss, expectation; then grace.

Pure: evidence in, a verdict out. Knows no portal, no clock and no database; the thresholds come from settings.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from catalog.journal import moment
from catalog.model import Issue, State


@dataclass(frozen=True, slots=True)
class Listing:
    """What a run walked. `walked` counts items, `seen` distinct records; `ended`: the walk reached its natural end.

    `unidentified`: items without identity, which may hide any known dataset.
    """

    walked: int = 0
    seen: int = 0
    announced: int | None = None
    repeated: int = 0
    unidentified: int = 0
    ended: bool = False
    whole: bool = True

    @property
    def complete(self) -> bool:
        """Proven whole: walked to the end, nothing repeated, and as many as announced where a number was."""
        counted = self.announced is None or self.announced == self.walked
        return self.ended and self.whole and not self.repeated and counted


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds of the guards; see `[removal]` and `[expect]` in the configuration."""

    grace_runs: int = 3
    grace_days: float = 7
    max_share: float = 0.10
    max_count: int = 5
    expect_min: int | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """A known dataset that a run did not see. The keys are those of `catalog.fingerprint`."""

    id: str
    identifier: str
    state: State
    title: str = ""
    title_key: str = ""
    content_key: str = ""
    missing_runs: int = 0
    missing_since: str | None = None
    last_seen: str = ""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A dataset seen for the first time, as far as recognizing it needs."""

    identifier: str
    title_key: str
    content_key: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A known dataset and the new identifier under which its content seems to go on. `basis`: `content` or `title`."""

    id: str
    old: str
    new: str
    title: str
    basis: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A suspicious listing. `reason`: churn, loss, empty or expect. `apply_seen`: what was seen may be stored all the
    same."""

    reason: str
    message: str
    apply_seen: bool
    digest: str
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the unseen. A hold marks nothing; `answered`: a person decided on this very set before; `doubt`:
    an incomplete listing that looks like churn, so that nothing of it is stored."""

    hold: Hold | None = None
    missing: tuple[Absent, ...] = ()
    withdrawn: tuple[Absent, ...] = ()
    still_missing: tuple[Absent, ...] = ()
    answered: Hold | None = None
    doubt: Hold | None = None

    @property
    def marked(self) -> int:
        """How many of the unseen are missing or withdrawn from now on."""
        return len(self.missing) + len(self.withdrawn) + len(self.still_missing)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that `judge` weighs. `known`: present and missing datasets before the run; `absent`: those of them not seen;
    `answered`: digests of sets a person decided on; `unidentified_before`: of the last complete listing."""

    listing: Listing
    known: int
    absent: Sequence[Absent]
    newcomers: Sequence[Newcomer] = ()
    answered: frozenset[str] = frozenset()
    unidentified_before: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


def judge(evidence: Evidence, limits: Limits, now: datetime) -> Verdict:
    """What the unseen of one run mean. An incomplete listing means nothing: nobody becomes missing, nothing is held."""
    if not evidence.listing.complete:
        return Verdict(doubt=_churned(evidence, limits))
    hold = suspicion(evidence, limits)
    if hold is not None:
        return Verdict(answered=hold) if hold.digest in evidence.answered else Verdict(hold=hold)
    if evidence.listing.unidentified > evidence.unidentified_before:
        return Verdict()  # a new item without identity may be any of the unseen
    return _graced(evidence.absent, limits, now)


def _graced(absent: Sequence[Absent], limits: Limits, now: datetime) -> Verdict:
    """Missing first; withdrawn after enough runs and enough days."""
    missing, withdrawn, still = [], [], []
    for item in absent:
        since = moment(item.missing_since) if item.missing_since else now
        aged = now - since >= timedelta(days=limits.grace_days)
        if item.missing_runs + 1 >= limits.grace_runs and aged:
            withdrawn.append(item)
        elif item.state is State.PRESENT:
            missing.append(item)
        else:
            still.append(item)
    return Verdict(missing=tuple(missing), withdrawn=tuple(withdrawn), still_missing=tuple(still))


def suspicion(evidence: Evidence, limits: Limits) -> Hold | None:
    """The first guard that objects: empty, churn, loss, expectation."""
    return (
        _emptied(evidence)
        or _churned(evidence, limits)
        or _lost(evidence, limits)
        or _below_expectation(evidence, limits)
    )


def allowance(known: int, limits: Limits) -> float:
    """How many datasets may go unseen in one run without a question."""
    return max(limits.max_count, limits.max_share * known)


def _emptied(evidence: Evidence) -> Hold | None:
    if evidence.listing.seen or not evidence.known:
        return None
    message = f"the portal lists nothing any more; {evidence.known} datasets were known"
    return Hold("empty", message, False, set_digest("empty", evidence.absent))


def _churned(evidence: Evidence, limits: Limits) -> Hold | None:
    if not evidence.newcomers or not evidence.absent:
        return None
    pairs = paired(evidence.absent, evidence.newcomers)
    of = evidence.known if evidence.listing.complete else evidence.listing.seen
    many = len(pairs) > allowance(evidence.known, limits) or 2 * len(pairs) >= of
    if not pairs or not many:
        return None
    message = (
        f"{len(pairs)} of {evidence.known} datasets went on under a new identifier; "
        f"{len(evidence.absent) - len(pairs)} others were not seen"
    )
    return Hold("churn", message, False, set_digest("churn", evidence.absent, pairs), pairs)


def _lost(evidence: Evidence, limits: Limits) -> Hold | None:
    unseen, allowed = len(evidence.absent), allowance(evidence.known, limits)
    if unseen <= allowed:
        return None
    message = f"{unseen} of {evidence.known} known datasets were not seen; {int(allowed)} may go at once"
    return Hold("loss", message, True, set_digest("loss", evidence.absent))


def _below_expectation(evidence: Evidence, limits: Limits) -> Hold | None:
    if limits.expect_min is None or evidence.listing.seen >= limits.expect_min:
        return None
    seen = evidence.listing.seen
    message = f"{seen} datasets were seen; at least {limits.expect_min} are expected ([expect] min)"
    return Hold("expect", message, True, set_digest(f"expect {seen}", evidence.absent))


def remark(code: str, text: str) -> Issue:
    """Something odd about a listing as a whole that stops nothing."""
    return Issue("history", code, None, text)


def set_digest(reason: str, absent: Iterable[Absent], pairs: Iterable[Pair] = ()) -> str:
    """The name of one suspicious set: the same set has the same digest, so that it is asked only once."""
    names = [reason, *sorted(item.id for item in absent), *sorted(f"{pair.old}>{pair.new}" for pair in pairs)]
    return blake2b("\n".join(names).encode(), digest_size=12).hexdigest()


def paired(absent: Sequence[Absent], newcomers: Sequence[Newcomer]) -> tuple[Pair, ...]:
    """Old and new that are alike, each used once: by whole content first, then by a title that is unique on both
    sides."""
    pairs: list[Pair] = []
    olds, news = list(absent), list(newcomers)
    for basis in ("content_key", "title_key"):
        old_by_key, new_by_key = _unique(olds, basis), _unique(news, basis)
        found = [(old_by_key[key], new_by_key[key]) for key in old_by_key if key in new_by_key]
        pairs += [
            Pair(old.id, old.identifier, new.identifier, old.title, basis.removesuffix("_key")) for old, new in found
        ]
        taken = {old.id for old, _ in found}, {new.identifier for _, new in found}
        olds = [old for old in olds if old.id not in taken[0]]
        news = [new for new in news if new.identifier not in taken[1]]
    return tuple(pairs)


def _unique(items: Sequence[Any], key: str) -> dict[str, Any]:
    counts = Counter(getattr(item, key) for item in items)
    return {
        getattr(item, key): item
        for item in items
        if getattr(item, key) and item.title_key and counts[getattr(item, key)] == 1
    }
