"""Which services a name in a feed means: the feed's own rules, then the names that services go by."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from incidents.models import ComponentRule, FeedSource
from incidents.selectors import services_by_feed_name
from vendors.models import Service

# Stands where a record names no part: one rule says for the whole feed which service is meant then.
NO_PART = "(no part named)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a name means: services, nothing of ours (`is_known` and none), or nobody knows."""

    services: tuple[Service, ...] = ()
    is_known: bool = False


UNKNOWN = Match()


@dataclass(kw_only=True)
class Names:
    """The names of one feed. An exact name goes before a pattern; several of one rank all hold."""

    aliases: dict[str, list[Service]]
    rules: list[ComponentRule]
    _found: dict[str, Match] = field(default_factory=dict)

    @classmethod
    def of(cls, source: FeedSource) -> "Names":
        """Return the names of a feed as they stand, in two queries."""
        rules = ComponentRule.objects.filter(source=source).select_related("service__contract__vendor")
        return cls(aliases=services_by_feed_name(source.vendor, source=source.code), rules=list(rules))

    def match(self, name: str) -> Match:
        """Return what a name means."""
        if name not in self._found:
            self._found[name] = self._match(name)
        return self._found[name]

    def services(self) -> list[Service]:
        """Return every service that some name means, once each."""
        named = [service for services in self.aliases.values() for service in services]
        named += [rule.service for rule in self.rules if rule.service is not None]
        return list({service.pk: service for service in named}.values())

    def _match(self, name: str) -> Match:
        fitting = [rule for rule in self.rules if rule.fits(name)]
        exact = [rule for rule in fitting if not rule.is_pattern]
        if exact:
            return _meant(exact)
        named = self.aliases.get(name.strip().casefold())
        if named:
            return Match(services=tuple(named), is_known=True)
        return _meant(fitting) if fitting else UNKNOWN


def _meant(rules: Iterable[ComponentRule]) -> Match:
    services = {rule.service_id: rule.service for rule in rules if rule.service is not None}
    return Match(services=tuple(services.values()), is_known=True)
