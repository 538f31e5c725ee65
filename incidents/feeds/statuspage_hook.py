"""Read Statuspage webhooks: an incident with all its posts, or one change of one component, a message.

The vendor's status page, so its clock. Nothing is signed; the address must hold a secret. Each message on
an incident tells the whole of it, so the latest holds. A change of a component has no number of an incident:
each time that it leaves "operational" is one of its own, told beside the page's incident of the same trouble.
"""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from incidents.feeds.json_files import Instant, Payload, Text, problems_of
from incidents.feeds.pushes import (
    Identifier,
    NothingToRecord,
    fingerprint,
    no_message,
    one_event,
    read_push,
)
from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedEvent,
    FeedIncident,
    Format,
)

WHAT = "Statuspage's webhooks"
WORKING, AT_WORK = "operational", "under_maintenance"
TWICE = "told by the component's status; the page may tell of the same trouble as an incident"


class ChangePayload(Payload):
    """One change of one component."""

    id: Identifier
    component_id: Identifier
    created_at: Instant
    old_status: Text = ""
    new_status: Text = ""


class ComponentPayload(Payload):
    """The component as it is now."""

    name: Text = ""


class MetaPayload(Payload):
    """When the message was made."""

    generated_at: Instant = None


def read_statuspage_hook(content: bytes, context: FeedContext) -> Feed:
    """Read one message; a fault in it is listed with its place.

    A notice of work comes back as maintenance, as from the page itself.

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of Statuspage.

    """
    document = read_push(content, what=WHAT)
    if "incident" in document:
        return _incident(content, document=document, context=context)
    if "component_update" in document:
        feed = one_event(lambda: _change(document), place="component_update")
        return replace(feed, heard_at=_heard(document).heard_at)
    raise no_message(document, what=WHAT, wanted="'incident' and no 'component_update'")


def _incident(content: bytes, *, document: dict[str, Any], context: FeedContext) -> Feed:
    feed = read_statuspage(content)
    heard = _heard(document)
    events = tuple(
        FeedEvent(
            external_id=said.external_id,
            event_id=f"{said.external_id}/{fingerprint(document['incident'])}",
            at=said.changed_at or heard.heard_at or context.received_at,
            said=said,
        )
        for said in feed.incidents
    )
    return replace(
        feed, incidents=(), events=events, heard_at=heard.heard_at, problems=feed.problems + heard.problems
    )


def _change(document: dict[str, Any]) -> FeedEvent:
    payload = ChangePayload.model_validate(document["component_update"])
    component = ComponentPayload.model_validate(document.get("component") or {})
    at, old, new = payload.created_at, payload.old_status, payload.new_status
    if at is None:
        raise NothingToRecord("the change has no created_at")
    if not new or old == new:
        raise NothingToRecord(f"the component stays {new[:40]!r}")
    name = component.name or payload.component_id
    over = new == WORKING
    begun = at if old == WORKING else None
    return FeedEvent(
        external_id=f"component-{payload.component_id}",
        event_id=payload.id,
        at=at,
        recurring=True,
        said=FeedIncident(
            external_id=f"component-{payload.component_id}",
            title="" if over else f"{name}: {new.replace('_', ' ')}",
            status=new,
            planned=AT_WORK in (old, new),
            started_at=begun,
            first_posted_at=begun,
            resolved_at=at if over else None,
            changed_at=at,
            components=(FeedComponent(name=name, worst_status=old if over else new),),
            notes=(TWICE,),
        ),
    )


def _heard(document: dict[str, Any]) -> Feed:
    """Give when the message was made, or what is wrong with that."""
    try:
        return Feed(heard_at=MetaPayload.model_validate(document.get("meta") or {}).generated_at)
    except ValidationError as error:
        return Feed(problems=tuple(problems_of(error, place="meta")))


FORMAT = Format(
    code="statuspage_hook",
    label="Statuspage webhook",
    read=read_statuspage_hook,
    clock=Clock.VENDOR_STATUS_PAGE,
    pushed=True,
)
