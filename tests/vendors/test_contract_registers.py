"""Registers of contracts as tables and as OCDS: what they say, kept apart from what they may mean."""

import contextlib
import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from tests.vendors.registers import NOW, outcomes, told, workbook
from tests.vendors.rows import a_vendor, an_entity, person
from vendors.files.errors import FileError
from vendors.models import Contract, Vendor
from vendors.registers.alike import alike_vendors
from vendors.registers.contract_table import read_contracts
from vendors.registers.ocds import read_ocds
from vendors.services import save_record
from vendors.services.registers import RegisterReport
from vendors.services.registers.contracts import Usual, import_contracts

HEAD = "Doc Number,Entity Name,Vendor,Title,Amount,Begin Date,End Date"
USUAL = {"currency": "USD"}
WORDS = "words, where a day such as 2019-06-25 is expected"


def table(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *rows, "")).encode()


def test_a_row_is_a_contract_with_the_day_after_its_last() -> None:
    (contract,) = read_contracts(
        table('C-1,Acme,Oracle,Licences,"$4,867.50",11/15/2019,"July 25, 2022"')
    ).contracts
    assert (contract.number, contract.vendor, contract.title) == ("C-1", "Oracle", "Licences")
    assert (contract.amount, contract.first_day, contract.until) == (
        Decimal("4867.50"),
        date(2019, 11, 15),
        date(2022, 7, 26),
    )
    assert (contract.where, contract.notes) == ("row 2", ())


def test_an_end_far_away_is_no_end_and_is_noted() -> None:
    (contract,) = read_contracts(table("C-1,,Oracle,,,5/15/15,12/31/2099")).contracts
    assert (contract.first_day, contract.until, contract.evergreen) == (date(2015, 5, 15), None, True)
    assert contract.notes == ("it ends in 2099 or later, which is read as no end",)


def test_headings_again_blank_lines_and_instructions_are_no_contracts() -> None:
    content = table(
        "Must be full,Spelled out,Spelled out,,Two decimals,Month/Day/Year,Month/Day/Year",
        "C-1,,Oracle,,$999.99 ,6/24/15,6/23/20",
        ",,,,,,",
        HEAD,
        "C-2,,Oracle,,999.99,N/A,N/A",
    )
    register = read_contracts(content)
    assert [(each.number, each.amount, each.first_day) for each in register.contracts] == [
        ("C-1", Decimal("999.99"), date(2015, 6, 24)),
        ("C-2", Decimal("999.99"), None),
    ]
    assert told(register.problems) == [("row 2, column Begin Date", f"{WORDS} (found 'Month/Day/Year').")]


def test_words_where_a_day_belongs_are_told_with_sheet_row_and_column() -> None:
    rows = [
        ("Doc Number", "Vendor", "Begin Date"),
        ("C-1", "Oracle", "soon"),
        ("C-2", "Oracle", "2024-01-15"),
    ]
    several = read_contracts(workbook({"Log": rows, "Notes": [("nothing",)]}))
    assert [each.number for each in several.contracts] == ["C-2"]
    assert [each.where for each in several.contracts] == ["sheet Log, row 3"]
    assert told(several.problems) == [("sheet Log, row 2, column Begin Date", f"{WORDS} (found 'soon').")]
    one = read_contracts(workbook({"Log": rows}))
    assert told(one.problems) == [("row 2, column Begin Date", f"{WORDS} (found 'soon').")]


def test_rows_of_one_number_are_one_contract_and_contradictions_are_told() -> None:
    register = read_contracts(
        table(
            "C-1,,Oracle,Server,10.50,6/24/15,6/23/20",
            "C-1,,Oracle,Support,20.50,N/A,6/23/20",
            "C-1,,Orakel,Support,20.50,6/24/15,6/24/20",
            "C-2,,Oracle,,,6/24/15,6/23/14",
        )
    )
    (contract,) = register.contracts
    assert (contract.title, contract.amount, contract.notes) == (
        "",
        None,
        ("its rows state 2 amounts; none is taken",),
    )
    assert told(register.problems) == [
        ("row 5, column End Date", "the contract ends before it begins (2015-06-24) (found '6/23/14')."),
        ("row 4, column Vendor", "contract C-1 has Orakel here, and Oracle before; the first holds."),
        (
            "row 4, column End Date",
            "contract C-1 has 2020-06-25 here, and 2020-06-24 before; the first holds.",
        ),
    ]


