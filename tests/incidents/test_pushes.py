"""What all pushed messages share: ids, epochs, times without a zone, addresses, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from incidents.feeds.pushes import (
    LARGEST_PUSH,
    epoch,
    fingerprint,
    identifier,
    labels,
    read_push,
    utc_without_zone,
    web_address,
)
from incidents.feeds.values import FeedError


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": [{"c": "é", "d": None}]}) == fingerprint(
        {"b": [{"d": None, "c": "é"}], "a": 1}
    )
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert fingerprint({}) == "44136fa355b3678a1146ad16f7e8649e"


def test_a_fingerprint_of_what_nests_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(FeedError, match="nests brackets without end"):
        fingerprint(deep)


@pytest.mark.parametrize(
    ("given", "read"), [("546", "546"), (546, "546"), (" a ", "a"), ("a" * 80, "a" * 80)]
)
def test_an_id_may_be_text_or_a_number(given: Any, read: str) -> None:
    assert identifier(given) == read


@pytest.mark.parametrize("given", [None, True, 1.5, "", " ", "a" * 81, "a\x00", "\ud800", [], 10**90])
def test_anything_else_is_no_id(given: Any) -> None:
    with pytest.raises(ValueError, match=r"an id|null byte"):
        identifier(given)


@pytest.mark.parametrize("given", [1457939434, "1457939434"])
def test_seconds_since_1970_are_utc(given: Any) -> None:
    assert epoch(given) == datetime(2016, 3, 14, 7, 10, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (1457939434000, "a time is given in whole seconds"),
        (145793943400, "perhaps these are milliseconds"),
        (0, "the year lies outside 1990 to 2200"),
        (-1, "a time is given in whole seconds"),
        (True, "a time is given in whole seconds"),
        (1457939434.5, "a time is given in whole seconds"),
        ("١٤٥٧٩٣٩٤٣٤", "a time is given in whole seconds"),
        (10**400, "a time is given in whole seconds"),
    ],
)
def test_other_epochs_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        epoch(given)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2016-03-14T07:10:34", datetime(2016, 3, 14, 7, 10, 34, tzinfo=UTC)),
        ("2026-09-24 23:51:35.527", datetime(2026, 9, 24, 23, 51, 35, 527000, tzinfo=UTC)),
        ("2016-03-14T08:10:34+01:00", datetime(2016, 3, 14, 7, 10, 34, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_a_time_that_its_sender_means_as_utc_is_read_so(given: Any, read: datetime | None) -> None:
    assert utc_without_zone(given) == read


@pytest.mark.parametrize("given", ["soon", 5, "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00"])
def test_other_times_are_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"not a time|the year lies outside"):
        utc_without_zone(given)


def test_labels_are_texts_that_can_be_stored() -> None:
    assert labels(None) == {}
    assert labels({"a": "b"}) == {"a": "b"}
    for given in ([], {"a": 1}, {"a": "\x00"}, {"\x00": "a"}, {"a": None}):
        with pytest.raises(ValueError, match=r"not an object whose values|null byte"):
            labels(given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://status.example.com/546?a=b#c", True),
        ("http://localhost:9090", True),
        ("javascript:alert(1)", False),
        ("https://a b", False),
        ("https://" + "a" * 2001, False),
        ("ftp://a", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_kept(given: str, kept: bool) -> None:
    assert web_address(given) == (given if kept else "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is not JSON, or was cut off"),
        (b"[]", "The message holds a list, not an object. It is none of these."),
        (b'"x"', "The message holds text, not an object. It is none of these."),
        (b"[" * 100_000, "The file nests brackets without end"),
        (b" " * (LARGEST_PUSH + 1), f"The message has {LARGEST_PUSH + 1} bytes, more than {LARGEST_PUSH}"),
    ],
    ids=["empty", "list", "text", "deep", "huge"],
)
def test_what_is_no_message_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_push(content, what="these")
    assert str(refused.value).startswith(message)
