"""What is frozen stays frozen, on either engine."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.vendors.rows import REASON, a_contract, a_vendor, person
from vendors import guards
from vendors.models import FactChange, Vendor
from vendors.services import save_record

HISTORY_TABLES = {
    f"vendors_historical{name}"
    for name in (
        "account",
        "businesscalendar",
        "calendarday",
        "charge",
        "contact",
        "contract",
        "contract_entities",
        "costshare",
        "legalentity",
        "legalentity_readers",
        "service",
        "servicealias",
        "serviceneed",
        "vendor",
        "tag",
        "vendor_deputies",
        "vendor_tags",
        "weeklyhours",
    )
}


@pytest.mark.django_db
def test_after_migrate_every_guard_stands() -> None:
    tables = {guard.table for guard in guards.guards() if guard.label.startswith("vendors.")}
    assert tables == HISTORY_TABLES | {"vendors_approval", "vendors_factchange"}
    needed = set().union(*(guards.trigger_names(guard) for guard in guards.guards()))
    assert guards.installed() == needed


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("vendors_historicalvendor is frozen: history is only ever added to. UPDATE is refused.",
     lambda: Vendor.history.update(name="Somebody else")),
    ("vendors_historicalvendor is frozen: history is only ever added to. DELETE is refused.",
     lambda: Vendor.history.all()._raw_delete("default")),
    ("vendors_factchange is frozen: a noted change is only ever marked as seen. UPDATE is refused.",
     lambda: FactChange.objects.update(subject="nothing to see")),
    ("vendors_factchange is frozen: a noted change is only ever marked as seen. DELETE is refused.",
     lambda: FactChange.objects.all()._raw_delete("default")),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("message", "act"), REFUSED, ids=[message[:60] for message, _ in REFUSED])
def test_changing_a_frozen_row_is_refused_by_the_database(message: str, act: Callable[[], object]) -> None:
    a_contract()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        act()
    assert message in str(refused.value)
    assert Vendor.history.get().name == "Northrack"
    assert FactChange.objects.get().subject == "Contract NR-2018 Colocation added"


@pytest.mark.django_db
def test_a_noted_change_may_be_marked_as_seen() -> None:
    a_contract()
    change = FactChange.objects.get()
    change.seen_at = timezone.now()
    change.save()
    assert FactChange.objects.get().seen_at == change.seen_at


@pytest.mark.django_db
def test_lifted_guards_stand_again_even_after_a_failure() -> None:
    before = guards.installed()
    with guards.lifted():
        assert guards.installed() == set()
    assert guards.installed() == before
    with pytest.raises(ZeroDivisionError), guards.lifted():
        raise ZeroDivisionError
    assert guards.installed() == before


@pytest.mark.django_db(transaction=True)
def test_flush_empties_frozen_tables_and_leaves_the_guards_standing() -> None:
    before = guards.installed()
    a_vendor()
    call_command("flush", interactive=False, verbosity=0)
    assert not Vendor.history.exists()
    assert guards.installed() == before
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    assert guards.installed() == before


@pytest.mark.django_db
def test_a_missing_guard_is_laid_again_by_migrate() -> None:
    before = guards.installed()
    guards.drop_guards()
    call_command("migrate", "vendors", verbosity=0)
    assert guards.installed() == before


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_emptying_a_frozen_table_at_once_is_refused() -> None:
    save_record(Vendor(slug="northrack", name="Northrack"), by=person(), reason=REASON)
    connection.check_constraints()
    with pytest.raises(IntegrityError, match=r"TRUNCATE is refused"), transaction.atomic():
        connection.cursor().execute("TRUNCATE vendors_historicalvendor CASCADE")
    assert Vendor.history.count() == 1
