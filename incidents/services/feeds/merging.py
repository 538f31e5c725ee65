"""Take what a feed says into a row of the register, never over what a person wrote there."""

from typing import Any

from incidents.models import Outage
from incidents.models.incidents import FromFeed
from incidents.services.feeds.words import as_text

# Key of `feed_said` that names the fields which a person took over for good.
BY_PERSON = "by a person"
SHOWN = 60


def merge(row: FromFeed, *, fields: dict[str, Any]) -> list[str]:
    """Take the feed's values where no person stands in the way; return a line for each where one does."""
    new, vouched = row.pk is None, getattr(row, "confirmed_at", None) is not None
    before, persons = row.feed_said, set(row.feed_said.get(BY_PERSON, []))
    conflicts = []
    for name, theirs in fields.items():
        ours, said = as_text(getattr(row, name)), as_text(theirs)
        if not new and ours != before.get(name, _untouched(row, name)):
            persons.add(name)
        if name not in persons and not (vouched and not new):
            setattr(row, name, theirs)
        elif ours != said:
            label = f"{row._meta.verbose_name} '{row._meta.get_field(name).verbose_name}'"  # type: ignore[union-attr]
            conflicts.append(f"{label} stays {_shown(ours)}; the feed says {_shown(said)}")
    row.feed_said = {name: as_text(value) for name, value in fields.items()}
    if persons:
        row.feed_said[BY_PERSON] = sorted(persons)
    return conflicts


def is_a_persons(row: Outage) -> bool:
    """Say whether a person confirmed or typed in an outage, or changed a field that a feed had filled."""
    said = row.feed_said
    if row.confirmed_at is not None or not said or BY_PERSON in said:
        return True
    return any(as_text(getattr(row, name)) != value for name, value in said.items())


def state_of(row: FromFeed, *, fields: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a merge may change, to see whether it did."""
    return (dict(row.feed_said), *(getattr(row, name) for name in fields))


def _untouched(row: FromFeed, name: str) -> str:
    """Return the text of a field that neither a feed nor a person has filled."""
    return as_text(row._meta.get_field(name).get_default())  # type: ignore[union-attr]


def _shown(text: str) -> str:
    one_line = " ".join(text.split()) or "empty"
    return one_line if len(one_line) <= SHOWN else one_line[: SHOWN - 1] + "…"
