"""Warnings: what is about to go wrong, told once, and again only when it gets worse."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidents.models import Incident
from sla.models.claims import Claim
from sla.models.outbox import OutboxMessage
from sla.models.statements import Statement
from vendors.models import (
    BusinessCalendar,
    Contract,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Tracked,
    Vendor,
    sees_all_vendors,
    validate_zone,
)


class AlertQuerySet(RegisterQuerySet["Alert"]):
    """Warnings, narrowed by where they stand."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those about contracts that the user sees, and about vendors that the user manages."""
        if sees_all_vendors(user):
            return self
        of_contract = Q(contract__in=Contract.objects.visible_to(user))
        return self.filter(of_contract | Q(vendor__in=Vendor.objects.managed_by(user)))

    def standing(self) -> Self:
        """Keep those whose reason still holds."""
        return self.filter(cleared_at=None)

    def unacknowledged(self) -> Self:
        """Keep the standing ones that nobody has taken on since they got as bad as they are."""
        return self.standing().filter(acknowledged_rank__lt=F("rank"))


class AlertManager(RegisterManager.from_queryset(AlertQuerySet)):  # type: ignore[misc]
    """Find warnings."""


class Alert(models.Model):
    """One warning about one thing. `rank` says how bad it is; a higher one is told again.

    A reason that goes away clears it; one that comes back is a new `occurrence`.
    """

    class Kind(models.TextChoices):
        """What it is about, in the order in which a list of one moment shows them."""

        LEVEL = "level", "Service level at risk"
        STEP = "step", "Dated step of a claim"
        VENDOR_LATE = "vendor_late", "The vendor is late"
        PATTERN = "pattern", "Repeated failure"
        NOTICE = "notice", "Notice of a contract"
        CREDIT = "credit", "Credit that may be lost"
        INCIDENT = "incident", "Incident left open"
        SILENT = "silent", "Source gone silent"

    visible_through: ClassVar = "vendor"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.CharField(max_length=250)
    vendor = models.ForeignKey(Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts")
    contract = models.ForeignKey(
        Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts"
    )
    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="alerts",
    )
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts")
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts"
    )
    rank = models.PositiveSmallIntegerField("how bad")
    headline = models.CharField("warning", max_length=300)
    detail = models.TextField(blank=True)
    currency = models.CharField(max_length=3, blank=True)
    amount_minor = models.BigIntegerField("amount", null=True, blank=True)
    ranked_minor = models.BigIntegerField(
        "amount when it got as bad as this", null=True, blank=True, help_text="Twice of it is worse again."
    )
    due_at = models.DateTimeField("by", null=True, blank=True, help_text="UTC, exclusive.")
    due_words = models.CharField("by, as written", max_length=60, blank=True)
    occurrence = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField("since")
    ranked_at = models.DateTimeField("as bad as this since")
    cleared_at = models.DateTimeField(null=True, blank=True)
    acknowledged_rank = models.PositiveSmallIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_note = models.CharField("what is done about it", max_length=500, blank=True)
    escalated_at = models.DateTimeField("went to the deputy", null=True, blank=True)

    objects: ClassVar[AlertManager] = AlertManager()

    class Meta:
        verbose_name = "warning"
        ordering: ClassVar = ["-ranked_at", "-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "subject"], name="alert_once")]
        indexes: ClassVar = [
            models.Index(fields=["kind", "vendor"], condition=Q(cleared_at=None), name="alert_standing")
        ]

    def __str__(self) -> str:
        return self.headline

    @property
    def is_acknowledged(self) -> bool:
        """Say whether somebody has taken it on since it got as bad as it is."""
        return self.acknowledged_rank >= self.rank


class AlertNotice(models.Model):
    """A warning was told, as bad as it was then, to one reader or to the chat. Insert-only."""

    visible_through: ClassVar = "alert__vendor"

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="notices")
    occurrence = models.PositiveIntegerField()
    rank = models.PositiveSmallIntegerField()
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="notices")
    told_at = models.DateTimeField()

    objects = RegisterManager()

    class Meta:
        verbose_name = "warning that was told"
        verbose_name_plural = "warnings that were told"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "occurrence", "rank", "reader"],
                condition=Q(reader__isnull=False),
                name="alert_told_once",
            ),
            models.UniqueConstraint(
                fields=["alert", "occurrence", "rank"], condition=Q(reader=None), name="alert_told_chat_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert} told to {self.reader or 'chat'}"


class AlertPolicy(Tracked):
    """When warnings are raised and where they go: one row for the house."""

    visible_through: ClassVar = ""
    natural_fields: ClassVar = ("name",)

    name = models.CharField(max_length=60, unique=True, default="house", editable=False)
    hour = models.PositiveSmallIntegerField(
        "daily mail at hour", default=7, help_text="0 to 23: when each reader's warnings go out together."
    )
    zone = models.CharField("time zone", max_length=64, default="UTC", validators=[validate_zone])
    calendar = models.ForeignKey(
        BusinessCalendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose working days are counted. Empty: Monday to Friday.",
    )
    readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name="who reads what has no owner",
        blank=True,
        related_name="+",
        help_text="They get what concerns no vendor, or one that nobody owns. Empty: every administrator.",
    )
    to_chat = models.BooleanField("to the chat too", default=True)
    urgent_hours = models.PositiveSmallIntegerField(
        "told at once with less time left than (hours)",
        default=48,
        help_text="What is more urgent does not wait for the daily mail.",
    )
    at_risk_percent = models.PositiveSmallIntegerField(
        "at risk from (%)", default=75, help_text="So much of the downtime that a level bears is used up."
    )
    open_days = models.PositiveSmallIntegerField(
        "incident open for (days)", default=7, help_text="Longer than this it is asked after."
    )
    unattributed_days = models.PositiveSmallIntegerField("incident without a vendor for (days)", default=2)
    silent_hours = models.PositiveSmallIntegerField("source silent for (hours)", default=72)
    notice_days = models.PositiveSmallIntegerField("before the last day of a notice (days)", default=60)
    escalate_days = models.PositiveSmallIntegerField(
        "to the deputy after (working days)", default=2, help_text="If nobody acknowledges it."
    )

    _history_m2m_fields: ClassVar = ["readers"]

    class Meta:
        verbose_name = "rules for warnings"
        verbose_name_plural = "rules for warnings"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="alertpolicy_hour_of_the_day",
                condition=Q(hour__lte=23),
                violation_error_message="The hour is 0 to 23.",
            ),
            models.CheckConstraint(
                name="alertpolicy_share",
                condition=Q(at_risk_percent__gte=1) & Q(at_risk_percent__lte=100),
                violation_error_message="Write 1 to 100 percent.",
            ),
        ]

    def __str__(self) -> str:
        return "Rules for warnings"
