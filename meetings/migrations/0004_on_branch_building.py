from django.db import migrations, models


def read_topics(apps, schema_editor):
    """Meetings on record whose topic says so in these words."""
    apps.get_model("meetings", "Meeting").objects.filter(
        topic__regex="专题研究(本|党)?支部建设"
    ).update(on_branch_building=True)


class Migration(migrations.Migration):
    dependencies = [("meetings", "0003_fill_votes_and_years")]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="on_branch_building",
            field=models.BooleanField(default=False, verbose_name="专题研究支部建设"),
        ),
        migrations.RunPython(read_topics, migrations.RunPython.noop, elidable=True),
    ]
