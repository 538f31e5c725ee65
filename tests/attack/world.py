"""The demo portfolio with every free text replaced by an attack, finalised, claimed, released and mailed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count, cycle
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from incidents.models import FeedUpload
from sla.documents import read_document
from sla.models import Claim, StatementRevision
from sla.services import demo, demo_claims
from sla.services.demo import PORTFOLIO, DemoContract, load_demo
from sla.services.letters import make_letter
from sla.services.mailings.releasing import release_revision
from tests.builders import REASON, person
from tests.config.test_access import _fill as fill_vendor
from tests.sla.webhook_rows import a_webhook
from vendors.models import Tag, Tracked, Vendor
from vendors.services import save_record, system_user

FREE = frozenset(
    {
        *("name", "legal_name", "clause", "notes", "title", "site", "vendor_identifier", "purchase_order"),
        *("source", "narrative", "root_cause", "what_we_lost", "opens", "channel", "evidence", "by"),
        *("phone", "accounting_number", "cost_centre", "document", "note", "why", "must_contain", "text"),
        *("number", "account"),
    }
)
# The contracts whose credits the demo tells of; the others would only cost time.
PARTS = ("colocation-2019.toml", "carrier-2026.toml")
FOLDER = Path(__file__).parents[2] / "sla" / "demo"


SHORT = frozenset({"accounting_number", "phone", "purchase_order", "cost_centre", "number", "account"})
MOST, MOST_SHORT = 100, 50
# A word of the format, not a text.
WORDS = frozenset({"maintenance", "decision", "condition"})


class Hostile:
    """Replaces texts, the same one by the same attack, each attack in turn."""

    def __init__(self, attacks: list[str]) -> None:
        self.attacks, self.turn, self.given = attacks, count(), dict[str, str]()

    def __call__(self, text: str, *, most: int) -> str:
        while text not in self.given:
            number = next(self.turn)
            attack = self.attacks[number % len(self.attacks)]
            # Documents take no hidden signs. The number keeps apart what has to differ.
            if attack.isprintable() and len(attack) < most:
                self.given[text] = f"{attack} {number}"
        return self.given[text]

    def inside(self, value: Any, *, key: str = "") -> Any:
        """Return plain data with its free texts replaced."""
        if isinstance(value, dict):
            return {name: self.inside(inner, key=name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.inside(inner, key=key) for inner in value]
        is_free = isinstance(value, str) and key in FREE and value not in WORDS
        return self(value, most=MOST_SHORT if key in SHORT else MOST) if is_free else value


def hostile_reader(attacks: list[str]) -> Callable[[Any], Any]:
    """Return what reads a document of the demo with its texts replaced."""
    hostile, read = Hostile(attacks), dict[str, Any]()

    def reader(part: Any) -> Any:
        if part.file not in read:
            plain = hostile.inside(tomllib.loads((FOLDER / part.file).read_text(encoding="utf-8")))
            read[part.file] = read_document(dumps(plain, default=str).encode(), name=f"{part.file}.json")
        return read[part.file]

    return reader


def load_hostile(monkeypatch: pytest.MonkeyPatch, *, attacks: list[str]) -> None:
    """Load the demo portfolio with attacks for its texts, and take it all the way to what is owed."""
    monkeypatch.setattr(DemoContract, "read", hostile_reader(attacks))
    for module in (demo, demo_claims):
        monkeypatch.setattr(module, "PORTFOLIO", tuple(part for part in PORTFOLIO if part.file in PARTS))
    told = tuple(each for each in demo_claims.CLOSED if not each.contract.startswith("MSA-2016"))
    monkeypatch.setattr(demo_claims, "CLOSED", told)
    for name in ("WHY", "OTHERWISE"):
        monkeypatch.setattr(demo_claims, name, attacks[0])
    monkeypatch.setattr(demo_claims, "GOING_ON", {})
    load_demo(by=system_user())
    _hide(attacks)
    a_webhook()
    demo_claims.tell_claims(by=system_user())
    for vendor in Vendor.objects.all():
        fill_vendor(vendor)
    _by_hand(cycle(attacks))


def _by_hand(texts: Iterator[str]) -> None:
    """Make what the demo has none of: labels, letters, releases, names of files and of people."""
    now = datetime.now(UTC)
    boss = User.objects.get(username="boss")
    boss.first_name, boss.last_name = next(texts), next(texts)
    boss.save()
    for vendor in Vendor.objects.all():
        tag = Tag(slug=f"t-{vendor.pk}", name=next(texts)[:100])
        save_record(tag, by=boss, reason=REASON)
        save_record(vendor, by=boss, reason=REASON, links={"tags": [tag], "deputies": [boss]})
    for upload in FeedUpload.objects.all():
        upload.file_name = next(texts)
        upload.save()
    for claim in Claim.objects.all():
        with suppress(ValidationError):
            make_letter(claim, by=boss, now=now)
    for revision in StatementRevision.objects.all():
        with suppress(ValidationError):
            release_revision(revision, by=boss, now=now, note=next(texts))


def _hide(attacks: list[str]) -> None:
    """Put what no document takes into the records that people type in, wherever a field takes it."""
    hidden = cycle(text for text in attacks if not text.isprintable())
    for model in tracked_models():
        if model._meta.app_label != "sla":
            for row in model._base_manager.order_by("pk")[:12:2]:
                _spoil(row, texts=hidden)


def tracked_models() -> list[type[Tracked]]:
    return [model for model in apps.get_models() if issubclass(model, Tracked)]


def text_fields(model: type[models.Model]) -> list[Any]:
    """Return the fields of a kind of record that take a text of one's own."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and field.editable and not field.choices
    ]


def _spoil(row: Tracked, *, texts: Iterator[str]) -> None:
    old = {field.name: getattr(row, field.name) for field in text_fields(type(row)) if field.name in FREE}
    for name in old:
        setattr(row, name, next(texts))
    try:
        row.full_clean()
    except ValidationError as error:
        for name in error.error_dict if hasattr(error, "error_dict") else old:
            if name in old:
                setattr(row, name, old[name])
    save_record(row, by=person(), reason=next(texts) + "x")
