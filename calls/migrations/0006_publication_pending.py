from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0005_publication")]

    operations = [
        migrations.AddField(
            model_name="publication",
            name="pending",
            field=models.JSONField(
                blank=True, default=dict, editable=False, verbose_name="lauréats à venir"
            ),
        ),
    ]
