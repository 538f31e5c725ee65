"""Addresses of the register, of what waits for a second person, and of tokens."""

from typing import Any

from vendors.api.approvals import Requests
from vendors.api.calendars import Calendars, Days, Hours
from vendors.api.contracts import Aliases, Contracts, Needs, Services
from vendors.api.fees import Fees
from vendors.api.parties import Accounts, Contacts, Entities, Tags, Vendors
from vendors.api.tokens import Tokens

ROUTES: list[tuple[str, Any]] = [
    ("entities", Entities),
    ("tags", Tags),
    ("vendors", Vendors),
    ("accounts", Accounts),
    ("contacts", Contacts),
    ("contracts", Contracts),
    ("services", Services),
    ("service-names", Aliases),
    ("service-needs", Needs),
    ("fees", Fees),
    ("calendars", Calendars),
    ("calendar-hours", Hours),
    ("calendar-days", Days),
    ("approvals", Requests),
    ("tokens", Tokens),
]
