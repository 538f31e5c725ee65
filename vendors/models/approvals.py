"""Requests for a second person: what somebody asked for, and what another person decided."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from vendors.models.contracts import Contract
from vendors.models.parties import Vendor
from vendors.models.tracked import Reader, RegisterManager, RegisterQuerySet, sees_all_vendors


class ApprovalQuerySet(RegisterQuerySet["Approval"]):
    """Requests, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep the user's own, those on contracts and vendors that the user sees, and those on neither."""
        if sees_all_vendors(user):
            return self
        if not user.is_active:
            return self.none()
        contracts = Contract.objects.all().visible_to(user)
        vendors = Vendor.objects.all().visible_to(user)
        anywhere = Q(contract=None) & (Q(vendor=None) | Q(vendor__in=vendors))
        return self.filter(Q(contract__in=contracts) | anywhere | Q(asked_by=user.pk))

    def waiting(self) -> Self:
        """Keep those that nobody has decided yet."""
        return self.filter(decision=Approval.Decision.OPEN)


class ApprovalManager(RegisterManager.from_queryset(ApprovalQuerySet)):  # type: ignore[misc]
    """Find requests."""


class Approval(models.Model):
    """One request for a second person: written once, then decided once."""

    class Decision(models.TextChoices):
        """What became of it."""

        OPEN = "open", "Waiting"
        APPROVED = "approved", "Approved and done"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        OVERTAKEN = "overtaken", "Overtaken by a change"

    visible_through: ClassVar = "contract__vendor"

    act = models.CharField(max_length=40)
    model = models.CharField(max_length=100, help_text="What kind of record it is about: app and model.")
    row = models.BigIntegerField(null=True, blank=True, help_text="Its key; empty for one yet to be made.")
    subject = models.CharField("about", max_length=300)
    key = models.CharField(max_length=300, help_text="Of one key and act only one request waits.")
    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals"
    )
    contract = models.ForeignKey(
        Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals"
    )
    asked = models.JSONField(default=dict, blank=True)
    effect = models.TextField("what it does")
    fingerprint = models.CharField(max_length=64, help_text="Of the records as they were when it was asked.")
    why = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField("state", max_length=10, choices=Decision.choices, default=Decision.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    objects: ClassVar[ApprovalManager] = ApprovalManager()

    class Meta:
        verbose_name = "request for a second person"
        verbose_name_plural = "requests for a second person"
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["act", "key"],
                condition=Q(decision="open"),
                name="approval_waits_once",
                violation_error_message="The same is waiting for a second person already.",
            ),
            models.CheckConstraint(
                name="approval_by_another",
                condition=~Q(decision__in=("approved", "refused")) | ~Q(decided_by=models.F("asked_by")),
                violation_error_message="Another person than who asked decides.",
            ),
            models.CheckConstraint(
                name="approval_decided_whole",
                condition=Q(decision="open", decided_by=None, decided_at=None)
                | (~Q(decision="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_open(self) -> bool:
        """Say whether it still waits."""
        return self.decision == self.Decision.OPEN
