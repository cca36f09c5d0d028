"""What a run walks and so can prove: counts, repetitions, the announced total, the natural end. Knows no store and no
portal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.model import Issue
from catalog.removal import Listing
from harvester.sources.base import Page

NOTED = 1000  # record faults kept per run; the rest is counted


@dataclass(slots=True)
class Walk:
    """The running account of one listing, page by page."""

    pages: int = 0
    walked: int = 0
    announced: int | None = None
    totals_differ: bool = False
    repeated: int = 0
    unidentified: int = 0
    whole: bool = True
    ended: bool = False
    swept: set[str] | None = None
    unknown_aliases: int = 0
    faults: int = 0
    identifiers: set[str] = field(default_factory=set)
    notes: list[Issue] = field(default_factory=list)
    observations: list[Mapping[str, Any]] = field(default_factory=list)

    def turn(self, page: Page[Any]) -> None:
        """Account for a page, before its items."""
        self.pages += 1
        self.walked += len(page.items)
        if page.total is not None and page.ids is None:
            self.totals_differ |= self.announced is not None and self.announced != page.total
            self.announced = page.total
        if page.ids is not None:
            self.swept = (self.swept or set()) | set(page.ids)
        self.whole &= page.whole
        self.observations += page.evidence
        for issue in page.issues:
            self.note(issue)

    def meet(self, identifier: str) -> bool:
        """Account for a record; false when it was met before."""
        if identifier in self.identifiers:
            self.repeated += 1
            self.note(Issue("record", "duplicate_identifier", "identifier", identifier[:500], identifier[:500]))
            return False
        self.identifiers.add(identifier)
        return True

    def unusable(self, issue: Issue) -> bool:
        """Account for an item that gave an issue in place of a record; true when it was met for the first time."""
        self.note(issue)
        if issue.record is None:
            self.unidentified += 1
            return True
        return self.meet(issue.record)

    def note(self, issue: Issue) -> None:
        """Keep a fault of the run."""
        self.faults += 1
        if len(self.notes) < NOTED:
            self.notes.append(_storable(issue))

    @property
    def seen(self) -> int:
        """Distinct records the portal listed, usable or not."""
        if self.swept is not None:
            return len(self.swept)
        return len(self.identifiers) + self.unidentified

    def listing(self) -> Listing:
        """The proof, as the guards weigh it. A sweep of all identifiers stands for the walk of a `since` run."""
        if self.swept is not None:
            proven = self.whole and not self.unknown_aliases
            return Listing(len(self.swept), self.seen, None, 0, self.unidentified, self.ended, proven)
        return Listing(
            walked=self.walked,
            seen=self.seen,
            announced=self.announced,
            repeated=self.repeated,
            unidentified=self.unidentified,
            ended=self.ended,
            whole=self.whole and not self.totals_differ,
        )

    def shortfall(self) -> str | None:
        """Why the listing proves nothing about absence, in one sentence; null when it is complete."""
        listing = self.listing()
        if listing.complete:
            return None
        if not listing.ended:
            return "the walk did not reach the end of the listing"
        if self.repeated:
            return f"{self.repeated} records were listed more than once"
        if self.announced is not None and self.announced != self.walked:
            return f"the portal announced {self.announced} records and listed {self.walked}"
        if self.totals_differ:
            return "the portal announced different totals on different pages"
        if self.unknown_aliases:
            return f"{self.unknown_aliases} names of the sweep belong to no known dataset"
        return "the portal gave a part of its listing only"


def _storable(issue: Issue) -> Issue:
    """The issue without NUL in what the portal said, which PostgreSQL can't store."""
    value, record = (text.replace("\x00", "\ufffd") if text else text for text in (issue.value, issue.record))
    return replace(issue, value=value, record=record)
