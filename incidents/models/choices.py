"""The closed lists of the incident register; their values equal those of the engine's enums."""

from django.db import models


class Severity(models.TextChoices):
    """Words that feeds are translated to; a contract may rank by others, so the field takes any."""

    CRITICAL = "critical", "Critical (P1)"
    MAJOR = "major", "Major (P2)"
    MINOR = "minor", "Minor (P3)"
    LOW = "low", "Low (P4)"


class IncidentStatus(models.TextChoices):
    """Whether anybody still works on it."""

    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved"


class OutageKind(models.TextChoices):
    """What the service did not deliver."""

    OUTAGE = "outage", "Outage: the service was not delivered"
    DEGRADED = "degraded", "Degraded: delivered, but poorly"
    LOSS_OF_REDUNDANCY = "loss_of_redundancy", "Loss of redundancy: delivered without its spare"
    UNMEASURED = "unmeasured", "Unmeasured: nobody can say"


class MeasuredBy(models.TextChoices):
    """Whose clock the times come from; different clocks of one incident are alternatives."""

    US = "us", "Us"
    VENDOR_TICKET = "vendor_ticket", "Vendor's ticket"
    VENDOR_STATUS_PAGE = "vendor_status_page", "Vendor's status page"
    THIRD_PARTY = "third_party", "Third-party probe"


class MilestoneKind(models.TextChoices):
    """The moments that clauses measure between."""

    OCCURRED = "occurred", "Occurred"
    DETECTED = "detected", "Detected"
    REPORTED = "reported", "Reported"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    ACCESS_GRANTED = "access_granted", "Access granted"
    REPAIR_STARTED = "repair_started", "Repair started"
    RESTORED = "restored", "Restored"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"
    ROOT_CAUSE_REPORT = "root_cause_report", "Root-cause report delivered"


class Subject(models.TextChoices):
    """What a position speaks about."""

    TIMES = "times", "The times"
    RESPONSIBILITY = "responsibility", "Who is responsible"
    EXCLUSION = "exclusion", "An exclusion of the contract"


class Party(models.TextChoices):
    """Who says so."""

    OURS = "ours", "We say"
    VENDORS = "vendors", "The vendor says"
    AGREED = "agreed", "Both agree"
    DETERMINED = "determined", "Decided under the contract"


class Responsible(models.TextChoices):
    """Who has to answer for it."""

    VENDOR = "vendor", "The vendor"
    US = "us", "Us"
    THIRD_PARTY = "third_party", "A third party"


class StopReason(models.TextChoices):
    """Why the vendor's clock stands still."""

    NO_ACCESS = "no_access", "No access to our site"
    NO_ANSWER = "no_answer", "Our answer or information is missing"
    OUR_TEST = "our_test", "We are testing"
    OUR_REQUEST = "our_request", "We asked to wait"
    OUR_EQUIPMENT = "our_equipment", "Our equipment or power"
    OTHER = "other", "Other"


class ReportedBy(models.TextChoices):
    """Who measured a figure for a whole period."""

    US = "us", "Us"
    VENDOR = "vendor", "The vendor"


class ImportState(models.TextChoices):
    """Where an upload stands."""

    SHOWN = "shown", "Read, not yet imported"
    DUE = "due", "Waits for its turn"
    RUNNING = "running", "Under way"
    DONE = "done", "Imported"
    FAILED = "failed", "Failed"


class Decision(models.TextChoices):
    """What a person made of a proposal."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"


def clock_named(code: str) -> str:
    """Return whose clock a code means, as a person reads it."""
    return str(dict(MeasuredBy.choices).get(code, code))
