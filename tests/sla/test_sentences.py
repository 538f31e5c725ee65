"""A service level reads as one sentence, and says what it would pay."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sla.engine.facts import Charge, Facts, Unit
from sla.engine.money import Money
from sla.engine.periods import PeriodKind, PeriodRule, period_named, zone_table
from sla.engine.terms import (
    Availability,
    Base,
    Cap,
    CapPeriod,
    CapScope,
    ChronicKind,
    ChronicRule,
    ClaimRule,
    Combine,
    Count,
    Counting,
    CreditRule,
    Downtime,
    Elapsed,
    ExclusionRule,
    ExclusionSource,
    Fixed,
    Increments,
    Metric,
    Obligation,
    Offset,
    OffsetUnit,
    Op,
    Pays,
    Per,
    Points,
    Pooled,
    Prorated,
    Reported,
    Sampled,
    Scheme,
    StartRule,
    Statistic,
    Target,
    Terms,
    Tier,
    Tiered,
    TierOn,
)
from sla.engine.terms.credits import BaseSelect
from sla.engine.terms.rules import Anchor
from sla.engine.terms.versions import Schedule
from sla.reports.payouts import Ground, payouts
from sla.reports.sentences import (
    cap_sentence,
    chronic_sentence,
    claim_sentence,
    exclusion_sentence,
    sentence_of,
)

HOUR = timedelta(hours=1)
TWO_ROWS = (Tier(below=Decimal("99.9"), credit=Decimal(10)), Tier(below=Decimal(99), credit=Decimal(25)))


def level(metric: Metric = Metric.AVAILABILITY, **fields: object) -> Target:
    usual = {"code": "x", "name": "X", "metric": metric, "level": Decimal("99.9"), "services": ("lb-1",)}
    return Target(**{**usual, **fields})  # type: ignore[arg-type]


def pays(scheme: Scheme, params: object, **fields: object) -> CreditRule:
    return CreditRule(scheme=scheme, params=params, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (level(), "lb-1 is up at least 99.9 % of each month; a miss pays no credit."),
        (
            level(params=Availability(combine=Combine.ALL), level=Decimal(100), services=("a", "b")),
            "At least one of a and b is up 100 % of each month; a miss pays no credit.",
        ),
        (
            level(services=(), credit=pays(Scheme.TIERED, Tiered(tiers=TWO_ROWS))),
            "Every service of the contract is up at least 99.9 % of each month; a miss pays 10 %"
            " below 99.9 % and"
            " 25 % below 99 %, of the fees of the services that missed.",
        ),
        (
            level(
                Metric.DOWNTIME,
                params=Downtime(),
                op=Op.AT_MOST,
                level=2 * HOUR,
                credit=pays(
                    Scheme.INCREMENTS,
                    Increments(size=HOUR, credit=Decimal(10), after=2 * HOUR),
                    caps=(Cap(code="month", limit=Decimal(50), period=CapPeriod.MONTH),),
                ),
            ),
            "Counted downtime of lb-1 is at most 2 h in each month; a miss pays 10 % of the fees of"
            " the services"
            " that missed for each full 1 h of downtime beyond 2 h, at most 50 % of the fees of the"
            " services that"
            " missed a month.",
        ),
        (
            level(
                Metric.COUNT,
                params=Count(),
                op=Op.AT_MOST,
                level=Decimal(0),
                counting=Counting(min_run=timedelta(minutes=1)),
                credit=pays(Scheme.FIXED, Fixed(credit=Decimal(1), pays=Pays.DAYS, per=Per.DAY)),
            ),
            "Outages of lb-1 in each month number at most 0, outages longer than 1 min only; a miss"
            " pays 1 day of"
            " the fees of the services that missed for each day with an outage.",
        ),
        (
            level(
                Metric.ELAPSED,
                params=Elapsed(since="reported", until="access_granted"),
                op=Op.AT_MOST,
                level=timedelta(minutes=30),
                calendar="office",
            ),
            "Every incident of lb-1 takes at most 30 min from reported to access granted, in the"
            " hours of calendar"
            " office; a miss pays no credit.",
        ),
        (
            level(
                Metric.SAMPLED,
                params=Sampled(series="latency", statistic=Statistic.PERCENTILE, percentile=Decimal(95)),
                op=Op.AT_MOST,
                level=Decimal(40),
            ),
            "The 95th percentile of latency of lb-1 over each month is at most 40; a miss pays no credit.",
        ),
        (
            level(
                Metric.REPORTED,
                params=Reported(figure="kpi-1"),
                level=Decimal(98),
                credit=pays(Scheme.POINTS, Points(tiers=(Tier(below=Decimal(98), credit=Decimal(2)),))),
            ),
            "The reported figure kpi 1 of each month is at least 98; a miss pays 2 points below 98"
            " %, turned into a"
            " credit by the points table.",
        ),
        (
            level(
                Metric.OBLIGATION,
                params=Obligation(
                    what="root_cause_report", n=Decimal(5), unit="working_days", anchor="incident_end"
                ),
                op=Op.AT_MOST,
                level=Decimal(0),
                credit=pays(Scheme.FIXED, Fixed(credit=Decimal(250), pays=Pays.MONEY, per=Per.EVENT)),
            ),
            "Root cause report is delivered within 5 working days after the incident ends; a miss"
            " pays USD 250 for"
            " each outage.",
        ),
        (
            level(
                window=PeriodRule(kind=PeriodKind.QUARTER),
                credit=pays(Scheme.PRORATED, Prorated(multiplier=Decimal(10))),
            ),
            "lb-1 is up at least 99.9 % of each quarter; a miss pays 10 times the share of the fees"
            " of the services"
            " that missed for the lost time.",
        ),
        (
            level(
                counting=Counting(start=StartRule.REPORTED, fault_required=True),
                credit=pays(
                    Scheme.POOLED,
                    Pooled(
                        at_risk_percent=Decimal(10), pool_percent=Decimal(50), allocation_percent=Decimal(40)
                    ),
                    base=Base(select=BaseSelect.CONTRACT),
                ),
            ),
            "lb-1 is up at least 99.9 % of each month, counted from our report, only where the vendor is"
            " responsible; a miss pays 40 % of 50 % of 10 % of all fees of the contract (allocation,"
            " pool, amount at"
            " risk).",
        ),
    ],
)
def test_each_shape_of_clause_reads_as_one_sentence(target: Target, sentence: str) -> None:
    assert sentence_of(target, currency="USD") == sentence


def test_services_go_by_their_names() -> None:
    said = sentence_of(level(), currency="USD", names={"lb-1": "Load balancer 1"})
    assert said.startswith("Load balancer 1 is up")


def test_the_clauses_around_the_levels_read_as_sentences() -> None:
    maintenance = ExclusionRule(
        code="work",
        name="Announced work",
        source=ExclusionSource.MAINTENANCE,
        notice=Decimal(72),
        within="nights",
    )
    assert exclusion_sentence(maintenance) == (
        "Announced work does not count if announced at least 72 hours ahead and in the hours of"
        " calendar nights."
    )
    cap = Cap(code="m", limit=Decimal(50), scope=CapScope.AGREEMENT, base=Base(select=BaseSelect.CONTRACT))
    assert cap_sentence(cap, currency="USD") == (
        "All credits together come to at most 50 % of all fees of the contract."
    )
    claim = ClaimRule(
        deadlines=(
            Offset(n=Decimal(30), anchor=Anchor.PERIOD_END),
            Offset(n=Decimal(2), unit=OffsetUnit.BILLING_CYCLES, anchor=Anchor.INCIDENT_START),
        )
    )
    assert claim_sentence(claim) == (
        "Claim it within 30 days after the end of the period or 2 billing cycles after the incident begins"
        " (the clause can be read in several ways: the earliest counts)."
    )
    chronic = ChronicRule(
        code="c", kind=ChronicKind.OUTAGES, count=3, longer_than=HOUR, span_days=30, opens="We may end it."
    )
    assert (
        chronic_sentence(chronic) == "3 outages longer than 1 h within 30 days, which opens: We may end it."
    )


def ground(target: Target) -> Ground:
    zone = zone_table("UTC", first_year=2018, last_year=2020)
    schedule = Schedule(contract="C", code="s", name="S", currency="USD", zone="UTC")
    fee = Charge(code="fee", amount=Money(190_000, "USD"), unit="lb-1", starts_on=date(2016, 1, 1))
    return Ground(
        schedule=schedule,
        terms=Terms(effective_from=date(2019, 1, 1), targets=(target,)),
        facts=Facts(zone=zone, units=(Unit(code="lb-1"),), charges=(fee,)),
        period=period_named("2019-06", rule=schedule.period, zone=zone),
    )


def shown(target: Target) -> dict[str, str]:
    return {row.label: row.credit for row in payouts(target, ground=ground(target))}


def test_an_availability_pays_by_usual_lengths_and_on_each_edge_of_its_table() -> None:
    target = level(credit=pays(Scheme.TIERED, Tiered(tiers=TWO_ROWS)))
    assert shown(target) == {
        "5 min": "nothing",
        "43 min 12 s": "nothing",
        "43 min 13 s": "USD 190.00",
        "44 min": "USD 190.00",
        "1 h": "USD 190.00",
        "4 h": "USD 190.00",
        "7 h 12 min": "USD 190.00",
        "7 h 12 min 1 s": "USD 475.00",
        "24 h": "USD 475.00",
        "The whole month": "USD 475.00",
    }


def test_a_table_by_minutes_has_its_own_edges() -> None:
    rows = (Tier(above=timedelta(0), at_most=HOUR, credit=Decimal(5)), Tier(above=HOUR, credit=Decimal(20)))
    target = level(level=Decimal(100), credit=pays(Scheme.TIERED, Tiered(tiers=rows, on=TierOn.COUNTED)))
    assert shown(target)["1 h"] == "USD 95.00"
    assert shown(target)["1 h 1 s"] == "USD 380.00"


def test_a_credit_that_waits_for_a_condition_is_shown_as_if_it_held() -> None:
    credit = pays(Scheme.FIXED, Fixed(credit=Decimal(100), pays=Pays.MONEY))
    assert shown(level(credit=credit, conditions=("redundant",)))["4 h"] == "USD 100.00"


def test_a_response_time_pays_past_its_level() -> None:
    target = level(
        Metric.ELAPSED,
        params=Elapsed(since="reported", until="restored"),
        op=Op.AT_MOST,
        level=HOUR,
        credit=pays(Scheme.FIXED, Fixed(credit=Decimal(50), pays=Pays.MONEY, per=Per.EVENT)),
    )
    assert shown(target)["1 h"] == "nothing"
    assert shown(target)["1 h 1 s"] == "USD 50.00"


def test_a_reported_figure_pays_below_its_level() -> None:
    target = level(
        Metric.REPORTED,
        params=Reported(figure="kpi"),
        level=Decimal(98),
        credit=pays(Scheme.FIXED, Fixed(credit=Decimal(2))),
    )
    found = shown(target)
    assert found["98"] == "nothing"
    assert found["97.99"] == "USD 38.00"


def test_a_report_pays_when_it_is_late() -> None:
    target = level(
        Metric.OBLIGATION,
        params=Obligation(what="report", n=Decimal(5), anchor="period_end"),
        op=Op.AT_MOST,
        level=Decimal(0),
        credit=pays(Scheme.FIXED, Fixed(credit=Decimal(150), pays=Pays.MONEY)),
    )
    assert shown(target) == {"In time": "nothing", "1 day late": "USD 150.00", "7 days late": "USD 150.00"}


def test_a_measure_without_an_example_has_no_table() -> None:
    params = Sampled(series="requests", statistic=Statistic.INTERVAL_SUCCESS, every=timedelta(minutes=5))
    assert payouts(level(Metric.SAMPLED, params=params), ground=ground(level())) == []


def test_only_the_level_in_hand_pays() -> None:
    other = level(code="other", credit=pays(Scheme.FIXED, Fixed(credit=Decimal(999), pays=Pays.MONEY)))
    target = level(credit=pays(Scheme.TIERED, Tiered(tiers=TWO_ROWS)))
    both = ground(target)
    both = replace(both, terms=replace(both.terms, targets=(target, other)))
    assert {row.label: row.credit for row in payouts(target, ground=both)} == shown(target)
