"""Take what a feed says into a row of the register, never over what a person wrote there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import models

from incidents.models import Milestone, Outage
from incidents.models.incidents import FromFeed
from incidents.services.feeds.words import as_text, is_same_text

# Keys of `feed_said` that are no fields: those which a person took over for good, and what the feed said of
# them when a person decided to keep ours: that is no conflict until it says something else.
BY_PERSON = "by a person"
SETTLED = "settled"
NO_FIELDS = frozenset({BY_PERSON, SETTLED})
SHOWN, WORDS_BEFORE = 60, 20


def merge(row: FromFeed, *, fields: dict[str, Any]) -> list[str]:
    """Take the feed's values where no person stands in the way; return a line for each where one does."""
    new, vouched = row.pk is None, getattr(row, "confirmed_at", None) is not None
    before, persons = row.feed_said, set(row.feed_said.get(BY_PERSON, []))
    settled = before.get(SETTLED, {})
    conflicts = []
    for name, theirs in fields.items():
        ours, said = as_text(getattr(row, name)), as_text(theirs)
        if not new and not is_same_text(ours, before.get(name, _untouched(row, name))):
            persons.add(name)
        if is_same_text(ours, said) and not new:
            continue
        if name not in persons and not (vouched and not new):
            setattr(row, name, theirs)
        elif settled.get(name) != said:
            conflicts.append(in_words(row, name=name, ours=ours, theirs=said))
    row.feed_said = {name: as_text(value) for name, value in fields.items()}
    if persons:
        row.feed_said[BY_PERSON] = sorted(persons)
    still = {name: said for name, said in settled.items() if row.feed_said.get(name) == said}
    if still:
        row.feed_said[SETTLED] = still
    return conflicts


def in_words(row: FromFeed, *, name: str, ours: str, theirs: str) -> str:
    """Say what stays and what the feed says instead, in one line."""
    field = field_of(row, name)
    mine, other = apart(written(field, ours), written(field, theirs))
    return f"{row._meta.verbose_name} '{field.verbose_name}' stays {mine}; the feed says {other}"


def differences(row: FromFeed) -> Iterator[tuple[str, str, str]]:
    """Yield the fields that differ from what the feed said last and are not settled, with both texts."""
    settled = row.feed_said.get(SETTLED, {})
    for name, theirs in row.feed_said.items():
        if name not in NO_FIELDS:
            ours = as_text(getattr(row, name))
            if not is_same_text(ours, theirs) and settled.get(name) != theirs:
                yield name, ours, theirs


def settle(row: FromFeed, *, name: str) -> None:
    """Keep a person's value of a field for good, and note what the feed said of it then."""
    said = row.feed_said
    persons = sorted({*said.get(BY_PERSON, []), name})
    row.feed_said = {**said, BY_PERSON: persons, SETTLED: {**said.get(SETTLED, {}), name: said[name]}}


def give_back(row: FromFeed, *, name: str) -> None:
    """Take what the feed said last, and let it change the field again. Raises ValidationError."""
    said, field = row.feed_said, field_of(row, name)
    theirs = said[name]
    setattr(row, name, None if theirs == "" and field.null else field.to_python(theirs))
    kept = {
        BY_PERSON: [each for each in said.get(BY_PERSON, []) if each != name],
        SETTLED: {each: text for each, text in said.get(SETTLED, {}).items() if each != name},
    }
    fields = {each: text for each, text in said.items() if each not in NO_FIELDS}
    row.feed_said = fields | {key: value for key, value in kept.items() if value}


def field_of(row: FromFeed, name: str) -> models.Field[Any, Any]:
    """Return the field of a row by its name."""
    field: models.Field[Any, Any] = row._meta.get_field(name)  # type: ignore[assignment]
    return field


def written(field: models.Field[Any, Any], text: str) -> str:
    """Return the text of a field's value as a person reads it: times as finely as they are."""
    if isinstance(field, models.DateTimeField) and text:
        at = datetime.fromisoformat(text)
        finer = f"{at:%H:%M:%S.%f}" if at.microsecond else f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
        return f"{at:%Y-%m-%d} {finer} UTC"
    if isinstance(field, models.BooleanField):
        return {"True": "yes", "False": "no"}.get(text, text)
    return str(dict(field.flatchoices).get(text, text))


def changes_of(row: FromFeed, *, before: Sequence[Any], fields: dict[str, Any]) -> list[str]:
    """Return a line for each field that a merge changed, the old value and the new; `before` is its state."""
    moment = f" {row.get_kind_display()}" if isinstance(row, Milestone) else ""
    what = f"{row._meta.verbose_name}{moment}"
    if row.pk is None:
        return [f"{what} {row} is new"]
    lines = []
    for name, old in zip(fields, before[1:], strict=True):
        new, field = getattr(row, name), field_of(row, name)
        if old != new:
            was, now = apart(written(field, as_text(old)), written(field, as_text(new)))
            lines.append(f"{what} '{field.verbose_name}': {was} → {now}")
    return lines


def is_a_persons(row: Outage) -> bool:
    """Say whether a person confirmed or typed in an outage, or changed a field that a feed had filled."""
    if row.confirmed_at is not None or not row.feed_said or BY_PERSON in row.feed_said:
        return True
    return any(differences(row))


def state_of(row: FromFeed, *, fields: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a merge may change, to see whether it did."""
    return (dict(row.feed_said), *(getattr(row, name) for name in fields))


def _untouched(row: FromFeed, name: str) -> str:
    """Return the text of a field that neither a feed nor a person has filled."""
    return as_text(field_of(row, name).get_default())


def apart(one: str, other: str, *, most: int = SHOWN) -> tuple[str, str]:
    """Return two texts in one line each; long ones from a few words before the first difference on."""
    first, second = (" ".join(text.split()) or "empty" for text in (one, other))
    start = 0
    if max(len(first), len(second)) > most:
        pairs = enumerate(zip(first, second, strict=False))
        same = next((at for at, (mine, yours) in pairs if mine != yours), min(len(first), len(second)))
        start = first.rfind(" ", 0, max(0, same - WORDS_BEFORE)) + 1
    return _cut(first, start=start, most=most), _cut(second, start=start, most=most)


def _cut(text: str, *, start: int, most: int) -> str:
    end = start + most
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"
