"""What waits for a person: names that no service goes by."""

from incidents.models import UnmatchedName
from incidents.services.feeds.runs import Run


def note_unmatched(run: Run) -> None:
    """Keep the names of an import that nobody has said anything about, and drop those that are known now."""
    for name, records in run.unmatched.items():
        UnmatchedName.objects.update_or_create(
            source=run.source, name=name[:300], defaults={"last_seen_at": run.at, "records": records}
        )
    for row in UnmatchedName.objects.filter(source=run.source):
        if run.names.match(row.name).is_known:
            row.delete()
