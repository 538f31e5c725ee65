"""Who gets a report, and who does not although somebody might expect it: never in silence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.models import User
from django.db.models import QuerySet

from sla.models import ReportSchedule
from sla.selectors.mailings import (
    managed_vendors,
    reachable,
    scheduled_vendors,
    vendors_to_write_to,
    with_schedules,
)
from sla.services.reporting import everything
from vendors.models import Vendor

Audience = ReportSchedule.Audience
LONGEST_ADDRESS = 80


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One reader of a report. `subject` tells it from others; with `vendor` the mail is about that one."""

    subject: str
    name: str
    address: str = ""
    account: User | None = None
    vendor: Vendor | None = None


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """Those who get a report, and sentences about those who do not."""

    reached: list[Recipient] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one reader may be told of a schedule: with whose eyes, and about which vendors.

    `vendors` are never more than `user` may see.
    """

    schedule: ReportSchedule
    subject: str
    user: User
    vendors: QuerySet[Vendor]
    vendor: Vendor | None = None
    name: str = ""
    address: str = ""
    account: User | None = None


def recipients(schedule: ReportSchedule, *, until: date) -> Recipients:
    """Return who gets a report whose period ends on a day, as the records stand."""
    if schedule.audience == Audience.VENDORS:
        return _of_vendors(schedule, until=until)
    found = Recipients()
    for user in _accounts(schedule, found=found):
        problem = account_problem(user) or _nothing_for(schedule, user=user)
        if problem:
            found.left_out.append(problem)
        else:
            found.reached.extend(_each(schedule, subject=f"user/{user.pk}", user=user))
    for address in schedule.further if schedule.audience == Audience.FINANCE else ():
        found.reached.extend(_each(schedule, subject=address_subject(address), address=address))
    return found


def _accounts(schedule: ReportSchedule, *, found: Recipients) -> list[User]:
    """Return the chosen readers, else the owners; vendors that nobody owns are said to be left out."""
    chosen = list(schedule.readers.order_by("username", "pk"))
    if chosen or schedule.audience != Audience.MANAGERS:
        return chosen
    vendors = with_schedules(scheduled_vendors(schedule))
    orphans = list(vendors.filter(owner=None).order_by("name", "pk").values_list("name", flat=True))
    if orphans:
        found.left_out.append(f"Nobody is the owner of {_some(orphans)}")
    owners = User.objects.filter(pk__in=vendors.exclude(owner=None).values("owner"))
    return list(owners.order_by("username", "pk"))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def account_problem(user: User) -> str:
    """Return why a person can get no mail, empty where they can."""
    if not user.is_active:
        return f"{user.get_full_name() or user} is deactivated"
    return "" if user.email.strip() else f"{user.get_full_name() or user} has no e-mail address"


def _nothing_for(schedule: ReportSchedule, *, user: User) -> str:
    """Return that a person has no vendor here, empty where they have."""
    if vendors_for(schedule, user=user).exists():
        return ""
    what = "manages" if schedule.audience == Audience.MANAGERS else "may see"
    return f"{user.get_full_name() or user} {what} no vendor of this report"


def vendors_for(schedule: ReportSchedule, *, user: User) -> QuerySet[Vendor]:
    """Return the vendors of a schedule that a person is told of: those managed, or those seen."""
    among = scheduled_vendors(schedule)
    if schedule.audience == Audience.MANAGERS:
        return managed_vendors(user, among=among).visible_to(user)  # type: ignore[attr-defined]
    return among.visible_to(user)  # type: ignore[attr-defined]


def _each(
    schedule: ReportSchedule, *, subject: str, user: User | None = None, address: str = ""
) -> Iterator[Recipient]:
    """Yield a reader once, or once for each vendor with an SLA schedule."""
    name = (user.get_full_name() or user.get_username()) if user is not None else ""
    mail = user.email.strip() if user is not None else address
    if not schedule.one_per_vendor:
        yield Recipient(subject=subject, name=name, address=mail, account=user)
        return
    for vendor in with_schedules(vendors_for(schedule, user=user or everything())).order_by("name", "pk"):
        yield Recipient(
            subject=f"{subject}/vendor/{vendor.pk}", name=name, address=mail, account=user, vendor=vendor
        )


def address_subject(address: str) -> str:
    """Return what tells a further address from the other readers; a very long one by its fingerprint."""
    if len(address) > LONGEST_ADDRESS:
        return f"address/{hashlib.sha256(address.encode()).hexdigest()[:40]}"
    return f"address/{address}"


def _of_vendors(schedule: ReportSchedule, *, until: date) -> Recipients:
    """Return the vendors to which something released waits to be sent, and those that it cannot reach."""
    waiting = vendors_to_write_to(schedule, until=until)
    reached = reachable(waiting, role=schedule.contact_role)
    role = schedule.get_contact_role_display()
    return Recipients(
        reached=[
            Recipient(subject=f"vendor/{vendor.pk}", name=vendor.name, vendor=vendor) for vendor in reached
        ],
        left_out=[
            f"{vendor.name} has no contact '{role}' with an e-mail address"
            for vendor in waiting.exclude(pk__in=reached.values("pk"))
        ],
    )


def reading_of(
    schedule: ReportSchedule,
    *,
    subject: str,
    account: User | None = None,
    address: str = "",
    vendor: Vendor | None = None,
) -> Reading:
    """Return what a person with a login, or one behind a further address, may be told as things stand."""
    user = account or everything()
    vendors = vendors_for(schedule, user=user)
    if vendor is not None:
        vendors = vendors.filter(pk=vendor.pk)
    elif schedule.vendor_id is not None:
        vendor = schedule.vendor
    return Reading(
        schedule=schedule,
        subject=subject,
        user=user,
        vendors=vendors,
        vendor=vendor,
        name=(account.get_full_name() or account.get_username()) if account is not None else "",
        address=account.email.strip() if account is not None else address,
        account=account,
    )


def address_named(schedule: ReportSchedule, *, subject: str) -> str:
    """Return the further address that a subject stands for, empty where it was taken out."""
    own = subject.split("/vendor/")[0]
    return next((each for each in _further(schedule) if address_subject(each) == own), "")


def _further(schedule: ReportSchedule) -> Iterable[str]:
    return schedule.further if schedule.audience == Audience.FINANCE else ()


def is_reader(schedule: ReportSchedule, *, user: User) -> bool:
    """Say whether a person is still among the readers of a schedule."""
    chosen = set(schedule.readers.values_list("pk", flat=True))
    if chosen or schedule.audience != Audience.MANAGERS:
        return user.pk in chosen
    return scheduled_vendors(schedule).filter(owner=user).exists()
