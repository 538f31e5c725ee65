"""What every register row shares: history with a person and a reason, natural keys, visibility."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar, cast

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import models
from simple_history.models import HistoricalRecords

from vendors.files.documents import is_storable
from vendors.files.papers import HEAD, paper_problem

if TYPE_CHECKING:
    from vendors.models.contracts import Contract

Reader = AbstractBaseUser | AnonymousUser
Row = TypeVar("Row", bound=models.Model, covariant=True)


class Span(NamedTuple):
    """Half-open UTC span; None is an open side."""

    start: datetime | None
    end: datetime | None

    def union(self, other: "Span") -> "Span":
        """Return the smallest span that holds both."""
        start = None if self.start is None or other.start is None else min(self.start, other.start)
        end = None if self.end is None or other.end is None else max(self.end, other.end)
        return Span(start, end)


ALL_TIME = Span(None, None)


class UnexplainedChangeError(RuntimeError):
    """A tracked row was saved or deleted without a person or a reason."""


class AccountableRecords(HistoricalRecords):
    """History that refuses a change without a person and a reason."""

    def _get_history_user_fields(self) -> dict[str, Any]:
        return {
            "history_user": models.ForeignKey(
                settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
            )
        }

    def _get_history_change_reason_field(self) -> "models.Field[Any, Any]":
        return models.TextField()

    def create_historical_record(
        self, instance: models.Model, history_type: str, using: str | None = None
    ) -> None:
        """Write one history row; raise UnexplainedChangeError when who or why is missing."""
        reason = getattr(instance, "_change_reason", None) or ""
        if not reason.strip() or self.get_history_user(instance) is None:
            raise UnexplainedChangeError(
                f"{instance._meta.verbose_name} {instance} was changed without a person and a reason."
                " Change it through vendors.services (save_record, remove_record)."
            )
        super().create_historical_record(instance, history_type, using=using)


def sees_all_vendors(user: Reader) -> bool:
    """Tell whether a user sees every vendor: a superuser, or by permission."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or user.has_perm("vendors.see_all_vendors")


class RegisterQuerySet(models.QuerySet[Row, Row]):
    """Rows that are visible where their vendor is."""

    def visible_to(self, user: Reader) -> Self:
        """Keep the rows that the user may see; reference data is for every active user.

        A row of a contract is seen where the contract is: by who manages its vendor, and by who reads its
        company. A row of a vendor that names no contract is seen by who manages the vendor, and a row of a
        company's books by who reads the company.
        """
        if sees_all_vendors(user):
            return self
        if not user.is_active:
            return self.none()
        path = cast("type[Tracked]", self.model).visible_through
        if not path:
            return self
        above = path.removesuffix("__vendor")
        if above != path and above.split("__")[-1] == "contract":
            return self.filter(**{f"{above}__in": _rows("Contract").visible_to(user)})
        if path == "entity":
            return self.filter(entity__in=_rows("LegalEntity").read_by(user))
        return self.filter(**{f"{path}__in": _rows("Vendor").managed_by(user)})


class RegisterManager(models.Manager.from_queryset(RegisterQuerySet)):  # type: ignore[misc]
    """Find rows by the key that the outside world knows them by."""

    def get_by_natural_key(self, *key: Any) -> models.Model:
        """Return the row with this key; raise DoesNotExist."""
        return self.get(**dict(zip(self.model.natural_fields, key, strict=True)))


class Tracked(models.Model):
    """A row with append-only history; a change of it may make statements stale."""

    # Path of look-ups to the row's vendor; empty for reference data.
    visible_through: ClassVar[str] = ""
    natural_fields: ClassVar[tuple[str, ...]] = ()
    # Fields that move no figure: a change of these alone leaves statements as they are.
    quiet_fields: ClassVar[frozenset[str]] = frozenset()

    objects = RegisterManager()
    history = AccountableRecords(inherit=True)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Refuse new files that are no papers, and texts that no database holds, beside the fields' own."""
        problems: dict[str, Any] = {}
        try:
            super().clean_fields(exclude=exclude)
        except ValidationError as error:
            problems = error.update_error_dict({})
        for name, problem in chain(_paper_problems(self), _text_problems(self)):
            if name not in (exclude or ()):
                problems.setdefault(name, []).append(ValidationError(problem, code="paper"))
        if problems:
            raise ValidationError(problems)

    def natural_key(self) -> tuple[Any, ...]:
        """Return the key that documents and files use for this row."""
        return tuple(_followed(self, path) for path in self.natural_fields)

    def touched_contracts(self) -> "Iterable[Contract] | None":
        """Return the contracts whose figures this row may move; None is any contract."""
        return ()

    def touched_span(self) -> Span:
        """Return the time in which this row may move a figure."""
        return ALL_TIME

    def touched_case(self) -> Span:
        """Return the time of the whole case that it belongs to, for terms that measure cases."""
        return self.touched_span()


def _rows(model: str) -> Any:
    return apps.get_model("vendors", model)._default_manager.all()


def _paper_problems(row: models.Model) -> Iterator[tuple[str, str]]:
    """Yield field and problem of each file that was just chosen; one that is kept already stays as it is."""
    for field in row._meta.concrete_fields:
        chosen = getattr(row, field.name) if isinstance(field, models.FileField) else None
        if chosen and not chosen._committed:
            chosen.open()
            head = chosen.read(HEAD)
            chosen.seek(0)
            problem = paper_problem(chosen.name, size=chosen.size, head=head)
            if problem:
                yield field.name, problem


def unstorable(text: str) -> str:
    """Return why no database holds a text; nothing where it does."""
    if not is_storable(text):
        return "The text holds a character that is none: NUL, or half a character. Remove it."
    return ""


def _text_problems(row: "Tracked") -> Iterator[tuple[str, str]]:
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if isinstance(value, str) and (problem := unstorable(value)):
            yield field.name, problem
        elif (
            isinstance(value, str)
            and field.name in row.natural_fields
            and value.splitlines() not in ([], [value])
        ):
            yield field.name, "It is a key, and holds a line break. Remove that."


def _is_line(text: str) -> bool:
    return text.splitlines() in ([], [text])


def _followed(row: models.Model, path: str) -> Any:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name, None)
    return value
