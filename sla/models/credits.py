"""What a missed service level pays, and what limits it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from sla.engine.codec import from_plain, to_plain
from sla.engine.terms import Cap as CapValue
from sla.engine.terms import (
    CapPeriod,
    CapScope,
    Overflow,
    Pays,
    Points,
    Scheme,
    Tier,
    Tiered,
)
from sla.engine.terms import CreditRule as CreditRuleValue
from sla.engine.terms.credits import SCHEMES, SchemeParams
from sla.models.agreements import AgreementVersion
from sla.models.columns import LevelField, enum_column, figure_column
from sla.models.rows import Column, TermRow
from sla.models.targets import ServiceLevelTarget
from vendors.models import CODE, Reader, RegisterManager, RegisterQuerySet


class CreditRule(TermRow):
    """How a miss of one service level becomes a credit before caps."""

    value_class = CreditRuleValue
    natural_fields = tuple(f"target__{name}" for name in ServiceLevelTarget.natural_fields)
    children = ("caps",)
    visible_through = "target__version__agreement__contract__vendor"

    target = models.OneToOneField(ServiceLevelTarget, on_delete=models.PROTECT, related_name="credit")
    scheme = enum_column(Scheme, default=Scheme.TIERED, verbose_name="how it pays")
    params = models.JSONField("figures of the scheme", default=dict, blank=True)
    base = models.JSONField("what it is a share of", default=dict, blank=True)
    waives = models.CharField(
        "fee that is not charged",
        max_length=60,
        blank=True,
        help_text="The fee's code, where a fee is dropped.",
    )
    repeat = models.JSONField("factor for a repeated miss", null=True, blank=True)
    multiplier = figure_column(default=Decimal(1))
    deductible = models.JSONField("free before credits begin", null=True, blank=True)
    minimum = models.JSONField("smallest credit", null=True, blank=True)
    only_if_missed = models.BooleanField(
        default=True, help_text="Untick where the rows alone decide, even above the level."
    )
    alternatives = models.JSONField("best of these", default=list, blank=True)
    clause = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "credit"

    def __str__(self) -> str:
        return f"{self.get_scheme_display()} of {self.target}"

    def of_version(self) -> AgreementVersion:
        """Return the version that the row belongs to."""
        return self.target.version

    def read(self, column: Column) -> Any:
        """Return the value of one column; the parameters take their rows in."""
        return self.scheme_params() if column.name == "params" else super().read(column)

    def written(self, column: Column, value: CreditRuleValue) -> Any:
        """Return what one column holds; the rows of a table are rows of their own."""
        written = super().written(column, value)
        if column.name == "params":
            written = {name: part for name, part in written.items() if name != "tiers"}
        return written

    def scheme_params(self) -> SchemeParams:
        """Return the parameters with the rows of the table; raise ValueError."""
        params_class = SCHEMES[Scheme(self.scheme)]
        if params_class not in (Tiered, Points):
            return from_plain(params_class, self.params, at="params")
        plain = {**self.params, "tiers": []}
        params = from_plain(params_class, plain, at="params")
        assert isinstance(params, Tiered | Points)
        rows = tuple(tier.as_value() for tier in self.tiers.all()) if self.pk else ()
        return replace(params, tiers=rows)

    def child_values(self) -> dict[str, Any]:
        """Return the caps of this credit."""
        return {"caps": tuple(cap.as_value() for cap in self.caps.all())}

    def check_value(self) -> None:
        """Build the credit without its caps; raise ValueError."""
        CreditRuleValue(**self.own_values())


class CreditTier(TermRow):
    """One row of a credit table: the bounds that the figure lies in, and what it pays."""

    value_class = Tier
    visible_through = "rule__target__version__agreement__contract__vendor"

    rule = models.ForeignKey(CreditRule, on_delete=models.PROTECT, related_name="tiers")
    position = models.PositiveSmallIntegerField(default=0)
    below = LevelField(null=True, blank=True, help_text="Less than this.")
    at_most = LevelField(null=True, blank=True, help_text="This or less.")
    at_least = LevelField(null=True, blank=True, help_text="This or more.")
    above = LevelField(null=True, blank=True, help_text="More than this.")
    credit = figure_column(help_text="In the unit that the scheme pays in, such as percent.")
    name = models.CharField(max_length=100, blank=True)
    clause = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "row of a credit table"
        verbose_name_plural = "rows of credit tables"
        ordering = ["rule", "position", "pk"]

    def __str__(self) -> str:
        bounds = (
            ("below", self.below),
            ("at most", self.at_most),
            ("at least", self.at_least),
            ("above", self.above),
        )
        said = " and ".join(f"{word} {to_plain(bound)}" for word, bound in bounds if bound is not None)
        return f"{said or 'any value'}: {self.credit}"

    def of_version(self) -> AgreementVersion:
        """Return the version that the row belongs to."""
        return self.rule.target.version


class CapQuerySet(RegisterQuerySet["Cap"]):
    """Caps of whole versions and of single credits."""

    def visible_to(self, user: Reader) -> CapQuerySet:
        """Keep those of versions and of credits that the user may see."""
        of_version = Q(version__in=AgreementVersion.objects.visible_to(user))
        return self.filter(of_version | Q(credit_rule__in=CreditRule.objects.visible_to(user)))


class CapManager(RegisterManager.from_queryset(CapQuerySet)):  # type: ignore[misc]
    """Find caps."""


class Cap(TermRow):
    """An upper limit of credits, of one service level or of the whole SLA schedule."""

    value_class = CapValue

    version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="caps"
    )
    credit_rule = models.ForeignKey(
        CreditRule, on_delete=models.PROTECT, null=True, blank=True, related_name="caps"
    )
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=60, validators=[CODE])
    limit = figure_column()
    pays = enum_column(Pays, default=Pays.PERCENT, verbose_name="unit of the limit")
    is_count = models.BooleanField("it limits the number of credits", default=False)
    scope = enum_column(CapScope, default=CapScope.TARGET, verbose_name="laid over")
    period = enum_column(CapPeriod, default=CapPeriod.WINDOW, verbose_name="used up over")
    base = models.JSONField("what it is a share of", default=dict, blank=True)
    category = models.CharField(max_length=80, blank=True)
    overflow = enum_column(Overflow, default=Overflow.LOST, verbose_name="what it cuts off")
    clause = models.CharField(max_length=200, blank=True)

    objects: ClassVar[CapManager] = CapManager()

    class Meta:
        verbose_name = "cap"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="cap_of_one_thing",
                condition=Q(version__isnull=False, credit_rule=None)
                | Q(version=None, credit_rule__isnull=False),
                violation_error_message="A cap limits one credit or the whole SLA schedule, not both.",
            ),
            models.UniqueConstraint(
                fields=["version", "code"],
                condition=Q(version__isnull=False),
                name="cap_once_per_version",
                violation_error_message="This version already has a cap with this code.",
            ),
            models.UniqueConstraint(
                fields=["credit_rule", "code"],
                condition=Q(credit_rule__isnull=False),
                name="cap_once_per_credit",
                violation_error_message="This credit already has a cap with this code.",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def of_version(self) -> AgreementVersion:
        """Return the version that the row belongs to."""
        if self.version is not None:
            return self.version
        assert self.credit_rule is not None
        return self.credit_rule.target.version
