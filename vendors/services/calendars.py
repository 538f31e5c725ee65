"""Public holidays as rows that people may edit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import holidays
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from vendors.models import BusinessCalendar, CalendarDay
from vendors.services.records import save_record


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Which holidays were added, renamed by the library, were there already, or left to a person."""

    added: tuple[date, ...] = ()
    renamed: tuple[date, ...] = ()
    unchanged: tuple[date, ...] = ()
    kept: tuple[date, ...] = ()


@transaction.atomic
def fill_holidays(
    calendar: BusinessCalendar,
    *,
    country: str,
    years: Iterable[int],
    by: User,
    reason: str,
    subdivision: str | None = None,
) -> Filled:
    """Add the public holidays of a country (ISO 3166, "US") or part of it ("BY") as closed days.

    A day that a person entered, changed or removed is left as that person wants it. A second run
    changes nothing. Raises ValidationError for an unknown country, subdivision or year.
    """
    wanted = _public_holidays(country, subdivision=subdivision, years=sorted(set(years)))
    present = {day.on: day for day in calendar.days.all()}
    removed = set(
        CalendarDay.history.filter(calendar_id=calendar.pk, history_type="-").values_list("on", flat=True)
    )
    done: dict[str, list[date]] = {"added": [], "renamed": [], "unchanged": [], "kept": []}
    for on, name in sorted(wanted.items()):
        day = present.get(on)
        outcome = _outcome(day, name=name, removed=on in removed)
        done[outcome].append(on)
        if outcome in {"added", "renamed"}:
            day = day or CalendarDay(calendar=calendar, on=on, origin=CalendarDay.Origin.HOLIDAYS)
            day.name = name
            save_record(day, by=by, reason=reason)
    return Filled(**{outcome: tuple(days) for outcome, days in done.items()})


def _outcome(day: CalendarDay | None, *, name: str, removed: bool) -> str:
    if day is None:
        return "kept" if removed else "added"
    if day.origin == CalendarDay.Origin.PERSON:
        return "kept"
    return "unchanged" if day.name == name else "renamed"


def _public_holidays(country: str, *, subdivision: str | None, years: list[int]) -> dict[date, str]:
    if not years or years[0] < 1970 or years[-1] > 2100:
        raise ValidationError("Choose years between 1970 and 2100.", code="years")
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValidationError(
            f"No public holidays are known for country {country!r}. Use an ISO 3166 code such as US or DE.",
            code="country",
        )
    if subdivision and subdivision not in known[country]:
        names = ", ".join(known[country]) or "none"
        raise ValidationError(
            f"{country} has no subdivision {subdivision!r}. Known are: {names}.",
            code="subdivision",
        )
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    return {on: name[:200] for on, name in found.items() if on.year in years}
