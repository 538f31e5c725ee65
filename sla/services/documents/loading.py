"""One loading of a document under way: what it found, saved, left alone and missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from sla.documents import Document
from vendors.models import Contract, Service, Tracked, Vendor
from vendors.services import Saved, save_record

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = TypeVar("Row", bound=Tracked)
Save = Callable[..., Saved]


@dataclass(frozen=True, kw_only=True)
class LoadLine:
    """What became of one record of the document; `model` is its kind as permissions name it."""

    kind: str
    model: str
    key: str
    saved: Saved

    @property
    def permission(self) -> str:
        """Return what a person needs to do that by hand, empty where nothing was done."""
        act = {Saved.CREATED: "add", Saved.UPDATED: "change"}.get(self.saved)
        app, name = self.model.split(".")
        return f"{app}.{act}_{name}" if act else ""


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a loading did; `absent` is on file and not in the document, and was left alone."""

    lines: tuple[LoadLine, ...]
    absent: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Say whether anything was created or updated."""
        return any(line.saved is not Saved.UNCHANGED for line in self.lines)

    def counts(self) -> dict[str, Counter[Saved]]:
        """Return how many records of each kind were created, updated and unchanged."""
        found: dict[str, Counter[Saved]] = {}
        for line in self.lines:
            found.setdefault(line.kind, Counter())[line.saved] += 1
        return found


@dataclass
class Loading:
    """The state of one loading; the rows of the register once they are there."""

    document: Document
    by: User
    at: datetime
    reason: str
    is_demo: bool = False
    lines: list[LoadLine] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    services: dict[str, Service] = field(default_factory=dict)
    found_vendor: Vendor | None = None
    found_contract: Contract | None = None

    @property
    def vendor(self) -> Vendor:
        """Return the vendor's row; it is loaded first."""
        assert self.found_vendor is not None
        return self.found_vendor

    @property
    def contract(self) -> Contract:
        """Return the contract's row; it is loaded right after the vendor."""
        assert self.found_contract is not None
        return self.found_contract

    def service(self, code: str) -> Service | None:
        """Return a service by its code, None for no code."""
        return self.services[code] if code else None

    def put(
        self,
        row: Row,
        values: Mapping[str, Any],
        *,
        key: str,
        save: Save = save_record,
        links: Mapping[str, Iterable[models.Model]] | None = None,
    ) -> Row:
        """Set a row's fields and save it, noting what became of it."""
        for name, value in values.items():
            setattr(row, name, value)
        more = {"links": links} if links is not None else {}
        self.note(row, saved=save(row, by=self.by, reason=self.reason, **more), key=key)
        return row

    def note(self, row: models.Model | type[models.Model], *, saved: Saved, key: str) -> None:
        """Keep what became of a record."""
        about = row._meta
        kind, model = str(about.verbose_name_plural), about.label_lower
        self.lines.append(LoadLine(kind=kind, model=model, key=key, saved=saved))

    def miss(self, rows: Iterable[models.Model], *, kept: set[int]) -> None:
        """List rows on file that the document does not have."""
        for row in rows:
            if row.pk not in kept:
                self.absent.append((str(row._meta.verbose_name_plural), str(row)))

    def report(self) -> LoadReport:
        """Return what was done."""
        return LoadReport(lines=tuple(self.lines), absent=tuple(self.absent), remarks=tuple(self.remarks))


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Name the place in the document at every message that is raised inside."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError([f"{place}{text}" for text in _texts(error)]) from error
    except ValueError as error:
        raise ValidationError(f"{place}: {error}") from error


def _texts(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [text if _is_placed(text) else f": {text}" for text in error.messages]
    return [
        f": {text}" if name == "__all__" else f".{name}: {text}"
        for name, texts in error.message_dict.items()
        for text in texts
    ]


def _is_placed(text: str) -> bool:
    return text[:1] in (".", "[")


def stated(entry: Any, *, names: Iterable[str], fresh: bool) -> dict[str, Any]:
    """Return what an entry says by name; what it leaves out stays as it is on a row on file."""
    defaults = {each.name: each.default for each in fields(entry)}
    found = {}
    for name in names:
        value = getattr(entry, name)
        if fresh or defaults[name] is MISSING or value != defaults[name]:
            found[name] = value.value if isinstance(value, StrEnum) else value
    return found
