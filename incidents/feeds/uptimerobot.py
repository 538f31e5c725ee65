"""Read UptimeRobot webhooks: one alert of one monitor a message.

The usual message bears no time at all, only how long it was down. So a failure begins when its message
arrives, and the message of its end corrects that: arrival less duration. Both are noted. Where the message
was set up with `*alertDateTime*`, that is taken instead. UptimeRobot measures from outside: a third party's
clock. Nothing is signed; the address must hold a secret (newer webhooks can send a header).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.feeds.json_files import Payload, Text
from incidents.feeds.pushes import (
    Epoch,
    Identifier,
    NothingToRecord,
    fingerprint,
    first_of,
    no_message,
    one_event,
    read_push,
    stamp,
)
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedEvent,
    FeedIncident,
    Format,
)

WHAT = "UptimeRobot's webhooks"
DOWN, UP = "1", "2"
SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86_400}
LONGEST = timedelta(days=3660)
LONGEST_TEXT = 200
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


class AlertPayload(Payload):
    """One alert; its keys are the names of UptimeRobot's variables, in lower case."""

    monitorid: Identifier | None = None
    monitorurl: Text = ""
    monitorfriendlyname: Text = ""
    alerttype: Identifier
    alertdetails: Text = ""
    alertduration: Identifier | None = None
    alertfriendlyduration: Text = ""
    alertdatetime: Epoch = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """When an alert was, how long it had been down before, and what is uncertain about both."""

    at: datetime
    begun: datetime | None
    notes: tuple[str, ...]


def read_uptimerobot(content: bytes, *, received_at: datetime) -> Feed:
    """Read one message; a fault in it is listed with its place.

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of UptimeRobot.

    """
    document = _plainly(read_push(content, what=WHAT))
    if "alerttype" not in document or not document.keys() & {
        "monitorid",
        "monitorurl",
        "monitorfriendlyname",
    }:
        raise no_message(document, what=WHAT, wanted="type of alert, or no monitor")
    return one_event(lambda: _event(document, received_at=received_at), place="message")


def _plainly(document: dict[str, Any]) -> dict[str, Any]:
    """Write keys as UptimeRobot's variables, and drop what it had nothing for, sent as "*alertDuration*"."""
    return {
        key.replace("_", "").lower(): value
        for key, value in document.items()
        if not (isinstance(value, str) and len(value) > 2 and value.startswith("*") and value.endswith("*"))
    }


def _event(document: dict[str, Any], *, received_at: datetime) -> FeedEvent:
    payload = AlertPayload.model_validate(document)
    if payload.alerttype not in (DOWN, UP):
        raise NothingToRecord(f"alert type {payload.alerttype[:40]!r} is neither down (1) nor up (2)")
    down = payload.alerttype == DOWN
    times = _times(payload, down=down, received_at=received_at.astimezone(UTC))
    name = payload.monitorfriendlyname or payload.monitorurl or payload.monitorid or ""
    # A monitor without a number is known by its address: names change.
    external_id = payload.monitorid or fingerprint(payload.monitorurl or name)
    return FeedEvent(
        external_id=external_id,
        # The same words come for every failure: only the time tells one message from the next.
        event_id=f"{external_id}/{payload.alerttype}/{stamp(times.at)}",
        at=times.at,
        recurring=True,
        said=FeedIncident(
            external_id=external_id,
            title=f"{name}: {payload.alertdetails or 'down'}" if down else "",
            narrative=payload.alertdetails if down else "",
            status="down" if down else "up",
            started_at=times.begun,
            first_posted_at=times.begun if down else None,
            resolved_at=None if down else times.at,
            changed_at=times.at,
            components=(FeedComponent(name=name),) if name else (),
            notes=times.notes,
        ),
    )


def _times(payload: AlertPayload, *, down: bool, received_at: datetime) -> _Times:
    at = payload.alertdatetime or received_at
    arrived = payload.alertdatetime is None
    if down:
        notes = ("the start is when the message arrived: the sender states no time",) if arrived else ()
        return _Times(at=at, begun=at, notes=notes)
    lasted = _lasted(payload)
    notes = ("the end is when the message arrived: the sender states no time",) if arrived else ()
    if lasted is None:
        given = first_of([payload.alertduration or "", payload.alertfriendlyduration])
        unread = (f"its duration {given[:40]!r} cannot be read",) if given else ()
        return _Times(at=at, begun=None, notes=notes + unread)
    return _Times(
        at=at, begun=at - lasted, notes=(*notes, f"the start is the end less the {lasted} that it states")
    )


def _lasted(payload: AlertPayload) -> timedelta | None:
    """Read how long it was down: in seconds, else in words such as "44 minutes and 37 seconds"."""
    if payload.alertduration:
        total = int(payload.alertduration) if NUMBER.fullmatch(payload.alertduration) else None
    else:
        total = _seconds(payload.alertfriendlyduration)
    return None if total is None or total > LONGEST.total_seconds() else timedelta(seconds=total)


def _seconds(text: str) -> int | None:
    """Add up numbers with units; None where anything else stands among them."""
    if len(text) > LONGEST_TEXT:
        return None
    words = text.lower().replace(" and ", " ").replace(",", " ").split()
    if not words or len(words) % 2:
        return None
    total = 0
    for number, unit in zip(words[::2], words[1::2], strict=True):
        seconds = SECONDS.get(unit.removesuffix("s"))
        if seconds is None or not NUMBER.fullmatch(number):
            return None
        total += int(number) * seconds
    return total


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_uptimerobot(content, received_at=context.received_at)


FORMAT = Format(
    code="uptimerobot",
    label="UptimeRobot webhook",
    read=_read,
    clock=Clock.THIRD_PARTY,
    pushed=True,
)
