"""What the contracts say of an announced work: how much of it each clause takes out, and why not the rest.

The engine itself is asked: what would become of a service that was down for the whole of the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from incidents.models import MaintenanceWindow
from sla.engine.facts import Incident, Inputs, Maintenance, Outage
from sla.engine.intervals import Interval, micro, total
from sla.engine.ledger.exclusions import doubt, latest_notice, refusal
from sla.engine.ledger.index import FactIndex, index_facts
from sla.engine.results import Measured, Result, TimeClass
from sla.engine.terms import Terms
from sla.engine.terms.rules import ExclusionRule, ExclusionSource
from sla.engine.terms.targets import Measurer
from sla.engine.trace import spoken_length
from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement
from sla.services.statements.drafts import result_of
from vendors.models import Reader, zone_of

# No incident has such a reference: a slash and a blank are refused by the register.
THOUGHT = "/ as if down /"
MINUTE = 60_000_000


class NoticeVerdict(StrEnum):
    """What a clause says of an announced work, the worst first."""

    CANCELLED = "cancelled"
    NO_CLAUSE = "no clause takes announced work out"
    NO_NOTICE = "no time of notice is recorded"
    TOO_SHORT = "notice too short"
    EMERGENCY = "emergency work is not listed"
    OVERRAN = "overran"
    OUTSIDE_HOURS = "outside the allowed hours"
    QUOTA = "quota used up"
    SENDERS_WORD = "in time only by its sender's own stamp"
    EXCLUDABLE = "excludable"


@dataclass(frozen=True, kw_only=True)
class JudgedNotice:
    """What one service level makes of a work on one service, in minutes of the work.

    `excluded` is taken out, `counted` would count against the vendor if the service was down, `other` is
    neither (outside the hours of service, say).
    """

    agreement: ServiceLevelAgreement
    period: str
    level: str
    unit: str
    verdicts: tuple[NoticeVerdict, ...]
    why: str
    excluded: int
    counted: int
    other: int

    @property
    def is_doubtful(self) -> bool:
        """Say whether what is taken out rests on the sender's own stamp alone."""
        return NoticeVerdict.SENDERS_WORD in self.verdicts

    @property
    def words(self) -> str:
        """Return the verdicts as one sentence part."""
        return ", ".join(self.verdicts)


def judge_notice(window: MaintenanceWindow, *, user: Reader, now: datetime) -> list[JudgedNotice]:
    """Return what each service level of the touched services makes of a notice, as of a UTC instant.

    Where the work itself was longer than announced, the time of the work is judged.
    """
    services = [touched.service for touched in window.services.select_related("service__contract")]
    rows = (
        ServiceLevelAgreement.objects.filter(contract__in={service.contract_id for service in services})
        .visible_to(user)
        .select_related("contract__vendor")
        .prefetch_related("versions__targets")
    )
    found: list[JudgedNotice] = []
    for row in rows.order_by("contract__reference", "code"):
        units = [service.code for service in services if service.contract_id == row.contract_id]
        found += _judged(row, window=window, units=units, now=now)
    return found


def _judged(
    agreement: ServiceLevelAgreement, *, window: MaintenanceWindow, units: list[str], now: datetime
) -> list[JudgedNotice]:
    start, end = window.touched_span()
    assert start is not None
    assert end is not None
    work = Interval(start, end)
    on = work.start.astimezone(zone_of(agreement.zone or agreement.contract.zone)).date()
    known_until = max(now, work.end + timedelta(seconds=1))
    try:
        inputs = inputs_of(agreement, known_until=known_until, on=on)
        result = evaluate_as_if(inputs, units=units, during=work)
    except ValueError:
        return []  # no terms are in force then
    levels = {
        target.code: target.name for version in agreement.versions.all() for target in version.targets.all()
    }
    index = index_facts(inputs.facts)
    fact = next((each for each in inputs.facts.maintenance if each.reference == window.reference), None)
    clauses = _clauses(inputs.versions[-1], fact=fact, window=window, index=index)
    return [
        _line(one, agreement=agreement, level=levels.get(one.target, one.target), unit=unit, clauses=clauses)
        for one in result.measured
        for unit in units
        if one.ledger is not None and unit in one.units
    ]


