"""Service levels: one measurable promise each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models

from sla.engine.periods import PeriodKind, PeriodRule
from sla.engine.terms import Basis, Measurer, Metric, Op, Target
from sla.engine.terms.counting import PARAMS
from sla.models.agreements import VERSION_KEY, AgreementVersion
from sla.models.columns import LevelField, enum_column
from sla.models.rows import Column, TermRow
from vendors.models import (
    CODE,
    BusinessCalendar,
    Contract,
    RegisterManager,
    RegisterQuerySet,
    Service,
    Span,
    Tracked,
)


def every_clock() -> list[str]:
    """Return whose clock counts first where the contract does not say: ours, then the vendor's."""
    return [Measurer.US.value, Measurer.VENDOR_TICKET.value, Measurer.VENDOR_STATUS_PAGE.value]


class ServiceLevelTarget(TermRow):
    """One service level: what is measured, of which services, against which level, paying what."""

    value_class = Target
    children = ("services", "credit")
    embedded = {"window": PeriodRule}
    visible_through = "version__agreement__contract__vendor"
    natural_fields = (*VERSION_KEY, "code")
    quiet_fields = frozenset({"name", "text", "clause"})

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="targets")
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=80, validators=[CODE], help_text="Stays the same in later versions.")
    name = models.CharField(max_length=200)
    metric = enum_column(Metric, default=Metric.AVAILABILITY, verbose_name="what is measured")
    params = models.JSONField("how it is measured", default=dict, blank=True)
    op = enum_column(Op, default=Op.AT_LEAST, verbose_name="must be")
    level = LevelField(help_text="In percent, as a number, or as a length of time such as 4 h.")
    expected = LevelField(
        "expected level", null=True, blank=True, help_text="Where the clause has an aim and a minimum."
    )
    levels_when = models.JSONField("other levels under a condition", default=list, blank=True)
    calendar = models.ForeignKey(
        BusinessCalendar,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
        help_text="Agreed service hours. Empty: around the clock.",
    )
    window_kind = enum_column(
        PeriodKind, blank=True, verbose_name="measured over", help_text="Empty: the whole period."
    )
    window_anchor_day = models.PositiveSmallIntegerField(default=1)
    window_anchor_month = models.PositiveSmallIntegerField(default=1)
    window_length = models.PositiveSmallIntegerField(default=1)
    basis = enum_column(Basis, default=Basis.BY_EXCEPTION, verbose_name="the figure rests on")
    measured_by = models.JSONField("whose clock counts, in this order", default=every_clock, blank=True)
    counting = models.JSONField("how time is counted", default=dict, blank=True)
    exclusions = models.JSONField(
        "exclusions that hold",
        null=True,
        blank=True,
        help_text="Their codes. Empty: all of the SLA schedule.",
    )
    conditions = models.JSONField("must be confirmed for a credit", default=list, blank=True)
    is_critical = models.BooleanField("critical", default=False)
    category = models.CharField(max_length=80, blank=True)
    clause = models.CharField(max_length=200, blank=True)
    text = models.TextField("in the contract's words", blank=True)

    class Meta:
        verbose_name = "service level"
        ordering = ["version", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "code"],
                name="target_code_once",
                violation_error_message="This version already has a service level with this code.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def hint_of(self, column: Column) -> Any:
        """Return the parameter class of the metric for its parameters."""
        return PARAMS[Metric(self.metric)] if column.name == "params" else column.hint

    def child_values(self) -> dict[str, Any]:
        """Return services and credit."""
        try:
            credit = self.credit.as_value()
        except ObjectDoesNotExist:
            credit = None
        return {"services": tuple(link.service.code for link in self.services.all()), "credit": credit}

    def check_value(self) -> None:
        """Build the service level without its services and credit; raise ValueError."""
        if self.level is not None:
            Target(**self.own_values())


class TargetServiceManager(RegisterManager):
    """Bring the service along by a join: by a query of its own SQLite refuses more than a thousand."""

    def get_queryset(self) -> RegisterQuerySet[TargetService]:
        """Return the rows with their service."""
        return super().get_queryset().select_related("service")


class TargetService(Tracked):
    """One service that a service level holds for; without any, it holds for all of the contract."""

    visible_through = "service__contract__vendor"

    target = models.ForeignKey(ServiceLevelTarget, on_delete=models.PROTECT, related_name="services")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="service_levels")

    objects: ClassVar[TargetServiceManager] = TargetServiceManager()

    class Meta:
        verbose_name = "service that it holds for"
        verbose_name_plural = "services that it holds for"
        ordering = ["target", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["target", "service"],
                name="target_service_once",
                violation_error_message="This service level already names the service.",
            ),
        ]

    def __str__(self) -> str:
        return self.service.code

    def clean(self) -> None:
        """Refuse a service of another contract."""
        contract = self.target.version.agreement.contract
        if self.service.contract_id != contract.pk:
            said = f"{self.service.code} is a service of another contract."
            raise ValidationError({"service": f"{said} Choose one of {contract.reference}."})

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the service."""
        return (self.service.contract,)

    def touched_span(self) -> Span:
        """Return the time from the version's first day on, UTC."""
        return self.target.touched_span()
