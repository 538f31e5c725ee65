"""Read Prometheus Alertmanager webhooks, version 4 (Grafana sends the same): a group of alerts a message.

The monitoring is ours, and so is the clock. Nothing is signed; a password or a token can be set in the
receiver's `http_config`. A message that is sent again every few hours tells the same events.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError

from incidents.feeds.json_files import Instant, Payload, Text, instant, kind_of, problems_of
from incidents.feeds.pushes import Labels, fingerprint, first_of, no_message, read_push, stamp, web_address
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedError,
    FeedEvent,
    FeedIncident,
    FeedProblem,
    Format,
)

WHAT = "Alertmanager's webhooks"
MOST_ALERTS = 10_000
# The labels that name what is hit, best first, unless the feed's columns choose one.
COMPONENT_LABELS = ("service", "job", "instance")
FIRING, RESOLVED = "firing", "resolved"


def end(given: Any) -> datetime | None:
    """Read an end; Go writes the year 1 where it has none: still firing."""
    return None if isinstance(given, str) and given.startswith("0001-01-01") else instant(given)


End = Annotated[datetime | None, BeforeValidator(end)]


class AlertPayload(Payload):
    """One firing of one alert; older senders leave out `status` and `fingerprint`."""

    status: Text = ""
    labels: Labels
    annotations: Labels
    startsAt: Instant
    endsAt: End = None
    fingerprint: Text = ""
    generatorURL: Text = ""


def read_alertmanager(
    content: bytes, *, received_at: datetime, columns: Mapping[str, str] | None = None
) -> Feed:
    """Read one message; a bad alert is listed with its place, the others are kept.

    `columns` may name the label of our "component", "severity" and "title".

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of Alertmanager.

    """
    document = read_push(content, what=WHAT)
    alerts = document.get("alerts")
    if not isinstance(alerts, list):
        raise no_message(document, what=WHAT, wanted="list of 'alerts'")
    if len(alerts) > MOST_ALERTS:
        raise FeedError(f"The message has {len(alerts)} alerts, more than {MOST_ALERTS}. Set max_alerts.")
    events: dict[str, FeedEvent] = {}
    problems = list(_left_out(document))
    for number, record in enumerate(alerts):
        place = f"alerts[{number}]"
        try:
            event = _event(record, received_at=received_at, columns=columns or {})
        except ValidationError as error:
            problems.extend(problems_of(error, place=place))
        except FeedError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
        else:
            events.setdefault(event.event_id, event)
    return Feed(events=tuple(events.values()), problems=tuple(problems))


def _left_out(document: dict[str, Any]) -> Iterator[FeedProblem]:
    left_out = document.get("truncatedAlerts") or 0
    if isinstance(left_out, int) and left_out > 0:
        yield FeedProblem(
            place="truncatedAlerts",
            message=f"{left_out} alerts were left out by the sender. Raise max_alerts of its receiver.",
        )
    elif not isinstance(left_out, int):
        yield FeedProblem(place="truncatedAlerts", message=f"{kind_of(left_out)}, not a number.")


def _event(record: Any, *, received_at: datetime, columns: Mapping[str, str]) -> FeedEvent:
    payload = AlertPayload.model_validate(record)
    start = payload.startsAt
    if start is None:
        raise FeedError("the alert has no startsAt. Without it one firing cannot be told from another.")
    status = payload.status or _status(payload, received_at=received_at)
    if status not in (FIRING, RESOLVED):
        raise FeedError(f"status {payload.status[:40]!r} is neither 'firing' nor 'resolved'.")
    over = (payload.endsAt or received_at) if status == RESOLVED else None
    # Without fingerprints of the sender the labels are what makes an alert the same.
    same = payload.fingerprint[:64] or fingerprint(payload.labels)
    external_id = f"{same}@{stamp(start)}"
    # A resolved one that states no end gets the time of arrival, which differs whenever it is sent again.
    told = "" if over is None else stamp(over) if payload.endsAt else "end unknown"
    return FeedEvent(
        external_id=external_id,
        event_id=f"{external_id}/{status}/{told}",
        at=over or start,
        said=FeedIncident(
            external_id=external_id,
            title=_title(payload, columns=columns),
            narrative="\n\n".join(_words(payload)),
            severity=payload.labels.get(columns.get("severity", "severity"), ""),
            status=status,
            started_at=start,
            first_posted_at=start,
            resolved_at=over,
            changed_at=over or start,
            components=_components(payload, columns=columns),
            address=web_address(payload.generatorURL),
            notes=tuple(_notes(payload, over=over, columns=columns)),
        ),
    )


def _status(payload: AlertPayload, *, received_at: datetime) -> str:
    """Find the status that an older sender leaves out: over when its end has passed.

    The group's status does not say it: a group fires while one of its alerts does.
    """
    return RESOLVED if payload.endsAt is not None and payload.endsAt <= received_at else FIRING


def _title(payload: AlertPayload, *, columns: Mapping[str, str]) -> str:
    chosen = payload.labels.get(columns.get("title", "alertname"), "")
    return first_of([chosen, payload.labels.get("alertname", ""), *_words(payload), "Alert without a name"])


def _words(payload: AlertPayload) -> list[str]:
    words = (
        payload.annotations.get(key, "").strip() for key in ("title", "summary", "description", "message")
    )
    return list(dict.fromkeys(text for text in words if text))


def _components(payload: AlertPayload, *, columns: Mapping[str, str]) -> tuple[FeedComponent, ...]:
    wanted = (columns["component"],) if columns.get("component") else COMPONENT_LABELS
    name = first_of(payload.labels.get(label, "") for label in wanted)
    return (FeedComponent(name=name),) if name else ()


def _notes(payload: AlertPayload, *, over: datetime | None, columns: Mapping[str, str]) -> Iterator[str]:
    if over is not None and payload.endsAt is None:
        yield "resolved without an end time: the end is when the message arrived"
    if not _components(payload, columns=columns):
        wanted = columns.get("component") or ", ".join(COMPONENT_LABELS)
        given = ", ".join(sorted(payload.labels))[:120] or "none"
        yield f"no label says what is hit (looked for: {wanted}); choose one of these: {given}"


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_alertmanager(content, received_at=context.received_at, columns=context.columns)


FORMAT = Format(
    code="alertmanager",
    label="Alertmanager or Grafana webhook",
    read=_read,
    clock=Clock.US,
    pushed=True,
)
