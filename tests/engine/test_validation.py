"""Terms that contradict themselves are refused at entry, with the place and what to do."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sla.engine.codec import from_plain
from sla.engine.facts import Charge, ChargeKind
from sla.engine.money import Money
from sla.engine.terms import Schedule, Terms
from sla.engine.terms.validation import contradictions

SCHEDULE = Schedule(contract="C-1", code="main", name="Main", currency="USD", zone="UTC")
MRC = Charge(code="mrc", amount=Money(100_000, "USD"), unit="db", starts_on=date(2018, 1, 1))


def terms(**keys: Any) -> Terms:
    return from_plain(Terms, {"effective_from": "2019-01-01", "targets": [level()]} | keys)


def level(**keys: Any) -> dict[str, Any]:
    return {"code": "uptime", "name": "Uptime", "level": "99.9"} | keys


def tiers(*rows: dict[str, Any], **keys: Any) -> Terms:
    credit = {"tiers": list(rows)} | keys.pop("credit", {})
    return terms(targets=[level(credit=credit, **keys.pop("level", {}))], **keys)


def found(value: Terms, **known: Any) -> list[str]:
    return [str(problem) for problem in contradictions(value, schedule=SCHEDULE, **known)]


NOTE = {"reading_notes": [{"about": "uptime", "note": "We read row 2 down to the next one."}]}


@pytest.mark.parametrize(
    "rows",
    [
        [{"below": "99.9", "credit": 10}, {"below": 99, "credit": 25}, {"below": 95, "credit": 100}],
        [{"below": "99.9", "at_least": 99, "credit": 10}, {"below": 99, "credit": 25}],
        [{"below": "99.9", "at_least": 99, "credit": 10}, {"below": 99, "at_least": 0, "credit": 25}],
        [{"credit": 5}],
    ],
)
def test_rows_that_meet_are_accepted(rows: list[dict[str, Any]]) -> None:
    assert found(tiers(*rows), charges=[MRC], services={"db"}) == []


ROWS = {
    "order": (
        [{"below": 99, "credit": 10}, {"below": "99.5", "credit": 5}],
        "targets[0].credit.tiers[1]: Tier 2 of 'Uptime' starts at 99.5, above tier 1 (99). "
        "Order tiers from the highest level down.",
    ),
    "same start": (
        [{"below": "99.9", "credit": 10}, {"below": "99.90", "credit": 5}],
        "targets[0].credit.tiers[1]: Tier 2 of 'Uptime' starts at 99.9, like tier 1. "
        "Give each tier a start of its own.",
    ),
    "gap": (
        [{"below": "99.9", "at_least": "99.1", "credit": 10}, {"below": 99, "credit": 25}],
        "targets[0].credit.tiers[1]: Tiers 1 and 2 of 'Uptime' leave 99 to 99.1 uncovered. Close the gap. "
        "If the clause really says so, add a reading note about 'uptime'.",
    ),
    "gap of one value": (
        [{"below": "99.9", "above": 99, "credit": 10}, {"below": 99, "credit": 25}],
        "targets[0].credit.tiers[1]: Tiers 1 and 2 of 'Uptime' leave 99 uncovered. Close the gap. "
        "If the clause really says so, add a reading note about 'uptime'.",
    ),
    "overlap": (
        [{"below": "99.9", "at_least": 99, "credit": 10}, {"at_most": 99, "credit": 25}],
        "targets[0].credit.tiers[1]: Tiers 1 and 2 of 'Uptime' both hold 99. End one of them. "
        "If the clause really says so, add a reading note about 'uptime'.",
    ),
    "falling credit": (
        [{"below": "99.9", "credit": 25}, {"below": 99, "credit": 10}],
        "targets[0].credit.tiers[1].credit: Tier 2 of 'Uptime' pays 10 for a worse value than tier 1, "
        "which pays 25. Correct one. If the clause really says so, add a reading note about 'uptime'.",
    ),
    "uncovered end": (
        [{"below": "99.9", "at_least": 95, "credit": 10}],
        "targets[0].credit.tiers[0]: Nothing is paid below 95, where tier 1 of 'Uptime' ends. "
        "Leave that bound out. If the clause really says so, add a reading note about 'uptime'.",
    ),
    "late start": (
        [{"below": "99.5", "credit": 10}],
        "targets[0].credit.tiers[0]: Tier 1 of 'Uptime' starts at 99.5: between it and the level >= 99.9 "
        "a miss pays nothing. Start at the level. If the clause really says so, "
        "add a reading note about 'uptime'.",
    ),
}


@pytest.mark.parametrize(("rows", "message"), ROWS.values(), ids=ROWS)
def test_rows_that_do_not_meet_are_refused(rows: list[dict[str, Any]], message: str) -> None:
    assert found(tiers(*rows)) == [message]


@pytest.mark.parametrize("case", ["gap", "overlap", "falling credit", "uncovered end", "late start"])
def test_a_reading_note_lets_an_unclear_clause_pass(case: str) -> None:
    assert found(tiers(*ROWS[case][0], **NOTE)) == []


@pytest.mark.parametrize("case", ["order", "same start"])
def test_no_note_excuses_rows_out_of_order(case: str) -> None:
    assert found(tiers(*ROWS[case][0], **NOTE)) == [ROWS[case][1]]


def test_a_row_that_pays_while_the_level_is_met_is_refused_unless_the_rows_decide() -> None:
    row = {"at_most": "99.9", "credit": 10}
    assert found(tiers(row)) == [
        "targets[0].credit.tiers[0]: Tier 1 of 'Uptime' starts at 99.9, where the level >= 99.9 is still "
        "met. Let it start at the level, or set only_if_missed = false if it pays all the same."
    ]
    assert found(tiers(row, credit={"only_if_missed": False})) == []


def test_rows_written_with_one_decimal_meet_when_the_value_is_rounded_so() -> None:
    rows = [{"at_most": "99.8", "at_least": "98.0", "credit": 1}, {"at_most": "97.9", "credit": 3}]
    assert len(found(tiers(*rows))) == 2
    assert found(tiers(*rows, credit={"row_decimals": 1})) == []


def test_rows_on_time_go_from_the_shortest_up() -> None:
    rows = [{"above": "8 h", "credit": 10}, {"above": "4 h", "credit": 5}]
    keys = {"level": {"metric": "downtime", "op": "<=", "level": "4 h"}}
    assert found(tiers(*rows, **keys)) == [
        "targets[0].credit.tiers[1]: Tier 2 of 'Uptime' starts at 4 h, below tier 1 (8 h). "
        "Order tiers from the lowest level up."
    ]
    assert found(tiers(*reversed(rows), **keys)) == []


def test_a_duration_column_that_fits_one_month_length_only_is_refused() -> None:
    rows = [{"above": "43m12s", "credit": 10}]
    (problem,) = found(tiers(*rows, credit={"on": "counted"}))
    assert problem == (
        "targets[0].credit.tiers[0]: Tier 1 of 'Uptime' starts at 43 min 12 s, but 99.9 % allows another "
        "time in months of 28 days, of 29 days, of 31 days. Use one of the two columns only. "
        "If the clause really says so, add a reading note about 'uptime'."
    )
    fixed = {"denominator": "fixed", "denominator_length": "43200 min"}
    assert found(tiers(*rows, credit={"on": "counted"}, level={"counting": fixed})) == []
    assert found(tiers({"at_least": "1 h", "credit": 5}, credit={"on": "counted"})) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"level": "4 h"},
            "targets[0].level: 4 h does not fit 'Uptime', which measures a percentage",
        ),
        ({"level": 101}, "targets[0].level: 101 is no percentage of 'Uptime'. Use 0 to 100."),
        ({"op": "<="}, "targets[0].op: <= makes a good 'Uptime' a miss: higher is better. Use >=."),
        (
            {"metric": "downtime", "level": "4 h"},
            "targets[0].op: >= makes a good 'Uptime' a miss: lower is better. Use <=.",
        ),
        (
            {"metric": "elapsed", "op": "<=", "level": "4 h", "since": "reprted"},
            "targets[0].since: 'reprted' is not allowed. Use one of: occurred, detected, reported,",
        ),
        (
            {"metric": "elapsed", "level": 95, "statistic": "share_within"},
            "targets[0].within: A share of cases in time needs that time. Give within, such as 4 h.",
        ),
        (
            {"metric": "sampled", "series": "t", "level": 5, "statistic": "percentile"},
            "targets[0].percentile: A percentile lies above 0, up to 100. Give one, such as 95.",
        ),
        (
            {"credit": {"tiers": [{"below": "4 h", "credit": 5}]}},
            "targets[0].credit.tiers[0].below: 4 h does not fit 'Uptime'",
        ),
        (
            {"credit": {"scheme": "increments", "size": 30, "credit": 5}},
            "targets[0].credit.size: 30 does not fit 'Uptime', which measures a length of time such as 4 h.",
        ),
        (
            {"credit": {"scheme": "increments", "size": "0 min", "credit": 5}},
            "targets[0].credit.size: An increment of nothing never ends. Give its size.",
        ),
        (
            {"credit": {"scheme": "points", "tiers": [{"below": "99.9", "credit": 1}]}},
            "targets[0].credit: Points pay nothing by themselves. Give the version a points table.",
        ),
    ],
)
def test_what_does_not_fit_the_measure_is_refused(keys: dict[str, Any], message: str) -> None:
    problems = found(terms(targets=[level(**keys)]))
    assert problems[0].startswith(message)
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            terms(targets=[level(services=["bd"])]),
            "targets[0].services[0]: 'bd' names no service. Known: db.",
        ),
        (
            terms(targets=[level(calendar="office")]),
            "targets[0].calendar: 'office' names no calendar. Known: none.",
        ),
        (
            terms(targets=[level(exclusions=["works"])]),
            "targets[0].exclusions[0]: 'works' names no exclusion. Known: none.",
        ),
        (
            terms(targets=[level(), level()]),
            "targets[1].code: 'uptime' is already targets[0]. Give another code.",
        ),
        (
            terms(chronic=[{"code": "c", "kind": "outages", "targets": ["uptme"]}]),
            "chronic[0].targets[0]: 'uptme' names no service level. Did you mean 'uptime'?",
        ),
        (
            terms(claim={"deadlines": [{"n": 5, "unit": "working_days", "calendar": "nl"}]}),
            "claim.deadlines[0].calendar: 'nl' names no calendar. Known: none.",
        ),
        (
            tiers({"below": "99.9", "credit": 5}, credit={"base": {"select": "charges", "charges": ["mcr"]}}),
            "targets[0].credit.base.charges[0]: 'mcr' names no fee. Did you mean 'mrc'?",
        ),
    ],
)
def test_a_code_that_names_nothing_is_refused(value: Terms, message: str) -> None:
    assert message in found(value, charges=[MRC], services={"db"}, calendars=())


def test_a_credit_with_no_fee_in_force_is_refused() -> None:
    value = tiers({"below": "99.9", "credit": 5}, level={"services": ["db"]})
    message = (
        "targets[0].credit.base: 'Uptime' pays a share of the recurring and usage fees of db, "
        "and none is in force from 2019-01-01. Enter the fee, or choose another base."
    )
    assert found(value, charges=[]) == [message]
    assert found(value, charges=[replace(MRC, ends_on=date(2019, 1, 1))]) == [message]
    assert found(value, charges=[replace(MRC, unit="other")]) == [message]
    assert found(value, charges=[replace(MRC, kind=ChargeKind.ONE_TIME)]) == [message]
    assert found(value, charges=[MRC]) == []
    assert found(value, charges=[replace(MRC, unit="")]) == []


def test_a_credit_in_money_needs_no_fee() -> None:
    assert found(tiers({"below": "99.9", "credit": 5}, credit={"pays": "money"}), charges=[]) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param(
            {"metric": "count", "op": "<=", "level": 3},
            "targets[0].credit.on: 'count' knows no time past its level. Use another figure than lateness.",
            id="a number has no time past it",
        ),
        pytest.param(
            {"credit": {"per": "event"}},
            "targets[0].credit.per: Downtime passes a level in the window as a whole. Use per = 'window' "
            "with lateness, or count each outage with on = 'counted'.",
            id="downtime passes its level once in the window",
        ),
    ],
)
def test_lateness_is_refused_where_nothing_can_be_late(keys: dict[str, Any], message: str) -> None:
    credit = {"scheme": "increments", "on": "lateness", "size": "1h", "credit": 5, **keys.pop("credit", {})}
    assert message in found(terms(targets=[level(credit=credit, **keys)]), charges=[MRC])


def test_a_fee_not_charged_must_be_named() -> None:
    value = terms(targets=[level(credit={"scheme": "fixed", "credit": 1, "pays": "charge"})])
    assert found(value, charges=[MRC]) == [
        "targets[0].credit.waives: 'Uptime' pays in a fee not charged. Name the fee's code."
    ]


def test_a_cap_above_its_base_is_refused_without_a_note() -> None:
    cap = {"caps": [{"code": "month", "limit": 150}]}
    assert found(terms(**cap)) == [
        "caps[0].limit: The cap 'month' of 150 % is above its base. Use at most 100. "
        "If the clause really says so, add a reading note about 'month'."
    ]
    assert found(terms(**cap, reading_notes=[{"about": "month", "note": "150 % of the fee"}])) == []
    assert found(terms(caps=[{"code": "count", "limit": 240, "is_count": True}])) == []


def test_pool_allocations_above_the_whole_are_refused() -> None:
    pooled = {"scheme": "pooled", "at_risk_percent": 10, "pool_percent": 50, "allocation_percent": 60}
    value = terms(targets=[level(credit=pooled), level(code="speed", name="Speed", credit=pooled)])
    assert found(value, charges=[MRC]) == [
        "targets[1].credit.allocation_percent: The allocations of the pool sum to 120 % with 'Speed'. "
        "Lower one to at most 100 together. If the clause really says so, add a reading note about 'speed'."
    ]


def test_levels_are_compared_exactly() -> None:
    assert found(tiers({"below": "99.900", "credit": 5})) == []
    assert Decimal("99.900") == Decimal("99.9")
    assert timedelta(minutes=60) == timedelta(hours=1)


QUOTAS = [
    ("event", "A quota of one event is the exclusion's own `max_per_event`. Use that."),
    (
        "rolling_12",
        "A quota by 'rolling_12' cannot be computed yet. Use window, month, quarter or year.",
    ),
    ("term", "A quota by 'term' cannot be computed yet. Use window, month, quarter or year."),
]


@pytest.mark.parametrize(("period", "message"), QUOTAS, ids=[period for period, _ in QUOTAS])
def test_a_quota_over_a_time_that_is_not_kept_is_refused(period: str, message: str) -> None:
    works = {"code": "works", "source": "maintenance", "quotas": [{"period": period, "length": "4 h"}]}
    assert found(terms(exclusions=[works])) == [f"exclusions[0].quotas[0].period: {message}"]


@pytest.mark.parametrize("period", ["window", "month", "quarter", "year"])
def test_a_quota_by_a_time_that_is_kept_is_accepted(period: str) -> None:
    works = {"code": "works", "source": "maintenance", "quotas": [{"period": period, "length": "4 h"}]}
    assert found(terms(exclusions=[works])) == []


WORKS = {"code": "works", "source": "maintenance", "notice": 3}
NEEDS = [
    (
        {"exclusions": [WORKS | {"notice_unit": "months"}]},
        "exclusions[0].notice_unit: Notice is not given in months. "
        "Use one of: hours, days, weeks, working_days.",
    ),
    (
        {"exclusions": [WORKS | {"notice_unit": "working_days"}]},
        "exclusions[0].notice_calendar: Notice in working days needs a calendar that says which days "
        "those are. Name it.",
    ),
    (
        {"claim": {"deadlines": [{"n": 5, "unit": "working_days", "more_calendars": ["mars"]}]}},
        "claim.deadlines[0].more_calendars[0]: 'mars' names no calendar. Known: us.",
    ),
]


@pytest.mark.parametrize(("keys", "message"), NEEDS, ids=[message[:40] for _, message in NEEDS])
def test_a_rule_without_what_it_goes_by_is_refused(keys: dict[str, Any], message: str) -> None:
    assert found(terms(**keys), calendars={"us"}) == [message]
