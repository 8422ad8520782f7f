from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="duty",
            name="waiting",
            field=models.BooleanField(default=False, verbose_name="等上级"),
        ),
    ]
