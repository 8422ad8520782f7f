from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0007_versions_of_papers_and_ended_units"),
    ]

    operations = [
        migrations.AddField(
            model_name="unit",
            name="registered_on",
            field=models.DateField(blank=True, null=True, verbose_name="成立登记日期"),
        ),
    ]
