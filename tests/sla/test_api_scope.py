"""Which rows of statements, claims and books a program reaches: those of its person, on every path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.api.addresses import ROUTES
from sla.models import (
    AgreementVersion,
    Alert,
    AlertPolicy,
    BroughtForward,
    Condition,
    Duty,
    ExclusionRule,
    HeldCorrection,
    OutboxMessage,
    Outlook,
    PatternCount,
    RegisterEntry,
    Release,
    SharedCap,
    StatementLink,
    StatementLinkView,
    StatementRevision,
    VendorAnswer,
    VendorAnswerLine,
    WebhookState,
    WebhookTarget,
)
from sla.services import claims
from sla.services.letters import make_letter
from sla.services.mailings.releasing import release_revision
from sla.services.receipts import match_credit, record_receipt
from tests.api import Program, administrator, errors
from tests.builders import a_contract_with_power, a_vendor, at, person, saved, some_terms
from tests.sla.claim_builders import NOW, a_claim, a_missed_month, some_claim_terms
from tests.sla.link_rows import a_link
from vendors.models import Contract, Vendor
from vendors.services import save_record

pytestmark = pytest.mark.django_db

# Every list that hangs on a vendor, with the path of one of its rows.
HIDDEN = {
    "schedules": "schedules/NR-2018/power",
    "terms": "terms/NR-2018/power/{effective_from}",
    "service-levels": "service-levels/{id}",
    "conditions": "conditions/{id}",
    "brought-forward": "brought-forward/{id}",
    "statements": "statements/NR-2018/power/2019-06",
    "draft-lines": "draft-lines/{id}",
    "revisions": "revisions/NR-2018/power/2019-06/1",
    "statement-lines": "statement-lines/{id}",
    "service-credits": "service-credits/{id}",
    "outlooks": "outlooks/{id}",
    "repeated-failures": "repeated-failures/{id}",
    "held-corrections": "held-corrections/{id}",
    "releases": "releases/{id}",
    "statement-links": "statement-links/{id}",
    "link-uses": "link-uses/{id}",
    "sent-answers": "sent-answers/{id}",
    "claims": "claims/NR-2018-C001",
    "claim-parts": "claim-parts/{id}",
    "claim-moves": "claim-moves/{id}",
    "claim-letters": "claim-letters/{id}",
    "line-answers": "line-answers/{id}",
    "dated-steps": "dated-steps/{id}",
    "credits-received": "credits-received/{id}",
    "matches": "matches/{id}",
    "register": "register/{id}",
    "shared-caps": "shared-caps/NR-2018/yearly",
    "messages": "messages/{id}",
    "runs": "runs/{id}",
    "warnings": "warnings/{id}",
    "webhooks": "webhooks/{code}",
}
# Reference data, what no test row stands for here, and what is no list of rows.
OTHERS = {
    *("exchange-rates", "report-schedules", "posting-policies", "closed-months", "exclusions"),
    *("sent-reports", "documents", "evaluate", "reports", "warning-rules"),
}


def a_whole_story(contract: Contract | None = None, *, number: int = 1) -> Any:
    """Return a finalised, released, claimed and credited month, with all that hangs on it."""
    contract = contract or a_contract_with_power()
    agreement = a_missed_month(contract=contract, terms=some_claim_terms(), incident=f"INC-{number}")
    claim = a_claim(agreement)
    revision = StatementRevision.objects.get(statement__agreement=agreement)
    make_letter(claim, by=person(), now=NOW)
    claims.record_answer(revision, line_number=1, answer="agrees", by=person(), now=NOW)
    _looked_at(release_revision(revision, by=person(), now=NOW))
    claims.submit_claim(claim, received_at=at("2019-07-06 10:00"), by=person(), why="sent", now=NOW)
    received = record_receipt(
        contract.vendor,
        entity=contract.entity,
        kind="credit_note",
        document=f"CN-{number}",
        received_on=NOW.date(),
        currency="USD",
        net_minor=5_000,
        by=person(),
        now=NOW,
    )
    match_credit(received, claim=claim, by=person(), now=NOW)
    saved(SharedCap(contract=contract, code="yearly", amount_minor=1, effective_from="2019-01-01"))
    saved(Condition(agreement=agreement, code="asked"))
    _running(agreement, number=number)
    hook = WebhookTarget(code=f"hook-{number}", url="https://hooks.example/in", owner=person(), seed="seed")
    hook.vendor, hook.is_active = contract.vendor, False
    saved(hook)
    return agreement


def _looked_at(release: Release) -> None:
    """Let the vendor look at a statement and answer it, and its next period leave some room."""
    statement = release.revision.statement
    link = a_link(release, now=NOW).link
    StatementLinkView.objects.create(link=link, at=NOW, what="page", address="192.0.2.7", agent="Firefox")
    answer = VendorAnswer.objects.create(
        link=link, token=f"t{link.pk}", name="Ann", role="Account manager", address="a@b.example", said_at=NOW
    )
    VendorAnswerLine.objects.create(answer=answer, line_number=1, says="contests", amount_minor=5_000)
    Outlook.objects.create(
        statement=statement, key="k", target="uptime", name="Uptime", window="2019-06", currency="USD"
    )
    PatternCount.objects.create(
        statement=statement, code="p", name="Repeats", counted=1, needed=3, unit="count"
    )
    HeldCorrection.objects.create(
        statement=statement,
        into=statement,
        delta_minor=500,
        currency="USD",
        cause="small",
        noted_by=person(),
        noted_at=NOW,
    )
    saved(
        BroughtForward(
            agreement=statement.agreement,
            target="uptime",
            period="2018-12",
            first_on="2018-12-01",
            last_on="2018-12-31",
            verdict="met",
        )
    )


def _running(agreement: Any, *, number: int) -> None:
    contract, now = agreement.contract, timezone.now()
    Duty.objects.create(
        kind="close", subject=f"{number}", agreement=agreement, due_at=now, next_at=now, state="failed"
    )
    Alert.objects.create(
        kind="level",
        subject=f"{number}",
        vendor=contract.vendor,
        contract=contract,
        rank=1,
        headline="at risk",
        raised_at=now,
        ranked_at=now,
    )
    _message(contract.vendor, key=f"{number}")


def _message(vendor: Vendor, *, key: str, **fields: Any) -> None:
    now = timezone.now()
    OutboxMessage.objects.create(
        key=key,
        vendor=vendor,
        subject="summary",
        text="secret words",
        message_id=f"<{key}@x>",
        created_at=now,
        next_at=now,
        state="in_doubt",
        **fields,
    )


def everything_but_vendors(name: str) -> User:
    """Return a person who may do everything to what hangs on vendors of their own, and sees no other."""
    user = person(name)
    user.user_permissions.set(Permission.objects.exclude(codename="see_all_vendors"))
    return User.objects.get(pk=user.pk)


def test_every_list_is_judged() -> None:
    assert {name for name, _ in ROUTES} == HIDDEN.keys() | OTHERS


def test_a_hidden_row_is_missing_on_every_path() -> None:
    a_whole_story()
    root, stranger = administrator(), Program(everything_but_vendors("vera"))
    a_vendor("mine", owner=stranger.user)

    for name, detail in HIDDEN.items():
        rows = root.rows(name)
        assert rows, name
        path = detail.format(**rows[0])
        assert root.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
        assert stranger.rows(name) == [], name
        filters = root.get(f"{name}?vendor=northrack")
        if filters.status_code == 200:
            assert stranger.rows(f"{name}?vendor=northrack") == [], name
        cache.clear()  # exports are few an hour
        assert stranger.client.get(f"/api/v1/{name}/export?format=ndjson").getvalue() == b"", name


NESTED = {
    "statements/NR-2018/power/2019-06": ("result", "account", "worked-out", "questions", "file?form=json"),
    "revisions/NR-2018/power/2019-06/1": ("result", "account", "worked-out", "file?form=json"),
    "documents/NR-2018?form=json": ("",),
}
ACTS = (
    *("statements/NR-2018/power/2019-06/finalise", "statements/NR-2018/power/2019-06/refresh"),
    *("statements/NR-2018/power/2019-06/hold", "revisions/NR-2018/power/2019-06/1/release"),
    *("revisions/NR-2018/power/2019-06/1/answer", "claims/NR-2018-C001/submit"),
    *("claims/NR-2018-C001/write-off", "terms/NR-2018/power/{on}/sign-off"),
)


def test_nothing_is_read_of_or_done_to_a_hidden_row() -> None:
    a_whole_story()
    stranger = Program(everything_but_vendors("vera"))
    before = RegisterEntry.objects.count()

    for path, parts in NESTED.items():
        for part in parts:
            assert stranger.get(f"{path}/{part}".rstrip("/")).status_code == 404, (path, part)
    on = AgreementVersion.objects.get().effective_from
    for path in ACTS:
        assert stranger.keyed(path.format(on=on), {}).status_code == 404, path
    for name, act in (("runs", "retry"), ("warnings", "acknowledge"), ("messages", "cancel")):
        row = {"runs": Duty, "warnings": Alert, "messages": OutboxMessage}[name].objects.get()
        assert stranger.keyed(f"{name}/{row.pk}/{act}", {"reason": "x"}).status_code == 404, name
    opened = stranger.keyed("claims", {"statement": "NR-2018/power/2019-06", "reason": "x"})
    assert opened.status_code == 400
    assert RegisterEntry.objects.count() == before


def test_the_owner_of_a_vendor_sees_its_rows_and_no_others() -> None:
    vera = everything_but_vendors("vera")
    a_whole_story()
    other = a_vendor("other", owner=vera)
    a_whole_story(a_contract_with_power("OT-1", vendor=other), number=2)
    program = Program(vera)

    for name in HIDDEN:
        found = program.rows(name)
        assert found, name
        assert "NR-2018" not in str(found), name


def test_a_reader_of_a_company_sees_its_claims_and_books() -> None:
    agreement = a_whole_story()
    vera = everything_but_vendors("vera")
    save_record(agreement.contract.entity, by=person(), reason="reads it", links={"readers": [vera]})
    program = Program(vera)

    for name in ("statements", "claims", "register", "credits-received", "matches"):
        assert len(program.rows(name)) == len(administrator_rows(name)), name


def administrator_rows(name: str) -> list[dict[str, Any]]:
    return Program(person("boss", is_superuser=True)).rows(name)


def test_a_longer_list_asks_the_database_no_more_often() -> None:
    a_whole_story()
    program = administrator()
    once = {name: _asked(program, name) for name in HIDDEN}
    for number in (2, 3):
        a_whole_story(a_contract_with_power(f"NR-{number}", vendor=a_vendor(f"v-{number}")), number=number)

    assert {name: _asked(program, name) for name in HIDDEN} == once


def _asked(program: Program, name: str) -> int:
    program.get(name)  # what is asked once a minute, or once in a process, is asked
    with CaptureQueriesContext(connection) as asked:
        assert program.get(name).status_code == 200, name
    return len(asked)


def test_what_a_message_says_is_shown_to_its_own_reader_only() -> None:
    agreement = a_whole_story()
    program = administrator()
    assert [row["text"] for row in program.rows("messages")] == [None]
    assert b"secret words" not in program.client.get("/api/v1/messages/export?format=csv").getvalue()

    _message(agreement.contract.vendor, key="own", reader=program.user)
    assert {row["text"] for row in program.rows("messages")} == {None, "secret words"}


@pytest.mark.parametrize(
    ("name", "act", "body", "after"),
    [
        ("runs", "retry", {}, ("state", "due")),
        ("warnings", "acknowledge", {"note": "on it"}, ("is_acknowledged", True)),
        ("messages", "again", {"reason": "they have nothing"}, ("state", "waiting")),
        ("messages", "arrived", {"reason": "they have it"}, ("state", "sent")),
        ("messages", "cancel", {"reason": "too late"}, ("state", "cancelled")),
    ],
)
def test_a_person_helps_what_runs_by_itself(
    name: str, act: str, body: dict[str, Any], after: tuple[str, Any]
) -> None:
    _running(a_missed_month(), number=1)
    program = administrator()
    (row,) = program.rows(name)
    view = {"runs": "duty", "warnings": "alert", "messages": "outboxmessage"}[name]
    reader = person("vera")
    wanted = ["see_all_vendors", f"view_{view}"]
    reader.user_permissions.set(Permission.objects.filter(codename__in=wanted))

    assert Program(User.objects.get(pk=reader.pk)).keyed(f"{name}/{row['id']}/{act}", body).status_code == 403
    assert program.rows(name) == [row]
    done = program.keyed(f"{name}/{row['id']}/{act}", body)
    assert (done.status_code, done.json()[after[0]]) == (200, after[1])


def test_exclusions_and_conditions_are_decided_and_taken_back() -> None:
    from sla.engine.terms import ExclusionRule as Rule  # the value

    agreement = a_missed_month(terms=some_terms(exclusions=(Rule(code="works", source="maintenance"),)))
    program = administrator()
    rule = ExclusionRule.objects.get()
    key = f"NR-2018/power/{rule.version.effective_from}/works"
    made = program.keyed(
        "exclusions", {"rule": key, "incident": "INC-1", "party": "agreed", "reason": "as we agreed"}
    )

    assert made.status_code == 201, made.content
    assert made.json()["rule"] == key
    path = f"exclusions/{made.json()['id']}"
    changed = program.edit(path, {"party": "vendors", "reason": "they said so"})
    assert (changed.status_code, changed.json()["party"]) == (200, "vendors")
    removed = program.ask("delete", f"{path}?reason=mistake", if_match=changed.headers["ETag"])
    assert (removed.status_code, program.rows("exclusions")) == (204, [])
    held = program.keyed(
        "conditions", {"schedule": str(agreement), "code": "asked", "met": True, "reason": "looked up"}
    )
    assert (held.status_code, Condition.objects.get().met) == (201, True)


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf"])
def test_a_report_is_streamed_with_the_rows_that_its_reader_sees(form: str) -> None:
    a_whole_story()
    asked = "from=2019-06&until=2019-08&form="
    answer = administrator().get(f"reports/roll_forward?{asked}{form}")

    assert (answer.status_code, answer.streaming) == (200, True)
    body = answer.getvalue()
    assert body
    if form == "json":
        assert b"northrack" in body.lower()
        stranger = Program(everything_but_vendors("vera"))
        assert b"northrack" not in stranger.get(f"reports/roll_forward?{asked}json").getvalue().lower()


def test_a_report_is_refused_to_who_may_not_have_it_and_says_what_is_missing() -> None:
    vera = person("vera")
    vera.user_permissions.set(Permission.objects.filter(codename="view_statement"))
    program = Program(User.objects.get(pk=vera.pk))

    codes = [row["code"] for row in program.get("reports").json()]
    assert "breach" in codes
    assert "access_review" not in codes
    assert program.get("reports/access_review").status_code == 403
    assert program.get("reports/nothing").status_code == 404
    refused = program.get("reports/breach?from=2019-06&form=json")
    assert (refused.status_code, "until" in refused.content.decode()) == (400, True)
    assert program.get("reports/breach?colour=red").status_code == 400
    assert Program(person("otto")).get("reports").status_code == 403


@pytest.mark.parametrize("edition", ["internal", "vendor"])
@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf"])
def test_the_report_of_one_vendor_is_sent_in_each_edition_and_form(edition: str, form: str) -> None:
    a_whole_story()
    answer = administrator().get(
        f"reports/vendor?vendor=northrack&from=2019-06&until=2019-07&edition={edition}&form={form}"
    )

    assert (answer.status_code, answer.headers["Content-Disposition"]) == (
        200,
        f'attachment; filename="northrack-2019-06-{edition}.{form}"',
    )
    body = answer.getvalue()
    assert body.startswith({"json": b"{", "csv": b"\xef\xbb\xbf", "xlsx": b"PK", "pdf": b"%PDF-"}[form])
    if form == "json":
        told = json.loads(body)
        assert told["title"] == "Vendor compliance report: Northrack"
        (level,) = next(table for table in told["tables"] if table["code"] == "levels")["rows"]
        assert "NR-2018" in json.dumps(level)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("from=2019-06&until=2019-07", "vendor"),
        ("vendor=hidden&from=2019-06&until=2019-07", "vendor"),
        ("vendor=northrack&until=2019-07", "from"),
        ("vendor=northrack&from=2019-07&until=2019-06", "until"),
        ("vendor=northrack&from=2019-06&until=2019-07&edition=press", "edition"),
        ("vendor=northrack&from=2019-06&until=2019-07&form=docx", "form"),
        ("vendor=northrack&from=2019-06&until=2019-07&entity=acme-us", "entity"),
    ],
)
def test_a_report_of_one_vendor_that_cannot_be_made_is_refused_at_its_field(asked: str, field: str) -> None:
    northrack = a_whole_story().contract.vendor
    save_record(northrack, by=person(), reason="hers", links={"deputies": [person("vera")]})
    a_vendor("hidden")
    person("vera").user_permissions.set(Permission.objects.filter(codename="view_statement"))
    program = Program(User.objects.get(username="vera"))

    assert "vendor" in [row["code"] for row in program.get("reports").json()]
    answer = program.get(f"reports/vendor?{asked}")
    assert (answer.status_code, list(errors(answer))) == (400, [field])
    assert "Hidden" not in answer.content.decode()


def test_a_link_is_shown_with_its_uses_and_what_came_through_it() -> None:
    a_whole_story()
    program, number = administrator(), "NR-2018/power/2019-06/1"
    (release,) = program.rows(f"releases?revision={number}")
    (link,) = program.rows("statement-links?revoked=false")
    (use,) = program.rows(f"link-uses?link={link['id']}&what=page")
    (said,) = program.rows(f"sent-answers?link={link['id']}")

    assert (release["vendor"], release["released_at"], release["released_by"]) == (
        "northrack",
        "2019-07-20T09:00:00Z",
        "maria",
    )
    assert (link["revision"], link["uses"], link["last_used_at"], link["revoked_at"]) == (
        number,
        1,
        "2019-07-20T09:00:00Z",
        None,
    )
    assert (use["link"], use["what"], use["address"], use["agent"]) == (
        link["id"],
        "page",
        "192.0.2.7",
        "Firefox",
    )
    (line,) = said["lines"]
    assert (said["name"], said["revision"], line["says"], line["amount"], line["decision"]) == (
        "Ann",
        number,
        "contests",
        {"amount": "50.00", "currency": "USD"},
        None,
    )
    digest = StatementLink.objects.get().digest
    assert digest not in json.dumps([release, link, use, said])
    assert program.rows("link-uses?what=pdf") == program.rows("statement-links?revoked=true") == []


def test_what_a_running_period_leaves_and_what_waits_for_later_is_listed() -> None:
    a_whole_story()
    program, number = administrator(), "NR-2018/power/2019-06"
    (outlook,) = program.rows(f"outlooks?statement={number}")
    (repeated,) = program.rows("repeated-failures?reached=false")
    (held,) = program.rows(f"held-corrections?into={number}")
    (brought,) = program.rows("brought-forward?schedule=NR-2018/power&first_on_before=2019-01-01")

    assert (outlook["target"], outlook["due"], outlook["next"], outlook["room_us"]) == (
        "uptime",
        {"amount": "0.00", "currency": "USD"},
        None,
        None,
    )
    assert (repeated["counted"], repeated["needed"], repeated["unit"]) == (1, 3, "count")
    assert (held["difference"], held["cause"]) == ({"amount": "5.00", "currency": "USD"}, "small")
    assert (brought["period"], brought["verdict"], brought["value"]) == ("2018-12", "met", None)


def test_a_webhook_is_shown_with_how_it_goes_and_what_it_was_sent_and_never_with_its_secret() -> None:
    a_whole_story()
    hook, now = WebhookTarget.objects.get(), timezone.now()
    WebhookState.objects.create(target=hook, failing_since=NOW, error="HTTP 500")
    _message(hook.vendor, key="sent", target=hook)
    message = OutboxMessage.objects.get(key="sent")
    message.acts.create(old_state="in_doubt", new_state="waiting", at=now, by=person(), why="they were away")
    program = administrator()

    shown = program.get("webhooks/hook-1").json()
    assert (shown["vendor"], shown["owner"], shown["is_active"], shown["state"]) == (
        "northrack",
        "maria",
        False,
        {"failing_since": "2019-07-20T09:00:00Z", "taken_at": None, "error": "HTTP 500"},
    )
    (sent,) = program.rows("messages?webhook=hook-1")
    assert (sent["webhook"], [each["why"] for each in sent["acts"]]) == ("hook-1", ["they were away"])
    told = json.dumps([shown, program.rows("webhooks/hook-1/history")])
    assert ("seed" in told, "hooks.example" in told) == (False, True)
    saved(AlertPolicy(hour=6))
    (policy,) = program.rows("warning-rules")
    assert (policy["name"], policy["hour"], policy["readers"]) == ("house", 6, [])
