"""Users, who are told by mail what somebody else changed of their login: registered again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from sla.services.people import tell_new_address, tell_new_password
from vendors.admin import AccountChange, UserAdmin, signed_in
from vendors.callers import origin_of

admin.site.unregister(User)


@admin.register(User)
class ToldUserAdmin(UserAdmin):
    """The users."""

    def tell_user(self, request: HttpRequest, user: User, *, change: AccountChange, address: str) -> None:
        """Write a mail to the user, and say to who changed it whether it goes."""
        by, now = signed_in(request), timezone.now()
        if change is AccountChange.ADDRESS:
            told = tell_new_address(user, old=address, by=by, now=now)
        else:
            url = f"{origin_of(request)}{reverse('admin:password_change')}"
            told = tell_new_password(user, by=by, url=url, now=now)
        if told is None:
            messages.warning(
                request, f"{user} has no e-mail address that a mail reaches. Say yourself what you changed."
            )
        else:
            messages.info(request, f"{user} is told by a mail to {told.address}.")
