"""Make a token with which a program uses the API."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from vendors.models import SCOPES
from vendors.services import make_token, system_user
from vendors.services.access import MOST_DAYS, USUAL_DAYS


class Command(BaseCommand):
    """Print a new token, which nobody can read again."""

    help = "Makes a token of a user for the API and prints it, once. Give it to the program as a secret."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("user", metavar="USER", help="whose rights it has; best a user of its own")
        parser.add_argument(
            "--name", required=True, help="what will use it, such as 'nightly import of bills'"
        )
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=SCOPES,
            help="what it may do of what the user may; may be given several times",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=USUAL_DAYS,
            help=f"after how many days it expires ({USUAL_DAYS}; {MOST_DAYS} at most)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        try:
            token, secret = make_token(
                user,
                name=options["name"],
                scopes=options["scope"],
                days=options["days"],
                by=system_user(),
                at=timezone.now(),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(f"Expires {token.expiry:%Y-%m-%d %H:%M} UTC. It is not shown again.")
        self.stdout.write(secret)
