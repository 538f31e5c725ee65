"""The two runs of a report: beginning it, once its periods are closed, and writing to one reader.

Beginning writes one run for each reader, in one transaction; writing gathers outside of one, and keeps what
it tells together with the message that waits to leave. Done again, by anybody, nothing doubles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from sla.models import ComplianceReport, Duty, OutboxMessage, Release, ReportSchedule, ToldFigure
from sla.selectors.mailings import releases_to_send, scheduled_vendors, vendor_contacts
from sla.selectors.told import newest_change
from sla.services.duties.holding import Held
from sla.services.duties.writing import write_runs
from sla.services.mailings.composing import Composed, Told, compose_released, compose_summary
from sla.services.mailings.periods import ReportPeriod, late_of, message_key, period_of
from sla.services.mailings.readers import (
    Reading,
    Recipient,
    Recipients,
    account_problem,
    address_named,
    is_reader,
    reading_of,
    recipients,
)
from sla.services.mailings.released import released_to
from sla.services.outbox import post
from vendors.models import Vendor

WAIT = timedelta(minutes=1)
MOST_NAMED = 5
NOBODY = "nobody to write to"
NOTHING_RELEASED = "nothing that was released waits to be sent"
OFF = "Nothing was sent: the report schedule was switched off before."
Audience = ReportSchedule.Audience


def begin_report(held: Held) -> None:
    """Write the runs of a report's readers, once the periods that end in its days are closed.

    A closing that failed holds nothing up: the report tells it. Raises ValidationError where there are
    vendors or readers and nobody can be written to: a person mends that and tries it again.
    """
    duty, schedule = held.duty, _schedule(held.duty)
    period, now = period_of(duty), held.clock()
    waiting = _closings(schedule, period=period)
    if schedule.is_active and waiting.exists():
        held.postpone(until=now + WAIT, why=_waits_for(waiting))
        return
    found = recipients(schedule, until=period.last_on) if schedule.is_active else None
    if found is not None and _is_stuck(schedule, found=found):
        raise ValidationError(_said([], left_out=found.left_out, nobody=NOBODY))
    with held.done() as done:
        if found is None:
            done.outcome = OFF
            return
        write_runs(_run(each, of=duty) for each in found.reached)
        nobody = NOTHING_RELEASED if schedule.audience == Audience.VENDORS else NOBODY
        done.outcome = _said(found.reached, left_out=found.left_out, nobody=nobody)


def _is_stuck(schedule: ReportSchedule, *, found: Recipients) -> bool:
    """Say whether somebody ought to get a report and nobody does; what is released waits by itself."""
    return schedule.audience != Audience.VENDORS and bool(found.left_out) and not found.reached


def _schedule(duty: Duty) -> ReportSchedule:
    assert duty.schedule is not None
    return duty.schedule


def _closings(schedule: ReportSchedule, *, period: ReportPeriod) -> QuerySet[Duty]:
    """Return the closings that a report waits for."""
    rows: QuerySet[Duty] = Duty.objects.open().filter(
        kind=Duty.Kind.CLOSE,
        ends_on__range=(period.first_on, period.last_on),
        agreement__contract__vendor__in=scheduled_vendors(schedule),
    )
    return rows


def _waits_for(closings: QuerySet[Duty]) -> str:
    rows = closings.select_related("agreement__contract").order_by("ends_on", "pk")
    names = [
        f"{row.agreement.contract.reference}/{row.agreement.code}/{row.period}"
        for row in rows[:MOST_NAMED]
        if row.agreement is not None
    ]
    count = closings.count()
    return f"Waits until {count} period{'s are' if count != 1 else ' is'} closed: {_listed(names, of=count)}."


def _listed(names: Sequence[str], *, of: int) -> str:
    more = of - len(names)
    return f"{', '.join(names)}{f' and {more} more' if more > 0 else ''}"


def _run(each: Recipient, *, of: Duty) -> Duty:
    return Duty(
        kind=Duty.Kind.MAIL,
        subject=f"{of.subject}/{each.subject}",
        period=of.period,
        schedule_id=of.schedule_id,
        reader=each.account,
        vendor=each.vendor,
        ends_on=of.ends_on,
        due_at=of.due_at,
        next_at=of.due_at,
    )


def _said(reached: Sequence[Recipient], *, left_out: Sequence[str], nobody: str) -> str:
    """Return what came of beginning a report: to whom it goes, and who gets nothing and why."""
    who = list(dict.fromkeys(each.name or each.address for each in reached))
    mails = f"{len(reached)} mail{'s' * (len(reached) != 1)}"
    said = [f"{mails}: {_listed(who[:MOST_NAMED], of=len(who))}." if who else f"{nobody.capitalize()}."]
    if left_out:
        said.append(f"Left out: {'; '.join(left_out)}.")
    return " ".join(said)


def mail_report(held: Held) -> None:
    """Write the mail of one reader, with what it tells; say so where there is none to write."""
    duty, schedule = held.duty, _schedule(held.duty)
    if not schedule.is_active:
        with held.done() as done:
            done.outcome = OFF
    elif schedule.audience == Audience.VENDORS and duty.vendor is not None and duty.reader is None:
        _mail_vendor(held, schedule=schedule, vendor=duty.vendor)
    else:
        _mail_reader(held, schedule=schedule)


def _mail_reader(held: Held, *, schedule: ReportSchedule) -> None:
    duty, now, known = held.duty, held.clock(), newest_change()
    own = duty.subject.removeprefix(f"report/{schedule.pk}/")
    reading = _reading(duty, schedule=schedule, subject=own)
    if isinstance(reading, str):
        with held.done() as done:
            done.outcome = f"Nothing was sent: {reading}."
        return
    period = period_of(duty)
    composed = compose_summary(reading, period=period, now=now, late=late_of(duty, now=now))
    with held.done() as done:
        message = _posted(held, composed, subject=own, reading=reading)
        report = _report(duty, composed, subject=own, message=message, known=known, vendor=reading.vendor)
        _keep(report, told=composed.told)
        done.outcome = f"To {reading.name or reading.address}: {composed.headline}."


def _reading(duty: Duty, *, schedule: ReportSchedule, subject: str) -> Reading | str:
    """Return what a reader may be told now, else why nothing may."""
    if schedule.audience == Audience.VENDORS:
        return "the report schedule is for vendors now"
    if duty.vendor is not None and duty.vendor.archived_at is not None:
        return f"{duty.vendor.name} is archived"
    if duty.reader is not None:
        if not is_reader(schedule, user=duty.reader):
            return f"{duty.reader} is no reader of it any more"
        problem = account_problem(duty.reader)
        if problem:
            return problem
    address = "" if duty.reader is not None else address_named(schedule, subject=subject)
    if duty.reader is None and not address:
        return "the address was taken out of the report schedule"
    reading = reading_of(schedule, subject=subject, account=duty.reader, address=address, vendor=duty.vendor)
    if not reading.vendors.exists():
        return f"{reading.name or reading.address} has no vendor of this report any more"
    return reading


def _posted(held: Held, composed: Composed, *, subject: str, reading: Reading) -> OutboxMessage:
    return post(
        key=message_key(reading.schedule, period=held.duty.period, subject=subject),
        subject=composed.subject,
        text=composed.mail.text,
        html=composed.mail.html,
        now=held.clock(),
        address=reading.address,
        name=reading.name,
        reader=reading.account,
        vendor=reading.vendor,
        files=composed.files,
    )


def _mail_vendor(held: Held, *, schedule: ReportSchedule, vendor: Vendor) -> None:
    """Write what was released to a vendor, to each of its contacts of the schedule's role."""
    duty, now, known = held.duty, held.clock(), newest_change()
    period = period_of(duty)
    releases = released_to(vendor, period=period)
    contacts = vendor_contacts(vendor, role=schedule.contact_role)
    why = _why_nothing(schedule, vendor=vendor, is_released=bool(releases), is_reached=bool(contacts))
    if why:
        with held.done() as done:
            done.outcome = f"Nothing was sent: {why}."
        return
    composed = compose_released(
        vendor, releases=releases, schedule=schedule, period=period, now=now, late=late_of(duty, now=now)
    )
    with held.done() as done:
        reports = []
        for contact in contacts:
            subject = f"vendor/{vendor.pk}/contact/{contact.pk}"
            message = post(
                key=message_key(schedule, period=duty.period, subject=subject),
                subject=composed.subject,
                text=composed.mail.text,
                html=composed.mail.html,
                now=held.clock(),
                address=contact.email,
                name=contact.name,
                vendor=vendor,
                files=composed.files,
            )
            reports.append(
                _report(duty, composed, subject=subject, message=message, known=known, vendor=vendor)
            )
            _keep(reports[-1], told=composed.told)
        _mark_sent(releases, report=reports[0], period=period)
        names = ", ".join(contact.name for contact in contacts)
        done.outcome = f"To {names} of {vendor.name}: {composed.headline}."


