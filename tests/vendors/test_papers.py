"""A paper is kept where its name and its first bytes say that it is one."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from tests.vendors.rows import REASON, a_contract, person
from vendors.files.papers import LARGEST, paper_problem
from vendors.models import Contract
from vendors.services import save_record

ZIP, OLD, PDF = b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", b"%PDF-1.7 rest"
KEPT = [
    ("signed.pdf", PDF),
    ("SIGNED.PDF", b"\r\nfrom the scanner\r\n" + PDF),
    ("terms.docx", ZIP),
    ("fees.xlsx", ZIP),
    ("all.zip", ZIP),
    ("terms.doc", OLD),
    ("mail.msg", OLD),
    ("mail.eml", b"From: ann@acme.example\r\n"),
    ("notes.txt", "Größe".encode("latin-1")),
    ("scan.png", b"\x89PNG\r\n\x1a\nrest"),
    ("scan.jpeg", b"\xff\xd8\xff\xe0rest"),
    ("scan.tif", b"II*\x00rest"),
]
REFUSED = [
    ("page.html", b"<script>", "page.html cannot be kept: its kind is none of .csv, .doc,"),
    ("picture.svg", b"<svg onload=alert(1)>", "its kind is none of"),
    ("tool.exe", b"MZ", "its kind is none of"),
    ("macros.docm", ZIP, "its kind is none of"),
    ("signed", PDF, "its kind is none of"),
    ("signed.pdf.html", PDF, "its kind is none of"),
    ("signed.pdf", b"<html>", "signed.pdf is no .pdf file: it does not begin like one."),
    ("signed.pdf", ZIP, "is no .pdf file"),
    ("scan.png", b"<svg", "is no .png file"),
    ("terms.docx", b"MZ\x90", "is no .docx file"),
    ("notes.txt", b"MZ\x90\x00", "is no .txt file"),
    ("signed.pdf", b"", "signed.pdf is empty. Choose the file again."),
]


@pytest.mark.parametrize(("name", "head"), KEPT)
def test_papers_are_kept(name: str, head: bytes) -> None:
    assert paper_problem(name, size=len(head), head=head) is None


@pytest.mark.parametrize(("name", "head", "problem"), REFUSED)
def test_what_is_no_paper_is_refused(name: str, head: bytes, problem: str) -> None:
    assert problem in str(paper_problem(name, size=len(head), head=head))


def test_a_paper_has_its_largest_size() -> None:
    assert paper_problem("a.pdf", size=LARGEST, head=PDF) is None
    told = paper_problem("a.pdf", size=LARGEST + 1, head=PDF)
    assert told == "a.pdf has 20,971,521 bytes, more than 20,971,520. Make it smaller, or split it."


@pytest.mark.django_db
def test_a_contract_refuses_what_is_no_paper_and_keeps_the_one_it_has(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    contract = a_contract()
    contract.document = ContentFile(PDF, name="signed.pdf")
    save_record(contract, by=person(), reason=REASON)
    contract.document = ContentFile(b"<script>", name="page.html")
    with pytest.raises(ValidationError) as refused:
        save_record(contract, by=person(), reason=REASON)
    assert list(refused.value.message_dict) == ["document"]
    assert Contract.objects.get().document.read() == PDF
    assert [path.name for path in (tmp_path / "contracts").iterdir()] == ["signed.pdf"]


@pytest.mark.django_db
def test_what_was_kept_before_there_were_rules_stays(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    contract = a_contract()
    name = contract.document.storage.save("contracts/old.html", ContentFile(b"<p>"))
    contract.document.name = name
    contract.name = "Another name"
    save_record(contract, by=person(), reason=REASON)
    assert Contract.objects.get().document.name == "contracts/old.html"
