"""What people and their programs do at once: read, take files away, edit the same records, enter new ones."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from random import Random
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from tests.chaos.people import Answer, Person, sent
from tests.incidents.test_admin import Inputs
from tests.load.figures import Calls
from tests.load.marks import Marks
from tests.load.portfolio import CLOSED, CONTRACTS, OPEN, SHARED, VENDORS, reference_of, vendor_of

API = "/api/v1/"
DONE, FOUND, CREATED = frozenset({200}), frozenset({302}), frozenset({201})
# Somebody else was first: read again.
STALE, UNDER_WAY = 412, 409
REFUSED = 400
MOST_TRIES = 200

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Where all work: the server, the addresses of what is there, and what is noted of the day."""

    address: str
    calls: Calls
    marks: Marks
    tokens: dict[str, str]
    shared: dict[str, int]
    incidents: int


def at_once(acts: Sequence[Callable[[], Made]]) -> list[Made]:
    """Do several things at the same moment; return what each made, and raise what one raised."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


class Colleague:
    """Somebody with a browser and with programs of their own."""

    def __init__(self, floor: Floor, *, name: str) -> None:
        self.name, self.floor = name, floor
        self.chance = Random(name)
        self._server = urlsplit(floor.address).netloc
        self._browser = Person(floor.address, name=name)
        self._count = 0

    def next_mark(self) -> str:
        """Return a word that nobody else writes."""
        self._count += 1
        return f"mark-{self.name}-{self._count}"

    def open(
        self, kind: str, path: str, *, posted: dict[str, str] | None = None, expected: Iterable[int] = DONE
    ) -> Answer:
        """Open a page in the browser, or send a form."""
        return self._timed(
            kind, lambda: self._browser.answer(path, posted=posted), expected=frozenset(expected)
        )

    def ask(
        self,
        kind: str,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        expected: Iterable[int] = DONE,
        **headers: str,
    ) -> Answer:
        """Let a program ask the API."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Authorization": f"Bearer {self.floor.tokens[self.name]}"}
        if body is not None:
            named["Content-Type"] = "application/json"
        text = None if body is None else json.dumps(body)
        return self._timed(
            kind,
            lambda: sent(self._server, method, API + path, headers=named, body=text),
            expected=frozenset(expected),
        )

    def ask_twice(self, kind: str, path: str, *, body: Any, key: str, expected: frozenset[int]) -> Answer:
        """Let two programs send one request with one key at the same moment; return what was answered.

        Where it was done both are answered alike, once neither is told to wait for the other.
        """
        answers = at_once(2 * [lambda: self._keyed(kind, path, body=body, key=key, expected=expected)])
        # A refusal did nothing: each is answered for itself.
        done = [answer for answer in answers if answer.status < REFUSED]
        if len({(answer.status, answer.body) for answer in done}) > 1:
            told = " | ".join(f"{answer.status} {answer.text[:300]}" for answer in answers)
            self.floor.calls.complain(f"{kind}, sent twice, is answered in two ways: {told}")
        return (done or answers)[0]

    def _keyed(self, kind: str, path: str, *, body: Any, key: str, expected: frozenset[int]) -> Answer:
        for _ in range(MOST_TRIES):
            answer = self.ask(
                kind, path, method="POST", body=body, expected=expected | {UNDER_WAY}, Idempotency_Key=key
            )
            if answer.status != UNDER_WAY:
                break
        return answer

    def _timed(self, kind: str, act: Callable[[], Answer], *, expected: frozenset[int]) -> Answer:
        begun = time.perf_counter()
        try:
            answer = act()
        except (OSError, HTTPException) as error:
            self.floor.calls.complain(f"{kind}: {type(error).__name__}: {error}")
            raise
        told = "" if answer.status in expected else answer.text
        self.floor.calls.note(kind, begun=begun, status=answer.status, expected=expected, told=told)
        return answer


