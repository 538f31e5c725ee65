"""A vendor's way to one service level statement without an account: its links, and what it answered."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sla.models.claims import LineAnswer
from sla.models.mailings import Release
from sla.models.outbox import OutboxMessage
from vendors.models import Contact, RegisterManager


class StatementLink(models.Model):
    """An address that opens one released statement to whoever has it. Only its end is written later.

    The key itself is nowhere in the database: `digest` is its SHA-256.
    """

    visible_through: ClassVar = "release__revision__statement__agreement__contract__vendor"

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="links")
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="links"
    )
    # As they were when it was made: codes go there, whatever becomes of the contact.
    name = models.CharField(max_length=200)
    address = models.EmailField("e-mail address")
    digest = models.CharField("fingerprint of its key", max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField("works until", help_text="UTC.")
    message = models.OneToOneField(
        OutboxMessage,
        verbose_name="mailed with",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="link",
    )
    revoked_at = models.DateTimeField("withdrawn", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="withdrawn by",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    revoked_why = models.TextField("why it was withdrawn", blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "link for a vendor"
        verbose_name_plural = "links for vendors"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="link_ends_after_it_begins",
                condition=Q(expires_at__gt=F("made_at")),
                violation_error_message="A link ends after it was made.",
            )
        ]

    def __str__(self) -> str:
        return f"Link to {self.release.revision} for {self.name}"


class StatementLinkView(models.Model):
    """One time that a link was used. Insert-only."""

    class What(models.TextChoices):
        """What was asked for."""

        PAGE = "page", "Read the page"
        PDF = "pdf", "Took the PDF"
        COMPOSED = "composed", "Wrote an answer, not yet sent"
        CODE = "code", "Asked for a code"
        WRONG_CODE = "wrong_code", "Entered a wrong code"
        ANSWERED = "answered", "Sent an answer"

    visible_through: ClassVar = f"link__{StatementLink.visible_through}"

    link = models.ForeignKey(StatementLink, on_delete=models.PROTECT, related_name="views")
    at = models.DateTimeField()
    what = models.CharField(max_length=10, choices=What.choices)
    address = models.GenericIPAddressField("from", null=True, blank=True)
    agent = models.CharField("browser", max_length=200, blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "use of a link"
        verbose_name_plural = "uses of links"
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["link", "what", "at"], name="linkview_counted")]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.at:%Y-%m-%d %H:%M}"


class AnswerDraft(models.Model):
    """An answer that is written and not yet confirmed with the code. It goes when it was, or after a day."""

    visible_through: ClassVar = f"link__{StatementLink.visible_through}"

    link = models.ForeignKey(StatementLink, on_delete=models.CASCADE, related_name="drafts")
    token = models.CharField(max_length=43, unique=True)
    content = models.JSONField(default=list)
    made_at = models.DateTimeField()
    code_digest = models.CharField("fingerprint of the code", max_length=64, blank=True)
    code_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = RegisterManager()

    class Meta:
        verbose_name = "unconfirmed answer"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"Unconfirmed answer through {self.link_id}"


class AnswerDraftFile(models.Model):
    """A file of an unconfirmed answer."""

    visible_through: ClassVar = f"draft__{AnswerDraft.visible_through}"

    draft = models.ForeignKey(AnswerDraft, on_delete=models.CASCADE, related_name="files")
    line_number = models.PositiveIntegerField("line")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=60)
    content = models.BinaryField()

    class Meta:
        verbose_name = "file of an unconfirmed answer"
        verbose_name_plural = "files of unconfirmed answers"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.name


class VendorAnswer(models.Model):
    """What somebody at the vendor sent through a link, confirmed by a code. Insert-only; moves no figure."""

    visible_through: ClassVar = f"link__{StatementLink.visible_through}"

    link = models.ForeignKey(StatementLink, on_delete=models.PROTECT, related_name="answers")
    # The draft that it was: what is sent again is the same answer.
    token = models.CharField(max_length=43, unique=True)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=100)
    address = models.EmailField("code was sent to")
    said_at = models.DateTimeField("sent")
    sent_from = models.GenericIPAddressField(null=True, blank=True)
    copy = models.ForeignKey(OutboxMessage, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = RegisterManager()

    class Meta:
        verbose_name = "answer through a link"
        verbose_name_plural = "answers through links"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.name}, {self.role}"


class VendorAnswerLine(models.Model):
    """What it says of one line, with the file that is to show it. Insert-only."""

    visible_through: ClassVar = f"answer__{VendorAnswer.visible_through}"

    answer = models.ForeignKey(VendorAnswer, on_delete=models.PROTECT, related_name="lines")
    line_number = models.PositiveIntegerField("line")
    says = models.CharField(max_length=20, choices=LineAnswer.Answer.choices)
    started_at = models.DateTimeField("began, by the vendor", null=True, blank=True)
    ended_at = models.DateTimeField("ended, by the vendor", null=True, blank=True)
    amount_minor = models.BigIntegerField("the vendor's amount", null=True, blank=True)
    text = models.TextField("in its words", blank=True)
    invoice = models.CharField("credited with", max_length=100, blank=True)
    invoice_on = models.DateField("of", null=True, blank=True)
    until = models.DateField("asks until", null=True, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    file_type = models.CharField(max_length=60, blank=True)
    file_digest = models.CharField("fingerprint of the file", max_length=64, blank=True)
    file = models.BinaryField(null=True, blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "line of an answer through a link"
        verbose_name_plural = "lines of answers through links"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["answer", "line_number"], name="answered_once_in_one_go")
        ]

    def __str__(self) -> str:
        return f"{self.answer} on line {self.line_number}: {self.get_says_display()}"


class AnswerDecision(models.Model):
    """That a person here took an answer of the vendor as recorded, or set it aside. Insert-only."""

    visible_through: ClassVar = f"line__{VendorAnswerLine.visible_through}"

    line = models.OneToOneField(VendorAnswerLine, on_delete=models.PROTECT, related_name="decision")
    recorded = models.OneToOneField(
        LineAnswer, null=True, blank=True, on_delete=models.PROTECT, related_name="decision"
    )
    why = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = RegisterManager()

    class Meta:
        verbose_name = "decision on an answer"
        verbose_name_plural = "decisions on answers"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.line}: {'taken as recorded' if self.recorded_id else 'set aside'}"
