"""Who: our own entities, the vendors, their accounts and contacts."""

from typing import ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from vendors.models.money import validate_currency
from vendors.models.tracked import Reader, RegisterManager, RegisterQuerySet, Tracked, sees_all_vendors

CURRENCY_SHAPE = "Write the currency as three capital letters, such as EUR."


class LegalEntityQuerySet(RegisterQuerySet["LegalEntity"]):
    """Our companies: everybody may know which there are."""

    def read_by(self, user: Reader) -> Self:
        """Keep those whose contracts and books a user reads."""
        if sees_all_vendors(user):
            return self
        return self.filter(readers=user.pk) if user.is_active else self.none()


class LegalEntityManager(RegisterManager.from_queryset(LegalEntityQuerySet)):  # type: ignore[misc]
    """Find our companies by code."""


class LegalEntity(Tracked):
    """One of our own companies: it signs contracts and keeps books."""

    natural_fields = ("code",)
    quiet_fields = frozenset({"name", "readers", "exclusion_limit_minor", "is_demo"})

    code = models.SlugField(max_length=60, unique=True, help_text="Short name, such as acme-nl.")
    name = models.CharField(max_length=200, help_text="As in the trade register.")
    base_currency = models.CharField(
        max_length=3, validators=[validate_currency], help_text="Currency of its books, such as EUR."
    )
    exclusion_limit_minor = models.BigIntegerField(
        "one person may exclude up to",
        default=0,
        validators=[MinValueValidator(0)],
        help_text="What an exclusion may move in periods that are over, before a second person has to approve"
        " it. Contracts in another currency: always.",
    )
    readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="read_companies",
        help_text="They see every contract that it signed or may use, with all that hangs on it.",
    )
    is_demo = models.BooleanField("demo data", default=False, editable=False)

    objects: ClassVar[LegalEntityManager] = LegalEntityManager()
    _history_m2m_fields: ClassVar = ["readers"]

    class Meta:
        verbose_name = "our company"
        verbose_name_plural = "our companies"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="legalentity_currency_shape",
                condition=Q(base_currency__regex=r"^[A-Z]{3}$"),
                violation_error_message=CURRENCY_SHAPE,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VendorQuerySet(RegisterQuerySet["Vendor"]):
    """Vendors, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep the vendors that a user manages, and those that a company of the user's has contracts with."""
        if sees_all_vendors(user):
            return self
        if not user.is_active:
            return self.none()
        contracts = apps.get_model("vendors", "Contract")._default_manager.all()
        return self.filter(_manages(user.pk) | Q(pk__in=contracts.read_by(user).values("vendor")))

    def managed_by(self, user: Reader) -> Self:
        """Keep the vendors that a user owns or deputises for; all of them by permission."""
        if sees_all_vendors(user):
            return self
        return self.filter(_manages(user.pk)) if user.is_active else self.none()

    def current(self) -> Self:
        """Keep the vendors that are not archived."""
        return self.filter(archived_at__isnull=True)


def _manages(key: int) -> Q:
    deputy = Vendor.deputies.through.objects.filter(vendor_id=OuterRef("pk"), user_id=key)
    return Q(owner_id=key) | Q(Exists(deputy))


class VendorManager(RegisterManager.from_queryset(VendorQuerySet)):  # type: ignore[misc]
    """Find vendors by slug."""


