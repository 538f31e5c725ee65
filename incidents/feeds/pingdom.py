"""Read Pingdom webhooks: one change of state of one check a message.

Pingdom measures from outside: a third party's clock. Nothing is signed; the address must hold a secret.
"""

from typing import Any

from incidents.feeds.json_files import Payload, Text
from incidents.feeds.pushes import (
    Epoch,
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

WHAT = "Pingdom's webhooks"
# Checks of one request are down or up, those of many steps fail or succeed.
DOWN, UP = frozenset({"DOWN", "FAILING"}), frozenset({"UP", "SUCCESS"})


class ChangePayload(Payload):
    """One change of state. The epoch is the time; the text beside it has no zone letter."""

    check_id: Identifier
    check_name: Text = ""
    previous_state: Text = ""
    current_state: Text = ""
    importance_level: Text = ""
    state_changed_timestamp: Epoch = None
    state_changed_utc_time: UtcWithoutZone = None
    description: Text = ""
    long_description: Text = ""


def read_pingdom(content: bytes) -> Feed:
    """Read one message; a fault in it is listed with its place.

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of Pingdom.

    """
    document = read_push(content, what=WHAT)
    if "check_id" not in document or "current_state" not in document:
        raise no_message(document, what=WHAT, wanted="'check_id' and 'current_state'")
    return one_event(lambda: _event(document), place="message")


def _event(record: dict[str, Any]) -> FeedEvent:
    payload = ChangePayload.model_validate(record)
    at = payload.state_changed_timestamp or payload.state_changed_utc_time
    state, before = payload.current_state.upper(), payload.previous_state.upper()
    if at is None:
        raise NothingToRecord("neither state_changed_timestamp nor state_changed_utc_time is there")
    if state not in DOWN | UP:
        raise NothingToRecord(f"state {payload.current_state[:40]!r} is neither down nor up")
    if state in UP and before and before not in DOWN:
        raise NothingToRecord(f"the check came up from {payload.previous_state[:40]!r}, not from a failure")
    down = state in DOWN
    name = payload.check_name or payload.check_id
    return FeedEvent(
        external_id=payload.check_id,
        event_id=f"{payload.check_id}/{state}/{stamp(at)}",
        at=at,
        recurring=True,
        said=FeedIncident(
            external_id=payload.check_id,
            title=f"{name}: {payload.description}" if down and payload.description else name if down else "",
            narrative=payload.long_description if down else "",
            severity=payload.importance_level,
            status=payload.current_state,
            started_at=at if down else None,
            first_posted_at=at if down else None,
            resolved_at=None if down else at,
            changed_at=at,
            components=(FeedComponent(name=name),),
            notes=_notes(payload),
        ),
    )


def _notes(payload: ChangePayload) -> tuple[str, ...]:
    counted, written = payload.state_changed_timestamp, payload.state_changed_utc_time
    if counted and written and counted != written:
        return (
            f"its two times differ: {counted:%Y-%m-%d %H:%M:%S} UTC is taken, "
            f"{written:%Y-%m-%d %H:%M:%S} is written",
        )
    return ()


def _read(content: bytes, _: FeedContext) -> Feed:
    return read_pingdom(content)


FORMAT = Format(
    code="pingdom",
    label="Pingdom webhook",
    read=_read,
    clock=Clock.THIRD_PARTY,
    pushed=True,
)
