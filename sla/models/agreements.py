"""SLA schedules and their dated versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q

from sla.engine.money import RoundingMode
from sla.engine.periods import PeriodKind, PeriodRule
from sla.engine.terms import MoneyRounding, Stacking, Terms
from sla.engine.terms import ReadingNote as ReadingNoteValue
from sla.engine.terms.versions import Schedule, Split
from sla.models.columns import enum_column
from sla.models.rows import TermRow, ValueRow
from vendors.models import (
    CODE,
    Contract,
    RegisterManager,
    RegisterQuerySet,
    Span,
    Tracked,
    midnight,
    validate_zone,
)


class ServiceLevelAgreement(Tracked):
    """An SLA schedule: what stays the same while its terms change."""

    visible_through = "contract__vendor"
    natural_fields = ("contract__reference", "code")
    quiet_fields = frozenset({"name", "closes_from", "settling_days", "closes_itself"})

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="schedules")
    code = models.CharField(
        max_length=60, validators=[CODE], help_text="Short name, unique in its contract, such as uptime."
    )
    name = models.CharField(max_length=200)
    zone = models.CharField(
        "time zone",
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text="Where its days and months begin. Empty: the contract's.",
    )
    period_kind = enum_column(
        PeriodKind,
        default=PeriodKind.MONTH,
        verbose_name="judged every",
        help_text="How its service level statements are cut.",
    )
    period_anchor_day = models.PositiveSmallIntegerField(
        "begins on day", default=1, help_text="1 to 28; another day than 1 makes billing months."
    )
    period_anchor_month = models.PositiveSmallIntegerField(
        "year begins in month", default=1, help_text="2 makes quarters from February on."
    )
    period_length = models.PositiveSmallIntegerField(
        "length", default=1, help_text="The n of rolling n days or months."
    )
    billing_day = models.PositiveSmallIntegerField(
        default=1, help_text="Day on which the vendor's billing month begins, 1 to 28."
    )
    closes_from = models.DateField(
        "periods close from",
        null=True,
        blank=True,
        help_text="Periods that end before this day are left to you. Empty: the day it was entered here.",
    )
    settling_days = models.PositiveSmallIntegerField(
        "days to settle",
        default=5,
        help_text="So many days after its end a period closes: time for late reports and bills.",
    )
    closes_itself = models.BooleanField(
        "a clean period finalises itself",
        default=True,
        help_text="Clean: every level met and confirmed, no question open, nothing decided by hand.",
    )

    class Meta:
        verbose_name = "SLA schedule"
        ordering = ["contract", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "code"],
                name="schedule_code_once",
                violation_error_message="This contract already has an SLA schedule with this code.",
            ),
            models.CheckConstraint(
                name="schedule_billing_day_in_every_month",
                condition=Q(billing_day__gte=1) & Q(billing_day__lte=28),
                violation_error_message="Every month must have the billing day: use 1 to 28.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract.reference}/{self.code}"

    @property
    def currency(self) -> str:
        """Return the currency of its credits, the contract's."""
        return self.contract.currency

    @property
    def period(self) -> PeriodRule:
        """Return how its statements are cut; raise ValueError."""
        return PeriodRule(
            kind=PeriodKind(self.period_kind),
            anchor_day=self.period_anchor_day,
            anchor_month=self.period_anchor_month,
            length=self.period_length,
        )

    def as_value(self) -> Schedule:
        """Return the identity that the engine judges by."""
        return Schedule(
            contract=self.contract.reference,
            code=self.code,
            name=self.name,
            currency=self.currency,
            zone=self.zone or self.contract.zone,
            period=self.period,
            billing_day=self.billing_day,
        )

    def fill(self, value: Schedule) -> None:
        """Take everything but contract and code from a value."""
        self.name, self.zone, self.billing_day = value.name, value.zone, value.billing_day
        self.period_kind = value.period.kind.value
        self.period_anchor_day = value.period.anchor_day
        self.period_anchor_month = value.period.anchor_month
        self.period_length = value.period.length

    def clean(self) -> None:
        """Take the contract's zone where none is given; refuse a period that cannot be cut."""
        if not self.zone and self.contract_id:
            self.zone = self.contract.zone
        try:
            self.period  # noqa: B018
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def touched_contracts(self) -> Iterable[Contract]:
        """Return its contract."""
        return (self.contract,)


class AgreementVersionQuerySet(RegisterQuerySet["AgreementVersion"]):
    """Versions, with or without what they promise."""

    def with_terms(self) -> AgreementVersionQuerySet:
        """Bring all rows of the terms along, in a constant number of queries."""
        return self.select_related("agreement__contract").prefetch_related(
            "targets__calendar",
            "targets__services",
            "targets__credit__tiers",
            "targets__credit__caps",
            "exclusions__within",
            "exclusions__notice_calendar",
            "caps",
            "claim__steps",
            "chronic",
            "earn_back",
            "reading_notes",
        )

    def drafts(self) -> AgreementVersionQuerySet:
        """Keep those that nobody has signed off against the document."""
        return self.filter(signed_off_by="")


