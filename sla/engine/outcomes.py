"""What a period leaves to the next ones: verdicts, used quotas, runs and credits as history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from sla.engine.facts import Outcome, Run, Verdict
from sla.engine.results import Credit, Credits, Measured, TimeClass
from sla.engine.terms.credits import Pays
from sla.engine.terms.versions import Terms

_EXCLUSION = "exclusion."
NOTHING = Fraction(0)


def outcomes_of(
    levels: Sequence[Measured], *, credits: Credits, versions: Sequence[Terms]
) -> tuple[Outcome, ...]:
    """Return one outcome for each measured level, in their order."""
    caps = {cap.code for terms in versions for cap in terms.caps}
    caps |= {
        cap.code
        for terms in versions
        for target in terms.targets
        if target.credit
        for cap in target.credit.caps
    }
    by_level: dict[tuple[str, str, tuple[str, ...]], list[Credit]] = defaultdict(list)
    for line in credits.lines:
        by_level[line.target, line.window, line.units].append(line)
    return tuple(
        _outcome(
            one, lines=by_level.get((one.target, one.window.label, one.units), []), credits=credits, caps=caps
        )
        for one in levels
    )


def _outcome(one: Measured, *, lines: Sequence[Credit], credits: Credits, caps: set[str]) -> Outcome:
    money = next((line.due for line in lines if line.pays is Pays.MONEY and line.due is not None), None)
    excluded, counts = _excluded(one)
    return Outcome(
        target=one.target,
        period=one.window.label,
        units=one.units,
        first_on=one.window.first_on,
        last_on=one.window.last_on,
        verdict=Verdict.MISSED if one.missed else one.verdict,
        value=one.value,
        level=one.level,
        expected_missed=one.expected_missed,
        counted_us=int(one.counted_us),
        points=sum((line.before_caps for line in lines if line.pays is Pays.POINTS), start=NOTHING),
        credit=money,
        carried=credits.carried,
        cap_reached=tuple(sorted({removed.code for line in lines for removed in line.removed} & caps)),
        excluded_us=tuple(sorted(excluded.items())),
        excluded_count=tuple(sorted((code, len(sources)) for code, sources in counts.items())),
        runs=tuple(Run(started_at=e.during.start, ended_at=e.during.end, units=e.units) for e in one.events),
    )


def _excluded(one: Measured) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Return the excluded unit-time and the windows that were used, by exclusion code."""
    used: dict[str, int] = defaultdict(int)
    sources: dict[str, set[str]] = defaultdict(set)
    for line in one.ledger.lines if one.ledger is not None else ():
        if line.time_class is TimeClass.EXCLUDED:
            code = line.rule.removeprefix(_EXCLUSION)
            used[code] += line.unit_us
            sources[code].add(line.by or "/".join(line.incidents))
    return used, sources
