"""The evidence pack: complete, the same each time, checked by anybody with Python, and free of our words."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from sla.documents import inputs_of as inputs_in
from sla.documents import read_document
from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement, StatementRevision
from sla.reports.editions import Edition
from sla.reports.editions.redaction import computed
from sla.reports.evidence import calculator_text, pack_files
from sla.services.evidence import evidence_pack
from tests.builders import a_contract_with_power, a_schedule, an_incident, an_outage, at, person
from tests.sla.frozen import KNOWN, a_revision
from tests.sla.planting import MARK, planted

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))
DOWN = 4380  # seconds: 73 minutes
WHOLE = 30 * 86_400


@pytest.fixture
def agreement(db: None) -> ServiceLevelAgreement:
    """Return a schedule whose June 2019 has one outage of 73 minutes."""
    contract = a_contract_with_power()
    schedule = a_schedule(contract=contract)
    incident = an_incident("INC-1", vendor=contract.vendor, title="=HYPERLINK(1)")
    an_outage(incident, contract.services.get(), confirmed_at=at("2019-06-26 09:00"), confirmed_by=person())
    return schedule


@pytest.fixture
def revision(agreement: ServiceLevelAgreement) -> StatementRevision:
    """Return June as it was finalised, with a mark in every internal text."""
    return a_revision(
        agreement, inputs=planted(inputs_of(agreement, period_label="2019-06", known_until=KNOWN))
    )


def unpacked(data: bytes, *, into: Path) -> Path:
    ZipFile(BytesIO(data)).extractall(into)
    (folder,) = into.iterdir()
    return folder


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the verifier as a stranger would: isolated, with an empty environment, from another folder."""
    return subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py")],
        cwd=folder.parent,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode())))


def test_the_pack_holds_what_somebody_needs_who_does_not_believe_us(revision: StatementRevision) -> None:
    names = [name for name in pack_files(revision, edition=Edition.VENDOR) if not name.startswith("engine/")]
    assert names == [
        "README.txt",
        "account-classes.csv",
        "account.csv",
        "calculator.txt",
        "cases.csv",
        "clauses.txt",
        "incidents.csv",
        "inputs.json",
        "result.json",
        "statement.pdf",
        "verify.py",
        "SHA256SUMS",
    ]


def test_no_word_of_ours_is_anywhere_in_the_vendors_pack(revision: StatementRevision) -> None:
    theirs = pack_files(revision, edition=Edition.VENDOR)
    secrets = [MARK, "HYPERLINK", "pat.finance", "says the CFO", "we believe them"]
    found = [(name, word) for name, data in theirs.items() for word in secrets if word.encode() in data]
    assert found == []
    assert MARK.encode() in pack_files(revision, edition=Edition.INTERNAL)["inputs.json"]


def test_the_same_statement_gives_the_same_pack(revision: StatementRevision) -> None:
    assert evidence_pack(revision) == evidence_pack(revision, edition="vendor")


@pytest.mark.parametrize("edition", list(Edition))
def test_anybody_with_python_can_verify_it(
    revision: StatementRevision, edition: Edition, tmp_path: Path
) -> None:
    folder = unpacked(evidence_pack(revision, edition=edition.value), into=tmp_path)
    assert folder.name == f"NR-2018-power-2019-06-r1-{edition.value}"
    found = verified(folder)
    assert (found.returncode, found.stdout[:3], found.stderr) == (0, "OK:", "")


def test_any_change_is_found(revision: StatementRevision, tmp_path: Path) -> None:
    folder = unpacked(evidence_pack(revision), into=tmp_path)
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in ("inputs.json", "result.json", "account.csv", "engine/sla/engine/money.py"):
        path = folder / name
        path.write_bytes(kept[path].replace(b"0", b"1", 1))
        found = verified(folder)
        assert found.returncode == 1
        assert f"DIFFERS: {name} is not the file that was listed" in found.stdout
        path.write_bytes(kept[path])


