"""PostgreSQL: an index for each rank of a search, and long texts kept out of the rows.

An index of weighted words does not hold their weights: telling where a common word stands read
every text that has it. Rows without their texts are few pages: the keys that an index gives are
read from there. Rows written before move at their next change, or by VACUUM FULL.
"""

from django.db import migrations

FORWARD = (
    """CREATE INDEX laureates_search_title ON laureates_indexentry
        USING gin (to_tsvector('simple', title_tokens))""",
    """CREATE INDEX laureates_search_names ON laureates_indexentry
        USING gin (to_tsvector('simple', title_tokens || ' ' || name_tokens))""",
    "ALTER TABLE laureates_indexentry SET (toast_tuple_target = 128)",
)
BACKWARD = (
    "ALTER TABLE laureates_indexentry RESET (toast_tuple_target)",
    "DROP INDEX laureates_search_names",
    "DROP INDEX laureates_search_title",
)


def run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = (("laureates", "0009_staff_lists_indexes"),)
    operations = (migrations.RunPython(run(FORWARD), run(BACKWARD)),)
