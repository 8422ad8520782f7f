from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    """What is on record so far: formal members voted, a year's meeting was for its own year."""
    apps.get_model("meetings", "Attendance").objects.update(may_vote=F("was_formal"))
    for meeting in (
        apps.get_model("meetings", "Meeting")
        .objects.filter(types__type__in=["life_meeting", "appraisal"])
        .distinct()
        .iterator()
    ):
        meeting.for_year = meeting.held_on.year
        meeting.save(update_fields=["for_year"])


class Migration(migrations.Migration):
    dependencies = [("meetings", "0002_plans_votes_study_appraisal_talks")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
