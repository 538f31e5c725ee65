"""Measured values, figures reported for a period, and things delivered by a date."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from incidents.models.choices import ReportedBy
from incidents.models.incidents import Incident
from vendors.models import (
    ALL_TIME,
    Contract,
    RegisterManager,
    RegisterQuerySet,
    Service,
    Span,
    Tracked,
    midnight,
)


class SampleQuerySet(RegisterQuerySet["Sample"]):
    """Measured values."""

    def within(self, start: datetime, end: datetime) -> Self:
        """Keep those in `[start, end)` in UTC."""
        return self.filter(at__gte=start, at__lt=end)


class SampleManager(RegisterManager.from_queryset(SampleQuerySet)):  # type: ignore[misc]
    """Find measured values."""


class Sample(Tracked):
    """One measured value of one metric of one service, at one instant in UTC."""

    visible_through: ClassVar = "service__contract__vendor"
    natural_fields: ClassVar = ("service__contract__reference", "service__code", "metric", "at")

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="samples")
    metric = models.CharField(max_length=60, help_text="E.g. latency_ms, temperature_c, error_rate.")
    at = models.DateTimeField("measured at")
    value = models.DecimalField(max_digits=15, decimal_places=6)
    volume = models.PositiveBigIntegerField(
        default=1, help_text="How many requests or readings it stands for."
    )

    objects: ClassVar[SampleManager] = SampleManager()

    class Meta:
        verbose_name = "reading"
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service", "metric", "at"],
                name="sample_once",
                violation_error_message="This metric already has a value at that instant: correct that one.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.value} at {self.at:%Y-%m-%d %H:%M:%S} UTC"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the service."""
        return (self.service.contract,)

    def touched_span(self) -> Span:
        """Return the instant, in UTC, as a span of no length."""
        return Span(self.at, self.at)


class ReportedFigure(Tracked):
    """A figure that somebody measured for a whole period: a value, or a numerator and a denominator."""

    visible_through: ClassVar = "contract__vendor"
    quiet_fields: ClassVar = frozenset({"evidence"})

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="reported_figures")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reported_figures",
        help_text="Empty: a figure of the whole contract.",
    )
    figure = models.CharField(max_length=80, help_text="The code of the service level that it answers.")
    period_label = models.CharField("period", max_length=20, help_text="E.g. 2019-06, 2019-Q2, 2019.")
    period_from = models.DateField("first day")
    period_until = models.DateField("day after the last")
    value = models.DecimalField(max_digits=15, decimal_places=6, null=True, blank=True)
    numerator = models.DecimalField("good ones", max_digits=15, decimal_places=6, null=True, blank=True)
    denominator = models.DecimalField("of all", max_digits=15, decimal_places=6, null=True, blank=True)
    reported_by = models.CharField("measured by", max_length=20, choices=ReportedBy.choices)
    document = models.FileField(upload_to="figures/%Y/", blank=True)
    evidence = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-period_from", "figure", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="figure_value_or_ratio",
                condition=Q(value__isnull=False, numerator=None, denominator=None)
                | Q(
                    value=None,
                    numerator__isnull=False,
                    denominator__isnull=False,
                    numerator__lte=F("denominator"),
                ),
                violation_error_message="Give a value, or good ones of all (39 of 40), not both.",
            ),
            models.CheckConstraint(
                name="figure_period_ordered",
                condition=Q(period_until__gt=F("period_from")),
                violation_error_message="The period ends before it has a day. Give the day after its last.",
            ),
            models.UniqueConstraint(
                fields=["contract", "figure", "period_from", "period_until", "reported_by"],
                condition=Q(service=None),
                name="figure_once_per_contract",
                violation_error_message="This figure is already reported for the period: correct that row.",
            ),
            models.UniqueConstraint(
                fields=["contract", "service", "figure", "period_from", "period_until", "reported_by"],
                condition=Q(service__isnull=False),
                name="figure_once_per_service",
                violation_error_message="This figure is already reported for the period: correct that row.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.figure} {self.period_label}: {self.said}"

    @property
    def said(self) -> str:
        """Give the value, or the two counts, without idle zeros."""
        if self.value is not None:
            return f"{self.value.normalize():f}"
        if self.numerator is None or self.denominator is None:
            return "nothing"
        return f"{self.numerator.normalize():f} of {self.denominator.normalize():f}"

    def clean(self) -> None:
        """Refuse a service of another contract."""
        if self.service is not None and self.service.contract_id != self.contract_id:
            raise ValidationError(
                {"service": f"{self.service} belongs to {self.service.contract}. Choose another."}
            )

    def touched_contracts(self) -> Iterable[Contract]:
        """Return its contract."""
        return (self.contract,)

    def touched_span(self) -> Span:
        """Return its period in the contract's zone, as UTC."""
        zone = self.contract.zone
        return Span(midnight(self.period_from, zone=zone), midnight(self.period_until, zone=zone))


class Delivery(Tracked):
    """A report, attestation or other thing owed by a date, and when it came (UTC)."""

    visible_through: ClassVar = "contract__vendor"
    quiet_fields: ClassVar = frozenset({"evidence"})

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="deliveries")
    obligation = models.CharField(max_length=80, help_text="The code of the service level that asks for it.")
    incident = models.ForeignKey(
        Incident,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        help_text="For a root-cause report: the incident it explains.",
    )
    period_label = models.CharField(
        "period", max_length=20, blank=True, help_text="For a recurring one, e.g. 2019-06 or 2019-Q2."
    )
    due_at = models.DateTimeField(
        "due", null=True, blank=True, help_text="Empty: found from the SLA schedule."
    )
    delivered_at = models.DateTimeField("came", null=True, blank=True, help_text="Empty: not yet.")
    document = models.FileField(upload_to="deliveries/%Y/", blank=True)
    evidence = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering: ClassVar = ["-delivered_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contract", "obligation", "period_label"],
                condition=Q(incident=None),
                name="delivery_once_per_period",
                violation_error_message="This delivery is already recorded for the period: correct that row.",
            ),
            models.UniqueConstraint(
                fields=["contract", "obligation", "period_label", "incident"],
                condition=Q(incident__isnull=False),
                name="delivery_once_per_incident",
                violation_error_message="This delivery is already recorded for the incident: correct it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.obligation} {self.period_label or self.incident or ''}".strip()

    def touched_contracts(self) -> Iterable[Contract]:
        """Return its contract."""
        return (self.contract,)

    def touched_span(self) -> Span:
        """Return all time: when it is due is known only from the terms."""
        return ALL_TIME
