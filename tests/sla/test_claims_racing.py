"""Two people act on one claim at once: one of them wins, and nothing is given up or numbered twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from sla.models import Claim, RegisterEntry
from sla.services import claims
from tests.builders import a_contract_with_power, an_incident, person
from tests.sla.claim_builders import NOW, a_claim

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"
    ),
]


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Run acts at the same moment, each on a connection of its own; return how each came out."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        start.wait(timeout=10)
        try:
            act()
        except ValidationError:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def test_only_one_of_two_people_gives_up_the_same_money() -> None:
    claim, by = a_claim(), person()

    def drop() -> None:
        claims.drop_claim(claim, by=by, why="not worth it", now=NOW)

    assert at_once(drop, drop) == ["done", "refused"]
    given_up = RegisterEntry.objects.filter(kind="not_pursued").values_list("amount_minor", flat=True)
    assert list(given_up) == [-20_000]


def test_two_parts_are_never_split_off_twice() -> None:
    claim, by = a_claim(), person()
    credit = claim.parts.get().credit

    def split() -> None:
        claims.split_claim(claim, parts={credit: 15_000}, by=by, why="another cost centre", now=NOW)

    assert at_once(split, split) == ["done", "refused"]
    assert sorted(claims.balance(each).open_ for each in Claim.objects.all()) == [5_000, 15_000]


def test_two_claims_opened_at_once_have_two_numbers() -> None:
    contract, by = a_contract_with_power(), person()
    incidents = [an_incident("INC-1"), an_incident("INC-2")]

    def opening(incident: Any) -> Callable[[], Any]:
        return lambda: claims.open_claim(
            incident=incident, contract=contract, by=by, why="to keep the date", now=NOW
        )

    assert at_once(*(opening(incident) for incident in incidents)) == ["done", "done"]
    assert sorted(Claim.objects.values_list("reference", flat=True)) == ["NR-2018-C001", "NR-2018-C002"]
