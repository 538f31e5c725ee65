"""One case for each act that needs a second person: how it is done, what it leaves, what overtakes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission, User

from sla.engine.terms import ExclusionRule as ExclusionValue
from sla.models import (
    Claim,
    CreditMatch,
    ExchangeRate,
    Exclusion,
    ExclusionRule,
    RegisterEntry,
    ReportSchedule,
    ServiceLevelAgreement,
    Statement,
    StatementRevision,
    WebhookTarget,
)
from sla.services import claims, receipts
from sla.services.alerts.policy import house_policy
from sla.services.statements import draft_statement, finalise_statement, head_of, open_questions
from sla.services.statements.heads import refresh_statement
from sla.services.terms import edit_draft, sign_off_terms
from tests.builders import (
    a_level,
    a_schedule,
    a_vendor,
    a_version,
    an_entity,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from tests.sla.claim_builders import NOW, a_claim, a_missed_month, some_claim_terms
from vendors.models import Contact
from vendors.services import save_record, system_user
from vendors.services.approvals import act_of

Do = Callable[[User], Any]
WHY = "as agreed by phone"
FORCE_MAJEURE = ExclusionValue(code="force-majeure", name="Force majeure")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Records that one act is about: it does it, tells what the database holds, and is overtaken."""

    do: Do
    told: Callable[[], Any]
    before: Any
    after: Any
    meanwhile: Callable[[], Any]


def a_person(name: str, *codes: str, sees: bool = True, **fields: Any) -> User:
    """Return an active member of staff with the permissions of these acts, seeing all vendors or none."""
    user = User.objects.create_user(name, is_staff=True, **fields)
    allow(user, *codes, sees=sees)
    return user


def allow(user: User, *codes: str, sees: bool = True) -> None:
    names = [act_of(code).permission.split(".") for code in codes]
    found = [Permission.objects.get(content_type__app_label=app, codename=name) for app, name in names]
    seeing = [Permission.objects.get(codename="see_all_vendors")] if sees else []
    user.user_permissions.add(*found, *seeing)


def signing_off() -> Scene:
    agreement = a_schedule()

    def told() -> Any:
        version = a_version(agreement)
        return version.signed_off_by, version.history.first().history_change_reason

    before = told()
    return Scene(
        do=lambda by: sign_off_terms(a_version(agreement), by=by, at=NOW, reason=WHY),
        told=lambda: a_version(agreement).signed_off_by,
        before=before[0],
        after="asker",
        meanwhile=lambda: edit_draft(
            a_version(agreement),
            terms=some_terms(targets=(a_level(name="Uptime of the power"),)),
            by=system_user(),
            reason=WHY,
        ),
    )


def finalising() -> Scene:
    head = head_of(a_missed_month(), period_label="2019-06")
    refresh_statement(head, now=NOW)
    result = draft_statement(head.agreement, period_label="2019-06", known_until=NOW)
    reasons = {each.code: "checked by hand" for each in open_questions(head, result=result, now=NOW)}
    return Scene(
        do=lambda by: finalise_statement(
            Statement.objects.get(pk=head.pk), by=by, why=WHY, reasons=reasons, now=NOW
        ),
        told=lambda: list(StatementRevision.objects.values_list("number", "finaliser", "due_minor")),
        before=[],
        after=[(1, "asker", 20_000)],
        meanwhile=lambda: an_outage(
            an_incident("INC-2", vendor=head.agreement.contract.vendor),
            head.agreement.contract.services.get(code="power-a"),
            started_at=at("2019-06-26 04:15"),
            ended_at=at("2019-06-26 04:16"),
            confirmed_at=at("2019-06-26 05:00"),
        ),
    )


def _of_claim(*, do: Callable[[Claim, User], Any], kind: str) -> Scene:
    claim = a_claim()
    return Scene(
        do=lambda by: do(claim, by),
        told=lambda: list(
            RegisterEntry.objects.filter(kind=kind).values_list("amount_minor", "recorded_by__username")
        ),
        before=[],
        after=[(-5_000, "asker")],
        meanwhile=lambda: claims.submit_claim(
            claim, by=system_user(), why="sent", sent_at=NOW, received_at=NOW, now=NOW
        ),
    )


def dropping() -> Scene:
    return _of_claim(
        do=lambda claim, by: claims.drop_claim(claim, amount_minor=5_000, by=by, why=WHY, now=NOW),
        kind="not_pursued",
    )


def writing_off() -> Scene:
    return _of_claim(
        do=lambda claim, by: claims.write_off(claim, amount_minor=5_000, by=by, why=WHY, now=NOW),
        kind="written_off",
    )


def closing() -> Scene:
    claim = a_claim()
    return Scene(
        do=lambda by: claims.close_claim(claim, by=by, why=WHY, now=NOW),
        told=lambda: list(
            RegisterEntry.objects.exclude(kind="new").values_list(
                "kind", "amount_minor", "recorded_by__username"
            )
        ),
        before=[],
        after=[("not_pursued", -20_000, "asker")],
        meanwhile=lambda: claims.submit_claim(
            claim, by=system_user(), why="sent", sent_at=NOW, received_at=NOW, now=NOW
        ),
    )


