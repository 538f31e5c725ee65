"""The command `demo`: it loads, tells, writes, says how to go on, removes, and never writes on real rows."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from pytest_django import Settings

from sla.services.demo import load_demo
from tests.sla.mailing_rows import addresses, mails, rounds
from vendors.models import BusinessCalendar, LegalEntity, Tracked, Vendor
from vendors.services import remove_demo, system_user

TAKEN: dict[str, Tracked] = {
    "vendor 'demo-github'": Vendor(slug="demo-github", name="Ours"),
    "our company 'example-payments'": LegalEntity(code="example-payments", name="Ours", base_currency="EUR"),
    "calendar 'us-east-office'": BusinessCalendar(code="us-east-office", name="Ours", zone="UTC"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", TAKEN)
def test_the_demo_never_writes_on_real_rows(name: str) -> None:
    row = TAKEN[name]
    type(row)._base_manager.bulk_create([row])
    with pytest.raises(ValidationError, match=f"The {name} is on file and is no demo data. Rename it first"):
        load_demo(by=system_user())
    assert not Vendor.objects.filter(is_demo=True).exists()
    assert not LegalEntity.objects.filter(is_demo=True).exists()


@pytest.mark.django_db
def test_the_command_leaves_with_status_2_where_a_name_is_taken() -> None:
    Vendor.objects.bulk_create([Vendor(slug="demo-github", name="Ours")])
    with pytest.raises(CommandError, match="Rename it first") as refused:
        call_command("demo", stdout=StringIO())
    assert refused.value.returncode == 2


def said_by(*options: str) -> str:
    out = StringIO()
    call_command("demo", *options, stdout=out)
    return out.getvalue()


@pytest.mark.long
@pytest.mark.django_db
def test_the_command_loads_tells_writes_and_removes(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.DEBUG = tmp_path, True
    first = said_by()
    order = ["Loaded the demo portfolio:", "network/2016-06", "power/2019-06", "make run", "Log in as demo"]
    places = [first.index(part) for part in order]
    assert places == sorted(places)
    assert len(list((tmp_path / "demo").iterdir())) == 32
    assert said_by().startswith("The demo portfolio is loaded already; nothing changed.\n")
    assert said_by("--remove").startswith("Removed ")
    assert not Vendor.objects.exists()
    assert said_by("--remove") == "There is no demo data to remove.\n"


@pytest.mark.long
@pytest.mark.django_db
def test_without_debug_no_login_is_made(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.DEBUG = tmp_path, False
    assert said_by().endswith("Open the admin with: make run\n")


@pytest.mark.django_db
def test_the_rounds_that_the_readme_names_mail_the_demos_owner_and_go_with_the_demo() -> None:
    load_demo(by=system_user())
    assert {vendor.owner.email for vendor in Vendor.objects.select_related("owner")} == {"demo@example.com"}
    rounds("2026-07-08 08:00", "2026-08-07 08:00")
    assert set(addresses()) == {"demo@example.com"}
    subjects = [subject for _, subject in mails() if subject.startswith("Monthly summary")]
    assert subjects == ["Monthly summary for vendor managers: All 5 service levels met in 2026-07"]
    remove_demo(by=system_user(), reason="Seen enough")
    assert not Vendor.objects.exists()


@pytest.mark.django_db
def test_a_person_who_is_called_demo_keeps_an_address_of_their_own() -> None:
    User.objects.create_user("demo", email="dee@own.example")
    load_demo(by=system_user())
    assert User.objects.get(username="demo").email == "dee@own.example"
