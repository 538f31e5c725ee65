"""Addresses of other systems that hear of what happens here, and how sending to them goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from vendors.models import (
    LegalEntity,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Tracked,
    Vendor,
    sees_all_vendors,
)


class Event(models.TextChoices):
    """What other systems may hear of. A name never changes its meaning."""

    LEVEL_MISSED = "level.missed", "A service level is missed"
    STATEMENT_FINALISED = "statement.finalised", "A service level statement is finalised"
    STATEMENT_CORRECTED = "statement.corrected", "A finalised one is corrected"
    CLAIM_DUE = "claim.due", "A claim is due to be sent"
    CLAIM_MOVED = "claim.moved", "A claim moves on"


def all_events() -> list[str]:
    """Return every event."""
    return list(Event.values)


class WebhookTargetQuerySet(RegisterQuerySet["WebhookTarget"]):
    """Targets, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user manages and of companies that the user reads."""
        if sees_all_vendors(user):
            return self
        of_company = Q(entity__in=LegalEntity.objects.all().read_by(user), vendor=None)
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | of_company)

    def switched_off(self) -> Self:
        """Keep those that were switched off because they took nothing."""
        return self.filter(is_active=False, state__failing_since__isnull=False)

    def hearing(self, event: str, *, entity: int, vendor: int) -> list[WebhookTarget]:
        """Return the active ones that want an event of a contract of this company and this vendor."""
        company, seller = Q(entity=None) | Q(entity=entity), Q(vendor=None) | Q(vendor=vendor)
        rows = self.filter(company, seller, is_active=True).order_by("pk")
        return [row for row in rows if event in row.events]


class WebhookTargetManager(RegisterManager.from_queryset(WebhookTargetQuerySet)):  # type: ignore[misc]
    """Find targets."""


class WebhookTarget(Tracked):
    """One address that is told. What it is signed with is made from `seed` and RECOURSE_SECRET_KEY."""

    visible_through: ClassVar = "vendor"
    natural_fields: ClassVar = ("code",)

    code = models.SlugField(max_length=60, unique=True, help_text="Short name, such as ticketing.")
    url = models.CharField(
        "address", max_length=320, help_text="Begins with https:// and is reached from the internet."
    )
    events = models.JSONField("hears of", default=all_events)
    entity = models.ForeignKey(
        LegalEntity,
        verbose_name="only of our company",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="webhooks",
        help_text="Empty: of all.",
    )
    vendor = models.ForeignKey(
        Vendor,
        verbose_name="only of vendor",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="webhooks",
        help_text="Empty: of all.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="who is told when it fails",
        on_delete=models.PROTECT,
        related_name="+",
    )
    is_active = models.BooleanField("is sent to", default=True)
    seed = models.CharField(max_length=64, editable=False)
    earlier_seed = models.CharField(max_length=64, blank=True, editable=False)
    earlier_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[WebhookTargetManager] = WebhookTargetManager()

    class Meta:
        verbose_name = "webhook"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Refuse events that there are not, and a target that hears of none."""
        known = all_events()
        if not isinstance(self.events, Sequence) or isinstance(self.events, str) or not self.events:
            raise ValidationError({"events": "Choose at least one event."})
        odd = [each for each in self.events if each not in known]
        if odd:
            raise ValidationError({"events": f"{odd[0]!r} is no event. Known are: {', '.join(known)}."})


class WebhookState(models.Model):
    """How sending to a target goes: a mark, not a record."""

    visible_through: ClassVar = "target__vendor"

    target = models.OneToOneField(WebhookTarget, on_delete=models.CASCADE, related_name="state")
    failing_since = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField("last taken", null=True, blank=True)
    error = models.TextField("what it said last", blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "how a webhook goes"
        verbose_name_plural = "how webhooks go"

    def __str__(self) -> str:
        return f"{self.target}: {'fails' if self.failing_since else 'works'}"
