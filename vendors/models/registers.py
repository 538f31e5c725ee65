"""What registers of other people said last, beside the rows that it went into."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from vendors.models.money import validate_currency
from vendors.models.zones import validate_zone


class RegisterRecord(models.Model):
    """One record of one register, as it was said last.

    A field of the row that differs from what was said was corrected by a person: `kept` names it, and the
    register does not touch it again until both agree. The row itself is found by `key`, its natural key.
    """

    register = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=500)
    # Field name -> the register's own value as text.
    said = models.JSONField("what it says", default=dict)
    kept = models.JSONField("where a person decided otherwise", default=list)
    said_at = models.DateTimeField("when it last said something new")

    class Meta:
        verbose_name = "record of a register"
        verbose_name_plural = "records of registers"
        ordering: ClassVar = ["register", "kind", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["register", "kind", "key"], name="register_record_once"),
        ]

    def __str__(self) -> str:
        return f"{self.register}: {self.kind} {self.key}"


class RegisterUpload(models.Model):
    """A file that a person brought: shown first, then imported; its bytes are forgotten afterwards."""

    class What(models.TextChoices):
        """What a file holds."""

        PORTFOLIO = "portfolio", "A portfolio workbook"
        CONTRACTS = "csv", "Contracts, as a table (CSV or XLSX)"
        OCDS = "ocds", "Contracts, as Open Contracting Data (OCDS)"
        BILLS = "bills", "Bills, as a table (CSV or XLSX)"

    class State(models.TextChoices):
        """Where it stands."""

        LOOKING = "looking", "Being read"
        SHOWN = "shown", "Read, not imported"
        DUE = "due", "Waits for its import"
        RUNNING = "running", "Being imported"
        DONE = "done", "Imported"
        FAILED = "failed", "Failed"

    what = models.CharField("what it holds", max_length=10, choices=What.choices)
    register = models.CharField(
        "name of the register",
        max_length=60,
        help_text="What it said before is known by this name. Keep it from one import to the next.",
    )
    file_name = models.CharField(max_length=200)
    content = models.BinaryField(null=True, blank=True, editable=False)
    vendor = models.ForeignKey(
        "vendors.Vendor",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Bills: look at its contracts only. Contracts: whose, where the file does not say it.",
    )
    entity = models.ForeignKey(
        "vendors.LegalEntity",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="signed by",
        help_text="Contracts: which of our companies, where the file does not say it.",
    )
    currency = models.CharField(
        max_length=3,
        blank=True,
        validators=[validate_currency],
        help_text="Contracts: where the file does not say it, such as EUR.",
    )
    zone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text="Contracts: where the months of new ones begin.",
    )
    columns = models.JSONField("which column holds what", default=dict, blank=True)
    same = models.JSONField("names of one vendor", default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.LOOKING)
    # When reading or importing was asked for, and when whoever imports it began: each attempt is told apart.
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField("what came of it", default=dict, blank=True)
    error = models.TextField("what went wrong", blank=True)

    class Meta:
        verbose_name = "file of a register"
        verbose_name_plural = "files of registers"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.file_name
