"""Where incidents are read from, and who says that nothing else happened."""

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from incidents.feeds.formats import FORMATS
from incidents.feeds.values import Format
from incidents.feeds.web_targets import AddressError, web_target
from incidents.models.choices import MeasuredBy
from vendors.models import Contract, Service, Span, Tracked, Vendor, validate_zone


def feed_formats() -> list[tuple[str, str]]:
    """Return the formats that can be read, by code and name."""
    return [(code, each.label) for code, each in FORMATS.items()]


class FeedSource(Tracked):
    """A feed of one vendor, or of a monitor that watches several.

    Its code is the `source` of what was read from it.
    """

    visible_through: ClassVar = "vendor"
    natural_fields: ClassVar = ("code",)

    code = models.SlugField(max_length=80, unique=True)
    kind = models.CharField("format", max_length=30, choices=feed_formats)
    vendor = models.ForeignKey(
        Vendor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="feeds",
        help_text="Whose feed it is. Leave empty for a monitor of ours that watches several vendors.",
    )
    url = models.URLField("address", blank=True, help_text="Where it is fetched from: https only.")
    every_minutes = models.PositiveIntegerField(
        "fetched every",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)],
        help_text="In minutes. Empty: it is not fetched by itself.",
    )
    zone = models.CharField(
        "time zone",
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text="Of times that state none, e.g. America/Los_Angeles.",
    )
    clock = models.CharField(
        "whose clock",
        max_length=30,
        choices=MeasuredBy.choices,
        blank=True,
        help_text="Empty: as usual for the format.",
    )
    columns = models.JSONField(
        "columns", default=dict, blank=True, help_text="Which column of a table holds what."
    )
    # What the key in the address is made from, see `incidents.services.feeds.pushing`.
    push_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    signing_secret = models.CharField(
        max_length=200,
        blank=True,
        help_text="PagerDuty signs with it. Of any other sender, what it sends as its Authorization header,"
        " such as “Bearer ...”. Empty: the address alone proves the sender.",
    )

    class Meta:
        verbose_name = "feed"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def format(self) -> Format:
        """Return how it is read."""
        return FORMATS[self.kind]

    @property
    def measured_by(self) -> str:
        """Return whose clock its times come from."""
        return self.clock or self.format.clock

    def clean(self) -> None:
        """Refuse to fetch what has no address, or what nobody can fetch safely."""
        known = FORMATS.get(self.kind)  # a form may bring any word
        if self.every_minutes and known is not None and not known.polled:
            raise ValidationError({"every_minutes": f"{known.label} is never fetched: leave this empty."})
        if self.every_minutes and not self.url:
            raise ValidationError({"url": "It is to be fetched: give its address."})
        # One from before a rule was made is refused when it is fetched, and holds up no other change.
        if self.url and not FeedSource.objects.filter(pk=self.pk, url=self.url).exists():
            try:
                web_target(self.url)
            except AddressError as error:
                raise ValidationError({"url": str(error)}) from None


class SourceWatch(Tracked):
    """One source watched for one service: the evidence behind "no outage recorded"."""

    visible_through: ClassVar = "service__contract__vendor"
    natural_fields: ClassVar = ("service__contract__reference", "service__code", "source")

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="watches")
    source = models.CharField(
        "what is watched", max_length=80, help_text="E.g. our probe, the vendor's status page."
    )
    watched_from = models.DateTimeField("watched since", null=True, blank=True, help_text="Empty: all along.")
    last_heard_at = models.DateTimeField("last heard", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    confirmed_name = models.CharField(
        "confirmed by, in words",
        max_length=150,
        blank=True,
        editable=False,
        help_text="Who confirmed, when it is nobody with a login here.",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    confirmed_through = models.DateTimeField(
        "confirmed until",
        null=True,
        blank=True,
        editable=False,
        help_text="From 'watched since' to here, somebody confirms that nothing else happened.",
    )

    class Meta:
        verbose_name = "watched source"
        ordering: ClassVar = ["service", "source"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service", "source"],
                name="watch_once",
                violation_error_message="This source is already watched for the service: edit that row.",
            ),
            models.CheckConstraint(
                name="watch_confirmed_whole",
                condition=Q(confirmed_by=None, confirmed_name="", confirmed_at=None, confirmed_through=None)
                | Q(confirmed_through__isnull=False)
                & (Q(confirmed_by__isnull=False) | ~Q(confirmed_name=""))
                & (Q(watched_from=None) | Q(confirmed_through__gte=F("watched_from"))),
                violation_error_message="A confirmation names who, and until when: after the watch began.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} for {self.service}"

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the service."""
        return (self.service.contract,)

    def touched_span(self) -> Span:
        """Return the time since the watch began: what it proves is known only from the terms."""
        return Span(self.watched_from, None)
