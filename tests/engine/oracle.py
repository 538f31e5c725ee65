"""A naive second opinion: it walks a window tick by tick and asks what each tick was.

Written from the design's order of classes and of calculation, without the engine's ledger,
measurement or credits, and slowly on purpose: plain dicts, one entry for each tick of each unit.
Every instant and length must lie on the grid (a second, or a minute for months).

Covered: several units (each, any, all, pooled by weight), united and summed incidents, start and end
rules, clock stops (restored where the vendor caused them), exclusions decided for an incident or a
span, maintenance with notice, open hours, overrun, limits per event and monthly quotas of length and
count, responsibility where fault is required, calendars with special days, service edges,
`known_until`, unmeasured outages under each no-data rule, minimum run (more than, at least; whole,
excess), granularity (full, touched; from the clock, from the run), attribution (split, start, end),
denominators (elapsed, deemed days, fixed), exclusion arithmetic, outage kinds with weights and
affected shares for a single unit; availability, downtime, longest outage and count; tiered,
incremental and prorated credits of evenly accruing fees.

Not covered: measurers and positions, conditions, shares of responsibility, history, rounding of the
value, samples and cases, modifiers and caps of credits.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from sla.engine.facts import Facts, Maintenance, MilestoneFact, Outage, Responsible
from sla.engine.periods import BusinessCalendar, Period
from sla.engine.terms import (
    Alignment,
    Attribution,
    Combine,
    Denominator,
    EndRule,
    ExclusionArithmetic,
    ExclusionRule,
    ExclusionSource,
    IncrementOn,
    Increments,
    IntervalRule,
    Metric,
    NoData,
    Op,
    OutageKind,
    Overlap,
    Overrun,
    Prorated,
    Rounding,
    RunCounts,
    StartRule,
    Target,
    Tiered,
)
from sla.engine.terms.credits import CapPeriod
from sla.engine.terms.targets import Milestone

# What a tick is called when several rules want it, as the design orders them.
AFTER_UP = ("down", "not_attributed", "stopped", "excluded", "uncounted")


@dataclass
class Told:
    """What the oracle says of one unit group in one window; classes are in microseconds."""

    units: tuple[str, ...]
    classes: dict[str, int]
    counted: Fraction
    denominator: Fraction
    value: Fraction | None
    worst: Fraction | None
    verdict: str
    credit: Fraction


@dataclass
class Tick:
    """One tick of a unit or group: its class, and what each incident there weighs while it counts."""

    label: str
    weights: dict[str, Fraction] = field(default_factory=dict)


@dataclass
class CountedRun:
    """A run of down ticks of one stream, the ticks of it that count here, and what each weighs."""

    start: int
    end: int
    kept: list[int]
    weights: dict[int, Fraction]
    counted: Fraction = Fraction(0)


@dataclass
class Oracle:
    """Everything one service level is judged from, and the grid it is walked on."""

    target: Target
    rules: tuple[ExclusionRule, ...]
    facts: Facts
    window: Period
    known_until: datetime
    grid: timedelta
    fees: dict[str, int]  # monthly fee in minor units, by unit

    def told(self) -> list[Told]:
        """Return what each unit group came to."""
        units = [unit.code for unit in self.facts.units]
        combine = self.target.params.combine
        groups = [(unit,) for unit in units] if combine is Combine.EACH else [tuple(units)]
        return [self.group(group) for group in groups]

    # --- the grid ---

    def tick(self, at: datetime) -> int:
        """Return the number of a tick; the window begins with 0."""
        number, rest = divmod(at - self.window.during.start, self.grid)
        assert not rest, f"{at} is not on the grid"
        return number

    def at(self, tick: int) -> datetime:
        return self.window.during.start + tick * self.grid

    @property
    def size(self) -> int:
        return self.tick(self.window.during.end)

    @property
    def tick_us(self) -> int:
        return self.grid // timedelta(microseconds=1)

    def reach(self) -> range:
        """Return every tick that an outage or the window has."""
        edges = [0, self.size]
        for row in self.facts.outages:
            edges += [self.tick(row.started_at), self.end_of(row)]
            edges += [self.tick(fact.at) for fact in self.facts.milestones]
        return range(min(edges), max(edges))

    def end_of(self, row: Outage) -> int:
        if row.ended_at is not None:
            return self.tick(row.ended_at)
        return self.tick(min(self.known_until, self.window.during.end))

    # --- one unit ---

    def unit_ticks(self, unit: str) -> dict[int, Tick]:
        """Return the class of every tick of one unit, before runs are judged."""
        claims = self.claims(unit)
        unmeasured = self.unmeasured(unit)
        known = self.tick_after(self.known_until)
        found = {}
        for tick in self.reach():
            if not self.is_in_service(unit, tick):
                label = Tick("not_in_service")
            elif not self.is_open(self.target.calendar, tick):
                label = Tick("outside_hours")
            elif tick >= known:
                label = Tick("unknown" if 0 <= tick < self.size else "up")
            elif tick in unmeasured:
                label = Tick("unknown")
            else:
                label = self.strongest(claims.get(tick, []))
            found[tick] = label
        return found

    def tick_after(self, at: datetime) -> int:
        return -((self.window.during.start - at) // self.grid)

    def strongest(self, claims: list[tuple[str, str, Fraction]]) -> Tick:
        """Return the tick that several outages claim: down if any counts, else the first in order."""
        for label in AFTER_UP:
            here = [(incident, weight) for said, incident, weight in claims if said == label]
            if here:
                weights: dict[str, Fraction] = {}
                for incident, weight in here:
                    weights[incident] = max(weight, weights.get(incident, weight))
                return Tick(label, weights)
        return Tick("up")

    def is_in_service(self, unit: str, tick: int) -> bool:
        fact = next(one for one in self.facts.units if one.code == unit)
        at = self.at(tick)
        begun = fact.in_service_from is None or fact.in_service_from <= at
        return begun and (fact.in_service_until is None or at < fact.in_service_until)

    def is_open(self, code: str, tick: int) -> bool:
        if not code:
            return True
        calendar = next(one for one in self.facts.calendars if one.code == code)
        return is_open(calendar, self.at(tick))

    def unmeasured(self, unit: str) -> set[int]:
        return {
            tick
            for row in self.facts.outages
            if row.unit == unit and row.kind is OutageKind.UNMEASURED
            for tick in range(self.tick(row.started_at), self.end_of(row))
        }

    def claims(self, unit: str) -> dict[int, list[tuple[str, str, Fraction]]]:
        """Return what each outage of a unit says of each of its ticks: class, incident, weight."""
        said: dict[int, list[tuple[str, str, Fraction]]] = defaultdict(list)
        open_to_exclusion: dict[int, list[Outage]] = defaultdict(list)
        for row in sorted(self.facts.outages, key=self.turn):
            if row.unit != unit or row.kind is OutageKind.UNMEASURED:
                continue
            for tick in self.ticks_of(row):
                if self.target.counting.fault_required and row.responsible in (
                    Responsible.US,
                    Responsible.THIRD_PARTY,
                ):
                    said[tick].append(("not_attributed", row.incident, Fraction(1)))
                elif self.is_stopped(row, tick):
                    said[tick].append(("stopped", row.incident, Fraction(1)))
                else:
                    open_to_exclusion[tick].append(row)
        excluded = self.excluded(unit, open_to_exclusion)
        for tick, rows in open_to_exclusion.items():
            for row in rows:
                label = "excluded" if (tick, id(row)) in excluded else self.counts_as(row)
                said[tick].append((label, row.incident, self.weight(row)))
        return said

    def turn(self, row: Outage) -> tuple[int, int, str]:
        """Return an outage's turn where one tick uses up a limit: the earlier first, then the shorter."""
        ticks = self.ticks_of(row)
        return ticks.start, ticks.stop, row.incident

    def ticks_of(self, row: Outage) -> range:
        """Return an outage's ticks by the start and end rule."""
        start, end = self.tick(row.started_at), self.end_of(row)
        counting = self.target.counting
        first = {
            StartRule.OCCURRED: (),
            StartRule.DETECTED: (Milestone.DETECTED,),
            StartRule.REPORTED: (Milestone.REPORTED,),
            StartRule.ACKNOWLEDGED: (Milestone.ACKNOWLEDGED,),
            StartRule.FIRST_KNOWN: (Milestone.REPORTED, Milestone.DETECTED, Milestone.ACKNOWLEDGED),
        }[counting.start]
        known = [self.tick(fact.at) for fact in self.milestones(row) if fact.kind in first]
        start = max([start, min(known)]) if known else start
        closed = [self.tick(fact.at) for fact in self.milestones(row) if fact.kind is Milestone.CLOSED]
        if closed and counting.end is EndRule.CLOSED:
            end = max(end, closed[-1])
        if closed and counting.end is EndRule.FIRST:
            end = min(end, closed[-1])
        return range(start, end)

    def milestones(self, row: Outage) -> list[MilestoneFact]:
        return [fact for fact in self.facts.milestones if fact.incident == row.incident]

    def is_stopped(self, row: Outage, tick: int) -> bool:
        counting = self.target.counting
        return counting.clock_stops and any(
            stop.incident == row.incident
            and not (counting.restore_if_vendor_cause and stop.cause is Responsible.VENDOR)
            and self.tick(stop.started_at) <= tick
            and (stop.ended_at is None or tick < self.tick(stop.ended_at))
            for stop in self.facts.clock_stops
        )

    def counts_as(self, row: Outage) -> str:
        counting = self.target.counting
        kinds = {*counting.kinds, *(weight.kind for weight in counting.weights)}
        severity = next(one.severity for one in self.facts.incidents if one.reference == row.incident)
        if row.kind not in kinds or row.affected < counting.affected_at_least:
            return "uncounted"
        return "uncounted" if counting.severities and severity not in counting.severities else "down"

    def weight(self, row: Outage) -> Fraction:
        counting = self.target.counting
        weight = next((one.share for one in counting.weights if one.kind is row.kind), Fraction(1))
        return weight * row.affected if counting.by_affected else weight

    # --- exclusions ---

    def excluded(self, unit: str, rows_at: dict[int, list[Outage]]) -> set[tuple[int, int]]:
        """Return which outages are taken out at which ticks; limits go to the earliest ticks first."""
        found: set[tuple[int, int]] = set()
        for rule in self.rules:
            spent = Spent()
            sources = list(self.sources(rule, unit))
            for tick in sorted(rows_at):
                for row in rows_at[tick]:
                    if (tick, id(row)) not in found and self.takes(rule, sources, spent, tick, row):
                        found.add((tick, id(row)))
        return found

    def takes(
        self, rule: ExclusionRule, sources: list["Source"], spent: "Spent", tick: int, row: Outage
    ) -> bool:
        for source in sources:
            fits = source.covers(tick, row.incident) and not self.overruns(rule, source, row)
            if fits and (tick in spent.ticks or self.has_room(rule, source, spent, tick)):
                spent.ticks.add(tick)
                return True
        return False

    def has_room(self, rule: ExclusionRule, source: "Source", spent: "Spent", tick: int) -> bool:
        """Return whether the limits have room for one more tick, and take it from them if they do."""
        if rule.max_per_event is not None and spent.by_source[source.name] * self.grid >= rule.max_per_event:
            return False
        month = self.local(tick).strftime("%Y-%m")
        for number, quota in enumerate(rule.quotas):
            assert quota.period is CapPeriod.MONTH
            if tick < 0:
                continue  # an earlier window used it up
            if quota.length is not None and spent.by_month[number, month] * self.grid >= quota.length:
                return False
            used = spent.sources[number, month]
            if quota.count is not None and source.name not in used and len(used) >= quota.count:
                return False
        spent.by_source[source.name] += 1
        for number in range(len(rule.quotas) if tick >= 0 else 0):
            spent.by_month[number, month] += 1
            spent.sources[number, month].add(source.name)
        return True

    def overruns(self, rule: ExclusionRule, source: "Source", row: Outage) -> bool:
        """Return whether an outage that touches an announced window also lies outside it (A17, whole)."""
        if rule.overrun is not Overrun.WHOLE or source.ticks is None:
            return False
        return any(tick not in source.ticks for tick in self.ticks_of(row))

    def sources(self, rule: ExclusionRule, unit: str) -> Iterator["Source"]:
        if rule.source is ExclusionSource.MAINTENANCE:
            for work in sorted(self.facts.maintenance, key=lambda one: (one.started_at, one.reference)):
                if unit in work.units and passes(work, rule=rule):
                    ticks = range(self.tick(work.started_at), self.tick(work.ended_at))
                    yield Source(work.reference, {t for t in ticks if self.is_open(rule.within, t)}, "")
        for fact in self.facts.exclusions:
            if fact.rule == rule.code and (not fact.units or unit in fact.units):
                ticks = None
                if fact.started_at is not None and fact.ended_at is not None:
                    ticks = set(range(self.tick(fact.started_at), self.tick(fact.ended_at)))
                yield Source(fact.incident or f"{fact.started_at}/{fact.ended_at}", ticks, fact.incident)

    def announced(self, unit: str) -> set[int]:
        """Return the ticks of windows that pass their tests, in the unit's agreed service time."""
        return {
            tick
            for rule in self.rules
            if rule.source is ExclusionSource.MAINTENANCE
            for source in self.sources(rule, unit)
            if source.name in {work.reference for work in self.facts.maintenance}
            for tick in source.ticks or ()
        }

    def local(self, tick: int) -> datetime:
        return self.at(tick).astimezone(ZoneInfo(self.facts.zone.name))

    # --- units together ---

    def group(self, units: tuple[str, ...]) -> Told:
        """Return what a group of units came to."""
        combine = self.target.params.combine
        lines = [self.unit_ticks(unit) for unit in units]
        announced = [self.announced(unit) for unit in units]
        weights = [next(u.weight for u in self.facts.units if u.code == unit) for unit in units]
        if combine in (Combine.ANY, Combine.ALL) and len(units) > 1:
            lines = [self.together(lines, is_any=combine is Combine.ANY)]
            announced = [self.announced_together(units, announced, is_any=combine is Combine.ANY)]
        if len(lines) == 1:
            weights = [Fraction(1)]
        return self.judged(units, lines, announced, weights)

    def announced_together(
        self, units: tuple[str, ...], announced: list[set[int]], *, is_any: bool
    ) -> set[int]:
        """Return the ticks announced for any, or for all, of the units that are in service there."""
        found = set()
        for tick in range(self.size):
            asked = [
                own for unit, own in zip(units, announced, strict=True) if self.is_in_service(unit, tick)
            ]
            said = [tick in own for own in asked]
            if any(said) if is_any else said and all(said):
                found.add(tick)
        return found

    def together(self, lines: list[dict[int, Tick]], *, is_any: bool) -> dict[int, Tick]:
        combined = self.any_of if is_any else self.all_of
        return {tick: combined([line[tick] for line in lines]) for tick in self.reach()}

    def any_of(self, here: list[Tick]) -> Tick:
        """Return the group's tick where one unit down is down."""
        order = ("down", "unknown", *AFTER_UP[1:], "up", "outside_hours", "not_in_service")
        label = min((tick.label for tick in here), key=order.index)
        return Tick(label, self.joined(here, label))

    def all_of(self, here: list[Tick]) -> Tick:
        """Return the group's tick where only all units down are down; units not in service are not asked."""
        asked = [tick for tick in here if tick.label != "not_in_service"]
        if not asked:
            return Tick("not_in_service")
        labels = [tick.label for tick in asked]
        if "up" in labels:
            return Tick("uncounted" if "down" in labels else "up")
        order = ("outside_hours", "unknown", *AFTER_UP[1:], "down")
        label = min(labels, key=order.index)
        return Tick(label, self.joined(asked, label))

    def joined(self, here: list[Tick], label: str) -> dict[str, Fraction]:
        weights: dict[str, Fraction] = {}
        for tick in here:
            if tick.label == label:
                for incident, weight in tick.weights.items():
                    weights[incident] = max(weight, weights.get(incident, weight))
        return weights

    # --- runs ---

    def streams(self, line: dict[int, Tick]) -> Iterator[dict[int, Fraction]]:
        """Yield the down ticks with their weights: united, or each incident's for itself."""
        down = {tick: one.weights for tick, one in line.items() if one.label == "down"}
        if self.target.counting.overlap is Overlap.UNION:
            yield {tick: max(weights.values()) for tick, weights in down.items()}
            return
        for incident in sorted({name for weights in down.values() for name in weights}):
            yield {tick: weights[incident] for tick, weights in down.items() if incident in weights}

    def runs(self, line: dict[int, Tick]) -> tuple[list[CountedRun], set[int]]:
        """Return the runs that count in the window, and every tick that some run keeps."""
        found: list[CountedRun] = []
        kept_somewhere: set[int] = set()
        for stream in self.streams(line):
            groups: list[list[int]] = []
            for tick in sorted(stream):
                if groups and groups[-1][-1] == tick - 1:
                    groups[-1].append(tick)
                else:
                    groups.append([tick])
            for group in groups:
                kept = self.kept(group)
                kept_somewhere.update(kept)
                here = self.placed(group, kept)
                if here:
                    weights = {tick: stream[tick] for tick in here}
                    found.append(CountedRun(group[0], group[-1] + 1, here, weights))
        return sorted(found, key=lambda run: (run.start, run.end)), kept_somewhere

    def kept(self, group: list[int]) -> list[int]:
        """Return the ticks of a run that count by the minimum run."""
        counting = self.target.counting
        length = len(group) * self.grid
        if not (length >= counting.min_run if counting.min_run_inclusive else length > counting.min_run):
            return []
        return group[counting.min_run // self.grid :] if counting.run_counts is RunCounts.EXCESS else group

    def placed(self, group: list[int], kept: list[int]) -> list[int]:
        """Return the ticks that the spanning rule puts into this window."""
        rule, last = self.target.counting.attribution, group[-1]
        if rule is Attribution.SPLIT:
            return [tick for tick in kept if 0 <= tick < self.size]
        if rule is Attribution.START:
            return kept if 0 <= group[0] < self.size else []
        return kept if 0 <= last < self.size else []

    def counted(self, runs: list[CountedRun]) -> Fraction:
        """Return the counted microseconds after weight and granularity, and write them to the runs."""
        granularity = self.target.counting.granularity
        taken: set[int] = set()
        together = {tick for run in runs for tick in run.kept}
        for run in runs:
            weighted = sum(run.weights.values(), Fraction(0)) * self.tick_us
            if granularity is None:
                run.counted = weighted
                continue
            size = granularity.size // self.grid
            if granularity.alignment is Alignment.RUN:
                cells = len(run.kept) // size
                cells += granularity.rule is IntervalRule.TOUCHED and len(run.kept) % size > 0
            else:
                cells = 0
                for cell in sorted({tick // size for tick in run.kept} - taken):
                    down = sum(tick in together for tick in range(cell * size, (cell + 1) * size))
                    if down == size or granularity.rule is IntervalRule.TOUCHED:
                        taken.add(cell)
                        cells += 1
            run.counted = cells * size * weighted / len(run.kept)
        return sum((run.counted for run in runs), Fraction(0))

    # --- figures ---

    def judged(
        self,
        units: tuple[str, ...],
        lines: list[dict[int, Tick]],
        announced: list[set[int]],
        weights: list[Fraction],
    ) -> Told:
        """Return classes, figures, verdict and credit of one or several lines of ticks."""
        no_data = self.target.counting.no_data
        gone = self.tick_after(self.known_until)
        main = [self.failed(line, to=gone) if no_data is NoData.FAILED else line for line in lines]
        doubtful = no_data in (NoData.UNKNOWN, NoData.FAILED)
        worst = [self.failed(line, after=None if doubtful else gone) for line in lines]
        classes = self.classes(lines)
        bases = [self.denominator(line, extra) for line, extra in zip(lines, announced, strict=True)]
        value, counted, base = self.figure(main, bases, weights)
        low, _, _ = self.figure(worst, bases, weights)
        best, low = self.extremes(value, low)
        verdict = self.verdict(best, low)
        credit = Fraction(0)
        if verdict == "missed" and self.target.credit is not None:
            credit = self.credit(units, value, counted, base)
        return Told(units, classes, counted, base, value, low, verdict, credit)

    def extremes(
        self, value: Fraction | None, other: Fraction | None
    ) -> tuple[Fraction | None, Fraction | None]:
        """Return the better and the worse figure of unknown time taken as up, and as down."""
        if value is None or other is None:
            return value, other
        low, high = min(value, other), max(value, other)
        return (high, low) if self.target.metric is Metric.AVAILABILITY else (low, high)

    def failed(
        self, line: dict[int, Tick], *, to: int | None = None, after: int | None = None
    ) -> dict[int, Tick]:
        """Return a line whose unknown ticks before ``to``, or from ``after`` on, are down."""
        return {
            number: Tick("down", {"": Fraction(1)})
            if tick.label == "unknown" and (to is None or number < to) and (after is None or number >= after)
            else tick
            for number, tick in line.items()
        }

    def classes(self, lines: list[dict[int, Tick]]) -> dict[str, int]:
        classes: dict[str, int] = defaultdict(int)
        for line in lines:
            _, kept = self.runs(line)
            for tick in range(self.size):
                label = line[tick].label
                classes["uncounted" if label == "down" and tick not in kept else label] += self.tick_us
        return dict(classes)

    def denominator(self, line: dict[int, Tick], announced: set[int]) -> Fraction:
        counting = self.target.counting
        inside = [
            tick for tick in range(self.size) if line[tick].label not in ("not_in_service", "outside_hours")
        ]
        base, gone = Fraction(len(inside) * self.tick_us), set[int]()
        if counting.denominator is Denominator.DEEMED_DAYS:
            base = Fraction(((self.window.last_on - self.window.first_on).days + 1) * 86_400_000_000)
        elif counting.denominator is Denominator.FIXED:
            base = Fraction(counting.denominator_length // timedelta(microseconds=1))
        if counting.exclusion_arithmetic is ExclusionArithmetic.REMOVED:
            labels = {tick: line[tick].label for tick in inside}
            gone |= {t for t in inside if labels[t] == "excluded" or (t in announced and labels[t] != "down")}
        if counting.no_data is NoData.OMIT:
            known = self.tick_after(self.known_until)
            gone |= {t for t in inside if line[t].label == "unknown" and t < known}
        return base - len(gone) * self.tick_us

    def figure(
        self, lines: list[dict[int, Tick]], bases: list[Fraction], weights: list[Fraction]
    ) -> tuple[Fraction | None, Fraction, Fraction]:
        """Return the metric's value, the counted time and the denominator."""
        runs = [self.runs(line)[0] for line in lines]
        counted = sum((self.counted(found) * w for found, w in zip(runs, weights, strict=True)), Fraction(0))
        base = sum((one * w for one, w in zip(bases, weights, strict=True)), Fraction(0))
        metric = self.target.metric
        if metric is Metric.COUNT:
            return Fraction(sum(len(found) for found in runs)), counted, base
        if metric is Metric.LONGEST_OUTAGE:
            return max((run.counted for found in runs for run in found), default=Fraction(0)), counted, base
        if metric is Metric.DOWNTIME:
            return counted, counted, base
        return (max(100 - 100 * counted / base, Fraction(0)) if base > 0 else None), counted, base

    def verdict(self, value: Fraction | None, worst: Fraction | None) -> str:
        if value is None or worst is None:
            return "not_measurable"
        if not self.keeps(value):
            return "missed"
        if self.keeps(worst):
            return "met"
        return "provisional" if self.known_until < self.window.during.end else "not_measurable"

    def keeps(self, value: Fraction) -> bool:
        level = self.target.level
        bar = (
            Fraction(level // timedelta(microseconds=1)) if isinstance(level, timedelta) else Fraction(level)
        )
        return {
            Op.AT_LEAST: value >= bar,
            Op.ABOVE: value > bar,
            Op.AT_MOST: value <= bar,
            Op.BELOW: value < bar,
        }[self.target.op]

    # --- credit ---

    def credit(self, units: tuple[str, ...], value: Fraction, counted: Fraction, base: Fraction) -> Fraction:
        """Return the credit before caps in exact minor units."""
        params = self.target.credit.params
        fee = sum((self.fee(self.fees[unit]) for unit in units), Fraction(0))
        if isinstance(params, Tiered):
            rows = [tier.credit for tier in params.tiers if value < Fraction(tier.below)]
            return fee * Fraction(max(rows, default=0)) / 100
        if isinstance(params, Increments):
            assert params.on is IncrementOn.COUNTED
            steps = counted / (params.size // timedelta(microseconds=1))
            if params.rounding is Rounding.FLOOR:
                steps = Fraction(int(steps))
            elif params.rounding is Rounding.CEIL:
                steps = Fraction(-int(-steps // 1))
            return fee * steps * Fraction(params.credit) / 100
        assert isinstance(params, Prorated)
        return fee * counted / base * Fraction(params.multiplier)

    def fee(self, monthly: int) -> Fraction:
        """Return what a monthly fee comes to in the window, even by day of each month and in each day."""
        zone = ZoneInfo(self.facts.zone.name)
        on, due = self.window.first_on, Fraction(0)
        whole = midnight(self.window.last_on + timedelta(days=1), zone) - midnight(on, zone)
        while on <= self.window.last_on:
            after = date(on.year + on.month // 12, on.month % 12 + 1, 1)
            due += Fraction(monthly, (after - on.replace(day=1)).days)
            on += timedelta(days=1)
        return due * Fraction(self.size * self.grid // timedelta(seconds=1), whole // timedelta(seconds=1))


@dataclass
class Source:
    """One reason to take time out: an announced window, or a decision."""

    name: str
    ticks: set[int] | None  # None: the whole of the incident
    incident: str

    def covers(self, tick: int, incident: str) -> bool:
        return (not self.incident or self.incident == incident) and (self.ticks is None or tick in self.ticks)


class Spent:
    """What one exclusion rule has used up at one unit."""

    def __init__(self) -> None:
        self.ticks: set[int] = set()
        self.by_source: dict[str, int] = defaultdict(int)
        self.by_month: dict[tuple[int, str], int] = defaultdict(int)
        self.sources: dict[tuple[int, str], set[str]] = defaultdict(set)


def passes(work: Maintenance, *, rule: ExclusionRule) -> bool:
    """Return whether announced work passes the tests of the clause; notice is in hours."""
    if work.cancelled:
        return False
    if work.emergency:
        return rule.emergency_allowed
    if not rule.notice:
        return True
    if work.noticed_at is None:
        return False
    ahead = work.started_at - work.noticed_at
    wanted = timedelta(hours=int(rule.notice))
    return ahead >= wanted if rule.notice_inclusive else ahead > wanted


def midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)


def is_open(calendar: BusinessCalendar, at: datetime) -> bool:
    """Return whether a calendar is open at an instant, by the clock on its wall."""
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    for day in calendar.special:
        if day.on == local.date():
            return not day.is_closed and day.opens <= minute < day.closes
    if not calendar.weekly:
        return True
    return any(
        hours.weekday == local.weekday() and hours.opens <= minute < hours.closes for hours in calendar.weekly
    )
