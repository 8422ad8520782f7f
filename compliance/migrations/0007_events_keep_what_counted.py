from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0006_standards")]
    operations = [
        migrations.AddField(
            model_name="dutyevent",
            name="counted",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
