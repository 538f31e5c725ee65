"""Read a vendor's mail about work: its calendar, else what the vendor's parser finds, else a letter.

A mail that nothing can read is not lost: it is given as a letter, with its text and the reasons, for a
person to type in. When the notice reached us is the mail's arrival, not what a calendar or a text claims.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationError

from incidents.feeds.json_files import LATEST_YEAR, Payload, Text, plausible, problems_of
from incidents.feeds.mail_files import Mail, read_mail
from incidents.feeds.maintnote import read_maintnote
from incidents.feeds.notices import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    arrived,
    components,
    is_emergency,
    numbered,
    read_impact,
    read_status,
    replaced,
)
from incidents.feeds.parser_process import ask_parser
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedContext,
    FeedError,
    FeedLetter,
    FeedMaintenance,
    FeedProblem,
    Format,
)

# A sender's clock that differs more than this from the last server's is worth a look.
CLOCKS_DIFFER = timedelta(hours=1)

_Seconds = Annotated[int, Field(ge=0, le=(LATEST_YEAR - 1970) * 31_622_400)]


class _Circuit(Payload):
    circuit_id: Text
    impact: Text = ""


class _Record(Payload):
    """One window as the parser's process tells it; times are seconds since 1970."""

    maintenance_id: Annotated[Text, Field(min_length=1, max_length=LONGEST_NUMBER)]
    status: Text = ""
    account: Text = ""
    summary: Text = ""
    start: _Seconds
    end: _Seconds
    circuits: list[_Circuit] = []


def read_notice_mail(content: bytes, context: FeedContext) -> Feed:
    """Read one mail: windows where they can be read, else one letter.

    Raises:
        FeedError: no mail, too large, or of too many parts.

    """
    mail = read_mail(content)
    notes: list[str] = []
    came = _arrival(mail, context=context, notes=notes)
    why: list[str] = []
    feed = _from_calendars(mail, context=context, why=why)
    if not feed.maintenances:
        parsed = _from_parser(mail, content=content, context=context, why=why)
        feed = replace(parsed, problems=feed.problems + parsed.problems)
    if not feed.maintenances:
        letter = _letter(mail, came=came, notes=[*notes, *why])
        return Feed(letters=(letter,), problems=feed.problems)
    read = (
        replace(
            said,
            noticed_at=None if mail.forwarded else came,
            has_arrived=(mail.arrived_at is not None or context.is_sent) and not mail.forwarded,
            stated_at=mail.written_at or said.stated_at,
            emergency=said.emergency or is_emergency(mail.subject),
            narrative=said.narrative or mail.text,
            notes=tuple(dict.fromkeys([*said.notes, *why, *notes])),
        )
        for said in feed.maintenances
    )
    return replace(feed, maintenances=tuple(read))


def _arrival(mail: Mail, *, context: FeedContext, notes: list[str]) -> datetime | None:
    """Say when the mail reached us, None where it bears no time, and what is odd about that."""
    written, stamped = mail.written_at, mail.arrived_at
    if written is not None and written > context.received_at:
        notes.append(f"Its Date ({written:%Y-%m-%d %H:%M} UTC) lies after it reached us: a wrong clock.")
    if stamped is None and context.is_sent:
        stamped = context.received_at
        notes.append("No server stamped the mail: when it was brought here counts.")
    elif stamped is None:
        theirs = "No server stamped the mail: its time is the sender's own Date."
        notes.append(theirs if written else "The mail bears no time: enter when it reached us.")
    elif written is not None and abs(written - stamped) > CLOCKS_DIFFER:
        notes.append(
            f"It was written at {written:%Y-%m-%d %H:%M} and came at {stamped:%Y-%m-%d %H:%M} UTC: "
            "the arrival counts."
        )
    if stamped is not None and context.is_sent and context.received_at - stamped > CLOCKS_DIFFER:
        notes.append(
            f"Its server's stamp is {stamped:%Y-%m-%d %H:%M} UTC, it was brought here at "
            f"{context.received_at:%Y-%m-%d %H:%M} UTC: the stamp counts."
        )
    came = arrived(stamped or written, received_at=context.received_at, what="Its arrival", notes=notes)
    if mail.forwarded:
        said = f" ({came:%Y-%m-%d %H:%M} UTC is when it was passed on)" if came else ""
        notes.append(f"A forwarded mail: enter when the vendor's notice first reached us{said}.")
    return came


