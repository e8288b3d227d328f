"""Triggers of the database: what an application declares, installed after each migration.

SQLite rebuilds a table on AlterField: it drops the triggers of that table without a word, and
fails on those of other tables that read it. They are removed before migrations are applied there,
installed again on `post_migrate`, and a system check names those that are missing.
"""

from dataclasses import dataclass

from django.core import checks
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


@dataclass(frozen=True)
class Trigger:
    """One trigger of `table`, as statements that may be run again for each engine.

    An engine that needs no such trigger has no statement.
    """

    name: str
    table: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]


_registry: dict[str, tuple[Trigger, ...]] = {}


def register(app_label: str, *triggers: Trigger) -> None:
    """Declare the triggers of an application; called from its AppConfig.ready()."""
    _registry[app_label] = triggers
    pre_migrate.connect(_on_pre_migrate, dispatch_uid="ftap.triggers")
    post_migrate.connect(_on_post_migrate, dispatch_uid="ftap.triggers")


def install(app_label: str, using: str = "default") -> None:
    """Create or replace the triggers of one application whose table exists."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for trigger in _registry.get(app_label, ()):
            if trigger.table in tables:
                for statement in getattr(trigger, connection.vendor):
                    cursor.execute(statement)


def remove(app_label: str, using: str = "default") -> None:
    """Drop the triggers of one application from an SQLite database."""
    with connections[using].cursor() as cursor:
        for trigger in _registry.get(app_label, ()):
            cursor.execute(f'DROP TRIGGER IF EXISTS "{trigger.name}"')


def installed_names(using: str = "default") -> set[str]:
    """Names of the triggers that the database holds."""
    connection = connections[using]
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def _on_pre_migrate(app_config, using, plan, **kwargs):
    if plan and connections[using].vendor == "sqlite":
        remove(app_config.label, using)


def _on_post_migrate(app_config, using, **kwargs):
    install(app_config.label, using)


@checks.register(checks.Tags.database)
def check_triggers(app_configs, databases, **kwargs):
    """E001 for each declared trigger that is missing from a table that exists."""
    errors = []
    for using in databases or ():
        tables = set(connections[using].introspection.table_names())
        present = installed_names(using)
        errors += [
            checks.Error(
                f"Le déclencheur « {trigger.name} » manque sur la table « {trigger.table} ».",
                # A migration that fails leaves none, and this check would stop the next one.
                hint=(
                    "Lancez «\u00a0manage.py migrate --skip-checks\u00a0»\u00a0: il réinstalle les "
                    "déclencheurs."
                ),
                id="ftap.E001",
            )
            for triggers in _registry.values()
            for trigger in triggers
            if trigger.table in tables
            and getattr(trigger, connections[using].vendor)
            and trigger.name not in present
        ]
    return errors
