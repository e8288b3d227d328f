"""What no constraint can hold: the undisclosed stays unknown, fiction private, history whole.

The tables of the history are append-only: rows are added, never changed nor removed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from ftap.triggers import Trigger

MESSAGE = "Une candidature non détaillée ne peut être liée à un lauréat ni avoir de porteur."
FICTIONAL = "Un dossier fictif ne peut pas être lié à un lauréat."
APPEND_ONLY = "L’historique ne se modifie pas\u00a0: on y ajoute, on n’en retire rien."
_UNDISCLOSED = "SELECT 1 FROM calls_application WHERE id = NEW.application_id AND is_undisclosed"
_LINKED = "SELECT 1 FROM calls_selection WHERE application_id = NEW.id AND laureate_id IS NOT NULL"
_IS_FICTIONAL = (
    "SELECT 1 FROM calls_application a JOIN calls_callsession s ON s.id = a.session_id "
    "JOIN calls_call c ON c.id = s.call_id WHERE a.id = NEW.application_id AND c.is_fictional"
)
_HAS_LAUREATE = (
    "SELECT 1 FROM calls_selection d JOIN calls_application a ON a.id = d.application_id "
    "JOIN calls_callsession s ON s.id = a.session_id "
    "WHERE s.call_id = NEW.id AND d.laureate_id IS NOT NULL"
)
_BORNE = "SELECT 1 FROM calls_bearer WHERE application_id = NEW.id"


def _refuse(
    name: str, table: str, event: str, condition: str, lock: str = "", message: str = MESSAGE
) -> Trigger:
    """A trigger refusing a new row of `table` for which `condition` (an SQL test on NEW) holds.

    `lock` is a statement for PostgreSQL, run first: it makes concurrent writers wait, where
    SQLite has one writer at a time.
    """
    return Trigger(
        name=name,
        table=table,
        sqlite=(
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END",
        ),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{lock} IF {condition} THEN "
            f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; "
            f"END IF; RETURN NEW; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        ),
    )


def append_only(table: str) -> tuple[Trigger, Trigger]:
    """Triggers refusing to change or remove a row of `table`, or to empty it."""
    return _forbid(table, "UPDATE"), _forbid(table, "DELETE", " OR TRUNCATE")


def forward_only(table: str, column: str) -> tuple[Trigger, Trigger]:
    """Triggers refusing to remove a row of `table`, or to change it unless `column` grows."""
    return (
        _forbid(table, "UPDATE", condition=f"NEW.{column} <= OLD.{column}"),
        _forbid(table, "DELETE", " OR TRUNCATE"),
    )


def _forbid(table, event, more="", condition=""):
    """`more` names events of PostgreSQL alone; `condition` is an SQL test on OLD and NEW."""
    name = f"{table}_append_only_{event.lower()}"
    when = f"WHEN ({condition})" if condition else ""
    each = "ROW" if condition else "STATEMENT"
    return Trigger(
        name=name,
        table=table,
        sqlite=(
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END",
        ),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{APPEND_ONLY}' USING ERRCODE = 'check_violation'; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE {event}{more} ON {table} "
            f"FOR EACH {each} {when} EXECUTE FUNCTION {name}()",
        ),
    )


@contextmanager
def lifted(*tables: str, using: str = "default") -> Iterator[None]:
    """Without the append-only triggers of `tables` inside, in one transaction.

    For the erasure of personal texts, and for nothing else of the application. PostgreSQL locks
    the tables; an error inside brings rows and triggers back.
    """
    connection = connections[using]
    concerned = [
        trigger
        for trigger in TRIGGERS
        if trigger.table in tables and "_append_only_" in trigger.name
    ]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A trigger is not dropped while foreign keys of its table wait to be checked.
            connection.check_constraints()
        for trigger in concerned:
            table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{table}")
        yield
        if connection.vendor == "postgresql":
            connection.check_constraints()
        for trigger in concerned:
            for statement in getattr(trigger, connection.vendor):
                cursor.execute(statement)


_HOLD = "PERFORM 1 FROM calls_application WHERE id = NEW.application_id FOR SHARE;"

TRIGGERS = (
    *(
        _refuse(
            f"calls_selection_undisclosed_{event.lower()}",
            "calls_selection",
            event,
            f"NEW.laureate_id IS NOT NULL AND EXISTS ({_UNDISCLOSED})",
            _HOLD,
        )
        for event in ("INSERT", "UPDATE")
    ),
    *(
        _refuse(
            f"calls_bearer_undisclosed_{event.lower()}",
            "calls_bearer",
            event,
            f"EXISTS ({_UNDISCLOSED})",
            _HOLD,
        )
        for event in ("INSERT", "UPDATE")
    ),
    # On INSERT too: foreign keys are checked at the end of a transaction, so that what points at an
    # application may be written before it.
    *(
        _refuse(
            f"calls_application_undisclosed_{event.lower()}",
            "calls_application",
            event,
            f"NEW.is_undisclosed AND (EXISTS ({_LINKED}) OR EXISTS ({_BORNE}))",
        )
        for event in ("INSERT", "UPDATE")
    ),
    *(
        _refuse(
            f"calls_selection_fictional_{event.lower()}",
            "calls_selection",
            event,
            f"NEW.laureate_id IS NOT NULL AND EXISTS ({_IS_FICTIONAL})",
            message=FICTIONAL,
        )
        for event in ("INSERT", "UPDATE")
    ),
    _refuse(
        "calls_call_fictional_update",
        "calls_call",
        "UPDATE",
        f"NEW.is_fictional AND EXISTS ({_HAS_LAUREATE})",
        message=FICTIONAL,
    ),
    *append_only("calls_event"),
    *append_only("calls_eventtext"),
    *forward_only("calls_eventhead", "number"),
    *append_only("calls_minutes"),
    *append_only("calls_bulkactitem"),
)
