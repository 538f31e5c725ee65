"""Keep the list of feeds and watched sources, and confirm that nothing else happened."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.formats import FORMATS
from incidents.models import FeedSource, SourceWatch
from vendors.models import Service, Vendor
from vendors.services import Saved, save_record


def feed_of(vendor: Vendor, *, kind: str) -> FeedSource:
    """Return the vendor's feed of a format, by its code; a new one, not yet saved, where there is none."""
    feed = FeedSource.objects.filter(vendor=vendor, kind=kind).order_by("code").first()
    code = f"{vendor.slug}-{kind.replace('_', '-')}"
    return feed or FeedSource(code=code, kind=kind, vendor=vendor, url=_page_of(vendor))


def known_feed(vendor: Vendor, *, kind: str, by: User) -> FeedSource:
    """Return the vendor's feed of a format, by its code; make it on first use."""
    feed = feed_of(vendor, kind=kind)
    if feed._state.adding:
        save_record(feed, by=by, reason=f"First import of this vendor's {FORMATS[kind].label}")
    return feed


def _page_of(vendor: Vendor) -> str:
    # A page without encryption is shown to people, and fetched by nobody.
    return vendor.status_page_url if vendor.status_page_url.startswith("https://") else ""


@transaction.atomic
def hear_from_source(service: Service, *, source: str, at: datetime, by: User, reason: str) -> Saved:
    """Note that a source spoke at a UTC instant; the first time begins the watch."""
    watch = SourceWatch.objects.filter(service=service, source=source).first()
    if watch is None:
        watch = SourceWatch(service=service, source=source, watched_from=at)
    watch.last_heard_at = max(at, watch.last_heard_at or at)
    return save_record(watch, by=by, reason=reason)


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
