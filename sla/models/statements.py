"""Service level statements: a head that follows its inputs, and frozen, numbered revisions."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from sla.models.agreements import ServiceLevelAgreement
from sla.models.lines import LineFigures, line_constraints
from vendors.models import RegisterManager, RegisterQuerySet


class Figures(models.Model):
    """What a statement comes to, in short; money in minor units of `currency`."""

    class State(models.TextChoices):
        """The worst verdict of its lines."""

        MISSED = "missed", "Missed"
        UNCERTAIN = "uncertain", "Uncertain"
        UNCONFIRMED = "unconfirmed", "Unconfirmed"
        MET = "met", "Met"

    state = models.CharField(max_length=12, choices=State.choices, blank=True)
    missed = models.JSONField("service levels missed", default=list, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    due_minor = models.BigIntegerField("credit due, before tax", default=0)
    agreed_minor = models.BigIntegerField("agreed", null=True, blank=True)
    contested_minor = models.BigIntegerField("contested", default=0)
    shown = models.CharField("credit as printed", max_length=200, blank=True)  # other units too
    claim_by = models.DateField("claim by (earliest reading)", null=True, blank=True)
    automatic = models.BooleanField("credited without a claim", default=False)
    provisional = models.JSONField("open questions", default=list, blank=True)
    notices = models.JSONField(
        "chronic failures reached: name, last day for notice", default=list, blank=True
    )
    known_until = models.DateTimeField(null=True, blank=True, help_text="UTC.")

    class Meta:
        abstract = True


class StatementQuerySet(RegisterQuerySet["Statement"]):
    """Statements with what their newest revision says."""

    def with_newest(self) -> Self:
        """Add the newest revision's `revision_number`, `frozen_digest` (of its result) and `finalised_at`."""
        newest = StatementRevision.objects.filter(statement=OuterRef("pk")).order_by("-number")
        return self.annotate(
            revision_number=Subquery(newest.values("number")[:1]),
            frozen_digest=Subquery(newest.values("result_digest")[:1]),
            finalised_at=Subquery(newest.values("finalised_at")[:1]),
        )

    def stale(self) -> Self:
        """Keep the heads whose draft is older than what was asked for."""
        return self.filter(computed__lt=F("wanted"))

    def needing_correction(self) -> Self:
        """Keep the finalised ones that today's records would give another result."""
        return (
            self.with_newest()
            .filter(frozen_digest__isnull=False)
            .exclude(Q(compared_digest="") | Q(compared_digest=F("frozen_digest")))
        )


class StatementManager(RegisterManager.from_queryset(StatementQuerySet)):  # type: ignore[misc]
    """Find statements by contract, SLA schedule and period."""


