from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Register what happened and who answers for it."""

    name = "incidents"
    verbose_name = "Incidents"
    default_auto_field = "django.db.models.BigAutoField"
