"""What was released to a vendor as a mail: the vendor's edition, and nothing that is only ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sla.engine.money import Money
from sla.reports.editions.corrections import signed
from sla.reports.mails import Mail, render_mail
from sla.reports.mails.lines import one_line
from sla.reports.mails.summary import Late
from sla.reports.mails.summary_mail import LONG, MOST_CHANGES, MOST_STATEMENTS, MOST_TODOS, late_words
from sla.reports.vendor import VendorReport
from sla.reports.vendor.data import Action, Amount, CorrectionPart, LevelPart, StatementPart

MOST_LEVELS = 8
Texts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class VendorLetter:
    """What a contact of a vendor reads: the report of what was released, and who releases it."""

    report: VendorReport
    ours: str  # the companies of ours that signed
    late: Late | None = None


def vendor_mail(letter: VendorLetter, *, subject: str, files: Sequence[str] = ()) -> Mail:
    """Return the mail of what was released to a vendor; `files` are the names of what is attached."""
    return render_mail("vendor", subject=subject, values=vendor_mail_view(letter, files=files))


def vendor_mail_view(letter: VendorLetter, *, files: Sequence[str] = ()) -> Texts:
    """Return every text of the mail, each on one line."""
    report = letter.report
    asked = [each for each in report.actions if each.party == "vendor"]
    return {
        "vendor": _line(report.vendor),
        "ours": _line(letter.ours),
        "period": report.period,
        "headline": _line(report.headline),
        "late": "" if letter.late is None else late_words(letter.late),
        "sums": [_sums(each) for each in report.amounts if each.due_minor or each.earlier_minor],
        "others": [_line(text) for text in report.summary if text.startswith("Credit due in another unit")],
        "statements": [_statement(each, report=report) for each in report.statements[:MOST_STATEMENTS]],
        "statements_left": max(len(report.statements) - MOST_STATEMENTS, 0),
        "asked": [_asked(each) for each in asked[:MOST_TODOS]],
        "asked_left": max(len(asked) - MOST_TODOS, 0),
        "corrections": [_correction(each) for each in report.corrections[:MOST_CHANGES]],
        "corrections_left": max(len(report.corrections) - MOST_CHANGES, 0),
        "files": [_line(name) for name in files],
    }


def _line(text: str) -> str:
    return one_line(text, most=LONG)


def _sums(each: Amount) -> Texts:
    contested = each.contested_minor
    return {
        "due": str(Money(each.due_minor, each.currency)),
        "contested": str(Money(contested, each.currency)) if contested else "",
        "received": str(Money(each.received_minor, each.currency)) if each.received_minor else "",
    }


def _statement(each: StatementPart, *, report: VendorReport) -> Texts:
    levels = [level for level in report.levels if level.statement == each.number]
    missed = [level for level in levels if level.missed]
    sums: dict[str, int] = {}
    for level in levels:
        sums[level.currency] = sums.get(level.currency, 0) + level.due_minor
    credits = [str(Money(minor, currency)) for currency, minor in sums.items() if minor]
    credits += [level.other_credit for level in levels if level.other_credit]
    return {
        "number": _line(each.number),
        "schedule": _line(each.schedule),
        "period": each.period,
        "state": f"{len(missed)} of {len(levels)} missed" if missed else "none missed",
        "tone": "bad" if missed else "good",
        "credit": _line(", ".join(credits)),
        "levels": [_level(level, period=each.period) for level in missed[:MOST_LEVELS]],
        "levels_left": max(len(missed) - MOST_LEVELS, 0),
    }


def _level(level: LevelPart, *, period: str) -> Texts:
    window = "" if level.window == period else level.window
    where = ", ".join(filter(None, (level.services, window)))
    credit = str(Money(level.due_minor, level.currency)) if level.due_minor else level.other_credit
    return {
        "name": _line(level.name),
        "where": _line(where),
        "achieved": _line(level.achieved or "no value"),
        "target": _line(level.target),
        "credit": _line(credit),
        "incidents": _incidents(level),
    }


def _incidents(level: LevelPart) -> str:
    named = level.incidents
    return _line(f"Incident{'s' * (len(named) != 1)}: {', '.join(named)}") if named else ""


def _asked(each: Action) -> Texts:
    return {
        "when": f"{each.by}" if each.by else "",
        "overdue": each.overdue,
        "what": _line(each.what),
        "reference": _line(each.reference),
        "amount": "" if each.amount_minor is None else str(Money(each.amount_minor, each.currency)),
    }


def _correction(each: CorrectionPart) -> Texts:
    return {
        "statement": _line(each.statement),
        "name": _line(each.name),
        "was": _line(_told(each.was, minor=each.was_due_minor, currency=each.currency)),
        "is_now": _line(_told(each.is_now, minor=each.due_minor, currency=each.currency)),
        "difference": signed(Money(each.delta_minor, each.currency)),
    }


def _told(said: str, *, minor: int | None, currency: str) -> str:
    return ", ".join(filter(None, (said, "" if minor is None else str(Money(minor, currency)))))
