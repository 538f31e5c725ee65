"""Announced work: the window, what it touches, and when we were told."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from incidents.models.incidents import FromFeed
from vendors.models import (
    Contract,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Service,
    Span,
    Tracked,
    Vendor,
    sees_all_vendors,
)


class MaintenanceWindowQuerySet(RegisterQuerySet["MaintenanceWindow"]):
    """Announced work."""

    def standing(self) -> Self:
        """Keep those not cancelled: a cancelled notice excludes nothing."""
        return self.filter(cancelled_at=None)

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user manages, and those that touch a service that the user sees."""
        if sees_all_vendors(user):
            return self
        touching = MaintenanceService.objects.all().visible_to(user).values("window")
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | Q(pk__in=touching))

    def overlapping(self, start: datetime, end: datetime) -> Self:
        """Keep those that touch `[start, end)` in UTC."""
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class MaintenanceWindowManager(RegisterManager.from_queryset(MaintenanceWindowQuerySet)):  # type: ignore[misc]
    """Find announced work."""


class MaintenanceWindow(FromFeed):
    """One notice of work: `[starts_at, ends_at)` in UTC, as announced."""

    visible_through: ClassVar = "vendor"
    natural_fields: ClassVar = ("vendor__slug", "reference")
    quiet_fields: ClassVar = frozenset({"title", "evidence", "feed_said"})

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="maintenance_windows")
    reference = models.CharField(max_length=120, help_text="The vendor's number for the notice.")
    title = models.CharField(max_length=250, blank=True)
    starts_at = models.DateTimeField("announced from")
    ends_at = models.DateTimeField("announced until")
    noticed_at = models.DateTimeField(
        "told us at",
        null=True,
        blank=True,
        help_text="When the notice reached us. Contracts ask for hours or days before.",
    )
    # Filled by feeds: what its sender claims, and what we know.
    stated_at = models.DateTimeField("sent, as its sender states", null=True, blank=True, editable=False)
    received_at = models.DateTimeField("first seen here", null=True, blank=True, editable=False)
    emergency = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    actual_started_at = models.DateTimeField("work began", null=True, blank=True)
    actual_ended_at = models.DateTimeField("work ended", null=True, blank=True)
    source = models.CharField(
        max_length=80, blank=True, help_text="The feed it came from; empty when typed in."
    )
    evidence = models.TextField(blank=True)

    objects: ClassVar[MaintenanceWindowManager] = MaintenanceWindowManager()

    class Meta:
        verbose_name = "announced maintenance"
        verbose_name_plural = "announced maintenance"
        ordering: ClassVar = ["-starts_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["vendor", "reference"],
                name="maintenance_reference_once",
                violation_error_message="This vendor already has a notice with that reference: edit it.",
            ),
            models.CheckConstraint(
                name="maintenance_times_ordered",
                condition=Q(ends_at__gte=F("starts_at")),
                violation_error_message="The window ends before it begins. Swap the two times.",
            ),
            models.CheckConstraint(
                name="maintenance_actual_ordered",
                condition=Q(actual_started_at=None)
                | Q(actual_ended_at=None)
                | Q(actual_ended_at__gte=F("actual_started_at")),
                violation_error_message="The work ended before it began. Swap the two times.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contracts of the services that it touches."""
        return (
            Contract.objects.filter(services__maintenance__window=self).distinct()
            if not self._state.adding
            else ()
        )

    def touched_span(self) -> Span:
        """Return the announced time and the time of the work itself."""
        begins = [self.starts_at, *filter(None, [self.actual_started_at])]
        return Span(min(begins), max([self.ends_at, *filter(None, [self.actual_ended_at])]))


class MaintenanceService(Tracked):
    """One service that one window touches."""

    visible_through: ClassVar = "service__contract__vendor"

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.PROTECT, related_name="services")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="maintenance")

    class Meta:
        verbose_name = "service touched"
        verbose_name_plural = "services touched"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["window", "service"],
                name="maintenance_service_once",
                violation_error_message="This service is already listed for the window.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} in {self.window.reference}"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the service."""
        return (self.service.contract,)

    def touched_span(self) -> Span:
        """Return the time of the window."""
        return self.window.touched_span()
