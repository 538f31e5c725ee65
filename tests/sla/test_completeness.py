"""The completeness report and the portfolio summary: what is missing, and how each schedule did."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import FeedSource
from sla.models import (
    Claim,
    ClaimPart,
    CreditMatch,
    CreditReceived,
    DraftLine,
    ServiceCredit,
    ServiceLevelAgreement,
    StatementLine,
    StatementRevision,
)
from sla.reports.completeness import completeness_report
from sla.reports.portfolio import portfolio_report
from sla.reports.tables import About, Report
from sla.selectors.gaps import Found, Gap, gaps
from sla.selectors.scope import Scope
from sla.services.reporting import everything
from tests.builders import REASON, a_schedule, a_version, an_incident, an_outage, person, some_terms
from tests.sla.test_breach_report import JUNE, NOON, a_head, a_revision, figures
from vendors.models import Service
from vendors.services import save_record

pytestmark = pytest.mark.django_db
ABOUT = About(parameters=(), run_by="ada", run_at=NOON, data_as_at=NOON)


def june(**fields: Any) -> Scope:
    return Scope(**{"first_on": date(2019, 6, 1), "until": date(2019, 7, 1), "user": everything(), **fields})


def found(gap: Gap, **fields: Any) -> list[Found]:
    return [each for each in gaps(june(**fields), now=NOON) if each.gap is gap]


@pytest.fixture
def schedule() -> ServiceLevelAgreement:
    return a_schedule()


def a_credit_of(revision: StatementRevision, **fields: Any) -> ServiceCredit:
    return ServiceCredit.objects.create(
        revision=revision,
        **{
            "line_number": 1,
            "kind": "credit",
            "currency": "USD",
            "amount_minor": 15_000,
            "description": "Power uptime",
            "service_first_on": JUNE[0],
            "service_last_on": JUNE[1],
            "posting_month": JUNE[0],
            "recorded_at": NOON,
            **fields,
        },
    )


def a_claim_for(credit: ServiceCredit, *, state: str = "submitted") -> Claim:
    contract = credit.revision.statement.agreement.contract
    claim = Claim.objects.create(
        reference=f"C-{credit.pk}",
        contract=contract,
        currency="USD",
        state=state,
        opened_at=datetime(2019, 7, 2, tzinfo=UTC),
        opened_by=person(),
    )
    ClaimPart.objects.create(
        claim=claim, credit=credit, amount_minor=credit.amount_minor, recorded_at=NOON, recorded_by=person()
    )
    return claim


def a_receipt(claim: Claim, *, net: int, matched: int) -> None:
    received = CreditReceived.objects.create(
        vendor=claim.contract.vendor,
        entity=claim.contract.entity,
        kind="credit_note",
        document="CN-1",
        received_on=date(2019, 6, 20),
        currency="USD",
        net_minor=net,
        total_minor=net,
        recorded_at=NOON,
        recorded_by=person(),
    )
    if matched:
        CreditMatch.objects.create(
            received=received,
            claim=claim,
            received_minor=matched,
            claim_minor=matched,
            recorded_at=NOON,
            recorded_by=person(),
        )


def test_terms_that_nobody_checked_are_named(schedule: ServiceLevelAgreement) -> None:
    (gap,) = found(Gap.TERMS)
    assert (gap.contract, gap.detail) == ("NR-2018", "a draft: nobody has checked it against the document")
    version = a_version(schedule)
    version.signed_off_by, version.signed_off_at = "Ada", NOON
    save_record(version, by=person(), reason=REASON)
    assert found(Gap.TERMS) == []


def test_a_service_needs_a_source_of_its_own_or_a_feed_of_its_vendor(schedule: ServiceLevelAgreement) -> None:
    assert [gap.subject for gap in found(Gap.SOURCE)] == ["Power feed A"]
    feed = FeedSource(code="status", kind="statuspage", vendor=schedule.contract.vendor)
    save_record(feed, by=person(), reason=REASON)
    assert found(Gap.SOURCE) == []


def test_each_ended_period_with_terms_in_force_wants_a_statement() -> None:
    agreement = a_schedule(terms=some_terms(effective_from=date(2019, 5, 1)))
    until = date(2020, 1, 1)
    assert [gap.period for gap in found(Gap.NO_STATEMENT, first_on=date(2019, 1, 1), until=until)] == [
        "2019-05",
        "2019-06",
        "2019-07",
    ]
    a_head(agreement)
    assert found(Gap.NO_STATEMENT) == []


def test_a_statement_that_could_not_be_computed_says_why(schedule: ServiceLevelAgreement) -> None:
    a_head(schedule, error="No fee is recorded.")
    (gap,) = found(Gap.NO_STATEMENT)
    assert (gap.period, gap.detail) == ("2019-06", "No fee is recorded.")


def test_a_computed_statement_waits_to_be_finalised(schedule: ServiceLevelAgreement) -> None:
    head = a_head(schedule, due_minor=500, provisional=["x", "y"])
    (gap,) = found(Gap.NOT_FINALISED)
    assert (gap.subject, gap.amount_minor, gap.detail) == (
        "NR-2018/power/2019-06",
        500,
        "2 open questions",
    )
    a_revision(head)
    assert found(Gap.NOT_FINALISED) == []


def test_a_finalised_statement_with_another_result_by_now_needs_correction(
    schedule: ServiceLevelAgreement,
) -> None:
    a_revision(a_head(schedule, compared_digest="other"))
    assert [gap.subject for gap in found(Gap.CORRECTION)] == ["NR-2018/power/2019-06"]


def test_an_incident_without_an_outage_is_named(schedule: ServiceLevelAgreement) -> None:
    incident = an_incident("INC-1", vendor=schedule.contract.vendor)
    assert [gap.subject.split()[0] for gap in found(Gap.INCIDENT)] == ["INC-1"]
    an_outage(incident, service=Service.objects.get())
    assert found(Gap.INCIDENT) == []


def test_a_credit_wants_a_claim_and_a_claim_a_credit_note(schedule: ServiceLevelAgreement) -> None:
    credit = a_credit_of(a_revision(a_head(schedule)))
    (gap,) = found(Gap.NO_CLAIM)
    assert (gap.currency, gap.amount_minor, found(Gap.NO_CREDIT_NOTE)) == ("USD", 15_000, [])
    claim = a_claim_for(credit)
    (gap,) = found(Gap.NO_CREDIT_NOTE)
    assert (gap.subject, gap.amount_minor, gap.detail) == (claim.reference, 15_000, "submitted, 30 days old")
    assert found(Gap.NO_CLAIM) == []
    a_receipt(claim, net=16_000, matched=15_000)
    assert found(Gap.NO_CREDIT_NOTE) == []
    (gap,) = found(Gap.NOT_MATCHED)
    assert (gap.subject, gap.amount_minor) == ("Credit note CN-1", 1_000)


def test_a_check_that_was_overridden_is_told_with_its_reason(schedule: ServiceLevelAgreement) -> None:
    told = [{"code": "contested", "question": "The vendor contests a line", "reason": "we disagree"}]
    a_revision(a_head(schedule), overridden=told)
    (gap,) = found(Gap.OVERRIDDEN)
    assert gap.detail.startswith("The vendor contests a line — we disagree (")


def test_a_reader_who_sees_no_vendor_finds_nothing_missing(schedule: ServiceLevelAgreement) -> None:
    a_head(schedule)
    report = completeness_report(june(user=User.objects.create_user("clerk")), about=ABOUT, now=NOON)
    assert report.summary == ("Nothing is missing.",)
    assert list(report.tables[1].rows()) == []


def test_one_thing_is_counted_as_one(db: None) -> None:
    an_incident("INC-1")
    assert completeness_report(june(), about=ABOUT, now=NOON).summary == ("1 thing is missing or unsettled.",)


def test_the_report_counts_every_kind_of_gap(schedule: ServiceLevelAgreement) -> None:
    a_head(schedule)
    counts, details = completeness_report(june(), about=ABOUT, now=NOON).tables
    rows = list(counts.rows())
    assert [row[0] for row in rows] == [gap.value for gap in Gap]
    assert sum(row[1] for row in rows) == len(list(details.rows())) == 3  # type: ignore[misc]


def in_rows(report: Report, *, table: int) -> list[dict[str, Any]]:
    keys = [column.key for column in report.tables[table].columns]
    return [dict(zip(keys, row, strict=True)) for row in report.tables[table].rows()]


def test_the_portfolio_takes_revisions_where_there_are_some_and_drafts_elsewhere(
    schedule: ServiceLevelAgreement,
) -> None:
    head = a_head(schedule, due_minor=1, state="met")
    revision = a_revision(head, due_minor=15_000, contested_minor=2_500, state="missed")
    DraftLine.objects.create(statement=head, **figures())
    StatementLine.objects.create(revision=revision, **figures())
    StatementLine.objects.create(revision=revision, **figures(2, missed=False, verdict="met"))
    StatementLine.objects.create(revision=revision, **figures(3, missed=False, verdict="provisional"))
    claim = a_claim_for(a_credit_of(revision))
    a_receipt(claim, net=4_000, matched=4_000)
    report = portfolio_report(june(), about=ABOUT)
    (row,) = in_rows(report, table=0)
    keys = ("periods", "periods_missed", "finalised", "judged", "met", "missed", "unsure", "share_met")
    assert [row[key] for key in keys] == [1, 1, 1, 3, 1, 1, 1, "50 %"]
    assert (row["due"], row["contested"], row["claimed"], row["currency"]) == (15_000, 2_500, 15_000, "USD")
    (money,) = in_rows(report, table=1)
    assert (money["claims"], money["claimed"], money["received"], money["open"]) == (1, 15_000, 4_000, 11_000)
    assert not report.about.provisional
