"""Full-text search: an FTS5 table on SQLite, a generated tsvector column on PostgreSQL.

On SQLite the triggers that keep the table are installed after each migration (ftap.triggers).
The sort key is compared by code point on both engines.
"""

from django.db import migrations

STATEMENTS = {
    "sqlite": (
        """CREATE VIRTUAL TABLE laureates_search USING fts5(
            title_tokens, name_tokens, body_tokens,
            content='laureates_indexentry', content_rowid='laureate_id',
            tokenize='ascii', prefix='3 4'
        )""",
    ),
    "postgresql": (
        """ALTER TABLE laureates_indexentry ADD COLUMN vector tsvector GENERATED ALWAYS AS (
            setweight(to_tsvector('simple', title_tokens), 'A')
            || setweight(to_tsvector('simple', name_tokens), 'B')
            || setweight(to_tsvector('simple', body_tokens), 'C')
        ) STORED""",
        "CREATE INDEX laureates_search ON laureates_indexentry USING gin (vector)",
        'ALTER TABLE laureates_indexentry ALTER COLUMN sort_title TYPE varchar(600) COLLATE "C"',
    ),
}
REVERSE = {
    "sqlite": ("DROP TABLE laureates_search",),
    "postgresql": (
        "ALTER TABLE laureates_indexentry ALTER COLUMN sort_title TYPE varchar(600)",
        "DROP INDEX laureates_search",
        "ALTER TABLE laureates_indexentry DROP COLUMN vector",
    ),
}


def run(statements):
    def operation(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return operation


class Migration(migrations.Migration):
    dependencies = [("laureates", "0001_initial")]
    operations = [migrations.RunPython(run(STATEMENTS), run(REVERSE))]