def evaluate_as_if(inputs: Inputs, *, units: Iterable[str], during: Interval) -> Result:
    """Return what a period would come to if services had been down for a time. Raises ValueError."""
    # By every clock, as alternatives: which one holds is the clause's.
    down = tuple(
        Outage(
            incident=THOUGHT, unit=unit, started_at=during.start, ended_at=during.end, measured_by=measurer
        )
        for unit in units
        for measurer in Measurer
    )
    facts = replace(
        inputs.facts,
        incidents=(*inputs.facts.incidents, Incident(reference=THOUGHT)),
        outages=(*inputs.facts.outages, *down),
    )
    return result_of(replace(inputs, facts=facts))


def _line(
    one: Measured, *, agreement: ServiceLevelAgreement, level: str, unit: str, clauses: Clauses
) -> JudgedNotice:
    excluded, counted, other = _minutes(one, unit=unit)
    said = list(_verdicts(clauses, counted=counted))
    if clauses.has_rule and clauses.is_cancelled:
        counted = other = 0  # no work is announced any more that could count
    return JudgedNotice(
        agreement=agreement,
        period=one.window.label,
        level=level,
        unit=unit,
        verdicts=tuple(verdict for verdict, _ in said) or (NoticeVerdict.EXCLUDABLE,),
        why="; ".join(filter(None, [*(why for _, why in said), _said_in_time(clauses)])),
        excluded=excluded,
        counted=counted,
        other=other,
    )


def _said_in_time(clauses: Clauses) -> str:
    return clauses.in_time if clauses.has_rule and not clauses.is_cancelled and not clauses.refused else ""


def _minutes(one: Measured, *, unit: str) -> tuple[int, int, int]:
    """Return the whole minutes of the work that are taken out, that count, and that are neither."""
    by_class = {TimeClass.EXCLUDED: 0, TimeClass.DOWN: 0}
    rest = 0
    for line in one.ledger.lines if one.ledger else ():
        if THOUGHT in line.incidents and unit in line.units:
            length = micro(line.during.end - line.during.start)
            if line.time_class in by_class:
                by_class[line.time_class] += length
            else:
                rest += length
    return by_class[TimeClass.EXCLUDED] // MINUTE, by_class[TimeClass.DOWN] // MINUTE, rest // MINUTE


@dataclass(frozen=True, kw_only=True)
class Clauses:
    """What the clauses of one schedule say of a work, whatever a service level makes of it; in minutes."""

    has_rule: bool
    is_cancelled: bool
    refused: NoticeVerdict | None
    why_refused: str
    late: int
    outside: int
    has_limits: bool
    doubt: str
    in_time: str


