"""Whom reports that go out by themselves are about, and what was released and waits to be sent."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from sla.models import Release, ReportSchedule, ServiceLevelAgreement, StatementRevision
from vendors.models import Contact, Vendor


def scheduled_vendors(schedule: ReportSchedule) -> QuerySet[Vendor]:
    """Return the vendors that a report schedule is about: one, those of a tag, or all; no archived one."""
    chosen = {"pk": schedule.vendor_id, "tags": schedule.tag_id}
    found: QuerySet[Vendor] = Vendor.objects.current().filter(
        **{name: key for name, key in chosen.items() if key is not None}
    )
    return found


def managed_vendors(user: User, *, among: QuerySet[Vendor]) -> QuerySet[Vendor]:
    """Return the vendors that a person owns or deputises for, whatever else they may see."""
    deputy = Vendor.deputies.through.objects.filter(vendor_id=OuterRef("pk"), user_id=user.pk)
    return among.filter(Q(owner=user) | Exists(deputy))


def with_schedules(vendors: QuerySet[Vendor]) -> QuerySet[Vendor]:
    """Keep the vendors that have an SLA schedule."""
    return vendors.filter(Exists(ServiceLevelAgreement.objects.filter(contract__vendor=OuterRef("pk"))))


def vendor_contacts(vendor: Vendor, *, role: str) -> list[Contact]:
    """Return the contacts of a role that have an address, each address once."""
    rows = Contact.objects.filter(vendor=vendor, role=role).exclude(email="").order_by("name", "pk")
    return list({row.email.lower(): row for row in reversed(rows)}.values())[::-1]


def releases_to_send(*, until: date) -> QuerySet[Release]:
    """Return what was released and no mail carried, of periods that end by a day.

    Where a newer revision was finalised meanwhile the older one is no longer sent: a person releases the
    newer one.
    """
    newest = StatementRevision.objects.filter(statement=OuterRef("revision__statement")).order_by("-number")
    found: QuerySet[Release] = (
        Release.objects.filter(report=None, revision__statement__last_on__lte=until)
        .annotate(newest=Subquery(newest.values("pk")[:1]))
        .filter(revision=F("newest"))
    )
    return found


def vendors_to_write_to(schedule: ReportSchedule, *, until: date) -> QuerySet[Vendor]:
    """Return the vendors of a schedule for vendors to which something released waits to be sent."""
    waiting = releases_to_send(until=until).filter(
        revision__statement__agreement__contract__vendor=OuterRef("pk")
    )
    return scheduled_vendors(schedule).filter(Exists(waiting)).order_by("name", "pk")


def reachable(vendors: QuerySet[Vendor], *, role: str) -> QuerySet[Vendor]:
    """Keep the vendors that have a contact of a role with an address."""
    contacts = Contact.objects.filter(vendor=OuterRef("pk"), role=role).exclude(email="")
    return vendors.filter(Exists(contacts))
