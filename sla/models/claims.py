"""Credits as records, the claims that ask for them, and everything said about a claim."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidents.models import Incident
from sla.engine.claims.moves import ClaimState
from sla.engine.facts import Responsible
from sla.engine.terms.credits import Pays
from sla.models.columns import FractionField, enum_column
from sla.models.statements import Statement, StatementRevision
from vendors.models import Account, Contract, RegisterManager


class ServiceCredit(models.Model):
    """One amount that a finalised statement adds or takes back. Insert-only; below zero takes back.

    `amount_minor` is money before tax in minor units of `currency`; other units stand in `quantity`
    (days, hours) or `waives` (a fee that is not charged).
    """

    class Kind(models.TextChoices):
        """Why the row was written."""

        CREDIT = "credit", "Credit"
        ADJUSTMENT = "adjustment", "Adjustment by a later revision"
        EARN_BACK = "earn_back", "Earned back by the vendor"
        REVERSAL = "reversal", "Reversal"

    visible_through = "revision__statement__agreement__contract__vendor"

    revision = models.ForeignKey(StatementRevision, on_delete=models.PROTECT, related_name="credits")
    line_number = models.PositiveIntegerField("line", null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    pays = enum_column(Pays, default=Pays.MONEY)
    currency = models.CharField(max_length=3)
    before_caps = FractionField(null=True, blank=True, max_length=200)
    removed = models.JSONField("what limits took", default=list, blank=True)
    amount_minor = models.BigIntegerField("credit due, before tax", default=0)
    agreed_minor = models.BigIntegerField("agreed", null=True, blank=True)
    quantity = FractionField(null=True, blank=True, max_length=200)
    waives = models.CharField("fee not charged", max_length=60, blank=True)
    description = models.CharField(max_length=300)
    service_first_on = models.DateField("service period from")
    service_last_on = models.DateField("service period to")
    posting_month = models.DateField(help_text="First day of the month in whose books it stands.")
    recorded_at = models.DateTimeField()
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )

    objects = RegisterManager()

    class Meta:
        verbose_name = "service credit"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.revision} {self.description}"


class Claim(models.Model):
    """What we ask one vendor for under one contract. Its state changes by moves only."""

    visible_through = "contract__vendor"
    natural_fields = ("reference",)

    reference = models.CharField(max_length=100, unique=True, help_text="Ours; it prints on the letter.")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="claims")
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    # What it was opened for, where no credit is recorded yet.
    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="claims",
    )
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    currency = models.CharField(max_length=3)
    state = enum_column(ClaimState)
    automatic = models.BooleanField("credited without being asked", default=False)
    # Full and final: later revisions change figures and ask for nothing more.
    settled_finally = models.BooleanField("settled in full and final", default=False)
    vendor_reference = models.CharField("the vendor's reference", max_length=100, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField("received by the vendor", null=True, blank=True)
    decided_at = models.DateTimeField("answered", null=True, blank=True)
    expected_invoice = models.CharField("expected on invoice", max_length=100, blank=True)

    objects = RegisterManager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return self.reference


class ClaimPart(models.Model):
    """How much of a credit a claim asks for. Insert-only: moving a part is two rows that sum to nothing."""

    visible_through = "claim__contract__vendor"

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="parts")
    credit = models.ForeignKey(ServiceCredit, on_delete=models.PROTECT, related_name="parts")
    amount_minor = models.BigIntegerField(default=0)
    quantity = FractionField(null=True, blank=True, max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "claimed part of a credit"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.claim} of {self.credit}"


class ClaimMove(models.Model):
    """One step in a claim's life: who, when, why. Insert-only."""

    visible_through = "claim__contract__vendor"

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="moves")
    old_state = models.CharField(max_length=30, blank=True)
    new_state = enum_column(ClaimState)
    # The part that was accepted, rejected, given up or lost, in minor units of the claim's currency.
    amount_minor = models.BigIntegerField(null=True, blank=True)
    happened_at = models.DateTimeField(help_text="UTC; when it took effect: received by, answered at.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="UTC; when our letter left.")
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()

    objects = RegisterManager()

    class Meta:
        verbose_name = "claim move"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.claim}: {self.new_state.replace('_', ' ')}"


