"""Exclusions in periods that are over, with a second person from a limit on: what they move in money."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F

from incidents.models import Position, Subject
from sla.models import Exclusion, ServiceLevelAgreement, Statement, StatementRevision
from sla.services.statements.heads import fresh_heads, heads_on, refresh_heads
from vendors.models import Approval, Contract, LegalEntity, Span, Tracked, money_text
from vendors.services.approvals import Act, GuardedRow, Ran
from vendors.services.approvals.saving import row_state, save_row

# What is said of one exclusion in so many periods and no more; all of them are compared.
MOST_TOLD = 24
Figures = dict[int, tuple[int, str, str]]


def _run(
    row: Tracked,
    *,
    by: User,
    second: Approval,
    now: datetime,
    fields: Mapping[str, Any],
    links: Mapping[str, Iterable[models.Model]],
    reason: str,
    remove: bool = False,
) -> Ran:
    """Save it, with what it moves in each period that is over."""
    reach = _reach(row, fields=fields)
    before = _figures(reach, now=now)
    ran = save_row(
        row, by=by, second=second, now=now, fields=fields, links=links, reason=reason, remove=remove
    )
    after = _figures(reach, now=now)
    moved = {pk: (before.get(pk), after[pk]) for pk in after if before.get(pk) != after[pk]}
    heads = Statement.objects.select_related("agreement__contract__entity").in_bulk(moved)
    lines = [
        f"{heads[pk]}: credit due {_said(was)} → {_said(new)}"
        for pk, (was, new) in list(moved.items())[:MOST_TOLD]
    ]
    told = lines or ["No credit of a period that is over changes."]
    return Ran(effect="\n".join([ran.effect, *told]), mark=_weights(moved, heads=heads))


def _reach(row: Tracked, *, fields: Mapping[str, Any]) -> tuple[list[ServiceLevelAgreement], Span]:
    """Return the SLA schedules that a row and its change touch, and the time."""
    new = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    for name, value in fields.items():
        setattr(new, name, value)
    sides = [new] if row.pk is None else [row, new]
    contracts: list[Contract] = [each for side in sides for each in side.touched_contracts() or ()]
    span = sides[0].touched_span()
    for side in sides[1:]:
        span = span.union(side.touched_span())
    rows = ServiceLevelAgreement.objects.filter(contract__in=contracts).select_related("contract__entity")
    return list(rows.prefetch_related("versions").order_by("pk")), span


def _figures(reach: tuple[list[ServiceLevelAgreement], Span], *, now: datetime) -> Figures:
    """Return what the touched periods that are over come to, and later ones on file, which may look back."""
    agreements, span = reach
    begins = [version.effective_from for row in agreements for version in row.versions.all()]
    if not begins:
        return {}
    first = max(span.start.astimezone(UTC).date(), min(begins)) if span.start is not None else min(begins)
    ends = min(span.end or now, now).astimezone(UTC).date()
    last = max((head.last_on for head in heads_on(agreements, on=ends)), default=ends)
    heads = fresh_heads(agreements, now=now, first_on=first - timedelta(days=1), last_on=last)
    later = Statement.objects.filter(agreement__in=agreements, first_on__gt=last, ends_at__lte=now)
    later = later.exclude(computed_at=None)
    refresh_heads(later.filter(computed__lt=F("wanted")).select_related("agreement__contract"), now=now)
    return {
        head.pk: (head.due_minor, head.shown or head.error, head.currency)
        for head in [*heads, *later.all()]
        if head.ends_at <= now
    }


def _said(figures: tuple[int, str, str] | None) -> str:
    if figures is None:
        return "unknown"
    minor, shown, currency = figures
    return shown or money_text(minor, currency=currency)


def _weights(moved: Mapping[int, Any], *, heads: Mapping[int, Statement]) -> list[list[Any]]:
    """Return by company what moves against its limit; None where it is not to be compared.

    In a finalised period that is all that moves since, so that many small decisions weigh as a large one.
    """
    finalised = _finalised(moved)
    found: dict[int, int | None] = {}
    for pk, (was, new) in moved.items():
        contract = heads[pk].agreement.contract
        entity = contract.entity
        so_far = found.get(entity.pk, 0)
        change = abs(new[0] - was[0]) if was is not None else 0
        if change:
            change = max(change, abs(new[0] - finalised.get(pk, new[0])))
        comparable = bool(change) and contract.currency == entity.base_currency and so_far is not None
        found[entity.pk] = (so_far or 0) + change if comparable else None
    return [[pk, weight] for pk, weight in sorted(found.items())]


def _finalised(statements: Iterable[int]) -> dict[int, int]:
    """Return what the newest revision of each statement says is due, in minor units."""
    rows = StatementRevision.objects.filter(statement__in=statements).order_by("number")
    return dict(rows.values_list("statement", "due_minor"))


def _weighs(row: Tracked, *, ran: Ran) -> bool:
    """Say whether more moves than one person of the company decides alone."""
    for pk, weight in ran.mark:
        entity = LegalEntity.objects.get(pk=pk)
        if weight is None or weight > entity.exclusion_limit_minor:
            return True
    return False


def _decides(row: Exclusion | None, *, old: Exclusion | None, changed: Collection[str]) -> bool:
    """Say whether more than the words of a decision change."""
    return bool(set(changed) - Exclusion.quiet_fields)


def _agrees(row: Position | None, *, old: Position | None, changed: Collection[str]) -> bool:
    """Say whether a position speaks of an exclusion: agreed or determined, it is one."""
    said = row or old
    return said is not None and said.about == Subject.EXCLUSION


EXCLUSION = Act(
    code="exclusion",
    label="Exclude in a period that is over",
    permission="sla.change_exclusion",
    run=_run,
    state=row_state,
)
EXCLUSION_ROWS = (
    GuardedRow(model="sla.Exclusion", act="exclusion", concerns=_decides, weighs=_weighs),
    GuardedRow(model="incidents.Position", act="exclusion", concerns=_agrees, weighs=_weighs),
)
