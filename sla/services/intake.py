"""The runs that bring facts in: a feed fetched, a file imported that a person brought, a probe asked."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from incidents.models import FeedSource, FeedUpload, ImportState, Probe
from incidents.services.feeds.fetching import fetch_feed, pass_over
from incidents.services.feeds.upload_runs import import_upload
from incidents.services.probes.running import asked, end_probe, note_result
from sla.models import AgreementVersion, ServiceLevelTarget
from sla.models.targets import every_clock
from sla.services.register_reports import told
from sla.services.register_uploads import work_on
from vendors.models import RegisterUpload, Service

if TYPE_CHECKING:
    from sla.services.duties.holding import Held

logger = logging.getLogger(__name__)

OF_REGISTER = "register/"
GONE = "It is not there any more."
ELSEWHERE = "Somebody else imports it at this moment."
A_MOMENT = timedelta(minutes=1)
# A worker's task is cut off after 90 seconds: before this run it may have done others for 20, and reading
# the file takes its time. What is left of a file is the next run's.
AT_ONCE = timedelta(seconds=30)


def fetch(held: Held) -> None:
    """Fetch a feed; that it could not be read is what came of the run, not a failure of it."""
    source = FeedSource.objects.filter(pk=_key(held)).select_related("vendor").first()
    if source is None:
        said = GONE
    elif not source.url:
        pass_over(source, now=held.clock())
        said = "It has no address at present."
    else:
        said = str(fetch_feed(source, clock=held.clock, progress=lambda done, total: held.renew()))
    with held.done() as done:
        done.outcome = said


def import_file(held: Held) -> None:
    """Read or import a file that waits for its turn: one of a feed, or of a register."""
    if held.duty.subject.startswith(OF_REGISTER):
        _work_on_register(held)
    else:
        _import_feed(held)


def _work_on_register(held: Held) -> None:
    upload = RegisterUpload.objects.select_related("by", "vendor", "entity").filter(pk=_key(held)).first()
    if upload is None:
        said = GONE
    else:
        upload = work_on(upload, clock=held.clock)
        if upload.state == RegisterUpload.State.RUNNING:
            held.postpone(until=held.clock() + A_MOMENT, why=ELSEWHERE)
            return
        said = upload.error or f"{upload.get_state_display()}: {told(upload.report)}."
    with held.done() as done:
        done.outcome = said


def _import_feed(held: Held) -> None:
    """Import a file of a feed, as much of it as one run should take."""
    upload = FeedUpload.objects.filter(pk=_key(held)).select_related("source__vendor", "by").first()
    said = GONE
    if upload is not None:
        if not _went_on(upload, held=held):
            return
        said = upload.error or f"{upload.total} records."
    with held.done() as done:
        done.outcome = said


def _went_on(upload: FeedUpload, *, held: Held) -> bool:
    """Import for a while; say whether the file is over, else the run is given back.

    One that is cut off on the way goes on at once as long as it gets on; only standing still is a failure.
    """
    before = upload.done
    try:
        import_upload(upload, clock=held.clock, progress=lambda done, total: held.renew(), most=AT_ONCE)
    except Exception:
        upload.refresh_from_db(fields=["done", "total"])
        if upload.done <= before:
            raise
        logger.warning(
            "cut off at %s of %s records, and gone on with", upload.done, upload.total, exc_info=True
        )
        upload.state = ImportState.DUE
    if upload.state == ImportState.DUE:
        held.postpone(until=held.clock(), why=f"{upload.done} of {upload.total} records so far.")
    elif upload.state == ImportState.RUNNING:
        held.postpone(until=held.clock() + A_MOMENT, why=ELSEWHERE)
    return upload.state not in (ImportState.DUE, ImportState.RUNNING)


def probe(held: Held) -> None:
    """Ask a probe and keep what it says; one that is asked no more ends what it said."""
    found = Probe.objects.filter(pk=_key(held)).select_related("service__contract__vendor").first()
    at = held.clock()
    if found is None:
        with held.done() as done:
            done.outcome = GONE
        return
    counts = accepts_ours(found.service, at=at)
    if not _is_asked(found, at=at):
        with held.done() as done:
            end_probe(found, now=held.clock(), counts=counts)
            done.outcome = "It is asked no more."
        return
    result = asked(found, at=at, inside=settings.PROBES == "private")
    with held.done() as done:
        note_result(found, result, now=held.clock(), counts=counts)
        done.outcome = f"{result.verdict.value}. {result.why}".strip()


def _is_asked(found: Probe, *, at: datetime) -> bool:
    service = found.service
    ended = service.in_service_until is not None and service.in_service_until <= at
    is_archived = service.contract.vendor.archived_at is not None
    return found.is_active and settings.PROBES != "off" and not ended and not is_archived


def accepts_ours(service: Service, *, at: datetime) -> bool:
    """Say whether every clause in force for a service at a UTC instant takes our own measurement.

    A service without a clause has none that refuses; nothing is counted for it anyway.
    """
    versions = AgreementVersion.objects.filter(
        agreement__contract=service.contract, effective_from__lte=at.date() + timedelta(days=1)
    )
    newest: dict[int, int] = {}
    for pk, agreement in versions.order_by("effective_from").values_list("pk", "agreement"):
        newest[agreement] = pk
    targets = ServiceLevelTarget.objects.filter(version__in=newest.values())
    holds = Q(services__service=service) | Q(services=None)
    clocks = targets.filter(holds).order_by().values_list("measured_by", flat=True)
    return all("us" in (each or every_clock()) for each in clocks)


def _key(held: Held) -> int:
    return int(held.duty.subject.partition("/")[2])
