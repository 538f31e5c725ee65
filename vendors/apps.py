from django.apps import AppConfig


class VendorsConfig(AppConfig):
    """Register the vendors, their contracts, services and fees."""

    name = "vendors"
    verbose_name = "Vendors and contracts"
    default_auto_field = "django.db.models.BigAutoField"
