"""Many new rows of one model at once: checked one by one, written together with their history."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import models, transaction

from vendors.models import Contract, FactChange, Span, Tracked
from vendors.services.approvals.rows import check_row
from vendors.services.records import checked_reason, note_changes

# SQLite takes a limited number of values in one statement.
BATCH = 400


def check_new(row: Tracked) -> None:
    """Raise ValidationError for a new row that is wrong in itself; keys are left to the database."""
    references = {field.name for field in row._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    row.clean_fields(exclude=references)
    row.clean()


@transaction.atomic
def add_records(rows: Sequence[Tracked], *, by: User, reason: str) -> None:
    """Insert checked new rows of one model with their history, and note once per contract what they may move.

    Raises IntegrityError, and writes nothing, where a constraint refuses one of them; which one only
    `save_record` can say. Raises SecondPersonNeeded where another person has to approve one.
    """
    if not rows:
        return
    reason = checked_reason(reason)
    for row in rows:
        check_row(row, old=None, fields=(), links={}, by=by, reason=reason, second=None)
    model = type(rows[0])
    model._base_manager.bulk_create(rows, batch_size=BATCH)
    model.history.bulk_history_create(rows, batch_size=BATCH, default_user=by, default_change_reason=reason)
    _note(rows)


def _note(rows: Sequence[Tracked]) -> None:
    spans: dict[Contract | None, Span] = {}
    counts: dict[Contract | None, int] = {}
    for row in rows:
        touched, span = row.touched_contracts(), row.touched_span()
        for contract in (None,) if touched is None else touched:
            spans[contract] = spans[contract].union(span) if contract in spans else span
            counts[contract] = counts.get(contract, 0) + 1
    title = str(rows[0]._meta.verbose_name_plural).capitalize()
    note_changes(
        FactChange(
            contract=contract,
            subject=f"{title} added: {counts[contract]}",
            during_from=span.start,
            during_until=span.end,
            case_from=span.start,
            case_until=span.end,
        )
        for contract, span in spans.items()
    )
