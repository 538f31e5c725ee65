"""When a name or a word means something new: what was read before is brought in again."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count

from incidents.models import (
    ComponentRule,
    FeedRecord,
    FeedSource,
    MeasuredBy,
    Outage,
    SeverityRule,
    UnmatchedName,
)
from incidents.services.feeds.importing import BATCH, bring
from incidents.services.feeds.inbox import note_unmatched
from incidents.services.feeds.records import records_of, said_last
from incidents.services.feeds.runs import Doing, Outcome, Run
from incidents.services.feeds.words import NO_WORD, Words, is_common
from incidents.services.outages import record_outage
from vendors.models import Service
from vendors.services import save_record


def match_name(name: UnmatchedName, *, services: list[Service], by: User, at: datetime, reason: str) -> int:
    """Say which services a name of a feed means, none where it does not concern us; return how many changed.

    Records that bear the name are brought in again. Raises ValidationError for a blank reason.
    """
    rows = [ComponentRule(source=name.source, names=name.name, service=service) for service in services]
    with transaction.atomic():
        for rule in rows or [ComponentRule(source=name.source, names=name.name)]:
            save_record(rule, by=by, reason=reason)
    return bring_again(name.source, by=by, at=at)


def explain_word(source: FeedSource, *, word: str, kind: str, by: User, at: datetime, reason: str) -> int:
    """Say which kind of outage a feed's word for severity is, empty for none; return how many changed.

    Records that bear the word are brought in again. Raises ValidationError for a blank reason.
    """
    save_record(SeverityRule(source=source, word=word[:60], kind=kind), by=by, reason=reason)
    return bring_again(source, by=by, at=at)


def unexplained_words(sources: Iterable[FeedSource]) -> list[tuple[FeedSource, str, int]]:
    """Return the words for severity that nobody has explained, by feed, with how many records bear each."""
    feeds = {source.pk: source for source in sources}
    known = {key: Words.of(rules).rules for key, rules in _rules(feeds).items()}
    rows = FeedRecord.objects.filter(source__in=list(feeds)).exclude(incident=None).order_by()
    told: dict[int, list[tuple[Any, int]]] = {}
    for key, word, records in rows.values_list("source", "said__severity").annotate(records=Count("pk")):
        told.setdefault(key, []).append((word, records))
    found = []
    for key, source in feeds.items():
        rules = known.get(key, {})
        for word, records in sorted(told.get(key, []), key=lambda row: str(row[0])):
            if word is not None and not is_common(word):
                shown = word.strip()[:60] or NO_WORD
                if shown.casefold() not in rules:
                    found.append((source, shown, records))
    return found


def _rules(sources: Iterable[int]) -> dict[int, list[SeverityRule]]:
    found: dict[int, list[SeverityRule]] = {}
    for rule in SeverityRule.objects.filter(source__in=list(sources)):
        found.setdefault(rule.source_id, []).append(rule)
    return found


def bring_again(source: FeedSource, *, by: User, at: datetime) -> int:
    """Bring every record of a feed in again by the rules as they stand; return how many that changed."""
    run, changed = Run.of(source, by=by, at=at), follow_clock(source, by=by)
    for keys in _keys(source):
        with transaction.atomic():
            records = records_of(source, keys, at=at)
            changed += sum(_brought(record, run=run) for record in records.values())
    note_unmatched(run)
    return changed


def follow_clock(source: FeedSource, *, by: User) -> int:
    """Give the outages that a feed filled its clock as it stands; return how many that changed.

    What another view of the same incident fills by its own clock, and what a person typed in, stays.
    """
    incidents = FeedRecord.objects.filter(source=source).exclude(incident=None).values("incident")
    strays = Outage.objects.standing().filter(incident__in=incidents).exclude(feed_said={})
    changed = 0
    for outage in (
        strays.exclude(measured_by=source.measured_by)
        .select_related("incident", "service__contract")
        .prefetch_related("incident__records__source", "incident__outages")
    ):
        if outage.measured_by not in _clocks_beside(outage, source=source):
            outage.measured_by = source.measured_by
            record_outage(outage, by=by, reason=f"The clock of {source.code} is {source.measured_by} now")
            changed += 1
    return changed


def _clocks_beside(outage: Outage, *, source: FeedSource) -> set[str]:
    """Return the clocks of the other views; every one where this feed's clock has its outage already."""
    rows = outage.incident.outages.all()
    if any((row.service_id, row.measured_by) == (outage.service_id, source.measured_by) for row in rows):
        return set(MeasuredBy.values)
    records = outage.incident.records.all()
    return {record.source.measured_by for record in records if record.source_id != source.pk}


def bring_record_again(record: FeedRecord, *, by: User, at: datetime) -> FeedRecord:
    """Bring one record in again as it was said last. Raises ValidationError."""
    run = Run.of(record.source, by=by, at=at)
    fresh = records_of(record.source, [record.external_id], at=at)[record.external_id]
    said = said_last(fresh)
    assert said is not None
    bring(said, record=fresh, doing=Doing(run))
    return fresh


def _keys(source: FeedSource) -> Iterator[list[str]]:
    last = 0
    while True:
        rows = FeedRecord.objects.filter(source=source, pk__gt=last).order_by("pk")
        found = list(rows.values_list("pk", "external_id")[:BATCH])
        if not found:
            return
        last = found[-1][0]
        yield [key for _, key in found]


def _brought(record: FeedRecord, *, run: Run) -> bool:
    said = said_last(record)
    if said is None:
        return False
    doing = Doing(run)
    try:
        with transaction.atomic():
            bring(said, record=record, doing=doing)
    except ValidationError:
        return False
    run.count_unknown(run.parts(said))
    return doing.outcome in (Outcome.CREATED, Outcome.UPDATED)
