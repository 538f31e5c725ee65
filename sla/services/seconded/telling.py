"""Mails about requests for a second person: to those who could decide, and to who asked what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from sla.models import RequestNotice
from sla.services.outbox import post
from sla.services.webhooks.payloads import link
from vendors.models import Approval, ApprovalQuerySet
from vendors.services.approvals import act_of, names_of, who_could_decide

Kind = RequestNotice.Kind
# What was decided longer ago is no news: it waited on a machine that stood still, or came with an upgrade.
NEWS = timedelta(days=7)
ENDED = (Approval.Decision.APPROVED, Approval.Decision.REFUSED, Approval.Decision.OVERTAKEN)


def tell_of_requests(*, now: datetime) -> int:
    """Write the mails about requests of which nobody was told, one a person; return how many."""
    return _tell_waiting(now=now) + _tell_decided(now=now)


@transaction.atomic
def _tell_waiting(*, now: datetime) -> int:
    rows = _untold(Approval.objects.waiting(), kind=Kind.ASKED)
    readers: dict[User, list[Approval]] = defaultdict(list)
    for row in rows:
        for person in who_could_decide(row):
            readers[person].append(row)
    return _mail(readers, rows=rows, kind=Kind.ASKED, now=now)


@transaction.atomic
def _tell_decided(*, now: datetime) -> int:
    decided = Approval.objects.filter(decision__in=ENDED, decided_at__gte=now - NEWS)
    rows = _untold(decided, kind=Kind.DECIDED)
    askers: dict[User, list[Approval]] = defaultdict(list)
    for row in rows:
        if row.asked_by.is_active:
            askers[row.asked_by].append(row)
    return _mail(askers, rows=rows, kind=Kind.DECIDED, now=now)


def _untold(rows: ApprovalQuerySet, *, kind: Kind) -> list[Approval]:
    told = RequestNotice.objects.filter(kind=kind).values("approval")
    return list(rows.exclude(pk__in=told).select_related("asked_by", "decided_by").order_by("pk"))


def _mail(
    readers: Mapping[User, Sequence[Approval]], *, rows: Iterable[Approval], kind: Kind, now: datetime
) -> int:
    """Write one mail for each person who has an address, and note of which requests was told."""
    notices = [RequestNotice(approval=row, kind=kind, told_at=now) for row in rows]
    RequestNotice.objects.bulk_create(notices, ignore_conflicts=True)
    reached = {person: named for person, named in readers.items() if person.email.strip()}
    for person, named in reached.items():
        post(
            key=f"requests/{kind}/{person.pk}/{named[0].pk}-{named[-1].pk}",
            subject=_subject(named, kind=kind),
            text="\n\n".join([*map(_about, named), *_where_to_look()]) + "\n",
            address=person.email,
            name=names_of([person]),
            reader=person,
            now=now,
        )
    return len(reached)


def _subject(rows: Sequence[Approval], *, kind: Kind) -> str:
    if kind is Kind.ASKED:
        if len(rows) == 1:
            return f"Waits for a second person: {_named(rows[0])}"
        return f"{len(rows)} requests wait for a second person"
    if len(rows) == 1:
        return f"{rows[0].get_decision_display()}: {_named(rows[0])}"
    return f"{len(rows)} of your requests were decided"


def _named(row: Approval) -> str:
    return f"{act_of(row.act).label}, {row.subject}"


def _about(row: Approval) -> str:
    """Return what one request asks for and does, and what became of it."""
    lines = [f"{_named(row)}", f"Asked by {names_of([row.asked_by])}: {row.why}"]
    if row.decided_by is not None:
        who = names_of([row.decided_by])
        # Who approved it changed nothing: that the records had changed was found then.
        is_overtaken = row.decision == Approval.Decision.OVERTAKEN
        found = f", found when {who} approved it" if is_overtaken else f" by {who}"
        note = f": {row.note}" if row.note else "."
        lines.append(f"{row.get_decision_display()}{found}{note}")
    lines += [f"  {line}" for line in row.effect.split("\n")]
    page = link("admin:vendors_approval_change", row.pk)
    return "\n".join([*lines, *([page] if page else [])])


def _where_to_look() -> Iterable[str]:
    if link("admin:index") is None:
        yield "Look under “Waiting for a second person”."
