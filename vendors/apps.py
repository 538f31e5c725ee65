from django.apps import AppConfig
from django.db.models.signals import post_migrate

from vendors import guards


class VendorsConfig(AppConfig):
    """Register the vendors, their contracts, services and fees."""

    name = "vendors"
    verbose_name = "Vendors and contracts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Freeze what this app only ever adds to, and lay all guards after each migrate."""
        guards.freeze(
            "vendors.FactChange", why="a noted change is only ever marked as seen", allowed=("seen_at",)
        )
        post_migrate.connect(guards.lay_guards_after_migrate, sender=self)
