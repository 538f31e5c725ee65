"""Facts that changed, for the sweep that looks for stale statements."""

from django.db import models
from django.db.models import F, Q

from vendors.models.tracked import RegisterManager


class FactChange(models.Model):
    """A fact that moves figures changed; only `seen_at` is ever written afterwards."""

    visible_through = "contract__vendor"

    contract = models.ForeignKey(
        "vendors.Contract",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="fact_changes",
        help_text="Empty: it may concern any contract (a calendar, for instance).",
    )
    subject = models.TextField()
    during_from = models.DateTimeField(null=True, blank=True, help_text="UTC. Empty: from the beginning.")
    during_until = models.DateTimeField(null=True, blank=True, help_text="UTC, exclusive. Empty: no end.")
    # The time of the whole case that it belongs to, for terms that measure cases: such as all of an incident.
    case_from = models.DateTimeField(null=True, blank=True)
    case_until = models.DateTimeField(null=True, blank=True)
    noted_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = RegisterManager()

    class Meta:
        verbose_name = "changed fact"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="factchange_during_ordered",
                condition=Q(during_until__isnull=True)
                | Q(during_from__isnull=True)
                | Q(during_until__gte=F("during_from")),
                violation_error_message="The span ends before it starts.",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(seen_at__isnull=True), name="factchange_unseen"),
        ]

    def __str__(self) -> str:
        return self.subject
