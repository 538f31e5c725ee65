"""How fast periods close on several workers, and how soon a draft follows an edit among a million outages.

On PostgreSQL only, as a deployment has it. The rows are seeded with plain SQL: by default 200 SLA schedules
and 1,000,000 outages.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.utils import timezone

from incidents.models import Incident, Outage, SourceWatch
from incidents.services import end_outage
from sla.models import Duty, ServiceLevelAgreement, Statement, StatementRevision
from sla.services import create_schedule, sign_off_terms
from sla.services.duties.planning import plan
from sla.services.duties.rounds import work
from sla.services.statements.heads import heads_on, refresh_heads
from tests.benchmarks.conftest import Figures, Seconds
from tests.builders import a_version, some_terms
from tests.vendors.rows import REASON, an_entity, person
from vendors.models import Charge, Contract, Service, Vendor

SCHEDULES = int(os.environ.get("BENCH_SCHEDULES", "200"))
OUTAGES = int(os.environ.get("BENCH_OUTAGES", "1000000"))
WORKERS = (1, 2, 4)
JUNE = date(2019, 6, 1)
SETTLED = datetime(2019, 7, 10, tzinfo=UTC)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="workers share a PostgreSQL, not a file"),
]


class Share(NamedTuple):
    """Seconds by the clock, and how many of all workers' seconds passed inside queries."""

    clock: float
    own: float
    in_queries: float


def seeded(count: int) -> list[ServiceLevelAgreement]:
    """Return signed schedules of one service each, watched and quiet, whose June is due."""
    entity, by = an_entity(), person()
    vendor = Vendor.objects.bulk_create([Vendor(slug="v", name="Vendor")])[0]
    found = []
    for at in range(count):
        contract = Contract(
            reference=f"MSA-{at:04d}", name=f"Order {at}", vendor=vendor, entity=entity, currency="USD",
            zone="UTC", effective_from=date(2018, 1, 1),
        )  # fmt: skip
        Contract.objects.bulk_create([contract])
        service = Service.objects.bulk_create([Service(contract=contract, code="s", name="Service")])[0]
        Charge.objects.bulk_create(
            [Charge(contract=contract, service=service, code="fee", amount_minor=100_000,
                    effective_from=date(2018, 1, 1))]
        )  # fmt: skip
        SourceWatch.objects.bulk_create(
            [SourceWatch(service=service, source="probe", last_heard_at=SETTLED, confirmed_by=by,
                         confirmed_at=SETTLED, confirmed_through=SETTLED)]
        )  # fmt: skip
        found.append(_schedule(contract, by=by))
    return found


def _schedule(contract: Contract, *, by: Any) -> ServiceLevelAgreement:
    agreement = create_schedule(
        contract, code="uptime", name="Uptime", terms=some_terms(), by=by, reason=REASON
    )
    sign_off_terms(a_version(agreement), by=by, at=SETTLED, reason=REASON)
    ServiceLevelAgreement.objects.filter(pk=agreement.pk).update(closes_from=JUNE)
    return agreement


