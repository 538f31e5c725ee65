"""A clean month finalises itself; with money, a miss, a question or a decision by hand it waits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from incidents.models import ClockStop, Outage
from incidents.services import confirm_outage, withdraw_outage
from sla.models import Duty, ServiceLevelAgreement, Statement, StatementRevision
from sla.services import closing
from sla.services.closing import WHY
from sla.services.duties.planning import plan
from sla.services.duties.rounds import run_round, work
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import head_of
from tests.builders import a_position, an_incident, an_outage, at, person, saved
from tests.incidents.rows import kept
from tests.sla.running import a_closing_schedule, clock, closings

pytestmark = pytest.mark.django_db

JULY_6 = "2019-07-06 07:00"


def outcome(agreement: ServiceLevelAgreement) -> str:
    """Close June and return what came of it."""
    run_round(clock=clock(JULY_6))
    [(_, state, said)] = closings(agreement)
    assert state == "done"
    return said


def a_short_outage(agreement: ServiceLevelAgreement, *, minutes: int = 5, **fields: Any) -> Outage:
    """Return a confirmed outage in June that the level bears."""
    incident = an_incident(vendor=agreement.contract.vendor, status="resolved")
    start = at("2019-06-25 04:15")
    outage = an_outage(
        incident,
        agreement.contract.services.get(),
        started_at=start,
        ended_at=start + timedelta(minutes=minutes),
        **fields,
    )
    confirm_outage(outage, at=at("2019-06-26 09:00"), by=person(), reason="ticket read")
    return outage


def test_a_month_that_is_met_confirmed_and_unquestioned_finalises_itself() -> None:
    agreement = a_closing_schedule()
    assert outcome(agreement) == "Finalised by itself as NR-2018/power/2019-06/r1."
    revision = StatementRevision.objects.get()
    assert (revision.state, revision.due_minor, revision.cause) == ("met", 0, WHY)
    assert (revision.finaliser, revision.finalised_at) == ("recourse", at(JULY_6))
    assert revision.overridden == []


def test_an_outage_that_the_level_bears_and_that_is_confirmed_keeps_a_month_clean() -> None:
    agreement = a_closing_schedule()
    a_short_outage(agreement)
    assert outcome(agreement).startswith("Finalised by itself")


def missed(agreement: ServiceLevelAgreement) -> None:
    a_short_outage(agreement, minutes=73)


def unconfirmed_times(agreement: ServiceLevelAgreement) -> None:
    an_outage(
        an_incident(vendor=agreement.contract.vendor, status="resolved"),
        agreement.contract.services.get(),
        ended_at=at("2019-06-25 04:20"),
    )


def withdrawn(agreement: ServiceLevelAgreement) -> None:
    withdraw_outage(a_short_outage(agreement), at=at("2019-07-01 09:00"), by=person(), reason="another site")


def positioned(agreement: ServiceLevelAgreement) -> None:
    a_position(a_short_outage(agreement).incident, party="agreed", responsible="vendor")


def stopped(agreement: ServiceLevelAgreement) -> None:
    incident = a_short_outage(agreement).incident
    kept(
        ClockStop(
            incident=incident,
            stopped_at=at("2019-06-25 04:16"),
            resumed_at=at("2019-06-25 04:18"),
            reason="no_access",
        )
    )


def corrected(agreement: ServiceLevelAgreement) -> None:
    outage = a_short_outage(agreement)
    outage.feed_said = {"ended_at": "2019-06-25T06:00:00.000000Z", "by a person": ["ended_at"]}
    saved(outage)


def not_by_itself(agreement: ServiceLevelAgreement) -> None:
    agreement.closes_itself = False
    saved(agreement)


def silent(agreement: ServiceLevelAgreement) -> None:
    for watch in agreement.contract.services.get().watches.all():
        watch.confirmed_by, watch.confirmed_at, watch.confirmed_through = None, None, None
        watch.last_heard_at = at("2019-06-10 00:00")
        saved(watch)


def untimed(agreement: ServiceLevelAgreement) -> None:
    an_incident("INC-9", vendor=agreement.contract.vendor)


WAITS = [
    (untimed, "no time is known of INC-9"),
    (missed, "a level is missed; a credit of USD 200.00"),
    (unconfirmed_times, "1 open question"),
    (withdrawn, "1 withdrawn outage"),
    (positioned, "1 position on times or responsibility"),
    (stopped, "1 time of waiting on us"),
    (corrected, "1 correction of a feed"),
    (not_by_itself, "its SLA schedule is never finalised by itself"),
    (silent, "nobody confirmed that nothing happened; 1 open question"),
]


@pytest.mark.parametrize(("happened", "why"), WAITS, ids=[happened.__name__ for happened, _ in WAITS])
def test_anything_that_a_person_should_see_keeps_it_waiting(happened: Any, why: str) -> None:
    agreement = a_closing_schedule()
    happened(agreement)
    assert outcome(agreement) == f"Waits for a person: {why}."
    assert not StatementRevision.objects.exists()
    assert Statement.objects.get(period="2019-06").computed > 0


def test_several_of_a_kind_are_told_in_words_that_exist() -> None:
    agreement = a_closing_schedule()
    stopped(agreement)
    incident = ClockStop.objects.get().incident
    span = {"stopped_at": at("2019-06-25 05:00"), "resumed_at": at("2019-06-25 05:10")}
    kept(ClockStop(incident=incident, reason="no_access", **span))
    assert "2 times of waiting on us" in outcome(agreement)


def test_unsigned_terms_keep_it_waiting() -> None:
    agreement = a_closing_schedule()
    agreement.versions.update(signed_off_by="")
    assert outcome(agreement) == "Waits for a person: 1 open question."


def test_a_month_that_a_person_finalised_before_stays_as_it_is() -> None:
    agreement = a_closing_schedule()
    june = head_of(agreement, period_label="2019-06")
    finalise_statement(june, by=person(), why="month end", reasons={}, now=at("2019-07-02 09:00"))
    assert outcome(agreement) == "Finalised as NR-2018/power/2019-06/r1 already."
    assert StatementRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (missed, "a level is missed; a credit of USD 200.00"),
        (unconfirmed_times, "1 open question"),
        (untimed, "no time is known of INC-9"),
        (withdrawn, "1 withdrawn outage"),
    ],
)
def test_what_is_recorded_after_the_draft_was_found_clean_keeps_it_waiting_too(
    monkeypatch: pytest.MonkeyPatch, happened: Any, why: str
) -> None:
    agreement = a_closing_schedule()
    ask, asked = closing.closing_verdict, []

    def ask_and_record(statement: Statement) -> closing.Verdict:
        verdict = ask(statement)
        if not asked:
            happened(agreement)
        asked.append(verdict.is_clean)
        return verdict

    monkeypatch.setattr(closing, "closing_verdict", ask_and_record)
    assert outcome(agreement) == f"Waits for a person: {why}."
    assert asked[0]
    assert not StatementRevision.objects.exists()


def test_a_month_that_cannot_be_computed_fails_in_plain_words_until_the_records_are_mended() -> None:
    agreement = a_closing_schedule()
    now = clock(JULY_6)
    plan(now=now.at)
    version = agreement.versions.get()
    version.effective_from = date(2020, 1, 1)
    saved(version)
    work(clock=now)
    duty = Duty.objects.get(kind="close")
    assert duty.state == "failed"
    assert "NR-2018/power/2019-06 cannot be computed: No version of 'power' is in force" in duty.error

    version.effective_from = date(2019, 1, 1)
    saved(version)
    now.forward(hours=1)
    run_round(clock=now)
    assert outcome_of(duty) == ("done", "Finalised by itself as NR-2018/power/2019-06/r1.")


def outcome_of(duty: Duty) -> tuple[str, str]:
    duty.refresh_from_db()
    return duty.state, duty.outcome


def test_it_knows_at_most_what_was_known_when_it_closed() -> None:
    agreement = a_closing_schedule()
    outcome(agreement)
    assert StatementRevision.objects.get().known_until == at(JULY_6)
