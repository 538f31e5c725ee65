"""What is due of the feeds: addresses to be fetched, files that wait for their import, our own probes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from incidents.models import FeedPoll, FeedSource, Probe, ProbeState
from incidents.services.feeds.fetching import fail_fetching, poll_of
from incidents.services.feeds.intervals import next_instant
from incidents.services.feeds.upload_runs import break_off, waiting_uploads
from incidents.services.probes.running import state_of
from sla.models import Duty
from sla.services import register_uploads
from sla.services.duties.writing import new_run, write_runs
from sla.services.intake import OF_REGISTER

Kind, State = Duty.Kind, Duty.State


def plan_intake(*, now: datetime) -> int:
    """Write a run for every feed whose time has come, and every file that waits; return how many."""
    return plan_imports(now=now) + plan_fetches(now=now) + plan_probes(now=now)


def plan_fetches(*, now: datetime) -> int:
    """Write a run for each feed that is to be fetched now: of the instant planned, however late it is."""
    fetchable = FeedSource.objects.exclude(url="").filter(Q(vendor=None) | Q(vendor__archived_at=None))
    sources = fetchable.filter(every_minutes__gt=0)
    for source in sources.filter(poll=None):
        poll_of(source, at=now)
    _pull_forward(now=now)
    _go_on_after_failures(now=now)
    by_itself = Q(source__in=sources.order_by())
    asked_for = Q(source__in=fetchable.order_by(), asked_at__isnull=False)
    due = FeedPoll.objects.filter(by_itself | asked_for, next_at__lte=now).select_related("source")
    return write_runs(
        new_run(
            Kind.FETCH,
            subject=feed_subject(poll.source),
            period=slot_of(poll.next_at),
            due_at=poll.next_at,
            next_at=now,
            vendor_id=poll.source.vendor_id,
        )
        for poll in due.order_by("next_at", "pk")
    )


def feed_subject(source: FeedSource) -> str:
    """Return what the runs of a feed are of."""
    return f"feed/{source.pk}"


def slot_of(at: datetime) -> str:
    """Return the name of a UTC instant as a period, such as 2026-06-30T23:05:00.000000Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _pull_forward(*, now: datetime) -> None:
    """Let a feed whose interval was made shorter not wait for the end of the longer one."""
    polls = FeedPoll.objects.filter(failures=0, next_at__gt=now + timedelta(minutes=1))
    for poll in polls.filter(source__every_minutes__gt=0).select_related("source").order_by("pk"):
        if poll.next_at - now > timedelta(minutes=poll.source.every_minutes or 0):
            FeedPoll.objects.filter(pk=poll.pk, next_at=poll.next_at).update(next_at=now)


def _go_on_after_failures(*, now: datetime) -> None:
    """Give a feed whose run was given up its next instant: a fault of ours must not end its fetching."""
    given_up = Duty.objects.filter(kind=Kind.FETCH, state=State.FAILED, due_at__lte=now)
    polls = FeedPoll.objects.filter(next_at__in=given_up.values("due_at")).select_related("source")
    for poll in polls:
        duty = given_up.filter(subject=feed_subject(poll.source), period=slot_of(poll.next_at)).first()
        if duty is not None:
            fail_fetching(poll.source, why=f"A fault of this program: {duty.error}", now=now)


def plan_imports(*, now: datetime) -> int:
    """Write a run for each file whose import was asked for, and end those whose run was given up."""
    for duty in Duty.objects.filter(kind=Kind.IMPORT, state=State.FAILED, subject__startswith="upload/"):
        break_off(int(duty.subject.removeprefix("upload/")), why=duty.error, at=now)
    return plan_registers(now=now) + write_runs(
        new_run(
            Kind.IMPORT,
            subject=f"upload/{upload.pk}",
            due_at=now,
            vendor_id=upload.source.vendor_id,
        )
        for upload in waiting_uploads(now=now)
    )


def plan_registers(*, now: datetime) -> int:
    """Write a run for each file of a register whose reading or import was asked for; each time is its own."""
    for duty in Duty.objects.filter(kind=Kind.IMPORT, state=State.FAILED, subject__startswith=OF_REGISTER):
        asked_at = datetime.fromisoformat(duty.period)
        register_uploads.break_off(
            int(duty.subject.removeprefix(OF_REGISTER)), asked_at=asked_at, why=duty.error
        )
    return write_runs(
        new_run(
            Kind.IMPORT,
            subject=f"{OF_REGISTER}{upload.pk}",
            period=slot_of(upload.asked_at),
            due_at=upload.asked_at,
            next_at=now,
            vendor_id=upload.vendor_id,
        )
        for upload in register_uploads.waiting_files(now=now)
    )


def plan_probes(*, now: datetime) -> int:
    """Write a run for each probe that is to be asked now, and for each switched off while it says "out"."""
    rows = Probe.objects.all()
    goes_on = Q(service__in_service_until=None) | Q(service__in_service_until__gt=now)
    wanted = rows.filter(goes_on, is_active=True, service__contract__vendor__archived_at=None)
    if settings.PROBES == "off":
        wanted = rows.none()
    for probe in wanted.filter(state=None):
        state_of(probe, at=now)
    _go_on_with_probes(now=now)
    of_wanted = Q(probe__in=wanted.order_by().values("pk"))
    found = ProbeState.objects.filter(
        (of_wanted & Q(next_at__lte=now)) | (~of_wanted & Q(out_since__isnull=False))
    )
    return write_runs(
        new_run(
            Kind.PROBE,
            subject=f"probe/{state.probe_id}",
            period=slot_of(state.next_at),
            due_at=min(state.next_at, now),
            next_at=now,
            vendor_id=state.probe.service.contract.vendor_id,
        )
        for state in found.select_related("probe__service__contract").order_by("next_at", "pk")
    )


def _go_on_with_probes(*, now: datetime) -> None:
    """Give a probe whose run was given up its next instant; what was missed is a gap like any other."""
    given_up = Duty.objects.filter(kind=Kind.PROBE, state=State.FAILED)
    for duty in given_up.filter(due_at__in=ProbeState.objects.values("next_at")):
        pk = int(duty.subject.removeprefix("probe/"))
        for state in ProbeState.objects.filter(probe=pk, next_at=duty.due_at).select_related("probe"):
            every = timedelta(seconds=state.probe.every_seconds)
            state.next_at = next_instant(state.next_at, now=now, every=every)
            state.save(update_fields=["next_at"])
