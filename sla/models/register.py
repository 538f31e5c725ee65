"""The credit register: one row for everything that changes what a vendor owes us."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from sla.engine.terms.credits import CapPeriod
from sla.models.claims import Claim, ClaimMove, ServiceCredit
from sla.models.columns import FractionField, enum_column
from sla.models.receipts import CreditMatch
from vendors.models import CODE, Contract, LegalEntity, RegisterManager, Tracked, Vendor


class PostingPolicy(Tracked):
    """How one of our companies keeps its books of credits."""

    class Recognition(models.TextChoices):
        """From when on a credit stands in the books; before, it is a memo."""

        FINALISED = "finalised", "From the finalised service level statement"
        SUBMITTED = "submitted", "From submission"
        ACCEPTED = "accepted", "From acceptance by the vendor"
        RECEIVED = "received", "When it is received"

    visible_through = "entity"
    natural_fields = ("entity__code",)

    entity = models.OneToOneField(LegalEntity, on_delete=models.PROTECT, related_name="posting_policy")
    recognition = models.CharField(
        "recognised", max_length=12, choices=Recognition.choices, default=Recognition.ACCEPTED
    )
    receivable_account = models.CharField("account of credits to come", max_length=60, blank=True)
    cost_account = models.CharField("account of the cost that they reduce", max_length=60, blank=True)
    payable_account = models.CharField("account that receipts go to", max_length=60, blank=True)
    loss_account = models.CharField("account of write-offs", max_length=60, blank=True)
    exchange_account = models.CharField("account of exchange differences", max_length=60, blank=True)
    hold_below_minor = models.PositiveBigIntegerField(
        "corrections below this wait for the next period",
        default=0,
        help_text="In the contract's minor units; 0 makes a new revision for each.",
    )

    class Meta:
        verbose_name = "posting policy"
        verbose_name_plural = "posting policies"
        ordering = ["entity"]

    def __str__(self) -> str:
        return str(self.entity)


class PeriodClose(models.Model):
    """A company's books are closed for all months before a day. Insert-only, and only ever later."""

    visible_through = "entity"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="period_closes")
    open_from = models.DateField(help_text="First day of the first month that is still open.")
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "closed month"
        ordering = ["entity", "open_from"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "open_from"], name="close_once"),
            models.CheckConstraint(name="close_on_first_of_month", condition=Q(open_from__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.entity} closed before {self.open_from}"


class RegisterEntry(models.Model):
    """One movement of what a vendor owes us. Insert-only; the sum of all is what is still owed.

    `amount_minor` changes the balance, `recognised_minor` the part of it that stands in the books (the
    rest is a memo). `unit` is an ISO currency, or days, hours or fees with the figure in `quantity`.
    """

    class Kind(models.TextChoices):
        """What moved."""

        NEW = "new", "New credit"
        ADJUSTMENT = "adjustment", "Adjustment"
        EARN_BACK = "earn_back", "Earned back"
        RECOGNISED = "recognised", "Recognised"
        RECEIVED = "received", "Received"
        REJECTED = "rejected", "Rejected, and we accept that"
        NOT_PURSUED = "not_pursued", "Not pursued"
        LAPSED = "lapsed", "Lapsed, never claimed"
        WRITTEN_OFF = "written_off", "Written off"
        EXCHANGE = "exchange", "Exchange difference"

    visible_through = "contract__vendor"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="register_entries")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="entries")
    credit = models.ForeignKey(
        ServiceCredit, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    move = models.ForeignKey(
        ClaimMove, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    match = models.ForeignKey(
        CreditMatch, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    unit = models.CharField(max_length=10)
    amount_minor = models.BigIntegerField(default=0)
    recognised_minor = models.BigIntegerField(default=0)
    quantity = FractionField(null=True, blank=True, max_length=200)
    service_first_on = models.DateField(null=True, blank=True)
    service_last_on = models.DateField(null=True, blank=True)
    posting_month = models.DateField(help_text="First day of the month in whose books it stands.")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "register entry"
        verbose_name_plural = "credit register"
        ordering = ["posting_month", "pk"]
        indexes = [models.Index(fields=["entity", "posting_month"]), models.Index(fields=["claim", "kind"])]
        constraints = [
            models.CheckConstraint(name="entry_on_first_of_month", condition=Q(posting_month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.unit} {self.posting_month:%Y-%m}"


class SharedCap(Tracked):
    """A cap over several SLA schedules: all of one contract and of the papers under it."""

    visible_through = "contract__vendor"
    natural_fields = ("contract__reference", "code")

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="shared_caps")
    code = models.CharField(max_length=80, validators=[CODE])
    name = models.CharField(max_length=200, blank=True)
    amount_minor = models.BigIntegerField("at most")
    period = enum_column(CapPeriod, default=CapPeriod.YEAR, help_text="How long one room lasts.")
    clause = models.TextField(blank=True)
    effective_from = models.DateField()
    effective_until = models.DateField(null=True, blank=True, help_text="First day without it.")

    class Meta:
        verbose_name = "cap over several SLA schedules"
        verbose_name_plural = "caps over several SLA schedules"
        ordering = ["contract", "code"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "code"], name="shared_cap_once"),
            models.CheckConstraint(name="shared_cap_positive", condition=Q(amount_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.contract.reference} {self.name or self.code}"

    def clean(self) -> None:
        """Refuse a window that has no room of its own between statements."""
        if self.period in (CapPeriod.EVENT, CapPeriod.WINDOW):
            raise ValidationError(
                {"period": "A cap over several schedules needs a month, quarter, year or term of its own."}
            )

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract and all papers under it."""
        found, level = [self.contract], [self.contract]
        while level:
            level = list(Contract.objects.filter(parent__in=level).exclude(pk__in=[c.pk for c in found]))
            found += level
        return found
