"""How much the feeds leave to a person: one count for the home page and the list, as in the inbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from incidents.models import FeedSource
from incidents.selectors import inbox_of
from incidents.services.feeds.conflicts import open_conflicts
from incidents.services.feeds.rematching import unexplained_words
from vendors.models import Reader

# What waits, as one and as several.
SEVERAL = {
    "name": "names",
    "missing start": "missing starts",
    "incident of nobody yet": "incidents of nobody yet",
    "time told in a text": "times told in a text",
    "time to confirm": "times to confirm",
    "letter": "letters",
    "word for severity": "words for severity",
    "difference": "differences",
}


@dataclass(frozen=True, kw_only=True)
class FeedsWaiting:
    """What waits, by the code of each feed; what may be told twice belongs to no feed alone."""

    by_feed: Mapping[str, Counter[str]]
    twice: int

    @property
    def count(self) -> int:
        """Return how much waits in all."""
        return self.twice + sum(counts.total() for counts in self.by_feed.values())

    def told(self, code: str) -> str:
        """Say what waits of one feed, such as "2 names, 1 word"; empty where nothing does."""
        counts = self.by_feed.get(code, Counter())
        return ", ".join(f"{count} {what if count == 1 else SEVERAL[what]}" for what, count in counts.items())


def waiting_of_feeds(reader: Reader, *, now: datetime) -> FeedsWaiting:
    """Count what feeds left to a person, in a constant number of queries; `now` is the present in UTC."""
    found, by_feed = inbox_of(reader, now=now), dict[str, Counter[str]]()
    parts: list[tuple[str, QuerySet[Any], str]] = [
        ("name", found.names, "source__code"),
        ("missing start", found.without_start, "source__code"),
        ("incident of nobody yet", found.unattributed, "source"),
        ("time told in a text", found.windows, "record__source__code"),
        ("time to confirm", found.unconfirmed, "incident__source"),
        ("letter", found.letters, "source__code"),
    ]
    for what, rows, path in parts:
        for code, count in rows.order_by().values_list(path).annotate(rows_count=Count("pk")):
            by_feed.setdefault(code, Counter())[what] += count
    for source, _, _ in unexplained_words(FeedSource.objects.all().visible_to(reader)):
        by_feed.setdefault(source.code, Counter())["word for severity"] += 1
    for conflict in open_conflicts(reader):
        by_feed.setdefault(conflict.record.source.code, Counter())["difference"] += 1
    return FeedsWaiting(by_feed=by_feed, twice=len(found.twins))
