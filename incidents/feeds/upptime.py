"""Read what an Upptime repository keeps: its log of up and down, its summary, its maintenance issues.

- The log is `git log` as tab-separated lines: a hash, the committer's date, the author's date, the subject,
  "🟥 MD1 is down (0 in 0 ms)". A run of down lines is one incident, from the first to the line that says
  otherwise; a run that nothing ends is still open.
- `history/summary.json` gives the minutes down of each day, as samples at the beginning of the day in UTC.
- Issues (a list as GitHub's API gives it, or one) bear their window in a comment: start, end, expectedDown.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError

from incidents.feeds.html_text import storable_text, tidied
from incidents.feeds.json_files import (
    LARGEST_FILE,
    Instant,
    Payload,
    Text,
    instant,
    kind_of,
    plausible,
    problems_of,
    read_document,
)
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedError,
    FeedIncident,
    FeedMaintenance,
    FeedProblem,
    FeedSample,
    Format,
)
from vendors.files.rows import too_large

METRIC = "minutes_down"
_SUBJECT = re.compile(
    r"\S{1,4}\s(.{1,200}?) is (up|down|degraded)(?: performance)? \((\d{1,6}) in \d{1,9} ms\)"
)
_KEY = re.compile(
    r"^\s{0,9}(start|end|expectedDown|expectedDegraded)\s{0,9}:\s{0,9}(\S.{0,999})$", re.MULTILINE
)
_EXPECTED = "Expected is history/summary.json, the log of commits, or issues with a maintenance comment."


class SitePayload(Payload):
    """One site of the summary."""

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    dailyMinutesDown: dict[str, int] | None = None


class IssuePayload(Payload):
    """One issue of the repository."""

    number: int
    title: Text = ""
    body: Text = ""
    created_at: Instant = None
    updated_at: Instant = None


def read_upptime(content: bytes) -> Feed:
    """Read a log, a summary or issues; a bad record is listed with its place, the others are kept.

    Raises:
        FeedError: too large, not UTF-8, or none of the three.

    """
    opening = content[:200].lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if opening in (b"[", b"{"):
        return _read_json(read_document(content, what="Upptime"))
    return _read_log(content)


def _read_json(document: Any) -> Feed:
    rows = document if isinstance(document, list) else [document]
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    if "number" not in first and "name" not in first:
        raise FeedError(f"The file holds {kind_of(document)} of neither sites nor issues. {_EXPECTED}")
    maintenances: dict[str, FeedMaintenance] = {}
    samples: list[FeedSample] = []
    problems: list[FeedProblem] = []
    for number, row in enumerate(rows):
        place = f"[{number}]"
        try:
            if "number" in first:
                for read in _maintenances(IssuePayload.model_validate(row)):
                    maintenances.setdefault(read.external_id, read)
            else:
                samples.extend(_samples(SitePayload.model_validate(row), place=place, problems=problems))
        except ValidationError as error:
            problems.extend(problems_of(error, place=place))
        except FeedError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
    return Feed(maintenances=tuple(maintenances.values()), samples=tuple(samples), problems=tuple(problems))


def _samples(site: SitePayload, *, place: str, problems: list[FeedProblem]) -> Iterator[FeedSample]:
    for day, minutes in sorted((site.dailyMinutesDown or {}).items()):
        try:
            if not 0 <= minutes <= 1440:
                raise ValueError("a day has 0 to 1440 minutes")
            at = plausible(datetime.combine(date.fromisoformat(day), time.min, tzinfo=UTC))
        except ValueError as error:
            shown = f"{day[:30]!r}: {str(minutes)[:30]}"
            problems.append(
                FeedProblem(place=f"{place}.dailyMinutesDown", message=f"{error} (found {shown}).")
            )
            continue
        yield FeedSample(component=site.name, metric=METRIC, at=at, value=Decimal(minutes))


def _maintenances(issue: IssuePayload) -> Iterator[FeedMaintenance]:
    """Yield the window of an issue, none where it has no such comment."""
    shown, *pieces = issue.body.split("<!--")
    narrative = tidied("".join([shown, *(piece.partition("-->")[2] for piece in pieces)]))
    for piece in pieces:
        keys = dict(_KEY.findall(piece.partition("-->")[0]))
        if "start" not in keys and "end" not in keys:
            continue
        try:
            begins, ends = instant(keys.get("start", "").strip()), instant(keys.get("end", "").strip())
        except ValueError as error:
            raise FeedError(f"issue {issue.number}: {error}.") from None
        if begins is None or ends is None or ends < begins:
            raise FeedError(f"issue {issue.number} has no start and end, or ends before it begins.")
        named = f"{keys.get('expectedDown', '')},{keys.get('expectedDegraded', '')}".split(",")
        yield FeedMaintenance(
            external_id=f"issue-{issue.number}",
            title=tidied(issue.title)[:500] or f"Issue {issue.number}",
            starts_at=begins,
            ends_at=ends,
            noticed_at=issue.created_at,
            components=tuple(
                FeedComponent(name=name) for name in dict.fromkeys(map(str.strip, named)) if name
            ),
            narrative=narrative,
            changed_at=issue.updated_at,
        )
        return


def _read_log(content: bytes) -> Feed:
    """Read the log of commits into runs of down or degraded, oldest first."""
    if len(content) > LARGEST_FILE:
        raise FeedError(too_large(content, most=LARGEST_FILE))
    try:
        text = storable_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FeedError(f"The file is not UTF-8. {_EXPECTED}") from None
    problems: list[FeedProblem] = []
    lines = sorted(_log_lines(text, problems=problems), key=lambda line: line[0])
    if not lines:
        raise FeedError(f"The file has no line of a site that is up or down. {_EXPECTED}")
    begun: dict[str, tuple[datetime, str, str]] = {}
    seen: set[str] = set()
    incidents: list[FeedIncident] = []
    for at, site, state, code in lines:
        known = begun.get(site)
        if known and known[1] != state:
            incidents.append(_run(site, begun=begun.pop(site), ended_at=at, first=site not in seen))
            seen.add(site)
        if state != "up" and site not in begun:
            begun[site] = (at, state, code)
        if state == "up":
            seen.add(site)
    incidents.extend(
        _run(site, begun=run, ended_at=None, first=site not in seen) for site, run in begun.items()
    )
    incidents.sort(key=lambda said: (said.external_id.rsplit("@", 1)[1], said.external_id))
    return Feed(incidents=tuple(incidents), problems=tuple(problems))


def _log_lines(text: str, *, problems: list[FeedProblem]) -> Iterator[tuple[datetime, str, str, str]]:
    """Yield time, site, state and answer of each line about a site; other commits say nothing."""
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split("\t")
        found = _SUBJECT.match(cells[-1])
        if found is None or len(cells) < 2:
            continue
        try:
            at = instant(cells[1] if len(cells) > 2 else cells[0])
        except ValueError as error:
            problems.append(
                FeedProblem(place=f"line {number}", message=f"{error} (found {cells[0][:40]!r}).")
            )
            continue
        if at is not None:
            yield at, found[1], found[2], found[3]


def _run(
    site: str, *, begun: tuple[datetime, str, str], ended_at: datetime | None, first: bool
) -> FeedIncident:
    at, state, code = begun
    notes = ["The log begins with it, so it may have begun earlier."] if first else []
    return FeedIncident(
        external_id=f"{site[:80]}@{at:%Y-%m-%dT%H:%M:%SZ}",
        title=f"{site} is {state}",
        narrative=f"{at:%Y-%m-%d %H:%M} UTC {state}, answer {code}",
        severity=state,
        status="up" if ended_at else state,
        started_at=at,
        first_posted_at=None,
        resolved_at=ended_at,
        changed_at=ended_at or at,
        components=(FeedComponent(name=site, worst_status=state),),
        notes=tuple(notes),
    )


def _read(content: bytes, _: FeedContext) -> Feed:
    return read_upptime(content)


FORMAT = Format(
    code="upptime",
    label="Upptime log, summary or maintenance issues",
    read=_read,
    clock=Clock.THIRD_PARTY,
    hidden=True,
)
