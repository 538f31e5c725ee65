"""Two incidents that may be one, side by side: their times by each clock, and what joining would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents.models import Incident, Outage, clock_named
from incidents.selectors import Twin
from incidents.services.feeds.joining import JoinEffect, refusal_of_join
from vendors.models import Service

Pair = tuple[Incident, Incident]
# What joining the second of two to the first would change, by their keys: asked from above, in money.
EffectsOf = Callable[[Iterable[Pair]], Mapping[tuple[int, int], JoinEffect]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two, its times of the service, and what joining the other to it would change."""

    incident: Incident
    times: list[str]
    effect: JoinEffect


@dataclass(frozen=True, kw_only=True)
class Joining:
    """Two incidents that may be one, each as the one that is kept."""

    kept: Side
    other: Side
    service: Service | None

    @property
    def sides(self) -> tuple[Side, Side]:
        """Return both, in their order."""
        return self.kept, self.other

    @property
    def kept_first(self) -> str:
        """Return the keys of both, the kept one first."""
        return f"{self.kept.incident.pk}:{self.other.incident.pk}"

    @property
    def other_first(self) -> str:
        """Return the keys of both the other way round."""
        return f"{self.other.incident.pk}:{self.kept.incident.pk}"


def joinings(twins: Iterable[Twin], *, effects_of: EffectsOf, both_ways: bool) -> list[Joining]:
    """Return pairs with their times and what joining them would change, one way round or both."""
    pairs = list(twins)
    ways = [(pair.kept, pair.other) for pair in pairs]
    if both_ways:
        ways = [way for kept, other in ways for way in ((kept, other), (other, kept))]
    known = {(kept.pk, other.pk): refusal_of_join(kept, other) for kept, other in ways}
    found = effects_of([way for way in ways if not known[way[0].pk, way[1].pk]])
    effects = {way: JoinEffect(refused=why) for way, why in known.items()} | dict(found)
    return [_joining(pair, effects=effects) for pair in pairs]


def no_effects(pairs: Iterable[Pair]) -> Mapping[tuple[int, int], JoinEffect]:
    """Return nothing: for who may only look."""
    return {}


def compared_with(request: HttpRequest, *, incidents: QuerySet[Incident], incident: Incident) -> list[Twin]:
    """Return the incident whose reference was typed to be compared, of those the reader may see."""
    reference = request.GET.get("with", "").strip()
    if not reference:
        return []
    other = incidents.filter(reference=reference).first() if reference.isprintable() else None
    if other is None:
        messages.error(request, f"No incident that you may see has the reference {reference[:80]!r}.")
        return []
    return [Twin(kept=incident, other=other, service=None)]


def _joining(pair: Twin, *, effects: Mapping[tuple[int, int], JoinEffect]) -> Joining:
    kept, other = pair.kept, pair.other
    return Joining(
        kept=_side(kept, service=pair.service, effect=effects.get((kept.pk, other.pk), JoinEffect())),
        other=_side(other, service=pair.service, effect=effects.get((other.pk, kept.pk), JoinEffect())),
        service=pair.service,
    )


def _side(incident: Incident, *, service: Service | None, effect: JoinEffect) -> Side:
    rows = incident.outages.standing()
    rows = rows.filter(service=service) if service else rows
    return Side(incident=incident, times=[_times(row) for row in rows], effect=effect)


def _times(row: Outage) -> str:
    clock, end = clock_named(row.measured_by), row.counted_until
    if end is None:
        return f"{clock}: {row.started_at:%Y-%m-%d %H:%M}, still out"
    minutes = (end - row.started_at).total_seconds() / 60
    until = f"{end:%H:%M}" if end.date() == row.started_at.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{clock}: {row.started_at:%Y-%m-%d %H:%M} to {until}, {minutes:.0f} min"
