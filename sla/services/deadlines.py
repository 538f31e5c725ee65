"""The deadlines of one person: what the calendar feed shows, and the key that opens it.

The address of a feed is its only protection, since calendar programs log in nowhere. Its key signs the
person and a mark of their password: changing the password or deactivating the person closes every address
given out before, a new RECOURSE_SECRET_KEY those of everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.core.signing import Signer
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from sla.engine.claims.moves import OPEN, UNSENT
from sla.models import Claim, ClaimToDo, Statement
from sla.reports.deadlines import CalendarStep, deadline_calendar
from sla.reports.moments import local_moments
from sla.services.claims.vendor_dates import statements_of
from vendors.models import RegisterQuerySet, midnight

SALT = "sla.deadlines"
LOOK_BACK = timedelta(days=31)
# Money that nobody asked for in time stands until somebody claims it or lets it go, past the year's audit.
LOST_LOOK_BACK = timedelta(days=400)
STEPS = {"claim": "Send the claim", "decision": "The vendor has to answer", "issue": "The credit is due"}


def calendar_key(user: User) -> str:
    """Return the key of a person's calendar feed; it changes with their password."""
    return Signer(salt=SALT).signature(f"{user.pk}:{user.get_session_auth_hash()}")


def calendar_reader(pk: int, *, key: str) -> User | None:
    """Return the active person whom a key belongs to and who may see claims, else None."""
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not constant_time_compare(calendar_key(user).encode(), key.encode()):
        return None
    return user if user.has_perm("sla.view_claim") else None


def open_steps(user: User, *, now: datetime) -> QuerySet[ClaimToDo]:
    """Return the dated steps that are neither done nor dropped, of what a person may see."""
    return every_open_step(now=now).visible_to(user)


def every_open_step(*, now: datetime) -> RegisterQuerySet[ClaimToDo]:
    """Return the dated steps that are neither done nor dropped, whoever may see them.

    Of a claim all of them, however late. Without one those of the last month and later; and the last date to
    ask for a credit for 400 days, while nothing was sent and nobody decided not to.
    """
    found: RegisterQuerySet[ClaimToDo] = ClaimToDo.objects.filter(done_at=None, dropped_at=None)
    # Where nothing was missed, or the credit comes without asking, nobody has to send a claim.
    nothing = Q(what="claim", claim=None) & (
        Q(statement__state=Statement.State.MET, statement__shown="") | Q(statement__automatic=True)
    )
    loose = Q(claim=None, due_until__gt=now - LOOK_BACK) & ~nothing
    wanted = loose | _lost(now=now) | Q(claim__state__in=OPEN)
    return found.filter(wanted).select_related("claim", "statement__agreement__contract__vendor")


def _lost(*, now: datetime) -> Q:
    """Return which dates to ask for a credit have passed while nobody did."""
    began = Claim.objects.exclude(state__in=UNSENT)
    by_part = began.filter(parts__credit__revision__statement=OuterRef("statement"))
    handled = Exists(began.filter(statement=OuterRef("statement"))) | Exists(by_part)
    money = Q(statement__due_minor__gt=0) | ~Q(statement__shown="")
    return (
        Q(what="claim", claim=None, statement__automatic=False, due_until__gt=now - LOST_LOOK_BACK)
        & money
        & ~handled
    )


def steps_of(claim: Claim) -> QuerySet[ClaimToDo]:
    """Return the dated steps of a claim and those of its statements that no claim took, earliest first."""
    shared = Q(claim=None, statement__in=statements_of(claim))
    if claim.incident is not None:
        shared &= Q(incident__in=["", claim.incident.reference])
    found: QuerySet[ClaimToDo] = ClaimToDo.objects.filter(Q(claim=claim) | shared, dropped_at=None)
    rows = found.select_related("statement__agreement__contract__vendor", "done_by", "claim")
    return rows.order_by("due_until", "pk")


def deadline_feed(user: User, *, origin: str, now: datetime) -> bytes:
    """Return a person's open deadlines as an iCalendar file; `origin` begins each link, `now` is UTC.

    Of several readings of one clause each date is an event: the first is the one to keep, the others say
    how long there is still a case.
    """
    rows = open_steps(user, now=now).order_by("due_until", "pk")
    return deadline_calendar(_events(rows, origin=origin), name="Recourse deadlines", made_at=now)


def _events(rows: Iterable[ClaimToDo], *, origin: str) -> Iterator[CalendarStep]:
    def task(row: ClaimToDo) -> tuple[int, int, str, str]:
        return row.statement_id, row.claim_id or 0, row.what, row.incident

    for _, same in groupby(sorted(rows, key=lambda row: (task(row), row.due_until, row.pk)), key=task):
        readings = list(same)
        dates = [list(each) for _, each in groupby(readings, key=lambda row: row.due_until)]
        for at, held in enumerate(dates):
            yield _event(held[0], readings=readings, is_first=at == 0, is_only=len(dates) == 1, origin=origin)


def _event(
    row: ClaimToDo, *, readings: list[ClaimToDo], is_first: bool, is_only: bool, origin: str
) -> CalendarStep:
    statement = row.statement
    which = "" if is_only else " (earliest reading)" if is_first else " (a later reading)"
    title = f"{step_words(row)}: {statement.agreement.contract.vendor}, {statement.number}{which}"
    host = urlsplit(origin).hostname or "recourse"
    return CalendarStep(
        uid=f"step-{row.pk}@{host}",
        on=row.due_on,
        until=None if counts_days(row) else row.due_until,
        title=title,
        text="\n".join(_lines(row, readings=readings)),
        url=f"{origin}{address_of(row)}" if origin else "",
    )


def step_words(row: ClaimToDo) -> str:
    """Return what a dated step asks for."""
    return row.text.strip() or STEPS.get(row.what, row.what.replace("_", " ").capitalize())


def counts_days(row: ClaimToDo) -> bool:
    """Say whether a step is due by the end of a day, not by an hour of it."""
    following = row.due_on + timedelta(days=1)
    return row.due_until == midnight(following, zone=zone_of_step(row))


def zone_of_step(row: ClaimToDo) -> str:
    """Return the zone whose days a step is counted in."""
    agreement = row.statement.agreement
    return agreement.zone or agreement.contract.zone


def due_words(row: ClaimToDo) -> str:
    """Return when a step is due: a day, or a local moment where the clause counts hours."""
    if counts_days(row):
        return f"{row.due_on:%Y-%m-%d}"
    return local_moments(zone_of_step(row))(row.due_until)


def address_of(row: ClaimToDo) -> str:
    """Return the path of the page on which a step is dealt with."""
    if row.claim_id:
        return reverse("admin:sla_claim_change", args=[row.claim_id])
    return reverse("admin:sla_statement", args=[row.statement.agreement_id, row.statement.period])


def _lines(row: ClaimToDo, *, readings: list[ClaimToDo]) -> Iterator[str]:
    agreement = row.statement.agreement
    yield f"{agreement.contract.vendor}: {agreement.name or agreement.code}, {row.statement.period}"
    if row.claim is not None:
        yield f"Claim {row.claim.reference}"
    if row.incident:
        yield f"Incident {row.incident}"
    if row.statement.shown:
        yield f"Credit by today's records: {row.statement.shown}, before tax"
    for each in readings:
        yield f"By {due_words(each)}{f': {each.reading}' if each.reading else ''}"
    if row.clause:
        yield f"Clause: {row.clause}"
