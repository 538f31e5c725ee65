"""Keep the list of feeds and watched sources, and confirm that nothing else happened."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.formats import FORMATS
from incidents.feeds.web_targets import AddressError, web_target
from incidents.models import FeedSource, ImportState, SourceWatch
from vendors.models import Service, Span, Vendor
from vendors.services import Saved, accountable, note_change, remove_record, save_record


def feed_of(vendor: Vendor, *, kind: str) -> FeedSource:
    """Return the vendor's feed of a format, by its code; a new one, not yet saved, where there is none."""
    feed = FeedSource.objects.filter(vendor=vendor, kind=kind).order_by("code").first()
    code = f"{vendor.slug}-{kind.replace('_', '-')}"
    return feed or FeedSource(code=code, kind=kind, vendor=vendor, url=_page_of(vendor))


def new_feed(kind: str, *, vendor: Vendor | None) -> FeedSource:
    """Return a feed of a format, of no vendor for a monitor of ours; not saved where there is none yet."""
    made = feed_of(vendor, kind=kind) if vendor else FeedSource(code=kind.replace("_", "-"), kind=kind)
    return FeedSource.objects.filter(code=made.code).first() or made


def is_made_for_a_look(source: FeedSource) -> bool:
    """Say whether a feed was made for files that were looked at only: nothing of it holds anything yet."""
    looked_at = source.uploads.filter(state=ImportState.SHOWN)
    return (
        looked_at.filter(made_feed=True).exists()
        and not source.uploads.exclude(state=ImportState.SHOWN).exists()
        and not source.records.exists()
    )


def known_feed(vendor: Vendor, *, kind: str, by: User) -> FeedSource:
    """Return the vendor's feed of a format, by its code; make it on first use."""
    feed = feed_of(vendor, kind=kind)
    if feed._state.adding:
        save_record(feed, by=by, reason=f"First import of this vendor's {FORMATS[kind].label}")
    return feed


def remove_unused(source: FeedSource, *, by: User, reason: str) -> bool:
    """Remove a feed of which nothing is on file and that nothing is set up for; say whether it was so."""
    on_file = (
        relation.related_model._base_manager.filter(**{relation.field.name: source}).exists()
        for relation in source._meta.related_objects
    )
    is_used = source.every_minutes or source.push_key or source.signing_secret or any(on_file)
    if not is_used:
        remove_record(source, by=by, reason=reason)
    return not is_used


def read_as(source: FeedSource) -> str:
    """Return a fingerprint of where a feed lies and how it is read: where that changes, it is read anew."""
    facts = [source.url, source.kind, source.zone, source.clock, source.columns]
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _page_of(vendor: Vendor) -> str:
    # A page without encryption, or inside, is shown to people, and fetched by nobody.
    try:
        web_target(vendor.status_page_url)
    except AddressError:
        return ""
    return vendor.status_page_url


@transaction.atomic
def hear_from_source(service: Service, *, source: str, at: datetime, by: User, reason: str) -> Saved:
    """Note that a source spoke at a UTC instant; the first time begins the watch."""
    rows = SourceWatch.objects.select_related("service__contract").select_for_update(of=("self",))
    watch = rows.filter(service=service, source=source).first()
    if watch is None:
        watch = SourceWatch(service=service, source=source, watched_from=at, last_heard_at=at)
        return save_record(watch, by=by, reason=reason)
    earlier = watch.last_heard_at
    if earlier is None:
        watch.last_heard_at = at
        return save_record(watch, by=by, reason=reason)
    if at <= earlier:
        return Saved.UNCHANGED
    watch.last_heard_at = at
    watch.full_clean()
    with accountable(watch, by=by, reason=reason):
        watch.save()
    # Hearing it once more proves more of the time since it was heard, and nothing of any earlier time.
    note_change(watch.touched_contracts(), subject=f"{watch} heard again", during=Span(earlier, at))
    return Saved.UPDATED


def hear_now(
    services: Sequence[Service], *, source: str, at: datetime, by: User, reason: str, every: timedelta
) -> None:
    """Note for some services that a source was read at a UTC instant, seldom enough for the books.

    Between two notes lie at least `every`, since each is kept in the history and asks for new drafts.
    """
    ids = [service.pk for service in services]
    recent = SourceWatch.objects.filter(service__in=ids, source=source, last_heard_at__gt=at - every)
    known = set(recent.values_list("service", flat=True))
    for service in services:
        if service.pk not in known:
            hear_from_source(service, source=source, at=at, by=by, reason=reason)


def confirm_quiet(watch: SourceWatch, *, through: datetime, at: datetime, by: User, reason: str) -> Saved:
    """Confirm that, from the start of the watch to `through`, nothing happened beyond what is recorded (UTC).

    Raises:
        ValidationError: `through` lies in the future of `at`, or before the watch began, or before what is
            confirmed already; nothing is changed.

    """
    floor = watch.confirmed_through or watch.watched_from
    if through > at or (floor is not None and through < floor):
        earliest = f"from {floor:%Y-%m-%d %H:%M} UTC " if floor else ""
        raise ValidationError(
            f"{through:%Y-%m-%d %H:%M} UTC cannot be confirmed: it must lie {earliest}"
            f"to the present, {at:%Y-%m-%d %H:%M} UTC.",
            code="through",
        )
    watch.confirmed_by, watch.confirmed_name = by, ""
    watch.confirmed_at, watch.confirmed_through = at, through
    return save_record(watch, by=by, reason=reason)
