"""Put the report together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from sla.engine.money import format_minor
from sla.engine.results import Result
from sla.engine.trace import written_fraction, written_length
from sla.reports.editions.edition import Edition
from sla.reports.pictures import Standing
from sla.reports.vendor.actions import action_parts, corrections_wanted, steps_missed
from sla.reports.vendor.corrections import correction_parts, earlier_parts
from sla.reports.vendor.data import (
    Action,
    Amount,
    IncidentPart,
    LevelPart,
    OtherAmount,
    StatementPart,
    VendorReport,
)
from sla.reports.vendor.happened import (
    calendar_of,
    exclusion_parts,
    incident_parts,
    timelines,
    zone_of,
    zone_shown,
)
from sla.reports.vendor.levels import grids, level_parts, numbered, trends, waterfalls
from sla.reports.vendor.owed import amounts, claim_parts, other_amounts, other_claim_parts
from sla.reports.vendor.released import Released
from sla.reports.vendor.rows import Rows, rows_of
from vendors.models import Reader, Service, Vendor

UNSURE = (Standing.UNCONFIRMED, Standing.UNCERTAIN, Standing.UNMEASURED)
NO_STATEMENT = "No service level statement of this vendor ends in this period."


def vendor_report(
    vendor: Vendor,
    *,
    first_on: date,
    last_on: date,
    period: str,
    edition: Edition,
    user: Reader,
    now: datetime,
    since: date | None = None,
    drafts: Mapping[int, Result] | None = None,
    released: Released | None = None,
) -> VendorReport:
    """Return the compliance of a vendor over the statements that end in a range of local dates.

    ``drafts`` are results of drafts by statement key, for their pictures and incidents; corrections are
    those since ``since``, by default since the range began. With ``released`` it is about that alone.
    Raises ValueError for a vendor that the user may not see, and for a range that ends before it begins.
    """
    if last_on < first_on:
        raise ValueError(f"The range ends on {last_on}, before it begins on {first_on}. Swap the days.")
    if not Vendor.objects.visible_to(user).filter(pk=vendor.pk).exists():
        raise ValueError(f"There is no vendor {vendor.slug!r} that {user} may see.")
    since = since or first_on
    rows = rows_of(
        vendor,
        first_on=first_on,
        last_on=last_on,
        since=since,
        user=user,
        drafts=drafts or {},
        released=released,
    )
    services = dict(Service.objects.filter(contract__vendor=vendor).values_list("code", "name"))
    levels, claims = level_parts(rows, edition=edition), claim_parts(rows, edition=edition)
    incidents = incident_parts(rows, vendor=vendor, edition=edition)
    owed = amounts(levels, earlier=earlier_parts(rows), claims=claims)
    others, statements = other_amounts(levels), _statements(rows, edition=edition)
    actions = action_parts(rows, claims=claims, edition=edition, now=now)
    zone = zone_shown(rows)
    return VendorReport(
        vendor=vendor.name,
        slug=vendor.slug,
        is_demo=vendor.is_demo,
        is_released=released is not None,
        edition=edition,
        period=period,
        first_on=first_on,
        last_on=last_on,
        run_by=str(user) if edition is Edition.INTERNAL else "",
        run_at=now,
        since=since,
        zone=zone,
        headline=_headline(levels, period=period),
        summary=(
            *_sums(owed, others=others),
            *_summary(levels, incidents=incidents, actions=actions, edition=edition),
        ),
        provisional=any(not each.finalised for each in statements),
        amounts=owed,
        other_amounts=others,
        actions=actions,
        levels=levels,
        grids=grids(rows),
        calendar=calendar_of(rows, first_on=first_on, last_on=last_on, zone=zone),
        timelines=timelines(rows, services=services, edition=edition),
        waterfalls=waterfalls(rows),
        trends=trends(rows),
        incidents=incidents,
        exclusions=exclusion_parts(rows, edition=edition),
        corrections=correction_parts(rows, edition=edition),
        claims=claims,
        other_claims=other_claim_parts(rows, edition=edition),
        statements=statements,
        notes=tuple(_notes(statements, rows=rows, edition=edition, now=now)),
    )


def _statements(rows: Rows, *, edition: Edition) -> tuple[StatementPart, ...]:
    wanted = corrections_wanted(rows)
    return tuple(
        StatementPart(
            number=numbered(each, rows=rows),
            schedule=each.agreement.name or each.agreement.code,
            contract=each.agreement.contract.reference,
            period=each.period,
            finalised=each.pk in rows.revisions,
            as_of=rows.revisions[each.pk].finalised_at if each.pk in rows.revisions else each.computed_at,
            zone=zone_of(each),
            calculation=_calculation(each.pk, rows=rows),
            needs_correction=each.pk in wanted,
            error=bool(each.error) and each.pk not in rows.revisions,
            open_questions=tuple(each.provisional) if edition is Edition.INTERNAL else (),
        )
        for each in rows.inside
    )


def _calculation(statement: int, *, rows: Rows) -> str:
    if statement in rows.revisions:
        return rows.revisions[statement].engine_version
    result = rows.results.get(statement)
    return result.engine_version if result is not None else ""


def _headline(levels: Sequence[LevelPart], *, period: str) -> str:
    if not levels:
        return NO_STATEMENT
    missed = sum(each.missed for each in levels)
    unsure = sum(each.standing in UNSURE for each in levels)
    plural = "s" if len(levels) != 1 else ""
    if missed:
        said = f"{missed} of {len(levels)} service level{plural} missed in {period}"
        return f"{said}; {unsure} not certain yet" if unsure else said
    if unsure:
        return f"No service level missed in {period}; {unsure} of {len(levels)} not certain yet"
    return f"All {len(levels)} service levels met in {period}" if plural else f"Service level met in {period}"


def _sums(amounts: Sequence[Amount], *, others: Sequence[OtherAmount]) -> Iterator[str]:
    """Yield a sentence for each sum."""
    for each in amounts:
        if each.due_minor or each.earlier_minor:
            yield _money_sentence(each)
    for other in others:
        state = ", provisional" if other.provisional == other.quantity else ""
        if other.provisional and not state:
            state = f", of it provisional {written_fraction(other.provisional)}"
        yield f"Credit due in another unit: {written_fraction(other.quantity)} {other.unit}{state}."


def _summary(
    levels: Sequence[LevelPart],
    *,
    incidents: Sequence[IncidentPart],
    actions: Sequence[Action],
    edition: Edition,
) -> Iterator[str]:
    """Yield sentences: why, what to do by when."""
    down = [each for each in incidents if each.counted_us]
    if down and any(each.missed for each in levels):
        yield _cause_sentence(down)
    asked = [each for each in actions if edition is Edition.INTERNAL or each.party == "vendor"]
    if asked:
        yield _action_sentence(asked[0], edition=edition)


def _cause_sentence(down: Sequence[IncidentPart]) -> str:
    """Return which incident counts most."""
    worst = down[0]
    said = f"{worst.reference}{f' ({worst.title})' if worst.title else ''}"
    length = written_length(worst.counted_us)
    if len(down) == 1:
        return f"The downtime that counts comes from {said}: {length}."
    return f"{len(down)} incidents count; the longest is {said} with {length}."


def _action_sentence(first: Action, *, edition: Edition) -> str:
    what = f"{first.what[0].lower()}{first.what[1:]}, {first.reference}."
    if first.by is None:
        waits = edition is Edition.INTERNAL and first.party == "vendor"
        return f"Next, by the vendor: {what}" if waits else f"Next: {what}"
    return f"{'This was due' if first.overdue else 'The first date is'} {first.by:%Y-%m-%d}: {what}"


def _money_sentence(amount: Amount) -> str:
    def money(minor: int) -> str:
        return format_minor(minor, currency=amount.currency)

    parts = [f"Credit due, before tax: {money(amount.due_minor)}"]
    if amount.earlier_minor:
        parts.append(f"of it corrections of earlier periods {money(amount.earlier_minor)}")
    if amount.contested_minor:
        parts.append(f"of it contested {money(amount.contested_minor)}")
    if amount.provisional_minor:
        whole = amount.provisional_minor == amount.due_minor
        parts.append("provisional" if whole else f"of it provisional {money(amount.provisional_minor)}")
    return ", ".join(parts) + "."


def _notes(
    statements: Sequence[StatementPart], *, rows: Rows, edition: Edition, now: datetime
) -> Iterator[str]:
    missed = steps_missed(rows, now=now) if edition is Edition.INTERNAL else ()
    if missed:
        yield f"Not recorded as done, and its day has passed: {'; '.join(missed)}."
    if any(each.error for each in statements):
        failed = ", ".join(each.number for each in statements if each.error)
        yield f"These drafts could not be computed from today's records; their figures are older: {failed}."
    if any(not each.finalised for each in statements):
        yield "Figures of drafts are provisional: they follow the records until the statement is finalised."
    if any(each.needs_correction for each in statements):
        changed = ", ".join(each.number for each in statements if each.needs_correction)
        yield f"Records changed after these were finalised; they are being looked at: {changed}."
    without = [each for each in rows.inside if each.pk not in rows.results]
    if without:
        yield (
            "Without pictures, incidents' minutes and exclusions, as their account is not at hand: "
            + ", ".join(numbered(each, rows=rows) for each in without)
            + "."
        )
    yield "Amounts are before tax, and never added up across currencies. This is not a tax document."
