"""The calendar of 2026, by the State Council's notice of 4 November 2025."""

import datetime

from django.db import migrations

_OFF = (
    ("元旦", (1, 1), (1, 3)),
    ("春节", (2, 15), (2, 23)),
    ("清明节", (4, 4), (4, 6)),
    ("劳动节", (5, 1), (5, 5)),
    ("端午节", (6, 19), (6, 21)),
    ("中秋节", (9, 25), (9, 27)),
    ("国庆节", (10, 1), (10, 7)),
)
_WORK = ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))


def fill(apps, schema_editor):
    Workday = apps.get_model("branches", "Workday")
    days = [
        Workday(day=datetime.date(2026, *monthday), is_workday=True, note="调休上班")
        for monthday in _WORK
    ]
    for note, first, last in _OFF:
        day, end = datetime.date(2026, *first), datetime.date(2026, *last)
        while day <= end:
            days.append(Workday(day=day, is_workday=False, note=note))
            day += datetime.timedelta(days=1)
    Workday.objects.bulk_create(days, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("branches", "0004_forms_units_premises")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
