"""Changing what happened: each change with a person, a reason, and a note of the figures it may move."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.models import (
    ClockStop,
    Incident,
    MaintenanceService,
    MaintenanceWindow,
    Milestone,
    Outage,
    Position,
    Sample,
)
from incidents.selectors import contested_incident_ids, contested_positions, standing_positions
from incidents.services import (
    agree_position,
    attribute_incident,
    cancel_maintenance,
    confirm_outage,
    confirm_quiet,
    determine_position,
    end_outage,
    hear_from_source,
    known_feed,
    record_incident,
    record_maintenance,
    record_outage,
    record_position,
    record_samples,
    reopen_incident,
    resolve_incident,
    resume_clock,
    state_position,
    stop_clock,
    withdraw_outage,
)
from tests.incidents.rows import (
    a_milestone,
    a_position,
    a_power_feed,
    a_watch,
    a_window,
    an_incident,
    an_outage,
    at,
    kept,
)
from tests.vendors.rows import a_contract, a_service, a_vendor, person
from vendors.models import FactChange
from vendors.services import Saved

pytestmark = pytest.mark.django_db

NOON = at("2019-06-26 12:00")


def noted() -> list[tuple[str, Any, Any]]:
    """Give contract, from and until of each noted change that this did not give before."""
    rows = [
        (row.contract.reference if row.contract else "any", row.during_from, row.during_until)
        for row in FactChange.objects.filter(seen_at=None).order_by("pk")
    ]
    FactChange.objects.filter(seen_at=None).update(seen_at=NOON)
    return rows


def test_an_incident_without_a_reference_gets_the_next_number() -> None:
    an_incident("INC-00041")
    an_incident("POWER-9")
    incident = Incident(title="Power lost")
    assert record_incident(incident, by=person(), reason="phone call") is Saved.CREATED
    assert incident.reference == "INC-00042"


@pytest.mark.parametrize(
    "change",
    [
        lambda row: record_outage(row, by=person(), reason=" "),
        lambda row: end_outage(row, ended_at=NOON, by=person(), reason=""),
        lambda row: confirm_outage(row, at=NOON, by=person(), reason=""),
        lambda row: withdraw_outage(row, at=NOON, by=person(), reason=""),
        lambda row: attribute_incident(row.incident, vendor=None, by=person(), reason=""),
        lambda row: resolve_incident(row.incident, at=NOON, by=person(), reason=""),
    ],
)
def test_a_change_without_a_reason_is_refused_and_changes_nothing(change: Callable[[Outage], Any]) -> None:
    outage = an_outage(an_incident(), a_power_feed())
    with pytest.raises(ValidationError, match="Say why"):
        change(Outage.objects.get())
    assert Outage.objects.values().get() == Outage.objects.filter(pk=outage.pk).values().get()
    assert (outage.history.count(), outage.incident.history.count()) == (1, 1)


def test_a_moved_outage_marks_the_old_and_the_new_span() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    noted()
    outage.started_at, outage.ended_at = at("2019-07-01 00:00"), at("2019-07-01 01:00")
    assert record_outage(outage, by=person(), reason="wrong day") is Saved.UPDATED
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), at("2019-07-01 01:00"))]


def test_an_outage_moved_to_another_service_marks_both_contracts() -> None:
    first = a_power_feed("NR-1")
    second = a_service(a_contract("NR-2", vendor=first.contract.vendor))
    outage = an_outage(an_incident(), first)
    noted()
    outage.service = second
    record_outage(outage, by=person(), reason="wrong feed")
    span = (at("2019-06-25 04:15"), at("2019-06-25 05:28"))
    assert noted() == [("NR-1", *span), ("NR-2", *span)]


def test_a_better_wording_marks_nothing() -> None:
    incident = an_incident()
    outage = an_outage(incident, a_power_feed())
    noted()
    outage.evidence, incident.narrative = "ticket 4711", "Both feeds were lost."
    assert record_outage(outage, by=person(), reason="evidence") is Saved.UPDATED
    assert record_incident(incident, by=person(), reason="story") is Saved.UPDATED
    assert noted() == []


def test_saving_the_same_again_changes_nothing() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    noted()
    assert record_outage(outage, by=person(), reason="again") is Saved.UNCHANGED
    assert (outage.history.count(), noted()) == (1, [])


def test_attributing_marks_the_contracts_it_hit_over_its_whole_time() -> None:
    service = a_power_feed()
    incident = an_incident()
    an_outage(incident, service)
    noted()
    vendor = service.contract.vendor
    assert attribute_incident(incident, vendor=vendor, by=person(), reason="their UPS") is Saved.UPDATED
    assert Incident.objects.get().vendor == vendor
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), at("2019-06-25 05:28"))]


def test_resolving_records_the_moment_once() -> None:
    incident = an_incident()
    an_outage(incident, a_power_feed())
    resolve_incident(incident, at=NOON, by=person(), reason="all back")
    reopen_incident(incident, by=person(), reason="too early")
    resolve_incident(incident, at=at("2019-06-27 12:00"), by=person(), reason="all back now")
    assert Incident.objects.get().status == "resolved"
    assert [(row.kind, row.at) for row in Milestone.objects.all()] == [("resolved", NOON)]


def test_an_incident_whose_service_is_still_out_is_not_resolved() -> None:
    incident = an_incident()
    an_outage(incident, a_power_feed(), ended_at=None)
    with pytest.raises(ValidationError) as error:
        resolve_incident(incident, at=NOON, by=person(), reason="all back")
    assert error.value.messages == [
        "INC-1 cannot be resolved: still out: power-a Power feed A. Enter first when each came back."
    ]
    assert (Incident.objects.get().status, Milestone.objects.count()) == ("open", 0)


def test_a_confirmed_outage_names_who_vouches_and_loses_it_when_its_times_move() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    confirm_outage(outage, at=NOON, by=person("john"), reason="checked the graphs")
    stored = Outage.objects.get()
    assert (stored.confirmed_by, stored.confirmed_at) == (person("john"), NOON)
    stored.evidence = "graph 12"
    record_outage(stored, by=person(), reason="evidence")
    assert Outage.objects.get().confirmed_at == NOON
    end_outage(stored, ended_at=at("2019-06-25 05:30"), by=person(), reason="two minutes more")
    assert (Outage.objects.get().confirmed_by, Outage.objects.get().confirmed_at) == (None, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ended_at": None}, "to still out. Enter when the service came back, then confirm."),
        (
            {"ended_at": at("2019-06-25 04:00")},
            "ends before it begins. Correct one of the two times, then confirm.",
        ),
        ({"withdrawn_at": NOON}, "was withdrawn. Record a new one if it did happen."),
    ],
)
def test_what_cannot_be_vouched_for_is_not_confirmed(fields: dict[str, Any], message: str) -> None:
    outage = an_outage(an_incident(), a_power_feed(), **fields)
    with pytest.raises(ValidationError) as error:
        confirm_outage(outage, at=NOON, by=person(), reason="checked")
    assert error.value.messages[0].endswith(message)
    assert Outage.objects.get().confirmed_at is None


def test_a_withdrawn_outage_stays_on_file_and_counts_no_more() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    noted()
    withdraw_outage(outage, at=NOON, by=person(), reason="the probe was broken")
    assert (Outage.objects.count(), Outage.objects.standing().count()) == (1, 0)
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), at("2019-06-25 05:28"))]
    with pytest.raises(ValidationError, match="was withdrawn before"):
        withdraw_outage(outage, at=NOON, by=person(), reason="again")


def test_a_stopped_clock_resumes_once_and_never_before_it_stopped() -> None:
    incident = an_incident()
    an_outage(incident, a_power_feed())
    noted()
    stop = ClockStop(incident=incident, stopped_at=at("2019-06-25 04:30"), reason="no_access")
    stop_clock(stop, by=person(), reason="their engineer stood at the door")
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), None)]
    with pytest.raises(ValidationError, match="The waiting ends before it begins"):
        resume_clock(ClockStop.objects.get(), at=at("2019-06-25 04:00"), by=person(), reason="let in")
    assert ClockStop.objects.get().resumed_at is None
    resume_clock(ClockStop.objects.get(), at=at("2019-06-25 04:50"), by=person(), reason="let in")
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), None)]
    with pytest.raises(ValidationError, match="The waiting ended at 2019-06-25 04:50 UTC already"):
        resume_clock(ClockStop.objects.get(), at=NOON, by=person(), reason="let in")


def test_a_moment_marks_the_incidents_whole_time() -> None:
    incident = an_incident()
    an_outage(incident, a_power_feed())
    noted()
    a_milestone(incident, "root_cause_report", "2019-07-05 09:00")
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), at("2019-07-05 09:00"))]


def test_only_one_side_states_and_what_was_said_stays() -> None:
    position = a_position(an_incident())
    position.responsible = "us"
    with pytest.raises(ValidationError) as error:
        record_position(position, by=person(), reason="changed my mind")
    assert error.value.messages == [
        "'We say: the vendor is responsible' is on file since 2019-06-27 09:00 UTC and stays. "
        "Add a new row with what is said now."
    ]
    assert Position.objects.get().responsible == "vendor"
    agreed = Position(incident=position.incident, party="agreed", about="responsibility", responsible="us")
    with pytest.raises(ValidationError, match="'Both agree' is no statement of one side"):
        state_position(agreed, by=person(), reason="x")


def test_an_agreement_and_a_decision_repeat_the_statement_under_their_own_name() -> None:
    incident = an_incident()
    outage = an_outage(incident, a_power_feed())
    noted()
    said = a_position(
        incident,
        outage=outage,
        party="vendors",
        responsible="third_party",
        share_numerator=1,
        share_denominator=2,
    )
    agreed = agree_position(said, stated_by="Maria", at=NOON, by=person(), reason="call of Tuesday")
    decided = determine_position(
        said, clause="Exhibit B, 4.2", stated_by="Expert", at=NOON, by=person(), reason="ruling"
    )
    for row, party, clause in ((agreed, "agreed", ""), (decided, "determined", "Exhibit B, 4.2")):
        row.refresh_from_db()
        assert (row.party, row.clause, row.outage, row.responsible) == (party, clause, outage, "third_party")
        assert (row.share_numerator, row.share_denominator, row.stated_at) == (1, 2, NOON)
    assert noted() == [("NR-2018", at("2019-06-25 04:15"), at("2019-06-25 05:28"))] * 3


def test_a_decision_without_a_clause_is_refused() -> None:
    said = a_position(an_incident())
    with pytest.raises(ValidationError, match="A decision needs the clause"):
        determine_position(said, clause="", stated_by="Expert", at=NOON, by=person(), reason="ruling")
    assert Position.objects.count() == 1


LATER = at("2019-06-28 09:00")


@pytest.mark.parametrize(
    ("statements", "contested"),
    [
        ([("vendors", "us", NOON)], True),
        ([("vendors", "vendor", NOON)], False),
        ([("ours", "third_party", NOON), ("vendors", "third_party", LATER)], False),
        ([("ours", "vendor", LATER), ("vendors", "us", NOON)], True),
        ([("vendors", "us", NOON), ("agreed", "us", LATER)], False),
        ([("agreed", "vendor", NOON), ("vendors", "us", LATER)], True),
        ([("vendors", "us", NOON), ("vendors", "vendor", LATER)], False),
        ([("ours", "us", NOON)], False),
    ],
    ids=[
        "against our silence",
        "admitted",
        "both the same",
        "against ours",
        "agreed later",
        "reopened after agreement",
        "given up",
        "nothing from them",
    ],
)
def test_contested_is_what_the_vendor_says_against_us_and_nothing_settled(
    statements: list[tuple[str, str, Any]], contested: bool
) -> None:
    incident = an_incident()
    for party, responsible, stated_at in statements:
        a_position(incident, party=party, responsible=responsible, stated_at=stated_at)
    assert bool(contested_positions(Position.objects.all())) is contested
    assert contested_incident_ids() == ({incident.pk} if contested else set())


def test_the_newest_statement_of_each_party_on_each_subject_stands() -> None:
    incident = an_incident()
    outage = an_outage(incident, a_power_feed())
    a_position(incident, party="vendors", responsible="us", stated_at=NOON)
    newer = a_position(incident, party="vendors", responsible="third_party", stated_at=LATER)
    apart = a_position(incident, outage=outage, party="vendors", responsible="us", stated_at=NOON)
    first = a_position(incident, party="vendors", about="exclusion", responsible="", exclusion="fm")
    second = a_position(incident, party="vendors", about="exclusion", responsible="", exclusion="ddos")
    assert standing_positions(Position.objects.all()) == [apart, first, second, newer]


def test_maintenance_lists_its_services_once_and_refuses_those_of_others() -> None:
    power = a_power_feed()
    cage = a_service(power.contract)
    window = a_window(power)
    noted()
    assert record_maintenance(window, services=[power], by=person(), reason="notice") is Saved.UPDATED
    assert record_maintenance(window, services=[power], by=person(), reason="notice") is Saved.UNCHANGED
    assert noted() == [("NR-2018", at("2019-06-10 01:00"), at("2019-06-10 03:00"))]
    other = a_power_feed("OT-1", vendor=a_vendor("other"))
    with pytest.raises(ValidationError, match="the notice came from Northrack"):
        record_maintenance(window, services=[cage, other], by=person(), reason="notice")
    assert [row.service for row in MaintenanceService.objects.all()] == [power]


def test_cancelled_work_stands_no_more_and_marks_its_window() -> None:
    power = a_power_feed()
    window = a_window(power)
    record_maintenance(window, services=[power], by=person(), reason="notice")
    noted()
    cancel_maintenance(window, at=NOON, by=person(), reason="mail of the vendor")
    assert not MaintenanceWindow.objects.standing().exists()
    assert noted() == [("NR-2018", at("2019-06-10 01:00"), at("2019-06-10 03:00"))]
    with pytest.raises(ValidationError, match="CHG-17 was cancelled at 2019-06-26 12:00 UTC already"):
        cancel_maintenance(window, at=NOON, by=person(), reason="again")


def samples(*values: tuple[str, str], service: Any) -> list[Sample]:
    return [
        Sample(service=service, metric="latency_ms", at=at(when), value=Decimal(value))
        for when, value in values
    ]


def test_measured_values_are_kept_in_bulk_with_history_and_one_note() -> None:
    service = a_power_feed()
    noted()
    rows = samples(("2019-06-01 00:00", "5.5"), ("2019-06-01 00:05", "6"), service=service)
    assert record_samples(rows, by=person(), reason="probe file of June") == 2
    assert noted() == [("NR-2018", at("2019-06-01 00:00"), at("2019-06-01 00:05"))]
    assert [
        (row.value, row.history_user.username, row.history_change_reason) for row in Sample.history.all()
    ] == [(Decimal("6"), "maria", "probe file of June"), (Decimal("5.5"), "maria", "probe file of June")]
    again = samples(("2019-06-01 00:05", "6"), ("2019-06-01 00:10", "7"), service=service)
    assert record_samples(again, by=person(), reason="the same file, longer") == 1
    assert Sample.objects.count() == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [("2019-06-01 00:05", "6"), ("2019-06-01 00:00", "9")],
            "Sample 1: latency_ms at 2019-06-01 00:00:00 UTC is 9, but 5.500000 is known.",
        ),
        (
            [("2019-06-01 00:05", "6"), ("2019-06-01 00:05", "7")],
            "Sample 1: latency_ms at 2019-06-01 00:05:00 UTC is 7, but 6 is known.",
        ),
        ([("2019-06-01 00:05", "1234567890.5")], "Ensure that there are no more than 9 digits before"),
    ],
    ids=["on file", "in the same batch", "too large"],
)
def test_one_bad_measured_value_refuses_the_whole_batch(values: list[tuple[str, str]], message: str) -> None:
    service = a_power_feed()
    record_samples(samples(("2019-06-01 00:00", "5.5"), service=service), by=person(), reason="probe")
    with pytest.raises(ValidationError) as error:
        record_samples(samples(*values, service=service), by=person(), reason="probe")
    assert error.value.messages[0].startswith(message)
    assert Sample.objects.count() == 1


def test_a_source_is_watched_from_its_first_word_and_never_goes_back() -> None:
    service = a_power_feed()
    for when in ("2019-06-02 00:00", "2019-06-05 00:00", "2019-06-03 00:00"):
        hear_from_source(service, source="page", at=at(when), by=person(), reason="import")
    watch = service.watches.get()
    assert (watch.watched_from, watch.last_heard_at) == (at("2019-06-02 00:00"), at("2019-06-05 00:00"))


def test_quiet_is_confirmed_by_a_person_forwards_and_not_into_the_future() -> None:
    watch = a_watch(a_power_feed())
    confirm_quiet(watch, through=at("2019-06-20 00:00"), at=NOON, by=person("john"), reason="month end")
    stored = type(watch).objects.get()
    assert (stored.confirmed_by, stored.confirmed_at, stored.confirmed_through) == (
        person("john"),
        NOON,
        at("2019-06-20 00:00"),
    )
    for through in ("2019-06-19 00:00", "2019-06-27 00:00"):
        with pytest.raises(ValidationError) as error:
            confirm_quiet(stored, through=at(through), at=NOON, by=person(), reason="month end")
        assert error.value.messages == [
            f"{through} UTC cannot be confirmed: it must lie from 2019-06-20 00:00 UTC "
            "to the present, 2019-06-26 12:00 UTC."
        ]
    assert type(watch).objects.get().confirmed_through == at("2019-06-20 00:00")


def test_a_feed_is_made_on_first_use_and_found_afterwards() -> None:
    vendor = a_vendor("northrack", status_page_url="https://status.example.com")
    feed = known_feed(vendor, kind="statuspage", by=person())
    assert (feed.code, feed.url) == ("northrack-statuspage", "https://status.example.com")
    assert known_feed(vendor, kind="statuspage", by=person()) == feed


def test_the_same_row_saved_through_the_common_door_obeys_its_own_rules() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    confirm_outage(outage, at=NOON, by=person(), reason="checked")
    outage.kind = "degraded"
    assert kept(outage).confirmed_at is None