class AgreementVersionManager(RegisterManager.from_queryset(AgreementVersionQuerySet)):  # type: ignore[misc]
    """Find versions by schedule and first day."""


class AgreementVersion(ValueRow):
    """The terms of an SLA schedule from a local date on, until the next version."""

    value_class = Terms
    children = ("targets", "exclusions", "caps", "claim", "chronic", "earn_back", "reading_notes")
    visible_through = "agreement__contract__vendor"
    natural_fields = ("agreement__contract__reference", "agreement__code", "effective_from")
    quiet_fields = frozenset(
        {
            "source",
            "amendment",
            "signed_on",
            "document",
            "past_periods",
            "stacking_clause",
            "template",
            "blanks",
        }
        | {"signed_off_by", "signed_off_at"}
    )

    agreement = models.ForeignKey(
        ServiceLevelAgreement, verbose_name="SLA schedule", on_delete=models.PROTECT, related_name="versions"
    )
    effective_from = models.DateField(
        help_text="First local day of these terms. They hold until the next version."
    )
    source = models.CharField(
        max_length=500, blank=True, help_text="The document and its date, as the terms were read from it."
    )
    document = models.FileField(upload_to="terms/", blank=True, help_text="The signed paper.")
    signed_on = models.DateField(null=True, blank=True)
    amendment = models.TextField(blank=True, help_text="What it changes, for an amendment.")
    past_periods = models.TextField(
        blank=True, help_text="What the amendment does to periods before it, in its own words."
    )
    split = enum_column(
        Split,
        default=Split.BY_DAY,
        verbose_name="a period with this change inside",
        help_text="By day: each part by its own terms.",
    )
    stacking = enum_column(
        Stacking, default=Stacking.EACH, verbose_name="one event that misses several levels"
    )
    stacking_clause = models.CharField(max_length=200, blank=True)
    points = models.JSONField("what points are worth", null=True, blank=True)
    suppression = models.JSONField("critical failures that replace credits", default=list, blank=True)
    minimum = models.JSONField("smallest credit", null=True, blank=True)
    money_rounding = enum_column(MoneyRounding, default=MoneyRounding.TOTAL, verbose_name="money is rounded")
    rounding_mode = enum_column(
        RoundingMode, default=RoundingMode.HALF_UP, verbose_name="how money is rounded"
    )
    consumes_downtime = models.BooleanField("downtime of a granted claim is used up", default=False)
    signed_off_by = models.CharField(
        max_length=150,
        blank=True,
        editable=False,
        help_text="Who checked it against the document. Empty: a draft.",
    )
    signed_off_at = models.DateTimeField(null=True, blank=True, editable=False)
    template = models.CharField("begun from", max_length=100, blank=True, editable=False)
    blanks = models.JSONField("what was filled in", default=dict, blank=True, editable=False)

    objects: ClassVar[AgreementVersionManager] = AgreementVersionManager()

    class Meta:
        verbose_name = "version of an SLA schedule"
        verbose_name_plural = "versions of SLA schedules"
        ordering = ["agreement", "effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "effective_from"],
                name="version_dated_once",
                violation_error_message="This SLA schedule already has a version from that day."
                " Correct that one, or choose another day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} from {self.effective_from}"

    @property
    def is_draft(self) -> bool:
        """Say whether nobody has checked it against the document yet."""
        return not self.signed_off_by

    def child_values(self) -> dict[str, Any]:
        """Return the terms below this version."""
        try:
            claim = self.claim.as_value()
        except ObjectDoesNotExist:
            claim = None
        lists = (name for name in self.children if name != "claim")
        return {"claim": claim} | {
            name: tuple(row.as_value() for row in getattr(self, name).all()) for name in lists
        }

    def clean(self) -> None:
        """Refuse a first day outside the contract's term."""
        super().clean()
        contract = self.agreement.contract
        if (
            self.effective_from
            and contract.effective_until
            and self.effective_from >= contract.effective_until
        ):
            raise ValidationError(
                {
                    "effective_from": f"{self.effective_from} lies after the contract's end"
                    f" ({contract.effective_until}). Choose an earlier day, or extend the contract."
                }
            )

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the SLA schedule."""
        return (self.agreement.contract,)

    def touched_span(self) -> Span:
        """Return the time from its first day on, UTC."""
        return Span(
            midnight(self.effective_from, zone=self.agreement.zone or self.agreement.contract.zone), None
        )


VERSION_KEY = tuple(f"version__{name}" for name in AgreementVersion.natural_fields)


class ReadingNote(TermRow):
    """Why one reading of an unclear clause was chosen, and by whom."""

    value_class = ReadingNoteValue
    visible_through = "version__agreement__contract__vendor"
    quiet_fields = frozenset({"about", "note", "by", "position"})

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="reading_notes")
    position = models.PositiveSmallIntegerField(default=0)
    about = models.CharField(max_length=200, help_text="The clause, or the option that it settles.")
    note = models.TextField()
    by = models.CharField("read so by", max_length=150, blank=True)

    class Meta:
        ordering = ["version", "position", "pk"]

    def __str__(self) -> str:
        return self.about
