"""The reader's words for what the engine says."""

from __future__ import annotations

from sla.engine.facts import Verdict
from sla.engine.results import CreditState, TimeClass
from sla.engine.terms import Pays
from sla.models import LineFigures

VERDICTS = {
    Verdict.MET: "met",
    Verdict.MET_UNCONFIRMED: "met, unconfirmed",
    Verdict.MISSED: "missed",
    Verdict.NOT_MEASURABLE: "not measurable",
    Verdict.PROVISIONAL: "provisional",
}

TIME_CLASSES = {
    TimeClass.UP: "Delivered",
    TimeClass.DOWN: "Down, counted against the vendor",
    TimeClass.EXCLUDED: "Excluded by a clause",
    TimeClass.STOPPED: "Waiting on us",
    TimeClass.NOT_ATTRIBUTED: "Down, another party is responsible",
    TimeClass.UNCOUNTED: "Down, below what the clause counts",
    TimeClass.OUTSIDE_HOURS: "Outside agreed hours",
    TimeClass.NOT_IN_SERVICE: "Not in service",
    TimeClass.UNKNOWN: "Unknown",
}

CREDIT_STATES = {
    CreditState.DUE: "due",
    CreditState.PENDING: "waits for a condition to be confirmed",
    CreditState.REFUSED: "refused: a condition is not met",
    CreditState.SUPPRESSED: "replaced by the remedy of a critical failure",
    CreditState.NOT_SELECTED: "not selected: another credit of the same cause pays",
    CreditState.NOT_ISSUED: "not issued: below the minimum",
    CreditState.POINTS: "counted in the points table",
    CreditState.NOTHING: "nothing due",
}

PAYS = {
    Pays.PERCENT: "percent",
    Pays.MONEY: "money",
    Pays.DAYS: "days of fee",
    Pays.HOURS: "hours of fee",
    Pays.SERVICE_DAYS: "days added to the term",
    Pays.SERVICE_HOURS: "free hours of service",
    Pays.POINTS: "points",
    Pays.CHARGE: "times the fee is not charged",
}

# Why a stretch of the time account is in its class, by the engine's rule code.
ACCOUNT_REASONS = {
    "kind.not_counted": "the clause counts no disturbance of this kind",
    "affected.too_few": "fewer were affected than the clause asks for",
    "severity.not_counted": "the clause counts no incident of this severity",
    "run.too_short": "too short for the clause",
    "combine.another_unit_up": "another service of the group was up",
    "clock.stopped": "the clock was stopped",
    "claim.used_up": "an earlier credit was granted for it",
    "fault.not_the_vendors": "the clause asks for the vendor's fault",
    "unknown.as_down": "nobody measured it",
}


def account_reason(rule: str) -> str:
    """Return why a line of the time account is in its class, empty for plain downtime."""
    kind, _, code = rule.partition(".")
    return f"exclusion {code}" if kind == "exclusion" else ACCOUNT_REASONS.get(rule, "")


def line_note(line: LineFigures) -> str:
    """Return why a line does not belong to its period like the others, empty where it does."""
    if line.status == line.Status.REMOVED:
        return "No longer on the statement"
    if line.status == line.Status.PRIOR_PERIOD:
        return "Correction of an earlier period" if line.due_minor >= 0 else "Taken back"
    return ""
