import django.db.models.deletion
from django.db import migrations, models

# A line is read by thousands in a row, and JSON by twenty: the first stays whole in the table, the
# second beside it, and neither is unpacked at each reading.
POSTGRESQL = (
    "ALTER TABLE laureates_record SET (toast_tuple_target = 4080)",
    "ALTER TABLE laureates_record ALTER COLUMN csv SET STORAGE MAIN",
    "ALTER TABLE laureates_record ALTER COLUMN json SET STORAGE EXTERNAL",
)


def store(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("laureates", "0006_catalogue")]

    operations = [
        migrations.CreateModel(
            name="Record",
            fields=[
                (
                    "laureate",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="record",
                        serialize=False,
                        to="laureates.laureate",
                    ),
                ),
                ("announcement", models.BigIntegerField()),
                ("changed", models.BigIntegerField(null=True)),
                ("moment", models.CharField(max_length=40)),
                ("csv", models.TextField()),
                ("json", models.TextField()),
            ],
            options={
                "verbose_name": "fiche de données ouvertes",
                "verbose_name_plural": "fiches de données ouvertes",
            },
        ),
        migrations.RunPython(store, migrations.RunPython.noop),
    ]
