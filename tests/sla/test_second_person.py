"""The rule of two persons, act by act: alone it is done at once, with two it is asked for and approved."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from incidents.models import Position
from incidents.services import agree_position, record_position
from sla.models import Claim, Exclusion, WebhookTarget
from sla.services import claims
from sla.services.webhooks.keeping import renew_secret, save_target, secret_to_show
from tests.builders import a_level, a_vendor, an_entity, at, person, saved
from tests.sla.claim_builders import a_claim, a_percent_credit, a_revision, some_claim_terms
from tests.sla.second_person_cases import (
    FORCE_MAJEURE,
    LATER,
    NOW,
    SCENES,
    SEEN_BY_ALL,
    WHY,
    Scene,
    a_person,
    an_excludable_month,
    an_exclusion,
)
from vendors.models import SCOPES, Approval, Contact, FactChange
from vendors.services import Saved, make_token, remove_record, save_record, system_user
from vendors.services.approvals import (
    SecondPersonNeeded,
    acts,
    approve,
    asked_and_waiting,
    done_or_asked,
    refuse,
    to_decide,
    withdraw,
)

pytestmark = pytest.mark.django_db
EVERY = pytest.mark.parametrize("code", SCENES)
D = Approval.Decision


def asked(code: str) -> tuple[Scene, Approval, User]:
    """Return a scene in which `asker` asked, and `ana`, who may approve."""
    scene = SCENES[code]()
    asker, ana = a_person("asker", code), a_person("ana", code)
    found = done_or_asked(lambda: scene.do(asker), now=NOW)
    assert isinstance(found, Approval)
    return scene, found, ana


def test_every_act_has_a_case() -> None:
    assert sorted(SCENES) == sorted(acts())


@EVERY
def test_who_is_the_only_one_does_it_at_once(code: str) -> None:
    scene = SCENES[code]()
    asker = a_person("asker", code)
    a_person("bo")
    a_person("cy", code, is_active=False)
    assert scene.told() == scene.before
    scene.do(asker)
    assert scene.told() == scene.after
    assert not Approval.objects.exists()


@EVERY
def test_what_happens_by_itself_needs_nobody(code: str) -> None:
    scene = SCENES[code]()
    a_person("ana", code), a_person("bo", code)
    scene.do(system_user())
    assert scene.told() != scene.before


@EVERY
def test_with_two_people_it_is_held_and_changes_nothing(code: str) -> None:
    scene = SCENES[code]()
    asker, _ = a_person("asker", code), a_person("ana", code, first_name="Ana", last_name="Lima")
    facts = FactChange.objects.count()
    with pytest.raises(SecondPersonNeeded, match="Ana Lima could approve it"), transaction.atomic():
        scene.do(asker)
    assert scene.told() == scene.before
    assert FactChange.objects.count() == facts


@EVERY
def test_a_superuser_counts_as_one_who_could(code: str) -> None:
    scene = SCENES[code]()
    asker = a_person("asker", code)
    User.objects.create_superuser("boss")
    with pytest.raises(SecondPersonNeeded), transaction.atomic():
        scene.do(asker)


@EVERY
def test_asking_says_what_it_would_do_and_does_nothing(code: str) -> None:
    scene, request, ana = asked(code)
    assert scene.told() == scene.before
    assert (request.decision, request.asked_by.username, request.why) == (D.OPEN, "asker", request.why)
    assert request.effect
    assert list(to_decide(ana)) == [request]
    assert list(asked_and_waiting(request.asked_by)) == [request]
    assert not to_decide(request.asked_by).exists()


@EVERY
def test_the_same_waits_only_once(code: str) -> None:
    scene, request, _ = asked(code)
    with pytest.raises(ValidationError, match=f"request {request.pk}"):
        done_or_asked(lambda: scene.do(request.asked_by), now=NOW)
    assert Approval.objects.count() == 1


def test_of_one_claim_one_act_that_lets_money_go_waits_and_the_next_is_told_which() -> None:
    scene, request, _ = asked("drop_claim")
    claim = Claim.objects.get()

    def write_off(by: User) -> Any:
        return claims.write_off(claim, amount_minor=100, by=by, why=WHY, now=NOW)

    told = rf"asked for “Not pursue a claim” on .* \(request {request.pk}\)"
    with pytest.raises(ValidationError, match=told):
        done_or_asked(lambda: write_off(request.asked_by), now=NOW)
    assert Approval.objects.get() == request
    assert scene.told() == scene.before
    withdraw(request, by=request.asked_by, now=NOW)
    assert isinstance(done_or_asked(lambda: write_off(request.asked_by), now=NOW), Approval)


def test_what_stays_as_it_is_is_not_told_as_a_change() -> None:
    _, request, _ = asked("write_off")
    assert request.effect == "Still open: USD 200.00 → USD 150.00"


@EVERY
def test_another_person_approves_and_it_is_done_as_it_was_asked(code: str) -> None:
    scene, request, ana = asked(code)
    found = approve(request, by=ana, now=LATER)
    assert found.note == ""
    assert found.decision == D.APPROVED
    assert scene.told() == scene.after
    stored = Approval.objects.get()
    assert (stored.decision, stored.decided_by, stored.decided_at) == (D.APPROVED, ana, LATER)


@EVERY
def test_who_asked_does_not_approve_it(code: str) -> None:
    scene, request, _ = asked(code)
    with pytest.raises(ValidationError, match="another person approves"):
        approve(request, by=request.asked_by, now=LATER)
    assert (scene.told(), Approval.objects.get().decision) == (scene.before, D.OPEN)


@EVERY
def test_who_may_not_do_it_does_not_approve_or_refuse_it(code: str) -> None:
    scene, request, _ = asked(code)
    strangers = [a_person("bo"), a_person("di", code, is_active=False)]
    if code not in SEEN_BY_ALL:
        strangers.append(a_person("cy", code, sees=False))
    for user in strangers:
        with pytest.raises(ValidationError, match="needs the permission"):
            approve(request, by=user, now=LATER)
        with pytest.raises(ValidationError, match="needs the permission"):
            refuse(request, by=user, now=LATER, note="no")
        assert not to_decide(user).exists()
    assert (scene.told(), Approval.objects.get().decision) == (scene.before, D.OPEN)


@EVERY
def test_a_change_meanwhile_overtakes_it_and_nothing_is_done(code: str) -> None:
    scene, request, ana = asked(code)
    scene.meanwhile()
    stands = scene.told()
    found = approve(request, by=ana, now=LATER)
    assert found.decision == D.OVERTAKEN
    assert found.note.startswith("Nothing was done.")
    assert scene.told() == stands == scene.before


@EVERY
def test_it_is_refused_with_a_note(code: str) -> None:
    scene, request, ana = asked(code)
    with pytest.raises(ValidationError, match="Say why"):
        refuse(request, by=ana, now=LATER, note="  ")
    assert refuse(request, by=ana, now=LATER, note="ask the vendor first").decision == D.REFUSED
    assert scene.told() == scene.before
    # Then it may be asked for again.
    assert isinstance(done_or_asked(lambda: scene.do(request.asked_by), now=LATER), Approval)


@EVERY
def test_who_asked_withdraws_it_and_nobody_else(code: str) -> None:
    scene, request, ana = asked(code)
    with pytest.raises(ValidationError, match="only who asked"):
        withdraw(request, by=ana, now=LATER)
    assert withdraw(request, by=request.asked_by, now=LATER).decision == D.WITHDRAWN
    assert scene.told() == scene.before
    with pytest.raises(ValidationError, match="is decided: withdrawn"):
        approve(request, by=ana, now=LATER)
    assert scene.told() == scene.before


@EVERY
def test_what_would_be_refused_is_refused_at_once(code: str) -> None:
    scene = SCENES[code]()
    asker, _ = a_person("asker", code), a_person("ana", code)
    scene.do(system_user())
    # It is done already: asked again it is refused, or there is nothing to do.
    try:
        found = done_or_asked(lambda: scene.do(asker), now=NOW)
    except ValidationError:
        pass
    else:
        assert code in {"sign_off", "drop_claim", "write_off", "exclusion"} or not isinstance(found, Approval)


def test_an_approval_serves_for_nothing_else() -> None:
    scene, request, ana = asked("contact")
    row = Contact.objects.get()
    row.email = "thief@example.com"
    approved = approve(request, by=ana, now=LATER)
    for second in (request, approved):
        with pytest.raises(ValidationError, match="does not approve this"), transaction.atomic():
            save_record(row, by=request.asked_by, reason=WHY, second=second)
    assert Contact.objects.get().email == scene.after


def test_who_is_no_longer_active_has_asked_in_vain() -> None:
    scene, request, ana = asked("contact")
    User.objects.filter(username="asker").update(is_active=False)
    with pytest.raises(ValidationError, match="asker asked for it and is no longer active"):
        approve(request, by=ana, now=LATER)
    assert scene.told() == scene.before
    assert refuse(request, by=ana, now=LATER, note="left the company").decision == D.REFUSED


def test_histories_say_who_approved() -> None:
    _, request, ana = asked("contact")
    approve(request, by=ana, now=LATER)
    told = Contact.history.first()
    assert (told.history_user.username, told.history_change_reason) == (
        "asker",
        f"{WHY} (approved by ana, request {request.pk})",
    )


DECIDED: list[tuple[str, Callable[[Approval], Any]]] = [
    ("another effect", lambda row: Approval.objects.filter(pk=row.pk).update(effect="less")),
    ("another asker", lambda row: Approval.objects.filter(pk=row.pk).update(asked_by=person("eve"))),
    ("decided again", lambda row: Approval.objects.filter(pk=row.pk).update(decision=D.APPROVED)),
    ("deleted", lambda row: Approval.objects.all()._raw_delete("default")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "act"), DECIDED, ids=[what for what, _ in DECIDED])
def test_the_database_keeps_a_request_as_it_was_asked_and_decided(
    what: str, act: Callable[[Approval], Any]
) -> None:
    _, request, ana = asked("contact")
    refuse(request, by=ana, now=LATER, note="no")
    with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
        act(request)
    assert Approval.objects.get().decision == D.REFUSED


# Exclusions: only what moves money in a period that is over.


def two_who_exclude() -> User:
    a_person("ana", "exclusion")
    return a_person("asker", "exclusion")


@pytest.mark.parametrize(("limit", "is_held"), [(0, True), (19_999, True), (20_000, False), (50_000, False)])
def test_an_exclusion_is_held_above_the_limit_of_the_company(limit: int, is_held: bool) -> None:
    agreement, rule = an_excludable_month()
    entity = agreement.contract.entity
    entity.exclusion_limit_minor = limit
    save_record(entity, by=system_user(), reason=WHY)
    asker = two_who_exclude()
    found = done_or_asked(lambda: an_exclusion(rule, by=asker), now=NOW)
    assert isinstance(found, Approval) is is_held
    assert Exclusion.objects.exists() is not is_held


def test_a_request_for_an_exclusion_says_what_it_moves() -> None:
    _, rule = an_excludable_month()
    asker = two_who_exclude()
    found = done_or_asked(lambda: an_exclusion(rule, by=asker), now=NOW)
    assert "NR-2018/power/2019-06: credit due USD 200.00 → USD 0.00" in found.effect.splitlines()


def test_an_exclusion_that_moves_no_money_is_decided_alone() -> None:
    _, rule = an_excludable_month()
    asker = two_who_exclude()
    an_exclusion(rule, by=asker, party="vendors")
    assert Exclusion.objects.get().party == "vendors"
    # To agree to it moves the money.
    row = Exclusion.objects.get()
    row.party = "agreed"
    with pytest.raises(SecondPersonNeeded), transaction.atomic():
        save_record(row, by=asker, reason=WHY)
    row = Exclusion.objects.get()
    row.why = "the words alone"
    save_record(row, by=asker, reason=WHY)
    assert Exclusion.objects.get().party == "vendors"


def test_many_small_exclusions_of_a_finalised_period_weigh_as_a_large_one() -> None:
    # 73 minutes of June: USD 200; up to 64.8 of them USD 100; up to 43.2 nothing.
    credit = a_percent_credit(("99.9", "5"), ("99.85", "10"))
    terms = some_claim_terms(targets=(a_level(credit=credit),), exclusions=(FORCE_MAJEURE,))
    agreement, rule = an_excludable_month(terms=terms)
    a_revision(agreement)
    entity = agreement.contract.entity
    entity.exclusion_limit_minor = 10_000
    save_record(entity, by=system_user(), reason=WHY)
    asker = two_who_exclude()
    first = {"started_at": at("2019-06-25 04:15"), "ended_at": at("2019-06-25 04:27")}
    second = {"started_at": at("2019-06-25 04:27"), "ended_at": at("2019-06-25 04:47")}
    an_exclusion(rule, by=asker, **first)
    found = done_or_asked(lambda: an_exclusion(rule, by=asker, **second), now=NOW)
    assert isinstance(found, Approval)
    assert "NR-2018/power/2019-06: credit due USD 100.00 → USD 0.00" in found.effect.splitlines()


def test_another_currency_than_the_books_has_no_limit() -> None:
    agreement, rule = an_excludable_month()
    entity = agreement.contract.entity
    entity.base_currency, entity.exclusion_limit_minor = "EUR", 9_000_000
    save_record(entity, by=system_user(), reason=WHY)
    asker = two_who_exclude()
    assert isinstance(done_or_asked(lambda: an_exclusion(rule, by=asker), now=NOW), Approval)


def test_to_agree_that_a_past_outage_is_excluded_is_held_too() -> None:
    agreement, _ = an_excludable_month()
    outage = agreement.contract.services.get(code="power-a").outages.get()
    said = {"outage": outage, "about": "exclusion", "exclusion": "force-majeure", "party": "vendors"}
    asker = two_who_exclude()
    row = Position(incident=outage.incident, stated_by="Their NOC", stated_at=NOW, **said)
    record_position(row, by=asker, reason=WHY)
    position = Position.objects.get()

    def agree() -> Any:
        return agree_position(position, stated_by="Maria", at=NOW, by=asker, reason=WHY)

    found = done_or_asked(agree, now=NOW)
    assert isinstance(found, Approval)
    assert "NR-2018/power/2019-06: credit due USD 200.00 → USD 0.00" in found.effect.splitlines()
    approve(found, by=User.objects.get(username="ana"), now=LATER)
    assert list(Position.objects.values_list("party", flat=True)) == ["vendors", "agreed"]


# Where letters and mails go.


def test_the_first_address_of_a_kind_is_entered_alone_and_a_second_one_is_held() -> None:
    vendor = a_vendor()
    asker, _ = a_person("asker", "contact"), a_person("ana", "contact")
    desk = {"vendor": vendor, "role": "claims_desk"}
    save_record(Contact(**desk, name="No address"), by=asker, reason=WHY)
    save_record(Contact(**desk, name="Desk", email="a@example.com"), by=asker, reason=WHY)
    for row in (
        Contact(**desk, name="Another", email="b@example.com"),
        Contact(vendor=vendor, role="account", name="Ann", email="ann@example.com"),
    ):
        held = row.role == "claims_desk"
        found = done_or_asked(lambda row=row: save_record(row, by=asker, reason=WHY), now=NOW)
        assert isinstance(found, Approval) is held
    assert Contact.objects.count() == 3


def test_an_address_is_taken_away_with_a_second_person() -> None:
    row = saved(Contact(vendor=a_vendor(), role="claims_desk", name="Desk", email="a@example.com"))
    asker, ana = a_person("asker", "contact"), a_person("ana", "contact")
    found = done_or_asked(lambda: remove_record(row, by=asker, reason=WHY), now=NOW)
    assert Contact.objects.count() == 1
    approve(found, by=ana, now=LATER)
    assert not Contact.objects.exists()


def test_other_words_of_a_contact_change_alone() -> None:
    row = saved(Contact(vendor=a_vendor(), role="claims_desk", name="Desk", email="a@example.com"))
    asker, _ = a_person("asker", "contact"), a_person("ana", "contact")
    row.phone = "+1 555 0100"
    save_record(row, by=asker, reason=WHY)
    assert Contact.objects.get().phone == "+1 555 0100"


def test_a_request_to_raise_a_limit_says_it_in_money() -> None:
    entity = saved(an_entity())
    asker, _ = a_person("asker", "exclusion_limit"), a_person("ana", "exclusion_limit")
    entity.exclusion_limit_minor = 10_000
    found = done_or_asked(lambda: save_record(entity, by=asker, reason=WHY), now=NOW)
    assert isinstance(found, Approval)
    assert "One person may exclude up to: USD 0.00 → USD 100.00" in found.effect.splitlines()


def test_a_limit_is_lowered_alone() -> None:
    entity = saved(an_entity())
    entity.exclusion_limit_minor = 50_000
    save_record(entity, by=system_user(), reason=WHY)
    asker, _ = a_person("asker", "exclusion_limit"), a_person("ana", "exclusion_limit")
    entity.exclusion_limit_minor = 100
    save_record(entity, by=asker, reason=WHY)
    assert type(entity).objects.get().exclusion_limit_minor == 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time")
@pytest.mark.parametrize("code", ["write_off", "finalise", "contact"])
def test_two_who_approve_at_once_do_it_once(code: str) -> None:
    scene, request, ana = asked(code)
    bo = a_person("bo", code)
    start = Barrier(2)

    def run(by: User) -> str:
        start.wait(timeout=10)
        try:
            approve(request, by=by, now=LATER)
        except ValidationError as error:
            return (
                "refused"
                if re.search(r"is decided: approved and done by (ana|bo) on", str(error))
                else str(error)
            )
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, (ana, bo))) == ["done", "refused"]
    assert scene.told() == scene.after


# Who counts as another person


def a_system(code: str, *, made_by: User) -> User:
    """Return a user of a program that may do an act, whose token somebody made."""
    bot = a_person("bot", code)
    bot.is_staff = False
    bot.save()
    make_token(bot, name="x", scopes=SCOPES, days=1, by=made_by, at=NOW)
    return bot


def test_who_made_the_token_that_asked_does_not_decide_it() -> None:
    scene = SCENES["contact"]()
    adam = User.objects.create_superuser("adam")
    ana, bot = a_person("ana", "contact"), a_system("contact", made_by=adam)
    request = done_or_asked(lambda: scene.do(bot), now=NOW)
    assert isinstance(request, Approval)
    for decide in (approve, partial(refuse, note="no")):
        with pytest.raises(ValidationError, match="You made a token of bot, who asked for it"):
            decide(request, by=adam, now=LATER)
    assert (list(to_decide(adam)), list(to_decide(ana))) == ([], [request])
    assert approve(request, by=ana, now=LATER).decision == D.APPROVED


def test_a_program_is_nobody_to_ask() -> None:
    scene = SCENES["contact"]()
    asker = a_person("asker", "contact")
    a_system("contact", made_by=User.objects.create_superuser("adam", is_active=False))
    scene.do(asker)
    assert scene.told() == scene.after


# A claim


def test_a_claim_of_which_nothing_is_open_is_closed_by_one_person_unless_for_good() -> None:
    claim = a_claim()
    asker, _ = a_person("asker", "close_claim"), a_person("ana", "close_claim")
    claims.submit_claim(claim, by=asker, why="sent", sent_at=NOW, received_at=NOW, now=NOW)
    claims.write_off(claim, amount_minor=20_000, by=system_user(), why=WHY, now=NOW)
    for final, expected in ((True, Approval), (False, Claim)):
        found = done_or_asked(
            lambda final=final: claims.close_claim(claim, by=asker, why=WHY, now=NOW, final=final), now=NOW
        )
        assert type(found) is expected
    assert Claim.objects.get().state == "closed"


# A webhook


def a_new_webhook(owner: User) -> WebhookTarget:
    return WebhookTarget(code="new", url="https://hooks.example/in", owner=owner)


def test_a_request_for_a_webhook_holds_no_secret_and_approving_makes_one() -> None:
    asker, ana = a_person("asker", "webhook"), a_person("ana", "webhook")
    request = done_or_asked(lambda: save_target(a_new_webhook(asker), by=asker, reason=WHY), now=NOW)
    assert isinstance(request, Approval)
    assert sorted(request.asked["fields"]) == ["code", "owner", "url"]
    assert request.effect.split("\n") == [
        "Webhook new: added",
        "Code: new",
        "Address: https://hooks.example/in",
        "Hears of: level.missed, statement.finalised, statement.corrected, claim.due, claim.moved",
        "Who is told when it fails: asker",
        "Secret: not shown yet; “Make a new secret” on its page shows one",
    ]
    assert approve(request, by=ana, now=LATER).decision == D.APPROVED
    assert len(WebhookTarget.objects.get().seed) == 43


def test_sending_stops_at_once_and_starts_again_with_a_second_person() -> None:
    asker = a_person("asker", "webhook")
    target = a_new_webhook(asker)
    save_target(target, by=asker, reason=WHY)
    a_person("ana", "webhook")
    for active, expected in ((False, Saved.UPDATED), (True, "asked")):
        target.is_active = active
        found = done_or_asked(lambda: save_target(target, by=asker, reason=WHY), now=NOW)
        assert ("asked" if isinstance(found, Approval) else found) == expected
    assert not WebhookTarget.objects.get().is_active


def test_a_new_secret_for_a_webhook_takes_one_person() -> None:
    asker = a_person("asker", "webhook")
    target = a_new_webhook(asker)
    save_target(target, by=asker, reason=WHY)
    a_person("ana", "webhook")
    assert renew_secret(target, by=asker, now=NOW) != secret_to_show(target)
