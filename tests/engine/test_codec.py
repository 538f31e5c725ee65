"""Values to plain data and back: exact, stable, and clear about every fault."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest

from sla.engine.codec import (
    CHOICES,
    CodecError,
    canonical,
    digest,
    document_plain,
    fields_of,
    from_plain,
    parse_length,
    to_plain,
    written_length_text,
)
from sla.engine.codec.plans import is_record
from sla.engine.facts import Facts, Outage, Outcome, Party, Position, Unit, Verdict
from sla.engine.intervals import Interval
from sla.engine.money import Money
from sla.engine.periods import PeriodRule, Zone
from sla.engine.results import Result
from sla.engine.terms import (
    Counting,
    CreditRule,
    Denominator,
    Elapsed,
    Metric,
    Pays,
    Prorated,
    Scheme,
    Target,
    Terms,
    Tier,
    Tiered,
)
from sla.engine.trace import Step

AT = datetime(2019, 6, 25, 4, 15, tzinfo=UTC)


def target(**changes: Any) -> Target:
    return Target(**{"code": "uptime", "name": "Uptime", "level": Decimal("99.9")} | changes)


def problems_of(cls: type, data: object, *, at: str = "") -> list[str]:
    with pytest.raises(CodecError) as refused:
        from_plain(cls, data, at=at)
    return [str(problem) for problem in refused.value.problems]


# -- one value each


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1h30m", timedelta(minutes=90)),
        ("43200 min", timedelta(days=30)),
        ("4 min 23 s", timedelta(minutes=4, seconds=23)),
        ("0.5s", timedelta(milliseconds=500)),
        ("7 days", timedelta(days=7)),
        ("1 day 2 hours", timedelta(hours=26)),
        ("4.383 min", timedelta(seconds=262, microseconds=980_000)),
        ("2 weeks", timedelta(days=14)),
        ("250ms", timedelta(milliseconds=250)),
        ("0s", timedelta(0)),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, length: timedelta) -> None:
    assert parse_length(text) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=7), "168h"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(minutes=4, seconds=23), "4m23s"),
        (timedelta(milliseconds=500), "0.5s"),
        (timedelta(0), "0s"),
        (timedelta(hours=-1), "-1h"),
    ],
)
def test_a_length_of_time_has_one_spelling(length: timedelta, text: str) -> None:
    assert written_length_text(length) == text


@pytest.mark.parametrize(
    "text", ["", "5", "5 parsecs", "3 months", "5 min 6 min", "43,200 min", "min 5", "-5 min"]
)
def test_what_is_no_length_of_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no length of time\. Write a length of time such as 30 min, 1h30m"
    ):
        parse_length(text)


def test_a_length_finer_than_a_microsecond_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'0\.0000001 s' is finer than a microsecond"):
        parse_length("0.0000001 s")


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ("120/500", Fraction(6, 25)),
        ("0.24", Fraction(6, 25)),
        ("24%", Fraction(6, 25)),
        (Decimal("0.24"), Fraction(6, 25)),
        (3, Fraction(3)),
    ],
)
def test_a_share_is_read_from_every_usual_spelling(given: object, share: Fraction) -> None:
    assert from_plain(Fraction, given) == share


@pytest.mark.parametrize(
    ("cls", "given", "message"),
    [
        (Fraction, "1/0", "'1/0' divides by zero. Give the number of all."),
        (Fraction, "half", "'half' is no share. Write one such as 120/500, 0.24 or 24%."),
        (Decimal, "99.9%", "'99.9%' is no number. Write the number alone, without the % sign."),
        (Decimal, Decimal("NaN"), "'NaN' is no number. Write one such as 99.9."),
        (
            Decimal,
            Decimal("1e400"),
            "'1E+400' has more than 12 digits before or after the point. Shorten it.",
        ),
        (Decimal, True, "True is no number. Write one such as 99.9."),
        (Decimal, 0.1, "0.1 is no number. Write one such as 99.9."),
        (int, "5", "'5' is no whole number. Write it without quotes and decimals."),
        (int, 10**19, "The number has more than 18 digits. Check it."),
        (bool, "yes", "'yes' is neither true nor false. Write true or false, without quotes."),
        (str, 5, "5 is no text. Put it in quotes."),
        (str, "a\x00b", "'a\\x00b' holds a NUL character. Remove it."),
        (str, "\ud800", "'\\ud800' holds half a character pair. Write the whole character."),
        (
            timedelta,
            30,
            "30 has no unit. Write a length of time such as 30 min, 1h30m, 4 min 23 s or 7 days.",
        ),
        (date, "2019-02-30", "'2019-02-30' is no date: day is out of range for month. Check the calendar."),
        (date, AT, "'2019-06-25 04:15:00+00:00' is no date. Write one such as 2019-06-25."),
        (
            date,
            "0019-06-25",
            "The year 19 is out of range. Check it; where there is no end, leave the key out.",
        ),
        (datetime, "2019-06-25T04:15:00", "'2019-06-25 04:15:00' has no UTC offset. Write it with Z"),
        (datetime, date(2019, 6, 25), "'2019-06-25' is no time. Write a time such as 2019-06-25T04:15:00Z"),
        (Money, "12 dollars", "'12 dollars' is no amount of money. Write one such as 120.00 USD."),
        (Money, "1.005 USD", "1.005 has more than 2 decimals. USD has 2: write it so."),
        (Metric, "availabilty", "'availabilty' is not allowed. Use one of: availability, downtime,"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(cls: type, given: object, message: str) -> None:
    (problem,) = problems_of(cls, given, at="here")
    assert problem.startswith("here: ")
    assert message in problem


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("99.9", Decimal("99.9")),
        (Decimal("99.90"), Decimal("99.9")),
        (4, Decimal(4)),
        ("4 h", timedelta(hours=4)),
        ("30m", timedelta(minutes=30)),
    ],
)
def test_a_level_with_a_time_unit_is_a_length_and_else_a_number(given: object, level: object) -> None:
    assert from_plain(Tier, {"credit": 10, "below": given}).below == level


def test_an_offset_time_becomes_the_same_instant_in_utc() -> None:
    west = datetime(2019, 6, 24, 21, 15, tzinfo=timezone(timedelta(hours=-7)))
    assert from_plain(datetime, west) == AT
    assert from_plain(datetime, "2019-06-24T21:15:00-07:00").tzinfo is UTC


def test_a_local_time_is_read_by_the_zone_at_hand() -> None:
    def east(wall: datetime) -> datetime:
        return wall.replace(tzinfo=UTC) - timedelta(hours=2)

    assert from_plain(datetime, "2019-06-25 06:15", local=east) == AT


# -- the canonical spelling


def test_canonical_bytes_are_sorted_short_and_exact() -> None:
    value = Outage(incident="i-1", unit="db", started_at=AT, affected=Fraction(120, 500))
    assert canonical(value) == (
        b'{"affected":"6/25","incident":"i-1","started_at":"2019-06-25T04:15:00.000000Z","unit":"db"}'
    )
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_money_is_whole_minor_units_with_its_currency() -> None:
    assert canonical(Money(1250, "EUR")) == b'{"currency":"EUR","minor":1250}'
    assert document_plain(Money(1250, "EUR")) == "12.50 EUR"
    assert from_plain(Money, "12.50 EUR") == from_plain(Money, {"minor": 1250, "currency": "EUR"})
    assert from_plain(Money, "500 JPY") == Money(500, "JPY")


def test_equal_values_written_differently_have_equal_bytes() -> None:
    one = target(
        level=Decimal("99.90"), credit=CreditRule(params=Tiered(tiers=(Tier(credit=Decimal("10.0")),)))
    )
    two = target(level=Decimal("99.9"), credit=CreditRule(params=Tiered(tiers=(Tier(credit=Decimal(10)),))))
    assert canonical(one) == canonical(two)


def test_non_latin_text_stays_readable_utf8() -> None:
    assert canonical(Unit(code="東京")) == '{"code":"東京"}'.encode()


def test_what_equals_its_default_is_left_out_and_comes_back() -> None:
    value = target(metric=Metric.ELAPSED, params=Elapsed(), level=timedelta(hours=4))
    plain = to_plain(value)
    assert plain == {"code": "uptime", "name": "Uptime", "metric": "elapsed", "level": "4h"}
    assert from_plain(Target, plain) == value


def test_an_emptied_default_is_kept_apart_from_the_default() -> None:
    none = target(exclusions=())
    assert to_plain(none)["exclusions"] == []
    assert from_plain(Target, to_plain(none)).exclusions == ()
    unconfirmed = Outage(incident="i", unit="u", started_at=AT, responsible=None)
    assert to_plain(unconfirmed)["responsible"] is None
    assert from_plain(Outage, to_plain(unconfirmed)) == unconfirmed


def test_parameters_stand_beside_the_key_that_chooses_them() -> None:
    value = CreditRule(scheme=Scheme.PRORATED, params=Prorated(multiplier=Decimal(10)))
    assert to_plain(value) == {"scheme": "prorated", "multiplier": "10"}
    assert from_plain(CreditRule, to_plain(value)) == value


def test_no_parameter_hides_a_key_of_its_table() -> None:
    clashes = {
        (cls.__name__, field.name)
        for cls, choice in CHOICES.items()
        for params in choice.classes.values()
        for field in fields_of(params)
        if field.name in {f.name for f in fields_of(cls)}
    }
    # The one clash means the same in both places; the next test shows that only one of them can be set.
    assert clashes == {("CreditRule", "multiplier")}


def test_a_pro_rata_credit_has_one_multiplier() -> None:
    with pytest.raises(
        ValueError, match=r"multiplier is 2 beside the pro-rata scheme's own 10\. Give the scheme"
    ):
        CreditRule(scheme=Scheme.PRORATED, params=Prorated(multiplier=Decimal(10)), multiplier=Decimal(2))


def test_a_reason_comes_back_with_the_kind_of_each_value() -> None:
    inner = Step("a", Fraction(3), "%", "4.2", notes=(("at", AT), ("length", timedelta(minutes=1))))
    step = Step("b", AT, "instant", inputs=(inner, Step("c", "3/4"), Step("d", True), Step("e", None)))
    noted = step._replace(notes=(("dates", (date(2019, 6, 1), Decimal("1.5"))), ("paid", Money(5, "EUR"))))
    assert from_plain(Step, json.loads(canonical(noted))) == noted
    assert isinstance(from_plain(Step, json.loads(canonical(inner))).value, Fraction)


def test_history_zones_and_rows_of_pairs_come_back() -> None:
    outcome = Outcome(
        target="uptime",
        period="2019-06",
        first_on=date(2019, 6, 1),
        last_on=date(2019, 6, 30),
        verdict=Verdict.MISSED,
        value=Fraction(1, 3),
        excluded_us=(("works", 60),),
        credit=Money(100, "USD"),
    )
    zone = Zone("UTC-07:00", ((AT, -25200),))
    facts = Facts(zone=zone, units=(Unit(code="db"),))
    assert from_plain(Outcome, json.loads(canonical(outcome))) == outcome
    assert from_plain(Facts, json.loads(canonical(facts))) == facts
    assert from_plain(Interval, to_plain(Interval(AT, AT))) == Interval(AT, AT)


def test_the_codec_knows_every_type_of_terms_facts_and_results() -> None:
    seen: set[Any] = set()

    def visit(hint: Any) -> None:
        if hint in seen:
            return
        seen.add(hint)
        if is_record(hint) and hint is not Money:
            for field in fields_of(hint):
                visit(field.hint)
            assert problems_of(hint, "no table", at="x")[0].startswith("x: ")
        for arg in get_args(hint):
            visit(arg)

    for root in (Terms, Facts, Outcome, Result):
        visit(root)
    assert len(seen) > 100


# -- faults


def test_all_faults_of_a_document_are_told_at_once_with_their_places() -> None:
    data = {
        "effective_from": "2019-01-01",
        "targets": [
            {"code": "a", "name": "A", "level": "99.9"},
            {
                "code": "b",
                "level": "5 parsecs",
                "credit": {"tiers": [{"credit": 5}, {"credit": "x", "belw": 9}]},
            },
        ],
        "claim": {"deadlines": [{"n": 3, "unit": "fortnights"}]},
    }
    assert problems_of(Terms, data, at="agreements[0].versions[0]") == [
        "agreements[0].versions[0].targets[1].level: '5 parsecs' is no length of time. "
        "Write a length of time such as 30 min, 1h30m, 4 min 23 s or 7 days.",
        "agreements[0].versions[0].targets[1].credit.tiers[1].credit: 'x' is no number. "
        "Write one such as 99.9.",
        "agreements[0].versions[0].targets[1].credit.tiers[1].belw: 'belw' is not a known key. "
        "Did you mean 'below'?",
        "agreements[0].versions[0].targets[1]: name is missing. Give it as text.",
        "agreements[0].versions[0].claim.deadlines[0].unit: 'fortnights' is not allowed. "
        "Use one of: hours, days, working_days, weeks, months, billing_cycles, month_ends.",
    ]


def test_a_parameter_of_another_metric_names_its_owner() -> None:
    data = {"code": "a", "name": "A", "level": 1, "series": "latency"}
    assert problems_of(Target, data, at="t") == [
        "t.series: 'series' belongs to metric = 'sampled', and metric is 'availability' here. "
        "Remove it or change metric."
    ]


def test_an_unknown_metric_is_told_once_and_not_again_for_its_parameters() -> None:
    data = {"code": "a", "name": "A", "level": 1, "metric": "avail", "combine": "all"}
    (problem,) = problems_of(Target, data, at="t")
    assert problem.startswith("t.metric: 'avail' is not allowed.")


def test_a_contradiction_inside_one_table_is_told_at_its_place() -> None:
    data = {"code": "a", "name": "A", "level": 1, "counting": {"denominator": "fixed"}}
    (problem,) = problems_of(Target, data, at="targets[0]")
    assert problem.startswith("targets[0].counting: denominator_length belongs to denominator = 'fixed'")
    (other,) = problems_of(PeriodRule, {"anchor_day": 31}, at="period")
    assert other == "period: anchor_day is 31. Every month must have it: use 1 to 28."


@pytest.mark.parametrize("given", [None, [], "text", 5])
def test_what_is_no_table_is_refused(given: object) -> None:
    (problem,) = problems_of(Unit, given, at="services[0]")
    assert problem.startswith("services[0]: ")
    assert "is no table. Give its keys: code, name, vendor_identifier" in problem


def test_what_is_no_list_is_refused() -> None:
    data = {
        "incident": "i",
        "unit": "u",
        "started_at": "2019-06-25T04:15:00Z",
        "positions": {"party": "ours"},
    }
    (problem,) = problems_of(Outage, data)
    assert problem == "positions: {'party': 'ours'} is no list. Put it in square brackets."


def test_document_spelling_reads_back_equal() -> None:
    value = target(
        level=Decimal("99.95"),
        counting=Counting(denominator=Denominator.FIXED, denominator_length=timedelta(days=30)),
        credit=CreditRule(
            params=Tiered(tiers=(Tier(credit=Decimal("2.5"), below=Decimal(99)),), pays=Pays.DAYS)
        ),
    )
    plain = document_plain(value)
    assert plain["credit"] == {"tiers": [{"credit": Decimal("2.5"), "below": 99}], "pays": "days"}
    assert from_plain(Target, plain) == value
    said = Position(party=Party.VENDORS, ended_at=AT, share=Fraction(1, 2))
    assert document_plain(said) == {"party": "vendors", "ended_at": AT, "share": "1/2"}
