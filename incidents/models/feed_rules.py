"""What the words of one feed mean here: its names of parts, and its words of severity."""

from fnmatch import fnmatchcase
from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidents.models.choices import OutageKind
from incidents.models.sources import FeedSource
from vendors.models import Service, Tracked

WILD = frozenset("*?[")


class ComponentRule(Tracked):
    """A name of a part in one feed, or a pattern of names, and the service that is meant.

    Several rows with one name mean several services; one without a service says that it does not concern us.
    """

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="component_rules")
    names = models.CharField(
        "name in the feed",
        max_length=300,
        help_text="As the feed writes it, or with * for any letters: 'API (*)', 'eu-*'.",
    )
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="component_rules",
        help_text="Empty: it does not concern us.",
    )

    class Meta:
        verbose_name = "name in this feed"
        verbose_name_plural = "names in this feed"
        ordering: ClassVar = ["source", "names", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "names", "service"],
                condition=Q(service__isnull=False),
                name="component_rule_once",
                violation_error_message="This feed already has that name for that service.",
            ),
            models.UniqueConstraint(
                fields=["source", "names"],
                condition=Q(service=None),
                name="component_rule_nothing_once",
                violation_error_message="This name is already said not to concern us.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.names} is {self.service or 'nothing of ours'}"

    @property
    def is_pattern(self) -> bool:
        """Say whether it stands for more than one name."""
        return bool(WILD & set(self.names))

    def fits(self, name: str) -> bool:
        """Say whether a name of the feed is meant, whatever its capitals and outer blanks."""
        name, names = name.strip().casefold(), self.names.strip().casefold()
        return fnmatchcase(name, names) if self.is_pattern else name == names


class SeverityRule(Tracked):
    """A word of one feed for how bad it is, and what that is in the register."""

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="severity_rules")
    word = models.CharField(
        "word in the feed", max_length=60, help_text="Of the incident or of one part: 'medium', 'degraded'."
    )
    kind = models.CharField(
        "counts as",
        max_length=30,
        choices=OutageKind.choices,
        blank=True,
        help_text="Empty: no outage is recorded.",
    )
    severity = models.CharField(
        max_length=60, blank=True, help_text="In the contract's own word. Empty: the feed's word is kept."
    )

    class Meta:
        verbose_name = "word for severity"
        verbose_name_plural = "words for severity"
        ordering: ClassVar = ["source", "word"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "word"],
                name="severity_rule_once",
                violation_error_message="This feed already has that word: edit that row.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word} is {self.get_kind_display() or 'no outage'}"
