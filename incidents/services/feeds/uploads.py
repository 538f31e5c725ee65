"""Files that a person brings: read and shown first, imported on their word, with progress and a report."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from incidents.feeds.values import Feed, FeedContext, FeedError
from incidents.models import FeedSource, FeedUpload, ImportState
from incidents.services.feeds.importing import ImportReport, ImportRow, Progress, import_feed
from incidents.services.feeds.runs import Outcome
from vendors.models import zone_of

Clock = Callable[[], datetime]

LARGEST_UPLOAD = 50_000_000
# A page cannot show more; what stands here is what a person should look at, before the rest.
MOST_ROWS = 500
# Whoever imports an upload and says nothing for so long is taken to be gone.
HOLD = timedelta(minutes=2)


def context_of(
    source: FeedSource, *, received_at: datetime, file_name: str = "", is_sent: bool = False
) -> FeedContext:
    """Return what a reader must know of a feed besides the bytes."""
    return FeedContext(
        received_at=received_at,
        is_sent=is_sent,
        zone=zone_of(source.zone) if source.zone else None,
        file_name=file_name,
        columns=source.columns,
        parser=(settings.MAINTENANCE_PARSER,) if settings.MAINTENANCE_PARSER else (),
    )


def read_feed(
    source: FeedSource, content: bytes, *, received_at: datetime, file_name: str = "", is_sent: bool = False
) -> Feed:
    """Read a file of a feed. Raises ValidationError with the reader's words where nothing can be used.

    `is_sent` says that its sender brought it just then: see `FeedContext`.
    """
    _refuse_large(content)
    context = context_of(source, received_at=received_at, file_name=file_name, is_sent=is_sent)
    try:
        return source.format.read(content, context)
    except FeedError as error:
        raise ValidationError(str(error), code="unreadable") from error


def keep_upload(source: FeedSource, content: bytes, *, file_name: str, by: User, at: datetime) -> FeedUpload:
    """Keep a file until its import is asked for. Raises ValidationError where it is empty or too large."""
    if not content.strip():
        raise ValidationError("The file is empty. Choose the one that was saved.", code="empty")
    _refuse_large(content)
    upload = FeedUpload(
        source=source,
        file_name=file_name[:200],
        content=content,
        fingerprint=sha256(content).hexdigest(),
        by=by,
        uploaded_at=at,
    )
    upload.save()
    return upload


def try_upload(upload: FeedUpload) -> FeedUpload:
    """Try the import of a file without keeping anything, and write what would happen on its row.

    Where nothing of the file can be used its row says why.
    """
    upload.error = ""
    try:
        report = _imported(upload, dry_run=True)
    except ValidationError as error:
        upload.error = "; ".join(error.messages)
        upload.counts, upload.rows, upload.total = {}, [], 0
    else:
        _report(upload, report)
        upload.total = len(report.rows)
    upload.save()
    return upload


def ask_for_import(upload: FeedUpload) -> None:
    """Let an upload that was shown be imported. Raises ValidationError where that was asked before."""
    asked = FeedUpload.objects.filter(pk=upload.pk, state=ImportState.SHOWN).update(state=ImportState.DUE)
    if not asked:
        upload.refresh_from_db()
        raise ValidationError(
            f"{upload} is {upload.get_state_display().lower()} already.", code="asked_before"
        )
    upload.state = ImportState.DUE


def import_upload(
    upload: FeedUpload, *, clock: Clock, progress: Progress = lambda done, total: None
) -> FeedUpload:
    """Import an upload that is due; its row tells how far it is, and then what came of it.

    Only one at a time imports it: where another does, nothing happens here. An upload whose import broke off
    is taken again when its hold ran out, from its start, which changes nothing that is done. `progress` is
    told how many records are done, of how many.
    """
    if not _taken(upload, at=clock()):
        upload.refresh_from_db()
        return upload
    note = _progress_of(upload, clock=clock, also=progress)
    try:
        report = _imported(upload, progress=note)
    except ValidationError as error:
        upload.state, upload.error = ImportState.FAILED, "; ".join(error.messages)
    else:
        _report(upload, report)
        upload.state, upload.done, upload.content = ImportState.DONE, len(report.rows), None
        upload.total, upload.error = len(report.rows), ""
    upload.finished_at, upload.held_until = clock(), None
    upload.save()
    return upload


def waiting_uploads(*, now: datetime) -> QuerySet[FeedUpload]:
    """Return the uploads whose import may begin at a UTC instant: due, or left behind half-way."""
    rows: QuerySet[FeedUpload] = FeedUpload.objects.filter(_waits(now))
    return rows.select_related("source").order_by("pk")


def _waits(now: datetime) -> Q:
    left = Q(state=ImportState.RUNNING) & (Q(held_until=None) | Q(held_until__lte=now))
    return Q(state=ImportState.DUE) | left


def break_off(pk: int, *, why: str, at: datetime) -> None:
    """Say of an upload that is not done that its import was given up; its file stays."""
    rows = FeedUpload.objects.filter(pk=pk, state__in=(ImportState.DUE, ImportState.RUNNING))
    rows.update(state=ImportState.FAILED, error=why, finished_at=at, held_until=None)


def forget_uploads(*, before: datetime) -> None:
    """Delete uploads shown before a UTC instant that nobody imported, and the bytes of failed ones."""
    old = FeedUpload.objects.filter(uploaded_at__lt=before)
    old.filter(state=ImportState.SHOWN).delete()
    old.filter(state=ImportState.FAILED, content__isnull=False).update(content=None)


def _taken(upload: FeedUpload, *, at: datetime) -> bool:
    """Take an upload with one conditional update; say whether this call did it."""
    failed = Q(state=ImportState.FAILED, content__isnull=False)
    free = FeedUpload.objects.filter(failed | _waits(at), pk=upload.pk)
    held_until = at + HOLD
    if not free.update(state=ImportState.RUNNING, done=0, held_until=held_until):
        return False
    upload.state, upload.done, upload.held_until = ImportState.RUNNING, 0, held_until
    return True


def _imported(
    upload: FeedUpload, *, dry_run: bool = False, progress: Progress = lambda done, total: None
) -> ImportReport:
    content = bytes(upload.content or b"")
    # The moment of the upload is when the file reached us, however late its turn comes.
    at, source = upload.uploaded_at, upload.source
    values = read_feed(source, content, received_at=at, file_name=upload.file_name)
    return import_feed(values, source=source, by=upload.by, at=at, dry_run=dry_run, progress=progress)


def _refuse_large(content: bytes) -> None:
    if len(content) > LARGEST_UPLOAD:
        raise ValidationError(
            f"The file has {len(content):,} bytes; at most {LARGEST_UPLOAD:,} are read. Split it by year.",
            code="too_large",
        )


def _progress_of(upload: FeedUpload, *, clock: Clock, also: Progress) -> Progress:
    def note(done: int, total: int) -> None:
        FeedUpload.objects.filter(pk=upload.pk).update(done=done, total=total, held_until=clock() + HOLD)
        also(done, total)

    return note


def forget_upload(upload: FeedUpload) -> None:
    """Drop an upload that was shown and is not wanted. Raises ValidationError where it was imported."""
    with transaction.atomic():
        if upload.state != ImportState.SHOWN:
            raise ValidationError(f"{upload} was imported; its report stays.", code="imported")
        upload.delete()


def _report(upload: FeedUpload, report: ImportReport) -> None:
    upload.counts = {
        **{str(outcome): report.count(outcome) for outcome in Outcome},
        "problems": len(report.problems),
        "samples": report.samples,
        "letters": report.letters,
    }
    upload.unmatched = [[name, count] for name, count in report.unmatched[:MOST_ROWS]]
    first = sorted(report.rows, key=_is_quiet)[:MOST_ROWS]
    upload.rows = [
        {
            "id": row.external_id,
            "title": row.title,
            "outcome": str(row.outcome),
            "start": _minute(row.start),
            "end": _minute(row.end),
            "notes": list(row.notes),
        }
        for row in first
    ]
    upload.problems = [[problem.place, problem.message] for problem in report.problems[:MOST_ROWS]]


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _is_quiet(row: ImportRow) -> tuple[bool, bool]:
    loud = row.outcome in (Outcome.CONFLICTING, Outcome.REFUSED)
    return not loud, not row.notes
