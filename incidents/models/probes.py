"""Probes of ours, for services whose vendor has no status page: what is asked, how it stands, each day."""

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from incidents.feeds.web_targets import AddressError, web_target
from vendors.models import RegisterManager, Service, Tracked


class Probe(Tracked):
    """An address that is asked again and again: our own indication of how a service does."""

    visible_through: ClassVar = "service__contract__vendor"
    natural_fields: ClassVar = ("code",)

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField("what is asked", max_length=120)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="probes")
    url = models.URLField("address", max_length=500)
    is_active = models.BooleanField(
        "asked", default=False, help_text="Only where RECOURSE_PROBES switches probes on."
    )
    every_seconds = models.PositiveIntegerField(
        "asked every",
        default=300,
        validators=[MinValueValidator(60), MaxValueValidator(24 * 3600)],
        help_text="In seconds, from 60 on.",
    )
    timeout_seconds = models.PositiveIntegerField(
        "given up after",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="In seconds.",
    )
    expected_status = models.PositiveIntegerField(
        "right status", default=200, validators=[MinValueValidator(100), MaxValueValidator(599)]
    )
    expected_text = models.CharField(
        "right words", max_length=200, blank=True, help_text="That the answer must hold. Empty: any."
    )

    class Meta:
        verbose_name = "probe"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what no probe can ask, and another meaning of what it told."""
        stored = Probe.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is not None and (stored.code, stored.service_id) != (self.code, self.service_id):
            raise ValidationError(
                "Its code and its service stay: what it told is theirs. Switch it off and make another."
            )
        if self.url and (stored is None or stored.url != self.url or self.is_active):
            self._refuse_address()

    def _refuse_address(self) -> None:
        """Refuse what no probe may ask; private addresses, HTTP and other ports are for a setting."""
        inside = settings.PROBES == "private"
        try:
            web_target(self.url, inside=inside)
        except AddressError as error:
            advice = "" if inside else " Only RECOURSE_PROBES=private lets probes ask inside our own network."
            raise ValidationError({"url": f"{error}{advice}"}) from None


class ProbeState(models.Model):
    """Where a probe stands: when it is next asked, its last result, and since when it fails."""

    probe = models.OneToOneField(Probe, on_delete=models.CASCADE, related_name="state")
    next_at = models.DateTimeField("next asked", db_index=True)
    probed_at = models.DateTimeField("last result", null=True, blank=True)
    failing_since = models.DateTimeField("failing since", null=True, blank=True)
    failures = models.PositiveIntegerField("failed in a row", default=0)
    out_since = models.DateTimeField("out since", null=True, blank=True)
    error = models.TextField("what it said", blank=True)

    class Meta:
        verbose_name = "standing of a probe"
        verbose_name_plural = "standing of probes"

    def __str__(self) -> str:
        return f"{self.probe}, next at {self.next_at:%Y-%m-%d %H:%M} UTC"


class ProbeDay(models.Model):
    """The results of a probe on one UTC day; what was left out is among the unknown."""

    visible_through: ClassVar = "probe__service__contract__vendor"

    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="days")
    on = models.DateField("day (UTC)")
    up = models.PositiveIntegerField(default=0)
    down = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)

    objects = RegisterManager()

    class Meta:
        verbose_name = "day of a probe"
        verbose_name_plural = "days of a probe"
        ordering: ClassVar = ["-on"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["probe", "on"], name="probe_day_once")]

    def __str__(self) -> str:
        return f"{self.on}: {self.up} up, {self.down} down, {self.unknown} unknown"
