"""What there is to close: nine SLA schedules of three vendors, three months of 2019, and who reads of them.

Run as a program it makes the tables and fills them: `python -m tests.chaos.portfolio`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import django

VENDORS, SCHEDULES = 3, 9
MONTHS = ("2019-07", "2019-08", "2019-09")
CLOSINGS = SCHEDULES * len(MONTHS)
# Each month a mail to each owner, and one to finance.
MAILS = (VENDORS + 1) * len(MONTHS)
BEGINS_ON = date(2019, 7, 1)
# By the first, September has settled in every zone, and its reports and the daily warnings are due.
SETTLED, BEFORE_THE_END = "2019-10-07T08:05+00:00", "2019-09-29T12:00+00:00"
THREE_DAYS_LATE, LATER = "2019-10-10T08:05+00:00", "2019-10-07T08:30+00:00"
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
MISSED_MINUTES, BORNE_MINUTES = 73, 5
PASSWORD = "the clock strikes thirteen"


def fill() -> None:
    """Write everything through the services, as people would."""
    from tests.sla.alert_builders import rules
    from tests.sla.mailing_rows import a_report, owned_by
    from tests.vendors.rows import a_vendor, person

    vendors = []
    for number in range(VENDORS):
        owner = person(f"owner-{number}", email=f"owner-{number}@ours.example")
        vendors.append(owned_by(a_vendor(f"vendor-{number}"), owner))
    for number in range(SCHEDULES):
        _schedule(number, vendor=vendors[number % VENDORS])
    boss = person("boss", is_superuser=True, email="boss@ours.example")
    boss.set_password(PASSWORD)
    boss.save()
    rules(zone="UTC", hour=8)
    a_report(starts_on=BEGINS_ON)
    a_report("finance", name="Summary for finance", audience="finance", starts_on=BEGINS_ON, readers=[boss])


def _schedule(number: int, *, vendor: Any) -> None:
    """Write a schedule: one in four misses August, one has an outage that it bears each month.

    The incidents of the latter are open still, and warned of.
    """
    from tests.sla.mailing_rows import an_outage_of
    from tests.sla.running import a_closing_schedule
    from tests.vendors.rows import saved

    agreement = a_closing_schedule(
        f"C-{number:02d}", closes_from=BEGINS_ON.isoformat(), vendor=vendor, zone=ZONES[number % len(ZONES)]
    )
    for month in MONTHS:
        minutes = {0: MISSED_MINUTES if month == "2019-08" else 0, 1: BORNE_MINUTES}.get(number % 4, 0)
        if minutes:
            reference, started = f"INC-{number:02d}-{month}", f"{month}-25 04:15"
            outage = an_outage_of(agreement, minutes=minutes, reference=reference, started=started)
            if minutes == BORNE_MINUTES:
                outage.incident.status = "open"
                saved(outage.incident)


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill()
