"""The demo portfolio: what it tells, that it is labelled, loads twice alike, and goes without a trace."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from pytest_django import DjangoDbBlocker

from sla.documents import remarks, results_of
from sla.engine.facts import Verdict
from sla.engine.results import TimeClass
from sla.management.commands.demo import overview_text, readings_text, told, write_statements
from sla.models import AgreementVersion
from sla.services.demo import (
    FOLDER,
    PORTFOLIO,
    DemoContract,
    DemoLoaded,
    DemoStatement,
    demo_statements,
    load_demo,
)
from tests.test_readme import printed_by
from vendors.models import BusinessCalendar, LegalEntity, Vendor
from vendors.services import remove_demo, system_user

OWN_APPS = ("vendors", "incidents", "sla")


def rows() -> dict[str, int]:
    """Count the rows of every table of ours, history and notes of changes included."""
    models = [model for app in OWN_APPS for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: model._base_manager.count() for model in models}


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[DemoLoaded]]:
    """Load the portfolio once for all tests of this file, and take it back after the last."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(by=system_user())
        transaction.set_rollback(True)


@pytest.fixture
def told_statements(loaded: list[DemoLoaded], db: None) -> dict[str, DemoStatement]:
    return {statement.file_name: statement for statement in demo_statements()}


FIGURES = [
    # statement, levels missed, due, agreed, contested (minor units; None: nothing is contested)
    ("MSA-2016-003-network-2016-04", ["availability"], 9500, None),
    ("MSA-2016-003-network-2016-05", [], 0, None),
    ("MSA-2016-003-network-2016-06", ["availability"], 19000, (9500, 9500)),
    ("MSA-2016-003-network-2016-07", [], 0, None),
    ("MSA-2019-014-power-2019-03", [], 0, None),
    (
        "MSA-2019-014-power-2019-06",
        ["power", "access", "root-cause-report"],
        120000,
        (107500, 12500),
    ),
    ("MSA-2019-014-power-2019-07", [], 0, None),
    ("SUB-2023-071-uptime-2023-Q3", ["uptime"], 25200, None),
    ("CF-2026-002-internet-2026-04", [], 0, None),
    ("CF-2026-002-internet-2026-05", ["availability"], 24750, None),
    ("CF-2026-002-internet-2026-06", ["availability", "packet-delivery"], 120000, None),
    ("CF-2026-002-internet-2026-07", [], 0, None),
    ("HMS-2026-009-support-2026-04", [], 0, None),
    ("HMS-2026-009-support-2026-05", ["response", "service-report"], 45000, None),
    ("HMS-2026-009-support-2026-06", ["response"], 60000, None),
    ("HMS-2026-009-support-2026-07", [], 0, None),
]


def test_every_statement_comes_to_its_figures(told_statements: dict[str, DemoStatement]) -> None:
    found = []
    for name, statement in told_statements.items():
        result = statement.result
        missed = [one.target for one in result.measured if one.verdict is Verdict.MISSED]
        settled = result.agreed and result.contested and (result.agreed.minor, result.contested.minor)
        money = result.credits.money
        found.append((name, missed, money.minor if money else None, settled if any(settled or ()) else None))
    assert found == FIGURES


def test_every_time_account_sums_to_its_period(told_statements: dict[str, DemoStatement]) -> None:
    ledgers = [one.ledger for s in told_statements.values() for one in s.result.measured if one.ledger]
    assert len(ledgers) == 20
    assert [ledger for ledger in ledgers if sum(us for _, us in ledger.classes) != ledger.total_us] == []


def test_the_night_of_2_june_2016_by_each_clock(told_statements: dict[str, DemoStatement]) -> None:
    readings = told_statements["MSA-2016-003-network-2016-06"].readings
    figures = [
        (
            reading.result.measured[0].counted_us / 60_000_000,
            reading.result.measured[0].verdict,
            reading.result.credits.money.minor if reading.result.credits.money else None,
        )
        for reading in readings
    ]
    assert figures == [
        (73, Verdict.MISSED, 19000),
        (47, Verdict.MISSED, 9500),
        (0, Verdict.MET, 0),
    ]
    (excluded,) = [ledger for ledger in (readings[2].result.measured[0].ledger,) if ledger]
    assert excluded.us(TimeClass.EXCLUDED) == 73 * 60_000_000


