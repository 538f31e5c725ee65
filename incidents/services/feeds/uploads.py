"""Files that a person brings: read and shown before anything of them is imported."""

from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.values import Feed, FeedContext, FeedError, SeenTable
from incidents.models import FeedSource, FeedUpload, ImportState
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.reports import Steps
from incidents.services.feeds.tallies import MOST_ROWS, Tally, nothing_told
from incidents.services.sources import is_made_for_a_look, remove_unused
from vendors.models import zone_of
from vendors.services import save_record, system_user

LARGEST_UPLOAD = 50_000_000
# A page waits while a file is tried; of a large one the first records tell what would happen.
TRIED = 2_000
FEWEST_COLUMNS = 2


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


def look_at(source: FeedSource, content: bytes, *, options: dict[str, str]) -> SeenTable:
    """Return the columns of a table, read by these options. Raises ValidationError where it is no table."""
    table = source.format.table
    assert table is not None
    try:
        seen = table.look(content, options)
    except FeedError as error:
        raise ValidationError(str(error), code="unreadable") from error
    if len(seen.columns) < FEWEST_COLUMNS:
        first = f"its first row is “{seen.columns[0].name[:60]}”" if seen.columns else "it has no rows"
        raise ValidationError(
            f"The file is no table with columns: {first}. Choose the format that it is in, or save the table "
            "as CSV or XLSX with the names of its columns in one row.",
            code="no_table",
        )
    return seen


def bring_file(
    content: bytes, *, file_name: str, source: FeedSource, zone: str, by: User, at: datetime
) -> FeedUpload:
    """Keep a file of a feed and try its import; a feed that is not on file yet is made for it.

    A table whose columns nobody has named yet waits for that. Raises ValidationError, and keeps neither file
    nor feed, where the file cannot be read or the feed reads times in another zone.
    """
    is_new = source._state.adding or is_made_for_a_look(source)
    if not is_new and source.zone and zone and zone != source.zone:
        raise ValidationError(
            f"{source} reads times in {source.zone}. Change that on its page, or leave the zone empty."
        )
    source.zone = zone or source.zone
    _refuse_unusable(content)
    values = None
    try:
        if source.format.table is None:
            values = read_feed(source, content, received_at=at, file_name=file_name)
        elif not source.columns:
            look_at(source, content, options={})
    except ValidationError as error:
        raise ValidationError(
            f"{file_name} cannot be read: {'; '.join(error.messages)}", code="unreadable"
        ) from error
    with transaction.atomic():
        save_record(source, by=by, reason=f"For the import of {file_name}"[:100])
        upload = keep_upload(source, content, file_name=file_name, by=by, at=at, made_feed=is_new)
    is_named = source.columns or source.format.table is None
    return try_upload(upload, values=values) if is_named else upload


def keep_upload(
    source: FeedSource, content: bytes, *, file_name: str, by: User, at: datetime, made_feed: bool = False
) -> FeedUpload:
    """Keep a file until its import is asked for. Raises ValidationError where it is empty or too large."""
    _refuse_unusable(content)
    upload = FeedUpload(
        source=source,
        file_name=file_name[:200],
        content=content,
        fingerprint=sha256(content).hexdigest(),
        by=by,
        uploaded_at=at,
        made_feed=made_feed,
    )
    upload.save()
    return upload


def try_upload(upload: FeedUpload, *, values: Feed | None = None) -> FeedUpload:
    """Try the import of a file without keeping anything, and write what would happen on its row.

    Of a large file only the first records are tried. Where nothing can be used its row says why. `values`
    is what it holds, where it was read already.
    """
    tally, at, source = Tally(), upload.uploaded_at, upload.source
    upload.error, upload.total, upload.done = "", 0, 0
    steps = Steps(told=tally.add, enough=lambda done: done >= TRIED)
    try:
        if values is None:
            content = bytes(upload.content or b"")
            values = read_feed(source, content, received_at=at, file_name=upload.file_name)
        report = import_feed(values, source=source, by=upload.by, at=at, dry_run=True, steps=steps)
    except ValidationError as error:
        upload.error, told = "; ".join(error.messages), nothing_told()
    else:
        tally.finish(report, problems=values.problems, letters=values.letters)
        upload.total, upload.done = report.total, report.done
        told = tally.fields(most_names=MOST_ROWS)
    for name, value in told.items():
        setattr(upload, name, value)
    upload.save()
    return upload


def ask_for_import(upload: FeedUpload) -> None:
    """Let an upload that was shown be imported.

    Raises ValidationError where that was asked before, or nothing in it could be imported.
    """
    if upload.state == ImportState.SHOWN and upload.holds_nothing:
        raise ValidationError(f"{upload} holds nothing that could be imported.", code="nothing")
    begun = {"state": ImportState.DUE, "done": 0, **nothing_told()}
    if not FeedUpload.objects.filter(pk=upload.pk, state=ImportState.SHOWN).update(**begun):
        upload.refresh_from_db()
        raise ValidationError(
            f"{upload} is {upload.get_state_display().lower()} already.", code="asked_before"
        )
    for name, value in begun.items():
        setattr(upload, name, value)


def forget_upload(upload: FeedUpload, *, by: User) -> None:
    """Drop an upload that is not wanted, and its feed where that was made for it and holds nothing else.

    Raises ValidationError where it was imported.
    """
    with transaction.atomic():
        if upload.state != ImportState.SHOWN:
            raise ValidationError(f"{upload} was imported; its report stays.", code="imported")
        source, made_feed = upload.source, upload.made_feed
        upload.delete()
        if made_feed:
            remove_unused(source, by=by, reason=f"{upload.file_name} was forgotten"[:100])


def forget_uploads(*, before: datetime) -> None:
    """Delete uploads shown before a UTC instant that nobody imported, and the bytes of failed ones."""
    old = FeedUpload.objects.filter(uploaded_at__lt=before)
    for upload in old.filter(state=ImportState.SHOWN).defer("content").select_related("source"):
        forget_upload(upload, by=system_user())
    old.filter(state=ImportState.FAILED, content__isnull=False).update(content=None)


def _refuse_unusable(content: bytes) -> None:
    if not content.strip():
        raise ValidationError("The file is empty. Choose the one that was saved.", code="empty")
    _refuse_large(content)


def _refuse_large(content: bytes) -> None:
    if len(content) > LARGEST_UPLOAD:
        raise ValidationError(
            f"The file has {len(content):,} bytes; at most {LARGEST_UPLOAD:,} are read. Bring it in parts.",
            code="too_large",
        )
