"""A change asks for new drafts of every statement whose figures it moves, and of no statement far from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from incidents.models import ClockStop, Incident, MaintenanceWindow, Milestone, Outage, SourceWatch
from incidents.services import (
    attribute_incident,
    cancel_maintenance,
    confirm_outage,
    end_outage,
    record_incident,
    record_maintenance,
    record_row,
    reopen_incident,
    withdraw_outage,
)
from sla.engine.codec import canonical
from sla.engine.terms import (
    Anchor,
    ChronicKind,
    ChronicRule,
    ClaimRule,
    Elapsed,
    ExclusionRule,
    ExclusionSource,
    Metric,
    Offset,
    OffsetUnit,
    Op,
)
from sla.inputs import inputs_of
from sla.models import Condition, ServiceLevelAgreement, Statement
from sla.services.statements import note_stale
from sla.services.statements.drafts import result_of
from sla.services.statements.heads import head_of
from tests.builders import (
    a_charge,
    a_contract,
    a_level,
    a_position,
    a_schedule,
    a_service,
    a_vendor,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from vendors.models import Charge, Contract, FactChange
from vendors.services import save_record

NOW = datetime(2019, 12, 31, tzinfo=UTC)
MONTHS = ("2019-02", "2019-04", "2019-05", "2019-06", "2019-08")
EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "1"))
Figures = Mapping[int, bytes]

by_downtime = some_terms(
    exclusions=(
        ExclusionRule(code="maintenance", source=ExclusionSource.MAINTENANCE, notice=Decimal(72)),
        ExclusionRule(code="decided", source=ExclusionSource.DECISION),
    ),
    claim=ClaimRule(deadlines=(Offset(n=Decimal(30), unit=OffsetUnit.DAYS, anchor=Anchor.PERIOD_END),)),
)
by_case = some_terms(
    targets=(
        a_level(
            code="restore",
            name="Time to restore",
            metric=Metric.ELAPSED,
            params=Elapsed(since="reported", until="restored"),
            level=timedelta(hours=4),
            op=Op.AT_MOST,
            credit=None,
        ),
    )
)
looking_back = some_terms(
    chronic=(ChronicRule(code="three", kind=ChronicKind.MISSES, count=3, of_last=4, opens="a review"),)
)

acts = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "incident", "outage", "outage", "moment", "withdraw", "end", "confirm", "move", "position",
                "stop", "maintenance", "cancel", "fee", "attribute", "reopen", "watch", "condition",
                "service", "severity",
            ]
        ),
        st.integers(0, 7 * 30 - 1),  # days after the first of February
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=9,
)  # fmt: skip


@pytest.mark.long
class Staleness(TestCase):
    """Any change, in any order: no draft that it moves keeps its old figures unasked."""

    @settings(max_examples=4 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=acts)
    def test_every_statement_that_a_change_moves_is_asked_for_and_none_that_it_cannot(
        self, history: list[tuple[str, int, int, int]]
    ) -> None:
        heads = portfolio()
        note_stale(now=NOW)
        before = figures(heads)
        for act, day, first, second in history:
            last = FactChange.objects.order_by("pk").last()
            wanted = dict(Statement.objects.values_list("pk", "wanted"))
            with suppress(ValidationError):
                ACTS[act](day, first, second)
            changes = FactChange.objects.filter(pk__gt=last.pk if last else 0)
            note_stale(now=NOW)
            after = figures(heads)
            asked = {pk for pk, count in Statement.objects.values_list("pk", "wanted") if count != wanted[pk]}
            moved = {pk for pk in heads if before[pk] != after[pk]}
            assert moved <= asked, (act, [str(heads[pk]) for pk in moved - asked])
            assert asked <= reached(heads, changes=list(changes)), act
            before = after


def portfolio() -> dict[int, Statement]:
    """Return the heads of four SLA schedules: three of one vendor's two contracts, one of another's."""
    schedules = []
    vendor = a_vendor()
    first, second = a_contract("A-1", vendor=vendor), a_contract("A-2", vendor=vendor)
    third = a_contract("B-1", vendor=a_vendor("bluewire"))
    for contract in (first, second, third):
        service = a_service(contract, code="s", name="Service")
        a_charge(contract, code="fee", service=service)
        saved(SourceWatch(service=service, source="probe", last_heard_at=NOW))
    for contract, code, terms in (
        (first, "uptime", by_downtime),
        (first, "support", by_case),
        (second, "support", by_case),
        (third, "uptime", looking_back),
    ):
        schedules.append(a_schedule(code, contract=contract, terms=terms, name=code))
    heads = [head_of(agreement, period_label=label) for agreement in schedules for label in MONTHS]
    return {head.pk: head for head in heads}


def figures(heads: Mapping[int, Statement]) -> Figures:
    """Return what each statement comes to by the records as they stand, without their reasons' inputs."""
    return {pk: _figures(head.agreement, label=head.period) for pk, head in heads.items()}


