"""What one line of a service level statement says: the same columns for drafts and revisions."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from sla.engine.facts import Verdict
from sla.engine.terms.credits import Pays
from sla.models.columns import FractionField, enum_column
from vendors.models import RegisterManager


class LineFigures(models.Model):
    """One measured level in one window, with its credit: every figure that a report prints is a column.

    Lengths are microseconds (of all services together), money is minor units of ``currency``.
    ``value``, ``level`` and ``shortfall`` are exact, in ``unit``; the printed forms stand beside them.
    """

    class Status(models.TextChoices):
        """What kind of line it is."""

        STANDING = "standing", "Standing"
        REMOVED = "removed", "No longer part of it"
        PRIOR_PERIOD = "prior_period", "Correction of an earlier period"

    # A number keeps its meaning in all revisions of a statement: `key` is target, window and services.
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=500)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.STANDING)
    target = models.CharField("service level code", max_length=80, blank=True)
    name = models.CharField("service level", max_length=200, blank=True)
    clause = models.TextField(blank=True)
    metric = models.CharField(max_length=30, blank=True)
    window = models.CharField(max_length=30, blank=True)
    window_first_on = models.DateField()
    window_last_on = models.DateField()
    units = models.JSONField("services", default=list, blank=True)
    services = models.CharField("names of the services", max_length=500, blank=True)
    unit = models.CharField(max_length=10, blank=True, help_text="%, us, count or empty.")
    verdict = enum_column(Verdict, default=Verdict.NOT_MEASURABLE)
    missed = models.BooleanField(default=False)
    contested = models.BooleanField(default=False)
    provisional = models.JSONField("open questions", default=list, blank=True)
    level = FractionField("target", null=True, blank=True, max_length=200)
    level_printed = models.CharField("target as printed", max_length=60, blank=True)
    value = FractionField("achieved", null=True, blank=True, max_length=200)
    value_printed = models.CharField("achieved as printed", max_length=60, blank=True)
    shortfall = FractionField(null=True, blank=True, max_length=200)
    shortfall_printed = models.CharField("shortfall as printed", max_length=60, blank=True)
    # The time account; zero for measures that are not time.
    total_us = models.BigIntegerField(default=0)
    up_us = models.BigIntegerField(default=0)
    down_us = models.BigIntegerField(default=0)
    excluded_us = models.BigIntegerField(default=0)
    stopped_us = models.BigIntegerField(default=0)
    not_attributed_us = models.BigIntegerField(default=0)
    uncounted_us = models.BigIntegerField(default=0)
    outside_hours_us = models.BigIntegerField(default=0)
    not_in_service_us = models.BigIntegerField(default=0)
    unknown_us = models.BigIntegerField(default=0)
    counted_us = models.BigIntegerField("counted downtime", default=0)
    excluded_by = models.JSONField("excluded, by clause", default=list, blank=True)
    incidents = models.JSONField(default=list, blank=True)
    # The credit, from its base to what is due.
    pays = enum_column(Pays, default=Pays.MONEY)
    credit_state = models.CharField(max_length=20, blank=True)
    tier = models.CharField("row reached", max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    base_minor = models.BigIntegerField("base", null=True, blank=True)
    before_caps = FractionField(null=True, blank=True, max_length=200, help_text="Exact.")
    before_caps_minor = models.BigIntegerField("before caps", default=0)
    removed = models.JSONField("what limits took", default=list, blank=True)
    due_minor = models.BigIntegerField("credit due, before tax", default=0)
    agreed_minor = models.BigIntegerField("agreed", null=True, blank=True)
    quantity = FractionField("due, where not money", null=True, blank=True, max_length=200)
    # Of a correction of an earlier period: which.
    earlier = models.ForeignKey(
        "sla.Statement", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = RegisterManager()

    class Meta:
        abstract = True

    @property
    def cap_effect_minor(self) -> int:
        """Return what caps and minimums took or gave, in minor units; below zero where they took."""
        return self.due_minor - self.before_caps_minor

    @property
    def contested_minor(self) -> int:
        """Return how much of the credit the vendor's positions would not give."""
        return 0 if self.agreed_minor is None else self.due_minor - self.agreed_minor


def line_constraints(name: str, *, parent: str) -> list[Any]:
    """Return the constraints of a table of lines: numbers and keys once, days in order."""
    return [
        models.UniqueConstraint(fields=[parent, "number"], name=f"{name}_number_once"),
        models.UniqueConstraint(fields=[parent, "key"], name=f"{name}_key_once"),
        models.CheckConstraint(
            name=f"{name}_days_ordered", condition=Q(window_last_on__gte=F("window_first_on"))
        ),
    ]
