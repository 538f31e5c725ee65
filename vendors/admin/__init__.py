"""Admin pages of the register."""

from vendors.admin.approvals.lists import ApprovalAdmin
from vendors.admin.approvals.showing import do_or_ask, second_person, tell_asked
from vendors.admin.calendars import BusinessCalendarAdmin
from vendors.admin.contracts import ContractAdmin, ServiceAdmin, ServiceInline
from vendors.admin.fees import ChargeAdmin, ChargeInline
from vendors.admin.fields import ClockField, MoneyForm
from vendors.admin.parties import AccountAdmin, LegalEntityAdmin, TagAdmin, VendorAdmin
from vendors.admin.people import AccountChange, GroupAdmin, UserAdmin
from vendors.admin.records import RecordAdmin, RecordForm, RecordFormSet, RecordInline, signed_in
from vendors.admin.tokens import TokenAdmin
from vendors.admin.uploads import send_upload

__all__ = [
    "AccountAdmin",
    "AccountChange",
    "ApprovalAdmin",
    "BusinessCalendarAdmin",
    "ChargeAdmin",
    "ChargeInline",
    "ClockField",
    "ContractAdmin",
    "GroupAdmin",
    "LegalEntityAdmin",
    "MoneyForm",
    "RecordAdmin",
    "RecordForm",
    "RecordFormSet",
    "RecordInline",
    "ServiceAdmin",
    "ServiceInline",
    "TagAdmin",
    "TokenAdmin",
    "UserAdmin",
    "VendorAdmin",
    "do_or_ask",
    "second_person",
    "send_upload",
    "signed_in",
    "tell_asked",
]
