"""Documents: read whole or refused with every fault at its place; written so that they read back equal."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from sla.documents import (
    DocumentError,
    inputs_of,
    periods_touched,
    read_document,
    remarks,
    results_of,
    write_document,
)
from sla.documents.inputs import outcome_of
from sla.engine.codec import canonical, from_plain
from sla.engine.facts import Charge, ChargeKind, Every, Inputs, Responsible
from sla.engine.money import Money

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.toml"))
PLAIN = """
[vendor]
slug = "acme"

[contract]
reference = "ACME-1"
currency = "USD"
zone = "America/Los_Angeles"
effective_from = 2018-01-01

[[services]]
code = "power"

[[charges]]
code = "mrc"
amount = 10000
service = "power"

[[agreements]]
code = "main"

[[agreements.versions]]
effective_from = 2018-01-01
exclusions = [{ code = "works", source = "maintenance" }]

[[agreements.versions.targets]]
code = "uptime"
name = "Power availability"
level = 99.99
credit = { tiers = [{ below = 99.99, credit = 10 }, { below = 99, credit = 30 }] }
"""
OUTAGE = """
[[incidents]]
reference = "INC-1"
[[incidents.outages]]
service = "power"
started_at = 2019-06-24T21:15:00
ended_at = 2019-06-24T22:28:00
"""


def faults(text: str, *, name: str = "contract.toml") -> list[str]:
    with pytest.raises(DocumentError) as refused:
        read_document(text.encode(), name=name)
    return [str(problem) for problem in refused.value.problems]


def changed(old: str, new: str) -> str:
    assert old in PLAIN + OUTAGE
    return (PLAIN + OUTAGE).replace(old, new)


# -- reading


def test_local_times_are_read_in_the_contracts_zone() -> None:
    (incident,) = read_document((PLAIN + OUTAGE).encode(), name="a.toml").incidents
    assert incident.outages[0].started_at == datetime(2019, 6, 25, 4, 15, tzinfo=UTC)
    assert incident.outages[0].ended_at == datetime(2019, 6, 25, 5, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ('zone = "Europe/Paris"\n', 19),
        ('zone = "UTC-05:00"\n', 26),
    ],
)
def test_an_incident_may_have_a_zone_of_its_own(written: str, hour: int) -> None:
    text = changed('reference = "INC-1"\n', f'reference = "INC-1"\n{written}')
    (incident,) = read_document(text.encode(), name="a.toml").incidents
    midnight = datetime(2019, 6, 24, tzinfo=UTC)
    assert incident.outages[0].started_at == midnight + timedelta(hours=hour, minutes=15)


def test_an_offset_is_exact_whatever_the_zone() -> None:
    text = changed("2019-06-24T21:15:00", "2019-06-25T04:15:00Z")
    assert read_document(text.encode(), name="a.toml") == read_document(
        (PLAIN + OUTAGE).encode(), name="a.toml"
    )


def test_a_local_time_that_the_clock_skips_is_refused() -> None:
    assert faults(changed("2019-06-24T21:15:00", "2019-03-10T02:30:00")) == [
        "incidents[0].outages[0].started_at: 2019-03-10 02:30:00 does not exist in America/Los_Angeles: "
        "the clock is put forward over it. Give the time with its UTC offset."
    ]


def test_a_local_time_that_occurs_twice_is_refused_with_both_readings() -> None:
    assert faults(changed("2019-06-24T21:15:00", "2018-11-04T01:30:00")) == [
        "incidents[0].outages[0].started_at: 2018-11-04 01:30:00 occurs twice in America/Los_Angeles: "
        "the clock is put back. Add the offset, -07:00 or -08:00."
    ]


def test_the_same_structure_is_read_from_json() -> None:
    document = read_document((PLAIN + OUTAGE).encode(), name="a.toml")
    text = write_document(document, form="json")
    assert json.loads(text)["agreements"][0]["versions"][0]["targets"][0]["level"] == "99.99"
    assert read_document(text.encode(), name="no-suffix") == document


def test_compact_samples_become_one_reading_each() -> None:
    series = """
[[samples]]
series = "t"
service = "power"
at = 2019-06-02T00:00:00Z
every = "5 min"
values = [1.5, 2]
volumes = [10, 20]
"""
    document = read_document((PLAIN + series).encode(), name="a.toml")
    found = inputs_of(document, period_label="2019-06").facts.samples
    assert [(s.at.minute, s.value, s.volume) for s in found] == [(0, Decimal("1.5"), 10), (5, Decimal(2), 20)]


def test_weekly_hours_and_closed_days_become_a_calendar() -> None:
    calendar = """
