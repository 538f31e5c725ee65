"""A vendor compliance report as texts and pictures: the page and the PDF read the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from sla.engine.money import format_minor
from sla.engine.results import TimeClass
from sla.engine.trace import written_length
from sla.reports.editions.edition import Edition
from sla.reports.moments import local_moments
from sla.reports.pdf import render_pdf
from sla.reports.pictures import (
    Picture,
    Standing,
    day_calendar,
    period_grid,
    timeline,
    trend,
    waterfall,
)
from sla.reports.vendor.data import (
    Action,
    ClaimPart,
    CorrectionPart,
    ExclusionPart,
    IncidentPart,
    LevelPart,
    StatementPart,
    VendorReport,
)
from sla.reports.words import TIME_CLASSES

STYLES = Path(__file__).resolve().parents[2] / "static" / "sla"
EDITIONS = {Edition.INTERNAL: "Internal edition", Edition.VENDOR: "Vendor's edition"}
STANDINGS = {
    Standing.MET: ("Met", "good"),
    Standing.UNCONFIRMED: ("Met, unconfirmed", "warn"),
    Standing.UNCERTAIN: ("Not certain yet", "warn"),
    Standing.MISSED: ("Missed", "bad"),
    Standing.UNMEASURED: ("Not measurable", "neutral"),
}
MOST_MISSED, MOST_ACTIONS = 12, 8  # on page one; the tables have all
SHOWN_CLASSES = (
    TimeClass.UP,
    TimeClass.DOWN,
    TimeClass.EXCLUDED,
    TimeClass.STOPPED,
    TimeClass.NOT_ATTRIBUTED,
    TimeClass.UNCOUNTED,
    TimeClass.OUTSIDE_HOURS,
    TimeClass.NOT_IN_SERVICE,
    TimeClass.UNKNOWN,
)
Texts = dict[str, Any]


def vendor_page(report: VendorReport) -> bytes:
    """Return one page of its own, without scripts, that prints well."""
    # The project's own file: nothing in it comes from a row.
    style = mark_safe((STYLES / "recourse.css").read_text(encoding="utf-8"))  # nosec B308 B703
    return render_to_string(
        "sla/reports/vendor_page.html", {"view": vendor_view(report), "style": style}
    ).encode()


def vendor_pdf(report: VendorReport) -> bytes:
    """Return the report on A4 pages; the same report gives the same bytes."""
    return render_pdf("vendor", vendor_view(report), on=report.run_at.date())


def vendor_view(report: VendorReport) -> Texts:
    """Return every text and picture of the report, as JSON values."""
    at = local_moments(report.zone)
    missed = report.missed
    return {
        "vendor": report.vendor,
        "slug": report.slug,
        "is_demo": report.is_demo,
        "is_vendors": report.edition is Edition.VENDOR,
        # To a vendor that reads only what was released nothing is said to be none.
        "shows_corrections": bool(report.corrections) or not report.is_released,
        "shows_claims": bool(report.claims) or not report.is_released,
        "edition": EDITIONS[report.edition],
        "period": report.period,
        "range": f"{report.first_on} to {report.last_on}",
        "zone": report.zone,
        "run_at": at(report.run_at.replace(microsecond=0)),
        "run_by": report.run_by,
        "since": f"{report.since}",
        "headline": report.headline,
        "tone": "bad" if missed else "good" if report.levels else "neutral",
        "summary": list(report.summary),
        "provisional": report.provisional,
        "amounts": [_amount(each) for each in report.amounts],
        # One sum is said in a sentence; several, or what came of them, need a table.
        "amounts_shown": len(report.amounts) > 1 or any(each.received_minor for each in report.amounts),
        "amounts_earlier": any(each.earlier_minor for each in report.amounts),
        "actions": [_action(each, report=report) for each in report.actions[:MOST_ACTIONS]],
        "actions_left": max(len(report.actions) - MOST_ACTIONS, 0),
        "missed": [_level(each) for each in missed[:MOST_MISSED]],
        "missed_left": max(len(missed) - MOST_MISSED, 0),
        "others": [_level(each) for each in report.levels if not each.missed],
        "account": _account(report),
        "incidents": [_incident(each) for each in report.incidents],
        "exclusions": [_exclusion(each) for each in report.exclusions],
        "corrections": [_correction(each, zone=report.zone) for each in report.corrections],
        "claims": [_claim(each) for each in report.claims],
        "other_claims": [_claim(each) for each in report.other_claims],
        "statements": [_statement(each) for each in report.statements],
        "numbers": _numbers(report),
        "pictures": {name: [asdict(each) for each in found] for name, found in _pictures(report).items()},
        "notes": list(report.notes),
    }


def _money(minor: int, *, currency: str) -> str:
    return format_minor(minor, currency=currency)


def _amount(each: Any) -> Texts:
    names = ("due", "earlier", "provisional", "contested", "received")
    return {
        "currency": each.currency,
        **{
            name: _money(minor, currency=each.currency)
            if (minor := getattr(each, f"{name}_minor"))
            else "none"
            for name in names
        },
        "due": _money(each.due_minor, currency=each.currency),
    }


def _action(each: Action, *, report: VendorReport) -> Texts:
    you = "You" if report.edition is Edition.VENDOR else report.vendor
    return {
        "who": "We" if each.party == "we" else you,
        "what": each.what,
        "why": each.why,
        "by": "" if each.by is None else f"{each.by}",
        "undated": each.undated,
        "reference": each.reference,
        "clause": each.clause,
        "amount": "" if each.amount_minor is None else _money(each.amount_minor, currency=each.currency),
        "overdue": each.overdue,
    }


def _level(each: LevelPart) -> Texts:
    word, tone = STANDINGS[each.standing]
    credit = _money(each.due_minor, currency=each.currency) if each.due_minor else each.other_credit
    before = each.before_caps_minor != each.due_minor and each.due_minor
    return {
        "name": each.name,
        "services": each.services,
        "window": each.window,
        "clause": each.clause,
        "standing": word,
        "tone": tone,
        "target": each.target,
        "achieved": each.achieved,
        "shortfall": f"missed by {each.shortfall}" if each.shortfall else "",
        "counted": written_length(each.counted_us) if each.total_us and each.missed else "",
        "incidents": ", ".join(each.incidents[:4])
        + (f" and {len(each.incidents) - 4} more" if len(each.incidents) > 4 else ""),
        "credit": credit or "none",
        "before_caps": _money(each.before_caps_minor, currency=each.currency) if before else "",
        "contested": _money(each.contested_minor, currency=each.currency) if each.contested_minor else "",
        "answer": each.answer,
        "statement": each.statement,
        "finalised": each.finalised,
    }


def _account(report: VendorReport) -> Texts:
    """Return the time accounts: one row a level, one column a class that any has, and what each sums to."""
    timed = [each for each in report.levels if each.total_us]
    used = [each for each in SHOWN_CLASSES if any(dict(level.classes)[each.value] for level in timed)]
    return {
        "columns": [{"code": each.value, "label": TIME_CLASSES[each]} for each in used],
        "rows": [
            {
                "name": level.name,
                "services": level.services,
                "window": level.window,
                "cells": [_length(dict(level.classes)[each.value]) for each in used],
                "total": written_length(level.total_us),
            }
            for level in timed
        ],
    }


def _length(micros: int) -> str:
    return written_length(micros) if micros else ""


def _incident(each: IncidentPart) -> Texts:
    at = local_moments(each.zone)
    ended = "still open" if each.starts_at is not None else ""
    return {
        "reference": each.reference,
        "title": each.title,
        "ticket": each.vendor_ticket,
        "severity": each.severity,
        "starts": "" if each.starts_at is None else at(each.starts_at),
        "ends": ended if each.ends_at is None else at(each.ends_at),
        "zone": each.zone,
        "services": each.services,
        "counted": _length(each.counted_us) or "nothing",
        "responsible": each.responsible,
    }


def _exclusion(each: ExclusionPart) -> Texts:
    return {
        "rule": each.rule.replace("_", " ").replace("-", " "),
        "clause": each.clause,
        "incidents": ", ".join(each.incidents),
        "length": written_length(each.excluded_us),
        "by": each.by,
        "statement": each.statement,
    }


def _correction(each: CorrectionPart, *, zone: str) -> Texts:
    sign = "+" if each.delta_minor > 0 else ""
    return {
        "statement": each.statement,
        "on": "draft" if each.corrected_at is None else local_moments(zone)(each.corrected_at)[:10],
        "line": "" if each.line is None else f"{each.line}",
        "name": each.name,
        "was": each.was,
        "is_now": each.is_now,
        "was_due": "" if each.was_due_minor is None else _money(each.was_due_minor, currency=each.currency),
        "due": "" if each.due_minor is None else _money(each.due_minor, currency=each.currency),
        "delta": sign + _money(each.delta_minor, currency=each.currency),
        "cause": each.cause,
    }


def _claim(each: ClaimPart) -> Texts:
    return {
        "reference": each.reference,
        "vendor_reference": each.vendor_reference,
        "state": each.state,
        "account": each.account,
        "statements": ", ".join(each.statements),
        "asked": _money(each.asked_minor, currency=each.currency),
        "received": _money(each.received_minor, currency=each.currency),
        "open": _money(each.open_minor, currency=each.currency),
        "sent_on": "" if each.sent_on is None else f"{each.sent_on}",
        "answer_by": "" if each.answer_by is None else f"{each.answer_by}",
        "expected": each.expected_invoice,
    }


def _statement(each: StatementPart) -> Texts:
    state = "Finalised" if each.finalised else "Draft, provisional"
    return {
        "number": each.number,
        "schedule": each.schedule,
        "period": each.period,
        "state": f"{state}, correction wanted" if each.needs_correction else state,
        "as_of": "" if each.as_of is None else local_moments(each.zone)(each.as_of.replace(microsecond=0)),
        "zone": each.zone,
        "calculation": each.calculation,
        "open_questions": list(each.open_questions),
    }


def _numbers(report: VendorReport) -> str:
    """Return the statement numbers as they stand on each page: the first ones, and how many more."""
    numbers = [each.number for each in report.statements]
    more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
    calculations = sorted({each.calculation for each in report.statements if each.calculation})
    version = f" · calculation {', '.join(calculations)}" if calculations else ""
    return f"{', '.join(numbers[:3])}{more}{version} · times in {report.zone}"


def _pictures(report: VendorReport) -> Mapping[str, list[Picture]]:
    return {
        "grids": [
            Picture(title=each.title, svg=period_grid(each, key=f"grid{number}"))
            for number, each in enumerate(report.grids)
        ],
        "calendar": [
            Picture(title=report.calendar.title, svg=day_calendar(report.calendar, key="days"))
            for _ in range(1)
            if report.calendar is not None
        ],
        "timelines": [
            Picture(title=each.title, svg=timeline(each, key=f"time{number}"))
            for number, each in enumerate(report.timelines)
        ],
        "waterfalls": [
            Picture(title=each.title, svg=waterfall(each, key=f"fall{number}"))
            for number, each in enumerate(report.waterfalls)
        ],
        "trends": [
            Picture(title=each.title, svg=trend(each, key=f"trend{number}"))
            for number, each in enumerate(report.trends)
        ],
    }
