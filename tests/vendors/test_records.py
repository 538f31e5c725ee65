"""Saving and removing rows: who, why, and which contracts hear of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from tests.vendors.rows import (
    REASON,
    a_calendar,
    a_charge,
    a_contract,
    a_service,
    a_vendor,
    an_entity,
    person,
)
from vendors.models import (
    CalendarDay,
    Contact,
    Contract,
    FactChange,
    ServiceAlias,
    Span,
    UnexplainedChangeError,
    Vendor,
)
from vendors.services import Saved, note_change, remove_record, save_record, system_user

pytestmark = pytest.mark.django_db


def test_a_new_row_is_created_with_its_history() -> None:
    vendor = Vendor(slug="northrack", name="Northrack")
    assert save_record(vendor, by=person(), reason="  first entry ") == Saved.CREATED
    assert [
        (row.history_type, row.history_user.username, row.history_change_reason)
        for row in vendor.history.all()
    ] == [("+", "maria", "first entry")]


def test_a_changed_row_is_updated_and_keeps_its_past() -> None:
    vendor = a_vendor()
    vendor.name = "Northrack Inc."
    assert save_record(vendor, by=person("john"), reason="renamed") == Saved.UPDATED
    assert [
        (row.name, row.history_user.username, row.history_change_reason) for row in vendor.history.all()
    ] == [
        ("Northrack Inc.", "john", "renamed"),
        ("Northrack", "maria", REASON),
    ]


def test_an_equal_row_writes_nothing() -> None:
    contract = a_contract()
    before = (contract.history.count(), FactChange.objects.count())
    assert save_record(contract, by=person(), reason="again") == Saved.UNCHANGED
    assert (contract.history.count(), FactChange.objects.count()) == before


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_blank_reason_is_refused_and_nothing_is_saved(reason: str) -> None:
    with pytest.raises(ValidationError, match=r"Say why: every change keeps a reason. Fill in the reason."):
        save_record(Vendor(slug="northrack", name="Northrack"), by=person(), reason=reason)
    assert not Vendor.objects.exists()


@pytest.mark.parametrize("reference", ["NR-1\n", "NR\n1", "NR-1\r", "NR-1\u2028"])
def test_a_key_is_one_line(reference: str) -> None:
    contract = a_contract()
    contract.reference = reference
    with pytest.raises(ValidationError) as refusal:
        save_record(contract, by=person(), reason=REASON)
    assert "It is a key, and holds a line break. Remove that." in refusal.value.message_dict["reference"]


def test_a_row_saved_past_the_services_is_refused() -> None:
    vendor = a_vendor()
    vendor.name = "Other"
    with pytest.raises(UnexplainedChangeError, match="was changed without a person and a reason"):
        vendor.save()


def test_the_reason_of_one_change_does_not_leak_into_the_next() -> None:
    vendor = a_vendor()
    with pytest.raises(UnexplainedChangeError):
        vendor.delete()


def test_links_are_set_with_the_same_reason() -> None:
    vendor, john = a_vendor(), person("john")
    assert (
        save_record(vendor, by=person(), reason="holiday cover", links={"deputies": [john]}) == Saved.UPDATED
    )
    assert list(vendor.deputies.all()) == [john]
    assert vendor.history.first().history_change_reason == "holiday cover"
    assert save_record(vendor, by=person(), reason="again", links={"deputies": [john]}) == Saved.UNCHANGED


def test_a_new_document_with_the_old_name_is_a_change() -> None:
    contract = a_contract(document=ContentFile(b"%PDF-1.7 v1", name="signed.pdf"))
    stored = Contract.objects.get()
    stored.document = ContentFile(b"%PDF-1.7 v2", name=contract.document.name)
    assert save_record(stored, by=person(), reason="better scan") == Saved.UPDATED
    assert Contract.objects.get().document.read() == b"%PDF-1.7 v2"


def test_a_changed_fee_concerns_its_contract_from_its_first_local_day() -> None:
    contract = a_contract()
    a_charge(contract, effective_from=date(2019, 6, 1))
    change = FactChange.objects.latest("pk")
    assert (change.contract, change.subject) == (contract, "Fee cage USD 2,000.00 from 2019-06-01 added")
    assert (change.during_from, change.during_until) == (datetime(2019, 6, 1, 7, tzinfo=UTC), None)
    assert change.seen_at is None
    assert abs(change.noted_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_moved_fee_concerns_the_union_of_its_old_and_new_span() -> None:
    charge = a_charge(a_contract(), effective_from=date(2019, 6, 1))
    charge.effective_from = date(2019, 3, 1)
    save_record(charge, by=person(), reason="typed wrongly")
    assert FactChange.objects.latest("pk").during_from == datetime(2019, 3, 1, 8, tzinfo=UTC)


def test_a_service_moved_to_another_contract_concerns_both() -> None:
    first = a_contract()
    second = a_contract("NR-2019", vendor=first.vendor)
    service = a_service(first)
    newest = FactChange.objects.latest("pk").pk
    service.contract = second
    save_record(service, by=person(), reason="ordered under the new one")
    noted = FactChange.objects.filter(pk__gt=newest)
    assert {change.contract for change in noted} == {first, second}


def test_a_note_in_the_margin_concerns_nobody() -> None:
    contract = a_contract()
    before = FactChange.objects.count()
    contract.notes = "ask Jane"
    assert save_record(contract, by=person(), reason="note") == Saved.UPDATED
    assert FactChange.objects.count() == before


def test_a_calendar_may_concern_any_contract_on_that_local_day() -> None:
    save_record(
        CalendarDay(calendar=a_calendar(), on=date(2019, 7, 4)), by=person(), reason="Independence Day"
    )
    change = FactChange.objects.latest("pk")
    assert change.contract is None
    assert Span(change.during_from, change.during_until) == (
        datetime(2019, 7, 4, 4, tzinfo=UTC),
        datetime(2019, 7, 5, 4, tzinfo=UTC),
    )


def test_a_stated_span_widens_what_is_noted() -> None:
    charge = a_charge(a_contract(), effective_from=date(2019, 6, 1))
    charge.amount_minor = 1
    save_record(charge, by=person(), reason="price", during=Span(datetime(2019, 1, 1, tzinfo=UTC), None))
    assert FactChange.objects.latest("pk").during_from == datetime(2019, 1, 1, tzinfo=UTC)


def test_a_change_of_no_contract_notes_nothing_and_of_a_repeated_one_notes_it_once() -> None:
    contract = a_contract()
    before = FactChange.objects.count()
    note_change([], subject="nothing")
    note_change([contract, contract], subject="twice named")
    assert list(FactChange.objects.values_list("subject", flat=True))[before:] == ["twice named"]


def test_a_backward_span_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"The span ends before it starts."):
        note_change(
            [a_contract()],
            subject="backward",
            during=Span(datetime(2019, 2, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)),
        )


def test_a_removed_row_leaves_its_history_and_a_note() -> None:
    service = a_service(a_contract())
    alias = ServiceAlias(service=service, name="SEA-7")
    save_record(alias, by=person(), reason=REASON)
    remove_record(alias, by=person("john"), reason="wrong circuit")
    last = ServiceAlias.history.first()
    assert (last.history_type, last.history_user.username, last.history_change_reason) == (
        "-",
        "john",
        "wrong circuit",
    )


def test_a_row_that_others_depend_on_is_not_removed() -> None:
    contract = a_contract()
    a_charge(contract)
    with pytest.raises(
        ValidationError, match=r"cannot be removed: .*fees depend on it. Archive or end it instead."
    ):
        remove_record(contract, by=person(), reason="tidy")
    assert Contract.objects.get() == contract
    assert contract.history.filter(history_type="-").count() == 0


def test_commands_act_as_a_user_nobody_can_log_in_as() -> None:
    user = system_user()
    assert (user.username, user.is_active, user.has_usable_password()) == ("recourse", False, False)
    assert system_user() == user


def test_rows_are_found_by_the_key_that_files_use() -> None:
    contract = a_contract()
    rows = [an_entity(), contract.vendor, contract, a_service(contract), a_charge(contract)]
    contact = Contact(vendor=contract.vendor, role="claims_desk", name="Claims")
    save_record(contact, by=person(), reason=REASON)
    for row in [*rows, contact]:
        assert type(row).objects.get_by_natural_key(*row.natural_key()) == row
    assert contract.natural_key() == ("NR-2018",)
