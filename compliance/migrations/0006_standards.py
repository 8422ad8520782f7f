"""Where each line of a set comes from, and the sets that are published."""

from django.db import migrations, models

from compliance.published import sets


def fill(apps, schema_editor):
    Standard = apps.get_model("compliance", "Standard")
    for facts in sets():
        Standard.objects.get_or_create(code=facts["code"], defaults=facts)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_runs_reminders_standards_frozen")]
    operations = [
        migrations.AddField(
            model_name="standard",
            name="sources",
            field=models.JSONField(blank=True, default=dict, verbose_name="各项出处"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
