"""The import of an upload: part by part, gone on with where it stood, by one at a time."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from incidents.models import FeedUpload, ImportState
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.reports import Part, Steps
from incidents.services.feeds.tallies import MOST_ROWS, Tally
from incidents.services.feeds.uploads import read_feed
from incidents.services.sources import read_as

Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]

# Whoever imports an upload and says nothing for so long is taken to be gone.
HOLD = timedelta(minutes=2)


class TakenOverError(RuntimeError):
    """Another went on with this import: what this one did since its last part does not count."""


def import_upload(
    upload: FeedUpload,
    *,
    clock: Clock,
    progress: Progress = lambda done, total: None,
    most: timedelta | None = None,
) -> FeedUpload:
    """Import an upload that is due; its row tells how far it is, and then what came of it.

    Only one at a time imports it: where another does, nothing happens here. Each part is written together
    with how far it is, so that an import that broke off goes on where it stood, and no record is done or
    counted twice. After `most` it is left, due to be gone on with. `progress` is told how many records are
    done, of how many, within the transaction of each part.
    """
    if not _taken(upload, at=clock()):
        upload.refresh_from_db()
        return upload
    try:
        _attempt(upload, clock=clock, progress=progress, most=most)
    except TakenOverError:
        upload.refresh_from_db()
    except Exception:
        # Whoever comes next need not wait until the hold runs out.
        with suppress(TakenOverError):
            _write(upload, state=ImportState.DUE, held_until=None)
        raise
    return upload


def waiting_uploads(*, now: datetime) -> QuerySet[FeedUpload]:
    """Return the uploads whose import may begin at a UTC instant: due, or left behind half-way."""
    rows: QuerySet[FeedUpload] = FeedUpload.objects.filter(_waits(now))
    return rows.select_related("source").order_by("pk")


def break_off(pk: int, *, why: str, at: datetime) -> None:
    """Say of an upload that is not done that its import was given up; its file stays."""
    rows = FeedUpload.objects.filter(pk=pk, state__in=(ImportState.DUE, ImportState.RUNNING))
    rows.update(state=ImportState.FAILED, error=why, finished_at=at, held_until=None)


def _waits(now: datetime) -> Q:
    left = Q(state=ImportState.RUNNING) & (Q(held_until=None) | Q(held_until__lte=now))
    return Q(state=ImportState.DUE) | left


def _taken(upload: FeedUpload, *, at: datetime) -> bool:
    """Take an upload with one conditional update; say whether this call did it."""
    failed = Q(state=ImportState.FAILED, content__isnull=False)
    free = FeedUpload.objects.filter(failed | _waits(at), pk=upload.pk)
    if not free.update(state=ImportState.RUNNING, held_until=at + HOLD):
        return False
    upload.refresh_from_db()
    return True


def _attempt(upload: FeedUpload, *, clock: Clock, progress: Progress, most: timedelta | None) -> None:
    try:
        _go_on(upload, clock=clock, progress=progress, most=most)
    except ValidationError as error:
        why = "; ".join(error.messages)
        _write(upload, state=ImportState.FAILED, error=why, finished_at=clock(), held_until=None)


def _go_on(upload: FeedUpload, *, clock: Clock, progress: Progress, most: timedelta | None) -> None:
    # The moment of the upload is when the file reached us, however late its turn comes.
    at, source = upload.uploaded_at, upload.source
    content = bytes(upload.content or b"")
    values = read_feed(source, content, received_at=at, file_name=upload.file_name)
    as_read = read_as(source)
    if upload.read_as != as_read:
        _write(upload, done=0, read_as=as_read, **Tally().fields())
    tally = Tally.of(upload)
    begun = clock()

    def told(part: Part) -> None:
        progress(part.done, part.total)
        tally.add(part)
        _write(upload, done=part.done, total=part.total, held_until=clock() + HOLD, **tally.fields())

    def enough(done: int) -> bool:
        return most is not None and clock() - begun >= most

    steps = Steps(first=upload.done, unmatched=dict(tally.unmatched), told=told, enough=enough)
    report = import_feed(values, source=source, by=upload.by, at=at, steps=steps)
    if not report.is_whole:
        _write(upload, state=ImportState.DUE, held_until=None)
        return
    tally.finish(report, problems=values.problems, letters=values.letters)
    over = {"state": ImportState.DONE, "content": None, "error": "", "finished_at": clock()}
    fields = tally.fields(most_names=MOST_ROWS)
    _write(upload, **over, total=report.total, held_until=None, **fields)


def _write(upload: FeedUpload, **fields: object) -> None:
    """Write on the row of an upload that this one imports. Raises TakenOverError where another does."""
    mine = FeedUpload.objects.filter(pk=upload.pk, state=ImportState.RUNNING, done=upload.done)
    if not mine.update(**fields):
        raise TakenOverError(f"{upload} is imported by another now.")
    for name, value in fields.items():
        setattr(upload, name, value)
