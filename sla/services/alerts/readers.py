"""Who is told: the vendor's owner; where there is none, whom the rules name, else every administrator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth.models import User

from sla.models import Alert, AlertPolicy
from sla.selectors.access import sees_everything
from vendors.models import Vendor


@dataclass(frozen=True)
class Readers:
    """Who reads which warning, asked once for many of them."""

    policy: AlertPolicy
    vendors: Mapping[int, Vendor]

    def of(self, alert: Alert) -> list[User]:
        """Return who is told of a warning: the deputies too, once it went to them.

        A reader without an e-mail address is among them: for that one it stands on the list alone.
        """
        vendor = self.vendors.get(alert.vendor_id or 0)
        owner = None if vendor is None else vendor.owner
        found = [owner] if owner is not None and owner.is_active else list(self.of_the_rest)
        if vendor is not None and alert.escalated_at is not None:
            found += deputies_of(vendor)
        return list(dict.fromkeys(found))

    @cached_property
    def of_the_rest(self) -> Sequence[User]:
        """Return who is told what concerns no vendor, or one that nobody owns.

        Only who sees all vendors: whom the rules name, else every administrator with an address.
        """
        everywhere = sees_everything()
        named = list(everywhere.filter(pk__in=self.policy.readers.values("pk")).order_by("pk"))
        return named or list(everywhere.filter(is_superuser=True).exclude(email="").order_by("pk"))


def readers_of(alerts: Iterable[Alert], *, policy: AlertPolicy) -> Readers:
    """Return who reads these warnings, in a number of queries that does not grow with them."""
    keys = {alert.vendor_id for alert in alerts if alert.vendor_id is not None}
    rows = Vendor.objects.filter(pk__in=keys).select_related("owner").prefetch_related("deputies")
    return Readers(policy, {row.pk: row for row in rows})


def deputies_of(vendor: Vendor) -> list[User]:
    """Return the active deputies of a vendor, whose deputies come prefetched."""
    return sorted((each for each in vendor.deputies.all() if each.is_active), key=lambda each: each.pk)
