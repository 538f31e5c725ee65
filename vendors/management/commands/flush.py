"""Django's flush, which the guards would refuse to let empty the frozen tables."""

from typing import Any

from django.core.management.commands import flush
from django.db import transaction

from vendors import guards


class Command(flush.Command):
    """Empty the database with the guards lifted; they stand again afterwards."""

    def handle(self, **options: Any) -> None:
        """Lift the guards, flush, and lay them again whatever happened."""
        using = options["database"]
        with transaction.atomic(using=using):
            guards.drop_guards(using=using)
        try:
            super().handle(**options)
        finally:
            # Without post_migrate nothing has laid them yet.
            if not guards.installed(using=using):
                guards.lay_guards(using=using)
