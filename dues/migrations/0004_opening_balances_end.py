from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    # PostgreSQL takes no change of a table in the transaction that filled it.
    dependencies = [("dues", "0003_months_of_opening_balances")]

    operations = [
        migrations.AlterField(
            model_name="openingbalance",
            name="until_month",
            field=models.DateField(verbose_name="欠缴截止月份"),
        ),
        migrations.AddConstraint(
            model_name="openingbalance",
            constraint=models.CheckConstraint(
                condition=Q(until_month__day=1), name="opening_balance_to_first_of_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="openingbalance",
            constraint=models.CheckConstraint(
                condition=Q(until_month__gte=F("since_month")),
                name="opening_balance_ends_after_it_begins",
            ),
        ),
    ]
