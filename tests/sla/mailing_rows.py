"""Report schedules, their readers, and what was sent to them."""

from __future__ import annotations

import email
import subprocess
from datetime import date, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

from django.contrib.auth.models import Permission, User

from incidents.models import Outage
from incidents.services import confirm_outage
from sla.models import Duty, OutboxMessage, ReportSchedule
from sla.services.duties.rounds import run_round
from sla.services.outbox.mail import email_of
from tests.builders import REASON, an_incident, an_outage, at, person
from tests.sla.running import clock
from vendors.models import Contact, Vendor
from vendors.services import save_record

# By the default a month is reported on the 7th at 08:00 UTC; it has closed on the 6th in Los Angeles.
JUNE_REPORT = "2019-07-07 08:00"
JULY_REPORT = "2019-08-07 08:00"
HEADINGS = ("WHAT ", "SERVICE LEVEL STATEMENTS", "STILL RUNNING", "COULD NOT BE CLOSED")


def a_report(code: str = "monthly", *, readers: Any = (), **fields: Any) -> ReportSchedule:
    """Return a monthly report for vendor managers without files, from June 2019 on."""
    defaults = {
        "name": "Monthly summary",
        "audience": "managers",
        "starts_on": date(2019, 6, 1),
        "with_pdf": False,
        "with_xlsx": False,
    }
    row = ReportSchedule(code=code, **{**defaults, **fields})
    save_record(row, by=person(), reason=REASON, links={"readers": list(readers)})
    return row


def a_reader(name: str, *, sees_all: bool = False, **fields: Any) -> User:
    """Return an active person with an address."""
    user = person(name, **{"email": f"{name}@example.com", "first_name": name.title(), **fields})
    if sees_all:
        user.user_permissions.add(Permission.objects.get(codename="see_all_vendors"))
    return User.objects.get(pk=user.pk)


def owned_by(vendor: Vendor, user: User | None, *, deputies: Any = ()) -> Vendor:
    """Give a vendor an owner and deputies."""
    vendor.owner = user
    save_record(vendor, by=person(), reason=REASON, links={"deputies": list(deputies)})
    return vendor


def a_contact(vendor: Vendor, name: str = "Ann Account", **fields: Any) -> Contact:
    """Return an account manager of a vendor, at ann@vendor.example."""
    defaults = {"role": "account", "email": f"{name.split()[0].lower()}@vendor.example"}
    row = Contact(vendor=vendor, name=name, **{**defaults, **fields})
    save_record(row, by=person(), reason=REASON)
    return row


def an_outage_of(
    agreement: Any, *, minutes: int = 73, reference: str = "INC-1", started: str = "2019-06-25 04:15"
) -> Outage:
    """Return a confirmed outage of the schedule's only service; 73 minutes in June miss 99.9 %."""
    incident = an_incident(reference, vendor=agreement.contract.vendor, status="resolved")
    start = at(started)
    ended = start + timedelta(minutes=minutes)
    outage = an_outage(incident, agreement.contract.services.get(), started_at=start, ended_at=ended)
    confirm_outage(outage, at=at("2019-06-26 09:00"), by=person(), reason="ticket read")
    return outage


def rounds(*instants: str) -> None:
    """Do everything that is due at each of some instants."""
    for instant in instants:
        run_round(clock=clock(instant))


def mails() -> list[tuple[str, str]]:
    """Return address and subject of each message, the oldest first."""
    return list(OutboxMessage.objects.order_by("pk").values_list("address", "subject"))


def addresses() -> list[str]:
    """Return to whom something was written, in order."""
    return sorted(OutboxMessage.objects.values_list("address", flat=True))


def runs(kind: str) -> list[tuple[str, str, str]]:
    """Return period, state and outcome (or error) of each run of a kind, by period and subject."""
    rows = Duty.objects.filter(kind=kind).order_by("ends_on", "subject")
    return [(row.period, row.state, row.error or row.outcome) for row in rows]


def newest() -> OutboxMessage:
    """Return the message that was written last."""
    return OutboxMessage.objects.order_by("pk").last()


def lines_of(message: OutboxMessage) -> list[str]:
    """Return the lines of the text of a message, without indentation."""
    return [line.strip() for line in message.text.splitlines() if line.strip()]


def section(message: OutboxMessage, title: str) -> list[str]:
    """Return the lines under a heading of the text of a message."""
    found: list[str] = []
    is_inside = False
    for line in lines_of(message):
        if line == title:
            is_inside = True
        elif line == "--" or line.startswith(HEADINGS):
            is_inside = False
        elif is_inside:
            found.append(line)
    return found


def parsed(message: OutboxMessage) -> EmailMessage:
    """Return a message as the mail program of its reader finds it."""
    raw = email_of(message).message().as_bytes(linesep="\r\n")
    found = email.message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def pdf_text(content: bytes) -> str:
    """Return the words of a PDF where the machine can read them, else what stands in its bytes."""
    try:
        done = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    except FileNotFoundError:
        return content.decode("latin-1")
    return done.stdout.decode()