def test_a_file_that_is_missing_or_added_is_found(revision: StatementRevision, tmp_path: Path) -> None:
    folder = unpacked(evidence_pack(revision), into=tmp_path)
    (folder / "clauses.txt").unlink()
    (folder / "note.txt").write_text("trust us")
    assert verified(folder).stdout.splitlines() == [
        "DIFFERS: clauses.txt is missing.",
        "DIFFERS: note.txt is in the folder, and is not listed.",
    ]


def test_figures_that_do_not_follow_are_named_although_the_list_agrees(
    revision: StatementRevision, tmp_path: Path
) -> None:
    folder = unpacked(evidence_pack(revision), into=tmp_path)
    path, listing = folder / "result.json", folder / "SHA256SUMS"
    was = path.read_bytes()
    told = json.loads(was)
    told["currency"] = "EUR"
    path.write_bytes(json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    listing.write_text(
        listing.read_text().replace(sha256(was).hexdigest(), sha256(path.read_bytes()).hexdigest())
    )
    assert verified(folder).stdout.splitlines() == [
        "DIFFERS: result.json does not follow from inputs.json.",
        'DIFFERS: at currency: result.json says "EUR", computed is "USD"',
    ]


def test_the_account_as_csv_sums_to_the_period(revision: StatementRevision) -> None:
    files = pack_files(revision, edition=Edition.VENDOR)
    classes = {row["class"]: int(row["unit_seconds"]) for row in table(files["account-classes.csv"])}
    assert classes.pop("all") == sum(classes.values()) == WHOLE
    assert (classes["down"], classes["up"]) == (DOWN, WHOLE - DOWN)
    (line,) = table(files["account.csv"])
    assert (line["class"], line["unit_seconds"], line["incidents"]) == ("down", str(DOWN), "INC-1")
    assert line["from_local"] == "2019-06-24 21:15:00 -07:00"


def test_a_person_can_re_perform_it_with_a_calculator(revision: StatementRevision) -> None:
    page = pack_files(revision, edition=Edition.VENDOR)["calculator.txt"].decode()
    for line in (
        "  Seconds that the service was owed: 2,592,000",
        "  Seconds that it was there: 2,592,000 - 4,380 = 2,587,620",
        "  100 x 2,587,620 / 2,592,000 = 99.831018518 %",
        "  Target 99.9 %, achieved 99.831 %: missed",
        "  USD 2,000.00 x 10 % = USD 200.00 before caps",
        "  Due: USD 200.00",
        "  =       USD 200.00  due, before tax",
    ):
        assert line in page.splitlines()


def pages() -> Iterator[Path]:
    yield from CASES[::4]


@pytest.mark.parametrize("path", list(pages()), ids=lambda path: path.stem)
def test_every_kind_of_clause_has_a_calculators_page(path: Path) -> None:
    document = read_document(path.read_bytes(), name=path.name)
    expected = document.expect[0]
    inputs = inputs_in(
        document,
        agreement=expected.agreement,
        period_label=expected.period,
        known_until=expected.known_until,
    )
    result = computed(inputs)
    page = calculator_text(inputs, result=result)
    for one in result.credits.totals:
        if one.due is not None:
            assert f"  = {one.due!s:>16}  due, before tax" in page


def test_an_edition_that_does_not_exist_is_refused(revision: StatementRevision) -> None:
    with pytest.raises(ValueError, match="press"):
        evidence_pack(revision, edition="press")


def test_the_command_writes_the_pack(revision: StatementRevision, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    call_command("evidence_pack", "NR-2018/power/2019-06", "--output", str(path), stdout=StringIO())
    assert path.read_bytes() == evidence_pack(revision)


def test_a_draft_has_no_pack(agreement: ServiceLevelAgreement) -> None:
    with pytest.raises(CommandError, match="Finalise it first"):
        call_command("evidence_pack", "NR-2018/power/2019-06")
