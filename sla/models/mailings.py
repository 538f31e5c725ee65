"""Reports that go out by themselves: when, to whom, and what each reader was told."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Q

from sla.engine.periods import PeriodKind, PeriodRule
from sla.models.outbox import OutboxMessage
from sla.models.statements import Figures, Statement, StatementRevision
from vendors.models import (
    Contact,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Tag,
    Tracked,
    Vendor,
    sees_all_vendors,
    validate_zone,
)


class ReportSchedule(Tracked):
    """A report that goes out for every week, month, quarter or year, to the readers named here."""

    class Audience(models.TextChoices):
        """Who reads it, and so what stands in it."""

        MANAGERS = "managers", "Vendor managers: each the vendors that they manage"
        FINANCE = "finance", "Finance: every vendor that the reader may see"
        VENDORS = "vendors", "Vendors: what was released to them, nothing else"

    class Every(models.TextChoices):
        """For how long a time each report is."""

        WEEK = "week", "Week"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"

    visible_through: ClassVar = ""
    natural_fields: ClassVar = ("code",)

    code = models.SlugField(max_length=60, unique=True, help_text="Short name, such as monthly-finance.")
    name = models.CharField(max_length=200, help_text="It stands in the subject of the mail.")
    audience = models.CharField("for", max_length=8, choices=Audience.choices)
    every = models.CharField("for each", max_length=7, choices=Every.choices, default=Every.MONTH)
    first_month = models.PositiveSmallIntegerField(
        "the year begins in month", default=1, help_text="2 makes quarters and years begin in February."
    )
    vendor = models.ForeignKey(
        Vendor,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="report_schedules",
        help_text="Only this vendor. Empty: all.",
    )
    tag = models.ForeignKey(
        Tag,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="report_schedules",
        help_text="Only vendors with this tag.",
    )
    one_per_vendor = models.BooleanField(
        "a mail for each vendor", default=False, help_text="Otherwise one mail tells of all of them."
    )
    readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Who gets it. For vendor managers may be empty: then the owner of each vendor.",
    )
    addresses = models.TextField(
        "further addresses",
        blank=True,
        help_text="For finance only: one e-mail address a line. They get what a reader of all vendors gets.",
    )
    contact_role = models.CharField(
        "contacts of the vendor",
        max_length=20,
        choices=Contact.Role.choices,
        default=Contact.Role.ACCOUNT,
        help_text="For vendors only: who there gets it.",
    )
    with_pdf = models.BooleanField("with PDF", default=True)
    with_xlsx = models.BooleanField("with XLSX", default=True)
    with_csv = models.BooleanField("with CSV", default=False)
    days_after = models.PositiveSmallIntegerField(
        "days after the period", default=6, help_text="0 is the first day after it."
    )
    hour = models.PositiveSmallIntegerField("at hour", default=8, help_text="0 to 23, in the zone below.")
    zone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text="Where its periods begin and its hour is read, such as Europe/Berlin.",
    )
    starts_on = models.DateField(
        "first period holds", help_text="Periods that end before this day are not reported."
    )
    is_active = models.BooleanField("goes out", default=True)

    _history_m2m_fields: ClassVar = ["readers"]

    class Meta:
        verbose_name = "report schedule"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="reportschedule_hour_of_the_day",
                condition=Q(hour__lte=23),
                violation_error_message="The hour is 0 to 23.",
            ),
            models.CheckConstraint(
                name="reportschedule_month_of_the_year",
                condition=Q(first_month__gte=1) & Q(first_month__lte=12),
                violation_error_message="A month is 1 (January) to 12.",
            ),
            models.CheckConstraint(
                name="reportschedule_one_scope",
                condition=Q(vendor=None) | Q(tag=None),
                violation_error_message="Choose a vendor or a tag, not both.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> PeriodRule:
        """Return how its periods are cut."""
        return PeriodRule(kind=PeriodKind(self.every), anchor_month=self.first_month)

    @property
    def further(self) -> tuple[str, ...]:
        """Return the further addresses, each once."""
        return tuple(dict.fromkeys(line.strip() for line in self.addresses.splitlines() if line.strip()))

    def clean(self) -> None:
        """Refuse addresses that are none, and addresses for readers who see only a part."""
        problems = {}
        if self.further and self.audience != self.Audience.FINANCE:
            problems["addresses"] = (
                "Only finance has further addresses: choose readers with a login, who see what they may."
            )
        for address in self.further:
            try:
                validate_email(address)
            except ValidationError:
                problems["addresses"] = f"{address!r} is no e-mail address. Write one a line."
        if problems:
            raise ValidationError(problems)


class Release(models.Model):
    """A finalised statement that a person let the vendor have. Only `report` is written later."""

    visible_through: ClassVar = "revision__statement__agreement__contract__vendor"

    revision = models.OneToOneField(StatementRevision, on_delete=models.PROTECT, related_name="release")
    released_at = models.DateTimeField()
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    report = models.ForeignKey(
        "sla.ComplianceReport",
        verbose_name="sent with",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="releases",
    )

    objects = RegisterManager()

    class Meta:
        verbose_name = "release to a vendor"
        verbose_name_plural = "releases to vendors"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.revision} released"


class ComplianceReportQuerySet(RegisterQuerySet["ComplianceReport"]):
    """Reports that were sent, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those about one vendor that the user may see and those to the user; all for who sees all."""
        if sees_all_vendors(user):
            return self
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | Q(message__reader=user.pk))


class ComplianceReportManager(RegisterManager.from_queryset(ComplianceReportQuerySet)):  # type: ignore[misc]
    """Find reports that were sent."""


class ComplianceReport(models.Model):
    """What one reader was sent for one period of a schedule. Insert-only.

    `changes_until` is the newest changed fact (vendors.FactChange) that its figures may know of: what was
    noted later explains what the next report says of them.
    """

    visible_through: ClassVar = "vendor"

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.PROTECT, related_name="reports")
    period = models.CharField(max_length=30)
    first_on = models.DateField("first day")
    last_on = models.DateField("last day")
    subject = models.CharField("reader", max_length=120, help_text="Who it was made for.")
    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    made_at = models.DateTimeField()
    headline = models.CharField(max_length=300)
    changes_until = models.BigIntegerField("newest change known", default=0)
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="report")

    objects: ClassVar[ComplianceReportManager] = ComplianceReportManager()

    class Meta:
        verbose_name = "report that was sent"
        verbose_name_plural = "reports that were sent"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "period", "subject"], name="report_once")
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.period} for {self.subject}"


class ToldFigure(models.Model):
    """What a report said of one statement, to say in the next what changed since. Insert-only."""

    visible_through: ClassVar = "statement__agreement__contract__vendor"

    report = models.ForeignKey(ComplianceReport, on_delete=models.PROTECT, related_name="told")
    statement = models.ForeignKey(
        Statement, verbose_name="service level statement", on_delete=models.PROTECT, related_name="+"
    )
    revision = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: told as a draft.")
    state = models.CharField(max_length=12, choices=Figures.State.choices, blank=True)
    currency = models.CharField(max_length=3)
    due_minor = models.BigIntegerField("credit due, before tax")
    shown = models.CharField("credit as printed", max_length=200, blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "figure that was told"
        verbose_name_plural = "figures that were told"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["report", "statement"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.statement}: {self.shown or self.due_minor}"
