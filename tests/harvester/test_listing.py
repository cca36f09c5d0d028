"""What a walk proves: complete only at its end, without repetition, with as many records as were announced."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.model import Issue
from harvester.listing import NOTED, Walk
from harvester.sources.base import Page


def walked(pages: list[tuple[int | None, list[str | None]]], *, ended: bool = True) -> Walk:
    """A walk over pages, each with its total and the identifiers on it; None is an item without identity."""
    walk = Walk(ended=ended)
    for total, names in pages:
        walk.turn(Page("https://a.example", tuple(names), total=total))
        for name in names:
            if name is None:
                walk.unusable(Issue("record", "no_identifier"))
            else:
                walk.meet(name)
    return walk


@given(
    st.lists(st.lists(st.integers(0, 50).map(str), max_size=6), max_size=5),
    st.none() | st.integers(0, 30),
    st.booleans(),
)
def test_walk_when_complete_then_ended_unrepeated_and_as_announced(
    pages: list[list[str]], total: int | None, ended: bool
) -> None:
    walk = walked([(total, [*names]) for names in pages], ended=ended)
    every = [name for names in pages for name in names]
    proven = ended and len(set(every)) == len(every) and (not pages or total is None or total == len(every))
    assert walk.listing().complete is proven
    assert walk.seen == len(set(every))
    assert (walk.shortfall() is None) is proven


@pytest.mark.parametrize(
    ("walk", "reason"),
    [
        (walked([(2, ["a", "b"])], ended=False), "did not reach the end"),
        (walked([(3, ["a", "b", "a"])]), "1 records were listed more than once"),
        (walked([(5, ["a"])]), "announced 5 records and listed 1"),
        (walked([(1, ["a"]), (2, ["b"])]), "different totals"),
    ],
)
def test_shortfall_when_incomplete_then_a_plain_reason(walk: Walk, reason: str) -> None:
    assert reason in (walk.shortfall() or "")


def test_walk_when_items_have_no_identity_then_each_counts_as_seen() -> None:
    walk = walked([(4, ["a", None, None, "b"])])
    assert (walk.seen, walk.unidentified, walk.listing().complete) == (4, 2, True)


def test_walk_when_an_unusable_item_has_a_name_then_it_is_met_once() -> None:
    walk = walked([(2, ["a"])])
    named = Issue("record", "not_a_dataset", record="b")
    assert walk.unusable(named)
    assert not walk.unusable(named)
    assert (walk.seen, walk.repeated) == (2, 1)


def test_walk_when_a_page_is_a_part_then_never_complete() -> None:
    walk = walked([(1, ["a"])])
    walk.turn(Page("https://a.example", whole=False))
    assert not walk.listing().complete
    assert walk.shortfall() == "the portal gave a part of its listing only"


def test_sweep_when_all_names_are_known_then_it_stands_for_the_walk() -> None:
    walk = walked([(1, ["a"])])
    sweep: Page[Any] = Page("https://a.example", ids=("a", "b", "c"))
    walk.turn(sweep)
    assert (walk.seen, walk.listing().complete) == (3, True)
    walk.unknown_aliases = 1
    assert not walk.listing().complete
    assert "belong to no known dataset" in (walk.shortfall() or "")


def test_notes_when_there_are_too_many_then_counted_but_not_kept() -> None:
    walk = Walk()
    for number in range(NOTED + 5):
        walk.note(Issue("record", "no_identifier", value=f"{number}\x00"))
    assert (walk.faults, len(walk.notes)) == (NOTED + 5, NOTED)
    assert all("\x00" not in (issue.value or "") for issue in walk.notes)
