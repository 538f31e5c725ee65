"""Scheduled runs: each is a row, unique by kind, subject and period, and done once."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from sla.models.agreements import ServiceLevelAgreement
from sla.models.mailings import ReportSchedule
from vendors.models import (
    Approval,
    Contract,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Vendor,
    sees_all_vendors,
)


class DutyQuerySet(RegisterQuerySet["Duty"]):
    """Scheduled runs, narrowed by what is to be done with them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user may see; those of the whole house only for who sees all."""
        if sees_all_vendors(user):
            return self
        of_contract = Q(agreement__contract__in=Contract.objects.visible_to(user))
        return self.filter(of_contract | Q(vendor__in=Vendor.objects.managed_by(user)))

    def open(self) -> Self:
        """Keep those that are not done and not given up."""
        return self.filter(state__in=Duty.OPEN)

    def claimable(self, *, now: object) -> Self:
        """Keep those that may be begun at a UTC instant: due, or left behind by a worker that is gone.

        A period is closed only after the earlier ones of its schedule.
        """
        earlier = Duty.objects.open().filter(
            kind=Duty.Kind.CLOSE, agreement=OuterRef("agreement"), ends_on__lt=OuterRef("ends_on")
        )
        due = Q(state=Duty.State.DUE, next_at__lte=now)
        left = Q(state=Duty.State.RUNNING, lease_until__lte=now)
        return self.filter(due | left).exclude(Q(kind=Duty.Kind.CLOSE) & Exists(earlier))


class DutyManager(RegisterManager.from_queryset(DutyQuerySet)):  # type: ignore[misc]
    """Find scheduled runs."""


class Duty(models.Model):
    """One run that is due once. Its period is its own, whenever it is done.

    `token` names the worker that holds it until `lease_until`: only that one may finish it.
    """

    class Kind(models.TextChoices):
        """What is to be done, the most pressing first."""

        REFRESH = "refresh", "Bring drafts up to date"
        CLOSE = "close", "Close a period"
        LOOK = "look", "Look for warnings"
        REPORT = "report", "Start a report's mails"
        MAIL = "mail", "Write one reader's mail"
        DIGEST = "digest", "Send warnings"
        PROBE = "probe", "Ask a probe"
        IMPORT = "import", "Import a file"
        FETCH = "fetch", "Fetch a feed"

    class State(models.TextChoices):
        """Where it stands."""

        DUE = "due", "Due"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN: ClassVar = (State.DUE, State.RUNNING)
    visible_through: ClassVar = "agreement__contract__vendor"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField("of", max_length=120)
    period = models.CharField(max_length=30, blank=True)
    agreement = models.ForeignKey(
        ServiceLevelAgreement,
        verbose_name="SLA schedule",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="duties",
    )
    schedule = models.ForeignKey(
        ReportSchedule,
        verbose_name="report schedule",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="duties",
    )
    vendor = models.ForeignKey(Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="duties")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ends_on = models.DateField("last day of the period", null=True, blank=True)
    due_at = models.DateTimeField("due", help_text="UTC.")
    next_at = models.DateTimeField("next try", help_text="UTC.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField("what came of it", blank=True)
    error = models.TextField("why it failed", blank=True)

    objects: ClassVar[DutyManager] = DutyManager()

    class Meta:
        verbose_name = "scheduled run"
        ordering: ClassVar = ["-due_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject", "period"], name="duty_once"),
            models.CheckConstraint(
                name="duty_held_while_running",
                condition=~Q(state="running") | (~Q(token="") & Q(lease_until__isnull=False)),  # nosec B106
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(state="due"), name="duty_due"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="duty_held"),
            models.Index(fields=["agreement", "kind", "state", "ends_on"], name="duty_of_schedule"),
            models.Index(fields=["-finished_at"], name="duty_finished"),
            models.Index(fields=["state", "kind"], name="duty_counted"),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.get_kind_display(), self.subject, self.period) if part)


class Heartbeat(models.Model):
    """When a part of the machinery last worked: silence is noticed by its age."""

    class Part(models.TextChoices):
        """Who beats."""

        SWEEP = "sweep", "Writing down what is due"
        WORK = "work", "Doing what is due"
        DELIVER = "deliver", "Handing over messages"

    name = models.CharField(max_length=20, primary_key=True, choices=Part.choices)
    beat_at = models.DateTimeField()
    lasted_us = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.beat_at:%Y-%m-%d %H:%M:%S} UTC"


class RequestNotice(models.Model):
    """That people were written to about a request for a second person: when asked, and when decided."""

    class Kind(models.TextChoices):
        """What they were told."""

        ASKED = "asked", "It waits"
        DECIDED = "decided", "What became of it"

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    told_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["approval", "kind"], name="request_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.approval}: {self.get_kind_display()}"