def look_round(colleague: Colleague) -> None:
    """Open one of everything, so that what a server loads once is loaded."""
    for act in (
        read_a_list,
        read_a_record,
        read_a_result,
        open_home,
        open_a_statement,
        take_a_pdf,
        export,
        report,
    ):
        act(colleague)
    for act in 3 * [open_a_list]:
        act(colleague)


def work(colleague: Colleague) -> None:
    """Do one of the things that people do, as often as people do it."""
    (act,) = colleague.chance.choices(list(ACTS), weights=list(ACTS.values()))
    act(colleague)


def read_a_list(one: Colleague) -> None:
    """Read a list by the API, and its next page where there is one."""
    path, asked = one.chance.choice(LISTS)(one.chance)
    answer = one.ask("API: list", f"{path}?{urlencode(asked)}")
    following = json.loads(answer.body).get("next")
    if following:
        one.ask("API: next page", following.split(API)[1])


def read_a_record(one: Colleague) -> None:
    """Read one record by the API."""
    number, month = one.chance.randrange(CONTRACTS), one.chance.choice(CLOSED)
    one.ask(
        "API: record",
        one.chance.choice(
            (
                f"contracts/{reference_of(number)}",
                f"statements/{reference_of(number)}/power/{month}",
                f"incidents/INC-{number:03d}-{month}-1",
            )
        ),
    )


def read_a_result(one: Colleague) -> None:
    """Read how a statement came about, as it is computed now."""
    number = one.chance.randrange(CONTRACTS)
    one.ask("API: statement computed", f"statements/{reference_of(number)}/power/{OPEN}/result")


def open_home(one: Colleague) -> None:
    """Open the home page."""
    one.open("admin: home", "/admin/")


def open_a_list(one: Colleague) -> None:
    """Open a list in the admin."""
    one.open(
        "admin: list",
        one.chance.choice(
            (
                "/admin/incidents/incident/",
                "/admin/incidents/incident/?q=INC-001",
                "/admin/incidents/outage/",
                "/admin/sla/statement/",
                "/admin/sla/statement/?p=2",
                "/admin/vendors/contract/",
                "/admin/vendors/vendor/",
            )
        ),
    )


def open_a_statement(one: Colleague) -> None:
    """Open the page of a statement."""
    key, month = 1 + one.chance.randrange(CONTRACTS), one.chance.choice((*CLOSED, OPEN))
    one.open("admin: statement", f"/admin/sla/servicelevelagreement/{key}/statement/{month}/")


def take_a_pdf(one: Colleague) -> None:
    """Take away a finalised statement as PDF."""
    number, month = one.chance.randrange(CONTRACTS), one.chance.choice(CLOSED)
    answer = one.ask("file: PDF", f"revisions/{reference_of(number)}/power/{month}/1/file?form=pdf")
    if not (answer.body.startswith(b"%PDF") and answer.body.rstrip().endswith(b"%%EOF")):
        one.floor.calls.complain(f"no whole PDF: {answer.body[:300]!r}")


def export(one: Colleague) -> None:
    """Take away all incidents, and count them."""
    answer = one.ask("file: export, CSV", "incidents/export?format=csv")
    rows = len(list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))) - 1
    if rows < one.floor.incidents:
        one.floor.calls.complain(f"an export has {rows} incidents of at least {one.floor.incidents}")


def report(one: Colleague) -> None:
    """Take away a report of the year, and open it."""
    code = one.chance.choice(("breach", "portfolio", "completeness", "credit_register"))
    form = one.chance.choice(("csv", "xlsx"))
    asked = urlencode({"from": CLOSED[0], "until": "2019-10", "form": form})
    answer = one.ask(f"file: report, {form.upper()}", f"reports/{code}?{asked}")
    if form == "xlsx" and zipfile.ZipFile(io.BytesIO(answer.body)).testzip() is not None:
        one.floor.calls.complain(f"a workbook of {code} is broken")


