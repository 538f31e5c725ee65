"""Upper limits of credits, from the inside out; what each one took is kept (F52, A31-A34)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.lines import MONEY, NOTHING, Line, Setting, cut, removal, same_kind, unit_of
from sla.engine.credits.rooms import Limit, room_left
from sla.engine.money import format_minor
from sla.engine.terms.credits import BaseSelect, Cap, CapPeriod, CapScope, Overflow, Pays
from sla.engine.trace import rules, written

rules(
    credit__cap="Cap {code} leaves {room} for {scope}: {value} less.",
    credit__cap_carried="Cap {code} leaves {room} for {scope}: {value} stands over to a later period.",
    credit__cap_count="Cap {code} allows {limit} credits for {scope}: {value} less.",
    credit__room="Cap {code}, shared with other schedules, has {room} left: {value} less.",
)

_SCOPES = list(CapScope)
_PERIODS = list(CapPeriod)
_WIDE = (CapScope.ACCOUNT, CapScope.ORDER, CapScope.MASTER)

Place = tuple[int, int]


class _Laid(NamedTuple):
    """A cap with the version and the one target, or "" for all, whose lines it is laid over."""

    cap: Cap
    version: int
    target: str


def capped(lines: Sequence[Line], *, setting: Setting, points: bool = False) -> list[Line]:
    """Return the lines after every cap, inner to outer, then the rooms of wider scopes."""
    found = list(lines)
    for laid in _in_order(lines, setting=setting):
        groups = _grouped(found, laid=laid, setting=setting, points=points)
        for key in sorted(groups, key=str):
            _limit(found, places=groups[key], laid=laid, setting=setting)
    if not points:
        _limit_by_rooms(found, setting=setting)
    return found


def _in_order(lines: Sequence[Line], *, setting: Setting) -> list[_Laid]:
    laid = set()
    for line in lines:
        if line.rule is not None:
            laid |= {_Laid(cap, line.version, line.target) for cap in line.rule.caps}
        laid |= {_Laid(cap, line.version, "") for cap in setting.versions[line.version].caps}
    shared = {room.cap for room in setting.facts.rooms}
    kept = [item for item in laid if not (item.cap.scope in _WIDE and item.cap.code in shared)]
    return sorted(
        kept,
        key=lambda item: (
            _SCOPES.index(item.cap.scope),
            _PERIODS.index(item.cap.period),
            item.version,
            item.cap.code,
            item.target,
            str(item.cap),
        ),
    )


def _grouped(
    lines: Sequence[Line], *, laid: _Laid, setting: Setting, points: bool
) -> dict[Hashable, list[Place]]:
    """Return the pieces that share the cap's room, by what they share it for."""
    groups: dict[Hashable, list[Place]] = defaultdict(list)
    for i, line in enumerate(lines):
        if line.version != laid.version or laid.target not in ("", line.target) or not line.left:
            continue
        if (line.pays is Pays.POINTS) is not points or not _is_in(line, cap=laid.cap):
            continue
        family = Pays.MONEY if line.pays in MONEY else line.pays
        for j, piece in enumerate(line.pieces):
            key = _shared_by(line, cap=laid.cap, piece=piece.key, on=piece.on)
            groups[family, *key].append((i, j))
    return groups


def _is_in(line: Line, *, cap: Cap) -> bool:
    if cap.scope in (CapScope.EVENT, CapScope.DAY, CapScope.UNIT, CapScope.TARGET):
        # What the points rule pays belongs to the schedule, not to one level.
        return line.promise is not None
    if cap.scope is CapScope.CATEGORY:
        category = line.promise.category if line.promise else ""
        return bool(category) and cap.category in ("", category)
    return True


def _shared_by(line: Line, *, cap: Cap, piece: str, on: date) -> tuple[str, ...]:
    window = line.window.label if cap.period is CapPeriod.WINDOW else ""
    units = ",".join(line.units)
    if cap.scope is CapScope.EVENT:
        return line.target, units, line.window.label, piece
    if cap.scope is CapScope.DAY:
        return line.target, units, on.isoformat()
    if cap.scope is CapScope.UNIT:
        return (units,)
    if cap.scope is CapScope.TARGET:
        # A share of the fee of "the affected service" is a limit for each service.
        own = cap.base.select is BaseSelect.UNITS and cap.pays not in (Pays.MONEY, Pays.POINTS)
        return line.target, units if own else "", window
    if cap.scope is CapScope.CATEGORY:
        return (line.promise.category if line.promise else "",)
    return ()


