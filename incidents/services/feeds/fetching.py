"""Fetching a feed from its address: what is new is brought in, what failed is kept in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from incidents.models import FeedPoll, FeedSource
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.intervals import NOTHING, next_instant, patience_of
from incidents.services.feeds.names import Names
from incidents.services.feeds.reports import ImportReport, Steps
from incidents.services.feeds.runs import Outcome
from incidents.services.feeds.uploads import read_feed
from incidents.services.sources import hear_now, read_as
from incidents.services.web.asking import Answer, Limits, Web, WebError, ask
from incidents.services.web.internet import INTERNET
from vendors import nudges
from vendors.services import system_user

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]

LIMITS = Limits(seconds=30.0, size=20_000_000)
# A page that is read every minute says so in the books four times a day.
HEARD_EVERY = timedelta(hours=6)
OK, UNCHANGED = 200, 304
WHAT_IT_MEANS = {
    401: "it wants a login",
    403: "it refuses us",
    404: "there is nothing at this address",
    410: "the address was given up",
    429: "it was asked too often",
}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came of one fetching: an error in words, or what the import did; neither where nothing is new."""

    error: str = ""
    report: ImportReport | None = None

    def __str__(self) -> str:
        if self.error:
            return f"Not read: {self.error}"
        if self.report is None:
            return "Read, nothing new."
        counts = (f"{self.report.count(outcome)} {outcome}" for outcome in Outcome)
        return f"Read: {', '.join(counts)}."


def poll_of(source: FeedSource, *, at: datetime) -> FeedPoll:
    """Return how the fetching of a feed goes; a new feed is first fetched at `at`."""
    poll, _ = FeedPoll.objects.get_or_create(source=source, defaults={"next_at": at})
    return poll


def fetch_feed(
    source: FeedSource,
    *,
    clock: Clock,
    web: Web = INTERNET,
    progress: Progress = lambda done, total: None,
) -> Fetched:
    """Fetch a feed once and bring in what it tells; write how it went, and when it is next due.

    Only where the answer changed since it was brought in last is it read. An answer that cannot be read
    changes nothing. `progress` is told how far an import is.
    """
    poll = poll_of(source, at=clock())
    planned, as_read = poll.next_at, read_as(source)
    patience = NOTHING
    try:
        answer = _answered(source, poll=poll, web=web, is_same=as_read == poll.read_as)
        fetched = _brought(answer, source=source, poll=poll, as_read=as_read, at=clock(), progress=progress)
    except WebError as error:
        fetched = Fetched(error=str(error))
        patience = patience_of(error.retry_after, now=clock())
    except ValidationError as error:
        fetched = Fetched(error="; ".join(error.messages))
    _settle(poll, fetched=fetched, planned=planned, patience=patience, now=clock())
    return fetched


def ask_for_fetching(source: FeedSource, *, at: datetime) -> None:
    """Let a feed be fetched next, by whoever works on what is due; its own instants go on from then.

    Raises ValidationError where it has no address, or its format is never fetched.
    """
    if not source.url or not source.format.polled:
        why = "it has no address" if not source.url else f"{source.format.label} is never fetched"
        raise ValidationError(f"{source} is not fetched: {why}.", code="not_fetched")
    poll = poll_of(source, at=at)
    polls = FeedPoll.objects.filter(pk=poll.pk, asked_at=None)
    if polls.update(asked_at=at):
        FeedPoll.objects.filter(pk=poll.pk, next_at__gt=at).update(next_at=at)
    nudges.after_commit()


def fail_fetching(source: FeedSource, *, why: str, now: datetime) -> None:
    """Go on to the next fetching where this one broke off by a fault of ours; `why` says which."""
    poll = poll_of(source, at=now)
    _settle(poll, fetched=Fetched(error=why), planned=poll.next_at, patience=NOTHING, now=now)


def pass_over(source: FeedSource, *, now: datetime) -> None:
    """Go on to the next turn of a feed that has no address at present."""
    poll = poll_of(source, at=now)
    every = timedelta(minutes=source.every_minutes or 60)
    poll.next_at, poll.asked_at = next_instant(poll.next_at, now=now, every=every), None
    poll.save(update_fields=["next_at", "asked_at"])


def _answered(source: FeedSource, *, poll: FeedPoll, web: Web, is_same: bool) -> Answer:
    """Return the answer of the address: 200 or 304. Raises WebError for any other."""
    asked: dict[str, str] = {}
    if is_same and poll.etag:
        asked["If-None-Match"] = poll.etag
    if is_same and poll.last_modified:
        asked["If-Modified-Since"] = poll.last_modified
    answer = ask(source.url, web=web, limits=LIMITS, headers=asked)
    if answer.status == OK or (answer.status == UNCHANGED and asked):
        return answer
    meaning = WHAT_IT_MEANS.get(answer.status, "it is in trouble" if answer.status >= 500 else "")
    raise WebError(
        f"It answered with status {answer.status}" + (f": {meaning}." if meaning else "."),
        status=answer.status,
        retry_after=answer.headers.get("retry-after", ""),
    )


def _brought(
    answer: Answer, *, source: FeedSource, poll: FeedPoll, as_read: str, at: datetime, progress: Progress
) -> Fetched:
    """Bring an answer in where it is new. Raises ValidationError where nothing of it can be used."""
    by, print_ = system_user(), sha256(answer.body).hexdigest()
    report = None
    is_known = (print_, as_read) == (poll.fingerprint, poll.read_as)
    if answer.status != UNCHANGED and not is_known:
        steps = Steps(told=lambda part: progress(part.done, part.total))
        name = PurePosixPath(urlsplit(answer.url).path).name
        values = read_feed(source, answer.body, received_at=at, file_name=name)
        report = import_feed(values, source=source, by=by, at=at, steps=steps)
        # What was refused may be let in by a rule of tomorrow: then it must be told again in full.
        kept = not report.count(Outcome.REFUSED)
        poll.fingerprint = print_ if kept else ""
        poll.etag = _kept(answer, name="etag", most=200) if kept else ""
        poll.last_modified = _kept(answer, name="last-modified", most=100) if kept else ""
        poll.read_as = as_read
    services = Names.of(source).services()
    reason = f"Read at its address, {source.code}"
    hear_now(services, source=source.code, at=at, by=by, reason=reason, every=HEARD_EVERY)
    return Fetched(report=report)


def _kept(answer: Answer, *, name: str, most: int) -> str:
    value = answer.headers.get(name, "")
    return value if len(value) <= most and value.isprintable() else ""


def _settle(
    poll: FeedPoll, *, fetched: Fetched, planned: datetime, patience: timedelta, now: datetime
) -> None:
    source = poll.source
    poll.fetched_at, poll.asked_at = now, None
    poll.error = fetched.error
    poll.failures = poll.failures + 1 if fetched.error else 0
    if fetched.error:
        poll.failing_since = poll.failing_since or now
    else:
        poll.heard_at, poll.failing_since = now, None
    poll.next_at = next_instant(
        planned,
        now=now,
        every=timedelta(minutes=source.every_minutes or 60),
        failures=poll.failures,
        patience=patience,
        name=source.code,
    )
    poll.save()
    if fetched.error:
        logger.warning("feed %s was not read: %s", source.code, fetched.error)
