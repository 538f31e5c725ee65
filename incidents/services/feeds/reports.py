"""What an import did to each record, told part by part, and all of it in the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from incidents.feeds.values import FeedProblem, FeedWindow
from incidents.services.feeds.runs import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One record of the feed, what became of it, and what a person should look at."""

    external_id: str
    title: str
    outcome: Outcome
    start: datetime | None = None
    end: datetime | None = None
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    windows: tuple[FeedWindow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one transaction of an import did; `done` of `total` records and values are done with it."""

    done: int
    total: int
    unmatched: Mapping[str, int]
    rows: tuple[ImportRow, ...] = ()
    samples: int = 0
    problems: tuple[FeedProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How an import goes in parts, so that one that broke off goes on where it stood.

    It begins behind the `first` records and values, of which `unmatched` is known already. `told` hears of
    each part within its transaction: where it raises, that part is not done. Behind a part of which
    `enough` says so the import ends, and is to be gone on with.
    """

    first: int = 0
    unmatched: Mapping[str, int] = field(default_factory=dict)
    told: Callable[[Part], None] = lambda part: None
    enough: Callable[[int], bool] = lambda done: False


AT_ONCE = Steps()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or, in a dry run, would do."""

    dry_run: bool
    rows: tuple[ImportRow, ...]
    unmatched: tuple[tuple[str, int], ...]
    problems: tuple[FeedProblem, ...]
    done: int
    total: int
    samples: int = 0
    letters: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Say whether every record was done, not only the first ones."""
        return self.done == self.total

    def count(self, outcome: Outcome) -> int:
        """Give the number of records that ended so."""
        return sum(row.outcome is outcome for row in self.rows)
