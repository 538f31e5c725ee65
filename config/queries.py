"""How long the database may work on one query of a person who waits; workers and commands may take longer."""

from django.conf import settings
from django.db import connections


def limit_queries() -> None:
    """Let PostgreSQL break off after WEB_QUERY_SECONDS what this process asks from now on."""
    for stated in connections.settings.values():
        if stated["ENGINE"] == "django.db.backends.postgresql":
            limit = f"-c statement_timeout={settings.WEB_QUERY_SECONDS * 1000}"
            stated["OPTIONS"]["options"] = f"{stated['OPTIONS'].get('options', '')} {limit}".strip()
