"""What a contract costs. A new price is a new row, never an edit of the old one."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from vendors.models.contracts import CODE, Contract
from vendors.models.money import money_text
from vendors.models.parties import Account
from vendors.models.services import Service
from vendors.models.tracked import Span, Tracked
from vendors.models.zones import midnight

BILLED = Q(kind="billed")
PRICED_THAT_DAY = "This fee already has a price from that day. Correct that row, or choose another day."
BILLED_ALREADY = "This invoice already has a line for this fee and period."


class Charge(Tracked):
    """A dated fee: it holds until the next row of its (contract, service, code), or the contract's end."""

    class Kind(models.TextChoices):
        """How the amount comes about."""

        RECURRING = "recurring", "Recurring"
        USAGE = "usage", "Usage-based (provisional until billed)"
        ONE_TIME = "one_time", "One-time"
        BILLED = "billed", "Billed: the actual amount of a period"
        DISCOUNT = "discount", "Discount"

    class Every(models.TextChoices):
        """How often it is due."""

        ONCE = "once", "Once"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"

    class MonthBy(models.TextChoices):
        """How a month of an amount paid in advance is found."""

        TWELFTH = "twelfth", "Equal months (a twelfth of a year, a third of a quarter)"
        DAYS = "days", "By days of the month in the paid period"

    visible_through = "contract__vendor"
    natural_fields = (
        "contract__reference",
        "service__code",
        "code",
        "kind",
        "effective_from",
        "invoice_number",
    )
    quiet_fields = frozenset({"purchase_order", "account"})

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="charges")
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="charges",
        help_text="Empty: it is for the whole contract.",
    )
    code = models.CharField(
        max_length=60, validators=[CODE], help_text="Same code = same fee at another price."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.RECURRING)
    amount_minor = models.BigIntegerField(
        "amount",
        help_text="In the contract's minor units (cents), before tax. Enter a discount without a sign.",
    )
    every = models.CharField(max_length=8, choices=Every.choices, default=Every.MONTH)
    month_by = models.CharField(
        "a month of it", max_length=8, choices=MonthBy.choices, default=MonthBy.TWELFTH
    )
    effective_from = models.DateField(
        blank=True, help_text="First day of this price. It holds until the next row with the same code."
    )
    period_from = models.DateField("billed from", null=True, blank=True)
    period_until = models.DateField(
        "billed until", null=True, blank=True, help_text="First day after the period."
    )
    invoice_number = models.CharField(max_length=100, blank=True)
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="charges"
    )
    purchase_order = models.CharField(max_length=100, blank=True)
    included_in_base = models.BooleanField(
        "counts for credits", default=True, help_text="Untick what no credit is ever a percentage of."
    )

    class Meta:
        verbose_name = "fee"
        ordering = ["contract_id", "code", "effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "code", "effective_from"],
                condition=Q(service__isnull=True) & ~BILLED,
                name="charge_contract_dated_once",
                violation_error_message=PRICED_THAT_DAY,
            ),
            models.UniqueConstraint(
                fields=["contract", "service", "code", "effective_from"],
                condition=Q(service__isnull=False) & ~BILLED,
                name="charge_service_dated_once",
                violation_error_message=PRICED_THAT_DAY,
            ),
            models.UniqueConstraint(
                fields=["contract", "code", "period_from", "invoice_number"],
                condition=Q(service__isnull=True) & BILLED,
                name="charge_contract_billed_once",
                violation_error_message=BILLED_ALREADY,
            ),
            models.UniqueConstraint(
                fields=["contract", "service", "code", "period_from", "invoice_number"],
                condition=Q(service__isnull=False) & BILLED,
                name="charge_service_billed_once",
                violation_error_message=BILLED_ALREADY,
            ),
            models.CheckConstraint(
                name="charge_amount_not_negative",
                condition=Q(amount_minor__gte=0),
                violation_error_message="An amount is never negative. A discount is a fee of kind Discount.",
            ),
            models.CheckConstraint(
                name="charge_every_fits_kind",
                condition=Q(kind="one_time", every="once")
                | Q(kind__in=["recurring", "usage"], every__in=["month", "quarter", "year"])
                | Q(kind__in=["billed", "discount"]),
                violation_error_message="A one-time fee is due once;"
                " a recurring or usage-based fee every month, quarter or year.",
            ),
            models.CheckConstraint(
                name="charge_billed_has_invoice",
                condition=(
                    BILLED
                    & Q(period_from__isnull=False)
                    & Q(period_until__isnull=False)
                    & Q(period_until__gt=F("period_from"))
                    & ~Q(invoice_number="")
                    & Q(effective_from=F("period_from"))
                )
                | (
                    ~BILLED
                    & Q(period_from__isnull=True)
                    & Q(period_until__isnull=True)
                    & Q(invoice_number="")
                ),
                violation_error_message="A billed amount needs its invoice number and its period;"
                " other fees have neither.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount_text()} from {self.effective_from}"

    def amount_text(self) -> str:
        """Write the amount in the contract's currency."""
        return money_text(self.amount_minor, currency=self.contract.currency)

    def clean(self) -> None:
        """Fill the day of a billed amount; refuse a service or account from elsewhere."""
        if self.kind == self.Kind.BILLED and self.period_from is not None:
            self.effective_from = self.period_from
        problems = self._foreign_problems()
        # The field may be left empty for a billed amount only.
        if not self.effective_from:
            problems["effective_from"] = "Enter the first day of this price."
        if problems:
            raise ValidationError(problems)

    def _foreign_problems(self) -> dict[str, str]:
        # A form may come here without a contract: that is its own message.
        if not self.contract_id:
            return {}
        problems: dict[str, str] = {}
        service, account = self.service, self.account
        if service is not None and service.contract_id != self.contract_id:
            problems["service"] = (
                f"Service {service.code} belongs to another contract. Choose one of this contract."
            )
        if account is not None and account.vendor_id != self.contract.vendor_id:
            problems["account"] = (
                f"Account {account.number} belongs to another vendor. Choose one of this vendor."
            )
        return problems

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract that it is charged under."""
        return (self.contract,)

    def touched_span(self) -> Span:
        """Return the time from its first day on; of a billed amount, its period."""
        zone = self.contract.zone
        end = midnight(self.period_until, zone=zone) if self.period_until is not None else None
        return Span(midnight(self.effective_from, zone=zone), end)


class CostShare(Tracked):
    """The part of a fee that one cost centre bears; the shares of a fee sum to 100 percent."""

    visible_through = "charge__contract__vendor"

    charge = models.ForeignKey(
        Charge, verbose_name="fee", on_delete=models.PROTECT, related_name="cost_shares"
    )
    cost_centre = models.CharField(max_length=60)
    percent = models.DecimalField(max_digits=7, decimal_places=4)

    class Meta:
        verbose_name = "cost centre share"
        ordering = ["charge_id", "cost_centre"]
        constraints = [
            models.UniqueConstraint(
                fields=["charge", "cost_centre"],
                name="cost_share_once",
                violation_error_message="This cost centre already has a share of this fee.",
            ),
            models.CheckConstraint(
                name="cost_share_is_a_part",
                condition=Q(percent__gt=0) & Q(percent__lte=100),
                violation_error_message="A share is more than 0 and at most 100 percent.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % {self.cost_centre}"
