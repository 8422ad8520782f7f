from django.db import migrations


def compare_bytes(apps, schema_editor):
    """Ranges of paths need byte order, whatever locale a PostgreSQL server was made with."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in ("branches_organisation", "branches_placement"):
        schema_editor.execute(
            f'ALTER TABLE {table} ALTER COLUMN path TYPE varchar(120) COLLATE "C"'
        )


class Migration(migrations.Migration):
    dependencies = [("branches", "0001_initial")]
    operations = [migrations.RunPython(compare_bytes, migrations.RunPython.noop)]
