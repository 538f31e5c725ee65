"""Which network addresses are asked: those of the public internet, and by setting those inside."""

import re

import pytest

from incidents.feeds.web_addresses import why_not
from incidents.feeds.web_targets import AddressError, web_target

PUBLIC = [
    "1.1.1.1",
    "13.35.10.5",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "223.255.255.254",
    "2606:4700::6812:1",
    "2a00:1450:4001:81b::200e",
    # A public IPv4 address as a network without IPv4 writes it.
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
]
INSIDE = [
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.0.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "2001:db8::1",
    "2001:20::1",
    "3fff::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:c0a8:1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::7f00:1",
    "::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2001:0:a9fe:a9fe::1",
    "2002:a9fe:a9fe::1",
    "2002:7f00:1::",
    "100::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "4000::1",
    "no address",
    "",
    "2130706433",
    "0x7f000001",
    "127.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_asked(address: str) -> None:
    assert why_not(address) == why_not(address, inside=True) == ""


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_asked_only_where_a_setting_says_so(address: str) -> None:
    assert why_not(address) != ""
    assert why_not(address, inside=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_no_setting_lets_an_address_in_that_keeps_keys_or_is_nobodys(address: str) -> None:
    assert why_not(address) != ""
    assert why_not(address, inside=True) != ""


def test_the_reason_is_said_in_words() -> None:
    assert why_not("169.254.169.254") == "where a cloud keeps the keys of its machines"
    assert why_not("127.0.0.1") == why_not("::ffff:127.0.0.1") == "this machine itself"
    assert why_not("10.1.2.3") == "a private address"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https:///x", "'https:///x' is not asked: it names no host."),
        (
            "https://anna@a.example/",
            "'https://anna@a.example/' is not asked: a login stands before its",
        ),
        ("https://a%2eb.example/", "'https://a%2eb.example/' is not asked: its host holds a percent sign."),
    ],
)
def test_each_fault_of_an_address_is_told_by_itself(url: str, why: str) -> None:
    with pytest.raises(AddressError, match=re.escape(why)):
        web_target(url)
