"""The last day on which a contract can still be ended, or its end be acted upon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, QuerySet

from sla.models import Alert
from sla.services.alerts.found import OVERDUE, Found, Look, stage, subject_of
from vendors.models import Charge, Contract, midnight, money_text
from vendors.selectors import annual_fee

KIND = Alert.Kind.NOTICE
DAY = timedelta(days=1)
NO_NOTICE = "No days of notice are recorded: look into the document."


def last_days(look: Look) -> Iterator[Found]:
    """Yield the contracts whose last day for a notice is near, worse at half and a quarter of the time left.

    The day is the end of the term less the days of notice, by the contract's zone. It is warned of until the
    term ends: then the contract has renewed, or is over.
    """
    near = {row.pk for row in _ending(now=look.now) if _is_near(row, look=look)}
    charges = Prefetch("charges", Charge.objects.select_related("service"))
    for row in Contract.objects.filter(pk__in=near).prefetch_related(charges).order_by("pk"):
        on = last_day(row)
        assert on is not None
        yield _found(row, on=on, look=look)


def _ending(*, now: datetime) -> QuerySet[Contract]:
    rows = Contract.objects.filter(effective_until__gt=now.date() - DAY, vendor__archived_at=None)
    return rows.only("effective_until", "notice_days", "zone")


def _is_near(contract: Contract, *, look: Look) -> bool:
    on, ends_on = last_day(contract), contract.effective_until
    if on is None or ends_on is None or midnight(ends_on, zone=contract.zone) <= look.now:
        return False
    return _until(contract, on=on) - look.now <= timedelta(days=look.policy.notice_days)


def _until(contract: Contract, *, on: date) -> datetime:
    return midnight(on + DAY, zone=contract.zone)


def last_day(contract: Contract) -> date | None:
    """Return the last local day for a notice: the day before the end at the latest, None without an end."""
    if contract.effective_until is None:
        return None
    return contract.effective_until - timedelta(days=max(contract.notice_days or 0, 1))


def _found(contract: Contract, *, on: date, look: Look) -> Found:
    subject = subject_of(contract.pk, contract.effective_until)
    until = _until(contract, on=on)
    at = stage(until, since=look.since(KIND, subject=subject), now=look.now)
    return Found(
        kind=KIND,
        subject=subject,
        rank=at,
        headline=_headline(contract, on=on, is_over=at == OVERDUE),
        detail=_detail(contract, on=on),
        vendor_id=contract.vendor_id,
        contract_id=contract.pk,
        due_at=until,
        due_words=f"{on}",
    )


def _headline(contract: Contract, *, on: date, is_over: bool) -> str:
    if contract.renewal == Contract.Renewal.AUTOMATIC:
        if is_over:
            return f"{contract.reference} renews: the last day for a notice was {on}"
        return f"{contract.reference} renews unless notice is given by {on}"
    last = _last(contract)
    if contract.notice_days and not is_over:
        return f"{contract.reference} ends on {last}: decide by {on} what follows"
    return f"{contract.reference} ends on {last} and does not renew by itself"


def _detail(contract: Contract, *, on: date) -> str:
    last, notice = _last(contract), contract.notice_days
    days = f"{notice} day{'s' * (notice != 1)} of notice: the last day is {on}." if notice else NO_NOTICE
    if contract.renewal == Contract.Renewal.AUTOMATIC:
        months = contract.renewal_months
        said = [
            f"{contract.name}: the term ends on {last}.",
            days,
            f"Without a notice it renews for {months} month{'s' * (months != 1)}{_uplift(contract)}.",
        ]
    else:
        said = [f"{contract.name} is for a fixed term, to {last}.", days if notice else ""]
    fee = annual_fee(contract, on=last)
    said.append(f"Its fees come to {money_text(fee, currency=contract.currency)} a year." if fee else "")
    return "\n".join(filter(None, said))


def _uplift(contract: Contract) -> str:
    return f", with fees {contract.uplift_percent.normalize():f} % higher" if contract.uplift_percent else ""


def _last(contract: Contract) -> date:
    assert contract.effective_until is not None
    return contract.effective_until - DAY
