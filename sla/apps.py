from django.apps import AppConfig


class SlaConfig(AppConfig):
    """Register what was promised, achieved, owed and claimed."""

    name = "sla"
    verbose_name = "Service levels and credits"
    default_auto_field = "django.db.models.BigAutoField"
