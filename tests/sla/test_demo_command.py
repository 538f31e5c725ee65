"""The command `demo`: it loads, tells, writes, says how to go on, removes, and never writes on real rows."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from pytest_django import Settings

from sla.services.demo import load_demo
from vendors.models import BusinessCalendar, LegalEntity, Tracked, Vendor
from vendors.services import system_user

TAKEN: dict[str, Tracked] = {
    "vendor 'demo-github'": Vendor(slug="demo-github", name="Ours"),
    "legal entity 'example-payments'": LegalEntity(code="example-payments", name="Ours", base_currency="EUR"),
    "business calendar 'us-east-office'": BusinessCalendar(code="us-east-office", name="Ours", zone="UTC"),
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


@pytest.mark.django_db
def test_without_debug_no_login_is_made(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.DEBUG = tmp_path, False
    assert said_by().endswith("Open the admin with: make run\n")
