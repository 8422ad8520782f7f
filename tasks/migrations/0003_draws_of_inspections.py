from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0002_campaigns_weak_branches_and_more"),
    ]

    operations = [
        migrations.AddField(
            model_name="inspection",
            name="draws",
            field=models.JSONField(
                blank=True, default=list, editable=False, verbose_name="随机抽取"
            ),
        ),
    ]