def _from_calendars(mail: Mail, *, context: FeedContext, why: list[str]) -> Feed:
    """Read every calendar of the mail; the same window in two of them is one."""
    windows: dict[object, FeedMaintenance] = {}
    problems: list[FeedProblem] = []
    names: dict[str, None] = {}
    # Whether it came in time is for the mail's arrival to say; a calendar's own stamp is not judged.
    unjudged = replace(context, received_at=datetime(LATEST_YEAR + 1, 1, 1, tzinfo=UTC), is_sent=False)
    for number, calendar in enumerate(mail.calendars, start=1):
        try:
            feed = read_maintnote(calendar, unjudged)
        except FeedError as error:
            why.append(f"Its calendar cannot be read: {error}")
            continue
        for said in feed.maintenances:
            number_alone = said.notice or said.external_id
            same = (number_alone, said.starts_at, said.ends_at, said.account, said.components)
            windows.setdefault(same, replace(said, external_id=number_alone, notice=""))
        names |= dict.fromkeys(filter(None, [feed.page_name]))
        problems += [replace(fault, place=f"calendar {number}, {fault.place}") for fault in feed.problems]
    if windows and not mail.whole:
        why.append("The mail was cut off: a window may be missing.")
    return Feed(
        page_name=", ".join(names), maintenances=tuple(numbered(windows.values())), problems=tuple(problems)
    )


def _from_parser(mail: Mail, *, content: bytes, context: FeedContext, why: list[str]) -> Feed:
    """Ask the parser's process about a mail that is whole."""
    if not mail.whole:
        why.append("The mail was cut off: a window may be missing, so no parser was asked.")
        return Feed()
    answer = ask_parser(content, senders=mail.senders, command=context.parser)
    if answer.failure:
        why.append(answer.failure)
    problems: list[FeedProblem] = []
    windows: dict[FeedMaintenance, None] = {}
    for number, record in enumerate(answer.records):
        try:
            windows[_window(record, mail=mail, provider=answer.provider)] = None
        except ValidationError as error:
            problems += problems_of(error, place=f"parser[{number}]")
        except ValueError as error:
            problems.append(FeedProblem(place=f"parser[{number}]", message=f"{error}."))
    if problems and not windows:
        why.append("What the vendor's parser found cannot be used.")
    return Feed(page_name=answer.provider, maintenances=tuple(numbered(windows)), problems=tuple(problems))


def _window(record: Any, *, mail: Mail, provider: str) -> FeedMaintenance:
    """Make one window of a parser's record. Raises ValueError where its times are impossible."""
    read = _Record.model_validate(record)
    starts_at, ends_at = (plausible(datetime.fromtimestamp(stamp, UTC)) for stamp in (read.start, read.end))
    if ends_at < starts_at:
        raise ValueError(f"it ends ({ends_at}) before it begins ({starts_at})")
    notes = [f"Read from the mail's text by the parser for '{provider}': compare it with the mail."]
    if not (_printed(starts_at, mail.text) and _printed(ends_at, mail.text)):
        notes.append(
            f"{starts_at:%H:%M} and {ends_at:%H:%M} UTC do not both stand in the mail: "
            "they were converted, or misread."
        )
    parts = components((part.circuit_id, read_impact(part.impact, notes=notes)) for part in read.circuits)
    return FeedMaintenance(
        external_id=read.maintenance_id,
        title=mail.subject or read.maintenance_id,
        starts_at=starts_at,
        ends_at=ends_at,
        noticed_at=None,
        components=parts,
        status=read_status(read.status, notes=notes),
        replaces=replaced(f"{mail.subject}\n{read.summary}\n{mail.text}", number=read.maintenance_id),
        impact=_worst([part.worst_status for part in parts]),
        account=read.account,
        narrative="\n\n".join(filter(None, (read.summary, mail.text))),
        changed_at=mail.written_at or mail.arrived_at,
        notes=tuple(notes),
    )


def _worst(words: list[str]) -> str:
    return components([("", word) for word in words])[0].worst_status if words else ""


def _printed(at: datetime, text: str) -> bool:
    """Tell whether the mail prints this time of day, in any of the usual ways."""
    shown = text.upper()
    usual = (f"{at:%H:%M}", f"{at:%H%M}", f"{at:%I:%M %p}", f"{at:%I:%M%p}", f"{at:%I:%M %p}".lstrip("0"))
    return any(time_of_day in shown for time_of_day in usual)


def _letter(mail: Mail, *, came: datetime | None, notes: list[str]) -> FeedLetter:
    return FeedLetter(
        message_id=mail.message_id,
        subject=mail.subject[:LONGEST_NAME],
        sender=mail.sender[:LONGEST_NAME],
        sent_at=mail.written_at,
        received_at=came,
        text=mail.text,
        notes=tuple(dict.fromkeys(notes)),
    )


FORMAT = Format(
    code="notice_mail",
    label="Maintenance notice (mail)",
    read=read_notice_mail,
    clock=Clock.VENDOR_TICKET,
    pushed=True,
    filed=True,
)
