"""One address of the internet asked safely: what an attacker puts in its way leads nowhere inside.

`addresses` which network addresses are asked at all · `asking` one question with its redirects, size and time
limits · `internet` the connection itself, to the address that was checked and to no other.
"""
