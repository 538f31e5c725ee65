"""Print what to register at the provider of logins."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse


class Command(BaseCommand):
    """Print the address to which the provider of logins sends people back."""

    help = "Prints the redirect address to register at the provider that RECOURSE_OIDC_ISSUER names."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if settings.OIDC is None:
            raise CommandError("No provider of logins is named. Set RECOURSE_OIDC_ISSUER.")
        if not settings.PUBLIC_ORIGIN:
            raise CommandError("Where browsers reach this server is not known. Set RECOURSE_ORIGINS.")
        back = reverse("openid_connect_callback", args=[settings.OIDC.code])
        self.stdout.write(f"{settings.PUBLIC_ORIGIN}{back}")