def _figures(agreement: ServiceLevelAgreement, *, label: str) -> bytes:
    fresh = ServiceLevelAgreement.objects.select_related("contract").get(pk=agreement.pk)
    return canonical(result_of(inputs_of(fresh, period_label=label, known_until=NOW)))


def reached(heads: Mapping[int, Statement], *, changes: list[FactChange]) -> set[int]:
    """Return the statements of the changes' contracts that are not far before them."""
    near = timedelta(days=32)
    return {
        pk
        for pk, head in heads.items()
        for change in changes
        if change.contract_id in (None, head.agreement.contract_id)
        and (change.case_from is None or head.ends_at > change.case_from - near)
    }


# What may happen. Each picks among what is there; what cannot be done is refused and changes nothing.


def day_of(day: int) -> datetime:
    return at("2019-02-01 03:00") + timedelta(days=day)


def pick(rows: Any, place: int) -> Any:
    found = list(rows.order_by("pk"))
    if not found:
        raise ValidationError("nothing there yet")
    return found[place % len(found)]


def contract(place: int) -> Contract:
    return pick(Contract.objects, place)


def incident(day: int, first: int, second: int) -> None:
    row = Incident(title="Power lost", vendor=contract(first).vendor if second else None)
    record_incident(row, by=person(), reason="history")


def outage(day: int, first: int, second: int) -> None:
    service = contract(second).services.get()
    end = None if first == 0 else day_of(day) + timedelta(hours=first, days=40 * (second == 5))
    an_outage(pick(Incident.objects, first), service, started_at=day_of(day), ended_at=end)


def moment(day: int, first: int, second: int) -> None:
    kind = ("reported", "restored", "closed")[second % 3]
    row = Milestone.objects.filter(incident=pick(Incident.objects, first), kind=kind).first()
    row = row or Milestone(incident=pick(Incident.objects, first), kind=kind)
    row.at = day_of(day)
    record_row(row, by=person(), reason="history")


def withdraw(day: int, first: int, second: int) -> None:
    withdraw_outage(pick(Outage.objects.standing(), first), at=NOW, by=person(), reason="history")


def end(day: int, first: int, second: int) -> None:
    end_outage(pick(Outage.objects.standing(), first), ended_at=day_of(day), by=person(), reason="history")


def confirm(day: int, first: int, second: int) -> None:
    confirm_outage(pick(Outage.objects.standing(), first), at=NOW, by=person(), reason="history")


def move(day: int, first: int, second: int) -> None:
    row = pick(Outage.objects.standing(), first)
    row.started_at = day_of(day)
    record_row(row, by=person(), reason="history")


def position(day: int, first: int, second: int) -> None:
    said = {"party": ("ours", "vendors", "agreed")[second % 3]}
    if second > 2:
        said |= {"about": "times", "responsible": "", "started_at": day_of(day), "ended_at": day_of(day + 1)}
    else:
        said |= {"responsible": ("vendor", "us")[day % 2]}
    a_position(pick(Incident.objects, first), **said)


