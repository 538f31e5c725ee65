"""Files of registers that a person brings: tried and shown first, imported on their word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.services.portfolio import import_portfolio
from vendors.files.columns import SeenTable, columns_of
from vendors.files.errors import FileError
from vendors.files.mapping import OPTION
from vendors.files.rows import LARGEST_FILE
from vendors.models import RegisterUpload
from vendors.registers import bill_table, contract_table
from vendors.services.registers import Outcome, RegisterReport
from vendors.services.registers.bills import import_bills
from vendors.services.registers.contracts import Usual, import_contracts

What = RegisterUpload.What
MOST_LINES = 300
# Our fields in words, and the well-known names of their columns, for what comes as a table.
TABLES: Mapping[str, tuple[Mapping[str, str], Any]] = {
    What.CONTRACTS: (contract_table.FIELDS, contract_table.CONTRACT_WORDS),
    What.BILLS: (bill_table.FIELDS, bill_table.BILL_WORDS),
}
OPTIONS: Mapping[str, str] = {
    f"{OPTION}sheet": "Sheet of a workbook, where several have the columns",
    f"{OPTION}order": "Order of dates such as 05/03/2016: day-first or month-first",
    f"{OPTION}decimal": "Sign before the cents: point or comma",
}


def keep_file(upload: RegisterUpload, content: bytes, *, by: User, at: datetime) -> RegisterUpload:
    """Keep a file until its import is asked for, and try it. Raises ValidationError for no file of use."""
    if not content.strip():
        raise ValidationError("The file is empty. Choose the one that was saved.", code="empty")
    if len(content) > LARGEST_FILE:
        raise ValidationError(f"The file has more than {LARGEST_FILE} bytes. Split it.", code="large")
    upload.content, upload.by, upload.uploaded_at = content, by, at
    upload.register = upload.register or {What.CONTRACTS: "contracts", What.OCDS: "contracts"}.get(
        What(upload.what), upload.what
    )
    upload.full_clean()
    return try_file(upload)


def try_file(upload: RegisterUpload) -> RegisterUpload:
    """Try the import without keeping anything; the upload then says what would happen, or why nothing can."""
    upload.error, upload.report = "", {}
    try:
        upload.report = as_plain(_imported(upload, at=upload.uploaded_at, dry_run=True))
    except ValidationError as error:
        upload.error = " ".join(error.messages)
    upload.save()
    return upload


def import_file(upload: RegisterUpload, *, at: datetime) -> RegisterUpload:
    """Import a file that was shown. Raises ValidationError where it was imported already, or cannot be."""
    with transaction.atomic():
        kept = RegisterUpload.objects.select_for_update().get(pk=upload.pk)
        if kept.imported_at is not None or kept.content is None:
            raise ValidationError(f"{kept} was imported already.", code="imported")
        report = _imported(kept, at=at, dry_run=False)
        kept.report = as_plain(report)
        if report.kept:
            kept.imported_at, kept.content = at, None
        kept.save()
    return kept


def forget_file(upload: RegisterUpload) -> None:
    """Forget a file that is not wanted; one that was imported stays listed."""
    if upload.imported_at is None:
        upload.delete()


def seen_table(upload: RegisterUpload) -> SeenTable | None:
    """Return the columns of a table to choose from; None for what is no table, or cannot be read."""
    known = TABLES.get(upload.what)
    if known is None or upload.content is None:
        return None
    sheet = {key: value for key, value in upload.columns.items() if key == f"{OPTION}sheet"}
    try:
        return columns_of(bytes(upload.content), words=known[1], options=sheet)
    except FileError:
        return None


def _imported(upload: RegisterUpload, *, at: datetime, dry_run: bool) -> RegisterReport:
    content = bytes(upload.content or b"")
    common: dict[str, Any] = {"by": upload.by, "at": at, "register": upload.register, "dry_run": dry_run}
    if upload.what == What.PORTFOLIO:
        return import_portfolio(content, **common)
    if upload.what == What.BILLS:
        return import_bills(content, columns=upload.columns, vendor=upload.vendor, **common)
    usual = Usual(
        vendor=upload.vendor,
        entity=upload.entity,
        currency=upload.currency,
        zone=upload.zone,
        same=upload.same,
    )
    return import_contracts(content, form=upload.what, columns=upload.columns, usual=usual, **common)


def as_plain(report: RegisterReport) -> dict[str, Any]:
    """Return a report as a page shows it, with as much as one can be read."""
    looked_at = report.to_look_at
    return {
        "counts": [[kind, *(done[outcome] for outcome in Outcome)] for kind, done in report.counts().items()],
        "lines": [
            {
                "kind": line.kind,
                "key": line.key,
                "place": line.place,
                "outcome": str(line.outcome),
                "notes": list(line.notes),
            }
            for line in looked_at[:MOST_LINES]
        ],
        "problems": [[problem.place, problem.message] for problem in report.problems[:MOST_LINES]],
        "notes": list(report.notes),
        "absent": [list(each) for each in report.absent[:MOST_LINES]],
        "alike": [list(names) for names in report.alike[:MOST_LINES]],
        "left_out": sum(
            max(0, count - MOST_LINES)
            for count in (len(looked_at), len(report.problems), len(report.absent), len(report.alike))
        ),
        "all_or_nothing": bool(report.problems) and not report.kept,
    }
