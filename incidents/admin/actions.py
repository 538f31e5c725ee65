"""Actions on several rows at once: one reason, each row through its service, refusals listed."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from vendors.models import Tracked, Vendor
from vendors.services import Saved

SHOWN = 5


class ReasonActionForm(ActionForm):
    """Ask why, beside the choice of the action."""

    reason = forms.CharField(
        label="",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Why: one sentence for the history"}),
    )


class VendorActionForm(ReasonActionForm):
    """Ask why, and for the vendor; the page fills in those that the reader may see."""

    # Not a choice field: which vendors may be chosen depends on the reader, whom a form does not know.
    vendor = forms.CharField(
        label="",
        required=False,
        widget=UnfoldAdminSelectWidget(
            attrs={"x-show": "action === 'attribute_to_vendor'", "style": "min-width: 12rem"}
        ),
    )

    def offer(self, vendors: Iterable[Vendor]) -> None:
        """Fill in the vendors to choose from."""
        self.fields["vendor"].widget.choices = [("", "Vendor…"), *((row.pk, row.name) for row in vendors)]


def reason_given(request: HttpRequest) -> str:
    """Return the reason typed beside the action; empty where none was."""
    return request.POST.get("reason", "").strip()


def done_to_each(
    admin: "ModelAdmin[Any]",
    request: HttpRequest,
    rows: Iterable[Tracked],
    *,
    act: Callable[[Any], Saved],
    done: str,
) -> None:
    """Do one thing to each row; say how many were done, and why others were refused."""
    count, refusals = 0, []
    for row in rows:
        try:
            with transaction.atomic():
                count += act(row) is not Saved.UNCHANGED
        except ValidationError as error:
            refusals += error.messages
    if count:
        admin.message_user(request, f"{count} {done}.", messages.SUCCESS)
    for text in list(dict.fromkeys(refusals))[:SHOWN]:
        admin.message_user(request, text, messages.ERROR)
    if len(refusals) > SHOWN:
        admin.message_user(request, f"{len(refusals) - SHOWN} more were refused.", messages.ERROR)
    if not count and not refusals:
        admin.message_user(request, "Nothing had to be changed.", messages.INFO)