def _why_nothing(schedule: ReportSchedule, *, vendor: Vendor, is_released: bool, is_reached: bool) -> str:
    if vendor.archived_at is not None:
        return f"{vendor.name} is archived"
    if not scheduled_vendors(schedule).filter(pk=vendor.pk).exists():
        return f"{vendor.name} is no vendor of this report any more"
    if not is_released:
        return NOTHING_RELEASED
    role = schedule.get_contact_role_display()
    return "" if is_reached else f"{vendor.name} has no contact '{role}' with an e-mail address"


def _mark_sent(releases: Sequence[Release], *, report: ComplianceReport, period: ReportPeriod) -> None:
    """Note which report carried the releases.

    Raises RuntimeError where another one did meanwhile, or where one was replaced: it is looked at again.
    """
    keys = [each.pk for each in releases]
    rows = releases_to_send(until=period.last_on).filter(pk__in=keys).select_for_update(of=("self",))
    found = list(rows.order_by("pk"))
    if len(found) != len(keys):
        raise RuntimeError("What was released changed while the mail was made: it is made again.")
    for row in found:
        row.report = report
        row.save(update_fields=["report"])


def _report(
    duty: Duty,
    composed: Composed,
    *,
    subject: str,
    message: OutboxMessage,
    known: int,
    vendor: Vendor | None,
) -> ComplianceReport:
    period = period_of(duty)
    return ComplianceReport.objects.create(
        schedule=_schedule(duty),
        period=period.label,
        first_on=period.first_on,
        last_on=period.last_on,
        subject=subject,
        vendor=vendor,
        made_at=message.created_at,
        headline=composed.headline[:300],
        changes_until=known,
        message=message,
    )


def _keep(report: ComplianceReport, *, told: Iterable[Told]) -> None:
    """Keep what was told, to say in the next report what changed."""
    ToldFigure.objects.bulk_create(
        ToldFigure(
            report=report,
            statement_id=each.statement,
            revision=each.revision,
            state=each.figures.state,
            currency=each.figures.currency,
            due_minor=each.figures.due_minor,
            shown=each.figures.shown,
        )
        for each in told
    )
