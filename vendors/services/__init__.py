"""What is done with the register. Every write goes through one of these."""

from vendors.services.access import forget_answers, make_token, note_use, revoke_token
from vendors.services.calendars import Filled, fill_holidays
from vendors.services.demo import remove_demo
from vendors.services.fees import change_fee, record_billed, record_charge, split_cost
from vendors.services.parties import archive_vendor, restore_vendor
from vendors.services.records import (
    Links,
    Saved,
    accountable,
    checked_reason,
    note_change,
    note_changes,
    remove_record,
    save_record,
)
from vendors.services.system import system_user

__all__ = [
    "Filled",
    "Links",
    "Saved",
    "accountable",
    "archive_vendor",
    "change_fee",
    "checked_reason",
    "fill_holidays",
    "forget_answers",
    "make_token",
    "note_change",
    "note_changes",
    "note_use",
    "record_billed",
    "record_charge",
    "remove_demo",
    "remove_record",
    "restore_vendor",
    "revoke_token",
    "save_record",
    "split_cost",
    "system_user",
]
