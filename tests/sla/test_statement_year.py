"""A year of statements: each cap takes its own, what it carries over is paid later, and nothing is lost."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sla.engine.terms.credits import Cap, CapScope, Overflow, Pays
from sla.models import RegisterEntry, ServiceCredit, StatementRevision
from sla.services.statements import draft_statement, finalise_statement, head_of, open_questions
from tests.builders import (
    a_contract_with_power,
    a_schedule,
    an_incident,
    an_outage,
    at,
    person,
    some_terms,
)

YEAR = [f"2020-{month:02d}" for month in range(1, 13)]
# Dollars before the cap of 150 a month: 10 % or 25 % of 2,000 in the months that failed.
FAILED = {"2020-01": 73, "2020-02": 600, "2020-03": 0, "2020-06": 600, "2020-07": 600}
DUE = {
    # January: 200, of which 50 wait. February (29 days): 500 and 50, 400 wait; then 150 a month.
    "2020-01": 15_000, "2020-02": 15_000, "2020-03": 15_000, "2020-04": 15_000, "2020-05": 10_000,
    # June: 500, 350 wait. July: 500 and 350, 700 wait; 150 a month from August on, 50 in December.
    "2020-06": 15_000, "2020-07": 15_000, "2020-08": 15_000, "2020-09": 15_000, "2020-10": 15_000,
    "2020-11": 15_000, "2020-12": 10_000,
}  # fmt: skip


@pytest.mark.django_db
def test_a_year_of_monthly_caps_pays_in_the_end_what_it_carried_over() -> None:
    cap = Cap(
        code="month",
        limit=Decimal(150),
        pays=Pays.MONEY,
        scope=CapScope.AGREEMENT,
        overflow=Overflow.CARRIED,
    )
    terms = some_terms(caps=(cap,))
    contract = a_contract_with_power()
    agreement = a_schedule(contract=contract, terms=terms)
    for label, minutes in FAILED.items():
        if minutes:
            start = at(f"{label}-10 12:00")
            end = start + timedelta(minutes=minutes)
            row = an_incident(f"INC-{label}", vendor=contract.vendor)
            an_outage(row, contract.services.get(), started_at=start, ended_at=end, confirmed_at=end)
    found = {}
    for label in YEAR:
        head = head_of(agreement, period_label=label)
        now = head.ends_at + timedelta(days=3)
        result = draft_statement(agreement, period_label=label, known_until=now)
        reasons = {each.code: "checked" for each in open_questions(head, result=result, now=now)}
        revision = finalise_statement(head, by=person(), why="month end", reasons=reasons, now=now)
        found[label] = revision.due_minor
    assert found == DUE
    assert sum(found.values()) == 20_000 + 50_000 + 50_000 + 50_000
    assert sum(ServiceCredit.objects.values_list("amount_minor", flat=True)) == 170_000
    assert sum(RegisterEntry.objects.values_list("amount_minor", flat=True)) == 170_000
    assert StatementRevision.objects.count() == 12
