"""What waits for a person: names that no service goes by, and letters."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from incidents.feeds.values import FeedLetter as Letter
from incidents.models import FeedLetter, Incident, UnmatchedName
from incidents.services.feeds.runs import Run
from vendors.services import checked_reason


def note_unmatched(run: Run) -> None:
    """Keep the names of an import that nobody has said anything about, and drop those that are known now."""
    for name, records in run.unmatched.items():
        UnmatchedName.objects.update_or_create(
            source=run.source, name=name[:300], defaults={"last_seen_at": run.at, "records": records}
        )
    for row in UnmatchedName.objects.filter(source=run.source):
        if run.names.match(row.name).is_known:
            row.delete()


def set_aside(incident: Incident, *, by: User, at: datetime, reason: str) -> None:
    """Say that an incident of a feed does not concern us: nobody is asked any more whose failure it was.

    Raises ValidationError for a blank reason, or where it came from no feed; nothing is changed.
    """
    reason = checked_reason(reason)
    said = {"set_aside_by": by, "set_aside_at": at, "set_aside_why": reason}
    if not incident.records.update(**said):
        raise ValidationError(
            f"{incident} has no record of a feed. Say whose failure it was, or resolve it.", code="no_record"
        )


def keep_letters(letters: Iterable[Letter], *, run: Run) -> None:
    """Keep mails that no reader understood, each once, for a person to read."""
    for letter in letters:
        FeedLetter.objects.get_or_create(
            source=run.source,
            message_id=letter.message_id[:250],
            defaults={
                "sender": letter.sender[:250],
                "subject": letter.subject[:250],
                "sent_at": letter.sent_at,
                "received_at": letter.received_at or run.at,
                "text": letter.text,
                "note": "; ".join(letter.notes),
            },
        )


def finish_letter(letter: FeedLetter, *, by: User, at: datetime) -> None:
    """Say that a letter is dealt with. Raises ValidationError where it was before."""
    if letter.done_at is not None:
        raise ValidationError(
            f"“{letter}” was dealt with at {letter.done_at:%Y-%m-%d %H:%M} UTC already.", code="done"
        )
    letter.done_at, letter.done_by = at, by
    letter.save(update_fields=["done_at", "done_by"])