def test_work_announced_late_counts_and_in_time_does_not(told_statements: dict[str, DemoStatement]) -> None:
    minutes = {}
    for period in ("2016-04", "2016-05"):
        ledger = told_statements[f"MSA-2016-003-network-{period}"].result.measured[0].ledger
        assert ledger is not None
        minutes[period] = (
            ledger.us(TimeClass.DOWN) // 60_000_000,
            ledger.us(TimeClass.EXCLUDED) // 60_000_000,
        )
    assert minutes == {"2016-04": (50, 0), "2016-05": (0, 42)}


def test_a_statement_is_told_with_what_is_made_up(told_statements: dict[str, DemoStatement]) -> None:
    text = told(told_statements["MSA-2019-014-power-2019-06"])
    assert "Illustrative: No time of that day is public" in text
    assert all(statement.illustrative.strip() for statement in told_statements.values())


def test_statements_are_written_as_text_and_as_json(
    told_statements: dict[str, DemoStatement], tmp_path: Path
) -> None:
    write_statements(list(told_statements.values()), folder=tmp_path)
    assert len(list(tmp_path.glob("*.txt"))) == len(list(tmp_path.glob("*.json"))) == len(FIGURES)
    written = json.loads((tmp_path / "MSA-2016-003-network-2016-06.json").read_text())
    assert written["credits"]["totals"][0]["due"] == {"currency": "USD", "minor": 19000}
    told_text = (tmp_path / "MSA-2016-003-network-2016-06.txt").read_text()
    assert told_text == told(told_statements["MSA-2016-003-network-2016-06"])


def test_the_readme_prints_what_the_demo_prints(told_statements: dict[str, DemoStatement]) -> None:
    printed = overview_text(list(told_statements.values())) + readings_text(
        told_statements["MSA-2016-003-network-2016-06"].readings
    )
    blocks = printed_by("demo")
    assert blocks
    assert [block for block in blocks if block not in printed] == []


def test_a_second_loading_changes_nothing(loaded: list[DemoLoaded], db: None) -> None:
    assert all(part.changed for part in loaded)
    before = rows()
    again = load_demo(by=system_user())
    assert [part.reference for part in again if part.changed] == []
    assert rows() == before


def test_demo_rows_are_labelled(loaded: list[DemoLoaded], db: None) -> None:
    for model in (Vendor, LegalEntity, BusinessCalendar):
        assert model.objects.exists()
        assert not model.objects.filter(is_demo=False).exists()


def test_one_schedule_is_left_to_be_signed_off(loaded: list[DemoLoaded], db: None) -> None:
    drafts = AgreementVersion.objects.filter(signed_off_by="")
    assert [version.agreement.contract.reference for version in drafts] == ["HMS-2026-009"]


def test_removing_the_demo_leaves_no_row_of_it(loaded: list[DemoLoaded], db: None) -> None:
    removed = remove_demo(by=system_user(), reason="Seen enough")
    assert removed.total() > 500
    # Notes that a fact of any contract changed name no row of the demo.
    assert {label for label, count in rows().items() if count} <= {"vendors.FactChange"}


@pytest.mark.parametrize("part", PORTFOLIO, ids=lambda part: part.file)
def test_each_document_names_its_source_and_has_no_remarks(part: DemoContract) -> None:
    document = part.read()
    assert document.source.strip()
    assert document.illustrative.strip()
    assert remarks(document) == []


def test_the_status_history_keeps_facts_and_no_texts() -> None:
    history = json.loads((FOLDER / "github-status-2023-q3.json").read_text())
    assert len(history["incidents"]) == 17
    assert [u for i in history["incidents"] for u in i["incident_updates"] if "body" in u] == []


def test_every_file_of_the_demo_is_in_the_list_of_sources() -> None:
    sources = (FOLDER / "SOURCES.md").read_text()
    files = [path.name for path in FOLDER.iterdir() if path.name != "SOURCES.md"]
    assert [name for name in files if f"`{name}`" not in sources] == []


def test_on_file_and_as_documents_the_figures_are_the_same(told_statements: dict[str, DemoStatement]) -> None:
    for part in PORTFOLIO:
        if part.feed:
            continue  # what happened lies in the feed, not in the document
        document = part.read()
        for label in part.periods:
            (alone,) = results_of(document, period_label=label, known_until=part.as_of)
            on_file = told_statements[f"{alone.contract}-{alone.schedule}-{label}"].result
            assert [(m.target, m.value, m.verdict) for m in alone.measured] == [
                (m.target, m.value, m.verdict) for m in on_file.measured
            ]
            assert (alone.agreed, alone.contested) == (on_file.agreed, on_file.contested)
            assert alone.credits.money == on_file.credits.money