[[calendars]]
code = "office"
zone = "America/New_York"
weekly = ["mon-fri 08:00-17:00", "sun 22:00-24:00"]
closed = [2019-07-04, { on = 2019-12-25, name = "Christmas" }]
opened = [{ on = 2019-12-24, hours = "08:00-12:00" }]
"""
    facts = inputs_of(read_document((PLAIN + calendar).encode(), name="a.toml"), period_label="2019-06").facts
    (office,) = facts.calendars
    assert [(h.weekday, h.opens, h.closes) for h in office.weekly] == [
        *((day, 480, 1020) for day in range(5)),
        (6, 1320, 1440),
    ]
    assert [(day.on, day.opens, day.is_closed) for day in office.special] == [
        (date(2019, 7, 4), None, True),
        (date(2019, 12, 24), 480, False),
        (date(2019, 12, 25), None, True),
    ]
    assert [zone.name for zone in facts.calendar_zones] == ["America/New_York"]


def test_a_new_price_ends_the_old_one_and_a_billed_period_stands_alone() -> None:
    rows = """
[[charges]]
code = "mrc"
amount = 12000.50
service = "power"
effective_from = 2019-01-01

[[charges]]
code = "mrc"
amount = 11000
service = "power"
kind = "billed"
period_from = 2019-06-01
period_until = 2019-07-01
invoice_number = "R-7"

[[charges]]
code = "setup"
amount = 500
kind = "one_time"
"""
    document = read_document((PLAIN + rows).encode(), name="a.toml")
    found = inputs_of(document, period_label="2019-06").facts.charges
    start, second = date(2018, 1, 1), date(2019, 1, 1)
    assert [(c.code, c.amount.minor, c.starts_on, c.ends_on, c.every) for c in found] == [
        ("mrc", 1_000_000, start, second, Every.MONTH),
        ("mrc", 1_200_050, second, None, Every.MONTH),
        ("mrc", 1_100_000, date(2019, 6, 1), date(2019, 7, 1), Every.MONTH),
        ("setup", 50_000, start, None, Every.ONCE),
    ]
    assert found[2] == Charge(
        code="mrc",
        amount=Money(1_100_000, "USD"),
        unit="power",
        kind=ChargeKind.BILLED,
        starts_on=date(2019, 6, 1),
        ends_on=date(2019, 7, 1),
        invoice="R-7",
    )


def test_an_unconfirmed_bearer_and_positions_reach_the_engine() -> None:
    text = (
        PLAIN
        + """
[[incidents]]
reference = "INC-1"
positions = [{ party = "vendors", responsible = "third_party", by = "Acme", why = "utility" }]
[[incidents.outages]]
service = "power"
started_at = 2019-06-24T21:15:00
responsible = "unconfirmed"
affected = "120/500"
"""
    )
    (outage,) = inputs_of(read_document(text.encode(), name="a.toml")).facts.outages
    assert outage.responsible is None
    assert outage.affected == Fraction(6, 25)
    assert outage.ended_at is None
    assert [(said.responsible, said.by) for said in outage.positions] == [(Responsible.THIRD_PARTY, "Acme")]


def test_brought_forward_history_takes_its_dates_from_its_label() -> None:
    text = (
        PLAIN
        + """