def test_numbers_that_differ_in_signs_alone_are_kept_apart_and_noted() -> None:
    register = read_contracts(table("K12-085,,A,,,6/24/15,", "k 12-085,,A,,,6/24/15,"))
    assert [(each.number, each.notes) for each in register.contracts] == [
        ("K12-085", ("may be the same as 'k 12-085'; they are kept apart",)),
        ("k 12-085", ("may be the same as 'K12-085'; they are kept apart",)),
    ]


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (
            ("DPAA", "DEFENSE POW-MIA ACCOUNTING AGENCY (DPAA)", "Dell"),
            (("DEFENSE POW-MIA ACCOUNTING AGENCY (DPAA)", "DPAA"),),
        ),
        (
            ("MICROSOFT CORPORATION", "MICROSOFT NEBRASKA GCC", "Micros"),
            (("MICROSOFT CORPORATION", "MICROSOFT NEBRASKA GCC"),),
        ),
        (("Acme, Inc.", "ACME LLC", "A.C.M.E."), (("A.C.M.E.", "ACME LLC", "Acme, Inc."),)),
        (("Oracle", "Windstream"), ()),
        (("The Co", "Co"), ()),
        (("ABC North", "ABC"), ()),
    ],
)
def test_names_that_may_be_one_company_are_proposed(
    names: tuple[str, ...], alike: tuple[tuple[str, ...], ...]
) -> None:
    assert alike_vendors(names) == alike


def ocds(**release: Any) -> dict[str, Any]:
    return {
        "ocid": "ocds-1",
        "date": "2024-01-01T00:00:00Z",
        "buyer": {"name": "Acme Payments Inc."},
        "parties": [{"name": "Northrack Ltd", "roles": ["supplier"]}, {"name": "Acme", "roles": ["buyer"]}],
        "awards": [{"id": "a-1", "suppliers": [{"name": "Northrack Ltd"}], "title": "Award"}],
        "contracts": [
            {
                "id": "C-1",
                "awardID": "a-1",
                "title": "Cage",
                "status": "active",
                "period": {"startDate": "2024-01-01T00:00:00Z", "endDate": "2026-12-31T23:59:00Z"},
                "value": {"amount": 1200.5, "currency": "USD"},
                "dateSigned": "2023-11-14T00:00:00Z",
            }
        ],
        **release,
    }


def amended(**contract: Any) -> dict[str, Any]:
    return ocds(date="2025-01-01T00:00:00Z", awards=[], contracts=[{"id": "C-1", **contract}])


@pytest.mark.parametrize(
    "document",
    [
        {"releases": [ocds()]},
        {"records": [{"ocid": "ocds-1", "releases": [ocds()]}]},
        {"records": [{"ocid": "ocds-1", "releases": [{"url": "x"}], "compiledRelease": ocds()}]},
        {"ocid": "ocds-1", "compiledRelease": ocds(), "versionedRelease": {}},
        ocds(),
    ],
)
def test_every_shape_of_ocds_tells_the_same_contract(document: dict[str, Any]) -> None:
    (contract,) = read_ocds(json.dumps(document).encode()).contracts
    assert (contract.number, contract.vendor, contract.entity) == (
        "C-1",
        "Northrack Ltd",
        "Acme Payments Inc.",
    )
    assert (contract.first_day, contract.until) == (date(2024, 1, 1), date(2027, 1, 1))
    assert (contract.amount, contract.currency, contract.signed_on) == (
        Decimal("1200.5"),
        "USD",
        date(2023, 11, 14),
    )


def test_later_releases_go_over_earlier_ones_field_by_field() -> None:
    later = amended(
        value={"amount": 1500, "currency": "USD"},
        amendments=[{"date": "2025-01-01T00:00:00Z", "rationale": "a second cage"}],
    )
    (contract,) = read_ocds(json.dumps({"releases": [later, ocds()]}).encode()).contracts
    assert (contract.amount, contract.title, contract.vendor) == (Decimal(1500), "Cage", "Northrack Ltd")
    assert contract.notes == ("amended 2025-01-01: a second cage",)


def test_what_cannot_be_used_of_ocds_is_told_with_its_place() -> None:
    contracts = [
        {"id": ""},
        {"id": "C-2", "status": "cancelled"},
        {"id": "C-3", "period": {"startDate": "soon"}},
        {"id": "C-4", "value": {"amount": "many"}},
        "C-5",
    ]
    document = {"releases": [ocds(contracts=contracts), ocds(ocid="ocds-2", contracts={})]}
    register = read_ocds(json.dumps(document).encode())
    assert register.contracts == ()
    assert told(register.problems) == [
        ("releases[0].contracts[4]", "it is text, not an object in braces."),
        ("releases[0], contract ''", "it has no id."),
        ("releases[0], contract 'C-2'", "it was cancelled."),
        ("releases[0], contract 'C-3'", "its startDate is 'soon', not a day such as 2019-06-25."),
        ("releases[0], contract 'C-4'", "its amount is 'many', not a number."),
        ("releases[1].contracts", "it is an object, not a list."),
    ]


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"a": 1}', b"no", b"[" * 100_000, b'{"records": 5}'])
def test_a_file_that_is_no_ocds_gives_no_contract(content: bytes) -> None:
    with contextlib.suppress(FileError):
        assert read_ocds(content).contracts == ()


