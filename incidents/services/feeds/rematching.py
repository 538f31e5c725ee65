"""When a name or a word means something new: what was read before is brought in again."""

from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import ComponentRule, FeedRecord, FeedSource, UnmatchedName
from incidents.services.feeds.importing import BATCH, bring
from incidents.services.feeds.inbox import note_unmatched
from incidents.services.feeds.records import records_of, said_last
from incidents.services.feeds.runs import Doing, Outcome, Run
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


def bring_again(source: FeedSource, *, by: User, at: datetime) -> int:
    """Bring every record of a feed in again by the rules as they stand; return how many that changed."""
    run, changed = Run.of(source, by=by, at=at), 0
    for keys in _keys(source):
        with transaction.atomic():
            records = records_of(source, keys, at=at)
            changed += sum(_brought(record, run=run) for record in records.values())
    note_unmatched(run)
    return changed


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
    for name in run.unknown(said.components):
        run.unmatched[name] += 1
    return doing.outcome in (Outcome.CREATED, Outcome.UPDATED)
