"""Loading a document: all of it or nothing, never a deletion, and every fault at its place."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from incidents.models import Incident, Outage
from sla.documents import Document, read_document
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services import LoadReport, export_document, load_document
from tests.builders import a_contract, person
from vendors.models import Charge, Contract, FactChange, LegalEntity, Service, Vendor
from vendors.services import Saved

LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)

DOCUMENT = """
[vendor]
slug = "northrack"
name = "Northrack"

[contract]
reference = "NR-2018"
name = "Colocation"
currency = "USD"
zone = "America/Los_Angeles"
effective_from = 2018-01-01

[[calendars]]
code = "office"
weekly = ["mon-fri 08:00-17:00"]
closed = [{ on = 2019-07-04, name = "Independence Day" }]

[[services]]
code = "power-a"
name = "Power feed A"

[[charges]]
code = "power"
service = "power-a"
amount = 2000

[[agreements]]
code = "power"
name = "Power"

[[agreements.versions]]
effective_from = 2019-01-01
source = "Order form of 3 December 2018"
signed_off_by = "maria"

[[agreements.versions.targets]]
code = "uptime"
name = "Power uptime"
level = 99.9
calendar = "office"
credit = { scheme = "tiered", tiers = [{ below = 99.9, credit = 10 }] }

[[incidents]]
reference = "INC-1"
outages = [{ service = "power-a", started_at = 2019-06-25T04:15:00, ended_at = 2019-06-25T05:28:00 }]
"""


def document(text: str = DOCUMENT) -> Document:
    return read_document(text.encode(), name="contract.toml")


def load(text: str = DOCUMENT) -> LoadReport:
    return load_document(document(text), by=person(), at=LOADED_AT)


def write(folder: Path, text: str = DOCUMENT) -> Path:
    path = folder / "contract.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run(*args: object) -> str:
    out = StringIO()
    call_command(*map(str, args), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_document_makes_everything_that_it_holds() -> None:
    report = load()
    assert report.changed
    assert {line.saved for line in report.lines} == {Saved.CREATED}
    contract = Contract.objects.get(reference="NR-2018")
    assert (contract.vendor.slug, contract.entity.code) == ("northrack", "our-company")
    outage = Outage.objects.get(service__code="power-a")
    assert outage.started_at == datetime(2019, 6, 25, 11, 15, tzinfo=UTC)
    assert (outage.confirmed_by, outage.confirmed_at) == (person(), LOADED_AT)


@pytest.mark.django_db
def test_a_second_loading_changes_nothing_and_notes_nothing() -> None:
    load()
    noted, history = FactChange.objects.count(), Contract.history.count()
    report = load()
    assert not report.changed
    assert {line.saved for line in report.lines} == {Saved.UNCHANGED}
    assert (FactChange.objects.count(), Contract.history.count()) == (noted, history)


@pytest.mark.django_db
def test_changed_terms_of_a_signed_off_version_are_refused_and_nothing_is_loaded() -> None:
    load()
    changed = DOCUMENT.replace("credit = 10", "credit = 20").replace("amount = 2000", "amount = 3000")
    with pytest.raises(ValidationError) as refused:
        load(changed)
    assert refused.value.messages == [
        "agreements[0].versions[0]: The terms from 2019-01-01 were signed off by maria and differ from"
        " the document. Add a version with its own first day for an amendment, or correct the entry on file."
    ]
    assert Charge.objects.get().amount_minor == 200_000


@pytest.mark.django_db
def test_terms_that_one_of_two_people_loads_as_signed_off_are_a_draft() -> None:
    for name in ("ana", "ben"):
        person(name, is_superuser=True)
    report = load_document(document(), by=person("ana"), at=LOADED_AT)
    assert AgreementVersion.objects.get().is_draft
    assert report.remarks == ("The terms from 2019-01-01 are a draft until two sign them off.",)
    again = load_document(document(), by=person("ana"), at=LOADED_AT)
    assert not again.changed


@pytest.mark.django_db
def test_changed_terms_of_a_draft_are_taken_over() -> None:
    draft = DOCUMENT.replace('signed_off_by = "maria"\n', "")
    load(draft)
    load(draft.replace("credit = 10", "credit = 20"))
    terms = AgreementVersion.objects.get().as_value()
    assert terms.targets[0].credit.params.tiers[0].credit == 20


@pytest.mark.django_db
def test_a_later_version_is_added() -> None:
    load()
    version = replace(
        document().agreements[0].versions[0],
        effective_from=date(2020, 1, 1),
        signed_off_by="",
        amendment="No. 1",
    )
    agreement = document().agreements[0]
    grown = replace(document(), agreements=(replace(agreement, versions=(*agreement.versions, version)),))
    load_document(grown, by=person(), at=LOADED_AT)
    assert [v.effective_from for v in AgreementVersion.objects.all()] == [date(2019, 1, 1), date(2020, 1, 1)]


@pytest.mark.django_db
def test_what_is_missing_from_the_document_is_listed_and_left_alone() -> None:
    load()
    start, end = DOCUMENT.index("[[incidents]]"), len(DOCUMENT)
    more = DOCUMENT[:start] + '[[services]]\ncode = "power-b"\n' + DOCUMENT[start:end]
    load(more)
    report = load()
    assert report.absent == (("services", "power-b power-b"),)
    assert Service.objects.filter(code="power-b").exists()


@pytest.mark.django_db
def test_what_a_document_leaves_out_stays_as_a_person_entered_it() -> None:
    load()
    Vendor.objects.get().full_clean()
    richer = DOCUMENT.replace('name = "Northrack"', 'name = "Northrack"\nlegal_name = "Northrack LLC"')
    load(richer)
    load()
    assert Vendor.objects.get().legal_name == "Northrack LLC"


@pytest.mark.django_db
def test_hours_of_a_calendar_are_replaced_as_one() -> None:
    load()
    load(DOCUMENT.replace("mon-fri 08:00-17:00", "mon-fri 09:00-17:00"))
    agreement = ServiceLevelAgreement.objects.get()
    (calendar,) = export_document(agreement.contract).calendars
    assert calendar.weekly[0] == "mon 09:00-17:00"
    assert len(calendar.weekly) == 5


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'name = "Northrack"',
            'name = "Northrack"\nowner = "nobody"',
            "vendor.owner: Nobody has the login 'nobody'",
        ),
        (
            'currency = "USD"',
            'currency = "USD"\nentity = "acme"',
            "contract.entity: No company of ours has the code",
        ),
        (
            'currency = "USD"',
            'currency = "USD"\nparent = "MSA"',
            "contract.parent: No contract has the reference 'MSA'",
        ),
        (
            'code = "power"\nservice',
            f'code = "{"p" * 61}"\nservice',
            "charges[0].code: Ensure this value has at most 60",
        ),
    ],
)
def test_a_fault_names_its_place_and_nothing_is_loaded(old: str, new: str, message: str) -> None:
    person()
    with pytest.raises(ValidationError) as refused:
        load(DOCUMENT.replace(old, new, 1))
    assert any(message in text for text in refused.value.messages), refused.value.messages
    for model in (Vendor, Contract, LegalEntity, Service, Incident, ServiceLevelAgreement, FactChange):
        assert not model.objects.exists()


@pytest.mark.django_db
def test_a_reference_of_another_vendor_is_not_taken_over() -> None:
    a_contract("NR-2018", name="Somebody else's")
    with pytest.raises(ValidationError, match=r"contract\.reference: NR-2018 is a contract with"):
        load(DOCUMENT.replace('slug = "northrack"', 'slug = "southrack"'))
    assert Contract.objects.get().name == "Somebody else's"


@pytest.mark.django_db
def test_the_command_loads_a_file_and_says_when_nothing_changed(tmp_path: Path) -> None:
    path = write(tmp_path)
    first, second = run("load_contract", path), run("load_contract", path)
    assert "NR-2018 is loaded." in first
    assert "NR-2018 was loaded before: nothing has changed." in second
    services = next(line for line in first.splitlines() if line.startswith("services"))
    assert services.split() == ["services", "1", "0", "0"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not a document", "contract.toml has 1 fault"),
        (DOCUMENT.replace("level = 99.9", "levle = 99.9"), "agreements[0].versions[0].targets[0].levle"),
        (
            DOCUMENT.replace('currency = "USD"', 'currency = "USD"\nparent = "MSA"'),
            "contract.parent: No contract has",
        ),
    ],
)
def test_the_command_refuses_bad_input_with_status_2_and_loads_nothing(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CommandError) as refused:
        run("load_contract", write(tmp_path, text))
    assert refused.value.returncode == 2
    assert message in str(refused.value)
    assert not Contract.objects.exists()


@pytest.mark.django_db
def test_the_command_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        CommandError, match=r"cannot be read: No such file or directory\. Check the path\."
    ) as refused:
        run("load_contract", tmp_path / "none.toml")
    assert refused.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["toml", "json"])
def test_an_exported_contract_loads_without_a_change(tmp_path: Path, form: str) -> None:
    run("load_contract", write(tmp_path))
    target = tmp_path / f"export.{form}"
    said = run("export_contract", "NR-2018", "--format", form, "--output", target)
    assert said == f"NR-2018 is written to {target}.\n"
    assert "nothing has changed" in run("load_contract", target)


@pytest.mark.django_db
def test_an_export_is_printed_where_no_file_is_named(tmp_path: Path) -> None:
    run("load_contract", write(tmp_path))
    plain: dict[str, Any] = json.loads(run("export_contract", "NR-2018", "--format", "json"))
    assert plain["contract"]["reference"] == "NR-2018"


@pytest.mark.django_db
def test_an_unknown_reference_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    run("load_contract", write(tmp_path))
    with pytest.raises(
        CommandError, match=r"No contract has the reference 'X'\. Known are: NR-2018"
    ) as refused:
        run("export_contract", "X")
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_an_export_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    run("load_contract", write(tmp_path))
    with pytest.raises(CommandError, match=r"cannot be written: Is a directory\. Choose another file\."):
        run("export_contract", "NR-2018", "--output", tmp_path)
