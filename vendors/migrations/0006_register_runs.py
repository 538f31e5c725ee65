from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models import F


def tell_states(apps, schema_editor):
    uploads = apps.get_model("vendors", "RegisterUpload").objects
    uploads.update(asked_at=F("uploaded_at"), state="shown")
    uploads.filter(imported_at__isnull=False).update(state="done")


class Migration(migrations.Migration):

    dependencies = [
        ("vendors", "0005_readers_of_companies"),
    ]

    operations = [
        migrations.AddField(
            model_name="registerupload",
            name="state",
            field=models.CharField(
                choices=[
                    ("looking", "Being read"),
                    ("shown", "Read, not imported"),
                    ("due", "Waits for its import"),
                    ("running", "Being imported"),
                    ("done", "Imported"),
                    ("failed", "Failed"),
                ],
                default="looking",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="registerupload",
            name="began_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="registerupload",
            name="asked_at",
            field=models.DateTimeField(default=datetime(2026, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        # Last: PostgreSQL alters no table whose rows were changed in the same transaction.
        migrations.RunPython(tell_states, migrations.RunPython.noop, elidable=True),
    ]
