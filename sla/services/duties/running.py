"""Doing what is due: one run at a time, each by the function of its kind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from structlog.contextvars import bound_contextvars

from sla.models import Duty, Statement
from sla.services import closing, intake, refreshing
from sla.services.alerts import runs as alerts
from sla.services.duties.holding import MOST_ATTEMPTS, Clock, Held, HoldLostError, claim, claim_next
from sla.services.mailings import runs as mailings

logger = logging.getLogger(__name__)

Kind = Duty.Kind
RUNS: Mapping[str, Callable[[Held], None]] = {
    Kind.REFRESH: refreshing.refresh_schedule,
    Kind.CLOSE: closing.close_period,
    Kind.REPORT: mailings.begin_report,
    Kind.MAIL: mailings.mail_report,
    Kind.LOOK: alerts.look,
    Kind.DIGEST: alerts.digest,
    Kind.PROBE: intake.probe,
    Kind.IMPORT: intake.import_file,
    Kind.FETCH: intake.fetch,
}

# A deadlock that was broken, a serialization failure, a lock that did not come in time.
IN_THE_WAY = frozenset({"40P01", "40001", "55P03"})


def run_next(*, clock: Clock) -> Duty | None:
    """Do the most pressing run that is due, and return it; None where there is none."""
    held = claim_next(clock=clock)
    if held is None:
        return None
    run(held)
    return held.duty


def run_one(pk: int, *, clock: Clock) -> bool:
    """Do one run if nobody holds it and it is due; say whether this call did it."""
    held = claim(pk, clock=clock)
    if held is None:
        return False
    run(held)
    return True


def run(held: Held) -> None:
    """Do a run that is held; what goes wrong is written on its row in plain words.

    A database that is gone is not: there is no row to write on. The hold runs out, and it is taken again.
    Where only another transaction was in the way it is tried again soon.
    """
    duty = held.duty
    with bound_contextvars(**_about(duty)):
        try:
            _attempt(held)
        except HoldLostError:
            logger.warning("another worker took this run over; what this one did is rolled back")


def _attempt(held: Held) -> None:
    duty = held.duty
    try:
        if duty.attempts > MOST_ATTEMPTS:
            held.fail(_died(duty), for_good=True)
        else:
            RUNS[duty.kind](held)
    except (HoldLostError, InterfaceError):
        raise
    except OperationalError as error:
        if not _is_in_the_way(error):
            raise
        held.fail(f"Another transaction was in the way: {error}", for_good=False)
    except ValidationError as error:
        # The records or the settings must be mended first: trying again would say the same.
        held.fail("; ".join(error.messages), for_good=True)
    except Exception as error:
        logger.exception("an error that is no fault of the records")
        held.fail(f"{type(error).__name__}: {error}", for_good=False)


def _is_in_the_way(error: OperationalError) -> bool:
    """Say whether the database is there and gave way to another transaction: all was rolled back."""
    cause = error.__cause__
    is_busy = str(getattr(cause, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
    return is_busy or getattr(cause, "sqlstate", None) in IN_THE_WAY


def _about(duty: Duty) -> dict[str, object]:
    """Return what each line of the log about a run says of it."""
    about = {"duty": duty.pk, "kind": duty.kind, "subject": duty.subject}
    if duty.period:
        about["period"] = duty.period
    if duty.agreement is not None and duty.period:
        about["statement"] = Statement(agreement=duty.agreement, period=duty.period).number
    return about


def _died(duty: Duty) -> str:
    return (
        f"The worker ended {duty.attempts - 1} times in the middle of it without a word, last at"
        f" {duty.started_at:%Y-%m-%d %H:%M:%S} UTC. Look at the worker's log and its memory, then try again."
    )