class Tag(Tracked):
    """A word that groups vendors, such as "payments" or "board": reports can go by it."""

    natural_fields = ("slug",)

    slug = models.SlugField(max_length=60, unique=True, help_text="Short name in files.")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Vendor(Tracked):
    """A company that promised us something; archived, never deleted."""

    class Kind(models.TextChoices):
        """What it mainly sells us."""

        DATA_CENTER = "data_center", "Data center"
        CLOUD = "cloud", "Cloud"
        CARRIER = "carrier", "Carrier"
        MANAGED_SERVICE = "managed_service", "Managed service"
        SOFTWARE = "software", "Software"
        PAYMENTS = "payments", "Payment services"
        OTHER = "other", "Other"

    class Criticality(models.TextChoices):
        """How much of our own business stops with it."""

        CRITICAL = "critical", "Critical: we stop with it"
        HIGH = "high", "High: part of us stops"
        NORMAL = "normal", "Normal"
        LOW = "low", "Low"

    natural_fields = ("slug",)

    slug = models.SlugField(max_length=60, unique=True, help_text="Short name in files and links.")
    name = models.CharField(max_length=200, help_text="The name that people use.")
    legal_name = models.CharField(max_length=200, blank=True, help_text="The name that signs contracts.")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.OTHER)
    criticality = models.CharField(max_length=10, choices=Criticality.choices, default=Criticality.NORMAL)
    status_page_url = models.URLField("status page", blank=True)
    accounting_number = models.CharField(
        "our number for it in accounting",
        max_length=60,
        blank=True,
        help_text="Supplier number, to match credits.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="owned_vendors",
        help_text="The person who manages this vendor.",
    )
    deputies = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="deputised_vendors",
        help_text="They see and do what the owner does.",
    )
    tags = models.ManyToManyField(
        Tag, blank=True, related_name="vendors", help_text="Groups that reports go by."
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_demo = models.BooleanField("demo data", default=False, editable=False)

    objects: ClassVar[VendorManager] = VendorManager()
    _history_m2m_fields = ["deputies", "tags"]

    class Meta:
        ordering = ["name"]
        permissions = [("see_all_vendors", "Can see all vendors")]

    def __str__(self) -> str:
        return self.name


class AccountQuerySet(RegisterQuerySet["Account"]):
    """Accounts, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of vendors that the user manages and of contracts that the user sees."""
        if sees_all_vendors(user):
            return self
        contracts = apps.get_model("vendors", "Contract")._default_manager.all().visible_to(user)
        managed = Q(vendor__in=Vendor.objects.managed_by(user))
        return self.filter(managed | Q(pk__in=contracts.values("account")))


class AccountManager(RegisterManager.from_queryset(AccountQuerySet)):  # type: ignore[misc]
    """Find accounts by vendor and number."""


class Account(Tracked):
    """Our customer or billing number with a vendor."""

    visible_through = "vendor"
    natural_fields = ("vendor__slug", "number")

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="accounts")
    number = models.CharField(max_length=100, help_text="As on the vendor's invoices.")
    name = models.CharField(max_length=200, blank=True)

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        ordering = ["vendor_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "number"],
                name="account_number_once",
                violation_error_message="This vendor already has an account with this number.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()


class ContactQuerySet(RegisterQuerySet["Contact"]):
    """Contacts, as far as a user may see them."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those of every vendor that the user sees: a company's people write to its vendors too."""
        return self if sees_all_vendors(user) else self.filter(vendor__in=Vendor.objects.visible_to(user))


class ContactManager(RegisterManager.from_queryset(ContactQuerySet)):  # type: ignore[misc]
    """Find contacts by vendor, role and name."""


class Contact(Tracked):
    """A person or desk at a vendor."""

    class Role(models.TextChoices):
        """What we write to them about."""

        ACCOUNT = "account", "Account manager"
        CLAIMS_DESK = "claims_desk", "Claims desk"
        ESCALATION = "escalation", "Escalation"
        LEGAL_NOTICES = "legal_notices", "Legal notices"

    visible_through = "vendor"
    natural_fields = ("vendor__slug", "role", "name")

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="contacts")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.ACCOUNT)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=60, blank=True)

    objects: ClassVar[ContactManager] = ContactManager()

    class Meta:
        ordering = ["vendor_id", "role", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "role", "name"],
                name="contact_once_per_role",
                violation_error_message="This contact is already listed in this role.",
            ),
        ]

    def __str__(self) -> str:
        role = self.get_role_display()
        return role if self.name.casefold() == role.casefold() else f"{self.name} ({role})"
