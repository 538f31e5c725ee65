"""What became of the demo's credits: finalised, claimed, answered and paid, each on its own day."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from sla.models import Claim, CreditReceived, RegisterEntry, Statement, StatementRevision
from sla.services.demo import PORTFOLIO, load_demo
from sla.services.demo_claims import CLOSED, tell_claims
from sla.services.statements.verifying import verify_revision
from tests.sla.test_demo import rows
from vendors.services import remove_demo, system_user


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """Load the portfolio and tell its claims once for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo(by=system_user())
        yield tell_claims(by=system_user())
        transaction.set_rollback(True)


CLAIMS = [
    # claim, state, asked, still owed, of it in the books
    ("CF-2026-002-C001", "accepted", 24750, 24750, 24750),
    ("MSA-2016-003-C001", "credited", 9500, 0, 0),
    ("MSA-2016-003-C002", "contested", 19000, 19000, 9500),
    ("MSA-2019-014-C001", "submitted", 120000, 120000, 0),
]


def test_each_claim_stands_where_its_story_ends(told: int, db: None) -> None:
    assert told == len(CLOSED) == StatementRevision.objects.count()
    found = []
    for claim in Claim.objects.order_by("reference"):
        entries = RegisterEntry.objects.filter(claim=claim)
        asked = sum(entry.amount_minor for entry in entries if entry.kind == RegisterEntry.Kind.NEW)
        owed = sum(entry.amount_minor for entry in entries)
        recognised = sum(entry.recognised_minor for entry in entries)
        found.append((claim.reference, claim.state, asked, owed, recognised))
    assert found == CLAIMS


def test_every_statement_that_is_told_of_is_drawn_up(told: int, db: None) -> None:
    assert Statement.objects.count() == sum(len(part.periods) for part in PORTFOLIO) == 16
    assert not Statement.objects.exclude(error="").exists()


def test_everything_happened_on_its_own_day(told: int, db: None) -> None:
    (note,) = CreditReceived.objects.all()
    assert (note.document, note.received_on) == ("CN-2016-0618", date(2016, 6, 10))
    posted = RegisterEntry.objects.filter(claim__reference="MSA-2016-003-C001").order_by("pk")
    assert [(entry.kind, entry.posting_month) for entry in posted] == [
        ("new", date(2016, 4, 1)),
        ("recognised", date(2016, 5, 1)),
        ("received", date(2016, 6, 1)),
    ]


def test_every_finalised_statement_verifies(told: int, db: None) -> None:
    assert [
        found for each in StatementRevision.objects.all() if (found := verify_revision(each).problems)
    ] == []


def test_telling_again_changes_nothing(told: int, db: None) -> None:
    before = rows()
    assert tell_claims(by=system_user()) == 0
    assert rows() == before


def test_the_claims_go_with_the_demo(told: int, db: None) -> None:
    remove_demo(by=system_user(), reason="Seen enough")
    assert {label for label, count in rows().items() if count} <= {"vendors.FactChange"}
