"""Files of registers that a person brings: read and shown first, imported on their word, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from sla.services.portfolio import import_portfolio
from sla.services.register_reports import as_plain, report_rows
from vendors import nudges
from vendors.files.columns import SeenTable, columns_of
from vendors.files.errors import FileError
from vendors.files.mapping import OPTION
from vendors.files.rows import LARGEST_FILE, too_large
from vendors.models import RegisterUpload
from vendors.registers import bill_table, contract_table
from vendors.services.registers import RegisterReport
from vendors.services.registers.bills import import_bills
from vendors.services.registers.contracts import Usual, import_contracts

Clock = Callable[[], datetime]
What, State = RegisterUpload.What, RegisterUpload.State

# So many bytes are read, and so many records imported, while the person waits; more by a worker.
READ_AT_ONCE, PACKED_AT_ONCE = 250_000, 30_000
PACKED = b"PK"
IMPORTED_AT_ONCE = 300
# Whoever imports a file and says nothing for so long is taken to be gone.
HOLD = timedelta(minutes=10)
# What may still be changed about a file, and be read again.
OPEN = (State.SHOWN, State.FAILED)
READING = ("register", "vendor", "entity", "currency", "zone", "columns", "same")
USUAL_NAMES: Mapping[str, str] = {What.CONTRACTS: "contracts", What.OCDS: "contracts"}
TABLES: Mapping[str, Any] = {
    What.CONTRACTS: contract_table.CONTRACT_WORDS,
    What.BILLS: bill_table.BILL_WORDS,
}


def keep_file(upload: RegisterUpload, content: bytes, *, by: User, at: datetime) -> RegisterUpload:
    """Keep a file until its import is asked for, and read it. Raises ValidationError for no file of use."""
    if not content.strip():
        raise ValidationError("The file is empty. Choose the one that was saved.", code="empty")
    if len(content) > LARGEST_FILE:
        raise ValidationError(too_large(content), code="large")
    upload.content, upload.by, upload.uploaded_at, upload.asked_at = content, by, at, at
    upload.register = upload.register or USUAL_NAMES.get(upload.what, upload.what)
    upload.full_clean()
    upload.save()
    return _look(upload)


def read_again(upload: RegisterUpload, *, at: datetime) -> RegisterUpload:
    """Read a file again in the way that its row now says.

    Raises ValidationError where it is imported already, or at this moment.
    """
    upload.register = upload.register or USUAL_NAMES.get(upload.what, upload.what)
    stated = {name: getattr(upload, name) for name in READING}
    _move(upload, to=State.LOOKING, since=OPEN, asked_at=at, error="", report={}, **stated)
    return _look(upload)


def ask_for_import(upload: RegisterUpload, *, at: datetime) -> None:
    """Let a file that was shown be imported.

    Raises ValidationError where that was asked before, or nothing of it would be stored.
    """
    if upload.state == State.SHOWN and not may_import(upload):
        raise ValidationError(f"Nothing of {upload} can be stored. See what is listed.", code="nothing")
    _move(upload, to=State.DUE, since=(State.SHOWN,), asked_at=at)
    nudges.after_commit()


def may_import(upload: RegisterUpload) -> bool:
    """Say whether an import would store anything, by what was shown of a file."""
    return (
        upload.state == State.SHOWN
        and not upload.error
        and bool(upload.report.get("stores"))
        and not upload.report.get("stopped")
    )


def is_small(upload: RegisterUpload) -> bool:
    """Say whether the person may wait for the import of a file that was shown."""
    return int(upload.report.get("records", 0)) <= IMPORTED_AT_ONCE


def work_on(upload: RegisterUpload, *, clock: Clock) -> RegisterUpload:
    """Read or import a file, whichever was asked for; its row tells what came of it."""
    return try_file(upload) if upload.state == State.LOOKING else import_file(upload, clock=clock)


class ChangedSinceError(Exception):
    """What is on file changed since a file was shown: its import would come to less."""

    def __init__(self, report: RegisterReport) -> None:
        super().__init__()
        self.report = report


def try_file(upload: RegisterUpload) -> RegisterUpload:
    """Try the import without keeping anything; the upload then says what would happen, or why nothing can."""
    error, report = "", {}
    try:
        report = as_plain(_imported(upload, at=upload.uploaded_at, dry_run=True))
    except ValidationError as refused:
        error = " ".join(refused.messages)
    rows = RegisterUpload.objects.filter(pk=upload.pk, state=State.LOOKING, asked_at=upload.asked_at)
    rows.update(state=State.SHOWN, error=error, report=report)
    upload.refresh_from_db()
    return upload


def import_file(upload: RegisterUpload, *, clock: Clock) -> RegisterUpload:
    """Import a file that is due, all of it or nothing, with its row in the same transaction.

    Only one at a time imports it: where another does, or did, nothing happens here. One whose import broke
    off is taken again when its hold ran out, from its start. Where it would come to less than was shown,
    nothing is kept and the file is shown anew.
    """
    began = clock()
    if not RegisterUpload.objects.filter(_waits(began), pk=upload.pk).update(
        state=State.RUNNING, began_at=began, error=""
    ):
        upload.refresh_from_db()
        return upload
    ours = RegisterUpload.objects.filter(pk=upload.pk, state=State.RUNNING, began_at=began)

    def settle(report: RegisterReport) -> None:
        if _is_less(report, shown=shown):
            raise ChangedSinceError(report)
        done = {"state": State.DONE, "imported_at": began, "content": None, "report": as_plain(report)}
        if not ours.update(**done):
            raise ValidationError(f"{upload} was taken over by another worker.", code="taken_over")

    upload.refresh_from_db()
    shown = upload.report
    try:
        report = _imported(upload, at=began, dry_run=False, settle=settle)
    except ValidationError as error:
        ours.update(state=State.FAILED, error=" ".join(error.messages))
    except ChangedSinceError as less:
        _show_anew(ours, report=less.report)
    except Exception:
        # It may go on at once; that it went wrong is told by its run.
        ours.update(state=State.DUE)
        raise
    else:
        # A portfolio that is not sound any more; of one that is, the row is done already.
        _show_anew(ours, report=report)
    upload.refresh_from_db()
    return upload


def waiting_files(*, now: datetime) -> QuerySet[RegisterUpload]:
    """Return the files whose reading or import may begin at a UTC instant: due, or left behind half-way."""
    rows = RegisterUpload.objects.filter(Q(state=State.LOOKING) | _waits(now))
    return rows.defer("content", "report").order_by("pk")


def break_off(pk: int, *, asked_at: datetime, why: str) -> None:
    """Say of a file whose run of an instant was given up that it failed; the file stays."""
    rows = RegisterUpload.objects.filter(pk=pk, asked_at=asked_at)
    rows.filter(state__in=(State.LOOKING, State.DUE, State.RUNNING)).update(state=State.FAILED, error=why)


def forget_file(upload: RegisterUpload) -> None:
    """Forget a file that is not wanted; raises ValidationError where it was imported, or is now."""
    deleted, _ = RegisterUpload.objects.filter(pk=upload.pk, state__in=(*OPEN, State.LOOKING)).delete()
    if not deleted:
        raise _refused(upload)


def forget_files(*, before: datetime) -> None:
    """Delete files brought before a UTC instant that nobody imported."""
    RegisterUpload.objects.filter(uploaded_at__lt=before, state__in=OPEN).delete()


def seen_table(upload: RegisterUpload) -> SeenTable | None:
    """Return the columns of a table to choose from; None for what is no table, or cannot be read."""
    words = TABLES.get(upload.what)
    if words is None or upload.content is None:
        return None
    sheet = {key: value for key, value in upload.columns.items() if key == f"{OPTION}sheet"}
    try:
        return columns_of(bytes(upload.content), words=words, options=sheet)
    except FileError:
        return None


def _look(upload: RegisterUpload) -> RegisterUpload:
    """Read a small file now; a large one is for the worker."""
    content = bytes(upload.content or b"")
    if len(content) <= (PACKED_AT_ONCE if content.startswith(PACKED) else READ_AT_ONCE):
        return try_file(upload)
    nudges.after_commit()
    return upload


def _move(
    upload: RegisterUpload, *, to: RegisterUpload.State, since: Sequence[str], **values: object
) -> None:
    """Let a file go on to another state, with one conditional update."""
    rows = RegisterUpload.objects.filter(pk=upload.pk, state__in=since, content__isnull=False)
    if not rows.update(state=to, **values):
        raise _refused(upload)
    upload.state = to
    for name, value in values.items():
        setattr(upload, name, value)


def _refused(upload: RegisterUpload) -> ValidationError:
    upload.refresh_from_db()
    was: dict[str, str] = {
        State.DONE: "was imported already",
        State.DUE: "waits for its import already",
        State.RUNNING: "is being imported at this moment",
        State.LOOKING: "is being read at this moment",
        State.FAILED: "failed; see what would happen first",
    }
    return ValidationError(f"{upload} {was.get(upload.state, 'is not there any more')}.", code="state")


def _waits(now: datetime) -> Q:
    left = Q(state=State.RUNNING) & (Q(began_at=None) | Q(began_at__lte=now - HOLD))
    return Q(state=State.DUE) | left


def _is_less(report: RegisterReport, *, shown: Mapping[str, Any]) -> bool:
    """Say whether an import comes to nothing, or leaves out more than the person was shown."""
    return not report.stores or report_rows(report.left_out) > shown["problems"]["count"]


def _show_anew(rows: QuerySet[RegisterUpload], *, report: RegisterReport) -> None:
    """Let the person decide again by what would happen now."""
    rows.update(state=State.SHOWN, report={**as_plain(report), "changed_since": True})


def _imported(upload: RegisterUpload, *, at: datetime, **options: Any) -> RegisterReport:
    content = bytes(upload.content or b"")
    common: dict[str, Any] = {"by": upload.by, "at": at, "register": upload.register, **options}
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
