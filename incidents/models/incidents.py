"""The incident itself: a recorded disturbance, typed in or read from a feed."""

from collections.abc import Iterable
from functools import reduce
from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

from incidents.models.choices import IncidentStatus
from vendors.models import (
    ALL_TIME,
    Contract,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Service,
    Span,
    Tracked,
    Vendor,
    sees_all_vendors,
)

Child = TypeVar("Child", bound=models.Model, covariant=True)


class IncidentQuerySet(RegisterQuerySet["Incident"]):
    """Incidents, narrowed in the words of the register."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those whose vendor, or a service they hit, the user may see."""
        if sees_all_vendors(user):
            return self
        hits = Incident.objects.filter(outages__service__in=Service.objects.visible_to(user))
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | Q(pk__in=hits.values("pk")))

    def open(self) -> Self:
        """Keep those that nobody has resolved."""
        return self.filter(status=IncidentStatus.OPEN)

    def unattributed(self) -> Self:
        """Keep those whose vendor is still unknown, and that may concern us."""
        return self.filter(vendor=None).exclude(pk__in=Incident.objects.concerning_nobody().values("pk"))

    def concerning_nobody(self) -> Self:
        """Keep those of which a person said so, or none of whose names is a service of ours."""
        by_names = self.filter(records__concerns_nobody=True, outages=None).exclude(
            records__concerns_nobody=False
        )
        return self.filter(Q(records__set_aside_at__isnull=False) | Q(pk__in=by_names.values("pk")))


class IncidentManager(RegisterManager.from_queryset(IncidentQuerySet)):  # type: ignore[misc]
    """Find incidents by reference."""


class FromFeed(Tracked):
    """A row that a feed may have told us: what it said last stays apart from what a person made of it."""

    # Field name -> the feed's own value as text; a field that differs from it was corrected by a person.
    feed_said = models.JSONField("what the feed said", default=dict, blank=True, editable=False)

    class Meta:
        abstract = True


class Incident(FromFeed):
    """A recorded disturbance: a fact, whatever any contract says of it."""

    natural_fields: ClassVar = ("reference",)
    quiet_fields: ClassVar = frozenset({"title", "narrative", "root_cause", "feed_said"})

    reference = models.CharField(
        max_length=80, unique=True, blank=True, help_text="Left empty, the next free number is given."
    )
    vendor = models.ForeignKey(
        Vendor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="incidents",
        help_text="Whose failure it was. Leave empty until you know.",
    )
    title = models.CharField(max_length=250)
    narrative = models.TextField(blank=True, help_text="What happened, for a reader who was not there.")
    severity = models.CharField(
        max_length=60, blank=True, help_text="In the contract's own word where it ranks them: P1, critical."
    )
    planned = models.BooleanField(default=False, help_text="Announced work, not a fault.")
    status = models.CharField(max_length=20, choices=IncidentStatus.choices, default=IncidentStatus.OPEN)
    root_cause = models.TextField("root cause", blank=True)
    root_cause_event = models.CharField(
        "one event with",
        max_length=80,
        blank=True,
        db_index=True,
        help_text="Give incidents with one common cause the same name here, e.g. POWER-2019-06-25. "
        "Clauses that pay once per event read it.",
    )
    source = models.CharField(
        max_length=80, blank=True, help_text="The feed it came from; empty when typed in."
    )
    external_id = models.CharField("number at the source", max_length=120, blank=True)

    objects: ClassVar[IncidentManager] = IncidentManager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="incident_once_per_source",
                violation_error_message="This source already gave an incident with that number: edit it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    @property
    def is_demo(self) -> bool:
        """Say whether it belongs to the demonstration data."""
        return self.vendor is not None and self.vendor.is_demo

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contracts of the services it hit; where it hit none, all of its vendor's.

        Without any time it moves no figure yet, whoever's it is.
        """
        if self._state.adding:
            return ()
        hit = list(Contract.objects.filter(services__outages__incident=self).distinct())
        if self.vendor_id is None or self.outages.filter(withdrawn_at=None).exists():
            return hit
        return [*hit, *self.contracts_without_outage()]

    def contracts_without_outage(self) -> Iterable[Contract]:
        """Return where its moments count while no service is known to have been hit: all of its vendor's."""
        known = self.milestones.exists() or self.clock_stops.exists()
        return Contract.objects.filter(vendor=self.vendor_id) if self.vendor_id and known else ()

    def touched_span(self) -> Span:
        """Return the time from its first recorded moment to its last; open while an outage is."""
        return span_of_incident(self)


def span_of_incident(incident: Incident) -> Span:
    """Return the smallest span that holds the outages, moments and waiting of an incident.

    A ticket that is open and has no outage runs on: its clock counts until somebody closes it.
    """
    if incident._state.adding:
        return ALL_TIME
    related = (incident.outages, incident.milestones, incident.clock_stops)
    spans = [row.own_span() for rows in related for row in rows.all()]
    if not spans:
        return ALL_TIME
    found = reduce(Span.union, spans)
    hit = incident.outages.filter(withdrawn_at=None).exists()
    return found if hit or incident.status != IncidentStatus.OPEN else Span(found.start, None)


class OfIncidentQuerySet(RegisterQuerySet[Child]):
    """Rows that are visible where their incident is."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of incidents that the user may see."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class OfIncidentManager(RegisterManager.from_queryset(OfIncidentQuerySet)):  # type: ignore[misc]
    """Find the rows of an incident."""
