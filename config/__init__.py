"""Puts the parts together: settings, addresses, the task application."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
