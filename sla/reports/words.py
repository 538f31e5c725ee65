"""The reader's words for what the engine says."""

from __future__ import annotations

from sla.engine.facts import Verdict
from sla.engine.results import CreditState, TimeClass
from sla.engine.terms import Pays

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
