"""One import of a register under way: what it said before, what it says now, and what becomes of each row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from vendors.files.errors import FileProblem
from vendors.models import RegisterRecord, Tracked
from vendors.services.bulk import BATCH, add_records, check_new
from vendors.services.records import save_record
from vendors.services.registers.merging import COLUMNS, as_text, filled, linked, merge
from vendors.services.registers.report import Change, Outcome, RegisterLine, RegisterReport

STORING = (Outcome.CREATED, Outcome.UPDATED)
Found = TypeVar("Found", bound=models.Model)


@dataclass(slots=True, kw_only=True)
class Entry:
    """One record that a register tells of: the row, new or on file, and what the register says of it.

    `place` says where a column of the record stands in the file. `links` are references that are added where
    they are missing. A row of a `leaf` entry that a person removed is not brought back.
    """

    kind: str
    key: str
    row: Tracked
    values: Mapping[str, Any]
    place: Callable[[str], str]
    links: Mapping[str, Sequence[models.Model]] = field(default_factory=dict)
    leaf: bool = False
    # What else the register says and no field holds.
    beside: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    stored: bool = False


@dataclass(slots=True, kw_only=True)
class Intake:
    """One import; `at` is its instant in UTC. Rows are stored kind by kind, after what they refer to."""

    register: str
    by: User
    at: datetime
    reason: str
    lines: list[RegisterLine] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # What could not be stored, by kind and key: who names it is not told again.
    failed: set[tuple[str, str]] = field(default_factory=set)
    _before: dict[tuple[str, str], RegisterRecord] | None = None
    _said: dict[tuple[str, str], RegisterRecord] = field(default_factory=dict)

    def fault(self, place: str, message: str) -> None:
        """Note what is wrong with a record."""
        self.problems.append(FileProblem(place=place, message=message))

    def before(self, kind: str, key: str) -> RegisterRecord | None:
        """Return what the register said of a record the last time."""
        if self._before is None:
            rows = RegisterRecord.objects.filter(register=self.register)
            self._before = {(row.kind, row.key): row for row in rows}
        return self._before.get((kind, key))

    def store(self, entries: Iterable[Entry]) -> None:
        """Store records of one model: new rows together, changed ones each with its own history."""
        fresh = []
        for entry in entries:
            if entry.row._state.adding:
                if self._checked(entry):
                    fresh.append(entry)
            else:
                self._change(entry)
        self._add(fresh)

    def say(self, entry: Entry, *, said: Mapping[str, str], kept: Iterable[str] | None = None) -> None:
        """Keep what the register says of a record."""
        self.remember(entry.kind, entry.key, said=said, kept=kept)

    def remember(
        self, kind: str, key: str, *, said: Mapping[str, str], kept: Iterable[str] | None = None
    ) -> None:
        """Keep what the register says under a kind and key; what it does not name now stays as it was."""
        at = (kind, key)
        before = self._said.get(at) or self.before(*at)
        record = before or RegisterRecord(register=self.register, kind=kind, key=key)
        wanted, decided = {**record.said, **said}, record.kept if kept is None else sorted(kept)
        if before is None or (record.said, record.kept) != (wanted, decided):
            record.said, record.kept, record.said_at = wanted, decided, self.at
            self._said[at] = record

    def note(self, entry: Entry, outcome: Outcome) -> None:
        """Note what became of a record."""
        entry.stored = True
        self.lines.append(
            RegisterLine(
                kind=entry.kind,
                key=entry.key,
                place=entry.place(""),
                outcome=outcome,
                notes=tuple(entry.notes),
                changes=tuple(entry.changes),
            )
        )

    def amend(self, entry: Entry, *, outcome: Outcome) -> None:
        """Note what became of a part that is stored after its record; a new record stays a new one."""
        for place in range(len(self.lines) - 1, -1, -1):
            line = self.lines[place]
            if (line.kind, line.key) == (entry.kind, entry.key):
                kept = line.outcome in (Outcome.CREATED, Outcome.CONFLICTING) and outcome is Outcome.UPDATED
                self.lines[place] = replace(
                    line,
                    outcome=line.outcome if kept else outcome,
                    notes=tuple(entry.notes),
                    changes=tuple(entry.changes),
                )
                return

    def refuse(self, entry: Entry, error: ValidationError) -> None:
        """Note why a record cannot be stored, each fault at its column."""
        self.failed.add((entry.kind, entry.key))
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, texts in told.items():
            column = "" if name == "__all__" else COLUMNS.get(name, name)
            for text in texts:
                self.fault(entry.place(column), text)

    def _checked(self, entry: Entry) -> bool:
        for name, value in entry.values.items():
            setattr(entry.row, name, value)
        if entry.leaf and self.before(entry.kind, entry.key) is not None:
            entry.notes.append("was removed here since; it stays removed")
            self.note(entry, Outcome.CONFLICTING)
            entry.stored = False
            return False
        try:
            check_new(entry.row)
        except ValidationError as error:
            self.refuse(entry, error)
            return False
        return True

    def _add(self, fresh: Sequence[Entry]) -> None:
        try:
            add_records([entry.row for entry in fresh], by=self.by, reason=self.reason)
        except IntegrityError:
            # One of them breaks a rule of the database. Saved one by one, that one says which.
            for entry in fresh:
                entry.row.pk, entry.row._state.adding = None, True
                self._save(entry)
        else:
            for entry in fresh:
                self._link(entry)
                self._created(entry)

    def _save(self, entry: Entry) -> None:
        try:
            with transaction.atomic():
                save_record(entry.row, by=self.by, reason=self.reason, links=entry.links)
        except ValidationError as error:
            self.refuse(entry, error)
        else:
            self._created(entry)

    def _created(self, entry: Entry) -> None:
        self.say(entry, said=_told(entry), kept=())
        entry.changes = filled(entry.row, values=entry.values, links=entry.links)
        self.note(entry, Outcome.CREATED)

    def _link(self, entry: Entry) -> bool:
        """Add the missing references; say whether any was missing."""
        wanted = {}
        for name, targets in entry.links.items():
            present = list(getattr(entry.row, name).all())
            if any(target not in present for target in targets):
                wanted[name] = list(dict.fromkeys([*present, *targets]))
                entry.changes.append(linked(entry.row, name, before=present, after=wanted[name]))
        if wanted:
            save_record(entry.row, by=self.by, reason=self.reason, links=wanted)
        return bool(wanted)

    def _change(self, entry: Entry) -> None:
        before = self.before(entry.kind, entry.key)
        merged = merge(entry.row, values=entry.values, before=before)
        entry.notes += merged.conflicts
        entry.changes += merged.changes
        try:
            if merged.changes:
                with transaction.atomic():
                    save_record(entry.row, by=self.by, reason=self.reason)
            joined = self._link(entry)
        except ValidationError as error:
            self.refuse(entry, error)
            return
        self.say(entry, said=_told(entry), kept=merged.kept)
        if merged.conflicts:
            self.note(entry, Outcome.CONFLICTING)
        else:
            self.note(entry, Outcome.UPDATED if merged.changes or joined else Outcome.UNCHANGED)

    def report(
        self,
        *,
        dry_run: bool,
        kept: bool = True,
        alike: Sequence[Sequence[str]] = (),
        named: Iterable[str] = (),
    ) -> RegisterReport:
        """Write down what the register said, and return what was done."""
        said = list(self._said.values())
        RegisterRecord.objects.bulk_create([record for record in said if record.pk is None], batch_size=BATCH)
        RegisterRecord.objects.bulk_update(
            [record for record in said if record.pk is not None],
            ["said", "kept", "said_at"],
            batch_size=BATCH,
        )
        return RegisterReport(
            lines=tuple(self.lines),
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            absent=tuple(self._absent()),
            alike=tuple(map(tuple, alike)),
            named=frozenset(named),
            stores=bool(said) or any(line.outcome in STORING for line in self.lines),
            dry_run=dry_run,
            kept=kept,
        )

    def _absent(self) -> Iterator[tuple[str, str]]:
        told = {(line.kind, line.key) for line in self.lines} | self.failed
        kinds = {line.kind for line in self.lines}
        for kind, key in self._before or {}:
            if kind in kinds and (kind, key) not in told:
                yield kind, key


def _told(entry: Entry) -> dict[str, str]:
    """Return what the register says of a record, as text."""
    return {**{name: as_text(value) for name, value in entry.values.items()}, **entry.beside}


def in_batches(rows: models.QuerySet[Found], *, path: str, values: Iterable[Any]) -> Iterator[Found]:
    """Yield the rows whose `path` is one of many values."""
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), BATCH):
        yield from rows.filter(**{f"{path}__in": wanted[start : start + BATCH]})