def edit(one: Colleague) -> None:
    """Add a mark to a record that all edit: read it, add, and read again where somebody else was first."""
    reference, mark = one.chance.choice(SHARED), one.next_mark()
    for _ in range(MOST_TRIES):
        read = one.ask("API: record, to edit", f"incidents/{reference}")
        narrative = f"{json.loads(read.body)['narrative']} {mark}"
        answer = one.ask(
            "API: edit",
            f"incidents/{reference}",
            method="PATCH",
            body={"narrative": narrative, "reason": mark},
            expected={200, STALE},
            If_Match=read.headers["ETag"],
        )
        if answer.status == 200:
            one.floor.marks.write(reference, mark=mark)
            return
    one.floor.calls.complain(f"{mark} came too late {MOST_TRIES} times")


def edit_a_form(one: Colleague) -> None:
    """Add a mark in the admin: open the page, add, and open it again where somebody else was first."""
    reference, mark = one.chance.choice(SHARED), one.next_mark()
    path = f"/admin/incidents/incident/{one.floor.shared[reference]}/change/"
    for _ in range(MOST_TRIES):
        posted = Inputs(one.open("admin: form", path).text).posted
        changed = {"narrative": f"{posted['narrative'].strip()} {mark}", "reason": mark}
        if one.open("admin: save", path, posted=posted | changed, expected={302, 200}).status == 302:
            one.floor.marks.write(reference, mark=mark)
            return
    one.floor.calls.complain(f"{mark} came too late {MOST_TRIES} times")


def enter(one: Colleague) -> None:
    """Enter an incident by a request that is sent twice at once, and what it hit: drafts follow."""
    title, number = one.next_mark().replace("mark", "entered"), one.chance.randrange(CONTRACTS)
    body = {"title": title, "vendor": vendor_of(number), "reason": title}
    answer = one.ask_twice("API: enter", "incidents", body=body, key=title, expected=CREATED)
    one.floor.marks.enter(title)
    started = datetime(2019, 10, 1, tzinfo=UTC) + timedelta(minutes=one.chance.randrange(5 * 24 * 60))
    outage = {
        "incident": json.loads(answer.body)["reference"],
        "service": f"{reference_of(number)}/power-a",
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(minutes=1)).isoformat(),
        "reason": title,
    }
    one.ask_twice("API: enter", "outages", body=outage, key=f"{title}-outage", expected=CREATED)


LISTS: tuple[Callable[[Random], tuple[str, dict[str, str]]], ...] = (
    lambda chance: ("incidents", {"vendor": vendor_of(chance.randrange(VENDORS))}),
    lambda chance: ("incidents", {"service": f"{reference_of(chance.randrange(CONTRACTS))}/power-a"}),
    lambda chance: ("outages", {"started_at_from": f"{chance.choice(CLOSED)}-01T00:00:00Z", "limit": "200"}),
    lambda chance: ("contracts", {"vendor": vendor_of(chance.randrange(VENDORS))}),
    lambda chance: ("statements", {"period": chance.choice(CLOSED), "ordering": "-due"}),
    lambda chance: ("statements", {"state": "missed", "last_on_from": f"{chance.choice(CLOSED)}-01"}),
    lambda chance: ("statement-lines", {"period": chance.choice(CLOSED), "missed": "true"}),
    lambda chance: ("service-credits", {"vendor": vendor_of(chance.randrange(VENDORS))}),
    lambda chance: ("runs", {}),
    lambda chance: ("warnings", {}),
)
ACTS: dict[Callable[[Colleague], None], int] = {
    read_a_list: 20,
    read_a_record: 12,
    read_a_result: 4,
    open_home: 6,
    open_a_list: 12,
    open_a_statement: 8,
    take_a_pdf: 3,
    export: 2,
    report: 3,
    edit: 14,
    edit_a_form: 6,
    enter: 8,
}