def brought(content: bytes, form: str = "csv", **usual: Any) -> RegisterReport:
    options = {name: usual.pop(name) for name in ("dry_run", "register", "columns") if name in usual}
    return import_contracts(
        content, form=form, by=person(), at=NOW, usual=Usual(**{**USUAL, **usual}), **options
    )


REGISTER = table(
    'C-1,Acme,Oracle Inc,Licences,"$4,867.50",11/15/2019,12/31/2099',
    "k 12/294,Acme,ORACLE,Support,,11/15/2019,11/14/2024",
)


@pytest.mark.django_db
def test_a_register_is_stored_and_a_second_run_changes_nothing() -> None:
    an_entity()
    report = brought(REGISTER)
    assert (outcomes(report), report.problems) == ({"created": 4}, ())
    assert report.alike == (("ORACLE", "Oracle Inc"),)
    first, second = Contract.objects.order_by("reference")
    assert (first.reference, first.name, first.renewal, first.effective_until) == (
        "C-1",
        "Licences",
        "evergreen",
        None,
    )
    assert first.notes == "Amount of all of it by the register: USD 4,867.50"
    assert (second.reference, second.effective_until) == ("k-12-294", date(2024, 11, 15))
    assert [line.notes for line in report.lines if line.key == "k 12/294"] == [
        ("number 'k 12/294' is kept as k-12-294",)
    ]
    assert sorted(Vendor.objects.values_list("slug", "name")) == [
        ("oracle", "ORACLE"),
        ("oracle-inc", "Oracle Inc"),
    ]
    assert outcomes(brought(REGISTER)) == {"unchanged": 2}
    assert (Contract.objects.count(), Vendor.objects.count()) == (2, 2)


@pytest.mark.django_db
def test_names_are_one_vendor_only_where_a_person_says_so_and_it_is_remembered() -> None:
    an_entity()
    report = brought(REGISTER, same={"ORACLE": "Oracle Inc"})
    assert report.alike == ()
    vendor = Vendor.objects.get()
    vendor.name = "Oracle"
    save_record(vendor, by=person(), reason="shorter")
    assert outcomes(brought(REGISTER)) == {"unchanged": 2}
    assert {contract.vendor for contract in Contract.objects.all()} == {vendor}


@pytest.mark.django_db
def test_a_vendor_on_file_is_known_by_its_names_and_proposed_by_what_is_alike() -> None:
    an_entity()
    a_vendor("oracle", name="Oracle", legal_name="Oracle Inc")
    report = brought(REGISTER)
    assert Vendor.objects.count() == 1
    assert report.alike == ()
    report = brought(table("C-9,,Oracle America,,,11/15/2019,"), register="other")
    assert report.alike == (("Oracle", "Oracle America"),)


@pytest.mark.django_db
def test_what_a_person_corrected_stays() -> None:
    an_entity()
    brought(REGISTER)
    contract = Contract.objects.get(reference="k-12-294")
    contract.name = "Support and updates"
    save_record(contract, by=person(), reason="as signed")
    longer = REGISTER.replace(b"Support", b"Support 24x7").replace(b"11/14/2024", b"11/14/2025")
    report = brought(longer)
    assert outcomes(report) == {"unchanged": 1, "conflicting": 1}
    assert "name stays Support and updates; the register says Support 24x7" in report.lines[1].notes
    contract.refresh_from_db()
    assert (contract.name, contract.effective_until) == ("Support and updates", date(2025, 11, 15))


@pytest.mark.django_db
def test_an_evergreen_contract_that_the_register_ends_is_ended() -> None:
    an_entity()
    brought(REGISTER)
    assert outcomes(brought(REGISTER.replace(b"12/31/2099", b"12/31/2026"))) == {"unchanged": 1, "updated": 1}
    contract = Contract.objects.get(reference="C-1")
    assert (contract.renewal, contract.effective_until) == ("fixed", date(2027, 1, 1))


