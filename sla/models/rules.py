"""Exclusions, claims, chronic failures and earn-back as terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

from sla.engine.terms import (
    ChronicKind,
    EarnBackForm,
    EarnBackWhen,
    Excess,
    ExclusionSource,
    OffsetUnit,
    Overrun,
    Remedy,
)
from sla.engine.terms import ChronicRule as ChronicRuleValue
from sla.engine.terms import ClaimRule as ClaimRuleValue
from sla.engine.terms import ClaimStep as ClaimStepValue
from sla.engine.terms import EarnBack as EarnBackValue
from sla.engine.terms import ExclusionRule as ExclusionRuleValue
from sla.models.agreements import VERSION_KEY, AgreementVersion
from sla.models.columns import LengthField, LevelField, enum_column, figure_column
from sla.models.rows import TermRow
from vendors.models import CODE, BusinessCalendar

NO_LENGTH = "0s"


class ExclusionRule(TermRow):
    """A clause that takes downtime out, with the tests that it must pass."""

    value_class = ExclusionRuleValue
    visible_through = "version__agreement__contract__vendor"
    natural_fields = (*VERSION_KEY, "code")
    quiet_fields = frozenset({"name", "text", "clause", "decided_by"})

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="exclusions")
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=60, validators=[CODE])
    name = models.CharField(max_length=200, blank=True)
    source = enum_column(ExclusionSource, default=ExclusionSource.DECISION, verbose_name="found from")
    notice = figure_column(default=Decimal(0), help_text="How long before its start it must be announced.")
    notice_unit = enum_column(OffsetUnit, default=OffsetUnit.HOURS)
    notice_inclusive = models.BooleanField("exactly on time is in time", default=True)
    notice_calendar = models.ForeignKey(
        BusinessCalendar,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose working days the notice is counted in.",
    )
    within = models.ForeignKey(
        BusinessCalendar,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The hours in which work is allowed. Empty: any.",
    )
    emergency_allowed = models.BooleanField("emergency work too", default=False)
    max_per_event = LengthField("at most per event", null=True, blank=True)
    quotas = models.JSONField("at most per period", default=list, blank=True)
    excess = enum_column(Excess, default=Excess.COUNTS, verbose_name="what is beyond the limits")
    overrun = enum_column(
        Overrun, default=Overrun.ONLY_OVERRUN, verbose_name="work that takes longer: counts"
    )
    condition = models.CharField(max_length=80, blank=True, help_text="Code of the condition that must hold.")
    decided_by = models.CharField("who decides", max_length=60, blank=True, help_text="As the clause says.")
    clause = models.CharField(max_length=200, blank=True)
    text = models.TextField("in the contract's words", blank=True)

    class Meta:
        verbose_name = "exclusion in the terms"
        verbose_name_plural = "exclusions in the terms"
        ordering = ["version", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "code"],
                name="exclusion_code_once",
                violation_error_message="This version already has an exclusion with this code.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class ClaimRule(TermRow):
    """How a credit is claimed: automatic, or asked for by the earliest of the deadline's readings."""

    value_class = ClaimRuleValue
    children = ("steps",)
    natural_fields = VERSION_KEY
    visible_through = "version__agreement__contract__vendor"

    version = models.OneToOneField(AgreementVersion, on_delete=models.PROTECT, related_name="claim")
    automatic = models.BooleanField("credited without being asked", default=False)
    deadlines = models.JSONField("latest by (every reading)", default=list, blank=True)
    channel = models.CharField("where to", max_length=300, blank=True)
    must_contain = models.JSONField("must contain", default=list, blank=True)
    decide_within = models.JSONField("the vendor decides within", null=True, blank=True)
    issue_within = models.JSONField("the credit comes within", null=True, blank=True)
    good_standing = models.BooleanField("only while nothing is overdue", default=False)
    remedy = enum_column(Remedy, default=Remedy.NOT_STATED, verbose_name="other remedies")
    expires_on_termination = models.BooleanField("lapses when the contract ends", default=True)
    may_set_off = models.BooleanField(
        "we may deduct it from an invoice", default=False, help_text="Only with the clause that says so."
    )
    once_only = models.BooleanField(
        "the same downtime is credited only once",
        default=False,
        help_text="Whatever other SLA schedule covers it too.",
    )
    clause = models.CharField(max_length=200, blank=True)
    text = models.TextField("in the contract's words", blank=True)

    class Meta:
        verbose_name = "how a credit is claimed"
        verbose_name_plural = "how credits are claimed"

    def __str__(self) -> str:
        return "credited automatically" if self.automatic else "claimed on request"

    def child_values(self) -> dict[str, Any]:
        """Return what the clause wants from us."""
        return {"steps": tuple(step.as_value() for step in self.steps.all())}

    def check_value(self) -> None:
        """Build the rule without what it wants from us; raise ValueError."""
        ClaimRuleValue(**self.own_values())


