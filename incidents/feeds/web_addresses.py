"""Which network addresses may be asked: those of the public internet, unless a setting lets more in.

Python's own `is_global` is not relied on: it takes NAT64, 6to4 and multicast addresses for public ones.
Source: the IANA registries of special-purpose addresses (RFC 6890) for IPv4 and IPv6.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# No setting lets these in: they hand out the credentials of the machine that asks.
METADATA = frozenset(
    {
        # AWS, Google, Azure, Oracle, DigitalOcean and most others
        "169.254.169.254",
        # credentials of AWS containers
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::23",
        "fd00:ec2::254",
        # Alibaba, Oracle Classic, Azure's wire server
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    }
)
# Nor these: link-local, multicast and broadcast addresses, and tunnels, which carry any IPv4 address.
NEVER = tuple(
    map(
        ip_network,
        ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "2001::/32", "2002::/16", "fe80::/10"),
    )
)
INSIDE = {
    ip_network(each): what
    for each, what in {
        "10.0.0.0/8": "a private address",
        "100.64.0.0/10": "an address that providers share",
        "127.0.0.0/8": "this machine itself",
        "172.16.0.0/12": "a private address",
        "192.0.0.0/24": "a reserved address",
        "192.0.2.0/24": "an address for examples",
        "192.88.99.0/24": "a reserved address",
        "192.168.0.0/16": "a private address",
        "198.18.0.0/15": "an address for tests of networks",
        "198.51.100.0/24": "an address for examples",
        "203.0.113.0/24": "an address for examples",
        "::1/128": "this machine itself",
        "fc00::/7": "a private address",
        "2001::/23": "a reserved address",
        "2001:db8::/32": "an address for examples",
        "3fff::/20": "an address for examples",
    }.items()
}
NOWHERE = "an address that no server on the internet has"
PUBLIC_6 = IPv6Network("2000::/3")
# Where a network has no IPv4 of its own, its resolver writes public IPv4 addresses in this way (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")


def why_not(text: str, *, inside: bool = False) -> str:
    """Return why a network address is not asked, in words; empty where it may be.

    `inside` lets private addresses and this machine in, never link-local ones, where clouds keep the keys of
    a machine, and never multicast.
    """
    try:
        address = _plain(ip_address(text))
    except ValueError:
        return "no network address"
    if str(address) in METADATA:
        return "where a cloud keeps the keys of its machines"
    if any(address in network for network in NEVER):
        return NOWHERE
    found = next((what for network, what in INSIDE.items() if address in network), "")
    if not found and address.version == 6 and address not in PUBLIC_6:
        return NOWHERE
    return "" if inside else found


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one only dresses up, for that is where it leads."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