[[history]]
target = "uptime"
period = "2019-05"
services = ["power"]
verdict = "missed"
counted = "2 h"
credit = "1000.00 USD"
excluded = [{ exclusion = "works", length = "1 h", count = 1 }]
"""
    )
    document = read_document(text.encode(), name="a.toml")
    (outcome,) = inputs_of(document, period_label="2019-06").history
    assert (outcome.first_on, outcome.last_on) == (date(2019, 5, 1), date(2019, 5, 31))
    assert outcome.counted_us == 7_200_000_000
    assert outcome.excluded_us == (("works", 3_600_000_000),)
    assert outcome.credit == Money(100_000, "USD")
    assert outcome.brought_forward
    assert inputs_of(document, period_label="2019-05").history == ()
    zone = inputs_of(document, period_label="2019-05").facts.zone
    assert outcome_of(document.history[0], document=document, zone=zone) == outcome


# -- inputs and results


def test_inputs_of_a_document_read_back_equal_from_their_canonical_bytes() -> None:
    inputs = inputs_of(read_document((PLAIN + OUTAGE).encode(), name="a.toml"))
    assert inputs.period.label == "2019-06"
    assert inputs.known_until == inputs.period.during.end
    assert from_plain(Inputs, json.loads(canonical(inputs))) == inputs


def test_the_periods_that_something_lies_in_are_the_touched_ones() -> None:
    late = changed("ended_at = 2019-06-24T22:28:00", "ended_at = 2019-08-01T00:00:00")
    document = read_document(late.encode(), name="a.toml")
    assert [period.label for period in periods_touched(document)] == ["2019-06", "2019-07"]
    assert periods_touched(read_document(PLAIN.encode(), name="a.toml")) == []


def test_an_outage_becomes_an_explained_credit() -> None:
    (result,) = results_of(read_document((PLAIN + OUTAGE).encode(), name="a.toml"))
    (uptime,) = result.measured
    assert uptime.value == 100 - Fraction(73 * 100, 43200)
    assert result.credits.money == Money(100_000, "USD")


def test_a_later_period_sees_the_outcome_of_an_earlier_one() -> None:
    text = changed("credit = 30 }] }", "credit = 30 }], repeat = { factors = [2] } }").replace(
        "ended_at = 2019-06-24T22:28:00",
        'ended_at = 2019-06-24T22:28:00\n[[incidents]]\nreference = "INC-2"\n[[incidents.outages]]\n'
        'service = "power"\nstarted_at = 2019-07-10T10:00:00\nended_at = 2019-07-10T11:00:00',
    )
    document = read_document(text.encode(), name="a.toml")
    june, july = results_of(document)
    assert (june.credits.money, july.credits.money) == (Money(100_000, "USD"), Money(200_000, "USD"))
    assert results_of(document, period_label="2019-07") == [july]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"agreement": "mian"}, "The document has no SLA schedule 'mian'. It has: main."),
        (
            {"period_label": "June"},
            "'June' names no period. Write 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25.",
        ),
        ({"period_label": "2019-Q2"}, "'2019-Q2' is no month. The month of that date is 2019-04."),
        ({}, "Nothing is recorded in the document. Name the period, such as 2019-06."),
    ],
)
def test_a_period_or_schedule_that_is_not_there_is_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        inputs_of(read_document(PLAIN.encode(), name="a.toml"), **keys)  # type: ignore[arg-type]


# -- writing


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_written_document_reads_back_equal(case: Path, form: str) -> None:
    document = read_document(case.read_bytes(), name=case.name)
    text = write_document(document, form=form)  # type: ignore[arg-type]
    again = read_document(text.encode(), name=f"again.{form}")
    assert again == document
    assert write_document(again, form=form) == text  # type: ignore[arg-type]


# -- faults


def test_all_faults_are_listed_under_the_file_name() -> None:
    text = changed("level = 99.99", 'level = "high"').replace('zone = "America', 'zon = "America')
    with pytest.raises(DocumentError) as refused:
        read_document(text.encode(), name="deal.toml")
    assert str(refused.value).splitlines() == [
        "deal.toml has 3 faults:",
        "  contract.zon: 'zon' is not a known key. Did you mean 'zone'?",
        "  contract: zone is missing. Give it as text.",
        "  agreements[0].versions[0].targets[0].level: 'high' is no length of time. "
        "Write a length of time such as 30 min, 1h30m, 4 min 23 s or 7 days.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[vendor]", "[vndor]", "vndor: 'vndor' is not a known key. Did you mean 'vendor'?"),
        (
            'zone = "America/Los_Angeles"',
            'zone = "Pacific"',
            "contract.zone: 'Pacific' is no time zone. "
            "Give an IANA name such as America/Los_Angeles, or UTC-05:00.",
        ),
        (
            'currency = "USD"',
            'currency = "dollars"',
            "contract.currency: 'dollars' is no currency. Write three capital letters, such as EUR.",
        ),
        (
            "amount = 10000",
            "amount = 10000.005",
            "charges[0].amount: 10000.005 has more than 2 decimals. USD has 2: write it so.",
        ),
        (
            'service = "power"\nstarted',
            'service = "powr"\nstarted',
            "incidents[0].outages[0].service: 'powr' is no service of this document. Did you mean 'power'?",
        ),
        (
            "below = 99, credit = 30",
            "below = 99.995, credit = 30",
            "agreements[0].versions[0].targets[0].credit.tiers[1]: Tier 2 of 'Power availability' starts at "
            "99.995, above tier 1 (99.99). Order tiers from the highest level down.",
        ),
        (
            'code = "mrc"\namount = 10000\nservice = "power"',
            'code = "mrc"\namount = 10000\nkind = "one_time"',
            "agreements[0].versions[0].targets[0].credit.base: 'Power availability' pays a share of the "
            "recurring and usage fees of the contract, and none is in force from 2018-01-01. "
            "Enter the fee, or choose another base.",
        ),
        (
            'code = "main"\n',
            'code = "main"\nperiod = { kind = "rolling_days", length = 30 }\n',
            "agreements[0]: period.kind is 'rolling_days'. Statements are made for one of: day, week, month, "
            "quarter, year. Give the service level itself a window of that kind.",
        ),
        (
            'code = "power"\n\n[[charges]]',
            'code = "power"\n[[services]]\ncode = "power"\n\n[[charges]]',
            "services[1].code: 'power' is already services[0]. Give another.",
        ),
        (
            'reference = "INC-1"',
            'reference = "INC-1"\nzone = "Mars"',
            "incidents[0].zone: 'Mars' is no time zone. "
            "Give an IANA name such as America/Los_Angeles, or UTC-05:00.",
        ),
    ],
)
def test_a_fault_is_told_at_its_place(old: str, new: str, message: str) -> None:
    assert message in faults(changed(old, new))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            '[[exclusions]]\nrule = "work"\n',
            "exclusions[0].rule: 'work' is no exclusion rule of this document. Did you mean 'works'?",
        ),
        (
            '[[history]]\ntarget = "uptime"\nperiod = "2019-Q2"\nverdict = "met"\n',
            "history[0].period: '2019-Q2' is no month. The month of that date is 2019-04.",
        ),
        (
            '[[calendars]]\ncode = "a"\nweekly = ["mon-fri 22:00-06:00"]\n',
            "calendars[0]: Hours from minute 1320 to 360 are no open time. "
            "Write two rows for hours that cross midnight.",
        ),
        (
            '[[calendars]]\ncode = "a"\nweekly = ["weekdays 9-5"]\n',
            "calendars[0]: 'weekdays 9-5' are no hours. Write 'mon-fri 08:00-17:00' or 'sun 22:00-24:00'.",
        ),
        (
            '[[samples]]\nseries = "t"\nservice = "power"\nat = 2019-06-02T00:00:00Z\nvalues = [1]\n',
            "samples[0]: Give either one value, or values together with every.",
        ),
        (
            '[[figures]]\nfigure = "f"\nperiod = "2019-06"\n',
            "figures[0]: Give either value, or numerator and denominator.",
        ),
        (
            '[[charges]]\ncode = "x"\namount = -5\n',
            "charges[1]: amount is -5. Write it without a sign; a discount has kind 'discount'.",
        ),
        (
            '[[charges]]\ncode = "mrc"\namount = 5\nservice = "power"\n',
            "charges[1]: 'mrc' already has a price from that day in charges[0]. Keep one.",
        ),
    ],
)
def test_an_entry_that_cannot_be_is_refused(entry: str, message: str) -> None:
    assert message in faults(PLAIN + entry)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "a.toml", "vendor is missing. Add the table [vendor]; see FORMAT.md for its keys."),
        (b"\xff\xfe", "a.toml", "The file is not UTF-8 text (byte 0). Save it as UTF-8."),
        (b"[vendor", "a.toml", "The file is no valid TOML: "),
        (b"{", "a.json", "The file is no valid JSON: "),
        (b"[]", "a.json", "The file holds no table. Begin with [vendor] and [contract]."),
        (b'{"vendor": 1, "vendor": 2}', "a.json", "The key 'vendor' is given twice in one object. Keep one."),
        (b"[" * 100_000, "a.json", "The file nests deeper than 24 levels. Flatten it."),
        (b"a = " + b"[" * 30 + b"]" * 30, "a.toml", "The file nests deeper than 24 levels. Flatten it."),
        (
            b"#" * (20 * 1024 * 1024 + 1),
            "a.toml",
            "The file has 20,971,521 bytes; at most 20,971,520 are read.",
        ),
        (b'{"format": 1e9999999999}', "a.json", "format: '1E+9999999999' is no whole number."),
        (
            b'{"history": [{"value": 1e9999999999}]}',
            "a.json",
            "has more than 12 digits before or after the point",
        ),
        (b'{"format": 1e99999999999999999999}', "a.json", "The file holds a number that cannot be read."),
        (b"format = nan", "a.toml", "format: 'NaN' is no whole number."),
        (b'{"vendor": {"slug": "\\ud800"}}', "a.json", "vendor.slug: '\\ud800' holds half a character pair."),
    ],
)
def test_garbage_is_refused_with_a_clear_message(data: bytes, name: str, message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        read_document(data, name=name)
    assert message in str(refused.value)


def test_another_format_number_is_refused() -> None:
    assert faults("format = 2\n" + PLAIN) == ["format: 2 is not known. This version reads format 1."]


def test_what_is_allowed_but_odd_is_remarked() -> None:
    odd = changed("2019-06-24T22:28:00", "2019-06-24T21:15:00")
    odd += '[[conditions]]\ncode = "paid"\nmet = true\n'
    document = read_document(odd.encode(), name="a.toml")
    assert [str(remark) for remark in remarks(document)] == [
        "incidents[0].outages[0].ended_at: The outage ends when it starts and counts no time. "
        "Check both times.",
        "conditions[0].code: No service level asks for 'paid'. Check its spelling.",
    ]
    backward = read_document(changed("2019-06-24T22:28:00", "2019-06-24T20:00:00").encode(), name="a.toml")
    assert inputs_of(backward).facts.outages[0].ended_at == inputs_of(backward).facts.outages[0].started_at
