"""What programs reach the register by: their tokens, and the answers they were given."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from knox.models import AbstractAuthToken

READ, WRITE = "read", "write"
# What a scope is about -> the models whose addresses it opens. What no line names, no token opens.
SUBJECTS: dict[str, frozenset[str]] = {
    "register": frozenset(
        {
            *("vendors.LegalEntity", "vendors.Tag", "vendors.Vendor", "vendors.Account", "vendors.Contact"),
            *("vendors.Contract", "vendors.Service", "vendors.ServiceAlias", "vendors.ServiceNeed"),
            *("vendors.Charge", "vendors.BusinessCalendar", "vendors.WeeklyHours", "vendors.CalendarDay"),
        }
    ),
    "incidents": frozenset(
        {
            *("incidents.Incident", "incidents.Outage", "incidents.Impact", "incidents.Milestone"),
            *("incidents.Position", "incidents.ClockStop", "incidents.MaintenanceWindow"),
            *("incidents.Sample", "incidents.ReportedFigure", "incidents.Delivery"),
        }
    ),
    "feeds": frozenset(
        {
            *("incidents.FeedSource", "incidents.ComponentRule", "incidents.SeverityRule"),
            *("incidents.FeedRecord", "incidents.FeedUpload", "incidents.Probe", "incidents.SourceWatch"),
            *("incidents.UnmatchedName", "incidents.ProposedWindow", "incidents.FeedLetter"),
            *("incidents.FeedPoll", "incidents.FeedDelivery", "incidents.ProbeDay"),
        }
    ),
    "terms": frozenset(
        {
            *("sla.ServiceLevelAgreement", "sla.AgreementVersion", "sla.ServiceLevelTarget"),
            *("sla.Exclusion", "sla.Condition", "sla.SharedCap", "sla.BroughtForward"),
        }
    ),
    "statements": frozenset(
        {
            *("sla.Statement", "sla.StatementRevision", "sla.StatementLine", "sla.DraftLine"),
            *("sla.ServiceCredit", "sla.HeldCorrection", "sla.Release", "sla.Outlook", "sla.PatternCount"),
            *("sla.StatementLink", "sla.StatementLinkView", "sla.VendorAnswer"),
        }
    ),
    "claims": frozenset(
        {
            *("sla.Claim", "sla.ClaimPart", "sla.ClaimMove", "sla.ClaimToDo", "sla.ClaimLetter"),
            *("sla.LineAnswer", "sla.CreditReceived", "sla.CreditMatch", "sla.ExchangeRate"),
            *("sla.RegisterEntry", "sla.PostingPolicy", "sla.PeriodClose"),
        }
    ),
    "reports": frozenset({"sla.ReportSchedule", "sla.ComplianceReport"}),
    "runs": frozenset({"sla.Duty", "sla.OutboxMessage", "sla.Alert", "sla.AlertPolicy", "sla.WebhookTarget"}),
    "approvals": frozenset({"vendors.Approval"}),
    # Of each person their own.
    "tokens": frozenset({"vendors.ApiToken"}),
    "evaluate": frozenset(),
}
SCOPES = tuple(f"{subject}:{act}" for subject in SUBJECTS for act in (READ, WRITE))


def subject_of(model: type[models.Model]) -> str:
    """Return what a scope must be about to reach a model; empty where no scope does."""
    label = model._meta.label
    return next((subject for subject, labels in SUBJECTS.items() if label in labels), "")


def validate_scopes(value: object) -> None:
    """Refuse a scope that does not exist, and a token that opens nothing."""
    scopes = value if isinstance(value, list) else []
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        wrong = f"{', '.join(map(str, unknown))} is no scope." if unknown else "A token needs a scope."
        raise ValidationError(f"{wrong} Choose from: {', '.join(SCOPES)}.", code="scope")


class ApiToken(AbstractAuthToken):
    """What a program shows in place of a password: named, scoped, expiring. Only its digest is kept."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    token_key = models.CharField("begins with", max_length=25, db_index=True, editable=False)
    name = models.CharField(max_length=100, help_text="What uses it, such as “nightly import of bills”.")
    scopes = models.JSONField("may", validators=[validate_scopes])
    expiry = models.DateTimeField("expires")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="made by"
    )
    last_used_at = models.DateTimeField("last used", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        verbose_name = "API token"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"

    def holds(self, *, at: datetime) -> bool:
        """Say whether it opens anything at a UTC instant."""
        return self.revoked_at is None and self.expiry > at and self.user.is_active

    def told_scopes(self) -> list[str]:
        """Return its scopes in short: writing is not said to read too, and all of them are everything."""
        held = set(self.scopes)
        implied = {f"{subject}:{READ}" for subject in SUBJECTS if f"{subject}:{WRITE}" in held}
        return [f"everything:{WRITE}"] if set(SCOPES) <= held | implied else sorted(held - implied)

    def opens(self, subject: str, *, act: str) -> bool:
        """Say whether its scopes allow to read or write a subject; who may write may read."""
        allowed = {f"{subject}:{act}", f"{subject}:{WRITE}"}
        return bool(subject) and bool(allowed & set(self.scopes))


class KeptAnswer(models.Model):
    """What a request with an idempotency key was answered, so that asking again does nothing twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    # SHA-256 of method, address and body: the same key with another request is refused.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    kept_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "kept answer"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
