"""What came from feeds: each record as it was said last, uploads, fetching, and what waits for a person."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidents.models.choices import Decision, ImportState
from incidents.models.incidents import Incident
from incidents.models.maintenance import MaintenanceWindow
from incidents.models.sources import FeedSource
from vendors.models import RegisterManager, RegisterQuerySet


class FeedRecordQuerySet(RegisterQuerySet["FeedRecord"]):
    """Records of feeds."""

    def needing_start(self) -> Self:
        """Keep those whose incident concerns us and has no outage, since their feed tells no beginning."""
        without = self.filter(
            incident__isnull=False, incident__planned=False, said__started_at=None, incident__outages=None
        )
        return without.exclude(incident__in=Incident.objects.concerning_nobody().values("pk"))


class FeedRecordManager(RegisterManager.from_queryset(FeedRecordQuerySet)):  # type: ignore[misc]
    """Find records of feeds."""


class FeedRecord(models.Model):
    """One record of one feed, as it was said last: a view of an incident or of a notice of work.

    What a person decided stands on the incident; this row is what the feed says, whatever was decided.
    """

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="records")
    external_id = models.CharField("number at the source", max_length=120)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="records"
    )
    window = models.ForeignKey(
        MaintenanceWindow, on_delete=models.PROTECT, null=True, blank=True, related_name="records"
    )
    said = models.JSONField("what it says", default=dict)
    events = models.JSONField("what it was told bit by bit", default=list)
    changed_at = models.DateTimeField("changed at the source", null=True, blank=True)
    first_seen_at = models.DateTimeField("first seen")
    last_seen_at = models.DateTimeField("last seen")
    conflicts = models.JSONField("where a person decided otherwise", default=list, blank=True)
    # A record that nobody can match to a service names its parts here, so that a list finds them.
    unmatched = models.JSONField("names that no service goes by", default=list, blank=True)
    # By its names, and by a person's word.
    concerns_nobody = models.BooleanField("none of its names concerns us", default=False, editable=False)
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    set_aside_at = models.DateTimeField("set aside", null=True, blank=True, editable=False)
    set_aside_why = models.CharField("why it does not concern us", max_length=500, blank=True, editable=False)

    objects: ClassVar[FeedRecordManager] = FeedRecordManager()

    class Meta:
        verbose_name = "record of a feed"
        verbose_name_plural = "records of feeds"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "external_id"], name="feed_record_once"),
            models.CheckConstraint(
                name="feed_record_is_one_thing", condition=Q(incident=None) | Q(window=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.external_id}"


class UnmatchedName(models.Model):
    """A name of a part that some record of a feed bears and that no service goes by."""

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="unmatched_names")
    name = models.CharField("name in the feed", max_length=300)
    last_seen_at = models.DateTimeField("last seen")
    records = models.PositiveIntegerField("records that bear it", default=0)

    objects = RegisterManager()

    class Meta:
        verbose_name = "unmatched name"
        ordering: ClassVar = ["source", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "name"], name="unmatched_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class FeedUpload(models.Model):
    """A file that a person brought: shown first, then imported, with its progress and its report."""

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField(null=True, blank=True, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.SHOWN)
    uploaded_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # Who imports it holds it until then; a worker that is gone cannot say so.
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    # How the feed was read when the import began: read otherwise, the records stand in another order.
    read_as = models.CharField(max_length=64, blank=True, editable=False)
    made_feed = models.BooleanField("its feed was made for it", default=False, editable=False)
    total = models.PositiveIntegerField("records", default=0)
    # Before the import, with how many it was tried.
    done = models.PositiveIntegerField("records done", default=0)
    counts = models.JSONField("what became of them", default=dict)
    rows = models.JSONField("what a person should see", default=list)
    unmatched = models.JSONField("names that no service goes by", default=list)
    problems = models.JSONField("records that could not be read", default=list)
    error = models.TextField("what went wrong", blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "import"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.file_name} for {self.source}"

    @property
    def holds_nothing(self) -> bool:
        """Say whether it was looked at and has neither a record nor a letter that could be imported."""
        refused = self.counts.get("refused", 0)
        return bool(self.counts) and self.total <= refused and not self.counts.get("letters")

    @property
    def is_unreadable(self) -> bool:
        """Say whether nothing of it could be used when it was looked at."""
        return self.state == ImportState.SHOWN and bool(self.error)


class FeedPoll(models.Model):
    """How the fetching of one feed goes: when it is next due, and what the last answer was."""

    visible_through: ClassVar = "source__vendor"

    source = models.OneToOneField(FeedSource, on_delete=models.CASCADE, related_name="poll")
    next_at = models.DateTimeField("next fetched", db_index=True)
    # By a person who did not want to wait, or of a feed that is not fetched by itself.
    asked_at = models.DateTimeField("asked for", null=True, blank=True)
    fetched_at = models.DateTimeField("last fetched", null=True, blank=True)
    heard_at = models.DateTimeField("last answered well", null=True, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    # Of the bytes that were brought in last, and of how the feed was read then: the same tells nothing new.
    fingerprint = models.CharField(max_length=64, blank=True)
    read_as = models.CharField(max_length=64, blank=True)
    failures = models.PositiveIntegerField("failed in a row", default=0)
    failing_since = models.DateTimeField("failing since", null=True, blank=True)
    error = models.TextField("what went wrong", blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "fetching"
        verbose_name_plural = "fetching"

    def __str__(self) -> str:
        return f"{self.source}, next at {self.next_at:%Y-%m-%d %H:%M} UTC"


class FeedDelivery(models.Model):
    """A message that a sender brought to the address of a feed: what came of it, and all of it if nothing."""

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.CASCADE, related_name="deliveries")
    received_at = models.DateTimeField("received")
    size = models.PositiveIntegerField("bytes", default=0)
    # Of one that was taken nothing is kept: what it said stands in its records.
    content = models.BinaryField(null=True, blank=True, editable=False)
    outcome = models.CharField("what came of it", max_length=200, blank=True)
    error = models.TextField("why it was not taken", blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "message of a sender"
        verbose_name_plural = "messages of senders"
        ordering: ClassVar = ["-received_at", "-id"]

    def __str__(self) -> str:
        return f"{self.source}, {self.received_at:%Y-%m-%d %H:%M:%S} UTC"


class ProposedWindow(models.Model):
    """Times that a text tells of, beside the posted ones: `[starts_at, ends_at)` in UTC, for a person."""

    visible_through: ClassVar = "record__source__vendor"

    record = models.ForeignKey(FeedRecord, on_delete=models.CASCADE, related_name="proposals")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    quote = models.TextField("in the words of the source")
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "narrated window"
        ordering: ClassVar = ["record", "starts_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "starts_at", "ends_at"], name="proposed_window_once"),
            models.CheckConstraint(name="proposed_window_ordered", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"


class FeedLetter(models.Model):
    """A mail that no reader understood: a person reads it beside the form."""

    visible_through: ClassVar = "source__vendor"

    source = models.ForeignKey(FeedSource, on_delete=models.PROTECT, related_name="letters")
    message_id = models.CharField(max_length=250)
    sender = models.CharField(max_length=250, blank=True)
    subject = models.CharField(max_length=250, blank=True)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    received_at = models.DateTimeField("received")
    text = models.TextField()
    note = models.TextField("why nobody read it for us", blank=True)
    window = models.ForeignKey(
        MaintenanceWindow, on_delete=models.PROTECT, null=True, blank=True, related_name="letters"
    )
    done_at = models.DateTimeField("dealt with", null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = RegisterManager()

    class Meta:
        verbose_name = "letter"
        ordering: ClassVar = ["-received_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "message_id"], name="feed_letter_once"),
        ]

    def __str__(self) -> str:
        return self.subject or self.message_id
