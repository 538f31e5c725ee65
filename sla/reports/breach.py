"""The breach report: every service level missed in a range of statement periods, as finance needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sla.engine.terms import Pays
from sla.engine.trace import written_length
from sla.reports.figures import shown_credit
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.reports.words import CREDIT_STATES, PAYS
from sla.selectors.missed import LineRow, MissedLine, has_drafts, missed_lines
from sla.selectors.scope import Scope

TITLE = "Service levels missed"


def _money(key: str, label: str, **fields: Any) -> Column:
    return Column(key=key, label=label, kind=Kind.MONEY, currency="currency", total=True, **fields)


def _length(key: str, label: str, **fields: Any) -> Column:
    return Column(key=key, label=label, kind=Kind.LENGTH, **fields)


COLUMNS = (
    Column(key="period", label="Period"),
    Column(key="state", label="State"),
    Column(key="entity", label="Our company", narrow=True),
    Column(key="vendor", label="Vendor"),
    Column(key="vendor_number", label="Vendor number", narrow=True, help="Our number for it in accounting."),
    Column(key="account", label="Account", narrow=True),
    Column(key="purchase_order", label="Purchase order", narrow=True),
    Column(key="cost_centre", label="Cost centre", narrow=True),
    Column(key="contract", label="Contract", narrow=True),
    Column(key="contract_name", label="Name of the contract", narrow=True),
    Column(key="schedule", label="SLA schedule", narrow=True),
    Column(key="clause", label="Clause", narrow=True),
    Column(key="service_level", label="Service level"),
    Column(key="services", label="Services"),
    Column(key="first_on", label="From", kind=Kind.DATE, narrow=True, help="First day that was measured."),
    Column(key="last_on", label="To", kind=Kind.DATE, narrow=True, help="Last day that was measured."),
    Column(key="target", label="Target"),
    Column(key="target_exact", label="Target, exact", kind=Kind.EXACT, narrow=True),
    Column(key="achieved", label="Achieved"),
    Column(key="achieved_exact", label="Achieved, exact", kind=Kind.EXACT, narrow=True),
    Column(key="shortfall", label="Shortfall", narrow=True),
    Column(key="shortfall_exact", label="Shortfall, exact", kind=Kind.EXACT, narrow=True),
    Column(key="unit", label="Unit", narrow=True, help="Of the exact figures; s are seconds."),
    _length("counted", "Counted downtime"),
    _length("excluded", "Excluded time", narrow=True),
    Column(key="excluded_by", label="Excluded, by clause", narrow=True),
    _length("waiting_on_us", "Waiting on us", narrow=True),
    _length("others", "Another party responsible", narrow=True),
    _length("uncounted", "Below what the clause counts", narrow=True),
    _length("unknown", "Unknown", narrow=True),
    Column(key="incidents", label="Incidents", narrow=True),
    Column(key="row", label="Row reached", narrow=True),
    Column(key="currency", label="Currency", narrow=True),
    # Not summed: the same bill is the base of several lines.
    Column(key="base", label="Base", kind=Kind.MONEY, currency="currency", narrow=True),
    _money("before_caps", "Before caps"),
    _money("cap_effect", "Effect of limits", help="Below zero: what caps and minimums took."),
    Column(key="limits", label="Limits", narrow=True),
    _money("due", "Credit due, before tax"),
    _money("agreed", "Agreed", narrow=True),
    _money("contested", "Contested", narrow=True),
    Column(key="other_credit", label="Credit in another unit", narrow=True),
    Column(key="credit_state", label="Credit", narrow=True),
    Column(key="claim_state", label="Claim"),
    Column(key="claim", label="Claim reference", narrow=True),
    Column(key="vendor_reference", label="Vendor's reference", narrow=True),
    Column(key="claim_by", label="Claim by", kind=Kind.DATE, help="By the earliest reading of the clause."),
    Column(key="invoice", label="Invoice or credit note", narrow=True),
    Column(key="statement", label="Service level statement"),
    Column(key="revision", label="Revision", kind=Kind.COUNT, narrow=True),
    Column(key="line", label="Line", kind=Kind.COUNT, narrow=True),
    Column(key="open_questions", label="Open questions", narrow=True),
)


def breach_report(scope: Scope, *, about: About) -> Report:
    """Return every service level missed in the periods that end in a range, a line each; rows stream."""
    provisional = about.provisional or has_drafts(scope)
    return Report(
        code="breach",
        title=TITLE,
        subtitle=f"Periods that end from {scope.first_on} to {scope.last_on}",
        about=replace(about, provisional=provisional),
        tables=(breach_table(scope),),
    )


def breach_table(scope: Scope) -> Table:
    """Return the lines as a table."""

    def rows() -> Iterator[Row]:
        return map(_row, missed_lines(scope))

    return Table(
        code="missed",
        title=TITLE,
        columns=COLUMNS,
        rows=rows,
        note="A finalised service level statement speaks by its newest revision, another one by its draft.",
        empty="No service level was missed in these periods.",
    )


def _row(missed: MissedLine) -> Row:
    head, line, bills, claimed = missed
    is_money = line.pays == Pays.MONEY.value
    times = _times(line) if line.total_us else NO_TIMES
    agreed = line.due_minor if line.agreed_minor is None else line.agreed_minor
    return (
        line.window or head.period,
        _state(missed),
        head.entity,
        head.vendor,
        head.vendor_number,
        bills.accounts or head.account,
        bills.purchase_orders,
        bills.cost_centres,
        head.contract,
        head.contract_name,
        head.schedule,
        line.clause,
        line.name or line.target,
        line.services,
        line.window_first_on,
        line.window_last_on,
        line.level_printed,
        _exact(line.level, unit=line.unit),
        line.value_printed,
        _exact(line.value, unit=line.unit),
        line.shortfall_printed,
        _exact(line.shortfall, unit=line.unit),
        "s" if line.unit == "us" else line.unit,
        *times[:2],
        "; ".join(map(_excluded, line.excluded_by)),
        *times[2:],
        ", ".join(line.incidents),
        line.tier,
        line.currency,
        line.base_minor,
        line.before_caps_minor,
        line.due_minor - line.before_caps_minor if is_money else 0,
        "; ".join(map(_limit, line.removed)),
        line.due_minor,
        agreed,
        line.due_minor - agreed,
        "" if is_money or line.quantity is None else _other(missed),
        _CREDITS.get(line.credit_state, line.credit_state),
        claimed.states,
        claimed.references,
        claimed.vendor_references,
        head.claim_by,
        claimed.invoices,
        head.number,
        head.revision,
        line.number,
        "; ".join(str(question) for question in line.provisional),
    )


NO_TIMES = (None,) * 6  # of what is not measured in time


def _times(line: LineRow) -> tuple[int, ...]:
    return (
        line.counted_us,
        line.excluded_us,
        line.stopped_us,
        line.not_attributed_us,
        line.uncounted_us,
        line.unknown_us,
    )


def _exact(value: Fraction | None, *, unit: str) -> Fraction | None:
    return value / 1_000_000 if value is not None and unit == "us" else value


_CREDITS = {state.value: words for state, words in CREDIT_STATES.items()}


def _state(missed: MissedLine) -> str:
    words = ["finalised" if missed.head.revision else "draft"]
    words += ["provisional"] if missed.line.provisional else []
    words += ["contested"] if missed.line.contested else []
    return ", ".join(words)


def _excluded(each: dict[str, Any]) -> str:
    clause = f" ({each['clause']})" if each.get("clause") else ""
    return f"{each['rule']}{clause}: {written_length(each['us'])}"


def _limit(each: dict[str, Any]) -> str:
    return f"{each['code']} ({each['clause']})" if each.get("clause") else str(each["code"])


def _other(missed: MissedLine) -> str:
    line = missed.line
    if line.quantity is None:
        return ""
    pays = Pays(line.pays)
    return shown_credit(line.quantity, pays=pays, currency=line.currency) if pays in PAYS else ""
