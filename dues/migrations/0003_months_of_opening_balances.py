import datetime

from django.db import migrations, models
from django.db.models import Min


def fill_until_month(apps, schema_editor):
    """Existing rows reach to the month before the first charge; a reversal as far as its row."""
    charges = apps.get_model("dues", "Charge").objects
    openings = apps.get_model("dues", "OpeningBalance").objects
    first = charges.aggregate(first=Min("month"))["first"]
    for opening in openings.all():
        start = (first or opening.entered_at.date()).replace(day=1)
        before = (start - datetime.timedelta(days=1)).replace(day=1)
        opening.until_month = max(opening.since_month, before)
        opening.save(update_fields=["until_month"])


class Migration(migrations.Migration):
    dependencies = [("dues", "0002_ledger")]

    operations = [
        migrations.AddField(
            model_name="openingbalance",
            name="until_month",
            field=models.DateField(null=True, verbose_name="欠缴截止月份"),
        ),
        migrations.RunPython(fill_until_month, migrations.RunPython.noop, elidable=True),
    ]
