from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Bring the commands and templates of the project as a whole."""

    name = "config"
    verbose_name = "Recourse"
