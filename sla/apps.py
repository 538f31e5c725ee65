from django.apps import AppConfig

from vendors import guards

# What is only ever added to: a correction is a new row.
INSERT_ONLY = {
    "StatementRevision": "a finalised statement is corrected by a new revision",
    "StatementLine": "a finalised statement is corrected by a new revision",
    "HeldCorrection": "what was decided about a correction stays",
    "ServiceCredit": "a credit is corrected by an adjustment",
    "ClaimPart": "a part is moved by two rows that sum to nothing",
    "ClaimMove": "the history of a claim stays",
    "LineAnswer": "what the vendor said stays; record what it says now",
    "ClaimLetter": "a letter stays as it was sent",
    "CreditReceived": "what was received stays; a mistake is taken back by a second document",
    "CreditMatch": "a match is undone by a row that takes it back",
    "ExchangeRate": "a rate that was used stays; record another with its source",
    "PeriodClose": "closed books stay closed",
    "RegisterEntry": "the register is corrected by another entry",
    "OutboxAct": "what was done about a message stays",
    "ComplianceReport": "what a reader was sent stays",
    "ToldFigure": "what a reader was told stays",
    "AlertNotice": "what a reader was told stays",
    "StatementLinkView": "who used a link stays",
    "VendorAnswer": "what the vendor sent stays; it sends another answer",
    "VendorAnswerLine": "what the vendor sent stays; it sends another answer",
    "AnswerDecision": "what was decided about an answer stays; record what the vendor says now",
}
HEADS = {
    "Statement": (
        "wanted",
        "computed",
        "computed_at",
        "error",
        "result_digest",
        "compared_digest",
        "outcomes",
        "state",
        "missed",
        "currency",
        "due_minor",
        "agreed_minor",
        "contested_minor",
        "shown",
        "claim_by",
        "automatic",
        "provisional",
        "notices",
        "known_until",
    ),
    "OutboxMessage": ("state", "attempts", "next_at", "token", "lease_until", "sent_at", "error"),
    "OutboxFile": ("content",),
    "Release": ("report",),
    "StatementLink": ("contact", "revoked_at", "revoked_by", "revoked_why"),
    "Claim": (
        "state",
        "account",
        "settled_finally",
        "vendor_reference",
        "submitted_at",
        "decided_at",
        "expected_invoice",
    ),
}


class SlaConfig(AppConfig):
    """Register what was promised, achieved, owed and claimed."""

    name = "sla"
    verbose_name = "Service levels and credits"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Freeze what is only ever added to and what a head is, and name the acts that need two persons."""
        for model, why in INSERT_ONLY.items():
            guards.freeze(f"sla.{model}", why=why)
        for model, fields in HEADS.items():
            guards.freeze(f"sla.{model}", why="it is the record's identity", allowed=fields)
        # Services need models, which are there only now.
        from vendors.services.approvals.registry import declare

        declare("sla.services.seconded.TABLE")
