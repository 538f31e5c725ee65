"""Statements as records: heads that follow, revisions that stay, corrections that add up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import Sum

from incidents.models import Incident, Outage
from incidents.services import confirm_outage, withdraw_outage
from sla.engine.terms import Pays, Repeat
from sla.models import (
    LineFigures,
    PostingPolicy,
    ServiceCredit,
    ServiceLevelAgreement,
    Statement,
    StatementRevision,
)
from sla.services import sign_off_terms
from sla.services.statements import (
    finalise_statement,
    fresh_heads,
    head_of,
    hold_correction,
    note_stale,
    open_questions,
    refresh_statement,
)
from sla.services.statements.drafts import draft_statement
from tests.builders import (
    REASON,
    a_charge,
    a_credit,
    a_level,
    a_schedule,
    a_service,
    a_version,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)

NOW = datetime(2019, 12, 31, tzinfo=UTC)
ACCEPTED = {
    "unconfirmed_times": "ticket read",
    "unsigned_terms": "template",
    "not_heard": "nothing came",
    "missing_bill": "comes with the next invoice",
}
CORRECT = Statement.objects.needing_correction


def an_outage_in(
    agreement: ServiceLevelAgreement, reference: str, *, start: str, end: str | None, service: str = ""
) -> Outage:
    incident = Incident.objects.filter(reference=reference).first()
    incident = incident or an_incident(reference, vendor=agreement.contract.vendor)
    services = agreement.contract.services.order_by("pk")
    row = services.get(code=service) if service else services.first()
    assert row is not None
    return an_outage(incident, row, started_at=at(start), ended_at=at(end) if end else None)


def finalised(statement: Statement, *, now: datetime = NOW, why: str = "month end") -> StatementRevision:
    return finalise_statement(statement, by=person(), why=why, reasons=ACCEPTED, now=now)


def due(agreement: ServiceLevelAgreement, label: str) -> int:
    """Return what is recorded for a statement, all credits and adjustments together."""
    rows = ServiceCredit.objects.filter(
        revision__statement__agreement=agreement, revision__statement__period=label
    )
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


@pytest.fixture
def june(db: None) -> Statement:
    """Return June with one outage of 73 minutes: 99.831 %, a credit of 200 dollars."""
    agreement = a_schedule()
    an_outage_in(agreement, "ONE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    return head_of(agreement, period_label="2019-06")


# Heads


def test_a_head_is_made_once_and_knows_its_days_and_instants(june: Statement) -> None:
    again = head_of(june.agreement, period_label="2019-06")
    assert again.pk == june.pk
    assert (june.first_on, june.last_on) == (date(2019, 6, 1), date(2019, 6, 30))
    assert (june.starts_at, june.ends_at) == (at("2019-06-01 07:00"), at("2019-07-01 07:00"))
    assert june.number == "NR-2018/power/2019-06"


@pytest.mark.parametrize("label", ["", "June", "2019-Q2", "9999-01", "2019-13"])
def test_a_label_that_names_no_month_makes_no_head(label: str, db: None) -> None:
    agreement = a_schedule()
    with pytest.raises(ValueError, match=r"2019-06|no month|names no period"):
        head_of(agreement, period_label=label)
    assert not Statement.objects.exists()


def test_the_draft_holds_figures_and_lines(june: Statement) -> None:
    refresh_statement(june, now=NOW)
    june.refresh_from_db()
    assert (june.state, june.missed, june.due_minor, june.shown) == (
        "missed",
        ["uptime"],
        200_00,
        "USD 200.00",
    )
    assert june.known_until == NOW
    assert june.provisional == [
        "Times or responsibility are not confirmed: nobody has confirmed who is responsible for ONE.",
        "The terms are not signed off against the document: those from 2019-01-01.",
    ]
    line = june.draft_lines.get()
    assert (line.number, line.key, line.name, line.services) == (
        1,
        "uptime|2019-06|power-a",
        "Power uptime",
        "Power feed A",
    )
    assert (line.value, line.value_printed) == (Fraction(43127, 432), "99.831 %")
    assert (line.level_printed, line.shortfall_printed) == ("99.9 %", "0.069 % points")
    assert (line.down_us, line.total_us) == (73 * 60_000_000, 30 * 86_400_000_000)
    assert (line.base_minor, line.before_caps, line.due_minor) == (2000_00, 200_00, 200_00)
    assert (line.tier, line.incidents) == ("below 99.9", ["ONE"])


def test_a_draft_that_cannot_be_computed_says_why_and_keeps_its_figures(june: Statement) -> None:
    refresh_statement(june, now=NOW)
    version = june.agreement.versions.get()
    type(version).history.none()
    type(version).objects.filter(pk=version.pk).update(effective_from=date(2020, 1, 1))
    refresh_statement(june, now=NOW)
    june.refresh_from_db()
    assert "No version of 'power' is in force in 2019-06" in june.error
    assert (june.due_minor, june.draft_lines.count()) == (200_00, 1)


def test_a_slow_worker_never_replaces_a_newer_draft(june: Statement, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh_statement(june, now=NOW)
    newer = Statement.objects.get(pk=june.pk)
    from sla.services.statements import heads

    gather = heads.inputs_of

    def overtaken(*args: Any, **named: Any) -> Any:
        found = gather(*args, **named)
        an_outage_in(june.agreement, "TWO", start="2019-06-26 04:00", end="2019-06-26 14:00")
        note_stale(now=NOW)
        monkeypatch.setattr(heads, "inputs_of", gather)
        refresh_statement(newer, now=NOW)
        return found

    monkeypatch.setattr(heads, "inputs_of", overtaken)
    refresh_statement(june, now=NOW)
    stored = Statement.objects.get(pk=june.pk)
    assert (stored.wanted, stored.computed, stored.due_minor) == (2, 2, 500_00)
    assert june.due_minor == 500_00


@pytest.mark.parametrize(
    ("start", "end", "stale"),
    [
        ("2019-06-10 00:00", "2019-06-10 01:00", True),
        ("2019-05-10 00:00", "2019-05-10 01:00", True),  # a month of margin around
        ("2019-07-20 00:00", "2019-07-20 01:00", True),
        ("2019-04-10 00:00", "2019-04-10 01:00", False),
        ("2019-09-10 00:00", "2019-09-10 01:00", False),
    ],
)
def test_a_fact_makes_the_drafts_stale_that_it_overlaps(
    june: Statement, start: str, end: str, *, stale: bool
) -> None:
    refresh_statement(june, now=NOW)
    note_stale(now=NOW)
    refresh_statement(june, now=NOW)
    an_outage_in(june.agreement, "ONE", start=start, end=end)
    assert note_stale(now=NOW) == int(stale)
    assert Statement.objects.stale().exists() is stale
    assert note_stale(now=NOW) == 0


def test_a_fact_reaches_all_later_periods_that_look_back(db: None) -> None:
    credit = a_credit(repeat=Repeat())
    agreement = a_schedule(terms=some_terms(targets=(a_level(credit=credit),)))
    incident = an_incident("MAY", vendor=agreement.contract.vendor)
    heads = [head_of(agreement, period_label=f"2019-{month:02d}") for month in (2, 6, 11)]
    note_stale(now=NOW)
    for head in heads:
        refresh_statement(head, now=NOW)
    an_outage_in(agreement, incident.reference, start="2019-05-10 00:00", end="2019-05-10 01:00")
    note_stale(now=NOW)
    assert list(Statement.objects.stale().order_by("period").values_list("period", flat=True)) == [
        "2019-06",
        "2019-11",
    ]


def test_a_fact_of_another_contract_leaves_a_draft_alone(june: Statement) -> None:
    from tests.builders import a_contract_with_power

    other = a_schedule(contract=a_contract_with_power("NR-2", vendor=june.agreement.contract.vendor))
    an_outage_in(other, "THEIRS", start="2019-06-10 00:00", end="2019-06-10 01:00")
    note_stale(now=NOW)
    refresh_statement(june, now=NOW)
    an_outage_in(other, "THEIRS", start="2019-06-12 00:00", end="2019-06-12 01:00")
    note_stale(now=NOW)
    assert not Statement.objects.stale().exists()


def test_a_list_computes_only_what_is_missing_stale_or_running_for_an_hour(
    june: Statement, django_assert_max_num_queries: Any
) -> None:
    rows = ServiceLevelAgreement.objects.select_related("contract").prefetch_related("versions")
    (head,) = fresh_heads(rows, on=date(2019, 6, 12), now=at("2019-06-12 10:00"))
    assert head.due_minor == 0
    with django_assert_max_num_queries(5):
        fresh_heads(rows, on=date(2019, 6, 12), now=at("2019-06-12 10:59"))
    (head,) = fresh_heads(rows, on=date(2019, 6, 12), now=at("2019-06-12 11:00"))
    assert head.computed_at == at("2019-06-12 11:00")
    labels = fresh_heads(rows, first_on=date(2018, 12, 1), last_on=date(2019, 3, 31), now=NOW)
    assert [each.period for each in labels] == ["2019-01", "2019-02", "2019-03"]


# Finalising


def test_finalising_keeps_inputs_result_versions_and_fingerprint(june: Statement) -> None:
    revision = finalised(june)
    assert revision.full_number == "NR-2018/power/2019-06/r1"
    assert (revision.due_minor, revision.state, revision.engine_version) == (200_00, "missed", "1")
    assert revision.zone_data.startswith("20")
    assert len(revision.digest) == 64
    assert revision.previous_digest == ""
    assert [line.due_minor for line in revision.lines.all()] == [200_00]
    credit = revision.credits.get()
    assert (credit.kind, credit.line_number, credit.amount_minor) == ("credit", 1, 200_00)
    assert credit.posting_month == date(2019, 6, 1)
    assert not CORRECT().exists()


def test_what_is_unresolved_needs_a_reason_each_and_all_are_listed(june: Statement) -> None:
    with pytest.raises(ValidationError) as refused:
        finalise_statement(june, by=person(), why="month end", reasons={}, now=NOW)
    assert [error.code for error in refused.value.error_list] == ["unconfirmed_times", "unsigned_terms"]
    assert "nobody has confirmed who is responsible for ONE" in refused.value.messages[0]
    assert not StatementRevision.objects.exists()
    revision = finalised(june)
    assert [(each["code"], each["reason"]) for each in revision.overridden] == [
        ("unconfirmed_times", "ticket read"),
        ("unsigned_terms", "template"),
    ]


@pytest.mark.parametrize(
    ("why", "reasons", "now", "code"),
    [
        ("month end", ACCEPTED, at("2019-06-30 12:00"), "period_not_over"),
        (" ", ACCEPTED, NOW, "reason"),
        ("month end", {**ACCEPTED, "weather": "fine"}, NOW, "unknown"),
        ("month end", {**ACCEPTED, "unsigned_terms": "  "}, NOW, "unsigned_terms"),
    ],
)
def test_finalising_is_refused_without_a_trace(
    june: Statement, why: str, reasons: dict[str, str], now: datetime, code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        finalise_statement(june, by=person(), why=why, reasons=reasons, now=now)
    assert code in {error.code for error in refused.value.error_list}
    assert (StatementRevision.objects.count(), ServiceCredit.objects.count()) == (0, 0)


def test_each_kind_of_doubt_is_one_question(db: None) -> None:
    agreement = a_schedule()
    an_outage_in(agreement, "OPEN", start="2019-06-25 04:15", end=None)
    statement = head_of(agreement, period_label="2019-06")
    now = at("2019-06-28 12:00")
    result = draft_statement(agreement, period_label="2019-06", known_until=now)
    found = {each.code: each.text for each in open_questions(statement, result=result, now=now)}
    assert list(found) == [
        "period_not_over",
        "open_incident",
        "unconfirmed_times",
        "unknown_time",
        "unsigned_terms",
    ]
    assert "OPEN is still open" in found["open_incident"]
    assert "2019-07-01 07:00 UTC" in found["period_not_over"]


def test_the_head_counts_what_finalising_asks(june: Statement) -> None:
    confirm_outage(Outage.objects.get(), at=NOW, by=person(), reason="ticket read")
    assert [text[:29] for text in fresh(june).provisional] == ["The terms are not signed off "]
    sign_off_terms(a_version(june.agreement), by=person(), at=NOW, reason=REASON)
    assert fresh(june).provisional == []


def fresh(statement: Statement) -> Statement:
    [head] = fresh_heads([statement.agreement], now=NOW, on=statement.first_on)
    return head


def test_nothing_is_asked_where_all_is_settled(june: Statement) -> None:
    confirm_outage(Outage.objects.get(), at=NOW, by=person(), reason="ticket read")
    sign_off_terms(a_version(june.agreement), by=person(), at=NOW, reason=REASON)
    assert finalise_statement(june, by=person(), why="month end", reasons={}, now=NOW).overridden == []


def test_finalising_twice_without_a_change_is_refused(june: Statement) -> None:
    finalised(june)
    with pytest.raises(ValidationError, match="Nothing changed since NR-2018/power/2019-06/r1"):
        finalised(june, now=NOW + timedelta(days=9))
    assert StatementRevision.objects.count() == 1


@pytest.mark.parametrize("model", [StatementRevision, LineFigures])
def test_the_database_refuses_to_change_what_is_finalised(june: Statement, model: Any) -> None:
    revision = finalised(june)
    row = revision if model is StatementRevision else revision.lines.get()
    with pytest.raises(DatabaseError, match="corrected by a new revision"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(due_minor=1)
    with pytest.raises(DatabaseError, match="corrected by a new revision"), transaction.atomic():
        type(row).objects.filter(pk=row.pk)._raw_delete("default")


# Corrections


def test_a_late_fact_asks_for_a_correction_and_the_next_revision_says_the_difference(june: Statement) -> None:
    first = finalised(june)
    an_outage_in(june.agreement, "LATE", start="2019-06-26 04:00", end="2019-06-26 14:00")
    note_stale(now=NOW)
    refresh_statement(june, now=NOW)
    assert [each.pk for each in CORRECT()] == [june.pk]
    assert june.due_minor == 500_00
    second = finalised(june, why="LATE came in")
    assert (second.number, second.previous_digest) == (2, first.digest)
    assert [(row.kind, row.amount_minor) for row in second.credits.all()] == [("adjustment", 300_00)]
    # A correction stands in the month in which it was made, not in that of the service.
    assert second.credits.get().posting_month == NOW.date().replace(day=1) != date(2019, 6, 1)
    assert second.credits.get().corrects == first.credits.get()
    assert (second.due_minor, due(june.agreement, "2019-06")) == (500_00, 500_00)
    assert not CORRECT().exists()


def test_a_fact_that_changes_no_figure_asks_for_no_correction(june: Statement) -> None:
    finalised(june)
    incident = Incident.objects.get()
    incident.title = "Breaker 4 tripped"
    saved(incident)
    an_outage_in(june.agreement, "AUGUST", start="2019-08-01 12:00", end="2019-08-01 13:00")
    note_stale(now=NOW)
    refresh_statement(june, now=NOW)
    assert not CORRECT().exists()


def test_a_corrected_fact_that_is_taken_back_needs_no_correction_again(june: Statement) -> None:
    finalised(june)
    late = an_outage_in(june.agreement, "LATE", start="2019-06-26 04:00", end="2019-06-26 14:00")
    refresh_statement(june, now=NOW)
    assert CORRECT().exists()
    withdraw_outage(late, at=NOW, by=person(), reason="another site")
    refresh_statement(june, now=NOW)
    assert not CORRECT().exists()


def test_line_numbers_keep_their_meaning_and_removed_lines_stay_listed(db: None) -> None:
    agreement = a_schedule()
    b = a_service(agreement.contract, code="power-b", name="Power feed B")
    a_charge(agreement.contract, code="power-b", service=b)
    an_outage_in(agreement, "B", start="2019-06-25 04:15", end="2019-06-25 05:28", service="power-b")
    statement = head_of(agreement, period_label="2019-06")
    first = finalised(statement)
    assert list(first.lines.values_list("number", "key")) == [
        (1, "uptime|2019-06|power-a"),
        (2, "uptime|2019-06|power-b"),
    ]
    b.in_service_until = at("2019-05-01 07:00")
    saved(b)
    a_service(agreement.contract, code="a-feed", name="Another feed")
    second = finalised(statement, why="B ended before")
    assert list(second.lines.values_list("number", "key", "status", "due_minor")) == [
        (1, "uptime|2019-06|power-a", "standing", 0),
        (2, "uptime|2019-06|power-b", "removed", 0),
        (3, "uptime|2019-06|a-feed", "standing", 0),
    ]
    assert [(row.line_number, row.amount_minor) for row in ServiceCredit.objects.order_by("pk")] == [
        (2, first.due_minor),
        (2, -first.due_minor),
    ]


def test_days_added_to_a_term_are_credits_in_their_own_unit(db: None) -> None:
    from sla.engine.terms import Tier, Tiered

    params = Tiered(tiers=(Tier(below=Decimal("99.9"), credit=Decimal(3)),), pays=Pays.SERVICE_DAYS)
    agreement = a_schedule(terms=some_terms(targets=(a_level(credit=a_credit(params=params)),)))
    an_outage_in(agreement, "ONE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    revision = finalised(head_of(agreement, period_label="2019-06"))
    assert (revision.due_minor, revision.shown) == (0, "3 days added to the term")
    credit = revision.credits.get()
    assert (credit.pays, credit.amount_minor, credit.quantity) == ("service_days", 0, Fraction(3))


@pytest.mark.parametrize("hold_below", [0, 300_00])
def test_a_correction_that_is_too_large_to_wait_is_refused(june: Statement, hold_below: int) -> None:
    saved(PostingPolicy(entity=june.agreement.contract.entity, hold_below_minor=hold_below))
    finalised(june)
    an_outage_in(june.agreement, "LATE", start="2019-06-26 04:00", end="2019-06-26 14:00")
    july = head_of(june.agreement, period_label="2019-07")
    with pytest.raises(ValidationError, match="Finalise a new revision instead"):
        hold_correction(june, into=july, by=person(), why="small", now=NOW)
    assert not june.held_corrections.exists()
