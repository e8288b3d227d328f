import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("laureates", "0007_record")]

    operations = [
        migrations.CreateModel(
            name="Detail",
            fields=[
                (
                    "laureate",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="detail",
                        serialize=False,
                        to="laureates.laureate",
                    ),
                ),
                ("content", models.TextField()),
            ],
            options={
                "verbose_name": "page de lauréat",
                "verbose_name_plural": "pages de lauréats",
            },
        ),
    ]