class ClaimToDo(models.Model):
    """A dated step that a clause wants, from us or from the vendor, by one reading of it.

    It exists as soon as the incident is recorded, with or without a claim. Only `done_*`, `claim` and,
    while nothing is done, the dates are written later.
    """

    class Party(models.TextChoices):
        """Who has to act."""

        OURS = "ours", "We"
        VENDORS = "vendors", "The vendor"

    visible_through = "statement__agreement__contract__vendor"

    statement = models.ForeignKey(
        Statement,
        verbose_name="service level statement",
        on_delete=models.PROTECT,
        related_name="todos",
    )
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT, related_name="todos")
    party = models.CharField(max_length=8, choices=Party.choices, default=Party.OURS)
    what = models.CharField(max_length=80, help_text="claim, decision, issue, or the code of a step.")
    text = models.TextField(blank=True)
    incident = models.CharField(max_length=100, blank=True, help_text="Reference of the incident, if of one.")
    reading = models.CharField("reading of the clause", max_length=300, blank=True)
    clause = models.TextField(blank=True)
    required = models.BooleanField(default=True)
    due_on = models.DateField()
    due_until = models.DateTimeField(help_text="UTC, exclusive.")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField("how it was done", blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="The records no longer ask for it.")

    objects = RegisterManager()

    class Meta:
        verbose_name = "dated step"
        ordering = ["due_until", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "what", "incident", "reading"],
                condition=Q(claim=None),
                name="todo_once",
            ),
            models.UniqueConstraint(
                fields=["statement", "claim", "what", "incident", "reading"],
                condition=Q(claim__isnull=False),
                name="todo_once_of_claim",
            ),
        ]
        indexes = [
            models.Index(fields=["due_until"], condition=Q(done_at=None, dropped_at=None), name="todo_open")
        ]

    def __str__(self) -> str:
        return f"{self.what} by {self.due_on}"


class LineAnswer(models.Model):
    """What the vendor says of one line of a statement. Insert-only; the newest holds."""

    class Answer(models.TextChoices):
        """What it says."""

        AGREES = "agrees", "Agrees"
        CONTESTS = "contests", "Contests"
        ALREADY_CREDITED = "already_credited", "Says it is credited already"
        ASKS_FOR_TIME = "asks_for_time", "Asks for time"

    visible_through = "revision__statement__agreement__contract__vendor"

    revision = models.ForeignKey(StatementRevision, on_delete=models.PROTECT, related_name="answers")
    line_number = models.PositiveIntegerField()
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=20, choices=Answer.choices)
    started_at = models.DateTimeField("began, by the vendor", null=True, blank=True)
    ended_at = models.DateTimeField("ended, by the vendor", null=True, blank=True)
    responsible = enum_column(Responsible, blank=True)
    cause = models.TextField("the vendor's account of it", blank=True)
    amount_minor = models.BigIntegerField("the vendor's amount", null=True, blank=True)
    until = models.DateField("asks until", null=True, blank=True)
    said_by = models.CharField(max_length=150, blank=True)
    said_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RegisterManager()

    class Meta:
        verbose_name = "vendor's answer"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="answer_times_ordered",
                condition=Q(started_at=None) | Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The end lies before the start. Swap the times or clear the end.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.revision} line {self.line_number}: {self.get_answer_display()}"


class ClaimLetter(models.Model):
    """A claim letter as it was made: text and PDF. Insert-only."""

    visible_through = "claim__contract__vendor"

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="letters")
    template = models.CharField("template and its version", max_length=60)
    recipient = models.CharField("to", max_length=300, blank=True)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    portal_text = models.TextField("text for the vendor's portal", blank=True)
    pdf = models.BinaryField()
    pdf_digest = models.CharField("fingerprint", max_length=64)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RegisterManager()

    class Meta:
        verbose_name = "claim letter"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.claim}: {self.subject}"
