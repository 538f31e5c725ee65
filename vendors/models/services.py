"""What is bought under a contract."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from vendors.models.contracts import CODE, Contract
from vendors.models.tracked import Tracked


class Service(Tracked):
    """One thing that a contract delivers: a circuit, a cage, a region, an application."""

    visible_through = "contract__vendor"
    natural_fields = ("contract__reference", "code")
    quiet_fields = frozenset({"site", "vendor_identifier"})

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="services")
    code = models.CharField(max_length=60, validators=[CODE], help_text="Short name, unique in its contract.")
    name = models.CharField(max_length=200)
    vendor_identifier = models.CharField(
        "the vendor's identifier", max_length=100, blank=True, help_text="Circuit, cage or resource number."
    )
    site = models.CharField(max_length=200, blank=True)
    in_service_from = models.DateTimeField(
        "in service from", null=True, blank=True, help_text="UTC. Empty: from the start of the contract."
    )
    in_service_until = models.DateTimeField(
        "in service until", null=True, blank=True, help_text="UTC, exclusive. Empty: still in service."
    )
    weight = models.DecimalField(
        max_digits=15,
        decimal_places=3,
        default=Decimal(1),
        help_text="Users or capacity behind it, for service levels that weigh their units.",
    )

    class Meta:
        ordering = ["contract_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "code"],
                name="service_code_once",
                violation_error_message="This contract already has a service with this code.",
            ),
            models.CheckConstraint(
                name="service_dates_ordered",
                condition=Q(in_service_from__isnull=True)
                | Q(in_service_until__isnull=True)
                | Q(in_service_until__gt=F("in_service_from")),
                violation_error_message="The service ends before it begins.",
            ),
            models.CheckConstraint(
                name="service_weight_positive",
                condition=Q(weight__gt=0),
                violation_error_message="The weight must be more than zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract that delivers it."""
        return (self.contract,)


class ServiceAlias(Tracked):
    """A name that a service goes by in a feed."""

    visible_through = "service__contract__vendor"
    natural_fields = ("service__contract__reference", "service__code", "source", "name")

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="aliases")
    source = models.CharField(
        max_length=60, blank=True, help_text="The feed that uses this name. Empty: any feed."
    )
    name = models.CharField(max_length=300)

    class Meta:
        verbose_name = "name in feeds"
        verbose_name_plural = "names in feeds"
        ordering = ["service_id", "source", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "source", "name"],
                name="alias_once",
                violation_error_message="This service already has this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceNeed(Tracked):
    """A service that cannot run without another: where both are out, the other is the likely cause."""

    visible_through = "service__contract__vendor"
    natural_fields = ("service__contract__reference", "service__code", "needs__code")

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="needs")
    needs = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="needed_by", verbose_name="cannot run without"
    )
    why = models.CharField("in words", max_length=250, blank=True)

    class Meta:
        verbose_name = "what it cannot run without"
        verbose_name_plural = "what it cannot run without"
        ordering = ["service_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "needs"],
                name="service_need_once",
                violation_error_message="That is said already.",
            ),
            models.CheckConstraint(
                name="service_need_another",
                condition=~Q(service=F("needs")),
                violation_error_message="A service does not need itself. Choose another.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} needs {self.needs}"
