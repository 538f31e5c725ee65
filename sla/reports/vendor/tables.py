"""The report as tables, for CSV, XLSX and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sla.engine.results import TimeClass
from sla.reports.editions.edition import Edition
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.reports.vendor.data import ClaimPart, VendorReport
from sla.reports.vendor.view import EDITIONS, STANDINGS
from sla.reports.words import TIME_CLASSES

CLAIMS = "Credits and claims"


def as_report(report: VendorReport) -> Report:
    """Return a vendor report as plain tables: levels, actions, incidents, exclusions, corrections, claims."""
    # Of what was released nothing more is told, not even that there is none.
    whole = not report.is_released
    corrections, claims = _corrections(report), _claims(report.claims, code="claims", title=CLAIMS)
    others = _claims(report.other_claims, code="other_claims", title="Other open claims")
    return Report(
        code="vendor",
        title=f"Vendor compliance report: {report.vendor}",
        subtitle=f"{report.period}, {EDITIONS[report.edition].lower()}",
        about=_about(report),
        tables=(
            _levels(report),
            _totals(report),
            _actions(report),
            _incidents(report),
            _exclusions(report),
            *([corrections] if report.corrections or whole else []),
            *([claims] if report.claims or whole else []),
            *([others] if whole else []),
            _statements(report),
        ),
        summary=(report.headline, *report.summary),
    )


def _about(report: VendorReport) -> About:
    calculations = sorted({each.calculation for each in report.statements if each.calculation})
    return About(
        parameters=(
            ("Vendor", report.vendor),
            ("From", f"{report.first_on}"),
            ("Until", f"{report.last_on}"),
            ("Edition", EDITIONS[report.edition]),
            ("Corrections since", f"{report.since}"),
        ),
        run_by=report.run_by,
        run_at=report.run_at,
        data_as_at=report.run_at,
        zone=report.zone,
        provisional=report.provisional,
        versions=(
            ("Statements", ", ".join(each.number for each in report.statements)),
            ("Calculation", ", ".join(calculations)),
        ),
        notes=report.notes,
    )


def _table(
    code: str, title: str, *, columns: Iterable[Column], rows: Callable[[], Iterator[Row]], empty: str
) -> Table:
    return Table(code=code, title=title, columns=tuple(columns), rows=rows, empty=empty)


def _money(key: str, label: str, *, total: bool = False) -> Column:
    return Column(key=key, label=label, kind=Kind.MONEY, currency="currency", total=total)


def _levels(report: VendorReport) -> Table:
    columns = [
        Column(key="statement", label="Statement"),
        Column(key="finalised", label="Finalised", kind=Kind.FLAG),
        Column(key="line", label="Line", kind=Kind.COUNT),
        Column(key="level", label="Service level"),
        Column(key="services", label="Services"),
        Column(key="window", label="Window"),
        Column(key="first_on", label="First day", kind=Kind.DATE, narrow=True),
        Column(key="last_on", label="Last day", kind=Kind.DATE, narrow=True),
        Column(key="clause", label="Clause", narrow=True),
        Column(key="verdict", label="Verdict"),
        Column(key="target", label="Target"),
        Column(key="achieved", label="Achieved"),
        Column(key="exact", label="Achieved, exact", kind=Kind.EXACT, narrow=True),
        Column(key="shortfall", label="Shortfall"),
        Column(key="counted", label="Counted downtime", kind=Kind.LENGTH),
        *(
            Column(key=each.value, label=TIME_CLASSES[each], kind=Kind.LENGTH, narrow=True)
            for each in TimeClass
        ),
        Column(key="all", label="All of the window", kind=Kind.LENGTH, narrow=True),
        Column(key="incidents", label="Incidents", narrow=True),
        Column(key="currency", label="Currency"),
        _money("base", "Base"),
        _money("before_caps", "Before caps", total=True),
        _money("due", "Credit due, before tax", total=True),
        _money("contested", "Contested", total=True),
        Column(key="other_credit", label="Due in another unit", narrow=True),
        Column(key="answer", label="Vendor's answer", narrow=True),
    ]

    def rows() -> Iterator[Row]:
        for each in report.levels:
            yield (
                *(each.statement, each.finalised, each.number, each.name, each.services, each.window),
                *(each.first_on, each.last_on, each.clause, STANDINGS[each.standing][0]),
                *(each.target, each.achieved, each.exact, each.shortfall, each.counted_us),
                *(length for _, length in each.classes),
                *(each.total_us, ", ".join(each.incidents), each.currency, each.base_minor),
                *(each.before_caps_minor, each.due_minor, each.contested_minor),
                *(each.other_credit, each.answer),
            )

    return _table(
        "levels", "Service levels", columns=columns, rows=rows, empty="No statement ends in this period."
    )


def _totals(report: VendorReport) -> Table:
    columns = [
        Column(key="currency", label="Currency or unit"),
        _money("due", "Credit due, before tax"),
        _money("earlier", "Of it corrections of earlier periods"),
        _money("contested", "Of it contested"),
        _money("provisional", "Of it provisional"),
        _money("received", "Received for these claims"),
        Column(key="quantity", label="Due, where not money", kind=Kind.EXACT),
        Column(key="quantity_provisional", label="Of it provisional, where not money", kind=Kind.EXACT),
    ]

    def rows() -> Iterator[Row]:
        for each in report.amounts:
            yield (
                *(each.currency, each.due_minor, each.earlier_minor, each.contested_minor),
                *(each.provisional_minor, each.received_minor, None, None),
            )
        for other in report.other_amounts:
            yield (other.unit, None, None, None, None, None, other.quantity, other.provisional)

    return _table("totals", "Totals", columns=columns, rows=rows, empty="Nothing is due.")


def _actions(report: VendorReport) -> Table:
    columns = [
        Column(key="by", label="By", kind=Kind.DATE),
        Column(key="overdue", label="Overdue", kind=Kind.FLAG),
        Column(key="who", label="Who"),
        Column(key="what", label="What"),
        Column(key="why", label="Why"),
        Column(key="reference", label="About"),
        Column(key="clause", label="Clause"),
        Column(key="currency", label="Currency"),
        _money("amount", "Amount, before tax"),
    ]
    theirs = "You" if report.edition is Edition.VENDOR else report.vendor

    def rows() -> Iterator[Row]:
        for each in report.actions:
            who = "We" if each.party == "we" else theirs
            yield (
                *(each.by, each.overdue, who, each.what, each.why, each.reference, each.clause),
                *(each.currency, each.amount_minor),
            )

    return _table("actions", "What to do by when", columns=columns, rows=rows, empty="Nothing is to be done.")


def _incidents(report: VendorReport) -> Table:
    columns = [
        Column(key="incident", label="Incident"),
        Column(key="title", label="Title"),
        Column(key="vendor_ticket", label="Vendor's ticket"),
        Column(key="severity", label="Severity"),
        Column(key="from", label="From", kind=Kind.INSTANT),
        Column(key="until", label="Until", kind=Kind.INSTANT),
        Column(key="zone", label="Zone of the contract", narrow=True),
        Column(key="services", label="Services"),
        Column(key="counted", label="Counted", kind=Kind.LENGTH),
        Column(key="responsible", label="Who is responsible"),
        Column(key="levels", label="Service levels", narrow=True),
    ]

    def rows() -> Iterator[Row]:
        for each in report.incidents:
            yield (
                *(each.reference, each.title, each.vendor_ticket, each.severity, each.starts_at),
                *(each.ends_at, each.zone, each.services, each.counted_us, each.responsible),
                ", ".join(each.levels),
            )

    return _table("incidents", "Incidents", columns=columns, rows=rows, empty="No incident touches a level.")


def _exclusions(report: VendorReport) -> Table:
    columns = [
        Column(key="rule", label="Exclusion"),
        Column(key="clause", label="Clause"),
        Column(key="incidents", label="Incidents"),
        Column(key="excluded", label="Excluded", kind=Kind.LENGTH),
        Column(key="by", label="Decided by"),
        Column(key="statement", label="Statement"),
    ]

    def rows() -> Iterator[Row]:
        for each in report.exclusions:
            names = ", ".join(each.incidents)
            yield (each.rule, each.clause, names, each.excluded_us, each.by, each.statement)

    return _table(
        "exclusions", "Exclusions applied", columns=columns, rows=rows, empty="Nothing was excluded."
    )


def _corrections(report: VendorReport) -> Table:
    columns = [
        Column(key="statement", label="Statement"),
        Column(key="corrected", label="Corrected", kind=Kind.INSTANT),
        Column(key="line", label="Line", kind=Kind.COUNT),
        Column(key="level", label="Service level"),
        Column(key="was", label="Was"),
        Column(key="is_now", label="Is now"),
        Column(key="currency", label="Currency"),
        _money("was_due", "Due before"),
        _money("due", "Due now"),
        _money("delta", "Difference", total=True),
        Column(key="cause", label="Why"),
    ]

    def rows() -> Iterator[Row]:
        for each in report.corrections:
            yield (
                *(each.statement, each.corrected_at, each.line, each.name, each.was, each.is_now),
                *(each.currency, each.was_due_minor, each.due_minor, each.delta_minor, each.cause),
            )

    return _table(
        "corrections",
        f"Corrections since {report.since}",
        columns=columns,
        rows=rows,
        empty="Nothing was corrected.",
    )


def _claims(claims: Sequence[ClaimPart], *, code: str, title: str) -> Table:
    columns = [
        Column(key="claim", label="Claim"),
        Column(key="vendor_reference", label="Vendor's reference"),
        Column(key="state", label="State"),
        Column(key="contract", label="Contract"),
        Column(key="account", label="Account"),
        Column(key="statements", label="Statements"),
        Column(key="sent_on", label="Sent", kind=Kind.DATE),
        Column(key="answer_by", label="Answer by", kind=Kind.DATE),
        Column(key="currency", label="Currency"),
        _money("asked", "Asked, before tax", total=True),
        _money("received", "Received", total=True),
        _money("open", "Still to come", total=True),
        Column(key="expected", label="Expected on invoice"),
    ]

    def rows() -> Iterator[Row]:
        for each in claims:
            yield (
                *(each.reference, each.vendor_reference, each.state, each.contract, each.account),
                *(", ".join(each.statements), each.sent_on, each.answer_by, each.currency),
                *(each.asked_minor, each.received_minor, each.open_minor, each.expected_invoice),
            )

    return _table(code, title, columns=columns, rows=rows, empty="There is none.")


def _statements(report: VendorReport) -> Table:
    columns = [
        Column(key="statement", label="Statement"),
        Column(key="schedule", label="SLA schedule"),
        Column(key="period", label="Period"),
        Column(key="finalised", label="Finalised", kind=Kind.FLAG),
        Column(key="correction", label="Correction wanted", kind=Kind.FLAG),
        Column(key="as_of", label="As of", kind=Kind.INSTANT),
        Column(key="zone", label="Zone"),
        Column(key="calculation", label="Calculation"),
    ]

    def rows() -> Iterator[Row]:
        for each in report.statements:
            yield (
                *(each.number, each.schedule, each.period, each.finalised, each.needs_correction),
                *(each.as_of, each.zone, each.calculation),
            )

    return _table(
        "statements", "What this rests on", columns=columns, rows=rows, empty="No statement ends here."
    )
