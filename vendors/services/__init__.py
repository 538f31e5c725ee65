"""What is done with the register. Every write goes through one of these."""

from vendors.services.records import (
    Links,
    Saved,
    accountable,
    checked_reason,
    note_change,
    remove_record,
    save_record,
    system_user,
)

__all__ = [
    "Links",
    "Saved",
    "accountable",
    "checked_reason",
    "note_change",
    "remove_record",
    "save_record",
    "system_user",
]
