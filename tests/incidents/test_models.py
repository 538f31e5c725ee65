"""What the register of incidents holds, refuses and shows."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from incidents import models
from incidents.models import (
    ClockStop,
    Delivery,
    FeedSource,
    Impact,
    Incident,
    MaintenanceService,
    MaintenanceWindow,
    Milestone,
    Outage,
    Position,
    ReportedFigure,
    Sample,
    SourceWatch,
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
from vendors.models import Span, Vendor
from vendors.services import remove_demo

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("choices", "values"),
    [
        (models.OutageKind, "outage degraded loss_of_redundancy unmeasured"),
        (models.MeasuredBy, "us vendor_ticket vendor_status_page third_party"),
        (
            models.MilestoneKind,
            "occurred detected reported acknowledged access_granted repair_started restored resolved closed"
            " root_cause_report",
        ),
        (models.Subject, "times responsibility exclusion"),
        (models.Party, "ours vendors agreed determined"),
        (models.Responsible, "vendor us third_party"),
        (models.IncidentStatus, "open resolved"),
        (models.ReportedBy, "us vendor"),
    ],
)
def test_closed_lists_hold_the_words_of_the_engine(choices: Any, values: str) -> None:
    assert choices.values == values.split()


@pytest.mark.parametrize(
    ("ended", "confirmed", "withdrawn", "needs", "counts_until"),
    [
        ("2019-06-25 05:28", None, None, False, "2019-06-25 05:28"),
        ("2019-06-25 04:15", None, None, True, "2019-06-25 04:15"),
        ("2019-06-25 03:00", None, None, True, "2019-06-25 04:15"),
        ("2019-06-25 04:15", "2019-06-26 09:00", None, False, "2019-06-25 04:15"),
        ("2019-06-25 04:15", None, "2019-06-26 09:00", False, "2019-06-25 04:15"),
        (None, None, None, False, None),
    ],
    ids=["ordinary", "no length", "backward", "confirmed", "withdrawn", "open"],
)
def test_an_end_not_after_the_start_is_kept_counts_nothing_and_asks_for_times(
    ended: str | None, confirmed: str | None, withdrawn: str | None, needs: bool, counts_until: str | None
) -> None:
    outage = an_outage(
        an_incident(),
        a_power_feed(),
        ended_at=at(ended) if ended else None,
        confirmed_at=at(confirmed) if confirmed else None,
        withdrawn_at=at(withdrawn) if withdrawn else None,
    )
    assert outage.needs_times is needs
    assert list(Outage.objects.needing_times()) == ([outage] if needs else [])
    assert outage.counted_until == (at(counts_until) if counts_until else None)


def test_outages_that_touch_a_period_are_found_open_ones_too() -> None:
    incident, service = an_incident(), a_power_feed()
    before = an_outage(incident, service, started_at=at("2019-05-31 23:00"), ended_at=at("2019-06-01 00:00"))
    across = an_outage(incident, service, started_at=at("2019-05-31 23:00"), ended_at=at("2019-06-01 00:01"))
    still = an_outage(incident, service, started_at=at("2019-05-01 00:00"), ended_at=None)
    after = an_outage(incident, service, started_at=at("2019-07-01 00:00"), ended_at=None)
    found = set(Outage.objects.overlapping(at("2019-06-01 00:00"), at("2019-07-01 00:00")))
    assert found == {across, still}
    assert before not in found
    assert after not in found


def refused(row: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        kept(row)
    assert not type(row).objects.exists()
    return error.value.message_dict


SHARE = "The share needs both numbers, the first not above the second, e.g. 120 of 500. Leave both empty"


@pytest.mark.parametrize(
    ("numerator", "denominator", "field", "message"),
    [
        (120, None, "__all__", SHARE),
        (None, 500, "__all__", SHARE),
        (501, 500, "__all__", SHARE),
        (0, 0, "affected_denominator", "The whole is 0. Give the number of all users."),
    ],
)
def test_an_affected_share_needs_both_numbers(
    numerator: int | None, denominator: int | None, field: str, message: str
) -> None:
    found = refused(
        Outage(
            incident=an_incident(),
            service=a_power_feed(),
            started_at=at("2019-06-25 04:15"),
            affected_numerator=numerator,
            affected_denominator=denominator,
        )
    )
    assert found[field][0].startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"affected_numerator": 5, "affected_denominator": None}, "outage_affected_share_whole"),
        ({"affected_numerator": None, "affected_denominator": 5}, "outage_affected_share_whole"),
    ],
)
def test_the_database_itself_refuses_half_a_share(fields: dict[str, Any], message: str) -> None:
    outage = an_outage(an_incident(), a_power_feed())
    with pytest.raises(IntegrityError, match=message), transaction.atomic():
        Outage.objects.filter(pk=outage.pk).update(**fields)


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        (
            {"about": "times"},
            "started_at",
            "It speaks about the times. Give at least the start.",
        ),
        (
            {"about": "responsibility"},
            "responsible",
            "It speaks about responsibility. Say who is responsible.",
        ),
        (
            {"about": "exclusion"},
            "exclusion",
            "It speaks about an exclusion. Give its code in the SLA schedule.",
        ),
        (
            {"about": "responsibility", "responsible": "us", "party": "determined"},
            "clause",
            "A decision needs the clause under which it was made, e.g. 'Exhibit B, 4.2'.",
        ),
        (
            {"about": "responsibility", "responsible": "us", "share_numerator": 1},
            "__all__",
            "The share needs both numbers, the first not above the second.",
        ),
        (
            {
                "about": "times",
                "started_at": at("2019-06-25 05:00"),
                "ended_at": at("2019-06-25 04:00"),
            },
            "__all__",
            "The end lies before the start. Swap the times or clear the end.",
        ),
    ],
)
def test_a_statement_says_what_its_subject_needs(fields: dict[str, Any], field: str, message: str) -> None:
    row = Position(
        **{
            "incident": an_incident(),
            "party": "vendors",
            "stated_by": "NOC",
            "stated_at": at("2019-06-26 10:00"),
            **fields,
        }
    )
    assert refused(row)[field] == [message]


def test_a_statement_about_an_outage_of_another_incident_is_refused() -> None:
    outage = an_outage(an_incident("INC-1"), a_power_feed())
    row = Position(
        incident=an_incident("INC-2"),
        outage=outage,
        about="responsibility",
        party="ours",
        responsible="vendor",
        stated_by="Maria",
        stated_at=at("2019-06-26 10:00"),
    )
    assert refused(row)["outage"] == [f"'{outage}' belongs to another incident. Choose one of this incident."]


def test_waiting_that_ends_before_it_begins_is_refused() -> None:
    stop = ClockStop(
        incident=an_incident(),
        stopped_at=at("2019-06-25 05:00"),
        resumed_at=at("2019-06-25 04:00"),
        reason="no_access",
    )
    assert refused(stop)["__all__"] == ["The waiting ends before it begins. Swap the times or clear the end."]


def test_waiting_for_another_reason_is_explained_in_words() -> None:
    stop = ClockStop(incident=an_incident(), stopped_at=at("2019-06-25 05:00"), reason="other")
    assert refused(stop)["why"] == ["The reason is 'Other'. Say in words what the vendor waited for."]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cost_minor": 500}, "A cost needs its currency in three capital letters, e.g. USD."),
        (
            {"ended_at": at("2019-06-25 04:00")},
            "Our loss ends before it begins. Swap the times or clear the end.",
        ),
    ],
)
def test_our_own_loss_is_whole_or_refused(fields: dict[str, Any], message: str) -> None:
    row = Impact(incident=an_incident(), what_we_lost="Payments", started_at=at("2019-06-25 05:00"), **fields)
    assert refused(row)["__all__"] == [message]


FIGURE = "Give a value, or good ones of all (39 of 40), not both."


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, FIGURE),
        ({"value": Decimal("99.5"), "numerator": 39, "denominator": 40}, FIGURE),
        ({"numerator": 39}, FIGURE),
        ({"numerator": 41, "denominator": 40}, FIGURE),
        (
            {"value": Decimal("99.5"), "period_until": "2019-06-01"},
            "The period ends before it has a day. Give the day after its last.",
        ),
    ],
)
def test_a_reported_figure_is_a_value_or_a_ratio_of_a_real_period(
    fields: dict[str, Any], message: str
) -> None:
    row = ReportedFigure(
        **{
            "contract": a_contract(),
            "figure": "uptime",
            "period_label": "2019-06",
            "period_from": "2019-06-01",
            "period_until": "2019-07-01",
            "reported_by": "vendor",
            **fields,
        }
    )
    assert refused(row)["__all__"] == [message]


def test_a_figure_covers_its_period_in_the_contracts_zone() -> None:
    figure = kept(
        ReportedFigure(
            contract=a_contract(),
            figure="uptime",
            period_label="2019-06",
            period_from=at("2019-06-01 00:00").date(),
            period_until=at("2019-07-01 00:00").date(),
            reported_by="vendor",
            numerator=Decimal(39),
            denominator=Decimal(40),
        )
    )
    figure.refresh_from_db()
    assert str(figure) == "uptime 2019-06: 39 of 40"
    assert figure.touched_span() == Span(at("2019-06-01 07:00"), at("2019-07-01 07:00"))


def test_a_figure_of_a_service_of_another_contract_is_refused() -> None:
    contract = a_contract("NR-1")
    other = a_service(a_contract("NR-2", vendor=contract.vendor))
    row = ReportedFigure(
        contract=contract,
        service=other,
        figure="uptime",
        period_label="2019-06",
        period_from="2019-06-01",
        period_until="2019-07-01",
        reported_by="vendor",
        value=Decimal("99.5"),
    )
    assert refused(row)["service"] == [f"{other} belongs to {other.contract}. Choose another."]


def test_the_same_record_of_a_source_is_not_kept_twice() -> None:
    an_incident("INC-1", source="gh", external_id="x")
    an_incident("INC-2", source="other", external_id="x")
    an_incident("INC-3", source="gh")
    an_incident("INC-4", source="gh")
    with pytest.raises(ValidationError) as error:
        an_incident("INC-5", source="gh", external_id="x")
    assert error.value.messages == ["This source already gave an incident with that number: edit it."]
    assert Incident.objects.count() == 4


def test_a_moment_is_recorded_once_for_the_incident_and_once_a_service() -> None:
    incident, service = an_incident(), a_power_feed()
    a_milestone(incident, "restored", "2019-06-25 05:00")
    a_milestone(incident, "restored", "2019-06-25 06:00", service=service)
    with pytest.raises(ValidationError) as error:
        a_milestone(incident, "restored", "2019-06-25 07:00")
    assert error.value.messages == ["This moment is already recorded for the incident: correct that row."]
    with pytest.raises(ValidationError) as error:
        a_milestone(incident, "restored", "2019-06-25 07:00", service=service)
    assert error.value.messages == ["This moment is already recorded for the service: correct that row."]


def test_an_incident_touches_the_contracts_it_hit_and_else_its_vendors() -> None:
    power = a_power_feed("NR-1")
    vendor = power.contract.vendor
    second = a_contract("NR-2", vendor=vendor)
    incident = an_incident(vendor=vendor)
    assert list(incident.touched_contracts()) == []  # no time is known yet
    a_milestone(incident, "reported", "2019-06-25 04:41")
    assert set(incident.touched_contracts()) == {power.contract, second}
    an_outage(incident, power)
    assert list(incident.touched_contracts()) == [power.contract]


def test_the_first_outage_of_an_incident_takes_its_moments_from_the_vendors_other_contracts() -> None:
    power = a_power_feed("NR-1")
    second = a_contract("NR-2", vendor=power.contract.vendor)
    incident = an_incident(vendor=power.contract.vendor)
    first = an_outage(incident, power)
    assert list(first.touched_contracts()) == [power.contract]
    a_milestone(incident, "reported", "2019-06-25 04:41")
    assert set(first.touched_contracts()) == {power.contract, second}
    an_outage(incident, power, started_at=at("2019-06-26 04:15"), ended_at=None)
    assert list(first.touched_contracts()) == [power.contract]


def test_a_ticket_that_is_open_and_hit_nothing_runs_on() -> None:
    incident = an_incident(vendor=a_power_feed().contract.vendor)
    a_milestone(incident, "reported", "2019-06-25 04:41")
    assert incident.touched_span() == Span(at("2019-06-25 04:41"), None)
    incident.status = "resolved"
    kept(incident)
    assert incident.touched_span() == Span(at("2019-06-25 04:41"), at("2019-06-25 04:41"))


def test_an_outage_counts_in_its_own_time_and_its_case_in_that_of_the_incident() -> None:
    incident, service = an_incident(), a_power_feed()
    an_outage(incident, service, started_at=at("2019-03-01 00:00"), ended_at=at("2019-03-01 01:00"))
    outage = an_outage(incident, service)
    assert outage.touched_span() == Span(at("2019-06-25 04:15"), at("2019-06-25 05:28"))
    assert outage.touched_case() == Span(at("2019-03-01 00:00"), at("2019-06-25 05:28"))


def test_an_incident_spans_its_outages_moments_and_waiting() -> None:
    incident, service = an_incident(), a_power_feed()
    an_outage(incident, service)
    a_milestone(incident, "root_cause_report", "2019-07-02 10:00")
    assert incident.touched_span() == Span(at("2019-06-25 04:15"), at("2019-07-02 10:00"))
    kept(ClockStop(incident=incident, stopped_at=at("2019-06-25 04:00"), reason="no_access"))
    assert incident.touched_span() == Span(at("2019-06-25 04:00"), None)


def everything(reference: str, *, slug: str, owner: Any) -> dict[type, Any]:
    """Make one row of each kind for one vendor."""
    vendor = a_vendor(slug, owner=owner)
    service = a_power_feed(reference, vendor=vendor)
    incident = an_incident(f"INC-{slug}", vendor=vendor)
    outage = an_outage(incident, service)
    window = a_window(service)
    rows = [
        incident,
        outage,
        window,
        a_watch(service),
        a_position(incident, outage=outage),
        a_milestone(incident, "reported", "2019-06-25 04:20"),
        kept(MaintenanceService(window=window, service=service)),
        kept(ClockStop(incident=incident, stopped_at=at("2019-06-25 04:20"), reason="no_access")),
        kept(Impact(incident=incident, what_we_lost="Payments", started_at=at("2019-06-25 04:20"))),
        kept(Sample(service=service, metric="latency_ms", at=at("2019-06-25 04:20"), value=Decimal(5))),
        kept(Delivery(contract=service.contract, obligation="rca", incident=incident)),
        kept(FeedSource(code=slug, kind="statuspage", vendor=vendor)),
        kept(
            ReportedFigure(
                contract=service.contract,
                figure="uptime",
                period_label="2019-06",
                period_from=at("2019-06-01 00:00").date(),
                period_until=at("2019-07-01 00:00").date(),
                reported_by="us",
                value=Decimal("99.5"),
            )
        ),
    ]
    return {type(row): row for row in rows}


def test_a_reader_sees_the_rows_of_own_vendors_only() -> None:
    own = everything("NR-1", slug="own", owner=person("maria"))
    other = everything("NR-2", slug="other", owner=person("john"))
    assert len(own) == 13
    everybodys = person("auditor")
    everybodys.user_permissions.add(Permission.objects.get(codename="see_all_vendors"))
    for model, row in own.items():
        assert list(model.objects.all().visible_to(person("maria"))) == [row], model  # type: ignore[attr-defined]
        seen = set(model.objects.all().visible_to(everybodys))  # type: ignore[attr-defined]
        assert seen == {row, other[model]}, model
        assert not model.objects.all().visible_to(person("nobody")).exists(), model  # type: ignore[attr-defined]


def test_an_outage_on_a_visible_service_shows_its_incident_but_not_the_other_outages() -> None:
    own = a_power_feed("NR-1", vendor=a_vendor("own", owner=person("maria")))
    other = a_power_feed("NR-2", vendor=a_vendor("other"))
    incident = an_incident(vendor=other.contract.vendor)
    mine, theirs = an_outage(incident, own), an_outage(incident, other)
    said_of_theirs = a_position(incident, outage=theirs)
    said_of_all = a_position(incident)
    maria = person("maria")
    assert list(Incident.objects.visible_to(maria)) == [incident]
    assert list(Outage.objects.visible_to(maria)) == [mine]
    assert list(Position.objects.visible_to(maria)) == [said_of_all]
    assert said_of_theirs not in Position.objects.visible_to(maria)


def test_an_incident_of_nobody_is_seen_by_who_sees_every_vendor_only() -> None:
    incident = an_incident()
    a_vendor("own", owner=person("maria"))
    boss = person("boss", is_superuser=True)
    assert list(Incident.objects.visible_to(person("maria"))) == []
    assert list(Incident.objects.visible_to(boss)) == [incident]


def test_rows_are_found_by_the_key_of_the_outside_world() -> None:
    service = a_power_feed()
    incident, window, watch = an_incident("INC-7"), a_window(service), a_watch(service)
    for row, key in (
        (incident, ("INC-7",)),
        (window, ("northrack", "CHG-17")),
        (watch, ("NR-2018", "power-a", "our probe")),
    ):
        assert row.natural_key() == key
        assert type(row).objects.get_by_natural_key(*key) == row


def test_demo_data_is_told_by_its_vendor() -> None:
    assert an_incident("INC-1", vendor=a_vendor("demo", is_demo=True)).is_demo is True
    assert an_incident("INC-2", vendor=a_vendor("real")).is_demo is False
    assert an_incident("INC-3").is_demo is False


@pytest.mark.parametrize("model", [Incident, Outage, Milestone, MaintenanceWindow, SourceWatch, Sample])
def test_history_is_kept_of_all_that_moves_a_figure(model: Any) -> None:
    row = everything("NR-1", slug="own", owner=None)[model]
    entry = row.history.get()
    assert (entry.history_user.username, entry.history_change_reason) == (
        "maria",
        "entered from the signed paper",
    )


def test_demo_data_goes_in_one_step_with_all_its_incidents() -> None:
    everything("NR-1", slug="demo", owner=None)
    Vendor.objects.filter(slug="demo").update(is_demo=True)
    real = everything("NR-2", slug="real", owner=None)
    remove_demo(by=person(), reason="we start for real")
    for model, row in real.items():
        assert list(model.objects.all()) == [row], model  # type: ignore[attr-defined]
        assert {entry.pk for entry in row.history.all()} == set(
            model.history.values_list("history_id", flat=True)  # type: ignore[attr-defined]
        )


def test_demo_data_that_hangs_on_a_real_service_is_not_torn_out() -> None:
    demo = a_vendor("demo", is_demo=True)
    an_outage(an_incident(vendor=demo), a_power_feed())
    with pytest.raises(ValidationError, match="hangs on demo data and on a real vendor"):
        remove_demo(by=person(), reason="we start for real")
    assert (Incident.objects.count(), Outage.objects.count()) == (1, 1)


def test_reasons_and_severities_keep_the_contracts_own_words() -> None:
    incident = an_incident(severity="P1")
    stop = kept(
        ClockStop(incident=incident, stopped_at=at("2019-06-25 05:00"), reason="awaiting customer parts")
    )
    stop.refresh_from_db()
    incident.refresh_from_db()
    assert (incident.severity, stop.reason_text) == ("P1", "awaiting customer parts")
    assert ClockStop(reason="no_access").reason_text == "No access to our site"


@pytest.mark.parametrize(
    "fields",
    [
        {"confirmed_through": at("2019-06-20 00:00")},
        {"confirmed_name": "NOC"},
        {"confirmed_name": "NOC", "confirmed_through": at("2019-05-20 00:00")},
    ],
    ids=["by nobody", "until nothing", "before the watch"],
)
def test_half_a_confirmation_that_nothing_happened_is_refused(fields: dict[str, Any]) -> None:
    watch = SourceWatch(
        service=a_power_feed(), source="our probe", watched_from=at("2019-06-01 00:00"), **fields
    )
    assert refused(watch)["__all__"] == ["A confirmation names who, and until when: after the watch began."]


def test_a_confirmation_may_name_somebody_without_a_login_and_a_watch_that_was_always_there() -> None:
    watch = a_watch(
        a_power_feed(), watched_from=None, confirmed_name="NOC", confirmed_through=at("2019-06-20 00:00")
    )
    assert watch.touched_span() == Span(None, None)
