"""The moments of an incident, and the spans in which the vendor had to wait for us."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from incidents.models.choices import MilestoneKind, Responsible, StopReason
from incidents.models.incidents import Child, FromFeed, Incident, span_of_incident
from vendors.models import Contract, Reader, RegisterManager, RegisterQuerySet, Service, Span


class MomentQuerySet(RegisterQuerySet[Child]):
    """Rows that may name a service: visible where that is, else where their incident is."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of services, or of whole incidents, that the user may see."""
        of_service = Q(service__in=Service.objects.visible_to(user))
        return self.filter(of_service | Q(service=None, incident__in=Incident.objects.visible_to(user)))


class MomentManager(RegisterManager.from_queryset(MomentQuerySet)):  # type: ignore[misc]
    """Find moments and waiting spans."""


class OfIncident(FromFeed):
    """What moments and waiting spans share: one incident, perhaps one service of it."""

    quiet_fields: ClassVar = frozenset({"evidence", "feed_said"})

    incident: "models.ForeignKey[Incident, Incident]"
    service: "models.ForeignKey[Service | None, Service | None]"

    class Meta:
        abstract = True

    def own_span(self) -> Span:
        """Return its own time in UTC."""
        raise NotImplementedError

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of its service, else those of its incident."""
        return (self.service.contract,) if self.service else self.incident.touched_contracts()

    def touched_span(self) -> Span:
        """Return the whole incident's time and its own: what is measured runs between moments."""
        return self.own_span().union(span_of_incident(self.incident))


class Milestone(OfIncident):
    """One moment that a clause may measure from or to, in UTC."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="milestones")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="milestones",
        help_text="Empty: holds for the whole incident.",
    )
    kind = models.CharField("what", max_length=30, choices=MilestoneKind.choices)
    at = models.DateTimeField("when")
    evidence = models.TextField(blank=True)

    objects: ClassVar[MomentManager] = MomentManager()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "kind"],
                condition=Q(service=None),
                name="milestone_once_per_incident",
                violation_error_message="This moment is already recorded for the incident: correct that row.",
            ),
            models.UniqueConstraint(
                fields=["incident", "kind", "service"],
                condition=Q(service__isnull=False),
                name="milestone_once_per_service",
                violation_error_message="This moment is already recorded for the service: correct that row.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M} UTC"

    def own_span(self) -> Span:
        """Return the instant, in UTC, as a span of no length."""
        return Span(self.at, self.at)


class ClockStop(OfIncident):
    """Time in which the vendor had to wait for us: `[stopped_at, resumed_at)` in UTC."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="clock_stops")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="clock_stops",
        help_text="Empty: holds for every service of the incident.",
    )
    stopped_at = models.DateTimeField("waiting from")
    resumed_at = models.DateTimeField(
        "until", null=True, blank=True, help_text="Empty while the vendor still waits."
    )
    # Contracts name reasons of their own, so the list is only what the form offers.
    reason = models.CharField(max_length=60, blank=True)
    why = models.TextField("in words", blank=True)
    cause = models.CharField(
        "whose fault it proved to be",
        max_length=20,
        choices=Responsible.choices,
        blank=True,
        help_text="Fill in when known: some contracts give the time back when the vendor was the cause.",
    )

    objects: ClassVar[MomentManager] = MomentManager()

    class Meta:
        verbose_name = "waiting on us"
        verbose_name_plural = "waiting on us"
        ordering: ClassVar = ["stopped_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="clockstop_times_ordered",
                condition=Q(resumed_at=None) | Q(resumed_at__gte=F("stopped_at")),
                violation_error_message="The waiting ends before it begins. Swap the times or clear the end.",
            ),
        ]

    def __str__(self) -> str:
        until = f"{self.resumed_at:%Y-%m-%d %H:%M}" if self.resumed_at else "still waiting"
        return f"{self.reason_text}, {self.stopped_at:%Y-%m-%d %H:%M} UTC to {until}"

    @property
    def reason_text(self) -> str:
        """Give the reason in words where it is one of ours, else as the contract names it."""
        return dict(StopReason.choices).get(self.reason, self.reason or "Waiting on us")

    def own_span(self) -> Span:
        """Return the time of waiting, in UTC; open while the vendor waits."""
        return Span(self.stopped_at, self.resumed_at)

    def clean(self) -> None:
        """Ask for words where the list of reasons has none."""
        if self.reason == StopReason.OTHER and not self.why.strip():
            raise ValidationError({"why": "The reason is 'Other'. Say in words what the vendor waited for."})
