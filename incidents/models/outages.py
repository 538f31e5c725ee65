"""What a service did not deliver, and what that cost ourselves."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from incidents.models.choices import MeasuredBy, OutageKind
from incidents.models.incidents import FromFeed, Incident, OfIncidentManager, span_of_incident
from vendors.models import Contract, RegisterManager, RegisterQuerySet, Service, Span, Tracked

if TYPE_CHECKING:
    from incidents.models.feed_records import FeedRecord


class OutageQuerySet(RegisterQuerySet["Outage"]):
    """Outages, narrowed in the words of the register."""

    def standing(self) -> Self:
        """Keep those that nobody has withdrawn: only these may count."""
        return self.filter(withdrawn_at=None)

    def of_record(self, record: "FeedRecord") -> Self:
        """Keep those of a feed record's incident by the clock of its feed."""
        return self.filter(incident=record.incident_id, measured_by=record.source.measured_by)

    def needing_times(self) -> Self:
        """Keep those whose end is not after their start and that nobody has confirmed."""
        return self.standing().filter(confirmed_at=None, ended_at__lte=F("started_at"))

    def overlapping(self, start: datetime, end: datetime) -> Self:
        """Keep those that touch `[start, end)` in UTC; an open one runs on."""
        return self.filter(started_at__lt=end).filter(Q(ended_at=None) | Q(ended_at__gt=start))


class OutageManager(RegisterManager.from_queryset(OutageQuerySet)):  # type: ignore[misc]
    """Find outages."""


class Outage(FromFeed):
    """One incident on one service by one clock: `[started_at, ended_at)` in UTC."""

    visible_through: ClassVar = "service__contract__vendor"
    quiet_fields: ClassVar = frozenset({"evidence", "feed_said"})

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="outages")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        related_name="outages",
        verbose_name="what the vendor failed to deliver",
    )
    kind = models.CharField(max_length=30, choices=OutageKind.choices, default=OutageKind.OUTAGE)
    started_at = models.DateTimeField("from")
    ended_at = models.DateTimeField(
        "came back",
        null=True,
        blank=True,
        help_text="When the service came back. Empty while it is still out.",
    )
    measured_by = models.CharField(
        "whose clock", max_length=30, choices=MeasuredBy.choices, default=MeasuredBy.US
    )
    affected_numerator = models.PositiveBigIntegerField(
        "affected", null=True, blank=True, help_text="E.g. 120 of 500 users. Empty means all of the service."
    )
    affected_denominator = models.PositiveBigIntegerField("of", null=True, blank=True)
    evidence = models.TextField(
        blank=True, help_text="Ticket number, graph, mail: where the times can be checked."
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[OutageManager] = OutageManager()

    class Meta:
        ordering: ClassVar = ["started_at", "id"]
        indexes: ClassVar = [models.Index(fields=["service", "started_at"], name="outage_by_service")]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="outage_affected_share_whole",
                condition=Q(affected_numerator=None, affected_denominator=None)
                | Q(
                    affected_numerator__isnull=False,
                    affected_denominator__isnull=False,
                    affected_denominator__gte=1,
                    affected_numerator__lte=F("affected_denominator"),
                ),
                violation_error_message="The share needs both numbers, the first not above the second, "
                "e.g. 120 of 500. Leave both empty when all of the service was hit.",
            ),
        ]

    def __str__(self) -> str:
        until = f"{self.ended_at:%Y-%m-%d %H:%M}" if self.ended_at else "still out"
        return f"{self.service}, {self.started_at:%Y-%m-%d %H:%M} UTC to {until}"

    def clean(self) -> None:
        """Refuse a share of zero parts, before the database does."""
        if self.affected_denominator == 0:
            raise ValidationError({"affected_denominator": "The whole is 0. Give the number of all users."})

    @property
    def needs_times(self) -> bool:
        """Say whether the end is not after the start and nobody has confirmed that."""
        backward = self.ended_at is not None and self.ended_at <= self.started_at
        return backward and self.confirmed_at is None and self.withdrawn_at is None

    @property
    def counted_until(self) -> datetime | None:
        """Give the end that may count, in UTC: never before the start, None while open."""
        return None if self.ended_at is None else max(self.started_at, self.ended_at)

    def own_span(self) -> Span:
        """Return its own time, from the earlier of its two ends; open while it is."""
        if self.ended_at is None:
            return Span(self.started_at, None)
        return Span(min(self.started_at, self.ended_at), max(self.started_at, self.ended_at))

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the service.

        The first outage of an incident takes its moments from the vendor's other contracts, and the last
        one that is withdrawn gives them back.
        """
        others = self.incident.outages.standing().exclude(pk=self.pk)
        shared = () if others.exists() else self.incident.contracts_without_outage()
        return [self.service.contract, *shared]

    def touched_span(self) -> Span:
        """Return the time in which it can count."""
        return self.own_span()

    def touched_case(self) -> Span:
        """Return the time of its whole incident: the end of the last outage may be the end of the case."""
        return self.own_span().union(span_of_incident(self.incident))


class Impact(Tracked):
    """What we lost: drawn beside the outage, internal, never counted and never shown to the vendor."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="impacts")
    what_we_lost = models.CharField(max_length=250)
    started_at = models.DateTimeField("from")
    ended_at = models.DateTimeField("until", null=True, blank=True)
    cost_minor = models.PositiveBigIntegerField("estimated cost, in minor units", null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    evidence = models.TextField(blank=True)

    objects: ClassVar[OfIncidentManager] = OfIncidentManager()

    class Meta:
        verbose_name = "our own loss"
        verbose_name_plural = "our own loss: internal, never counted"
        ordering: ClassVar = ["started_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="impact_cost_has_currency",
                condition=Q(cost_minor=None) | Q(currency__regex=r"^[A-Z]{3}$"),
                violation_error_message="A cost needs its currency in three capital letters, e.g. USD.",
            ),
            models.CheckConstraint(
                name="impact_times_ordered",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                violation_error_message="Our loss ends before it begins. Swap the times or clear the end.",
            ),
        ]

    def __str__(self) -> str:
        return self.what_we_lost