def stop(day: int, first: int, second: int) -> None:
    resumed = day_of(day) + timedelta(hours=second) if second else None
    row = ClockStop(
        incident=pick(Incident.objects, first), stopped_at=day_of(day), resumed_at=resumed, reason="no_access"
    )
    record_row(row, by=person(), reason="history")


def maintenance(day: int, first: int, second: int) -> None:
    service = contract(second).services.get()
    window = MaintenanceWindow(
        vendor=service.contract.vendor,
        reference=f"CHG-{MaintenanceWindow.objects.count()}",
        starts_at=day_of(day) - timedelta(hours=1),
        ends_at=day_of(day) + timedelta(hours=first),
        noticed_at=day_of(day) - timedelta(days=first),
    )
    record_maintenance(window, services=[service], by=person(), reason="history")


def cancel(day: int, first: int, second: int) -> None:
    cancel_maintenance(pick(MaintenanceWindow.objects, first), at=day_of(day), by=person(), reason="history")


def fee(day: int, first: int, second: int) -> None:
    row = pick(Charge.objects, second)
    new = Charge(contract=row.contract, service=row.service, code=row.code, kind=row.kind, every=row.every)
    new.amount_minor, new.effective_from = 100_000 * (first + 1), day_of(day).date()
    save_record(new, by=person(), reason="history")


def attribute(day: int, first: int, second: int) -> None:
    vendor = contract(second).vendor if second else None
    attribute_incident(pick(Incident.objects, first), vendor=vendor, by=person(), reason="history")


def reopen(day: int, first: int, second: int) -> None:
    row = pick(Incident.objects, first)
    if row.status == "open":
        row.status = "resolved"
        record_incident(row, by=person(), reason="history")
    else:
        reopen_incident(row, by=person(), reason="history")


def watch(day: int, first: int, second: int) -> None:
    row = pick(SourceWatch.objects, first)
    row.last_heard_at = day_of(day)
    save_record(row, by=person(), reason="history")


def condition(day: int, first: int, second: int) -> None:
    agreement = pick(ServiceLevelAgreement.objects, second)
    row = Condition(agreement=agreement, code="busy", met=bool(first % 2), started_at=day_of(day))
    save_record(row, by=person(), reason="history")


def service(day: int, first: int, second: int) -> None:
    row = contract(second).services.get()
    row.in_service_from = day_of(day)
    save_record(row, by=person(), reason="history")


def severity(day: int, first: int, second: int) -> None:
    row = pick(Incident.objects, first)
    row.severity = f"P{second}"
    record_incident(row, by=person(), reason="history")


ACTS: Mapping[str, Callable[[int, int, int], None]] = {
    act.__name__: act
    for act in (
        incident, outage, moment, withdraw, end, confirm, move, position, stop, maintenance, cancel, fee,
        attribute, reopen, watch, condition, service, severity,
    )
}  # fmt: skip


@pytest.mark.django_db
def test_a_new_incident_without_times_asks_for_nothing() -> None:
    portfolio()
    note_stale(now=NOW)
    record_incident(Incident(title="Power lost", vendor=contract(0).vendor), by=person(), reason="a call")
    assert note_stale(now=NOW) == 0


@pytest.mark.django_db
def test_a_fee_of_a_day_asks_for_the_months_from_then_on() -> None:
    heads = portfolio()
    note_stale(now=NOW)
    wanted = dict(Statement.objects.values_list("pk", "wanted"))
    row = Contract.objects.get(reference="A-1").charges.get()
    row.pk, row._state.adding = None, True
    row.effective_from, row.amount_minor = date(2019, 6, 15), 1
    save_record(row, by=person(), reason="new price")
    note_stale(now=NOW)
    raised = {str(heads[row.pk]) for row in Statement.objects.all() if row.wanted != wanted[row.pk]}
    assert {number for number in raised if "/uptime/" in number} == {
        "A-1/uptime/2019-05",  # a month of margin: a run over its edge is judged whole
        "A-1/uptime/2019-06",
        "A-1/uptime/2019-08",
    }
