"""What a run came to, read with plain SQL: no line of the product says whether the product is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

Row = tuple[Any, ...]
Books = Mapping[str, Sequence[Row]]

# Instants and keys differ from run to run; with them whatever is made of them.
OF_THE_RUN = {"id", "statement_id", "revision_id", "finalised_at", "known_until", "inputs", "inputs_digest"}
OF_THE_RUN |= {"result", "result_digest", "digest", "previous_digest", "credit_id"}
NUMBER = "c.reference || '/' || s.period AS statement"
OF_STATEMENT = (
    "JOIN sla_statement s ON s.id = {of}.statement_id"
    " JOIN sla_servicelevelagreement a ON a.id = s.agreement_id"
    " JOIN vendors_contract c ON c.id = a.contract_id"
)
SECTIONS = {
    "closings": "SELECT subject, period, state, outcome, error FROM sla_duty WHERE kind = 'close'",
    "reports begun": "SELECT subject, period, state, outcome FROM sla_duty WHERE kind = 'report'",
    "reports": "SELECT schedule_id, period, subject, headline FROM sla_compliancereport",
    "figures told": f"SELECT {NUMBER}, r.schedule_id, r.period, r.subject, t.revision, t.state, t.currency,"
    " t.due_minor, t.shown FROM sla_toldfigure t JOIN sla_compliancereport r ON r.id = t.report_id "
    + OF_STATEMENT.format(of="t"),
    "revisions": f"SELECT {NUMBER}, r.* FROM sla_statementrevision r {OF_STATEMENT.format(of='r')}",
    "lines": f"SELECT {NUMBER}, l.* FROM sla_statementline l JOIN sla_statementrevision r"
    f" ON r.id = l.revision_id {OF_STATEMENT.format(of='r')}",
    "drafts": "SELECT agreement_id, period, state, due_minor, agreed_minor, contested_minor, shown, missed,"
    " provisional, error FROM sla_statement WHERE ends_at < '2019-10-02T00:00Z'",
    "register": "SELECT kind, unit, amount_minor, count(*) FROM sla_registerentry GROUP BY 1, 2, 3",
    "mails": "SELECT key, address, subject, message_id FROM sla_outboxmessage"
    " WHERE key NOT LIKE 'warnings/%'",
}
OPEN = {
    "runs": "SELECT kind, subject, period, state, attempts, error FROM sla_duty"
    " WHERE state NOT IN ('done', 'failed')",
    "messages": "SELECT key, state, attempts, error FROM sla_outboxmessage"
    " WHERE state IN ('waiting', 'sending')",
    "stale drafts": "SELECT agreement_id, period FROM sla_statement WHERE computed < wanted",
    "unseen changes": "SELECT id FROM vendors_factchange WHERE seen_at IS NULL",
}
TWICE = {
    "a closing": "SELECT agreement_id, period FROM sla_duty WHERE kind = 'close' GROUP BY 1, 2"
    " HAVING count(*) > 1",
    "a finalising": "SELECT statement_id FROM sla_statementrevision GROUP BY 1 HAVING count(*) > 1",
    "a report": "SELECT schedule_id, period, subject FROM sla_compliancereport GROUP BY 1, 2, 3"
    " HAVING count(*) > 1",
    "a warning": "SELECT alert_id, occurrence, rank, reader_id FROM sla_alertnotice GROUP BY 1, 2, 3, 4"
    " HAVING count(*) > 1",
}


def read(database: str) -> Books:
    """Return everything that must not depend on how a run went, in an order of its own."""
    with psycopg.connect(database) as line:
        return {name: sorted(_rows(line, query), key=repr) for name, query in SECTIONS.items()}


def _rows(line: psycopg.Connection[Any], query: Any) -> Iterable[Row]:
    found = line.execute(query)
    names = [column.name for column in found.description or ()]
    kept = [place for place, name in enumerate(names) if name not in OF_THE_RUN]
    return [tuple(row[place] for place in kept) for row in found.fetchall()]


def asked(database: str, query: Any) -> list[Row]:
    """Return the rows of one query."""
    with psycopg.connect(database) as line:
        return line.execute(query).fetchall()


def left_open(database: str) -> dict[str, list[Row]]:
    """Return what is still to be done; raise psycopg.OperationalError where the server is away."""
    found = {name: asked(database, query) for name, query in OPEN.items()}
    return {name: rows for name, rows in found.items() if rows}


def done_twice(database: str) -> dict[str, list[Row]]:
    """Return what happened more than once and may not."""
    found = {name: asked(database, query) for name, query in TWICE.items()}
    return {name: rows for name, rows in found.items() if rows}


def messages(database: str) -> list[tuple[str, str, str]]:
    """Return key, state and number of each message."""
    return [
        (str(key), str(state), str(number))
        for key, state, number in asked(database, "SELECT key, state, message_id FROM sla_outboxmessage")
    ]


def differences(found: Books, *, expected: Books) -> list[str]:
    """Return every row that one has and the other lacks."""
    told = []
    for name, rows in expected.items():
        have, want = Counter(map(repr, found[name])), Counter(map(repr, rows))
        told += [f"{name}: lacks {row}" for row in (want - have).elements()]
        told += [f"{name}: has {row}" for row in (have - want).elements()]
    return told
