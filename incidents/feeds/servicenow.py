"""Read ServiceNow's export of incidents with their history: one row for each update, CSV or XLSX.

It is the reader of incident tables with the columns and states that ServiceNow names. Options in the
context go before these; a mapping that names any column stands for all of them.
"Awaiting Vendor" is a wait for the vendor's own vendor, so it bears the reason "other".
"""

from collections.abc import Container, Mapping
from dataclasses import replace

from incidents.feeds.incident_table import FIELDS, OPTIONS, read_incident_table
from incidents.feeds.table_columns import INCIDENT_WORDS
from incidents.feeds.values import Clock, Feed, FeedContext, Format, SeenTable, TableFormat
from vendors.files.columns import columns_of
from vendors.files.mapping import OPTION, TABLE_OPTIONS
from vendors.files.tables import same

NEEDED = frozenset({"number", "status", "changed", "began"})
# Exports name some columns in one way or another; the first that is there is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("number",),
    "status": ("incident_state", "state"),
    "changed": ("sys_updated_at", "sys_updated_on"),
    "began": ("opened_at",),
    "title": ("short_description",),
    "first_posted": ("sys_created_at", "sys_created_on"),
    "ended": ("resolved_at",),
    "closed": ("closed_at",),
    "sequence": ("sys_mod_count",),
    "severity": ("priority",),
    "component": ("business_service", "cmdb_ci", "category"),
    "narrative": ("description", "close_notes"),
}
STATES: Mapping[str, str] = {
    "option:rows": "updates",
    "option:stops": "Awaiting User Info=no_answer|Awaiting Caller=no_answer|Awaiting Evidence=no_answer|"
    "Awaiting Change=other|Awaiting Problem=other|Awaiting Vendor=other|On Hold=other",
    "option:new": "New",
    "option:over": "Resolved|Closed|Canceled",
}


def read_servicenow(content: bytes, context: FeedContext) -> Feed:
    """Read the export.

    Raises:
        FeedError: as `read_incident_table`.

    """
    named = any(name for key, name in context.columns.items() if not key.startswith(OPTION))
    preset = STATES if named else look(content, context.columns).proposed
    return read_incident_table(content, context, preset=preset)


def look(content: bytes, columns: Mapping[str, str]) -> SeenTable:
    """Name the columns, and propose those that ServiceNow names, with its states.

    Raises:
        FeedError: no table.

    """
    seen = columns_of(content, words=INCIDENT_WORDS, options=columns)
    there = {same(column.name) for column in seen.columns}
    return replace(seen, proposed=_preset(there))


def _preset(there: Container[str]) -> dict[str, str]:
    """Give the mapping; what must be there and is not is named all the same, to be asked for."""
    found = {
        field: next((name for name in names if name in there), names[0] if field in NEEDED else "")
        for field, names in COLUMNS.items()
    }
    return {**STATES, **{field: name for field, name in found.items() if name}}


FORMAT = Format(
    code="servicenow",
    label="ServiceNow incidents with their history (CSV or XLSX)",
    read=read_servicenow,
    clock=Clock.VENDOR_TICKET,
    needs_zone=True,
    table=TableFormat(fields=FIELDS, options={**TABLE_OPTIONS, **OPTIONS}, look=look),
)