@contextmanager
def counted() -> Iterator[list[float]]:
    """Sum the seconds that pass inside queries."""
    spent = [0.0]

    def around(execute: Callable[..., Any], *args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent[0] += time.perf_counter() - begun

    with connection.execute_wrapper(around):
        yield spent


def on_workers(count: int) -> Share:
    """Do what is due on so many processes, each with a connection of its own."""
    connection.close()
    begun, children = time.perf_counter(), []
    for _ in range(count):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            with counted() as spent:
                work(clock=lambda: SETTLED)
            os.write(write, f"{spent[0]} {time.process_time()}".encode())
            os._exit(0)
        os.close(write)
        children.append((child, read))
    for child, _ in children:
        os.waitpid(child, 0)
    clock = time.perf_counter() - begun
    told = [os.read(read, 100).decode().split() for _, read in children]
    return Share(clock, sum(float(own) for _, own in told), sum(float(spent) for spent, _ in told))


def test_periods_close_on_several_workers(figures: Figures) -> None:
    seeded(SCHEDULES)
    months = (date(2019, 6, 30), date(2019, 5, 31), date(2019, 4, 30))
    for workers, last in zip(WORKERS, months, strict=True):
        ServiceLevelAgreement.objects.update(closes_from=last.replace(day=1))
        planned = plan(now=SETTLED).closings
        due = Duty.objects.filter(kind="close", state="due").count()
        taken = on_workers(workers)
        assert Duty.objects.filter(kind="close", state="done").count() == SCHEDULES * (workers // 2 + 1)
        name = f"close {due:,} periods, {workers} worker{'s' * (workers != 1)}"
        figures.seconds[name] = Seconds(taken.clock, taken.own)
        share = 100 * taken.in_queries / (workers * taken.clock)
        figures.notes[name] = f"{due / taken.clock:8.1f} a second, {share:.0f} % of the time inside queries"
        assert planned == due
    assert StatementRevision.objects.count() == SCHEDULES * len(WORKERS)


def a_million_outages(agreements: list[ServiceLevelAgreement]) -> None:
    """Lay outages over the services of all schedules and over five years, each an incident of its own."""
    services = list(Service.objects.order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_incident (reference, vendor_id, title, narrative, severity, planned,"
            " status, root_cause, root_cause_event, source, external_id, feed_said)"
            " SELECT 'B-' || n, %s, 'Outage', '', '', false, 'resolved', '', '', '', '', '{}'"
            " FROM generate_series(1, %s) AS n",
            [Vendor.objects.get().pk, OUTAGES],
        )
        cursor.execute(
            "INSERT INTO incidents_outage (incident_id, service_id, kind, started_at, ended_at, measured_by,"
            " evidence, feed_said)"
            " SELECT id, (%s::bigint[])[1 + row_number() OVER (ORDER BY id) %% %s], 'outage',"
            " timestamptz '2015-01-01' + (row_number() OVER (ORDER BY id) * interval '157 seconds'),"
            " timestamptz '2015-01-01' + (row_number() OVER (ORDER BY id) * interval '157 seconds')"
            " + interval '2 minutes', 'us', '', '{}' FROM incidents_incident WHERE reference LIKE 'B-%%'",
            [services, len(services)],
        )
        cursor.execute("ANALYZE")


def test_a_draft_follows_an_edit_among_a_million_outages(figures: Figures) -> None:
    agreements = seeded(min(SCHEDULES, 200))
    a_million_outages(agreements)
    agreement = ServiceLevelAgreement.objects.select_related("contract").get(pk=agreements[7].pk)
    for month in (4, 5, 6):
        refresh_heads(heads_on([agreement], on=date(2019, month, 15)), now=SETTLED)
    plan(now=SETTLED)
    work(clock=lambda: SETTLED)
    outage = Outage.objects.filter(
        service__contract=agreement.contract, started_at__gte=datetime(2019, 6, 10, tzinfo=UTC)
    ).order_by("started_at")[0]  # fmt: skip
    before = Statement.objects.get(agreement=agreement, period="2019-06").draft_lines.get().down_us

    begun = time.perf_counter()
    end_outage(
        outage, ended_at=outage.started_at + timedelta(hours=3), by=person(), reason="the ticket says so"
    )
    edited = time.perf_counter() - begun
    planned = plan(now=SETTLED + timedelta(minutes=1))
    noted = time.perf_counter() - begun - edited
    work(clock=lambda: SETTLED + timedelta(minutes=1))
    whole = time.perf_counter() - begun

    after = Statement.objects.get(agreement=agreement, period="2019-06").draft_lines.get().down_us
    assert after - before == (timedelta(hours=3) - timedelta(minutes=2)) // timedelta(microseconds=1)
    plain = time.perf_counter()
    list(Outage.objects.filter(service__contract=agreement.contract).values_list())
    plain = time.perf_counter() - plain
    name = f"edit among {Outage.objects.count():,} outages"
    figures.seconds[f"{name}: saved"] = Seconds(edited, edited)
    figures.seconds[f"{name}: drafts followed"] = Seconds(whole, whole)
    figures.notes[name] = (
        f"{1000 * edited:.0f} ms to save, {1000 * noted:.0f} ms to find the {planned.touched} drafts that it"
        f" moves, {1000 * whole:.0f} ms until they are computed; {1000 * plain:.0f} ms to read the contract's"
        f" outages alone"
    )
    assert Incident.objects.count() >= OUTAGES
    assert timezone.now() > SETTLED
