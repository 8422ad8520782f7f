"""Pinyin initials of the members stored before."""

from django.db import migrations

from members.initials import initials


def fill(apps, schema_editor):
    Member = apps.get_model("members", "Member")
    batch = []
    for member in Member.objects.only("pk", "name").iterator(chunk_size=2000):
        member.initials = initials(member.name)
        batch.append(member)
        if len(batch) == 500:
            Member.objects.bulk_update(batch, ["initials"])
            batch = []
    Member.objects.bulk_update(batch, ["initials"])


class Migration(migrations.Migration):
    dependencies = [("members", "0002_posts_development_transfers")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
