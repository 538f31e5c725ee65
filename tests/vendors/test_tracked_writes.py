"""History sees every write: what goes around a row's own save and delete is refused in the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "vendors", "incidents", "sla")
BULK = {"bulk_create", "bulk_update", "_raw_delete", "save_without_historical_record"}
# Writes that a whole table takes at once: `.update(field=...)` and `.delete()` of a query.
QUERY_ENDINGS = {"filter", "exclude", "all", "order_by", "select_for_update", "visible_to"}
# Where the rows are not tracked, or where their history goes with them. Say which after the colon.
ALLOWED = {
    "config/celery.py": "the configuration of Celery, not rows",
    "incidents/services/feeds/bulk.py": "rows with a history are written together with it",
    "incidents/services/feeds/fetching.py": "when a feed was asked is a mark, not a record",
    "incidents/services/feeds/inbox.py": "who set a record aside, when and why stands on the record itself",
    "incidents/services/feeds/upload_runs.py": "how far an import is, is a mark, not a record",
    "incidents/services/feeds/importing.py": "when a feed was heard is no record",
    "incidents/services/feeds/joining.py": "which incident a view shows; the incidents keep their history",
    "incidents/services/feeds/pushing.py": "copies of refused messages are no records",
    "incidents/services/feeds/uploads.py": "where an upload stands is no record",
    "incidents/services/probes/running.py": "when a probe ran is a mark, not a record",
    "sla/services/alerts/escalating.py": "how a warning stands is computed, not recorded",
    "sla/services/alerts/raising.py": "how a warning stands is computed, not recorded",
    "sla/services/alerts/telling.py": "what was told is only ever added, and is no record of its own",
    "sla/services/duties/forgetting.py": "hourly runs and copies of files are no records",
    "sla/services/duties/holding.py": "scheduled runs are marks for workers, not records",
    "sla/services/duties/retrying.py": "scheduled runs are marks for workers, not records",
    "sla/services/duties/intake.py": "scheduled runs are marks for workers, not records",
    "sla/services/duties/writing.py": "scheduled runs are marks for workers, not records",
    "sla/services/duties/planning.py": "scheduled runs are marks for workers, not records",
    "sla/services/links/confirming.py": "tries of a code are no record",
    "sla/services/links/drafting.py": "answers that nobody confirmed are no records",
    "sla/services/mailings/runs.py": "what a report told is only ever added to",
    "sla/services/outbox/delivering.py": "where a message stands is no record; its words never change",
    "sla/services/register_uploads.py": "where a file stands is no record; what it brings has its history",
    "sla/services/refreshing.py": "scheduled runs are marks for workers, not records",
    "sla/services/seconded/telling.py": "that somebody was told is a mark, not a record",
    "sla/services/statements/drafting.py": "heads and drafts are computed, not recorded",
    "sla/services/statements/finalising.py": "the head's outcomes are computed, not recorded",
    "sla/services/statements/outlooks.py": "what a draft says ahead is computed, not recorded",
    "sla/services/statements/staleness.py": "heads and seen changes are marks for the sweep, not records",
    "vendors/api/keys.py": "kept answers are copies, no records",
    "vendors/services/access.py": "when a token was used or revoked is a mark; its rights never change",
    "sla/services/webhooks/keeping.py": "how a webhook goes is a mark, not a record",
    "vendors/services/records.py": "notes of changed facts are written together, and have no history",
    "vendors/services/bulk.py": "history is written together with the rows",
    "vendors/services/demo.py": "demo rows leave together with their history",
    "vendors/services/registers/intake.py": "what a register said is no record of ours",
}


def bulk_writes(source: str) -> list[tuple[int, str]]:
    """Return line and name of each call that writes rows past their history."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return sorted(
        (call.lineno, call.func.attr)
        for call in calls
        if isinstance(call.func, ast.Attribute) and _writes_past_history(call, name=call.func.attr)
    )


def _writes_past_history(call: ast.Call, *, name: str) -> bool:
    if name in BULK:
        return True
    target = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "update":
        # A dict or set updates with a value; a query only with named fields.
        return bool(call.keywords) and not call.args
    return name == "delete" and _is_query(target)


def _is_query(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in QUERY_ENDINGS or _is_query(node.func.value)
    if isinstance(node, ast.Attribute):
        return node.attr in {"objects", "_default_manager", "_base_manager", "history"}
    return isinstance(node, ast.Name) and node.id in {"queryset", "rows", "qs"}


@pytest.mark.parametrize("app", APPS)
def test_no_source_writes_past_history(app: str) -> None:
    found = {
        str(path.relative_to(ROOT)): writes
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts and (writes := bulk_writes(path.read_text()))
    }
    refused = {name: writes for name, writes in found.items() if name not in ALLOWED}
    assert refused == {}, (
        "Save row by row through vendors.services, or state in ALLOWED why history misses nothing."
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Vendor.objects.filter(slug='a').update(name='b')", [(1, "update")]),
        ("rows.update(name='b')", [(1, "update")]),
        ("Vendor.objects.all().delete()", [(1, "delete")]),
        ("vendor.contracts.filter(pk=1).delete()", [(1, "delete")]),
        ("queryset.delete()", [(1, "delete")]),
        ("Vendor.objects.bulk_create(rows)", [(1, "bulk_create")]),
        ("Vendor.objects.bulk_update(rows, ['name'])", [(1, "bulk_update")]),
        ("vendor.save_without_historical_record()", [(1, "save_without_historical_record")]),
        ("vars(row).update(values)", []),
        ("found.setdefault(key, set()).update(fresh)", []),
        ("row.delete()", []),
        ("row.save()", []),
    ],
)
def test_the_check_tells_bulk_writes_from_harmless_calls(source: str, found: list[tuple[int, str]]) -> None:
    assert bulk_writes(source) == found


def test_the_allowed_places_still_exist() -> None:
    assert [name for name in ALLOWED if not bulk_writes((ROOT / name).read_text())] == []