def matching() -> Scene:
    claim = a_claim()
    sent = claims.submit_claim(claim, by=person(), why="sent", sent_at=NOW, received_at=NOW, now=NOW)
    claims.answer_claim(sent, state="accepted", happened_at=NOW, by=person(), why="by mail", now=NOW)
    contract = claim.contract
    received, other = (
        receipts.record_receipt(
            contract.vendor,
            entity=contract.entity,
            kind="credit_note",
            document=document,
            received_on=date(2019, 7, 15),
            currency="USD",
            net_minor=15_000,
            by=person(),
            now=NOW,
        )
        for document in ("CN-1", "CN-2")
    )
    return Scene(
        do=lambda by: receipts.match_credit(received, claim=claim, by=by, now=NOW, why=WHY),
        told=lambda: list(
            CreditMatch.objects.filter(received=received).values_list("claim_minor", "recorded_by__username")
        ),
        before=[],
        after=[(15_000, "asker")],
        meanwhile=lambda: receipts.match_credit(other, claim=claim, by=system_user(), now=NOW),
    )


def a_rate() -> Scene:
    def record(by: User, *, rate: str, source: str) -> Any:
        return receipts.record_rate(
            on=date(2019, 7, 1), base="EUR", quote="USD", rate=Decimal(rate), source=source, by=by, now=NOW
        )

    return Scene(
        do=lambda by: record(by, rate="1.1343", source="ECB"),
        told=lambda: list(
            ExchangeRate.objects.filter(source="ECB").values_list("rate", "recorded_by__username")
        ),
        before=[],
        after=[(Decimal("1.1343"), "asker")],
        meanwhile=lambda: record(system_user(), rate="1.2", source="our bank"),
    )


def an_excludable_month(**fields: Any) -> tuple[ServiceLevelAgreement, ExclusionRule]:
    """Return a missed June 2019, 73 minutes and USD 200, with a clause that may take an incident out."""
    terms = some_claim_terms(exclusions=(FORCE_MAJEURE,))
    agreement = a_missed_month(**{"terms": terms, **fields})
    return agreement, ExclusionRule.objects.get(version__agreement=agreement)


def an_exclusion(rule: ExclusionRule, *, by: User, **fields: Any) -> Any:
    """Decide that the clause takes the incident out."""
    incident = rule.version.agreement.contract.vendor.incidents.get(reference="INC-1")
    row = Exclusion(rule=rule, incident=incident, decided_by="Maria", decided_at=NOW, why=WHY, **fields)
    return save_record(row, by=by, reason=WHY)


def excluding() -> Scene:
    agreement, rule = an_excludable_month()
    return Scene(
        do=lambda by: an_exclusion(rule, by=by),
        told=lambda: list(Exclusion.objects.values_list("incident__reference", "party")),
        before=[],
        after=[("INC-1", "agreed")],
        meanwhile=lambda: an_outage(
            an_incident("INC-2", vendor=agreement.contract.vendor),
            agreement.contract.services.get(code="power-a"),
            started_at=at("2019-06-26 04:15"),
            ended_at=at("2019-06-26 14:15"),
            confirmed_at=at("2019-06-26 15:00"),
        ),
    )


def _of_row(row: Any, *, name: str, before: Any, after: Any, other: dict[str, Any]) -> Scene:
    def change(by: User, **values: Any) -> Any:
        fresh = type(row).objects.get(pk=row.pk)
        for field, value in values.items():
            setattr(fresh, field, value)
        return save_record(fresh, by=by, reason=WHY)

    return Scene(
        do=lambda by: change(by, **{name: after}),
        told=lambda: getattr(type(row).objects.get(pk=row.pk), name),
        before=before,
        after=after,
        meanwhile=lambda: change(system_user(), **other),
    )


def a_contact() -> Scene:
    row = saved(Contact(vendor=a_vendor(), role="claims_desk", name="Credit desk", email="a@example.com"))
    return _of_row(
        row, name="email", before="a@example.com", after="b@example.com", other={"phone": "+1 555 0100"}
    )


def a_limit() -> Scene:
    return _of_row(
        an_entity(), name="exclusion_limit_minor", before=0, after=50_000, other={"name": "Acme Inc."}
    )


def a_report_schedule() -> Scene:
    row = saved(
        ReportSchedule(
            code="finance",
            name="Finance",
            audience="finance",
            addresses="cfo@example.com",
            starts_on=date(2019, 6, 1),
        )
    )
    return _of_row(
        row,
        name="addresses",
        before="cfo@example.com",
        after="somebody@example.org",
        other={"hour": 9},
    )


def the_rules_for_warnings() -> Scene:
    return _of_row(house_policy(), name="to_chat", before=True, after=False, other={"hour": 9})


def a_webhook() -> Scene:
    url = "https://hooks.example/in"
    row = saved(WebhookTarget(code="ticketing", url=url, owner=system_user(), seed="0" * 43))
    return _of_row(
        row,
        name="url",
        before=url,
        after="https://elsewhere.example/in",
        other={"events": ["claim.due"]},
    )


SCENES: dict[str, Callable[[], Scene]] = {
    "sign_off": signing_off,
    "finalise": finalising,
    "drop_claim": dropping,
    "write_off": writing_off,
    "close_claim": closing,
    "match": matching,
    "rate": a_rate,
    "exclusion": excluding,
    "contact": a_contact,
    "exclusion_limit": a_limit,
    "mails": a_report_schedule,
    "warnings": the_rules_for_warnings,
    "webhook": a_webhook,
}
# What is about no vendor is seen by everybody.
SEEN_BY_ALL = {"rate", "exclusion_limit", "mails", "warnings", "webhook"}
LATER = NOW + timedelta(days=1)
