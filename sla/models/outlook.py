"""How far a running period still is from a miss, and a pattern from being complete."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models

from sla.models.statements import Statement
from vendors.models import RegisterManager


class Outlook(models.Model):
    """One service level of a draft that still runs: what is left of it. Replaced with the draft.

    A level of which nothing is used up and that is not missed has none. `key` is that of its draft line;
    `used_us` is the downtime that counts so far, `room_us` what may still come without a worse row;
    `next_minor` is the credit that follows then, in minor units of `currency`.
    """

    visible_through: ClassVar = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement, verbose_name="service level statement", on_delete=models.CASCADE, related_name="outlooks"
    )
    key = models.CharField(max_length=500)
    target = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    window = models.CharField(max_length=30)
    services = models.CharField(max_length=500)
    level_printed = models.CharField(max_length=60)
    best_printed = models.CharField(max_length=60)
    worst_printed = models.CharField(max_length=60)
    used_us = models.BigIntegerField(default=0)
    room_us = models.BigIntegerField(null=True)
    missed = models.BooleanField(default=False)
    irreversible = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    due_minor = models.BigIntegerField(default=0)
    next_minor = models.BigIntegerField(null=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "outlook of a service level"
        verbose_name_plural = "outlooks of service levels"
        ordering: ClassVar = ["statement", "pk"]

    def __str__(self) -> str:
        return f"{self.statement}: {self.name} ({self.services})"


class PatternCount(models.Model):
    """How far a repeated failure has come by a statement's draft. Replaced with the draft.

    `counted` and `needed` are in `unit`: a count, `us` (microseconds) or points.
    """

    visible_through: ClassVar = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement, verbose_name="service level statement", on_delete=models.CASCADE, related_name="patterns"
    )
    code = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    about = models.CharField(max_length=500, blank=True)
    counted = models.BigIntegerField()
    needed = models.BigIntegerField()
    unit = models.CharField(max_length=10)
    reached = models.BooleanField(default=False)
    opens = models.CharField(max_length=200, blank=True)
    notice_on = models.DateField("advice by", null=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "count of a repeated failure"
        verbose_name_plural = "counts of repeated failures"
        ordering: ClassVar = ["statement", "pk"]

    def __str__(self) -> str:
        return f"{self.statement}: {self.name} {self.counted} of {self.needed}"

    @property
    def is_one_short(self) -> bool:
        """Say whether one more event completes it."""
        return not self.reached and self.unit == "count" and self.needed - self.counted == 1

    @property
    def act_by(self) -> date | None:
        """Return the last day for advice, where the pattern is complete."""
        return self.notice_on if self.reached else None
