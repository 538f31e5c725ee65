"""Facts that only a clause asks for: decided exclusions, confirmed conditions, history brought forward."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from incidents.models import Incident
from sla.engine.facts import Outcome, Party, Verdict
from sla.models.agreements import ServiceLevelAgreement
from sla.models.columns import FractionField, enum_column
from sla.models.rows import ValueRow
from sla.models.rules import ExclusionRule
from vendors.models import Contract, Service, Span, Tracked, midnight


class Exclusion(Tracked):
    """A decision that a clause takes an incident, or a stretch of it, out: `[started_at, ended_at)` UTC."""

    visible_through = "rule__version__agreement__contract__vendor"
    quiet_fields = frozenset({"why", "decided_by", "decided_at", "position"})
    _history_m2m_fields: ClassVar = ["services"]

    rule = models.ForeignKey(
        ExclusionRule, verbose_name="under the clause", on_delete=models.PROTECT, related_name="decisions"
    )
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="exclusions"
    )
    services = models.ManyToManyField(
        Service, blank=True, related_name="exclusions", help_text="Empty: every service of the contract."
    )
    started_at = models.DateTimeField("from", null=True, blank=True, help_text="Empty: from its start.")
    ended_at = models.DateTimeField("until", null=True, blank=True, help_text="Empty: to its end.")
    party = enum_column(Party, default=Party.AGREED, verbose_name="who says so")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "decided exclusion"
        ordering = ["rule", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="exclusion_times_ordered",
                condition=Q(started_at=None) | Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The end lies before the start. Swap the times or clear the end.",
            ),
            models.CheckConstraint(
                name="exclusion_of_something",
                condition=Q(incident__isnull=False) | Q(started_at__isnull=False),
                violation_error_message="Say what is excluded: an incident, or a stretch of time.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.incident.reference if self.incident else self.started_at}"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the clause."""
        return (self.rule.version.agreement.contract,)

    def touched_span(self) -> Span:
        """Return its own time, else its incident's."""
        if self.started_at is None and self.incident is not None:
            return self.incident.touched_span()
        return Span(self.started_at, self.ended_at)


class Condition(Tracked):
    """A fact that a clause asks for, confirmed or denied: `[started_at, ended_at)` UTC, None is open."""

    visible_through = "agreement__contract__vendor"
    quiet_fields = frozenset({"evidence", "confirmed_by", "position"})

    agreement = models.ForeignKey(
        ServiceLevelAgreement,
        verbose_name="SLA schedule",
        on_delete=models.PROTECT,
        related_name="conditions",
    )
    code = models.CharField(max_length=80, help_text="As the terms name it.")
    met = models.BooleanField("it holds", default=True)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="conditions"
    )
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="conditions"
    )
    started_at = models.DateTimeField("from", null=True, blank=True)
    ended_at = models.DateTimeField("until", null=True, blank=True)
    confirmed_by = models.CharField(max_length=150, blank=True)
    evidence = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "confirmed condition"
        ordering = ["agreement", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="condition_times_ordered",
                condition=Q(started_at=None) | Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The end lies before the start. Swap the times or clear the end.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {'holds' if self.met else 'does not hold'}"

    def clean(self) -> None:
        """Refuse a service of another contract."""
        if self.service is not None and self.service.contract_id != self.agreement.contract_id:
            said = f"{self.service.code} is a service of another contract."
            raise ValidationError({"service": f"{said} Choose one of this contract."})

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the SLA schedule."""
        return (self.agreement.contract,)

    def touched_span(self) -> Span:
        """Return its own time, else its incident's."""
        if self.started_at is None and self.incident is not None:
            return self.incident.touched_span()
        return Span(self.started_at, self.ended_at)


class BroughtForward(ValueRow):
    """What a period before go-live came to: it feeds rules that look back, and is never recalculated."""

    value_class = Outcome
    natural_fields = ("agreement__contract__reference", "agreement__code", "target", "period", "units")
    children = ("brought_forward",)
    visible_through = "agreement__contract__vendor"

    agreement = models.ForeignKey(
        ServiceLevelAgreement,
        verbose_name="SLA schedule",
        on_delete=models.PROTECT,
        related_name="brought_forward",
    )
    target = models.CharField("service level", max_length=80, help_text="Its code.")
    period = models.CharField(max_length=30, help_text="Such as 2019-05.")
    units = models.JSONField("services", default=list, blank=True)
    first_on = models.DateField("first day")
    last_on = models.DateField("last day")
    verdict = enum_column(Verdict)
    value = FractionField("achieved", null=True, blank=True)
    level = FractionField("level then", null=True, blank=True)
    expected_missed = models.BooleanField("missed the expected level", default=False)
    counted_us = models.BigIntegerField("counted, in microseconds", default=0)
    points = FractionField(default="0", blank=True)
    credit = models.JSONField(null=True, blank=True)
    carried = models.JSONField("cut off and carried over", null=True, blank=True)
    cap_reached = models.JSONField("caps that were reached", default=list, blank=True)
    excluded_us = models.JSONField("excluded, by clause", default=list, blank=True)
    excluded_count = models.JSONField("windows excluded, by clause", default=list, blank=True)
    runs = models.JSONField("counted outages", default=list, blank=True)
    earned_back = models.JSONField(null=True, blank=True)
    offset_balance = models.JSONField("balance against later credits", null=True, blank=True)

    class Meta:
        verbose_name = "period brought forward"
        verbose_name_plural = "periods brought forward"
        ordering = ["agreement", "first_on", "target", "pk"]
        constraints = [
            models.CheckConstraint(
                name="broughtforward_days_ordered",
                condition=Q(last_on__gte=F("first_on")),
                violation_error_message="The period ends before it begins. Swap the two days.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.period}"

    def child_values(self) -> dict[str, bool]:
        """Return that it is brought forward, which every such row is."""
        return {"brought_forward": True}

    def clean(self) -> None:
        """Refuse a second row of the same service level, period and services."""
        super().clean()
        same = BroughtForward.objects.filter(
            agreement=self.agreement, target=self.target, period=self.period
        ).exclude(pk=self.pk)
        if any(sorted(row.units) == sorted(self.units) for row in same):
            raise ValidationError(
                f"{self.target} of {self.period} is already brought forward for these services."
                " Correct that row."
            )

    def check_value(self) -> None:
        """Build the outcome; raise ValueError."""
        self.as_value()

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the SLA schedule."""
        return (self.agreement.contract,)

    def touched_span(self) -> Span:
        """Return the time from its first day on: later periods look back at it."""
        zone = self.agreement.zone or self.agreement.contract.zone
        return Span(midnight(self.first_on, zone=zone), None)
