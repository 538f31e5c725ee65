"""What mails about a link say: the link, the code, the copy, and that an answer came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sla.models import LineAnswer, StatementLine, StatementLink, StatementRevision, VendorAnswer
from sla.models import VendorAnswerLine as Line
from sla.reports.moments import local_moments
from sla.selectors.addresses import AddressEntry
from sla.services.links.saying import Said
from sla.services.outbox.posting import one_line
from sla.services.outbox.sealing import MARK
from vendors.models import money_text
from vendors.services.approvals import names_of

Answer = LineAnswer.Answer
NOT_AGREEING = "Not answering is not taken as agreeing."
LINK_TEXT = """{name},

{customer} has finalised a service level statement for {vendor}:

{number}
{schedule}, {first_on} to {last_on}

Read it, and answer it line by line, here. You need no account:

{origin}/statements/{mark}/

This address works until {until}. It opens this one statement to whoever has it, so please do not pass
it on. Before an answer is sent you are asked for a code, which comes to this mailbox.
{silence}
"""
CODE_TEXT = """{name},

your code for the answer to {number} is

    {mark}

It holds for {minutes} minutes. If you did not ask for it, please tell {customer}: somebody else
has the address of the statement.
"""
COPY_TEXT = """{name},

this is what {by} sent to {customer} about the service level statement
{number}, confirmed with the code that was sent to this mailbox.

{lines}

Sent {at}. {customer} looks at each point and comes back to you; until then no figure of the
statement changes.
"""
CAME_TEXT = """{by} answered the service level statement {number}:

{lines}

No figure has changed. Look at each line and take it as recorded, or set it aside:

{url}
"""


def zone_of(revision: StatementRevision) -> str:
    """Return the zone in which a statement's times are told."""
    agreement = revision.statement.agreement
    return agreement.zone or agreement.contract.zone


def link_mail(link: StatementLink, *, origin: str) -> tuple[str, str]:
    """Return subject and text of the mail that brings a link."""
    revision = link.release.revision
    statement = revision.statement
    contract = statement.agreement.contract
    text = LINK_TEXT.format(
        name=_line(link.name),
        customer=_line(contract.entity.name),
        vendor=_line(contract.vendor.legal_name or contract.vendor.name),
        number=revision.full_number,
        schedule=_line(statement.agreement.name or statement.agreement.code),
        first_on=statement.first_on,
        last_on=statement.last_on,
        origin=origin,
        mark=MARK,
        until=local_moments(zone_of(revision))(link.expires_at.replace(microsecond=0)),
        silence=NOT_AGREEING,
    )
    return f"{contract.entity.name}: service level statement {revision.full_number}", text


def code_mail(link: StatementLink, *, holds: timedelta) -> tuple[str, str]:
    """Return subject and text of the mail that brings a code."""
    revision = link.release.revision
    text = CODE_TEXT.format(
        name=_line(link.name),
        number=revision.full_number,
        mark=MARK,
        minutes=holds // timedelta(minutes=1),
        customer=_line(revision.statement.agreement.contract.entity.name),
    )
    return f"Your code for the answer to {revision.full_number}", text


def copy_mail(answer: VendorAnswer, *, lines: Iterable[str]) -> tuple[str, str]:
    """Return subject and text of what the answerer gets: what was sent, word for word."""
    revision = answer.link.release.revision
    text = COPY_TEXT.format(
        name=_line(answer.link.name),
        by=f"{answer.name}, {answer.role},",
        customer=_line(revision.statement.agreement.contract.entity.name),
        number=revision.full_number,
        lines="\n\n".join(lines),
        at=local_moments(zone_of(revision))(answer.said_at.replace(microsecond=0)),
    )
    return f"Copy of your answer to {revision.full_number}", text


def came_mail(answer: VendorAnswer, *, lines: Iterable[str], url: str) -> tuple[str, str]:
    """Return subject and text of what the vendor's owner here gets."""
    revision = answer.link.release.revision
    vendor = revision.statement.agreement.contract.vendor
    text = CAME_TEXT.format(
        by=f"{answer.name}, {answer.role}, of {_line(vendor.name)},",
        number=revision.full_number,
        lines="\n\n".join(lines),
        url=url,
    )
    return f"{vendor.name} answered {revision.full_number}", text


def line_words(said: Said | Line, *, line: StatementLine, zone: str) -> str:
    """Return in words what was said of a line, on several lines of text."""
    where = " · ".join(filter(None, (line.name or line.target, line.services, line.window)))
    words = [f"  {text}" for text in said_words(said, line=line, zone=zone)]
    return "\n".join([f"Line {line.number}: {where}", *words])


def said_words(said: Said | Line, *, line: StatementLine, zone: str) -> Iterator[str]:
    """Yield what was said, a sentence each."""
    write = local_moments(zone)
    yield WORDS[said.says]
    if said.started_at is not None:
        yield f"It began {write(said.started_at)}"
    if said.ended_at is not None:
        yield f"It ended {write(said.ended_at)}"
    if said.invoice:
        of = f" of {said.invoice_on}" if said.invoice_on else ""
        yield f"Credited with {said.invoice}{of}"
    if said.amount_minor is not None:
        yield f"Amount, before tax: {money_text(said.amount_minor, currency=line.currency)}"
    if said.until is not None:
        yield f"Answer by {said.until}"
    yield from (text for text in said.text.splitlines() if text.strip())
    name = said.file_name if isinstance(said, Line) else said.file.name if said.file else ""
    if name:
        yield f"File: {name}"


WORDS = {
    Answer.AGREES.value: "Agreed",
    Answer.CONTESTS.value: "Contested",
    Answer.ALREADY_CREDITED.value: "Credited already",
    Answer.ASKS_FOR_TIME.value: "Asks for more time",
}


def masked(address: str) -> str:
    """Return an address as far as somebody who knows it recognises it."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"


def entry_words(entry: AddressEntry | None, *, revision: StatementRevision) -> str:
    """Return who entered an address and when, in a statement's zone, and whether anybody approved it."""
    if entry is None:
        return "entered by nobody whom history names"
    said = f"entered by {names_of([entry.by])} on {told_at(entry.at, revision=revision)[:10]}"
    if entry.approved_by is None:
        return f"{said}, approved by nobody else"
    return f"{said}, approved by {names_of([entry.approved_by])}"


def told_at(at: datetime, *, revision: StatementRevision) -> str:
    """Return a moment in a statement's zone."""
    return local_moments(zone_of(revision))(at.replace(microsecond=0))


def _line(text: str) -> str:
    return one_line(text, most=200)
