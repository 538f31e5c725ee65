"""Read Uptime Kuma webhooks: one heartbeat that changed the state of a monitor a message.

It runs at our own place: our clock. Nothing is signed; headers of one's own can be set beside the address.
"""

from datetime import datetime, timedelta
from typing import Any

from incidents.feeds.json_files import Payload, Text
from incidents.feeds.pushes import (
    Identifier,
    NothingToRecord,
    UtcWithoutZone,
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

WHAT = "Uptime Kuma's webhooks"
DOWN, UP = 0, 1
# Neither failed nor recovered: the one is tried once more, the other is not looked at.
NO_CHANGE = {2: "pending", 3: "under maintenance"}


class HeartbeatPayload(Payload):
    """One look at a monitor. `time` is UTC though it does not say so; `duration` is since the last look."""

    monitorID: Identifier
    status: int
    time: UtcWithoutZone
    msg: Text = ""
    important: bool | int = True
    timezoneOffset: Text = ""
    localDateTime: Text = ""


class MonitorPayload(Payload):
    """What is looked at."""

    name: Text = ""


def read_uptime_kuma(content: bytes) -> Feed:
    """Read one message; a fault in it is listed with its place.

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of Uptime Kuma.

    """
    document = read_push(content, what=WHAT)
    if "heartbeat" not in document:
        raise no_message(document, what=WHAT, wanted="'heartbeat'")
    return one_event(lambda: _event(document), place="heartbeat")


def _event(document: dict[str, Any]) -> FeedEvent:
    if document["heartbeat"] is None:
        raise NothingToRecord("a test message, or one about a certificate")
    payload = HeartbeatPayload.model_validate(document["heartbeat"])
    monitor = MonitorPayload.model_validate(document.get("monitor") or {})
    at = payload.time
    if at is None:
        raise NothingToRecord("the heartbeat has no time")
    if payload.status not in (DOWN, UP):
        raise NothingToRecord(f"status {payload.status} ({NO_CHANGE.get(payload.status, 'unknown')})")
    down = payload.status == DOWN
    name = monitor.name or payload.monitorID
    # Kuma reminds of what is still down; only the heartbeat that changed the state tells the start. One
    # reminder an hour is enough.
    changed = bool(payload.important) or not down
    begun = at if down and changed else None
    return FeedEvent(
        external_id=payload.monitorID,
        event_id=f"{payload.monitorID}/{payload.status}/{stamp(at if changed else _hour(at))}",
        at=at,
        recurring=True,
        said=FeedIncident(
            external_id=payload.monitorID,
            title=f"{name}: down" if down else "",
            narrative=payload.msg if down else "",
            status="down" if down else "up",
            started_at=begun,
            first_posted_at=begun,
            resolved_at=None if down else at,
            changed_at=at,
            components=(FeedComponent(name=name),),
            notes=_notes(payload),
        ),
    )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _notes(payload: HeartbeatPayload) -> tuple[str, ...]:
    """Compare the UTC time with the local one beside it: a wrong zone would shift every outage."""
    if payload.time is None or not payload.localDateTime or not payload.timezoneOffset:
        return ()
    try:
        local = HeartbeatPayload.model_validate(
            {"monitorID": "-", "status": 0, "time": payload.localDateTime + payload.timezoneOffset}
        ).time
    except ValueError:
        return ("its local time cannot be read; the UTC time is taken",)
    if local is None or abs(local - payload.time) < timedelta(seconds=2):
        return ()
    return (
        f"its two times differ: {payload.time:%Y-%m-%d %H:%M:%S} UTC is taken, "
        f"{payload.localDateTime[:40]} {payload.timezoneOffset[:10]} is the local one",
    )


def _read(content: bytes, _: FeedContext) -> Feed:
    return read_uptime_kuma(content)


FORMAT = Format(
    code="uptime_kuma",
    label="Uptime Kuma webhook",
    read=_read,
    clock=Clock.US,
    pushed=True,
)
