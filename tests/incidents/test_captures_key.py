"""The proof tool that sets our reading beside a third party's."""

import json
from datetime import UTC, datetime
from pathlib import Path

from incidents.feeds.maintnote import read_maintnote
from incidents.feeds.values import Feed, FeedContext
from tests.captures_key import compare, key_of, records_of

CAPTURES = Path(__file__).parent / "captures"
RECORD = {
    "account": "12345000",
    "maintenance_id": "VNOC-1-99999999999",
    "circuits": [
        {"circuit_id": "999999", "impact": "NO-IMPACT"},
        *({"circuit_id": name, "impact": "OUTAGE"} for name in ("000001", "098776", "112131", "112131")),
    ],
    "start": 1533704400,
    "end": 1533712380,
    "stamp": 1533595768,
    "status": "COMPLETED",
}
ALL = ("number", "start", "end", "stamp", "status", "account", "circuits")


def ours() -> Feed:
    context = FeedContext(received_at=datetime(2026, 1, 1, tzinfo=UTC))
    return read_maintnote((CAPTURES / "ntt-completed.ics").read_bytes(), context)


def test_an_equal_reading_is_equal_in_every_field() -> None:
    (compared,) = compare(ours(), [RECORD], file="ntt1")
    assert (compared.number, compared.equal, compared.different) == ("VNOC-1-99999999999", ALL, {})


def test_a_different_reading_shows_both_sides() -> None:
    (compared,) = compare(ours(), [RECORD | {"account": "other", "end": 1533712381}], file="ntt1")
    assert set(compared.different) == {"end", "account"}
    assert compared.different["account"] == ("other", "12345000")


def test_a_window_that_we_lack_differs_in_all() -> None:
    (compared,) = compare(Feed(), [RECORD], file="ntt1")
    assert (compared.equal, set(compared.different)) == ((), set(ALL))


def test_the_fullest_key_beside_a_notice_is_used(tmp_path: Path) -> None:
    notice = tmp_path / "zayo4.eml"
    assert key_of(notice) is None
    (tmp_path / "zayo4_result.json").write_text(json.dumps([{"start": 1, "end": 2}, RECORD]))
    assert records_of(key_of(notice) or notice) == [RECORD]
    combined = tmp_path / "zayo4_result_combined.json"
    combined.write_text("[]")
    assert key_of(notice) == combined
