"""What there is under load: sixty contracts, a year of finalised months, one to close, and who works on it.

Run as a program it makes the tables, fills them, and prints who there is as JSON, each with a token:
`python -m tests.load.portfolio`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django

VENDORS = 12
CONTRACTS = int(os.environ.get("LOAD_CONTRACTS", "60"))
CORES = os.cpu_count() or 1
PEOPLE = int(os.environ.get("LOAD_PEOPLE", "8"))
# Those are closed, this one is to be; all days of the next belong to nobody yet.
CLOSED = ("2018-10", "2018-11", "2018-12", *(f"2019-{month:02d}" for month in range(1, 9)))
OPEN = "2019-09"
CLOSED_AT, LATELY = datetime(2019, 9, 7, 7, tzinfo=UTC), datetime(2019, 10, 4, 7, tzinfo=UTC)
REPORTED_FROM = date(2019, 9, 1)
ZONES = ("America/New_York", "Europe/Berlin", "UTC")
# Of 99.9 % a month leaves 43 minutes.
SHORT, LONG = timedelta(minutes=3), timedelta(minutes=73)
OUTAGES_A_MONTH, ONE_IN_MISSES, ONE_IN_IS_UNCONFIRMED = 4, 5, 10
# What everybody edits at once.
SHARED = tuple(f"SHARED-{number}" for number in range(3))
CLOSER, APPROVERS = "closer", ("approver-0", "approver-1")


def reference_of(number: int) -> str:
    """Return the reference of a contract."""
    return f"MSA-{number:03d}"


def vendor_of(number: int) -> str:
    """Return the short name of the vendor of a contract."""
    return f"vendor-{number % VENDORS:02d}"


def fill() -> dict[str, str]:
    """Write everything through the services; return the token of each person by name."""
    from tests.sla.alert_builders import rules
    from tests.sla.mailing_rows import a_report

    people = _logins()
    managers = [people[name] for name in _managers()]
    agreements = _contracts(owners=managers)
    for agreement_number, agreement in enumerate(agreements):
        _incidents(agreement, number=agreement_number)
    _shared_incidents(agreements)
    _close()
    rules(zone="UTC", hour=8)
    _let_days_pass()
    a_report(starts_on=REPORTED_FROM)
    finance = {"name": "Summary for finance", "audience": "finance", "starts_on": REPORTED_FROM}
    a_report("finance", readers=[people[name] for name in APPROVERS], **finance)
    # From here on two people are needed for some of it.
    return {name: _at_work(user) for name, user in people.items()}


def _contracts(*, owners: list[Any]) -> list[Any]:
    """Write vendors, contracts, services, fees, and signed terms that close from the first month."""
    from tests.builders import some_terms
    from tests.sla.mailing_rows import owned_by
    from tests.sla.running import a_closing_schedule
    from tests.vendors.rows import a_vendor

    vendors = [
        owned_by(a_vendor(vendor_of(number)), owners[number % len(owners)]) for number in range(VENDORS)
    ]
    terms = some_terms(effective_from=date(2018, 1, 1))
    return [
        a_closing_schedule(
            reference_of(number),
            closes_from=f"{CLOSED[0]}-01",
            vendor=vendors[number % VENDORS],
            zone=ZONES[number % len(ZONES)],
            terms=terms,
        )
        for number in range(CONTRACTS)
    ]


def _incidents(agreement: Any, *, number: int) -> None:
    """Write the incidents of a year, each with an outage; one month in five misses the level."""
    from incidents.models import Incident, Outage
    from tests.vendors.rows import REASON, person
    from vendors.services.bulk import add_records

    service, by = agreement.contract.services.get(), person()
    incidents, outages = [], []
    for month_number, month in enumerate((*CLOSED, OPEN)):
        begins = datetime.fromisoformat(f"{month}-03T04:15+00:00")
        for turn in range(OUTAGES_A_MONTH):
            incident = Incident(
                reference=f"INC-{number:03d}-{month}-{turn}",
                title="Power lost at the data center",
                vendor=agreement.contract.vendor,
                narrative="A breaker tripped during work on the ring.",
                status="resolved",
            )
            misses = turn == 0 and (number + month_number) % ONE_IN_MISSES == 0
            is_open = month == OPEN and turn == 1 and number % ONE_IN_IS_UNCONFIRMED == 3
            started = begins + timedelta(days=6 * turn)
            incidents.append(incident)
            outages.append(
                Outage(
                    incident=incident,
                    service=service,
                    started_at=started,
                    ended_at=started + (LONG if misses else SHORT),
                    confirmed_at=None if is_open else started + timedelta(days=1),
                    confirmed_by=None if is_open else by,
                )
            )
    add_records(incidents, by=by, reason=REASON)
    add_records(outages, by=by, reason=REASON)


def _shared_incidents(agreements: list[Any]) -> None:
    """Write what all edit: over before the first month, so that no statement waits for it."""
    from tests.sla.mailing_rows import an_outage_of

    for reference, agreement in zip(SHARED, agreements, strict=False):
        an_outage_of(agreement, minutes=3, reference=reference, started="2018-09-10 04:15")


def _close() -> None:
    """Close the months that are over, on every core: most by themselves, the others as a person does it."""
    from django.db import connection

    from sla.services.duties.rounds import sweep, work

    sweep(clock=lambda: CLOSED_AT)
    connection.close()
    _on_all_cores(lambda _: work(clock=lambda: CLOSED_AT))
    _on_all_cores(_finalise_share)


def _let_days_pass() -> None:
    """Do all that is due until shortly before the last month settles: drafts of the next one run along."""
    from sla.services.duties.rounds import run_all

    run_all(clock=lambda: LATELY)


def _on_all_cores(act: Callable[[int], None]) -> None:
    children = []
    for share in range(CORES):
        child = os.fork()
        if not child:
            status = 1
            try:
                act(share)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * CORES


def _finalise_share(share: int) -> None:
    """Finalise what waits for a person, of some contracts, the earliest month first."""
    from sla.models import Statement
    from sla.services.statements import draft_statement, open_questions
    from sla.services.statements.finalising import finalise_statement
    from tests.vendors.rows import person

    waiting = Statement.objects.filter(period__in=CLOSED, revisions=None)
    for statement in waiting.order_by("first_on", "pk"):
        if statement.agreement_id % CORES != share:
            continue
        result = draft_statement(statement.agreement, period_label=statement.period, known_until=CLOSED_AT)
        asked = open_questions(statement, result=result, now=CLOSED_AT)
        finalise_statement(
            statement,
            by=person(),
            why="Month closed",
            reasons={each.code: "Looked at with the vendor" for each in asked},
            now=CLOSED_AT,
        )


def _managers() -> list[str]:
    return [f"manager-{number}" for number in range(PEOPLE)]


def _logins() -> dict[str, Any]:
    """Write who works here; nobody may do anything yet."""
    from django.contrib.auth.hashers import make_password

    from tests.chaos.portfolio import PASSWORD
    from tests.vendors.rows import person

    password = make_password(PASSWORD)
    names = (*_managers(), CLOSER, *APPROVERS)
    return {name: person(name, email=f"{name}@ours.example", password=password) for name in names}


def _at_work(user: Any) -> str:
    """Give somebody a role, and return a token of theirs."""
    from django.contrib.auth.models import Group

    from vendors.models import SCOPES
    from vendors.services import make_token

    role = "Vendor manager of all vendors" if user.username in _managers() else "Finance"
    user.groups.add(Group.objects.get(name=role))
    _, secret = make_token(user, name="its programs", scopes=SCOPES, days=366, by=user, at=CLOSED_AT)
    return secret


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    found = fill()
    with connection.cursor() as cursor:
        # A server does so by itself, a minute later.
        cursor.execute("ANALYZE")
    json.dump(found, sys.stdout)
