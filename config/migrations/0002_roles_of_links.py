"""The roles again, with the links that vendors read statements by."""

from typing import Any

from django.db import migrations

from config.roles import grant_roles


def grant(apps: Any, schema_editor: Any) -> None:
    """Give each role what it may do with records that came meanwhile."""
    grant_roles(apps, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    """Bring the groups in line with the table."""

    dependencies = [("config", "0001_roles"), ("sla", "0004_statement_links")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
