"""The roles again, as they are since tokens of systems and notices of requests came."""

from typing import Any

from django.db import migrations

from config.roles import grant_roles


def make(apps: Any, schema_editor: Any) -> None:
    """Let each group of config.roles hold what its role holds now."""
    grant_roles(apps, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    """Give the groups what came since."""

    dependencies = [
        ("config", "0001_roles"),
        ("vendors", "0009_words_of_the_menu"),
        ("incidents", "0006_words_of_the_menu"),
        ("sla", "0007_words_of_the_menu"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop, elidable=True)]
