"""Contracts and how they hang together."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from vendors.models.money import validate_currency
from vendors.models.parties import CURRENCY_SHAPE, Account, LegalEntity, Vendor
from vendors.models.tracked import Reader, RegisterManager, RegisterQuerySet, Tracked, sees_all_vendors
from vendors.models.zones import validate_zone

CODE = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
    "Use letters, digits, dots, hyphens and underscores only, and begin with a letter or a digit.",
)


class ContractQuerySet(RegisterQuerySet["Contract"]):
    """Contracts, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user manages, and those that a company of the user's may use."""
        if sees_all_vendors(user):
            return self
        if not user.is_active:
            return self.none()
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | _read_by(user.pk))

    def read_by(self, user: Reader) -> Self:
        """Keep those that a company signed, or may use, whose contracts the user reads."""
        return self.filter(_read_by(user.pk)) if user.is_active else self.none()


def _read_by(key: int) -> Q:
    companies = LegalEntity.readers.through.objects.filter(user_id=key).values("legalentity")
    used = Contract.entities.through.objects.filter(legalentity__in=companies).values("contract")
    return Q(entity__in=companies) | Q(pk__in=used)


class ContractManager(RegisterManager.from_queryset(ContractQuerySet)):  # type: ignore[misc]
    """Find contracts by reference."""


class Contract(Tracked):
    """One signed paper: a master agreement, an order under it, an exhibit, an amendment."""

    class Relation(models.TextChoices):
        """What this paper is, beside its parent."""

        MASTER = "master", "Master agreement"
        ORDER = "order", "Order"
        SLA_EXHIBIT = "sla_exhibit", "SLA exhibit"
        AMENDMENT = "amendment", "Amendment"
        ASSIGNMENT = "assignment", "Assignment"

    class Renewal(models.TextChoices):
        """What happens when the term ends."""

        FIXED = "fixed", "Fixed: it ends"
        AUTOMATIC = "automatic", "Automatic: it renews unless notice is given"
        EVERGREEN = "evergreen", "Evergreen: it runs until notice is given"

    visible_through = "vendor"
    natural_fields = ("reference",)
    quiet_fields = frozenset({"notes"})

    reference = models.CharField(
        max_length=80,
        unique=True,
        validators=[CODE],
        help_text="Our number for it; it prints on every statement.",
    )
    name = models.CharField(max_length=200)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="contracts")
    account = models.ForeignKey(
        Account,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contracts",
        help_text="The customer number that its invoices carry.",
    )
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        help_text="The agreement that this paper stands under.",
    )
    relation = models.CharField(
        "what it is", max_length=20, choices=Relation.choices, default=Relation.MASTER
    )
    precedence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 governs first where papers of one family differ."
    )
    precedence_clause = models.TextField(blank=True, help_text="The clause that says so, in its own words.")
    entity = models.ForeignKey(
        LegalEntity,
        verbose_name="signed by",
        on_delete=models.PROTECT,
        related_name="signed_contracts",
        help_text="Which of our companies signed.",
    )
    entities = models.ManyToManyField(
        LegalEntity,
        verbose_name="may be used by",
        blank=True,
        related_name="usable_contracts",
        help_text="Our other companies that may use it.",
    )
    currency = models.CharField(
        max_length=3,
        validators=[validate_currency],
        help_text="Currency of its fees and credits, such as EUR.",
    )
    zone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text="Where its months begin: America/New_York, or a fixed offset such as UTC-05:00.",
    )
    signed_on = models.DateField(null=True, blank=True)
    effective_from = models.DateField(help_text="First day of the term.")
    effective_until = models.DateField(
        null=True, blank=True, help_text="First day after the term. Empty: no end agreed."
    )
    renewal = models.CharField(max_length=10, choices=Renewal.choices, default=Renewal.FIXED)
    renewal_months = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Length of each renewed term, in months."
    )
    notice_days = models.PositiveSmallIntegerField(
        "notice", null=True, blank=True, help_text="Days of notice before the term ends."
    )
    uplift_percent = models.DecimalField(
        "uplift",
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Rise of the fees on renewal, in percent.",
    )
    document = models.FileField(upload_to="contracts/", blank=True, help_text="The signed paper.")
    live_from = models.DateField(
        "go-live here",
        null=True,
        blank=True,
        help_text="Earlier periods are brought forward, never recalculated.",
    )
    notes = models.TextField(blank=True)

    objects: ClassVar[ContractManager] = ContractManager()
    _history_m2m_fields = ["entities"]

    class Meta:
        ordering = ["reference"]
        constraints = [
            models.CheckConstraint(
                name="contract_currency_shape",
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                violation_error_message=CURRENCY_SHAPE,
            ),
            models.CheckConstraint(
                name="contract_dates_ordered",
                condition=Q(effective_until__isnull=True) | Q(effective_until__gt=F("effective_from")),
                violation_error_message="The contract ends before it begins. Enter the first day after it.",
            ),
            models.CheckConstraint(
                name="contract_renewal_length",
                condition=~Q(renewal="automatic") | Q(renewal_months__isnull=False, renewal_months__gte=1),
                violation_error_message="An automatic renewal needs the length of each new term.",
            ),
            models.CheckConstraint(
                name="contract_evergreen_has_no_end",
                condition=~Q(renewal="evergreen") | Q(effective_until__isnull=True),
                violation_error_message="An evergreen contract has no end. Clear the end, or choose Fixed.",
            ),
            models.CheckConstraint(
                name="contract_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                violation_error_message="A contract cannot stand under itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.name}"

    def clean(self) -> None:
        """Refuse an account or parent of another vendor, a circle of parents, another currency for fees."""
        problems: dict[str, str] = {}
        if self.account is not None and self.account.vendor_id != self.vendor_id:
            problems["account"] = (
                f"Account {self.account.number} belongs to {self.account.vendor}. Choose one of this vendor."
            )
        if self.parent is not None:
            problems |= self._parent_problem(self.parent)
        problems |= self._currency_problem()
        if problems:
            raise ValidationError(problems)

    def _currency_problem(self) -> dict[str, str]:
        # Amounts are minor units of this currency: 2000 is 20.00 USD, but 2000 JPY.
        stored = Contract.objects.filter(pk=self.pk, charges__isnull=False).first() if self.pk else None
        if stored is None or stored.currency == self.currency:
            return {}
        return {
            "currency": f"Fees are recorded in {stored.currency}. Keep it, or enter a new contract"
            f" in {self.currency}."
        }

    def _parent_problem(self, parent: "Contract") -> dict[str, str]:
        # An assignment moves a contract to another vendor, so its parent is the old vendor's paper.
        if parent.vendor_id != self.vendor_id and self.relation != self.Relation.ASSIGNMENT:
            return {
                "parent": f"{parent.reference} is a contract with {parent.vendor}. Choose one of this vendor."
            }
        if self.pk is not None and any(above.pk == self.pk for above in parent.line_upwards()):
            return {
                "parent": f"{parent.reference} already stands under {self.reference}. Choose another parent."
            }
        return {}

    def line_upwards(self) -> "Iterable[Contract]":
        """Yield this contract, then its parent, up to the master."""
        seen: set[int] = set()
        step: Contract | None = self
        while step is not None and step.pk not in seen:
            yield step
            seen.add(step.pk)
            step = step.parent

    def touched_contracts(self) -> "Iterable[Contract]":
        """Return this contract."""
        return (self,)
