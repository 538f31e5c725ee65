"""Make the first admin login of a trial installation, and say what it is."""

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

USERNAME = "demo"
BAD_PLACE = 2


class Command(BaseCommand):
    """Print how to log in; make the login `demo` when nobody could log in yet."""

    help = "Makes the first admin login when there is none, and prints it. Only where RECOURSE_DEBUG is on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what may be given."""
        parser.add_argument("--port", type=int, default=8000, help="Where the web server will listen.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.DEBUG:
            raise CommandError(
                "first_login is refused because RECOURSE_DEBUG is off: it prints a password. "
                "Use `manage.py createsuperuser`."
            )
        kept = settings.DATA_DIR / "first-login"
        try:
            if not User.objects.filter(is_superuser=True, is_active=True).exists():
                make_login(kept)
            self.stdout.write(login_advice(kept, port=options["port"]))
        except OSError as error:
            raise CommandError(
                f"The password cannot be kept in {kept}: {error.strerror}. "
                "Free that path, or name another place by RECOURSE_DATA.",
                returncode=BAD_PLACE,
            ) from error


@transaction.atomic
def make_login(kept: Path) -> None:
    """Make the superuser `demo` with a new password, kept readable by this user only."""
    password = secrets.token_urlsafe(12)
    user = User.objects.filter(username=USERNAME).first() or User(username=USERNAME)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    kept.unlink(missing_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)


def login_advice(kept: Path, *, port: int) -> str:
    """Return how to log in; the password only while it is still the one that was made here."""
    place = f"The admin is at http://127.0.0.1:{port}/admin/ once `make run` runs."
    user = User.objects.filter(username=USERNAME, is_active=True).first()
    password = kept.read_text(errors="replace") if kept.exists() else ""
    if user and password and user.check_password(password):
        return f"{place} Log in as {USERNAME} with the password {password}"
    return f"{place} Log in with your own user name."
