"""The same availability figures by other means: SQL ranges, `portion`, pandas.

Each takes the portfolio's outages and announced windows as rows and gives the lost microseconds of
each service in June 2025. That is all they do: no notice test, no verdict, no reason, no money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd
import portion
import psycopg

from sla.engine.facts import Inputs
from tests.benchmarks.portfolio import JUNE

MICROSECOND = timedelta(microseconds=1)


class Row(NamedTuple):
    """A stretch of time of one service."""

    service: str
    start: datetime
    end: datetime


class Rows(NamedTuple):
    """What every rival starts from."""

    outages: list[Row]
    works: list[Row]


def rows_of(portfolio: Iterable[Inputs]) -> Rows:
    """Return the portfolio's outages and announced windows as plain rows."""
    rows = Rows([], [])
    for inputs in portfolio:
        for outage in inputs.facts.outages:
            assert outage.ended_at is not None
            rows.outages.append(Row(outage.unit, outage.started_at, outage.ended_at))
        for work in inputs.facts.maintenance:
            rows.works.extend(Row(unit, work.started_at, work.ended_at) for unit in work.units)
    return rows


def by_portion(rows: Rows) -> dict[str, int]:
    """Return the lost microseconds by the interval library `portion`."""
    month = portion.closedopen(JUNE.during.start, JUNE.during.end)
    down: dict[str, portion.Interval] = defaultdict(portion.empty)
    for row in rows.outages:
        down[row.service] |= portion.closedopen(row.start, row.end)
    for row in rows.works:
        down[row.service] -= portion.closedopen(row.start, row.end)
    return {
        service: sum((piece.upper - piece.lower) // MICROSECOND for piece in (found & month) if piece)
        for service, found in down.items()
    }


def by_pandas(rows: Rows) -> dict[str, int]:
    """Return the lost microseconds by a sweep over all edges: down, and not inside announced work."""
    frames = [_edges(rows.outages, column="down"), _edges(rows.works, column="work")]
    edges = pd.concat(frames).fillna(0).sort_values(["service", "at"], kind="stable")
    levels = edges.groupby("service")[["down", "work"]].cumsum()
    length = edges.groupby("service")["at"].diff(-1).abs()
    lost = length.where((levels["down"] > 0) & (levels["work"] == 0), pd.Timedelta(0))
    summed = lost.groupby(edges["service"]).sum()
    return {service: length // MICROSECOND for service, length in summed.items()}


def _edges(rows: list[Row], *, column: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    start, end = JUNE.during
    parts = [
        pd.DataFrame({"service": frame["service"], "at": frame[name].clip(start, end), column: change})
        for name, change in (("start", 1), ("end", -1))
    ]
    return pd.concat(parts)


LOST = """
with down as (select service, range_agg(during) as time from outage group by service),
     work as (select service, range_agg(during) as time from work group by service)
select service, sum(extract(epoch from upper(piece) - lower(piece)) * 1000000)::bigint
  from down left join work using (service),
       unnest((down.time - coalesce(work.time, '{}')) * tstzmultirange(tstzrange(%s, %s))) as piece
 group by service
"""


def store(rows: Rows, *, connection: psycopg.Connection) -> None:
    """Put the rows into temporary tables, which leave with the connection."""
    for table, found in (("outage", rows.outages), ("work", rows.works)):
        connection.execute(f"create temporary table {table} (service text, during tstzrange)")
        with connection.cursor().copy(f"copy {table} from stdin") as copy:
            for row in found:
                copy.write_row((row.service, f"[{row.start.isoformat()},{row.end.isoformat()})"))
        connection.execute(f"analyze {table}")


def by_sql(connection: psycopg.Connection) -> dict[str, int]:
    """Return the lost microseconds by a range aggregation on PostgreSQL, over the stored rows."""
    return dict(connection.execute(LOST, JUNE.during).fetchall())