class Statement(Figures):
    """One SLA schedule in one statement period: the head of its revisions, and its current draft.

    The figures here are the draft's, by the records of `computed_at`; a revision's never change.
    `wanted` is raised whenever an input may have moved, `computed` says which wish the draft answers.
    """

    visible_through = "agreement__contract__vendor"
    natural_fields = ("agreement__contract__reference", "agreement__code", "period")

    agreement = models.ForeignKey(
        ServiceLevelAgreement,
        verbose_name="SLA schedule",
        on_delete=models.PROTECT,
        related_name="statements",
    )
    period = models.CharField(max_length=30, help_text="Such as 2019-06.")
    first_on = models.DateField("first day")
    last_on = models.DateField("last day")
    starts_at = models.DateTimeField(help_text="UTC.")
    ends_at = models.DateTimeField(help_text="UTC, exclusive.")
    wanted = models.PositiveIntegerField(default=1)
    computed = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="Why the last attempt to compute it failed.")
    # SHA-256 of the draft's result.
    result_digest = models.CharField("fingerprint of the result", max_length=64, blank=True)
    # The same of a result by today's records at the newest revision's `known_until`: another one than the
    # revision's says that it needs correction.
    compared_digest = models.CharField("fingerprint compared", max_length=64, blank=True)
    # Outcomes of the draft as canonical text, for periods that look back at this one.
    outcomes = models.TextField(blank=True)

    objects = StatementManager()

    class Meta:
        verbose_name = "service level statement"
        ordering = ["-first_on", "agreement"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "period"], name="statement_once"),
            models.CheckConstraint(name="statement_days_ordered", condition=Q(last_on__gte=F("first_on"))),
        ]
        indexes = [
            models.Index(fields=["ends_at"]),
            models.Index(fields=["last_on", "agreement"]),
            models.Index(fields=["id"], condition=Q(computed__lt=F("wanted")), name="statement_stale"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Return its number without a revision, such as MSA-2019-014/power/2019-06."""
        return f"{self.agreement.contract.reference}/{self.agreement.code}/{self.period}"


class StatementRevision(Figures):
    """A finalised statement: what it was computed from, what it came to, and who says so. Insert-only."""

    visible_through = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        on_delete=models.PROTECT,
        related_name="revisions",
    )
    number = models.PositiveIntegerField("revision")
    inputs = models.TextField(help_text="Canonical JSON of everything it was computed from.")
    inputs_digest = models.CharField("fingerprint of the inputs", max_length=64)
    inputs_version = models.PositiveSmallIntegerField(default=1)
    result = models.TextField(help_text="Canonical JSON of the result with how it was worked out.")
    result_digest = models.CharField("fingerprint of the result", max_length=64)
    engine_version = models.CharField(max_length=20)
    zone_data = models.CharField("version of the zone rules", max_length=20)
    previous_digest = models.CharField("fingerprint before", max_length=64, blank=True)
    digest = models.CharField("fingerprint", max_length=64, unique=True)
    finalised_at = models.DateTimeField()
    finalised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The name that the fingerprint was made with: an account may be renamed later.
    finaliser = models.CharField("finalised by, as called then", max_length=150)
    cause = models.TextField("why")
    # What was unresolved, each with the reason to go on: [{"question": ..., "reason": ...}].
    overridden = models.JSONField("unresolved, with reasons", default=list, blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "finalised service level statement"
        ordering = ["statement", "number"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "number"], name="revision_number_once"),
            models.CheckConstraint(name="revision_number_from_one", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return self.full_number

    @property
    def full_number(self) -> str:
        """Return its number, such as MSA-2019-014/power/2019-06/r2."""
        return f"{self.statement.number}/r{self.number}"


class StatementLine(LineFigures):
    """A line of a revision. Insert-only."""

    visible_through = "revision__statement__agreement__contract__vendor"

    revision = models.ForeignKey(StatementRevision, on_delete=models.PROTECT, related_name="lines")

    class Meta:
        verbose_name = "line of a service level statement"
        verbose_name_plural = "lines of service level statements"
        ordering = ["revision", "number"]
        constraints: ClassVar[list[Any]] = line_constraints("statement_line", parent="revision")
        indexes = [models.Index(fields=["revision"], condition=Q(missed=True), name="statement_line_missed")]

    def __str__(self) -> str:
        return f"{self.revision} line {self.number}"


class DraftLine(LineFigures):
    """A line of a statement's draft; replaced whenever the draft is computed again."""

    visible_through = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        on_delete=models.CASCADE,
        related_name="draft_lines",
    )

    class Meta:
        verbose_name = "draft line"
        ordering = ["statement", "number"]
        constraints: ClassVar[list[Any]] = line_constraints("draft_line", parent="statement")

    def __str__(self) -> str:
        return f"{self.statement} draft line {self.number}"


class HeldCorrection(models.Model):
    """A small correction of a finalised statement that goes into a later one as a line. Insert-only."""

    visible_through = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        on_delete=models.PROTECT,
        related_name="held_corrections",
    )
    result_digest = models.CharField("fingerprint of the corrected result", max_length=64)
    delta_minor = models.BigIntegerField("difference")
    currency = models.CharField(max_length=3)
    into = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="prior_corrections")
    cause = models.TextField("why")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()

    objects = RegisterManager()

    class Meta:
        verbose_name = "correction held for later"
        verbose_name_plural = "corrections held for later"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.statement} into {self.into}"
