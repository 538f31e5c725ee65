"""Whether a message was signed with our secret."""

import pytest

from incidents.feeds.formats import FORMATS
from incidents.feeds.signatures import SIGNED, authorized_by, signed_by, signed_by_pagerduty

# RFC 4231, test case 2: HMAC-SHA256 of this text under the key "Jefe".
CONTENT, SECRET = b"what do ya want for nothing?", "Jefe"
RIGHT = "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
WRONG = "v1=" + "0" * 64


@pytest.mark.parametrize(
    ("header", "signed"),
    [
        (RIGHT, True),
        # While the secret is changed each one signs.
        (f"{WRONG},{RIGHT}", True),
        (f"{RIGHT}, {WRONG}", True),
        (WRONG, False),
        (RIGHT.removeprefix("v1="), False),
        (RIGHT.replace("v1=", "v2="), False),
        (RIGHT.upper(), False),
        (RIGHT[:-1], False),
        (RIGHT + "0", False),
        ("", False),
        ("v1=", False),
        ("v1=ÿ\ud800", False),
        (",".join([WRONG] * 10 + [RIGHT]), False),
    ],
)
def test_one_right_signature_is_enough_and_nothing_else(header: str, signed: bool) -> None:
    assert signed_by_pagerduty(CONTENT, {"X-PagerDuty-Signature": header}, SECRET) is signed


def test_the_name_of_the_header_has_no_case() -> None:
    assert signed_by_pagerduty(CONTENT, {"x-pagerduty-signature": RIGHT}, SECRET)
    assert not signed_by_pagerduty(CONTENT, {"Authorization": RIGHT}, SECRET)


def test_each_byte_of_the_body_counts_and_so_does_the_secret() -> None:
    headers = {"X-PagerDuty-Signature": RIGHT}
    for number in range(len(CONTENT)):
        flipped = CONTENT[:number] + bytes([CONTENT[number] ^ 1]) + CONTENT[number + 1 :]
        assert not signed_by_pagerduty(flipped, headers, SECRET)
    assert not signed_by_pagerduty(CONTENT, headers, "jefe")
    assert not signed_by_pagerduty(CONTENT, headers, "")


def test_an_empty_secret_signs_nothing() -> None:
    # HMAC-SHA256 of nothing under no key.
    nothing = "v1=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    assert not signed_by_pagerduty(b"", {"X-PagerDuty-Signature": nothing}, "")


def test_only_some_formats_sign() -> None:
    headers = {"X-PagerDuty-Signature": RIGHT}
    assert signed_by(CONTENT, headers, SECRET, code="pagerduty")
    assert not signed_by(CONTENT, headers, SECRET, code="pingdom")
    assert set(SIGNED) <= {code for code, known in FORMATS.items() if known.pushed}


@pytest.mark.parametrize(
    ("given", "secret", "right"),
    [
        ("Bearer abc", "Bearer abc", True),
        ("Bearer abd", "Bearer abc", False),
        ("Bearer abc\ud800", "Bearer abc", False),
        ("", "", False),
        ("", "Bearer abc", False),
    ],
)
def test_a_header_must_hold_the_secret_just_as_it_was_set(given: str, secret: str, right: bool) -> None:
    assert authorized_by({"authorization": given}, secret) is right
