"""Turn the words of a feed into those of the register."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from incidents.feeds.values import FeedComponent, FeedIncident, FeedMaintenance, NoticeStatus
from incidents.models import (
    IncidentStatus,
    MaintenanceWindow,
    MilestoneKind,
    OutageKind,
    Severity,
    SeverityRule,
)

TITLE_LENGTH = 250
OVER = frozenset({"resolved", "postmortem", "completed", "closed"})
# Words that feeds of this field share; a rule of the feed's own goes before.
SEVERITIES: Mapping[str, str] = {
    "critical": Severity.CRITICAL,
    "major": Severity.MAJOR,
    "minor": Severity.MINOR,
    "none": Severity.LOW,
    "maintenance": Severity.LOW,
    "high": Severity.MAJOR,
    "medium": Severity.MINOR,
    "low": Severity.LOW,
}
KIND_OF_PART: Mapping[str, str] = {
    "major_outage": OutageKind.OUTAGE,
    "partial_outage": OutageKind.DEGRADED,
    "degraded_performance": OutageKind.DEGRADED,
    # Of our own probes, where none ran.
    "unmeasured": OutageKind.UNMEASURED,
}
# Feeds that give a part no status of its own leave only the severity of the whole incident.
KIND_OF_WHOLE: Mapping[str, str] = {
    "critical": OutageKind.OUTAGE,
    "major": OutageKind.OUTAGE,
    "high": OutageKind.OUTAGE,
    "down": OutageKind.OUTAGE,
}


# Stands where a feed tells no severity at all, and none of a part: a person says what that means.
NO_WORD = "(no severity told)"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one feed's words for severity mean: its own rules first, then what feeds commonly mean."""

    rules: Mapping[str, SeverityRule]

    @classmethod
    def of(cls, rules: Iterable[SeverityRule]) -> "Words":
        """Return the words of a feed by its rules."""
        return cls(rules={rule.word.strip().casefold(): rule for rule in rules})

    def severity(self, word: str) -> str:
        """Return the register's word for a severity; the feed's own where no rule knows it."""
        rule = self.rules.get(word.strip().casefold())
        if rule is not None and rule.severity:
            return rule.severity
        return SEVERITIES.get(word.strip().casefold(), word.strip()[:60])

    def kind(self, said: FeedIncident, *, part: FeedComponent) -> str:
        """Return what kind of outage of a part is meant, empty where a rule says that it is none.

        Where nobody has said what the words mean it is degraded: see `unknown`.
        """
        for word in self._asked(said, part=part):
            rule = self.rules.get(word)
            if rule is not None:
                return rule.kind
        by_severity = KIND_OF_WHOLE.get(said.severity.strip().casefold(), OutageKind.DEGRADED)
        return KIND_OF_PART.get(part.worst_status, by_severity)

    def unknown(self, said: FeedIncident, *, part: FeedComponent) -> str:
        """Return the word that decides and that nobody has explained, empty where one is known."""
        asked = self._asked(said, part=part)
        if part.worst_status in KIND_OF_PART or any(word in self.rules for word in asked):
            return ""
        word = said.severity.strip()
        return "" if is_common(word) else word[:60] or NO_WORD

    def _asked(self, said: FeedIncident, *, part: FeedComponent) -> list[str]:
        words = [part.worst_status.strip().casefold(), said.severity.strip().casefold() or NO_WORD]
        return [word for word in words if word]


def is_common(word: str) -> bool:
    """Say whether feeds mean the same by a word for severity, so that no rule is needed."""
    return word.strip().casefold() in {*SEVERITIES, *KIND_OF_WHOLE}


def incident_fields(said: FeedIncident, *, words: Words) -> dict[str, Any]:
    """Give the incident's fields as the feed would fill them."""
    over = said.status.casefold() in OVER or said.resolved_at is not None
    return {
        "title": shortened(said.title),
        "narrative": said.narrative,
        "severity": words.severity(said.severity),
        "planned": said.planned,
        "status": IncidentStatus.RESOLVED if over else IncidentStatus.OPEN,
    }


def moments(said: FeedIncident) -> dict[str, datetime]:
    """Give the moments that the feed states: its start, its first post, its end, and what else it records."""
    stated: dict[str, datetime | None] = {
        MilestoneKind.OCCURRED: said.started_at,
        MilestoneKind.DETECTED: said.first_posted_at,
        MilestoneKind.RESOLVED: said.resolved_at,
        **{moment.kind: moment.at for moment in said.moments if moment.kind in MilestoneKind.values},
    }
    return {kind: at for kind, at in stated.items() if at is not None}


def maintenance_fields(
    said: FeedMaintenance, *, known: MaintenanceWindow, seen_at: datetime
) -> dict[str, Any]:
    """Give the fields of a notice of work as the feed would fill them; `known` is the window on file.

    Notice counts from its first telling: a reminder of the same times does not make it late, and one that
    tells no time of notice takes none away. A telling without a status leaves what was called off so.
    """
    fields = {
        "title": shortened(said.title),
        "starts_at": said.starts_at,
        "ends_at": said.ends_at,
        **_notice(said, known=known, seen_at=seen_at),
        "actual_started_at": said.actual_started_at or known.actual_started_at,
        "actual_ended_at": said.actual_ended_at or known.actual_ended_at,
        "emergency": said.emergency,
        "evidence": said.narrative,
    }
    if said.status is not None:
        # Called off before, it keeps that instant, however often the feed repeats it.
        called_off = known.cancelled_at or said.changed_at or seen_at
        fields["cancelled_at"] = called_off if said.status is NoticeStatus.CANCELLED else None
    return fields


def _notice(
    said: FeedMaintenance, *, known: MaintenanceWindow, seen_at: datetime
) -> dict[str, datetime | None]:
    """Return the earliest time of notice that the feed told of these times of the work, in UTC.

    Beside it stand what the sender states, and when the notice was first seen here.
    """
    before = known.feed_said
    times = (as_text(said.starts_at), as_text(said.ends_at))
    is_moved = (before.get("starts_at"), before.get("ends_at")) != times
    stated = said.stated_at if said.has_arrived else said.noticed_at
    received = said.noticed_at if said.has_arrived else seen_at
    # Of a window from before this was kept nobody knows when it was first seen.
    is_known = is_moved or bool(before.get("received_at"))
    told = {"noticed_at": said.noticed_at, "stated_at": stated, "received_at": received if is_known else None}
    return {name: _first(at, told=before.get(name), is_moved=is_moved) for name, at in told.items()}


def _first(at: datetime | None, *, told: str | None, is_moved: bool) -> datetime | None:
    if is_moved and at is not None:
        return at
    return min(filter(None, [datetime.fromisoformat(told) if told else None, at]), default=None)


def shortened(title: str) -> str:
    """Cut a title to what the register holds, and show that it was cut."""
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1] + "…"


def as_text(value: Any) -> str:
    """Write a field's value so that it compares and prints the same on every run."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "" if value is None else str(value)


def is_same_text(one: str, other: str) -> bool:
    """Say whether two texts are one but for line ends and outer blanks, which forms change."""
    return one == other or plain(one) == plain(other)


def plain(text: str) -> str:
    """Return a text as a form sends it back: without outer blanks, with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
