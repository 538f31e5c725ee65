"""How long the breach report takes over many statement lines, beside the plain query that it rests on.

By default a tenth of the real size is seeded, so that the suite stays usable. BENCH_SCALE=10 makes
it 360,000 missed lines in 18,000 finalised statements of 1,500 SLA schedules, beside 1,000,000 outages.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import islice
from typing import Any, TypeVar

import pytest
from django.db import models

from incidents.models import Incident, Outage
from sla.models import ServiceLevelAgreement, Statement, StatementLine, StatementRevision
from sla.reports.tables import Report, render
from sla.services.reporting import everything, make_report
from tests.benchmarks.conftest import Figures, Seconds
from tests.vendors.rows import an_entity, person
from vendors.models import Charge, Contract, Service, Vendor

SCALE = float(os.environ.get("BENCH_SCALE", "1"))
SCHEDULES, LINES = int(150 * SCALE), 20
MONTHS = [date(2019, month, 1) for month in range(1, 13)]
OUTAGES = int(100_000 * SCALE)
NOW = datetime(2020, 2, 1, 12, tzinfo=UTC)
BATCH = 5_000
Made = TypeVar("Made", bound=models.Model)

pytestmark = [pytest.mark.django_db, pytest.mark.benchmark]


def laid(rows: Iterable[Made]) -> list[Made]:
    """Write rows in bulk, a batch at a time; return them with their keys."""
    rest, made = iter(rows), []
    while batch := list(islice(rest, BATCH)):
        found = type(batch[0])._base_manager.bulk_create(batch)
        if not isinstance(batch[0], StatementLine | Outage):
            made += found
    return made


def month_end(on: date) -> date:
    return (on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def seeded() -> None:
    vendors = laid(
        Vendor(slug=f"v-{at}", name=f"Vendor {at:03d}", accounting_number=f"V{at}") for at in range(50)
    )
    entity, by = an_entity(), person()
    contracts = laid(
        Contract(
            reference=f"MSA-{at:04d}", name=f"Order {at}", vendor=vendors[at % 50], entity=entity,
            currency=("USD", "EUR", "JPY")[at % 3], zone="UTC", effective_from=MONTHS[0],
        )
        for at in range(SCHEDULES)
    )  # fmt: skip
    services = laid(Service(contract=contract, code="s", name="Power feed A") for contract in contracts)
    laid(
        Charge(contract=row.contract, service=row, code="fee", amount_minor=100_000, effective_from=MONTHS[0],
               purchase_order=f"PO-{row.pk}")
        for row in services
    )  # fmt: skip
    agreements = laid(ServiceLevelAgreement(contract=row, code="uptime", name="Uptime") for row in contracts)
    heads = laid(_head(row, on=on) for on in MONTHS for row in agreements)
    revisions = laid(_revision(row, by=by) for row in heads)
    laid(_line(row, number=number) for row in revisions for number in range(1, LINES + 1))
    incident = laid([Incident(reference="INC-1", vendor=vendors[0])])[0]
    first = datetime(2019, 1, 1, tzinfo=UTC)
    laid(
        Outage(incident=incident, service=services[at % SCHEDULES], started_at=first + timedelta(minutes=at),
               ended_at=first + timedelta(minutes=at + 5))
        for at in range(OUTAGES)
    )  # fmt: skip


def _head(agreement: ServiceLevelAgreement, *, on: date) -> Statement:
    last = month_end(on)
    return Statement(
        agreement=agreement, period=f"{on:%Y-%m}", first_on=on, last_on=last, computed=1, computed_at=NOW,
        starts_at=datetime(on.year, on.month, 1, tzinfo=UTC), known_until=NOW,
        ends_at=datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1),
        currency=agreement.contract.currency,
    )  # fmt: skip


def _revision(head: Statement, *, by: Any) -> StatementRevision:
    return StatementRevision(
        statement=head, number=1, inputs="{}", inputs_digest="i", result="{}", result_digest="r",
        engine_version="1", zone_data="2026a", digest=f"d-{head.pk}", finalised_at=NOW, finalised_by=by,
        cause="month end", currency=head.currency, known_until=NOW,
        claim_by=head.last_on + timedelta(days=30),
    )  # fmt: skip


def _line(revision: StatementRevision, *, number: int) -> StatementLine:
    head = revision.statement
    down = (revision.pk * 37 + number * 101) % 7_919 + 3_000
    return StatementLine(
        revision=revision, number=number, key=f"level-{number}|{head.period}|s", target=f"level-{number}",
        name=f"Uptime of feed {number}", clause="3.1", window=head.period, window_first_on=head.first_on,
        window_last_on=head.last_on, units=["s"], services="Power feed A", unit="%", verdict="missed",
        missed=True, level=Fraction("99.9"), level_printed="99.9 %",
        value=100 - Fraction(100 * down, 2_592_000),
        value_printed="99.8 %", shortfall=Fraction(100 * down, 2_592_000), shortfall_printed="0.1 % points",
        total_us=2_592_000_000_000, counted_us=down * 1_000_000, excluded_us=60_000_000,
        excluded_by=[{"rule": "maintenance", "clause": "3.4", "us": 60_000_000}], incidents=["INC-1"],
        tier="below 99.9", currency=head.currency, base_minor=100_000, before_caps_minor=10_000 + number,
        removed=[], due_minor=10_000 + number, credit_state="due",
    )  # fmt: skip


def report(*, until: str = "2020") -> Report:
    return make_report("breach", parameters={"from": "2019", "until": until}, user=everything(), now=NOW)


def peak(pieces: Iterator[bytes]) -> int:
    """Return the most bytes that were held at once while pieces were made and dropped."""
    tracemalloc.start()
    try:
        for _ in pieces:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Clock:
    """Seconds by the clock and of this core since it was made."""

    def __init__(self) -> None:
        self.clock, self.own = time.perf_counter(), time.process_time()

    def read(self) -> Seconds:
        return Seconds(time.perf_counter() - self.clock, time.process_time() - self.own)


def test_the_breach_report_streams(figures: Figures) -> None:
    seeded()
    lines = SCHEDULES * len(MONTHS) * LINES
    where = f"breach report, {lines:,} lines"

    clock = Clock()
    pieces = render(report(), form="csv")
    started = [next(pieces), next(pieces), next(pieces)]  # the mark, the headings, the first rows
    first = figures.seconds[f"{where}: first rows"] = clock.read()
    size = sum(map(len, started)) + sum(map(len, pieces))
    figures.seconds[f"{where}: whole CSV"] = whole = clock.read()

    clock = Clock()
    fields = [field.attname for field in StatementLine._meta.concrete_fields]
    rows = StatementLine.objects.filter(missed=True).values_list(*fields).iterator(chunk_size=2_000)
    assert sum(1 for _ in rows) == lines
    figures.seconds[f"{where}: plain query"] = plain = clock.read()

    less, more = peak(render(report(until="2019-02"), form="csv")), peak(render(report(), form="csv"))
    clock = Clock()
    book = sum(map(len, render(report(until="2019-05" if SCALE > 5 else "2020"), form="xlsx")))
    sheet = clock.read()
    figures.seconds[f"{where}: XLSX of {lines // 3 if SCALE > 5 else lines:,}"] = sheet
    figures.notes[where] = (
        f"{size / 1e6:.0f} MB of CSV, {lines / whole.clock:,.0f} rows/s, {whole.clock / plain.clock:.1f} x"
        f" the plain query; beside {OUTAGES:,} outages"
    )
    figures.notes[f"{where}: memory"] = f"{less / 1e6:.1f} MB for a twelfth, {more / 1e6:.1f} MB for all"
    figures.notes[f"{where}: XLSX"] = f"{book / 1e6:.1f} MB"
    # By this core's time: another program on the machine is no fault of ours.
    assert first.own < 1
    assert more < 2 * less + 8_000_000
