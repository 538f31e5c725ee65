"""The roles, as groups."""

from typing import Any

from django.db import migrations

from config.roles import BY_NAME, grant_roles


def make(apps: Any, schema_editor: Any) -> None:
    """Make the groups of config.roles."""
    grant_roles(apps, using=schema_editor.connection.alias)


def unmake(apps: Any, schema_editor: Any) -> None:
    """Take them away again."""
    rows = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    rows.filter(name__in=BY_NAME).delete()


class Migration(migrations.Migration):
    """Make one group for each role."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "0010_accessattemptexpiration"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("vendors", "0008_approvals"),
        ("incidents", "0004_upload_parts"),
        ("sla", "0005_webhooks"),
    ]

    operations = [migrations.RunPython(make, unmake)]
