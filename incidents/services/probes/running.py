"""One probe asked, and its result kept: by the day, and as an incident where it changes what is known.

Whatever comes of it is labelled as our own indication. Only where every clause of a service accepts our
measurement does it become an outage of the service; elsewhere the incident stands without one, for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F

from incidents.feeds.values import Feed, FeedComponent, FeedIncident
from incidents.models import ComponentRule, FeedSource, Probe, ProbeDay, ProbeState, SourceWatch
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.intervals import next_instant
from incidents.services.probes.judging import Standing, Tale, Told, Verdict, ended, judged, missed
from incidents.services.sources import hear_now
from incidents.services.web.asking import Limits, Web, WebError, ask
from incidents.services.web.internet import INTERNET
from vendors.services import save_record, system_user

OURS = "Our own indication"
HEARD_EVERY = timedelta(hours=6)
SIZE = 5_000_000
# Somebody who listened at most so long before a gap is taken to listen on in it.
LISTENS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one probe said at a UTC instant, and why, where it is not up."""

    verdict: Verdict
    at: datetime
    why: str = ""


def asked(probe: Probe, *, at: datetime, inside: bool, web: Web = INTERNET) -> Result:
    """Ask what a probe watches; `inside` lets private addresses in. What fails on our side is unknown."""
    limits = Limits(seconds=probe.timeout_seconds, size=SIZE, inside=inside)
    try:
        answer = ask(probe.url, web=web, limits=limits)
    except WebError as error:
        verdict = Verdict.UNKNOWN if error.is_ours else Verdict.DOWN
        return Result(verdict=verdict, at=at, why=str(error))
    if answer.status != probe.expected_status:
        why = f"It answered with status {answer.status}, not {probe.expected_status}."
        return Result(verdict=Verdict.DOWN, at=at, why=why)
    if probe.expected_text and probe.expected_text not in answer.body.decode(errors="replace"):
        return Result(verdict=Verdict.DOWN, at=at, why=f"Its answer lacks {probe.expected_text!r}.")
    return Result(verdict=Verdict.UP, at=at)


def note_result(probe: Probe, result: Result, *, now: datetime, counts: bool) -> None:
    """Keep a result and tell what it changes; call it in a transaction.

    `counts` says that every clause of the service accepts our measurement.
    """
    state = state_of(probe, at=now)
    every = timedelta(seconds=probe.every_seconds)
    before = _standing(state)
    after, told = judged(before, verdict=result.verdict, at=result.at, every=every)
    for each in told:
        _tell(probe, each, why=result.why, at=now, counts=counts)
        if each.tale is Tale.GAP and each.end is not None:
            for on, count in missed(each.start, each.end, every=every).items():
                _count(probe, on, Verdict.UNKNOWN, number=count)
    _count(probe, result.at.date(), result.verdict, number=1)
    _keep(state, after, why=result.why)
    state.next_at = next_instant(state.next_at, now=now, every=every)
    state.save()
    if result.verdict is not Verdict.UNKNOWN:
        source, by = source_of(probe), system_user()
        hear_now(
            [probe.service],
            source=source.code,
            at=result.at,
            by=by,
            reason=f"{OURS}: {probe}",
            every=HEARD_EVERY,
        )


def end_probe(probe: Probe, *, now: datetime, counts: bool) -> None:
    """End what a probe that is switched off says is out: it is known to be so until its last failure."""
    state = state_of(probe, at=now)
    after, told = ended(_standing(state))
    for each in told:
        _tell(probe, each, why="The probe is switched off.", at=now, counts=counts)
    _keep(state, after, why="")
    state.next_at = next_instant(state.next_at, now=now, every=timedelta(seconds=probe.every_seconds))
    state.save()


def state_of(probe: Probe, *, at: datetime) -> ProbeState:
    """Return where a probe stands; a new one is first asked at `at`."""
    state, _ = ProbeState.objects.get_or_create(probe=probe, defaults={"next_at": at})
    return state


def source_of(probe: Probe) -> FeedSource:
    """Return the feed that a vendor's probes are told by, with the name of this probe in it."""
    vendor, by, reason = probe.service.contract.vendor, system_user(), f"{OURS}, by probes"
    code = f"probes-{vendor.slug}"[:80]
    source = FeedSource.objects.filter(code=code).first()
    if source is None:
        source = FeedSource(code=code, kind="probe", vendor=vendor)
        save_record(source, by=by, reason=reason)
    if not ComponentRule.objects.filter(source=source, names=probe.code).exists():
        rule = ComponentRule(source=source, names=probe.code, service=probe.service)
        save_record(rule, by=by, reason=reason)
    return source


def _standing(state: ProbeState) -> Standing:
    return Standing(
        probed_at=state.probed_at,
        failing_since=state.failing_since,
        failures=state.failures,
        out_since=state.out_since,
    )


def _keep(state: ProbeState, standing: Standing, *, why: str) -> None:
    state.probed_at, state.failing_since = standing.probed_at, standing.failing_since
    state.failures, state.out_since, state.error = standing.failures, standing.out_since, why


def _count(probe: Probe, on: date, verdict: Verdict, *, number: int) -> None:
    day, _ = ProbeDay.objects.get_or_create(probe=probe, on=on)
    ProbeDay.objects.filter(pk=day.pk).update(**{verdict.value: F(verdict.value) + number})


def _tell(probe: Probe, told: Told, *, why: str, at: datetime, counts: bool) -> None:
    if told.tale is Tale.GAP and not (counts and _is_alone(probe, since=told.start)):
        return
    source = source_of(probe)
    said = _said(probe, told, why=why, at=at, counts=counts)
    import_feed(Feed(incidents=(said,)), source=source, by=system_user(), at=at)


def _said(probe: Probe, told: Told, *, why: str, at: datetime, counts: bool) -> FeedIncident:
    is_gap = told.tale is Tale.GAP
    what = "was not measured" if is_gap else "did not answer as expected"
    word = "unmeasured" if is_gap else "major_outage"
    return FeedIncident(
        external_id=f"{probe.code}@{told.start:%Y-%m-%dT%H:%M:%SZ}" + ("/gap" if is_gap else ""),
        title=f"{OURS}: {probe.name} {what}",
        narrative="\n".join(_narrative(probe, told, why=why, counts=counts)),
        severity="" if is_gap else "major",
        status="resolved" if told.end else "open",
        started_at=told.start,
        first_posted_at=None,
        resolved_at=told.end,
        changed_at=at,
        components=(FeedComponent(name=probe.code, worst_status=word),) if counts else (),
        address=probe.url,
    )


def _narrative(probe: Probe, told: Told, *, why: str, counts: bool) -> Iterable[str]:
    yield f"{OURS}, not the vendor's: a probe asks {probe.url} every {probe.every_seconds} seconds."
    if told.tale is Tale.GAP:
        yield "No probe ran from the last result before it to the next after it: nobody knows what was then."
    else:
        yield "From the first of two failures in a row to the next good answer, or to the last failure known."
    if why and told.tale is Tale.DOWN:
        yield f"It said: {why}"
    if not counts:
        yield "No outage of a service is recorded: a clause does not accept our measurement. A person may."


def _is_alone(probe: Probe, *, since: datetime) -> bool:
    """Say whether nobody else listens for the service: beside a watched status page a gap of ours is none."""
    others = SourceWatch.objects.filter(service=probe.service).exclude(source=source_of(probe).code)
    return not others.filter(last_heard_at__gte=since - LISTENS).exists()
