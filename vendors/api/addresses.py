"""Addresses of the register, and what the addresses of every app share."""

from typing import Any

from vendors.api.parties import Accounts, Contacts, Entities, Tags, Vendors

ROUTES: list[tuple[str, Any]] = [
    ("entities", Entities),
    ("tags", Tags),
    ("vendors", Vendors),
    ("accounts", Accounts),
    ("contacts", Contacts),
]
