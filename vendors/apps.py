from django.apps import AppConfig
from django.db.models.signals import post_migrate

from vendors import guards


class VendorsConfig(AppConfig):
    """Register the vendors, their contracts, services and fees."""

    name = "vendors"
    verbose_name = "Vendors and contracts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Freeze what is only ever added to, lay guards after each migrate, name acts for two persons."""
        guards.freeze(
            "vendors.FactChange", why="a noted change is only ever marked as seen", allowed=("seen_at",)
        )
        guards.freeze(
            "vendors.Approval",
            why="a request for a second person is decided once",
            allowed=("decision", "decided_by", "decided_at", "note"),
            only_while=("decision", "open"),
        )
        # Services need models, which are there only now.
        from vendors.services.approvals.registry import declare

        declare("vendors.services.approvals.own.TABLE")
        post_migrate.connect(guards.lay_guards_after_migrate, sender=self)
