"""Reads for forms, lists and imports."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from incidents.models import FeedRecord, FeedSource, Incident, Outage, Party, Position
from vendors.models import Service, ServiceAlias, Vendor

MOST_JOINED = 50
SETTLED = frozenset({Party.AGREED, Party.DETERMINED})


def next_reference() -> str:
    """Give the reference of the next incident that comes without one, such as INC-00042."""
    given = Incident.objects.filter(reference__regex=r"^INC-[0-9]+$").values_list("reference", flat=True)
    return f"INC-{max((int(reference[4:]) for reference in given), default=0) + 1:05d}"


def clock_of(incident: Incident) -> str:
    """Give the clock of the feed that an incident came from first, empty where it was typed in."""
    source = FeedSource.objects.filter(code=incident.source).first() if incident.source else None
    return source.measured_by if source else ""


def joined_as(term: str) -> "QuerySet[Incident]":
    """Give the incidents that others were joined to whose reference holds a text."""
    return _holding(Incident.history.filter(history_type="-", reference__icontains=term.strip()))


def joined_from(pk: int) -> "QuerySet[Incident]":
    """Give the incidents that hold the record of one that was joined to another, by its old key."""
    return _holding(Incident.history.filter(history_type="-", id=pk))


def _holding(gone: "QuerySet[Any]") -> "QuerySet[Incident]":
    """Give the incidents that have the records of removed ones now."""
    numbers = list(gone.exclude(external_id="").values_list("source", "external_id")[:MOST_JOINED])
    wanted = [Q(source__code=source, external_id=number) for source, number in numbers]
    records = FeedRecord.objects.filter(reduce(or_, wanted)) if wanted else FeedRecord.objects.none()
    return Incident.objects.filter(pk__in=records.values("incident"))


def listed_incidents(incidents: "QuerySet[Incident]") -> "QuerySet[Incident]":
    """Give incidents with all that a list shows of each, in two queries."""
    standing = Outage.objects.standing().filter(incident=OuterRef("pk"))
    return incidents.select_related("vendor").annotate(
        first_started_at=standing.order_by("started_at").values("started_at")[:1],
        is_out=Exists(standing.filter(ended_at=None)),
        needs_vendor=Case(
            When(pk__in=Incident.objects.unattributed().values("pk"), then=True), default=False
        ),
        needs_times=Exists(Outage.objects.needing_times().filter(incident=OuterRef("pk"))),
        needs_start=Exists(FeedRecord.objects.needing_start().filter(incident=OuterRef("pk"))),
        is_contested=Case(When(pk__in=contested_incident_ids(), then=True), default=False),
    )


def services_by_feed_name(vendor: Vendor | None, *, source: str) -> dict[str, list[Service]]:
    """Give a vendor's services by each name that a feed may use for them, in lower case.

    Without a vendor those of every vendor: a monitor watches several.
    """
    whose = Q(service__contract__vendor=vendor) if vendor else Q()
    aliases = (
        ServiceAlias.objects.filter(Q(source="") | Q(source=source), whose)
        .select_related("service__contract__vendor")
        .order_by("service__contract__reference", "service__code")
    )
    named: dict[str, list[Service]] = {}
    for alias in aliases:
        services = named.setdefault(alias.name.strip().casefold(), [])
        if alias.service not in services:
            services.append(alias.service)
    return named


def standing_positions(positions: Iterable[Position]) -> list[Position]:
    """Give the newest statement of each party on each subject, in the order in which they were made."""
    newest: dict[tuple[int, int | None, str, str, str], Position] = {}
    for position in sorted(positions, key=lambda said: (said.stated_at, said.pk)):
        newest[(*_subject(position), position.party)] = position
    return sorted(newest.values(), key=lambda said: (said.stated_at, said.pk))


def contested_positions(positions: Iterable[Position]) -> list[Position]:
    """Give the vendor's statements that differ from ours and that nothing later settled.

    Where we said nothing, ours is that the vendor is responsible, and that no exclusion applies.
    """
    standing = standing_positions(positions)
    vendors = [said for said in standing if said.party == Party.VENDORS]
    return [said for said in vendors if _is_contested(said, standing=standing)]


def _is_contested(said: Position, *, standing: list[Position]) -> bool:
    rivals = [other for other in standing if _subject(other) == _subject(said) and other is not said]
    if any(other.party in SETTLED and other.stated_at >= said.stated_at for other in rivals):
        return False
    ours = [_content(other) for other in rivals if other.party == Party.OURS]
    if not ours:
        return said.responsible != "vendor"
    return _content(said) not in ours


def _subject(position: Position) -> tuple[int, int | None, str, str]:
    # Each exclusion is a question of its own.
    return position.incident_id, position.outage_id, position.about, position.exclusion


def _content(position: Position) -> tuple[object, ...]:
    share = (position.share_numerator, position.share_denominator)
    return position.started_at, position.ended_at, position.responsible, share


def contested_incident_ids() -> set[int]:
    """Give the incidents on which a vendor contests something, in one query."""
    return {said.incident_id for said in contested_positions(Position.objects.all())}
