"""Look up one part of a version's terms, read it from a form, put it back, or take it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.engine.codec import CodecError, from_plain, to_plain
from sla.engine.terms import (
    Cap,
    ChronicRule,
    ClaimRule,
    EarnBack,
    ExclusionRule,
    Minimum,
    PointsRule,
    ReadingNote,
    Suppression,
    Target,
    Terms,
)
from sla.models import AgreementVersion
from sla.services.parts.controls import Filled, Group, Options, group_of
from sla.services.parts.reading import Typed, plain_of_form
from sla.services.terms import correct_terms, edit_draft
from vendors.models import BusinessCalendar
from vendors.services import Saved

NEW = "new"


class NoSuchPart(LookupError):
    """Terms have no part at the place that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A kind of clause: where it stands in the terms, its class, and what people call it."""

    name: str
    cls: type
    label: str
    many: bool = True


PARTS = {
    part.name: part
    for part in (
        Part(name="targets", cls=Target, label="Service level"),
        Part(name="exclusions", cls=ExclusionRule, label="Exclusion"),
        Part(name="caps", cls=Cap, label="Limit over all credits"),
        Part(name="claim", cls=ClaimRule, label="How a credit is claimed", many=False),
        Part(name="chronic", cls=ChronicRule, label="Chronic failure"),
        Part(name="earn_back", cls=EarnBack, label="Earn-back"),
        Part(name="points", cls=PointsRule, label="What points are worth", many=False),
        Part(name="minimum", cls=Minimum, label="Smallest credit of the schedule", many=False),
        Part(name="suppression", cls=Suppression, label="Critical failure that replaces credits"),
        Part(name="reading_notes", cls=ReadingNote, label="Reading note"),
    )
}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One part as it was typed: the value where it can be read, and what is wrong by place."""

    plain: Mapping[str, Any]
    value: Any
    errors: Mapping[str, Sequence[str]]


def options_of(version: AgreementVersion) -> Options:
    """Return the codes that a form of this version offers, with their names."""
    contract = version.agreement.contract
    terms: Terms = version.as_value()
    return {
        "services": list(contract.services.order_by("code").values_list("code", "name")),
        "charges": [(code, code) for code in sorted(set(contract.charges.values_list("code", flat=True)))],
        "calendars": list(BusinessCalendar.objects.order_by("code").values_list("code", "name")),
        "exclusions": [(rule.code, rule.name or rule.code) for rule in terms.exclusions],
        "targets": [(target.code, target.name) for target in terms.targets],
    }


def part_form(version: AgreementVersion, *, part: Part, at: str, draft: Draft | None = None) -> Group:
    """Return the form of one part, as it stands or as it was typed."""
    plain = draft.plain if draft is not None else plain_part(version, part=part, at=at)
    filled = Filled(options=options_of(version), errors=draft.errors if draft is not None else {})
    return group_of(part.cls, plain, place="", label=part.label, filled=filled)


def plain_part(version: AgreementVersion, *, part: Part, at: str) -> dict[str, Any]:
    """Return one part as plain data; raise NoSuchPart where there is none at that place."""
    value = current_part(version.as_value(), part=part, at=at)
    return {} if value is None else dict(to_plain(value))


def current_part(terms: Terms, *, part: Part, at: str) -> Any:
    """Return one part of the terms, None for one that is still to be made."""
    held = getattr(terms, part.name)
    if not part.many:
        return held
    if at == NEW:
        return None
    return held[_index(at, held)]


def read_part_as_it_stands(version: AgreementVersion, *, part: Part, at: str) -> Draft:
    """Return one part as the terms hold it."""
    value = current_part(version.as_value(), part=part, at=at)
    return Draft(plain={} if value is None else to_plain(value), value=value, errors={})


def read_part(version: AgreementVersion, typed: Typed, *, part: Part, at: str) -> Draft:
    """Return one part as typed, with what is wrong by place."""
    plain = plain_of_form(part.cls, typed, place="", before=plain_part(version, part=part, at=at))
    try:
        return Draft(plain=plain, value=from_plain(part.cls, plain), errors={})
    except CodecError as error:
        errors: dict[str, list[str]] = {}
        for problem in error.problems:
            errors.setdefault(problem.place, []).append(problem.message)
        return Draft(plain=plain, value=None, errors=errors)


def save_part(
    version: AgreementVersion, draft: Draft, *, part: Part, at: str, by: User, reason: str
) -> tuple[Saved | None, Draft]:
    """Put a part back: into a draft, or as a correction of terms that were signed off.

    Return what happened, and the draft with what was refused by place; nothing is half saved.
    """
    if draft.errors:
        return None, draft
    terms: Terms = version.as_value()
    changed = with_part(terms, value=draft.value, part=part, at=at)
    place = f"{part.name}[{len(getattr(terms, part.name)) if at == NEW else at}]" if part.many else part.name
    try:
        return _write(version, changed, by=by, reason=reason), draft
    except ValidationError as error:
        return None, replace(draft, errors=_placed(error, place=place))


def remove_part(version: AgreementVersion, *, part: Part, at: str, by: User, reason: str) -> Saved:
    """Take a part out of the terms. Raises ValidationError where something else rests on it."""
    terms: Terms = version.as_value()
    changed: Terms
    if part.many:
        held = getattr(terms, part.name)
        index = _index(at, held)
        changed = _changed(terms, {part.name: (*held[:index], *held[index + 1 :])})
    else:
        changed = _changed(terms, {part.name: None})
    return _write(version, changed, by=by, reason=reason)


def with_part(terms: Terms, *, value: Any, part: Part, at: str) -> Terms:
    """Return the terms with one part put in its place."""
    if not part.many:
        return _changed(terms, {part.name: value})
    held = getattr(terms, part.name)
    if at == NEW:
        return _changed(terms, {part.name: (*held, value)})
    index = _index(at, held)
    return _changed(terms, {part.name: (*held[:index], value, *held[index + 1 :])})


def _changed(terms: Terms, values: dict[str, Any]) -> Terms:
    return replace(terms, **values)


def _write(version: AgreementVersion, terms: Terms, *, by: User, reason: str) -> Saved:
    act = edit_draft if version.is_draft else correct_terms
    return act(version, terms=terms, by=by, reason=reason)


def _index(at: str, held: Sequence[Any]) -> int:
    index = int(at) if at.isdecimal() else -1
    if not 0 <= index < len(held):
        raise NoSuchPart(f"There is no part {at!r}. The terms have {len(held)} of this kind.")
    return index


def _placed(error: ValidationError, *, place: str) -> dict[str, list[str]]:
    """Return refusals by place inside the part; those elsewhere in the terms stand at its top."""
    found: dict[str, list[str]] = {}
    by_place = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for where, said in by_place.items():
        inside = where == place or where.startswith(f"{place}.") or where.startswith(f"{place}[")
        at = where[len(place) :].lstrip(".") if inside else ""
        outside = "" if inside or where in ("", "__all__") else f"{where}: "
        found.setdefault(at, []).extend(outside + text for text in said)
    return found
