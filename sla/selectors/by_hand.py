"""What a person decided or corrected in the time of a statement: nobody else may pass over it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import ngettext

from incidents.models import ClockStop, Incident, Milestone, Outage, Party, Position
from sla.models import Exclusion, Statement

# Key under which an import keeps the fields that a person took over from a feed.
BY_PERSON = "by a person"


def decided_by_hand(statement: Statement) -> Iterator[str]:
    """Yield what was decided by hand about a statement's period, with how many of each."""
    outages = _outages(statement)
    incidents = Incident.objects.filter(Exists(outages.filter(incident=OuterRef("pk"))))
    positions = Position.objects.filter(incident__in=incidents).exclude(party=Party.VENDORS)
    stops = ClockStop.objects.filter(incident__in=incidents).filter(
        _overlaps("stopped_at", "resumed_at", of=statement)
    )
    counts = (
        ("decided exclusion", "decided exclusions", _exclusions(statement)),
        ("withdrawn outage", "withdrawn outages", outages.exclude(withdrawn_at=None)),
        ("correction of a feed", "corrections of feeds", outages.filter(feed_said__has_key=BY_PERSON)),
        ("position on times or responsibility", "positions on times or responsibility", positions),
        ("time of waiting on us", "times of waiting on us", stops),
    )
    for one, many, rows in counts:
        count = rows.count()
        if count:
            yield f"{count} {ngettext(one, many, count)}"


def untimed_incidents(statement: Statement) -> list[str]:
    """Return the open incidents of a statement's vendor without any time: each period may be theirs."""
    known = Outage.objects.standing().filter(incident=OuterRef("pk"))
    moments = Milestone.objects.filter(incident=OuterRef("pk"))
    rows = Incident.objects.open().filter(vendor=statement.agreement.contract.vendor_id, planned=False)
    untimed = rows.filter(~Exists(known), ~Exists(moments)).order_by("reference")
    return list(untimed.values_list("reference", flat=True))


def _outages(statement: Statement) -> QuerySet[Outage]:
    here = Outage.objects.filter(service__contract=statement.agreement.contract_id)
    return here.filter(_overlaps("started_at", "ended_at", of=statement))


def _exclusions(statement: Statement) -> QuerySet[Exclusion]:
    rows = Exclusion.objects.filter(rule__version__agreement=statement.agreement_id)
    of_incident = Q(started_at=None, incident__in=_outages(statement).values("incident"))
    own = Q(started_at__isnull=False) & _overlaps("started_at", "ended_at", of=statement)
    return rows.exclude(party=Party.VENDORS).filter(own | of_incident)


def _overlaps(start: str, end: str, *, of: Statement) -> Q:
    runs_on = Q(**{end: None}) | Q(**{f"{end}__gt": of.starts_at})
    return Q(**{f"{start}__lt": of.ends_at}) & runs_on
