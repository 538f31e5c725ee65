"""Who says what about an incident: ours, the vendor's, agreed or decided."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from incidents.models.choices import Party, Responsible, Subject
from incidents.models.incidents import Incident
from incidents.models.outages import Outage
from vendors.models import Contract, Reader, RegisterManager, RegisterQuerySet, Service, Span, Tracked


class PositionQuerySet(RegisterQuerySet["Position"]):
    """What has been said."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those on outages, or on whole incidents, that the user may see."""
        on_outage = Q(outage__service__in=Service.objects.visible_to(user))
        return self.filter(on_outage | Q(outage=None, incident__in=Incident.objects.visible_to(user)))


class PositionManager(RegisterManager.from_queryset(PositionQuerySet)):  # type: ignore[misc]
    """Find what was said."""


class Position(Tracked):
    """One statement of fact by one party; the newest of each party on a subject holds.

    Without an outage it speaks about the whole incident.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="positions")
    outage = models.ForeignKey(
        Outage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="positions",
        help_text="Empty: holds for the whole incident.",
    )
    about = models.CharField(max_length=20, choices=Subject.choices)
    party = models.CharField("who says so", max_length=20, choices=Party.choices)
    started_at = models.DateTimeField("from", null=True, blank=True)
    ended_at = models.DateTimeField("until", null=True, blank=True)
    responsible = models.CharField(
        "who is responsible", max_length=20, choices=Responsible.choices, blank=True
    )
    share_numerator = models.PositiveIntegerField(
        "share",
        null=True,
        blank=True,
        help_text="E.g. 1 of 2 when the blame is shared. Empty means all of it.",
    )
    share_denominator = models.PositiveIntegerField("of", null=True, blank=True)
    exclusion = models.CharField(
        "exclusion", max_length=60, blank=True, help_text="Its code in the contract's SLA schedule."
    )
    clause = models.CharField(max_length=120, blank=True)
    stated_by = models.CharField("stated by", max_length=150, help_text="The person or body that said so.")
    stated_at = models.DateTimeField("stated at")
    why = models.TextField(blank=True)

    objects: ClassVar[PositionManager] = PositionManager()

    class Meta:
        verbose_name = "who is responsible"
        verbose_name_plural = "who is responsible"
        ordering: ClassVar = ["stated_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="position_share_whole",
                condition=Q(share_numerator=None, share_denominator=None)
                | Q(
                    share_numerator__isnull=False,
                    share_denominator__isnull=False,
                    share_denominator__gte=1,
                    share_numerator__lte=F("share_denominator"),
                ),
                violation_error_message="The share needs both numbers, the first not above the second.",
            ),
            models.CheckConstraint(
                name="position_times_ordered",
                condition=Q(started_at=None) | Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The end lies before the start. Swap the times or clear the end.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_party_display()}: {self.said}"

    @property
    def said(self) -> str:
        """Give what was said in a few words."""
        if self.about == Subject.RESPONSIBILITY:
            share = f" ({self.share_numerator}/{self.share_denominator})" if self.share_denominator else ""
            who = (
                "we are"
                if self.responsible == Responsible.US
                else f"{self.get_responsible_display().lower()} is"
            )
            return f"{who} responsible{share}"
        starts = f"{self.started_at:%Y-%m-%d %H:%M} UTC" if self.started_at else "its start"
        span = f"{starts} to {f'{self.ended_at:%Y-%m-%d %H:%M} UTC' if self.ended_at else 'its end'}"
        return f"excluded by {self.exclusion}, {span}" if self.about == Subject.EXCLUSION else span

    def clean(self) -> None:
        """Ask for what the subject needs, and for the clause where somebody decided."""
        missing: dict[str, str] = {}
        if self.about == Subject.TIMES and self.started_at is None:
            missing["started_at"] = "It speaks about the times. Give at least the start."
        if self.about == Subject.RESPONSIBILITY and not self.responsible:
            missing["responsible"] = "It speaks about responsibility. Say who is responsible."
        if self.about == Subject.EXCLUSION and not self.exclusion:
            missing["exclusion"] = "It speaks about an exclusion. Give its code in the SLA schedule."
        if self.outage is not None and self.outage.incident_id != self.incident_id:
            missing["outage"] = f"'{self.outage}' belongs to another incident. Choose one of this incident."
        if self.party == Party.DETERMINED and not self.clause:
            missing["clause"] = "A decision needs the clause under which it was made, e.g. 'Exhibit B, 4.2'."
        if missing:
            raise ValidationError(missing)

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of its outage, else those of its incident."""
        return self.outage.touched_contracts() if self.outage else self.incident.touched_contracts()

    def touched_span(self) -> Span:
        """Return the time of what it speaks about, and the time that it states."""
        return self._stated(self.outage.own_span() if self.outage else self.incident.touched_span())

    def touched_case(self) -> Span:
        """Return the time of the whole incident, and the time that it states."""
        return self._stated(self.incident.touched_span())

    def _stated(self, about: Span) -> Span:
        return about if self.started_at is None else about.union(Span(self.started_at, self.ended_at))