def _clauses(
    terms: Terms, *, fact: Maintenance | None, window: MaintenanceWindow, index: FactIndex
) -> Clauses:
    rules = [rule for rule in terms.exclusions if rule.source is ExclusionSource.MAINTENANCE]
    refusals = [_refusal(fact, rule=rule, index=index) for rule in rules] if fact is not None else []
    passed = [rule for rule, refused in zip(rules, refusals, strict=False) if not refused]
    in_time = [_notice(fact, rule=rule, index=index) for rule in passed] if fact is not None else []
    announced = Interval(window.starts_at, window.ends_at)
    return Clauses(
        has_rule=bool(rules),
        is_cancelled=window.cancelled_at is not None or fact is None,
        refused=None if passed else _refused(window),
        why_refused="; ".join(dict.fromkeys(refusals)),
        late=max(0, micro((window.actual_ended_at or window.ends_at) - window.ends_at) // MINUTE),
        outside=min((_outside(rule, announced=announced, index=index) for rule in passed), default=0),
        has_limits=any(rule.quotas or rule.max_per_event for rule in passed),
        doubt=_doubt(fact, rules=passed, index=index) if fact is not None else "",
        in_time="; ".join(dict.fromkeys(filter(None, in_time))),
    )


def _refusal(fact: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> str:
    """Return why a clause is not passed; of a notice that came too late by how much."""
    refused = refusal(fact, rule=rule, index=index)
    return (_notice(fact, rule=rule, index=index) or refused) if refused else ""


def _notice(fact: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> str:
    """Say when the notice came, by which stamp, and when the clause needed it; empty where it asks none."""
    if not rule.notice or fact.emergency or fact.cancelled:
        return ""
    latest = latest_notice(fact, rule=rule, index=index)
    unit = rule.notice_unit.value.replace("_", " ")
    asked = f"needed by {latest:%Y-%m-%d %H:%M} UTC: the clause asks for {rule.notice.normalize():f} {unit}"
    if fact.noticed_at is None:
        return f"no notice is recorded; it was {asked}"
    late, length = fact.noticed_at >= latest, spoken_length(micro(abs(fact.noticed_at - latest)))
    how = f"{length} {'too late' if late else 'in time'}"
    if fact.noticed_at == latest:
        how = "just in time" if rule.notice_inclusive else "too late: notice is needed before that"
    return f"notice came {fact.noticed_at:%Y-%m-%d %H:%M} UTC ({_stamp(fact)}), {how}; it was {asked}"


def _stamp(fact: Maintenance) -> str:
    if fact.by_senders_word:
        return "its sender's own stamp"
    return "when it was received here" if fact.noticed_at == fact.received_at else "as entered here"


def _doubt(fact: Maintenance, *, rules: Iterable[ExclusionRule], index: FactIndex) -> str:
    """Say what rests on the sender's own stamp alone, empty where every clause passes without it."""
    refusals = [doubt(fact, rule=rule, index=index) for rule in rules]
    if not refusals or not all(refusals):
        return ""
    said = f"it says that it was sent {fact.stated_at:%Y-%m-%d %H:%M} UTC"
    if fact.received_at is None:
        return f"{said}; when it reached us is not known"
    return f"{said}, and was first seen here {fact.received_at:%Y-%m-%d %H:%M} UTC, by which {refusals[0]}"


def _verdicts(clauses: Clauses, *, counted: int) -> Iterator[tuple[NoticeVerdict, str]]:
    """Yield what stands in the way, each with its reason."""
    if not clauses.has_rule:
        yield NoticeVerdict.NO_CLAUSE, ""
    elif clauses.is_cancelled:
        yield NoticeVerdict.CANCELLED, "a notice that was called off excludes nothing"
    elif clauses.refused is not None:
        yield clauses.refused, clauses.why_refused
    else:
        if clauses.late:
            yield NoticeVerdict.OVERRAN, f"the work ended {clauses.late} min after the announced end"
        if clauses.outside:
            why = f"{clauses.outside} min lie outside the hours in which work is allowed"
            yield NoticeVerdict.OUTSIDE_HOURS, why
        beyond = counted - clauses.outside - clauses.late
        if beyond > 0 and clauses.has_limits:
            yield NoticeVerdict.QUOTA, f"{beyond} min are more than what is left of the limits"
        if clauses.doubt:
            yield NoticeVerdict.SENDERS_WORD, clauses.doubt


def _refused(window: MaintenanceWindow) -> NoticeVerdict:
    if window.emergency:
        return NoticeVerdict.EMERGENCY
    return NoticeVerdict.NO_NOTICE if window.noticed_at is None else NoticeVerdict.TOO_SHORT


def _outside(rule: ExclusionRule, *, announced: Interval, index: FactIndex) -> int:
    """Return the whole minutes of the announced time outside the hours in which a clause allows work."""
    if not rule.within or announced.end <= announced.start:
        return 0
    inside = total(index.open_hours(rule.within, during=announced))
    return micro(announced.end - announced.start - inside) // MINUTE