class ClaimStep(TermRow):
    """Something the clause wants from us, by a date."""

    value_class = ClaimStepValue
    natural_fields = (*(f"rule__{name}" for name in VERSION_KEY), "code")
    visible_through = "rule__version__agreement__contract__vendor"

    rule = models.ForeignKey(ClaimRule, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=60, validators=[CODE])
    text = models.TextField("what we must do")
    due = models.JSONField("latest by", default=dict)
    required = models.BooleanField("without it there is no credit", default=True)
    clause = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "what the clause wants from us"
        verbose_name_plural = "what the clause wants from us"
        ordering = ["rule", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "code"],
                name="claimstep_code_once",
                violation_error_message="This code is already used for another thing to do.",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    def of_version(self) -> AgreementVersion:
        """Return the version that the row belongs to."""
        return self.rule.version


class ChronicRule(TermRow):
    """A pattern over time, and what it opens: termination, escalation."""

    value_class = ChronicRuleValue
    natural_fields = (*VERSION_KEY, "code")
    visible_through = "version__agreement__contract__vendor"
    quiet_fields = frozenset({"name", "opens", "ends", "clause"})

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="chronic")
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=60, validators=[CODE])
    name = models.CharField(max_length=200, blank=True)
    kind = enum_column(ChronicKind, verbose_name="pattern")
    count = models.PositiveIntegerField("how many", default=1)
    longer_than = LengthField("each longer than", default=NO_LENGTH)
    level = LevelField("limit", null=True, blank=True)
    over = models.BooleanField("above the limit is worse", default=False)
    inclusive = models.BooleanField("reaching the limit is enough", default=False)
    span_days = models.PositiveIntegerField("in any so many days", null=True, blank=True)
    of_last = models.PositiveIntegerField("of the last so many periods", null=True, blank=True)
    targets = models.JSONField(
        "service levels", default=list, blank=True, help_text="Their codes. Empty: all."
    )
    expected = models.BooleanField("misses of the expected level", default=False)
    opens = models.TextField("what it opens", blank=True)
    ends = models.CharField("what can be ended", max_length=200, blank=True)
    notice = models.JSONField("notice by", null=True, blank=True)
    waived_if_late = models.BooleanField("lost when late", default=False)
    clause = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "chronic failure"
        ordering = ["version", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "code"],
                name="chronic_code_once",
                violation_error_message="This version already has a chronic failure with this code.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class EarnBack(TermRow):
    """A share of an earlier credit goes back after good periods."""

    value_class = EarnBackValue
    natural_fields = (*VERSION_KEY, "position")
    visible_through = "version__agreement__contract__vendor"

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="earn_back")
    position = models.PositiveSmallIntegerField(default=0)
    periods = models.PositiveSmallIntegerField("good periods")
    when = enum_column(EarnBackWhen, default=EarnBackWhen.MET, verbose_name="good means")
    share = figure_column(default=Decimal(100), help_text="Percent of the credit that goes back.")
    form = enum_column(EarnBackForm, default=EarnBackForm.RETURNED, verbose_name="how it goes back")
    targets = models.JSONField(
        "service levels", default=list, blank=True, help_text="Their codes. Empty: all."
    )
    clause = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "earn-back"
        ordering = ["version", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.share} % after {self.periods} good periods"
