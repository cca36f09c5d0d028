"""The counts by source that the board shows, on both databases."""

from contextlib import closing
from datetime import timedelta

from catalog.journal import ChangeKind
from catalog.removal import Verdict
from catalog.store.engine import open_store
from catalog.store.tallies import changes_since, issue_counts
from tests.catalog.written import NOW, Ledger, datasets, ended, gone, source


def test_tallies_when_datasets_came_and_went_count_by_source(database_url: str) -> None:
    gent, swing, genk = source("gent"), source("gent-swing", "gent"), source("genk")
    known = datasets("a", "b", "c")
    with closing(open_store(database_url)) as store:
        ledger = Ledger(store)
        ledger.run(gent, ended(), 100, known)
        ledger.run(swing, ended(), 4, datasets("d"))
        ledger.run(genk, ended(), 3, datasets("e", "f"))
        ledger.run(gent, ended(), 2, verdict=Verdict(withdrawn=(gone(gent, known[0]),)))

        with store.read() as db:
            assert issue_counts(db) == {"gent": 2, "gent-swing": 1, "genk": 2}
            assert changes_since(db, NOW - timedelta(hours=4)) == {
                ("gent-swing", ChangeKind.CREATED): 1,
                ("genk", ChangeKind.CREATED): 2,
                ("gent", ChangeKind.WITHDRAWN): 1,
            }