def _limit(lines: list[Line], *, places: Sequence[Place], laid: _Laid, setting: Setting) -> None:
    """Cut the pieces at these places down to the cap's room, in place."""
    cap = laid.cap
    of = [lines[i] for i in sorted({i for i, _ in places})]
    if cap.is_count:
        _limit_count(lines, places=places, laid=laid, setting=setting)
        return
    limit = room_left(cap, of=of, setting=setting)
    if limit is None:
        return
    total = sum((lines[i].pieces[j].left for i, j in places), NOTHING)
    if total <= limit.room:
        return
    share = limit.room / total  # in proportion, so that the order of lines plays no part
    lefts = {(i, j): lines[i].pieces[j].left * share for i, j in places}
    _cut_all(lines, lefts=lefts, cap=cap, limit=limit, setting=setting)


def _cut_all(
    lines: list[Line], *, lefts: Mapping[Place, Fraction], cap: Cap, limit: Limit, setting: Setting
) -> None:
    carried = cap.overflow is Overflow.CARRIED
    currency = setting.schedule.currency
    for i in sorted({i for i, _ in lefts}):
        step = removal(
            "credit.cap_carried" if carried else "credit.cap",
            line=lines[i],
            currency=currency,
            clause=cap.clause,
            inputs=limit.steps,
            code=cap.code,
            room=written(limit.room, unit=unit_of(lines[i].pays, currency=currency)),
            scope=_scope(cap),
        )
        mine = {j: left for (line, j), left in lefts.items() if line == i}
        lines[i] = cut(
            lines[i], lefts=mine, code=cap.code, step=step, carried=carried, provisional=limit.provisional
        )


def _scope(cap: Cap) -> str:
    each = {CapScope.AGREEMENT: "the whole schedule", CapScope.TARGET: "the service level"}
    period = {CapPeriod.ROLLING_12: "twelve months", CapPeriod.TERM: "the term", CapPeriod.WINDOW: "period"}
    named = cap.category or each.get(cap.scope, f"the {cap.scope.value}")
    if cap.scope is CapScope.EVENT or cap.period is CapPeriod.EVENT:
        return named
    return f"{named} in the {period.get(cap.period, cap.period.value).removeprefix('the ')}"


def _limit_count(lines: list[Line], *, places: Sequence[Place], laid: _Laid, setting: Setting) -> None:
    """Keep so many credits, the earliest first, and take the rest (S11)."""
    cap = laid.cap
    of = [lines[i] for i in sorted({i for i, _ in places})]
    limit = room_left(cap, of=of, setting=setting)
    assert limit is not None
    paying = [(i, j) for i, j in places if lines[i].pieces[j].left]
    paying.sort(key=lambda place: (lines[place[0]].pieces[place[1]].on, lines[place[0]].order, place[1]))
    for i, j in paying[int(limit.room) :]:
        step = removal(
            "credit.cap_count",
            line=lines[i],
            currency=setting.schedule.currency,
            clause=cap.clause,
            code=cap.code,
            limit=limit.room,
            scope=_scope(cap),
        )
        lines[i] = cut(
            lines[i], lefts={j: NOTHING}, code=cap.code, step=step, carried=cap.overflow is Overflow.CARRIED
        )


def _limit_by_rooms(lines: list[Line], *, setting: Setting) -> None:
    """Cut what is left to the room of caps that span several schedules."""
    caps = {cap.code: cap for line in lines for cap in setting.versions[line.version].caps}
    for room in sorted(setting.facts.rooms, key=lambda room: room.cap):
        money = [i for i, line in enumerate(lines) if same_kind(line.pays, Pays.MONEY)]
        total = sum((lines[i].left for i in money), NOTHING)
        free = max(Fraction(room.room.minor), NOTHING)
        if total <= free:
            continue
        cap = caps.get(room.cap)
        for i in money:
            lefts = {j: piece.left * free / total for j, piece in enumerate(lines[i].pieces)}
            shown = format_minor(free, currency=setting.schedule.currency)
            clause, carried = (cap.clause, cap.overflow is Overflow.CARRIED) if cap else ("", False)
            step = removal(
                "credit.room",
                line=lines[i],
                currency=setting.schedule.currency,
                clause=clause,
                code=room.cap,
                room=shown,
            )
            lines[i] = cut(lines[i], lefts=lefts, code=room.cap, step=step, carried=carried)
