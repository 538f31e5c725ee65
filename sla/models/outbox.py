"""Messages on their way out: written with what they tell of, sent once, never lost in silence."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from vendors.models import Reader, RegisterManager, RegisterQuerySet, Vendor, sees_all_vendors


class OutboxQuerySet(RegisterQuerySet["OutboxMessage"]):
    """Messages, narrowed by where they stand."""

    def visible_to(self, user: Reader) -> Self:
        """Keep those about vendors that the user may see and those to the user; all for who sees all."""
        if sees_all_vendors(user):
            return self
        return self.filter(Q(vendor__in=Vendor.objects.managed_by(user)) | Q(reader=user.pk))

    def unsettled(self) -> Self:
        """Keep those that a person has to look at: nobody knows whether they arrived, or they did not."""
        return self.filter(state__in=(OutboxMessage.State.IN_DOUBT, OutboxMessage.State.GIVEN_UP))


class OutboxManager(RegisterManager.from_queryset(OutboxQuerySet)):  # type: ignore[misc]
    """Find messages."""


class OutboxMessage(models.Model):
    """One message to one address. Only how it stands changes; what it says never does."""

    class Channel(models.TextChoices):
        """How it leaves."""

        MAIL = "mail", "Mail"
        CHAT = "chat", "Chat"
        HOOK = "hook", "Webhook"

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        IN_DOUBT = "in_doubt", "In doubt: it may have arrived"
        GIVEN_UP = "given_up", "Given up: it did not arrive"
        CANCELLED = "cancelled", "Cancelled"

    visible_through: ClassVar = "vendor"

    key = models.CharField(max_length=200, unique=True, help_text="What makes it the same message.")
    channel = models.CharField(max_length=4, choices=Channel.choices, default=Channel.MAIL)
    address = models.CharField("to", max_length=320, blank=True)
    name = models.CharField("name of the reader", max_length=200, blank=True)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    target = models.ForeignKey(
        "sla.WebhookTarget",
        verbose_name="webhook",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
    )
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField("as a page", blank=True)
    message_id = models.CharField("Message-ID", max_length=120, unique=True)
    created_at = models.DateTimeField("written")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField("next try", help_text="UTC.")
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField("what the server said", blank=True)

    objects: ClassVar[OutboxManager] = OutboxManager()

    class Meta:
        verbose_name = "message"
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="message_sent_has_its_time", condition=~Q(state="sent") | Q(sent_at__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="message_waiting"),
            # Its state stands behind its words in the row: to count without this reads them all.
            models.Index(fields=["state", "channel"], name="message_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.name or self.address or self.get_channel_display()}"


class OutboxFile(models.Model):
    """A file that goes with a message; its bytes go long after it was sent, its fingerprint stays."""

    visible_through: ClassVar = "message__vendor"

    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField(null=True)
    size = models.PositiveIntegerField(help_text="Bytes.")
    digest = models.CharField("fingerprint", max_length=64)

    class Meta:
        verbose_name = "file of a message"
        verbose_name_plural = "files of messages"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.name


class OutboxAct(models.Model):
    """What a person did about a message that was stuck. Insert-only."""

    visible_through: ClassVar = "message__vendor"

    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="acts")
    old_state = models.CharField(max_length=9, choices=OutboxMessage.State.choices)
    new_state = models.CharField(max_length=9, choices=OutboxMessage.State.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()

    class Meta:
        verbose_name = "act on a message"
        verbose_name_plural = "acts on messages"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.message}: {self.new_state.replace('_', ' ')}"
