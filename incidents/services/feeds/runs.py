"""One import under way: whose it is, what its words mean, and what happens to each record."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from incidents.feeds.values import FeedComponent, FeedIncident, FeedMaintenance
from incidents.models import FeedSource, Incident
from incidents.models.incidents import FromFeed
from incidents.services.feeds.merging import changes_of, merge, state_of
from incidents.services.feeds.names import NO_PART, Names
from incidents.services.feeds.words import Words
from incidents.services.rows import record_row
from vendors.models import Service
from vendors.services import Saved


class Outcome(StrEnum):
    """What became of one record of the feed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICTING = "conflicting"
    REFUSED = "refused"


@dataclass(slots=True, kw_only=True)
class Run:
    """One import under way; `at` is the instant of it, in UTC."""

    source: FeedSource
    by: User
    at: datetime
    names: Names
    words: Words
    unmatched: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, source: FeedSource, *, by: User, at: datetime) -> "Run":
        """Return an import from a feed, with what its words mean now."""
        return cls(
            source=source,
            by=by,
            at=at,
            names=Names.of(source),
            words=Words.of(source.severity_rules.all()),
        )

    @property
    def reason(self) -> str:
        """Return why rows change, for their history."""
        return f"Import from {self.source.code}"

    def parts(self, said: FeedIncident | FeedMaintenance) -> tuple[FeedComponent, ...]:
        """Return the parts that a record names; one without a name where it names none."""
        named = tuple(part for part in said.components if part.name.strip())
        is_planned = isinstance(said, FeedIncident) and said.planned
        return named if named or is_planned else (FeedComponent(name=NO_PART),)

    def services(self, part: FeedComponent) -> tuple[Service, ...]:
        """Return the services that a part of the feed means."""
        return self.names.match(part.name).services

    def kinds(self, said: FeedIncident) -> tuple[str, ...]:
        """Return each kind of outage that an incident is of a service, in the words of the register."""
        hit = [part for part in self.parts(said) if self.services(part)] if not said.planned else []
        return tuple(dict.fromkeys(kind for part in hit if (kind := self.words.kind(said, part=part))))

    def unknown(self, parts: Iterable[FeedComponent]) -> list[str]:
        """Return the names that nobody has said anything about."""
        names = dict.fromkeys(part.name.strip()[:300] for part in parts)
        return [name for name in names if name and not self.names.match(name).is_known]

    def concerns_nobody(self, said: FeedIncident | FeedMaintenance) -> bool:
        """Say whether somebody explained every name of a record, and none is a service of ours."""
        found = [self.names.match(part.name) for part in self.parts(said)]
        return bool(found) and all(match.is_known and not match.services for match in found)

    def count_unknown(self, parts: Iterable[FeedComponent]) -> None:
        """Count a record for each of its names that nobody has said anything about."""
        self.unmatched.update(self.unknown(parts))


@dataclass(slots=True)
class Doing:
    """What happened so far to one record of the feed."""

    run: Run
    saved: list[Saved] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def keep(self, row: FromFeed, *, fields: dict[str, Any]) -> None:
        """Merge what the feed says into a row and save it where that changed it. Raises ValidationError."""
        before = state_of(row, fields=fields)
        self.conflicts += merge(row, fields=fields)
        # Most records of a history were read before; they need no check and no look at the stored row.
        same = row.pk is not None and state_of(row, fields=fields) == before
        self.changes += [] if same else changes_of(row, before=before, fields=fields)
        run = self.run
        self.saved.append(Saved.UNCHANGED if same else record_row(row, by=run.by, reason=run.reason))

    def is_taken(self, reference: str) -> bool:
        """Say whether an incident has this reference."""
        return Incident.objects.filter(reference=reference).exists()

    @property
    def outcome(self) -> Outcome:
        """Return what became of the record."""
        if self.saved and self.saved[0] is Saved.CREATED:
            return Outcome.CREATED
        if self.conflicts:
            return Outcome.CONFLICTING
        changed = any(saved is not Saved.UNCHANGED for saved in self.saved)
        return Outcome.UPDATED if changed else Outcome.UNCHANGED
