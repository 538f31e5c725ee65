"""What came from the vendor, and the exchange rates that it was read with."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sla.models.claims import Claim
from sla.models.columns import FractionField
from vendors.models import (
    Account,
    LegalEntity,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Vendor,
    sees_all_vendors,
    validate_currency,
)


class CreditReceivedQuerySet(RegisterQuerySet["CreditReceived"]):
    """Credits received, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user manages, and those given to a company that the user reads."""
        if sees_all_vendors(user):
            return self
        of_company = Q(entity__in=LegalEntity.objects.all().read_by(user))
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | of_company)


class CreditReceivedManager(RegisterManager.from_queryset(CreditReceivedQuerySet)):  # type: ignore[misc]
    """Find credits received."""


class CreditReceived(models.Model):
    """A credit note, an invoice line, a payment, days added: what the vendor really gave. Insert-only.

    Amounts are minor units of `currency`; only the amount before tax is matched to claims.
    """

    class Kind(models.TextChoices):
        """How it came."""

        CREDIT_NOTE = "credit_note", "Credit note"
        INVOICE_LINE = "invoice_line", "Line on an invoice"
        PAYMENT = "payment", "Payment"
        SHORT_PAYMENT = "short_payment", "Short payment (set off against an invoice)"
        TERM_EXTENDED = "term_extended", "Days added to a term"
        FEE_NOT_CHARGED = "fee_not_charged", "Fee not charged"

    class Mark(models.TextChoices):
        """What the vendor said that it settles."""

        NONE = "", "Nothing said"
        ON_ACCOUNT = "on_account", "On account"
        GOODWILL = "goodwill", "Goodwill, without admitting anything"
        FULL_AND_FINAL = "full_and_final", "In full and final, for everything"

    visible_through = "vendor"

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="credits_received")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="credits_received")
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="credits_received"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    mark = models.CharField(max_length=20, choices=Mark.choices, blank=True, default=Mark.NONE)
    document = models.CharField("number of the document", max_length=100)
    received_on = models.DateField()
    tax_point = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, validators=[validate_currency])
    net_minor = models.BigIntegerField("before tax", default=0)
    tax_minor = models.BigIntegerField("tax", default=0)
    total_minor = models.BigIntegerField("total", default=0)
    quantity = FractionField("days or hours", null=True, blank=True, max_length=60)
    note = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[CreditReceivedManager] = CreditReceivedManager()

    class Meta:
        verbose_name = "credit received"
        verbose_name_plural = "credits received"
        ordering = ["-received_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "document", "kind"],
                name="receipt_document_once",
                violation_error_message="This document is recorded already. Match what is left of it.",
            ),
            models.CheckConstraint(
                name="receipt_total_is_sum",
                condition=Q(total_minor=F("net_minor") + F("tax_minor")),
                violation_error_message="Total is not the amount before tax plus tax. Correct one of them.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.document}"


class ExchangeRate(models.Model):
    """What one unit of `base` was worth in `quote` on a day, by a source. Insert-only."""

    visible_through = ""

    on = models.DateField()
    base = models.CharField(max_length=3, validators=[validate_currency])
    quote = models.CharField(max_length=3, validators=[validate_currency])
    rate = models.DecimalField(max_digits=15, decimal_places=8)
    source = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RegisterManager()

    class Meta:
        verbose_name = "exchange rate"
        ordering = ["-on", "base", "quote"]
        constraints = [
            models.UniqueConstraint(fields=["on", "base", "quote", "source"], name="rate_once"),
            models.CheckConstraint(name="rate_positive", condition=Q(rate__gt=0)),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote} on {self.on} ({self.source})"


class CreditMatch(models.Model):
    """Which part of a credit received answers which claim. Insert-only: undone by a row that takes it back.

    `received_minor` is in the receipt's currency, `claim_minor` in the claim's; between two currencies
    `rate` says how one became the other, and what differs from the rate of the claim is an exchange
    difference in the register.
    """

    visible_through = "claim__contract__vendor"

    received = models.ForeignKey(CreditReceived, on_delete=models.PROTECT, related_name="matches")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="matches")
    received_minor = models.BigIntegerField(default=0)
    claim_minor = models.BigIntegerField(default=0)
    quantity = FractionField(null=True, blank=True, max_length=60)
    rate = models.ForeignKey(ExchangeRate, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "matched credit"
        verbose_name_plural = "matched credits"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.received} for {self.claim}"
