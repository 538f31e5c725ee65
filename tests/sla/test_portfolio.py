"""A whole portfolio from one workbook: all or nothing, again and again, never over a person's correction."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError

from sla.models import ServiceLevelAgreement
from sla.services.portfolio import empty_portfolio, import_portfolio, portfolio_sheets
from tests.vendors.registers import CONTRACTS, FEES, NOW, SERVICES, VENDORS, outcomes, small, told
from tests.vendors.rows import person
from vendors.models import (
    Charge,
    Contract,
    FactChange,
    LegalEntity,
    RegisterRecord,
    Service,
    ServiceAlias,
    Vendor,
    midnight,
)
from vendors.services import remove_record, save_record
from vendors.services.registers import RegisterReport

pytestmark = pytest.mark.django_db
MODELS = (LegalEntity, Vendor, Contract, Service, ServiceAlias, Charge, RegisterRecord, FactChange)


def brought(content: bytes, **options: Any) -> RegisterReport:
    return import_portfolio(content, by=person(), at=NOW, **options)


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


def test_a_portfolio_is_stored_with_its_history_and_a_second_run_changes_nothing() -> None:
    first = brought(small())
    assert (first.problems, first.kept, outcomes(first)) == ((), True, {"created": 5})
    charge = Charge.objects.select_related("contract__vendor", "service").get()
    assert charge.natural_key() == ("NR-1", "cage-7", "cage", "recurring", date(2024, 1, 1), "")
    assert (charge.amount_minor, charge.every, charge.contract.zone) == (
        200_000,
        "month",
        "America/Los_Angeles",
    )
    history = charge.history.get()
    assert (history.history_user, history.history_change_reason, history.history_type) == (
        person(),
        "Imported from the register portfolio",
        "+",
    )
    before = counts()
    assert outcomes(brought(small())) == {"unchanged": 5}
    assert counts() == before


def test_new_fees_make_the_drafts_of_their_contract_stale_from_their_first_day() -> None:
    brought(small(fees=[FEES[0]]))
    brought(small(fees=[*FEES, ("NR-1", "", "remote-hands", "100")]))
    change = FactChange.objects.order_by("pk").last()
    assert (change.contract.reference, change.subject) == ("NR-1", "Fees added: 2")
    assert change.during_from == midnight(date(2024, 1, 1), zone="America/Los_Angeles")


def test_a_dry_run_tells_the_same_and_keeps_nothing() -> None:
    report = brought(small(), dry_run=True)
    assert (outcomes(report), report.kept, report.dry_run) == ({"created": 5}, False, True)
    assert sum(counts()) == 0


def test_one_fault_stops_all_of_it_and_all_faults_are_told() -> None:
    report = brought(
        small(
            vendors=[(*VENDORS[0], "owner"), (*VENDORS[1], "nobody")],
            services=[*SERVICES, ("NR-9", "x", "X")],
            fees=[*FEES, ("NR-1", "cage-8", "cage", "1.005"), ("NR-1", "", "a b", "-5")],
        )
    )
    assert told(report.problems) == [
        ("sheet vendors, row 2, column owner", "nobody has the login 'nobody'. Add the user first."),
        (
            "sheet services, row 3, column contract",
            "no contract has the reference 'NR-9'. Add it to the sheet contracts, or correct it.",
        ),
    ]
    assert report.kept is False
    assert sum(counts()) == 0


def test_faults_of_fees_are_told_by_their_columns() -> None:
    fees = [("contract", "service", "code", "amount", "every"), ("NR-1", "cage-8", "cage", "1.50", "")]
    fees += [("NR-1", "", "tax", "1.005", ""), ("NR-1", "", "back", "-5", ""), ("NR-1", "", "a b", "5", "")]
    fees += [("NR-1", "cage-7", "odd", "5", "once")]
    assert told(brought(small(fees=fees)).problems) == [
        (
            "sheet fees, row 2, column service",
            "NR-1 has no service 'cage-8'. Add it to the sheet services, or correct it.",
        ),
        (
            "sheet fees, row 3, column amount",
            "1.005 has more decimals than USD knows (2). Round it as the invoice does.",
        ),
        (
            "sheet fees, row 4, column amount",
            "-5 is below zero. Write it without a sign; a discount has kind discount.",
        ),
        (
            "sheet fees, row 5, column code",
            "Use letters, digits, dots, hyphens and underscores only, and begin with a letter or a digit.",
        ),
        (
            "sheet fees, row 6",
            "A one-time fee is due once; a recurring or usage-based fee every month, quarter or year.",
        ),
    ]
    assert sum(counts()) == 0


def test_what_a_person_corrected_stays_until_both_agree() -> None:
    brought(small())
    charge = Charge.objects.get()
    charge.amount_minor = 190_000
    save_record(charge, by=person("ann"), reason="as agreed in writing")
    dearer = small(fees=[FEES[0], ("NR-1", "cage-7", "cage", "2100.00")])
    for _ in range(2):
        report = brought(dearer)
        assert outcomes(report) == {"unchanged": 4, "conflicting": 1}
        assert report.to_look_at[0].notes == ("amount stays USD 1,900.00; the register says USD 2,100.00",)
    assert Charge.objects.get().amount_minor == 190_000
    agreed = small(fees=[FEES[0], ("NR-1", "cage-7", "cage", "1900.00")])
    assert outcomes(brought(agreed)) == {"unchanged": 5}
    assert outcomes(brought(dearer)) == {"unchanged": 4, "updated": 1}
    assert Charge.objects.get().amount_minor == 210_000


def test_what_was_entered_by_hand_before_is_only_completed() -> None:
    save_record(Vendor(slug="northrack", name="North Rack Ltd"), by=person(), reason="by hand")
    vendors = [("slug", "name", "legal name"), ("northrack", "Northrack", "Northrack Limited")]
    report = brought(small(vendors=vendors))
    assert report.to_look_at[0].notes == ("name stays North Rack Ltd; the register says Northrack",)
    vendor = Vendor.objects.get()
    assert (vendor.name, vendor.legal_name) == ("North Rack Ltd", "Northrack Limited")


def test_a_fee_or_name_that_a_person_removed_is_not_brought_back() -> None:
    services = [("contract", "code", "names in feeds"), ("NR-1", "cage-7", "SEA1; Seattle Power")]
    brought(small(services=services))
    remove_record(ServiceAlias.objects.get(name="SEA1"), by=person(), reason="another site")
    remove_record(Charge.objects.get(), by=person(), reason="never agreed")
    report = brought(small(services=services))
    assert outcomes(report) == {"unchanged": 5, "conflicting": 2}
    assert [line.key for line in report.to_look_at] == ["NR-1/cage-7/SEA1", "NR-1/cage-7/cage/2024-01-01"]
    assert (ServiceAlias.objects.count(), Charge.objects.count()) == (1, 0)


def test_rows_that_the_workbook_no_longer_has_are_listed_and_stay() -> None:
    brought(small())
    report = brought(small(fees=[FEES[0], ("NR-1", "", "support", "50")]))
    assert report.absent == (("fees", "NR-1/cage-7/cage/2024-01-01"),)
    assert Charge.objects.count() == 2


def test_a_contract_may_stand_above_its_parent_in_the_sheet() -> None:
    head, row = CONTRACTS[0], CONTRACTS[1]
    rows = [(*head, "parent"), ("NR-1-A", *row[1:], "NR-1"), (*row, "")]
    report = brought(small(contracts=rows))
    assert report.problems == ()
    assert Contract.objects.get(reference="NR-1-A").parent.reference == "NR-1"
    rows = [(*head, "parent"), (*row, "NR-2"), ("NR-2", *row[1:], "NR-1")]
    assert [message for _, message in told(brought(small(contracts=rows), register="other").problems)][
        :1
    ] == ["the contracts stand under each other in a circle."]


def test_cost_shares_are_kept_with_the_fee_and_never_over_a_person() -> None:
    fees = [(*FEES[0], "cost shares"), (*FEES[1], "IT 60; Sales 40")]
    brought(small(fees=fees))
    charge = Charge.objects.get()
    assert {share.cost_centre: share.percent for share in charge.cost_shares.all()} == {"IT": 60, "Sales": 40}
    assert outcomes(brought(small(fees=fees))) == {"unchanged": 5}
    fees[1] = (*FEES[1], "IT 50; Sales 50")
    assert outcomes(brought(small(fees=fees))) == {"unchanged": 4, "updated": 1}
    share = charge.cost_shares.get(cost_centre="Sales")
    share.cost_centre = "Marketing"
    save_record(share, by=person(), reason="renamed")
    fees[1] = (*FEES[1], "IT 70; Sales 30")
    report = brought(small(fees=fees))
    assert report.to_look_at[0].notes == (
        "cost shares stay IT 50; Marketing 50; the register says IT 70; Sales 30",
    )


TERMS = [("contract", "template", "service", "cross connect fee"), ("NR-1", "colocation", "cage-7", "325")]


def test_terms_begin_from_a_template_as_in_the_admin() -> None:
    report = brought(small(terms=TERMS))
    assert report.problems == ()
    schedule = ServiceLevelAgreement.objects.get()
    version = schedule.versions.get()
    assert (str(schedule), version.template, version.is_draft) == ("NR-1/colocation", "colocation", True)
    assert version.blanks["fee"] == "2000.00"
    assert [target.code for target in version.targets.order_by("position")] == [
        "power",
        "temperature",
        "cross-connect",
    ]
    assert [service.code for service in Service.objects.order_by("code")] == ["cage-7", "cross-connect"]
    assert outcomes(brought(small(terms=TERMS))) == {"unchanged": 6}


def test_other_blanks_for_terms_on_file_are_told_and_change_nothing() -> None:
    brought(small(terms=TERMS))
    report = brought(small(terms=[TERMS[0], (*TERMS[1][:3], "400")]))
    assert report.to_look_at[0].notes == (
        "cross connect fee was 325, the workbook says 400; change the terms in Recourse, as a new version",
    )
    assert ServiceLevelAgreement.objects.get().versions.count() == 1


def test_blanks_that_a_template_asks_and_a_row_lacks_stop_the_import() -> None:
    report = brought(small(terms=[TERMS[0], (*TERMS[1][:3], "")]))
    assert told(report.problems) == [
        ("sheet terms, row 2, column cross connect fee", "Monthly fee of a cross-connect: fill it in.")
    ]
    assert sum(counts()) == 0


def test_the_example_workbook_can_be_imported() -> None:
    report = brought(empty_portfolio(examples=True))
    assert (report.problems, report.counts()["SLA schedules"].total()) == ((), 2)


def test_a_thousand_fees_take_few_statements(django_assert_max_num_queries: Any) -> None:
    fees = [FEES[0], *(("NR-1", "cage-7", f"fee-{number}", "12.50") for number in range(1000))]
    with django_assert_max_num_queries(250):
        assert outcomes(brought(small(fees=fees))) == {"created": 1004}
    with django_assert_max_num_queries(60):
        assert outcomes(brought(small(fees=fees))) == {"unchanged": 1004}


def test_a_file_that_is_no_workbook_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"no \.xlsx workbook of a portfolio"):
        brought(b"a,b")


def test_the_commands_write_and_read_the_workbook(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.xlsx"
    out = StringIO()
    call_command("portfolio_workbook", str(path), "--examples", stdout=out)
    call_command("import_portfolio", str(path), "--dry-run", stdout=out)
    assert "portfolio.xlsx: dry run, nothing is kept" in out.getvalue()
    assert sum(counts()) == 0
    path.write_bytes(small(fees=[FEES[0], ("NR-2", "", "cage", "5")]))
    with pytest.raises(CommandError, match="was not imported, nothing was changed") as refused:
        call_command("import_portfolio", str(path), stdout=out)
    assert refused.value.returncode == 2
    assert "  sheet fees, row 2, column contract: no contract has the reference 'NR-2'." in out.getvalue()


def test_the_reference_lists_every_sheet_and_column() -> None:
    from sla.services.portfolio import reference_tables

    text = (Path(__file__).parents[2] / "sla" / "PORTFOLIO.md").read_text()
    assert [table for table in reference_tables() if table not in text] == []
    assert [line[3:].strip("`") for line in text.splitlines() if line.startswith("## `")] == [
        sheet.name for sheet in portfolio_sheets()
    ]
