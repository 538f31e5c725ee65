import logging

from django.apps import AppConfig
from django.conf import settings

from config.celery import nudge
from config.nudging import Nudger
from vendors import nudges


class ConfigConfig(AppConfig):
    """Bring the commands and templates of the project as a whole."""

    name = "config"
    verbose_name = "Recourse"

    def ready(self) -> None:
        """Let Python's warnings be lines of the log, and each change wake a worker, where there are any."""
        logging.captureWarnings(True)
        if settings.CELERY_BROKER_URL:
            nudges.listen(Nudger(nudge).nudge)