@pytest.mark.django_db
def test_a_contract_that_lacks_what_we_need_does_not_hold_up_the_others() -> None:
    an_entity()
    report = brought(
        table(
            "C-1,,,,,11/15/2019,",
            "C-2,,Oracle,,,N/A,",
            "k 1/1,,Oracle,,,11/15/2019,",
            "k 1-1,,Oracle,,,11/15/2019,",
            "C-3,,Oracle,,,11/15/2019,",
        ),
        currency="",
    )
    assert [message for _, message in told(report.problems)][:2] == [
        "it lacks a vendor and a currency.",
        "it lacks a first day and a currency.",
    ]
    report = brought(table("k 1/1,,Oracle,,,11/15/2019,", "k 1-1,,Oracle,,,11/15/2019,"))
    assert told(report.problems) == [
        ("row 3", "'k 1-1' and 'k 1/1' would both have the reference k-1-1. Tell them apart.")
    ]
    report = brought(table("k-1-1,,Other,,,11/15/2019,"))
    assert told(report.problems) == [
        (
            "row 2",
            "k-1-1 is a contract with Oracle; the register names Other. If they are one company, say so.",
        )
    ]


@pytest.mark.django_db
def test_which_company_signed_is_asked_where_there_are_several() -> None:
    an_entity()
    second = an_entity("acme-nl", name="Acme B.V.")
    report = brought(REGISTER)
    assert told(report.problems)[0] == (
        "row 2",
        "which of our companies signed is not known. State one for all.",
    )
    report = brought(REGISTER.replace(b",Acme,", b",Acme B.V.,"))
    assert {contract.entity for contract in Contract.objects.all()} == {second}


@pytest.mark.django_db
def test_a_dry_run_keeps_nothing() -> None:
    an_entity()
    report = brought(json.dumps({"releases": [ocds()]}).encode(), "ocds", dry_run=True)
    assert (outcomes(report), report.dry_run) == ({"created": 2}, True)
    assert (Contract.objects.count(), Vendor.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValidationError, match="neither releases nor records"):
        brought(b"{}", "ocds")


@pytest.mark.django_db
def test_the_command_prints_what_became_of_each_contract(tmp_path: Path) -> None:
    an_entity()
    path = tmp_path / "register.csv"
    path.write_bytes(REGISTER)
    out = StringIO()
    call_command("import_contracts", str(path), "--currency", "USD", "--entity", "acme-us", stdout=out)
    assert "ORACLE = Oracle Inc" in out.getvalue()
    assert Contract.objects.count() == 2


@pytest.mark.django_db
def test_no_vendor_is_stored_for_contracts_that_cannot_be() -> None:
    report = brought(REGISTER)
    assert [message for _, message in told(report.problems)] == [
        "which of our companies signed is not known. State one for all.",
        "which of our companies signed is not known. State one for all.",
    ]
    assert (outcomes(report), report.stores, Vendor.objects.count()) == ({}, False, 0)


@pytest.mark.django_db
def test_names_are_proposed_once_and_where_a_contract_on_file_says_that_they_may_be_one() -> None:
    an_entity()
    brought(REGISTER)
    assert brought(REGISTER).alike == ()
    other = table("C-1,Acme,Sun Microsystems,Licences,,11/15/2019,12/31/2099")
    report = brought(other)
    assert (report.alike, report.stores) == ((("Sun Microsystems", "Oracle Inc"),), False)
    report = brought(other, same={"Sun Microsystems": "Oracle Inc"})
    assert (report.problems, report.alike) == ((), ())


@pytest.mark.django_db
def test_a_name_that_is_said_to_be_another_and_cannot_be_is_noted() -> None:
    an_entity()
    brought(REGISTER)
    report = brought(REGISTER, same={"ORACLE": "Oracle Inc", "Orakel": "Oracle Inc"})
    assert report.notes[1:-1] == (
        "'ORACLE' is ORACLE on file already, and is not taken for 'Oracle Inc'.",
        "No sound contract of the file names 'Orakel', which is to be 'Oracle Inc'.",
    )


@pytest.mark.django_db
def test_names_that_stand_for_each_other_are_refused_and_a_chain_is_followed() -> None:
    an_entity()
    with pytest.raises(ValidationError, match=r"stand for each other\. Leave out one of them\."):
        brought(REGISTER, same={"ORACLE": "Oracle Inc", "Oracle Inc": "ORACLE"})
    assert Vendor.objects.count() == 0
    brought(REGISTER, same={"ORACLE": "Oracle Inc", "Oracle Inc": "Oracle"})
    assert [vendor.name for vendor in Vendor.objects.all()] == ["Oracle"]


@pytest.mark.django_db
def test_what_changes_is_told_field_by_field() -> None:
    an_entity()
    assert [str(change) for change in brought(REGISTER).lines[-1].changes] == [
        "name: Support",
        "currency: USD",
        "effective from: 2019-11-15",
        "effective until: 2024-11-15",
    ]
    report = brought(REGISTER.replace(b"Support", b"Support 24x7"))
    (line,) = [line for line in report.lines if line.outcome == "updated"]
    assert [str(change) for change in line.changes] == ["name: Support -> Support 24x7"]
